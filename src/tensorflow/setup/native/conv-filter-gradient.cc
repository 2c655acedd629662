// The gradient of a convolution by its filter, in tiles that stay in registers.
//
// For one place (row, column) of the filter the gradient is a product of matrices, x^T dy, over all pixels: very long,
// and only as wide as there are channels. TensorFlow's kernel first brings both factors into a layout of its own, which
// takes as long as the product. Here a few images at a time are copied into panels, each holding the channels of one tile
// for all pixels, with a rim of zeros, so that the innermost loop runs over consecutive memory without a branch; a tile of
// the gradient is summed in registers over all pixels of these images before it goes back to memory.
#include "conv-filter-gradient.h"

#include <algorithm>
#include <cstring>

#include "parallel.h"
#include "processor.h"

namespace care {
namespace {

// Bytes of the panels of a group of images: they are read once for each tile, so they have to stay in the caches.
constexpr long kGroupBytes = 4l << 20;

// A tile: so many input channels by so many output channels.
struct Tile {
  long inputs, outputs;
};

// Where the panels of one tile lie. `xs` of a group: [tile][image][padded row][padded column][tile.inputs].
struct Panels {
  long imageIn, imageOut, paddedWidth;
};

using TileFunction = void (*)(const ConvolutionShape&, const Panels&, const float* xs, const float* ys, long images,
                              float* gradient);

// Defines a function that adds to a tile of the gradient what a group of images gives; rows of the tile lie shape.outputs
// apart. A macro, since the compiler takes vectors apart for the processor that a function is marked for before it would
// fit a template into a marked function.
#define CARE_DEFINE_TILE(NAME, MARK, VECTOR, INPUTS, VECTORS)                                                          \
  MARK void NAME(const ConvolutionShape& shape, const Panels& panels, const float* xs, const float* ys, long images,  \
                 float* gradient) {                                                                                   \
    constexpr long kLanes = sizeof(VECTOR) / sizeof(float);                                                           \
    VECTOR sums[INPUTS][VECTORS];                                                                                     \
    for (long i = 0; i < INPUTS; i++) {                                                                               \
      for (long v = 0; v < VECTORS; v++) {                                                                            \
        std::memcpy(&sums[i][v], gradient + i * shape.outputs + v * kLanes, sizeof(VECTOR));                          \
      }                                                                                                               \
    }                                                                                                                 \
    for (long n = 0; n < images; n++) {                                                                               \
      for (long h = 0; h < shape.outHeight; h++) {                                                                    \
        const float* x = xs + n * panels.imageIn + h * shape.stride * panels.paddedWidth * INPUTS;                    \
        const float* y = ys + n * panels.imageOut + h * shape.outWidth * VECTORS * kLanes;                            \
        for (long w = 0; w < shape.outWidth; w++) {                                                                   \
          VECTOR outputs[VECTORS];                                                                                    \
          _Pragma("GCC unroll 4") for (long v = 0; v < VECTORS; v++) {                                                 \
            std::memcpy(&outputs[v], y + v * kLanes, sizeof(VECTOR));                                                 \
          }                                                                                                           \
          _Pragma("GCC unroll 8") for (long i = 0; i < INPUTS; i++) {                                                 \
            _Pragma("GCC unroll 4") for (long v = 0; v < VECTORS; v++) sums[i][v] += x[i] * outputs[v];               \
          }                                                                                                           \
          x += shape.stride * INPUTS;                                                                                 \
          y += VECTORS * kLanes;                                                                                      \
        }                                                                                                             \
      }                                                                                                               \
    }                                                                                                                 \
    for (long i = 0; i < INPUTS; i++) {                                                                               \
      for (long v = 0; v < VECTORS; v++) {                                                                            \
        std::memcpy(gradient + i * shape.outputs + v * kLanes, &sums[i][v], sizeof(VECTOR));                          \
      }                                                                                                               \
    }                                                                                                                 \
  }

#if defined(__x86_64__)
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));
CARE_DEFINE_TILE(addTileAvx2, __attribute__((target("avx2,fma"))), Vector8, 4, 2)
constexpr Tile kTileAvx2 = {4, 16};
CARE_DEFINE_TILE(addTileAvx512, __attribute__((target("avx512f"))), Vector16, 8, 2)
constexpr Tile kTileAvx512 = {8, 32};
#endif

struct Way {
  Tile tile;
  TileFunction add;
};

// No function where this processor's vectors are too short for this to be faster than TensorFlow.
Way bestWay() {
#if defined(__x86_64__)
  switch (bestVectorsHere()) {
    case Vectors::avx512:
      return {kTileAvx512, addTileAvx512};
    case Vectors::avx2:
      return {kTileAvx2, addTileAvx2};
    case Vectors::none:
      break;
  }
#endif
  return {{1, 1}, nullptr};
}

// Copies images [pixels, channels] into panels: the channels of tile t go to `to + t * panelStride`.
void splitChannels(const float* from, long channels, long tileChannels, float* to, long panelStride) {
  for (long t = 0; t < channels / tileChannels; t++) {
    std::memcpy(to + t * panelStride, from + t * tileChannels, tileChannels * sizeof(float));
  }
}

void packInput(const ConvolutionShape& s, const Panels& panels, const Tile& tile, const float* x, float* to,
               long panelStride) {
  for (long h = 0; h < s.height; h++) {
    for (long w = 0; w < s.width; w++) {
      float* pixel = to + ((h + s.padding) * panels.paddedWidth + w + s.padding) * tile.inputs;
      splitChannels(x + (h * s.width + w) * s.inputs, s.inputs, tile.inputs, pixel, panelStride);
    }
  }
}

void packOutput(const ConvolutionShape& s, const Tile& tile, const float* dy, float* to, long panelStride) {
  for (long pixel = 0; pixel < s.outHeight * s.outWidth; pixel++) {
    splitChannels(dy + pixel * s.outputs, s.outputs, tile.outputs, to + pixel * tile.outputs, panelStride);
  }
}

}  // namespace

bool convFilterGradientIsFast() { return bestWay().add != nullptr; }

bool convFilterGradientFits(const ConvolutionShape& shape) {
  const Tile tile = bestWay().tile;
  return shape.inputs % tile.inputs == 0 && shape.outputs % tile.outputs == 0;
}

void convFilterGradient(const ConvolutionShape& s, const float* x, const float* dy, float* gradient, int threads) {
  const Way way = bestWay();
  const Tile tile = way.tile;
  const long paddedHeight = s.height + 2 * s.padding;
  const long paddedWidth = s.width + 2 * s.padding;
  const Panels panels = {paddedHeight * paddedWidth * tile.inputs, s.outHeight * s.outWidth * tile.outputs,
                         paddedWidth};
  const long inTiles = s.inputs / tile.inputs;
  const long outTiles = s.outputs / tile.outputs;
  const long bytesPerImage =
      sizeof(float) * (paddedHeight * paddedWidth * s.inputs + s.outHeight * s.outWidth * s.outputs);
  const long group = std::max(1l, std::min(s.batch, kGroupBytes / std::max(1l, bytesPerImage)));
  const long inStride = group * panels.imageIn;
  const long outStride = group * panels.imageOut;
  const Buffer xs = allocate(inTiles * inStride);
  const Buffer ys = allocate(outTiles * outStride);
  // The rims stay zero from here on.
  std::memset(xs.get(), 0, sizeof(float) * inTiles * inStride);
  std::memset(gradient, 0, sizeof(float) * s.rows * s.columns * s.inputs * s.outputs);

  for (long first = 0; first < s.batch; first += group) {
    const long images = std::min(group, s.batch - first);
    inParallel(threads, images, [&](long from, long to) {
      for (long n = from; n < to; n++) {
        const long image = first + n;
        packInput(s, panels, tile, x + image * s.height * s.width * s.inputs, xs.get() + n * panels.imageIn, inStride);
        packOutput(s, tile, dy + image * s.outHeight * s.outWidth * s.outputs, ys.get() + n * panels.imageOut,
                   outStride);
      }
    });
    inParallel(threads, inTiles * outTiles, [&](long from, long to) {
      for (long task = from; task < to; task++) {
        const long in = task % inTiles;
        const long out = task / inTiles;
        for (long place = 0; place < s.rows * s.columns; place++) {
          const long shift = place / s.columns * paddedWidth + place % s.columns;
          way.add(s, panels, xs.get() + in * inStride + shift * tile.inputs, ys.get() + out * outStride, images,
                  gradient + (place * s.inputs + in * tile.inputs) * s.outputs + out * tile.outputs);
        }
      }
    });
  }
}

}  // namespace care
