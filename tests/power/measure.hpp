#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/power/mutants.hpp"

namespace ddim::power {

inline constexpr double kAlpha = 1e-9;

/// A mistake under one claim.
struct Cell {
  std::string claim;
  bool exact = false;  ///< found by comparison, without draws
  int runs = 0, killed = 0;
  double mean = 0, median = 0, q90 = 0, q99 = 0;  ///< draws until found
  double wald = 0;                                ///< draws whose KL adds up to ln(1 / alpha); 0: not known
  double efficiency = 0;                          ///< wald / mean; 0: not known
  std::string by = {};
};

/// A mistake under every claim that can be asked.
struct Row {
  Mutant mutant;
  std::vector<Cell> cells;
  int primary = -1;   ///< the claim that finds it soonest; -1: none does
  int survivors = 0;  ///< runs of that claim that would have passed

  const Cell* best() const { return primary < 0 ? nullptr : &cells[static_cast<std::size_t>(primary)]; }
  /// The claims that found it.
  std::vector<const Cell*> killers() const;
  bool only_killer() const { return killers().size() == 1; }
  bool survived() const { return !best() || survivors > 0; }
};

struct Plan {
  int runs = 3000;     ///< of the claim that finds it soonest
  int side_runs = 10;  ///< of the other claims that find it
  double pilot_most = 6e4, most = 4e6;
  int threads = 2;
  std::uint32_t seed = 1;
  bool wald = true;  ///< its bound beside the draws

  /// Few runs, short pilots, no bounds.
  Plan quick() const;
};

/// Every claim is asked, shortly first so that the many that see nothing cost little.
Row measure(const Mutant& mutant, const Plan& plan);

}  // namespace ddim::power
