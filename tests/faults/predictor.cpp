#include <algorithm>
#include <cmath>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

/// f_theta where the network predicts eps.
std::function<void(Recipe&)> x0_from_eps(Real (*pred_x0)(const Level&, Real x, Real eps)) {
  return [=](Recipe& recipe) {
    recipe.pred_x0 = [=, kept = recipe.pred_x0](const Levels& at, Prediction p, Real x, Real output) {
      return p == Prediction::eps ? pred_x0(at.current, x, output) : kept(at, p, x, output);
    };
  };
}

/// Both readings of the output, where it is that prediction, as they would be of another or with another sign.
std::function<void(Recipe&)> output_read_as(Prediction prediction, Prediction taken, Real sign = 1) {
  return [=](Recipe& recipe) {
    for (auto* reading : {&recipe.pred_x0, &recipe.eps}) {
      *reading = [=, kept = *reading](const Levels& at, Prediction p, Real x, Real output) {
        return p == prediction ? kept(at, taken, x, sign * output) : kept(at, p, x, output);
      };
    }
  };
}

void swap_levels_for_v(Recipe& recipe) {
  recipe.pred_x0 = [kept = recipe.pred_x0](const Levels& at, Prediction p, Real x, Real output) {
    const Levels swapped{{at.current.one_minus, at.current.alpha_bar}, at.prev};
    return kept(p == Prediction::v ? swapped : at, p, x, output);
  };
}

using Restrict = std::function<void(const Config&, RealBatch& x0)>;
/// The restriction of x_0 as the fault has it, where the definition is `kept`.
std::function<void(Recipe&)> restrict_by(
    std::function<void(const Config&, RealBatch& x0, const Restrict& kept)> restrict_x0) {
  return [=](Recipe& recipe) {
    recipe.restrict_x0 = [=, kept = recipe.restrict_x0](const Config& config, RealBatch& x0) {
      restrict_x0(config, x0, kept);
    };
  };
}

void clip(RealBatch& x0, Real range) { x0 = x0.cwiseMax(-range).cwiseMin(range); }

/// The file's quantile of |x_0|, of one sample or of the whole batch, brought into [1, sample_max_value].
Real threshold(const Config& config, const RealBatch& x0) {
  std::vector<Real> magnitude(x0.data(), x0.data() + x0.size());
  for (Real& m : magnitude) m = std::abs(m);
  std::sort(magnitude.begin(), magnitude.end());
  const Real place =
      static_cast<Real>(config.dynamic_thresholding_ratio) * static_cast<Real>(magnitude.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, magnitude.size() - 1);
  const Real quantile =
      magnitude[below] + (place - static_cast<Real>(below)) * (magnitude[above] - magnitude[below]);
  return std::clamp<Real>(quantile, 1, config.sample_max_value);
}

void threshold_undivided(const Config& config, RealBatch& x0, const Restrict& kept) {
  if (!config.thresholding) return kept(config, x0);
  for (Eigen::Index j = 0; j < x0.cols(); ++j) {
    RealBatch column = x0.col(j);
    clip(column, threshold(config, column));
    x0.col(j) = column;
  }
}

void threshold_over_batch(const Config& config, RealBatch& x0, const Restrict& kept) {
  if (!config.thresholding) return kept(config, x0);
  const Real s = threshold(config, x0);
  clip(x0, s);
  x0 /= s;
}

void threshold_unlimited(const Config& config, RealBatch& x0, const Restrict& kept) {
  Config unlimited = config;
  unlimited.sample_max_value = 1e300;
  kept(unlimited, x0);
}

std::function<void(Recipe&)> levels_rounded(int digits) {
  return [=](Recipe& recipe) {
    for (auto* level : {&recipe.current, &recipe.prev}) {
      *level = [=, kept = *level](const Place& place) { return rounded(kept(place), digits); };
    }
  };
}

/// alpha_bar_prev of the last step alone.
std::function<void(Recipe&)> last_level(Level (*level)(const Table&)) {
  return [=](Recipe& recipe) {
    recipe.prev = [=, kept = recipe.prev](const Place& place) {
      return place.last() ? level(place.run.table()) : kept(place);
    };
  };
}

std::vector<Fault> faults_of_eps_prediction() {
  return {
      {.name = "current-one-off",
       .equation = "Eq9",
       .condition = "any",
       .seen = "timestep 0-based against 1-based",
       .says = "alpha_bar_t is read at t - 1",
       .in_recipe =
           [](Recipe& r) {
             r.current = [](const Place& place) { return level_at(place, place.timestep() - 1); };
           }},
      {.name = "x0-undivided",
       .equation = "Eq9",
       .condition = "epsilon",
       .seen = "a forgotten division",
       .says = "pred_x0 is not divided by sqrt(alpha_bar)",
       .in_recipe =
           x0_from_eps([](const Level& at, Real x, Real eps) { return x - std::sqrt(at.one_minus) * eps; })},
      {.name = "x0-divided-by-alpha-bar",
       .equation = "Eq9",
       .condition = "epsilon",
       .seen = "a forgotten root",
       .says = "pred_x0 is divided by alpha_bar, no root",
       .in_recipe = x0_from_eps([](const Level& at, Real x, Real eps) {
         return (x - std::sqrt(at.one_minus) * eps) / at.alpha_bar;
       })},
      {.name = "x0-noise-no-root",
       .equation = "Eq9",
       .condition = "epsilon",
       .seen = "a forgotten root",
       .says = "eps is scaled by 1 - alpha_bar in pred_x0, no root",
       .in_recipe = x0_from_eps([](const Level& at, Real x, Real eps) {
         return (x - at.one_minus * eps) / std::sqrt(at.alpha_bar);
       })},
      {.name = "x0-noise-added",
       .equation = "Eq9",
       .condition = "epsilon",
       .seen = "a sign",
       .says = "eps is added in pred_x0",
       .in_recipe = x0_from_eps([](const Level& at, Real x, Real eps) {
         return (x + std::sqrt(at.one_minus) * eps) / std::sqrt(at.alpha_bar);
       })},
      {.name = "step-float32",
       .equation = "Eq9",
       .condition = "an implementation that claims float64",
       .seen = ".float() of improved-diffusion's tables",
       .says = "the step reads alpha_bar and 1 - alpha_bar in float32",
       .in_recipe = levels_rounded(24)},
      {.name = "step-float16",
       .equation = "Eq9",
       .condition = "an implementation that claims more",
       .seen = "half-precision pipelines",
       .says = "the step reads alpha_bar and 1 - alpha_bar in float16",
       .in_recipe = levels_rounded(11)},
  };
}

std::vector<Fault> faults_of_other_predictions() {
  return {
      {.name = "x0-as-eps",
       .equation = "Eq9",
       .condition = "sample prediction",
       .seen = "samplers that know one prediction type",
       .says = "a model that predicts x_0 is read as one that predicts eps",
       .where = {.config = "karlo-prior"},
       .in_recipe = output_read_as(Prediction::x0, Prediction::eps)},
      {.name = "v-as-eps",
       .equation = "Eq9",
       .condition = "v_prediction",
       .seen = "samplers that know one prediction type",
       .says = "a model that predicts v is read as one that predicts eps",
       .where = {.config = "sd21"},
       .in_recipe = output_read_as(Prediction::v, Prediction::eps)},
      {.name = "v-sign",
       .equation = "Eq9",
       .condition = "v_prediction",
       .seen = "v = sqrt(1 - a) x_0 - sqrt(a) eps",
       .says = "v has the opposite sign",
       .where = {.config = "sd21"},
       .in_recipe = output_read_as(Prediction::v, Prediction::v, -1)},
      {.name = "v-coefficients-swapped",
       .equation = "Eq9",
       .condition = "v_prediction",
       .seen = "sine and cosine exchanged",
       .says = "sqrt(alpha_bar) and sqrt(1 - alpha_bar) are exchanged for v",
       .where = {.config = "sd21"},
       .in_recipe = swap_levels_for_v},
  };
}

std::vector<Fault> faults_of_restriction() {
  return {
      {.name = "clip-left-out",
       .equation = "Eq9",
       .condition = "clip_sample",
       .seen = "clip_sample not read",
       .says = "pred_x0 is not clipped",
       .where = {.config = "ddpm-cifar10", .dialect = "diffusers"},
       .in_recipe = restrict_by([](const Config&, RealBatch&, const Restrict&) {})},
      {.name = "clip-range-one",
       .equation = "Eq9",
       .condition = "clip_sample_range other than 1",
       .seen = "a hard-coded [-1, 1]",
       .says = "pred_x0 is clipped to [-1, 1], not to clip_sample_range",
       .where = {.config = "karlo-prior", .dialect = "diffusers"},
       .in_recipe = restrict_by([](const Config& config, RealBatch& x0, const Restrict& kept) {
         config.thresholding ? kept(config, x0) : clip(x0, 1);
       })},
      {.name = "threshold-as-clip",
       .equation = "Eq9",
       .condition = "thresholding",
       .seen = "thresholding not read",
       .says = "pred_x0 is clipped, not thresholded",
       .where = {.config = "deepfloyd-if", .dialect = "diffusers"},
       .in_recipe = restrict_by(
           [](const Config& config, RealBatch& x0, const Restrict&) { clip(x0, config.clip_sample_range); })},
      {.name = "threshold-undivided",
       .equation = "Eq9",
       .condition = "thresholding",
       .seen = "Imagen's last line forgotten",
       .says = "pred_x0 is clamped to [-s, s] and not divided by s",
       .where = {.config = "deepfloyd-if", .dialect = "diffusers"},
       .in_recipe = restrict_by(threshold_undivided)},
      {.name = "threshold-no-maximum",
       .equation = "Eq9",
       .condition = "thresholding, large x_0",
       .seen = "sample_max_value not read",
       .says = "the threshold is not limited by sample_max_value",
       .where = {.config = "deepfloyd-if", .dialect = "diffusers"},
       .in_recipe = restrict_by(threshold_unlimited)},
      {.name = "threshold-over-batch",
       .equation = "Eq9",
       .condition = "thresholding, more than one sample",
       .seen = "quantile without a dimension",
       .says = "one threshold for the whole batch",
       .where = {.config = "deepfloyd-if", .dialect = "diffusers"},
       .in_recipe = restrict_by(threshold_over_batch)},
  };
}

std::vector<Fault> faults_of_the_last_step() {
  return {
      {.name = "last-alpha-first-entry",
       .equation = "Eq10",
       .condition = "last step",
       .seen = "latent-diffusion, candle; ControlNet PR #587, diffusers #6068",
       .says = "alpha_bar_prev at the last step is alphas_cumprod[0], not 1",
       .in_recipe = last_level([](const Table& table) { return table.front(); })},
      {.name = "last-alpha-one",
       .equation = "Eq10",
       .condition = "last step, set_alpha_to_one = false",
       .seen = "DDIMParallel's batch path, PR #14216",
       .says = "alpha_bar_prev at the last step is 1, though set_alpha_to_one is false",
       .where = {.dialect = "diffusers"},
       .in_recipe = last_level([](const Table&) { return Level{}; })},
      {.name = "last-alpha-wraps",
       .equation = "Eq10",
       .condition = "last step",
       .seen = "a negative index in Python",
       .says = "alpha_bar_prev at the last step is alphas_cumprod[-1], the noisiest entry",
       .in_recipe = last_level([](const Table& table) { return table.back(); })},
      {.name = "noise-at-last-step",
       .equation = "Eq10",
       .condition = "last step, eta > 0",
       .seen = "the test t > 0 forgotten",
       .says = "noise is added at the last step",
       .in_recipe =
           [](Recipe& r) {
             r.noise_scale = [](const Place& p, const Levels& at, Real sigma) {
               return p.last() ? p.run.eta() * std::sqrt(one_step_beta(p, at)) : sigma;
             };
           }},
  };
}

}  // namespace

std::vector<Fault> predictor_faults() {
  std::vector<Fault> all = faults_of_eps_prediction();
  for (auto* part : {faults_of_other_predictions, faults_of_restriction, faults_of_the_last_step}) {
    for (Fault& fault : part()) all.push_back(std::move(fault));
  }
  return all;
}

}  // namespace ddim::faults
