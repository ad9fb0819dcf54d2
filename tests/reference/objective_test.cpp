#include "reference/objective.hpp"

#include <functional>
#include <numbers>

#include "tests/reference/checks.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

Chain chain_of(double eta, const std::vector<int>& times = {1, 60, 300, 301, 1000}) {
  Chain chain = Chain::from_eta(linear_1000(), Tau::from_times(times, 1000), eta);
  chain.sigma[0] = Sigma(0.05);
  return chain;
}

/// Several eps_theta that have nothing in common.
std::vector<EpsModel> models(const Batch& x0) {
  const Batch mean = spread(90, x0.rows(), 1);
  return {
      gaussian_eps(mean, 0.5),
      [](const NoiseLevel&, const BatchRef& x) { return Batch(Batch::Zero(x.rows(), x.cols())); },
      [](const NoiseLevel& level, const BatchRef& x) { return Batch((x.array() + 0.01 * level.t).sin()); },
      point_mass_eps(x0)};
}

/// One path per sample, drawn from q_sigma.
struct Setting {
  Chain chain;
  Batch x0;
  Path path;
};
Setting setting(double eta, const std::vector<int>& times = {1, 60, 300, 301, 1000}) {
  Chain chain = chain_of(eta, times);
  const Batch x0 = spread(1, 3, 4, 1);
  Path path = q_sample_path(chain, x0, spread_path(2, chain.S(), 3, 4));
  return {std::move(chain), x0, std::move(path)};
}

TEST(Eq11, KlIsItsDefinition) {
  const std::vector<double> variances{1e-30, 1e-3, 1 - 0x1p-53, 1, 1 + 0x1p-52, 1.001, 1.5, 2, 1e30};
  for (const double vp : variances) {
    for (const double vq : variances) {
      for (const auto& [mp, mq] : {std::pair{0.0, 0.0}, {1e-9, 0.0}, {1.0, 1.5}, {-3.0, 40.0}}) {
        const double kl = kl_divergence({Batch::Constant(1, 1, mp), vp}, {Batch::Constant(1, 1, mq), vq})[0];
        const Real exact = Definitions<Real>::kl(mp, vp, mq, vq);
        if (exact == 0) {
          EXPECT_EQ(kl, 0.0);
        } else {
          EXPECT_LE(ulps(kl, exact), 7) << vp << " " << vq << " " << mp << " " << mq;
        }
      }
    }
  }
}

TEST(Eq11, KlSumsOverDimensionsInNats) {
  const Batch mean = spread(1, 5, 3);
  const Gaussian p{mean, 0.5}, q{Batch::Zero(5, 3), 2.0};
  for (Eigen::Index j = 0; j < 3; ++j) {
    const double expected = 0.5 * (5 * (std::log(4.0) + 0.25 - 1) + mean.col(j).squaredNorm() / 2);
    EXPECT_NEAR(kl_divergence(p, q)[j], expected, 1e-14);
  }
  EXPECT_TRUE(kl_divergence(q, q).isZero(0));
  EXPECT_GT((kl_divergence(p, q) - kl_divergence(q, p)).cwiseAbs().minCoeff(), 0.1);  // not symmetric
}

TEST(Eq11, FirstLineEqualsSecondLinePathByPath) {
  for (const double eta : {0.2, 1.0}) {
    for (const auto& times : {std::vector<int>{500}, {1, 1000}, {1, 60, 300, 301, 1000}}) {
      const auto [chain, x0, path] = setting(eta, times);
      for (const EpsModel& model : models(x0)) {
        const PerSample whole = log_ratio(chain, model, path, x0);
        const PerSample terminal = log_q_terminal(chain, path, x0),
                        posteriors = log_q_posteriors(chain, path, x0),
                        transitions = log_p_transitions(chain, model, path, x0), prior = log_p_prior(path);
        for (Eigen::Index j = 0; j < whole.size(); ++j) {
          const double size =
              std::abs(terminal[j]) + std::abs(posteriors[j]) + std::abs(transitions[j]) + std::abs(prior[j]);
          EXPECT_NEAR(whole[j], terminal[j] + posteriors[j] - transitions[j] - prior[j], 1e-13 * size);
        }
      }
    }
  }
}

TEST(Eq11, EachSumIsTheDensityItIsNamedFor) {
  const auto [chain, x0, path] = setting(0.5);
  const EpsModel model = models(x0)[2];
  expect_near(log_q_terminal(chain, path, x0) + log_q_posteriors(chain, path, x0),
              q_log_density(chain, path, x0), 1e-12);
  expect_near(log_p_transitions(chain, model, path, x0) + log_p_prior(path),
              p_log_density(chain, model, path, x0), 1e-12);
  for (Eigen::Index j = 0; j < x0.cols(); ++j) {
    EXPECT_NEAR(log_p_prior(path)[j],
                -0.5 * path.back().col(j).squaredNorm() - 1.5 * std::log(2 * std::numbers::pi), 1e-13);
  }
  // One transition at t = 1 by hand: N(f_theta(x_1), sigma_1^2 I), with its normaliser.
  const auto [one, y0, single] = setting(0.5, {1});
  const Batch f = predict_x0(one.steps[0].current, single[0], model(one.steps[0].current, single[0]));
  for (Eigen::Index j = 0; j < y0.cols(); ++j) {
    const double variance = 0.05 * 0.05;
    const double nll =
        1.5 * std::log(2 * std::numbers::pi * variance) + (y0 - f).col(j).squaredNorm() / (2 * variance);
    EXPECT_NEAR(log_p_transitions(one, model, single, y0)[j], -nll, 1e-10);
    EXPECT_NEAR(variational_objective(one, model, single, y0).reconstruction[j], nll, 1e-10);
  }
}

TEST(Eq11, KlFormIsTheConditionalExpectationOfTheFirstLine) {
  // Given x_T, x_{T-1} is Gaussian, so a product Gauss-Hermite rule (degree 5) integrates the quadratic log
  // ratio exactly: no draws. d = 1, S = 2, and x_0's own rule is not needed since x_0 is given.
  const Chain chain = chain_of(0.6, {400, 1000});
  const double node = std::sqrt(3.0);
  const double nodes[] = {-node, 0, node}, weights[] = {1.0 / 6, 2.0 / 3, 1.0 / 6};
  const Batch x0 = Batch::Constant(1, 1, 0.7);
  const EpsModel model =
      gaussian_eps(Eigen::VectorXd::Constant(1, 0.2), 0.5);  // affine, so the ratio is quadratic
  double line = 0, kl = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      const Path noise{Batch::Constant(1, 1, nodes[i]), Batch::Constant(1, 1, nodes[j])};
      const Path path = q_sample_path(chain, x0, noise);
      line += weights[i] * weights[j] * log_ratio(chain, model, path, x0)[0];
      kl += weights[i] * weights[j] * variational_objective(chain, model, path, x0).sum()[0];
    }
  }
  EXPECT_NEAR(line, kl, 1e-11 * std::abs(kl));
}

TEST(Eq11, KlFormHasOneTermPerStep) {
  const auto [chain, x0, path] = setting(0.5);
  const KlForm form = variational_objective(chain, models(x0)[1], path, x0);
  ASSERT_EQ(form.step.size(), 4u);
  PerSample total = form.prior + form.reconstruction;
  for (const PerSample& kl : form.step) {
    EXPECT_TRUE((kl.array() >= 0).all());
    total += kl;
  }
  expect_near(form.sum(), total, 1e-14);
  const KlForm perfect = variational_objective(chain, point_mass_eps(x0), path, x0);
  for (const PerSample& kl : perfect.step) EXPECT_NEAR(kl.cwiseAbs().maxCoeff(), 0, 1e-15);
}

TEST(Theorem1, ObjectiveMinusWeightedLossIsTheSameForEveryPredictor) {
  for (const double eta : {0.1, 0.5, 1.0}) {
    const auto [chain, x0, path] = setting(eta);
    const Eigen::VectorXd gamma = gamma_weights(chain);
    const PerSample constant = theorem1_constant(chain, x0);
    for (const EpsModel& model : models(x0)) {
      const PerSample loss = weighted_loss(chain, model, path, x0, gamma);
      const PerSample rest = variational_objective(chain, model, path, x0).sum() - loss;
      for (Eigen::Index j = 0; j < rest.size(); ++j) {
        EXPECT_NEAR(rest[j], constant[j], 1e-12 * (std::abs(loss[j]) + std::abs(constant[j])));
      }
    }
  }
}

TEST(Theorem1, ThePrintedWeightIsCaughtAsWrong) {
  // 1 / (2 d sigma^2 a), as commonly quoted, and three relatives: J - L is then not constant in eps_theta.
  const Setting drawn = setting(0.5);
  const Chain& chain = drawn.chain;
  const Batch& x0 = drawn.x0;
  const Path& path = drawn.path;
  const Eigen::VectorXd gamma = gamma_weights(chain);
  Eigen::VectorXd printed(chain.S()), without_c(chain.S()), without_noise(chain.S());
  for (int i = 0; i < chain.S(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double a = chain.steps[k].current.alpha_bar, variance = chain.sigma[k].variance();
    printed[i] = 1 / (2 * 3 * variance * a);
    without_c[i] = chain.steps[k].current.one_minus_alpha_bar / (2 * variance * a);
    without_noise[i] = gamma[i] / chain.steps[k].current.one_minus_alpha_bar;
  }
  const auto spread_over_models = [&](const Eigen::VectorXd& weights) {
    double least = kInfinity, most = -kInfinity;
    for (const EpsModel& model : models(x0)) {
      const double rest = variational_objective(chain, model, path, x0).sum()[0] -
                          weighted_loss(chain, model, path, x0, weights)[0];
      least = std::min(least, rest);
      most = std::max(most, rest);
    }
    return most - least;
  };
  EXPECT_LT(spread_over_models(gamma), 1e-8);
  EXPECT_GT(spread_over_models(printed), 1.0);
  EXPECT_GT(spread_over_models(without_c), 1.0);
  EXPECT_GT(spread_over_models(without_noise), 1.0);
  EXPECT_GT(spread_over_models(gamma / 3), 1.0);
}

TEST(Theorem1, WeightsWithinOneUlpOfTheDefinition) {
  for (const auto& [a, p] : {std::pair{0.3, 0.7}, {0.98, 0.99}, {1 - 0x1p-52, 1 - 0x1p-53}, {1e-12, 0.5}}) {
    const Transition first = Transition::from_alpha_bars(p, 1), step = Transition::from_alpha_bars(a, p);
    for (const double fraction : {1e-3, 0.5, 0.999}) {
      const double sigma = fraction * sqrt_one_minus_alpha_bar(step.prev);
      const Eigen::VectorXd gamma = gamma_weights({{first, step}, {0.05, sigma}});
      EXPECT_LE(ulps(gamma[0], Definitions<Real>{p, 1, Real(0.05) * 0.05}.gamma_first()), 1);
      EXPECT_LE(ulps(gamma[1], Definitions<Real>{a, p, Real(sigma) * sigma}.gamma()), 1);
    }
  }
}

TEST(Theorem1, AtEtaOneTheWeightIsTheGrowthOfSnr) {
  const Chain chain = chain_of(1);
  const Eigen::VectorXd gamma = gamma_weights(chain);
  const auto snr = [](const NoiseLevel& level) { return level.alpha_bar / level.one_minus_alpha_bar; };
  for (std::size_t i = 1; i < chain.steps.size(); ++i) {
    const double growth = snr(chain.steps[i].prev) / snr(chain.steps[i].current) - 1;
    EXPECT_NEAR(gamma[static_cast<Eigen::Index>(i)] / (0.5 * growth), 1, 1e-12) << i;
  }
}

TEST(Theorem1, SimpleLossHasUnitWeights) {
  const auto [chain, x0, path] = setting(0.5);
  const EpsModel model = models(x0)[2];
  PerSample expected = PerSample::Zero(4);
  for (std::size_t i = 0; i < path.size(); ++i) {
    const NoiseLevel& level = chain.steps[i].current;
    expected += (predict_eps(level, path[i], x0) - model(level, path[i])).colwise().squaredNorm().transpose();
  }
  expect_near(simple_loss(chain, model, path, x0), expected, 1e-13);
  EXPECT_NEAR(simple_loss(chain, point_mass_eps(x0), path, x0).cwiseAbs().maxCoeff(), 0, 1e-20);
}

TEST(Errors, ObjectiveNeedsPositiveSigmas) {
  const Setting good = setting(0.5);
  const Batch& x = good.x0;
  const Path& p = good.path;
  const EpsModel model = models(x)[0];
  Chain c = good.chain;
  c.sigma[0] = Sigma(0);
  const std::string domain = "sigma > 0 (J_sigma is infinite otherwise";
  const auto each = [&](const char* quantity) {
    expect_error([&] { return log_ratio(c, model, p, x); }, quantity, "0", domain);
    expect_error([&] { return p_log_density(c, model, p, x); }, quantity, "0", domain);
    expect_error([&] { return log_p_transitions(c, model, p, x); }, quantity, "0", domain);
    expect_error([&] { return variational_objective(c, model, p, x); }, quantity, "0", domain);
    expect_error([&] { return gamma_weights(c); }, quantity, "0", domain);
  };
  each("sigma[1]");
  expect_error([&] { return theorem1_constant(c, x); }, "sigma[1]", "0", domain);
  c = good.chain;
  c.sigma[2] = Sigma(0);
  expect_error([&] { return log_q_posteriors(c, p, x); }, "sigma[3]", "0", domain);
  expect_error([&] { return p_log_density(c, model, p, x); }, "sigma[3]", "0", domain);
  expect_error([&] { return gamma_weights(c); }, "sigma[3]", "0", domain);
  // eta = 0 lies outside Theorem1 altogether.
  expect_error([&] { return gamma_weights(chain_of(0)); }, "sigma[2]", "0", domain);
}

TEST(Errors, ObjectiveRejectsWrongPathsAndWeights) {
  const Setting drawn = setting(0.5);
  const Chain& chain = drawn.chain;
  const Batch& x0 = drawn.x0;
  const Path& path = drawn.path;
  const EpsModel model = models(x0)[0];
  const Eigen::VectorXd gamma = gamma_weights(chain);
  Path shorter = path, misshapen = path;
  shorter.pop_back();
  misshapen[1] = spread(1, 2, 4);
  using Call = std::function<void(const Chain&, const Path&, const Batch&)>;
  const std::vector<Call> calls{
      [&](const Chain& c, const Path& p, const Batch& x) { log_ratio(c, model, p, x); },
      [&](const Chain& c, const Path& p, const Batch& x) { p_log_density(c, model, p, x); },
      [&](const Chain& c, const Path& p, const Batch& x) { log_q_terminal(c, p, x); },
      [&](const Chain& c, const Path& p, const Batch& x) { log_q_posteriors(c, p, x); },
      [&](const Chain& c, const Path& p, const Batch& x) { log_p_transitions(c, model, p, x); },
      [&](const Chain& c, const Path& p, const Batch& x) { variational_objective(c, model, p, x); },
      [&](const Chain& c, const Path& p, const Batch& x) { weighted_loss(c, model, p, x, gamma); },
      [&](const Chain& c, const Path& p, const Batch& x) { simple_loss(c, model, p, x); }};
  for (std::size_t k = 0; k < calls.size(); ++k) {
    SCOPED_TRACE(k);
    EXPECT_THROW(calls[k](chain, shorter, x0), ShapeError);
    EXPECT_THROW(calls[k](Chain{}, Path{}, x0), ShapeError);
    EXPECT_THROW(calls[k](chain, path, spread(1, 2, 4)), ShapeError);
    if (k != 2) {  // log_q_terminal sees x_T alone
      EXPECT_THROW(calls[k](chain, misshapen, x0), ShapeError);
    }
    EXPECT_THROW(calls[k](chain, path, poisoned(x0, kNaN)), DomainError);
    Path wrong = path;
    wrong.back() = poisoned(wrong.back(), kInfinity);
    EXPECT_THROW(calls[k](chain, wrong, x0), DomainError);
    // Squares beyond the doubles: infinity, and of two of them a NaN.
    EXPECT_THROW(calls[k](chain, Path(path.size(), Batch::Constant(x0.rows(), x0.cols(), 1e160)), x0),
                 DomainError);
  }
  expect_shape_error([&] { return log_p_prior({}); }, "length of path");
  EXPECT_THROW(log_p_prior({poisoned(x0, kNaN)}), DomainError);
  EXPECT_THROW(gamma_weights(Chain{}), ShapeError);
  EXPECT_THROW(theorem1_constant(Chain{}, x0), ShapeError);
  EXPECT_THROW(theorem1_constant(chain, poisoned(x0, kNaN)), DomainError);
  expect_shape_error([&] { return weighted_loss(chain, model, path, x0, gamma.head(2)); }, "shape of gamma");
  expect_error([&] { return weighted_loss(chain, model, path, x0, poisoned(gamma, kNaN)); }, "gamma(4, 0)",
               "nan", "finite");
  // A weight beyond the doubles is no weight.
  Chain steep = chain;
  steep.sigma[4] = Sigma(0x1p-484);
  steep.steps[4] = Transition::from_alpha_bars(1e-300, 0.5);
  expect_error([&] { return gamma_weights(steep); }, "gamma[5]", "inf", "too small");
  steep.steps[4] = Transition::from_alpha_bars(0, 0.5);
  steep.sigma[4] = Sigma(0.1);
  expect_error([&] { return gamma_weights(steep); }, "alpha_bar[1]", "0", "alpha_bar > 0 (Theorem1");
}

TEST(Errors, KlNeedsPositiveVariancesAndEqualShapes) {
  const Batch x = spread(1, 2, 3);
  for (const auto& one : {std::pair{0.0, "0"}, {-1.0, "-1"}, {kNaN, "nan"}, {kInfinity, "inf"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return kl_divergence({x, bad}, {x, 1}); }, "variance", text, "variance > 0");
    expect_error([&] { return kl_divergence({x, 1}, {x, bad}); }, "variance", text, "variance > 0");
  }
  expect_shape_error([&] { return kl_divergence({x, 1}, {spread(1, 3, 3), 1}); }, "shape of mean of q");
  expect_error(
      [&] {
        return kl_divergence({poisoned(x, kNaN), 1}, {x, 1});
      },
      "mean of p(1, 2)", "nan", "finite");
  expect_error(
      [&] {
        return kl_divergence({Batch::Constant(2, 3, 1e160), 1}, {x, 1});
      },
      "the result (finite inputs overflow)(0, 0)", "inf", "finite");
  // As wide as the doubles are, in no dimension nothing differs.
  expect_same(kl_divergence({Batch(0, 2), 1e300}, {Batch(0, 2), 1e-300}), PerSample::Zero(2));
}

TEST(Batch, ObjectiveOfEmptyBatches) {
  const Chain chain = chain_of(0.5);
  for (const auto& [d, n] : {std::pair{0, 0}, {0, 4}, {2, 0}}) {
    const Batch x = Batch::Zero(d, n);
    const Path path(5, x);
    const EpsModel model = point_mass_eps(x);
    EXPECT_EQ(log_ratio(chain, model, path, x).size(), n);
    EXPECT_EQ(variational_objective(chain, model, path, x).sum().size(), n);
    expect_same(simple_loss(chain, model, path, x), PerSample::Zero(n));
  }
}

}  // namespace
}  // namespace ddim
