#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace ddim::statistics {

/// Sums for the regression of a whitened residual r on at most six covariates known before r is drawn.
struct Regression {
  static constexpr int kMax = 6;
  double n = 0, rr = 0;
  std::array<double, kMax> xr{};
  std::array<double, kMax * kMax> xx{};  // lower triangle, row-major

  void add(std::span<const double> x, double r) {
    n += 1;
    rr += r * r;
    for (std::size_t i = 0; i < x.size(); ++i) {
      xr[i] += x[i] * r;
      for (std::size_t j = 0; j <= i; ++j) xx[i * kMax + j] += x[i] * x[j];
    }
  }
  void merge(const Regression& other);
};

/// log E of the normal-gamma regression: null r ~ N(0, 1); alternative r ~ N(x b, 1/l) with b | l ~ N(0,
/// scale / l) on the covariates in `subset` and l ~ Gamma(shape, rate); shape = infinity fixes l = 1. Domain:
/// scale, shape, rate > 0, at most three covariates.
double log_e_regression(const Regression& sums, std::span<const int> subset, double scale, double shape,
                        double rate);

}  // namespace ddim::statistics
