// Printed by proofs/link/print.sh from the proved syntax trees; do not edit.
// clang-format off
#ifndef DDIM_PROVED_BOUNDS_HPP
#define DDIM_PROVED_BOUNDS_HPP

#include <cmath>

namespace ddim::proved {

// Right-hand sides of the rounding theorems of proofs/rounding.v: |computed - exact| <= bound, in any binary
// format with gradual underflow and at least three digits, rounding to nearest, when nothing overflows.
// u = 2^-prec and eta = 2^(emin-1): 2^-53, 2^-1075 for double; 2^-24, 2^-150 for float; 2^-11, 2^-25 for
// binary16; 2^-8, 2^-134 for bfloat16. eta for double is below its range: 2^-1074 serves. Evaluate in a type
// wider than the one under test, or allow the bound's own evaluation a relative 16u.

/// rounding.v, sum2_error. c0*x + c1*e in two products and a sum: q_sample, affine Eq9, Eq12 at sigma = 0.
/// Parameters: unit roundoff u, half the smallest spacing eta, and the exact terms c0*x and c1*e.
template <class Real>
Real two_term_bound(Real u, Real eta, Real term0, Real term1) {
  using std::abs;
  return (Real(2) * u + u * u) * abs(term0) + (Real(2) * u + u * u) * abs(term1) + Real(3) * eta;
}

/// rounding.v, sum2_fma_error. The same as fma(c0, x, c1*e).
template <class Real>
Real two_term_fma_bound(Real u, Real eta, Real term0, Real term1) {
  using std::abs;
  return u * abs(term0) + (Real(2) * u + u * u) * abs(term1) + Real(3) * eta;
}

/// rounding.v, sum3_error. (c0*x + c1*e) + s*z, without fma: the step of Eq12 and Eq13, Eq7's and Eq8's draw.
template <class Real>
Real three_term_bound(Real u, Real eta, Real term0, Real term1, Real term2) {
  using std::abs;
  return (Real(3) * u + Real(4) * (u * u)) * abs(term0) + (Real(3) * u + Real(4) * (u * u)) * abs(term1) + (Real(2) * u + u * u) * abs(term2) + Real(4) * eta;
}

/// rounding.v, sum3_fma_error. The same as fma(c0, x, fma(c1, e, s*z)).
template <class Real>
Real three_term_fma_bound(Real u, Real eta, Real term0, Real term1, Real term2) {
  using std::abs;
  return u * abs(term0) + (Real(2) * u + u * u) * abs(term1) + (Real(3) * u + Real(4) * (u * u)) * abs(term2) + Real(4) * eta;
}

/// rounding.v, sum2_error_inexact. As two_term_bound, against the exact coefficients, when each coefficient
/// used is within kappa of the exact one, relatively: kappa = u if correctly rounded, 2u if within one ulp.
template <class Real>
Real two_term_bound_inexact(Real u, Real eta, Real kappa, Real term0, Real term1) {
  using std::abs;
  return (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term0) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term1) + Real(3) * eta;
}

/// rounding.v, sum2_fma_error_inexact.
template <class Real>
Real two_term_fma_bound_inexact(Real u, Real eta, Real kappa, Real term0, Real term1) {
  using std::abs;
  return (u + kappa + u * kappa) * abs(term0) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term1) + Real(3) * eta;
}

/// rounding.v, sum3_error_inexact.
template <class Real>
Real three_term_bound_inexact(Real u, Real eta, Real kappa, Real term0, Real term1, Real term2) {
  using std::abs;
  return (Real(3) * u + Real(4) * (u * u) + kappa + (Real(3) * u + Real(4) * (u * u)) * kappa) * abs(term0) + (Real(3) * u + Real(4) * (u * u) + kappa + (Real(3) * u + Real(4) * (u * u)) * kappa) * abs(term1) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term2) + Real(4) * eta;
}

/// rounding.v, sum3_fma_error_inexact.
template <class Real>
Real three_term_fma_bound_inexact(Real u, Real eta, Real kappa, Real term0, Real term1, Real term2) {
  using std::abs;
  return (u + kappa + u * kappa) * abs(term0) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term1) + (Real(3) * u + Real(4) * (u * u) + kappa + (Real(3) * u + Real(4) * (u * u)) * kappa) * abs(term2) + Real(4) * eta;
}

/// rounding.v, quotient_error. Eq9 as written, (x - c*e) / d with c = sqrt(1 - alpha_bar), d = sqrt(alpha_bar).
template <class Real>
Real predict_x0_bound(Real u, Real eta, Real x, Real c, Real e, Real d) {
  using std::abs;
  return (Real(2) * u + u * u) * abs(x / d) + (Real(3) * u + Real(4) * (u * u)) * abs(c * e / d) + (Real(1) + Real(2) / abs(d)) * eta;
}

}  // namespace ddim::proved

#endif
