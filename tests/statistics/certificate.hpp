#pragma once

#include <Eigen/Core>

#include "tests/statistics/joint.hpp"
#include "tests/statistics/regression.hpp"

namespace ddim::statistics {

/// Time-uniform confidence sets at total error beta, valid at every n at once, for normal residuals of any
/// mean and variance: coefficient_k lies within estimate +- radius, the variance within [low, high].
struct Certificate {
  Eigen::VectorXd estimate, radius;
  double variance = 1, variance_low = 0, variance_high = 0;
  /// Largest |coefficient| not excluded; infinity while nothing is known.
  double bias() const;
};
Certificate certify(const Regression& sums, int covariates, double beta);

/// The same for a proportion: every probability not excluded by k of n.
struct Bounds {
  double low, high;
};
Bounds certify_proportion(double k, double n, double beta);

}  // namespace ddim::statistics
