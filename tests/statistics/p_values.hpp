#pragma once

#include <Eigen/Core>
#include <vector>

namespace ddim::statistics {

/// Exact p-values, each from the tail itself (never 1 - cdf) and two-sided by doubling the smaller tail.
/// Domain: finite statistics (DomainError otherwise), n >= 1. Error: that of Boost.Math's tail, a few ulps.
double p_normal(double z);
double p_chi_squared(double statistic, double degrees);
double p_non_central_chi_squared(double statistic, double degrees, double non_centrality);
double p_binomial(double successes, double n, double probability);

/// The least of independent exact p-values, made exact again (Sidak): 1 - (1 - min)^k.
double p_least_of(const std::vector<double>& independent);

/// Bartlett's pieces. For W = sum of w w^T over n draws of N(0, I_d), W = L L^T has L_ii^2 ~ chi^2_{n - i +
/// 1} and L_ij ~ N(0, 1), all independent: one exact p-value each, d (d + 1) / 2 of them. Domain: n >= d.
std::vector<double> p_bartlett(const Eigen::MatrixXd& second_moment, double n);

/// Phi, its complement and its inverse, for probability integral transforms.
double normal_cdf(double z);
double normal_quantile(double probability);

/// Clopper-Pearson interval for a proportion at the given two-sided confidence.
struct Interval {
  double low;
  double high;
};
Interval clopper_pearson(double successes, double n, double confidence);

}  // namespace ddim::statistics
