// Convolution with filters of 3 x 3 at stride 1, and its gradients, after Winograd: a quarter of the multiplications.
#pragma once

namespace care {

// A convolution of images [batch, height, width, inputs] to [batch, outHeight, outWidth, outputs], with `padding` rows and
// columns of zeros on each side.
struct WinogradShape {
  long batch, height, width, inputs, outHeight, outWidth, outputs, padding;
};

// Whether this processor has vectors for which it was written.
bool winogradIsFast();

// Whether the numbers of channels fill whole vectors.
bool winogradFits(long inputs, long outputs);

// Numbers that a transformed filter holds.
long winogradFilterSize(long inputs, long outputs);

// Brings a filter [3, 3, inputs, outputs] into the form that the convolution takes. `turned`: the filter of the gradient by
// the input, turned by 180 degrees and with its channels changed over; it leads from `outputs` to `inputs`.
void winogradFilter(const float* filter, long inputs, long outputs, bool turned, float* transformed, int threads);

// The convolution. Every output is summed in an order that does not depend on the number of threads.
void winogradConvolution(const WinogradShape& shape, const float* x, const float* filter, float* y, int threads);

// The gradient [3, 3, inputs, outputs] by the filter, in an order that does not depend on the number of threads.
void winogradFilterGradient(const WinogradShape& shape, const float* x, const float* dy, float* gradient, int threads);

}  // namespace care
