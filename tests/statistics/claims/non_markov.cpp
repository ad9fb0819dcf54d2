#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/forward.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kMarkov = "NonMarkov.markov", *kCoefficient = "NonMarkov.coefficient";

/// x_{t-1} and x_0 drawn independently, so that x_0's own coefficient shows. At eta = 1 the residual is
/// DDPM's, in which x_0 has no part.
void observe(const Context& c, const char* id, bool markov, std::uint64_t first, Eigen::Index count,
             Recorder& record) {
  const Draws design = c.design(id), noise = c.noise_for(id);
  const Run run = markov ? c.run.with_eta(1) : c.run;
  const std::vector<int> steps = upper_steps(run);
  for (std::size_t position = 0; position < steps.size() && !record.stopped(); ++position) {
    const int i = steps[position];
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Law law = run.law(i);
    const Batch x0 = kFar * signs(design, kDims, count, first, block);
    const Batch x_prev = design.normal_batch(kDims, count, first, block + 2);
    const Batch x_t = forward_step(c.on(run), i, x_prev, x0, noise.normal_batch(kDims, count, first, block));
    const Real a = law.current.alpha_bar, a_prev = law.prev.alpha_bar;
    const Batch r =
        markov ? Batch((x_t - root(a / a_prev) * x_prev) / root((a_prev - a) / a_prev))
               : Batch((x_t - law.forward_gain() * x_prev - law.non_markov() * x0) / law.forward_sigma());
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      record.add(cell_of(position, steps.size()),
                 std::array<double, 3>{1, x_prev.data()[k], x0.data()[k] / kFar}, r.data()[k], false);
    }
  }
}

Agreement compare_closed_form(const Context& c) {
  Comparison comparison;
  for (const double eta : {0.0, 0.3, 0.8, 1.0}) {
    const Run run = c.run.with_eta(eta);
    for (const int i : upper_steps(run)) {
      const Law law = law_of(run.chain().steps[static_cast<std::size_t>(i - 1)], eta);
      const double size = root(law.current.alpha_bar) + law.forward_gain() * root(law.prev.alpha_bar);
      const double got = answer("coefficient", samplers::ask(c.sampler.non_markov, run, run.entry(i)));
      comparison.add(got, eta == 1 ? 0.0 : law.non_markov(), 0x1p-52 * size,
                     "eta = " + to_text(eta) + ", step " + std::to_string(i));
    }
  }
  return comparison.result();
}

Claim by_sampling(const Run& run, const char* id, bool markov, std::string statement, double weight) {
  return {id, std::move(statement), weight,
          Residuals{cells_for(upper_steps(run).size()),
                    {"1", "x_prev", "x_0"},
                    [id, markov](const Context& c, std::uint64_t first, Eigen::Index count,
                                 Recorder& record) { observe(c, id, markov, first, count, record); }},
          needs_forward};
}

}  // namespace

std::vector<Claim> non_markov(const Run& run) {
  return {
      by_sampling(run, kMarkov, true, "at eta = 1 x_0 has no part in the forward step: DDPM's", 0.02),
      by_sampling(run, kCoefficient, false, "below eta = 1 x_0's coefficient is its closed form", 0.05),
      {"NonMarkov.closed_form", "the coefficient itself, to 2 ulps of its terms, zero included", 0,
       Exact{compare_closed_form},
       [](const Context& c) { return need(bool(c.sampler.non_markov), "coefficient"); }},
  };
}

}  // namespace ddim::statistics::equations
