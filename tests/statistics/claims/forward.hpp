#pragma once

#include "tests/statistics/claim.hpp"

namespace ddim::statistics::equations {

/// Eq8 of the sampler, up step i.
Batch forward_step(const Context& c, int i, const Batch& x_prev, const Batch& x0, const Batch& z);
/// Why it has none, or no noise.
std::string needs_forward(const Context& c);

}  // namespace ddim::statistics::equations
