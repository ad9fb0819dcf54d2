#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>

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
template <class H, auto F>
Handler small_handler(bool packed) {
  return packed ? small<H, 2, F> : small<H, 1, F>;
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
std::uint32_t find(T x) {
  using U = std::make_unsigned_t<T>;
  const U u = static_cast<U>(std::is_signed_v<T> && x < 0 ? ~x : x);
  return u ? static_cast<std::uint32_t>(8 * sizeof(T) - 1) - leading_zeros(u) : ~std::uint32_t{0};
}
template <class T>
std::uint32_t find_shift(T x) {
  const std::uint32_t n = find(x);
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

// Names to handlers

struct Type {
  char kind = 0;  // b, u, s, f, e (bfloat16), p
  unsigned bits = 0;
  bool packed = false;
  unsigned bytes() const { return bits / 8; }
};
Type type_named(std::string_view s) {
  if (s == "pred") return {'p', 8, false};
  if (s == "bf16") return {'e', 16, false};
  if (s == "bf16x2") return {'e', 32, true};
  if (s == "f16x2") return {'f', 32, true};
  if (s.size() < 2 || std::string_view("busf").find(s[0]) == s.npos) return {};
  const auto digits = s.substr(1);
  const unsigned bits = digits == "8"    ? 8
                        : digits == "16" ? 16
                        : digits == "32" ? 32
                        : digits == "64" ? 64
                                         : 0;
  return bits && !(s[0] == 'f' && bits == 8) ? Type{s[0], bits, false} : Type{};
}

template <class T>
struct Tag {
  using type = T;
};
template <class G>
Handler by_bits(Type t, G g) {  // b, u or s: as unsigned
  if (t.kind != 'b' && t.kind != 'u' && t.kind != 's') return nullptr;
  switch (t.bits) {
    case 16:
      return g(Tag<std::uint16_t>{});
    case 32:
      return g(Tag<std::uint32_t>{});
    case 64:
      return g(Tag<std::uint64_t>{});
    default:
      return nullptr;
  }
}
template <class G>
Handler by_sign(Type t, G g) {
  if (t.kind == 'u') return by_bits(t, g);
  if (t.kind != 's') return nullptr;
  switch (t.bits) {
    case 16:
      return g(Tag<std::int16_t>{});
    case 32:
      return g(Tag<std::int32_t>{});
    case 64:
      return g(Tag<std::int64_t>{});
    default:
      return nullptr;
  }
}
template <class G>
Handler by_native(Type t, G g) {
  if (t.kind != 'f' || t.packed) return nullptr;
  return t.bits == 32 ? g(Tag<float>{}) : t.bits == 64 ? g(Tag<double>{}) : nullptr;
}
template <class G>
Handler by_small(Type t, G g) {
  if (t.kind == 'f' && (t.bits == 16 || t.packed)) return g(Tag<Half>{});
  return t.kind == 'e' ? g(Tag<Bfloat>{}) : nullptr;
}
template <class G>
Handler by_any(Type t, G g) {
  if (t.packed) return nullptr;
  if (t.bits == 8 && t.kind == 'u') return g(Tag<std::uint8_t>{});
  if (t.bits == 8 && t.kind == 's') return g(Tag<std::int8_t>{});
  if (const Handler h = by_sign(t, g)) return h;
  if (const Handler h = by_native(t, g)) return h;
  return by_small(t, g);
}
template <class G>
Handler by_size(unsigned bytes, G g) {
  switch (bytes) {
    case 1:
      return g(Tag<std::uint8_t>{});
    case 2:
      return g(Tag<std::uint16_t>{});
    case 4:
      return g(Tag<std::uint32_t>{});
    case 8:
      return g(Tag<std::uint64_t>{});
    default:
      return nullptr;
  }
}

constexpr auto add_ = [](auto a, auto b) { return a + b; };
constexpr auto sub_ = [](auto a, auto b) { return a - b; };
constexpr auto mul_ = [](auto a, auto b) { return a * b; };

// The modifiers of an opcode, taken one by one; what is left over is unknown.
class Modifiers {
 public:
  explicit Modifiers(std::string_view opcode) {
    for (std::size_t at = 0; at <= opcode.size();) {
      const auto dot = std::min(opcode.find('.', at), opcode.size());
      words_.push_back(opcode.substr(at, dot - at));
      at = dot + 1;
    }
    name = words_.front();
    words_.erase(words_.begin());
  }
  bool take(std::string_view word) {
    const auto at = std::find(words_.begin(), words_.end(), word);
    if (at == words_.end()) return false;
    words_.erase(at);
    return true;
  }
  std::string_view front() const { return words_.empty() ? std::string_view() : words_.front(); }
  std::string_view pop() {
    const auto out = front();
    if (!words_.empty()) words_.erase(words_.begin());
    return out;
  }
  Type pop_type() { return type_named(pop()); }
  bool done() const { return words_.empty(); }
  std::string_view name;

 private:
  std::vector<std::string_view> words_;
};

using P = Piece;

Shape in(Type t) { return {P::source, static_cast<std::uint8_t>(t.bytes()), 1}; }
Shape out(Type t) { return {P::destination, static_cast<std::uint8_t>(t.bytes()), 1}; }
Shape in(unsigned bytes) { return {P::source, static_cast<std::uint8_t>(bytes), 1}; }
Shape out(unsigned bytes) { return {P::destination, static_cast<std::uint8_t>(bytes), 1}; }
const Shape kIn{P::predicate_in, 0, 1}, kOut{P::destination, 1, 1}, kBoth{P::predicate_out, 0, 1};

// add, sub, mul, fma, div, sqrt, rcp, min, max, abs, neg on floats
void arithmetic(Meaning& m, Modifiers& words, std::string_view opcode, Allow allow) {
  auto& i = m.instruction;
  const auto name = words.name;
  bool rounded = true;
  if (words.take("rn")) {
  } else if (words.take("rz"))
    i.round = Round::zero;
  else if (words.take("rm"))
    i.round = Round::down;
  else if (words.take("rp"))
    i.round = Round::up;
  else
    rounded = false;
  const bool propagate = words.take("NaN");
  const Type t = words.pop_type();
  const bool extremum = name == "min" || name == "max", sign = name == "abs" || name == "neg",
             fusible = name == "add" || name == "sub" || name == "mul";
  if (fusible ? !rounded && !allow.contractable : false) {
    throw Fail{Fault::contractable, 0, std::string(opcode) + " names no rounding: ptxas may fuse it"};
  }
  if ((!rounded && !fusible && !extremum && !sign) || (rounded && (extremum || sign)) ||
      (propagate && !extremum))
    return;
  if (name == "add" || name == "sub" || name == "mul") {
    i.run = by_native(t, [&]<class T>(Tag<T>) -> Handler {
      return name == "add"   ? float_binary<T, add_>
             : name == "sub" ? float_binary<T, sub_>
                             : float_binary<T, mul_>;
    });
  } else if (name == "fma") {
    i.run = by_native(t, [&]<class T>(Tag<T>) { return fma_handler<T>(); });
  } else if (name == "div") {
    i.run = by_native(
        t, [&]<class T>(Tag<T>) -> Handler { return float_binary<T, [](T a, T b) { return a / b; }>; });
  } else if (name == "sqrt") {
    i.run = by_native(
        t, [&]<class T>(Tag<T>) -> Handler { return float_unary<T, [](T a) { return std::sqrt(a); }>; });
  } else if (name == "rcp") {
    i.run = by_native(
        t, [&]<class T>(Tag<T>) -> Handler { return float_unary<T, [](T a) { return T{1} / a; }>; });
  } else if (name == "abs" || name == "neg") {
    i.run = by_native(t, [&]<class T>(Tag<T>) -> Handler {
      using U = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
      constexpr U top = U{1} << (8 * sizeof(T) - 1);
      return name == "abs" ? unary<U, [](U a) { return a & ~top; }> : unary<U, [](U a) { return a ^ top; }>;
    });
  } else if (extremum) {
    i.run = by_native(t, [&]<class T>(Tag<T>) -> Handler {
      if (propagate)
        return name == "min" ? binary<T, extreme<T, true, true>> : binary<T, extreme<T, false, true>>;
      return name == "min" ? binary<T, extreme<T, true, false>> : binary<T, extreme<T, false, false>>;
    });
  }
  if (i.run && i.round != Round::nearest) {
    i.inner = i.run;
    i.run = directed;
  }
  if (!i.run && i.round == Round::nearest) {
    i.run = by_small(t, [&]<class H>(Tag<H>) -> Handler {
      if (name == "add")
        return small_handler<H, [](H a, H b, H) { return narrow<H>(sum_to_odd(value(a), value(b))); }>(
            t.packed);
      if (name == "sub")
        return small_handler<H, [](H a, H b, H) { return narrow<H>(sum_to_odd(value(a), -value(b))); }>(
            t.packed);
      if (name == "mul")
        return small_handler<H, [](H a, H b, H) { return narrow<H>(double{value(a)} * value(b)); }>(t.packed);
      if (name == "fma") {
        return small_handler<H, [](H a, H b, H c) {
          return narrow<H>(sum_to_odd(double{value(a)} * value(b), value(c)));
        }>(t.packed);
      }
      if (name == "abs")
        return small_handler<H, [](H a, H, H) { return H{static_cast<std::uint16_t>(a.bits & 0x7fff)}; }>(
            t.packed);
      if (name == "neg")
        return small_handler<H, [](H a, H, H) { return H{static_cast<std::uint16_t>(a.bits ^ 0x8000)}; }>(
            t.packed);
      if (name == "min" && propagate)
        return small_handler<H, [](H a, H b, H) { return extreme<H, true, true>(a, b); }>(t.packed);
      if (name == "min")
        return small_handler<H, [](H a, H b, H) { return extreme<H, true, false>(a, b); }>(t.packed);
      if (name == "max" && propagate)
        return small_handler<H, [](H a, H b, H) { return extreme<H, false, true>(a, b); }>(t.packed);
      if (name == "max")
        return small_handler<H, [](H a, H b, H) { return extreme<H, false, false>(a, b); }>(t.packed);
      return nullptr;
    });
  }
  m.shape = {out(t), in(t)};
  if (!sign && name != "sqrt" && name != "rcp") m.shape.push_back(in(t));
  if (name == "fma") m.shape.push_back(in(t));
}

// add, sub, mul, mad, div, rem, abs, neg, min, max on integers
void integer(Meaning& m, Modifiers& words) {
  auto& run = m.instruction.run;
  const auto name = words.name;
  const bool lo = words.take("lo"), hi = !lo && words.take("hi"), wide = !lo && !hi && words.take("wide");
  const Type t = words.pop_type();
  m.shape = {out(t), in(t), in(t)};
  if (name == "mul" || name == "mad") {
    const bool mad = name == "mad";
    if (mad) m.shape.push_back(in(t));
    if (lo) {
      run = by_bits(t, [&]<class T>(Tag<T>) -> Handler {
        return mad ? ternary<T, [](T a, T b, T c) { return low_product(a, b) + c; }>
                   : binary<T, low_product<T>>;
      });
    } else if (hi) {
      run = by_sign(t, [&]<class T>(Tag<T>) -> Handler {
        return mad ? ternary<T,
                             [](T a, T b, T c) {
                               return std::make_unsigned_t<T>(high_product(a, b)) +
                                      std::make_unsigned_t<T>(c);
                             }>
                   : binary<T, high_product<T>>;
      });
    } else if (wide) {
      m.shape[0] = out(2 * t.bytes());
      if (mad) m.shape[3] = in(2 * t.bytes());
      const bool s = t.kind == 's';
      if (t.bits == 16 && !mad)
        run = s ? widening<std::int32_t, std::int16_t, mul_> : widening<std::uint32_t, std::uint16_t, mul_>;
      if (t.bits == 16 && mad)
        run = s ? mad_wide<std::int32_t, std::int16_t> : mad_wide<std::uint32_t, std::uint16_t>;
      if (t.bits == 32 && !mad)
        run = s ? widening<std::int64_t, std::int32_t, mul_> : widening<std::uint64_t, std::uint32_t, mul_>;
      if (t.bits == 32 && mad)
        run = s ? mad_wide<std::int64_t, std::int32_t> : mad_wide<std::uint64_t, std::uint32_t>;
      if (t.kind != 's' && t.kind != 'u') run = nullptr;
    }
    return;
  }
  if (lo || hi || wide) return;
  if (name == "add" || name == "sub") {
    run = by_bits(
        t, [&]<class T>(Tag<T>) -> Handler { return name == "add" ? binary<T, add_> : binary<T, sub_>; });
    if (t.kind == 'b') run = nullptr;
  } else if (name == "div" || name == "rem") {
    run = by_sign(t, [&]<class T>(Tag<T>) -> Handler {
      return name == "div" ? quotient<T, false> : quotient<T, true>;
    });
  } else if (name == "min" || name == "max") {
    run = by_sign(t, [&]<class T>(Tag<T>) -> Handler {
      return name == "min" ? binary<T, [](T a, T b) { return std::min(a, b); }>
                           : binary<T, [](T a, T b) { return std::max(a, b); }>;
    });
  } else if (t.kind == 's') {
    m.shape.pop_back();
    run = by_bits(t, [&]<class T>(Tag<T>) -> Handler {
      using S = std::make_signed_t<T>;
      return name == "neg" ? unary<T, [](T a) { return T{0} - a; }>
                           : unary<T, [](T a) { return S(a) < 0 ? T{0} - a : a; }>;
    });
  }
}

void bitwise(Meaning& m, Modifiers& words) {
  auto& run = m.instruction.run;
  const auto name = words.name;
  const bool left = words.take("l"), right = !left && words.take("r"), wrap = words.take("wrap"),
             clamp = !wrap && words.take("clamp"), amount = words.take("shiftamt");
  const Type t = words.pop_type();
  const bool b = t.kind == 'b', us = t.kind == 'u' || t.kind == 's';
  m.shape = {out(t), in(t), in(t)};
  if (name == "shf") {
    m.shape.push_back(in(4));
    if (b && t.bits == 32 && left) run = wrap ? funnel<true, true> : clamp ? funnel<true, false> : nullptr;
    if (b && t.bits == 32 && right) run = wrap ? funnel<false, true> : clamp ? funnel<false, false> : nullptr;
    return;
  }
  if (left || right || wrap || clamp || (amount && name != "bfind")) return;
  if (name == "shl" || name == "shr") {
    m.shape[2] = in(4);
    if (name == "shl") {
      if (b) run = by_bits(t, [&]<class T>(Tag<T>) -> Handler { return shift<T, false>; });
    } else {
      run = by_sign(b ? Type{'u', t.bits, false} : t,
                    [&]<class T>(Tag<T>) -> Handler { return shift<T, true>; });
    }
  } else if (name == "and" || name == "or" || name == "xor" || name == "not") {
    const bool invert = name == "not";
    if (t.kind == 'p') {
      m.shape = {kOut, kIn, kIn};
      run = name == "and"  ? predicate<[](Mask x, Mask y) { return x & y; }>
            : name == "or" ? predicate<[](Mask x, Mask y) { return x | y; }>
            : invert       ? predicate<[](Mask x, Mask) { return ~x; }>
                           : predicate<[](Mask x, Mask y) { return x ^ y; }>;
    } else if (b) {
      run = by_bits(t, [&]<class T>(Tag<T>) -> Handler {
        return name == "and"  ? binary<T, [](T x, T y) { return x & y; }>
               : name == "or" ? binary<T, [](T x, T y) { return x | y; }>
               : invert       ? unary<T, [](T x) { return ~x; }>
                              : binary<T, [](T x, T y) { return x ^ y; }>;
      });
    }
    if (invert) m.shape.pop_back();
  } else if (name == "popc" || name == "clz") {
    m.shape = {out(4), in(t)};
    if (b && t.bits >= 32) {
      run = by_bits(t, [&]<class T>(Tag<T>) -> Handler {
        return name == "popc" ? count<T, ones<T>> : count<T, leading_zeros<T>>;
      });
    }
  } else if (name == "bfind") {
    m.shape = {out(4), in(t)};
    if (t.bits >= 32)
      run = by_sign(t, [&]<class T>(Tag<T>) -> Handler {
        return amount ? count<T, find_shift<T>> : count<T, find<T>>;
      });
  } else if (name == "brev") {
    m.shape.pop_back();
    if (b && t.bits >= 32) run = by_bits(t, [&]<class T>(Tag<T>) -> Handler { return unary<T, reverse<T>>; });
  } else if (name == "bfe") {
    m.shape = {out(t), in(t), in(4), in(4)};
    if (us && t.bits >= 32) run = by_sign(t, [&]<class T>(Tag<T>) -> Handler { return field_extract<T>; });
  } else if (name == "bfi") {
    m.shape = {out(t), in(t), in(t), in(4), in(4)};
    if (b && t.bits >= 32) run = by_bits(t, [&]<class T>(Tag<T>) -> Handler { return field_insert<T>; });
  } else if (name == "prmt" || name == "lop3") {
    m.shape.push_back(in(4));
    if (name == "lop3") m.shape.push_back(in(4));
    if (b && t.bits == 32) run = name == "prmt" ? permute : logic3;
  } else if (name == "copysign") {  // of the first source onto the second
    run = by_native(t, [&]<class T>(Tag<T>) -> Handler {
      return binary<T, [](T x, T y) { return std::copysign(y, x); }>;
    });
  }
}

void comparison(Meaning& m, Modifiers& words) {
  auto& i = m.instruction;
  auto name = words.pop();
  if (words.name == "testp") {
    constexpr std::array<std::string_view, 6> properties{"finite",     "infinite", "number",
                                                         "notanumber", "normal",   "subnormal"};
    const auto at = std::find(properties.begin(), properties.end(), name);
    const Type t = words.pop_type();
    m.shape = {kOut, in(t)};
    i.mode = static_cast<std::uint8_t>(at - properties.begin());
    if (at != properties.end())
      i.run = by_native(t, [&]<class T>(Tag<T>) -> Handler { return test_property<T>; });
    return;
  }
  const bool unsigned_name = name == "lo" || name == "ls" || name == "hi" || name == "hs";
  if (unsigned_name) name = name == "lo" ? "lt" : name == "ls" ? "le" : name == "hi" ? "gt" : "ge";
  const auto at = std::find(kComparisons.begin(), kComparisons.end(), name);
  if (at == kComparisons.end()) return;
  i.mode = static_cast<std::uint8_t>(at - kComparisons.begin());
  const unsigned combine = words.take("and") ? 1 : words.take("or") ? 2 : words.take("xor") ? 3 : 0;
  const Type d = words.name == "set" ? words.pop_type() : Type{};
  Type t = words.pop_type();
  if (t.bits == 8 || t.packed) return;
  if (t.kind == 'b') {
    if (i.mode > ne) return;
    t.kind = 'u';
  }
  if ((t.kind == 'u' || t.kind == 's') && i.mode > ge) return;
  if (unsigned_name && t.kind != 'u') return;
  if (words.name == "setp") {
    i.mode = static_cast<std::uint8_t>(i.mode | combine << 4);
    m.shape = {kBoth, in(t), in(t)};
    if (combine) m.shape.push_back(kIn);
    i.run = by_any(t, [&]<class T>(Tag<T>) -> Handler { return set_predicate<T>; });
  } else if (!combine) {
    m.shape = {out(d), in(t), in(t)};
    i.run = by_any(t, [&]<class T>(Tag<T>) -> Handler {
      if ((d.kind == 'u' || d.kind == 's') && d.bits == 32) return set_value<std::uint32_t, T>;
      if (d.kind == 'f' && d.bits == 32 && !d.packed) return set_value<float, T>;
      if (d.kind == 'f' && d.bits == 16) return set_value<Half, T>;
      return d.kind == 'e' && !d.packed ? set_value<Bfloat, T> : nullptr;
    });
  }
}

void conversion(Meaning& m, Modifiers& words) {
  auto& i = m.instruction;
  bool to_integer = false, rounded = true;
  const auto r = words.front();
  if (r == "rn" || r == "rni")
    i.round = Round::nearest;
  else if (r == "rz" || r == "rzi")
    i.round = Round::zero;
  else if (r == "rm" || r == "rmi")
    i.round = Round::down;
  else if (r == "rp" || r == "rpi")
    i.round = Round::up;
  else
    rounded = false;
  if (rounded) {
    to_integer = r.size() == 3;
    words.pop();
  }
  i.saturate = words.take("sat");
  i.mode = to_integer;
  const Type d = words.pop_type(), s = words.pop_type();
  const bool from_float = s.kind == 'f' || s.kind == 'e', onto_float = d.kind == 'f' || d.kind == 'e';
  if (d.packed) {
    m.shape = {out(4), in(4), in(4)};
    if (rounded && !to_integer && s.kind == 'f' && s.bits == 32 && !s.packed)
      i.run = d.kind == 'f' ? cvt_pair<Half> : cvt_pair<Bfloat>;
    return;
  }
  // A rounding stands where the result may be inexact, and only there; narrowing floats is .rn and its like,
  // integers .rni.
  const bool same = d.kind == s.kind && d.bits == s.bits;
  const bool exact = same || (!from_float && !onto_float) || (from_float && onto_float && d.bits > s.bits);
  if (exact && from_float && same ? rounded && !to_integer : exact && rounded) return;
  if (!exact && (!rounded || to_integer != (from_float && !onto_float))) return;
  if (from_float && onto_float && !same && d.bits == s.bits) return;  // f16 to bf16
  m.shape = {{P::wide_destination, static_cast<std::uint8_t>(d.bytes()), 1},
             {P::wide_source, static_cast<std::uint8_t>(s.bytes()), 1}};
  i.run = by_any(
      d, [&]<class D>(Tag<D>) { return by_any(s, [&]<class S>(Tag<S>) -> Handler { return cvt<D, S>; }); });
  if (i.run && i.round != Round::nearest && onto_float && d.bits >= 32 && !exact) {
    i.inner = i.run;
    i.run = directed;
  }
}

void memory(Meaning& m, Modifiers& words) {
  auto& i = m.instruction;
  const bool is_load = words.name == "ld";
  words.take("weak");
  const bool global = words.take("global"),
             shared = !global && (words.take("shared") || words.take("shared::cta")),
             parameter = !global && !shared && words.take("param"),
             constant = !global && !shared && !parameter && words.take("const");
  i.coherent = !words.take("nc");
  constexpr std::array<std::string_view, 13> hints{"ca",
                                                   "cg",
                                                   "cs",
                                                   "lu",
                                                   "cv",
                                                   "wb",
                                                   "wt",
                                                   "L1::evict_normal",
                                                   "L1::evict_last",
                                                   "L1::no_allocate",
                                                   "L2::64B",
                                                   "L2::128B",
                                                   "L2::256B"};
  for (const auto hint : hints) words.take(hint);
  const unsigned n = words.take("v2") ? 2 : words.take("v4") ? 4 : words.take("v8") ? 8 : 1;
  const Type t = words.pop_type();
  if (!t.kind || t.kind == 'p' || t.packed || n * t.bytes() > 32) return;
  if (!i.coherent && (!is_load || shared || parameter || constant)) return;
  const auto width = static_cast<std::uint8_t>(t.bytes());
  const Shape registers{is_load ? P::destinations : P::sources, width, static_cast<std::uint8_t>(n)};
  if (is_load) {
    m.shape = {registers, {P::address, 8, 1}};
    const auto pick = [&]<class T>(Tag<T>) -> Handler {
      if (shared) return load_memory<Space::shared, T>;
      if (parameter) return load_memory<Space::parameter, T>;
      return constant ? load_memory<Space::constant, T> : load_memory<Space::global, T>;
    };
    if (t.kind == 's')
      i.run = t.bits == 8 ? pick(Tag<std::int8_t>{}) : by_sign(t, pick);
    else
      i.run = by_size(width, pick);
  } else if (!parameter && !constant) {
    m.shape = {{P::address, 8, 1}, registers};
    i.run = by_size(width, [&]<class T>(Tag<T>) -> Handler {
      return shared ? store_memory<Space::shared, T> : store_memory<Space::global, T>;
    });
  }
}

void control(Meaning& m, Modifiers& words) {
  auto& i = m.instruction;
  i.run = nothing;
  if (words.name == "bra") {
    words.take("uni");
    i.flow = Flow::branch;
    m.shape = {{P::label, 0, 1}};
  } else if (words.name == "ret" || words.name == "exit") {
    words.take("uni");
    i.flow = Flow::exit;
  } else if (words.name == "trap") {
    i.flow = Flow::trap;
  } else if (words.name == "activemask") {
    const Type t = words.pop_type();
    m.shape = {out(t)};
    i.run = t.kind == 'b' && t.bits == 32 ? active : nullptr;
  } else if (words.name == "bar" && words.take("warp")) {
    i.flow = Flow::warp_collective;
    i.run = words.take("sync") ? warp_barrier : nullptr;
    m.shape = {in(4)};
  } else if (words.name == "bar" || words.name == "barrier") {
    i.flow = Flow::block_barrier;
    words.take("cta");
    words.take("aligned");
    m.shape = {{P::constant, 0, 1}};
    if (words.take("sync")) return;
    i.run = words.take("red") ? bring_vote : nullptr;
    if (words.take("popc")) {
      const Type t = words.pop_type();
      i.mode = 2;
      m.shape = {out(4), {P::constant, 0, 1}, kIn};
      if (t.kind != 'u' || t.bits != 32) i.run = nullptr;
    } else {
      i.mode = words.take("or") ? 1 : 0;
      if ((i.mode == 0 && !words.take("and")) || !words.take("pred")) i.run = nullptr;
      m.shape = {kOut, {P::constant, 0, 1}, kIn};
    }
  } else if (words.name == "vote") {
    i.flow = Flow::warp_collective;
    const bool sync = words.take("sync");
    const auto how = words.pop();
    const Type t = words.pop_type();
    const bool ballot = how == "ballot";
    i.mode = static_cast<std::uint8_t>(ballot         ? Vote::ballot
                                       : how == "any" ? Vote::any
                                       : how == "uni" ? Vote::uni
                                                      : Vote::all);
    i.run = sync && (ballot ? t.kind == 'b' && t.bits == 32
                            : t.kind == 'p' && (how == "any" || how == "uni" || how == "all"))
                ? vote
                : nullptr;
    m.shape = {ballot ? out(4) : kOut, kIn, in(4)};
  } else {
    i.flow = Flow::warp_collective;
    const bool sync = words.take("sync");
    constexpr std::array<std::string_view, 4> names{"up", "down", "bfly", "idx"};
    const auto at = std::find(names.begin(), names.end(), words.pop());
    const Type t = words.pop_type();
    i.mode = static_cast<std::uint8_t>(at - names.begin());
    i.run = sync && at != names.end() && t.kind == 'b' && t.bits == 32 ? shuffle : nullptr;
    m.shape = {{P::optional_predicate, 4, 1}, in(4), in(4), in(4), in(4)};
  }
}

}  // namespace

Meaning meaning(std::string_view opcode, std::span<const unsigned> vectors, Allow allow) {
  Modifiers words(opcode);
  Meaning m;
  auto& i = m.instruction;
  if (words.take("approx") || words.take("ftz") || words.take("full")) {
    throw Fail{Fault::approximate, 0, std::string(opcode) + " is not exact arithmetic"};
  }
  const auto one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), words.name) != names.end();
  };
  if (one_of({"brx", "alloca"})) throw Fail{Fault::unsupported, 0, std::string(opcode)};
  // The type stands last; cvt and set have two, handled there.
  const auto last = opcode.substr(std::min(opcode.rfind('.'), opcode.size() - 1) + 1);
  const Type t = type_named(last);
  const bool floating = t.kind == 'f' || t.kind == 'e';
  if (words.name == "mov") {
    words.pop_type();
    const auto n =
        std::max<std::size_t>(vectors.empty() ? 0 : vectors[0], vectors.size() > 1 ? vectors[1] : 0);
    const auto part = static_cast<std::uint8_t>(n ? t.bytes() / n : 0);
    const auto parts = static_cast<std::uint8_t>(n);
    if (t.kind == 'p') {
      m.shape = {kOut, kIn};
      i.run = predicate<[](Mask x, Mask) { return x; }>;
    } else if (n == 0) {
      m.shape = {out(t), in(t)};
      if (t.bits >= 16 && !t.packed)
        i.run = by_size(t.bytes(), []<class T>(Tag<T>) -> Handler { return move<T>; });
    } else if (t.kind == 'b' && part >= 2 && part * n == t.bytes()) {
      i.run = vectors[0] ? unpack : pack;
      m.shape = vectors[0] ? std::vector<Shape>{{P::destinations, part, parts}, in(t)}
                           : std::vector<Shape>{out(t), {P::sources, part, parts}};
    }
  } else if (words.name == "cvta") {
    if (words.take("to"), words.take("global") || words.take("const") || words.take("param")) {
      words.pop_type();
      m.shape = {out(t), in(t)};
      if (t.kind == 'u' && t.bits == 64) i.run = move<std::uint64_t>;
    } else {
      throw Fail{Fault::unsupported, 0, std::string(opcode) + ": generic addresses are global here"};
    }
  } else if (words.name == "selp") {
    words.pop_type();
    m.shape = {out(t), in(t), in(t), kIn};
    if (t.bits >= 16 && t.kind != 'p' && !t.packed)
      i.run = by_size(t.bytes(), []<class T>(Tag<T>) -> Handler { return select<T>; });
  } else if (one_of({"ld", "st"})) {
    memory(m, words);
  } else if (words.name == "cvt") {
    conversion(m, words);
  } else if (one_of({"setp", "set", "testp"})) {
    comparison(m, words);
  } else if (one_of({"bra", "ret", "exit", "trap", "bar", "barrier", "vote", "shfl", "activemask"})) {
    control(m, words);
  } else if (one_of({"and", "or", "xor", "not", "shl", "shr", "shf", "popc", "clz", "bfind", "brev", "bfe",
                     "bfi", "prmt", "lop3", "copysign"})) {
    bitwise(m, words);
  } else if (floating &&
             one_of({"add", "sub", "mul", "fma", "div", "sqrt", "rcp", "min", "max", "abs", "neg"})) {
    arithmetic(m, words, opcode, allow);
  } else if (one_of({"add", "sub", "mul", "mad", "div", "rem", "min", "max", "abs", "neg"})) {
    integer(m, words);
  }
  if (!i.run || !words.done())
    throw Fail{Fault::unknown_instruction, 0, "no semantics for " + std::string(opcode)};
  return m;
}

}  // namespace ddim::ptx
