#pragma once

// Oracle (b). The same quantities in Arb's ball arithmetic, written apart from oracle (a): every result
// carries a proved radius, and `tight` says whether the precision was enough. Where a definition leaves a
// choice the other one is taken here: Eq8 by conditioning the joint normal of (x_{t-1}, x_t), steps through
// x_bar = x / sqrt(a).

#include <arb.h>

#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace ddim::oracle {

/// A real interval at the thread's current precision.
class Ball {
 public:
  static inline thread_local slong precision = 256;

  Ball() { arb_init(ball_); }
  Ball(double x) : Ball() { arb_set_d(ball_, x); }
  Ball(const Ball& other) : Ball() { arb_set(ball_, other.ball_); }
  Ball(Ball&& other) noexcept : Ball() { arb_swap(ball_, other.ball_); }
  Ball& operator=(Ball other) noexcept {
    arb_swap(ball_, other.ball_);
    return *this;
  }
  ~Ball() { arb_clear(ball_); }

  friend Ball operator+(const Ball& x, const Ball& y) { return made(arb_add, x, y); }
  friend Ball operator-(const Ball& x, const Ball& y) { return made(arb_sub, x, y); }
  friend Ball operator*(const Ball& x, const Ball& y) { return made(arb_mul, x, y); }
  friend Ball operator/(const Ball& x, const Ball& y) { return made(arb_div, x, y); }
  /// Of a number known not to be negative, although its ball may reach below zero.
  friend Ball sqrt(const Ball& x) {
    Ball result;
    arb_sqrtpos(result.ball_, x.ball_, precision);
    return result;
  }
  friend Ball log(const Ball& x) {
    Ball result;
    arb_log(result.ball_, x.ball_, precision);
    return result;
  }
  friend bool surely_negative(const Ball& x) { return arb_is_negative(x.ball_) != 0; }

  /// 80 bits are known, or the radius is far below the smallest double.
  friend bool tight(const Ball& x) {
    return arb_rel_accuracy_bits(x.ball_) >= 80 || mag_cmp_2exp_si(arb_radref(x.ball_), -1140) <= 0;
  }

  /// An upper bound of |computed - exact|, times 2^-scale.
  friend double distance(double computed, const Ball& exact, slong scale) {
    Ball difference = Ball(computed) - exact;
    arb_mul_2exp_si(difference.ball_, difference.ball_, -scale);
    arf_t bound;
    arf_init(bound);
    arb_get_abs_ubound_arf(bound, difference.ball_, 64);
    const double result = arf_get_d(bound, ARF_RND_UP);
    arf_clear(bound);
    return result;
  }
  /// log2 of the spacing of doubles at x.
  friend slong ulp_exponent(const Ball& x) {
    if (arf_is_zero(arb_midref(x.ball_))) return -1074;
    return std::max<slong>(arf_abs_bound_lt_2exp_si(arb_midref(x.ball_)) - 53, -1074);
  }
  friend double ulps(double computed, const Ball& exact) {
    if (!std::isfinite(computed)) return std::numeric_limits<double>::infinity();
    return distance(computed, exact, ulp_exponent(exact));
  }
  friend double absolute_error(double computed, const Ball& exact) { return distance(computed, exact, 0); }

 private:
  template <class Operation>
  static Ball made(Operation operation, const Ball& x, const Ball& y) {
    Ball result;
    operation(result.ball_, x.ball_, y.ball_, precision);
    return result;
  }
  arb_t ball_;
};

inline std::vector<Ball> alpha_bar_balls(std::span<const double> betas) {
  std::vector<Ball> result{Ball(1)};
  for (const double beta : betas) result.push_back(result.back() - result.back() * Ball(beta));
  return result;
}

struct BallDefinitions {
  using Value = Ball;
  Ball a, p, variance;

  static Ball number(double x) { return Ball(x); }

  Ball direction() const {
    const Ball radicand = Ball(1) - p - variance;
    return surely_negative(radicand) ? Ball(0) : sqrt(radicand);
  }
  Ball admitted_variance() const {
    const Ball limit = Ball(1) - p;
    return surely_negative(limit - variance) ? limit : variance;
  }

  Ball sqrt_alpha_bar() const { return sqrt(a); }
  Ball sqrt_one_minus_alpha_bar() const { return sqrt(Ball(1) - a); }
  Ball ode_sigma() const { return sqrt(Ball(1) / a - Ball(1)); }
  Ball beta() const { return (p - a) / p; }
  /// eta^2 (1 - p) (p - a) / (p (1 - a)), under one root.
  Ball sigma_eta(const Ball& eta) const { return eta * sqrt((Ball(1) - p) * (p - a) / (p * (Ball(1) - a))); }
  Ball sigma_hat() const { return sqrt((p - a) / p); }

  /// Eq7 through the standardised residual e_t = (x_t - sqrt(a) x_0) / sqrt(1 - a).
  Ball posterior_mean(const Ball& x_t, const Ball& x0) const {
    const Ball residual = (x_t - sqrt(a) * x0) / sqrt(Ball(1) - a);
    return sqrt(p) * x0 + direction() * residual;
  }

  /// Eq8 by conditioning: (x_{t-1}, x_t) given x_0 is normal with Cov = sqrt(1 - a) k and Var(x_{t-1}) = k^2
  /// + s^2.
  Ball forward_mean(const Ball& x_prev, const Ball& x0) const {
    const Ball k = direction(), covariance = sqrt(Ball(1) - a) * k, of_prev = k * k + admitted_variance();
    return sqrt(a) * x0 + covariance / of_prev * (x_prev - sqrt(p) * x0);
  }
  Ball forward_variance() const {
    const Ball k = direction(), of_prev = k * k + admitted_variance();
    return (Ball(1) - a) - (Ball(1) - a) * k * k / of_prev;
  }

  Ball x0_from_eps(const Ball& x_t, const Ball& eps) const { return x_t / sqrt(a) - ode_sigma() * eps; }
  Ball eps_from_x0(const Ball& x_t, const Ball& x0) const {
    return x_t / sqrt(Ball(1) - a) - sqrt(a / (Ball(1) - a)) * x0;
  }
  Ball x0_from_v(const Ball& x_t, const Ball& v) const { return sqrt(a) * x_t - sqrt(Ball(1) - a) * v; }
  Ball eps_from_v(const Ball& x_t, const Ball& v) const { return sqrt(Ball(1) - a) * x_t + sqrt(a) * v; }

  /// Eq12 in x_bar = x / sqrt(alpha_bar): x_bar_prev = x_bar + (k / sqrt(p) - ode_sigma) eps.
  Ball step_from_eps(const Ball& x_t, const Ball& eps) const {
    return sqrt(p) * (x_t / sqrt(a) + (direction() / sqrt(p) - ode_sigma()) * eps);
  }
  Ball step_from_x0(const Ball& x_t, const Ball& x0) const { return posterior_mean(x_t, x0); }
  Ball step_from_v(const Ball& x_t, const Ball& v) const {
    return sqrt(p) * x0_from_v(x_t, v) + direction() * eps_from_v(x_t, v);
  }

  Ball encode(const Ball& x_prev, const Ball& eps) const {
    return sqrt(a / p) * x_prev + (sqrt(Ball(1) - a) - sqrt(a / p * (Ball(1) - p))) * eps;
  }

  Ball gamma() const {
    const Ball c = posterior_mean(Ball(0), Ball(1));
    return c * c * (Ball(1) - a) / (a * variance * Ball(2));
  }
  Ball gamma_first() const { return (Ball(1) / a - Ball(1)) / (variance * Ball(2)); }

  Ball discrete_x0(const Ball& s) const { return p - s * a; }
  Ball discrete_uniform(const Ball& s) const { return Ball(1) - s - discrete_x0(s); }

  static Ball kl(const Ball& mean_p, const Ball& variance_p, const Ball& mean_q, const Ball& variance_q) {
    const Ball difference = mean_p - mean_q, ratio = variance_p / variance_q;
    return (ratio - Ball(1) - log(ratio) + difference * difference / variance_q) / Ball(2);
  }
};

}  // namespace ddim::oracle
