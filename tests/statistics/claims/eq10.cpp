#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/steps.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kLast = "Eq10.last", *kLaw = "Eq10.law";

/// At the data: x_prev = f(x_1) with no noise.
Agreement compare_last(const Context& c) {
  constexpr Eigen::Index n = 64;
  const Draws draws = c.judge(kLast);
  const Given at = given(c, 1, typical_x0(draws, 1, n, 0, 0), draws.normal_batch(1, n, 0, 1));
  Comparison comparison;
  compare_step(comparison, c, 1, at, Batch::Zero(1, n),
               c.step(1, at.x_t, at.output, draws.normal_batch(1, n, 0, 2)));
  return comparison.result();
}

/// E[x_0 | x] of such data is mean + pull (x - root alpha_bar mean): also where alpha_bar is 0.
Real data_pull(const Level& level) {
  return std::sqrt(level.alpha_bar) * Real(kDataVariance) /
         (level.alpha_bar * Real(kDataVariance) + level.one_minus);
}

/// The law of the last sample, from N(0, 1) down, by the literal Eq12; and how much of its deviation rounding
/// may come to where each step adds error(i).
struct ScalarLaw {
  Real mean = 0, variance = 1, rounding = 0;
};
ScalarLaw last_law(const Run& run, const std::vector<int>& steps, const std::function<double(int)>& error) {
  ScalarLaw law;
  for (auto i = steps.rbegin(); i != steps.rend(); ++i) {
    const Law step = run.law(*i);
    const Real root_prev = std::sqrt(step.prev.alpha_bar), mean = kDataMean;
    const Real gain =
        root_prev * data_pull(step.current) + std::sqrt(step.radicand()) * data_slope(step.current);
    law.mean = root_prev * mean + gain * (law.mean - std::sqrt(step.current.alpha_bar) * mean);
    law.variance = gain * gain * law.variance + step.noise_variance;
    law.rounding = std::abs(gain) * law.rounding + Real(error(*i));
  }
  return law;
}

std::string needs_little_rounding(const Context& c) {
  if (!c.rounding->matters()) return {};
  const ScalarLaw law =
      last_law(c.run, moving_steps(c.run), [&](int i) { return c.rounding->of_step(c.run, i, 1, 1, true); });
  const double shift = static_cast<double>(law.rounding) / root(law.variance);
  return shift <= c.largest_shift
             ? ""
             : "rounding of " + c.rounding->dtypes() + " along the chain is not small beside its law";
}

void observe_law(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kLaw), noise = c.noise_for(kLaw);
  const Repeats repeats = c.repeats();
  const std::vector<int> steps = moving_steps(c.run);
  Batch x = design.normal_batch(kDims, count, first, 0);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const int i = *step;
    const Level level = c.run.level(i);
    const Batch off = x.array() - root(level.alpha_bar) * kDataMean;
    const Batch eps = static_cast<double>(data_slope(level)) * off;
    const Batch x0 = (static_cast<double>(data_pull(level)) * off).array() + kDataMean;
    x = c.step(i, x, c.run.output(i, x0, eps),
               noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i)));
  }
  const ScalarLaw law = last_law(c.run, steps, [](int) { return 0.0; });
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
              moving_steps(c.run).front() == 1 ? "" : "eps says nothing of x_0 at alpha_bar = 0",
              c.run.adds_sigma_hat(1) ? "by variance_type the last step adds noise" : "", needs_step(c)});
       }},
      {kLaw, "the whole chain for Gaussian data: x_0's exact law, from N(0, I) down", 0.03,
       Residuals{1, {"1", "neighbour"}, observe_law},
       [](const Context& c) {
         return first_obstacle({needs_step(c), needs_unrestricted(c), needs_little_rounding(c)});
       }},
  };
}

}  // namespace ddim::statistics::equations
