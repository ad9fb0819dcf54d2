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
      const std::array<double, 3> given{1, x0.data()[k] / mixed_scale(factor), neighbour};
      record.add(cell_of(static_cast<std::size_t>(i - 1), S), given, r.data()[k],
                 k > 0 && repeats(r.data()[k], neighbour));
    }
  }
}

/// The steps of the chain, in pieces along which rounding leaves the marginal alone: what a step may move it by, in
/// its deviations, which no later step makes larger.
Pieces asked_pieces(const Context& c) {
  const std::vector<int> steps = upper_steps(c.run);
  if (!c.rounding->matters()) return pieces_of(steps);
  return pieces_within(steps, c.largest_shift, [&](int i) {
    return c.rounding->of_step(c.run, i, 1, 1, true) / root(c.run.law(i).prev.one_minus);
  });
}

/// The marginal after many of the sampler's steps; each sample is looked at once, at a depth that goes round.
void observe_chain(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kChain), noise = c.noise_for(kChain);
  const std::vector<int> all = upper_steps(c.run);
  for (const Stretch& stretch : dealt(asked_pieces(c), first, count)) {
    const std::uint32_t block = 4 * stretch.place;
    const Batch x0 = typical_x0(design, kDims, stretch.count, stretch.first, block);
    Batch x = samplers::marginal(c.run.level(stretch.steps.back()), x0,
                                 design.normal_batch(kDims, stretch.count, stretch.first, block + 2));
    for (std::size_t depth = stretch.steps.size(); depth-- > 0 && !record.stopped();) {
      const int i = stretch.steps[depth];
      const Law law = c.run.law(i);
      const Batch e = samplers::noise_of(law.current, x0, x);
      x = c.step(i, x, c.run.output(i, x0, e),
                 noise.normal_batch(kDims, stretch.count, stretch.first, static_cast<std::uint32_t>(2 * i)));
      const Batch r = samplers::noise_of(law.prev, x0, x);
      const auto position =
          static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), i) - all.begin());
      for (Eigen::Index j = 0; j < stretch.count; ++j) {
        if ((stretch.first + static_cast<std::uint64_t>(j)) % stretch.steps.size() != depth) continue;
        for (Eigen::Index k = 0; k < kDims; ++k) {
          const std::array<double, 2> given{1, x0(k, j) / kTypicalScale};
          record.add(cell_of(position, all.size()), given, r(k, j), false);
        }
      }
    }
  }
}

std::size_t asked_times(const Context& c) {
  std::size_t asked = 0;
  for (int i = 1; i <= c.run.S(); ++i) asked += noising_amplification(c, i) > 0;
  return asked;
}

std::size_t asked_chain(const Context& c) {
  std::size_t asked = 0;
  for (const auto& piece : asked_pieces(c)) asked += piece.size();
  return asked;
}

}  // namespace

std::vector<Claim> lemma1(const Run& run) {
  return {
      {kMarginal, "q_sample ~ N(sqrt(a) x_0, (1 - a) I) at every time of tau; at t = T this is Eq6T", 0.12,
       Residuals{cells_for(static_cast<std::size_t>(run.S())), {"1", "x_0", "neighbour"}, observe_marginal},
       [](const Context& c) {
         return first_obstacle({need(bool(c.sampler.add_noise), "q_sample / add_noise"),
                                asked_times(c) == 0 ? too_coarse(c, "the noise at any time") : ""});
       },
       [](const Context& c) {
         return too_coarse_at(c, "the noise", asked_times(c), static_cast<std::size_t>(c.run.S()), "times");
       }},
      {kChain, "after up to sixteen steps from anywhere along tau, x_t still has Lemma1's law", 0.02,
       Residuals{cells_for(upper_steps(run).size()), {"1", "x_0"}, observe_chain},
       [](const Context& c) {
         return first_obstacle({upper_steps(c.run).empty() ? "S = 1: no step but the last"
                                : asked_chain(c) == 0      ? too_coarse(c, "the noise at any time")
                                                           : "",
                                c.run.config().sigma_hat
                                    ? "by variance_type the noise is sigma_hat's, and the chain not Eq7's"
                                    : "",
                                needs_step(c)});
       },
       [](const Context& c) {
         return too_coarse_at(c, "the noise", asked_chain(c), upper_steps(c.run).size(), "steps");
       }},
  };
}

}  // namespace ddim::statistics::equations
