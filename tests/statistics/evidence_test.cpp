#include "tests/statistics/evidence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "reference/error.hpp"
#include "tests/samplers/draws.hpp"
#include "tests/statistics/alternative.hpp"
#include "tests/statistics/certificate.hpp"
#include "tests/statistics/joint.hpp"
#include "tests/statistics/numbers.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

using samplers::Draws;
using samplers::Stream;

double expectation(const std::function<double(double)>& log_e, double bound = kInfinity) {
  const auto integrand = [&](double z) {
    return std::exp(log_e(z) - z * z / 2) / std::sqrt(2 * std::numbers::pi);
  };
  return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(integrand, -bound, bound, 15, 1e-10);
}

std::pair<double, double> mean_and_error(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / n) * (value - sum / n);
  return {sum / n, std::sqrt(squares) / n};
}

/// log of the integral of prod N(r; x b, 1 / l) / N(r; 0, 1) over the normal-gamma prior, by sums over grids
/// in log l and in b, each as fine as the integrand is narrow. At most two coefficients, and two only where l
/// = 1 is fixed.
double log_integral(const std::vector<int>& subset, double scale, double shape, double rate,
                    const std::vector<std::array<double, 3>>& x, const std::vector<double>& r) {
  const auto log_ratio = [&](double b0, double b1, double l) {
    double sum = 0;
    for (std::size_t i = 0; i < r.size(); ++i) {
      double mean = 0;
      if (!subset.empty()) mean += b0 * x[i][static_cast<std::size_t>(subset[0])];
      if (subset.size() > 1) mean += b1 * x[i][static_cast<std::size_t>(subset[1])];
      sum += 0.5 * (std::log(l) - l * (r[i] - mean) * (r[i] - mean) + r[i] * r[i]);
    }
    return sum;
  };
  const auto log_prior_b = [&](double b, double l) {
    return 0.5 * (std::log(l / scale / (2 * std::numbers::pi)) - l * b * b / scale);
  };
  std::vector<double> log_terms;
  const auto over_b = [&](double l, double log_factor) {
    if (subset.empty()) return log_terms.push_back(log_factor + log_ratio(0, 0, l));
    // Around the least squares of the first coefficient and as wide as the likelihood allows.
    double xx = 1 / scale, xr = 0;
    for (std::size_t i = 0; i < r.size(); ++i) {
      const double xi = x[i][static_cast<std::size_t>(subset[0])];
      xx += xi * xi;
      xr += xi * r[i];
    }
    const double width = 14 / std::sqrt(l * xx), step = width / 100;
    if (subset.size() == 1) {
      for (int k = -100; k <= 100; ++k) {
        const double b = xr / xx + k * step;
        log_terms.push_back(log_factor + std::log(step) + log_prior_b(b, l) + log_ratio(b, 0, l));
      }
      return;
    }
    const double reach = 8, fine = 0.02;
    for (double b0 = -reach; b0 <= reach; b0 += fine) {
      for (double b1 = -reach; b1 <= reach; b1 += fine)
        log_terms.push_back(2 * std::log(fine) + log_prior_b(b0, 1) + log_prior_b(b1, 1) +
                            log_ratio(b0, b1, 1));
    }
  };
  if (std::isinf(shape)) {
    over_b(1, 0);
  } else {
    const double fine = shape > 100 ? 1e-3 : 0.02;
    for (double u = -30; u <= 70; u += fine) {
      const double l = std::exp(u);
      over_b(l, std::log(fine) + shape * std::log(rate) - std::lgamma(shape) + shape * u - rate * l);
    }
  }
  const double top = *std::max_element(log_terms.begin(), log_terms.end());
  double sum = 0;
  for (const double term : log_terms) sum += std::exp(term - top);
  return top + std::log(sum);
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

// The closed form is the integral of the likelihood ratio over the prior,
// also where E is large and the prior extreme.
TEST(Evidence, RegressionIsTheIntegralOverItsPrior) {
  struct Case {
    std::vector<int> subset;
    double scale, shape, rate;
    std::vector<double> r;
    double at_least;  // log E
  };
  const std::vector<std::array<double, 3>> x{{1, 0.9, -2}, {1, -1.2, 0.5}, {1, 2.0, 1.0}, {1, 0.4, 0.7}};
  const std::vector<double> usual{0.4, -1.7, 2.2, 0.3}, large{5, -6, 11, 2},
      silent{3e-12, -1e-12, 2e-12, 1e-12},
      line{0.9 * 0.7 + 1e-6, -1.2 * 0.7 - 2e-6, 2.0 * 0.7 + 1e-6, 0.4 * 0.7 - 1e-6};
  const double inf = kInfinity;
  for (const Case& c :
       {Case{{}, 1, 2, 2, usual, -5}, Case{{}, 1, 1, 0.05, large, 8}, Case{{}, 1, 1500, 1500, usual, -5},
        Case{{}, 1, 0.5, 1e-24, usual, -60}, Case{{}, 1, 0.5, 1e-24, silent, 90},
        Case{{1}, 1, inf, 1, large, 8}, Case{{1}, 4e-4, inf, 1, usual, -5},
        Case{{1}, 10, 0.7, 0.2, usual, -9}, Case{{1}, 500, 0.7, 4e-3, line, 8},
        Case{{1}, 1e14, 0.5, 1e-14, line, 30}, Case{{1}, 1e14, 0.5, 1e-14, usual, -60},
        Case{{1, 2}, 1, inf, 1, large, 8}, Case{{1, 2}, 2e-2, inf, 1, usual, -5}}) {
    Regression sums;
    for (std::size_t i = 0; i < x.size(); ++i) sums.add(x[i], c.r[i]);
    const double closed = log_e_regression(sums, c.subset, c.scale, c.shape, c.rate);
    EXPECT_NEAR(closed, log_integral(c.subset, c.scale, c.shape, c.rate, x, c.r), 1e-4)
        << c.scale << " " << c.rate;
    EXPECT_GE(closed, c.at_least);
  }
}

TEST(Evidence, ShapeTiesAndCountsAreMartingales) {
  ShapeCounts shape;
  for (const double r : {0.1, -0.2, 5.5, -6.5, 1.0}) {
    double mean = 0;
    for (int k = 0; k < ShapeCounts::kCells; ++k) {
      const double low = k == 0 ? -kInfinity : k == 1 ? -6 : k == 83 ? 6 : -5 + (k - 2) / 8.0;
      const double high = k == 83 ? kInfinity : k == 0 ? -6 : k == 1 ? -5 : k == 82 ? 6 : -5 + (k - 1) / 8.0;
      const double p = low > 0 ? normal_cdf(-low) - normal_cdf(-high) : normal_cdf(high) - normal_cdf(low);
      ShapeCounts after = shape;
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
  EXPECT_EQ(ShapeCounts::cell(-1e300), 0);
  EXPECT_EQ(ShapeCounts::cell(-5.5), 1);
  EXPECT_EQ(ShapeCounts::cell(-5), 2);
  EXPECT_EQ(ShapeCounts::cell(4.9999), 81);
  EXPECT_EQ(ShapeCounts::cell(5), 82);
  EXPECT_EQ(ShapeCounts::cell(1e300), 83);
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

// E is a likelihood ratio, so under its own alternatives 1 / E averages to 1.
TEST(Evidence, TheAlternativesAreThoseThatItAveragesOver) {
  for (const int cells : {1, 3}) {
    constexpr int kRuns = 4000, kDraws = 12;
    std::vector<double> inverse;
    for (std::uint32_t run = 0; run < kRuns; ++run) {
      const Draws draws(run, Stream::judge, "alternatives");
      std::uint64_t used = 0;
      const Alternative::Uniform uniform = [&] { return draws.open_uniform(used++, 0); };
      const Alternative alternative(cells, 3, 1e-3, uniform);
      Evidence evidence(cells, 3, 1e-3);
      for (int n = 0; n < kDraws; ++n) {
        const std::array<double, 3> x{1, normal_quantile(uniform()), normal_quantile(uniform())};
        const double r = alternative.residual(n % cells, x, uniform);
        evidence.add(n % cells, x, r, alternative.tie(uniform));
      }
      inverse.push_back(std::exp(-evidence.log_e()));
    }
    const auto [mean, error] = mean_and_error(inverse);
    EXPECT_NEAR(mean, 1, 5 * error) << cells;
    EXPECT_LT(error, 0.02);
  }
  const Alternative::Uniform half = [] { return 0.5; };
  EXPECT_THROW(Alternative(0, 3, 1e-3, half), DomainError);
  EXPECT_THROW(Alternative(1, 7, 1e-3, half), DomainError);
}

// Numbers that other writings of the same mixture gave, on a stream of rationals.
TEST(Evidence, KnownAnswers) {
  const auto uniform = [](int k) {
    const auto n = static_cast<std::uint64_t>(k);
    return static_cast<double>((n * n * 7919 + 104729 * n) % 10007) / 10007.0;
  };
  struct Known {
    int cells, n;
    double scale, log_e;
    std::string loudest;
  };
  for (const Known& known :
       {Known{1, 7, 2, -0x1.985b5bd7d805p-4, "shape"}, Known{1, 7, 3.5, -0x1.1be184b8ceedep-1, "shape"},
        Known{1, 40, 2, -0x1.761005e46b5ap-2, "shape"}, Known{1, 40, 3.5, 0x1.fd995a0aca6fdp+0, "variance"},
        Known{1, 900, 2, 0x1.1a61bd874853ep+6, "ties"}, Known{1, 900, 3.5, 0x1.d86fd00dab223p+6, "variance"},
        Known{5, 7, 2, -0x1.69e28ab1137b8p-3, "shape"}, Known{5, 7, 3.5, -0x1.f65bdd3c9b4b4p-2, "shape"},
        Known{5, 40, 2, -0x1.799e2a4a56c18p-2, "shape"}, Known{5, 40, 3.5, 0x1.b017a7219e9f2p+0, "variance"},
        Known{5, 900, 2, 0x1.1a61bd874853ep+6, "ties"},
        Known{5, 900, 3.5, 0x1.d58536285f91ap+6, "variance"}}) {
    SCOPED_TRACE(testing::Message() << known.cells << " cells, n = " << known.n << ", " << known.scale);
    Evidence evidence(known.cells, 4, 1e-4);
    for (int k = 0; k < known.n; ++k) {
      const auto u = [&](int j) {
        return known.scale * (uniform(5 * k + j) + uniform(5 * k + j + 20000) - 1);
      };
      const std::array<double, 4> x{1, u(0), u(1), u(2)};
      evidence.add(k % known.cells, x, u(3) + 0.01 * u(0), k % 50 == 49);
    }
    EXPECT_DOUBLE_EQ(evidence.log_e(), known.log_e);
    EXPECT_EQ(evidence.loudest(), known.loudest);
  }
  EXPECT_DOUBLE_EQ(log_e_multinomial(std::array{30.0, 41.0, 50.0}, std::array{0.25, 0.35, 0.4}),
                   -0x1.364d099457b36p-1);
  Eigen::MatrixXd w(3, 50);
  for (int k = 0; k < 150; ++k) w.data()[k] = 4 * uniform(k) - 2;
  Joint joint;
  joint.add(w);
  EXPECT_DOUBLE_EQ(log_e_normal_wishart(joint, 0.3, 4), -0x1.a738194dbb0ep+2);
}

// The shares of the data that both walk.
TEST(Evidence, MixturesAreMixtures) {
  const auto sum_of_exp = [](const std::vector<double>& logs) {
    double sum = 0;
    for (const double log : logs) sum += std::exp(log);
    return sum;
  };
  for (const int cells : {1, 2, 8}) {
    for (int covariates = 1; covariates <= Regression::kMax; ++covariates) {
      const Mixture& mixture = Mixture::of(cells, covariates);
      double shares = 0;
      for (const Component& component : mixture.components) shares += component.share;
      EXPECT_NEAR(shares, 1, 1e-12);
      EXPECT_NEAR(sum_of_exp(mixture.pooled.log_shares(1)), 1, 1e-12);
      EXPECT_NEAR(sum_of_exp(mixture.log_each), 1, 1e-12);
      for (const Parts* parts : {&mixture.pooled, &mixture.each}) {
        for (const Part& part : parts->parts) {
          for (const int i : part.subset) EXPECT_LT(i, covariates);
        }
      }
    }
    EXPECT_NEAR(sum_of_exp(log_places(static_cast<std::size_t>(cells))), 1, 1e-12);
  }
  EXPECT_EQ(tie_chances(3e-9).size(), 9u);
  EXPECT_EQ(tie_chances(0.75), std::vector<double>{0.75});  // outputs of 16 bits: repeats say nothing
  EXPECT_EQ(log_e_ties({100, 100}, 0.75), 0);
}

Evidence evidence_of(const std::function<double(double)>& sampler, int n, std::uint32_t seed = 5) {
  Evidence evidence(2, 3);
  for (int i = 0; i < n; ++i) {
    const auto u = Draws(seed, Stream::judge, "covariates").normals(static_cast<std::uint64_t>(i), 0);
    const auto z = Draws(seed, Stream::judge, "residual").normals(static_cast<std::uint64_t>(i), 0);
    const std::array<double, 3> x{1, u[0], u[1]};
    evidence.add(i % 2, x, sampler(z[0]), false);
  }
  return evidence;
}

TEST(Evidence, StaysLowOnTheNullAndRisesOnEveryKindOfFault) {
  EXPECT_LT(evidence_of([](double z) { return z; }, 20000).log_e(), 1);
  EXPECT_GT(evidence_of([](double z) { return z + 0.1; }, 20000).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return 1.05 * z; }, 20000).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return 0.95 * z; }, 20000).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return std::sqrt(12.0) * (normal_cdf(z) - 0.5); }, 500).log_e(), 25);
  EXPECT_GT(evidence_of([](double z) { return std::clamp(z, -3.0, 3.0); }, 50000).log_e(), 25);
  EXPECT_EQ(
      evidence_of([](double z) { return z > 2 ? std::numeric_limits<double>::quiet_NaN() : z; }, 500).log_e(),
      kInfinity);
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
      const auto z = Draws(21, Stream::judge, std::to_string(run)).normals(static_cast<std::uint64_t>(i), 0);
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
    const auto z = Draws(22, Stream::judge, "absent").normals(static_cast<std::uint64_t>(i), 0);
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
