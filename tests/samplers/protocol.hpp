#pragma once

#include <string>
#include <vector>

#include "tests/samplers/open.hpp"

namespace ddim::samplers {

/// The sampler behind a command that speaks the protocol of tests/conformance/README.md. Errors: OpenError.
Sampler of_command(const std::vector<std::string>& command, const OpenOptions& options);

}  // namespace ddim::samplers
