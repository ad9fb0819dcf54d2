// Floating point. Handlers run natively in the rounding direction that `directed` has set.

#include <cfenv>
#include <cmath>

#include "tests/emulation/ptx_compare.hpp"
#include "tests/emulation/ptx_lanes.hpp"
#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {
namespace {

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
    DDIM_LANES_ARE_APART
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

// x + y to double, inexact sums to the neighbour with an odd last bit: a second rounding is then as if it
// were the first.
double sum_to_odd(double x, double y) {
  const double s = x + y;
  if (!std::isfinite(s)) return s;
  const double t = s - x, error = (x - (s - t)) + (y - t);
  if (error == 0 || (std::bit_cast<std::uint64_t>(s) & 1)) return s;
  return std::nextafter(s, error > 0 ? HUGE_VAL : -HUGE_VAL);
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

template <class T, class Bits>
void enter_native(Opcodes& o) {
  const std::string t = std::string(".") + kName<T>;
  constexpr std::size_t n = sizeof(T);
  constexpr Bits top = Bits{1} << (8 * n - 1);
  for (const auto& [name, direction] : kRoundings) {
    const std::string rt = "." + name + t;
    natively(o.add("add" + rt, float_binary<T, plus>, same(n, 2)), direction);
    natively(o.add("sub" + rt, float_binary<T, minus>, same(n, 2)), direction);
    natively(o.add("mul" + rt, float_binary<T, times>, same(n, 2)), direction);
    natively(o.add("div" + rt, float_binary<T, [](T a, T b) { return a / b; }>, same(n, 2)), direction);
    natively(o.add("fma" + rt, fma_handler<T>(), same(n, 3)), direction);
    natively(o.add("sqrt" + rt, float_unary<T, [](T a) { return std::sqrt(a); }>, same(n, 1)), direction);
    natively(o.add("rcp" + rt, float_unary<T, [](T a) { return T{1} / a; }>, same(n, 1)), direction);
  }
  o.add("neg" + t, unary<Bits, [](Bits a) { return a ^ top; }>, same(n, 1));
  o.add("abs" + t, unary<Bits, [](Bits a) { return a & ~top; }>, same(n, 1));
  o.add("min" + t, binary<T, extreme<T, true, false>>, same(n, 2));
  o.add("max" + t, binary<T, extreme<T, false, false>>, same(n, 2));
  o.add("min.NaN" + t, binary<T, extreme<T, true, true>>, same(n, 2));
  o.add("max.NaN" + t, binary<T, extreme<T, false, true>>, same(n, 2));
  o.add("copysign" + t, binary<T, [](T a, T b) { return std::copysign(b, a); }>, same(n, 2));
  std::size_t property = 0;
  for (const std::string name : {"finite", "infinite", "number", "notanumber", "normal", "subnormal"}) {
    o.add("testp." + name + t, test_property<T>, {kOut, in(n)}, property++);
  }
  for (std::size_t c = eq; c <= nan; ++c) compare_as<T>(o, std::string(kComparisons[c]), c);
}

template <class H, unsigned Halves>
void enter_small(Opcodes& o, const std::string& suffix) {
  const std::string t = std::string(".") + kName<H> + suffix;
  constexpr std::size_t n = 2 * Halves;
  o.add("add.rn" + t, small<H, Halves, [](H a, H b, H) { return narrow<H>(sum_to_odd(value(a), value(b))); }>,
        same(n, 2));
  o.add("sub.rn" + t,
        small<H, Halves, [](H a, H b, H) { return narrow<H>(sum_to_odd(value(a), -value(b))); }>, same(n, 2));
  o.add("mul.rn" + t, small<H, Halves, [](H a, H b, H) { return narrow<H>(double{value(a)} * value(b)); }>,
        same(n, 2));
  o.add("fma.rn" + t,
        small<H, Halves,
              [](H a, H b, H c) { return narrow<H>(sum_to_odd(double{value(a)} * value(b), value(c))); }>,
        same(n, 3));
  o.add("neg" + t, small<H, Halves, [](H a, H, H) { return H{static_cast<std::uint16_t>(a.bits ^ 0x8000)}; }>,
        same(n, 1));
  o.add("abs" + t, small<H, Halves, [](H a, H, H) { return H{static_cast<std::uint16_t>(a.bits & 0x7fff)}; }>,
        same(n, 1));
  o.add("min" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, true, false>(a, b); }>, same(n, 2));
  o.add("max" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, false, false>(a, b); }>, same(n, 2));
  o.add("min.NaN" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, true, true>(a, b); }>,
        same(n, 2));
  o.add("max.NaN" + t, small<H, Halves, [](H a, H b, H) { return extreme<H, false, true>(a, b); }>,
        same(n, 2));
  if constexpr (Halves == 1) {
    for (std::size_t c = eq; c <= nan; ++c) compare_as<H>(o, std::string(kComparisons[c]), c);
  }
}

}  // namespace

void natively(Instruction& i, Round to) {
  i.round = to;
  if (to != Round::nearest) i.inner = std::exchange(i.run, directed);
}

void floats(Opcodes& o) {
  enter_native<float, std::uint32_t>(o), enter_native<double, std::uint64_t>(o);
  enter_small<Half, 1>(o, ""), enter_small<Half, 2>(o, "x2");
  enter_small<Bfloat, 1>(o, ""), enter_small<Bfloat, 2>(o, "x2");
}

}  // namespace ddim::ptx
