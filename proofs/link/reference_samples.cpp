// The reference's own functions, each with the bound that its documentation states:
//   reference_samples | certify --at-least 300 --slack 4

#include <algorithm>
#include <limits>

#include "generated/bounds.hpp"
#include "link/samples.hpp"
#include "reference/ddim.hpp"

namespace ddim::link {
namespace {

/// "Error: n ulp".
Claim ulps(double output, double n = 1) {
  const double size = std::abs(output);
  return {output, n * (std::nextafter(size, std::numeric_limits<double>::infinity()) - size)};
}

/// "Error: affine2_bound", "affine3_bound", with coefficients within one ulp.
Claim affine2(const Batch& output, Wider term0, Wider term1) {
  return {output(0), up(proved::affine2_bound_inexact<Wider>(u, tiny, 2 * u, term0, term1))};
}
Claim affine3(const Batch& output, Wider term0, Wider term1, Wider term2) {
  return {output(0), up(proved::affine3_bound_inexact<Wider>(u, tiny, 2 * u, term0, term1, term2))};
}

Batch one(double value) { return Batch::Constant(1, 1, value); }
NoiseLevel level(double a) { return NoiseLevel::from_alpha_bar(a); }
Transition step(double a, double p) { return Transition::from_alpha_bars(a, p); }
Sigma variance(double v) { return Sigma::from_variance(v); }
Wider root(Wider x) { return std::sqrt(x); }

struct Reference {
  static Claim lemma1_x0_coefficient(double a) { return ulps(sqrt_alpha_bar(level(a))); }
  static Claim lemma1_std(double a) { return ulps(sqrt_one_minus_alpha_bar(level(a))); }
  static Claim lemma1_sample(double a, double x0, double z) {
    return affine2(q_sample(level(a), one(x0), one(z)), root(a) * x0, root(1 - Wider(a)) * z);
  }
  static Claim eq7_x_coefficient(double a, double p, double v) {
    return ulps(posterior_coefficients(step(a, p), variance(v)).x_t);
  }
  static Claim eq7_x0_coefficient(double a, double p, double v) {
    return ulps(posterior_coefficients(step(a, p), variance(v)).x0);
  }
  static Claim eq7_mean(double a, double p, double v, double x, double x0) {
    const PosteriorCoefficients c = posterior_coefficients(step(a, p), variance(v));
    return affine2(q_posterior(step(a, p), variance(v), one(x), one(x0)).mean, c.x0 * Wider(x0),
                   c.x_t * Wider(x));
  }
  static Claim eq8_prev_coefficient(double a, double p, double v) {
    return ulps(forward_coefficients(step(a, p), variance(v)).x_prev);
  }
  static Claim eq8_mean(double a, double p, double v, double x, double x0) {
    const ForwardCoefficients c = forward_coefficients(step(a, p), variance(v));
    return affine2(forward_step(step(a, p), variance(v), one(x), one(x0)).mean, c.x0 * Wider(x0),
                   c.x_prev * Wider(x));
  }
  static Claim eq8_variance(double a, double p, double v) {
    return ulps(forward_coefficients(step(a, p), variance(v)).variance);
  }
  static Claim nonmarkov_x0_coefficient(double a, double p, double v) {
    const Claim claim = ulps(non_markov_coefficient(step(a, p), variance(v)));
    return {claim.output, std::max(claim.bound, 0x1p-100)};
  }
  static Claim eq9_predict_x0(double a, double x, double e) {
    return affine2(predict_x0(level(a), one(x), one(e)), x / root(a), root((1 - Wider(a)) / a) * e);
  }
  static Claim eq9_predict_eps(double a, double x, double x0) {
    return affine2(predict_eps(level(a), one(x), one(x0)), x / root(1 - Wider(a)),
                   root(a / (1 - Wider(a))) * x0);
  }
  static Claim eq9_velocity(double a, double x0, double e) {
    return affine2(predict_v(level(a), one(e), one(x0)), root(a) * e, root(1 - Wider(a)) * x0);
  }
  static Claim eq9_x0_from_velocity(double a, double x, double v) {
    return affine2(predict_x0_from_v(level(a), one(x), one(v)), root(a) * x, root(1 - Wider(a)) * v);
  }
  static Claim eq9_eps_from_velocity(double a, double x, double v) {
    return affine2(predict_eps_from_v(level(a), one(x), one(v)), root(1 - Wider(a)) * x, root(a) * v);
  }
  static Claim eq12_x_coefficient(double a, double p) {
    return ulps(step_coefficients(step(a, p), Sigma(0)).x_t);
  }
  static Claim eq12_eps_coefficient(double a, double p, double v) {
    return ulps(step_coefficients(step(a, p), variance(v)).output);
  }
  static Claim eq12_step(double a, double p, double s, double x, double e, double z) {
    const StepCoefficients c = step_coefficients(step(a, p), Sigma(s));
    return affine3(ddim_step(c, one(x), one(e), one(z)), c.x_t * Wider(x), c.output * Wider(e),
                   c.sigma * Wider(z));
  }
  // 1 * c + 0 * d is c: the encoding step shows its coefficients one at a time.
  static Claim eq13_encode_x_coefficient(double a, double p) {
    return ulps(ddim_encode_step(step(a, p), one(1), one(0))(0));
  }
  static Claim eq13_encode_eps_coefficient(double a, double p) {
    return ulps(ddim_encode_step(step(a, p), one(0), one(1))(0));
  }
  static Claim eq14_ode_sigma(double a) { return ulps(ode_sigma(level(a))); }
  static Claim eq16_variance(double eta, double a, double p) {
    return ulps(sigma_eta(step(a, p), eta).variance());
  }
  static Claim eq16_sigma(double eta, double a, double p) { return ulps(sigma_eta(step(a, p), eta).value()); }
  static Claim eq16_radicand(double eta, double a, double p) {
    return ulps(posterior_radicand(step(a, p), sigma_eta(step(a, p), eta)));
  }
  static Claim eq16_sigma_hat(double a, double p) { return ulps(sigma_hat(step(a, p)).value()); }
  static Claim theorem1_gamma(double a, double p, double v) {
    const Transition first = step(p, (1 + p) / 2);
    return ulps(gamma_weights({{first, step(a, p)}, {Sigma(1), variance(v)}})[1], 2);
  }
  static Claim theorem1_gamma_first(double a, double v) {
    return ulps(gamma_weights({{step(a, 1)}, {variance(v)}})[0], 2);
  }
  static Claim appendixa_noisy_weight(double s) {
    return {discrete_weights(step(0x1p-20, 0x1p-19), s).x_t, 0};
  }
  static Claim appendixa_data_weight(double a, double p, double s) {
    return ulps(discrete_weights(step(a, p), s).x0);
  }
  static Claim appendixa_uniform_weight(double a, double p, double s) {
    return ulps(discrete_weights(step(a, p), s).uniform);
  }
  static Claim kl_normal(double m0, double v0, double m1, double v1) {
    return {kl_divergence({one(m0), v0}, {one(m1), v1})[0],
            up(proved::kl_normal_error<Wider>(u, tiny, m0, v0, m1, v1))};
  }
  static Claim kl_normal_equal_variance(double m0, double m1, double v) {
    return {kl_divergence({one(m0), v}, {one(m1), v})[0],
            up(proved::kl_normal_equal_variance_error<Wider>(u, tiny, m0, m1, v))};
  }
};

}  // namespace
}  // namespace ddim::link

int main() { ddim::link::print_samples<ddim::link::Reference>(30); }
