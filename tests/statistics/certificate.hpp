#pragma once

#include <Eigen/Core>
#include <limits>

#include "tests/statistics/joint.hpp"
#include "tests/statistics/regression.hpp"
#include "tests/statistics/shape_counts.hpp"

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

/// The same for vectors: each coordinate on 1 and the coordinate before it, the worst of them.
struct VectorCertificate {
  double bias, variance_low, variance_high;
};
VectorCertificate certify(const Joint& joint, double beta);

/// The same for a proportion: every probability not excluded by k of n.
struct Bounds {
  double low, high;
};
Bounds certify_proportion(double k, double n, double beta);

/// The same for the shape of residuals, whatever it is: P(r < z) is within `distribution` of the normal's at every
/// half deviation from -3 to 3, and P(|r| > 3) within tail_low and tail_high times the normal's.
struct ShapeCertificate {
  double distribution = 1, tail_low = 0, tail_high = std::numeric_limits<double>::infinity();
};
ShapeCertificate certify_shape(const ShapeCounts& shape, double beta);

}  // namespace ddim::statistics
