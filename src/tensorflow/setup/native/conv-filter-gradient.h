// The gradient of a two-dimensional convolution by its filter, for images with channels last.
#pragma once

namespace care {

struct ConvolutionShape {
  long batch, height, width, inputs;
  long outHeight, outWidth, outputs;
  long rows, columns, stride, padding;
};

// Whether this processor has the vectors that it was written for: AVX-512, or AVX2 with FMA. Else nothing here may be
// called.
bool convFilterGradientIsFast();

// Whether the channels fill whole tiles; others are left to TensorFlow.
bool convFilterGradientFits(const ConvolutionShape& shape);

// gradient[r, c, i, o] = sum over n, h, w of x[n, h * stride + r - padding, w * stride + c - padding, i] * dy[n, h, w, o],
// where pixels outside the image count as 0.
//
// x: [batch, height, width, inputs], dy: [batch, outHeight, outWidth, outputs],
// gradient: [rows, columns, inputs, outputs]. The sum runs in the same order whatever the number of threads.
void convFilterGradient(const ConvolutionShape& shape, const float* x, const float* dy, float* gradient, int threads);

}  // namespace care
