// The reductions' and the discrete law's accuracy against the reference. Sums are held to bounds only, the
// reference's in an order of Eigen's own by an argument by hand; draws to the reference's category.

#include <random>

#include "tests/cuda/measured.hpp"

namespace ddim::cuda::test {
namespace {

struct SumResults {
  std::vector<double> per_sample = std::vector<double>(kSamples, NAN);
  double total = NAN;
  std::vector<double> workspace = std::vector<double>(10000, NAN);
  Sums sums() { return {per_sample.data(), &total, workspace.data()}; }
};

/// The arithmetic of a reduction, double for every T, as add_block adds.
struct RunningSum {
  Running of;
  RunningSum& operator+=(const RunningSum& other) { return *this = *this + other; }
  RunningSum operator+(const RunningSum& other) const { return {kArithmetic<double>.sum(of, other.of)}; }
};

/// sum_k (a_k - c b_k)^2 of sample j along the kernel's tree.
template <class T>
Running squared_distance_of(const Data<T>& a, double c, const Data<T>& b, Index j) {
  const Arithmetic& in = kArithmetic<double>;
  std::vector<RunningSum> threads(kSumThreads);
  for (Index k = 0; k < kDim; ++k) {
    const Running difference = in.fma(in.exact(-c), in.exact(b.exact(k, j)), in.exact(a.exact(k, j)));
    Running& sum = threads[static_cast<std::size_t>(k / kPack<T> % kSumThreads)].of;
    sum = in.fma(difference, difference, sum);
  }
  return add_block(threads).of;
}

/// The same as the reference makes it: a rounded product, its difference, the square, and kDim of those in an
/// order that Eigen chooses. No theorem is printed for that: by hand, n - 1 additions in any order are off by
/// no more than n u times the terms' sizes.
template <class T>
Running reference_squared_distance_of(const Data<T>& a, double c, const Data<T>& b, Index j) {
  const Arithmetic& in = kReference;
  Running sum;
  long double sizes = 0;
  for (Index k = 0; k < kDim; ++k) {
    const Running scaled =
        c == 1 ? in.exact(b.exact(k, j)) : in.product(in.exact(c), in.exact(b.exact(k, j)));
    const Running difference = in.difference(in.exact(a.exact(k, j)), scaled);
    const Running square = in.product(difference, difference);
    sum.v += square.v;
    sum.e += square.e;
    sizes += std::abs(square.v) + square.e;
  }
  sum.e += kDim * in.u * sizes;
  return sum;
}

/// Largest error / bound of the results per sample, the reference's, and the total.
struct SumAccuracy {
  double of_kernel = 0, of_reference = 0, of_total = 0;
  double ratio() const { return std::max(of_kernel, of_total); }
};
/// result = scale sum + offset per sample, and the total, whose bound is the kernel's added up.
template <class T>
SumAccuracy sum_accuracy(const SumResults& got, const PerSample& want, const Data<T>& a, double c,
                         const Data<T>& b, double scale, const Eigen::VectorXd& weights, Running offset) {
  const Arithmetic& in = kArithmetic<double>;
  SumAccuracy result;
  Running total;
  constexpr long double slack = 1 + 0x1p-8L;  // for long double's own rounding
  const auto within = [](double computed, const Running& exact, double& worst) {
    const auto ratio = static_cast<double>(std::abs(computed - exact.v) / (slack * exact.e));
    worst = ratio <= 1 ? std::max(worst, ratio) : std::max(worst, 1.5);  // NaN too
  };
  for (Index j = 0; j < kSamples; ++j) {
    const Running sum = squared_distance_of(a, c, b, j);
    const Running factor = in.product(in.rounded(scale, 0), in.exact(weights[j]));
    const Running kernel = in.fma(factor, sum, offset);
    // The reference scales its sum in one or two roundings, in an order of its own; here are three.
    const Running reference =
        kReference.sum(kReference.product(factor, reference_squared_distance_of(a, c, b, j)), offset);
    within(got.per_sample[static_cast<std::size_t>(j)], kernel, result.of_kernel);
    within(want[j], reference, result.of_reference);
    total = in.sum(total, kernel);
  }
  within(got.total, total, result.of_total);
  return result;
}
/// Within the bound, that being no more than 32 times what occurs, the reference's 512 (it must hold in every
/// order of kDim additions, and the reference adds in lanes, where few errors meet).
template <class T>
void expect_accurate_sums(const SumAccuracy& a) {
  EXPECT_LE(a.of_kernel, 1) << kDtype<T>;
  EXPECT_LE(a.of_reference, 1) << kDtype<T>;
  EXPECT_LE(a.of_total, 1) << kDtype<T>;
  if (sizeof(T) >= 4) {  // what 16 bits hold squares and adds in double with hardly a rounding
    EXPECT_GE(a.of_kernel, 1.0 / 32) << kDtype<T> << ": the kernel's bound is loose";
    EXPECT_GE(a.of_reference, 1.0 / 512) << kDtype<T> << ": the reference's bound is loose";
  }
}
const Eigen::VectorXd kNoWeights = Eigen::VectorXd::Ones(kSamples);

template <class T>
SumAccuracy log_density_accuracy(const Runner& run) {
  const Data<T> x(1), x0(2);
  const NoiseLevel& level = schedule().level(300);
  const double variance = level.one_minus_alpha_bar;
  SumResults got;
  log_density(run, kShape, x.source(), sqrt_alpha_bar(level), x0.source(), variance, got.sums());
  // The normaliser is the same expression here and there.
  const Running normaliser = Arithmetic::exact(-0.5 * (kDim * std::log(2 * std::numbers::pi * variance)));
  return sum_accuracy(got, ddim::log_density(q_marginal(level, x0.exact), x.exact), x, sqrt_alpha_bar(level),
                      x0, -0.5 / variance, kNoWeights, normaliser);
}
template <class T>
SumAccuracy kl_accuracy(const Runner& run) {
  const Data<T> p(1), q(2);
  SumResults got;
  cuda::kl_divergence(run, kShape, p.source(), 0.3, q.source(), 0.4, got.sums());
  const long double ratio = 0.3L / 0.4L;
  const Running spread{0.5L * kDim * (ratio - 1 - std::log(ratio)),
                       2 * kDim * proved::kl_normal_error<long double>(0x1p-53L, 0x1p-1074L, 0, 0.3, 0, 0.4)};
  return sum_accuracy(got, ddim::kl_divergence({p.exact, 0.3}, {q.exact, 0.4}), p, 1.0, q, 0.5 / 0.4,
                      kNoWeights, spread);
}
template <class T>
SumAccuracy weighted_noise_error_accuracy(const Runner& run) {
  const Data<T> noise(1), eps(2);
  const std::vector<double> weights = draw_values<double>(kSamples, 5);
  const Eigen::VectorXd of_samples = Eigen::Map<const Eigen::VectorXd>(weights.data(), kSamples);
  SumResults got;
  weighted_noise_error(run, kShape, noise.source(), eps.source(), 1.5, weights.data(), got.sums());
  const PerSample squares = (noise.exact - eps.exact).colwise().squaredNorm();
  return sum_accuracy(got, 1.5 * squares.cwiseProduct(of_samples), noise, 1.0, eps, 1.5, of_samples,
                      Running{});
}
#define DDIM_SUM_TEST(SUITE, NAME, ACCURACY)                                                    \
  TEST(SUITE, NAME) {                                                                           \
    for_every_dtype([](auto dtype) {                                                            \
      using T = decltype(dtype);                                                                \
      expect_accurate_sums<T>(ACCURACY<T>({}));                                                 \
      EXPECT_EQ(unseen_faults([](const Runner& run) { return ACCURACY<T>(run).ratio(); }), ""); \
    });                                                                                         \
  }
DDIM_SUM_TEST(Lemma1, HostLogDensityIsWithinItsBound, log_density_accuracy)
DDIM_SUM_TEST(Eq11, HostKlIsWithinItsBound, kl_accuracy)
DDIM_SUM_TEST(Theorem1, HostWeightedNoiseErrorIsWithinItsBound, weighted_noise_error_accuracy)

/// A distribution per sample that every dtype holds exactly: multiples of 2^-14 that add up to 2^-7 two by
/// two.
template <class T>
Data<T> distributions(std::uint64_t seed) {
  Data<T> p(seed);
  for (Index j = 0; j < kSamples; ++j) {
    for (Index k = 0; k + 1 < kDim; k += 2) {
      const int part = static_cast<int>(std::abs(draw_values<double>(
                                            1, seed * 10007 + static_cast<std::uint64_t>(j * kDim + k))[0]) *
                                        1e6) %
                       129;
      p.exact(k, j) = std::ldexp(part, -14);
      p.exact(k + 1, j) = std::ldexp(128 - part, -14);
    }
    p.exact(kDim - 1, j) = 0;
  }
  for (Index i = 0; i < p.exact.size(); ++i) p.values[static_cast<std::size_t>(i)] = rounded<T>(p.exact(i));
  return p;
}

template <class T>
Accuracy discrete_step_accuracy(const Runner& run) {
  const Data<T> x_t = distributions<T>(1), x0 = distributions<T>(2);
  Output<T> x_prev;
  discrete_step(run, transition(), 0.4, kShape, x_t.source(), x0.source(), x_prev.target());
  const DiscreteWeights w = discrete_weights(transition(), 0.4);
  const double uniform = w.uniform / kDim;
  using N = Naive<T>;
  return accuracy(
      x_prev, discrete_posterior(transition(), 0.4, x_t.exact, x0.exact),
      [&](const Arithmetic& in, Index i) {
        const Running a = in.exact(x_t.exact(i)), b = in.exact(x0.exact(i)), u = in.coefficient(uniform),
                      of_a = in.coefficient(w.x_t), of_b = in.coefficient(w.x0);
        return in.fuses ? in.fma(of_a, a, in.fma(of_b, b, u))
                        : in.sum(in.sum(in.product(of_a, a), in.product(of_b, b)), u);
      },
      [&](Index i) { return N(w.x_t) * x_t.exact(i) + N(w.x0) * x0.exact(i) + N(uniform); });
}
TEST(AppendixA, HostDiscreteStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    expect_accurate<T>(discrete_step_accuracy<T>({}));
    EXPECT_EQ(unseen_faults([](const Runner& run) { return discrete_step_accuracy<T>(run).ratio; }), "");
  });
}

TEST(AppendixA, HostDiscreteDrawIsTheReferences) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> x_t = distributions<T>(3), x0 = distributions<T>(4);
    Eigen::VectorXd uniforms(kSamples);
    std::mt19937_64 random(3);
    for (int round = 0; round < 50; ++round) {
      for (Index j = 0; j < kSamples; ++j) uniforms[j] = static_cast<double>(random() >> 11) * 0x1p-53;
      std::vector<std::int32_t> category(kSamples, -1);
      discrete_draw(Host{}, transition(), 0.4, kShape, x_t.source(), x0.source(), uniforms.data(),
                    category.data());
      const Batch drawn =
          discrete_sample(discrete_posterior(transition(), 0.4, x_t.exact, x0.exact), uniforms);
      for (Index j = 0; j < kSamples; ++j) EXPECT_EQ(drawn(category[static_cast<std::size_t>(j)], j), 1) << j;
    }
  });
}

}  // namespace
}  // namespace ddim::cuda::test
