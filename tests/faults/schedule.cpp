#include <cmath>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

Table from_betas(const std::vector<Real>& betas) {
  Table table;
  Level level;
  for (const Real beta : betas) {
    level.one_minus += level.alpha_bar * beta;
    level.alpha_bar *= 1 - beta;
    table.push_back(level);
  }
  return table;
}

/// The table of the same file with something in the file changed.
std::function<void(Recipe&)> file_with(std::function<void(Config&)> change) {
  return [=](Recipe& recipe) {
    recipe.table = [=](const Config& config) {
      Config changed = config;
      change(changed);
      return exact_table(changed);
    };
  };
}

/// The right table with something done to it.
std::function<void(Recipe&)> table_but(std::function<void(Table&)> change) {
  return [=](Recipe& recipe) {
    recipe.table = [=](const Config& config) {
      Table table = exact_table(config);
      change(table);
      return table;
    };
  };
}

std::function<void(Recipe&)> table_rounded(int digits) {
  return table_but([=](Table& table) {
    for (Level& level : table) level = rounded(level, digits);
  });
}

Table without_endpoint(const Config& config) {
  if (config.beta_schedule != &samplers::linear) return exact_table(config);
  std::vector<Real> betas;
  const Real start = config.beta_start, end = config.beta_end;
  for (int t = 0; t < config.T; ++t) betas.push_back(start + (end - start) * t / config.T);
  return from_betas(betas);
}

Table cosine_without_offset(const Config& config) {
  if (config.beta_schedule != &samplers::squaredcos_cap_v2) return exact_table(config);
  std::vector<Real> betas;
  const Real half_pi = std::acos(Real{-1}) / 2;
  const auto f = [&](int t) { return std::pow(std::cos(half_pi * t / config.T), Real{2}); };
  for (int t = 1; t <= config.T; ++t) betas.push_back(std::min(1 - f(t) / f(t - 1), 0.999L));
  return from_betas(betas);
}

Table shifted_to_zero_snr(const Config& config) {
  if (!config.rescale_betas_zero_snr) return exact_table(config);
  Config plain = config;
  plain.rescale_betas_zero_snr = false;
  Table table = exact_table(plain);
  const Real last = std::sqrt(table.back().alpha_bar);
  for (Level& level : table) {
    const Real root = std::sqrt(level.alpha_bar) - last;
    level = {root * root, 1 - root * root};
  }
  return table;
}

void keep_single_factors(Table& table) {
  Real before = 1;
  for (Level& level : table) {
    const Real kept = level.alpha_bar / before;
    before = level.alpha_bar;
    level = {kept, 1 - kept};
  }
}

void take_roots(Table& table) {
  for (Level& level : table) {
    const Real root = std::sqrt(level.alpha_bar);
    level = {root, level.one_minus / (1 + root)};
  }
}

void uncap(Table& table) {
  if (table.size() < 2) return;
  const Real before = table[table.size() - 2].alpha_bar;
  // Only a cap makes the last factor exactly 1 - 0.999; uncapped it is cos^2(pi/2) = 0.
  if (std::abs(table.back().alpha_bar / before - 0.001L) < 1e-9L) table.back() = {0, 1};
}

}  // namespace

std::vector<Fault> schedule_faults() {
  return {
      {.name = "schedule-linear-in-beta",
       .equation = "Schedule",
       .condition = "scaled_linear",
       .seen = "faults of ports of Stable Diffusion",
       .says = "beta is linear, not sqrt(beta)",
       .in_recipe = file_with([](Config& c) {
         if (c.beta_schedule == &samplers::scaled_linear) c.beta_schedule = &samplers::linear;
       })},
      {.name = "schedule-linear-in-root",
       .equation = "Schedule",
       .condition = "linear",
       .seen = "ports that hard-code Stable Diffusion's schedule",
       .says = "sqrt(beta) is linear, not beta",
       .where = {.config = "ddpm-cifar10"},
       .in_recipe = file_with([](Config& c) {
         if (c.beta_schedule == &samplers::linear) c.beta_schedule = &samplers::scaled_linear;
       })},
      {.name = "schedule-default-range",
       .equation = "Schedule",
       .condition = "beta_start, beta_end other than 1e-4, 0.02",
       .seen = "hard-coded constants",
       .says = "beta_start and beta_end are the defaults 1e-4 and 0.02, not the file's",
       .in_recipe = file_with([](Config& c) {
         c.beta_start = 1e-4;
         c.beta_end = 0.02;
       })},
      {.name = "schedule-endpoint-left-out",
       .equation = "Schedule",
       .condition = "linear",
       .seen = "arange for linspace",
       .says = "beta climbs by (end - start) / T and never reaches beta_end",
       .where = {.config = "ddpm-cifar10"},
       .in_recipe = [](Recipe& r) { r.table = without_endpoint; }},
      {.name = "schedule-one-minus-beta",
       .equation = "Schedule",
       .condition = "T > 1",
       .seen = "alpha of DDPM read as alpha of DDIM",
       .says = "the table holds 1 - beta_t, not its cumulative product",
       .in_recipe = table_but(keep_single_factors)},
      {.name = "schedule-shifted",
       .equation = "Schedule",
       .condition = "any",
       .seen = "a 1 put before the table and not skipped",
       .says = "the table starts with alpha_bar = 1: entry t holds t - 1's value",
       .in_recipe = table_but([](Table& table) {
         table.insert(table.begin(), Level{});
         table.pop_back();
       })},
      {.name = "schedule-root",
       .equation = "Schedule",
       .condition = "any",
       .seen = "sqrt_alphas_cumprod used as alphas_cumprod",
       .says = "the table holds sqrt(alpha_bar)",
       .in_recipe = table_but(take_roots)},
      {.name = "schedule-float16",
       .equation = "Schedule",
       .condition = "an implementation that claims more",
       .seen = "tables cast with the model",
       .says = "the table is rounded to float16",
       .in_recipe = table_rounded(11)},
      {.name = "schedule-bfloat16",
       .equation = "Schedule",
       .condition = "an implementation that claims more",
       .seen = "tables cast with the model",
       .says = "the table is rounded to bfloat16",
       .in_recipe = table_rounded(8)},
      {.name = "schedule-float32",
       .equation = "Schedule",
       .condition = "an implementation that claims float64",
       .seen = "torch.float32 tables",
       .says = "the table is rounded to float32",
       .in_recipe = table_rounded(24)},
      {.name = "schedule-cosine-uncapped",
       .equation = "Schedule",
       .condition = "squaredcos_cap_v2",
       .seen = "the cap 0.999 forgotten",
       .says = "the cosine schedule's beta is not capped at 0.999",
       .where = {.config = "karlo-prior", .spacing = &samplers::trailing},
       .in_recipe = table_but(uncap)},
      {.name = "schedule-cosine-by-definition",
       .equation = "Schedule",
       .condition = "squaredcos_cap_v2",
       .seen = "the paper of the cosine schedule, s = 0",
       .says = "the cosine schedule's offset 0.008 is left out",
       .where = {.config = "karlo-prior"},
       .in_recipe = [](Recipe& r) { r.table = cosine_without_offset; }},
      {.name = "schedule-zero-snr-ignored",
       .equation = "Schedule",
       .condition = "rescale_betas_zero_snr",
       .seen = "ports older than the option",
       .says = "rescale_betas_zero_snr is ignored",
       .where = {.config = "sd21-zsnr"},
       .in_recipe = file_with([](Config& c) { c.rescale_betas_zero_snr = false; })},
      {.name = "schedule-zero-snr-unscaled",
       .equation = "Schedule",
       .condition = "rescale_betas_zero_snr",
       .seen = "Algorithm 1 without its scaling line",
       .says = "zero terminal SNR by shifting alone: alpha_bar_1 moves too",
       .where = {.config = "sd21-zsnr"},
       .in_recipe = [](Recipe& r) { r.table = shifted_to_zero_snr; }},
  };
}

}  // namespace ddim::faults
