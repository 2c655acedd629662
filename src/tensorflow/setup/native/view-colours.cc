// Passes over the planes of one image in place of passes over a batch: what takes TensorFlow some 60 ops, each of which reads
// and writes all images, takes one op that reads and writes them once.
#include "view-colours.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "parallel.h"
#include "processor.h"

namespace care {
namespace {

// The intensity of planes that is 1 in images.
constexpr float kWhite = 6;
// Below this a chroma counts as none: only what is exactly grey has less.
constexpr float kNoChroma = 1e-20f;
constexpr long kMatrix = kColours * kColours;
constexpr long kSlots = 6, kSlotsBeforeHue = 3;

// Where one image's numbers lie.
struct ImageColours {
  const float *blends, *means;
  // From a slot to the next one.
  long blendStep, meanStep;
  float hue;
  const float *tones, *offsets, *taps;
};

// Memory of a thread: an image's planes, `stride` apart; a row with what is seen beyond its ends; a channel that is blurred
// along its rows, and all channels after both, with rows `rowStride` apart.
struct Scratch {
  float *planes, *row, *across, *blurred;
  long stride, rowStride;
};

bool isIdentity(const float* matrix, const float* means) {
  for (long i = 0; i < kMatrix; i++) {
    if (matrix[i] != (i % (kColours + 1) == 0 ? 1.0f : 0.0f)) return false;
  }
  return means[0] == 0 && means[1] == 0 && means[2] == 0;
}

bool isBlurred(const float* taps, long count) {
  for (long k = 1; k < count; k++) {
    if (taps[k] != 0) return true;
  }
  return false;
}

// The pixel that is seen at a place beyond the border.
long mirrored(long at, long size) {
  if (at < 0) return -at;
  return at < size ? at : 2 * (size - 1) - at;
}

struct ColourVectors {
  long lanes;
  void (*viewOf)(const ViewShape&, const float*, const ImageColours&, const Scratch&, float*);
};

#if defined(__x86_64__)
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

namespace avx2 {
#define CARE_VECTOR Vector8
#define CARE_MARK __attribute__((target("avx2,fma")))
#include "view-colours-vectors.h"
#undef CARE_VECTOR
#undef CARE_MARK
}  // namespace avx2

namespace avx512 {
#define CARE_VECTOR Vector16
#define CARE_MARK __attribute__((target("avx512f")))
#include "view-colours-vectors.h"
#undef CARE_VECTOR
#undef CARE_MARK
}  // namespace avx512
#endif

const ColourVectors* bestVectors() {
#if defined(__x86_64__)
  switch (bestVectorsHere()) {
    case Vectors::avx512:
      return &avx512::kVectors;
    case Vectors::avx2:
      return &avx2::kVectors;
    case Vectors::none:
      break;
  }
#endif
  return nullptr;
}

long roundUp(long count, long lanes) { return (count + lanes - 1) / lanes * lanes; }

}  // namespace

bool viewColoursAreFast() { return bestVectors() != nullptr; }

void viewColours(const ViewShape& s, const float* planes, const ViewColours& colours, float* views, int threads) {
  const ColourVectors& v = *bestVectors();
  const long pixels = s.height * s.width;
  const long stride = roundUp(pixels, v.lanes), rowStride = roundUp(s.width, v.lanes);
  inParallel(threads, s.images, [&](long first, long last) {
    const Buffer ofPlanes = allocate(kColours * stride), across = allocate(s.height * rowStride);
    const Buffer row = allocate(rowStride + 2 * s.taps), blurred = allocate(kColours * s.height * rowStride);
    const Scratch scratch = {ofPlanes.get(), row.get(), across.get(), blurred.get(), stride, rowStride};
    // What lies beyond the last pixel is computed with, but never looked at.
    std::memset(ofPlanes.get(), 0, sizeof(float) * kColours * stride);
    std::memset(row.get(), 0, sizeof(float) * (rowStride + 2 * s.taps));
    for (long image = first; image < last; image++) {
      const long place = colours.back[image];
      const ImageColours own = {colours.blends + place * kMatrix,
                                colours.means + place * kColours,
                                s.images * kMatrix,
                                s.images * kColours,
                                colours.hue[place],
                                colours.tones + image * colours.tonesStep,
                                colours.offsets,
                                colours.taps + image * colours.tapsStep};
      v.viewOf(s, planes + image * kColours * pixels, own, scratch, views + image * kColours * pixels);
    }
  });
}

}  // namespace care
