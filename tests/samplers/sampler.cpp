#include "tests/samplers/sampler.hpp"

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
