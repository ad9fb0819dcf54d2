#pragma once

#include <iosfwd>

#include "tests/conformance/row.hpp"

namespace ddim::conformance {

/// For people: one line per row, failures in full, what follows from them folded, a summary at the end.
void print(std::ostream& out, const CheckReport& report);
/// For machines: one JSON object per line, the identity first, the summary last.
void print_json(std::ostream& out, const CheckReport& report);

}  // namespace ddim::conformance
