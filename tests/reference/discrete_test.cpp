#include "reference/discrete.hpp"

#include "tests/reference/checks.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

const std::vector<std::pair<double, double>> kPairs{{0.3, 0.7},           {0.98, 0.99},  {0.5, 1 - 0x1p-53},
                                                    {0.3, 0.3 + 0x1p-54}, {1e-300, 0.9}, {1e-12, 2e-12},
                                                    {0.0, 0.5},           {0.9, 1.0}};

Batch one_hot(int K, const std::vector<int>& categories) {
  Batch result = Batch::Zero(K, static_cast<Eigen::Index>(categories.size()));
  for (std::size_t j = 0; j < categories.size(); ++j) result(categories[j], static_cast<Eigen::Index>(j)) = 1;
  return result;
}

TEST(AppendixA, WeightsWithinOneUlpOfTheDefinition) {
  for (const auto& [a, p] : kPairs) {
    const Transition step = Transition::from_alpha_bars(a, p);
    const Definitions<Real> law{a, p, 0};
    for (const double fraction : {0.0, 1e-12, 0.5, 0.9, 1 - 0x1p-40}) {
      const double s = fraction * law.discrete_limit().convert_to<double>();
      SCOPED_TRACE(to_text(a) + " " + to_text(p) + " " + to_text(s));
      const DiscreteWeights w = discrete_weights(step, s);
      EXPECT_EQ(w.x_t, s);
      EXPECT_LE(ulps(w.x0, law.discrete_x0(s)), 1);
      EXPECT_LE(ulps(w.uniform, law.discrete_uniform(s)), 1);
      EXPECT_NEAR(w.x_t + w.x0 + w.uniform, 1, 4e-16);
    }
  }
}

TEST(AppendixA, WeightsOfAVerySmallBetaKeepTheirDigits) {
  const std::vector<double> betas{0.5, 1e-30};
  const Transition step = Schedule::from_betas(betas).transition(2, 1);
  const double limit = 1 - 0x1p-53;  // the largest s below (1 - p) / (1 - a) = 1 - 1e-30
  const Real p = 0.5, a = p * (1 - Real(1e-30));
  EXPECT_LE(ulps(discrete_weights(step, limit).x0, Real(p - a * Real(limit))), 1);
  EXPECT_LE(ulps(discrete_weights(step, 1).x0, Real(p - a * (1 - p) / (1 - a))),
            1);  // counted as the boundary
}

TEST(AppendixA, BoundaryAndBeyond) {
  const Transition step = Transition::from_alpha_bars(0.3, 0.7);
  const double limit = (Real(1) - 0.7 > 0 ? (1 - Real(0.7)) / (1 - Real(0.3)) : Real(0)).convert_to<double>();
  const DiscreteWeights w = discrete_weights(step, std::nextafter(limit, 1));
  EXPECT_EQ(w.uniform, 0.0);
  EXPECT_LE(ulps(w.x_t, Real((1 - Real(0.7)) / (1 - Real(0.3)))), 0.5);
  const std::string domain =
      "0 <= s <= (1 - alpha_bar_prev) / (1 - alpha_bar) = " + to_text(limit) + " (AppendixA)";
  for (const auto& one : {std::pair{-0.1, "-0.1"}, {0.5, "0.5"}, {kNaN, "nan"}, {kInfinity, "inf"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return discrete_weights(step, bad); }, "s", text, domain);
  }
  const double beyond = limit * (1 + 0x1p-48);
  expect_error([&] { return discrete_weights(step, beyond); }, "s", to_text(beyond), domain);
}

TEST(AppendixA, MarginalIsTheSameForEverySigma) {
  // sum over x_t of q(x_{t-1} | x_t, x_0) q(x_t | x_0) = Cat(p x_0 + (1 - p) / K).
  const int K = 4;
  const Schedule schedule = linear_1000();
  const Batch x0 = one_hot(K, {0, 2, 3});
  for (const auto& [t, t_prev] : {std::pair{2, 1}, {1, 0}, {500, 480}, {1000, 1}}) {
    const Transition step = schedule.transition(t, t_prev);
    const double limit = step.prev.one_minus_alpha_bar / step.current.one_minus_alpha_bar;
    const Batch marginal = discrete_marginal(step.current, x0);
    for (const double fraction : {0.0, 0.3, 1.0}) {
      Batch total = Batch::Zero(K, 3);
      for (int k = 0; k < K; ++k) {
        const Batch posterior = discrete_posterior(step, fraction * limit, one_hot(K, {k, k, k}), x0);
        total += posterior * marginal.row(k).asDiagonal();
        EXPECT_GE(posterior.minCoeff(), 0.0);
        expect_near(posterior.colwise().sum(), Batch::Ones(1, 3), 1e-15);
      }
      expect_near(total, discrete_marginal(step.prev, x0), 1e-15);
    }
  }
}

TEST(AppendixA, MarginalIsItsDefinition) {
  Batch x0(3, 2);
  x0 << 0.2, 1, 0.3, 0, 0.5, 0;
  for (const double a : {0.0, 0.25, 0.99, 1.0}) {
    const Batch expected = (a * x0).array() + (1 - a) / 3;
    expect_near(discrete_marginal(NoiseLevel::from_alpha_bar(a), x0), expected, 1e-16);
  }
  expect_same(discrete_marginal(NoiseLevel::from_alpha_bar(0.5), Batch::Ones(1, 2)),
              Batch::Ones(1, 2));  // K = 1
}

TEST(AppendixA, SampleInvertsTheCumulativeSum) {
  Batch p(3, 6);
  p.colwise() = Eigen::Vector3d(0.25, 0.5, 0.25);
  Eigen::VectorXd u(6);
  u << 0, 0.2499, 0.25, 0.7499, 0.75, 1 - 0x1p-53;
  expect_same(discrete_sample(p, u), one_hot(3, {0, 0, 1, 1, 2, 2}));
}

TEST(AppendixA, SampleNeverDrawsWhatHasNoProbability) {
  Batch p(4, 4);
  p.col(0) << 0, 1, 0, 0;
  p.col(1) << 0, 1 - 1e-10, 0, 0;  // a sum just below 1, and u above it
  p.col(2) << 0.5, 0.5 - 1e-10, 0, 0;
  p.col(3) << 0, 0, 0, 1;
  for (const double u : {0.0, 0.3, 1 - 0x1p-53}) {
    const Batch drawn = discrete_sample(p, Eigen::VectorXd::Constant(4, u));
    EXPECT_TRUE(((drawn.array() == 0) || (p.array() > 0)).all()) << u;
    expect_near(drawn.colwise().sum(), Batch::Ones(1, 4), 0);
  }
}

TEST(Errors, DiscreteRejectsWhatIsNoDistribution) {
  const Transition step = Transition::from_alpha_bars(0.3, 0.7);
  const NoiseLevel level = step.current;
  const Batch good = one_hot(3, {0, 1});
  Batch heavy = good, negative = good;
  heavy(0, 1) = 0.5;
  negative(0, 1) = -0.5;
  negative(1, 1) = 1.5;
  const Eigen::Vector2d u(0.5, 0.5);
  const auto each = [&](const Batch& bad, const std::string& value) {
    const std::string sum = "probabilities with sum 1";
    expect_error([&] { return discrete_marginal(level, bad); }, "column 1 of x0", value, sum);
    expect_error([&] { return discrete_posterior(step, 0.1, bad, good); }, "column 1 of x_t", value, sum);
    expect_error([&] { return discrete_posterior(step, 0.1, good, bad); }, "column 1 of x0", value, sum);
    expect_error([&] { return discrete_sample(bad, u); }, "column 1 of probabilities", value, sum);
  };
  each(heavy, "(minimum 0, sum 1.5)");
  each(negative, "(minimum -0.5, sum 1)");
  for (const double bad : {kNaN, kInfinity}) {
    const Batch wrong = poisoned(good, bad);
    const std::string text = to_text(bad);
    expect_error([&] { return discrete_marginal(level, wrong); }, "x0(2, 1)", text, "finite");
    expect_error([&] { return discrete_posterior(step, 0.1, wrong, good); }, "x_t(2, 1)", text, "finite");
    expect_error([&] { return discrete_posterior(step, 0.1, good, wrong); }, "x0(2, 1)", text, "finite");
    expect_error([&] { return discrete_sample(wrong, u); }, "probabilities(2, 1)", text, "finite");
    expect_error([&] { return discrete_sample(good, Eigen::Vector2d(0.5, bad)); }, "uniforms[1]", text,
                 "0 <= u < 1");
  }
  expect_error([&] { return discrete_sample(good, Eigen::Vector2d(0.5, 1)); }, "uniforms[1]", "1",
               "0 <= u < 1");
  expect_error([&] { return discrete_sample(good, Eigen::Vector2d(-0.5, 0)); }, "uniforms[0]", "-0.5",
               "0 <= u < 1");
  expect_shape_error([&] { return discrete_sample(good, Eigen::VectorXd::Zero(3)); }, "shape of uniforms");
  expect_shape_error([&] { return discrete_posterior(step, 0.1, good, one_hot(4, {0, 1})); }, "shape of x0");
  expect_shape_error([&] { return discrete_marginal(level, Batch(0, 2)); }, "number of categories of x0");
  expect_empty(discrete_marginal(level, Batch(3, 0)), 3, 0);
  expect_empty(discrete_sample(Batch(3, 0), Eigen::VectorXd(0)), 3, 0);
}

}  // namespace
}  // namespace ddim
