#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kLast = "Eq10.last", *kLaw = "Eq10.law";

/// At the data: x_prev = f(x_1) with no noise.
Agreement compare_last(const Context& c) {
  constexpr Eigen::Index n = 64;
  const Draws draws = c.judge(kLast);
  const Level level = c.run.level(1);
  const Batch x0 = typical_x0(draws, 1, n, 0, 0), e = draws.normal_batch(1, n, 0, 1),
              z = draws.normal_batch(1, n, 0, 2);
  const Batch x_t = samplers::marginal(level, x0, e);
  const Batch x_prev = c.step(1, x_t, c.run.output(1, x0, e), z);
  Comparison comparison;
  for (Eigen::Index k = 0; k < n; ++k) {
    const double size =
        (std::abs(x_t(0, k)) + root(level.one_minus) * std::abs(e(0, k))) / root(level.alpha_bar) +
        std::abs(x0(0, k));
    comparison.add(x_prev(0, k), x0(0, k), c.unit_roundoff * step_condition(c.run, 1) * size,
                   "x_0, element " + std::to_string(k));
  }
  return comparison.result();
}

struct ScalarLaw {
  Real mean = 0, variance = 1;
};
/// The law of the last sample, from N(0, 1) down, by the literal Eq12.
ScalarLaw last_law(const Run& run, const std::vector<int>& steps) {
  ScalarLaw law;
  for (auto i = steps.rbegin(); i != steps.rend(); ++i) {
    const Law step = run.law(*i);
    const Real a = step.current.alpha_bar, b = step.current.one_minus, slope = data_slope(step.current);
    const Real from_eps = std::sqrt(step.radicand()) - std::sqrt(step.prev.alpha_bar * b / a);
    const Real gain = std::sqrt(step.prev.alpha_bar / a) + from_eps * slope;
    law.mean = gain * law.mean - from_eps * slope * std::sqrt(a) * Real(kDataMean);
    law.variance = gain * gain * law.variance + step.noise_variance;
  }
  return law;
}

void observe_law(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kLaw), noise = c.noise_for(kLaw);
  const Repeats repeats = c.repeats();
  const std::vector<int> steps = moving_steps(c.run);
  Batch x = design.normal_batch(kDims, count, first, 0);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const int i = *step;
    const Level level = c.run.level(i);
    const Batch eps =
        static_cast<double>(data_slope(level)) * (x.array() - root(level.alpha_bar) * kDataMean);
    const Batch x0 = (x - root(level.one_minus) * eps) / root(level.alpha_bar);
    x = c.step(i, x, c.run.output(i, x0, eps),
               noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i)));
  }
  const ScalarLaw law = last_law(c.run, steps);
  const Batch r = (x.array() - static_cast<double>(law.mean)) / root(law.variance);
  for (Eigen::Index k = 0; k < r.size(); ++k) {
    const double neighbour = k > 0 ? r.data()[k - 1] : 0;
    record.add(0, std::array<double, 2>{1, neighbour}, r.data()[k], k > 0 && repeats(r.data()[k], neighbour));
  }
}

}  // namespace

std::vector<Claim> eq10(const Run&) {
  return {
      {kLast, "at the data the step gives f(x_1) and no noise", 0, Exact{compare_last},
       [](const Context& c) {
         return first_obstacle(
             {c.run.prev_level(1).one_minus > 0 ? "the configuration's last step does not reach the data"
                                                : "",
              c.run.adds_sigma_hat(1) ? "by variance_type the last step adds noise" : "", needs_step(c)});
       }},
      {kLaw, "the whole chain for Gaussian data: x_0's exact law, from N(0, I) down", 0.03,
       Residuals{1, {"1", "neighbour"}, observe_law},
       [](const Context& c) {
         return first_obstacle({needs_step(c), needs_unrestricted(c)});
       }},
  };
}

}  // namespace ddim::statistics::equations
