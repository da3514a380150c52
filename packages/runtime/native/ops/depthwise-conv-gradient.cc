// The gradient of depthwise convolution. For stride s, the gradient of the input consists of s * s convolutions of dy
// with stride 1, each with every s-th row and column of the rotated kernel, because pixels whose coordinates have the
// same remainder modulo s are multiplied by the same taps.
#include <memory>

#include "depthwise-conv.h"
#include "parallel.h"
#include "simd.h"

namespace {

using dn::Require;
using dn::Words;
using dn::depthwise::Ceil;
using dn::depthwise::Line;
using dn::depthwise::Sizes;

// The kernel's gradient. A task sums some rows of one image into a separate kernel; the tasks are the same for any
// number of threads.
struct Sums {
  const Sizes& sizes;
  const float *x, *dy, *zeros;
  float* parts;
  // Number of tasks per image.
  int64_t blocks;

  // Number of columns processed for one vector of channels before the next vector.
  static constexpr int kTile = 32;

  static int64_t Blocks(const Sizes& all) {
    const int64_t enough = Ceil(32, std::max<int64_t>(1, all.images)), most = all.rows * all.columns / 40;
    return std::max<int64_t>(1, std::min({enough, most, all.rows}));
  }
};

// Adds the contributions of a tile's pixels to kRows rows of taps. `starts` are the first row's pixels of x, and `rows`
// the distances to the next row's.
template <int kLanes, int kTaps, int kStride, int kRows>
DN_INLINE void AddTile(const float* const* starts, const int64_t* rows, int64_t top, const float* dy, int64_t columns,
                       int64_t channels, float* part) {
  using Vector = dn::Vector<kLanes>;
  constexpr int kCount = 4;
  for (int64_t channel = 0; channel + kLanes <= channels; channel += kLanes) {
    Vector sums[kRows * kTaps];
#pragma GCC unroll 32
    for (int i = 0; i < kRows * kTaps; i++) sums[i] = dn::Load<kLanes>(part + i * channels + channel);
    int64_t column = 0;
    for (; column + kCount <= columns; column += kCount) {
      Vector gradients[kCount];
#pragma GCC unroll 8
      for (int k = 0; k < kCount; k++) gradients[k] = dn::Load<kLanes>(dy + (column + k) * channels + channel);
#pragma GCC unroll 32
      for (int j = 0; j < (kCount - 1) * kStride + kTaps; j++) {
        const int64_t step = rows[column * kStride + j];
        const float* from = starts[column * kStride + j] + top * step + channel;
#pragma GCC unroll 8
        for (int i = 0; i < kRows; i++, from += step) {
          const Vector pixel = dn::Load<kLanes>(from);
#pragma GCC unroll 8
          for (int k = 0; k < kCount; k++) {
            const int tap = j - k * kStride;
            if (tap >= 0 && tap < kTaps) sums[i * kTaps + tap] += pixel * gradients[k];
          }
        }
      }
    }
    for (; column < columns; column++) {
      const Vector gradient = dn::Load<kLanes>(dy + column * channels + channel);
#pragma GCC unroll 8
      for (int j = 0; j < kTaps; j++) {
        const int64_t step = rows[column * kStride + j];
        const float* from = starts[column * kStride + j] + top * step + channel;
#pragma GCC unroll 8
        for (int i = 0; i < kRows; i++, from += step) sums[i * kTaps + j] += dn::Load<kLanes>(from) * gradient;
      }
    }
#pragma GCC unroll 32
    for (int i = 0; i < kRows * kTaps; i++) dn::Store<kLanes>(sums[i], part + i * channels + channel);
  }
}

template <int kLanes, int kTaps, int kStride>
DN_INLINE void AddRow(const Sums& call, const float* image, int64_t top, const float* dy, float* part) {
  const Sizes& all = call.sizes;
  const int64_t channels = all.channels, row = all.width * channels;
  const int64_t first = std::max<int64_t>(0, -top), end = std::min(all.size_y, all.height - top);
  // For 5 rows, only AVX-512 has enough registers to keep all sums.
  constexpr int kRows = kTaps <= 3 || kLanes == 16 ? kTaps : 1;
  for (int64_t column = 0; column < all.columns; column += Sums::kTile) {
    const int64_t columns = std::min<int64_t>(Sums::kTile, all.columns - column);
    const float* starts[(Sums::kTile - 1) * kStride + kTaps];
    int64_t rows[(Sums::kTile - 1) * kStride + kTaps];
    for (int64_t j = 0; j < (columns - 1) * kStride + kTaps; j++) {
      const int64_t x = column * kStride - all.left + j;
      const bool inside = x >= 0 && x < all.width;
      starts[j] = inside ? image + x * channels : call.zeros;
      rows[j] = inside ? row : 0;
    }
    const float* const gradients = dy + column * channels;
    int64_t i = first;
    for (; i + kRows <= end; i += kRows) {
      AddTile<kLanes, kTaps, kStride, kRows>(starts, rows, top + i, gradients, columns, channels,
                                             part + i * kTaps * channels);
    }
    for (; kRows > 1 && i < end; i++) {
      AddTile<kLanes, kTaps, kStride, 1>(starts, rows, top + i, gradients, columns, channels,
                                         part + i * kTaps * channels);
    }
  }
}

// For kernels of any size, and for the channels from `begin` on that do not fill a vector.
DN_INLINE void AddRowAny(const Sums& call, const float* image, int64_t top, const float* dy, float* part, int64_t begin) {
  const Sizes& all = call.sizes;
  const int64_t channels = all.channels;
  for (int64_t i = std::max<int64_t>(0, -top); begin < channels && i < std::min(all.size_y, all.height - top); i++) {
    for (int64_t column = 0; column < all.columns; column++) {
      for (int64_t j = 0; j < all.size_x; j++) {
        const int64_t x = column * all.stride - all.left + j;
        if (x < 0 || x >= all.width) continue;
        const float* const pixel = image + ((top + i) * all.width + x) * channels;
        const float* const gradient = dy + column * channels;
        float* const sum = part + (i * all.size_x + j) * channels;
#pragma GCC ivdep
        for (int64_t channel = begin; channel < channels; channel++) sum[channel] += pixel[channel] * gradient[channel];
      }
    }
  }
}

template <int kLanes>
DN_INLINE void SumsBody(const Sums& call, int64_t task) {
  const Sizes& all = call.sizes;
  const int64_t image = task / call.blocks, block = task % call.blocks;
  float* const part = call.parts + task * all.taps();
  std::fill_n(part, all.taps(), 0.f);
  const float* const x = call.x + image * all.height * all.width * all.channels;
  for (int64_t row = block * all.rows / call.blocks; row < (block + 1) * all.rows / call.blocks; row++) {
    const float* const dy = call.dy + (image * all.rows + row) * all.columns * all.channels;
    const int64_t top = row * all.stride - all.top, whole = all.channels / kLanes * kLanes;
    int64_t done = whole;
    if (all.stride == 1 && all.size_x == 3) AddRow<kLanes, 3, 1>(call, x, top, dy, part);
    else if (all.stride == 1 && all.size_x == 5) AddRow<kLanes, 5, 1>(call, x, top, dy, part);
    else if (all.stride == 2 && all.size_x == 3) AddRow<kLanes, 3, 2>(call, x, top, dy, part);
    else if (all.stride == 2 && all.size_x == 5) AddRow<kLanes, 5, 2>(call, x, top, dy, part);
    else done = 0;
    AddRowAny(call, x, top, dy, part, done);
  }
}
DN_CLONES(SumsTask, SumsBody, Sums)

void SumFilter(const Sizes& all, const float* x, const float* dy, const float* zeros, float* d_filter) {
  dn::Pool& pool = dn::Pool::Get();
  const int64_t blocks = Sums::Blocks(all), tasks = all.images * blocks, size = all.taps();
  const std::unique_ptr<float[]> parts(new float[tasks * size]);
  const Sums sums{all, x, dy, zeros, parts.get(), blocks};
  pool.Run(tasks, [&](int64_t task) { SumsTask(sums, task); });
  constexpr int64_t kPiece = 2048;
  pool.Run(Ceil(size, kPiece), [&](int64_t piece) {
    const int64_t begin = piece * kPiece, end = std::min(size, begin + kPiece);
    std::fill(d_filter + begin, d_filter + end, 0.f);
    for (int64_t task = 0; task < tasks; task++) {
      const float* const part = parts.get() + task * size;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; i++) d_filter[i] += part[i];
    }
  });
}

void GradientOfInput(const Sizes& all, const float* filter, const float* dy, const float* zeros, float* dx) {
  const int64_t stride = all.stride, channels = all.channels;
  // Number of taps out of `size` with this remainder modulo the stride.
  const auto count = [&](int64_t size, int64_t remainder) { return Ceil(std::max<int64_t>(0, size - remainder), stride); };
  // The rotated part of the kernel for each remainder of rows and of columns.
  std::vector<float> turned;
  std::vector<int64_t> starts;
  for (int64_t y = 0; y < stride; y++) {
    for (int64_t x = 0; x < stride; x++) {
      starts.push_back(static_cast<int64_t>(turned.size()));
      for (int64_t i = count(all.size_y, y) - 1; i >= 0; i--) {
        for (int64_t j = count(all.size_x, x) - 1; j >= 0; j--) {
          const float* const tap = filter + ((y + i * stride) * all.size_x + x + j * stride) * channels;
          turned.insert(turned.end(), tap, tap + channels);
        }
      }
    }
  }
  dn::Pool::Get().Run(all.images * all.height, [&](int64_t task) {
    const int64_t image = task / all.height, place = task % all.height + all.top, y = place % stride;
    for (int64_t begin = 0; begin < std::min(stride, all.width); begin++) {
      const int64_t x = (begin + all.left) % stride, size_y = count(all.size_y, y), size_x = count(all.size_x, x);
      const Line line{dy + image * all.rows * all.columns * channels,
                      all.rows, all.columns, channels, turned.data() + starts[y * stride + x], size_y, size_x, 1,
                      place / stride - (size_y - 1), (begin + all.left) / stride - (size_x - 1),
                      dx + (task * all.width + begin) * channels, Ceil(all.width - begin, stride), stride * channels, zeros};
      dn::depthwise::ConvolveLine(line);
    }
  });
}

// x and filter as in the convolution, and dy in the shape of its output -> the gradients of x and filter.
struct ConvolutionGradient {
  static constexpr const char* kName = "DnDepthwiseConvGrad";
  const std::vector<int32_t> stride;
  explicit ConvolutionGradient(const dn::Attributes& attributes) : stride(attributes.Ints("stride")) {}

  static void InferShapes(TF_ShapeInferenceContext* context) {
    for (int i = 0; i < 2; i++) dn::SetShapeOfInput(context, i, i);
  }

  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), filter = call.Input(1), dy = call.Input(2);
    const Sizes all = dn::depthwise::SizesOf(stride, x, filter);
    Require(dy.shape() == all.out(), "expected dy " + Words(all.out()) + "; found " + Words(dy.shape()));
    const dn::Tensor dx = call.Output(0, x.shape()), d_filter = call.Output(1, filter.shape());
    const std::vector<float> zeros(all.channels);
    GradientOfInput(all, filter.data(), dy.data(), zeros.data(), dx.data());
    SumFilter(all, x.data(), dy.data(), zeros.data(), d_filter.data());
  }
};

const dn::Registration<ConvolutionGradient> gradient({"x: float", "filter: float", "dy: float"}, {"stride: list(int)"},
                                                     {"dx: float", "d_filter: float"});

}  // namespace
