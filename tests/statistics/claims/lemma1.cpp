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
    const double factor = noising_amplification(c, i);
    if (factor == 0) continue;
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Batch x0 = c.rounding->grid().nearest(mixed_x0(design, kDims, count, first, block, factor));
    const Batch z = noise.normal_batch(kDims, count, first, block);
    const Batch x_t =
        answer("add_noise", samplers::ask(c.sampler.add_noise, c.run, c.run.timestep(i), x0, z));
    require_shape("x_t", x_t, kDims, count);
    const Batch r = noising_residual(c, i, x0, z, x_t);
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      const double neighbour = k > 0 ? r.data()[k - 1] : 0;
      const std::array<double, 3> given{1, x0.data()[k] / kMixedScale, neighbour};
      record.add(cell_of(static_cast<std::size_t>(i - 1), S), given, r.data()[k],
                 k > 0 && repeats(r.data()[k], neighbour));
    }
  }
}

/// What rounding may move the marginal after step i by, in its deviations.
double rounding_of(const Context& c, int i) {
  return c.rounding->matters() ? c.rounding->of_step(c.run, i, 1, 1, true) / root(c.run.law(i).prev.one_minus)
                               : 0;
}

/// The marginal after many of the sampler's steps; each sample is looked at once, at a depth that goes round.
void observe_chain(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kChain), noise = c.noise_for(kChain);
  const std::vector<int> all = upper_steps(c.run);
  std::size_t position = 0;  // among all, of a stretch's first step
  for (const Stretch& stretch : stretches(all, first, count)) {
    while (all[position] != stretch.steps.front()) ++position;
    const std::uint32_t block = 4 * stretch.place;
    const Batch x0 = typical_x0(design, kDims, stretch.count, stretch.first, block);
    Batch x = samplers::marginal(c.run.level(stretch.steps.back()), x0,
                                 design.normal_batch(kDims, stretch.count, stretch.first, block + 2));
    double shift = 0;  // by rounding so far, in deviations of the marginal, which no step makes larger
    for (std::size_t depth = stretch.steps.size(); depth-- > 0 && !record.stopped();) {
      const int i = stretch.steps[depth];
      shift += rounding_of(c, i);
      if (!(shift <= c.largest_shift)) break;
      const Law law = c.run.law(i);
      const Batch e = samplers::noise_of(law.current, x0, x);
      x = c.step(i, x, c.run.output(i, x0, e),
                 noise.normal_batch(kDims, stretch.count, stretch.first, static_cast<std::uint32_t>(2 * i)));
      const Batch r = samplers::noise_of(law.prev, x0, x);
      for (Eigen::Index j = 0; j < stretch.count; ++j) {
        if ((stretch.first + static_cast<std::uint64_t>(j)) % stretch.steps.size() != depth) continue;
        for (Eigen::Index k = 0; k < kDims; ++k) {
          const std::array<double, 2> given{1, x0(k, j) / kTypicalScale};
          record.add(cell_of(position + depth, all.size()), given, r(k, j), false);
        }
      }
    }
  }
}

std::string too_coarse(const Context& c) {
  return "rounding of " + samplers::dtype_of(c.unit_roundoff) + " is not small beside the noise at any time";
}
std::string needs_fine_times(const Context& c) {
  for (int i = 1; i <= c.run.S(); ++i) {
    if (noising_amplification(c, i) > 0) return {};
  }
  return too_coarse(c);
}

}  // namespace

std::vector<Claim> lemma1(const Run& run) {
  return {
      {kMarginal, "q_sample ~ N(sqrt(a) x_0, (1 - a) I) at every time of tau; at t = T this is Eq6T", 0.12,
       Residuals{cells_for(static_cast<std::size_t>(run.S())), {"1", "x_0", "neighbour"}, observe_marginal},
       [](const Context& c) {
         return first_obstacle(
             {need(bool(c.sampler.add_noise), "q_sample / add_noise"), needs_fine_times(c)});
       }},
      {kChain, "after up to sixteen steps from anywhere along tau, x_t still has Lemma1's law", 0.02,
       Residuals{cells_for(upper_steps(run).size()), {"1", "x_0"}, observe_chain},
       [](const Context& c) {
         const std::vector<int> steps = upper_steps(c.run);
         // Stretches begin at each of these at most.
         const bool fine = std::any_of(steps.begin(), steps.end(),
                                       [&](int i) { return rounding_of(c, i) <= c.largest_shift; });
         return first_obstacle({steps.empty() ? "S = 1: no step but the last"
                                : fine        ? ""
                                              : too_coarse(c),
                                c.run.config().sigma_hat
                                    ? "by variance_type the noise is sigma_hat's, and the chain not Eq7's"
                                    : "",
                                needs_step(c)});
       }},
  };
}

}  // namespace ddim::statistics::equations
