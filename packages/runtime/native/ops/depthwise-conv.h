// Shared code of depthwise convolution and its gradient: their sizes, and lines of pixels.
#ifndef DN_DETR_DEPTHWISE_CONV_H_
#define DN_DETR_DEPTHWISE_CONV_H_

#include <algorithm>

#include "op.h"

namespace dn::depthwise {

constexpr int64_t Ceil(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Sizes {
  int64_t images, height, width, channels, size_y, size_x, stride;
  int64_t rows, columns, top, left;

  Shape out() const { return {images, rows, columns, channels}; }
  int64_t taps() const { return size_y * size_x * channels; }
};

inline Sizes SizesOf(const std::vector<int32_t>& stride, const dn::Tensor& x, const dn::Tensor& filter) {
  const Shape &a = x.shape(), &f = filter.shape();
  const std::string found = "found x " + Words(a) + ", filter " + Words(f);
  Require(stride.size() == 1 && stride[0] > 0, "stride must be one number, at least 1");
  Require(a.size() == 4 && f.size() == 4, "expected x [B, H, W, C], filter [k, k, 1, C]; " + found);
  Require(f[0] > 0 && f[1] > 0 && f[2] == 1 && f[3] == a[3], "the filter does not fit: expected [k, k, 1, C]; " + found);
  Sizes all{a[0], a[1], a[2], a[3], f[0], f[1], stride[0], 0, 0, 0, 0};
  all.rows = Ceil(all.height, all.stride), all.columns = Ceil(all.width, all.stride);
  all.top = std::max<int64_t>(0, (all.rows - 1) * all.stride + all.size_y - all.height) / 2;
  all.left = std::max<int64_t>(0, (all.columns - 1) * all.stride + all.size_x - all.width) / 2;
  return all;
}

// Pixels of one line, `step` floats apart. The first tap of the first pixel is at `top` and `left` of an image,
// possibly outside it; each further pixel's taps are `stride` pixels further.
struct Line {
  const float* in;
  int64_t height, width, channels;
  const float* filter;
  int64_t size_y, size_x, stride, top, left;
  float* out;
  int64_t columns, step;
  // Zeros, one per channel, that stand for a pixel outside.
  const float* zeros;

  int64_t first() const { return std::max<int64_t>(0, -top); }
  int64_t end() const { return std::min(size_y, height - top); }
};

// Computes a line.
void ConvolveLine(const Line& line);

}  // namespace dn::depthwise

#endif  // DN_DETR_DEPTHWISE_CONV_H_
