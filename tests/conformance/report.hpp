#pragma once

#include <string>

#include "tests/conformance/row.hpp"

namespace ddim::conformance {

/// How a report is written, in pieces: what is known before the first row, a row as it is made, and what is
/// known after the last: causes, what follows from what, the summary. Each ends its line.
struct Format {
  std::string (*head)(const CheckReport&);
  std::string (*newest)(const CheckReport&);  ///< its last row
  std::string (*end)(const CheckReport&);
};
/// For people: a line per row, then each failure in full with those that follow from it, and a summary.
extern const Format in_text;
/// For machines: a JSON object per line, the identity first, the summary last.
extern const Format in_json;

}  // namespace ddim::conformance
