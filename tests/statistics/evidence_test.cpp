#include "tests/statistics/evidence.hpp"

#include <gtest/gtest.h>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "tests/statistics/laws.hpp"
#include "tests/statistics/random.hpp"

namespace ddim::statistics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double expectation(const std::function<double(double)>& log_e, double bound = kInfinity) {
  const auto integrand = [&](double z) {
    return std::exp(log_e(z) - z * z / 2) / std::sqrt(2 * std::numbers::pi);
  };
  return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(integrand, -bound, bound, 15, 1e-10);
}

// The defining property, by quadrature and not by sampling: E[E_1] = 1, and E[E_{n+1} | first n] = E_n.
TEST(Evidence, RegressionIsAMartingale) {
  const std::vector<std::vector<double>> x{{1, 0.3, -2}, {1, -1.2, 0.5}, {1, 2.0, 1.0}, {1, 0.1, 0.7}};
  const std::vector<int> subset{0, 1, 2}, none{};
  for (const double scale : {4.0, 0.05}) {
    for (const double shape : {2.0, 60.0, kInfinity}) {
      for (const std::span<const int> chosen : {std::span<const int>(subset), std::span<const int>(none)}) {
        if (chosen.empty() && std::isinf(shape)) continue;
        Regression sums;
        for (const double r : {0.4, -1.7, 2.2, 0.0}) {
          const auto next = [&](double z) {
            Regression after = sums;
            after.add(x[static_cast<std::size_t>(sums.n)], z);
            return log_e_regression(after, chosen, scale, shape, std::isinf(shape) ? 1 : 0.7 * shape) -
                   (sums.n == 0 ? 0 : log_e_regression(sums, chosen, scale, shape, 0.7 * shape));
          };
          EXPECT_NEAR(expectation(next), 1, 1e-6) << scale << " " << shape << " " << sums.n;
          sums.add(x[static_cast<std::size_t>(sums.n)], r);
        }
      }
    }
  }
}

TEST(Evidence, ShapeTiesAndCountsAreMartingales) {
  Shape shape;
  for (const double r : {0.1, -0.2, 5.5, -6.5, 1.0}) {
    double mean = 0;
    for (int k = 0; k < Shape::kCells; ++k) {
      const double low = k == 0 ? -kInfinity : k == 1 ? -6 : k == 83 ? 6 : -5 + (k - 2) / 8.0;
      const double high = k == 83 ? kInfinity : k == 0 ? -6 : k == 1 ? -5 : k == 82 ? 6 : -5 + (k - 1) / 8.0;
      const double p = low > 0 ? normal_cdf(-low) - normal_cdf(-high) : normal_cdf(high) - normal_cdf(low);
      Shape after = shape;
      after.n += 1;
      after.count[static_cast<std::size_t>(k)] += 1;
      mean += p * std::exp(log_e_shape(after) - (shape.n == 0 ? 0 : log_e_shape(shape)));
    }
    EXPECT_NEAR(mean, 1, 1e-9);
    shape.add(r);
  }
  const std::vector<double> p{0.5, 0.3, 0.2};
  std::vector<double> counts{3, 0, 1};
  double mean = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<double> after = counts;
    after[k] += 1;
    mean += p[k] * std::exp(log_e_multinomial(after, p) - log_e_multinomial(counts, p));
  }
  EXPECT_NEAR(mean, 1, 1e-10);
  for (const double true_p : {1e-3, 5e-4, 0.0}) {  // at most 1 whenever ties are no likelier than p0
    const Ties ties{50, 1};
    const double now = log_e_ties(ties, 1e-3);
    const double expected = true_p * std::exp(log_e_ties({51, 2}, 1e-3) - now) +
                            (1 - true_p) * std::exp(log_e_ties({51, 1}, 1e-3) - now);
    EXPECT_LE(expected, 1 + 1e-12);
  }
}

TEST(Evidence, CellsOfTheHistogramAreWhereTheySayTheyAre) {
  EXPECT_EQ(Shape::cell(-1e300), 0);
  EXPECT_EQ(Shape::cell(-5.5), 1);
  EXPECT_EQ(Shape::cell(-5), 2);
  EXPECT_EQ(Shape::cell(4.9999), 81);
  EXPECT_EQ(Shape::cell(5), 82);
  EXPECT_EQ(Shape::cell(1e300), 83);
}

TEST(Evidence, NormalWishartIsAMartingale) {
  Joint joint;
  Eigen::Matrix<double, 2, 2> seen;
  seen << 0.3, -1.1, 0.8, 1.9;
  joint.add(seen);
  const double now = log_e_normal_wishart(joint, 0.3, 4);
  const double mean = expectation(
      [&](double a) {
        return std::log(expectation(
            [&](double b) {
              Joint after = joint;
              after.add(Eigen::Vector2d(a, b));
              return log_e_normal_wishart(after, 0.3, 4) - now;
            },
            30));
      },
      30);  // beyond 30 the inner integral overflows; what is cut off is the alternative's tail
  EXPECT_NEAR(mean, 1, 1e-4);
}

// E is a likelihood ratio, so under its own alternative 1 / E averages to 1, whatever law was drawn.
TEST(Evidence, TheAlternativesAreThoseThatItAveragesOver) {
  for (const int cells : {1, 3}) {
    constexpr int kRuns = 4000, kDraws = 12;
    double sum = 0, squares = 0;
    for (std::uint32_t run = 0; run < kRuns; ++run) {
      const Draws draws(run, Stream::judge, 3);
      std::uint64_t used = 0;
      const Alternative::Uniform uniform = [&] { return draws.uniforms(used++, 0)[0] + 0x1p-54; };
      const Alternative alternative(cells, 3, 1e-3, uniform);
      Evidence evidence(cells, 3, 1e-3);
      for (int n = 0; n < kDraws; ++n) {
        const std::array<double, 3> x{1, normal_quantile(uniform()), normal_quantile(uniform())};
        const double r = alternative.residual(n % cells, x, uniform);
        evidence.add(n % cells, x, r, alternative.tie(uniform));
      }
      const double value = std::exp(-evidence.log_e());
      sum += value;
      squares += value * value;
    }
    const double mean = sum / kRuns, error = std::sqrt((squares / kRuns - mean * mean) / kRuns);
    EXPECT_NEAR(mean, 1, 5 * error) << cells;
    EXPECT_LT(error, 0.02);
  }
}

Evidence evidence_of(const std::function<double(double)>& sampler, int n, std::uint32_t seed = 5) {
  Evidence evidence(2, 3);
  for (int i = 0; i < n; ++i) {
    const auto u = Draws(seed, Stream::judge, 1).normals(static_cast<std::uint64_t>(i), 0);
    const auto z = Draws(seed, Stream::judge, 2).normals(static_cast<std::uint64_t>(i), 0);
    const std::array<double, 3> x{1, u[0], u[1]};
    evidence.add(i % 2, x, sampler(z[0]), false);
  }
  return evidence;
}

TEST(Evidence, StaysLowOnTheNullAndRisesOnEveryKindOfFault) {
  EXPECT_LT(evidence_of([](double z) { return z; }, 20000).log_e(), 1);
  EXPECT_GT(evidence_of([](double z) { return z + 0.1; }, 8000).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return 1.05 * z; }, 20000).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return 0.95 * z; }, 20000).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return std::sqrt(12.0) * (normal_cdf(z) - 0.5); }, 500).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return std::clamp(z, -3.0, 3.0); }, 50000).log_e(), 25);
  EXPECT_EQ(
      evidence_of([](double z) { return z > 2 ? std::numeric_limits<double>::quiet_NaN() : z; }, 500).log_e(),
      kInfinity);
}

TEST(Evidence, HalvesMergeToTheSameSums) {
  const Evidence whole = evidence_of([](double z) { return z; }, 2000);
  Evidence first(2, 3), second(2, 3);
  for (int i = 0; i < 2000; ++i) {
    const auto u = Draws(5, Stream::judge, 1).normals(static_cast<std::uint64_t>(i), 0);
    const auto z = Draws(5, Stream::judge, 2).normals(static_cast<std::uint64_t>(i), 0);
    (i < 1000 ? first : second).add(i % 2, std::array<double, 3>{1, u[0], u[1]}, z[0], false);
  }
  first.merge(second);
  EXPECT_NEAR(first.log_e(), whole.log_e(), 1e-9);
  EXPECT_EQ(first.n(), whole.n());
}

// Coverage at beta = 0.2 over every n at once, for residuals that are biased and too wide: at most 20 % of
// runs may ever exclude the truth; and the sets are not vacuous.
TEST(Evidence, CertificatesCoverAtEveryTime) {
  constexpr int kRuns = 300;
  int missed = 0;
  double radius = 0;
  for (int run = 0; run < kRuns; ++run) {
    Regression sums;
    bool ever = false;
    for (int i = 0; i < 1500; ++i) {
      const auto z =
          Draws(21, Stream::judge, static_cast<std::uint32_t>(run)).normals(static_cast<std::uint64_t>(i), 0);
      const std::array<double, 2> x{1, z[0]};
      sums.add(x, 0.2 - 0.1 * z[0] + 1.3 * z[1]);
      if (i % 50 != 49) continue;
      const Certificate c = certify(sums, 2, 0.2);
      ever = ever || std::abs(c.estimate[0] - 0.2) > c.radius[0] ||
             std::abs(c.estimate[1] + 0.1) > c.radius[1] || c.variance_low > 1.69 || c.variance_high < 1.69;
      if (i == 1499) radius += c.radius[0] / kRuns;
    }
    missed += ever ? 1 : 0;
  }
  EXPECT_GT(p_binomial(missed, kRuns, 0.2) + (missed < 60 ? 1 : 0), 1e-6);
  EXPECT_LT(radius, 0.25);
}

TEST(Evidence, CertificatesDoWithoutACovariateThatIsNeverThere) {
  Regression sums;
  for (int i = 0; i < 5000; ++i) {
    const auto z = Draws(22, Stream::judge, 0).normals(static_cast<std::uint64_t>(i), 0);
    sums.add(std::array<double, 2>{1, 0}, 0.3 + 0.5 * z[0]);
  }
  const Certificate c = certify(sums, 2, 1e-3);
  EXPECT_NEAR(c.variance, 0.25, 0.03);
  EXPECT_NEAR(c.estimate[0], 0.3, 0.05);
  EXPECT_EQ(c.estimate[1], 0);
  EXPECT_LT(c.bias(), 0.4);
}

}  // namespace
}  // namespace ddim::statistics
