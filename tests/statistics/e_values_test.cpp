// Each e-value by itself has expectation 1 under the null, exactly: by quadrature or by counting all outcomes. So
// none of its parts is left out, weighed twice, or stands for nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <numbers>

#include "tests/samplers/draws.hpp"
#include "tests/statistics/alternative.hpp"
#include "tests/statistics/certificate.hpp"
#include "tests/statistics/claims.hpp"
#include "tests/statistics/evidence.hpp"
#include "tests/statistics/joint.hpp"
#include "tests/statistics/mixture.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

using samplers::Draws;
using samplers::Stream;

/// How far integrals go: beyond, log E and r^2 / 2 are so large that little is left of their difference, and the
/// laws' own tails are known.
constexpr double kEnd = 1e4;

/// Where integrands over a residual are not smooth: the histogram's edges, and every octave about 0, where the laws
/// without noise are.
std::vector<double> breaks() {
  std::vector<double> at{0};
  for (double x = 1e-15; x < 0.1; x *= 2) at.insert(at.end(), {x, -x});
  for (int i = 1; i < ShapeCounts::kCells; ++i) at.push_back(ShapeCounts::edge(i));
  for (double x = 8; x < kEnd; x *= 2) at.insert(at.end(), {x, -x});
  at.insert(at.end(), {kEnd, -kEnd});
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  return at;
}

/// The integral of exp(log_e(r)) against N(0, 1) from `low` to `high`.
double expectation(const std::function<double(double)>& log_e, double low = -kEnd, double high = kEnd) {
  static const std::vector<double> at = breaks();
  double sum = 0;
  for (std::size_t k = 0; k + 1 < at.size(); ++k) {
    const double from = std::max(at[k], low), to = std::min(at[k + 1], high);
    if (!(from < to)) continue;
    sum += boost::math::quadrature::gauss<double, 30>::integrate(
        [&](double r) { return std::exp(log_e(r) - r * r / 2) / std::sqrt(2 * std::numbers::pi); }, from, to);
  }
  return sum;
}

/// P(|r| > kEnd) of a part's law: r is Student's with 2 shape degrees, of scale sqrt((1 + scale |x|^2) rate / shape).
double beyond(const Part& part, std::span<const double> x) {
  double spread = 1;
  for (const int i : part.subset) spread += part.scale * std::pow(x[static_cast<std::size_t>(i)], 2);
  if (std::isinf(part.shape)) return 2 * normal_cdf(-kEnd / std::sqrt(spread));
  const boost::math::students_t law(2 * part.shape);
  return 2 * cdf(complement(law, kEnd / std::sqrt(spread * part.rate / part.shape)));
}
double beyond(const Parts& parts, std::span<const double> x) {
  double sum = 0;
  for (const Part& part : parts.parts) sum += part.weight / parts.total * beyond(part, x);
  return sum;
}

/// The same of the whole mixture's law of one residual in the last of the cells. The shapes' are the normal's.
double beyond(int cells, int covariates, std::span<const double> x) {
  const Mixture& mixture = Mixture::of(cells, covariates);
  const double of_a_cell = (1 - mixture.idle) * beyond(mixture.each, x);
  double sum = 0;
  for (const auto& [over, share] : mixture.components) {
    switch (over) {
      case Over::all_cells:
        sum += share * beyond(mixture.pooled, x);
        break;
      case Over::alike:
        sum += share * beyond(mixture.each, x);
        break;
      case Over::one_cell:
        sum += share * std::exp(log_places(static_cast<std::size_t>(cells)).back()) * of_a_cell;
        break;
      case Over::each_cell:
        sum += share * of_a_cell;
        break;
      case Over::shape:
      case Over::ties:
        break;
    }
  }
  return sum;
}

/// log E after one residual.
double log_e_of(int cells, int covariates, std::span<const double> x, double r, bool tie) {
  Evidence evidence(cells, covariates, 1e-3);
  evidence.add(cells - 1, x, r, tie);
  return evidence.log_e();
}

TEST(Evidence, TheWholeMixtureHasExpectationOne) {
  const std::array<double, Regression::kMax> x{1, 0.7, -1.3, 0.4, 2, -0.1};
  for (const int cells : {1, 3}) {
    for (int covariates = 1; covariates <= Regression::kMax; ++covariates) {
      const std::span<const double> given(x.data(), static_cast<std::size_t>(covariates));
      double mean = 0;
      for (const bool tie : {false, true}) {
        mean += (tie ? 1e-3 : 1 - 1e-3) *
                expectation([&](double r) { return log_e_of(cells, covariates, given, r, tie); });
      }
      mean += beyond(cells, covariates, given);
      // Of one residual without noise but with another direction little is left when what it explains is taken off.
      EXPECT_NEAR(mean, 1, covariates > 1 ? 1e-4 : 1e-6)
          << cells << " cells, " << covariates << " covariates";
    }
  }
}

TEST(Evidence, CountsAndEachOfTheirAlternativesHaveExpectationOne) {
  const std::vector<Claim> all = claims(samplers::Run::standard());
  const auto& claim = std::get<Counts>(find_claim(all, "AppendixA.joint").check);
  const std::size_t cells = claim.probabilities.size(), categories = claim.probabilities[0].size();
  const auto mean = [&](std::span<const CellCounts> alternatives) {
    std::size_t outcomes = 1;
    for (std::size_t k = 0; k < cells; ++k) outcomes *= categories;
    double sum = 0;
    for (std::size_t outcome = 0; outcome < outcomes; ++outcome) {
      CellCounts counts(cells, std::vector<double>(categories, 0.0));
      double probability = 1;
      for (std::size_t k = 0, rest = outcome; k < cells; ++k, rest /= categories) {
        counts[k][rest % categories] = 1;
        probability *= claim.probabilities[k][rest % categories];
      }
      if (probability > 0)
        sum += probability * std::exp(log_e_counts(counts, claim.probabilities, alternatives));
    }
    return sum;
  };
  EXPECT_NEAR(mean({}), 1, 1e-9);
  EXPECT_NEAR(mean(claim.alternatives), 1, 1e-9);
  for (const CellCounts& one : claim.alternatives) EXPECT_NEAR(mean({&one, 1}), 1, 1e-9);
}

TEST(Evidence, CountsInACellOfProbabilityZeroAreCertain) {
  const CellCounts p{{0.5, 0.5, 0}}, likely{{0.4, 0.6, 0}};
  EXPECT_TRUE(std::isinf(log_e_counts({{3, 2, 1}}, p, {&likely, 1})));
  EXPECT_TRUE(std::isfinite(log_e_counts({{3, 2, 0}}, p, {&likely, 1})));
}

TEST(Evidence, VectorsHaveExpectationOne) {
  const auto one = [](double r) {
    Joint joint;
    joint.add(Eigen::MatrixXd::Constant(1, 1, r));
    return log_e_vectors(joint);
  };
  EXPECT_NEAR(expectation(one), 1, 1e-6);
  const auto next = [](double r) {
    Joint joint;
    joint.add(Eigen::MatrixXd::Constant(1, 1, 1.2));
    const double now = log_e_vectors(joint);
    joint.add(Eigen::MatrixXd::Constant(1, 1, r));
    return log_e_vectors(joint) - now;
  };
  EXPECT_NEAR(expectation(next), 1, 1e-6);
}

TEST(Evidence, TiesHaveExpectationOneAtTheirChance) {
  for (const double p0 : {3e-9, 1e-3, 0.05}) {
    const double mean = p0 * std::exp(log_e_ties({1, 1}, p0)) + (1 - p0) * std::exp(log_e_ties({1, 0}, p0));
    EXPECT_NEAR(mean, 1, 1e-12) << p0;
  }
}

// The first residual of a law drawn by Alternative has the density that E says: the null's times E.
TEST(Evidence, AlternativesAreDrawnAsOftenAsTheMixtureWeighsThem) {
  constexpr int kRuns = 30000, kCovariates = 3;
  constexpr double kTie = 1e-3;
  const std::array<double, kCovariates> x{1, 0.7, -1.3};
  const std::array edges{-kEnd, -8.0, -5.0, -3.0, -2.0, -1.0, -0.25, -1e-9,
                         1e-9,  0.25, 1.0,  2.0,  3.0,  5.0,  8.0,   kEnd};
  for (const int cells : {1, 3}) {
    std::array<double, edges.size() - 1> seen{};
    double ties = 0;
    for (std::uint32_t run = 0; run < kRuns; ++run) {
      const Draws draws(run, Stream::judge, "first residuals");
      std::uint64_t used = 0;
      const Alternative::Uniform uniform = [&] { return draws.open_uniform(used++, 0); };
      const Alternative law(cells, kCovariates, kTie, uniform);
      const double r = law.residual(cells - 1, x, uniform);
      const auto place = std::upper_bound(edges.begin(), edges.end(), r) - edges.begin() - 1;
      seen[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(place, 0, edges.size() - 2))] += 1;
      ties += law.tie(uniform) ? 1 : 0;
    }
    const auto share = [&](double low, double high, bool tie) {
      return (tie ? kTie : 1 - kTie) *
             expectation([&](double r) { return log_e_of(cells, kCovariates, x, r, tie); }, low, high);
    };
    for (std::size_t k = 0; k < seen.size(); ++k) {
      const bool outermost = k == 0 || k + 1 == seen.size();
      const double p = share(edges[k], edges[k + 1], false) + share(edges[k], edges[k + 1], true) +
                       (outermost ? beyond(cells, kCovariates, x) / 2 : 0);
      EXPECT_NEAR(seen[k] / kRuns, p, 5 * std::sqrt(p * (1 - p) / kRuns) + 1e-6)
          << cells << " cells, from " << edges[k];
    }
    const double p = share(-kEnd, kEnd, true);
    EXPECT_GT(p, 2 * kTie);
    EXPECT_NEAR(ties / kRuns, p, 5 * std::sqrt(p / kRuns)) << cells;
  }
}

// Neither tail has less power than the other.
TEST(Evidence, ShapeIsTheSameInAMirror) {
  ShapeCounts shape, mirrored;
  for (int i = 0; i < 16000; ++i) {
    const double z = Draws(3, Stream::judge, "mirror").normals(static_cast<std::uint64_t>(i), 0)[0];
    const double r = std::min(z, 2.2) * (i % 400 == 0 ? 6 : 1);
    shape.add(r);
    mirrored.add(-r);
  }
  EXPECT_GT(log_e_shape(shape), 25);
  EXPECT_NEAR(log_e_shape(shape), log_e_shape(mirrored), 1e-6 * log_e_shape(shape));
}

TEST(Evidence, VectorsAreCertifiedCoordinateByCoordinateAndBesideTheOneBefore) {
  // Means 0, 0.3, 0; the third is 0.4 of the second, and has a variance of 1.44 besides.
  Eigen::MatrixXd w(3, 40000);
  for (Eigen::Index j = 0; j < w.cols(); ++j) {
    const Draws draws(4, Stream::judge, "vectors");
    const auto a = draws.normals(static_cast<std::uint64_t>(j), 0),
               b = draws.normals(static_cast<std::uint64_t>(j), 1);
    w.col(j) << a[0], a[1] + 0.3, 0.4 * (a[1] + 0.3) + 1.2 * b[0];
  }
  const auto of = [&](std::initializer_list<Eigen::Index> rows) {
    Joint joint;
    Eigen::MatrixXd chosen(static_cast<Eigen::Index>(rows.size()), w.cols());
    Eigen::Index next = 0;
    for (const Eigen::Index row : rows) chosen.row(next++) = w.row(row);
    joint.add(chosen);
    return certify(joint, 1e-3);
  };
  const VectorCertificate first = of({0}), mean = of({0, 1}), all = of({0, 1, 2}), apart = of({1, 0, 2});
  EXPECT_LT(first.bias, 0.05);
  EXPECT_TRUE(first.variance_low < 1 && 1 < first.variance_high && first.variance_high < 1.05);
  EXPECT_NEAR(mean.bias, 0.3, 0.05);
  EXPECT_GT(mean.bias, 0.3);
  EXPECT_NEAR(all.bias, 0.4, 0.05);
  EXPECT_GT(all.bias, 0.4);
  EXPECT_TRUE(all.variance_low < 1 && 1.44 < all.variance_high && all.variance_high < 1.55);
  EXPECT_GT(apart.variance_high, 1.5);  // where the second is not given, its part is noise
}

// A covariate that is made of the others changes nothing that is certified.
TEST(Evidence, ACovariateThatRepeatsAnotherHasNoPart) {
  Regression once, twice;
  for (std::uint64_t k = 0; k < 20000; ++k) {
    const auto z = Draws(5, Stream::judge, "repeated").normals(k, 0);
    once.add(std::array{1.0, z[0]}, 0.2 * z[0] + z[1]);
    twice.add(std::array{1.0, z[0], 2 * z[0] - 1, 0.0}, 0.2 * z[0] + z[1]);
  }
  const Certificate right = certify(once, 2, 1e-3), same = certify(twice, 4, 1e-3);
  EXPECT_GT(same.bias(), 0.2);
  EXPECT_NEAR(same.bias(), right.bias(), 0.1 * right.bias());
  EXPECT_NEAR(same.variance_low, right.variance_low, 1e-3);
  EXPECT_NEAR(same.variance_high, right.variance_high, 1e-3);
}

// Coverage, at every n at once, of the distribution's shape.
TEST(Evidence, ShapesAreCertified) {
  const auto of = [](const std::function<double(double)>& law, int n) {
    ShapeCounts shape;
    for (int i = 0; i < n; ++i)
      shape.add(law(Draws(6, Stream::judge, "shapes").normals(static_cast<std::uint64_t>(i), 0)[0]));
    return certify_shape(shape, 1e-3);
  };
  const ShapeCertificate nothing = certify_shape({}, 1e-3);
  EXPECT_GT(nothing.distribution, 0.9);
  EXPECT_GT(nothing.tail_high, 100);
  const ShapeCertificate normal = of([](double z) { return z; }, 50000);
  EXPECT_LT(normal.distribution, 0.02);
  EXPECT_TRUE(0.5 < normal.tail_low && normal.tail_low < 1 && 1 < normal.tail_high && normal.tail_high < 2);
  // What is off by d is never certified to less.
  EXPECT_GT(of([](double z) { return z + 0.1; }, 50000).distribution, normal_cdf(0.1) - 0.5);
  EXPECT_LT(of([](double z) { return std::clamp(z, -2.9, 2.9); }, 50000).tail_low, 1e-6);
  EXPECT_GT(of([](double z) { return std::abs(z) > 2.5 ? 1.3 * z : z; }, 50000).tail_high, 4);
}

}  // namespace
}  // namespace ddim::statistics
