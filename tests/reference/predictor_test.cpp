#include "reference/predictor.hpp"

#include "tests/reference/bounds.hpp"
#include "tests/reference/checks.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::Deep;
using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

const std::vector<double> kAlphaBars{5e-324, 1e-300, 1e-20, 0.1, 0.5, 0.9, 0.9999, 1 - 0x1p-53};

void expect_bounded(const Batch& actual, Eigen::Index i, const Deep& term0, const Deep& term1) {
  const double bound = oracle::two_term_bound(term0.convert_to<double>(), term1.convert_to<double>());
  EXPECT_LE(abs(actual.data()[i] - (term0 + term1)), bound) << i;
}

TEST(Eq9, EachPredictionWithinItsBoundOfTheDefinition) {
  const Batch x = spread(1, 3, 4), y = spread(2, 3, 4);
  for (const double a : kAlphaBars) {
    SCOPED_TRACE(to_text(a));
    const NoiseLevel level = NoiseLevel::from_alpha_bar(a);
    const Definitions<Deep> law{a, 1, 0};
    const Batch x0 = predict_x0(level, x, y * 1e-3), eps = predict_eps(level, x, y),
                v = predict_v(level, x, y);
    const Batch x0_v = predict_x0_from_v(level, x, y), eps_v = predict_eps_from_v(level, x, y);
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const double s = x.data()[i], t = y.data()[i];
      expect_bounded(x0, i, law.x0_from_eps(s, 0), law.x0_from_eps(0, t * 1e-3));
      expect_bounded(eps, i, law.eps_from_x0(s, 0), law.eps_from_x0(0, t));
      expect_bounded(v, i, law.sqrt_alpha_bar() * s, -law.sqrt_one_minus_alpha_bar() * t);
      expect_bounded(x0_v, i, law.x0_from_v(s, 0), law.x0_from_v(0, t));
      expect_bounded(eps_v, i, law.eps_from_v(s, 0), law.eps_from_v(0, t));
    }
  }
}

TEST(Eq9, PythagoreanTriplesGiveExactRationals) {
  const NoiseLevel level = pythagorean(1, 3, 4, 5);
  const Batch one = Batch::Ones(1, 1), zero = Batch::Zero(1, 1);
  EXPECT_LE(ulps(predict_x0(level, one, zero)(0, 0), Real(5) / 3), 0.5001);
  EXPECT_LE(ulps(predict_x0(level, zero, one)(0, 0), -Real(4) / 3), 0.5001);
  EXPECT_LE(ulps(predict_eps(level, one, zero)(0, 0), Real(5) / 4), 0.5001);
  EXPECT_LE(ulps(predict_eps(level, zero, one)(0, 0), -Real(3) / 4), 0.5001);
  EXPECT_LE(ulps(predict_v(level, one, zero)(0, 0), Real(3) / 5), 0.5001);
  EXPECT_LE(ulps(predict_v(level, zero, one)(0, 0), -Real(4) / 5), 0.5001);
}

TEST(Eq9, RoundTripsAmongEpsX0AndV) {
  const Batch x0 = spread(1, 3, 4), eps = spread(2, 3, 4);
  for (const double a : {0.1, 0.5, 0.99}) {
    const NoiseLevel level = NoiseLevel::from_alpha_bar(a);
    const Batch x_t = q_sample(level, x0, eps), v = predict_v(level, eps, x0);
    const auto all_agree = [&](Prediction prediction, const Batch& output) {
      expect_near(predict_x0(level, prediction, x_t, output), x0, 1e-14);
      expect_near(predict_eps(level, prediction, x_t, output), eps, 1e-13);
    };
    all_agree(Prediction::eps, eps);
    all_agree(Prediction::x0, x0);
    all_agree(Prediction::v, v);
  }
}

TEST(Eq9, ZeroTerminalSnrNeedsVOrX0) {
  const std::vector<double> betas{0.5, 1.0};
  const Schedule schedule = Schedule::from_betas(betas);
  const Batch x = spread(1, 2, 2), y = spread(2, 2, 2);
  const NoiseLevel& top = schedule.level(2);
  expect_error([&] { return predict_x0(top, x, y); }, "alpha_bar[2]", "0", "zero terminal SNR");
  expect_error([&] { return predict_x0(top, Prediction::eps, x, y); }, "alpha_bar[2]", "0",
               "alpha_bar > 0 (Eq9");
  expect_same(predict_x0(top, Prediction::x0, x, y), y);
  expect_same(predict_x0(top, Prediction::v, x, y), -y);
  expect_same(predict_eps(top, Prediction::v, x, y), x);
  expect_same(predict_eps(top, Prediction::x0, x, y), x);
}

TEST(Eq9, EpsIsUndefinedAtTheData) {
  const NoiseLevel data = NoiseLevel::from_alpha_bar(1);
  const Batch x = spread(1, 2, 2);
  expect_error([&] { return predict_eps(data, x, x); }, "alpha_bar", "1", "alpha_bar < 1 (Eq9 inverted");
  expect_error([&] { return predict_eps(data, Prediction::x0, x, x); }, "alpha_bar", "1", "alpha_bar < 1");
  expect_same(predict_x0(data, x, x), x);
  expect_same(predict_x0_from_v(data, x, x), x);
}

TEST(Eq9, Clip) {
  Batch x(1, 5);
  x << -3, -1, 0.25, 1, 7;
  Batch expected(1, 5);
  expected << -1, -1, 0.25, 1, 1;
  expect_same(clip(x, 1), expected);
  expect_same(clip(x, kInfinity), x);
  for (const auto& one : {std::pair{0.0, "0"}, {-1.0, "-1"}, {kNaN, "nan"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return clip(x, bad); }, "range", text, "range > 0");
  }
  expect_error([&] { return clip(poisoned(x, kNaN), 1); }, "x0(0, 4)", "nan", "finite");
  expect_error([&] { return clip(poisoned(x, kInfinity), 1); }, "x0(0, 4)", "inf", "finite");
}

TEST(Eq9, DynamicThreshold) {
  Batch x(5, 2);
  x.col(0) << -4, 3, 2, -1, 0;         // |x| sorted 0 1 2 3 4
  x.col(1) << 0.5, -0.25, 0.1, 0, -1;  // quantile below 1: left alone
  Batch expected = x;
  expected.col(0) << -1, 1, 2.0 / 3, -1.0 / 3, 0;
  expect_near(dynamic_threshold(x, 0.75, 10), expected, 1e-16);
  expected.col(0) << -1, 3 / 3.5, 2 / 3.5, -1 / 3.5, 0;
  expect_near(dynamic_threshold(x, 0.875, 10), expected, 1e-15);  // between the 4th and the 5th
  expected.col(0) << -1, 1, 1, -0.5, 0;
  expect_near(dynamic_threshold(x, 0.75, 2), expected, 1e-16);  // s capped at 2
  expected.col(0) << -1, 1, 1, -1, 0;
  expect_near(dynamic_threshold(x, 0, 10), expected, 1e-16);  // s floored at 1: a plain clip
  expect_near(dynamic_threshold(x, 1, kInfinity).col(0), x.col(0) / 4, 1e-16);
  expect_empty(dynamic_threshold(Batch(0, 3), 0.5, 1), 0, 3);
  expect_empty(dynamic_threshold(Batch(3, 0), 0.5, 1), 3, 0);
  for (const auto& one : {std::pair{-0.1, "-0.1"}, {1.1, "1.1"}, {kNaN, "nan"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return dynamic_threshold(x, bad, 1); }, "ratio", text, "0 <= ratio <= 1");
  }
  for (const auto& one : {std::pair{0.9, "0.9"}, {kNaN, "nan"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return dynamic_threshold(x, 0.5, bad); }, "max_value", text, "max_value >= 1");
  }
  expect_error([&] { return dynamic_threshold(poisoned(x, kNaN), 0.5, 1); }, "x0(4, 1)", "nan", "finite");
}

TEST(Eq9, PointMassEpsRecoversTheNoise) {
  const Batch x0 = spread(1, 3, 4), noise = spread(2, 3, 4);
  const EpsModel model = point_mass_eps(x0);
  for (const double a : {0.1, 0.9}) {
    const NoiseLevel level = NoiseLevel::from_alpha_bar(a);
    expect_near(model(level, q_sample(level, x0, noise)), noise, 1e-14);
  }
  expect_error([&] { return point_mass_eps(poisoned(x0, kNaN)); }, "x0(2, 3)", "nan", "finite");
  expect_shape_error([&] { return model(NoiseLevel::from_alpha_bar(0.5), spread(1, 2, 4)); }, "shape of x0");
}

TEST(Eq9, GaussianEpsIsTheAffineOptimum) {
  const Eigen::VectorXd mean = spread(1, 3, 1);
  const Batch x = spread(2, 3, 4);
  for (const double variance : {0.0, 0.5, 2.0}) {
    const EpsModel model = gaussian_eps(mean, variance);
    for (const double a : {0.1, 0.9, 0.0}) {
      const Batch expected = std::sqrt(1 - a) * (x.colwise() - std::sqrt(a) * mean) / (a * variance + 1 - a);
      expect_near(model(NoiseLevel::from_alpha_bar(a), x), expected, 1e-14);
    }
  }
}

/// -sqrt(1 - a) grad log q(x_t) by definition: E[eps | x_t] from the mixture's own densities, in Real.
Eigen::VectorXd mixture_eps_by_definition(double a, const Eigen::VectorXd& x, const Eigen::VectorXd& weights,
                                          const Batch& means, const Eigen::VectorXd& variances) {
  const auto d = static_cast<std::size_t>(x.size());
  Real density = 0;
  std::vector<Real> numerator(d, Real(0));
  for (Eigen::Index k = 0; k < weights.size(); ++k) {
    const Real total = Real(a) * variances[k] + 1 - Real(a);
    std::vector<Real> residual;
    Real part = weights[k];
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      residual.push_back(x[i] - sqrt(Real(a)) * means(i, k));
      part *= exp(-residual.back() * residual.back() / (2 * total)) / sqrt(total);
    }
    density += part;
    for (std::size_t i = 0; i < d; ++i) numerator[i] += part * residual[i] / total;
  }
  Eigen::VectorXd eps(x.size());
  for (std::size_t i = 0; i < d; ++i)
    eps[static_cast<Eigen::Index>(i)] = Real(sqrt(1 - Real(a)) * numerator[i] / density).convert_to<double>();
  return eps;
}

TEST(Eq9, MixtureEpsIsThePosteriorMean) {
  const Eigen::Vector3d weights(0.25, 0.5, 0.25), variances(0.25, 0, 1);
  Batch x(1, 6);
  x << -40, -2, 0, 0.5, 1.3, 60;
  for (const Eigen::Index d : {1, 2, 4}) {  // d, n and K all differ
    Batch means = spread(7, d, 3), at(d, x.cols());
    means.row(0) << -2, 0.5, 3;
    for (Eigen::Index i = 0; i < d; ++i) at.row(i) = x / static_cast<double>(1 + i);
    const EpsModel model = mixture_eps(weights, means, variances);
    for (const double a : {0.01, 0.5, 0.99}) {
      Batch exact(d, x.cols());
      for (Eigen::Index j = 0; j < x.cols(); ++j)
        exact.col(j) = mixture_eps_by_definition(a, at.col(j), weights, means, variances);
      expect_near(model(NoiseLevel::from_alpha_bar(a), at), exact, 1e-12);
    }
  }
}

TEST(Errors, MixturesAndModels) {
  const Batch means = spread(1, 2, 2), x = spread(2, 2, 3);
  const Eigen::Vector2d half(0.5, 0.5), one(1, 1);
  const NoiseLevel level = NoiseLevel::from_alpha_bar(0.5);
  expect_error([&] { return mixture_eps(Eigen::Vector2d(0, 1), means, one); }, "weights",
               "(minimum 0, sum 1)", "weights > 0 with sum 1");
  expect_error([&] { return mixture_eps(Eigen::Vector2d(0.5, 0.6), means, one); }, "weights",
               "(minimum 0.5, sum 1.1)", "sum 1");
  EXPECT_THROW(mixture_eps(Eigen::Vector2d(kNaN, 1), means, one), DomainError);
  expect_error([&] { return mixture_eps(half, means, Eigen::Vector2d(1, -1)); }, "variances", "(minimum -1)",
               ">= 0");
  EXPECT_THROW(mixture_eps(half, means, Eigen::Vector2d(kNaN, 1)), DomainError);
  EXPECT_THROW(mixture_eps(half, means, Eigen::Vector2d(kInfinity, 1)), DomainError);
  expect_error([&] { return mixture_eps(half, poisoned(means, kNaN), one); }, "means(1, 1)", "nan", "finite");
  expect_shape_error([&] { return mixture_eps(Eigen::VectorXd::Constant(3, 1.0 / 3), means, one); },
                     "shape of weights");
  expect_shape_error([&] { return mixture_eps(half, means, Eigen::VectorXd::Ones(1)); },
                     "shape of variances");
  EXPECT_THROW(mixture_eps(Eigen::VectorXd(0), Batch(2, 0), Eigen::VectorXd(0)), DomainError)
      << "no component";
  EXPECT_THROW(gaussian_eps(Eigen::Vector2d(0, 0), -1), DomainError);
  EXPECT_THROW(gaussian_eps(Eigen::Vector2d(0, 0), kNaN), DomainError);
  expect_error([&] { return gaussian_eps(Eigen::Vector2d(0, kInfinity), 1); }, "mean(1, 0)", "inf", "finite");
  const EpsModel model = mixture_eps(half, means, one);
  expect_error([&] { return model(level, poisoned(x, kInfinity)); }, "x_t(1, 2)", "inf", "finite");
  expect_shape_error([&] { return model(level, spread(1, 3, 3)); }, "shape of x_t");
  expect_error([&] { return gaussian_eps(Eigen::Vector2d(0, 0), 0)(NoiseLevel::from_alpha_bar(1), x); },
               "alpha_bar", "1", "alpha_bar < 1");
}

TEST(Errors, ModelsThatOverflowSaySo) {
  const NoiseLevel nearly_data{1, 1.0, 5e-324};  // slope 4.5e161
  Batch x = spread(1, 2, 3);
  const EpsModel far = gaussian_eps(Eigen::Vector2d(0, 1e160), 0);
  expect_error([&] { return far(nearly_data, x); }, "the result (finite inputs overflow)(1, 0)", "-inf",
               "finite");
  x.row(1).setConstant(1e160);
  EXPECT_THROW(far(nearly_data, x), DomainError) << "infinity - infinity";
  EXPECT_DOUBLE_EQ(far(NoiseLevel::from_alpha_bar(0.5), spread(1, 2, 3))(1, 2), -1e160);
  // So far from every component that no squared distance is a double.
  x = spread(1, 2, 3);
  x(1, 2) = 1e160;
  const EpsModel mixture = mixture_eps(Eigen::Vector2d(0.5, 0.5), spread(2, 2, 2), Eigen::Vector2d(1, 1));
  expect_error([&] { return mixture(NoiseLevel::from_alpha_bar(0.5), x); },
               "the result (finite inputs overflow)(0, 2)", "nan", "finite");
  for (const int threads : {1, 3})
    EXPECT_THROW(mixture(NoiseLevel::from_alpha_bar(0.5), x, {threads}), DomainError);
}

TEST(Errors, PredictionsRejectNonFiniteAndMisshapenBatches) {
  const NoiseLevel level = NoiseLevel::from_alpha_bar(0.5);
  const Batch x = spread(1, 2, 3), other = spread(1, 3, 2);
  for (const double bad : {kNaN, kInfinity, -kInfinity}) {
    const Batch wrong = poisoned(x, bad);
    const std::string text = to_text(bad), finite = "the finite numbers";
    expect_error([&] { return predict_x0(level, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return predict_x0(level, x, wrong); }, "eps(1, 2)", text, finite);
    expect_error([&] { return predict_eps(level, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return predict_eps(level, x, wrong); }, "x0(1, 2)", text, finite);
    expect_error([&] { return predict_v(level, wrong, x); }, "eps(1, 2)", text, finite);
    expect_error([&] { return predict_v(level, x, wrong); }, "x0(1, 2)", text, finite);
    expect_error([&] { return predict_x0_from_v(level, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return predict_x0_from_v(level, x, wrong); }, "v(1, 2)", text, finite);
    expect_error([&] { return predict_eps_from_v(level, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return predict_eps_from_v(level, x, wrong); }, "v(1, 2)", text, finite);
    expect_error([&] { return predict_x0(level, Prediction::x0, x, wrong); }, "x0(1, 2)", text, finite);
    expect_error([&] { return predict_eps(level, Prediction::eps, x, wrong); }, "eps(1, 2)", text, finite);
    expect_error([&] { return predict_x0(level, Prediction::x0, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return predict_eps(level, Prediction::eps, wrong, x); }, "x_t(1, 2)", text, finite);
  }
  for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
    EXPECT_THROW(predict_x0(level, prediction, x, other), ShapeError);
    EXPECT_THROW(predict_eps(level, prediction, x, other), ShapeError);
  }
}

}  // namespace
}  // namespace ddim
