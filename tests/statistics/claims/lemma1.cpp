#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kMarginal = "Lemma1.marginal", *kChain = "Lemma1.chain";

void observe_marginal(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kMarginal), noise = c.noise_for(kMarginal);
  const Repeats repeats = c.repeats();
  const auto S = static_cast<std::size_t>(c.run.S());
  for (int i = 1; i <= c.run.S() && !record.stopped(); ++i) {
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Batch x0 = mixed_x0(design, kDims, count, first, block);
    const Batch x_t = answer("add_noise", samplers::ask(c.sampler.add_noise, c.run, c.run.timestep(i), x0,
                                                        noise.normal_batch(kDims, count, first, block)));
    require_shape("x_t", x_t, kDims, count);
    const Batch r = samplers::noise_of(c.run.level(i), x0, x_t);
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      const double neighbour = k > 0 ? r.data()[k - 1] : 0;
      const std::array<double, 3> given{1, x0.data()[k] / kMixedScale, neighbour};
      record.add(cell_of(static_cast<std::size_t>(i - 1), S), given, r.data()[k],
                 k > 0 && repeats(r.data()[k], neighbour));
    }
  }
}

/// The marginal after many of the sampler's steps; each sample is looked at once, at a depth that goes round.
void observe_chain(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kChain), noise = c.noise_for(kChain);
  const std::vector<int> steps = upper_steps(c.run);
  const Batch x0 = typical_x0(design, kDims, count, first, 0);
  Batch x = samplers::marginal(c.run.level(c.run.S()), x0, design.normal_batch(kDims, count, first, 2));
  for (std::size_t depth = steps.size(); depth-- > 0 && !record.stopped();) {
    const int i = steps[depth];
    const Law law = c.run.law(i);
    const Batch e = samplers::noise_of(law.current, x0, x);
    x = c.step(i, x, c.run.output(i, x0, e),
               noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i)));
    const Batch r = samplers::noise_of(law.prev, x0, x);
    for (Eigen::Index j = 0; j < count; ++j) {
      if ((first + static_cast<std::uint64_t>(j)) % steps.size() != depth) continue;
      for (Eigen::Index k = 0; k < kDims; ++k) {
        const std::array<double, 2> given{1, x0(k, j) / kTypicalScale};
        record.add(cell_of(depth, steps.size()), given, r(k, j), false);
      }
    }
  }
}

}  // namespace

std::vector<Claim> lemma1(const Run& run) {
  return {
      {kMarginal, "q_sample ~ N(sqrt(a) x_0, (1 - a) I) at every time of tau; at t = T this is Eq6T", 0.12,
       Residuals{cells_for(static_cast<std::size_t>(run.S())), {"1", "x_0", "neighbour"}, observe_marginal},
       [](const Context& c) { return need(bool(c.sampler.add_noise), "q_sample / add_noise"); }},
      {kChain, "after any number of steps along tau, x_t still has Lemma1's law", 0.02,
       Residuals{cells_for(upper_steps(run).size()), {"1", "x_0"}, observe_chain},
       [](const Context& c) {
         return first_obstacle({upper_steps(c.run).empty() ? "S = 1: no step but the last" : "",
                                c.run.config().sigma_hat
                                    ? "by variance_type the noise is sigma_hat's, and the chain not Eq7's"
                                    : "",
                                needs_step(c)});
       }},
  };
}

}  // namespace ddim::statistics::equations
