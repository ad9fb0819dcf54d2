#pragma once

#include <cstdint>

#include "tests/power/mutants.hpp"
#include "tests/statistics/claim.hpp"

namespace ddim::power {

/// Wald: a test of level kAlpha that always finds the mistake needs, on average, draws whose KL from the null adds
/// up to ln(1 / alpha), in the order in which the claim draws. 0: not known (a law that is singular or not known, a
/// sampler that refuses), or so small that the estimate of KL is mostly noise.
double wald_bound(const Mutant& mutant, const statistics::Claim& claim, std::uint32_t seed);

}  // namespace ddim::power
