#include "tests/samplers/recipe.hpp"
#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/steps.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kPath = "Eq12.path", *kAmplified = "Eq12.amplified", *kInjected = "Eq12.injected";

/// x_T from its marginal, then the sampler's steps with the eps that points at x_0: the chain is then q_sigma
/// itself, and every step's residual is N(0, 1) given all before it.
void observe_path(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Draws design = c.design(kPath), noise = c.noise_for(kPath);
  const Repeats repeats = c.repeats();
  const Batch x0 = typical_x0(design, kDims, count, first, 0);
  const std::vector<int> steps = moving_steps(c.run);
  const std::size_t noisy = noisy_steps(c.run).size();
  Batch x = c.rounding->grid().nearest(
      samplers::marginal(c.run.level(steps.back()), x0, design.normal_batch(kDims, count, first, 2)));
  Batch before = Batch::Zero(kDims, count);
  std::size_t position = noisy;
  for (auto step = steps.rbegin(); step != steps.rend() && !record.stopped(); ++step) {
    const int i = *step;
    const auto block = static_cast<std::uint32_t>(2 * i);
    const Given at = given_at(c, i, x0, x);
    const Batch z = noise.normal_batch(kDims, count, first, block);
    const Batch x_prev = c.step(i, x, at.output, z);
    if (c.run.law(i).noise_variance > 0) {
      const bool has_before = position < noisy;
      --position;
      const Batch r = step_residual(c, i, at, z, x_prev, within_cells(c, kPath, kDims, count, first, block));
      const bool asked = admits(c, i);
      for (Eigen::Index k = 0; asked && k < r.size(); ++k) {
        const double value = r.data()[k], earlier = before.data()[k], neighbour = k > 0 ? r.data()[k - 1] : 0;
        const std::array<double, 5> given{1, at.e.data()[k], x0.data()[k] / kTypicalScale, earlier,
                                          neighbour};
        record.add(cell_of(position, noisy), given, value,
                   (has_before && repeats(value, earlier)) || (k > 0 && repeats(value, neighbour)));
      }
      before = r;
    }
    x = x_prev;
  }
}

/// The sampler's step with the noise handed in; without any where it draws its own and has none to draw.
Batch step_given(const Context& c, int i, const Batch& x_t, const Batch& output, const Batch& z) {
  Context given = c;
  given.noise = default_noise(c.sampler);
  return given.step(i, x_t, output, z);
}

Agreement compare_injected(const Context& c) {
  const Draws draws = c.judge(kInjected);
  const std::vector<int> steps = moving_steps(c.run);
  // Fewer samples of many steps.
  const Eigen::Index d = 4,
                     n = std::clamp<Eigen::Index>(960 / static_cast<Eigen::Index>(steps.size()), 4, 24);
  Comparison comparison;
  for (const int i : steps) {
    const auto block = static_cast<std::uint32_t>(8 * i);
    Batch x0 = typical_x0(draws, d, n, 0, block);
    x0.rightCols(n / 2) *= 4;  // beyond what clipping or thresholding leaves alone
    const Given at = given(c, i, x0, draws.normal_batch(d, n, 0, block + 2));
    const Batch z = c.rounding->grid().nearest(draws.normal_batch(d, n, 0, block + 4));
    compare_step(comparison, c, i, at, z, step_given(c, i, at.x_t, at.output, z));
  }
  return comparison.result();
}

}  // namespace

void compare_step(Comparison& comparison, const Context& c, int i, const Given& at, const Batch& z,
                  const Batch& x_prev) {
  const samplers::Recipe recipe = samplers::Recipe::of(c.run.dialect());
  const samplers::Place place{c.run, c.run.entry(i)};
  const samplers::RealBatch x_t = at.x_t.cast<Real>(), output = at.output.cast<Real>(),
                            noise = z.cast<Real>();
  const Batch want = samplers::step(recipe, place, x_t, output, noise).prev_sample.cast<double>(),
              bound = samplers::step_bound(recipe, place, x_t, output, noise, c.rounding->arithmetic(c.run))
                          .prev_sample;
  for (Eigen::Index k = 0; k < x_prev.size(); ++k) {
    comparison.add(x_prev(k), want(k), bound(k), step_text(c.run, i) + ", element " + std::to_string(k));
  }
}

double SingleSteps::e_scale() const { return amplified ? kFarNoise : 1; }
double SingleSteps::x0_scale() const { return amplified ? kFar : kTypicalScale; }

void SingleSteps::observe(const Context& c, const std::string& key, std::uint64_t first, Eigen::Index count,
                          const std::function<int(std::size_t, std::size_t)>& cell, Recorder& record) const {
  const Draws design = c.design(key), noise = c.noise_for(key);
  const Repeats repeats = c.repeats();
  const std::vector<int> steps = noisy_steps(c.run);
  for (std::size_t position = 0; position < steps.size() && !record.stopped(); ++position) {
    const int i = steps[position];
    const double factor = amplified ? step_amplification(c, i) : admits(c, i) ? 1 : 0;
    if (factor == 0) continue;
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Batch x0 = amplified ? Batch(factor * kFar * signs(design, kDims, count, first, block))
                               : typical_x0(design, kDims, count, first, block);
    const Batch e = amplified ? Batch(factor * kFarNoise * signs(design, kDims, count, first, block + 2))
                              : design.normal_batch(kDims, count, first, block + 2);
    const Batch z = noise.normal_batch(kDims, count, first, block);
    const Given at = statistics::given(c, i, x0, e);
    const Batch x_prev = c.step(i, at.x_t, at.output, z);
    const Batch r =
        step_residual(c, i, at, z, x_prev, within_cells(c, key.c_str(), kDims, count, first, block));
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      const double neighbour = k > 0 ? r.data()[k - 1] : 0;
      const std::array<double, 4> given{1, e.data()[k] / (factor * e_scale()),
                                        x0.data()[k] / (factor * x0_scale()), neighbour};
      record.add(cell(position, steps.size()), given, r.data()[k], k > 0 && repeats(r.data()[k], neighbour));
    }
  }
}

std::vector<Claim> eq12(const Run& run) {
  const int cells = cells_for(noisy_steps(run).size());
  const SingleSteps amplified{true};
  return {
      {kPath,
       "each step down a path: x_prev - mean of Eq7 is sigma times fresh noise, independent of all before",
       0.08,
       Residuals{cells,
                 {"1", "e_t", "x_0", "previous step", "neighbour"},
                 observe_path,
                 noisy_step_of_cell,
                 1,
                 kTypicalScale},
       [](const Context& c) {
         return first_obstacle({needs_noise(c), needs_fine_steps(c)});
       },
       [](const Context& c) { return coarse_steps(c); }},
      {kAmplified, "the same from x_0 = +-30, e = +-6, where wrong coefficients are large", 0.28,
       Residuals{cells,
                 {"1", "e_t", "x_0", "neighbour"},
                 [amplified](const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
                   amplified.observe(c, kAmplified, first, count, cell_of, record);
                 },
                 noisy_step_of_cell,
                 amplified.e_scale(),
                 amplified.x0_scale(),
                 step_amplification},
       [](const Context& c) {
         return first_obstacle({needs_noise(c), needs_unrestricted(c), needs_fine_steps(c, true)});
       },
       [](const Context& c) { return coarse_steps(c, true); }},
      {kInjected,
       "with the noise handed in, x_prev is within the a-priori rounding bound of the literal Eq12", 0,
       Exact{compare_injected},
       [](const Context& c) {
         if (c.sampler.step) return std::string();
         return c.sampler.own_step && c.run.eta() > 0 ? "the implementation takes no noise"
                                                      : need(bool(c.sampler.own_step), "step");
       }},
  };
}

}  // namespace ddim::statistics::equations
