#pragma once

#include <iosfwd>

#include "tests/conformance/check.hpp"

namespace ddim::conformance {

/// For people: one line per row, failures in full, what follows from them folded, a summary at the end.
void print(std::ostream& out, const Report& report);
/// For machines: one JSON object per line, the identity first, the summary last.
void print_json(std::ostream& out, const Report& report);

/// The table of a run, from the configuration alone, and what is wrong or peculiar about it.
/// Errors: DomainError (S outside 1..T, eta < 0).
void inspect(std::ostream& out, const Run& run);

}  // namespace ddim::conformance
