// Layer normalisation (Ba et al. 2016, https://arxiv.org/abs/1607.06450) and its gradient: `normalizeRows` in core's
// nn/norm.ts. A row stays in a core's cache while its mean, variance and result are computed.
#include <cmath>

#include "op.h"
#include "rows.h"

namespace {

using dn::Require;
using dn::Words;

// PyTorch's default.
constexpr float kEpsilon = 1e-5f;

struct Rows {
  dn::RowBlocks blocks;
  const float *x, *weight, *bias;
  // Null except for the gradient.
  const float* dy;
  float* out;
  // For the gradient: sums of dy · normal, followed by those of dy.
  const dn::BlockSums* sums;
};

struct Moments {
  float mean;
  // One over the standard deviation.
  float scale;
};

template <int kLanes>
DN_INLINE Moments MomentsOf(const float* x, int64_t width) {
  using Numbers = dn::Vector<kLanes>;
  const float mean = dn::Sum<kLanes>(width, [&](int64_t i) DN_INLINED { return dn::Load<kLanes>(x + i); }) / width;
  const float squares = dn::Sum<kLanes>(width, [&](int64_t i) DN_INLINED {
    const Numbers centred = dn::Load<kLanes>(x + i) - mean;
    return centred * centred;
  });
  return {mean, 1 / std::sqrt(squares / width + kEpsilon)};
}

template <int kLanes>
DN_INLINE void Normalize(const Rows& call, int64_t row) {
  const int64_t width = call.blocks.width;
  const float* const x = call.x + row * width;
  float* const y = call.out + row * width;
  const Moments moments = MomentsOf<kLanes>(x, width);
  for (int64_t i = 0; i < width; i += kLanes) {
    const dn::Vector<kLanes> normal = (dn::Load<kLanes>(x + i) - moments.mean) * moments.scale;
    dn::Store<kLanes>(normal * dn::Load<kLanes>(call.weight + i) + dn::Load<kLanes>(call.bias + i), y + i);
  }
}

// With n the normalised row, r one over the standard deviation and g = dy · weight: r (g - mean(g) - n mean(g n)).
template <int kLanes>
DN_INLINE void Differentiate(const Rows& call, int64_t row, float* sums) {
  using Numbers = dn::Vector<kLanes>;
  const int64_t width = call.blocks.width;
  const float *const x = call.x + row * width, *const dy = call.dy + row * width;
  float* const dx = call.out + row * width;
  const auto [mean, scale] = MomentsOf<kLanes>(x, width);
  Numbers level{}, along{};
  for (int64_t i = 0; i < width; i += kLanes) {
    const Numbers gradient = dn::Load<kLanes>(dy + i), normal = (dn::Load<kLanes>(x + i) - mean) * scale;
    const Numbers by_normal = gradient * normal, weight = dn::Load<kLanes>(call.weight + i);
    dn::Store<kLanes>(dn::Load<kLanes>(sums + i) + by_normal, sums + i);
    dn::Store<kLanes>(dn::Load<kLanes>(sums + width + i) + gradient, sums + width + i);
    level += gradient * weight;
    along += by_normal * weight;
  }
  const float mean_level = dn::Total<kLanes>(level) / width, mean_along = dn::Total<kLanes>(along) / width;
  for (int64_t i = 0; i < width; i += kLanes) {
    const Numbers normal = (dn::Load<kLanes>(x + i) - mean) * scale;
    const Numbers gradient = dn::Load<kLanes>(dy + i) * dn::Load<kLanes>(call.weight + i);
    dn::Store<kLanes>((gradient - mean_level - normal * mean_along) * scale, dx + i);
  }
}

template <int kLanes>
DN_INLINE void Block(const Rows& call, int64_t block) {
  for (int64_t row = call.blocks.begin(block); row < call.blocks.end(block); row++) {
    if (call.dy == nullptr) Normalize<kLanes>(call, row);
    else Differentiate<kLanes>(call, row, call.sums->part(block));
  }
}

template <int kLanes>
DN_INLINE void BlockBody(const Rows& call, int64_t block) {
  DN_WIDEST(Block, call.blocks.width, call, block);
}
DN_CLONES(BlockTask, BlockBody, Rows)

void RequireFitting(const dn::Tensor& x, const dn::Tensor& weight, const dn::Tensor& bias) {
  Require(x.shape().size() == 2 && weight.shape() == dn::Shape{x.shape()[1]} && bias.shape() == weight.shape(),
          "expected x [N, d], weight [d], bias [d]; found x " + Words(x.shape()) + ", weight " + Words(weight.shape()) +
              ", bias " + Words(bias.shape()));
}

// x [N, d], weight [d], bias [d] -> y [N, d].
struct LayerNorm {
  static constexpr const char* kName = "DnLayerNorm";
  explicit LayerNorm(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) { dn::SetShapeOfInput(context, 0, 0); }
  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), weight = call.Input(1), bias = call.Input(2);
    RequireFitting(x, weight, bias);
    const dn::Tensor y = call.Output(0, x.shape());
    const dn::RowBlocks blocks{x.shape()[0], x.shape()[1]};
    const Rows rows{blocks, x.data(), weight.data(), bias.data(), nullptr, y.data(), nullptr};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { BlockTask(rows, block); });
  }
};
const dn::Registration<LayerNorm> layer_norm({"x: float", "weight: float", "bias: float"}, {}, {"y: float"});

// The same inputs and dy [N, d] -> the gradients of x, weight and bias.
struct LayerNormGradient {
  static constexpr const char* kName = "DnLayerNormGrad";
  explicit LayerNormGradient(const dn::Attributes&) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    for (int i = 0; i < 3; i++) dn::SetShapeOfInput(context, i, i);
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor x = call.Input(0), weight = call.Input(1), bias = call.Input(2), dy = call.Input(3);
    RequireFitting(x, weight, bias);
    Require(dy.shape() == x.shape(), "expected dy " + Words(x.shape()) + "; found " + Words(dy.shape()));
    const dn::Tensor dx = call.Output(0, x.shape());
    const dn::Tensor d_weight = call.Output(1, weight.shape()), d_bias = call.Output(2, bias.shape());
    const int64_t width = x.shape()[1];
    const dn::RowBlocks blocks{x.shape()[0], width};
    const dn::BlockSums sums(blocks.count(), 2 * width);
    const Rows rows{blocks, x.data(), weight.data(), bias.data(), dy.data(), dx.data(), &sums};
    dn::Pool::Get().Run(blocks.count(), [&](int64_t block) { BlockTask(rows, block); });
    sums.Total(0, width, d_weight.data());
    sums.Total(width, width, d_bias.data());
  }
};
const dn::Registration<LayerNormGradient> gradient({"x: float", "weight: float", "bias: float", "dy: float"}, {},
                                                   {"dx: float", "d_weight: float", "d_bias: float"});

}  // namespace
