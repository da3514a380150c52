// One build for all processors: functions that exist for several instruction sets, the best of which is chosen when they
// run, and vectors that every one of them has in some form.
#ifndef DN_DETR_SIMD_H_
#define DN_DETR_SIMD_H_

#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

// Marks what the clones of a function are made of: it has to become part of each.
#define DN_INLINE inline __attribute__((always_inline))

// Defines `Name(const Arguments&, int64_t)` as `Body<kLanes>`, compiled for AVX-512, AVX2 and any x86-64. kLanes is the
// number of floats in a register: the compiler keeps longer vectors in memory.
#define DN_CLONES(Name, Body, Arguments)                                                                             \
  __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))) static void Name##Avx512(                   \
      const Arguments& arguments, int64_t task) {                                                                    \
    Body<16>(arguments, task);                                                                                       \
  }                                                                                                                  \
  __attribute__((target("avx2,fma"))) static void Name##Avx2(const Arguments& arguments, int64_t task) {             \
    Body<8>(arguments, task);                                                                                        \
  }                                                                                                                  \
  static void Name##Plain(const Arguments& arguments, int64_t task) { Body<4>(arguments, task); }                    \
  static void Name(const Arguments& arguments, int64_t task) {                                                       \
    static const dn::InstructionSet chosen = dn::ChosenInstructionSet();                                             \
    if (chosen == dn::InstructionSet::kAvx512) return Name##Avx512(arguments, task);                                 \
    if (chosen == dn::InstructionSet::kAvx2) return Name##Avx2(arguments, task);                                     \
    Name##Plain(arguments, task);                                                                                    \
  }

namespace dn {

enum class InstructionSet { kPlain, kAvx2, kAvx512 };

// Also asks whether the operating system keeps the registers.
inline InstructionSet BestInstructionSet() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return InstructionSet::kPlain;
  const bool all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return all ? InstructionSet::kAvx512 : InstructionSet::kAvx2;
}

// The processor's best, or at most what DN_DETR_NATIVE_OPS names: so what other processors run can be tested on this one.
inline InstructionSet ChosenInstructionSet() {
  const InstructionSet best = BestInstructionSet();
  const char* const most = std::getenv("DN_DETR_NATIVE_OPS");
  if (most != nullptr && std::strcmp(most, "avx2") == 0) return std::min(best, InstructionSet::kAvx2);
  if (most != nullptr && std::strcmp(most, "plain") == 0) return InstructionSet::kPlain;
  return best;
}

// As DN_DETR_NATIVE_OPS names it.
inline const char* NameOf(InstructionSet set) {
  return set == InstructionSet::kAvx512 ? "avx512" : set == InstructionSet::kAvx2 ? "avx2" : "plain";
}

// `kLanes` floats that may lie anywhere in memory.
template <int kLanes>
struct Lanes {
  typedef float Vector __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
};
template <>
struct Lanes<1> {
  typedef float Vector;
};
template <int kLanes>
using Vector = typename Lanes<kLanes>::Vector;

template <int kLanes>
DN_INLINE Vector<kLanes> Load(const float* from) {
  Vector<kLanes> vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

template <int kLanes>
DN_INLINE void Store(const Vector<kLanes>& vector, float* to) {
  std::memcpy(to, &vector, sizeof vector);
}

// Adds the parts of a vector of 4, 8 or 16 lanes up to one of 4.
template <int kLanes>
DN_INLINE __m128 Fold(const Vector<kLanes>& vector) {
  if constexpr (kLanes == 4) {
    return (__m128)vector;
  } else {
    Vector<kLanes / 2> halves[2];
    std::memcpy(halves, &vector, sizeof vector);
    return Fold<kLanes / 2>(halves[0] + halves[1]);
  }
}

// The sums of four vectors.
template <int kLanes>
DN_INLINE __m128 Sums(const Vector<kLanes> (&vectors)[4]) {
  if constexpr (kLanes == 1) {
    return _mm_setr_ps(vectors[0], vectors[1], vectors[2], vectors[3]);
  } else {
    const __m128 a = Fold<kLanes>(vectors[0]), b = Fold<kLanes>(vectors[1]);
    const __m128 c = Fold<kLanes>(vectors[2]), d = Fold<kLanes>(vectors[3]);
    const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));  // a02 b02 a13 b13
    const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
    return _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
  }
}

}  // namespace dn

#endif  // DN_DETR_SIMD_H_
