#include "tests/statistics/p_values.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/error.hpp"
#include "tests/samplers/draws.hpp"

namespace ddim::statistics {
namespace {

using samplers::Draws;
using samplers::Stream;

// Closed forms: chi^2 with 2 degrees has tail exp(-x / 2); the tails below were where "1 - cdf" gives 0.
TEST(PValues, TailsKeepTheirDigits) {
  EXPECT_NEAR(p_chi_squared(200, 2) / (2 * std::exp(-100.0)), 1, 1e-12);
  EXPECT_NEAR(p_normal(-12) / (2 * 1.7764821120776e-33), 1, 1e-11);
  EXPECT_EQ(p_normal(12), p_normal(-12));
}

TEST(PValues, VariancesAreJudgedOnBothSides) {
  EXPECT_LT(p_chi_squared(20, 100), 1e-15);   // too small a variance
  EXPECT_LT(p_chi_squared(300, 100), 1e-15);  // too large
  EXPECT_GT(p_chi_squared(99, 100), 0.5);
}

TEST(PValues, NonCentralMeetsTheCentralLawAtZeroAndAMixtureElsewhere) {
  EXPECT_NEAR(p_non_central_chi_squared(7, 4, 0), p_chi_squared(7, 4), 1e-12);
  // A Poisson(2) mixture of chi^2 with 4 + 2 j degrees, in closed form for even degrees.
  double tail = 0, poisson = std::exp(-2.0);
  for (int j = 0; j < 60; ++j) {
    double term = std::exp(-15.0), sum = 0;
    for (int i = 0; i < 2 + j; ++i) {
      sum += term;
      term *= 15.0 / (i + 1);
    }
    tail += poisson * sum;
    poisson *= 2.0 / (j + 1);
  }
  EXPECT_NEAR(p_non_central_chi_squared(30, 4, 4), 2 * tail, 1e-12);
}

TEST(PValues, BinomialAndClopperPearson) {
  EXPECT_NEAR(p_binomial(0, 10, 0.5), 2 * std::pow(0.5, 10), 1e-15);
  EXPECT_NEAR(p_binomial(10, 10, 0.5), 2 * std::pow(0.5, 10), 1e-15);
  // All of n: the lower end is (tail)^(1 / n).
  EXPECT_NEAR(clopper_pearson(3000, 3000, 0.9).low, std::pow(0.05, 1 / 3000.0), 1e-12);
  EXPECT_EQ(clopper_pearson(3000, 3000, 0.9).high, 1);
  EXPECT_GT(clopper_pearson(3000, 3000, 0.9).low, 0.999);
}

TEST(PValues, BartlettsPiecesAreUniformUnderTheNull) {
  constexpr int kRuns = 4000, d = 3, n = 20;
  std::vector<double> below(6, 0);
  for (int run = 0; run < kRuns; ++run) {
    const Batch w =
        Draws(11, Stream::judge, "uniform").normal_batch(d, n, static_cast<std::uint64_t>(run) * n, 0);
    const std::vector<double> p = p_bartlett(w * w.transpose(), n);
    ASSERT_EQ(p.size(), 6u);
    for (std::size_t k = 0; k < p.size(); ++k) below[k] += p[k] < 0.1 ? 1 : 0;
  }
  for (const double count : below) EXPECT_GT(p_binomial(count, kRuns, 0.1), 1e-6);
}

TEST(PValues, BartlettSeesDependenceAndSingularity) {
  Batch w = Draws(12, Stream::judge, "singular").normal_batch(3, 2000, 0, 0);
  w.row(2) = 0.3 * w.row(0) + std::sqrt(1 - 0.09) * w.row(2);
  EXPECT_LT(p_least_of(p_bartlett(w * w.transpose(), 2000)), 1e-12);
  w.row(2) = w.row(0);
  EXPECT_LT(p_least_of(p_bartlett(w * w.transpose(), 2000)), 1e-12);
}

TEST(PValues, RejectWhatIsNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(p_normal(nan), DomainError);
  EXPECT_THROW(p_chi_squared(nan, 3), DomainError);
  EXPECT_THROW(p_non_central_chi_squared(nan, 3, 1), DomainError);
  EXPECT_THROW(p_least_of({}), DomainError);
}

}  // namespace
}  // namespace ddim::statistics
