#pragma once

#include "tests/statistics/claim.hpp"

/// The claims about each equation, a file for each, in the order in which they are asked.
namespace ddim::statistics::equations {

std::vector<Claim> contract(const Run& run);
std::vector<Claim> lemma1(const Run& run);
std::vector<Claim> eq12(const Run& run);
std::vector<Claim> eq16(const Run& run);
std::vector<Claim> eq10(const Run& run);
std::vector<Claim> eq8(const Run& run);
std::vector<Claim> non_markov(const Run& run);
std::vector<Claim> eq6(const Run& run);
std::vector<Claim> eq11(const Run& run);
std::vector<Claim> theorem1(const Run& run);
std::vector<Claim> eq13(const Run& run);
std::vector<Claim> eq14(const Run& run);
std::vector<Claim> appendix_a(const Run& run);
std::vector<Claim> generator(const Run& run);

}  // namespace ddim::statistics::equations
