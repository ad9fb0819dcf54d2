#pragma once

#include <string>

#include "tests/samplers/sampler.hpp"

namespace ddim::samplers {

/// The CUDA path in one dtype: on a card where there is one, else its plain loops on the CPU, which give the
/// same bits; its name says which, and why. Errors: DomainError for a dtype that is none of unit_roundoff's.
Sampler of_cuda(const std::string& dtype);

}  // namespace ddim::samplers
