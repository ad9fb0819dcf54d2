// Tables of alpha_bar by their definitions, in long double. reference/'s Schedule is written otherwise, and
// each is the other's oracle.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/samplers/config.hpp"

namespace ddim::samplers {
namespace {

/// T values from start to end, both included; one alone is the start.
std::vector<Real> ramp(int T, Real start, Real end) {
  std::vector<Real> values;
  for (int t = 0; t < T; ++t) values.push_back(T == 1 ? start : start + (end - start) * t / (T - 1));
  return values;
}

std::vector<Real> linear_betas(const Config& config) {
  return ramp(config.T, config.beta_start, config.beta_end);
}

std::vector<Real> scaled_linear_betas(const Config& config) {
  std::vector<Real> betas =
      ramp(config.T, std::sqrt(Real(config.beta_start)), std::sqrt(Real(config.beta_end)));
  for (Real& beta : betas) beta *= beta;
  return betas;
}

/// 1 - f(t) / f(t - 1) with f = cos^2, as sin(b - a) sin(b + a) / cos^2 a: the difference would cancel.
std::vector<Real> cosine_betas(const Config& config) {
  const auto angle = [&](int t) {
    return (Real(t) / config.T + 0.008L) / 1.008L * std::numbers::pi_v<Real> / 2;
  };
  std::vector<Real> betas;
  for (int t = 1; t <= config.T; ++t) {
    const Real a = angle(t - 1), b = angle(t), kept = std::cos(a);
    betas.push_back(std::min(std::sin(b - a) * std::sin(b + a) / (kept * kept), Real(0.999)));
  }
  return betas;
}

std::vector<Real> given_betas(const Config& config) {
  return {config.trained_betas.begin(), config.trained_betas.end()};
}

Table cumulative(const std::vector<Real>& betas) {
  Table table;
  Level level;
  for (const Real beta : betas) {
    level.one_minus += level.alpha_bar * beta;  // positive terms only: nothing cancels
    level.alpha_bar *= 1 - beta;
    table.push_back(level);
  }
  return table;
}

/// arXiv 2305.08891, Algorithm 1: sqrt(alpha_bar) shifted to end at 0 and scaled to start where it did.
Table rescaled(const Table& table) {
  const Real first = std::sqrt(table.front().alpha_bar), last = std::sqrt(table.back().alpha_bar);
  const auto below_one = [](const Level& level) {  // 1 - sqrt(alpha_bar)
    return level.one_minus / (1 + std::sqrt(level.alpha_bar));
  };
  Table result;
  for (const Level& level : table) {
    const Real moved = (std::sqrt(level.alpha_bar) - last) * first / (first - last);
    const Real rest = (first * below_one(level) - last * below_one(table.front())) / (first - last);
    result.push_back({moved * moved, rest * (1 + moved)});
  }
  result.back() = {0, 1};
  return result;
}

}  // namespace

const BetaRule linear{"linear", true, linear_betas, [](const Config& config) {
                        return Schedule::linear(config.T, config.beta_start, config.beta_end);
                      }};
const BetaRule scaled_linear{"scaled_linear", true, scaled_linear_betas, [](const Config& config) {
                               return Schedule::scaled_linear(config.T, config.beta_start, config.beta_end);
                             }};
const BetaRule squaredcos_cap_v2{"squaredcos_cap_v2", false, cosine_betas,
                                 [](const Config& config) { return Schedule::squaredcos_cap_v2(config.T); }};
const BetaRule trained_betas{"trained_betas", false, given_betas,
                             [](const Config& config) { return Schedule::from_betas(config.trained_betas); }};

Table exact_table(const Config& config) {
  std::vector<Real> betas = config.beta_schedule->betas(config);
  for (Real& beta : betas) beta = static_cast<double>(beta);  // a file's betas are doubles
  const Table table = cumulative(betas);
  return config.rescale_betas_zero_snr ? rescaled(table) : table;
}

Table table_of(const std::vector<double>& alphas_cumprod) {
  Table table;
  for (const double value : alphas_cumprod) table.push_back({value, 1 - static_cast<Real>(value)});
  return table;
}

Schedule schedule_of(const Config& config) {
  const Schedule schedule = config.beta_schedule->schedule(config);
  return config.rescale_betas_zero_snr ? schedule.rescaled_to_zero_terminal_snr() : schedule;
}

}  // namespace ddim::samplers
