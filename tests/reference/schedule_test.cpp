#include "reference/schedule.hpp"

#include <boost/math/constants/constants.hpp>

#include "tests/reference/checks.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::alpha_bars;
using oracle::Deep;
using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

std::vector<double> betas_of(const Schedule& schedule) {
  std::vector<double> betas;
  for (int t = 1; t <= schedule.T(); ++t) betas.push_back(schedule.beta(t));
  return betas;
}

template <class R>
void expect_exact_tables(const std::vector<double>& betas) {
  const Schedule schedule = Schedule::from_betas(betas);
  const std::vector<R> exact = alpha_bars<R>(betas);
  ASSERT_EQ(schedule.T(), static_cast<int>(betas.size()));
  EXPECT_EQ(schedule.alpha_bar(0), 1.0);
  EXPECT_EQ(schedule.one_minus_alpha_bar(0), 0.0);
  for (int t = 1; t <= schedule.T(); ++t) {
    SCOPED_TRACE(t);
    const auto i = static_cast<std::size_t>(t);
    EXPECT_EQ(schedule.level(t).t, t);
    EXPECT_EQ(schedule.beta(t), betas[i - 1]);
    ASSERT_LE(ulps(schedule.alpha_bar(t), exact[i]), 1);
    ASSERT_LE(ulps(schedule.one_minus_alpha_bar(t), R(1 - exact[i])), 1);
    const NoiseLevel& level = schedule.level(t);
    const Definitions<R> law{exact[i], 1, 0};
    ASSERT_LE(ulps(sqrt_alpha_bar(level), law.sqrt_alpha_bar()), 1);
    ASSERT_LE(ulps(sqrt_one_minus_alpha_bar(level), law.sqrt_one_minus_alpha_bar()), 1);
    if (exact[i] != 0) {
      ASSERT_LE(ulps(ode_sigma(level), law.ode_sigma()), 1);
    }
    for (int t_prev = 0; t_prev < t; t_prev += 1 + t / 3) {
      const R beta = 1 - exact[i] / exact[static_cast<std::size_t>(t_prev)];
      ASSERT_LE(ulps(schedule.transition(t, t_prev).beta, beta), 1) << t_prev;
    }
  }
}

TEST(Schedule, TablesAreExactForTheGivenBetas) {
  expect_exact_tables<Real>(betas_of(linear_1000()));
  expect_exact_tables<Real>(betas_of(Schedule::scaled_linear(1000, 0.00085, 0.012)));
  expect_exact_tables<Real>(betas_of(Schedule::squaredcos_cap_v2(1000)));
  expect_exact_tables<Real>({0.5});
  expect_exact_tables<Real>({0x1p-53, 1 - 0x1p-53, 0x1p-60, 0.999, 1.0});
  expect_exact_tables<Real>(std::vector<double>(20, 1e-20));
  expect_exact_tables<Deep>({5e-324, 1e-323, 1e-310, 0x1p-1022, 1e-200, 5e-324, 0.25, 5e-324, 1e-308});
}

TEST(Schedule, LinearBetas) {
  for (const int T : {1, 2, 10, 1000}) {
    const Schedule schedule = Schedule::linear(T, 1e-4, 0.02);
    for (int t = 1; t <= T; ++t) {
      const Real exact = T == 1 ? Real(1e-4) : Real(1e-4) + (Real(0.02) - Real(1e-4)) * (t - 1) / (T - 1);
      ASSERT_LE(ulps(schedule.beta(t), exact), 0.5001) << T << " " << t;
    }
  }
}

TEST(Schedule, ScaledLinearBetas) {
  const int T = 1000;
  const Schedule schedule = Schedule::scaled_linear(T, 0.00085, 0.012);
  const Real start = sqrt(Real(0.00085)), end = sqrt(Real(0.012));
  for (int t = 1; t <= T; ++t) {
    const Real root = start + (end - start) * (t - 1) / (T - 1);
    ASSERT_LE(ulps(schedule.beta(t), Real(root * root)), 0.5001) << t;
  }
}

TEST(Schedule, SquaredCosineBetas) {
  for (const int T : {1, 2, 7, 1000}) {
    const Schedule schedule = Schedule::squaredcos_cap_v2(T);
    const auto f = [&](int t) {
      const Real u = (Real(t) / T + Real(8) / 1000) / (1 + Real(8) / 1000);
      const Real c = cos(u * boost::math::constants::pi<Real>() / 2);
      return Real(c * c);
    };
    for (int t = 1; t <= T; ++t) {
      const Real beta = 1 - f(t) / f(t - 1);
      if (beta > Real(0.999)) {
        ASSERT_EQ(schedule.beta(t), 0.999) << T << " " << t;
      } else {
        ASSERT_LE(ulps(schedule.beta(t), beta), 0.5001) << T << " " << t;
      }
    }
    EXPECT_EQ(schedule.beta(T), 0.999);
  }
}

TEST(Schedule, GivenAlphaBarsAreKept) {
  const std::vector<double> given{1 - 0x1p-53, 0.99, 0.98999999999999, 0.3, 1e-5, 1e-300, 0.0};
  const Schedule schedule = Schedule::from_alpha_bars(given);
  for (int t = 1; t <= schedule.T(); ++t) {
    const double a = given[static_cast<std::size_t>(t - 1)];
    EXPECT_EQ(schedule.level(t).t, t);
    EXPECT_EQ(schedule.alpha_bar(t), a);
    EXPECT_LE(ulps(schedule.one_minus_alpha_bar(t), Real(1 - Real(a))), 0.5);
    for (int t_prev = 0; t_prev < t; ++t_prev) {
      const Real p = schedule.alpha_bar(t_prev);
      EXPECT_LE(ulps(schedule.transition(t, t_prev).beta, Real(1 - Real(a) / p)), 1) << t << " " << t_prev;
    }
  }
}

TEST(Schedule, FieldsAnchors) {
  EXPECT_NEAR(linear_1000().alpha_bar(1000) / 4.0358297653756754e-05, 1, 1e-14);
  EXPECT_EQ(linear_1000().beta(1), 1e-4);
  EXPECT_EQ(linear_1000().beta(1000), 0.02);
}

template <class R>
void expect_rescaled(const Schedule& schedule, const std::vector<R>& exact, double tolerance) {
  const Schedule rescaled = schedule.rescaled_to_zero_terminal_snr();
  const int T = schedule.T();
  const R first = sqrt(exact[1]), last = sqrt(exact.back());
  std::vector<R> expected{1};
  for (int t = 1; t <= T; ++t) {
    const R root = (sqrt(exact[static_cast<std::size_t>(t)]) - last) * first / (first - last);
    expected.push_back(root * root);
  }
  EXPECT_EQ(rescaled.alpha_bar(T), 0.0);
  EXPECT_EQ(rescaled.beta(T), 1.0);
  EXPECT_EQ(rescaled.one_minus_alpha_bar(T), 1.0);
  for (int t = 1; t < T; ++t) {
    SCOPED_TRACE(t);
    const auto i = static_cast<std::size_t>(t);
    EXPECT_LE(ulps(rescaled.alpha_bar(t), expected[i]), tolerance);
    EXPECT_LE(ulps(rescaled.one_minus_alpha_bar(t), R(1 - expected[i])), tolerance);
    EXPECT_LE(ulps(rescaled.beta(t), R(1 - expected[i] / expected[i - 1])), tolerance);
  }
}

TEST(Schedule, RescaledToZeroTerminalSnr) {
  for (const Schedule& schedule : {linear_1000(), Schedule::scaled_linear(1000, 0.00085, 0.012),
                                   Schedule::from_betas(std::vector<double>{0.1, 0.2}),
                                   Schedule::from_betas(std::vector<double>{0.1, 0.2, 1.0}),
                                   Schedule::from_betas(std::vector<double>{1e-30, 0.9, 1e-10, 1e-17})}) {
    expect_rescaled<Real>(schedule, alpha_bars<Real>(betas_of(schedule)), 1);
  }
}

TEST(Schedule, WideReadsAsTheNearestDouble) {
  // 1 - 1e-20 is 1 as a double; its complement keeps every digit.
  const Schedule schedule = Schedule::from_betas(std::vector<double>{1e-20, 0.5});
  EXPECT_EQ(schedule.alpha_bar(1), 1.0);
  EXPECT_EQ(schedule.one_minus_alpha_bar(1), 1e-20);
  EXPECT_EQ(schedule.transition(2, 1).beta, 0.5);
}

TEST(Eq16, AgreesWithTheDefinition) {
  for (const Schedule& schedule : {linear_1000(), Schedule::squaredcos_cap_v2(1000)}) {
    const std::vector<Real> exact = alpha_bars<Real>(betas_of(schedule));
    for (int t = 2; t <= 1000; t += 37) {
      for (const int t_prev : {1, t / 2, t - 1}) {
        const Transition step = schedule.transition(t, t_prev);
        const Definitions<Real> law{exact[static_cast<std::size_t>(t)],
                                    exact[static_cast<std::size_t>(t_prev)], 0};
        for (const double eta : {0.0, 1e-9, 0.2, 0.5, 1.0}) {
          const Real sigma = law.sigma_eta(eta);
          ASSERT_LE(ulps(sigma_eta(step, eta).value(), sigma), 1) << t << " " << t_prev << " " << eta;
          ASSERT_LE(ulps(sigma_eta(step, eta).variance(), Real(sigma * sigma)), 1);
        }
        ASSERT_LE(ulps(sigma_hat(step).value(), law.sigma_hat()), 1);
      }
    }
  }
}

TEST(Eq16, EtaOneIsTheDdpmPosteriorVariance) {
  // diffusers' _get_variance, 0-based times.
  struct Anchor {
    int t, t_prev;
    double variance;
  };
  for (const Anchor& anchor :
       {Anchor{420, 400, 0.14771951284089857}, Anchor{980, 960, 0.3246052358749863},
        Anchor{487, 486, 0.009791571985690051}, Anchor{999, 998, 0.019999983526560627}}) {
    const Transition step = linear_1000().transition(anchor.t + 1, anchor.t_prev + 1);
    EXPECT_NEAR(sigma_eta(step, 1).variance() / anchor.variance, 1, 2e-12) << anchor.t;
    EXPECT_NEAR(sigma_eta(step, 1).variance(),
                step.prev.one_minus_alpha_bar / step.current.one_minus_alpha_bar * step.beta, 1e-16);
  }
}

TEST(Eq16, SigmaIsProportionalToEta) {
  const Transition step = linear_1000().transition(500, 480);
  const double one = sigma_eta(step, 1).value();
  for (const double eta : {0.25, 0.5, 2.0}) EXPECT_EQ(sigma_eta(step, eta).value(), eta * one);
}

TEST(Eq16, SigmaOneIsZeroBecauseAlphaBarZeroIsOne) {
  const Transition last = linear_1000().transition(1, 0);
  EXPECT_EQ(sigma_eta(last, 1).value(), 0.0);
  EXPECT_NEAR(sigma_hat(last).value(), 0.01, 1e-17);
}

TEST(Eq16, SigmaHatIsLargerThanSigmaAtEtaOne) {
  for (int t = 2; t <= 1000; t += 31) {
    const Transition step = linear_1000().transition(t, t - 1);
    EXPECT_GT(sigma_hat(step).value(), sigma_eta(step, 1).value());
    EXPECT_LE(ulps(sigma_hat(step).variance(), Real(linear_1000().beta(t))), 0.5);
  }
}

TEST(Eq16, ZeroTerminalSnrTakesTheWholeNoise) {
  const Transition step = Transition::from_alpha_bars(0, 0.25);
  EXPECT_EQ(sigma_eta(step, 1).variance(), 0.75);
  EXPECT_EQ(sigma_hat(step).value(), 1.0);
}

TEST(Eq14, OdeSigma) {
  EXPECT_EQ(ode_sigma(NoiseLevel::from_alpha_bar(1)), 0.0);
  EXPECT_EQ(ode_sigma(NoiseLevel::from_alpha_bar(0.5)), 1.0);
  EXPECT_EQ(ode_sigma(pythagorean(1, 3, 4, 5)), 4.0 / 3);
  for (const double a : {5e-324, 1e-300, 0.1, 0.9999, 1 - 0x1p-53}) {
    EXPECT_LE(ulps(ode_sigma(NoiseLevel::from_alpha_bar(a)), Definitions<Deep>{Deep(a), 1, 0}.ode_sigma()),
              1);
  }
  expect_error([] { return ode_sigma(NoiseLevel::from_alpha_bar(0)); }, "alpha_bar", "0",
               "alpha_bar > 0 (Eq14");
}

TEST(Tau, Leading) {
  EXPECT_EQ(Tau::leading(10, 3).times(), (std::vector<int>{1, 4, 7}));
  EXPECT_EQ(Tau::leading(10, 3, 1).times(), (std::vector<int>{2, 5, 8}));
  EXPECT_EQ(Tau::leading(1000, 50).times().back(), 981);
  EXPECT_EQ(Tau::leading(7, 7).times(), (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(Tau::leading(7, 1).times(), (std::vector<int>{1}));
  expect_error([] { return Tau::leading(10, 10, 1); }, "tau[10]", "11", "tau <= T = 10");
  expect_error([] { return Tau::leading(10, 2, -1); }, "tau[1]", "0", "0 < tau");
}

TEST(Tau, Trailing) {
  EXPECT_EQ(Tau::trailing(1000, 4).times(), (std::vector<int>{250, 500, 750, 1000}));
  EXPECT_EQ(Tau::trailing(10, 3).times(), (std::vector<int>{3, 7, 10}));
  EXPECT_EQ(Tau::trailing(5, 2).times(), (std::vector<int>{2, 5}));  // 2.5 to even
  EXPECT_EQ(Tau::trailing(7, 2).times(), (std::vector<int>{4, 7}));  // 3.5 to even
  EXPECT_EQ(Tau::trailing(9, 1).times(), (std::vector<int>{9}));
  for (int S = 1; S <= 1000; ++S) {
    const Tau tau = Tau::trailing(1000, S);
    ASSERT_EQ(tau.S(), S);
    ASSERT_EQ(tau[S], 1000);
    for (int i = 1; i <= S; ++i) ASSERT_LE(std::abs(2 * (tau[i] * S - i * 1000)), S) << S << " " << i;
  }
}

TEST(Tau, Linspace) {
  EXPECT_EQ(Tau::linspace(10, 4).times(), (std::vector<int>{1, 4, 7, 10}));
  EXPECT_EQ(Tau::linspace(6, 3).times(), (std::vector<int>{1, 3, 6}));  // 2.5 to even, plus 1
  EXPECT_EQ(Tau::linspace(8, 3).times(), (std::vector<int>{1, 5, 8}));  // 3.5 to even, plus 1
  EXPECT_EQ(Tau::linspace(10, 1).times(), (std::vector<int>{1}));
  for (int S = 2; S <= 1000; ++S) {
    const Tau tau = Tau::linspace(1000, S);
    ASSERT_EQ(tau[1], 1);
    ASSERT_EQ(tau[S], 1000);
    for (int i = 1; i <= S; ++i) ASSERT_LE(std::abs(2 * ((tau[i] - 1) * (S - 1) - (i - 1) * 999)), S - 1);
  }
}

TEST(Tau, Quadratic) {
  EXPECT_EQ(Tau::quadratic(100, 4).times(), (std::vector<int>{6, 25, 56, 100}));
  EXPECT_EQ(Tau::quadratic(1000, 1).times(), (std::vector<int>{1000}));
  expect_error([] { return Tau::quadratic(1000, 50); }, "tau[1]", "0", "0 < tau");
  expect_error([] { return Tau::quadratic(10, 10); }, "tau[1]", "0", "0 < tau");
}

TEST(Tau, FullAndIndexing) {
  const Tau tau = Tau::full(3);
  EXPECT_EQ(tau.times(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(tau[0], 0);
  EXPECT_EQ(tau[3], 3);
  expect_error([&] { return tau[-1]; }, "i", "-1", "0 <= i <= S = 3");
  expect_error([&] { return tau[4]; }, "i", "4", "0 <= i <= S = 3");
  EXPECT_EQ(Tau::full(1).S(), 1);
}

TEST(Tau, ChainJoinsEachTimeToTheOneBeforeIt) {
  const Schedule schedule = linear_1000();
  const Tau tau = Tau::from_times({3, 400, 999}, 1000);
  const Chain chain = Chain::from_eta(schedule, tau, 0.5);
  ASSERT_EQ(chain.S(), 3);
  for (int i = 1; i <= 3; ++i) {
    const Transition& step = chain.steps[static_cast<std::size_t>(i - 1)];
    EXPECT_EQ(step.current.t, tau[i]);
    EXPECT_EQ(step.prev.t, tau[i - 1]);
    EXPECT_EQ(chain.sigma[static_cast<std::size_t>(i - 1)].value(), sigma_eta(step, 0.5).value());
  }
  EXPECT_EQ(chain.steps[0].prev.alpha_bar, 1.0);
  const Chain given = Chain::from_sigmas(schedule, tau, {0.1, 0.2, 0.4});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(given.sigma[i].value(), std::ldexp(0.1, static_cast<int>(i)));
}

TEST(Errors, ScheduleRejectsByName) {
  using Betas = std::vector<double>;
  expect_error([] { return Schedule::from_betas(Betas{}); }, "T", "0", "T >= 1");
  for (const auto& one : {std::pair{0.0, "0"},
                          {-0.1, "-0.1"},
                          {1.0, "1"},
                          {1.5, "1.5"},
                          {kNaN, "nan"},
                          {kInfinity, "inf"},
                          {-kInfinity, "-inf"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return Schedule::from_betas(Betas{0.1, bad, 0.1}); }, "beta[2]", text, "0 < beta < 1");
    expect_error([&] { return Schedule::linear(10, bad, 0.02); }, "beta_start", text, "0 < beta < 1");
    expect_error([&] { return Schedule::linear(10, 0.01, bad); }, "beta_end", text, "0 < beta < 1");
    expect_error([&] { return Schedule::scaled_linear(10, bad, 0.02); }, "beta_start", text, "0 < beta < 1");
    expect_error([&] { return Schedule::scaled_linear(10, 0.01, bad); }, "beta_end", text, "0 < beta < 1");
    if (bad != 1) {
      expect_error([&] { return Schedule::from_betas(Betas{0.1, bad}); }, "beta[2]", text, "0 < beta < 1");
    }
  }
  EXPECT_NO_THROW(Schedule::from_betas(Betas{0.1, 1.0}));
  expect_error([] { return Schedule::linear(0, 0.1, 0.2); }, "T", "0", "T >= 1");
  expect_error([] { return Schedule::scaled_linear(-1, 0.1, 0.2); }, "T", "-1", "T >= 1");
  expect_error([] { return Schedule::squaredcos_cap_v2(0); }, "T", "0", "T >= 1");
  expect_error([] { return Schedule::from_betas(Betas(2000, 0.5)); }, "alpha_bar[T]", "0", "normal doubles");
  expect_error([] { return Schedule::from_betas(Betas{0.5}).rescaled_to_zero_terminal_snr(); }, "T", "1",
               "T >= 2");
}

TEST(Errors, AlphaBarsRejectByName) {
  using Values = std::vector<double>;
  expect_error([] { return Schedule::from_alpha_bars(Values{}); }, "T", "0", "T >= 1");
  expect_error([] { return Schedule::from_alpha_bars(Values{1.0}); }, "alpha_bar[1]", "1",
               "its predecessor 1");
  expect_error(
      [] {
        return Schedule::from_alpha_bars(Values{0.5, 0.5});
      },
      "alpha_bar[2]", "0.5", "predecessor 0.5");
  expect_error(
      [] {
        return Schedule::from_alpha_bars(Values{0.5, 0.6});
      },
      "alpha_bar[2]", "0.6", "predecessor 0.5");
  expect_error(
      [] {
        return Schedule::from_alpha_bars(Values{0.5, 0, 0});
      },
      "alpha_bar[2]", "0", "only the last");
  expect_error(
      [] {
        return Schedule::from_alpha_bars(Values{0.5, -0.1});
      },
      "alpha_bar[2]", "-0.1", "0 < alpha_bar");
  expect_error([] { return Schedule::from_alpha_bars(Values{kNaN}); }, "alpha_bar[1]", "nan",
               "0 < alpha_bar");
  expect_error(
      [] {
        return Schedule::from_alpha_bars(Values{0.5, kNaN});
      },
      "alpha_bar[2]", "nan", "0 < alpha_bar");
  expect_error([] { return Schedule::from_alpha_bars(Values{kInfinity}); }, "alpha_bar[1]", "inf",
               "0 < alpha_bar");
}

TEST(Errors, LevelsTransitionsAndSigmas) {
  for (const auto& one : {std::pair{-0.1, "-0.1"}, {1.1, "1.1"}, {kNaN, "nan"}, {kInfinity, "inf"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return NoiseLevel::from_alpha_bar(bad); }, "alpha_bar", text, "0 <= alpha_bar <= 1");
    expect_error([&] { return Transition::from_alpha_bars(bad, 0.5); }, "alpha_bar", text,
                 "0 <= alpha_bar <= 1");
    expect_error([&] { return Transition::from_alpha_bars(0.5, bad); }, "alpha_bar", text,
                 "0 <= alpha_bar <= 1");
  }
  expect_error([] { return Transition::from_alpha_bars(0.5, 0.5); }, "alpha_bar", "0.5",
               "alpha_bar_prev = 0.5");
  expect_error([] { return Transition::from_alpha_bars(0.6, 0.5); }, "alpha_bar", "0.6",
               "alpha_bar_prev = 0.5");
  const Transition step = Transition::from_alpha_bars(0.5, 0.8);
  for (const auto& one : {std::pair{-1.0, "-1"}, {kNaN, "nan"}, {kInfinity, "inf"}}) {
    const double bad = one.first;
    const char* const text = one.second;
    expect_error([&] { return Sigma(bad); }, "sigma", text, "sigma");
    expect_error([&] { return Sigma::from_variance(bad); }, "sigma^2", text, "sigma^2");
    expect_error([&] { return sigma_eta(step, bad); }, "eta", text, "0 <= eta < infinity");
  }
  const Schedule schedule = Schedule::linear(10, 0.1, 0.2);
  expect_error([&] { return schedule.level(-1); }, "t", "-1", "0 <= t <= T = 10");
  expect_error([&] { return schedule.level(11); }, "t", "11", "0 <= t <= T = 10");
  expect_error([&] { return schedule.alpha_bar(11); }, "t", "11", "0 <= t <= T = 10");
  expect_error([&] { return schedule.one_minus_alpha_bar(-1); }, "t", "-1", "0 <= t <= T = 10");
  expect_error([&] { return schedule.beta(0); }, "t", "0", "1 <= t <= T = 10");
  expect_error([&] { return schedule.beta(11); }, "t", "11", "1 <= t <= T = 10");
  expect_error([&] { return schedule.transition(3, 3); }, "t_prev", "3", "t_prev < t = 3");
  expect_error([&] { return schedule.transition(11, 3); }, "t", "11", "T = 10");
  expect_error([&] { return schedule.transition(3, -1); }, "t", "-1", "0 <= t");
}

TEST(Errors, SquaresThatLeaveTheDoublesAreRefused) {
  // sigma^2 is held to 106 bits; below 2^-968 it could not be.
  expect_error([] { return Sigma(1e-150); }, "sigma", "1e-150", "2^-484");
  expect_error([] { return Sigma::from_variance(1e-300); }, "sigma^2", "1e-300", "2^-968");
  expect_error([] { return Sigma(1e200); }, "sigma", "1e+200", "sigma");
  const Transition step = Transition::from_alpha_bars(0.5, 0.75);
  for (const double eta :
       {0x1p-500, 1e-165, 1e-320, 1e160}) {  // sigma^2 below 2^-968, below the doubles, above
    const Real sigma = Definitions<Real>{0.5, 0.75, 0}.sigma_eta(Real(eta));
    expect_error([&] { return sigma_eta(step, eta); }, "sigma(eta)", to_text(sigma.convert_to<double>()),
                 "sigma = 0 or 2^-484");
  }
  EXPECT_EQ(sigma_eta(step, 0).value(), 0);
  const Schedule smallest = Schedule::from_betas(std::vector<double>{5e-324, 5e-324});
  EXPECT_THROW(sigma_eta(smallest.transition(2, 1), 1), DomainError);
  EXPECT_THROW(sigma_hat(smallest.transition(2, 1)), DomainError);
  EXPECT_EQ(sigma_eta(smallest.transition(2, 0), 1).value(), 0) << "nothing is left to draw";
  EXPECT_NO_THROW(Sigma(0));
  EXPECT_NO_THROW(Sigma(0x1p-484));
}

TEST(Errors, TimesAndCountsBeyondTheIntegersAreRefused) {
  constexpr int most = std::numeric_limits<int>::max();
  expect_error([] { return Tau::leading(most, 1, most); }, "tau[1]", "2147483648", "tau <= T = 2147483647");
  expect_error([] { return Tau::leading(10, 2, most); }, "tau[1]", "2147483648", "tau <= T = 10");
  expect_error([] { return Tau::leading(10, 2, std::numeric_limits<int>::min()); }, "tau[1]", "-2147483647",
               "0 < tau");
  expect_error([] { return Tau::quadratic(most, most); }, "tau[1]", "0", "0 < tau");
  EXPECT_EQ(Tau::quadratic(most, 40000)[40000], most);
  EXPECT_EQ(Tau::trailing(most, 2).times(), (std::vector<int>{1073741824, most}));
  EXPECT_EQ(Tau::linspace(most, 2).times(), (std::vector<int>{1, most}));
  EXPECT_EQ(Tau::leading(most, 2, most / 2).times(), (std::vector<int>{1073741824, most}));
  const double one = 0.5;  // 2^32 + 1 of them, of which none is read
  const std::span<const double> many(&one, (std::size_t{1} << 32) + 1);
  expect_error([&] { return Schedule::from_betas(many); }, "T", "4294967297", "T >= 1");
  expect_error([&] { return Schedule::from_alpha_bars(many); }, "T", "4294967297", "T >= 1");
}

TEST(Errors, TauRejectsByName) {
  expect_error([] { return Tau::from_times({}, 10); }, "tau", "{}", "at least one");
  expect_error([] { return Tau::from_times({1, 1}, 10); }, "tau[2]", "1", "1 < tau <= T = 10");
  expect_error([] { return Tau::from_times({5, 3}, 10); }, "tau[2]", "3", "5 < tau <= T = 10");
  expect_error([] { return Tau::from_times({0, 3}, 10); }, "tau[1]", "0", "0 < tau <= T = 10");
  expect_error([] { return Tau::from_times({-1, 3}, 10); }, "tau[1]", "-1", "0 < tau <= T = 10");
  expect_error([] { return Tau::from_times({5, 11}, 10); }, "tau[2]", "11", "5 < tau <= T = 10");
  expect_error([] { return Tau::from_times({1}, 0); }, "T", "0", "T >= 1");
  for (const auto make :
       {+[](int T, int S) { return Tau::leading(T, S); }, &Tau::trailing, &Tau::linspace, &Tau::quadratic}) {
    expect_error([&] { return make(10, 0); }, "S", "0", "1 <= S <= T = 10");
    expect_error([&] { return make(10, -2); }, "S", "-2", "1 <= S <= T = 10");
    expect_error([&] { return make(10, 11); }, "S", "11", "1 <= S <= T = 10");
    expect_error([&] { return make(0, 1); }, "T", "0", "T >= 1");
  }
  expect_error([] { return Tau::full(0); }, "T", "0", "T >= 1");
  const Schedule schedule = Schedule::linear(10, 0.1, 0.2);
  expect_error<ShapeError>([&] { return Chain::from_sigmas(schedule, Tau::full(3), {0.1}); },
                           "number of sigmas", "1", "S = 3");
  expect_error([&] { return Chain::from_eta(schedule, Tau::full(11), 0); }, "t", "11", "T = 10");
  expect_error([&] { return Chain::from_sigmas(schedule, Tau::full(1), {kNaN}); }, "sigma", "nan", "sigma");
}

TEST(Errors, TextReadsBackAsTheSameDouble) {
  for (const double value : {0.1, 1e-300, 5e-324, -2.5, 1 - 0x1p-53})
    EXPECT_EQ(std::strtod(to_text(value).c_str(), nullptr), value);
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(kNaN), "nan");
}

}  // namespace
}  // namespace ddim
