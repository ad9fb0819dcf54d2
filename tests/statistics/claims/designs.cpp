#include "tests/statistics/claims/designs.hpp"

#include "reference/error.hpp"

namespace ddim::statistics {
namespace {

Batch uniform_batch(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                    std::uint32_t block) {
  Batch result(d, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; i += 2) {
      const auto u =
          draws.uniforms(first + static_cast<std::uint64_t>(j), block + static_cast<std::uint32_t>(i / 2));
      result(i, j) = u[0];
      if (i + 1 < d) result(i + 1, j) = u[1];
    }
  }
  return result;
}

}  // namespace

Batch typical_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                 std::uint32_t block) {
  return 2 * uniform_batch(draws, d, n, first, block).array() - 1;
}

Batch signs(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
  return uniform_batch(draws, d, n, first, block).unaryExpr([](double u) { return u < 0.5 ? -1.0 : 1.0; });
}

Batch mixed_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
  Batch u = uniform_batch(draws, d, n, first, block);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; ++i)
      u(i, j) = i % 2 == 1 ? (u(i, j) < 0.5 ? -kFar : kFar) : 2 * u(i, j) - 1;
  }
  return u;
}

Real data_slope(const Level& level) {
  return std::sqrt(level.one_minus) / (level.alpha_bar * Real(kDataVariance) + level.one_minus);
}

std::vector<int> moving_steps(const Run& run) {
  std::vector<int> steps;
  for (int i = 1; i <= run.S(); ++i) {
    if (run.moves(i)) steps.push_back(i);
  }
  return steps;
}

std::vector<int> noisy_steps(const Run& run) {
  std::vector<int> steps;
  for (const int i : moving_steps(run)) {
    if (run.law(i).noise_variance > 0) steps.push_back(i);
  }
  return steps;
}

std::vector<int> upper_steps(const Run& run) {
  std::vector<int> steps = moving_steps(run);
  if (!steps.empty()) steps.erase(steps.begin());
  return steps;
}

int cells_for(std::size_t steps) { return std::max(1, static_cast<int>(std::min<std::size_t>(steps, 8))); }
int cell_of(std::size_t position, std::size_t steps) {
  return static_cast<int>(position * static_cast<std::size_t>(cells_for(steps)) / steps);
}

int noisy_step_of_cell(const Run& run, int cell) {
  const std::vector<int> steps = noisy_steps(run);
  return cells_for(steps.size()) == static_cast<int>(steps.size()) ? steps[static_cast<std::size_t>(cell)]
                                                                   : 0;
}

std::string step_text(const Run& run, int i) {
  return "step " + std::to_string(i) + " (t = " + std::to_string(run.time(i)) + ")";
}

Batch step_residual(const Context& c, int i, const Batch& x0, const Batch& e, const Batch& x_t,
                    const Batch& x_prev) {
  const Law law = c.run.law(i);
  if (!c.instruments.whiten_by_paper) {
    const Batch output = c.run.output(i, x0, e);
    const Batch mean = c.step(i, x_t, output, Batch::Zero(x_t.rows(), x_t.cols()));
    const Batch far = c.step(i, x_t, output, Batch::Ones(x_t.rows(), x_t.cols()));
    return (x_prev - mean).array() / (far - mean).array();
  }
  return (x_prev - law.posterior_x0() * x0 - law.direction() * e) / law.sigma();
}

Level level_of(const NoiseLevel& level) {
  const auto real = [](const Wide& w) { return Real(w.hi) + Real(w.lo); };
  return {real(level.alpha_bar), real(level.one_minus_alpha_bar)};
}

Law law_of(const Transition& step, double eta) {
  return Law::with_eta(level_of(step.current), level_of(step.prev), eta);
}

std::string need(bool there, const std::string& what) { return there ? "" : "not supplied: " + what; }

std::string needs_step(const Context& c) {
  return need(c.noise == Noise::own ? bool(c.sampler.own_step) : bool(c.sampler.step), "step");
}

std::string needs_noise(const Context& c) {
  return first_obstacle(
      {needs_step(c),
       noisy_steps(c.run).empty() ? "eta = 0: the step has no noise, and is compared exactly instead" : ""});
}

std::string needs_unrestricted(const Context& c) {
  return c.run.config().restricts()
             ? "the configuration clips or thresholds x_0, which large inputs would hit"
             : "";
}

std::string first_obstacle(std::initializer_list<std::string> reasons) {
  for (const std::string& reason : reasons) {
    if (!reason.empty()) return reason;
  }
  return {};
}

}  // namespace ddim::statistics
