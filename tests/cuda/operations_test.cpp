// What the operations compute, against the reference in double; what they refuse; and what happens far beyond
// 2^31 elements. The other drivers equal these plain loops bit by bit, so that what holds here holds there.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/cuda/cases.hpp"
#include "tests/cuda/emulated.hpp"

namespace ddim::cuda::test {
namespace {

template <class T>
double unit_of_storage() {
  return std::is_same_v<T, double>    ? 0x1p-53
         : std::is_same_v<T, float>   ? 0x1p-24
         : std::is_same_v<T, Float16> ? 0x1p-11
                                      : 0x1p-8;
}
template <class T>
double unit_of_arithmetic() {
  return sizeof(T) == 8 ? 0x1p-53 : 0x1p-24;
}
template <class T>
double smallest() {
  return std::is_same_v<T, Float16> ? 0x1p-25 : 0x1p-134;
}

constexpr Index kDim = 257, kSamples = 9;

template <class T>
struct Data {
  std::vector<T> values;
  Batch exact;  // the same numbers
  explicit Data(std::uint64_t seed) : values(draw_values<T>(kDim * kSamples, seed)), exact(kDim, kSamples) {
    for (Index i = 0; i < exact.size(); ++i)
      exact(i) = static_cast<double>(to_real(values[static_cast<std::size_t>(i)]));
  }
  Source<T> source() const { return {values.data()}; }
};

template <class T>
struct Output {
  std::vector<T> values =
      std::vector<T>(kDim * kSamples, round_to<T>(std::numeric_limits<Real<T>>::quiet_NaN()));
  Target<T> target() { return {values.data()}; }
  double operator()(Index i) const {
    return static_cast<double>(to_real(values[static_cast<std::size_t>(i)]));
  }
};

/// The error of sum c_i x_i, each coefficient rounded once, summed by fmas in arithmetic with unit u and
/// stored: the first product passes all roundings, the last only its fma's.
template <class T>
Batch bound(const std::vector<std::pair<double, const Batch*>>& terms, const Batch& result) {
  const double u = unit_of_arithmetic<T>();
  Batch magnitude = Batch::Zero(result.rows(), result.cols());
  for (const auto& [coefficient, batch] : terms) magnitude += std::abs(coefficient) * batch->cwiseAbs();
  // Coefficient, product, and one rounding per further term of a partial sum no larger than the magnitude;
  // the reference's own error in double beside it.
  const double roundings = static_cast<double>(terms.size()) + 1;
  Batch all = (roundings * u * (1 + 8 * u) + 8 * 0x1p-53) * magnitude;
  if (sizeof(T) == 2) all += unit_of_storage<T>() * (result.cwiseAbs() + all);
  return all.array() + smallest<T>();
}

template <class T>
T rounded(double x) {
  return round_to<T>(static_cast<Real<T>>(x));
}
/// A peer's arithmetic: every operation rounded to T.
template <class T>
struct Naive {
  T value;
  double real() const { return static_cast<double>(to_real(value)); }
  Naive(double x) : value(rounded<T>(x)) {}
  friend Naive operator+(Naive a, Naive b) { return a.real() + b.real(); }
  friend Naive operator-(Naive a, Naive b) { return a.real() - b.real(); }
  friend Naive operator*(Naive a, Naive b) { return a.real() * b.real(); }
  friend Naive operator/(Naive a, Naive b) { return a.real() / b.real(); }
};

/// err / bound <= 1 everywhere, and in the mean square no more than what the peer's passes make.
template <class T, class Peer>
void expect_accurate(const Output<T>& got, const Batch& want, const Batch& bounds, Peer peer) {
  double ratio = 0, ours = 0, theirs = 0;
  for (Index i = 0; i < want.size(); ++i) {
    ASSERT_FALSE(std::isnan(got(i))) << "element " << i << " was not written";
    const double error = std::abs(got(i) - want(i));
    ratio = std::max(ratio, error / bounds(i));
    ours += error * error;
    theirs += std::pow(peer(i) - want(i), 2);
  }
  EXPECT_LE(ratio, 1) << kDtype<T>;
  // Where one coefficient nearly vanishes only its rounding is left, the same for both: hence the hundredth.
  // The reference is in double, so it cannot say who is nearer in double.
  if (sizeof(T) < 8) {
    EXPECT_LT(ours, 1.01 * theirs) << kDtype<T>;
  }
}

template <class Body>
void for_every_dtype(Body body) {
  body(double{});
  body(float{});
  body(Float16{});
  body(BFloat16{});
}

TEST(Lemma1, HostQSampleIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const int t : {1, 37, 500, 1000}) {
      const NoiseLevel& level = schedule().level(t);
      const Data<T> x0(1), noise(2);
      Output<T> x_t;
      q_sample(Host{}, level, {kSamples, kDim}, x0.source(), noise.source(), x_t.target());
      const Batch want = ddim::q_sample(level, x0.exact, noise.exact);
      const double c0 = sqrt_alpha_bar(level), c1 = sqrt_one_minus_alpha_bar(level);
      expect_accurate(x_t, want, bound<T>({{c0, &x0.exact}, {c1, &noise.exact}}, want), [&](Index i) {
        return (Naive<T>(c0) * x0.exact(i) + Naive<T>(c1) * noise.exact(i)).real();
      });
    }
  });
}

TEST(Eq8, HostForwardStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const double eta : {0.3, 1.0}) {
      const Transition step = transition();
      const Sigma sigma = sigma_eta(step, eta);
      const Data<T> x_prev(1), x0(2), noise(3);
      Output<T> x_t;
      forward_step(Host{}, step, sigma, {kSamples, kDim}, x_prev.source(), x0.source(), noise.source(),
                   x_t.target());
      const ForwardCoefficients c = forward_coefficients(step, sigma);
      const double s = std::sqrt(c.variance);
      const Batch want = ddim::forward_step(step, sigma, x_prev.exact, x0.exact).mean + s * noise.exact;
      const double a = step.current.alpha_bar, p = step.prev.alpha_bar,
                   k = 1 - p - sigma.value() * sigma.value();
      expect_accurate(x_t, want,
                      bound<T>({{c.x0, &x0.exact}, {c.x_prev, &x_prev.exact}, {s, &noise.exact}}, want),
                      [&](Index i) {
                        const Naive<T> keep = std::sqrt((1 - a) * k) / (1 - p);
                        return (Naive<T>(std::sqrt(a)) * x0.exact(i) +
                                keep * (Naive<T>(x_prev.exact(i)) - Naive<T>(std::sqrt(p)) * x0.exact(i)) +
                                Naive<T>(s) * noise.exact(i))
                            .real();
                      });
    }
  });
}

TEST(Eq12, HostStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
      for (const double eta : {0.0, 0.6, 1.0}) {
        const Transition step = transition();
        const Sigma sigma = sigma_eta(step, eta);
        const Data<T> x_t(1), output(2), noise(3);
        Output<T> x_prev, pred_x0;
        StepOptions<T> options;
        options.prediction = prediction;
        options.pred_x0 = pred_x0.target();
        ddim_step(Host{}, step, sigma, {kSamples, kDim}, x_t.source(), output.source(), noise.source(),
                  x_prev.target(), options);
        const StepCoefficients c = step_coefficients(step, sigma, prediction);
        const Batch want = ddim::ddim_step(c, x_t.exact, output.exact, noise.exact);
        const double a = step.current.alpha_bar, p = step.prev.alpha_bar, s = sigma.value();
        using N = Naive<T>;
        const auto parts = [&](Index i) -> std::pair<N, N> {  // the peer's x0 and eps
          const N x = x_t.exact(i), y = output.exact(i);
          if (prediction == Prediction::x0) return {y, (x - N(std::sqrt(a)) * y) / std::sqrt(1 - a)};
          if (prediction == Prediction::v)
            return {N(std::sqrt(a)) * x - N(std::sqrt(1 - a)) * y,
                    N(std::sqrt(a)) * y + N(std::sqrt(1 - a)) * x};
          return {(x - N(std::sqrt(1 - a)) * y) / std::sqrt(a), y};
        };
        expect_accurate(
            x_prev, want,
            bound<T>({{c.x_t, &x_t.exact}, {c.output, &output.exact}, {c.sigma, &noise.exact}}, want),
            [&](Index i) {
              const auto [f, e] = parts(i);
              return (N(std::sqrt(p)) * f + N(std::sqrt(1 - p - s * s)) * e + N(s) * noise.exact(i)).real();
            });
        const Batch want_x0 = predict_x0(step.current, prediction, x_t.exact, output.exact);
        const double most = std::max(std::sqrt(1 / a), ode_sigma(step.current));
        const Batch bounds = bound<T>({{most, &x_t.exact}, {most, &output.exact}}, want_x0);
        for (Index i = 0; i < want_x0.size(); ++i) EXPECT_LE(std::abs(pred_x0(i) - want_x0(i)), bounds(i));
      }
    }
  });
}

TEST(Eq12, HostClippedAndThresholdedStepsAreWithinTheirBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Transition step = transition();
    const Sigma sigma = sigma_eta(step, 0.6);
    const Data<T> x_t(1), output(2), noise(3);
    for (const bool threshold : {false, true}) {
      for (const bool rederive : {false, true}) {
        Output<T> x_prev, pred_x0;
        StepOptions<T> options;
        options.pred_x0 = pred_x0.target();
        options.rederive_eps = rederive;
        if (threshold)
          options.threshold = Threshold{0.7, 2.0};
        else
          options.clip_range = 1.2;
        ddim_step(Host{}, step, sigma, {kSamples, kDim}, x_t.source(), output.source(), noise.source(),
                  x_prev.target(), options);
        const Batch f = predict_x0(step.current, x_t.exact, output.exact);
        const Batch changed = threshold ? dynamic_threshold(f, 0.7, 2.0) : clip(f, 1.2);
        const Batch want =
            rederive ? Batch(q_posterior(step, sigma, x_t.exact, changed).mean + sigma.value() * noise.exact)
                     : ddim_step_from_parts(step, sigma, changed, output.exact, noise.exact);
        // pred_x0's error passes the clip unchanged, the division by s >= 1 with at most twice its size.
        const double a = step.current.alpha_bar, u = unit_of_arithmetic<T>();
        const Batch in_f = (3 * u) * (x_t.exact.cwiseAbs() / std::sqrt(a) +
                                      ode_sigma(step.current) * output.exact.cwiseAbs());
        const double of_s = threshold ? in_f.maxCoeff() : 0;
        for (Index i = 0; i < want.size(); ++i) {
          const double of_x0 = in_f(i) + of_s + 4 * u * std::abs(changed(i));
          const double stored = sizeof(T) == 2 ? unit_of_storage<T>() : 0;
          EXPECT_LE(std::abs(pred_x0(i) - changed(i)),
                    of_x0 + stored * (std::abs(changed(i)) + of_x0) + smallest<T>());
          const double sum = std::abs(changed(i)) + std::abs(x_t.exact(i)) + std::abs(output.exact(i)) +
                             std::abs(noise.exact(i));
          const double bounds = of_x0 + 5 * u * sum;
          EXPECT_LE(std::abs(x_prev(i) - want(i)),
                    bounds + stored * (std::abs(want(i)) + bounds) + smallest<T>());
        }
      }
    }
  });
}

TEST(Eq13, HostEncodeIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> x_prev(1), eps(2);
    Output<T> x_t;
    encode_step(Host{}, transition(), {kSamples, kDim}, x_prev.source(), eps.source(), x_t.target());
    const Batch want = ddim_encode_step(transition(), x_prev.exact, eps.exact);
    const double a = transition().current.alpha_bar, p = transition().prev.alpha_bar;
    const double add = std::sqrt(1 - a) - std::sqrt(a * (1 - p) / p);
    using N = Naive<T>;
    expect_accurate(x_t, want, bound<T>({{std::sqrt(a / p), &x_prev.exact}, {add, &eps.exact}}, want),
                    [&](Index i) {
                      const N f = (N(x_prev.exact(i)) - N(std::sqrt(1 - p)) * eps.exact(i)) / std::sqrt(p);
                      return (N(std::sqrt(a)) * f + N(std::sqrt(1 - a)) * eps.exact(i)).real();
                    });
  });
}

TEST(Eq10, HostTrajectoryFollowsTheReferenceChain) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const double eta : {0.0, 1.0}) {
      const Chain chain = Chain::from_eta(schedule(), Tau::linspace(1000, 20), eta);
      const Data<T> x_T(1);
      Output<T> x_0;
      const Normals normals{4, 100, 0};
      trajectory(Host{}, chain, 0.3, 0.25, {kSamples, kDim}, x_T.source(), normals, x_0.target());
      Path noise;
      for (int i = 0; i < chain.S(); ++i) {
        const Normals of_step{4, 100 + static_cast<std::uint64_t>(i), 0};
        noise.emplace_back(kDim, kSamples);
        for (Index e = 0; e < noise.back().size(); ++e)
          noise.back()(e) = static_cast<double>(of_step.element<Real<T>>(e));
      }
      const Batch want =
          p_sample(chain, gaussian_eps(Eigen::VectorXd::Constant(kDim, 0.3), 0.25), x_T.exact, noise);
      // Per step a few roundings of numbers below 8 (|x| < 6 here, |eps| < 6, coefficients near 1), and the
      // chain contracts, so they add up at most.
      const double arithmetic = chain.S() * 8 * 8 * unit_of_arithmetic<T>();
      for (Index i = 0; i < want.size(); ++i) {
        const double stored = sizeof(T) == 2 ? unit_of_storage<T>() * (std::abs(want(i)) + arithmetic) : 0;
        ASSERT_LE(std::abs(x_0(i) - want(i)), arithmetic + stored + smallest<T>())
            << kDtype<T> << " eta " << eta;
      }
    }
  });
}

// The laws, on the kernels' own noise. Each bound is six standard deviations of its statistic: 2e-9.
void expect_normal_law(const std::vector<double>& x, double mean, double variance) {
  const auto n = static_cast<double>(x.size());
  double sum = 0, squares = 0;
  for (const double value : x) sum += value - mean, squares += (value - mean) * (value - mean);
  EXPECT_LT(std::abs(sum / n), 6 * std::sqrt(variance / n));
  EXPECT_LT(std::abs(squares / n / variance - 1), 6 * std::sqrt(2 / n));
}
template <class T>
std::vector<double> widened(const std::vector<T>& values) {
  std::vector<double> result;
  for (const T& value : values) result.push_back(static_cast<double>(to_real(value)));
  return result;
}
constexpr Index kDraws = 1 << 17;

TEST(Lemma1, HoldsOnTheKernelsOwnNoise) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    SCOPED_TRACE(kDtype<T>);
    // Down by Eq7 or up by Eq8, whatever sigma is: x_t | x_0 keeps its law.
    for (const double eta : {0.5, 1.0}) {
      const Transition step = transition();
      const Sigma sigma = sigma_eta(step, eta);
      const std::vector<T> x0(kDraws, rounded<T>(0.5));
      std::vector<T> x_t(kDraws), x_prev(kDraws), again(kDraws);
      const Shape shape{1, kDraws};
      q_sample(Host{}, step.current, shape, Source<T>{x0.data()}, Normals{1, 0, 0}, Target<T>{x_t.data()});
      ddim_step(Host{}, step, sigma, shape, Source<T>{x_t.data()}, Source<T>{x0.data()}, Normals{1, 1, 0},
                Target<T>{x_prev.data()}, {.prediction = Prediction::x0});
      forward_step(Host{}, step, sigma, shape, Source<T>{x_prev.data()}, Source<T>{x0.data()},
                   Normals{1, 2, 0}, Target<T>{again.data()});
      const auto expect = [](const std::vector<T>& x, const NoiseLevel& level) {
        expect_normal_law(widened(x), 0.5 * sqrt_alpha_bar(level), level.one_minus_alpha_bar);
      };
      expect(x_t, step.current);
      expect(x_prev, step.prev);
      expect(again, step.current);
    }
  });
}

TEST(Eq10, TrajectoryOnItsOwnNoiseHasTheGenerativeLaw) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    SCOPED_TRACE(kDtype<T>);
    for (const double eta : {0.0, 0.5, 1.0}) {
      const Chain chain = Chain::from_eta(schedule(), Tau::linspace(1000, 10), eta);
      std::vector<T> x_T = draw_values<T>(kDraws, 6), x_0(kDraws);
      trajectory(Host{}, chain, 0.3, 0.25, {1, kDraws}, Source<T>{x_T.data()}, Normals{9, 0, 0},
                 Target<T>{x_0.data()});
      const Gaussian law = generative_law(chain, Eigen::VectorXd::Constant(1, 0.3), 0.25).back();
      expect_normal_law(widened(x_0), law.mean(0, 0), law.variance);
    }
  });
}

struct SumResults {
  std::vector<double> per_sample = std::vector<double>(kSamples, NAN);
  double total = NAN;
  std::vector<double> workspace = std::vector<double>(10000, NAN);
  Sums sums() { return {per_sample.data(), &total, workspace.data()}; }
};
void expect_sums(const SumResults& got, const PerSample& want) {
  for (Index j = 0; j < kSamples; ++j)
    EXPECT_NEAR(got.per_sample[static_cast<std::size_t>(j)], want[j], 1e-13 * kDim * (1 + std::abs(want[j])));
  EXPECT_NEAR(got.total, want.sum(), 1e-13 * kDim * kSamples * (1 + want.cwiseAbs().maxCoeff()));
}

TEST(Lemma1, HostLogDensityEqualsTheReference) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> x(1), x0(2);
    const NoiseLevel& level = schedule().level(300);
    SumResults got;
    log_density(Host{}, {kSamples, kDim}, x.source(), sqrt_alpha_bar(level), x0.source(),
                level.one_minus_alpha_bar, got.sums());
    expect_sums(got, ddim::log_density(q_marginal(level, x0.exact), x.exact));
  });
}

TEST(Eq11, HostKlEqualsTheReference) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> p(1), q(2);
    SumResults got;
    cuda::kl_divergence(Host{}, {kSamples, kDim}, p.source(), 0.3, q.source(), 0.4, got.sums());
    expect_sums(got, ddim::kl_divergence({p.exact, 0.3}, {q.exact, 0.4}));
  });
}

TEST(Theorem1, HostWeightedNoiseErrorEqualsTheReference) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> noise(1), eps(2);
    const std::vector<double> weights = draw_values<double>(kSamples, 5);
    SumResults got;
    weighted_noise_error(Host{}, {kSamples, kDim}, noise.source(), eps.source(), 1.5, weights.data(),
                         got.sums());
    const PerSample squares = (noise.exact - eps.exact).colwise().squaredNorm();
    expect_sums(got, 1.5 * squares.cwiseProduct(Eigen::Map<const Eigen::VectorXd>(weights.data(), kSamples)));
  });
}

TEST(AppendixA, HostDiscreteStepAndDrawFollowTheReference) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    constexpr Index K = 6, n = 500;
    Batch x_t = Batch::Zero(K, n), x0 = Batch::Zero(K, n);
    std::vector<T> x_t_values, x0_values, out(K * n);
    for (Index j = 0; j < n; ++j) x_t(j % K, j) = x0((j / K) % K, j) = 1;
    for (Index i = 0; i < K * n; ++i)
      x_t_values.push_back(rounded<T>(x_t(i))), x0_values.push_back(rounded<T>(x0(i)));
    discrete_step(Host{}, transition(), 0.4, {n, K}, Source<T>{x_t_values.data()},
                  Source<T>{x0_values.data()}, Target<T>{out.data()});
    const Batch want = discrete_posterior(transition(), 0.4, x_t, x0);
    for (Index i = 0; i < K * n; ++i)
      EXPECT_NEAR(static_cast<double>(to_real(out[static_cast<std::size_t>(i)])), want(i),
                  (unit_of_storage<T>() + 3 * unit_of_arithmetic<T>()) * want(i));
    Eigen::VectorXd uniforms(n);
    std::mt19937_64 random(3);
    for (Index j = 0; j < n; ++j) uniforms[j] = static_cast<double>(random() >> 11) * 0x1p-53;
    std::vector<std::int32_t> category(n, -1);
    discrete_draw(Host{}, transition(), 0.4, {n, K}, Source<T>{x_t_values.data()},
                  Source<T>{x0_values.data()}, uniforms.data(), category.data());
    const Batch drawn = discrete_sample(want, uniforms);
    for (Index j = 0; j < n; ++j) EXPECT_EQ(drawn(category[static_cast<std::size_t>(j)], j), 1) << j;
  });
}

// Coefficients that pass through float lose what double storage keeps: the bound above sees it.
TEST(Eq12, FloatCoefficientIsCaughtByTheBound) {
  const StepCoefficients c = step_coefficients(transition(), Sigma(0));
  const Data<double> x_t(1), output(2);
  const Batch want = ddim::ddim_step(c, x_t.exact, output.exact);
  const Batch bounds = bound<double>({{c.x_t, &x_t.exact}, {c.output, &output.exact}}, want);
  const DdimStep<double> wrong{static_cast<float>(c.x_t), static_cast<float>(c.output)};
  double ratio = 0;
  for (Index i = 0; i < want.size(); ++i) {
    double got[1];
    wrong({x_t.exact(i), output.exact(i)}, got);
    ratio = std::max(ratio, std::abs(got[0] - want(i)) / bounds(i));
  }
  EXPECT_GT(ratio, 1e6);
}

TEST(Operations, NanGoesInNanComesOut) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    std::vector<T> x(9, rounded<T>(0.5)), out(9), pred(9);
    x[3] = rounded<T>(NAN);
    StepOptions<T> options;
    options.pred_x0 = {pred.data()};
    for (const int way : {0, 1, 2}) {
      options.clip_range = way == 1 ? std::optional(1.0) : std::nullopt;
      options.threshold = way == 2 ? std::optional(Threshold{0.5, 2}) : std::nullopt;
      ddim_step(Emulated{}, transition(), Sigma(0), {1, 9}, Source<T>{x.data()}, Source<T>{x.data()},
                std::monostate{}, Target<T>{out.data()}, options);
      for (std::size_t i = 0; i < 9; ++i) {
        EXPECT_EQ(std::isnan(to_real(out[i])), i == 3) << way << " " << i;
        EXPECT_EQ(std::isnan(to_real(pred[i])), i == 3) << way << " " << i;
      }
    }
  });
}

TEST(AppendixA, NanIsNoCategory) {
  const float x[6] = {0, 1, 0, 0, NAN, 1};
  const double uniforms[2] = {0.5, 0.5};
  std::int32_t category[2] = {7, 7};
  discrete_draw(Emulated{}, transition(), 0.4, {2, 3}, Source<float>{x}, Source<float>{x}, uniforms,
                category);
  EXPECT_EQ(category[0], 1);
  EXPECT_EQ(category[1], -1);
  const double none[2] = {NAN, 0.0};
  discrete_draw(Emulated{}, transition(), 0.4, {1, 3}, Source<float>{x}, Source<float>{x}, none, category);
  EXPECT_EQ(category[0], -1);
}

/// The message of the error of type E that a call makes.
template <class E, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

TEST(Operations, RefuseWhatIsOutsideTheirDomain) {
  alignas(16) float x[64] = {}, y[64] = {};
  const auto step = [&](Shape shape, Source<float> in, Target<float> out, StepOptions<float> options = {}) {
    ddim_step(Host{}, transition(), Sigma(0), shape, in, Source<float>{x}, std::monostate{}, out, options);
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(message_of<ShapeError>([&] { step({-1, 4}, {x}, {y}); }), "samples = -1");
  expect(message_of<ShapeError>([&] { step({1, -4}, {x}, {y}); }), "dim = -4");
  expect(message_of<ShapeError>([&] { step({Index{1} << 40, Index{1} << 40}, {x}, {y}); }), "samples * dim");
  expect(message_of<DomainError>([&] { step({1, 4}, {nullptr}, {y}); }), "pointer of x_t = nullptr");
  expect(message_of<DomainError>([&] { step({1, 4}, {x}, {nullptr}); }), "pointer of x_prev = nullptr");
  expect(message_of<ShapeError>([&] { step({2, 4}, {x}, {y, 3}); }), "stride of x_prev = 3");
  expect(message_of<ShapeError>([&] { step({2, 4}, {x, -2}, {y}); }), "stride of x_t = -2");
  expect(message_of<DomainError>([&] {
           step({1, 4}, {reinterpret_cast<const float*>(reinterpret_cast<const char*>(x) + 2)}, {y});
         }),
         "multiples of 4");
  expect(message_of<DomainError>([&] { step({1, 4}, {x}, {y}, {.clip_range = 0.0}); }), "clip_range = 0");
  expect(message_of<DomainError>([&] { step({1, 4}, {x}, {y}, {.clip_range = NAN}); }), "clip_range = nan");
  expect(message_of<DomainError>([&] {
           step({1, 4}, {x}, {y}, {.threshold = Threshold{1.5, 1}});
         }),
         "ratio = 1.5");
  expect(message_of<DomainError>([&] {
           step({1, 4}, {x}, {y}, {.threshold = Threshold{0.5, 0.5}});
         }),
         "max_value = 0.5");
  expect(message_of<DomainError>([&] {
           ddim_step(Host{}, transition(), Sigma(0.1), {1, 4}, Source<float>{x}, Source<float>{x},
                     std::monostate{}, Target<float>{y});
         }),
         "takes noise");
  expect(message_of<DomainError>([&] {
           ddim_step(Host{}, transition(), Sigma(0.1), {1, 4}, Source<float>{x}, Source<float>{x},
                     Normals{1, 2, 3}, Target<float>{y});
         }),
         "offset = 3");
  expect(message_of<DomainError>([&] {
           trajectory(Host{}, Chain::from_eta(schedule(), Tau::full(100), 0), 0, 1, {1, 4}, Source<float>{x},
                      Normals{}, Target<float>{y});
         }),
         "S = 100");
  expect(
      message_of<DomainError>([&] {
        log_density(Host{}, {1, 4}, Source<float>{x}, 1, Source<float>{x}, 0.0, {nullptr, nullptr, nullptr});
      }),
      "variance = 0");
  expect(
      message_of<DomainError>([&] {
        log_density(Host{}, {1, 4}, Source<float>{x}, 1, Source<float>{x}, 1.0, {nullptr, nullptr, nullptr});
      }),
      "pointer of per_sample");
}

TEST(Operations, PartlyOverlappingMemoryIsRefused) {
  alignas(16) float x[64] = {}, y[64] = {};
  const auto step = [&](Shape shape, Source<float> in, Target<float> out, Target<float> pred = {}) {
    ddim_step(Host{}, transition(), Sigma(0), shape, in, Source<float>{y}, std::monostate{}, out,
              {.pred_x0 = pred});
  };
  EXPECT_NO_THROW(step({1, 16}, {x}, {x}));           // in place
  EXPECT_NO_THROW(step({1, 16}, {x}, {x + 16}));      // beside
  EXPECT_NO_THROW(step({3, 4}, {x, 8}, {x + 4, 8}));  // between the samples
  EXPECT_THROW(step({1, 16}, {x}, {x + 1}), DomainError);
  EXPECT_THROW(step({1, 16}, {x + 4}, {x}), DomainError);
  EXPECT_THROW(step({3, 4}, {x, 8}, {x + 3, 8}), DomainError);
  EXPECT_THROW(step({3, 4}, {x, 8}, {x, 4}), DomainError);
  EXPECT_THROW(step({1, 8}, {x}, {x + 16}, {x + 16}), DomainError);  // two outputs
}

/// Addresses without memory behind them until they are touched.
template <class T>
class Sparse {
 public:
  explicit Sparse(std::size_t n) : bytes_(n * sizeof(T)) {
    void* memory =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("cannot reserve addresses");
    data_ = static_cast<T*>(memory);
  }
  ~Sparse() { munmap(data_, bytes_); }
  Sparse(const Sparse&) = delete;
  T* data() { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

/// The last blocks of a grid only.
struct EmulatedEnd {
  Index blocks = 2;
  template <class Op>
  void operator()(const Op& op) const {
    emulation::launch(
        op.blocks(), kThreads, [&] { kKernel<Op>(op); }, emulation::Order::ascending, 0, op.blocks() - blocks,
        op.blocks());
  }
};

/// The same with an index of 32 bits.
struct OverflowingEnd {
  template <class Op>
  void operator()(const Op& op) const {
    if constexpr (requires { op.pack(Index{}); }) {
      for (Index p = op.packs() - 256; p < op.packs(); ++p) op.pack(static_cast<std::uint32_t>(p * 8) / 8);
    }
  }
};

/// A step of 2^32 + 1029 elements, of which only the last are looked at: how many are not what they should
/// be, counting what was written where a wrapped index would write.
template <class Run>
int wrong_beyond_2_to_31(const Run& run) {
  constexpr Index n = (Index{1} << 32) + 1029;
  Sparse<Float16> x_t(n), output(n), x_prev(n);
  for (Index i = n - 3000; i < n; ++i) {
    x_t.data()[i] = rounded<Float16>(static_cast<double>(i % 97));
    output.data()[i] = rounded<Float16>(static_cast<double>(i % 89));
  }
  const Sigma sigma = sigma_eta(transition(), 0.5);
  const Normals normals{1, 2, 0};
  ddim_step(run, transition(), sigma, {1, n}, Source<Float16>{x_t.data()}, Source<Float16>{output.data()},
            normals, Target<Float16>{x_prev.data()});
  const StepCoefficients c = step_coefficients(transition(), sigma);
  int wrong = 0;
  for (Index i = n - 1029; i < n; ++i) {
    const float mean = std::fmaf(static_cast<float>(c.output), to_real(output.data()[i]),
                                 static_cast<float>(c.x_t) * to_real(x_t.data()[i]));
    const Float16 want =
        round_to<Float16>(std::fmaf(static_cast<float>(c.sigma), normals.element<float>(i), mean));
    wrong += x_prev.data()[i].bits != want.bits ? 1 : 0;
  }
  for (Index i = 0; i < 4096; ++i) wrong += x_prev.data()[i].bits != 0 ? 1 : 0;
  return wrong;
}

TEST(Eq12, ElementsBeyond2To31AreReached) { EXPECT_EQ(wrong_beyond_2_to_31(EmulatedEnd{}), 0); }
TEST(KernelFaults, IndexOverflowPast2To31) { EXPECT_GT(wrong_beyond_2_to_31(OverflowingEnd{}), 1000); }

TEST(Eq12, StridedSamplesBeyond2To31AreReached) {
  constexpr Index samples = 5, dim = 7, stride = (Index{1} << 30) + 1;
  Sparse<float> x_t(samples * stride), x_prev(samples * stride);
  for (Index j = 0; j < samples; ++j)
    for (Index k = 0; k < dim; ++k) x_t.data()[j * stride + k] = static_cast<float>(10 * j + k);
  ddim_step(Emulated{}, transition(), Sigma(0), {samples, dim}, Source<float>{x_t.data(), stride},
            Source<float>{x_t.data(), stride}, std::monostate{}, Target<float>{x_prev.data(), stride});
  const StepCoefficients c = step_coefficients(transition(), Sigma(0));
  for (Index j = 0; j < samples; ++j)
    for (Index k = 0; k < dim; ++k) {
      const auto x = static_cast<float>(10 * j + k);
      ASSERT_EQ(x_prev.data()[j * stride + k],
                std::fmaf(static_cast<float>(c.output), x, static_cast<float>(c.x_t) * x));
    }
}

}  // namespace
}  // namespace ddim::cuda::test
