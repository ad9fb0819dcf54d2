#include "reference/steps.hpp"

#include "tests/reference/bounds.hpp"
#include "tests/reference/checks.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::Deep;
using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

constexpr Prediction kPredictions[] = {Prediction::eps, Prediction::x0, Prediction::v};

/// alpha_bar, alpha_bar_prev, and sigma as a fraction of its boundary.
template <class Check>
void for_each_step(Check check) {
  for (const auto& [a, p] : {std::pair{0.3, 0.7},
                             {0.98, 0.99},
                             {0.5, 1 - 0x1p-53},
                             {1 - 0x1p-52, 1 - 0x1p-53},
                             {0.3, 0.3 + 0x1p-54},
                             {1e-300, 0.9},
                             {1e-12, 2e-12},
                             {5e-324, 1e-323},
                             {4e-5, 0.9999},
                             {0.9998, 0.9999},
                             {0.9, 1.0}}) {
    const Transition step = Transition::from_alpha_bars(a, p);
    for (const double fraction : {0.0, 1e-8, 0.1, 0.5, 1 - 0x1p-30, 1.0}) {
      double sigma = fraction * sqrt_one_minus_alpha_bar(step.prev);
      while (Real(sigma) * sigma > 1 - Real(p)) sigma = std::nextafter(sigma, 0);
      SCOPED_TRACE(to_text(a) + " " + to_text(p) + " sigma " + to_text(sigma));
      check(step, sigma, Definitions<Deep>{a, p, Deep(sigma) * Deep(sigma)});
    }
  }
}

Deep step_of(const Definitions<Deep>& law, Prediction prediction, double x_t, double output) {
  switch (prediction) {
    case Prediction::eps:
      return law.step_from_eps(x_t, output);
    case Prediction::x0:
      return law.step_from_x0(x_t, output);
    case Prediction::v:
      break;
  }
  return law.step_from_v(x_t, output);
}

Chain chain_of(const std::vector<int>& times, double eta, double sigma_1 = 0) {
  Chain chain = Chain::from_eta(linear_1000(), Tau::from_times(times, 1000), eta);
  chain.sigma[0] = Sigma(sigma_1);
  return chain;
}

TEST(Eq12, CoefficientsWithinOneUlpOfTheDefinition) {
  for_each_step([](const Transition& step, double sigma, const Definitions<Deep>& law) {
    for (const Prediction prediction : kPredictions) {
      const StepCoefficients c = step_coefficients(step, sigma, prediction);
      EXPECT_EQ(c.sigma, sigma);
      EXPECT_LE(ulps(c.x_t, step_of(law, prediction, 1, 0)), 1) << static_cast<int>(prediction);
      EXPECT_LE(ulps(c.output, step_of(law, prediction, 0, 1)), 1) << static_cast<int>(prediction);
    }
  });
}

TEST(Eq12, BatchWithinItsBound) {
  const Batch x_t = spread(1, 3, 4), output = spread(2, 3, 4), noise = spread(3, 3, 4);
  for_each_step([&](const Transition& step, double sigma, const Definitions<Deep>& law) {
    if (step.current.alpha_bar < 1e-290) return;  // sqrt(p / a) x_t is then beyond a batch's business
    for (const Prediction prediction : kPredictions) {
      const StepCoefficients c = step_coefficients(step, sigma, prediction);
      const Batch x_prev = ddim_step(c, x_t, output, noise);
      Batch target(3, 4);
      ddim_step(c, x_t, output, noise, target);
      expect_same(target, x_prev);
      for (Eigen::Index i = 0; i < x_t.size(); ++i) {
        const Deep u = step_of(law, prediction, x_t.data()[i], 0),
                   v = step_of(law, prediction, 0, output.data()[i]);
        const Deep w = Deep(sigma) * noise.data()[i];
        const double bound =
            oracle::three_term_bound(u.convert_to<double>(), v.convert_to<double>(), w.convert_to<double>());
        EXPECT_LE(abs(x_prev.data()[i] - (u + v + w)), bound);
      }
    }
  });
}

TEST(Eq12, PythagoreanTriplesGiveExactRationals) {
  // sqrt(p) = 4/5, sqrt(a) = 5/13, sigma = 12/25, k = 9/25.
  const Transition step =
      between(pythagorean(2, 5, 12, 13), pythagorean(1, 4, 3, 5), ratio(16 * 169 - 25 * 25, 16 * 169));
  const Sigma sigma = Sigma::from_variance(ratio(144, 625));
  const StepCoefficients eps = step_coefficients(step, sigma, Prediction::eps);
  EXPECT_LE(ulps(eps.x_t, Real(52) / 25), 1);
  EXPECT_LE(ulps(eps.output, Real(9) / 25 - Real(48) / 25), 1);
  const StepCoefficients x0 = step_coefficients(step, sigma, Prediction::x0);
  EXPECT_LE(ulps(x0.x_t, Real(39) / 100), 1);
  EXPECT_LE(ulps(x0.output, Real(13) / 20), 1);
  const StepCoefficients v = step_coefficients(step, sigma, Prediction::v);
  EXPECT_LE(ulps(v.x_t, Real(20) / 65 + Real(108) / 325), 1);
  EXPECT_LE(ulps(v.output, -Real(48) / 65 + Real(45) / 325), 1);
}

TEST(Eq12, ThreePredictionsAreOneStep) {
  const Batch x0 = spread(1, 3, 4), eps = spread(2, 3, 4), noise = spread(3, 3, 4);
  for (const auto& [t, t_prev] : {std::pair{1, 0}, {2, 1}, {500, 480}, {1000, 1}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    const Sigma sigma = sigma_eta(step, 0.7);
    const Batch x_t = q_sample(step.current, x0, eps), v = predict_v(step.current, eps, x0);
    const Batch expected = ddim_step_from_parts(step, sigma, x0, eps, noise);
    // Eq12 through eps multiplies by sqrt(p / a).
    const double tolerance = 1e-14 * std::sqrt(step.prev.alpha_bar / step.current.alpha_bar);
    expect_near(ddim_step(step_coefficients(step, sigma), x_t, eps, noise), expected, tolerance);
    expect_near(ddim_step(step_coefficients(step, sigma, Prediction::x0), x_t, x0, noise), expected, 1e-14);
    expect_near(ddim_step(step_coefficients(step, sigma, Prediction::v), x_t, v, noise), expected, 1e-14);
  }
}

TEST(Eq12, StepIsAPosteriorDraw) {
  const Batch x_t = spread(1, 3, 4), x0 = spread(2, 3, 4), noise = spread(3, 3, 4);
  const Transition step = linear_1000().transition(500, 480);
  for (const double eta : {0.0, 0.5, 1.0}) {
    const Sigma sigma = sigma_eta(step, eta);
    const Batch drawn = ddim_step(step_coefficients(step, sigma, Prediction::x0), x_t, x0, noise);
    expect_near(drawn, q_posterior(step, sigma, x_t, x0).mean + sigma.value() * noise, 1e-15);
  }
}

TEST(Eq12, EtaZeroTakesNoNoiseAndOtherEtaDoes) {
  const Batch x = spread(1, 2, 2), y = spread(2, 2, 2);
  const Transition step = linear_1000().transition(500, 480);
  const StepCoefficients still = step_coefficients(step, 0.0), noisy = step_coefficients(step, 0.1);
  expect_same(ddim_step(still, x, y), ddim_step(still, x, y, Batch::Zero(2, 2)));
  expect_error([&] { return ddim_step(noisy, x, y); }, "sigma", "0.1", "sigma = 0 (a step");
}

TEST(Eq12, IsEulerAncestralInOdeSigmaCoordinates) {
  // x_bar = x / sqrt(alpha_bar): sigma_up = eta (sp / s) sqrt(s^2 - sp^2), sigma_down = sqrt(sp^2 -
  // sigma_up^2), x_bar += eps (sigma_down - s) + sigma_up z.
  const Batch x_t = spread(1, 3, 4), eps = spread(2, 3, 4), noise = spread(3, 3, 4);
  for (const auto& [t, t_prev] : {std::pair{2, 1}, {1, 0}, {500, 480}, {1000, 999}, {1000, 300}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    for (const double eta : {0.0, 0.3, 1.0}) {
      const double from = ode_sigma(step.current), to = ode_sigma(step.prev);
      const double up = eta * to * std::sqrt(from * from - to * to) / from,
                   down = std::sqrt(to * to - up * up);
      const Batch ancestral =
          sqrt_alpha_bar(step.prev) * (x_t / sqrt_alpha_bar(step.current) + (down - from) * eps + up * noise);
      const Batch actual = ddim_step(step_coefficients(step, sigma_eta(step, eta)), x_t, eps, noise);
      expect_near(actual, ancestral, 1e-13 * (1 + from));
    }
  }
}

TEST(Eq12, ClippedPartsKeepTheGivenEps) {
  const Transition step = linear_1000().transition(500, 480);
  const Sigma sigma = sigma_eta(step, 1);
  const Batch x_t = spread(1, 3, 4), x0 = clip(spread(2, 3, 4), 1), zero = Batch::Zero(3, 4);
  // Re-derived from the clipped x_0, the step is DDPM's posterior mean; with another eps it is not.
  const Batch rederived = predict_eps(step.current, x_t, x0);
  expect_near(ddim_step_from_parts(step, sigma, x0, rederived, zero), q_posterior(step, sigma, x_t, x0).mean,
              1e-14);
  const Batch kept = ddim_step_from_parts(step, sigma, x0, x_t, zero);
  expect_near(
      kept,
      sqrt_alpha_bar(step.prev) * x0 + std::sqrt(step.prev.one_minus_alpha_bar - sigma.variance()) * x_t,
      1e-15);
}

TEST(Eq12, PointMassChainEndsAtX0) {
  const Batch x0 = spread(1, 3, 4);
  const EpsModel model = point_mass_eps(x0);
  for (const double eta : {0.0, 0.5, 1.0}) {
    for (const auto& times : {std::vector<int>{1000}, {1}, {1, 1000}, {1, 21, 400, 981}, {20, 500, 1000}}) {
      const Chain chain = chain_of(times, eta);
      const Batch x_T = spread(2, 3, 4);
      expect_near(p_sample(chain, model, x_T, spread_path(3, chain.S(), 3, 4)), x0, 1e-11);
    }
  }
}

TEST(Eq12, ZeroTerminalSnrStepsFromV) {
  const std::vector<double> betas{0.36, 1.0};
  const Transition step = Schedule::from_betas(betas).transition(2, 1);
  const Batch x_t = spread(1, 2, 3), x0 = spread(2, 2, 3);
  const Batch v = -x0;  // alpha_bar = 0: v = -x_0, and x_t is the noise
  expect_near(ddim_step(step_coefficients(step, 0.0, Prediction::v), x_t, v), 0.8 * x0 + 0.6 * x_t, 1e-15);
  expect_near(ddim_step(step_coefficients(step, 0.0, Prediction::x0), x_t, x0), 0.8 * x0 + 0.6 * x_t, 1e-15);
  expect_error([&] { return step_coefficients(step, 0.0); }, "alpha_bar[2]", "0", "zero terminal SNR");
}

TEST(Eq10, IsEq7AtThePredictedX0) {
  const Batch x_t = spread(1, 3, 4), eps = spread(2, 3, 4);
  for (const auto& [t, t_prev] : {std::pair{2, 1}, {500, 480}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    const Sigma sigma = sigma_eta(step, 0.6);
    const Gaussian p = p_step(step, sigma, x_t, eps);
    const Gaussian q = q_posterior(step, sigma, x_t, predict_x0(step.current, x_t, eps));
    expect_near(p.mean, q.mean, 1e-13);
    EXPECT_EQ(p.variance, q.variance);
  }
}

TEST(Eq10, FirstTimeHasItsOwnSigma) {
  const Batch x_1 = spread(1, 3, 4), eps = spread(2, 3, 4);
  const Transition last = linear_1000().transition(1, 0);
  for (const double sigma : {0.0, 0.01, 5.0}) {  // not bound by Eq7's domain
    const Gaussian law = p_step(last, sigma, x_1, eps);
    expect_same(law.mean, predict_x0(last.current, x_1, eps));
    EXPECT_DOUBLE_EQ(law.variance, sigma * sigma);
  }
}

TEST(Eq10, ATinyFirstBetaDoesNotMakeTheSecondStepTheLast) {
  // alpha_bar_1 = 1 - 1e-20 reads as 1.0.
  const std::vector<double> betas{1e-20, 0.5};
  const Transition step = Schedule::from_betas(betas).transition(2, 1);
  const Batch x = spread(1, 1, 1);
  expect_error([&] { return p_step(step, 0.1, x, x); }, "sigma", "0.1", "1 - alpha_bar_prev = 1e-20");
  EXPECT_DOUBLE_EQ(p_step(step, 1e-10, x, x).variance, 1e-20);
}

TEST(Eq10, SampleIsTheStepsInOrder) {
  const Chain chain = chain_of({1, 300, 1000}, 0.5);
  const EpsModel model = gaussian_eps(spread(1, 2, 1), 0.5);
  const Path noise = spread_path(2, 3, 2, 3);
  Batch x = spread(3, 2, 3);
  const Batch sampled = p_sample(chain, model, x, noise);
  for (int i = 2; i >= 0; --i) {
    const auto k = static_cast<std::size_t>(i);
    const StepCoefficients c = step_coefficients(chain.steps[k], chain.sigma[k]);
    x = ddim_step(c, x, model(chain.steps[k].current, x), noise[k]);
  }
  expect_near(sampled, x, 1e-13);
}

TEST(Eq13, EncodeCoefficientsWithinOneUlpOfTheDefinition) {
  for_each_step([](const Transition& step, double sigma, const Definitions<Deep>& law) {
    if (sigma != 0) return;
    const EncodeCoefficients c = encode_coefficients(step);
    EXPECT_LE(ulps(c.x_prev, law.encode(1, 0)), 1);
    EXPECT_LE(ulps(c.eps, law.encode(0, 1)), 1);
  });
  const EncodeCoefficients whole = encode_coefficients(Transition::from_alpha_bars(0, 0.5));
  EXPECT_EQ(whole.x_prev, 0.0);
  EXPECT_EQ(whole.eps, 1.0);
}

TEST(Eq13, StepThenEncodeWithFrozenEpsIsTheIdentity) {
  const Batch x_t = spread(1, 3, 4), eps = spread(2, 3, 4);
  for (const auto& [t, t_prev] : {std::pair{1, 0}, {2, 1}, {500, 480}, {1000, 300}, {1000, 0}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    const Batch x_prev = ddim_step(step_coefficients(step, 0.0), x_t, eps);
    expect_near(ddim_encode_step(step, x_prev, eps), x_t, 1e-14);
    const Batch encoded = ddim_encode_step(step, x_t, eps);
    expect_near(ddim_step(step_coefficients(step, 0.0), encoded, eps), x_t,
                1e-15 * std::sqrt(step.prev.alpha_bar / step.current.alpha_bar) + 1e-14);
  }
}

TEST(Eq14, EtaZeroIsEulersStep) {
  const Batch x_t = spread(1, 3, 4), eps = spread(2, 3, 4);
  for (const auto& [t, t_prev] : {std::pair{2, 1}, {1, 0}, {500, 480}}) {
    const Transition step = linear_1000().transition(t, t_prev);
    const Batch euler =
        x_t / sqrt_alpha_bar(step.current) + (ode_sigma(step.prev) - ode_sigma(step.current)) * eps;
    expect_near(ddim_step(step_coefficients(step, 0.0), x_t, eps), sqrt_alpha_bar(step.prev) * euler, 1e-13);
  }
}

TEST(Eq14, EncodeThenDecodeErrorShrinksWithS) {
  const EpsModel model = gaussian_eps(Eigen::Vector2d(0.5, -1), 0.25);
  const Batch x0 = spread(1, 2, 5), zero = Batch::Zero(2, 5);
  double previous = kInfinity;
  for (const int S : {10, 20, 40, 80, 160, 320}) {
    const Chain chain = Chain::from_eta(linear_1000(), Tau::trailing(1000, S), 0);
    const Batch back =
        p_sample(chain, model, encode(chain, model, x0), Path(static_cast<std::size_t>(S), zero));
    const double error = (back - x0).cwiseAbs().maxCoeff();
    EXPECT_LT(error, 0.75 * previous) << S;  // Euler: first order, halving
    previous = error;
  }
  EXPECT_LT(previous, 0.06);
}

TEST(Eq14, EncodingPointMassDataIsExact) {
  // eps is constant along the path, so Euler's steps are exact however few.
  const Batch x0 = spread(1, 3, 4), noise = spread(2, 3, 4);
  const EpsModel frozen = [&](const NoiseLevel&, const BatchRef&) { return noise; };
  const Chain chain = chain_of({1, 500, 1000}, 0);
  expect_near(encode(chain, frozen, x0), q_sample(linear_1000().level(1000), x0, noise), 1e-14);
}

TEST(Eq13, EncodingAsksTheModelWhereItStands) {
  std::vector<NoiseLevel> asked;
  const EpsModel model = [&](const NoiseLevel& level, const BatchRef& x) -> Batch {
    asked.push_back(level);
    return x;
  };
  encode(chain_of({1, 500, 1000}, 0), model, spread(1, 2, 3));
  ASSERT_EQ(asked.size(), 3u);
  for (const auto& [i, t] : {std::pair<std::size_t, int>{0, 1}, {1, 1}, {2, 500}}) {  // eps at t = 0 is none
    EXPECT_EQ(asked[i].t, t);
    EXPECT_EQ(asked[i].alpha_bar, linear_1000().alpha_bar(t));
  }
}

TEST(Eq12, GenerativeLawOfGaussianData) {
  // Against the steps themselves: the law is affine, so two samples and their images give gain and shift.
  const Eigen::VectorXd mean = Eigen::VectorXd::Constant(1, 0.7);
  for (const double variance : {0.0, 0.3, 1.0, 4.0}) {
    const EpsModel model = gaussian_eps(mean, variance);
    for (const double eta : {0.0, 0.5, 1.0}) {
      for (const auto& times : {std::vector<int>{1000}, {1, 1000}, {1, 100, 400, 1000}}) {
        const Chain chain = chain_of(times, eta, 0.05);
        const std::vector<Gaussian> laws = generative_law(chain, mean, variance);
        ASSERT_EQ(laws.size(), times.size() + 1);
        double m = 0, v = 1;
        EXPECT_EQ(laws[0].mean(0, 0), 0.0);
        EXPECT_EQ(laws[0].variance, 1.0);
        for (std::size_t k = 1; k < laws.size(); ++k) {
          const std::size_t i = times.size() - k;
          Batch x(1, 2);
          x << 0, 1;
          const Gaussian image = p_step(chain.steps[i], chain.sigma[i], x, model(chain.steps[i].current, x));
          const double gain = image.mean(0, 1) - image.mean(0, 0);
          m = image.mean(0, 0) + gain * m;
          v = gain * gain * v + image.variance;
          EXPECT_NEAR(laws[k].mean(0, 0), m, 1e-11 * (1 + std::abs(m)));
          EXPECT_NEAR(laws[k].variance / v, 1, 1e-11);
        }
      }
    }
  }
}

TEST(Eq12, GenerativeVarianceAtFiniteSIsNotTheDatas) {
  const Eigen::VectorXd mean = Eigen::VectorXd::Zero(1);
  const auto last_variance = [&](const Tau& tau, double eta) {
    return generative_law(Chain::from_eta(linear_1000(), tau, eta), mean, 1).back().variance;
  };
  EXPECT_NEAR(last_variance(Tau::trailing(1000, 10), 0), 0.688, 5e-4);
  EXPECT_NEAR(last_variance(Tau::leading(1000, 10), 0), 0.692, 5e-4);
  EXPECT_NEAR(last_variance(Tau::full(1000), 0), 1, 1e-2);
}

TEST(Eq12, PointMassLawEndsAtTheMean) {
  for (const double eta : {0.0, 1.0}) {
    const Chain chain = chain_of({1, 500, 1000}, eta);
    const Gaussian last = generative_law(chain, Eigen::Vector2d(2, -1), 0).back();
    expect_near(last.mean, Eigen::Vector2d(2, -1), 1e-12);
    EXPECT_NEAR(last.variance, 0, 1e-20);
  }
}

TEST(Errors, StepsRejectNonFiniteAndMisshapenBatches) {
  const Transition step = linear_1000().transition(500, 480);
  const StepCoefficients c = step_coefficients(step, 0.1), still = step_coefficients(step, 0.0);
  const Batch x = spread(1, 2, 3), other = spread(1, 3, 3);
  for (const double bad : {kNaN, kInfinity, -kInfinity}) {
    const Batch wrong = poisoned(x, bad);
    const std::string text = to_text(bad), finite = "the finite numbers";
    expect_error([&] { return ddim_step(c, wrong, x, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return ddim_step(c, x, wrong, x); }, "output(1, 2)", text, finite);
    expect_error([&] { return ddim_step(c, x, x, wrong); }, "noise(1, 2)", text, finite);
    expect_error([&] { return ddim_step(still, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return ddim_step(still, x, wrong); }, "output(1, 2)", text, finite);
    expect_error([&] { return ddim_step(still, x, x, wrong); }, "noise(1, 2)", text, finite);
    expect_error([&] { return ddim_step_from_parts(step, 0.1, wrong, x, x); }, "pred_x0(1, 2)", text, finite);
    expect_error([&] { return ddim_step_from_parts(step, 0.1, x, wrong, x); }, "eps(1, 2)", text, finite);
    expect_error([&] { return ddim_step_from_parts(step, 0.1, x, x, wrong); }, "noise(1, 2)", text, finite);
    expect_error([&] { return p_step(step, 0.1, wrong, x); }, "x_t(1, 2)", text, finite);
    expect_error([&] { return p_step(step, 0.1, x, wrong); }, "eps(1, 2)", text, finite);
    expect_error([&] { return ddim_encode_step(step, wrong, x); }, "x_prev(1, 2)", text, finite);
    expect_error([&] { return ddim_encode_step(step, x, wrong); }, "eps(1, 2)", text, finite);
  }
  expect_shape_error([&] { return ddim_step(c, x, other, x); }, "shape of output");
  expect_shape_error([&] { return ddim_step(c, x, x, other); }, "shape of noise");
  expect_shape_error([&] { return ddim_step(still, x, other); }, "shape of output");
  expect_shape_error([&] { return ddim_encode_step(step, x, other); }, "shape of eps");
  expect_shape_error([&] { return p_step(step, 0.1, x, other); }, "shape of eps");
  Batch target(3, 3);
  expect_shape_error([&] { return ddim_step(c, x, x, x, target), 0; }, "shape of x_t");
}

TEST(Errors, StepsRejectSigmaOutsideEq7) {
  const Transition step = Transition::from_alpha_bars(0.5, 0.81);
  const Batch x = spread(1, 2, 3);
  const std::string domain = "0 <= sigma^2 <= 1 - alpha_bar_prev = 0.18999999999999995 (Eq7)";
  for (const Prediction prediction : kPredictions) {
    expect_error([&] { return step_coefficients(step, 0.9, prediction); }, "sigma", "0.9", domain);
  }
  expect_error([&] { return p_step(step, 0.9, x, x); }, "sigma", "0.9", domain);
  expect_error([&] { return ddim_step_from_parts(step, 0.9, x, x, x); }, "sigma", "0.9", domain);
  // eta so large that Eq16 leaves the domain: the error names the sigma it gave.
  const Sigma sigma = sigma_eta(step, 2);
  expect_error([&] { return step_coefficients(step, sigma); }, "sigma", to_text(sigma.value()), domain);
}

TEST(Errors, ChainsOfStepsRejectWrongSizes) {
  const Chain chain = chain_of({1, 500, 1000}, 0.5);
  const EpsModel model = gaussian_eps(Eigen::Vector2d(0, 0), 1);
  const Batch x = spread(1, 2, 3);
  expect_error<ShapeError>([&] { return p_sample(chain, model, x, spread_path(1, 2, 2, 3)); },
                           "length of noise", "2", "S = 3");
  expect_shape_error([&] { return p_sample(chain, model, x, spread_path(1, 3, 2, 4)); }, "shape of noise");
  expect_error([&] { return p_sample(chain, model, poisoned(x, kNaN), spread_path(1, 3, 2, 3)); },
               "x_t(1, 2)", "nan", "finite");
  const EpsModel broken = [](const NoiseLevel&, const BatchRef& at) { return Batch(at * kNaN); };
  EXPECT_THROW(p_sample(chain, broken, x, spread_path(1, 3, 2, 3)), DomainError);
  EXPECT_THROW(encode(chain, broken, x), DomainError);
  const EpsModel narrow = [](const NoiseLevel&, const BatchRef& at) { return Batch(at.leftCols(1)); };
  EXPECT_THROW(p_sample(chain, narrow, x, spread_path(1, 3, 2, 3)), ShapeError);
  EXPECT_THROW(encode(chain, narrow, x), ShapeError);
  EXPECT_THROW(p_sample(Chain{}, model, x, {}), ShapeError);
  EXPECT_THROW(encode(Chain{}, model, x), ShapeError);
  EXPECT_THROW(generative_law(Chain{}, Eigen::Vector2d(0, 0), 1), ShapeError);
  expect_error([&] { return generative_law(chain, Eigen::Vector2d(0, 0), -1); }, "variance", "-1",
               "0 <= variance");
  expect_error([&] { return generative_law(chain, Eigen::Vector2d(0, 0), kNaN); }, "variance", "nan",
               "0 <= variance");
  expect_error([&] { return generative_law(chain, Eigen::Vector2d(0, kNaN), 1); }, "mean(1, 0)", "nan",
               "finite");
}

TEST(Batch, StepsOfEmptyBatches) {
  const Chain chain = chain_of({1, 500, 1000}, 0.5);
  for (const auto& [d, n] : {std::pair{0, 0}, {0, 4}, {2, 0}}) {
    const Batch x = Batch::Zero(d, n);
    const EpsModel model = gaussian_eps(Eigen::VectorXd::Zero(d), 1);
    expect_empty(p_sample(chain, model, x, Path(3, x)), d, n);
    expect_empty(encode(chain, model, x), d, n);
    expect_empty(predict_x0(chain.steps[0].current, x, x), d, n);
  }
}

}  // namespace
}  // namespace ddim
