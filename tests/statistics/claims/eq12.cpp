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
  Batch x = samplers::marginal(c.run.level(c.run.S()), x0, design.normal_batch(kDims, count, first, 2));
  Batch before = Batch::Zero(kDims, count);
  std::size_t position = noisy;
  for (auto step = steps.rbegin(); step != steps.rend() && !record.stopped(); ++step) {
    const int i = *step;
    const Law law = c.run.law(i);
    const Batch e = samplers::noise_of(law.current, x0, x);
    const Batch z = noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i));
    const Batch x_prev = c.step(i, x, c.run.output(i, x0, e), z);
    if (law.noise_variance > 0) {
      const bool has_before = position < noisy;
      --position;
      const Batch r = step_residual(c, i, x0, e, x, x_prev);
      for (Eigen::Index k = 0; k < r.size(); ++k) {
        const double value = r.data()[k], earlier = before.data()[k], neighbour = k > 0 ? r.data()[k - 1] : 0;
        const std::array<double, 5> given{1, e.data()[k], x0.data()[k] / kTypicalScale, earlier, neighbour};
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
  constexpr Eigen::Index d = 4, n = 24;
  const Draws draws = c.judge(kInjected);
  const samplers::Config& config = c.run.config();
  const auto restrict_x0 = samplers::Recipe::of(c.run.dialect()).restrict_x0;
  Comparison comparison;
  for (const int i : moving_steps(c.run)) {
    const Law law = c.run.law(i);
    const auto block = static_cast<std::uint32_t>(8 * i);
    Batch x0 = typical_x0(draws, d, n, 0, block);
    x0.rightCols(n / 2) *= 4;  // beyond what clipping or thresholding leaves alone
    const Batch e = draws.normal_batch(d, n, 0, block + 2), z = draws.normal_batch(d, n, 0, block + 4);
    const Batch x_t = samplers::marginal(law.current, x0, e);
    const Batch x_prev = step_given(c, i, x_t, c.run.output(i, x0, e), z);
    Batch kept = x0, eps = e;
    if (config.restricts()) {
      samplers::RealBatch wide = x0.cast<Real>();
      restrict_x0(config, wide);
      kept = wide.cast<double>();
      if (c.run.dialect().rederives_eps) eps = samplers::noise_of(law.current, kept, x_t);
    }
    const double root_a = root(law.current.alpha_bar), root_b = root(law.current.one_minus);
    const double x0_error = config.prediction == Prediction::eps ? 1 / root_a : 1;
    for (Eigen::Index k = 0; k < x_prev.size(); ++k) {
      const double xt = std::abs(x_t.data()[k]), e_size = std::abs(e.data()[k]),
                   x0_size = std::abs(x0.data()[k]);
      const double from_x = (xt + root_b * e_size) * x0_error;
      const double size = law.posterior_x0() * (from_x + x0_size) + std::abs(law.sigma() * z.data()[k]) +
                          law.direction() * (e_size + (xt + root_a * (from_x + x0_size)) / root_b);
      comparison.add(
          x_prev.data()[k],
          law.posterior_x0() * kept.data()[k] + law.direction() * eps.data()[k] + law.sigma() * z.data()[k],
          c.unit_roundoff * step_condition(c.run, i) * size,
          step_text(c.run, i) + ", element " + std::to_string(k));
    }
  }
  return comparison.result();
}

}  // namespace

double SingleSteps::e_scale() const { return amplified ? kFarNoise : 1; }
double SingleSteps::x0_scale() const { return amplified ? kFar : kTypicalScale; }

void SingleSteps::observe(const Context& c, const std::string& key, std::uint64_t first, Eigen::Index count,
                          const std::function<int(std::size_t, std::size_t)>& cell, Recorder& record) const {
  const Draws design = c.design(key), noise = c.noise_for(key);
  const Repeats repeats = c.repeats();
  const std::vector<int> steps = noisy_steps(c.run);
  for (std::size_t position = 0; position < steps.size() && !record.stopped(); ++position) {
    const int i = steps[position];
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Batch x0 = amplified ? Batch(kFar * signs(design, kDims, count, first, block))
                               : typical_x0(design, kDims, count, first, block);
    const Batch e = amplified ? Batch(kFarNoise * signs(design, kDims, count, first, block + 2))
                              : design.normal_batch(kDims, count, first, block + 2);
    const Batch x_t = samplers::marginal(c.run.level(i), x0, e);
    const Batch x_prev =
        c.step(i, x_t, c.run.output(i, x0, e), noise.normal_batch(kDims, count, first, block));
    const Batch r = step_residual(c, i, x0, e, x_t, x_prev);
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      const double neighbour = k > 0 ? r.data()[k - 1] : 0;
      const std::array<double, 4> given{1, e.data()[k] / e_scale(), x0.data()[k] / x0_scale(), neighbour};
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
       needs_noise},
      {kAmplified, "the same from x_0 = +-30, e = +-6, where wrong coefficients are large", 0.28,
       Residuals{cells,
                 {"1", "e_t", "x_0", "neighbour"},
                 [amplified](const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
                   amplified.observe(c, kAmplified, first, count, cell_of, record);
                 },
                 noisy_step_of_cell,
                 amplified.e_scale(),
                 amplified.x0_scale()},
       [](const Context& c) {
         // An output near 30 rounded to 8 bits moves by a share of sigma that this claim sees, and rightly.
         if (c.unit_roundoff > 0x1p-11)
           return std::string("rounding of this dtype is not small beside sigma");
         return first_obstacle({needs_noise(c), needs_unrestricted(c)});
       }},
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
