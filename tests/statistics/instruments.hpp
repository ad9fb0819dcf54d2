#pragma once

#include <functional>

namespace ddim::statistics {

/// The two errors of a run: a false FAIL anywhere in it,
/// and a PASS of something outside the certified bounds.
struct ErrorRates {
  double alpha = 1e-9;
  double beta = 1e-3;
};

/// The judgements that every verdict rests on, as a table so that a test can put a broken one in and see it
/// caught.
struct Instruments {
  /// Does the evidence reach the bar?
  std::function<bool(double log_e, double bar)> exceeds;
  /// Two-sided exact p-values.
  std::function<double(double z)> p_normal;
  std::function<double(double statistic, double degrees)> p_chi_squared;
  /// z of a sum of n standard normals.
  std::function<double(double sum, double n)> standardise;
  /// A residual that is not finite ends the claim.
  bool reject_non_finite = true;
  /// Whitening by the laws of the paper; false: by the code under test.
  bool whiten_by_paper = true;

  static Instruments sound();
};

/// Gandy and Scott (2019), for claims that have an exact p-value only: up to `stages` looks with fresh draws,
/// each `growth` times larger. P(FAIL | claim true) <= alpha over all looks together.
class SequentialRule {
 public:
  enum class Decision { fail, pass, more };
  SequentialRule(double alpha, int stages, double growth);
  /// Takes the p-value of the stage and says what is next. Domain: 0 <= p <= 1; NaN fails.
  Decision look(double p);
  /// Draws in the stage to come, given those of the first.
  double draws(double first) const;
  int stage() const { return stage_; }

 private:
  double level_, gamma_, growth_;
  int stages_, stage_ = 0;
};

}  // namespace ddim::statistics
