#include "reference/laws.hpp"

#include <Eigen/Cholesky>
#include <functional>
#include <numbers>

#include "tests/reference/bounds.hpp"
#include "tests/reference/checks.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::Deep;
using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

struct Pair {
  double a, p;
};

/// alpha_bar near 1, next to alpha_bar_prev, tiny, denormal and ordinary.
const std::vector<Pair> kPairs{
    {0.3, 0.7},           {0.98, 0.99},     {0.5, 1 - 0x1p-53}, {1 - 0x1p-52, 1 - 0x1p-53},
    {0.3, 0.3 + 0x1p-54}, {1e-300, 0.9},    {1e-12, 2e-12},     {5e-324, 1e-323},
    {4e-5, 0.9999},       {0.9998, 0.9999}, {0x1p-60, 0.5},     {0.25, 0.25 + 0x1p-54}};

/// Fractions of the largest sigma that Eq7 admits.
const std::vector<double> kFractions{0, 1e-8, 0.1, 0.5, 0.9, 1 - 0x1p-30, 1};

/// sigma near `fraction` of Eq7's boundary, rounded so that it is admitted exactly.
double sigma_at(const Transition& step, double fraction) {
  double sigma = fraction * sqrt_one_minus_alpha_bar(step.prev);
  while (Real(sigma) * Real(sigma) > 1 - Real(step.prev.alpha_bar.hi)) sigma = std::nextafter(sigma, 0);
  return sigma;
}

template <class Check>
void for_each_step(Check check) {
  for (const Pair& pair : kPairs) {
    const Transition step = Transition::from_alpha_bars(pair.a, pair.p);
    for (const double fraction : kFractions) {
      const double sigma = sigma_at(step, fraction);
      SCOPED_TRACE(to_text(pair.a) + " " + to_text(pair.p) + " sigma " + to_text(sigma));
      check(step, sigma, Definitions<Deep>{pair.a, pair.p, Deep(sigma) * Deep(sigma)});
    }
  }
}

Chain some_chain(double eta, const std::vector<int>& times = {1, 7, 40, 300, 301, 1000}) {
  Chain chain = Chain::from_eta(linear_1000(), Tau::from_times(times, 1000), eta);
  chain.sigma[0] = Sigma(0.02);
  return chain;
}

TEST(Lemma1, MarginalAndItsDraw) {
  const Batch x0 = spread(1, 3, 5), noise = spread(2, 3, 5);
  for (const double a : {5e-324, 1e-20, 0.3, 0.9999, 1 - 0x1p-53, 0.0, 1.0}) {
    const NoiseLevel level = NoiseLevel::from_alpha_bar(a);
    const Gaussian law = q_marginal(level, x0);
    EXPECT_LE(ulps(law.variance, Real(1 - Real(a))), 0.5);
    const Real cosine = sqrt(Real(a)), sine = sqrt(1 - Real(a));
    const Batch x_t = q_sample(level, x0, noise);
    for (Eigen::Index i = 0; i < x0.size(); ++i) {
      const double x = x0.data()[i], z = noise.data()[i];
      EXPECT_LE(ulps(law.mean.data()[i], Real(cosine * x)), 2) << a;
      const Real exact = cosine * x + sine * z;
      EXPECT_LE(abs(x_t.data()[i] - exact), oracle::two_term_bound(Real(cosine * x).convert_to<double>(),
                                                                   Real(sine * z).convert_to<double>()));
    }
    Batch target(3, 5);
    q_sample(level, x0, noise, target);
    expect_same(target, x_t);
  }
}

TEST(Lemma1, Eq7CarriesTheMarginalDownWhateverSigma) {
  // x_t ~ N(sqrt(a) x0, 1 - a) through Eq7 is N(sqrt(p) x0, 1 - p).
  for_each_step([](const Transition& step, double sigma, const auto&) {
    const PosteriorCoefficients c = posterior_coefficients(step, sigma);
    const Real variance =
        Real(c.x_t) * c.x_t * oracle::Real(step.current.one_minus_alpha_bar.hi) + Real(sigma) * sigma;
    const double mean = c.x0 + c.x_t * sqrt_alpha_bar(step.current);
    EXPECT_NEAR(mean / sqrt_alpha_bar(step.prev), 1, 1e-15);
    EXPECT_NEAR((variance / Real(step.prev.one_minus_alpha_bar.hi)).convert_to<double>(), 1, 1e-15);
  });
}

TEST(Lemma1, HoldsAlongAnyTau) {
  for (const double eta : {0.0, 0.3, 1.0}) {
    for (const auto& times : {std::vector<int>{1000}, {1, 1000}, {10, 500, 501}, {1, 2, 3, 4, 999, 1000}}) {
      const Chain chain = some_chain(eta, times);
      double mean = sqrt_alpha_bar(chain.steps.back().current);
      double variance = chain.steps.back().current.one_minus_alpha_bar;
      for (std::size_t i = chain.steps.size() - 1; i >= 1; --i) {
        const PosteriorCoefficients c = posterior_coefficients(chain.steps[i], chain.sigma[i]);
        mean = c.x0 + c.x_t * mean;
        variance = c.x_t * c.x_t * variance + chain.sigma[i].variance();
        EXPECT_NEAR(mean, sqrt_alpha_bar(chain.steps[i].prev), 1e-14);
        EXPECT_NEAR(variance, chain.steps[i].prev.one_minus_alpha_bar, 1e-14);
      }
    }
  }
}

TEST(Eq6T, IsLemma1AtTheLastTime) {
  const Chain chain = some_chain(0.4);
  const Batch x0 = spread(1, 2, 3);
  const Path noise = spread_path(5, chain.S(), 2, 3);
  expect_same(q_sample_path(chain, x0, noise).back(), q_sample(linear_1000().level(1000), x0, noise.back()));
  // At zero terminal SNR x_T is the noise itself.
  expect_same(q_sample(NoiseLevel::from_alpha_bar(0), x0, noise[0]), noise[0]);
}

TEST(Eq7, CoefficientsWithinOneUlpOfTheDefinition) {
  for_each_step([](const Transition& step, double sigma, const auto& law) {
    const PosteriorCoefficients c = posterior_coefficients(step, sigma);
    EXPECT_LE(ulps(c.x0, law.posterior_mean(0, 1)), 1);
    EXPECT_LE(ulps(c.x_t, law.posterior_mean(1, 0)), 1);
  });
}

TEST(Eq7, MeanWithinItsBound) {
  const Batch x_t = spread(1, 2, 4), x0 = spread(2, 2, 4);
  for_each_step([&](const Transition& step, double sigma, const auto& law) {
    const Gaussian posterior = q_posterior(step, sigma, x_t, x0);
    EXPECT_EQ(posterior.variance, static_cast<double>(Sigma(sigma).variance()));
    for (Eigen::Index i = 0; i < x0.size(); ++i) {
      const Deep u = law.posterior_mean(x_t.data()[i], 0), v = law.posterior_mean(0, x0.data()[i]);
      const double bound =
          oracle::two_term_bound(u.template convert_to<double>(), v.template convert_to<double>());
      EXPECT_LE(abs(posterior.mean.data()[i] - (u + v)), bound);
    }
  });
}

TEST(Eq7, PythagoreanTriplesGiveExactRationals) {
  // sqrt(p) = 4/5, sqrt(1-p) = 3/5; sqrt(a) = 5/13, sqrt(1-a) = 12/13; sigma = 3/5 * 4/5, k = 3/5 * 3/5.
  const Transition step = between(pythagorean(2, 5, 12, 13), pythagorean(1, 4, 3, 5),
                                  ratio(16 * 169 - 25 * 25, 16 * 169));  // 1 - (25/169) / (16/25)
  const Sigma sigma = Sigma::from_variance(ratio(144, 625));
  const PosteriorCoefficients c = posterior_coefficients(step, sigma);
  EXPECT_LE(ulps(c.x_t, Real(39) / 100), 1);  // (9/25) / (12/13)
  EXPECT_LE(ulps(c.x0, Real(13) / 20), 1);    // 4/5 - 39/100 * 5/13
  const ForwardCoefficients f = forward_coefficients(step, sigma);
  EXPECT_LE(ulps(f.x_prev, Real(12) / 13), 1);             // (12/13) (9/25) / (9/25)
  EXPECT_LE(ulps(f.x0, Real(5) / 13 - Real(48) / 65), 1);  // 5/13 - 12/13 * 4/5
  EXPECT_LE(ulps(f.variance, Real(144 * 144) / (169 * 225)), 1);
  EXPECT_LE(ulps(sqrt_alpha_bar(step.current), Real(5) / 13), 0.5001);
  EXPECT_LE(ulps(sqrt_one_minus_alpha_bar(step.current), Real(12) / 13), 0.5001);
  EXPECT_LE(ulps(ode_sigma(step.current), Real(12) / 5), 0.5001);
}

TEST(Eq7, EtaOneIsDdpmsPosterior) {
  // DDPM (7): sqrt(p) beta / (1 - a) x0 + sqrt(a / p) (1 - p) / (1 - a) x_t, variance beta (1 - p) / (1 - a).
  const Schedule schedule = linear_1000();
  for (const auto& [t, t_prev] : {std::pair{2, 1}, {3, 1}, {500, 499}, {1000, 999}, {1000, 1}, {421, 401}}) {
    const Transition step = schedule.transition(t, t_prev);
    const PosteriorCoefficients c = posterior_coefficients(step, sigma_eta(step, 1));
    const double p = step.prev.alpha_bar, om = step.current.one_minus_alpha_bar, beta = step.beta;
    EXPECT_NEAR(c.x0 / (std::sqrt(p) * beta / om), 1, 1e-15) << t;
    EXPECT_NEAR(c.x_t / (std::sqrt(step.current.alpha_bar / p) * step.prev.one_minus_alpha_bar / om), 1,
                1e-15)
        << t;
  }
}

TEST(Eq7, SigmaAboveTheBoundaryIsAnErrorBeyondFourUlps) {
  const Batch x = spread(1, 2, 2);
  for (const double p : {0.19, 0.81, 0.9999, 1 - 0x1p-40}) {
    const Transition step = Transition::from_alpha_bars(p / 2, p);
    const double boundary = sqrt_one_minus_alpha_bar(step.prev);
    const auto excess = [&](double sigma) {
      const Real limit = 1 - Real(p);
      return ((Real(sigma) * sigma - limit) / limit).convert_to<double>();
    };
    double sigma = boundary * (1 - 0x1p-50);
    bool seen_zero = false, seen_error = false;
    for (int i = 0; i < 16; ++i, sigma = std::nextafter(sigma, 2)) {
      SCOPED_TRACE(to_text(p) + " " + to_text(sigma) + " excess " + to_text(excess(sigma)));
      if (excess(sigma) <= 0x1p-50) {
        const Wide radicand = posterior_radicand(step, sigma);
        const PosteriorCoefficients c = posterior_coefficients(step, sigma);
        if (excess(sigma) >= 0) {
          seen_zero = true;
          EXPECT_EQ(radicand, 0.0);
          EXPECT_EQ(c.x_t, 0.0);
          // Counted as the boundary itself: x_{t-1} is then sqrt(p) x_0 and noise, for all x_t.
          EXPECT_LE(ulps(c.x0, sqrt(Real(p))), 1);
        } else {
          EXPECT_GT(radicand, 0.0);
          EXPECT_GT(c.x_t, 0.0);
        }
      } else {
        seen_error = true;
        const std::string domain = "0 <= sigma^2 <= 1 - alpha_bar_prev = " + to_text(1 - p) + " (Eq7)";
        expect_error([&] { return posterior_radicand(step, sigma); }, "sigma", to_text(sigma), domain);
        expect_error([&] { return posterior_coefficients(step, sigma); }, "sigma", to_text(sigma), domain);
        expect_error([&] { return q_posterior(step, sigma, x, x); }, "sigma", to_text(sigma), domain);
        expect_error([&] { return forward_coefficients(step, sigma); }, "sigma", to_text(sigma), domain);
      }
    }
    EXPECT_TRUE(seen_zero && seen_error);
  }
  // Where alpha_bar_prev = 1 no noise is admitted at all.
  const Transition last = Transition::from_alpha_bars(0.9, 1);
  EXPECT_EQ(posterior_radicand(last, 0.0), 0.0);
  expect_error([&] { return posterior_radicand(last, 1e-100); }, "sigma", "1e-100",
               "1 - alpha_bar_prev = 0 (Eq7)");
}

TEST(Eq7, ZeroTerminalSnr) {
  const Transition step = Transition::from_alpha_bars(0, 0.36);
  const PosteriorCoefficients c = posterior_coefficients(step, 0.0);
  EXPECT_EQ(c.x0, 0.6);
  EXPECT_EQ(c.x_t, 0.8);
}

TEST(Eq7, AtTheLastStepOfDdimTheMeanIsX0) {
  const PosteriorCoefficients c = posterior_coefficients(linear_1000().transition(1, 0), 0.0);
  EXPECT_EQ(c.x0, 1.0);
  EXPECT_EQ(c.x_t, 0.0);
}

TEST(Eq8, CoefficientsAreBayesRuleOfTheDefinitions) {
  for_each_step([](const Transition& step, double sigma, const auto& law) {
    const ForwardCoefficients f = forward_coefficients(step, sigma);
    EXPECT_LE(ulps(f.variance, law.forward_variance()), 1);
    if (law.direction() == 0 && law.admitted_variance() == 0) return;
    EXPECT_LE(ulps(f.x_prev, law.forward_mean(1, 0)), 1);
    EXPECT_LE(ulps(f.x0, law.forward_mean(0, 1)), 1);
  });
}

TEST(Eq8, MeanWithinItsBound) {
  const Batch x_prev = spread(1, 2, 4), x0 = spread(2, 2, 4);
  for_each_step([&](const Transition& step, double sigma, const auto& law) {
    const Gaussian forward = forward_step(step, sigma, x_prev, x0);
    EXPECT_EQ(forward.variance, forward_coefficients(step, sigma).variance);
    for (Eigen::Index i = 0; i < x0.size(); ++i) {
      const Deep u = law.forward_mean(x_prev.data()[i], 0), v = law.forward_mean(0, x0.data()[i]);
      const double bound =
          oracle::two_term_bound(u.template convert_to<double>(), v.template convert_to<double>());
      EXPECT_LE(abs(forward.mean.data()[i] - (u + v)), bound);
    }
  });
}

TEST(Eq8, ClosedFormIsTheQuotientOfThreeDensities) {
  const Batch x_t = spread(1, 3, 4), x_prev = spread(2, 3, 4), x0 = spread(3, 3, 4, 1);
  for (const auto& [t, t_prev] : {std::pair{3, 2}, {500, 480}, {1000, 999}, {1000, 300}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    for (const double eta : {0.2, 0.7, 1.0}) {
      const Sigma sigma = sigma_eta(step, eta);
      const PerSample closed = log_density(forward_step(step, sigma, x_prev, x0), x_t);
      const PerSample quotient = forward_log_density_by_bayes(step, sigma, x_t, x_prev, x0);
      const double size = log_density(q_posterior(step, sigma, x_t, x0), x_prev).cwiseAbs().maxCoeff();
      for (Eigen::Index j = 0; j < 4; ++j)
        EXPECT_NEAR(closed[j], quotient[j], 1e-13 * size) << t << " " << eta;
    }
  }
  expect_error(
      [&] { return forward_log_density_by_bayes(linear_1000().transition(9, 8), 0.0, x_t, x_prev, x0); },
      "variance", "0", "variance > 0");
}

TEST(Eq8, SingularAtTheFirstStep) {
  const Transition last = linear_1000().transition(1, 0);
  const Batch x = spread(1, 2, 2);
  expect_error([&] { return forward_coefficients(last, 0.0); }, "alpha_bar_prev", "1", "t >= 2");
  expect_error([&] { return forward_step(last, 0.0, x, x); }, "alpha_bar_prev", "1", "t >= 2");
  expect_error([&] { return non_markov_coefficient(last, 0.0); }, "alpha_bar_prev", "1", "t >= 2");
}

TEST(Eq8, ZeroTerminalSnrAtTheBoundaryForgetsBoth) {
  // eta = 1 with alpha_bar = 0: sigma^2 = 1 - alpha_bar_prev, and x_T is pure noise.
  const Transition step = Transition::from_alpha_bars(0, 0.25);
  const ForwardCoefficients f = forward_coefficients(step, sigma_eta(step, 1));
  EXPECT_EQ(f.x0, 0.0);
  EXPECT_EQ(f.x_prev, 0.0);
  EXPECT_EQ(f.variance, 1.0);
}

TEST(NonMarkov, VanishesAtEtaOneOnly) {
  for (const auto& [t, t_prev] : {std::pair{2, 1}, {500, 480}, {1000, 999}, {1000, 10}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    const double scale = non_markov_coefficient(step, 0.0);
    EXPECT_LT(scale, 0.0);
    const double at_one = non_markov_coefficient(step, sigma_eta(step, 1));
    EXPECT_LE(std::abs(at_one), 1e-28) << t;
    const ForwardCoefficients f = forward_coefficients(step, sigma_eta(step, 1));
    EXPECT_LE(ulps(f.x_prev, Real(sqrt(1 - Real(step.beta.hi) - Real(step.beta.lo)))), 1);
    EXPECT_NEAR(f.variance / step.beta, 1, 1e-15);
    double previous = scale;
    for (const double eta : {0.1, 0.5, 0.9, 0.99}) {
      const double now = non_markov_coefficient(step, sigma_eta(step, eta));
      EXPECT_LT(now, -1e-9) << eta;
      EXPECT_GT(now, previous);
      previous = now;
    }
    // Past eta = 1 the sign turns.
    if (const Sigma above = sigma_eta(step, 1 + 0x1p-20); above.variance() < step.prev.one_minus_alpha_bar) {
      EXPECT_GT(non_markov_coefficient(step, above), 0.0);
    }
  }
}

TEST(Eq6, LogDensityIsThatOfTheDenseNormal) {
  // Along tau, x = sqrt(a) x0 + sqrt(1 - a) e with e an AR(1) of correlation rho_i = sqrt(1 - sigma_i^2 / (1
  // - a_{i-1})).
  for (const double eta : {0.3, 0.8, 1.0}) {
    const Chain chain = some_chain(eta);
    const int S = chain.S();
    Eigen::MatrixXd covariance(S, S);
    for (int i = 0; i < S; ++i) {
      double correlation = 1;
      for (int j = i; j < S; ++j) {
        if (j > i) {
          const auto k = static_cast<std::size_t>(j);
          correlation *= std::sqrt(1 - chain.sigma[k].variance() / chain.steps[k].prev.one_minus_alpha_bar);
        }
        covariance(i, j) = covariance(j, i) =
            correlation * sqrt_one_minus_alpha_bar(chain.steps[static_cast<std::size_t>(i)].current) *
            sqrt_one_minus_alpha_bar(chain.steps[static_cast<std::size_t>(j)].current);
      }
    }
    const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
    ASSERT_EQ(factor.info(), Eigen::Success);
    const double log_determinant = 2 * factor.matrixL().toDenseMatrix().diagonal().array().log().sum();
    const Batch x0 = spread(1, 3, 4, 1);
    const Path path = q_sample_path(chain, x0, spread_path(2, S, 3, 4));
    const PerSample actual = q_log_density(chain, path, x0);
    for (Eigen::Index j = 0; j < 4; ++j) {
      double expected = 0;
      for (Eigen::Index row = 0; row < 3; ++row) {
        Eigen::VectorXd residual(S);
        for (int i = 0; i < S; ++i) {
          const auto k = static_cast<std::size_t>(i);
          residual[i] = path[k](row, j) - sqrt_alpha_bar(chain.steps[k].current) * x0(row, j);
        }
        expected -= 0.5 * (factor.matrixL().solve(residual).squaredNorm() + log_determinant +
                           S * std::log(2 * std::numbers::pi));
      }
      EXPECT_NEAR(actual[j], expected, 1e-9 * std::abs(expected)) << eta;
    }
  }
}

TEST(Eq6, LogDensityOfAnOwnDrawIsThatOfItsNoise) {
  const Chain chain = some_chain(0.5);
  const Batch x0 = spread(1, 3, 4, 1);
  const Path noise = spread_path(2, chain.S(), 3, 4), path = q_sample_path(chain, x0, noise);
  double log_scale = std::log(chain.steps.back().current.one_minus_alpha_bar);
  for (std::size_t i = 1; i < noise.size(); ++i) log_scale += std::log(chain.sigma[i].variance());
  for (Eigen::Index j = 0; j < 4; ++j) {
    double squares = 0;
    for (const Batch& z : noise) squares += z.col(j).squaredNorm();
    const double expected = -0.5 * (squares + 3 * (chain.S() * std::log(2 * std::numbers::pi) + log_scale));
    EXPECT_NEAR(q_log_density(chain, path, x0)[j], expected, 1e-11 * std::abs(expected));
  }
}

TEST(Eq6, ReverseBuiltPathsWhitenedForwardAreTheSameGaussianLaw) {
  // Write a reverse-built path as a linear map R of its noise, and whiten it by Eq8's formulas, W. If the two
  // codes describe one law, W R is orthogonal, to rounding: no draw is involved.
  for (const double eta : {0.0625, 0.5, 1.0}) {
    const Chain chain = some_chain(eta);
    const int S = chain.S();
    const Batch zero = Batch::Zero(1, S);
    Path unit;  // sample j is driven by noise e_j
    for (int i = 0; i < S; ++i) {
      unit.push_back(Batch::Zero(1, S));
      unit.back()(0, i) = 1;
    }
    const auto whitened = [&](const Path& path) {
      Eigen::MatrixXd result(S, S);
      result.row(0) = path[0] / sqrt_one_minus_alpha_bar(chain.steps[0].current);
      for (int i = 1; i < S; ++i) {
        const auto k = static_cast<std::size_t>(i);
        const Gaussian law = forward_step(chain.steps[k], chain.sigma[k], path[k - 1], zero);
        result.row(i) = (path[k] - law.mean) / std::sqrt(law.variance);
      }
      return result;
    };
    const Eigen::MatrixXd cross = whitened(q_sample_path(chain, zero, unit));
    expect_near(cross * cross.transpose(), Eigen::MatrixXd::Identity(S, S), 1e-12);
    expect_near(whitened(q_sample_path_forward(chain, zero, unit)), Eigen::MatrixXd::Identity(S, S), 1e-12);
    // And the other way: a forward-built path, whitened by Eq7.
    const Path forward = q_sample_path_forward(chain, zero, unit);
    Eigen::MatrixXd back(S, S);
    back.row(S - 1) = forward.back() / sqrt_one_minus_alpha_bar(chain.steps.back().current);
    for (int i = S - 1; i >= 1; --i) {
      const auto k = static_cast<std::size_t>(i);
      const Gaussian law = q_posterior(chain.steps[k], chain.sigma[k], forward[k], zero);
      back.row(i - 1) = (forward[k - 1] - law.mean) / chain.sigma[k].value();
    }
    expect_near(back * back.transpose(), Eigen::MatrixXd::Identity(S, S), 1e-12);
  }
}

TEST(Eq6, BothPathsCarryX0WithTheMarginalsMean) {
  const Chain chain = some_chain(0.5);
  const Batch x0 = spread(1, 2, 3);
  const Path silent(static_cast<std::size_t>(chain.S()), Batch::Zero(2, 3));
  for (const Path& path : {q_sample_path(chain, x0, silent), q_sample_path_forward(chain, x0, silent)}) {
    for (std::size_t i = 0; i < path.size(); ++i) {
      expect_near(path[i], q_marginal(chain.steps[i].current, x0).mean, 1e-13);
    }
  }
}

TEST(Eq6, OneTimeIsEq6T) {
  const Chain chain = some_chain(0.5, {700});
  const Batch x0 = spread(1, 2, 3), x = spread(2, 2, 3);
  expect_near(q_log_density(chain, {x}, x0), log_density(q_marginal(chain.steps[0].current, x0), x), 1e-14);
}

TEST(Eq6, LogDensityOfANormalLaw) {
  const Gaussian law{Batch::Constant(2, 1, 1.0), 4.0};
  EXPECT_DOUBLE_EQ(log_density(law, Batch::Constant(2, 1, 3.0))[0], -std::log(8 * std::numbers::pi) - 1);
}

TEST(Errors, LawsRejectNonFiniteAndMisshapenBatches) {
  const Transition step = linear_1000().transition(500, 480);
  const NoiseLevel& level = step.current;
  const Sigma sigma = sigma_eta(step, 0.5);
  const Batch x = spread(1, 2, 3), other = spread(1, 3, 3);
  for (const double bad : {kNaN, kInfinity}) {
    const Batch wrong = poisoned(x, bad);
    const auto at = [](const char* name) { return std::string(name) + "(1, 2)"; };
    const std::string text = to_text(bad), finite = "the finite numbers";
    expect_error([&] { return q_marginal(level, wrong); }, at("x0"), text, finite);
    expect_error([&] { return q_sample(level, wrong, x); }, at("x0"), text, finite);
    expect_error([&] { return q_sample(level, x, wrong); }, at("noise"), text, finite);
    expect_error([&] { return q_posterior(step, sigma, wrong, x); }, at("x_t"), text, finite);
    expect_error([&] { return q_posterior(step, sigma, x, wrong); }, at("x0"), text, finite);
    expect_error([&] { return forward_step(step, sigma, wrong, x); }, at("x_prev"), text, finite);
    expect_error([&] { return forward_step(step, sigma, x, wrong); }, at("x0"), text, finite);
    expect_error([&] { return log_density({x, 1.0}, wrong); }, at("x"), text, finite);
    expect_error([&] { return log_density({wrong, 1.0}, x); }, at("mean"), text, finite);
    expect_error([&] { return log_density({x, bad}, x); }, "variance", text, "variance > 0");
    expect_error([&] { return forward_log_density_by_bayes(step, sigma, wrong, x, x); }, at("x_t"), text,
                 finite);
    expect_error([&] { return forward_log_density_by_bayes(step, sigma, x, wrong, x); }, at("x_prev"), text,
                 finite);
    expect_error([&] { return forward_log_density_by_bayes(step, sigma, x, x, wrong); }, at("x0"), text,
                 finite);
  }
  const Batch far = Batch::Constant(2, 3, 1e160);
  expect_error(
      [&] {
        return log_density({x, 1.0}, far);
      },
      "the result (finite inputs overflow)(0, 0)", "-inf", "finite");
  EXPECT_THROW(forward_log_density_by_bayes(step, sigma, far, far, x), DomainError) << "-inf - -inf";
  expect_error([&] { return log_density({x, 0.0}, x); }, "variance", "0", "variance > 0");
  expect_error([&] { return log_density({x, -1.0}, x); }, "variance", "-1", "variance > 0");
  expect_shape_error([&] { return q_sample(level, x, other); }, "shape of noise");
  expect_shape_error([&] { return q_posterior(step, sigma, x, other); }, "shape of x_t");
  expect_shape_error([&] { return forward_step(step, sigma, x, other); }, "shape of x_prev");
  expect_shape_error([&] { return log_density({x, 1.0}, other); }, "shape of mean");
}

TEST(Errors, PathsRejectWrongLengthsShapesAndSigmas) {
  const Chain chain = some_chain(0.5);
  const Batch x0 = spread(1, 2, 3);
  const Path path = spread_path(2, 6, 2, 3);
  const Path longer = spread_path(2, 7, 2, 3);
  Path misshapen = path, wrong = path;
  misshapen[2] = spread(1, 3, 3);
  wrong[2] = poisoned(wrong[2], kNaN);
  using Call = std::function<void(const Chain&, const Path&)>;
  const std::vector<std::pair<const char*, Call>> calls{
      {"path", [&](const Chain& c, const Path& p) { q_log_density(c, p, x0); }},
      {"noise", [&](const Chain& c, const Path& p) { q_sample_path(c, x0, p); }},
      {"noise", [&](const Chain& c, const Path& p) { q_sample_path_forward(c, x0, p); }}};
  for (const auto& [name, of_path] : calls) {
    const Call& call = of_path;
    expect_error<ShapeError>([&] { return call(chain, longer), 0; }, std::string("length of ") + name, "7",
                             "S = 6");
    expect_shape_error([&] { return call(chain, misshapen), 0; }, std::string("shape of ") + name);
    EXPECT_THROW(call(chain, wrong), DomainError);
    EXPECT_THROW(call(Chain{}, {}), ShapeError) << "a chain of no steps";
    Chain short_of_sigma = chain;
    short_of_sigma.sigma.pop_back();
    EXPECT_THROW(call(short_of_sigma, path), ShapeError);
  }
  EXPECT_THROW(q_log_density(chain, Path(6, Batch::Constant(2, 3, 1e160)), x0), DomainError);
  expect_error([&] { return q_log_density(some_chain(0), path, x0); }, "variance", "0", "variance > 0");
}

TEST(Batch, LawsOfEmptyBatches) {
  const Transition step = linear_1000().transition(500, 480);
  const Sigma sigma = sigma_eta(step, 0.5);
  const Chain chain = some_chain(0.5);
  for (const auto& [d, n] : {std::pair{0, 0}, {0, 4}, {4, 0}}) {
    const Batch x = Batch::Zero(d, n);
    expect_empty(q_marginal(step.current, x).mean, d, n);
    expect_empty(q_sample(step.current, x, x), d, n);
    expect_empty(q_posterior(step, sigma, x, x).mean, d, n);
    expect_empty(forward_step(step, sigma, x, x).mean, d, n);
    const Path path = q_sample_path(chain, x, Path(6, x));
    for (const Batch& at : path) expect_empty(at, d, n);
    // d = 0: the density of the one point is 1.
    expect_same(q_log_density(chain, path, x), PerSample::Zero(n));
  }
}

}  // namespace
}  // namespace ddim
