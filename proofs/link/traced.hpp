#pragma once

// A number that carries the error which binary64's arithmetic may leave in it: instantiated with it, a
// printed template gives its exact value and, beside it, running.v's bound for the template's own order.

#include "link/proved.hpp"
#include "proofs/generated/bounds.hpp"

namespace ddim::link {

using proved::Quad;

inline const Quad kUnit = ldexp(Quad(1), -53);
inline const Quad kTiny = ldexp(Quad(1), -1075);

struct Traced {
  Quad value = 0, error = 0;

  /// Exact.
  explicit Traced(int integer) : value(integer) {}
  explicit Traced(double number) : value(number) {}
  Traced(Quad exact, Quad off) : value(std::move(exact)), error(std::move(off)) {}
  /// Held to within an ulp.
  static Traced held(const Quad& exact) { return {exact, Quad(2 * kUnit * abs(exact))}; }
  static Traced rounded(const Quad& v, const Quad& e, const Quad& unit = kUnit) {
    return {v, proved::rounded_error<Quad>(unit, kTiny, e, v)};
  }

  friend Traced operator-(const Traced& a) { return {Quad(-a.value), a.error}; }
  friend Traced operator+(const Traced& a, const Traced& b) {
    return rounded(a.value + b.value, a.error + b.error);
  }
  friend Traced operator-(const Traced& a, const Traced& b) {
    return rounded(a.value - b.value, a.error + b.error);
  }
  friend Traced operator*(const Traced& a, const Traced& b) {
    return rounded(a.value * b.value, proved::product_error<Quad>(a.value, a.error, b.value, b.error));
  }
  friend Traced operator/(const Traced& a, const Traced& b) {
    return rounded(a.value / b.value, proved::ratio_error<Quad>(a.value, a.error, b.value, b.error));
  }
  friend Traced sqrt(const Traced& a) {
    return rounded(sqrt(a.value), proved::root_error<Quad>(a.value, a.error));
  }
  friend Traced log(const Traced& a) {
    return rounded(log(a.value), proved::log_error<Quad>(a.value, a.error), 2 * kUnit);
  }
};

}  // namespace ddim::link
