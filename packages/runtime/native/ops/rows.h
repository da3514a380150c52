// Work on the rows of a matrix `[N, d]`, divided into blocks.
#ifndef DN_DETR_ROWS_H_
#define DN_DETR_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <memory>

#include "parallel.h"
#include "simd.h"

namespace dn {

// Blocks of rows, each of them a task. Their number depends only on the matrix, and so does the order of sums over
// rows.
struct RowBlocks {
  int64_t rows, width;

  // Numbers in a block: a task of some microseconds, long enough to be worth a second thread.
  static constexpr int64_t kNumbers = 1 << 15;

  int64_t size() const { return std::max<int64_t>(1, kNumbers / std::max<int64_t>(1, width)); }
  int64_t count() const { return (rows + size() - 1) / size(); }
  int64_t begin(int64_t block) const { return block * size(); }
  int64_t end(int64_t block) const { return std::min(rows, begin(block) + size()); }
};

// Sums over rows of `width` numbers each; every block has a separate part.
class BlockSums {
 public:
  BlockSums(int64_t blocks, int64_t width) : blocks_(blocks), width_(width), parts_(new float[blocks * width]()) {}
  float* part(int64_t block) const { return parts_.get() + block * width_; }
  // Sums the `count` numbers from `begin` on over all parts, in their order.
  void Total(int64_t begin, int64_t count, float* to) const {
    std::fill_n(to, count, 0.f);
    for (int64_t block = 0; block < blocks_; block++) {
      const float* const from = part(block) + begin;
#pragma GCC ivdep
      for (int64_t i = 0; i < count; i++) to[i] += from[i];
    }
  }

 private:
  const int64_t blocks_, width_;
  const std::unique_ptr<float[]> parts_;
};

}  // namespace dn

#endif  // DN_DETR_ROWS_H_
