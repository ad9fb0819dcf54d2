#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "tests/emulation/ptx_machine.hpp"

namespace ddim::ptx {
namespace {

// 16-bit formats, their arithmetic done exactly and rounded once.

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

// x + y to double, inexact sums to the neighbour with an odd last bit: a second rounding is then as if it
// were the first.
double sum_to_odd(double x, double y) {
  const double s = x + y;
  if (!std::isfinite(s)) return s;
  const double t = s - x, error = (x - (s - t)) + (y - t);
  if (error == 0 || (std::bit_cast<std::uint64_t>(s) & 1)) return s;
  return std::nextafter(s, error > 0 ? HUGE_VAL : -HUGE_VAL);
}

inline float canonical(float x) { return x == x ? x : std::bit_cast<float>(0x7fffffffu); }
inline double canonical(double x) { return x; }

// Loops over the lanes of the instruction in progress.

template <class D, class F>
inline void each(const Warp& w, D* d, F f) {
  if (w.mask == ~Mask{0}) {
#pragma GCC ivdep
    for (unsigned l = 0; l < kLanes; ++l) d[l] = f(l);
  } else {
    for (Mask m = w.mask; m; m &= m - 1) {
      const auto l = static_cast<unsigned>(std::countr_zero(m));
      d[l] = f(l);
    }
  }
}
template <class F>
inline void each(const Warp& w, F f) {
  for (Mask m = w.mask; m; m &= m - 1) f(static_cast<unsigned>(std::countr_zero(m)));
}

template <class T, auto F>
void unary(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return static_cast<T>(F(a[l])); });
}
template <class T, auto F>
void binary(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return static_cast<T>(F(a[l], b[l])); });
}
template <class T, auto F>
void ternary(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2), *c = w.at<T>(i, 3);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return static_cast<T>(F(a[l], b[l], c[l])); });
}
template <class D, class T, auto F>  // other result type, both sources T
void widening(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  each(w, w.at<D>(i, 0), [=](unsigned l) { return F(static_cast<D>(a[l]), static_cast<D>(b[l])); });
}
template <class D, class T>
void mad_wide(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  const D* c = w.at<D>(i, 3);
  using U = std::make_unsigned_t<D>;
  each(w, w.at<D>(i, 0), [=](unsigned l) {
    return static_cast<D>(static_cast<U>(static_cast<D>(a[l]) * static_cast<D>(b[l])) + static_cast<U>(c[l]));
  });
}

// Floating point. Handlers run natively in the rounding direction that `directed` has set.

template <class T, auto F>
void float_unary(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return canonical(F(a[l])); });
}
template <class T, auto F>
void float_binary(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return canonical(F(a[l], b[l])); });
}
template <class T>
void fma_any(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2), *c = w.at<T>(i, 3);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return canonical(std::fma(a[l], b[l], c[l])); });
}
#if defined(__x86_64__) && !defined(__FMA__)
template <class T>
__attribute__((target("fma,avx2"))) void fma_hardware(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2), *c = w.at<T>(i, 3);
  T r[kLanes], *d = w.at<T>(i, 0);
  for (unsigned l = 0; l < kLanes; ++l) r[l] = std::fma(a[l], b[l], c[l]);
  if (w.mask == ~Mask{0}) {
#pragma GCC ivdep
    for (unsigned l = 0; l < kLanes; ++l) d[l] = canonical(r[l]);
  } else {
    each(w, d, [&](unsigned l) { return canonical(r[l]); });
  }
}
template <class T>
Handler fma_handler() {
  return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2") ? fma_hardware<T> : fma_any<T>;
}
#else
template <class T>
Handler fma_handler() {
  return fma_any<T>;
}
#endif

void directed(Warp& w, const Instruction& i) {
  std::fesetround(i.round == Round::zero ? FE_TOWARDZERO : i.round == Round::down ? FE_DOWNWARD : FE_UPWARD);
  try {
    i.inner(w, i);
  } catch (...) {
    std::fesetround(FE_TONEAREST);
    throw;
  }
  std::fesetround(FE_TONEAREST);
}

template <class H, unsigned Halves, auto F>  // F works on the exact values; Halves == 2 for packed pairs
void small(Warp& w, const Instruction& i) {
  const unsigned sources = i.operands - i.destinations - i.guarded;
  each(w, [&](unsigned l) {
    for (unsigned h = 0; h < Halves; ++h) {
      const auto lane = [&](unsigned operand) { return w.at<H>(i, operand)[l * Halves + h]; };
      w.at<H>(i, 0)[l * Halves + h] = F(lane(1), lane(sources > 1 ? 2 : 1), lane(sources > 2 ? 3 : 1));
    }
  });
}
template <class T, bool Min, bool Propagate>
T extreme(T x, T y) {
  const auto a = value(x), b = value(y);
  if (a != a || b != b) {
    if (Propagate || (a != a && b != b)) {
      if constexpr (is_small<T>)
        return {0x7fff};
      else
        return canonical(a != a ? a : b);
    }
    return a != a ? y : x;
  }
  if (a == b) return std::signbit(a) == Min ? x : y;
  return (a < b) == Min ? x : y;
}

// Integers

template <class T>
T high_product(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    __extension__ using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> 64);
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> (8 * sizeof(T)));
  }
}
template <class T>
T low_product(T a, T b) {
  return static_cast<T>(std::uint64_t{a} * std::uint64_t{b});
}

template <class T, bool Right>
void shift(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  const std::uint32_t* b = w.at<std::uint32_t>(i, 2);
  constexpr std::uint32_t bits = 8 * sizeof(T);
  each(w, w.at<T>(i, 0), [=](unsigned l) -> T {
    if (b[l] >= bits) return Right && std::is_signed_v<T> ? static_cast<T>(a[l] >> (bits - 1)) : T{0};
    return static_cast<T>(Right ? a[l] >> b[l] : static_cast<T>(std::uint64_t(a[l]) << b[l]));
  });
}

template <bool Left, bool Wrap>
void funnel(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 1), *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) {
    const std::uint64_t both = std::uint64_t{b[l]} << 32 | a[l];
    const std::uint32_t n = Wrap ? c[l] & 31 : std::min(c[l], 32u);
    return static_cast<std::uint32_t>(Left ? (both << n) >> 32 : both >> n);
  });
}

template <class T, bool Zero>  // division by zero: what the card's subroutine returns is not specified
void quotient(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  T* d = w.at<T>(i, 0);
  each(w, [&](unsigned l) {
    if (b[l] == 0) throw Fail{Fault::argument, l, "integer division by zero"};
    const bool overflow = std::is_signed_v<T> && b[l] == static_cast<T>(-1);
    if constexpr (Zero)
      d[l] = overflow ? T{0} : static_cast<T>(a[l] % b[l]);
    else
      d[l] = overflow ? static_cast<T>(0 - std::uint64_t(a[l])) : static_cast<T>(a[l] / b[l]);
  });
}

template <class T>
void field_extract(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  const auto *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3);
  constexpr unsigned bits = 8 * sizeof(T);
  each(w, w.at<T>(i, 0), [=](unsigned l) -> T {
    const unsigned position = b[l] & 255, length = c[l] & 255;
    if (length == 0) return 0;
    const bool sign = std::is_signed_v<T> && (a[l] >> std::min(position + length - 1, bits - 1) & 1);
    std::uint64_t field = position < bits ? std::uint64_t(std::make_unsigned_t<T>(a[l])) >> position : 0;
    const unsigned known = std::min(length, bits - std::min(position, bits));
    if (known < 64)
      field = (field & ((std::uint64_t{1} << known) - 1)) | (sign ? ~std::uint64_t{0} << known : 0);
    return static_cast<T>(field);
  });
}

template <class T>
void field_insert(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  const auto *c = w.at<std::uint32_t>(i, 3), *n = w.at<std::uint32_t>(i, 4);
  constexpr unsigned bits = 8 * sizeof(T);
  each(w, w.at<T>(i, 0), [=](unsigned l) -> T {
    const unsigned position = c[l] & 255, length = std::min(n[l] & 255, bits);
    if (position >= bits || length == 0) return b[l];
    const T ones = static_cast<T>(length == bits ? ~T{0} : (T{1} << length) - 1),
            mask = static_cast<T>(ones << position);
    return static_cast<T>((b[l] & ~mask) | (static_cast<T>(a[l] << position) & mask));
  });
}

void permute(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 1), *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) {
    const std::uint64_t both = std::uint64_t{b[l]} << 32 | a[l];
    std::uint32_t out = 0;
    for (unsigned k = 0; k < 4; ++k) {
      const std::uint32_t selector = c[l] >> (4 * k) & 15;
      std::uint32_t byte = static_cast<std::uint32_t>(both >> (8 * (selector & 7))) & 255;
      if (selector & 8) byte = byte & 128 ? 255 : 0;
      out |= byte << (8 * k);
    }
    return out;
  });
}

void logic3(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 1), *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3),
             *table = w.at<std::uint32_t>(i, 4);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) {
    std::uint32_t out = 0;
    for (unsigned k = 0; k < 8; ++k) {
      if (table[l] >> k & 1) out |= (k & 4 ? a[l] : ~a[l]) & (k & 2 ? b[l] : ~b[l]) & (k & 1 ? c[l] : ~c[l]);
    }
    return out;
  });
}

template <class T>
std::uint32_t leading_zeros(T x) {
  return static_cast<std::uint32_t>(std::countl_zero(x));
}
template <class T>
std::uint32_t ones(T x) {
  return static_cast<std::uint32_t>(std::popcount(x));
}
template <class T>  // position of the highest bit that differs from the sign, or ~0
std::uint32_t find_top(T x) {
  using U = std::make_unsigned_t<T>;
  const U u = static_cast<U>(std::is_signed_v<T> && x < 0 ? ~x : x);
  return u ? static_cast<std::uint32_t>(8 * sizeof(T) - 1) - leading_zeros(u) : ~std::uint32_t{0};
}
template <class T>
std::uint32_t find_shift(T x) {
  const std::uint32_t n = find_top(x);
  return n == ~std::uint32_t{0} ? n : static_cast<std::uint32_t>(8 * sizeof(T) - 1) - n;
}
template <class T, auto F>
void count(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) { return F(a[l]); });
}
template <class T>
T reverse(T x) {
  T out = 0;
  for (unsigned k = 0; k < 8 * sizeof(T); ++k)
    out = static_cast<T>(out | (x >> k & 1) << (8 * sizeof(T) - 1 - k));
  return out;
}

// Predicates are one mask.

inline void assign(Warp& w, const Instruction& i, unsigned operand, Mask value) {
  Mask& p = *w.at<Mask>(i, operand);
  p = (p & ~w.mask) | (value & w.mask);
}
template <auto F>
void predicate(Warp& w, const Instruction& i) {
  assign(w, i, 0, F(*w.at<Mask>(i, 1), *w.at<Mask>(i, i.operands - i.guarded > 2 ? 2 : 1)));
}

enum Comparison : std::uint8_t { eq, ne, lt, le, gt, ge, equ, neu, ltu, leu, gtu, geu, num, nan };
constexpr std::array<std::string_view, 14> kComparisons{"eq",  "ne",  "lt",  "le",  "gt",  "ge",  "equ",
                                                        "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

template <class T>
Mask compare(const T* a, const T* b, unsigned how) {
  const auto scan = [=](auto f) {
    Mask out = 0;
    for (unsigned l = 0; l < kLanes; ++l) out |= Mask{f(value(a[l]), value(b[l]))} << l;
    return out;
  };
  switch (how) {
    case eq:
      return scan([](auto x, auto y) { return x == y; });
    case ne:
      return scan([](auto x, auto y) { return x < y || x > y; });
    case lt:
      return scan([](auto x, auto y) { return x < y; });
    case le:
      return scan([](auto x, auto y) { return x <= y; });
    case gt:
      return scan([](auto x, auto y) { return x > y; });
    case ge:
      return scan([](auto x, auto y) { return x >= y; });
    case equ:
      return scan([](auto x, auto y) { return !(x < y || x > y); });
    case neu:
      return scan([](auto x, auto y) { return x != y; });
    case ltu:
      return scan([](auto x, auto y) { return !(x >= y); });
    case leu:
      return scan([](auto x, auto y) { return !(x > y); });
    case gtu:
      return scan([](auto x, auto y) { return !(x <= y); });
    case geu:
      return scan([](auto x, auto y) { return !(x < y); });
    case num:
      return scan([](auto x, auto y) { return x == x && y == y; });
    default:
      return scan([](auto x, auto y) { return x != x || y != y; });
  }
}

template <class T>
void set_predicate(
    Warp& w, const Instruction& i) {  // mode: comparison, and 16, 32, 48: and, or, xor with a third source
  const Mask r = compare(w.at<T>(i, 2), w.at<T>(i, 3), i.mode & 15);
  const unsigned combine = i.mode >> 4;
  const Mask c = combine ? *w.at<Mask>(i, 4) : 0;
  const auto with = [=](Mask m) {
    return combine == 1 ? m & c : combine == 2 ? m | c : combine == 3 ? m ^ c : m;
  };
  assign(w, i, 0, with(r));
  assign(w, i, 1, with(~r));
}
template <class D, class T>
void set_value(Warp& w, const Instruction& i) {
  const Mask r = compare(w.at<T>(i, 1), w.at<T>(i, 2), i.mode);
  each(w, w.at<D>(i, 0), [=](unsigned l) -> D {
    const bool yes = r >> l & 1;
    if constexpr (std::is_same_v<D, float>)
      return yes ? 1.0f : 0.0f;
    else if constexpr (is_small<D>)
      return yes ? narrow<D>(1) : D{0};
    else
      return static_cast<D>(yes ? ~D{0} : D{0});
  });
}
template <class T>
void select(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  const Mask p = *w.at<Mask>(i, 3);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return p >> l & 1 ? a[l] : b[l]; });
}
template <class T>
void test_property(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  Mask r = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    const int c = std::fpclassify(a[l]);
    const std::array<bool, 6> is{c != FP_INFINITE && c != FP_NAN,
                                 c == FP_INFINITE,
                                 c != FP_NAN,
                                 c == FP_NAN,
                                 c == FP_NORMAL,
                                 c == FP_SUBNORMAL};
    r |= Mask{is[i.mode]} << l;
  }
  assign(w, i, 0, r);
}

// Conversions

template <class T>
T load(const Warp& w, const Instruction& i, unsigned operand, unsigned lane) {
  T out;
  std::memcpy(&out, w.at<std::byte>(i, operand) + std::size_t{lane} * i.bytes[operand], sizeof out);
  return out;
}
template <class T>  // extends to the register
void store(const Warp& w, const Instruction& i, unsigned operand, unsigned lane, T x) {
  std::byte* d = w.at<std::byte>(i, operand) + std::size_t{lane} * i.bytes[operand];
  if (sizeof x == i.bytes[operand]) {
    std::memcpy(d, &x, sizeof x);
  } else if constexpr (std::is_integral_v<T>) {
    const auto wide = static_cast<std::uint64_t>(
        static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(x));
    std::memcpy(d, &wide, i.bytes[operand]);
  } else {
    throw Fail{Fault::unknown_instruction, lane, "a floating-point result in a wider register"};
  }
}

double integral(double x, Round round) {
  switch (round) {
    case Round::zero:
      return std::trunc(x);
    case Round::down:
      return std::floor(x);
    case Round::up:
      return std::ceil(x);
    default:
      return std::nearbyint(x);
  }
}

template <class D, class S>
D convert(S s, const Instruction& i) {
  if constexpr (!is_float<S> && !is_float<D>) {
    if (!i.saturate) return static_cast<D>(s);
    if (std::cmp_less(s, std::numeric_limits<D>::min())) return std::numeric_limits<D>::min();
    if (std::cmp_greater(s, std::numeric_limits<D>::max())) return std::numeric_limits<D>::max();
    return static_cast<D>(s);
  } else if constexpr (!is_float<D>) {
    const double x = static_cast<double>(value(s));
    if (x != x) return sizeof(D) == 8 || sizeof(S) == 8 ? static_cast<D>(D{1} << (8 * sizeof(D) - 1)) : D{0};
    const double r = integral(x, i.round),
                 bound = std::ldexp(1.0, static_cast<int>(8 * sizeof(D)) - std::is_signed_v<D>);
    if (r >= bound) return std::numeric_limits<D>::max();
    if (r < (std::is_signed_v<D> ? -bound : 0.0)) return std::numeric_limits<D>::min();
    return static_cast<D>(r);
  } else if constexpr (!is_float<S>) {
    if constexpr (is_small<D>) {
      const bool negative = std::is_signed_v<S> && s < 0;
      const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(s) : static_cast<std::uint64_t>(s);
      return {encode<exponent_bits<D>, 15 - exponent_bits<D>>(negative, magnitude, 0, i.round)};
    } else {
      return static_cast<D>(s);
    }
  } else {
    if constexpr (std::is_same_v<D, S>) {
      if (i.mode) {  // .rni and its like
        const auto x = static_cast<double>(value(s));
        if constexpr (is_small<D>)
          s = narrow<D>(integral(x, i.round));
        else
          s = canonical(static_cast<D>(integral(x, i.round)));
      }
    }
    if (i.saturate) {
      const auto x = value(s);
      if (!(x > 0))
        s = S{};
      else if (x > 1) {
        if constexpr (is_small<S>)
          s = narrow<S>(1);
        else
          s = 1;
      }
    }
    if constexpr (std::is_same_v<D, S>)
      return s;
    else if constexpr (is_small<D>)
      return narrow<D>(static_cast<double>(value(s)), i.round);
    else
      return std::is_same_v<S, double> ? canonical(static_cast<D>(value(s))) : static_cast<D>(value(s));
  }
}

template <class D, class S>
void cvt(Warp& w, const Instruction& i) {
  if (sizeof(D) == i.bytes[0] && sizeof(S) == i.bytes[1]) {
    const S* a = w.at<S>(i, 1);
    each(w, w.at<D>(i, 0), [&](unsigned l) { return convert<D>(a[l], i); });
  } else {
    each(w, [&](unsigned l) { store(w, i, 0, l, convert<D>(load<S>(w, i, 1, l), i)); });
  }
}
template <class H>  // the first source is the upper half
void cvt_pair(Warp& w, const Instruction& i) {
  const float *a = w.at<float>(i, 1), *b = w.at<float>(i, 2);
  each(w, w.at<std::uint32_t>(i, 0),
       [&](unsigned l) { return std::uint32_t{convert<H>(a[l], i).bits} << 16 | convert<H>(b[l], i).bits; });
}

// Moves

template <class T>
void move(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return a[l]; });
}
void pack(Warp& w, const Instruction& i) {
  each(w, [&](unsigned l) {
    std::byte* d = w.at<std::byte>(i, 0) + std::size_t{l} * i.bytes[0];
    std::array<std::byte, 8> out;
    unsigned at = 0;
    for (unsigned k = 1; at < i.bytes[0]; ++k) {
      std::memcpy(&out[at], w.at<std::byte>(i, k) + std::size_t{l} * i.bytes[k], i.bytes[k]);
      at += i.bytes[k];
    }
    std::memcpy(d, out.data(), i.bytes[0]);
  });
}
void unpack(Warp& w, const Instruction& i) {
  each(w, [&](unsigned l) {
    const unsigned source = i.destinations, width = i.bytes[source];
    std::array<std::byte, 8> in;
    std::memcpy(in.data(), w.at<std::byte>(i, source) + std::size_t{l} * width, width);
    unsigned at = 0;
    for (unsigned k = 0; k < i.destinations; at += i.bytes[k++]) {
      std::memcpy(w.at<std::byte>(i, k) + std::size_t{l} * i.bytes[k], &in[at], i.bytes[k]);
    }
  });
}

// Memory

enum class Space : std::uint8_t { global, shared, parameter, constant };

template <Space S>
std::byte* locate(Warp& w, const Instruction& i, unsigned operand, unsigned lane, unsigned bytes,
                  bool write) {
  const std::uint64_t base =
      i.bytes[operand] == 8 ? w.at<std::uint64_t>(i, operand)[lane] : w.at<std::uint32_t>(i, operand)[lane];
  const std::uint64_t address = base + static_cast<std::uint64_t>(i.offset);
  Block& block = *w.block;
  if constexpr (S == Space::global) return block.global(w, lane, address, bytes, write, i.coherent);
  if constexpr (S == Space::shared) return block.shared_at(w, lane, address, bytes, write);
  const auto& memory = S == Space::parameter ? block.parameters : block.program->constant_memory;
  const std::uint64_t at = S == Space::parameter ? address : address - kConstantBase;
  const auto where = [&] {
    return (S == Space::parameter ? "parameter byte " : "constant byte ") + std::to_string(at);
  };
  if (at > memory.size() || memory.size() - at < bytes)
    throw Fail{Fault::out_of_bounds, lane, "load at " + where()};
  if (at % bytes != 0)
    throw Fail{Fault::misaligned, lane, "load of " + std::to_string(bytes) + " bytes at " + where()};
  return const_cast<std::byte*>(memory.data()) + at;
}
template <Space S, class T>
void load_memory(Warp& w, const Instruction& i) {
  const unsigned n = i.destinations;
  each(w, [&](unsigned l) {
    const std::byte* p = locate<S>(w, i, n, l, n * static_cast<unsigned>(sizeof(T)), false);
    for (unsigned k = 0; k < n; ++k) {
      T x;
      std::memcpy(&x, p + k * sizeof(T), sizeof x);
      store(w, i, k, l, x);
    }
  });
}
template <Space S, class T>
void store_memory(Warp& w, const Instruction& i) {
  const unsigned n = i.operands - 1u - i.guarded;
  each(w, [&](unsigned l) {
    std::byte* p = locate<S>(w, i, 0, l, n * static_cast<unsigned>(sizeof(T)), true);
    for (unsigned k = 0; k < n; ++k) {
      const T x = load<T>(w, i, k + 1, l);
      std::memcpy(p + k * sizeof(T), &x, sizeof x);
    }
  });
}

// Warp collectives; the scheduler has set the mask to the lanes that take part.

enum class Lane : std::uint8_t { up, down, bfly, idx };
void shuffle(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 2), *b = w.at<std::uint32_t>(i, 3), *c = w.at<std::uint32_t>(i, 4);
  std::array<std::uint32_t, kLanes> out{};
  Mask inside = 0;
  each(w, [&](unsigned l) {
    const unsigned delta = b[l] & 31, segment = c[l] >> 8 & 31, low = l & segment,
                   high = low | (c[l] & 31 & ~segment);
    unsigned from = l;
    bool in = true;
    switch (Lane{i.mode}) {
      case Lane::up:
        from = l - delta, in = static_cast<int>(from) >= static_cast<int>(high);
        break;
      case Lane::down:
        from = l + delta, in = from <= high;
        break;
      case Lane::bfly:
        from = l ^ delta, in = from <= high;
        break;
      case Lane::idx:
        from = low | (delta & ~segment), in = from <= high;
        break;
    }
    if (!in) from = l;
    if (!(w.mask >> from & 1)) {
      throw Fail{Fault::divergence, l,
                 "shuffle reads lane " + std::to_string(from) + ", which does not take part"};
    }
    out[l] = a[from];
    inside |= Mask{in} << l;
  });
  each(w, w.at<std::uint32_t>(i, 0), [&](unsigned l) { return out[l]; });
  assign(w, i, 1, inside);
}
enum class Vote : std::uint8_t { all, any, uni, ballot };
void vote(Warp& w, const Instruction& i) {
  const bool ballot = Vote{i.mode} == Vote::ballot;
  const Mask p = *w.at<Mask>(i, 1) & w.mask;
  if (ballot) return each(w, w.at<std::uint32_t>(i, 0), [=](unsigned) { return p; });
  const bool yes = Vote{i.mode} == Vote::all   ? p == w.mask
                   : Vote{i.mode} == Vote::any ? p != 0
                                               : p == 0 || p == w.mask;
  assign(w, i, 0, yes ? ~Mask{0} : 0);
}
void warp_barrier(Warp& w, const Instruction&) {
  if (w.mask == w.live) ++w.sync;
}
void active(Warp& w, const Instruction& i) {
  each(w, w.at<std::uint32_t>(i, 0), [&](unsigned) { return w.mask; });
}
void nothing(Warp&, const Instruction&) {}
void bring_vote(Warp& w, const Instruction& i) {
  w.votes = (w.votes & ~w.mask) | (*w.at<Mask>(i, i.destinations) & w.mask);
}

constexpr auto add_ = [](auto a, auto b) { return a + b; };
constexpr auto sub_ = [](auto a, auto b) { return a - b; };
constexpr auto mul_ = [](auto a, auto b) { return a * b; };

// Every opcode that has a meaning, with all its modifiers. What is not in the table is unknown.

template <class T>
constexpr const char* kName = nullptr;
template <>
constexpr const char* kName<std::uint8_t> = "u8";
template <>
constexpr const char* kName<std::int8_t> = "s8";
template <>
constexpr const char* kName<std::uint16_t> = "u16";
template <>
constexpr const char* kName<std::int16_t> = "s16";
template <>
constexpr const char* kName<std::uint32_t> = "u32";
template <>
constexpr const char* kName<std::int32_t> = "s32";
template <>
constexpr const char* kName<std::uint64_t> = "u64";
template <>
constexpr const char* kName<std::int64_t> = "s64";
template <>
constexpr const char* kName<Half> = "f16";
template <>
constexpr const char* kName<Bfloat> = "bf16";
template <>
constexpr const char* kName<float> = "f32";
template <>
constexpr const char* kName<double> = "f64";

const std::vector<std::pair<std::string, Round>> kRoundings{
    {"rn", Round::nearest}, {"rz", Round::zero}, {"rm", Round::down}, {"rp", Round::up}};

Shape in(std::size_t bytes) { return {Piece::source, static_cast<std::uint8_t>(bytes), 1}; }
Shape out(std::size_t bytes) { return {Piece::destination, static_cast<std::uint8_t>(bytes), 1}; }
const Shape kIn{Piece::predicate_in}, kOut{Piece::destination, 1}, kBoth{Piece::predicate_out},
    kNumber{Piece::constant};

class Opcodes {
 public:
  Opcodes() {
    integers<std::uint16_t>(), integers<std::uint32_t>(), integers<std::uint64_t>();
    integers<std::int16_t>(), integers<std::int32_t>(), integers<std::int64_t>();
    untyped<std::uint16_t>("16"), untyped<std::uint32_t>("32"), untyped<std::uint64_t>("64");
    words();
    natives<float, std::uint32_t>(), natives<double, std::uint64_t>();
    smalls<Half, 1>(""), smalls<Half, 2>("x2"), smalls<Bfloat, 1>(""), smalls<Bfloat, 2>("x2");
    convert_from<std::uint8_t>(), convert_from<std::uint16_t>(), convert_from<std::uint32_t>(),
        convert_from<std::uint64_t>();
    convert_from<std::int8_t>(), convert_from<std::int16_t>(), convert_from<std::int32_t>(),
        convert_from<std::int64_t>();
    convert_from<Half>(), convert_from<Bfloat>(), convert_from<float>(), convert_from<double>();
    memory<std::uint8_t>({"b8", "u8"}), memory<std::uint16_t>({"b16", "u16"});
    memory<std::uint32_t>({"b32", "u32", "f32"}), memory<std::uint64_t>({"b64", "u64", "f64"});
    memory<std::int8_t>({"s8"}), memory<std::int16_t>({"s16"}), memory<std::int32_t>({"s32"}),
        memory<std::int64_t>({"s64"});
    predicates();
    control();
  }

  const Meaning* find(const std::string& opcode) const {
    const auto at = table_.find(opcode);
    return at == table_.end() ? nullptr : &at->second;
  }

 private:
  Instruction& add(const std::string& opcode, Handler run, std::vector<Shape> shape, std::size_t mode = 0) {
    Meaning& m = table_[opcode];
    m.instruction.run = run;
    m.instruction.mode = static_cast<std::uint8_t>(mode);
    m.shape = std::move(shape);
    return m.instruction;
  }
  static std::vector<Shape> same(std::size_t bytes, std::size_t sources) {
    std::vector<Shape> out_and_ins(1 + sources, in(bytes));
    out_and_ins[0] = out(bytes);
    return out_and_ins;
  }
  void round(Instruction& i, Round to) {  // natively, by the direction of the floating-point unit
    i.round = to;
    if (to != Round::nearest) i.inner = std::exchange(i.run, directed);
  }

  template <class T>
  void integers() {
    using U = std::make_unsigned_t<T>;
    const std::string t = std::string(".") + kName<T>;
    constexpr std::size_t n = sizeof(T);
    add("add" + t, binary<U, add_>, same(n, 2));
    add("sub" + t, binary<U, sub_>, same(n, 2));
    add("mul.lo" + t, binary<U, low_product<U>>, same(n, 2));
    add("mul.hi" + t, binary<T, high_product<T>>, same(n, 2));
    add("mad.lo" + t, ternary<U, [](U a, U b, U c) { return low_product(a, b) + c; }>, same(n, 3));
    add("mad.hi" + t, ternary<T, [](T a, T b, T c) { return U(high_product(a, b)) + U(c); }>, same(n, 3));
    add("div" + t, quotient<T, false>, same(n, 2));
    add("rem" + t, quotient<T, true>, same(n, 2));
    add("min" + t, binary<T, [](T a, T b) { return std::min(a, b); }>, same(n, 2));
    add("max" + t, binary<T, [](T a, T b) { return std::max(a, b); }>, same(n, 2));
    add("shr" + t, shift<T, true>, {out(n), in(n), in(4)});
    if constexpr (n < 8) {
      using D =
          std::conditional_t<std::is_signed_v<T>, std::conditional_t<n == 2, std::int32_t, std::int64_t>,
                             std::conditional_t<n == 2, std::uint32_t, std::uint64_t>>;
      add("mul.wide" + t, widening<D, T, mul_>, {out(2 * n), in(n), in(n)});
      add("mad.wide" + t, mad_wide<D, T>, {out(2 * n), in(n), in(n), in(2 * n)});
    }
    if constexpr (n > 2) {
      add("bfind" + t, count<T, find_top<T>>, {out(4), in(n)});
      add("bfind.shiftamt" + t, count<T, find_shift<T>>, {out(4), in(n)});
      add("bfe" + t, field_extract<T>, {out(n), in(n), in(4), in(4)});
    }
    if constexpr (std::is_signed_v<T>) {
      add("neg" + t, unary<U, [](U a) { return U{0} - a; }>, same(n, 1));
      add("abs" + t, unary<U, [](U a) { return T(a) < 0 ? U{0} - a : a; }>, same(n, 1));
    } else {
      compare_as<T>("lo", lt), compare_as<T>("ls", le), compare_as<T>("hi", gt), compare_as<T>("hs", ge);
    }
    for (std::size_t c = eq; c <= ge; ++c) compare_as<T>(std::string(kComparisons[c]), c);
  }

  template <class T>
  void untyped(const std::string& bits) {
    const std::string t = ".b" + bits;
    constexpr std::size_t n = sizeof(T);
    add("and" + t, binary<T, [](T a, T b) { return a & b; }>, same(n, 2));
    add("or" + t, binary<T, [](T a, T b) { return a | b; }>, same(n, 2));
    add("xor" + t, binary<T, [](T a, T b) { return a ^ b; }>, same(n, 2));
    add("not" + t, unary<T, [](T a) { return ~a; }>, same(n, 1));
    add("shl" + t, shift<T, false>, {out(n), in(n), in(4)});
    add("shr" + t, shift<T, true>, {out(n), in(n), in(4)});
    add("setp.eq" + t, set_predicate<T>, {kBoth, in(n), in(n)}, eq);
    add("setp.ne" + t, set_predicate<T>, {kBoth, in(n), in(n)}, ne);
    for (const char kind : {'b', 'u', 's', 'f'}) {
      if (kind == 'f' && n == 2) continue;
      add(std::string("mov.") + kind + bits, move<T>, same(n, 1));
      add(std::string("selp.") + kind + bits, select<T>, {out(n), in(n), in(n), kIn}).selects = true;
    }
    for (const std::uint8_t parts :
         {std::uint8_t{2}, std::uint8_t{4}}) {  // "mov.b32 {2} =" stands for mov.b32 {a, b}, c
      const auto part = static_cast<std::uint8_t>(n / parts);
      if (part < 2) continue;
      add("mov" + t + " {" + std::to_string(parts) + "} =", unpack,
          {{Piece::destinations, part, parts}, in(n)});
      add("mov" + t + " = {" + std::to_string(parts) + "}", pack, {out(n), {Piece::sources, part, parts}});
    }
    if constexpr (n > 2) {
      add("popc" + t, count<T, ones<T>>, {out(4), in(n)});
      add("clz" + t, count<T, leading_zeros<T>>, {out(4), in(n)});
      add("brev" + t, unary<T, reverse<T>>, same(n, 1));
      add("bfi" + t, field_insert<T>, {out(n), in(n), in(n), in(4), in(4)});
    }
  }

  void words() {
    add("shf.l.wrap.b32", funnel<true, true>, same(4, 3));
    add("shf.l.clamp.b32", funnel<true, false>, same(4, 3));
    add("shf.r.wrap.b32", funnel<false, true>, same(4, 3));
    add("shf.r.clamp.b32", funnel<false, false>, same(4, 3));
    add("prmt.b32", permute, same(4, 3));
    add("lop3.b32", logic3, same(4, 4));
    for (const std::string space : {"global", "const", "param", "to.global", "to.const", "to.param"}) {
      add("cvta." + space + ".u64", move<std::uint64_t>, same(8, 1));
    }
  }

  template <class T>  // setp and set
  void compare_as(const std::string& name, std::size_t how) {
    const std::string t = std::string(".") + kName<T>;
    const Shape s = in(sizeof(T));
    add("setp." + name + t, set_predicate<T>, {kBoth, s, s}, how);
    add("setp." + name + ".and" + t, set_predicate<T>, {kBoth, s, s, kIn}, how | 16);
    add("setp." + name + ".or" + t, set_predicate<T>, {kBoth, s, s, kIn}, how | 32);
    add("setp." + name + ".xor" + t, set_predicate<T>, {kBoth, s, s, kIn}, how | 48);
    add("set." + name + ".u32" + t, set_value<std::uint32_t, T>, {out(4), s, s}, how);
    add("set." + name + ".s32" + t, set_value<std::uint32_t, T>, {out(4), s, s}, how);
    add("set." + name + ".f32" + t, set_value<float, T>, {out(4), s, s}, how);
    if constexpr (is_small<T>) add("set." + name + t + t, set_value<T, T>, {out(2), s, s}, how);
  }

  template <class T, class Bits>
  void natives() {
    const std::string t = std::string(".") + kName<T>;
    constexpr std::size_t n = sizeof(T);
    constexpr Bits top = Bits{1} << (8 * n - 1);
    for (const auto& [name, direction] : kRoundings) {
      const std::string rt = "." + name + t;
      round(add("add" + rt, float_binary<T, add_>, same(n, 2)), direction);
      round(add("sub" + rt, float_binary<T, sub_>, same(n, 2)), direction);
      round(add("mul" + rt, float_binary<T, mul_>, same(n, 2)), direction);
      round(add("div" + rt, float_binary<T, [](T a, T b) { return a / b; }>, same(n, 2)), direction);
      round(add("fma" + rt, fma_handler<T>(), same(n, 3)), direction);
      round(add("sqrt" + rt, float_unary<T, [](T a) { return std::sqrt(a); }>, same(n, 1)), direction);
      round(add("rcp" + rt, float_unary<T, [](T a) { return T{1} / a; }>, same(n, 1)), direction);
    }
    add("neg" + t, unary<Bits, [](Bits a) { return a ^ top; }>, same(n, 1));
    add("abs" + t, unary<Bits, [](Bits a) { return a & ~top; }>, same(n, 1));
    add("min" + t, binary<T, extreme<T, true, false>>, same(n, 2));
    add("max" + t, binary<T, extreme<T, false, false>>, same(n, 2));
    add("min.NaN" + t, binary<T, extreme<T, true, true>>, same(n, 2));
    add("max.NaN" + t, binary<T, extreme<T, false, true>>, same(n, 2));
    add("copysign" + t, binary<T, [](T a, T b) { return std::copysign(b, a); }>, same(n, 2));
    std::size_t property = 0;
    for (const std::string name : {"finite", "infinite", "number", "notanumber", "normal", "subnormal"}) {
      add("testp." + name + t, test_property<T>, {kOut, in(n)}, property++);
    }
    for (std::size_t c = eq; c <= nan; ++c) compare_as<T>(std::string(kComparisons[c]), c);
  }

  template <class H, unsigned Halves>
  void smalls(const std::string& suffix) {
    const std::string t = std::string(".") + kName<H> + suffix;
    constexpr std::size_t n = 2 * Halves;
    add("add.rn" + t, small<H, Halves, [](H a, H b, H) { return narrow<H>(sum_to_odd(value(a), value(b))); }>,
        same(n, 2));
    add("sub.rn" + t,
        small<H, Halves, [](H a, H b, H) { return narrow<H>(sum_to_odd(value(a), -value(b))); }>, same(n, 2));
    add("mul.rn" + t, small<H, Halves, [](H a, H b, H) { return narrow<H>(double{value(a)} * value(b)); }>,
        same(n, 2));
    add("fma.rn" + t,
        small<H, Halves,
              [](H a, H b, H c) { return narrow<H>(sum_to_odd(double{value(a)} * value(b), value(c))); }>,
        same(n, 3));
    add("neg" + t, small<H, Halves, [](H a, H, H) { return H{static_cast<std::uint16_t>(a.bits ^ 0x8000)}; }>,
        same(n, 1));
    add("abs" + t, small<H, Halves, [](H a, H, H) { return H{static_cast<std::uint16_t>(a.bits & 0x7fff)}; }>,
        same(n, 1));
    add("min" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, true, false>(a, b); }>, same(n, 2));
    add("max" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, false, false>(a, b); }>, same(n, 2));
    add("min.NaN" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, true, true>(a, b); }>,
        same(n, 2));
    add("max.NaN" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, false, true>(a, b); }>,
        same(n, 2));
    if constexpr (Halves == 1) {
      for (std::size_t c = eq; c <= nan; ++c) compare_as<H>(std::string(kComparisons[c]), c);
    } else {
      for (const auto& [name, direction] : kRoundings)
        add("cvt." + name + t + ".f32", cvt_pair<H>, same(4, 2)).round = direction;
    }
  }

  template <class S>
  void convert_from() {
    convert<std::uint8_t, S>(), convert<std::uint16_t, S>(), convert<std::uint32_t, S>(),
        convert<std::uint64_t, S>();
    convert<std::int8_t, S>(), convert<std::int16_t, S>(), convert<std::int32_t, S>(),
        convert<std::int64_t, S>();
    convert<Half, S>(), convert<Bfloat, S>(), convert<float, S>(), convert<double, S>();
  }
  template <class D, class S>
  void convert() {  // a rounding stands where the result may be inexact, and only there
    constexpr bool floats = is_float<D> && is_float<S>, integers = !is_float<D> && !is_float<S>,
                   same_type = std::is_same_v<D, S>;
    const std::string types = std::string(".") + kName<D> + "." + kName<S>;
    const std::vector<Shape> shape{{Piece::wide_destination, sizeof(D)}, {Piece::wide_source, sizeof(S)}};
    for (const bool saturate : {false, true}) {
      const std::string end = (saturate ? ".sat" : "") + types;
      if (integers || (floats && (sizeof(D) > sizeof(S) || same_type)))
        add("cvt" + end, cvt<D, S>, shape).saturate = saturate;
      for (const auto& [name, direction] : kRoundings) {
        Instruction* i = nullptr;
        if ((is_float<S> && !is_float<D>) || (floats && same_type))
          i = &add("cvt." + name + "i" + end, cvt<D, S>, shape, 1);
        if ((is_float<D> && !is_float<S>) || (floats && sizeof(D) < sizeof(S)))
          i = &add("cvt." + name + end, cvt<D, S>, shape);
        if (!i) continue;
        i->saturate = saturate;
        i->round = direction;
        if (std::is_floating_point_v<D> && !same_type) round(*i, direction);
      }
    }
  }

  template <class T>
  void memory(std::initializer_list<const char*> types) {
    for (const std::string type : types) {
      for (std::uint8_t n = 1; n <= 8; n = static_cast<std::uint8_t>(2 * n)) {
        if (n * sizeof(T) > 32) continue;
        const std::string end = (n > 1 ? ".v" + std::to_string(n) : "") + "." + type;
        const Shape into{Piece::destinations, sizeof(T), n}, from{Piece::sources, sizeof(T), n},
            at{Piece::address};
        for (const std::string space : {"", ".global"}) {
          add("ld" + space + end, load_memory<Space::global, T>, {into, at});
          add("st" + space + end, store_memory<Space::global, T>, {at, from});
        }
        add("ld.global.nc" + end, load_memory<Space::global, T>, {into, at}).coherent = false;
        add("ld.shared" + end, load_memory<Space::shared, T>, {into, at});
        add("st.shared" + end, store_memory<Space::shared, T>, {at, from});
        add("ld.param" + end, load_memory<Space::parameter, T>, {into, at});
        add("ld.const" + end, load_memory<Space::constant, T>, {into, at});
      }
    }
  }

  void predicates() {
    add("mov.pred", predicate<[](Mask a, Mask) { return a; }>, {kOut, kIn});
    add("not.pred", predicate<[](Mask a, Mask) { return ~a; }>, {kOut, kIn});
    add("and.pred", predicate<[](Mask a, Mask b) { return a & b; }>, {kOut, kIn, kIn});
    add("or.pred", predicate<[](Mask a, Mask b) { return a | b; }>, {kOut, kIn, kIn});
    add("xor.pred", predicate<[](Mask a, Mask b) { return a ^ b; }>, {kOut, kIn, kIn});
  }

  void control() {
    for (const std::string end : {"", ".uni"}) {
      add("bra" + end, nothing, {{Piece::label}}).flow = Flow::branch;
      add("ret" + end, nothing, {}).flow = Flow::exit;
    }
    add("exit", nothing, {}).flow = Flow::exit;
    add("trap", nothing, {}).flow = Flow::trap;
    for (const std::string bar : {"bar", "bar.cta", "barrier", "barrier.cta"}) {
      for (const std::string aligned : {"", ".aligned"}) {
        if (!bar.starts_with("barrier") && !aligned.empty()) continue;
        add(bar + ".sync" + aligned, nothing, {kNumber}).flow = Flow::block_barrier;
        add(bar + ".red.and" + aligned + ".pred", bring_vote, {kOut, kNumber, kIn}, 0).flow =
            Flow::block_barrier;
        add(bar + ".red.or" + aligned + ".pred", bring_vote, {kOut, kNumber, kIn}, 1).flow =
            Flow::block_barrier;
        add(bar + ".red.popc" + aligned + ".u32", bring_vote, {out(4), kNumber, kIn}, 2).flow =
            Flow::block_barrier;
      }
    }
    const auto collective = [&](const std::string& opcode, Handler run, const std::vector<Shape>& shape,
                                auto mode) {
      add(opcode, run, shape, static_cast<std::size_t>(mode)).flow = Flow::warp_collective;
    };
    collective("bar.warp.sync", warp_barrier, {in(4)}, 0);
    collective("vote.sync.all.pred", vote, {kOut, kIn, in(4)}, Vote::all);
    collective("vote.sync.any.pred", vote, {kOut, kIn, in(4)}, Vote::any);
    collective("vote.sync.uni.pred", vote, {kOut, kIn, in(4)}, Vote::uni);
    collective("vote.sync.ballot.b32", vote, {out(4), kIn, in(4)}, Vote::ballot);
    const std::vector<Shape> lanes{{Piece::optional_predicate, 4}, in(4), in(4), in(4), in(4)};
    collective("shfl.sync.up.b32", shuffle, lanes, Lane::up);
    collective("shfl.sync.down.b32", shuffle, lanes, Lane::down);
    collective("shfl.sync.bfly.b32", shuffle, lanes, Lane::bfly);
    collective("shfl.sync.idx.b32", shuffle, lanes, Lane::idx);
    add("activemask.b32", active, {out(4)});
  }

  std::unordered_map<std::string, Meaning> table_;
};

bool has_modifier(std::string_view opcode, std::string_view modifier) {
  const auto at = opcode.find(modifier);
  return at != opcode.npos && (at + modifier.size() == opcode.size() || opcode[at + modifier.size()] == '.');
}

}  // namespace

Meaning meaning(std::string_view opcode, std::span<const unsigned> vectors, Allow allow) {
  static const Opcodes opcodes;
  std::string name(opcode);
  for (const std::string_view inexact : {".approx", ".ftz", ".full"}) {
    if (has_modifier(opcode, inexact)) throw Fail{Fault::approximate, 0, name + " is not exact arithmetic"};
  }
  if (name.starts_with("brx") || name.starts_with("cvta.shared") || name.starts_with("cvta.to.shared") ||
      name.starts_with("cvta.local")) {
    throw Fail{Fault::unsupported, 0, name};
  }
  if (name.starts_with("ld.") || name.starts_with("st.")) {  // hints that change no result
    for (const std::string_view hint :
         {".weak", ".ca", ".cg", ".cs", ".lu", ".cv", ".wb", ".wt", ".L1::evict_normal", ".L1::evict_last",
          ".L1::no_allocate", ".L2::64B", ".L2::128B", ".L2::256B"}) {
      if (has_modifier(name, hint)) name.erase(name.find(hint), hint.size());
    }
  }
  if (name.starts_with("mov.") && !vectors.empty() && vectors[0])
    name += " {" + std::to_string(vectors[0]) + "} =";
  else if (name.starts_with("mov.") && vectors.size() > 1 && vectors[1])
    name += " = {" + std::to_string(vectors[1]) + "}";
  if (const Meaning* m = opcodes.find(name)) return *m;
  // add, sub and mul may leave their rounding out; it is .rn, and the right to fuse.
  if (const auto dot = name.find('.'); dot == 3) {
    const Meaning* m = opcodes.find(name.substr(0, dot) + ".rn" + name.substr(dot));
    const auto base = name.substr(0, dot);
    if (m && (base == "add" || base == "sub" || base == "mul")) {
      if (allow.contractable) return *m;
      throw Fail{Fault::contractable, 0, name + " names no rounding: ptxas may fuse it"};
    }
  }
  throw Fail{Fault::unknown_instruction, 0, "no semantics for " + name};
}

}  // namespace ddim::ptx
