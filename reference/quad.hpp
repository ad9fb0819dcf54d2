#pragma once

// Internal: scalars that are computed once per step are evaluated with 113 bits and rounded once.

#include <boost/multiprecision/cpp_bin_float.hpp>

#include "reference/environment.hpp"
#include "reference/schedule.hpp"

namespace ddim {

using Quad = boost::multiprecision::cpp_bin_float_quad;

inline Quad quad(const Wide& value) { return Quad(value.hi) + Quad(value.lo); }
// Adding 0 turns the -0 that Boost gives for 1 - 1 into 0.
inline double round_to_double(const Quad& value) {
  require_environment();
  return value.convert_to<double>() + 0.0;
}
inline Wide wide(const Quad& value) {
  const double hi = round_to_double(value);
  return {hi, round_to_double(value - Quad(hi))};
}

}  // namespace ddim
