#include "tests/statistics/certificate.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "tests/statistics/numbers.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

/// Coefficients: the t-mixture with right Haar prior on the deviation and b ~ N(b_0, scale s^2). With
/// D = b - b_0 the set is D'(G P^-1 G - q G) D <= q RSS, P = G + I / scale,
/// q = 1 - (2 / beta sqrt|P| / sqrt|I / scale|)^(-2 / n). Nothing where it is not bounded.
std::optional<Eigen::VectorXd> radius_of(const Eigen::MatrixXd& gram, double n, double residual,
                                         double beta) {
  constexpr double kPriorPrecision = 1e4;
  const Eigen::Index p = gram.rows();
  const Eigen::MatrixXd precision = gram + kPriorPrecision * Eigen::MatrixXd::Identity(p, p);
  const double log_ratio =
      0.5 * (log_determinant(precision) - static_cast<double>(p) * std::log(kPriorPrecision));
  const double q = -std::expm1(-2 / n * (std::log(2 / beta) + log_ratio));
  const Eigen::MatrixXd form = gram * precision.ldlt().solve(gram) - q * gram;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(form);
  if (!(eigen.eigenvalues().minCoeff() > 0)) return {};
  const Eigen::MatrixXd inverse = eigen.eigenvectors() * eigen.eigenvalues().cwiseInverse().asDiagonal() *
                                  eigen.eigenvectors().transpose();
  return (q * residual * inverse.diagonal()).cwiseSqrt();
}

/// Variance: residual / variance ~ chi^2 with that many degrees; a gamma mixture of its scale, inverted by
/// bisection.
Bounds variance_of(double residual, double degrees, double beta) {
  constexpr double kShape = 2e3;
  const auto excess = [&](double log_variance) {
    const double scaled = residual * std::exp(-log_variance) / 2;
    return kShape * std::log(kShape) - std::lgamma(kShape) + std::lgamma(kShape + degrees / 2) -
           (kShape + degrees / 2) * std::log(kShape + scaled) + scaled - std::log(2 / beta);
  };
  const double centre = std::log(residual / degrees);
  const auto root = [&](double direction) {
    double inside = centre, outside = centre + direction * 1e-6;
    for (double step = 1e-6; excess(outside) < 0 && step < 700; step *= 2) {
      inside = outside;
      outside = centre + direction * step * 2;
    }
    if (excess(outside) < 0) return direction < 0 ? 0.0 : kInfinity;
    for (int i = 0; i < 60; ++i) {
      const double middle = (inside + outside) / 2;
      (excess(middle) < 0 ? inside : outside) = middle;
    }
    return std::exp(outside);
  };
  return {root(-1), root(+1)};
}

using Flags = Eigen::Array<bool, Eigen::Dynamic, 1>;

/// Covariates that say nothing which those before them do not: always 0 (there is no earlier step), or made of them
/// (of two steps the first's noise is the second's e_t).
Flags repeated(const Eigen::MatrixXd& gram) {
  constexpr double kNothing = 1e-9;
  Flags flags = Flags::Constant(gram.rows(), false);
  Eigen::MatrixXd factor = Eigen::MatrixXd::Zero(gram.rows(), gram.rows());
  for (Eigen::Index i = 0; i < gram.rows(); ++i) {
    for (Eigen::Index j = 0; j < i; ++j) {
      if (!flags[j])
        factor(i, j) = (gram(i, j) - factor.row(i).head(j).dot(factor.row(j).head(j))) / factor(j, j);
    }
    const double rest = gram(i, i) - factor.row(i).head(i).squaredNorm();
    flags[i] = !(rest > kNothing * gram(i, i));
    factor(i, i) = flags[i] ? 0 : std::sqrt(rest);
  }
  return flags;
}

}  // namespace

double Certificate::bias() const { return (estimate.cwiseAbs() + radius).maxCoeff(); }

Certificate certify(const Regression& sums, int covariates, double beta) {
  const Eigen::Index p = covariates;
  Certificate result{Eigen::VectorXd::Zero(p), Eigen::VectorXd::Constant(p, kInfinity), 1, 0, kInfinity};
  const double degrees = sums.n - static_cast<double>(p);
  if (degrees < 10) return result;

  Eigen::MatrixXd gram(p, p);
  Eigen::VectorXd moment(p);
  for (Eigen::Index i = 0; i < p; ++i) {
    moment[i] = sums.xr[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j <= i; ++j)
      gram(i, j) = gram(j, i) = sums.xx[static_cast<std::size_t>(i * Regression::kMax + j)];
  }
  const Flags absent = repeated(gram);
  for (Eigen::Index i = 0; i < p; ++i) {
    if (!absent[i]) continue;
    gram.row(i).setZero();
    gram.col(i).setZero();
    gram(i, i) = sums.n;
    moment[i] = 0;
  }
  const Eigen::LLT<Eigen::MatrixXd> cholesky(gram);
  if (cholesky.info() != Eigen::Success) return result;
  result.estimate = cholesky.solve(moment);
  const double residual = std::max(sums.rr - moment.dot(result.estimate), 0.0);
  result.variance = residual / degrees;
  if (residual == 0) return result;
  if (const auto radius = radius_of(gram, sums.n, residual, beta))
    result.radius = absent.select(0.0, radius->array());
  const Bounds variance = variance_of(residual, degrees, beta);
  result.variance_low = variance.low;
  result.variance_high = variance.high;
  return result;
}

VectorCertificate certify(const Joint& joint, double beta) {
  const Eigen::Index d = joint.sum.size();
  VectorCertificate worst{0, kInfinity, 0};
  for (Eigen::Index i = 0; i < d; ++i) {
    Regression sums;
    sums.n = joint.n;
    sums.rr = joint.second(i, i);
    sums.xr = {joint.sum[i], i > 0 ? joint.second(i, i - 1) : 0};
    sums.xx[0] = joint.n;
    sums.xx[Regression::kMax] = i > 0 ? joint.sum[i - 1] : 0;
    sums.xx[Regression::kMax + 1] = i > 0 ? joint.second(i - 1, i - 1) : 0;
    const Certificate c = certify(sums, i > 0 ? 2 : 1, beta / static_cast<double>(d));
    worst.bias = std::max(worst.bias, c.bias());
    worst.variance_low = std::min(worst.variance_low, c.variance_low);
    worst.variance_high = std::max(worst.variance_high, c.variance_high);
  }
  return worst;
}

Bounds certify_proportion(double k, double n, double beta) {
  const auto excess = [&](double p) {
    const double null = (k > 0 ? k * std::log(p) : 0) + (n > k ? (n - k) * std::log1p(-p) : 0);
    return std::lgamma(k + 0.5) + std::lgamma(n - k + 0.5) - std::lgamma(n + 1) - std::log(std::numbers::pi) -
           null - std::log(1 / beta);
  };
  const auto root = [&](double inside, double outside) {
    for (int i = 0; i < 60; ++i) {
      const double middle = (inside + outside) / 2;
      (excess(middle) < 0 ? inside : outside) = middle;
    }
    return outside;
  };
  const double centre = n > 0 ? k / n : 0.5;
  return {root(centre, 0), root(centre, 1)};
}

ShapeCertificate certify_shape(const ShapeCounts& shape, double beta) {
  constexpr int kEdges = 13;
  const double share = beta / (kEdges + 1);
  ShapeCertificate result{0, 0, 0};
  double tail = shape.n;
  for (int k = 0; k < kEdges; ++k) {
    const double edge = -3 + k / 2.0;
    const int cell = ShapeCounts::cell(edge);
    const double below = std::accumulate(shape.count.begin(), shape.count.begin() + cell, 0.0);
    const Bounds bounds = certify_proportion(below, shape.n, share);
    const double normal = normal_cdf(edge);
    result.distribution = std::max({result.distribution, bounds.high - normal, normal - bounds.low});
    if (k == 0) tail += below;
    if (k == kEdges - 1) tail -= below;
  }
  const Bounds bounds = certify_proportion(tail, shape.n, share);
  const double normal = 2 * normal_cdf(-3);
  result.tail_low = bounds.low / normal;
  result.tail_high = bounds.high / normal;
  return result;
}

}  // namespace ddim::statistics
