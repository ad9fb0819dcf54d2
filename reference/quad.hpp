#pragma once

// Internal: scalars that are computed once per step are evaluated with 113 bits and rounded once.

#include <boost/multiprecision/cpp_bin_float.hpp>

#include "reference/schedule.hpp"

namespace ddim {

using Quad = boost::multiprecision::cpp_bin_float_quad;

inline Quad quad(const Wide& value) { return Quad(value.hi) + Quad(value.lo); }
// Adding 0 turns the -0 that Boost gives for 1 - 1 into 0.
inline double round_to_double(const Quad& value) { return value.convert_to<double>() + 0.0; }
inline Wide wide(const Quad& value) {
  const double hi = round_to_double(value);
  return {hi, round_to_double(value - Quad(hi))};
}

// Eq7's radicand 1 - alpha_bar_prev - sigma^2 and the sigma^2 that goes with it: inside the few-ulp window
// both are those of the boundary, elsewhere as given. Defined in laws.cpp.
struct Admitted {
  Quad radicand, variance;
};
Admitted admit(const Transition& step, const Sigma& sigma);

// Eq7's two coefficients before they are rounded. Defined in laws.cpp.
struct QuadPosterior {
  Quad x0, x_t;
};
QuadPosterior quad_posterior(const Transition& step, const Sigma& sigma);

}  // namespace ddim
