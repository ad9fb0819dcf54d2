#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define DDIM_HD __host__ __device__
#define DDIM_UNROLL _Pragma("unroll")
#else
#define DDIM_HD
#define DDIM_UNROLL
#endif

/// Arithmetic that gives the same bits on every card and on the CPU: IEEE 754 add, multiply, fma, divide and
/// square root, nothing else. Compile with -fmad=false (nvcc) and -ffp-contract=off (g++).
namespace ddim::cuda {

/// Storage only: arithmetic on 16-bit values happens in float, rounded to nearest even when stored.
struct Float16 {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

template <class T>
struct RealOf {
  using type = float;
};
template <>
struct RealOf<double> {
  using type = double;
};
/// The type arithmetic happens in: double for double, float for float, Float16 and BFloat16.
template <class T>
using Real = typename RealOf<T>::type;

template <class To, class From>
DDIM_HD inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

DDIM_HD inline float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
DDIM_HD inline double fma(double a, double b, double c) { return ::fma(a, b, c); }
DDIM_HD inline float square_root(float a) { return ::sqrtf(a); }
DDIM_HD inline double square_root(double a) { return ::sqrt(a); }

DDIM_HD inline double to_real(double value) { return value; }
DDIM_HD inline float to_real(float value) { return value; }
DDIM_HD inline float to_real(BFloat16 value) {
  return bits_as<float>(static_cast<std::uint32_t>(value.bits) << 16);
}
DDIM_HD inline float to_real(Float16 value) {
#ifdef __CUDA_ARCH__
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
  return result;
#else
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
  const std::uint32_t magnitude = value.bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return bits_as<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  if (magnitude >= 0x0400u) return bits_as<float>(sign | ((magnitude << 13) + (112u << 23)));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return sign == 0 ? subnormal : -subnormal;
#endif
}

/// Rounds to the storage type, to nearest even; beyond its range to infinity, NaN to a quiet NaN.
template <class T>
DDIM_HD T round_to(Real<T> value);
template <>
DDIM_HD inline double round_to<double>(double value) {
  return value;
}
template <>
DDIM_HD inline float round_to<float>(float value) {
  return value;
}
template <>
DDIM_HD inline BFloat16 round_to<BFloat16>(float value) {
#ifdef __CUDA_ARCH__
  BFloat16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
#else
  const auto bits = bits_as<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {0x7fff};
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
#endif
}
template <>
DDIM_HD inline Float16 round_to<Float16>(float value) {
#ifdef __CUDA_ARCH__
  Float16 result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
#else
  const auto bits = bits_as<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
  std::uint32_t rounded;
  if (magnitude > 0x7f800000u) {
    return {0x7fff};
  } else if (magnitude >= 0x477ff000u) {  // 65520, halfway from the largest to the next power of two
    rounded = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // 2^-14, the smallest normal
    rounded = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  } else {
    // Adding 1/2 leaves the multiples of 2^-24, the subnormal spacing, in the low bits, rounded to even.
    rounded = bits_as<std::uint32_t>(bits_as<float>(magnitude) + 0.5f) - 0x3f000000u;
  }
  return {static_cast<std::uint16_t>(sign | rounded)};
#endif
}

/// Clamp to [-range, range]; NaN stays NaN.
template <class R>
DDIM_HD inline R clamp(R value, R range) {
  return value < -range ? -range : (value > range ? range : value);
}

}  // namespace ddim::cuda
