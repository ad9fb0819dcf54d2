#include "tests/statistics/p_values.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "reference/error.hpp"

namespace ddim::statistics {
namespace {

void require_finite_statistic(const char* name, double value) {
  if (!std::isfinite(value)) throw DomainError(name, value, "the finite numbers");
}

double two_sided(double lower, double upper) { return std::min(1.0, 2 * std::min(lower, upper)); }

template <class Law>
double p_of(const Law& law, double x) {
  return two_sided(cdf(law, x), cdf(complement(law, x)));
}

}  // namespace

double p_normal(double z) {
  require_finite_statistic("z", z);
  return std::erfc(std::abs(z) / std::sqrt(2.0));
}

double p_chi_squared(double statistic, double degrees) {
  require_finite_statistic("chi^2", statistic);
  return p_of(boost::math::chi_squared(degrees), statistic);
}

double p_non_central_chi_squared(double statistic, double degrees, double non_centrality) {
  require_finite_statistic("chi^2", statistic);
  return p_of(boost::math::non_central_chi_squared(degrees, non_centrality), statistic);
}

double p_binomial(double successes, double n, double probability) {
  const boost::math::binomial law(n, probability);
  const double upper = successes == 0 ? 1.0 : cdf(complement(law, successes - 1));
  return two_sided(cdf(law, successes), upper);
}

double p_least_of(const std::vector<double>& independent) {
  if (independent.empty()) throw DomainError("number of p-values", "0", "at least one");
  const double least = *std::min_element(independent.begin(), independent.end());
  return -std::expm1(static_cast<double>(independent.size()) * std::log1p(-least));
}

std::vector<double> p_bartlett(const Eigen::MatrixXd& second_moment, double n) {
  const Eigen::Index d = second_moment.rows();
  if (!(n >= static_cast<double>(d)))
    throw DomainError("n", n, "n >= d = " + std::to_string(d) + " (Bartlett)");
  if (!second_moment.allFinite()) throw DomainError("second moments", "not finite", "the finite numbers");
  const Eigen::LLT<Eigen::MatrixXd> cholesky(second_moment);
  // Singular: a row of the noise is a combination of the others, which has probability zero.
  if (cholesky.info() != Eigen::Success) return {0.0};
  const Eigen::MatrixXd L = cholesky.matrixL();
  std::vector<double> p;
  for (Eigen::Index i = 0; i < d; ++i) {
    p.push_back(p_chi_squared(L(i, i) * L(i, i), n - static_cast<double>(i)));
    for (Eigen::Index j = 0; j < i; ++j) p.push_back(p_normal(L(i, j)));
  }
  return p;
}

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double probability) { return quantile(boost::math::normal(), probability); }

Interval clopper_pearson(double successes, double n, double confidence) {
  using boost::math::binomial;
  const double tail = (1 - confidence) / 2;
  return {binomial::find_lower_bound_on_p(n, successes, tail),
          binomial::find_upper_bound_on_p(n, successes, tail)};
}

}  // namespace ddim::statistics
