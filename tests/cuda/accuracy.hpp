#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda/operations.hpp"
#include "proofs/generated/bounds.hpp"

/// How far from exact a computation may end: the bounds that proofs/arithmetic/running.v proves for one rounding,
/// followed through an operation's own order, for the arithmetic of the kernels and for the reference's. That
/// the orders below are the operations' own is read off their code, not proved.
namespace ddim::cuda::test {

/// An exact number, and how far off the computed one may be.
struct Running {
  long double v = 0, e = 0;
};

/// Arithmetic of unit roundoff u, `tiny` half its smallest spacing. `exact` rounds nothing, `coefficient`
/// only where it narrows, `fma` once where it fuses and else twice, every other member once; each rounding
/// takes its bound from proofs/generated/bounds.hpp.
struct Arithmetic {
  long double u, tiny;
  bool fuses;    // fma(a, b, c) is one rounding, else two
  bool narrows;  // a coefficient, computed in double, is rounded to this arithmetic

  static Running exact(long double x) { return {x, 0}; }
  Running rounded(long double v, long double e) const { return {v, proved::rounded_error(u, tiny, e, v)}; }
  Running coefficient(double c) const { return narrows ? rounded(c, 0) : exact(c); }
  Running sum(Running a, Running b) const { return rounded(a.v + b.v, a.e + b.e); }
  Running difference(Running a, Running b) const { return rounded(a.v - b.v, a.e + b.e); }
  Running product(Running a, Running b) const {
    return rounded(a.v * b.v, proved::product_error(a.v, a.e, b.v, b.e));
  }
  Running ratio(Running a, Running b) const {
    return rounded(a.v / b.v, proved::ratio_error(a.v, a.e, b.v, b.e));
  }
  Running fma(Running a, Running b, Running c) const {
    if (!fuses) return sum(product(a, b), c);
    return rounded(a.v * b.v + c.v, proved::product_error(a.v, a.e, b.v, b.e) + c.e);
  }
};
/// No rounding, and both arguments move it by what they are off at most.
inline Running clamp(Running x, Running range) {
  return {std::clamp(x.v, -range.v, range.v), std::max(x.e, range.e)};
}

/// What a kernel for T calculates in. double's tiny is below its range; 2^-1074 serves.
template <class T>
inline constexpr Arithmetic kArithmetic{0x1p-24L, 0x1p-150L, true, true};
template <>
inline constexpr Arithmetic kArithmetic<double>{0x1p-53L, 0x1p-1074L, true, false};
/// What the reference calculates in: double, without fma.
inline constexpr Arithmetic kReference{0x1p-53L, 0x1p-1074L, false, false};

/// The rounding to T of what is stored.
template <class T>
Running stored(Running x) {
  return x;
}
template <>
inline Running stored<Float16>(Running x) {
  return Arithmetic{0x1p-11L, 0x1p-25L, false, false}.rounded(x.v, x.e);
}
template <>
inline Running stored<BFloat16>(Running x) {
  return Arithmetic{0x1p-8L, 0x1p-134L, false, false}.rounded(x.v, x.e);
}

template <class T>
T rounded(double x) {
  return round_to<T>(static_cast<Real<T>>(x));
}
/// A peer's arithmetic: every operation, every coefficient and every tensor rounded to T.
template <class T>
struct Naive {
  T value;
  double real() const { return static_cast<double>(to_real(value)); }
  Naive(double x) : value(rounded<T>(x)) {}
  friend Naive operator+(Naive a, Naive b) { return a.real() + b.real(); }
  friend Naive operator-(Naive a, Naive b) { return a.real() - b.real(); }
  friend Naive operator*(Naive a, Naive b) { return a.real() * b.real(); }
  friend Naive operator/(Naive a, Naive b) { return a.real() / b.real(); }
};

template <class Body>
void for_every_dtype(Body body) {
  body(double{});
  body(float{});
  body(Float16{});
  body(BFloat16{});
}

}  // namespace ddim::cuda::test
