#pragma once

#include <Eigen/Core>

namespace ddim::statistics {

/// Sums for the joint law of d residuals: null N(0, I_d).
struct Joint {
  double n = 0;
  Eigen::VectorXd sum;
  Eigen::MatrixXd second;
  void add(const Eigen::MatrixXd& w);  ///< d x n
};
/// log |m|, m symmetric and positive definite.
double log_determinant(const Eigen::MatrixXd& m);
/// log E of the normal-Wishart alternative (matrix-normal-Wishart with the one covariate 1).
double log_e_normal_wishart(const Joint& joint, double scale, double degrees);
/// Their mixture over scales and degrees: what a claim about vectors is judged by.
double log_e_vectors(const Joint& joint);

}  // namespace ddim::statistics
