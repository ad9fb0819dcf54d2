#pragma once

// Element functions for g++ and nvcc alike, and the shapes of the kernels in ptx_samples.cu.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define SAMPLE_HD __host__ __device__
#else
#define SAMPLE_HD
#endif

namespace ddim::ptx::samples {

struct Half {
  std::uint16_t bits;
};
struct Bfloat {
  std::uint16_t bits;
};

SAMPLE_HD inline float bits_to_float(std::uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

SAMPLE_HD inline double widen(double x) { return x; }
SAMPLE_HD inline float widen(float x) { return x; }
SAMPLE_HD inline float widen(Bfloat x) { return bits_to_float(static_cast<std::uint32_t>(x.bits) << 16); }
SAMPLE_HD inline float widen(Half x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
#else
  const int exponent = x.bits >> 10 & 31, fraction = x.bits & 1023;
  const float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                     : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return std::copysign(size, x.bits & 0x8000 ? -1.0f : 1.0f);
#endif
}

template <class T>
struct To;
template <>
struct To<double> {
  using Real = double;
  SAMPLE_HD static double narrow(double x) { return x; }
};
template <>
struct To<float> {
  using Real = float;
  SAMPLE_HD static float narrow(float x) { return x; }
};
template <>
struct To<Half> {
  using Real = float;
  SAMPLE_HD static Half narrow(float x) {
    Half out;
#ifdef __CUDA_ARCH__
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
#else
    const std::uint32_t sign = std::signbit(x) ? 0x8000u : 0u;
    // Of the last bit kept: 2^(exponent - 10).
    const int exponent = x == 0 || !std::isfinite(x) ? -14 : std::max(std::ilogb(x), -14);
    const double steps = std::nearbyint(std::ldexp(std::fabs(static_cast<double>(x)), 10 - exponent));
    const double bits = steps + 1024.0 * (exponent + 14);
    out.bits =
        static_cast<std::uint16_t>(sign | (bits < 0x7c00 ? static_cast<std::uint32_t>(bits) : 0x7c00u));
    if (std::isnan(x)) out.bits = 0x7fff;
#endif
    return out;
  }
};
template <>
struct To<Bfloat> {
  using Real = float;
  SAMPLE_HD static Bfloat narrow(float x) {
    Bfloat out;
#ifdef __CUDA_ARCH__
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
#else
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    out.bits = static_cast<std::uint16_t>(std::isnan(x) ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
    return out;
  }
};

template <class T>
struct Affine {
  using Real = typename To<T>::Real;
  Real a, b;
  SAMPLE_HD T operator()(T x, T e) const { return To<T>::narrow(std::fma(a, widen(x), b * widen(e))); }
};

/// Philox4x32-10: ten rounds over a counter of four words with a key of two.
struct Philox {
  std::uint32_t key[2];
  SAMPLE_HD void operator()(std::uint32_t (&c)[4]) const {
    std::uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p = std::uint64_t{0xD2511F53u} * c[0], q = std::uint64_t{0xCD9E8D57u} * c[2];
      const std::uint32_t next[4] = {
          static_cast<std::uint32_t>(q >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(q),
          static_cast<std::uint32_t>(p >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p)};
      for (int j = 0; j < 4; ++j) c[j] = next[j];
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
  }
};

constexpr int kBlock = 128;  // threads of the reduction

}  // namespace ddim::ptx::samples
