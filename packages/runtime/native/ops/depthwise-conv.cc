// Depthwise convolution with TensorFlow's padding `SAME`. Images are [B, H, W, C], kernels [k, k, 1, C]. It is computed
// line by line with vectors of channels: several pixels at once, whose sums stay in registers over all taps.
#include "depthwise-conv.h"

#include "parallel.h"
#include "simd.h"

namespace {

using dn::depthwise::Line;
using dn::depthwise::Sizes;

// kCount pixels of a line, the first of which is at column `left` of the image.
template <int kLanes, int kTaps, int kStride, int kCount, bool kInside>
DN_INLINE void Pixels(const Line& line, int64_t left, float* out) {
  using Vector = dn::Vector<kLanes>;
  constexpr int kReach = (kCount - 1) * kStride + kTaps;
  const int64_t channels = line.channels, row = line.width * channels, first = line.first(), end = line.end();
  const float* const in = line.in + line.top * row + left * channels;
  const float* starts[kReach];
  int64_t rows[kReach];
  if constexpr (!kInside) {
    for (int j = 0; j < kReach; j++) {
      const bool inside = left + j >= 0 && left + j < line.width;
      starts[j] = inside ? in + j * channels : line.zeros;
      rows[j] = inside ? row : 0;
    }
  }
  for (int64_t next = 0; next < channels; next += kLanes) {
    // The last vector may compute some channels a second time.
    const int64_t channel = std::min(next, channels - kLanes);
    Vector sums[kCount] = {};
    for (int64_t i = first; i < end; i++) {
      Vector taps[kTaps];
#pragma GCC unroll 8
      for (int j = 0; j < kTaps; j++) taps[j] = dn::Load<kLanes>(line.filter + (i * kTaps + j) * channels + channel);
#pragma GCC unroll 32
      for (int j = 0; j < kReach; j++) {
        const float* const from = kInside ? in + i * row + j * channels : starts[j] + i * rows[j];
        const Vector pixel = dn::Load<kLanes>(from + channel);
#pragma GCC unroll 8
        for (int k = 0; k < kCount; k++) {
          const int tap = j - k * kStride;
          if (tap >= 0 && tap < kTaps) sums[k] += pixel * taps[tap];
        }
      }
    }
#pragma GCC unroll 8
    for (int k = 0; k < kCount; k++) dn::Store<kLanes>(sums[k], out + k * line.step + channel);
  }
}

template <int kLanes, int kTaps, int kStride, int kCount>
DN_INLINE void Columns(const Line& line, int64_t* column, int64_t end) {
  for (; *column + kCount <= end; *column += kCount) {
    const int64_t left = line.left + *column * kStride;
    float* const out = line.out + *column * line.step;
    const bool inside = left >= 0 && left + (kCount - 1) * kStride + kTaps <= line.width;
    if (inside) Pixels<kLanes, kTaps, kStride, kCount, true>(line, left, out);
    else Pixels<kLanes, kTaps, kStride, kCount, false>(line, left, out);
  }
}

template <int kLanes, int kTaps, int kStride>
DN_INLINE void Convolve(const Line& line) {
  int64_t column = 0;
  Columns<kLanes, kTaps, kStride, 8>(line, &column, line.columns);
  Columns<kLanes, kTaps, kStride, 4>(line, &column, line.columns);
  Columns<kLanes, kTaps, kStride, 2>(line, &column, line.columns);
  Columns<kLanes, kTaps, kStride, 1>(line, &column, line.columns);
}

// For kernels of any size, and for few channels.
DN_INLINE void ConvolveAny(const Line& line) {
  const int64_t channels = line.channels;
  for (int64_t column = 0; column < line.columns; column++) {
    float* const out = line.out + column * line.step;
    std::fill_n(out, channels, 0.f);
    for (int64_t i = line.first(); i < line.end(); i++) {
      for (int64_t j = 0; j < line.size_x; j++) {
        const int64_t x = line.left + column * line.stride + j;
        if (x < 0 || x >= line.width) continue;
        const float* const pixel = line.in + ((line.top + i) * line.width + x) * channels;
        const float* const tap = line.filter + (i * line.size_x + j) * channels;
#pragma GCC ivdep
        for (int64_t channel = 0; channel < channels; channel++) out[channel] += pixel[channel] * tap[channel];
      }
    }
  }
}

template <int kLanes>
DN_INLINE void LineBody(const Line& line, int64_t) {
  if (line.channels < kLanes) return ConvolveAny(line);
  if (line.stride == 1 && line.size_x == 1) return Convolve<kLanes, 1, 1>(line);
  if (line.stride == 1 && line.size_x == 2) return Convolve<kLanes, 2, 1>(line);
  if (line.stride == 1 && line.size_x == 3) return Convolve<kLanes, 3, 1>(line);
  if (line.stride == 1 && line.size_x == 5) return Convolve<kLanes, 5, 1>(line);
  if (line.stride == 2 && line.size_x == 3) return Convolve<kLanes, 3, 2>(line);
  if (line.stride == 2 && line.size_x == 5) return Convolve<kLanes, 5, 2>(line);
  ConvolveAny(line);
}
DN_CLONES(BestLine, LineBody, Line)

// x [B, H, W, C], filter [k, k, 1, C] -> [B, ceil(H / stride), ceil(W / stride), C].
struct Convolution {
  static constexpr const char* kName = "DnDepthwiseConv";
  const std::vector<int32_t> stride;
  explicit Convolution(const dn::Attributes& attributes) : stride(attributes.Ints("stride")) {}

  // Height and width depend on the stride, which is not available to this function.
  static void InferShapes(TF_ShapeInferenceContext* context) {
    dn::Status status;
    dn::ShapeHandle x(context, 0);
    if (!x.HasRank(4)) return TF_ShapeInferenceContextSetUnknownShape(context, status);
    dn::ShapeHandle images(context), channels(context), partial(context), output(context);
    TF_ShapeInferenceContextSubshape(context, x, 0, 1, images, status);
    status.Check();
    TF_ShapeInferenceContextSubshape(context, x, 3, 4, channels, status);
    status.Check();
    TF_ShapeHandle* unknown = TF_ShapeInferenceContextVectorFromSize(context, -1);
    TF_ShapeInferenceContextConcatenateShapes(context, images, unknown, partial, status);
    TF_ShapeInferenceContextConcatenateShapes(context, partial, unknown, output, status);
    TF_ShapeInferenceContextConcatenateShapes(context, output, channels, output, status);
    TF_DeleteShapeHandle(unknown);
    status.Check();
    TF_ShapeInferenceContextSetOutput(context, 0, output, status);
    status.Check();
  }

  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), filter = call.Input(1);
    const Sizes all = dn::depthwise::SizesOf(stride, x, filter);
    const dn::Tensor out = call.Output(0, all.out());
    const std::vector<float> zeros(all.channels);
    dn::Pool::Get().Run(all.images * all.rows, [&](int64_t task) {
      const int64_t row = task % all.rows, channels = all.channels;
      const Line line{x.data() + task / all.rows * all.height * all.width * channels,
                      all.height, all.width, channels, filter.data(), all.size_y, all.size_x, all.stride,
                      row * all.stride - all.top, -all.left,
                      out.data() + task * all.columns * channels, all.columns, channels, zeros.data()};
      BestLine(line, 0);
    });
  }
};

const dn::Registration<Convolution> convolution({"x: float", "filter: float"}, {"stride: list(int)"}, {"out: float"});

}  // namespace

void dn::depthwise::ConvolveLine(const Line& line) { BestLine(line, 0); }
