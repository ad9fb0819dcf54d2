#include <cmath>
#include <limits>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

/// alpha_bar_prev as the fault reads it, where the definition is `kept`.
using Prev = std::function<Level(const Place&)>;
std::function<void(Recipe&)> prev_by(std::function<Level(const Place&, const Prev& kept)> read) {
  return [=](Recipe& recipe) {
    recipe.prev = [=, kept = recipe.prev](const Place& place) { return read(place, kept); };
  };
}

Level stride_before(const Place& place, const Prev& kept) {
  const int prev = place.timestep() - place.run.config().T / place.run.asked_S();
  if (prev >= 0) return level_at(place, prev);
  // The final level is whatever the definition has it to be.
  return kept({place.run.with_timesteps({place.timestep()}), 0});
}

Level one_entry_early(const Place& place, const Prev& kept) {
  if (place.last()) return kept(place);
  return *place.next() == 0 ? Level{} : level_at(place, *place.next() - 1);
}

/// The direction's coefficient as a function of the levels and sigma.
std::function<void(Recipe&)> direction_of(Real (*coefficient)(const Levels&, Real sigma)) {
  return [=](Recipe& recipe) {
    recipe.direction = [=](const Place&, const Levels& at, Real sigma) { return coefficient(at, sigma); };
  };
}
std::function<void(Recipe&)> x0_scale_of(Real (*scale)(const Levels&)) {
  return [=](Recipe& recipe) { recipe.x0_scale = scale; };
}

/// What the network put out goes into the direction as it is.
std::function<void(Recipe&)> output_as_eps(Prediction prediction) {
  return [=](Recipe& recipe) {
    recipe.eps = [=, kept = recipe.eps](const Levels& at, Prediction p, Real x, Real output) {
      return p == prediction ? output : kept(at, p, x, output);
    };
  };
}

std::vector<Fault> faults_of_times() {
  return {
      {.name = "prev-stride",
       .equation = "Eq12",
       .condition = "linspace; trailing with S not dividing T",
       .seen = "diffusers DDIMScheduler.step, #11347, #12633",
       .says = "prev = t - T//S",
       .where = {.spacing = &samplers::trailing},
       .in_recipe = prev_by(stride_before)},
      {.name = "prev-adjacent",
       .equation = "Eq12",
       .condition = "S < T",
       .seen = "DDPM's step on a sub-sequence",
       .says = "prev = t - 1, whatever S is",
       .in_recipe = prev_by([](const Place& place, const Prev&) {
         return place.timestep() == 0 ? Level{} : level_at(place, place.timestep() - 1);
       })},
      {.name = "prev-one-off",
       .equation = "Eq12",
       .condition = "any but the last step",
       .seen = "0-based against 1-based times",
       .says = "alpha_bar_prev is read one entry too early",
       .in_recipe = prev_by(one_entry_early)},
      {.name = "prev-is-current",
       .equation = "Eq12",
       .condition = "any",
       .seen = "alpha_bar_prev read with the same index",
       .says = "alpha_bar_prev = alpha_bar_t: the sample does not move",
       .in_recipe =
           prev_by([](const Place& place, const Prev&) { return level_at(place, place.timestep()); })},
  };
}

std::vector<Fault> faults_of_coefficients() {
  return {
      {.name = "direction-without-sigma",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "DDIM's direction with DDPM's noise",
       .says = "the direction is sqrt(1 - alpha_bar_prev), sigma not subtracted",
       .in_recipe = direction_of([](const Levels& at, Real) { return std::sqrt(at.prev.one_minus); })},
      {.name = "direction-is-sigma",
       .equation = "Eq12",
       .condition = "any",
       .seen = "a copied line",
       .says = "the direction's coefficient is sigma",
       .in_recipe = direction_of([](const Levels&, Real sigma) { return sigma; })},
      {.name = "direction-sigma-unsquared",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a deviation where its square belongs",
       .says = "the direction is sqrt(1 - alpha_bar_prev - sigma)",
       .in_recipe =
           direction_of([](const Levels& at, Real sigma) { return std::sqrt(at.prev.one_minus - sigma); })},
      {.name = "direction-sigma-added",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a sign",
       .says = "the direction is sqrt(1 - alpha_bar_prev + sigma^2)",
       .in_recipe = direction_of(
           [](const Levels& at, Real sigma) { return std::sqrt(at.prev.one_minus + sigma * sigma); })},
      {.name = "direction-no-root",
       .equation = "Eq12",
       .condition = "any but the last step",
       .seen = "a forgotten root",
       .says = "the direction is 1 - alpha_bar_prev - sigma^2, no root",
       .in_recipe =
           direction_of([](const Levels& at, Real sigma) { return at.prev.one_minus - sigma * sigma; })},
      {.name = "direction-reversed",
       .equation = "Eq12",
       .condition = "any but the last step",
       .seen = "a sign",
       .says = "the direction has the wrong sign",
       .in_recipe = direction_of(
           [](const Levels& at, Real sigma) { return -std::sqrt(at.prev.one_minus - sigma * sigma); })},
      {.name = "direction-of-current",
       .equation = "Eq12",
       .condition = "any",
       .seen = "alpha_bar_t for alpha_bar_prev",
       .says = "the direction is sqrt(1 - alpha_bar_t - sigma^2)",
       .in_recipe = direction_of(
           [](const Levels& at, Real sigma) { return std::sqrt(at.current.one_minus - sigma * sigma); })},
      {.name = "x0-scale-no-root",
       .equation = "Eq12",
       .condition = "any but the last step",
       .seen = "a forgotten root",
       .says = "pred_x0 is scaled by alpha_bar_prev, no root",
       .in_recipe = x0_scale_of([](const Levels& at) { return at.prev.alpha_bar; })},
      {.name = "x0-scale-one",
       .equation = "Eq12",
       .condition = "any but the last step",
       .seen = "variance exploding habits",
       .says = "pred_x0 is not scaled by sqrt(alpha_bar_prev)",
       .in_recipe = x0_scale_of([](const Levels&) { return Real{1}; })},
      {.name = "x0-scale-of-current",
       .equation = "Eq12",
       .condition = "any",
       .seen = "alpha_bar_t for alpha_bar_prev",
       .says = "pred_x0 is scaled by sqrt(alpha_bar_t)",
       .in_recipe = x0_scale_of([](const Levels& at) { return std::sqrt(at.current.alpha_bar); })},
  };
}

std::vector<Fault> faults_of_eps() {
  return {
      {.name = "x0-left-in-eps",
       .equation = "Eq12",
       .condition = "sample prediction, no clipping",
       .seen = "diffusers #1486",
       .says = "the model's x_0 is used as eps in the direction",
       .where = {.config = "karlo-prior", .dialect = "diffusers"},
       .in_recipe = output_as_eps(Prediction::x0)},
      {.name = "v-left-in-eps",
       .equation = "Eq12",
       .condition = "v_prediction",
       .seen = "demo ports",
       .says = "the model's v is used as eps in the direction",
       .where = {.config = "sd21"},
       .in_recipe = output_as_eps(Prediction::v)},
      {.name = "clip-rederives-eps",
       .equation = "Eq12",
       .condition = "clip_sample or thresholding",
       .seen = "use_clipped_model_output always on",
       .says = "eps is re-derived from the clipped x_0",
       .where = {.config = "ddpm-cifar10", .dialect = "diffusers"},
       .in_recipe = [](Recipe& r) { r.rederives_eps = true; }},
      {.name = "clip-keeps-eps",
       .equation = "Eq12",
       .condition = "clip_sample or thresholding",
       .seen = "diffusers #553",
       .says = "x_0 is clipped, eps is not re-derived",
       .where = {.config = "ddpm-cifar10"},
       .in_recipe = [](Recipe& r) { r.rederives_eps = false; }},
      {.name = "step-not-finite",
       .equation = "Eq12",
       .condition = "eta = 1",
       .seen = "eta = 1 with zero SNR, diffusers #5969",
       .says = "the step is NaN at eta = 1",
       .where = {.eta = 1},
       .in_recipe =
           [](Recipe& r) {
             r.sigma = [kept = r.sigma](const Place& place, const Levels& at) {
               return place.run.eta() == 1 ? std::numeric_limits<Real>::quiet_NaN() : kept(place, at);
             };
           }},
  };
}

}  // namespace

std::vector<Fault> step_faults() {
  std::vector<Fault> all = faults_of_times();
  for (auto* part : {faults_of_coefficients, faults_of_eps}) {
    for (Fault& fault : part()) all.push_back(std::move(fault));
  }
  return all;
}

}  // namespace ddim::faults
