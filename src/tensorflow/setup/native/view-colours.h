// The last part of an augmentation in one pass over memory: jitter of colours, grayscale, normalisation and blur, image by
// image, while its planes lie in a core's cache. `src/augment/color-jitter.ts`, `simclr.ts` and `gaussian-blur.ts` say what
// the numbers mean.
#pragma once

#include <cstdint>

namespace care {

constexpr long kColours = 3;

// Sizes of a batch of planes [images, 3, height * width], and how many weights a blur has.
struct ViewShape {
  long images, height, width, taps;
};

// What is done to the images: `back`, the place of each image in the sorting of the other numbers; six slots of
// `blends` [6 * images, 3, 3] and `means` [6 * images, 3], three before and three after the turn of the `hue` [images], in
// sextants. Then, of each image in its own place: `tones` [3, 3], `offsets` [3] of all and `taps`; `tonesStep` and `tapsStep`
// are 0 where all images have the same.
struct ViewColours {
  const int32_t* back;
  const float *blends, *means, *hue, *tones, *offsets, *taps;
  long tonesStep, tapsStep;
};

// Whether this processor has vectors for which it was written.
bool viewColoursAreFast();

// Views [images, height, width, 3] of planes. A view does not depend on the number of threads.
void viewColours(const ViewShape& shape, const float* planes, const ViewColours& colours, float* views, int threads);

}  // namespace care
