#pragma once

#include <string>

namespace ddim::statistics {

/// How much is drawn, and what a PASS certifies at error beta.
struct Tier {
  std::string name;
  double least, most;     ///< residuals per claim
  double bias, variance;  ///< |coefficient| in deviations; relative variance
  double proportion;      ///< |probability|
  /// |P(r < z) - Phi(z)| of residuals, and the factor by which P(|r| > 3) may be more or less than the normal's.
  double distribution, tail;
  double first_look;    ///< draws of the first stage of a claim with only a p-value
  double roundoff = 1;  ///< of the outputs, at most: in so many draws coarser storage shows as a grid

  /// quick, full or soak. Errors: DomainError.
  static Tier named(const std::string& name);
};

}  // namespace ddim::statistics
