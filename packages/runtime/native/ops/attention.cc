// Multi-head attention of projected queries, keys and values, and its gradient: `attend` in core's nn/attention.ts.
// Each image and head is a task that processes its queries panel by panel: scores, softmax and products of a panel stay
// in a core's cache, and no tensor of scores is kept. The gradient recomputes them (Dao et al. 2022,
// https://arxiv.org/abs/2205.14135).
//
// Scores are laid out key by key, `[K, kPanel]`, so that all queries in a panel are processed at once.
#include <cmath>
#include <vector>

#include "op.h"
#include "parallel.h"
#include "product.h"

namespace {

using dn::kPanel;
using dn::kTileRows;
using dn::Require;
using dn::Shape;
using dn::Words;

constexpr int64_t RoundUp(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

// A mask `[B or 1, H or 1, Q or 1, K or 1]`, where 1 means the same values along the complete axis.
struct Mask {
  const float* data;
  int64_t images, heads, queries, keys;

  Mask(const dn::Tensor& tensor, const Shape& full) : data(tensor.data()) {
    const Shape& shape = tensor.shape();
    bool fits = shape.size() == 4;
    for (size_t axis = 0; fits && axis < 4; axis++) fits = shape[axis] == 1 || shape[axis] == full[axis];
    Require(fits, "a mask must be " + Words(full) + " or 1 on some axes; found " + Words(shape));
    images = shape[0], heads = shape[1], queries = shape[2], keys = shape[3];
  }
  // Index of the mask's matrix for a head of an image.
  int64_t slice(int64_t image, int64_t head) const { return (images > 1 ? image * heads : 0) + (heads > 1 ? head : 0); }
  const float* at(int64_t slice, int64_t query) const { return data + (slice * queries + (queries > 1 ? query : 0)) * keys; }
};

// Rows in which the heads of an image lie side by side, with `step` numbers from one row to the next.
template <typename Number>
struct Rows {
  Number* data;
  int64_t step;

  Number* at(int64_t row, int64_t column) const { return data + row * step + column; }
};

struct Call {
  int64_t batch, heads, queries, keys;
  // Widths of one head: of queries and keys, and of values.
  int64_t width, value_width;
  Rows<const float> q, k, v;
  Mask bias, open;
  // A bias that differs between queries, laid out like the scores: panel by panel for each of its matrices.
  float* bias_panels;

  float* bias_panel(int64_t slice, int64_t query) const {
    // Room for panels of any instruction set.
    return bias_panels + (slice * RoundUp(queries, 32) + query) * keys;
  }
  // The output, or null if the gradient is requested; the remaining fields are only for the gradient.
  Rows<float> y;
  Rows<const float> dy;
  Rows<float> dq, dk, dv;
};

// Working data of one task: one head of one image. Sizes are rounded up to full tiles and vectors.
template <int kLanes>
struct Head {
  const Call& call;
  int64_t image, head;
  float scale;
  int64_t key_room, width_room, value_room;
  // Panels of keys and values, whose columns are rows of these; and the rows.
  float *key_panels, *value_panels, *key_rows, *value_rows;
  // A panel of scaled queries and of the output's gradient; and their rows.
  float *query_panel, *dy_panel, *query_rows, *dy_rows;
  // Weights and gradients [K, kPanel].
  float *weights, *gradients;
  // Sums of the gradients of keys and values, row by row.
  float *dk, *dv;
};

// left · right for all tiles of `rows` × `columns` numbers, where rows of the left matrix are kRowStep numbers apart;
// `store(tile, row, column)` receives each tile. Processes kVectors of columns at a time.
template <int kLanes, int kVectors, int kRowStep, typename Store>
DN_INLINE void ForTiles(const float* left, int64_t depth_step, const float* right, int64_t right_step, int64_t depth,
                        int64_t rows, int64_t begin, int64_t columns, const Store& store) {
  for (int64_t row = 0; row < rows; row += kTileRows<kLanes>) {
    for (int64_t column = begin; column + kVectors * kLanes <= columns; column += kVectors * kLanes) {
      dn::Tile<kLanes, kVectors> sums = {};
      dn::AddProduct<kLanes, kVectors, kRowStep>(left + row * kRowStep, depth_step, right + column, right_step, depth, sums);
      store(sums, row, column);
    }
  }
}

// The same for any number of vectors of columns.
template <int kLanes, int kRowStep, typename Store>
DN_INLINE void ForColumns(const float* left, int64_t depth_step, const float* right, int64_t columns, int64_t depth,
                          int64_t rows, const Store& store) {
  const int64_t pairs = columns / kPanel<kLanes> * kPanel<kLanes>;
  ForTiles<kLanes, 2, kRowStep>(left, depth_step, right, columns, depth, rows, 0, pairs, store);
  ForTiles<kLanes, 1, kRowStep>(left, depth_step, right, columns, depth, rows, pairs, columns, store);
}

// Products of each key, or value, with each query of a panel: [K, kPanel].
template <int kLanes>
DN_INLINE void MultiplyPanels(const float* panels, const float* panel, int64_t width, int64_t keys, float* out) {
  constexpr int64_t kColumns = kPanel<kLanes>;
  for (int64_t key = 0; key < keys; key += kColumns) {
    ForTiles<kLanes, 2, 1>(panels + key * width, kColumns, panel, kColumns, width, std::min(kColumns, keys - key), 0, kColumns,
                           [&](const dn::Tile<kLanes, 2>& tile, int64_t row, int64_t) DN_INLINED {
#pragma GCC unroll 8
                             for (int i = 0; i < kTileRows<kLanes>; i++) {
                               float* const to = out + (key + row + i) * kColumns;
                               dn::Store<kLanes>(tile[i][0], to);
                               dn::Store<kLanes>(tile[i][1], to + kLanes);
                             }
                           });
  }
}

// Adds a tile to rows that are `step` numbers apart.
template <int kLanes, int kVectors>
DN_INLINE void AddTile(const dn::Tile<kLanes, kVectors>& tile, float* to, int64_t step) {
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows<kLanes>; i++) {
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; j++) {
      float* const place = to + i * step + j * kLanes;
      dn::Store<kLanes>(dn::Load<kLanes>(place) + tile[i][j], place);
    }
  }
}

// Writes the part of a tile that is within `rows` and `columns`, each row multiplied by its factor.
template <int kLanes, int kVectors>
DN_INLINE void WriteTile(const dn::Tile<kLanes, kVectors>& tile, const float* factors, int64_t rows, int64_t columns,
                         float* to, int64_t step) {
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows<kLanes>; i++) {
    if (i >= rows) return;
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; j++) {
      const dn::Vector<kLanes> numbers = tile[i][j] * factors[i];
      float* const place = to + i * step + j * kLanes;
      if (columns >= (j + 1) * kLanes) {
        dn::Store<kLanes>(numbers, place);
      } else {
        for (int64_t column = j * kLanes; column < columns; column++) to[i * step + column] = numbers[column - j * kLanes];
      }
    }
  }
}

// Scores of a panel of queries and their softmax numerators, e^(score - largest), whose sums go to `sums`.
template <int kLanes>
DN_INLINE void Weigh(const Head<kLanes>& head, int64_t first, int64_t count, float* sums) {
  using Numbers = dn::Vector<kLanes>;
  constexpr int64_t kColumns = kPanel<kLanes>;
  const Call& call = head.call;
  const Rows<const float> queries{call.q.at(head.image * call.queries + first, head.head * call.width), call.q.step};
  dn::PackColumns<kLanes>(queries.data, queries.step, count, call.width, head.scale, head.query_panel);
  MultiplyPanels<kLanes>(head.key_panels, head.query_panel, call.width, call.keys, head.weights);
  const int64_t slice = call.bias.slice(head.image, head.head);
  const float* const bias = call.bias.at(slice, 0);
  if (call.bias.queries > 1) {
    const float* const panel = call.bias_panel(slice, first);
    for (int64_t i = 0; i < call.keys * kColumns; i += kLanes) {
      dn::Store<kLanes>(dn::Load<kLanes>(head.weights + i) + dn::Load<kLanes>(panel + i), head.weights + i);
    }
  } else if (call.bias.keys > 1) {
    // A bias that is the same for all keys too would not change the weights.
    for (int64_t i = 0; i < call.keys * kColumns; i += kLanes) {
      dn::Store<kLanes>(dn::Load<kLanes>(head.weights + i) + bias[i / kColumns], head.weights + i);
    }
  }
#pragma GCC unroll 2
  for (int64_t part = 0; part < kColumns; part += kLanes) {
    float* const scores = head.weights + part;
    Numbers largest = dn::Load<kLanes>(scores), sum{};
    for (int64_t key = 1; key < call.keys; key++) {
      const Numbers score = dn::Load<kLanes>(scores + key * kColumns);
      largest = score > largest ? score : largest;
    }
    for (int64_t key = 0; key < call.keys; key++) {
      const Numbers weight = dn::Exp<kLanes>(dn::Load<kLanes>(scores + key * kColumns) - largest);
      dn::Store<kLanes>(weight, scores + key * kColumns);
      sum += weight;
    }
    dn::Store<kLanes>(sum, sums + part);
  }
}

// 0 for queries of a panel that may not attend to anything, otherwise 1.
template <int kLanes>
DN_INLINE void OpenOf(const Head<kLanes>& head, int64_t first, int64_t count, float* open) {
  const Mask& mask = head.call.open;
  const int64_t slice = mask.slice(head.image, head.head);
  for (int64_t i = 0; i < kPanel<kLanes>; i++) open[i] = i < count ? *mask.at(slice, first + i) : 0.f;
}

template <int kLanes>
DN_INLINE void Forward(const Head<kLanes>& head) {
  constexpr int64_t kColumns = kPanel<kLanes>;
  const Call& call = head.call;
  for (int64_t first = 0; first < call.queries; first += kColumns) {
    const int64_t count = std::min(kColumns, call.queries - first);
    float sums[kColumns], factors[kColumns];
    Weigh<kLanes>(head, first, count, sums);
    OpenOf<kLanes>(head, first, count, factors);
    for (int64_t i = 0; i < kColumns; i++) factors[i] /= sums[i];
    const Rows<float> out{call.y.at(head.image * call.queries + first, head.head * call.value_width), call.y.step};
    ForColumns<kLanes, 1>(head.weights, kColumns, head.value_rows, head.value_room, call.keys, count,
                          [&](const auto& tile, int64_t row, int64_t column) DN_INLINED {
                            constexpr int kVectors = sizeof(tile[0]) / sizeof(tile[0][0]);
                            WriteTile<kLanes, kVectors>(tile, factors + row, count - row, call.value_width - column,
                                                        out.at(row, column), out.step);
                          });
  }
}

// With P the weights and D the sums over keys of P dP, the gradient of the scores is P (dP - D).
template <int kLanes>
DN_INLINE void Differentiate(const Head<kLanes>& head, const float* sums) {
  using Numbers = dn::Vector<kLanes>;
  constexpr int64_t kColumns = kPanel<kLanes>;
#pragma GCC unroll 2
  for (int64_t part = 0; part < kColumns; part += kLanes) {
    float *const weights = head.weights + part, *const gradients = head.gradients + part;
    const Numbers factor = 1.f / dn::Load<kLanes>(sums + part);
    Numbers along{};
    for (int64_t key = 0; key < head.call.keys; key++) {
      const Numbers weight = dn::Load<kLanes>(weights + key * kColumns) * factor;
      dn::Store<kLanes>(weight, weights + key * kColumns);
      along += weight * dn::Load<kLanes>(gradients + key * kColumns);
    }
    for (int64_t key = 0; key < head.call.keys; key++) {
      float* const to = gradients + key * kColumns;
      dn::Store<kLanes>(dn::Load<kLanes>(weights + key * kColumns) * (dn::Load<kLanes>(to) - along), to);
    }
  }
}

template <int kLanes>
DN_INLINE void Backward(const Head<kLanes>& head) {
  constexpr int64_t kColumns = kPanel<kLanes>;
  const Call& call = head.call;
  std::fill_n(head.dk, head.key_room * head.width_room, 0.f);
  std::fill_n(head.dv, head.key_room * head.value_room, 0.f);
  float scales[kTileRows<kLanes>];
  std::fill_n(scales, kTileRows<kLanes>, head.scale);
  for (int64_t first = 0; first < call.queries; first += kColumns) {
    const int64_t count = std::min(kColumns, call.queries - first), row = head.image * call.queries + first;
    float sums[kColumns], open[kColumns];
    Weigh<kLanes>(head, first, count, sums);
    OpenOf<kLanes>(head, first, count, open);
    const float *const q = call.q.at(row, head.head * call.width), *const dy = call.dy.at(row, head.head * call.value_width);
    dn::PackRows<kLanes>(q, call.q.step, count, call.width, head.scale, head.width_room, kColumns, head.query_rows);
    dn::PackRows<kLanes>(dy, call.dy.step, count, call.value_width, 1, head.value_room, kColumns, head.dy_rows);
    for (int64_t i = 0; i < count; i++) {
      for (int64_t j = 0; j < head.value_room; j++) head.dy_rows[i * head.value_room + j] *= open[i];
    }
    dn::PackColumns<kLanes>(head.dy_rows, head.value_room, count, call.value_width, 1, head.dy_panel);
    MultiplyPanels<kLanes>(head.value_panels, head.dy_panel, call.value_width, call.keys, head.gradients);
    Differentiate<kLanes>(head, sums);
    const Rows<float> dq{call.dq.at(row, head.head * call.width), call.dq.step};
    ForColumns<kLanes, 1>(head.gradients, kColumns, head.key_rows, head.width_room, call.keys, count,
                          [&](const auto& tile, int64_t i, int64_t column) DN_INLINED {
                            constexpr int kVectors = sizeof(tile[0]) / sizeof(tile[0][0]);
                            WriteTile<kLanes, kVectors>(tile, scales, count - i, call.width - column, dq.at(i, column),
                                                        dq.step);
                          });
    const auto add_to = [&](float* to, int64_t step) {
      return [=](const auto& tile, int64_t i, int64_t column) DN_INLINED {
        constexpr int kVectors = sizeof(tile[0]) / sizeof(tile[0][0]);
        AddTile<kLanes, kVectors>(tile, to + i * step + column, step);
      };
    };
    ForColumns<kLanes, kColumns>(head.gradients, 1, head.query_rows, head.width_room, count, call.keys,
                                 add_to(head.dk, head.width_room));
    ForColumns<kLanes, kColumns>(head.weights, 1, head.dy_rows, head.value_room, count, call.keys,
                                 add_to(head.dv, head.value_room));
  }
  for (int64_t key = 0; key < call.keys; key++) {
    const int64_t row = head.image * call.keys + key;
    std::copy_n(head.dk + key * head.width_room, call.width, call.dk.at(row, head.head * call.width));
    std::copy_n(head.dv + key * head.value_room, call.value_width, call.dv.at(row, head.head * call.value_width));
  }
}

template <int kLanes>
DN_INLINE void HeadBody(const Call& call, int64_t task) {
  constexpr int64_t kColumns = kPanel<kLanes>;
  const bool backward = call.y.data == nullptr;
  const int64_t key_room = RoundUp(call.keys, kColumns);
  const int64_t width_room = RoundUp(call.width, kLanes), value_room = RoundUp(call.value_width, kLanes);
  Head<kLanes> head{call, task / call.heads, task % call.heads, 1 / std::sqrt(static_cast<float>(call.width)), key_room,
                    width_room, value_room};
  // Parts of one block of memory that the thread keeps, each aligned to a cache line.
  static thread_local std::vector<float> space;
  const struct {
    float** place;
    int64_t size;
  } parts[] = {{&head.key_panels, key_room * call.width},   {&head.value_panels, key_room * call.value_width},
               {&head.key_rows, key_room * width_room},     {&head.value_rows, key_room * value_room},
               {&head.query_panel, kColumns * call.width},  {&head.dy_panel, kColumns * call.value_width},
               {&head.query_rows, kColumns * width_room},   {&head.dy_rows, kColumns * value_room},
               {&head.weights, key_room * kColumns},        {&head.gradients, key_room * kColumns},
               {&head.dk, key_room * width_room},           {&head.dv, key_room * value_room}};
  constexpr int64_t kLine = 16;
  int64_t size = kLine;
  for (const auto& part : parts) size += RoundUp(part.size, kLine);
  if (static_cast<int64_t>(space.size()) < size) space.resize(size);
  float* next = space.data() + (-reinterpret_cast<uintptr_t>(space.data()) % 64) / sizeof(float);
  for (const auto& part : parts) *part.place = next, next += RoundUp(part.size, kLine);

  const float *const k = call.k.at(head.image * call.keys, head.head * call.width);
  const float *const v = call.v.at(head.image * call.keys, head.head * call.value_width);
  for (int64_t key = 0; key < call.keys; key += kColumns) {
    const int64_t count = std::min(kColumns, call.keys - key);
    dn::PackColumns<kLanes>(k + key * call.k.step, call.k.step, count, call.width, 1, head.key_panels + key * call.width);
    if (!backward) continue;
    dn::PackColumns<kLanes>(v + key * call.v.step, call.v.step, count, call.value_width, 1,
                            head.value_panels + key * call.value_width);
  }
  if (backward) {
    dn::PackRows<kLanes>(k, call.k.step, call.keys, call.width, 1, width_room, key_room, head.key_rows);
    Backward<kLanes>(head);
  } else {
    dn::PackRows<kLanes>(v, call.v.step, call.keys, call.value_width, 1, value_room, key_room, head.value_rows);
    Forward<kLanes>(head);
  }
}
DN_CLONES(HeadTask, HeadBody, Call)

// Lays out one matrix of the bias.
template <int kLanes>
DN_INLINE void BiasBody(const Call& call, int64_t slice) {
  constexpr int64_t kColumns = kPanel<kLanes>;
  for (int64_t query = 0; query < call.queries; query += kColumns) {
    const int64_t count = std::min(kColumns, call.queries - query);
    dn::PackColumns<kLanes>(call.bias.at(slice, query), call.keys, count, call.keys, 1, call.bias_panel(slice, query));
  }
}
DN_CLONES(BiasTask, BiasBody, Call)

// The sizes of one call. Where queries and keys are halves of the rows of one tensor, it is passed as both `q` and `k`.
Call CallOf(const std::vector<int32_t>& sizes, bool paired, const dn::Tensor& q, const dn::Tensor& k, const dn::Tensor& v,
            const dn::Tensor& bias, const dn::Tensor& open) {
  const Shape &a = q.shape(), &b = k.shape(), &c = v.shape();
  const std::string found = "found q " + Words(a) + ", k " + Words(b) + ", v " + Words(c);
  Require(sizes.size() == 2 && sizes[0] > 0 && sizes[1] > 0, "sizes must be a batch and a number of heads");
  const int64_t batch = sizes[0], heads = sizes[1];
  Require(a.size() == 2 && b.size() == 2 && c.size() == 2 && a[1] == b[1] && b[0] == c[0] && a[0] % batch == 0 &&
              b[0] % batch == 0 && a[1] % (paired ? 2 * heads : heads) == 0 && c[1] % heads == 0,
          "expected q [B*Q, H*e], k [B*K, H*e], v [B*K, H*d] with " + std::to_string(batch) + " images and " +
              std::to_string(heads) + " heads; " + found);
  const int64_t width = a[1] / (paired ? 2 * heads : heads), queries = a[0] / batch, keys = b[0] / batch;
  const Mask added(bias, {batch, heads, queries, keys});
  Require(added.queries == 1 || added.keys == keys, "a bias that differs between queries must have all keys; " + found);
  return {batch, heads, queries, keys, width, c[1] / heads,
          {q.data(), a[1]}, {k.data() + (paired ? heads * width : 0), b[1]}, {v.data(), c[1]},
          added, Mask(open, {batch, heads, queries, 1}), nullptr, {}, {}, {}, {}, {}};
}

void Run(Call& call) {
  dn::Pool& pool = dn::Pool::Get();
  std::vector<float> panels;
  if (call.bias.queries > 1) {
    const int64_t slices = call.bias.images * call.bias.heads;
    panels.resize(slices * RoundUp(call.queries, 32) * call.keys);
    call.bias_panels = panels.data();
    pool.Run(slices, [&](int64_t slice) { BiasTask(call, slice); });
  }
  pool.Run(call.batch * call.heads, [&](int64_t task) { HeadTask(call, task); });
}

std::vector<const char*> Inputs(bool paired, bool gradient) {
  std::vector<const char*> inputs = paired ? std::vector<const char*>{"qk: float", "v: float"}
                                           : std::vector<const char*>{"q: float", "k: float", "v: float"};
  inputs.insert(inputs.end(), {"bias: float", "open: float"});
  if (gradient) inputs.push_back("dy: float");
  return inputs;
}

// q [B*Q, H*e], k [B*K, H*e], v [B*K, H*d], bias [B, H, Q, K], open [B, H, Q, 1], where any axis of the masks may be 1
// -> [B*Q, H*d]. Paired: qk [B*N, 2*H*e] in place of q and k.
template <bool kPaired>
struct Attention {
  static constexpr const char* kName = kPaired ? "DnPairedAttention" : "DnAttention";
  // Number of tensors for queries and keys.
  static constexpr int kFirst = kPaired ? 1 : 2;
  const std::vector<int32_t> sizes;
  explicit Attention(const dn::Attributes& attributes) : sizes(attributes.Ints("sizes")) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    dn::Status status;
    dn::ShapeHandle q(context, 0), v(context, kFirst), rows(context), columns(context), shape(context);
    if (!q.HasRank(2) || !v.HasRank(2)) return TF_ShapeInferenceContextSetUnknownShape(context, status);
    TF_ShapeInferenceContextSubshape(context, q, 0, 1, rows, status);
    status.Check();
    TF_ShapeInferenceContextSubshape(context, v, 1, 2, columns, status);
    status.Check();
    TF_ShapeInferenceContextConcatenateShapes(context, rows, columns, shape, status);
    status.Check();
    TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
    status.Check();
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor q = call.Input(0), k = call.Input(kFirst - 1), v = call.Input(kFirst);
    const dn::Tensor bias = call.Input(kFirst + 1), open = call.Input(kFirst + 2);
    Call all = CallOf(sizes, kPaired, q, k, v, bias, open);
    const dn::Tensor y = call.Output(0, {q.shape()[0], v.shape()[1]});
    all.y = {y.data(), v.shape()[1]};
    Run(all);
  }
};
const dn::Registration<Attention<false>> attention(Inputs(false, false), {"sizes: list(int)"}, {"y: float"});
const dn::Registration<Attention<true>> paired(Inputs(true, false), {"sizes: list(int)"}, {"y: float"});

// The same inputs and dy [B*Q, H*d] -> the gradients of q, k and v, or of qk and v.
template <bool kPaired>
struct AttentionGradient {
  static constexpr const char* kName = kPaired ? "DnPairedAttentionGrad" : "DnAttentionGrad";
  static constexpr int kFirst = Attention<kPaired>::kFirst;
  const std::vector<int32_t> sizes;
  explicit AttentionGradient(const dn::Attributes& attributes) : sizes(attributes.Ints("sizes")) {}
  static void InferShapes(TF_ShapeInferenceContext* context) {
    for (int i = 0; i <= kFirst; i++) dn::SetShapeOfInput(context, i, i);
  }
  void Compute(const dn::Call& call) const {
    const dn::Tensor q = call.Input(0), k = call.Input(kFirst - 1), v = call.Input(kFirst);
    const dn::Tensor bias = call.Input(kFirst + 1), open = call.Input(kFirst + 2), dy = call.Input(kFirst + 3);
    Call all = CallOf(sizes, kPaired, q, k, v, bias, open);
    const Shape expected{q.shape()[0], v.shape()[1]};
    Require(dy.shape() == expected, "expected dy " + Words(expected) + "; found " + Words(dy.shape()));
    const dn::Tensor dq = call.Output(0, q.shape()), dv = call.Output(kFirst, v.shape());
    const int64_t step = q.shape()[1];
    all.dy = {dy.data(), expected[1]};
    all.dq = {dq.data(), step};
    all.dv = {dv.data(), expected[1]};
    if (kPaired) {
      all.dk = {dq.data() + step / 2, step};
      return Run(all);
    }
    const dn::Tensor dk = call.Output(1, k.shape());
    all.dk = {dk.data(), step};
    Run(all);
  }
};
const dn::Registration<AttentionGradient<false>> gradient(Inputs(false, true), {"sizes: list(int)"},
                                                          {"dq: float", "dk: float", "dv: float"});
const dn::Registration<AttentionGradient<true>> paired_gradient(Inputs(true, true), {"sizes: list(int)"},
                                                                {"dqk: float", "dv: float"});

}  // namespace
