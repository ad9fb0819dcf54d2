#pragma once

// The reference's own functions under the names of generated/formulas.hpp, each with the bound that its
// documentation states. Arguments are doubles, taken as exact, or rationals, which the reference holds to
// 106 bits where it takes Wide; where it takes a double, one that is not a double is Unrepresentable.

#include <algorithm>
#include <limits>
#include <type_traits>

#include "generated/bounds.hpp"
#include "link/exact.hpp"
#include "link/samples.hpp"
#include "reference/ddim.hpp"

namespace ddim::link {

struct Unrepresentable {};

inline double number(double x) { return x; }
inline double number(const Exact& x) {
  const auto result = x.value.convert_to<double>();
  if (Rational(result) != x.value) throw Unrepresentable();
  return result;
}

inline Wide wide(const Exact& x) {
  const auto hi = x.value.convert_to<double>();
  return {hi, Rational(x.value - Rational(hi)).convert_to<double>()};
}

inline Wider wider(double x) { return x; }
inline Wider wider(const Exact& x) {
  const Wide w = wide(x);
  return Wider(w.hi) + Wider(w.lo);
}

inline NoiseLevel level(double a) { return NoiseLevel::from_alpha_bar(a); }
inline NoiseLevel level(const Exact& a) { return {0, wide(a), wide(Exact(1) - a)}; }

inline Transition step(double a, double p) { return Transition::from_alpha_bars(a, p); }
inline Transition step(const Exact& a, const Exact& p) { return {level(a), level(p), wide((p - a) / p)}; }

inline Sigma variance(double v) { return Sigma::from_variance(v); }
inline Sigma variance(const Exact& v) { return Sigma::from_variance(wide(v)); }

inline Sigma deviation(double s) { return Sigma(s); }
inline Sigma deviation(const Exact& s) { return variance(s * s); }

inline Batch one(int x) { return Batch::Constant(1, 1, x); }
inline Batch one(const auto& x) { return Batch::Constant(1, 1, number(x)); }
inline Wider root(Wider x) { return std::sqrt(x); }

/// "Error: n ulp".
inline Claim ulps(double output, double n = 1) {
  const double size = std::abs(output);
  return {output, n * (std::nextafter(size, std::numeric_limits<double>::infinity()) - size)};
}

/// "Error: affine2_bound", "affine3_bound", with coefficients within one ulp.
inline Claim two_terms(const Batch& output, Wider term0, Wider term1) {
  return {output(0), up(proved::affine2_bound_inexact<Wider>(u, tiny, 2 * u, term0, term1))};
}
inline Claim three_terms(const Batch& output, Wider term0, Wider term1, Wider term2) {
  return {output(0), up(proved::affine3_bound_inexact<Wider>(u, tiny, 2 * u, term0, term1, term2))};
}

struct Reference {
  static Claim affine2(const auto& c0, const auto& x, const auto& c1, const auto& e) {
    return {combine({number(c0), "x", one(x)}, {number(c1), "eps", one(e)})(0),
            up(proved::affine2_bound<Wider>(u, tiny, wider(c0) * wider(x), wider(c1) * wider(e)))};
  }
  static Claim affine3(const auto& c0, const auto& x, const auto& c1, const auto& e, const auto& c2,
                       const auto& z) {
    return {combine({number(c0), "x", one(x)}, {number(c1), "eps", one(e)}, {number(c2), "noise", one(z)})(0),
            up(proved::affine3_bound<Wider>(u, tiny, wider(c0) * wider(x), wider(c1) * wider(e),
                                            wider(c2) * wider(z)))};
  }
  static Claim lemma1_x0_coefficient(const auto& a) { return ulps(sqrt_alpha_bar(level(a))); }
  static Claim lemma1_std(const auto& a) { return ulps(sqrt_one_minus_alpha_bar(level(a))); }
  static Claim lemma1_variance(const auto& a) { return ulps(q_marginal(level(a), one(1)).variance); }
  static Claim lemma1_sample(const auto& a, const auto& x0, const auto& z) {
    return two_terms(q_sample(level(a), one(x0), one(z)), root(wider(a)) * wider(x0),
                     root(1 - wider(a)) * wider(z));
  }
  static Claim eq7_x_coefficient(const auto& a, const auto& p, const auto& v) {
    return ulps(posterior_coefficients(step(a, p), variance(v)).x_t);
  }
  static Claim eq7_x0_coefficient(const auto& a, const auto& p, const auto& v) {
    return ulps(posterior_coefficients(step(a, p), variance(v)).x0);
  }
  static Claim eq7_mean(const auto& a, const auto& p, const auto& v, const auto& x, const auto& x0) {
    const PosteriorCoefficients c = posterior_coefficients(step(a, p), variance(v));
    return two_terms(q_posterior(step(a, p), variance(v), one(x), one(x0)).mean, c.x0 * wider(x0),
                     c.x_t * wider(x));
  }
  static Claim eq8_prev_coefficient(const auto& a, const auto& p, const auto& v) {
    return ulps(forward_coefficients(step(a, p), variance(v)).x_prev);
  }
  static Claim eq8_mean(const auto& a, const auto& p, const auto& v, const auto& x, const auto& x0) {
    const ForwardCoefficients c = forward_coefficients(step(a, p), variance(v));
    return two_terms(forward_step(step(a, p), variance(v), one(x), one(x0)).mean, c.x0 * wider(x0),
                     c.x_prev * wider(x));
  }
  static Claim eq8_variance(const auto& a, const auto& p, const auto& v) {
    return ulps(forward_coefficients(step(a, p), variance(v)).variance);
  }
  static Claim nonmarkov_x0_coefficient(const auto& a, const auto& p, const auto& v) {
    const Claim claim = ulps(non_markov_coefficient(step(a, p), variance(v)));
    return {claim.output, std::max(claim.bound, 0x1p-100)};
  }
  static Claim eq9_predict_x0(const auto& a, const auto& x, const auto& e) {
    return two_terms(predict_x0(level(a), one(x), one(e)), wider(x) / root(wider(a)),
                     root((1 - wider(a)) / wider(a)) * wider(e));
  }
  static Claim eq9_predict_eps(const auto& a, const auto& x, const auto& x0) {
    return two_terms(predict_eps(level(a), one(x), one(x0)), wider(x) / root(1 - wider(a)),
                     root(wider(a) / (1 - wider(a))) * wider(x0));
  }
  static Claim eq9_velocity(const auto& a, const auto& x0, const auto& e) {
    return two_terms(predict_v(level(a), one(e), one(x0)), root(wider(a)) * wider(e),
                     root(1 - wider(a)) * wider(x0));
  }
  static Claim eq9_x0_from_velocity(const auto& a, const auto& x, const auto& v) {
    return two_terms(predict_x0_from_v(level(a), one(x), one(v)), root(wider(a)) * wider(x),
                     root(1 - wider(a)) * wider(v));
  }
  static Claim eq9_eps_from_velocity(const auto& a, const auto& x, const auto& v) {
    return two_terms(predict_eps_from_v(level(a), one(x), one(v)), root(1 - wider(a)) * wider(x),
                     root(wider(a)) * wider(v));
  }
  static Claim eq12_x_coefficient(const auto& a, const auto& p) {
    return ulps(step_coefficients(step(a, p), Sigma(0)).x_t);
  }
  static Claim eq12_eps_coefficient(const auto& a, const auto& p, const auto& v) {
    return ulps(step_coefficients(step(a, p), variance(v)).output);
  }
  static Claim eq12_direction(const auto& p, const auto& v) {
    const Transition any = step(p / std::decay_t<decltype(p)>(2), p);
    return ulps(ddim_step_from_parts(any, variance(v), one(0), one(1), one(0))(0));
  }
  static Claim eq12_v_x_coefficient(const auto& a, const auto& p, const auto& v) {
    return ulps(step_coefficients(step(a, p), variance(v), Prediction::v).x_t);
  }
  static Claim eq12_v_coefficient(const auto& a, const auto& p, const auto& v) {
    return ulps(step_coefficients(step(a, p), variance(v), Prediction::v).output);
  }
  static Claim eq12_step(const auto& a, const auto& p, const auto& s, const auto& x, const auto& e,
                         const auto& z) {
    const StepCoefficients c = step_coefficients(step(a, p), deviation(s));
    return three_terms(ddim_step(c, one(x), one(e), one(z)), c.x_t * wider(x), c.output * wider(e),
                       c.sigma * wider(z));
  }
  static Claim eq13_encode_x_coefficient(const auto& a, const auto& p) {
    return ulps(encode_coefficients(step(a, p)).x_prev);
  }
  static Claim eq13_encode_eps_coefficient(const auto& a, const auto& p) {
    return ulps(encode_coefficients(step(a, p)).eps);
  }
  // The x_0 that goes with eps = 0.
  static Claim eq14_ode_state(const auto& a, const auto& x) {
    return two_terms(predict_x0(level(a), one(x), one(0)), wider(x) / root(wider(a)), 0);
  }
  static Claim eq14_ode_sigma(const auto& a) { return ulps(ode_sigma(level(a))); }
  static Claim eq16_variance(const auto& eta, const auto& a, const auto& p) {
    return ulps(sigma_eta(step(a, p), number(eta)).variance());
  }
  static Claim eq16_sigma(const auto& eta, const auto& a, const auto& p) {
    return ulps(sigma_eta(step(a, p), number(eta)).value());
  }
  static Claim eq16_radicand(const auto& eta, const auto& a, const auto& p) {
    return ulps(posterior_radicand(step(a, p), sigma_eta(step(a, p), number(eta))));
  }
  static Claim eq16_sigma_hat(const auto& a, const auto& p) { return ulps(sigma_hat(step(a, p)).value()); }
  static Claim theorem1_gamma(const auto& a, const auto& p, const auto& v) {
    using Number = std::decay_t<decltype(p)>;
    const Transition first = step(p, (Number(1) + p) / Number(2));
    return ulps(gamma_weights({{first, step(a, p)}, {Sigma(1), variance(v)}})[1], 2);
  }
  static Claim theorem1_gamma_first(const auto& a, const auto& v) {
    return ulps(gamma_weights({{step(a, std::decay_t<decltype(a)>(1))}, {variance(v)}})[0], 2);
  }
  static Claim appendixa_noisy_weight(const auto& s) {
    return {discrete_weights(step(0x1p-20, 0x1p-19), number(s)).x_t, 0};
  }
  static Claim appendixa_data_weight(const auto& a, const auto& p, const auto& s) {
    return ulps(discrete_weights(step(a, p), number(s)).x0);
  }
  static Claim appendixa_uniform_weight(const auto& a, const auto& p, const auto& s) {
    return ulps(discrete_weights(step(a, p), number(s)).uniform);
  }
  static Claim kl_normal(const auto& m0, const auto& v0, const auto& m1, const auto& v1) {
    return {kl_divergence({one(m0), number(v0)}, {one(m1), number(v1)})[0],
            up(proved::kl_normal_error<Wider>(u, tiny, wider(m0), wider(v0), wider(m1), wider(v1)))};
  }
  static Claim kl_normal_equal_variance(const auto& m0, const auto& m1, const auto& v) {
    return {kl_divergence({one(m0), number(v)}, {one(m1), number(v)})[0],
            up(proved::kl_normal_equal_variance_error<Wider>(u, tiny, wider(m0), wider(m1), wider(v)))};
  }
  // The library rounds in another order than the tree: by hand, twice the tree's error, and log(2 pi)'s own.
  static Claim normal_log_density(const auto& log_two_pi, const auto& m, const auto& v, const auto& x) {
    const Wider error =
        proved::normal_log_density_error<Wider>(u, tiny, wider(log_two_pi), wider(m), wider(v), wider(x));
    return {log_density({one(m), number(v)}, one(x))[0], up(2 * error + u)};
  }
  static Claim truth_gaussian_eps(const auto& a, const auto& m, const auto& v, const auto& x) {
    const EpsModel model = gaussian_eps(Eigen::VectorXd::Constant(1, number(m)), number(v));
    return {model(level(a), one(x))(0),
            up(2 * proved::truth_gaussian_eps_error<Wider>(u, tiny, wider(a), wider(m), wider(v), wider(x)))};
  }
};

}  // namespace ddim::link
