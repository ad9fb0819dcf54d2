#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/forward.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kForward = "Eq8.forward";

void observe_forward(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kForward), noise = c.noise_for(kForward);
  const std::vector<int> steps = upper_steps(c.run);
  for (std::size_t position = 0; position < steps.size() && !record.stopped(); ++position) {
    const int i = steps[position];
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Law law = c.run.law(i);
    const Batch x0 = mixed_x0(design, kDims, count, first, block),
                e = design.normal_batch(kDims, count, first, block + 2);
    const Batch x_prev = samplers::marginal(law.prev, x0, e);
    const Batch x_t = forward_step(c, i, x_prev, x0, noise.normal_batch(kDims, count, first, block));
    const Batch r =
        (x_t - root(law.current.alpha_bar) * x0 - law.forward_gain() * root(law.prev.one_minus) * e) /
        law.forward_sigma();
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      record.add(cell_of(position, steps.size()),
                 std::array<double, 3>{1, e.data()[k], x0.data()[k] / mixed_scale(1)}, r.data()[k], false);
    }
  }
}

}  // namespace

Batch forward_step(const Context& c, int i, const Batch& x_prev, const Batch& x0, const Batch& z) {
  const Batch x_t = answer("forward " + step_text(c.run, i),
                           samplers::ask(c.sampler.forward_step, c.run, c.run.entry(i), x_prev, x0, z));
  require_shape("x_t", x_t, x_prev.rows(), x_prev.cols());
  return x_t;
}

std::string needs_forward(const Context& c) {
  return c.run.eta() > 0 && !upper_steps(c.run).empty() ? need(bool(c.sampler.forward_step), "forward step")
                                                        : "eta = 0 or S = 1: Eq8 has no noise";
}

std::vector<Claim> eq8(const Run& run) {
  return {{kForward, "the forward step is N(Eq8's mean, Eq8's variance)", 0.08,
           Residuals{cells_for(upper_steps(run).size()), {"1", "e_prev", "x_0"}, observe_forward},
           needs_forward}};
}

}  // namespace ddim::statistics::equations
