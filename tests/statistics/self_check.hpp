#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tests/statistics/instruments.hpp"

namespace ddim::statistics {

/// A mistake in the suite's own judgement.
struct SuiteFault {
  std::string name;
  std::string description;
  std::function<void(Instruments&)> apply;
};
std::span<const SuiteFault> suite_faults();

/// What a suite must get right to be believed: the reference passes, and chosen known-wrong samplers fail, each
/// in the claim named. Returns what went wrong; empty for sound instruments.
std::vector<std::string> self_check(const Instruments& instruments);

}  // namespace ddim::statistics
