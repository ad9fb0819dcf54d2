#pragma once

#include "cuda/arithmetic.hpp"

/// Standard normals as a pure function of (seed, subsequence, offset): no state, so that any thread, block
/// size or machine draws the same bits for the same element.
namespace ddim::cuda {

/// Four 32-bit words: Philox's counter and its output.
struct Words {
  std::uint32_t w[4];
};

/// The keys of Philox4x32's ten rounds.
struct RoundKeys {
  std::uint32_t of[10][2];
  RoundKeys() = default;
  DDIM_HD RoundKeys(std::uint32_t key0, std::uint32_t key1) {
    for (auto& round : of) {
      round[0] = key0;
      round[1] = key1;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
  }
};

/// Philox4x32-10 (Salmon et al., SC 2011): bit for bit Random123's.
DDIM_HD inline Words philox(Words counter, const RoundKeys& keys) {
  DDIM_UNROLL for (int round = 0; round < 10; ++round) {
    const std::uint64_t even = std::uint64_t{0xD2511F53u} * counter.w[0];
    const std::uint64_t odd = std::uint64_t{0xCD9E8D57u} * counter.w[2];
    counter = {{static_cast<std::uint32_t>(odd >> 32) ^ counter.w[1] ^ keys.of[round][0],
                static_cast<std::uint32_t>(odd),
                static_cast<std::uint32_t>(even >> 32) ^ counter.w[3] ^ keys.of[round][1],
                static_cast<std::uint32_t>(even)}};
  }
  return counter;
}

/// -2 log(u) for u in (0, 1], normal numbers only, and sin(pi x), cos(pi x) for |x| <= 1/4. Polynomials from
/// cuda/polynomials.py. Errors, measured by tests/cuda/random_test.cpp against MPFR: see kNormalUlps.
template <class R>
struct Polynomials;

template <>
struct Polynomials<float> {
  DDIM_HD static float log_tail(float z) {
    return fma(fma(0x1.2ee61p-2f, z, 0x1.997c3p-2f), z, 0x1.55555cp-1f);
  }
  DDIM_HD static float sin_tail(float z) {
    return fma(fma(fma(0x1.4cb762p-4f, z, -0x1.32ce1ep-1f), z, 0x1.466bc2p+1f), z, -0x1.4abbcep+2f);
  }
  DDIM_HD static float cos_tail(float z) {
    return fma(fma(fma(0x1.db6492p-3f, z, -0x1.55cb98p+0f), z, 0x1.03c1eap+2f), z, -0x1.3bd3ccp+2f);
  }
  static constexpr float kLog2High = 0x1.62e43p-1f, kLog2Low = -0x1.05c61p-29f;
  static constexpr float kPiHigh = 0x1.921fb6p+1f, kPiLow = -0x1.777a5cp-24f;
};

template <>
struct Polynomials<double> {
  DDIM_HD static double log_tail(double z) {
    double p = 0x1.0c039c49989c6p-3;
    p = fma(p, z, 0x1.0fbe95d716020p-3);
    p = fma(p, z, 0x1.3b1c355a8f7a2p-3);
    p = fma(p, z, 0x1.745cf9048dd95p-3);
    p = fma(p, z, 0x1.c71c720159177p-3);
    p = fma(p, z, 0x1.2492492476cccp-2);
    p = fma(p, z, 0x1.9999999999a38p-2);
    return fma(p, z, 0x1.5555555555555p-1);
  }
  DDIM_HD static double sin_tail(double z) {
    double p = 0x1.a7da70b1f459cp-21;
    p = fma(p, z, -0x1.6fab3c3eb25c4p-16);
    p = fma(p, z, 0x1.e8f432b4ce4c9p-12);
    p = fma(p, z, -0x1.e3074fdd8bbb6p-8);
    p = fma(p, z, 0x1.50783487ee37dp-4);
    p = fma(p, z, -0x1.32d2cce62bd85p-1);
    p = fma(p, z, 0x1.466bc6775aae2p+1);
    return fma(p, z, -0x1.4abbce625be53p+2);
  }
  DDIM_HD static double cos_tail(double z) {
    double p = 0x1.1e745e5e09f6dp-18;
    p = fma(p, z, -0x1.b6de8b8e9ba08p-14);
    p = fma(p, z, 0x1.f9d3870871194p-10);
    p = fma(p, z, -0x1.a6d1f2a086c90p-6);
    p = fma(p, z, 0x1.e1f506891ae95p-3);
    p = fma(p, z, -0x1.55d3c7e3cbff7p+0);
    p = fma(p, z, 0x1.03c1f081b5ac4p+2);
    return fma(p, z, -0x1.3bd3cc9be45dep+2);
  }
  static constexpr double kLog2High = 0x1.62e42fefa39efp-1, kLog2Low = 0x1.abc9e3b39803fp-56;
  static constexpr double kPiHigh = 0x1.921fb54442d18p+1, kPiLow = 0x1.1a62633145c07p-53;
};

/// log(u) = e log(2) + log(1 + f), u = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
template <class R>
DDIM_HD inline R log_of_parts(R exponent, R f) {
  using P = Polynomials<R>;
  const R s = f / (R(2) + f), z = s * s;
  const R log1p = fma(-s, fma(-z, P::log_tail(z), f), f);
  return fma(exponent, P::kLog2High, fma(exponent, P::kLog2Low, log1p));
}
/// Natural logarithm. Domain: u positive and normal.
DDIM_HD inline float log(float u) {
  const auto bits = bits_as<std::int32_t>(u);
  const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
  return log_of_parts(static_cast<float>(exponent), bits_as<float>(bits - exponent * (1 << 23)) - 1.0f);
}
DDIM_HD inline double log(double u) {
  const auto bits = bits_as<std::int64_t>(u);
  const std::int64_t exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;
  return log_of_parts(static_cast<double>(exponent),
                      bits_as<double>(bits - exponent * (std::int64_t{1} << 52)) - 1.0);
}

template <class R>
struct SinCos {
  R sin, cos;
};
/// sin(pi x) and cos(pi x). Domain: |x| <= 1/4.
template <class R>
DDIM_HD inline SinCos<R> sincospi_reduced(R x) {
  using P = Polynomials<R>;
  const R z = x * x;
  return {fma(x, P::kPiHigh, x * fma(z, P::sin_tail(z), P::kPiLow)), fma(z, P::cos_tail(z), R(1))};
}
/// Of the angle (quadrant / 2 + x) pi.
template <class R>
DDIM_HD inline SinCos<R> sincospi(unsigned quadrant, R x) {
  const SinCos<R> reduced = sincospi_reduced(x);
  const R sin = (quadrant & 1u) == 0 ? reduced.sin : reduced.cos;
  const R cos = (quadrant & 1u) == 0 ? reduced.cos : reduced.sin;
  return {(quadrant & 2u) == 0 ? sin : -sin, ((quadrant + 1u) & 2u) == 0 ? cos : -cos};
}

/// Box-Muller's radius sqrt(-2 log u), u = w 2^-32 + 2^-33 rounded, in (0, 1]; |z| reaches 6.76.
DDIM_HD inline float radius(std::uint32_t w) {
  const float u = fma(static_cast<float>(w), 0x1p-32f, 0x1p-33f);
  return square_root(-2.0f * log(u));
}
/// The same from 53 bits, u = (k + 1) 2^-53 exactly; |z| reaches 8.57.
DDIM_HD inline double radius(std::uint64_t w) {
  const double u = static_cast<double>((w >> 11) + 1) * 0x1p-53;
  return square_root(-2.0 * log(u));
}
/// Box-Muller's direction: the angle is w 2^(1 - bits) pi, the quadrant taken off exactly.
DDIM_HD inline SinCos<float> direction(std::uint32_t w) {
  const std::uint32_t quadrant = (w + (1u << 29)) >> 30;
  const auto rest = static_cast<std::int32_t>(w - (quadrant << 30));
  return sincospi(quadrant, static_cast<float>(rest) * 0x1p-31f);
}
DDIM_HD inline SinCos<double> direction(std::uint64_t w) {
  const std::uint64_t quadrant = (w + (std::uint64_t{1} << 61)) >> 62;
  const auto rest = static_cast<std::int64_t>(w - (quadrant << 62));
  return sincospi(static_cast<unsigned>(quadrant), static_cast<double>(rest) * 0x1p-63);
}

/// What one counter gives: 4 normals in float, 2 in double.
template <class R>
struct NormalBlock {
  static constexpr int kSize = sizeof(R) == 4 ? 4 : 2;
  R z[kSize];
};
DDIM_HD inline NormalBlock<float> box_muller(const Words& words, float) {
  const float r0 = radius(words.w[0]), r1 = radius(words.w[2]);
  const SinCos<float> d0 = direction(words.w[1]), d1 = direction(words.w[3]);
  return {{r0 * d0.cos, r0 * d0.sin, r1 * d1.cos, r1 * d1.sin}};
}
DDIM_HD inline NormalBlock<double> box_muller(const Words& words, double) {
  const double r = radius(std::uint64_t{words.w[0]} << 32 | words.w[1]);
  const SinCos<double> d = direction(std::uint64_t{words.w[2]} << 32 | words.w[3]);
  return {{r * d.cos, r * d.sin}};
}

/// Relative errors of the factors, over every float that occurs and by search in double.
template <class R>
inline constexpr double kUnitRoundoff = sizeof(R) == 4 ? 0x1p-24 : 0x1p-53;
template <class R>
inline constexpr double kRadiusError = 1.7 * kUnitRoundoff<R>;
template <class R>
inline constexpr double kSineError = 1.5 * kUnitRoundoff<R>;
/// Error of a normal against Box-Muller's exact value at the same words, in ulps of the result: the two
/// factors and the rounding of their product. The largest seen is 2.42.
template <class R>
inline constexpr double kNormalUlps = 4.21;

/// A stream of standard normals, addressed like cuRAND's Philox: curand_init(seed, subsequence, offset) and
/// its words in order. Element i of a tensor takes block i / kSize, so what is drawn depends on (seed,
/// subsequence, offset, i) only. Domain: offset a multiple of 4 (words).
struct Normals {
  std::uint64_t seed = 0;
  std::uint64_t subsequence = 0;
  std::uint64_t offset = 0;
};

/// Normals as kernels take them: the rounds' keys are made once, before the launch.
struct NormalStream {
  RoundKeys keys{};
  std::uint64_t subsequence = 0;
  std::uint64_t first = 0;  // block of element 0

  NormalStream() = default;
  NormalStream(const Normals& normals)
      : keys(static_cast<std::uint32_t>(normals.seed), static_cast<std::uint32_t>(normals.seed >> 32)),
        subsequence(normals.subsequence),
        first(normals.offset / 4) {}

  DDIM_HD Words words(std::uint64_t block, std::uint64_t of_subsequence) const {
    const std::uint64_t counter = first + block;
    return philox(
        {{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
          static_cast<std::uint32_t>(of_subsequence), static_cast<std::uint32_t>(of_subsequence >> 32)}},
        keys);
  }
  DDIM_HD Words words(std::uint64_t block) const { return words(block, subsequence); }
  template <class R>
  DDIM_HD NormalBlock<R> block(std::int64_t index, std::uint64_t of_subsequence) const {
    return box_muller(words(static_cast<std::uint64_t>(index), of_subsequence), R{});
  }
  template <class R>
  DDIM_HD NormalBlock<R> block(std::int64_t index) const {
    return block<R>(index, subsequence);
  }
  /// The normal of one element.
  template <class R>
  DDIM_HD R element(std::int64_t index, std::uint64_t of_subsequence) const {
    constexpr int size = NormalBlock<R>::kSize;
    const NormalBlock<R> drawn = block<R>(index / size, of_subsequence);
    R z = drawn.z[0];
    for (int k = 1; k < size; ++k) z = index % size == k ? drawn.z[k] : z;
    return z;
  }
  template <class R>
  DDIM_HD R element(std::int64_t index) const {
    return element<R>(index, subsequence);
  }
};

}  // namespace ddim::cuda
