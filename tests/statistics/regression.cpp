#include "tests/statistics/regression.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "reference/error.hpp"

namespace ddim::statistics {

void Regression::merge(const Regression& other) {
  n += other.n;
  rr += other.rr;
  for (std::size_t i = 0; i < xr.size(); ++i) xr[i] += other.xr[i];
  for (std::size_t i = 0; i < xx.size(); ++i) xx[i] += other.xx[i];
}

double log_e_regression(const Regression& sums, std::span<const int> subset, double scale, double shape,
                        double rate) {
  constexpr int k = 3;
  const int p = static_cast<int>(subset.size());
  if (p > k) throw DomainError("number of covariates", std::to_string(p), "0..3");
  // Cholesky of precision = I / scale + X'X, and explained = |L^-1 X'r|^2.
  double L[k][k] = {}, y[k] = {}, log_det = 0, explained = 0;
  for (int i = 0; i < p; ++i) {
    const auto si = static_cast<std::size_t>(subset[static_cast<std::size_t>(i)]);
    y[i] = sums.xr[si];
    for (int j = 0; j <= i; ++j) {
      const auto sj = static_cast<std::size_t>(subset[static_cast<std::size_t>(j)]);
      double value =
          sums.xx[std::max(si, sj) * Regression::kMax + std::min(si, sj)] + (i == j ? 1 / scale : 0.0);
      for (int m = 0; m < j; ++m) value -= L[i][m] * L[j][m];
      L[i][j] = i == j ? std::sqrt(value) : value / L[j][j];
    }
    for (int m = 0; m < i; ++m) y[i] -= L[i][m] * y[m];
    y[i] /= L[i][i];
    explained += y[i] * y[i];
    log_det += 2 * std::log(L[i][i]) + std::log(scale);
  }
  if (std::isinf(shape)) return 0.5 * (explained - log_det);
  const double posterior = shape + sums.n / 2, posterior_rate = rate + std::max(0.0, sums.rr - explained) / 2;
  return 0.5 * (sums.rr - log_det) + shape * std::log(rate) - posterior * std::log(posterior_rate) +
         std::lgamma(posterior) - std::lgamma(shape);
}

}  // namespace ddim::statistics
