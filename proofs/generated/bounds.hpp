// Printed by proofs/link/print.sh from the proved syntax trees; do not edit.
// clang-format off
#ifndef DDIM_PROVED_BOUNDS_HPP
#define DDIM_PROVED_BOUNDS_HPP

#include <cmath>

namespace ddim::proved {

// Right-hand sides of the rounding theorems of proofs/arithmetic/rounding.v: |computed - exact| <= bound, in
// any binary format with gradual underflow and at least three digits, to nearest, when nothing overflows.
// u = 2^-prec and tiny = 2^(emin-1): 2^-53, 2^-1075 for double; 2^-24, 2^-150 for float; 2^-11, 2^-25 for
// binary16; 2^-8, 2^-134 for bfloat16. tiny for double is below its range: 2^-1074 serves. The theorems are
// about the bound itself: evaluate it in a type wider than the one under test.

/// rounding.v, sum2_error. c0*x + c1*e in two products and a sum: q_sample, affine Eq9, Eq12 at sigma = 0.
/// Parameters: unit roundoff u, half the smallest spacing tiny, and the exact terms c0*x and c1*e.
template <class Real>
Real affine2_bound(Real u, Real tiny, Real term0, Real term1) {
  using std::abs;
  return (Real(2) * u + u * u) * abs(term0) + (Real(2) * u + u * u) * abs(term1) + Real(3) * tiny;
}

/// rounding.v, sum2_fma_error. The same as fma(c0, x, c1*e).
template <class Real>
Real affine2_fma_bound(Real u, Real tiny, Real term0, Real term1) {
  using std::abs;
  return u * abs(term0) + (Real(2) * u + u * u) * abs(term1) + Real(3) * tiny;
}

/// rounding.v, sum3_error. (c0*x + c1*e) + s*z, without fma: the step of Eq12 and Eq13, Eq7's and Eq8's draw.
template <class Real>
Real affine3_bound(Real u, Real tiny, Real term0, Real term1, Real term2) {
  using std::abs;
  return (Real(3) * u + Real(4) * (u * u)) * abs(term0) + (Real(3) * u + Real(4) * (u * u)) * abs(term1) + (Real(2) * u + u * u) * abs(term2) + Real(4) * tiny;
}

/// rounding.v, sum3_fma_error. The same as fma(c0, x, fma(c1, e, s*z)).
template <class Real>
Real affine3_fma_bound(Real u, Real tiny, Real term0, Real term1, Real term2) {
  using std::abs;
  return u * abs(term0) + (Real(2) * u + u * u) * abs(term1) + (Real(3) * u + Real(4) * (u * u)) * abs(term2) + Real(4) * tiny;
}

/// rounding.v, sum2_error_inexact. As affine2_bound, against the exact coefficients, when each coefficient
/// used is within kappa of the exact one, relatively: kappa = u if correctly rounded, 2u if within one ulp.
template <class Real>
Real affine2_bound_inexact(Real u, Real tiny, Real kappa, Real term0, Real term1) {
  using std::abs;
  return (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term0) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term1) + Real(3) * tiny;
}

/// rounding.v, sum2_fma_error_inexact.
template <class Real>
Real affine2_fma_bound_inexact(Real u, Real tiny, Real kappa, Real term0, Real term1) {
  using std::abs;
  return (u + kappa + u * kappa) * abs(term0) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term1) + Real(3) * tiny;
}

/// rounding.v, sum3_error_inexact.
template <class Real>
Real affine3_bound_inexact(Real u, Real tiny, Real kappa, Real term0, Real term1, Real term2) {
  using std::abs;
  return (Real(3) * u + Real(4) * (u * u) + kappa + (Real(3) * u + Real(4) * (u * u)) * kappa) * abs(term0) + (Real(3) * u + Real(4) * (u * u) + kappa + (Real(3) * u + Real(4) * (u * u)) * kappa) * abs(term1) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term2) + Real(4) * tiny;
}

/// rounding.v, sum3_fma_error_inexact.
template <class Real>
Real affine3_fma_bound_inexact(Real u, Real tiny, Real kappa, Real term0, Real term1, Real term2) {
  using std::abs;
  return (u + kappa + u * kappa) * abs(term0) + (Real(2) * u + u * u + kappa + (Real(2) * u + u * u) * kappa) * abs(term1) + (Real(3) * u + Real(4) * (u * u) + kappa + (Real(3) * u + Real(4) * (u * u)) * kappa) * abs(term2) + Real(4) * tiny;
}

/// rounding.v, quotient_error. Eq9 as written, (x - c*e) / d with c = sqrt(1 - alpha_bar), d = sqrt(alpha_bar).
template <class Real>
Real predict_x0_bound(Real u, Real tiny, Real x, Real c, Real e, Real d) {
  using std::abs;
  return (Real(2) * u + u * u) * abs(x / d) + (Real(3) * u + Real(4) * (u * u)) * abs(c * e / d) + (Real(1) + Real(2) / abs(d)) * tiny;
}

/// running.v. Error of a rounded v whose operands carry e into it.
template <class Real>
Real rounded_error(Real u, Real tiny, Real e, Real v) {
  using std::abs;
  return (Real(1) + u) * e + u * abs(v) + tiny;
}

/// running.v. Error of a * b before rounding, a and b being off by e and f.
template <class Real>
Real product_error(Real a, Real e, Real b, Real f) {
  using std::abs;
  return abs(a) * f + abs(b) * e + e * f;
}

/// running.v. Error of a / b before rounding. Domain: f < |b|; otherwise no bound exists and this is not positive.
template <class Real>
Real ratio_error(Real a, Real e, Real b, Real f) {
  using std::abs;
  return (e + abs(a / b) * f) / (abs(b) - f);
}

/// running.v. Error of sqrt a before rounding. Domain: 0 < a.
template <class Real>
Real root_error(Real a, Real e) {
  using std::sqrt;
  return e / sqrt(a);
}

/// running.v. Error of log a before rounding. Domain: e < a; otherwise no bound exists and this is not positive.
template <class Real>
Real log_error(Real a, Real e) {
  return e / (a - e);
}

/// running.v, running_error. Bound of |affine2 computed - exact| for exact arguments.
template <class Real>
Real affine2_error(Real u, Real tiny, Real c0, Real x, Real c1, Real eps) {
  const Real zero(0);
  const Real v0 = c0 * x;
  const Real e0 = rounded_error(u, tiny, product_error(c0, zero, x, zero), v0);
  const Real v1 = c1 * eps;
  const Real e1 = rounded_error(u, tiny, product_error(c1, zero, eps, zero), v1);
  const Real v2 = v0 + v1;
  const Real e2 = rounded_error(u, tiny, e0 + e1, v2);
  return e2;
}

/// running.v, running_error. Bound of |affine3 computed - exact| for exact arguments.
template <class Real>
Real affine3_error(Real u, Real tiny, Real c0, Real x, Real c1, Real eps, Real c2, Real noise) {
  const Real zero(0);
  const Real v0 = c0 * x;
  const Real e0 = rounded_error(u, tiny, product_error(c0, zero, x, zero), v0);
  const Real v1 = c1 * eps;
  const Real e1 = rounded_error(u, tiny, product_error(c1, zero, eps, zero), v1);
  const Real v2 = v0 + v1;
  const Real e2 = rounded_error(u, tiny, e0 + e1, v2);
  const Real v3 = c2 * noise;
  const Real e3 = rounded_error(u, tiny, product_error(c2, zero, noise, zero), v3);
  const Real v4 = v2 + v3;
  const Real e4 = rounded_error(u, tiny, e2 + e3, v4);
  return e4;
}

/// running.v, running_error. Bound of |lemma1_x0_coefficient computed - exact| for exact arguments.
template <class Real>
Real lemma1_x0_coefficient_error(Real u, Real tiny, Real alpha_bar) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  return e0;
}

/// running.v, running_error. Bound of |lemma1_std computed - exact| for exact arguments.
template <class Real>
Real lemma1_std_error(Real u, Real tiny, Real alpha_bar) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  return e1;
}

/// running.v, running_error. Bound of |lemma1_variance computed - exact| for exact arguments.
template <class Real>
Real lemma1_variance_error(Real u, Real tiny, Real alpha_bar) {
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  return e0;
}

/// running.v, running_error. Bound of |lemma1_sample computed - exact| for exact arguments.
template <class Real>
Real lemma1_sample_error(Real u, Real tiny, Real alpha_bar, Real x0, Real noise) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = v0 * x0;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, x0, zero), v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = sqrt(v2);
  const Real e3 = rounded_error(u, tiny, root_error(v2, e2), v3);
  const Real v4 = v3 * noise;
  const Real e4 = rounded_error(u, tiny, product_error(v3, e3, noise, zero), v4);
  const Real v5 = v1 + v4;
  const Real e5 = rounded_error(u, tiny, e1 + e4, v5);
  return e5;
}

/// running.v, running_error. Bound of |eq7_x_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq7_x_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 - variance;
  const Real e1 = rounded_error(u, tiny, e0 + zero, v1);
  const Real v2 = sqrt(v1);
  const Real e2 = rounded_error(u, tiny, root_error(v1, e1), v2);
  const Real v3 = Real(1) - alpha_bar;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = sqrt(v3);
  const Real e4 = rounded_error(u, tiny, root_error(v3, e3), v4);
  const Real v5 = v2 / v4;
  const Real e5 = rounded_error(u, tiny, ratio_error(v2, e2, v4, e4), v5);
  return e5;
}

/// running.v, running_error. Bound of |eq7_x0_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq7_x0_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = alpha_bar * variance;
  const Real e1 = rounded_error(u, tiny, product_error(alpha_bar, zero, variance, zero), v1);
  const Real v2 = v0 + v1;
  const Real e2 = rounded_error(u, tiny, e0 + e1, v2);
  const Real v3 = Real(1) - alpha_bar;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = sqrt(alpha_bar_prev);
  const Real e4 = rounded_error(u, tiny, root_error(alpha_bar_prev, zero), v4);
  const Real v5 = Real(1) - alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, zero + zero, v5);
  const Real v6 = v5 - variance;
  const Real e6 = rounded_error(u, tiny, e5 + zero, v6);
  const Real v7 = sqrt(v6);
  const Real e7 = rounded_error(u, tiny, root_error(v6, e6), v7);
  const Real v8 = Real(1) - alpha_bar;
  const Real e8 = rounded_error(u, tiny, zero + zero, v8);
  const Real v9 = alpha_bar / v8;
  const Real e9 = rounded_error(u, tiny, ratio_error(alpha_bar, zero, v8, e8), v9);
  const Real v10 = sqrt(v9);
  const Real e10 = rounded_error(u, tiny, root_error(v9, e9), v10);
  const Real v11 = v7 * v10;
  const Real e11 = rounded_error(u, tiny, product_error(v7, e7, v10, e10), v11);
  const Real v12 = v4 + v11;
  const Real e12 = rounded_error(u, tiny, e4 + e11, v12);
  const Real v13 = v3 * v12;
  const Real e13 = rounded_error(u, tiny, product_error(v3, e3, v12, e12), v13);
  const Real v14 = v2 / v13;
  const Real e14 = rounded_error(u, tiny, ratio_error(v2, e2, v13, e13), v14);
  return e14;
}

/// running.v, running_error. Bound of |eq7_mean computed - exact| for exact arguments.
template <class Real>
Real eq7_mean_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance, Real x, Real x0) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar_prev);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar_prev, zero), v0);
  const Real v1 = v0 * x0;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, x0, zero), v1);
  const Real v2 = Real(1) - alpha_bar_prev;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v2 - variance;
  const Real e3 = rounded_error(u, tiny, e2 + zero, v3);
  const Real v4 = sqrt(v3);
  const Real e4 = rounded_error(u, tiny, root_error(v3, e3), v4);
  const Real v5 = sqrt(alpha_bar);
  const Real e5 = rounded_error(u, tiny, root_error(alpha_bar, zero), v5);
  const Real v6 = v5 * x0;
  const Real e6 = rounded_error(u, tiny, product_error(v5, e5, x0, zero), v6);
  const Real v7 = x - v6;
  const Real e7 = rounded_error(u, tiny, zero + e6, v7);
  const Real v8 = Real(1) - alpha_bar;
  const Real e8 = rounded_error(u, tiny, zero + zero, v8);
  const Real v9 = sqrt(v8);
  const Real e9 = rounded_error(u, tiny, root_error(v8, e8), v9);
  const Real v10 = v7 / v9;
  const Real e10 = rounded_error(u, tiny, ratio_error(v7, e7, v9, e9), v10);
  const Real v11 = v4 * v10;
  const Real e11 = rounded_error(u, tiny, product_error(v4, e4, v10, e10), v11);
  const Real v12 = v1 + v11;
  const Real e12 = rounded_error(u, tiny, e1 + e11, v12);
  return e12;
}

/// running.v, running_error. Bound of |eq8_prev_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq8_prev_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = Real(1) - alpha_bar_prev;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = v1 - variance;
  const Real e2 = rounded_error(u, tiny, e1 + zero, v2);
  const Real v3 = v0 * v2;
  const Real e3 = rounded_error(u, tiny, product_error(v0, e0, v2, e2), v3);
  const Real v4 = sqrt(v3);
  const Real e4 = rounded_error(u, tiny, root_error(v3, e3), v4);
  const Real v5 = Real(1) - alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, zero + zero, v5);
  const Real v6 = v4 / v5;
  const Real e6 = rounded_error(u, tiny, ratio_error(v4, e4, v5, e5), v6);
  return e6;
}

/// running.v, running_error. Bound of |eq8_mean computed - exact| for exact arguments.
template <class Real>
Real eq8_mean_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance, Real x_prev, Real x0) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = v0 * x0;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, x0, zero), v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = Real(1) - alpha_bar_prev;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = v3 - variance;
  const Real e4 = rounded_error(u, tiny, e3 + zero, v4);
  const Real v5 = v2 * v4;
  const Real e5 = rounded_error(u, tiny, product_error(v2, e2, v4, e4), v5);
  const Real v6 = sqrt(v5);
  const Real e6 = rounded_error(u, tiny, root_error(v5, e5), v6);
  const Real v7 = Real(1) - alpha_bar_prev;
  const Real e7 = rounded_error(u, tiny, zero + zero, v7);
  const Real v8 = v6 / v7;
  const Real e8 = rounded_error(u, tiny, ratio_error(v6, e6, v7, e7), v8);
  const Real v9 = sqrt(alpha_bar_prev);
  const Real e9 = rounded_error(u, tiny, root_error(alpha_bar_prev, zero), v9);
  const Real v10 = v9 * x0;
  const Real e10 = rounded_error(u, tiny, product_error(v9, e9, x0, zero), v10);
  const Real v11 = x_prev - v10;
  const Real e11 = rounded_error(u, tiny, zero + e10, v11);
  const Real v12 = v8 * v11;
  const Real e12 = rounded_error(u, tiny, product_error(v8, e8, v11, e11), v12);
  const Real v13 = v1 + v12;
  const Real e13 = rounded_error(u, tiny, e1 + e12, v13);
  return e13;
}

/// running.v, running_error. Bound of |eq8_variance computed - exact| for exact arguments.
template <class Real>
Real eq8_variance_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = variance * v0;
  const Real e1 = rounded_error(u, tiny, product_error(variance, zero, v0, e0), v1);
  const Real v2 = Real(1) - alpha_bar_prev;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v1 / v2;
  const Real e3 = rounded_error(u, tiny, ratio_error(v1, e1, v2, e2), v3);
  return e3;
}

/// running.v, running_error. Bound of |nonmarkov_x0_coefficient computed - exact| for exact arguments.
template <class Real>
Real nonmarkov_x0_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = Real(1) - alpha_bar;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = Real(1) - alpha_bar_prev;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v2 - variance;
  const Real e3 = rounded_error(u, tiny, e2 + zero, v3);
  const Real v4 = v1 * v3;
  const Real e4 = rounded_error(u, tiny, product_error(v1, e1, v3, e3), v4);
  const Real v5 = v4 * alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, product_error(v4, e4, alpha_bar_prev, zero), v5);
  const Real v6 = sqrt(v5);
  const Real e6 = rounded_error(u, tiny, root_error(v5, e5), v6);
  const Real v7 = Real(1) - alpha_bar_prev;
  const Real e7 = rounded_error(u, tiny, zero + zero, v7);
  const Real v8 = v6 / v7;
  const Real e8 = rounded_error(u, tiny, ratio_error(v6, e6, v7, e7), v8);
  const Real v9 = v0 - v8;
  const Real e9 = rounded_error(u, tiny, e0 + e8, v9);
  return e9;
}

/// running.v, running_error. Bound of |nonmarkov_x0_coefficient_of_eta computed - exact| for exact arguments.
template <class Real>
Real nonmarkov_x0_coefficient_of_eta_error(Real u, Real tiny, Real eta, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - eta;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = Real(1) + eta;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = v0 * v1;
  const Real e2 = rounded_error(u, tiny, product_error(v0, e0, v1, e1), v2);
  const Real v3 = alpha_bar_prev - alpha_bar;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = v2 * v3;
  const Real e4 = rounded_error(u, tiny, product_error(v2, e2, v3, e3), v4);
  const Real v5 = Real(1) - alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, zero + zero, v5);
  const Real v6 = sqrt(alpha_bar);
  const Real e6 = rounded_error(u, tiny, root_error(alpha_bar, zero), v6);
  const Real v7 = Real(1) - alpha_bar;
  const Real e7 = rounded_error(u, tiny, zero + zero, v7);
  const Real v8 = Real(1) - alpha_bar_prev;
  const Real e8 = rounded_error(u, tiny, zero + zero, v8);
  const Real v9 = Real(1) - eta;
  const Real e9 = rounded_error(u, tiny, zero + zero, v9);
  const Real v10 = Real(1) + eta;
  const Real e10 = rounded_error(u, tiny, zero + zero, v10);
  const Real v11 = v9 * v10;
  const Real e11 = rounded_error(u, tiny, product_error(v9, e9, v10, e10), v11);
  const Real v12 = eta * eta;
  const Real e12 = rounded_error(u, tiny, product_error(eta, zero, eta, zero), v12);
  const Real v13 = Real(1) - alpha_bar_prev;
  const Real e13 = rounded_error(u, tiny, zero + zero, v13);
  const Real v14 = alpha_bar * v13;
  const Real e14 = rounded_error(u, tiny, product_error(alpha_bar, zero, v13, e13), v14);
  const Real v15 = Real(1) - alpha_bar;
  const Real e15 = rounded_error(u, tiny, zero + zero, v15);
  const Real v16 = alpha_bar_prev * v15;
  const Real e16 = rounded_error(u, tiny, product_error(alpha_bar_prev, zero, v15, e15), v16);
  const Real v17 = v14 / v16;
  const Real e17 = rounded_error(u, tiny, ratio_error(v14, e14, v16, e16), v17);
  const Real v18 = v12 * v17;
  const Real e18 = rounded_error(u, tiny, product_error(v12, e12, v17, e17), v18);
  const Real v19 = v11 + v18;
  const Real e19 = rounded_error(u, tiny, e11 + e18, v19);
  const Real v20 = v8 * v19;
  const Real e20 = rounded_error(u, tiny, product_error(v8, e8, v19, e19), v20);
  const Real v21 = v7 * v20;
  const Real e21 = rounded_error(u, tiny, product_error(v7, e7, v20, e20), v21);
  const Real v22 = v21 * alpha_bar_prev;
  const Real e22 = rounded_error(u, tiny, product_error(v21, e21, alpha_bar_prev, zero), v22);
  const Real v23 = sqrt(v22);
  const Real e23 = rounded_error(u, tiny, root_error(v22, e22), v23);
  const Real v24 = Real(1) - alpha_bar_prev;
  const Real e24 = rounded_error(u, tiny, zero + zero, v24);
  const Real v25 = v23 / v24;
  const Real e25 = rounded_error(u, tiny, ratio_error(v23, e23, v24, e24), v25);
  const Real v26 = v6 + v25;
  const Real e26 = rounded_error(u, tiny, e6 + e25, v26);
  const Real v27 = v5 * v26;
  const Real e27 = rounded_error(u, tiny, product_error(v5, e5, v26, e26), v27);
  const Real v28 = v4 / v27;
  const Real e28 = rounded_error(u, tiny, ratio_error(v4, e4, v27, e27), v28);
  return e28;
}

/// running.v, running_error. Bound of |eq9_predict_x0 computed - exact| for exact arguments.
template <class Real>
Real eq9_predict_x0_error(Real u, Real tiny, Real alpha_bar, Real x, Real eps) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  const Real v2 = v1 * eps;
  const Real e2 = rounded_error(u, tiny, product_error(v1, e1, eps, zero), v2);
  const Real v3 = x - v2;
  const Real e3 = rounded_error(u, tiny, zero + e2, v3);
  const Real v4 = sqrt(alpha_bar);
  const Real e4 = rounded_error(u, tiny, root_error(alpha_bar, zero), v4);
  const Real v5 = v3 / v4;
  const Real e5 = rounded_error(u, tiny, ratio_error(v3, e3, v4, e4), v5);
  return e5;
}

/// running.v, running_error. Bound of |eq9_predict_eps computed - exact| for exact arguments.
template <class Real>
Real eq9_predict_eps_error(Real u, Real tiny, Real alpha_bar, Real x, Real x0) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = v0 * x0;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, x0, zero), v1);
  const Real v2 = x - v1;
  const Real e2 = rounded_error(u, tiny, zero + e1, v2);
  const Real v3 = Real(1) - alpha_bar;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = sqrt(v3);
  const Real e4 = rounded_error(u, tiny, root_error(v3, e3), v4);
  const Real v5 = v2 / v4;
  const Real e5 = rounded_error(u, tiny, ratio_error(v2, e2, v4, e4), v5);
  return e5;
}

/// running.v, running_error. Bound of |eq9_velocity computed - exact| for exact arguments.
template <class Real>
Real eq9_velocity_error(Real u, Real tiny, Real alpha_bar, Real x0, Real eps) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = v0 * eps;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, eps, zero), v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = sqrt(v2);
  const Real e3 = rounded_error(u, tiny, root_error(v2, e2), v3);
  const Real v4 = v3 * x0;
  const Real e4 = rounded_error(u, tiny, product_error(v3, e3, x0, zero), v4);
  const Real v5 = v1 - v4;
  const Real e5 = rounded_error(u, tiny, e1 + e4, v5);
  return e5;
}

/// running.v, running_error. Bound of |eq9_x0_from_velocity computed - exact| for exact arguments.
template <class Real>
Real eq9_x0_from_velocity_error(Real u, Real tiny, Real alpha_bar, Real x, Real v) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = v0 * x;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, x, zero), v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = sqrt(v2);
  const Real e3 = rounded_error(u, tiny, root_error(v2, e2), v3);
  const Real v4 = v3 * v;
  const Real e4 = rounded_error(u, tiny, product_error(v3, e3, v, zero), v4);
  const Real v5 = v1 - v4;
  const Real e5 = rounded_error(u, tiny, e1 + e4, v5);
  return e5;
}

/// running.v, running_error. Bound of |eq9_eps_from_velocity computed - exact| for exact arguments.
template <class Real>
Real eq9_eps_from_velocity_error(Real u, Real tiny, Real alpha_bar, Real x, Real v) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  const Real v2 = v1 * x;
  const Real e2 = rounded_error(u, tiny, product_error(v1, e1, x, zero), v2);
  const Real v3 = sqrt(alpha_bar);
  const Real e3 = rounded_error(u, tiny, root_error(alpha_bar, zero), v3);
  const Real v4 = v3 * v;
  const Real e4 = rounded_error(u, tiny, product_error(v3, e3, v, zero), v4);
  const Real v5 = v2 + v4;
  const Real e5 = rounded_error(u, tiny, e2 + e4, v5);
  return e5;
}

/// running.v, running_error. Bound of |eq12_x_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq12_x_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev / alpha_bar;
  const Real e0 = rounded_error(u, tiny, ratio_error(alpha_bar_prev, zero, alpha_bar, zero), v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  return e1;
}

/// running.v, running_error. Bound of |eq12_eps_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq12_eps_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 / alpha_bar;
  const Real e1 = rounded_error(u, tiny, ratio_error(v0, e0, alpha_bar, zero), v1);
  const Real v2 = v1 + variance;
  const Real e2 = rounded_error(u, tiny, e1 + zero, v2);
  const Real v3 = Real(1) - alpha_bar_prev;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = v3 - variance;
  const Real e4 = rounded_error(u, tiny, e3 + zero, v4);
  const Real v5 = sqrt(v4);
  const Real e5 = rounded_error(u, tiny, root_error(v4, e4), v5);
  const Real v6 = Real(1) - alpha_bar;
  const Real e6 = rounded_error(u, tiny, zero + zero, v6);
  const Real v7 = alpha_bar_prev * v6;
  const Real e7 = rounded_error(u, tiny, product_error(alpha_bar_prev, zero, v6, e6), v7);
  const Real v8 = v7 / alpha_bar;
  const Real e8 = rounded_error(u, tiny, ratio_error(v7, e7, alpha_bar, zero), v8);
  const Real v9 = sqrt(v8);
  const Real e9 = rounded_error(u, tiny, root_error(v8, e8), v9);
  const Real v10 = v5 + v9;
  const Real e10 = rounded_error(u, tiny, e5 + e9, v10);
  const Real v11 = v2 / v10;
  const Real e11 = rounded_error(u, tiny, ratio_error(v2, e2, v10, e10), v11);
  return e11;
}

/// running.v, running_error. Bound of |eq12_eps_coefficient_as_written computed - exact| for exact arguments.
template <class Real>
Real eq12_eps_coefficient_as_written_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 - variance;
  const Real e1 = rounded_error(u, tiny, e0 + zero, v1);
  const Real v2 = sqrt(v1);
  const Real e2 = rounded_error(u, tiny, root_error(v1, e1), v2);
  const Real v3 = Real(1) - alpha_bar;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = alpha_bar_prev * v3;
  const Real e4 = rounded_error(u, tiny, product_error(alpha_bar_prev, zero, v3, e3), v4);
  const Real v5 = v4 / alpha_bar;
  const Real e5 = rounded_error(u, tiny, ratio_error(v4, e4, alpha_bar, zero), v5);
  const Real v6 = sqrt(v5);
  const Real e6 = rounded_error(u, tiny, root_error(v5, e5), v6);
  const Real v7 = v2 - v6;
  const Real e7 = rounded_error(u, tiny, e2 + e6, v7);
  return e7;
}

/// running.v, running_error. Bound of |eq12_direction computed - exact| for exact arguments.
template <class Real>
Real eq12_direction_error(Real u, Real tiny, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 - variance;
  const Real e1 = rounded_error(u, tiny, e0 + zero, v1);
  const Real v2 = sqrt(v1);
  const Real e2 = rounded_error(u, tiny, root_error(v1, e1), v2);
  return e2;
}

/// running.v, running_error. Bound of |eq12_v_x_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq12_v_x_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev * alpha_bar;
  const Real e0 = rounded_error(u, tiny, product_error(alpha_bar_prev, zero, alpha_bar, zero), v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  const Real v2 = Real(1) - alpha_bar_prev;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v2 - variance;
  const Real e3 = rounded_error(u, tiny, e2 + zero, v3);
  const Real v4 = sqrt(v3);
  const Real e4 = rounded_error(u, tiny, root_error(v3, e3), v4);
  const Real v5 = Real(1) - alpha_bar;
  const Real e5 = rounded_error(u, tiny, zero + zero, v5);
  const Real v6 = sqrt(v5);
  const Real e6 = rounded_error(u, tiny, root_error(v5, e5), v6);
  const Real v7 = v4 * v6;
  const Real e7 = rounded_error(u, tiny, product_error(v4, e4, v6, e6), v7);
  const Real v8 = v1 + v7;
  const Real e8 = rounded_error(u, tiny, e1 + e7, v8);
  return e8;
}

/// running.v, running_error. Bound of |eq12_v_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq12_v_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = alpha_bar * variance;
  const Real e1 = rounded_error(u, tiny, product_error(alpha_bar, zero, variance, zero), v1);
  const Real v2 = v0 + v1;
  const Real e2 = rounded_error(u, tiny, e0 + e1, v2);
  const Real v3 = Real(1) - alpha_bar_prev;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = v3 - variance;
  const Real e4 = rounded_error(u, tiny, e3 + zero, v4);
  const Real v5 = sqrt(v4);
  const Real e5 = rounded_error(u, tiny, root_error(v4, e4), v5);
  const Real v6 = sqrt(alpha_bar);
  const Real e6 = rounded_error(u, tiny, root_error(alpha_bar, zero), v6);
  const Real v7 = v5 * v6;
  const Real e7 = rounded_error(u, tiny, product_error(v5, e5, v6, e6), v7);
  const Real v8 = Real(1) - alpha_bar;
  const Real e8 = rounded_error(u, tiny, zero + zero, v8);
  const Real v9 = alpha_bar_prev * v8;
  const Real e9 = rounded_error(u, tiny, product_error(alpha_bar_prev, zero, v8, e8), v9);
  const Real v10 = sqrt(v9);
  const Real e10 = rounded_error(u, tiny, root_error(v9, e9), v10);
  const Real v11 = v7 + v10;
  const Real e11 = rounded_error(u, tiny, e7 + e10, v11);
  const Real v12 = v2 / v11;
  const Real e12 = rounded_error(u, tiny, ratio_error(v2, e2, v11, e11), v12);
  return e12;
}

/// running.v, running_error. Bound of |eq12_step computed - exact| for exact arguments.
template <class Real>
Real eq12_step_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real sigma, Real x, Real eps, Real noise) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar_prev);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar_prev, zero), v0);
  const Real v1 = Real(1) - alpha_bar;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = sqrt(v1);
  const Real e2 = rounded_error(u, tiny, root_error(v1, e1), v2);
  const Real v3 = v2 * eps;
  const Real e3 = rounded_error(u, tiny, product_error(v2, e2, eps, zero), v3);
  const Real v4 = x - v3;
  const Real e4 = rounded_error(u, tiny, zero + e3, v4);
  const Real v5 = sqrt(alpha_bar);
  const Real e5 = rounded_error(u, tiny, root_error(alpha_bar, zero), v5);
  const Real v6 = v4 / v5;
  const Real e6 = rounded_error(u, tiny, ratio_error(v4, e4, v5, e5), v6);
  const Real v7 = v0 * v6;
  const Real e7 = rounded_error(u, tiny, product_error(v0, e0, v6, e6), v7);
  const Real v8 = Real(1) - alpha_bar_prev;
  const Real e8 = rounded_error(u, tiny, zero + zero, v8);
  const Real v9 = sigma * sigma;
  const Real e9 = rounded_error(u, tiny, product_error(sigma, zero, sigma, zero), v9);
  const Real v10 = v8 - v9;
  const Real e10 = rounded_error(u, tiny, e8 + e9, v10);
  const Real v11 = sqrt(v10);
  const Real e11 = rounded_error(u, tiny, root_error(v10, e10), v11);
  const Real v12 = v11 * eps;
  const Real e12 = rounded_error(u, tiny, product_error(v11, e11, eps, zero), v12);
  const Real v13 = v7 + v12;
  const Real e13 = rounded_error(u, tiny, e7 + e12, v13);
  const Real v14 = sigma * noise;
  const Real e14 = rounded_error(u, tiny, product_error(sigma, zero, noise, zero), v14);
  const Real v15 = v13 + v14;
  const Real e15 = rounded_error(u, tiny, e13 + e14, v15);
  return e15;
}

/// running.v, running_error. Bound of |eq13_encode_x_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq13_encode_x_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar / alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, ratio_error(alpha_bar, zero, alpha_bar_prev, zero), v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  return e1;
}

/// running.v, running_error. Bound of |eq13_encode_eps_coefficient computed - exact| for exact arguments.
template <class Real>
Real eq13_encode_eps_coefficient_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 / alpha_bar_prev;
  const Real e1 = rounded_error(u, tiny, ratio_error(v0, e0, alpha_bar_prev, zero), v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = sqrt(v2);
  const Real e3 = rounded_error(u, tiny, root_error(v2, e2), v3);
  const Real v4 = Real(1) - alpha_bar_prev;
  const Real e4 = rounded_error(u, tiny, zero + zero, v4);
  const Real v5 = alpha_bar * v4;
  const Real e5 = rounded_error(u, tiny, product_error(alpha_bar, zero, v4, e4), v5);
  const Real v6 = v5 / alpha_bar_prev;
  const Real e6 = rounded_error(u, tiny, ratio_error(v5, e5, alpha_bar_prev, zero), v6);
  const Real v7 = sqrt(v6);
  const Real e7 = rounded_error(u, tiny, root_error(v6, e6), v7);
  const Real v8 = v3 + v7;
  const Real e8 = rounded_error(u, tiny, e3 + e7, v8);
  const Real v9 = v1 / v8;
  const Real e9 = rounded_error(u, tiny, ratio_error(v1, e1, v8, e8), v9);
  return e9;
}

/// running.v, running_error. Bound of |eq14_ode_state computed - exact| for exact arguments.
template <class Real>
Real eq14_ode_state_error(Real u, Real tiny, Real alpha_bar, Real x) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = sqrt(alpha_bar);
  const Real e0 = rounded_error(u, tiny, root_error(alpha_bar, zero), v0);
  const Real v1 = x / v0;
  const Real e1 = rounded_error(u, tiny, ratio_error(x, zero, v0, e0), v1);
  return e1;
}

/// running.v, running_error. Bound of |eq14_ode_sigma computed - exact| for exact arguments.
template <class Real>
Real eq14_ode_sigma_error(Real u, Real tiny, Real alpha_bar) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 / alpha_bar;
  const Real e1 = rounded_error(u, tiny, ratio_error(v0, e0, alpha_bar, zero), v1);
  const Real v2 = sqrt(v1);
  const Real e2 = rounded_error(u, tiny, root_error(v1, e1), v2);
  return e2;
}

/// running.v, running_error. Bound of |eq16_variance computed - exact| for exact arguments.
template <class Real>
Real eq16_variance_error(Real u, Real tiny, Real eta, Real alpha_bar, Real alpha_bar_prev) {
  const Real zero(0);
  const Real v0 = eta * eta;
  const Real e0 = rounded_error(u, tiny, product_error(eta, zero, eta, zero), v0);
  const Real v1 = Real(1) - alpha_bar_prev;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v1 / v2;
  const Real e3 = rounded_error(u, tiny, ratio_error(v1, e1, v2, e2), v3);
  const Real v4 = alpha_bar_prev - alpha_bar;
  const Real e4 = rounded_error(u, tiny, zero + zero, v4);
  const Real v5 = v4 / alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, ratio_error(v4, e4, alpha_bar_prev, zero), v5);
  const Real v6 = v3 * v5;
  const Real e6 = rounded_error(u, tiny, product_error(v3, e3, v5, e5), v6);
  const Real v7 = v0 * v6;
  const Real e7 = rounded_error(u, tiny, product_error(v0, e0, v6, e6), v7);
  return e7;
}

/// running.v, running_error. Bound of |eq16_sigma computed - exact| for exact arguments.
template <class Real>
Real eq16_sigma_error(Real u, Real tiny, Real eta, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = Real(1) - alpha_bar;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = v0 / v1;
  const Real e2 = rounded_error(u, tiny, ratio_error(v0, e0, v1, e1), v2);
  const Real v3 = sqrt(v2);
  const Real e3 = rounded_error(u, tiny, root_error(v2, e2), v3);
  const Real v4 = eta * v3;
  const Real e4 = rounded_error(u, tiny, product_error(eta, zero, v3, e3), v4);
  const Real v5 = alpha_bar / alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, ratio_error(alpha_bar, zero, alpha_bar_prev, zero), v5);
  const Real v6 = Real(1) - v5;
  const Real e6 = rounded_error(u, tiny, zero + e5, v6);
  const Real v7 = sqrt(v6);
  const Real e7 = rounded_error(u, tiny, root_error(v6, e6), v7);
  const Real v8 = v4 * v7;
  const Real e8 = rounded_error(u, tiny, product_error(v4, e4, v7, e7), v8);
  return e8;
}

/// running.v, running_error. Bound of |eq16_variance_adjacent computed - exact| for exact arguments.
template <class Real>
Real eq16_variance_adjacent_error(Real u, Real tiny, Real eta, Real alpha_bar, Real alpha_bar_prev, Real beta) {
  const Real zero(0);
  const Real v0 = eta * eta;
  const Real e0 = rounded_error(u, tiny, product_error(eta, zero, eta, zero), v0);
  const Real v1 = Real(1) - alpha_bar_prev;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = Real(1) - alpha_bar;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v1 / v2;
  const Real e3 = rounded_error(u, tiny, ratio_error(v1, e1, v2, e2), v3);
  const Real v4 = v3 * beta;
  const Real e4 = rounded_error(u, tiny, product_error(v3, e3, beta, zero), v4);
  const Real v5 = v0 * v4;
  const Real e5 = rounded_error(u, tiny, product_error(v0, e0, v4, e4), v5);
  return e5;
}

/// running.v, running_error. Bound of |eq16_radicand computed - exact| for exact arguments.
template <class Real>
Real eq16_radicand_error(Real u, Real tiny, Real eta, Real alpha_bar, Real alpha_bar_prev) {
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = Real(1) - eta;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = Real(1) + eta;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v1 * v2;
  const Real e3 = rounded_error(u, tiny, product_error(v1, e1, v2, e2), v3);
  const Real v4 = eta * eta;
  const Real e4 = rounded_error(u, tiny, product_error(eta, zero, eta, zero), v4);
  const Real v5 = Real(1) - alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, zero + zero, v5);
  const Real v6 = alpha_bar * v5;
  const Real e6 = rounded_error(u, tiny, product_error(alpha_bar, zero, v5, e5), v6);
  const Real v7 = Real(1) - alpha_bar;
  const Real e7 = rounded_error(u, tiny, zero + zero, v7);
  const Real v8 = alpha_bar_prev * v7;
  const Real e8 = rounded_error(u, tiny, product_error(alpha_bar_prev, zero, v7, e7), v8);
  const Real v9 = v6 / v8;
  const Real e9 = rounded_error(u, tiny, ratio_error(v6, e6, v8, e8), v9);
  const Real v10 = v4 * v9;
  const Real e10 = rounded_error(u, tiny, product_error(v4, e4, v9, e9), v10);
  const Real v11 = v3 + v10;
  const Real e11 = rounded_error(u, tiny, e3 + e10, v11);
  const Real v12 = v0 * v11;
  const Real e12 = rounded_error(u, tiny, product_error(v0, e0, v11, e11), v12);
  return e12;
}

/// running.v, running_error. Bound of |eq16_sigma_hat computed - exact| for exact arguments.
template <class Real>
Real eq16_sigma_hat_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar / alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, ratio_error(alpha_bar, zero, alpha_bar_prev, zero), v0);
  const Real v1 = Real(1) - v0;
  const Real e1 = rounded_error(u, tiny, zero + e0, v1);
  const Real v2 = sqrt(v1);
  const Real e2 = rounded_error(u, tiny, root_error(v1, e1), v2);
  return e2;
}

/// running.v, running_error. Bound of |theorem1_gamma computed - exact| for exact arguments.
template <class Real>
Real theorem1_gamma_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = alpha_bar_prev - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = alpha_bar * variance;
  const Real e1 = rounded_error(u, tiny, product_error(alpha_bar, zero, variance, zero), v1);
  const Real v2 = v0 + v1;
  const Real e2 = rounded_error(u, tiny, e0 + e1, v2);
  const Real v3 = Real(1) - alpha_bar;
  const Real e3 = rounded_error(u, tiny, zero + zero, v3);
  const Real v4 = sqrt(alpha_bar_prev);
  const Real e4 = rounded_error(u, tiny, root_error(alpha_bar_prev, zero), v4);
  const Real v5 = Real(1) - alpha_bar_prev;
  const Real e5 = rounded_error(u, tiny, zero + zero, v5);
  const Real v6 = v5 - variance;
  const Real e6 = rounded_error(u, tiny, e5 + zero, v6);
  const Real v7 = sqrt(v6);
  const Real e7 = rounded_error(u, tiny, root_error(v6, e6), v7);
  const Real v8 = Real(1) - alpha_bar;
  const Real e8 = rounded_error(u, tiny, zero + zero, v8);
  const Real v9 = alpha_bar / v8;
  const Real e9 = rounded_error(u, tiny, ratio_error(alpha_bar, zero, v8, e8), v9);
  const Real v10 = sqrt(v9);
  const Real e10 = rounded_error(u, tiny, root_error(v9, e9), v10);
  const Real v11 = v7 * v10;
  const Real e11 = rounded_error(u, tiny, product_error(v7, e7, v10, e10), v11);
  const Real v12 = v4 + v11;
  const Real e12 = rounded_error(u, tiny, e4 + e11, v12);
  const Real v13 = v3 * v12;
  const Real e13 = rounded_error(u, tiny, product_error(v3, e3, v12, e12), v13);
  const Real v14 = v2 / v13;
  const Real e14 = rounded_error(u, tiny, ratio_error(v2, e2, v13, e13), v14);
  const Real v15 = v14 * v14;
  const Real e15 = rounded_error(u, tiny, product_error(v14, e14, v14, e14), v15);
  const Real v16 = Real(1) - alpha_bar;
  const Real e16 = rounded_error(u, tiny, zero + zero, v16);
  const Real v17 = v15 * v16;
  const Real e17 = rounded_error(u, tiny, product_error(v15, e15, v16, e16), v17);
  const Real v18 = Real(2) * variance;
  const Real e18 = rounded_error(u, tiny, product_error(Real(2), zero, variance, zero), v18);
  const Real v19 = v18 * alpha_bar;
  const Real e19 = rounded_error(u, tiny, product_error(v18, e18, alpha_bar, zero), v19);
  const Real v20 = v17 / v19;
  const Real e20 = rounded_error(u, tiny, ratio_error(v17, e17, v19, e19), v20);
  return e20;
}

/// running.v, running_error. Bound of |theorem1_gamma_first computed - exact| for exact arguments.
template <class Real>
Real theorem1_gamma_first_error(Real u, Real tiny, Real alpha_bar, Real variance) {
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = Real(2) * variance;
  const Real e1 = rounded_error(u, tiny, product_error(Real(2), zero, variance, zero), v1);
  const Real v2 = v1 * alpha_bar;
  const Real e2 = rounded_error(u, tiny, product_error(v1, e1, alpha_bar, zero), v2);
  const Real v3 = v0 / v2;
  const Real e3 = rounded_error(u, tiny, ratio_error(v0, e0, v2, e2), v3);
  return e3;
}

/// running.v, running_error. Bound of |appendixa_noisy_weight computed - exact| for exact arguments.
template <class Real>
Real appendixa_noisy_weight_error(Real, Real, Real) {
  return Real(0);
}

/// running.v, running_error. Bound of |appendixa_data_weight computed - exact| for exact arguments.
template <class Real>
Real appendixa_data_weight_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real s) {
  const Real zero(0);
  const Real v0 = s * alpha_bar;
  const Real e0 = rounded_error(u, tiny, product_error(s, zero, alpha_bar, zero), v0);
  const Real v1 = alpha_bar_prev - v0;
  const Real e1 = rounded_error(u, tiny, zero + e0, v1);
  return e1;
}

/// running.v, running_error. Bound of |appendixa_uniform_weight computed - exact| for exact arguments.
template <class Real>
Real appendixa_uniform_weight_error(Real u, Real tiny, Real alpha_bar, Real alpha_bar_prev, Real s) {
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar_prev;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = Real(1) - alpha_bar;
  const Real e1 = rounded_error(u, tiny, zero + zero, v1);
  const Real v2 = v1 * s;
  const Real e2 = rounded_error(u, tiny, product_error(v1, e1, s, zero), v2);
  const Real v3 = v0 - v2;
  const Real e3 = rounded_error(u, tiny, e0 + e2, v3);
  return e3;
}

/// running.v, running_error. Bound of |kl_normal computed - exact| for exact arguments.
template <class Real>
Real kl_normal_error(Real u, Real tiny, Real mean0, Real variance0, Real mean1, Real variance1) {
  using std::log;
  const Real zero(0);
  const Real v0 = variance1 / variance0;
  const Real e0 = rounded_error(u, tiny, ratio_error(variance1, zero, variance0, zero), v0);
  const Real v1 = log(v0);
  const Real e1 = rounded_error(Real(2) * u, tiny, log_error(v0, e0), v1);
  const Real v2 = mean0 - mean1;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v2 * v2;
  const Real e3 = rounded_error(u, tiny, product_error(v2, e2, v2, e2), v3);
  const Real v4 = variance0 + v3;
  const Real e4 = rounded_error(u, tiny, zero + e3, v4);
  const Real v5 = v4 / variance1;
  const Real e5 = rounded_error(u, tiny, ratio_error(v4, e4, variance1, zero), v5);
  const Real v6 = v1 + v5;
  const Real e6 = rounded_error(u, tiny, e1 + e5, v6);
  const Real v7 = v6 - Real(1);
  const Real e7 = rounded_error(u, tiny, e6 + zero, v7);
  const Real v8 = v7 / Real(2);
  const Real e8 = rounded_error(u, tiny, ratio_error(v7, e7, Real(2), zero), v8);
  return e8;
}

/// running.v, running_error. Bound of |kl_normal_equal_variance computed - exact| for exact arguments.
template <class Real>
Real kl_normal_equal_variance_error(Real u, Real tiny, Real mean0, Real mean1, Real variance) {
  const Real zero(0);
  const Real v0 = mean0 - mean1;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = v0 * v0;
  const Real e1 = rounded_error(u, tiny, product_error(v0, e0, v0, e0), v1);
  const Real v2 = Real(2) * variance;
  const Real e2 = rounded_error(u, tiny, product_error(Real(2), zero, variance, zero), v2);
  const Real v3 = v1 / v2;
  const Real e3 = rounded_error(u, tiny, ratio_error(v1, e1, v2, e2), v3);
  return e3;
}

/// running.v, running_error. Bound of |normal_log_density computed - exact| for exact arguments.
template <class Real>
Real normal_log_density_error(Real u, Real tiny, Real log_two_pi, Real mean, Real variance, Real x) {
  using std::log;
  const Real zero(0);
  const Real v0 = log(variance);
  const Real e0 = rounded_error(Real(2) * u, tiny, log_error(variance, zero), v0);
  const Real v1 = log_two_pi + v0;
  const Real e1 = rounded_error(u, tiny, zero + e0, v1);
  const Real v2 = x - mean;
  const Real e2 = rounded_error(u, tiny, zero + zero, v2);
  const Real v3 = v2 * v2;
  const Real e3 = rounded_error(u, tiny, product_error(v2, e2, v2, e2), v3);
  const Real v4 = v3 / variance;
  const Real e4 = rounded_error(u, tiny, ratio_error(v3, e3, variance, zero), v4);
  const Real v5 = v1 + v4;
  const Real e5 = rounded_error(u, tiny, e1 + e4, v5);
  const Real v6 = v5 / Real(2);
  const Real e6 = rounded_error(u, tiny, ratio_error(v5, e5, Real(2), zero), v6);
  return e6;
}

/// running.v, running_error. Bound of |truth_gaussian_eps computed - exact| for exact arguments.
template <class Real>
Real truth_gaussian_eps_error(Real u, Real tiny, Real alpha_bar, Real mean, Real variance, Real x) {
  using std::sqrt;
  const Real zero(0);
  const Real v0 = Real(1) - alpha_bar;
  const Real e0 = rounded_error(u, tiny, zero + zero, v0);
  const Real v1 = sqrt(v0);
  const Real e1 = rounded_error(u, tiny, root_error(v0, e0), v1);
  const Real v2 = sqrt(alpha_bar);
  const Real e2 = rounded_error(u, tiny, root_error(alpha_bar, zero), v2);
  const Real v3 = v2 * mean;
  const Real e3 = rounded_error(u, tiny, product_error(v2, e2, mean, zero), v3);
  const Real v4 = x - v3;
  const Real e4 = rounded_error(u, tiny, zero + e3, v4);
  const Real v5 = v1 * v4;
  const Real e5 = rounded_error(u, tiny, product_error(v1, e1, v4, e4), v5);
  const Real v6 = alpha_bar * variance;
  const Real e6 = rounded_error(u, tiny, product_error(alpha_bar, zero, variance, zero), v6);
  const Real v7 = Real(1) - alpha_bar;
  const Real e7 = rounded_error(u, tiny, zero + zero, v7);
  const Real v8 = v6 + v7;
  const Real e8 = rounded_error(u, tiny, e6 + e7, v8);
  const Real v9 = v5 / v8;
  const Real e9 = rounded_error(u, tiny, ratio_error(v5, e5, v8, e8), v9);
  return e9;
}

}  // namespace ddim::proved

#endif
