#pragma once

#include <functional>
#include <span>
#include <string>

#include "tests/samplers/config.hpp"

namespace ddim::samplers {

/// A legal convention, whole: what the equations leave open, and how this one settles it. Nothing else in the
/// suite asks which dialect it is.
struct Dialect {
  std::string name;
  std::string says;  ///< one sentence for a reader
  /// The default for locators that begin or end so; of several that fit, the longest decides.
  std::vector<std::string> locators;

  /// alpha_bar_prev of the last step.
  std::function<Level(const Config&, const Table&)> last_level;
  std::string of_last_level;  ///< in a note: "the paper's last alpha_bar_prev is 1"

  /// A clipped or thresholded x_0 gets the eps that belongs to it, or keeps the network's.
  bool rederives_eps = true;
  std::string of_eps;  ///< in a note: "the paper's step takes eps from the clipped x_0"
};

/// Every dialect there is, the paper's first: the one place to add another.
std::span<const Dialect> dialects();
const Dialect& paper();
/// Errors: DomainError naming those there are.
const Dialect& dialect(const std::string& name);
/// What a locator is judged by where nothing is said.
const Dialect& default_dialect(const std::string& locator);

}  // namespace ddim::samplers
