#include <cmath>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

/// sigma = eta times a deviation of its own.
std::function<void(Recipe&)> eta_times(std::function<Real(const Place&, const Levels&)> deviation) {
  return [=](Recipe& recipe) {
    recipe.sigma = [=](const Place& place, const Levels& at) {
      return place.run.eta() * deviation(place, at);
    };
  };
}

Real without_ratio(const Place&, const Levels& at) { return std::sqrt(at.current.one_minus); }

void without_ratio_clamped(Recipe& recipe) {
  eta_times(without_ratio)(recipe);
  recipe.direction = [](const Place&, const Levels& at, Real sigma) {
    return std::sqrt(std::max(at.prev.one_minus - sigma * sigma, Real{0}));
  };
}

}  // namespace

std::vector<Fault> sigma_faults() {
  return {
      {.name = "sigma-eta-on-variance",
       .equation = "Eq16",
       .condition = "0 < eta < 1",
       .seen = "DDPM_inversion #12",
       .says = "sigma^2 = eta * variance, not eta^2 * variance",
       .in_recipe =
           [](Recipe& r) {
             r.sigma = [](const Place& p, const Levels& at) { return std::sqrt(p.run.eta() * variance(at)); };
           }},
      {.name = "sigma-eta-squared",
       .equation = "Eq16",
       .condition = "0 < eta < 1",
       .seen = "eta applied to the variance and to its root",
       .says = "sigma = eta^2 sqrt(variance)",
       .in_recipe =
           eta_times([](const Place& p, const Levels& at) { return p.run.eta() * std::sqrt(variance(at)); })},
      {.name = "sigma-no-root",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "variance taken for a deviation",
       .says = "sigma = eta * variance, no root",
       .in_recipe = eta_times([](const Place&, const Levels& at) { return variance(at); })},
      {.name = "sigma-fourth-root",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "fixed_large_log, diffusers #14569: a root too many",
       .says = "sigma = eta * variance^(1/4): a root too many",
       .in_recipe =
           eta_times([](const Place&, const Levels& at) { return std::sqrt(std::sqrt(variance(at))); })},
      {.name = "sigma-no-ratio",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "faults of ports",
       .says = "sigma = eta sqrt(1 - alpha_bar_t)",
       .in_recipe = eta_times(without_ratio)},
      {.name = "sigma-no-ratio-clamped",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "clamp(min=0) under the root",
       .says = "sigma = eta sqrt(1 - alpha_bar_t), and the negative radicand clamped to 0",
       .in_recipe = without_ratio_clamped},
      {.name = "sigma-is-eta",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "synthcity 0.2.12",
       .says = "sigma is eta itself",
       .in_recipe = eta_times([](const Place&, const Levels&) { return Real{1}; })},
      {.name = "sigma-whole-prev",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "Eq16 without its second root",
       .says = "sigma = eta sqrt(1 - alpha_bar_prev)",
       .in_recipe = eta_times([](const Place&, const Levels& at) { return std::sqrt(at.prev.one_minus); })},
      {.name = "sigma-ratio-inverted",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "the quotient upside down",
       .says = "sigma uses (1 - alpha_bar_t) / (1 - alpha_bar_prev), upside down",
       .in_recipe = eta_times([](const Place&, const Levels& at) {
         if (at.prev.one_minus == 0) return Real{0};
         return std::sqrt(at.current.one_minus / at.prev.one_minus * kept_beta(at));
       })},
      {.name = "sigma-one-step-beta",
       .equation = "Eq16",
       .condition = "eta > 0, S < T",
       .seen = "diffusers PR #3006",
       .says = "sigma uses beta_t of one step, though steps are skipped",
       .in_recipe = eta_times([](const Place& p, const Levels& at) {
         return std::sqrt(at.prev.one_minus / at.current.one_minus * one_step_beta(p, at));
       })},
      {.name = "sigma-hat-everywhere",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "sigma_hat put in Eq7's mean",
       .says = "sigma = sigma_hat = eta sqrt(1 - alpha_bar_t / alpha_bar_prev), in the direction too",
       .in_recipe = eta_times([](const Place&, const Levels& at) {
         return at.prev.one_minus == 0 ? Real{0} : std::sqrt(kept_beta(at));
       })},
      {.name = "eta-ignored",
       .equation = "Eq16",
       .condition = "eta > 0",
       .seen = "samplers without eta",
       .says = "eta is ignored: always 0",
       .in_recipe = [](Recipe& r) { r.sigma = [](const Place&, const Levels&) { return Real{0}; }; }},
      {.name = "eta-always-one",
       .equation = "Eq16",
       .condition = "eta < 1",
       .seen = "samplers of DDPM",
       .says = "eta is ignored: always 1",
       .in_recipe =
           [](Recipe& r) {
             r.sigma = [](const Place&, const Levels& at) { return std::sqrt(variance(at)); };
           }},
  };
}

}  // namespace ddim::faults
