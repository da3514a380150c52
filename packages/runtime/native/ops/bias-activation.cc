// Bias followed by ReLU or PReLU (He et al., ICCV 2015), its gradient, and column sums, which are a bias's gradient:
// core's nn/activation.ts and nn/column-sums.ts.
#include "op.h"
#include "rows.h"

namespace {

using dn::Require;
using dn::Words;

struct Rows {
  dn::RowBlocks blocks;
  const float *x, *bias;
  float slope;
  // True for ReLU, which has no slope; its gradient at 0 is 0, where that of PReLU is 1.
  bool relu;
  // Null except for the gradient.
  const float* dy;
  float* out;
  // For the gradient, in each block: the sums of the columns for the bias, then one number for the slope.
  const dn::BlockSums* sums;
};

template <int kLanes>
DN_INLINE void Forward(const Rows& call, int64_t block) {
  using Numbers = dn::Vector<kLanes>;
  const int64_t width = call.blocks.width;
  for (int64_t row = call.blocks.begin(block); row < call.blocks.end(block); row++) {
    const float* const x = call.x + row * width;
    float* const y = call.out + row * width;
    for (int64_t i = 0; i < width; i += kLanes) {
      const Numbers sum = dn::Load<kLanes>(x + i) + dn::Load<kLanes>(call.bias + i);
      const Numbers bent = call.relu ? Numbers{} : sum * call.slope;
      dn::Store<kLanes>(sum < 0.f ? bent : sum, y + i);
    }
  }
}

template <int kLanes>
DN_INLINE void Backward(const Rows& call, int64_t block) {
  using Numbers = dn::Vector<kLanes>;
  const int64_t width = call.blocks.width;
  float* const sums = call.sums->part(block);
  Numbers d_slope{};
  for (int64_t row = call.blocks.begin(block); row < call.blocks.end(block); row++) {
    const float *const x = call.x + row * width, *const dy = call.dy + row * width;
    float* const dx = call.out + row * width;
    for (int64_t i = 0; i < width; i += kLanes) {
      const Numbers sum = dn::Load<kLanes>(x + i) + dn::Load<kLanes>(call.bias + i), gradient = dn::Load<kLanes>(dy + i);
      const Numbers part = call.relu ? (sum > 0.f ? gradient : Numbers{}) : (sum < 0.f ? gradient * call.slope : gradient);
      d_slope += sum < 0.f ? gradient * sum : Numbers{};
      dn::Store<kLanes>(part, dx + i);
      dn::Store<kLanes>(dn::Load<kLanes>(sums + i) + part, sums + i);
    }
  }
  sums[width] = dn::Total<kLanes>(d_slope);
}

template <int kLanes>
DN_INLINE void AddUp(const Rows& call, int64_t block) {
  const int64_t width = call.blocks.width;
  float* const sums = call.sums->part(block);
  for (int64_t row = call.blocks.begin(block); row < call.blocks.end(block); row++) {
    const float* const x = call.x + row * width;
    for (int64_t i = 0; i < width; i += kLanes) {
      dn::Store<kLanes>(dn::Load<kLanes>(sums + i) + dn::Load<kLanes>(x + i), sums + i);
    }
  }
}

template <int kLanes>
DN_INLINE void ForwardBody(const Rows& call, int64_t block) {
  DN_WIDEST(Forward, call.blocks.width, call, block);
}
DN_CLONES(ForwardTask, ForwardBody, Rows)

template <int kLanes>
DN_INLINE void BackwardBody(const Rows& call, int64_t block) {
  DN_WIDEST(Backward, call.blocks.width, call, block);
}
DN_CLONES(BackwardTask, BackwardBody, Rows)

template <int kLanes>
DN_INLINE void AddUpBody(const Rows& call, int64_t block) {
  DN_WIDEST(AddUp, call.blocks.width, call, block);
}
DN_CLONES(AddUpTask, AddUpBody, Rows)

void RequireFitting(const dn::Tensor& x, const dn::Tensor& bias) {
  Require(x.shape().size() == 2 && bias.shape() == dn::Shape{x.shape()[1]},
          "expected x [N, d], bias [d]; found x " + Words(x.shape()) + ", bias " + Words(bias.shape()));
}

float SlopeOf(const dn::Tensor& slope) {
  Require(slope.shape() == dn::Shape{1}, "expected slope [1]; found " + Words(slope.shape()));
  return slope.data()[0];
}

// x [N, d], bias [d] and, except for ReLU, slope [1] -> y [N, d].
template <bool kRelu>
struct Activation {
  static constexpr const char* kName = kRelu ? "DnBiasRelu" : "DnBiasPrelu";
  explicit Activation(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) { dn::SetShapeOfInput(context, 0, 0); }
  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), bias = call.Input(1);
    RequireFitting(x, bias);
    const dn::Tensor y = call.Output(0, x.shape());
    const dn::RowBlocks blocks{x.shape()[0], x.shape()[1]};
    const float slope = kRelu ? 0 : SlopeOf(call.Input(2));
    const Rows rows{blocks, x.data(), bias.data(), slope, kRelu, nullptr, y.data(), nullptr};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { ForwardTask(rows, block); });
  }
};
const dn::Registration<Activation<true>> relu({"x: float", "bias: float"}, {}, {"y: float"});
const dn::Registration<Activation<false>> prelu({"x: float", "bias: float", "slope: float"}, {}, {"y: float"});

// The same inputs and dy [N, d] -> the gradients of x, bias and slope.
template <bool kRelu>
struct ActivationGradient {
  static constexpr const char* kName = kRelu ? "DnBiasReluGrad" : "DnBiasPreluGrad";
  explicit ActivationGradient(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    for (int i = 0; i < (kRelu ? 2 : 3); i++) dn::SetShapeOfInput(context, i, i);
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), bias = call.Input(1), dy = call.Input(kRelu ? 2 : 3);
    RequireFitting(x, bias);
    Require(dy.shape() == x.shape(), "expected dy " + Words(x.shape()) + "; found " + Words(dy.shape()));
    const dn::Tensor dx = call.Output(0, x.shape()), d_bias = call.Output(1, bias.shape());
    const int64_t width = x.shape()[1];
    const dn::RowBlocks blocks{x.shape()[0], width};
    const dn::BlockSums sums(blocks.count(), width + 1);
    const float slope = kRelu ? 0 : SlopeOf(call.Input(2));
    const Rows rows{blocks, x.data(), bias.data(), slope, kRelu, dy.data(), dx.data(), &sums};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { BackwardTask(rows, block); });
    sums.Total(0, width, d_bias.data());
    if (!kRelu) sums.Total(width, 1, call.Output(2, {1}).data());
  }
};
const dn::Registration<ActivationGradient<true>> relu_gradient({"x: float", "bias: float", "dy: float"}, {},
                                                               {"dx: float", "d_bias: float"});
const dn::Registration<ActivationGradient<false>> prelu_gradient({"x: float", "bias: float", "slope: float", "dy: float"},
                                                                 {}, {"dx: float", "d_bias: float", "d_slope: float"});

// x [N, d] -> the sums of its columns [d].
struct ColumnSums {
  static constexpr const char* kName = "DnColumnSums";
  explicit ColumnSums(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    dn::Status status;
    dn::ShapeHandle x(context, 0), columns(context);
    if (!x.HasRank(2)) return TF_ShapeInferenceContextSetUnknownShape(context, status);
    TF_ShapeInferenceContextSubshape(context, x, 1, 2, columns, status);
    status.Check();
    TF_ShapeInferenceContextSetOutput(context, 0, columns, status);
    status.Check();
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0);
    Require(x.shape().size() == 2, "expected x [N, d]; found " + Words(x.shape()));
    const int64_t width = x.shape()[1];
    const dn::Tensor out = call.Output(0, {width});
    const dn::RowBlocks blocks{x.shape()[0], width};
    const dn::BlockSums sums(blocks.count(), width);
    const Rows rows{blocks, x.data(), nullptr, 0, false, nullptr, nullptr, &sums};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { AddUpTask(rows, block); });
    sums.Total(0, width, out.data());
  }
};
const dn::Registration<ColumnSums> column_sums({"x: float"}, {}, {"sums: float"});

}  // namespace
