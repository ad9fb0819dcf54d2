#pragma once

#include <span>
#include <string>

#include "tests/faults/fault.hpp"
#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

/// What the residuals of a claim that has failed say, in words: the numbers, and the mistake of the bank that
/// makes them, "variance ratio 0.25 [noise-by-variance]: the noise is scaled by sigma^2".
std::string diagnose(const Residuals& residuals, const Evidence& evidence, const Context& context);

/// " [name]: says" of the fault whose residuals fit those seen in every cell within their errors, best first;
/// " [name] or [other]: says" where the two are the same on this run; empty: none. A fault is replayed by its
/// recipe, so those are considered whose step is affine in x_0, e and z.
std::string cause(const Residuals& residuals, const Evidence& evidence, const Context& context,
                  std::span<const faults::Fault> bank);

}  // namespace ddim::statistics
