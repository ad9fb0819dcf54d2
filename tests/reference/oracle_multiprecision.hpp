#pragma once

// Oracle (a). The definitions of the paper, term by term as printed, in Boost.Multiprecision: no rearranged
// form of reference/ appears here, and nothing of reference/ is included. Precision takes the place of care:
// 1000 bits swallow every cancellation between ordinary doubles, `Deep` also those between denormals.

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace ddim::oracle {

template <unsigned bits>
using BinaryFloat = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<bits, boost::multiprecision::digit_base_2, void, boost::int32_t>,
    boost::multiprecision::et_off>;
using Real = BinaryFloat<640>;
using Deep = BinaryFloat<2560>;

/// The spacing of doubles at `exact`, subnormals included.
template <class R>
R ulp_of(const R& exact) {
  if (exact == 0) return ldexp(R(1), -1074);
  int exponent = 0;
  frexp(exact, &exponent);
  return ldexp(R(1), std::max(exponent - 53, -1074));
}

/// |computed - exact| in ulps of the exact value; infinite for a NaN or infinity.
template <class R>
double ulps(double computed, const R& exact) {
  if (!std::isfinite(computed)) return std::numeric_limits<double>::infinity();
  return R(abs(R(computed) - exact) / ulp_of(exact)).template convert_to<double>();
}

template <class R>
double absolute_error(double computed, const R& exact) {
  return R(abs(R(computed) - exact)).template convert_to<double>();
}

/// alpha_bar_0..alpha_bar_T: the running product of 1 - beta.
template <class R>
std::vector<R> alpha_bars(std::span<const double> betas) {
  std::vector<R> result{R(1)};
  for (const double beta : betas) result.push_back(result.back() * (1 - R(beta)));
  return result;
}

/// One transition and its sigma^2, all exact; alpha_bar and alpha_bar_prev are a and p.
template <class R>
struct Definitions {
  using Value = R;
  R a, p, variance;

  static R number(double x) { return R(x); }

  /// Eq7's square root. Where rounding put sigma^2 above its boundary, by a few ulps, it stands for the
  /// boundary.
  R direction() const { return variance < 1 - p ? R(sqrt(1 - p - variance)) : R(0); }
  R admitted_variance() const { return variance < 1 - p ? variance : R(1 - p); }

  R sqrt_alpha_bar() const { return sqrt(a); }
  R sqrt_one_minus_alpha_bar() const { return sqrt(1 - a); }
  R ode_sigma() const { return sqrt((1 - a) / a); }
  R beta() const { return 1 - a / p; }

  R sigma_eta(const R& eta) const { return eta * sqrt((1 - p) / (1 - a)) * sqrt(1 - a / p); }
  R sigma_hat() const { return sqrt(1 - a / p); }

  /// Eq7's mean.
  R posterior_mean(const R& x_t, const R& x0) const {
    return sqrt(p) * x0 + direction() * (x_t - sqrt(a) * x0) / sqrt(1 - a);
  }

  /// Eq8 by Bayes' rule: x_prev ~ N(m + B x_t, sigma^2) seen, x_t ~ N(sqrt(a) x0, 1 - a) before. The product
  /// of the two densities in x_t, with precisions multiplied through by sigma^2 so that sigma = 0 is its own
  /// limit.
  R forward_mean(const R& x_prev, const R& x0) const {
    const R slope = direction() / sqrt(1 - a), offset = sqrt(p) * x0 - slope * sqrt(a) * x0;
    const R s2 = admitted_variance(), precision = slope * slope * (1 - a) + s2;
    return (slope * (x_prev - offset) * (1 - a) + s2 * sqrt(a) * x0) / precision;
  }
  R forward_variance() const {
    const R slope = direction() / sqrt(1 - a), s2 = admitted_variance();
    return s2 * (1 - a) / (slope * slope * (1 - a) + s2);
  }

  /// Eq9 and what it inverts to.
  R x0_from_eps(const R& x_t, const R& eps) const { return (x_t - sqrt(1 - a) * eps) / sqrt(a); }
  R eps_from_x0(const R& x_t, const R& x0) const { return (x_t - sqrt(a) * x0) / sqrt(1 - a); }
  /// x_t and v are (x_0, eps) rotated by the angle whose cosine is sqrt(a).
  R x0_from_v(const R& x_t, const R& v) const { return sqrt(a) * x_t - sqrt(1 - a) * v; }
  R eps_from_v(const R& x_t, const R& v) const { return sqrt(1 - a) * x_t + sqrt(a) * v; }

  /// Eq12.
  R step(const R& pred_x0, const R& eps, const R& noise) const {
    return sqrt(p) * pred_x0 + direction() * eps + sqrt(variance) * noise;
  }
  R step_from_eps(const R& x_t, const R& eps) const { return step(x0_from_eps(x_t, eps), eps, 0); }
  R step_from_x0(const R& x_t, const R& x0) const { return step(x0, eps_from_x0(x_t, x0), 0); }
  R step_from_v(const R& x_t, const R& v) const { return step(x0_from_v(x_t, v), eps_from_v(x_t, v), 0); }

  /// Eq13 read upwards: x / sqrt(alpha_bar) grows by eps times the growth of sqrt((1 - alpha_bar) /
  /// alpha_bar).
  R encode(const R& x_prev, const R& eps) const {
    return sqrt(a) * (x_prev / sqrt(p) + (sqrt((1 - a) / a) - sqrt((1 - p) / p)) * eps);
  }

  /// Theorem1: the weight of |eps - eps_theta|^2 in the KL between two laws of Eq7 that differ in x_0 alone,
  /// where a unit of eps moves f_theta by sqrt((1 - a) / a).
  R gamma() const {
    const R moved = sqrt((1 - a) / a), mean = posterior_mean(0, moved);
    return mean * mean / (2 * variance);
  }
  /// ... and in the negative log likelihood of x_0 under N(f_theta(x_1), sigma_1^2).
  R gamma_first() const { return (1 - a) / a / (2 * variance); }

  /// AppendixA.
  R discrete_x0(const R& s) const { return p - s * a; }
  R discrete_uniform(const R& s) const { return (1 - p) - (1 - a) * s; }
  R discrete_limit() const { return (1 - p) / (1 - a); }

  /// E_p[log p - log q] of two normal laws in one dimension, by their moments.
  static R kl(const R& mean_p, const R& variance_p, const R& mean_q, const R& variance_q) {
    const R difference = mean_p - mean_q;
    const R entropy_p = (log(variance_p) + 1) / 2;
    const R cross_entropy = (log(variance_q) + (variance_p + difference * difference) / variance_q) / 2;
    return cross_entropy - entropy_p;
  }
};

}  // namespace ddim::oracle
