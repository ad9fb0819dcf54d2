#include "reference/schedule.hpp"

#include <boost/math/constants/constants.hpp>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <utility>

#include "reference/quad.hpp"

namespace ddim {
namespace {

template <std::integral Count>
void require_count(Count T) {
  if (!(std::in_range<int>(T) && T >= 1)) throw DomainError("T", std::to_string(T), "T >= 1, an int");
}

void require_beta(const std::string& name, double beta) {
  if (!(beta > 0 && beta < 1)) throw DomainError(name, beta, "0 < beta < 1");
}

std::string indexed(const char* name, int t) { return std::string(name) + "[" + std::to_string(t) + "]"; }

/// start + (end - start) (t - 1) / (T - 1), in quad; T = 1 gives start.
std::vector<Quad> ramp(int T, const Quad& start, const Quad& end) {
  std::vector<Quad> values;
  for (int t = 1; t <= T; ++t)
    values.push_back(t == 1 ? start : Quad(start + (end - start) * (t - 1) / (T - 1)));
  return values;
}

void require_count(int T, int S) {
  require_count(T);
  if (S < 1 || S > T) throw DomainError("S", std::to_string(S), "1 <= S <= T = " + std::to_string(T));
}

/// round(numerator / denominator), ties to even, for non-negative integers.
long long round_ratio(long long numerator, long long denominator) {
  const long long floor = numerator / denominator, twice_rest = 2 * (numerator % denominator);
  const bool up = twice_rest > denominator || (twice_rest == denominator && floor % 2 == 1);
  return floor + (up ? 1 : 0);
}

}  // namespace

NoiseLevel NoiseLevel::from_alpha_bar(double alpha_bar, int t) {
  if (!(alpha_bar >= 0 && alpha_bar <= 1)) throw DomainError("alpha_bar", alpha_bar, "0 <= alpha_bar <= 1");
  return {t, alpha_bar, wide(1 - Quad(alpha_bar))};
}

double sqrt_alpha_bar(const NoiseLevel& level) { return round_to_double(sqrt(quad(level.alpha_bar))); }

double sqrt_one_minus_alpha_bar(const NoiseLevel& level) {
  return round_to_double(sqrt(quad(level.one_minus_alpha_bar)));
}

double ode_sigma(const NoiseLevel& level) {
  if (!(level.alpha_bar > 0))
    throw DomainError("alpha_bar", level.alpha_bar,
                      "alpha_bar > 0 (Eq14's ode_sigma is infinite at zero terminal SNR)");
  return round_to_double(sqrt(quad(level.one_minus_alpha_bar) / quad(level.alpha_bar)));
}

Transition Transition::from_alpha_bars(double alpha_bar, double alpha_bar_prev) {
  const NoiseLevel prev = NoiseLevel::from_alpha_bar(alpha_bar_prev, 0);
  const NoiseLevel current = NoiseLevel::from_alpha_bar(alpha_bar, 1);
  if (!(alpha_bar < alpha_bar_prev)) {
    throw DomainError("alpha_bar", alpha_bar, "alpha_bar < alpha_bar_prev = " + to_text(alpha_bar_prev));
  }
  return {current, prev, wide((Quad(alpha_bar_prev) - Quad(alpha_bar)) / Quad(alpha_bar_prev))};
}

namespace {

const char* const kSigmaDomain = "sigma = 0 or 2^-484 <= sigma <= 2^511";
bool admissible(double sigma) { return sigma >= 0x1p-484 && sigma <= 0x1p511; }

}  // namespace

Sigma::Sigma(double sigma) : value_(sigma) {
  if (sigma != 0 && !admissible(sigma)) throw DomainError("sigma", sigma, kSigmaDomain);
  variance_ = wide(Quad(sigma) * Quad(sigma));
}

Sigma Sigma::from_variance(const Wide& variance) {
  if (variance.hi != 0 && !(variance.hi >= 0x1p-968 && std::isfinite(variance.hi))) {
    throw DomainError("sigma^2", variance.hi, "sigma^2 = 0 or 2^-968 <= sigma^2 < infinity");
  }
  return {round_to_double(sqrt(quad(variance))), variance};
}

Sigma sigma_eta(const Transition& step, double eta) {
  if (!(eta >= 0 && std::isfinite(eta))) throw DomainError("eta", eta, "0 <= eta < infinity");
  const Quad variance = Quad(eta) * Quad(eta) * quad(step.prev.one_minus_alpha_bar) /
                        quad(step.current.one_minus_alpha_bar) * quad(step.beta);
  const double sigma = round_to_double(sqrt(variance));
  if (variance != 0 && !admissible(sigma)) throw DomainError("sigma(eta)", sigma, kSigmaDomain);
  return Sigma::from_variance(wide(variance));
}

Sigma sigma_hat(const Transition& step) { return Sigma::from_variance(step.beta); }

Schedule::Schedule(std::vector<Wide> beta) : beta_(std::move(beta)), level_(beta_.size() + 1) {
  // one_minus grows by positive terms only, so neither table cancels.
  Quad alpha_bar = 1, one_minus = 0;
  for (int t = 1; t <= T(); ++t) {
    const Quad step_beta = quad(beta_[static_cast<std::size_t>(t - 1)]);
    one_minus += alpha_bar * step_beta;
    alpha_bar *= 1 - step_beta;
    level_[static_cast<std::size_t>(t)] = {t, wide(alpha_bar), wide(one_minus)};
  }
  const double last = level_.back().alpha_bar;
  if (last < std::numeric_limits<double>::min() && quad(beta_.back()) != 1) {
    throw DomainError("alpha_bar[T]", last,
                      "normal doubles (or beta_T = 1): the schedule destroys all signal before T");
  }
}

Schedule Schedule::from_betas(std::span<const double> betas) {
  require_count(betas.size());
  for (std::size_t i = 0; i + 1 < betas.size(); ++i)
    require_beta(indexed("beta", static_cast<int>(i) + 1), betas[i]);
  if (betas.back() != 1) require_beta(indexed("beta", static_cast<int>(betas.size())), betas.back());
  return Schedule(std::vector<Wide>(betas.begin(), betas.end()));
}

Schedule Schedule::from_alpha_bars(std::span<const double> alpha_bars) {
  require_count(alpha_bars.size());
  std::vector<Wide> betas;
  double previous = 1;
  for (std::size_t i = 0; i < alpha_bars.size(); ++i) {
    const double value = alpha_bars[i];
    const bool may_be_zero = i + 1 == alpha_bars.size();
    if (!((value > 0 || (may_be_zero && value == 0)) && value < previous)) {
      throw DomainError(indexed("alpha_bar", static_cast<int>(i) + 1), value,
                        "0 < alpha_bar < its predecessor " + to_text(previous) + " (only the last may be 0)");
    }
    betas.push_back(wide((Quad(previous) - Quad(value)) / Quad(previous)));
    previous = value;
  }
  Schedule schedule(std::move(betas));
  // The given values are the definition; products of rounded ratios would only come near them.
  for (std::size_t i = 0; i < alpha_bars.size(); ++i) {
    schedule.level_[i + 1] = NoiseLevel::from_alpha_bar(alpha_bars[i], static_cast<int>(i) + 1);
  }
  return schedule;
}

Schedule Schedule::linear(int T, double beta_start, double beta_end) {
  require_count(T);
  require_beta("beta_start", beta_start);
  require_beta("beta_end", beta_end);
  std::vector<double> betas;
  for (const Quad& beta : ramp(T, beta_start, beta_end)) betas.push_back(round_to_double(beta));
  return from_betas(betas);
}

Schedule Schedule::scaled_linear(int T, double beta_start, double beta_end) {
  require_count(T);
  require_beta("beta_start", beta_start);
  require_beta("beta_end", beta_end);
  std::vector<double> betas;
  for (const Quad& root : ramp(T, sqrt(Quad(beta_start)), sqrt(Quad(beta_end)))) {
    betas.push_back(round_to_double(root * root));
  }
  return from_betas(betas);
}

Schedule Schedule::squaredcos_cap_v2(int T) {
  require_count(T);
  const Quad& half_pi = boost::math::constants::half_pi<Quad>();
  const auto f = [&](int t) {
    const Quad c = cos((Quad(t) / T + Quad(8) / 1000) / (Quad(1008) / 1000) * half_pi);
    return Quad(c * c);
  };
  std::vector<double> betas;
  Quad before = f(0);
  for (int t = 1; t <= T; ++t) {
    const Quad now = f(t);
    betas.push_back(std::min(round_to_double(1 - now / before), 0.999));
    before = now;
  }
  return from_betas(betas);
}

Schedule Schedule::rescaled_to_zero_terminal_snr() const {
  if (T() < 2)
    throw DomainError("T", std::to_string(T()), "T >= 2: alpha_bar_1 stays and alpha_bar_T becomes 0");
  // above[t] = sqrt(alpha_bar_t) - sqrt(alpha_bar_T), summed from T down by positive terms, so that neither
  // these differences nor the betas that follow from them cancel.
  const auto size = level_.size();
  std::vector<Quad> drop(size), above(size);
  for (std::size_t t = size - 1; t >= 2; --t) {
    const Quad beta = quad(beta_[t - 1]);
    drop[t] = sqrt(quad(level_[t - 1].alpha_bar)) * beta / (1 + sqrt(1 - beta));
    above[t - 1] = above[t] + drop[t];
  }
  std::vector<Wide> betas{beta_[0]};
  for (std::size_t t = 2; t < size; ++t) {
    betas.push_back(wide(drop[t] * (above[t - 1] + above[t]) / (above[t - 1] * above[t - 1])));
  }
  Schedule rescaled(std::move(betas));
  const Quad scale = quad(level_[1].alpha_bar) / (above[1] * above[1]);
  for (std::size_t t = 2; t < size; ++t) rescaled.level_[t].alpha_bar = wide(scale * above[t] * above[t]);
  return rescaled;
}

double Schedule::beta(int t) const {
  if (t < 1 || t > T()) throw DomainError("t", std::to_string(t), "1 <= t <= T = " + std::to_string(T()));
  return beta_[static_cast<std::size_t>(t - 1)];
}

const NoiseLevel& Schedule::level(int t) const {
  if (t < 0 || t > T()) throw DomainError("t", std::to_string(t), "0 <= t <= T = " + std::to_string(T()));
  return level_[static_cast<std::size_t>(t)];
}

Transition Schedule::transition(int t, int t_prev) const {
  const NoiseLevel& current = level(t);
  const NoiseLevel& prev = level(t_prev);
  if (t_prev >= t) throw DomainError("t_prev", std::to_string(t_prev), "t_prev < t = " + std::to_string(t));
  // The product over the betas in between, and its complement, again by positive terms only.
  Quad kept = 1, lost = 0;
  for (int s = t_prev + 1; s <= t; ++s) {
    const Quad step_beta = quad(beta_[static_cast<std::size_t>(s - 1)]);
    lost += kept * step_beta;
    kept *= 1 - step_beta;
  }
  return {current, prev, wide(lost)};
}

namespace {

/// The time that follows times.back() in a sub-sequence of 1..T; wide, as a sum of ints may need.
void append(std::vector<int>& times, long long time, int T) {
  const int previous = times.empty() ? 0 : times.back();
  if (time <= previous || time > T) {
    throw DomainError(
        indexed("tau", static_cast<int>(times.size()) + 1), std::to_string(time),
        std::to_string(previous) + " < tau <= T = " + std::to_string(T) + " (strictly increasing)");
  }
  times.push_back(static_cast<int>(time));
}

}  // namespace

Tau Tau::from_times(std::vector<int> times, int T) {
  require_count(T);
  if (times.empty()) throw DomainError("tau", "{}", "at least one time");
  std::vector<int> checked;
  for (const int time : times) append(checked, time, T);
  return Tau(std::move(checked));
}

Tau Tau::full(int T) { return leading(T, T); }

Tau Tau::leading(int T, int S, int steps_offset) {
  require_count(T, S);
  std::vector<int> times;
  for (long long i = 1; i <= S; ++i) append(times, 1 + (i - 1) * (T / S) + steps_offset, T);
  return Tau(std::move(times));
}

Tau Tau::trailing(int T, int S) {
  require_count(T, S);
  std::vector<int> times;
  for (long long i = 1; i <= S; ++i) append(times, round_ratio(i * T, S), T);
  return Tau(std::move(times));
}

Tau Tau::linspace(int T, int S) {
  require_count(T, S);
  std::vector<int> times;
  for (long long i = 0; i < S; ++i) append(times, S == 1 ? 1 : 1 + round_ratio(i * (T - 1), S - 1), T);
  return Tau(std::move(times));
}

Tau Tau::quadratic(int T, int S) {
  require_count(T, S);
  std::vector<int> times;
  const long long squares = static_cast<long long>(S) * S;
  // tau_1 = T / S^2 is looked at before i^2 T, which only S^2 <= T keeps within 62 bits, is formed.
  append(times, T / squares, T);
  for (long long i = 2; i <= S; ++i) append(times, i * i * T / squares, T);
  return Tau(std::move(times));
}

int Tau::operator[](int i) const {
  if (i < 0 || i > S()) throw DomainError("i", std::to_string(i), "0 <= i <= S = " + std::to_string(S()));
  return i == 0 ? 0 : times_[static_cast<std::size_t>(i - 1)];
}

namespace {

std::vector<Transition> transitions(const Schedule& schedule, const Tau& tau) {
  std::vector<Transition> steps;
  for (int i = 1; i <= tau.S(); ++i) steps.push_back(schedule.transition(tau[i], tau[i - 1]));
  return steps;
}

}  // namespace

void Chain::require_valid() const {
  if (steps.empty()) throw ShapeError("number of steps", "0", "S >= 1");
  if (sigma.size() != steps.size()) {
    throw ShapeError("number of sigmas", std::to_string(sigma.size()), "S = " + std::to_string(steps.size()));
  }
}

Chain Chain::from_eta(const Schedule& schedule, const Tau& tau, double eta) {
  Chain chain{transitions(schedule, tau), {}};
  for (const Transition& step : chain.steps) chain.sigma.push_back(sigma_eta(step, eta));
  return chain;
}

Chain Chain::from_sigmas(const Schedule& schedule, const Tau& tau, const std::vector<double>& sigmas) {
  Chain chain{transitions(schedule, tau), std::vector<Sigma>(sigmas.begin(), sigmas.end())};
  chain.require_valid();
  return chain;
}

}  // namespace ddim
