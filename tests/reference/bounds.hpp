#pragma once

// A-priori rounding bounds of reference/batch.hpp's combine, without fma: |computed - exact| for exact terms
// c_i x_i, when every coefficient used is within 1 ulp (2u relative) of the exact c_i. u = 2^-53.

#include <cmath>

namespace ddim::oracle {

inline constexpr double kUnit = 0x1p-53, kTiny = 0x1p-1074;

inline double two_term_bound(double term0, double term1) {
  return (4 * kUnit + 6 * kUnit * kUnit) * (std::abs(term0) + std::abs(term1)) * (1 + 16 * kUnit) + 3 * kTiny;
}

inline double three_term_bound(double term0, double term1, double term2) {
  return ((5 * kUnit + 11 * kUnit * kUnit) * (std::abs(term0) + std::abs(term1)) +
          (4 * kUnit + 6 * kUnit * kUnit) * std::abs(term2)) *
             (1 + 16 * kUnit) +
         4 * kTiny;
}

}  // namespace ddim::oracle
