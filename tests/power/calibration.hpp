#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ddim::power {

/// The relaxed level at which false alarms are counted, and the level in force.
inline constexpr double kRelaxed = 1e-2, kInForce = 1e-9;

struct Calibration {
  int runs = 1000000;
  std::uint32_t seed = 1;
  int threads = 2;
};

/// What correct code gave under one part of the suite.
struct Line {
  std::string what;
  int runs = 0, alarms = 0;
  double rate = -1, level = kRelaxed;  ///< of false alarms
  double mean = -1, error = 0;         ///< of E or 1 / E; error: of rate or mean, where they are averages
  double uniform = -1;                 ///< p-value of the histogram of p-values
  bool good = true;
  std::string verdict = {};
};

/// Correct samplers: false alarms at most nominal and not vacuous, counted at the relaxed level and measured at the
/// level in force by importance sampling; the mean of E at 1; exact p-values uniform.
/// `report` has each line as it is made.
std::vector<Line> calibrate(const Calibration& options, const std::function<void(const Line&)>& report);

}  // namespace ddim::power
