#pragma once

#include <iosfwd>

#include "tests/samplers/run.hpp"

namespace ddim::conformance {

/// The table of a run, from the configuration alone, and what is wrong or peculiar about it.
void inspect(std::ostream& out, const samplers::Run& run);

}  // namespace ddim::conformance
