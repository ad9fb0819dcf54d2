#include "tests/samplers/dialect.hpp"

#include <algorithm>

namespace ddim::samplers {

std::span<const Dialect> dialects() {
  static const std::vector<Dialect> all{
      {.name = "paper",
       .says = "the equations as printed: the last step goes to the data, a clipped x_0 gets its own eps",
       // DDPM's mean is Eq7's of the clipped x_0, and its last step goes to the data.
       .locators = {":DDPMScheduler", ":DDPMParallelScheduler", ":UnCLIPScheduler"},
       .last_level = [](const Config&, const Table&) { return Level{}; },
       .of_last_level = "the paper's is 1",
       .rederives_eps = true,
       .of_eps = "the paper's step takes eps from the clipped x_0"},
      {.name = "diffusers",
       .says =
           "diffusers' classes: set_alpha_to_one decides the last level, the network's eps is kept beside "
           "a clipped x_0",
       .locators = {"py:diffusers"},
       .last_level = [](const Config& config,
                        const Table& table) { return config.set_alpha_to_one ? Level{} : table.at(0); },
       .of_last_level = "diffusers' last alpha_bar_prev is alphas_cumprod[0]",
       .rederives_eps = false,
       .of_eps = "diffusers clips x_0 and keeps the model's eps"},
  };
  return all;
}

const Dialect& paper() { return dialects().front(); }

const Dialect& dialect(const std::string& name) {
  std::string names;
  for (const Dialect& known : dialects()) {
    if (known.name == name) return known;
    names += (names.empty() ? "" : ", ") + known.name;
  }
  throw DomainError("dialect", name, "{" + names + "}");
}

const Dialect& default_dialect(const std::string& locator) {
  const Dialect* chosen = &paper();
  std::size_t longest = 0;
  for (const Dialect& known : dialects()) {
    for (const std::string& part : known.locators) {
      if (part.size() <= longest || !(locator.starts_with(part) || locator.ends_with(part))) continue;
      chosen = &known;
      longest = part.size();
    }
  }
  return *chosen;
}

}  // namespace ddim::samplers
