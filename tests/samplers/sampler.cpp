#include "tests/samplers/sampler.hpp"

#include <algorithm>
#include <array>

namespace ddim::samplers {

std::string to_text(Status status) {
  switch (status) {
    case Status::pass:
      return "pass";
    case Status::fail:
      return "fail";
    case Status::inconclusive:
      return "inconclusive";
    case Status::not_asked:
      return "not asked";
    case Status::not_supplied:
      return "not supplied";
    case Status::unsupported:
      return "unsupported";
    case Status::errored:
      return "errored";
    case Status::crash:
      return "crash";
    case Status::time_out:
      return "time-out";
    case Status::harness_error:
      break;
  }
  return "harness error";
}

namespace {

struct Dtype {
  const char* name;
  double unit_roundoff;
};
constexpr std::array kDtypes{Dtype{"float64", 0x1p-53}, Dtype{"float32", 0x1p-24}, Dtype{"float16", 0x1p-11},
                             Dtype{"bfloat16", 0x1p-8}};

}  // namespace

double unit_roundoff(const std::string& dtype) {
  for (const Dtype& known : kDtypes) {
    if (dtype == known.name) return known.unit_roundoff;
  }
  throw DomainError("dtype", dtype, "{float64, float32, float16, bfloat16}");
}

bool Identity::takes(const std::string& key) const {
  return !keys || std::find(keys->begin(), keys->end(), key) != keys->end();
}

double Identity::output_roundoff() const { return samples().empty() ? 0x1p-53 : unit_roundoff(samples()); }

Config as_taken(Config config, const Identity& who) {
  config.set_alpha_to_one = config.set_alpha_to_one || !who.takes("set_alpha_to_one");
  config.sigma_hat =
      who.keys && who.takes("variance_type") && config.variance_type.starts_with("fixed_large");
  return config;
}

std::vector<std::string> not_taken(const Config& config, const Identity& who) {
  std::vector<std::string> lines;
  if (who.configured)
    lines.push_back("it is an object made already: what the file says must be what it was made with");
  if (who.eta) lines.push_back("its step takes no eta: it is judged at eta = " + ddim::to_text(*who.eta));
  if (!who.takes("set_alpha_to_one") && !config.set_alpha_to_one)
    lines.push_back("its class takes no set_alpha_to_one: the last step is judged as one to the data");
  if (!who.takes("clip_sample") && config.clip_sample && !config.thresholding)
    lines.push_back("its class takes no clip_sample, which is judged as the file has it: true");
  if (as_taken(config, who).sigma_hat)
    lines.push_back("by variance_type = " + config.variance_type + " its noise is scaled by sigma_hat");
  return lines;
}

std::string dtypes_text(const Identity& who) {
  return who.dtype + (who.samples() == who.dtype ? "" : "/" + who.samples());
}

std::string dtype_of(double unit_roundoff) {
  for (const Dtype& known : kDtypes) {
    if (unit_roundoff == known.unit_roundoff) return known.name;
  }
  throw DomainError("unit roundoff", unit_roundoff, "{2^-53, 2^-24, 2^-11, 2^-8}");
}

Sampler Sampler::of_step(std::string name, PlainStep step, std::string dtype) {
  Sampler sampler;
  sampler.identity = {std::move(name), "1", "C++", std::move(dtype)};
  sampler.prepare = [identity = sampler.identity](const Run&) { return identity; };
  sampler.own_step = [step = std::move(step)](const Run& run, int entry, const Batch& x_t,
                                              const Batch& eps) -> Result<StepOutput> {
    if (run.config().prediction != Prediction::eps) {
      return Trouble{Status::unsupported, "a plain step takes a network that predicts eps, not " +
                                              to_text(run.config().prediction)};
    }
    const int i = run.step_of(entry);
    return StepOutput(step(static_cast<double>(run.level(i).alpha_bar),
                           static_cast<double>(run.prev_level(i).alpha_bar), run.eta(), x_t, eps));
  };
  return sampler;
}

}  // namespace ddim::samplers
