#pragma once

#include <array>

#include "tests/statistics/claim.hpp"

/// The claims about each equation, a file for each.
namespace ddim::statistics::equations {

using Claims = std::vector<Claim>(const Run&);
Claims contract, lemma1, eq12, eq16, eq10, eq8, non_markov, eq6, eq11, theorem1, eq13, eq14, appendix_a,
    generator, seeds;

/// In the order in which they are asked.
inline constexpr std::array kAll{contract, lemma1,   eq12, eq16, eq10,       eq8,       non_markov, eq6,
                                 eq11,     theorem1, eq13, eq14, appendix_a, generator, seeds};

}  // namespace ddim::statistics::equations
