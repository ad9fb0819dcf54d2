// Printed by proofs/link/print.sh from the proved syntax trees; do not edit.
// clang-format off
#ifndef DDIM_PROVED_FORMULAS_HPP
#define DDIM_PROVED_FORMULAS_HPP

#include <cmath>

namespace ddim::proved {

// Each function is one syntax tree of proofs/arithmetic/formulas.v, whose meaning is proved to be the paper's.
// Real is any type with + - * / and sqrt, abs, log found by argument-dependent lookup or in std.
// No argument is checked: the domain is the theorem's.

template <class Real>
Real square(Real x) {
  return x * x;
}

/// An affine map of two batches, in the order in which the library computes every component.
template <class Real>
Real affine2(Real c0, Real x, Real c1, Real eps) {
  return c0 * x + c1 * eps;
}

/// An affine map of three batches, in the order in which the library computes every component.
template <class Real>
Real affine3(Real c0, Real x, Real c1, Real eps, Real c2, Real noise) {
  return c0 * x + c1 * eps + c2 * noise;
}

/// Lemma1, Eq6T. x0's coefficient in the mean of q(x_t | x_0).
template <class Real>
Real lemma1_x0_coefficient(Real alpha_bar) {
  using std::sqrt;
  return sqrt(alpha_bar);
}

/// Lemma1, Eq6T. Deviation of q(x_t | x_0), and eps's coefficient in q_sample.
template <class Real>
Real lemma1_std(Real alpha_bar) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar);
}

/// Lemma1, Eq6T. Variance of q(x_t | x_0).
template <class Real>
Real lemma1_variance(Real alpha_bar) {
  return Real(1) - alpha_bar;
}

/// Lemma1. x_t from x_0 and the noise drawn.
template <class Real>
Real lemma1_sample(Real alpha_bar, Real x0, Real noise) {
  using std::sqrt;
  return sqrt(alpha_bar) * x0 + sqrt(Real(1) - alpha_bar) * noise;
}

/// Eq7. x_t's coefficient in the mean. Domain: alpha_bar < 1, variance <= 1 - alpha_bar_prev.
template <class Real>
Real eq7_x_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar_prev - variance) / sqrt(Real(1) - alpha_bar);
}

/// Eq7. x_0's coefficient in the mean: (a_p - a + a variance) / ((1-a) (sqrt a_p + k sqrt(a/(1-a)))),
/// equal to sqrt a_p - k sqrt(a/(1-a)) and free of cancellation. The same is c_t of Theorem1.
template <class Real>
Real eq7_x0_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return (alpha_bar_prev - alpha_bar + alpha_bar * variance) / ((Real(1) - alpha_bar) * (sqrt(alpha_bar_prev) + sqrt(Real(1) - alpha_bar_prev - variance) * sqrt(alpha_bar / (Real(1) - alpha_bar))));
}

/// Eq7. The mean of q(x_prev | x_t, x_0), as written.
template <class Real>
Real eq7_mean(Real alpha_bar, Real alpha_bar_prev, Real variance, Real x, Real x0) {
  using std::sqrt;
  return sqrt(alpha_bar_prev) * x0 + sqrt(Real(1) - alpha_bar_prev - variance) * ((x - sqrt(alpha_bar) * x0) / sqrt(Real(1) - alpha_bar));
}

/// Eq8. x_{t-1}'s coefficient in the mean of q(x_t | x_{t-1}, x_0). Domain: alpha_bar_prev < 1.
template <class Real>
Real eq8_prev_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return sqrt((Real(1) - alpha_bar) * (Real(1) - alpha_bar_prev - variance)) / (Real(1) - alpha_bar_prev);
}

/// Eq8. The mean of q(x_t | x_{t-1}, x_0), as written.
template <class Real>
Real eq8_mean(Real alpha_bar, Real alpha_bar_prev, Real variance, Real x_prev, Real x0) {
  using std::sqrt;
  return sqrt(alpha_bar) * x0 + sqrt((Real(1) - alpha_bar) * (Real(1) - alpha_bar_prev - variance)) / (Real(1) - alpha_bar_prev) * (x_prev - sqrt(alpha_bar_prev) * x0);
}

/// Eq8. Its variance.
template <class Real>
Real eq8_variance(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  return variance * (Real(1) - alpha_bar) / (Real(1) - alpha_bar_prev);
}

/// NonMarkov. x_0's coefficient in Eq8, as written: near eta = 1 its two terms cancel.
template <class Real>
Real nonmarkov_x0_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return sqrt(alpha_bar) - sqrt((Real(1) - alpha_bar) * (Real(1) - alpha_bar_prev - variance) * alpha_bar_prev) / (Real(1) - alpha_bar_prev);
}

/// NonMarkov. The same under Eq16: -(1-eta)(1+eta)(a_p - a) / ((1-a_p)(sqrt a + w)), no cancellation;
/// never positive, zero iff eta = 1 (for a < a_p).
template <class Real>
Real nonmarkov_x0_coefficient_of_eta(Real eta, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  return -((Real(1) - eta) * (Real(1) + eta) * (alpha_bar_prev - alpha_bar) / ((Real(1) - alpha_bar_prev) * (sqrt(alpha_bar) + sqrt((Real(1) - alpha_bar) * ((Real(1) - alpha_bar_prev) * ((Real(1) - eta) * (Real(1) + eta) + square(eta) * (alpha_bar * (Real(1) - alpha_bar_prev) / (alpha_bar_prev * (Real(1) - alpha_bar))))) * alpha_bar_prev) / (Real(1) - alpha_bar_prev))));
}

/// Eq9. f(x): x_0 from eps. Domain: 0 < alpha_bar.
template <class Real>
Real eq9_predict_x0(Real alpha_bar, Real x, Real eps) {
  using std::sqrt;
  return (x - sqrt(Real(1) - alpha_bar) * eps) / sqrt(alpha_bar);
}

/// Eq9 solved for eps. Domain: alpha_bar < 1.
template <class Real>
Real eq9_predict_eps(Real alpha_bar, Real x, Real x0) {
  using std::sqrt;
  return (x - sqrt(alpha_bar) * x0) / sqrt(Real(1) - alpha_bar);
}

/// Eq9, v-prediction: v of x_0 and eps.
template <class Real>
Real eq9_velocity(Real alpha_bar, Real x0, Real eps) {
  using std::sqrt;
  return sqrt(alpha_bar) * eps - sqrt(Real(1) - alpha_bar) * x0;
}

/// Eq9, v-prediction: x_0 of x and v; alpha_bar = 0 included.
template <class Real>
Real eq9_x0_from_velocity(Real alpha_bar, Real x, Real v) {
  using std::sqrt;
  return sqrt(alpha_bar) * x - sqrt(Real(1) - alpha_bar) * v;
}

/// Eq9, v-prediction: eps of x and v; alpha_bar = 0 included.
template <class Real>
Real eq9_eps_from_velocity(Real alpha_bar, Real x, Real v) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar) * x + sqrt(alpha_bar) * v;
}

/// Eq12. x_t's coefficient in the step. Domain: 0 < alpha_bar.
template <class Real>
Real eq12_x_coefficient(Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  return sqrt(alpha_bar_prev / alpha_bar);
}

/// Eq12. eps's coefficient, -((a_p - a)/a + variance) / (k + w), equal to k - w and free of cancellation;
/// k = sqrt(1 - a_p - variance), w = sqrt(a_p (1 - a) / a).
template <class Real>
Real eq12_eps_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return -(((alpha_bar_prev - alpha_bar) / alpha_bar + variance) / (sqrt(Real(1) - alpha_bar_prev - variance) + sqrt(alpha_bar_prev * (Real(1) - alpha_bar) / alpha_bar)));
}

/// Eq12. The same as k - w, which cancels.
template <class Real>
Real eq12_eps_coefficient_as_written(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar_prev - variance) - sqrt(alpha_bar_prev * (Real(1) - alpha_bar) / alpha_bar);
}

/// Eq12. The factor of eps in the direction that points to x_t, k = sqrt(1 - a_p - variance).
template <class Real>
Real eq12_direction(Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar_prev - variance);
}

/// Eq12 from v. x_t's coefficient, sqrt(a_p a) + k sqrt(1 - a).
template <class Real>
Real eq12_v_x_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return sqrt(alpha_bar_prev * alpha_bar) + sqrt(Real(1) - alpha_bar_prev - variance) * sqrt(Real(1) - alpha_bar);
}

/// Eq12 from v. v's coefficient, -(a_p - a + a variance) / (k sqrt(a) + sqrt(a_p (1 - a))), equal to
/// k sqrt(a) - sqrt(a_p (1 - a)) and free of cancellation.
template <class Real>
Real eq12_v_coefficient(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return -((alpha_bar_prev - alpha_bar + alpha_bar * variance) / (sqrt(Real(1) - alpha_bar_prev - variance) * sqrt(alpha_bar) + sqrt(alpha_bar_prev * (Real(1) - alpha_bar))));
}

/// Eq12. One generative step, as written.
template <class Real>
Real eq12_step(Real alpha_bar, Real alpha_bar_prev, Real sigma, Real x, Real eps, Real noise) {
  using std::sqrt;
  return sqrt(alpha_bar_prev) * ((x - sqrt(Real(1) - alpha_bar) * eps) / sqrt(alpha_bar)) + sqrt(Real(1) - alpha_bar_prev - square(sigma)) * eps + sigma * noise;
}

/// Eq13 reversed. x_prev's coefficient in the encoding step to t. Domain: 0 < alpha_bar_prev.
template <class Real>
Real eq13_encode_x_coefficient(Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  return sqrt(alpha_bar / alpha_bar_prev);
}

/// Eq13 reversed. eps's coefficient, ((a_p - a)/a_p) / (sqrt(1-a) + sqrt(a (1-a_p)/a_p)), equal to
/// sqrt(1-a) - sqrt(a (1-a_p)/a_p) and free of cancellation. Domain: alpha_bar < 1.
template <class Real>
Real eq13_encode_eps_coefficient(Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  return (alpha_bar_prev - alpha_bar) / alpha_bar_prev / (sqrt(Real(1) - alpha_bar) + sqrt(alpha_bar * (Real(1) - alpha_bar_prev) / alpha_bar_prev));
}

/// Eq14. xbar = x / sqrt(alpha_bar).
template <class Real>
Real eq14_ode_state(Real alpha_bar, Real x) {
  using std::sqrt;
  return x / sqrt(alpha_bar);
}

/// Eq14. sqrt((1 - alpha_bar) / alpha_bar).
template <class Real>
Real eq14_ode_sigma(Real alpha_bar) {
  using std::sqrt;
  return sqrt((Real(1) - alpha_bar) / alpha_bar);
}

/// Eq16. sigma^2, with 1 - a/a_p as (a_p - a)/a_p. Domain: 0 < alpha_bar <= alpha_bar_prev <= 1, alpha_bar < 1.
template <class Real>
Real eq16_variance(Real eta, Real alpha_bar, Real alpha_bar_prev) {
  return square(eta) * ((Real(1) - alpha_bar_prev) / (Real(1) - alpha_bar) * ((alpha_bar_prev - alpha_bar) / alpha_bar_prev));
}

/// Eq16. sigma, as written.
template <class Real>
Real eq16_sigma(Real eta, Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  return eta * sqrt((Real(1) - alpha_bar_prev) / (Real(1) - alpha_bar)) * sqrt(Real(1) - alpha_bar / alpha_bar_prev);
}

/// Eq16. sigma^2 for adjacent times, a = a_p (1 - beta).
template <class Real>
Real eq16_variance_adjacent(Real eta, Real alpha_bar, Real alpha_bar_prev, Real beta) {
  return square(eta) * ((Real(1) - alpha_bar_prev) / (Real(1) - alpha_bar) * beta);
}

/// Eq16. 1 - alpha_bar_prev - sigma^2 as a product and sum of positive terms.
template <class Real>
Real eq16_radicand(Real eta, Real alpha_bar, Real alpha_bar_prev) {
  return (Real(1) - alpha_bar_prev) * ((Real(1) - eta) * (Real(1) + eta) + square(eta) * (alpha_bar * (Real(1) - alpha_bar_prev) / (alpha_bar_prev * (Real(1) - alpha_bar))));
}

/// Eq16. sigma-hat, which scales the noise only.
template <class Real>
Real eq16_sigma_hat(Real alpha_bar, Real alpha_bar_prev) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar / alpha_bar_prev);
}

/// Theorem1. gamma_t for t >= 2: c_t^2 (1 - a) / (2 variance a). Domain: variance > 0.
template <class Real>
Real theorem1_gamma(Real alpha_bar, Real alpha_bar_prev, Real variance) {
  using std::sqrt;
  return square((alpha_bar_prev - alpha_bar + alpha_bar * variance) / ((Real(1) - alpha_bar) * (sqrt(alpha_bar_prev) + sqrt(Real(1) - alpha_bar_prev - variance) * sqrt(alpha_bar / (Real(1) - alpha_bar))))) * (Real(1) - alpha_bar) / (Real(2) * variance * alpha_bar);
}

/// Theorem1. gamma_1 = (1 - a) / (2 variance a).
template <class Real>
Real theorem1_gamma_first(Real alpha_bar, Real variance) {
  return (Real(1) - alpha_bar) / (Real(2) * variance * alpha_bar);
}

/// AppendixA. Weight of x_t.
template <class Real>
Real appendixa_noisy_weight(Real s) {
  return s;
}

/// AppendixA. Weight of x_0.
template <class Real>
Real appendixa_data_weight(Real alpha_bar, Real alpha_bar_prev, Real s) {
  return alpha_bar_prev - s * alpha_bar;
}

/// AppendixA. Weight of the uniform law.
template <class Real>
Real appendixa_uniform_weight(Real alpha_bar, Real alpha_bar_prev, Real s) {
  return Real(1) - alpha_bar_prev - (Real(1) - alpha_bar) * s;
}

/// KL(N(mean0, variance0) || N(mean1, variance1)), per dimension.
template <class Real>
Real kl_normal(Real mean0, Real variance0, Real mean1, Real variance1) {
  using std::log;
  return (log(variance1 / variance0) + (variance0 + square(mean0 - mean1)) / variance1 - Real(1)) / Real(2);
}

/// KL of two normals of one variance, per dimension.
template <class Real>
Real kl_normal_equal_variance(Real mean0, Real mean1, Real variance) {
  return square(mean0 - mean1) / (Real(2) * variance);
}

/// log N(x; mean, variance), per dimension, with log(2 pi) given.
template <class Real>
Real normal_log_density(Real log_two_pi, Real mean, Real variance, Real x) {
  using std::log;
  return -((log_two_pi + log(variance) + square(x - mean) / variance) / Real(2));
}

/// The best eps for data N(mean, variance).
template <class Real>
Real truth_gaussian_eps(Real alpha_bar, Real mean, Real variance, Real x) {
  using std::sqrt;
  return sqrt(Real(1) - alpha_bar) * (x - sqrt(alpha_bar) * mean) / (alpha_bar * variance + (Real(1) - alpha_bar));
}

}  // namespace ddim::proved

// X(name) for every formula above.
#define DDIM_PROVED_FORMULAS(X) \
  X(affine2) \
  X(affine3) \
  X(lemma1_x0_coefficient) \
  X(lemma1_std) \
  X(lemma1_variance) \
  X(lemma1_sample) \
  X(eq7_x_coefficient) \
  X(eq7_x0_coefficient) \
  X(eq7_mean) \
  X(eq8_prev_coefficient) \
  X(eq8_mean) \
  X(eq8_variance) \
  X(nonmarkov_x0_coefficient) \
  X(nonmarkov_x0_coefficient_of_eta) \
  X(eq9_predict_x0) \
  X(eq9_predict_eps) \
  X(eq9_velocity) \
  X(eq9_x0_from_velocity) \
  X(eq9_eps_from_velocity) \
  X(eq12_x_coefficient) \
  X(eq12_eps_coefficient) \
  X(eq12_eps_coefficient_as_written) \
  X(eq12_direction) \
  X(eq12_v_x_coefficient) \
  X(eq12_v_coefficient) \
  X(eq12_step) \
  X(eq13_encode_x_coefficient) \
  X(eq13_encode_eps_coefficient) \
  X(eq14_ode_state) \
  X(eq14_ode_sigma) \
  X(eq16_variance) \
  X(eq16_sigma) \
  X(eq16_variance_adjacent) \
  X(eq16_radicand) \
  X(eq16_sigma_hat) \
  X(theorem1_gamma) \
  X(theorem1_gamma_first) \
  X(appendixa_noisy_weight) \
  X(appendixa_data_weight) \
  X(appendixa_uniform_weight) \
  X(kl_normal) \
  X(kl_normal_equal_variance) \
  X(normal_log_density) \
  X(truth_gaussian_eps)

#endif
