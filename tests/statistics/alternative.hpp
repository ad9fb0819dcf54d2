#pragma once

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "tests/statistics/mixture.hpp"
#include "tests/statistics/regression.hpp"

namespace ddim::statistics {

/// One of the laws that Evidence::log_e averages over, drawn from that average; E is the likelihood ratio of
/// the average to the null. Under it alarms are common and weigh 1 / E, so that P(alarm) = E_alternative[1 /
/// E at the alarm] can be measured at levels where nobody could count them.
class Alternative {
 public:
  /// Independent and uniform on (0, 1), 0 and 1 left out.
  using Uniform = std::function<double()>;
  /// Arguments and domain as Evidence's.
  Alternative(int cells, int covariates, double tie_probability, const Uniform& uniform);
  /// A residual of this law, given its covariates. Domain: cell < cells, as many covariates as were said.
  double residual(int cell, std::span<const double> x, const Uniform& uniform) const;
  /// Whether the draw is a repeat.
  bool tie(const Uniform& uniform) const { return uniform() < tie_probability_; }

 private:
  struct Normal {
    std::array<double, Regression::kMax> coefficients{};
    double deviation = 1;
  };
  static Normal draw(const Part& part, const Uniform& uniform);

  std::vector<Normal> cells_;
  std::vector<double> shape_;  ///< probabilities of ShapeCounts' cells; empty: normal
  double tie_probability_;
};

}  // namespace ddim::statistics
