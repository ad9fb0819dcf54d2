#pragma once

#include <vector>

#include "tests/conformance/draft.hpp"

namespace ddim::conformance {

/// Replays the bank on every row that failed, `definition` with one mistake each: the causes that reproduce its
/// numbers, best first; then folds what follows from an earlier row.
/// `u`: the unit roundoff of the sampler's dtype.
void find_causes(std::vector<Draft>& drafts, const Recipe& definition, double u);

}  // namespace ddim::conformance
