// One build for all processors: functions that are compiled for several instruction sets, the best of which is chosen
// at run time, and vectors that each of them supports in some form.
#ifndef DN_DETR_SIMD_H_
#define DN_DETR_SIMD_H_

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// Marks the functions that clones consist of, which have to be inlined into each of them. The second macro is for
// lambdas.
#define DN_INLINE inline __attribute__((always_inline))
#define DN_INLINED __attribute__((always_inline))

// Calls `Body<lanes>(…)` with the longest vectors, of at most kLanes numbers, that divide `width`.
#define DN_WIDEST(Body, width, ...)                                    \
  do {                                                                 \
    if ((width) % kLanes == 0) Body<kLanes>(__VA_ARGS__);              \
    else if ((width) % 4 == 0) Body<4>(__VA_ARGS__);                   \
    else Body<1>(__VA_ARGS__);                                         \
  } while (false)

// Defines `Name(const Arguments&, int64_t)` as `Body<kLanes>`, compiled for AVX-512, AVX2 and any x86-64. kLanes is the
// number of floats in a register: the compiler would keep longer vectors in memory.
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

// Also checks whether the operating system saves the registers.
inline InstructionSet BestInstructionSet() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return InstructionSet::kPlain;
  const bool all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return all ? InstructionSet::kAvx512 : InstructionSet::kAvx2;
}

// The processor's best, limited by DN_DETR_NATIVE_OPS, so that the code for other processors can be tested on this one.
inline InstructionSet ChosenInstructionSet() {
  const InstructionSet best = BestInstructionSet();
  const char* const most = std::getenv("DN_DETR_NATIVE_OPS");
  if (most != nullptr && std::strcmp(most, "avx2") == 0) return std::min(best, InstructionSet::kAvx2);
  if (most != nullptr && std::strcmp(most, "plain") == 0) return InstructionSet::kPlain;
  return best;
}

// The name in DN_DETR_NATIVE_OPS.
inline const char* NameOf(InstructionSet set) {
  return set == InstructionSet::kAvx512 ? "avx512" : set == InstructionSet::kAvx2 ? "avx2" : "plain";
}

// A vector of `kLanes` floats at any alignment.
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

// Sums the parts of a vector of 4, 8 or 16 lanes into one of 4.
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

DN_INLINE float TotalOfFour(const __m128& vector) {
  const __m128 two = _mm_add_ps(vector, _mm_movehl_ps(vector, vector));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// The sum of a vector's lanes.
template <int kLanes>
DN_INLINE float Total(const Vector<kLanes>& vector) {
  if constexpr (kLanes == 1) return vector;
  else return TotalOfFour(Fold<kLanes>(vector));
}

// The sum of f(i) for every vector from i = 0 on; the vectors make up `count` numbers.
template <int kLanes, typename Function>
DN_INLINE float Sum(int64_t count, const Function& f) {
  // Several sums at a time, because each has to wait for its last addition.
  Vector<kLanes> sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) sums[j] += f(i + j * kLanes);
  }
  for (; i < count; i += kLanes) sums[0] += f(i);
  return Total<kLanes>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// The sum of each of four vectors.
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

// e^x for numbers that are at most 0, within 2 units in the last place, and 0 below -87, where results would be
// subnormal. The polynomial is that of Cephes' expf, around the nearest multiple of ln 2.
template <int kLanes>
DN_INLINE Vector<kLanes> Exp(const Vector<kLanes>& x) {
  using Numbers = Vector<kLanes>;
  typedef int32_t Bits __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
  // Adding it rounds to an integer, which is then in the lowest bits.
  constexpr float kRound = 12582912.f;
  const Numbers shifted = x * 1.44269504088896341f + kRound, whole = shifted - kRound;
  const Numbers rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  Numbers sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  sum = sum * (rest * rest) + rest + 1.f;
  Bits result, exponent;
  std::memcpy(&result, &sum, sizeof result);
  std::memcpy(&exponent, &shifted, sizeof exponent);
  result += exponent << 23;
  std::memcpy(&sum, &result, sizeof sum);
  return x < -87.f ? Numbers{} : sum;
}

}  // namespace dn

#endif  // DN_DETR_SIMD_H_
