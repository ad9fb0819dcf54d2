#pragma once

// The 16-bit formats, their arithmetic done exactly and rounded once, and the NaN that a card gives.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "tests/emulation/ptx_machine.hpp"

namespace ddim::ptx {

template <unsigned Exponent, unsigned Fraction>
struct Small {
  std::uint16_t bits;
};
using Half = Small<5, 10>;
using Bfloat = Small<8, 7>;

template <class T>
constexpr bool is_small = std::is_same_v<T, Half> || std::is_same_v<T, Bfloat>;
template <class T>
constexpr bool is_float = std::is_floating_point_v<T> || is_small<T>;

template <unsigned E, unsigned F>
float value(Small<E, F> x) {
  const std::uint32_t sign = std::uint32_t{x.bits & 0x8000u} << 16, rest = x.bits & 0x7fffu;
  if constexpr (E == 8) {
    return std::bit_cast<float>(sign | rest << 16);
  } else {
    const std::uint32_t exponent = rest >> F, fraction = rest & ((1u << F) - 1);
    if (exponent == 31) return std::bit_cast<float>(fraction ? 0x7fffffffu : sign | 0x7f800000u);
    if (exponent) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | fraction << (23 - F));
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f) | sign);
  }
}
template <class T>
T value(T x) {
  return x;
}

// (-1)^negative m 2^e, rounded into sign, E exponent bits and F fraction bits.
template <unsigned E, unsigned F>
std::uint16_t encode(bool negative, std::uint64_t m, int e, Round round) {
  const unsigned sign = negative ? 0x8000u : 0u;
  if (m == 0) return static_cast<std::uint16_t>(sign);
  constexpr int bias = (1 << (E - 1)) - 1;
  constexpr unsigned infinity = ((1u << E) - 1) << F;
  const int leading = std::max(e + 63 - std::countl_zero(m), 1 - bias);
  const bool away = round == (negative ? Round::down : Round::up);
  const int shift = leading - static_cast<int>(F) - e;
  std::uint64_t kept, rest, half;
  if (shift <= 0) {
    kept = leading > bias ? 0 : m << -shift, rest = 0, half = 1;
  } else if (shift < 64) {
    kept = m >> shift, rest = m & ((std::uint64_t{1} << shift) - 1), half = std::uint64_t{1} << (shift - 1);
  } else {
    kept = 0, rest = shift == 64 ? m : 1, half = std::uint64_t{1} << 63;
  }
  if (leading <= bias) {
    if (round == Round::nearest ? rest > half || (rest == half && (kept & 1)) : away && rest != 0) ++kept;
    const auto bits = (static_cast<std::uint64_t>(leading + bias - 1) << F) + kept;
    if (bits < infinity) return static_cast<std::uint16_t>(sign | bits);
  }
  return static_cast<std::uint16_t>(sign | (round == Round::nearest || away ? infinity : infinity - 1));
}

template <class T>
constexpr unsigned exponent_bits = std::is_same_v<T, Half> ? 5 : 8;

template <class T>
T narrow(double x, Round round = Round::nearest) {
  constexpr unsigned E = exponent_bits<T>, F = 15 - E;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const bool negative = bits >> 63;
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (exponent == 0x7ff) {
    if (fraction) return {0x7fff};
    return {static_cast<std::uint16_t>((negative ? 0x8000u : 0u) | ((1u << E) - 1) << F)};
  }
  return {exponent ? encode<E, F>(negative, fraction | std::uint64_t{1} << 52, exponent - 1075, round)
                   : encode<E, F>(negative, fraction, -1074, round)};
}

inline float canonical(float x) { return x == x ? x : std::bit_cast<float>(0x7fffffffu); }
inline double canonical(double x) { return x; }

}  // namespace ddim::ptx
