#pragma once

#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

/// Every claim about a run, in the order of the equations: claims/ has a file for each. Errors: DomainError
/// where no step of the run moves.
std::vector<Claim> claims(const Run& run);
/// Errors: DomainError.
const Claim& find_claim(const std::vector<Claim>& all, const std::string& id);

/// The claims' shares of alpha, renormalised over those that can be asked.
std::vector<double> shares(const std::vector<Claim>& claims, const Context& context);

}  // namespace ddim::statistics
