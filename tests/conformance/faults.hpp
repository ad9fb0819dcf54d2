#pragma once

#include <span>

#include "tests/conformance/recipe.hpp"

namespace ddim::conformance {

/// One way in which real samplers have been wrong: the reference with one decision replaced. The bank serves
/// as `builtin:fault:NAME` and as the ranked causes of a failure.
struct Fault {
  std::string name;
  std::string equation;
  std::string condition;    ///< when it shows
  std::string source;       ///< where it has been seen
  std::string description;  ///< how a report names it as a cause
  void (*apply)(Recipe&);
  Dialect dialect = Dialect::paper;  ///< whose definition it breaks
  std::string config = "sd15";       ///< a configuration on which it shows
};

std::span<const Fault> faults();
/// nullptr: no fault of that name.
const Fault* find_fault(const std::string& name);

}  // namespace ddim::conformance
