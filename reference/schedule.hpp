#pragma once

#include <span>
#include <vector>

#include "reference/error.hpp"

namespace ddim {

/// A real number held to about 106 bits as an unevaluated sum; reads as the nearest double.
/// The tables need it: with alpha_bar alone in double, 1 - alpha_bar and the radicand of Eq7 lose digits.
struct Wide {
  double hi = 0;
  double lo = 0;
  constexpr Wide() = default;
  constexpr Wide(double value) : hi(value) {}
  constexpr Wide(double high, double low) : hi(high), lo(low) {}
  constexpr operator double() const { return hi; }
};

/// One time of the diffusion. alpha_bar is DDIM's alpha_t, the cumulative product of (1 - beta_s);
/// alpha_bar and 1 - alpha_bar are each accurate on their own. t = 0 is the data, with alpha_bar = 1 exactly.
struct NoiseLevel {
  int t = 0;
  Wide alpha_bar = 1.0;
  Wide one_minus_alpha_bar = 0.0;

  /// Level with the given alpha_bar, taken as exact. Domain: 0 <= alpha_bar <= 1.
  static NoiseLevel from_alpha_bar(double alpha_bar, int t = 0);
};

/// sqrt(alpha_bar) and sqrt(1 - alpha_bar), the two coefficients of Lemma1. Error: 1 ulp.
double sqrt_alpha_bar(const NoiseLevel& level);
double sqrt_one_minus_alpha_bar(const NoiseLevel& level);
/// Eq14. ode_sigma = sqrt((1 - alpha_bar) / alpha_bar), the time of the ODE.
/// Domain: alpha_bar > 0. Error: 1 ulp.
double ode_sigma(const NoiseLevel& level);

/// A pair of times, `prev` one step nearer the data than `current`, along any sub-sequence tau.
struct Transition {
  NoiseLevel current;
  NoiseLevel prev;
  Wide beta;  ///< 1 - alpha_bar / alpha_bar_prev: beta_t where the times are adjacent

  /// From two values of alpha_bar, taken as exact. Domain: 0 <= alpha_bar < alpha_bar_prev <= 1.
  static Transition from_alpha_bars(double alpha_bar, double alpha_bar_prev);
};

/// The standard deviation of one step, with its square held wide so that Eq7's radicand keeps its digits.
/// Domain: 0, or 2^-484 <= sigma <= 2^511 (2^-968 <= sigma^2 < infinity), where the square is held exactly.
/// What Eq7 allows beyond that is checked where the step is known.
class Sigma {
 public:
  Sigma(double sigma);
  static Sigma from_variance(const Wide& variance);

  double value() const { return value_; }
  const Wide& variance() const { return variance_; }

 private:
  Sigma(double value, const Wide& variance) : value_(value), variance_(variance) {}
  double value_;
  Wide variance_;
};

/// Eq16. sigma(eta) = eta sqrt((1 - alpha_bar_prev) / (1 - alpha_bar)) sqrt(1 - alpha_bar / alpha_bar_prev).
/// eta = 0 is DDIM, eta = 1 is DDPM's posterior. Domain: eta >= 0, with sigma(eta) a Sigma's. Error: 1 ulp.
Sigma sigma_eta(const Transition& step, double eta);

/// Eq16. sigma_hat = sqrt(1 - alpha_bar / alpha_bar_prev), DDPM's larger noise. It scales the noise only;
/// put in Eq7's mean it breaks Lemma1. Domain: 2^-968 <= sigma_hat^2. Error: 1 ulp.
Sigma sigma_hat(const Transition& step);

/// The noise schedule: beta_t for t = 1..T and what follows from it.
/// Domain: 0 < beta_t < 1, save that beta_T = 1 (zero terminal SNR) is allowed; alpha_bar_T, unless 0, is a
/// normal double. Error of each table entry: 1 ulp of the exact value for the given betas.
class Schedule {
 public:
  /// beta_1..beta_T, taken as exact.
  static Schedule from_betas(std::span<const double> betas);
  /// alpha_bar_1..alpha_bar_T, taken as exact, strictly decreasing in (0, 1); the last may be 0.
  static Schedule from_alpha_bars(std::span<const double> alpha_bars);
  /// beta linear from beta_start to beta_end.
  static Schedule linear(int T, double beta_start, double beta_end);
  /// sqrt(beta) linear from sqrt(beta_start) to sqrt(beta_end): Stable Diffusion's.
  static Schedule scaled_linear(int T, double beta_start, double beta_end);
  /// beta_t = min(1 - f(t/T) / f((t-1)/T), 0.999), f(u) = cos^2((u + 0.008) / 1.008 * pi/2).
  static Schedule squaredcos_cap_v2(int T);

  /// sqrt(alpha_bar) shifted and scaled so that alpha_bar_T = 0 and alpha_bar_1 stays
  /// (arXiv 2305.08891, Algorithm 1).
  Schedule rescaled_to_zero_terminal_snr() const;

  int T() const { return static_cast<int>(beta_.size()); }
  double beta(int t) const;
  double alpha_bar(int t) const { return level(t).alpha_bar; }
  double one_minus_alpha_bar(int t) const { return level(t).one_minus_alpha_bar; }
  /// Domain: 0 <= t <= T.
  const NoiseLevel& level(int t) const;
  /// Domain: 0 <= t_prev < t <= T.
  Transition transition(int t, int t_prev) const;

 private:
  explicit Schedule(std::vector<Wide> beta);
  std::vector<Wide> beta_;         // beta_[t - 1]
  std::vector<NoiseLevel> level_;  // level_[t], t = 0..T
};

/// The sub-sequence of times a sampler visits: 1 <= tau_1 < ... < tau_S <= T, the paper's indices.
/// tau_0 = 0, the data, is implied. diffusers' timesteps are these, reversed, minus one.
class Tau {
 public:
  /// Any given times. Domain: at least one, strictly increasing, within 1..T.
  static Tau from_times(std::vector<int> times, int T);
  /// Every time 1..T.
  static Tau full(int T);
  /// tau_i = 1 + (i - 1) floor(T / S) + steps_offset. Domain here and below: 1 <= S <= T.
  static Tau leading(int T, int S, int steps_offset = 0);
  /// tau_i = round(i T / S), ties to even, counted down from T.
  static Tau trailing(int T, int S);
  /// tau_i = 1 + round((i - 1) (T - 1) / (S - 1)), ties to even; S = 1 gives {1}.
  static Tau linspace(int T, int S);
  /// tau_i = floor(T i^2 / S^2), the paper's quadratic rule.
  /// An error where small times collide, T < about S^2.
  static Tau quadratic(int T, int S);

  int S() const { return static_cast<int>(times_.size()); }
  /// tau_i for i = 0..S, with tau_0 = 0.
  int operator[](int i) const;
  const std::vector<int>& times() const { return times_; }

 private:
  explicit Tau(std::vector<int> times) : times_(std::move(times)) {}
  std::vector<int> times_;
};

/// The S steps of a generative run and their deviations:
/// steps[i - 1] goes from tau_i to tau_{i-1}, sigma[0] is sigma_1.
struct Chain {
  std::vector<Transition> steps;
  std::vector<Sigma> sigma;

  int S() const { return static_cast<int>(steps.size()); }
  /// ShapeError unless there is at least one step and one sigma for each.
  void require_valid() const;
  /// Eq16 at every step; sigma_1 is then 0.
  static Chain from_eta(const Schedule& schedule, const Tau& tau, double eta);
  /// Given deviations sigma_1..sigma_S.
  static Chain from_sigmas(const Schedule& schedule, const Tau& tau, const std::vector<double>& sigmas);
};

}  // namespace ddim
