// Parts of matrix products: tiles of sums that stay in registers, and rows packed for them.
#ifndef DN_DETR_PRODUCT_H_
#define DN_DETR_PRODUCT_H_

#include <algorithm>
#include <cstdint>

#include "simd.h"

namespace dn {

// Rows of a tile, and columns of a panel. A panel is a whole number of tiles in both directions, and a tile has enough
// independent sums to hide the latency of an addition.
template <int kLanes>
constexpr int kTileRows = kLanes == 16 ? 8 : 4;
template <int kLanes>
constexpr int kPanel = 2 * kLanes;

template <int kLanes, int kVectors>
using Tile = Vector<kLanes>[kTileRows<kLanes>][kVectors];

// Adds left · right to a tile. Rows of the left matrix are `kRowStep` numbers apart, and its columns `depth_step`; the
// right matrix has kVectors vectors of columns every `right_step` numbers.
template <int kLanes, int kVectors, int kRowStep>
DN_INLINE void AddProduct(const float* left, int64_t depth_step, const float* right, int64_t right_step, int64_t depth,
                          Tile<kLanes, kVectors>& sums) {
  for (int64_t k = 0; k < depth; k++) {
    Vector<kLanes> columns[kVectors];
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; j++) columns[j] = Load<kLanes>(right + j * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows<kLanes>; i++) {
      const float number = left[i * kRowStep];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; j++) sums[i][j] += number * columns[j];
    }
    left += depth_step;
    right += right_step;
  }
}

// Packs rows of `width` numbers, multiplied by a factor, as the columns of a panel [width, kPanel]. The rows are `step`
// numbers apart. Columns beyond `count` rows are zero.
template <int kLanes>
DN_INLINE void PackColumns(const float* rows, int64_t step, int64_t count, int64_t width, float factor, float* panel) {
  constexpr int kColumns = kPanel<kLanes>;
  const __m128 factors = _mm_set1_ps(factor);
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    const float* const from = rows + j * step;
    float* to = panel + j;
    int64_t i = 0;
    for (; i + 4 <= width; i += 4, to += 4 * kColumns) {
      __m128 a = _mm_loadu_ps(from + i), b = _mm_loadu_ps(from + step + i);
      __m128 c = _mm_loadu_ps(from + 2 * step + i), d = _mm_loadu_ps(from + 3 * step + i);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      _mm_storeu_ps(to, _mm_mul_ps(a, factors));
      _mm_storeu_ps(to + kColumns, _mm_mul_ps(b, factors));
      _mm_storeu_ps(to + 2 * kColumns, _mm_mul_ps(c, factors));
      _mm_storeu_ps(to + 3 * kColumns, _mm_mul_ps(d, factors));
    }
    for (; i < width; i++) {
      for (int k = 0; k < 4; k++) panel[i * kColumns + j + k] = from[k * step + i] * factor;
    }
  }
  for (; j < kColumns; j++) {
    for (int64_t i = 0; i < width; i++) panel[i * kColumns + j] = j < count ? rows[j * step + i] * factor : 0.f;
  }
}

// Copies rows of `width` numbers, multiplied by a factor, to rows of `padded` numbers, of which `all` are written. The
// source rows are `step` numbers apart; the padding, of numbers and rows, is zero.
template <int kLanes>
DN_INLINE void PackRows(const float* rows, int64_t step, int64_t count, int64_t width, float factor, int64_t padded,
                        int64_t all, float* packed) {
  for (int64_t i = 0; i < count; i++) {
    int64_t j = 0;
    for (; j + kLanes <= width; j += kLanes) {
      Store<kLanes>(Load<kLanes>(rows + i * step + j) * factor, packed + i * padded + j);
    }
    for (; j < padded; j++) packed[i * padded + j] = j < width ? rows[i * step + j] * factor : 0.f;
  }
  std::fill_n(packed + count * padded, (all - count) * padded, 0.f);
}

}  // namespace dn

#endif  // DN_DETR_PRODUCT_H_
