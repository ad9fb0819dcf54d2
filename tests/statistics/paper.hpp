#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "reference/error.hpp"

/// The paper's laws written out literally in long double, from the betas alone. Residuals are whitened with
/// these and never with the code under test, which would cancel its own faults.
namespace ddim::statistics::paper {

using Real = long double;

struct Level {
  Real a = 1;  ///< alpha_bar
  Real b = 0;  ///< 1 - alpha_bar
};

/// Levels at t = 0..T.
inline std::vector<Level> levels(std::span<const double> betas) {
  std::vector<Level> table{{}};
  for (const double beta : betas) {
    const Level last = table.back();
    table.push_back({last.a * (1 - Real(beta)), last.b + last.a * Real(beta)});
  }
  return table;
}

/// One step from `current` down to `prev` with variance s2.
struct Step {
  Level current, prev;
  Real s2 = 0;

  /// Eq16.
  static Step with_eta(const Level& current, const Level& prev, double eta) {
    return {current, prev, Real(eta) * Real(eta) * prev.b / current.b * ((prev.a - current.a) / prev.a)};
  }

  /// Eq7: x_prev = posterior_x0 x_0 + direction e + sigma z.
  double posterior_x0() const { return static_cast<double>(std::sqrt(prev.a)); }
  double direction() const { return static_cast<double>(std::sqrt(radicand())); }
  double sigma() const { return static_cast<double>(std::sqrt(s2)); }

  /// Eq8: x_t = root_a x_0 + forward_gain (x_prev - root_a_prev x_0) + forward_sigma z.
  double forward_gain() const { return static_cast<double>(std::sqrt(current.b * radicand()) / prev.b); }
  double forward_sigma() const { return static_cast<double>(std::sqrt(s2 * current.b / prev.b)); }
  /// NonMarkov: x_0's coefficient in Eq8.
  double non_markov() const {
    return static_cast<double>(std::sqrt(current.a) -
                               std::sqrt(current.b * radicand()) / prev.b * std::sqrt(prev.a));
  }

  Real radicand() const {
    const Real value = prev.b - s2;
    if (value >= 0) return value;
    if (value >= -prev.b * 0x1p-50L) return 0;
    throw DomainError("sigma^2", static_cast<double>(s2), "0 <= sigma^2 <= 1 - alpha_bar_prev (Eq7)");
  }
};

inline double root(Real value) { return static_cast<double>(std::sqrt(value)); }

}  // namespace ddim::statistics::paper
