#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kStep = "Contract.step";

/// The mistakes that need no statistics: what the step gives must be finite, of the right shape, not its
/// input, not a constant, and with noise of its own not the same twice.
Agreement compare_contract(const Context& c) {
  constexpr Eigen::Index n = 16;
  const Draws draws = c.judge(kStep);
  const std::vector<int> steps = moving_steps(c.run);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const int i = *step;
    const auto block = static_cast<std::uint32_t>(8 * i);
    const Given at = given(c, i, typical_x0(draws, 2, n, 0, block), draws.normal_batch(2, n, 0, block + 2));
    const Batch z = draws.normal_batch(2, n, 0, block + 3), &x_t = at.x_t, &output = at.output;
    const Law law = c.run.law(i);
    const double rounding = 4 * c.unit_roundoff * x_t.cwiseAbs().maxCoeff();
    const Batch moved = law.posterior_x0() * at.x0 + law.direction() * at.e - x_t;
    const std::string where = " at " + step_text(c.run, i);
    const Batch x_prev = c.step_of_any_shape(i, x_t, output, z);
    if (x_prev.rows() != x_t.rows() || x_prev.cols() != x_t.cols()) {
      return broken("wrong shape: " + std::to_string(x_prev.rows()) + " x " + std::to_string(x_prev.cols()) +
                    " for " + std::to_string(x_t.rows()) + " x " + std::to_string(x_t.cols()) + where);
    }
    if (!x_prev.allFinite()) return broken("the output is not finite" + where);
    if ((x_prev.array() == x_prev(0, 0)).all()) return broken("the output is constant" + where);
    // A short step in few bits may be rounded away, and so may a little noise.
    if ((x_prev - x_t).cwiseAbs().maxCoeff() <= rounding && moved.cwiseAbs().maxCoeff() > 2 * rounding)
      return broken("the step returns its input" + where);
    if (c.noise == Noise::own && law.sigma() > rounding && c.step(i, x_t, output, z) == x_prev) {
      return broken(
          "two calls with the same input give the same output, though sigma > 0: it reseeds on each call, "
          "or adds no noise" +
          where);
    }
  }
  return {0, static_cast<double>(steps.size()), "every step"};
}

Agreement compare_times(const Context& c) {
  const std::vector<int> list = answer("timesteps", samplers::ask(c.sampler.timesteps, c.run));
  const std::vector<int>& want = c.run.timesteps();
  const auto text = [](const std::vector<int>& values) {
    std::string out;
    for (const int t : values) out.append(" ").append(std::to_string(t));
    return out;
  };
  const auto compared = static_cast<double>(want.size());
  if (list == want) return {0, compared, ""};
  return broken("visits" + text(list) + ", defined are" + text(want), compared);
}

}  // namespace

std::vector<Claim> contract(const Run&) {
  return {
      {kStep, "a step gives a finite batch of its input's shape that is neither constant nor the input", 0,
       Exact{compare_contract}, needs_step},
      {"Contract.times", "it visits the times that tau's rule defines", 0, Exact{compare_times},
       [](const Context& c) { return need(bool(c.sampler.timesteps), "list of times"); }},
  };
}

}  // namespace ddim::statistics::equations
