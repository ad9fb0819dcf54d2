#include "tests/faults/fault.hpp"

#include <algorithm>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

constexpr std::string_view kPrefix = "builtin:fault:";

std::vector<Fault> whole_bank() {
  std::vector<Fault> bank;
  for (auto* part : {schedule_faults, tau_faults, law_faults, predictor_faults, objective_faults, step_faults,
                     noise_faults, encode_faults, sigma_faults, discrete_faults, generator_faults}) {
    for (Fault& fault : part()) bank.push_back(std::move(fault));
  }
  return bank;
}

}  // namespace

std::string to_text(Kind kind) {
  switch (kind) {
    case Kind::parametric:
      return "parametric";
    case Kind::shape:
      return "shape";
    case Kind::dependence:
      return "dependence";
    case Kind::exact:
      return "exact";
  }
  return {};
}

std::span<const Fault> faults() {
  static const std::vector<Fault> bank = whole_bank();
  return bank;
}

const Fault* find(const std::string& name) {
  const auto found =
      std::find_if(faults().begin(), faults().end(), [&](const Fault& fault) { return fault.name == name; });
  return found == faults().end() ? nullptr : &*found;
}

Run run_of(const Where& where) {
  const Config config =
      where.config.empty()
          ? Run::standard().config()
          : samplers::read_config(DDIM_SOURCE_DIR "/tests/conformance/configs/" + where.config + ".json");
  return {config, where.S, where.spacing ? *where.spacing : *config.spacing, where.eta,
          samplers::dialect(where.dialect)};
}

Sampler sampler_of(const Fault& fault) {
  const samplers::Identity identity{"fault:" + fault.name, DDIM_VERSION, "C++", "float64", fault.says};
  Sampler sampler = fault.in_recipe ? samplers::of_recipe(fault.in_recipe, identity) : samplers::reference();
  if (!fault.in_recipe) {
    sampler.identity = identity;
    sampler.prepare = [identity](const Run&) { return identity; };
  }
  if (fault.in_sampler) fault.in_sampler(sampler);
  return sampler;
}

std::string unseen_by_check(const Fault& fault) {
  if (fault.in_recipe) return {};
  return "check asks a sampler for its table, list, noising and steps; " + fault.equation +
         " is asked by `ddim-verify stats " + std::string(kPrefix) + fault.name + "`";
}

Sampler open(const std::string& locator, const samplers::OpenOptions& options) {
  if (!locator.starts_with(kPrefix)) return samplers::open(locator, options);
  if (const Fault* fault = named_by(locator)) return sampler_of(*fault);
  throw samplers::OpenError(samplers::OpenError::Kind::usage,
                            locator + " names no known fault; `ddim-verify faults` lists them");
}

const Fault* named_by(const std::string& locator) {
  return locator.starts_with(kPrefix) ? find(locator.substr(kPrefix.size())) : nullptr;
}

}  // namespace ddim::faults
