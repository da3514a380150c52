// Multi-scale deformable attention (Zhu et al., ICLR 2021, https://arxiv.org/abs/2010.04159) and its gradient, as
// computed by `ms_deform_attn_core_pytorch` in Deformable-DETR's models/ops/functions/ms_deform_attn_func.py. For each
// query and head, values are sampled bilinearly at L * P places and summed with weights. The four pixels of each sample
// and their weights are found for many samples at once, then the pixels' rows of D numbers are summed; no tensor of
// samples is kept.
//
// Coordinates are in pixels, with 0 at the centre of the first one. A pixel outside its level counts as zero: it gets
// weight 0 and the address of a pixel inside. A NaN coordinate makes the output NaN.
#include <algorithm>
#include <limits>

#include "op.h"
#include "parallel.h"
#include "simd.h"

namespace {

using dn::Require;
using dn::Shape;
using dn::Words;

struct Level {
  int height, width;
  // Index of the level's first row among the rows of an image's values.
  int64_t start;
};

// Sizes of one call: images, value rows, heads, width of a head, queries, points per level.
struct Sizes {
  int64_t images, rows, heads, width, queries, points;
  std::vector<Level> levels;

  int64_t row() const { return heads * width; }
  int64_t samples() const { return static_cast<int64_t>(levels.size()) * points; }
};

// `sizes` contains the height and width of each level. Throws if the shapes do not match.
Sizes SizesOf(const std::vector<int32_t>& sizes, const dn::Tensor& value, const dn::Tensor& locations,
              const dn::Tensor& weights) {
  const Shape &v = value.shape(), &l = locations.shape(), &w = weights.shape();
  const std::string found = "found value " + Words(v) + ", locations " + Words(l) + ", weights " + Words(w);
  Require(sizes.size() % 2 == 0, "sizes must be a height and a width for each level");
  Require(v.size() == 4 && l.size() == 6 && w.size() == 5,
          "expected value [B, S, H, D], locations [B, Q, H, L, P, 2], weights [B, Q, H, L, P]; " + found);
  const int64_t level_count = static_cast<int64_t>(sizes.size() / 2);
  Require(std::equal(w.begin(), w.end(), l.begin()) && l[5] == 2 && v[0] == w[0] && v[2] == w[2] && w[3] == level_count,
          "shapes do not match each other and " + std::to_string(level_count) + " levels; " + found);
  Sizes all{v[0], v[1], v[2], v[3], w[1], w[4], {}};
  int64_t rows = 0;
  for (int64_t i = 0; i < level_count; i++) {
    const Level level{sizes[2 * i], sizes[2 * i + 1], rows};
    Require(level.height > 0 && level.width > 0, "every level must have at least one pixel");
    rows += static_cast<int64_t>(level.height) * level.width;
    all.levels.push_back(level);
  }
  Require(rows == all.rows, "the levels have " + std::to_string(rows) + " pixels; " + found);
  // Offsets are 32-bit numbers.
  Require(rows * all.row() <= std::numeric_limits<int32_t>::max(), "one image has too many values; " + found);
  return all;
}

// One axis of a sample: the pixels on either side, and the weight of each, 0 if it is outside.
struct Between {
  int low, high;
  float low_weight, high_weight;
  // 1 for a pixel inside, otherwise 0: the derivative of its weight with respect to the coordinate, apart from the
  // sign.
  float low_inside, high_inside;
};

DN_INLINE Between Neighbours(float location, int size) {
  const float length = static_cast<float>(size);
  const float at = location * length - 0.5f;
  // The comparisons turn a NaN into -1, whose upper neighbour is inside.
  const float bounded = at > -2.f ? (at < length + 1 ? at : length + 1) : (at <= -2.f ? -2.f : -1.f);
  const int truncated = static_cast<int>(bounded);
  const int low = truncated - (bounded < static_cast<float>(truncated) ? 1 : 0);
  const float along = at - static_cast<float>(low);
  // Without branches, so that the compiler can process many samples at once.
  const bool low_inside = (low >= 0) & (low < size);
  const bool high_inside = (low >= -1) & (low < size - 1);
  const int first = std::min(std::max(low, 0), size - 1);
  const int second = std::min(std::max(low + 1, 0), size - 1);
  return {first,
          second,
          low_inside ? 1.f - along : 0.f,
          high_inside ? along : 0.f,
          low_inside ? 1.f : 0.f,
          high_inside ? 1.f : 0.f};
}

// Calls `part.Run<lanes, count>(offset)` for parts of lanes * count numbers that make up a width, with `lanes` at most
// kLanes.
template <int kLanes, typename Part>
DN_INLINE void ForParts(int64_t width, const Part& part, int64_t offset = 0) {
  if constexpr (kLanes == 1) {
    for (; offset < width; offset++) part.template Run<1, 1>(offset);
  } else {
    for (; width - offset >= 4 * kLanes; offset += 4 * kLanes) part.template Run<kLanes, 4>(offset);
    if (width - offset >= 2 * kLanes) part.template Run<kLanes, 2>(offset), offset += 2 * kLanes;
    if (width - offset >= kLanes) part.template Run<kLanes, 1>(offset), offset += kLanes;
    ForParts<kLanes == 4 ? 1 : kLanes / 2>(width, part, offset);
  }
}

struct Forward {
  const Sizes& sizes;
  const float *value, *locations, *weights;
  float* out;
  // Number of queries per task.
  int64_t block;
  // For each sample of a query: width and height of its level, and the offset of the level's first row and the head.
  std::vector<int> widths, heights, starts;

  // The part for one head: sums the rows of pixels.
  struct Part {
    const float* value;
    const int* places;
    const float* shares;
    // Number of samples, and the distance between the four lists of pixels.
    int64_t samples, stride;
    float* out;

    template <int kLanes, int kCount>
    DN_INLINE void Run(int64_t offset) const {
      using Vector = dn::Vector<kLanes>;
      // Several sums at a time, because each has to wait for its last addition.
      constexpr int kSums = kCount >= 4 ? 1 : 4 / kCount;
      Vector sums[kSums][kCount] = {};
      for (int64_t i = 0; i < samples; i++) {
        for (int pixel = 0; pixel < 4; pixel++) {
          const float* row = value + places[pixel * stride + i] + offset;
          const float share = shares[pixel * stride + i];
          for (int k = 0; k < kCount; k++) sums[pixel % kSums][k] += share * dn::Load<kLanes>(row + k * kLanes);
        }
      }
      for (int k = 0; k < kCount; k++) {
        Vector sum = sums[0][k];
        for (int i = 1; i < kSums; i++) sum += sums[i][k];
        dn::Store<kLanes>(sum, out + offset + k * kLanes);
      }
    }
  };
};

template <int kLanes>
DN_INLINE void ForwardBody(const Forward& call, int64_t task) {
  const Sizes& sizes = call.sizes;
  const int64_t samples = sizes.samples(), all = sizes.heads * samples, row = sizes.row();
  const int64_t end = std::min((task + 1) * call.block, sizes.images * sizes.queries);
  std::vector<int> place_list(4 * all);
  std::vector<float> share_list(4 * all);
  int* const places = place_list.data();
  float* const shares = share_list.data();
  const int *widths = call.widths.data(), *heights = call.heights.data(), *starts = call.starts.data();
  const int step = static_cast<int>(row);
  for (int64_t query = task * call.block; query < end; query++) {
    const float* locations = call.locations + query * all * 2;
    const float* weights = call.weights + query * all;
#pragma GCC ivdep
    for (int64_t i = 0; i < all; i++) {
      const int width = widths[i], start = starts[i];
      const Between x = Neighbours(locations[2 * i], width);
      const Between y = Neighbours(locations[2 * i + 1], heights[i]);
      const float low = weights[i] * y.low_weight, high = weights[i] * y.high_weight;
      places[i] = start + (y.low * width + x.low) * step;
      places[all + i] = start + (y.low * width + x.high) * step;
      places[2 * all + i] = start + (y.high * width + x.low) * step;
      places[3 * all + i] = start + (y.high * width + x.high) * step;
      shares[i] = low * x.low_weight;
      shares[all + i] = low * x.high_weight;
      shares[2 * all + i] = high * x.low_weight;
      shares[3 * all + i] = high * x.high_weight;
    }
    const float* value = call.value + query / sizes.queries * sizes.rows * row;
    for (int64_t head = 0; head < sizes.heads; head++) {
      const int64_t first = head * samples;
      ForParts<kLanes>(sizes.width, Forward::Part{value, places + first, shares + first, samples, all,
                                                  call.out + query * row + head * sizes.width});
    }
  }
}
DN_CLONES(ForwardTask, ForwardBody, Forward)

// A task is one level of one head of one image: no two tasks write to the same rows of values, so the order of sums is
// the same for any number of threads.
struct Backward {
  const Sizes& sizes;
  const float *value, *locations, *weights, *dy;
  float *d_value, *d_locations, *d_weights;

  // Samples that are processed together, at least those of one query.
  static constexpr int64_t kBlock = 128;

  // The part for a block of queries: adds the gradient to the rows of pixels, and multiplies these rows by the
  // gradient.
  struct Part {
    const float *value, *dy;
    float* d_value;
    int64_t queries, points, row, stride;
    const int* places;
    const float* shares;
    float* products;

    template <int kLanes, int kCount>
    DN_INLINE void Run(int64_t offset) const {
      using Vector = dn::Vector<kLanes>;
      for (int64_t query = 0, i = 0; query < queries; query++) {
        Vector gradient[kCount];
        for (int k = 0; k < kCount; k++) gradient[k] = dn::Load<kLanes>(dy + query * row + offset + k * kLanes);
        for (int64_t point = 0; point < points; point++, i++) {
          Vector sums[4];
          // One pixel after the other, because two that are outside may share an address.
          for (int pixel = 0; pixel < 4; pixel++) {
            const int64_t place = places[pixel * stride + i] + offset;
            const float share = shares[pixel * stride + i];
            sums[pixel] = gradient[0] * dn::Load<kLanes>(value + place);
            for (int k = 1; k < kCount; k++) sums[pixel] += gradient[k] * dn::Load<kLanes>(value + place + k * kLanes);
            for (int k = 0; k < kCount; k++) {
              float* const at = d_value + place + k * kLanes;
              dn::Store<kLanes>(dn::Load<kLanes>(at) + share * gradient[k], at);
            }
          }
          float* const product = products + 4 * i;
          _mm_storeu_ps(product, _mm_add_ps(_mm_loadu_ps(product), dn::Sums<kLanes>(sums)));
        }
      }
    }
  };
};

template <int kLanes>
DN_INLINE void BackwardBody(const Backward& call, int64_t task) {
  const Sizes& sizes = call.sizes;
  const int64_t image = task % sizes.images, head = task / sizes.images % sizes.heads;
  const int64_t level_index = task / sizes.images / sizes.heads, level_count = static_cast<int64_t>(sizes.levels.size());
  const Level level = sizes.levels[level_index];
  const int64_t row = sizes.row(), points = sizes.points;
  const int64_t values = (image * sizes.rows + level.start) * row + head * sizes.width;
  if (points == 0) return;

  const int64_t queries = std::max<int64_t>(1, Backward::kBlock / points), most = queries * points;
  std::vector<int> place_list(4 * most);
  std::vector<float> number_list(18 * most);
  int* const places = place_list.data();
  float* const shares = number_list.data();
  float* const products = shares + 4 * most;
  // x and y of the samples, their weights, then the results of Neighbours.
  float* const xy = products + 4 * most;
  float* const weight = xy + 2 * most;
  float* const x_low = weight + most;
  float* const x_high = x_low + most;
  float* const y_low = x_high + most;
  float* const y_high = y_low + most;
  float* const x_sides = y_high + most;  // low inside + 2 * high inside
  float* const y_sides = x_sides + most;
  const int width = level.width, height = level.height, step = static_cast<int>(row);
  for (int64_t begin = 0; begin < sizes.queries; begin += queries) {
    const int64_t count = std::min(queries, sizes.queries - begin), samples = count * points;
    const auto place = [&](int64_t query) {
      return (((image * sizes.queries + begin + query) * sizes.heads + head) * level_count + level_index) * points;
    };
    for (int64_t query = 0; query < count; query++) {
      std::copy_n(call.locations + 2 * place(query), 2 * points, xy + 2 * query * points);
      std::copy_n(call.weights + place(query), points, weight + query * points);
    }
#pragma GCC ivdep
    for (int64_t i = 0; i < samples; i++) {
      const Between x = Neighbours(xy[2 * i], width), y = Neighbours(xy[2 * i + 1], height);
      const float low = weight[i] * y.low_weight, high = weight[i] * y.high_weight;
      places[i] = (y.low * width + x.low) * step;
      places[most + i] = (y.low * width + x.high) * step;
      places[2 * most + i] = (y.high * width + x.low) * step;
      places[3 * most + i] = (y.high * width + x.high) * step;
      shares[i] = low * x.low_weight;
      shares[most + i] = low * x.high_weight;
      shares[2 * most + i] = high * x.low_weight;
      shares[3 * most + i] = high * x.high_weight;
      x_low[i] = x.low_weight, x_high[i] = x.high_weight;
      y_low[i] = y.low_weight, y_high[i] = y.high_weight;
      x_sides[i] = x.low_inside + 2 * x.high_inside;
      y_sides[i] = y.low_inside + 2 * y.high_inside;
    }
    std::fill_n(products, 4 * samples, 0.f);
    const float* dy = call.dy + (image * sizes.queries + begin) * row + head * sizes.width;
    ForParts<kLanes>(sizes.width, Backward::Part{call.value + values, dy, call.d_value + values, count, points, row, most,
                                                 places, shares, products});
#pragma GCC ivdep
    for (int64_t i = 0; i < samples; i++) {
      const float a = products[4 * i], b = products[4 * i + 1], c = products[4 * i + 2], d = products[4 * i + 3];
      const float x_high_inside = x_sides[i] >= 2 ? 1.f : 0.f, x_low_inside = x_sides[i] - 2 * x_high_inside;
      const float y_high_inside = y_sides[i] >= 2 ? 1.f : 0.f, y_low_inside = y_sides[i] - 2 * y_high_inside;
      const float left = y_low[i] * a + y_high[i] * c, right = y_low[i] * b + y_high[i] * d;
      const float above = x_low[i] * a + x_high[i] * b, below = x_low[i] * c + x_high[i] * d;
      xy[2 * i] = weight[i] * static_cast<float>(width) * (x_high_inside * right - x_low_inside * left);
      xy[2 * i + 1] = weight[i] * static_cast<float>(height) * (y_high_inside * below - y_low_inside * above);
      weight[i] = y_low[i] * above + y_high[i] * below;
    }
    for (int64_t query = 0; query < count; query++) {
      std::copy_n(xy + 2 * query * points, 2 * points, call.d_locations + 2 * place(query));
      std::copy_n(weight + query * points, points, call.d_weights + place(query));
    }
  }
}
DN_CLONES(BackwardTask, BackwardBody, Backward)

// Separate from the tasks, which would each write a few bytes of every row: with few queries, that took most of the
// time.
void Clear(float* values, int64_t count, dn::Pool* pool) {
  constexpr int64_t kPiece = 1 << 17;
  pool->Run((count + kPiece - 1) / kPiece, [&](int64_t piece) {
    std::fill_n(values + piece * kPiece, std::min(kPiece, count - piece * kPiece), 0.f);
  });
}

// value [B, S, H, D], locations [B, Q, H, L, P, 2] as x, y in 0..1, weights [B, Q, H, L, P] -> [B, Q, H * D].
struct Attention {
  static constexpr const char* kName = "DnMultiScaleDeformableAttention";
  const std::vector<int32_t> sizes;
  explicit Attention(const dn::Attributes& attributes) : sizes(attributes.Ints("sizes")) {}

  static void InferShapes(TF_ShapeInferenceContext* context) {
    dn::Status status;
    dn::ShapeHandle value(context, 0), weights(context, 2);
    const bool known = value.HasRank(4) && weights.HasRank(5) && value.Axis(2) >= 0 && value.Axis(3) >= 0;
    if (!known) return TF_ShapeInferenceContextSetUnknownShape(context, status);
    dn::ShapeHandle queries(context), output(context);
    TF_ShapeInferenceContextSubshape(context, weights, 0, 2, queries, status);
    status.Check();
    TF_ShapeHandle* width = TF_ShapeInferenceContextVectorFromSize(context, value.Axis(2) * value.Axis(3));
    TF_ShapeInferenceContextConcatenateShapes(context, queries, width, output, status);
    TF_DeleteShapeHandle(width);
    status.Check();
    TF_ShapeInferenceContextSetOutput(context, 0, output, status);
    status.Check();
  }

  void Compute(const dn::Call& call) const {
    const dn::Tensor value = call.Input(0), locations = call.Input(1), weights = call.Input(2);
    const Sizes all = SizesOf(sizes, value, locations, weights);
    const dn::Tensor out = call.Output(0, {all.images, all.queries, all.row()});
    dn::Pool& pool = dn::Pool::Get();
    const int64_t queries = all.images * all.queries;
    const int64_t block = std::min<int64_t>(64, std::max<int64_t>(1, queries / (4 * pool.threads())));
    Forward forward{all, value.data(), locations.data(), weights.data(), out.data(), block, {}, {}, {}};
    for (int64_t head = 0; head < all.heads; head++) {
      for (const Level& level : all.levels) {
        const int start = static_cast<int>(level.start * all.row() + head * all.width);
        forward.widths.insert(forward.widths.end(), all.points, level.width);
        forward.heights.insert(forward.heights.end(), all.points, level.height);
        forward.starts.insert(forward.starts.end(), all.points, start);
      }
    }
    pool.Run((queries + block - 1) / block, [&](int64_t task) { ForwardTask(forward, task); });
  }
};

// The same inputs and dy [B, Q, H * D] -> the gradients of value, locations and weights.
struct AttentionGradient {
  static constexpr const char* kName = "DnMultiScaleDeformableAttentionGrad";
  const std::vector<int32_t> sizes;
  explicit AttentionGradient(const dn::Attributes& attributes) : sizes(attributes.Ints("sizes")) {}

  static void InferShapes(TF_ShapeInferenceContext* context) {
    dn::Status status;
    for (int i = 0; i < 3; i++) {
      dn::ShapeHandle input(context, i);
      TF_ShapeInferenceContextSetOutput(context, i, input, status);
      status.Check();
    }
  }

  void Compute(const dn::Call& call) const {
    const dn::Tensor value = call.Input(0), locations = call.Input(1), weights = call.Input(2), dy = call.Input(3);
    const Sizes all = SizesOf(sizes, value, locations, weights);
    const Shape expected{all.images, all.queries, all.row()};
    Require(dy.shape() == expected, "expected dy " + Words(expected) + "; found " + Words(dy.shape()));
    const dn::Tensor d_value = call.Output(0, value.shape()), d_locations = call.Output(1, locations.shape());
    const dn::Tensor d_weights = call.Output(2, weights.shape());
    const Backward backward{all,       value.data(),   locations.data(),   weights.data(),
                            dy.data(), d_value.data(), d_locations.data(), d_weights.data()};
    dn::Pool& pool = dn::Pool::Get();
    Clear(d_value.data(), all.images * all.rows * all.row(), &pool);
    const int64_t tasks = static_cast<int64_t>(all.levels.size()) * all.heads * all.images;
    pool.Run(tasks, [&](int64_t task) { BackwardTask(backward, task); });
  }
};

const std::vector<const char*> kInputs{"value: float", "locations: float", "weights: float"};
const dn::Registration<Attention> attention(kInputs, {"sizes: list(int)"}, {"out: float"});
const dn::Registration<AttentionGradient> gradient({"value: float", "locations: float", "weights: float", "dy: float"},
                                                   {"sizes: list(int)"},
                                                   {"d_value: float", "d_locations: float", "d_weights: float"});

}  // namespace
