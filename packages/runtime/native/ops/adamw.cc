// AdamW on flat buffers, and the sum of squares for clipping by the norm of all gradients: core's optim. Each takes one
// pass over memory, where separate ops take a dozen.
#include <cmath>

#include "op.h"
#include "rows.h"

namespace {

using dn::Require;
using dn::Words;

struct Update {
  dn::RowBlocks blocks;
  const float *p, *m, *v, *gradient;
  float *next_p, *next_m, *next_v;
  float decay, step_size, root_correction, factor;
  // 1 - beta1, beta2, 1 - beta2, epsilon.
  const float* rates;
};

template <int kLanes>
DN_INLINE void UpdateBody(const Update& call, int64_t block) {
  const float fresh_m = call.rates[0], kept_v = call.rates[1], fresh_v = call.rates[2], epsilon = call.rates[3];
  const float decay = call.decay, step_size = call.step_size, root_correction = call.root_correction, factor = call.factor;
  const int64_t begin = call.blocks.begin(block), count = call.blocks.end(block) - begin;
  const float *const p = call.p + begin, *const m = call.m + begin, *const v = call.v + begin;
  const float* const gradients = call.gradient + begin;
  float *const next_p = call.next_p + begin, *const next_m = call.next_m + begin, *const next_v = call.next_v + begin;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; i++) {
    const float gradient = gradients[i] * factor;
    const float mean = m[i] + (gradient - m[i]) * fresh_m;
    const float square = v[i] * kept_v + gradient * gradient * fresh_v;
    next_m[i] = mean;
    next_v[i] = square;
    next_p[i] = p[i] * decay - step_size * (mean / (std::sqrt(square) * root_correction + epsilon));
  }
}
DN_CLONES(UpdateTask, UpdateBody, Update)

// params, m, v and gradient [size], numbers [3] (see `adamwScalars`), rates [4], factor of the gradient -> the next
// params, m and v.
struct AdamW {
  static constexpr const char* kName = "DnAdamW";
  explicit AdamW(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    for (int i = 0; i < 3; i++) dn::SetShapeOfInput(context, i, i);
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor p = call.Input(0), m = call.Input(1), v = call.Input(2), gradient = call.Input(3);
    const dn::Tensor numbers = call.Input(4), rates = call.Input(5), factor = call.Input(6);
    Require(p.shape().size() == 1 && m.shape() == p.shape() && v.shape() == p.shape() && gradient.shape() == p.shape(),
            "expected params, m, v and gradient of one size; found " + Words(p.shape()) + ", " + Words(m.shape()) + ", " +
                Words(v.shape()) + ", " + Words(gradient.shape()));
    Require(dn::SizeOf(numbers.shape()) == 3 && dn::SizeOf(rates.shape()) == 4 && dn::SizeOf(factor.shape()) == 1,
            "expected 3 numbers, 4 rates and a factor; found " + Words(numbers.shape()) + ", " + Words(rates.shape()) +
                ", " + Words(factor.shape()));
    const dn::Tensor next_p = call.Output(0, p.shape()), next_m = call.Output(1, p.shape());
    const dn::Tensor next_v = call.Output(2, p.shape());
    const float* const n = numbers.data();
    const dn::RowBlocks blocks{p.shape()[0], 1};
    const Update update{blocks,        p.data(),      m.data(), v.data(), gradient.data(), next_p.data(),
                        next_m.data(), next_v.data(), n[0],     n[1],     n[2],            factor.data()[0],
                        rates.data()};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { UpdateTask(update, block); });
  }
};
const dn::Registration<AdamW> adamw({"params: float", "m: float", "v: float", "gradient: float", "numbers: float",
                                     "rates: float", "factor: float"},
                                    {}, {"next_params: float", "next_m: float", "next_v: float"});

struct Squares {
  dn::RowBlocks blocks;
  const float* x;
  const dn::BlockSums* sums;
};

template <int kLanes>
DN_INLINE void SquaresBody(const Squares& call, int64_t block) {
  const int64_t begin = call.blocks.begin(block), count = call.blocks.end(block) - begin, whole = count / kLanes * kLanes;
  const float* const x = call.x + begin;
  float sum = dn::Sum<kLanes>(whole, [&](int64_t i) DN_INLINED {
    const dn::Vector<kLanes> numbers = dn::Load<kLanes>(x + i);
    return numbers * numbers;
  });
  for (int64_t i = whole; i < count; i++) sum += x[i] * x[i];
  *call.sums->part(block) = sum;
}
DN_CLONES(SquaresTask, SquaresBody, Squares)

// x [size] -> the sum of its squares, a scalar.
struct SumOfSquares {
  static constexpr const char* kName = "DnSumOfSquares";
  explicit SumOfSquares(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    dn::Status status;
    TF_ShapeHandle* const scalar = TF_ShapeInferenceContextScalar(context);
    TF_ShapeInferenceContextSetOutput(context, 0, scalar, status);
    TF_DeleteShapeHandle(scalar);
    status.Check();
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), out = call.Output(0, {});
    const dn::RowBlocks blocks{dn::SizeOf(x.shape()), 1};
    const dn::BlockSums sums(blocks.count(), 1);
    const Squares squares{blocks, x.data(), &sums};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { SquaresTask(squares, block); });
    sums.Total(0, 1, out.data());
  }
};
const dn::Registration<SumOfSquares> sum_of_squares({"x: float"}, {}, {"sum: float"});

}  // namespace
