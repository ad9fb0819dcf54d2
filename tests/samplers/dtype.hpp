#pragma once

#include <string>

#include "tests/samplers/sampler.hpp"

namespace ddim::samplers {

/// "float32", or "float32/bfloat16": coefficients in the one, samples in the other. Errors: DomainError.
struct Dtypes {
  static Dtypes named(const std::string& text);
  std::string coefficients, samples;

  Identity of(Identity identity) const;
};

/// The narrowest dtype, by digits, that holds every finite number; "" where too few of them differ to tell.
std::string narrowest_dtype(const Batch& numbers);

/// With what the identity leaves open found from a step of dense numbers: the narrowest dtype that holds all that
/// it gives. Where the step has no answer, float64.
Identity with_dtypes_found(const Sampler& sampler, const Run& run, Identity identity);

}  // namespace ddim::samplers
