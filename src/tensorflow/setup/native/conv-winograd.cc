// Winograd's convolution F(4 x 4, 3 x 3) (Lavin and Gray 2016): 16 pixels of a channel for 36 multiplications in place of
// 144.
//
// A tile of 6 x 6 pixels, the filter and the tile of 4 x 4 outputs are each brought to 36 "frequencies" by small matrices,
// B^T d B, G g G^T and A^T m A; for one frequency the convolution is a product of matrices, [tiles, inputs] by
// [inputs, outputs]. The filter's gradient takes the transposes of the same matrices. The polynomials are taken at 0, +-5/8,
// +-3/2 and infinity: with the usual 0, +-1, +-2 rounding errors are several times as large.
#include "conv-winograd.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "parallel.h"
#include "processor.h"

namespace care {
namespace {

constexpr float kA = 0.625f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB;
constexpr float kZeroScale = 1 / (kA2 * kB2), kAScale = 1 / (2 * kA2 * (kA2 - kB2)),
                kBScale = 1 / (2 * kB2 * (kB2 - kA2));

constexpr long kFrequencies = 36;
constexpr long kOut = 4, kIn = 6;  // sides of the tiles
constexpr long kFilter = 3;

// Products that are summed before they are added to the whole sum.
constexpr long kTerms = 32;

// Sizes of one kind of vectors and the functions over them; conv-winograd-vectors.h says what they do.
struct WinogradVectors {
  long lanes, panel, tiles, inputs;
  void (*filterToFrequencies)(const float* const*, long, float*, long);
  void (*tileToFrequencies)(const float* const*, long, float*, long, long, long);
  void (*gradientToFrequencies)(const float* const*, long, float*, long, long);
  void (*frequenciesToTile)(const float*, long, long, float* const*);
  void (*frequenciesToFilter)(const float*, float*, long, long);
  void (*multiplyTiles)(const float*, long, const float*, long, float*, long);
  void (*addProducts)(const float*, const float*, long, bool, float*);
};

#if defined(__x86_64__)
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

namespace avx2 {
#define CARE_VECTOR Vector8
#define CARE_MARK __attribute__((target("avx2,fma")))
#define CARE_PANEL_VECTORS 2
#define CARE_TILES 4
#define CARE_INPUTS 4
#include "conv-winograd-vectors.h"
#undef CARE_VECTOR
#undef CARE_MARK
#undef CARE_PANEL_VECTORS
#undef CARE_TILES
#undef CARE_INPUTS
}  // namespace avx2

namespace avx512 {
#define CARE_VECTOR Vector16
#define CARE_MARK __attribute__((target("avx512f")))
#define CARE_PANEL_VECTORS 2
#define CARE_TILES 8
#define CARE_INPUTS 8
#include "conv-winograd-vectors.h"
#undef CARE_PANEL_VECTORS
#undef CARE_TILES
#undef CARE_INPUTS
}  // namespace avx512

// For numbers of channels that only fill panels of one vector.
namespace avx512narrow {
#define CARE_PANEL_VECTORS 1
#define CARE_TILES 16
#define CARE_INPUTS 16
#include "conv-winograd-vectors.h"
#undef CARE_VECTOR
#undef CARE_MARK
#undef CARE_PANEL_VECTORS
#undef CARE_TILES
#undef CARE_INPUTS
}  // namespace avx512narrow
#endif

bool fillsPanels(const WinogradVectors& v, long inputs, long outputs) {
  return inputs % v.panel == 0 && outputs % v.panel == 0;
}

// Null where this processor has no vectors for which it would be faster than TensorFlow, or these channels do not fill
// panels of them. The same for a convolution and for its gradients.
const WinogradVectors* bestVectors(long inputs, long outputs) {
#if defined(__x86_64__)
  const Vectors here = bestVectorsHere();
  if (here == Vectors::avx512) {
    for (const WinogradVectors* v : {&avx512::kVectors, &avx512narrow::kVectors}) {
      if (fillsPanels(*v, inputs, outputs)) return v;
    }
  }
  if (here == Vectors::avx2 && fillsPanels(avx2::kVectors, inputs, outputs)) return &avx2::kVectors;
#endif
  return nullptr;
}

// Tiles that are brought to frequencies at a time: their frequencies should stay in a core's cache, and every pass over
// them reads the whole filter once.
constexpr long kBlock = 32;
// Tiles that a sum of the filter's gradient takes at a time.
constexpr long kGradientBlock = 128;
// With at most so many channels on both sides, the tiles are divided into parts whose sums are added up in the end: as many
// parts with any number of threads, so that the sum does not depend on it.
constexpr long kFewChannels = 16;
constexpr long kGradientParts = 8;
// Panels of outputs that stay in frequencies before they are brought back.
constexpr long kPanelsAtATime = 2;
// Rows of a table begin so many numbers further on than they must, or they would meet in the same places of the cache.
constexpr long kRim = 16;

// The tiles of a batch, image by image, row by row.
struct Tiling {
  long rows, columns, count;
};

Tiling tilingOf(const WinogradShape& s) {
  const long rows = (s.outHeight + kOut - 1) / kOut, columns = (s.outWidth + kOut - 1) / kOut;
  return {rows, columns, s.batch * rows * columns};
}

struct Place {
  long image, row, column;
};

Place placeOf(const Tiling& tiling, long tile) {
  const long perImage = tiling.rows * tiling.columns, rest = tile % perImage;
  return {tile / perImage, rest / tiling.columns * kOut, rest % tiling.columns * kOut};
}

// Where the side x side pixels from (row, column) of an image begin, null where they are outside it.
template <typename Pixel>
void findPixels(Pixel* images, long height, long width, long channels, long image, long row, long column, long side,
                Pixel** places) {
  for (long i = 0; i < side; i++) {
    for (long j = 0; j < side; j++) {
      const long h = row + i, w = column + j;
      const bool inside = h >= 0 && h < height && w >= 0 && w < width;
      places[i * side + j] = inside ? images + ((image * height + h) * width + w) * channels : nullptr;
    }
  }
}

void findInputs(const WinogradShape& s, const float* x, const Place& place, const float** places) {
  findPixels(x, s.height, s.width, s.inputs, place.image, place.row - s.padding, place.column - s.padding, kIn, places);
}

template <typename Pixel>
void findOutputs(const WinogradShape& s, Pixel* y, const Place& place, Pixel** places) {
  findPixels(y, s.outHeight, s.outWidth, s.outputs, place.image, place.row, place.column, kOut, places);
}

}  // namespace

bool winogradIsFast() { return bestVectorsHere() != Vectors::none; }

bool winogradFits(long inputs, long outputs) { return bestVectors(inputs, outputs) != nullptr; }

long winogradFilterSize(long inputs, long outputs) { return kFrequencies * inputs * outputs; }

// Layout: [panel of outputs][frequency][input channel][output channel of the panel].
void winogradFilter(const float* filter, long inputs, long outputs, bool turned, float* transformed, int threads) {
  const WinogradVectors& v = *bestVectors(inputs, outputs);
  const long from = turned ? outputs : inputs, to = turned ? inputs : outputs;
  const long step = from * v.panel;
  inParallel(threads, to / v.panel, [&](long first, long last) {
    const Buffer corner = allocate(kFilter * kFilter * v.panel);
    for (long panel = first; panel < last; panel++) {
      for (long c = 0; c < from; c++) {
        const float* places[kFilter * kFilter];
        for (long p = 0; p < kFilter * kFilter; p++) {
          if (!turned) {
            places[p] = filter + (p * inputs + c) * outputs + panel * v.panel;
            continue;
          }
          float* gathered = corner.get() + p * v.panel;
          const float* source = filter + ((kFilter * kFilter - 1 - p) * inputs + panel * v.panel) * outputs + c;
          for (long k = 0; k < v.panel; k++) gathered[k] = source[k * outputs];
          places[p] = gathered;
        }
        v.filterToFrequencies(places, v.panel, transformed + panel * kFrequencies * step + c * v.panel, step);
      }
    }
  });
}

void winogradConvolution(const WinogradShape& s, const float* x, const float* filter, float* y, int threads) {
  const WinogradVectors& v = *bestVectors(s.inputs, s.outputs);
  const Tiling tiling = tilingOf(s);
  const long blocks = (tiling.count + kBlock - 1) / kBlock;
  const long panels = s.outputs / v.panel;
  // Where there are few tiles the outputs are divided among threads; each brings the tiles to frequencies for itself.
  long shares = 1;
  while (blocks * shares < threads && panels % (2 * shares) == 0) shares *= 2;
  const long tileStep = s.inputs + kRim;
  const long step = kBlock * tileStep;
  const long outStep = kPanelsAtATime * v.panel;
  inParallel(threads, blocks * shares, [&](long first, long last) {
    const Buffer tiles = allocate(kFrequencies * step);
    const Buffer products = allocate(kFrequencies * kBlock * outStep);
    for (long task = first; task < last; task++) {
      const long block = task / shares, share = task % shares;
      const long start = block * kBlock, count = std::min(kBlock, tiling.count - start);
      for (long t = 0; t < count; t++) {
        const float* places[kIn * kIn];
        findInputs(s, x, placeOf(tiling, start + t), places);
        v.tileToFrequencies(places, s.inputs, tiles.get() + t * tileStep, step, s.inputs, 0);
      }
      const long lastPanel = (share + 1) * panels / shares;
      for (long panel = share * panels / shares; panel < lastPanel; panel += kPanelsAtATime) {
        const long some = std::min(kPanelsAtATime, lastPanel - panel);
        for (long f = 0; f < kFrequencies; f++) {
          for (long t = 0; t < count; t += v.tiles) {
            for (long p = 0; p < some; p++) {
              const float* weights = filter + ((panel + p) * kFrequencies + f) * s.inputs * v.panel;
              v.multiplyTiles(tiles.get() + f * step + t * tileStep, tileStep, weights, s.inputs,
                              products.get() + (f * kBlock + t) * outStep + p * v.panel, outStep);
            }
          }
        }
        for (long t = 0; t < count; t++) {
          float* places[kOut * kOut];
          findOutputs(s, y + panel * v.panel, placeOf(tiling, start + t), places);
          v.frequenciesToTile(products.get() + t * outStep, kBlock * outStep, some * v.panel, places);
        }
      }
    }
  });
}

void winogradFilterGradient(const WinogradShape& s, const float* x, const float* dy, float* gradient, int threads) {
  const WinogradVectors& v = *bestVectors(s.inputs, s.outputs);
  const Tiling tiling = tilingOf(s);
  const long groups = s.inputs / v.inputs, panels = s.outputs / v.panel;
  const long block = std::min(kGradientBlock, tiling.count);
  const long blocks = (tiling.count + block - 1) / block;
  const long parts = std::max(s.inputs, s.outputs) <= kFewChannels ? std::min(kGradientParts, blocks) : 1;
  // With more channels the gradient is divided among threads by inputs and by outputs.
  long inShares = 1, outShares = 1;
  while (parts * inShares * outShares < threads) {
    if (inShares <= outShares && s.inputs / std::max(v.lanes, v.inputs) % (2 * inShares) == 0) {
      inShares *= 2;
    } else if (panels % (2 * outShares) == 0) {
      outShares *= 2;
    } else {
      break;
    }
  }
  const long shareGroups = groups / inShares, sharePanels = panels / outShares;
  // Where a thread sees all tiles at once it needs to keep no more than one chunk of the sums.
  const bool single = blocks == 1;
  const long groupStep = block * v.inputs, panelStep = block * v.panel;
  const long inStep = shareGroups * groupStep + kRim, outStep = sharePanels * panelStep + kRim;
  const long chunk = kFrequencies * v.inputs * v.panel;
  const long partSize = parts > 1 ? groups * panels * chunk : 0;
  const Buffer partSums = allocate(parts * partSize);
  const auto finish = [&](const float* sum, long group, long panel) {
    v.frequenciesToFilter(sum, gradient + group * v.inputs * s.outputs + panel * v.panel, s.inputs * s.outputs, s.outputs);
  };
  inParallel(threads, parts * inShares * outShares, [&](long first, long last) {
    const Buffer ins = allocate(kFrequencies * inStep);
    const Buffer outs = allocate(kFrequencies * outStep);
    const Buffer own = allocate(single ? chunk : shareGroups * sharePanels * chunk);
    for (long task = first; task < last; task++) {
      const long part = task % parts, share = task / parts;
      const long firstGroup = share % inShares * shareGroups, firstPanel = share / inShares * sharePanels;
      const long begin = blocks * part / parts * block;
      const long end = std::min(blocks * (part + 1) / parts * block, tiling.count);
      for (long start = begin; start < end; start += block) {
        const long count = std::min(block, end - start);
        for (long t = 0; t < count; t++) {
          const float* places[kIn * kIn];
          findInputs(s, x + firstGroup * v.inputs, placeOf(tiling, start + t), places);
          v.tileToFrequencies(places, shareGroups * v.inputs, ins.get() + t * v.inputs, inStep, v.inputs, groupStep);
          findOutputs(s, dy + firstPanel * v.panel, placeOf(tiling, start + t), places);
          v.gradientToFrequencies(places, sharePanels * v.panel, outs.get() + t * v.panel, outStep, panelStep);
        }
        for (long panel = 0; panel < sharePanels; panel++) {
          for (long group = 0; group < shareGroups; group++) {
            float* sum = single ? own.get() : own.get() + (panel * shareGroups + group) * chunk;
            if (parts > 1) sum = partSums.get() + part * partSize + ((firstPanel + panel) * groups + firstGroup + group) * chunk;
            for (long f = 0; f < kFrequencies; f++) {
              v.addProducts(ins.get() + f * inStep + group * groupStep, outs.get() + f * outStep + panel * panelStep, count,
                            start == begin, sum + f * v.inputs * v.panel);
            }
            if (parts == 1 && start + count == end) finish(sum, firstGroup + group, firstPanel + panel);
          }
        }
      }
    }
  });
  if (parts == 1) return;
  for (long part = 1; part < parts; part++) {
    for (long i = 0; i < partSize; i++) partSums.get()[i] += partSums.get()[part * partSize + i];
  }
  for (long panel = 0; panel < panels; panel++) {
    for (long group = 0; group < groups; group++) finish(partSums.get() + (panel * groups + group) * chunk, group, panel);
  }
}

}  // namespace care
