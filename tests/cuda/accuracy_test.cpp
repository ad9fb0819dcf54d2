// What the operations compute, against the reference in double. Element by element it is within a bound made
// of running.v's theorems, one per rounding, but for what is argued by hand where it stands: order statistics
// (threshold_of), what a step of Eq10 adds (chain_step) and the reference's roundings there, and its sums in
// an order of Eigen's own. Below float64, the mean square of the errors of an elementwise operation is no
// more than that of the same equation evaluated pass by pass in the same dtype, within a hundredth (pred_x0
// clipped or thresholded: 5 %). Sums are held to bounds only, draws to the reference's category. The other
// drivers equal these plain loops bit by bit, so that what holds here holds there.

#include "tests/cuda/accuracy.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

#include "tests/cuda/cases.hpp"

namespace ddim::cuda::test {
namespace {

constexpr Index kDim = 257, kSamples = 9;
constexpr Shape kShape{kSamples, kDim};

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

/// Noise as a step takes it, and the numbers that it takes.
template <class T>
struct Drawn {
  NoiseFor<T> source;
  Batch exact = Batch::Zero(kDim, kSamples);
  Drawn(Given given, const Data<T>& batch) {
    const Normals normals{5, 7, 0};
    if (given == Given::batch) source = batch.source(), exact = batch.exact;
    if (given != Given::drawn) return;
    source = normals;
    for (Index i = 0; i < exact.size(); ++i) exact(i) = static_cast<double>(normals.element<Real<T>>(i));
  }
};

/// Largest |got - want| / bound, and the squares of our errors and of the peer's.
struct Accuracy {
  double ratio = 0, ours = 0, theirs = 0;
};

/// `operation(arithmetic, i)` is element i with its bound, in the order of the kernel (of the reference,
/// where the arithmetic does not fuse); `peer(i)` what passes in T make of it.
template <class T, class Operation, class Peer>
Accuracy accuracy(const Output<T>& got, const Batch& want, Operation operation, Peer peer) {
  Accuracy all;
  for (Index i = 0; i < want.size(); ++i) {
    const Running kernel = stored<T>(operation(kArithmetic<T>, i)), reference = operation(kReference, i);
    // The bounds are evaluated in long double, whose own rounding is 2^-11 of double's.
    constexpr long double slack = 1 + 0x1p-8L;
    EXPECT_LE(std::abs(want(i) - reference.v), slack * reference.e) << "the reference, element " << i;
    const auto bound = static_cast<double>(slack * (kernel.e + reference.e));
    const double error = std::abs(got(i) - want(i));
    // A NaN, where nothing was written, is beyond every bound.
    all.ratio = error <= bound ? std::max(all.ratio, error / bound) : std::max(all.ratio, 1.5);
    all.ours += error * error;
    all.theirs += std::pow(peer(i).real() - want(i), 2);
  }
  return all;
}

/// err / bound <= 1 everywhere, the bound being no more than `loose` times what occurs; and in the mean
/// square no more error than the peer makes. In float64 the reference cannot say who is nearer: it is in
/// double itself.
template <class T, class Operation, class Peer>
void expect_accurate(const Output<T>& got, const Batch& want, Operation operation, Peer peer,
                     double loose = 8, double peers = 1.01) {
  const Accuracy a = accuracy(got, want, operation, peer);
  EXPECT_LE(a.ratio, 1) << kDtype<T>;
  EXPECT_GE(a.ratio, 1 / loose) << kDtype<T> << ": the bound is loose";
  // Where one coefficient nearly vanishes, and where x0 is the network's output itself, only the last
  // rounding is left, the same for both: hence the hundredth.
  if (sizeof(T) < 8) {
    EXPECT_LE(a.ours, peers * a.theirs) << kDtype<T>;
  }
}

TEST(Lemma1, HostQSampleIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const int t : {1, 37, 500, 1000}) {
      for (const Given given : {Given::batch, Given::drawn}) {
        SCOPED_TRACE(std::to_string(t) + " " + to_text(given));
        const NoiseLevel& level = schedule().level(t);
        const Data<T> x0(1), batch(2);
        const Drawn<T> noise(given, batch);
        Output<T> x_t;
        q_sample(Host{}, level, kShape, x0.source(), noise.source, x_t.target());
        const double c0 = sqrt_alpha_bar(level), c1 = sqrt_one_minus_alpha_bar(level);
        using N = Naive<T>;
        expect_accurate(
            x_t, ddim::q_sample(level, x0.exact, noise.exact),
            [&](const Arithmetic& in, Index i) {
              return in.fma(in.coefficient(c1), in.exact(noise.exact(i)),
                            in.product(in.coefficient(c0), in.exact(x0.exact(i))));
            },
            [&](Index i) { return N(c0) * x0.exact(i) + N(c1) * noise.exact(i); });
      }
    }
  });
}

/// sigma noise + (c1 x1 + c0 x0), where there is noise: affine() of laws.hpp, then Map's fma.
Running step_of(const Arithmetic& in, double c0, double x0, double c1, double x1, double sigma,
                double noise) {
  const Running mean = in.fma(in.coefficient(c1), in.exact(x1), in.product(in.coefficient(c0), in.exact(x0)));
  return sigma == 0 ? mean : in.fma(in.coefficient(sigma), in.exact(noise), mean);
}

TEST(Eq8, HostForwardStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const double eta : {0.0, 0.3, 1.0}) {
      for (const Given given : {Given::batch, Given::drawn}) {
        SCOPED_TRACE(std::to_string(eta) + " " + to_text(given));
        const Transition step = transition();
        const Sigma sigma = sigma_eta(step, eta);
        const Data<T> x_prev(1), x0(2), batch(3);
        const Drawn<T> noise(given, batch);
        Output<T> x_t;
        forward_step(Host{}, step, sigma, kShape, x_prev.source(), x0.source(), noise.source, x_t.target());
        const ForwardCoefficients c = forward_coefficients(step, sigma);
        const double s = std::sqrt(c.variance);
        const Batch want = ddim::forward_step(step, sigma, x_prev.exact, x0.exact).mean + s * noise.exact;
        const double a = step.current.alpha_bar, p = step.prev.alpha_bar,
                     k = 1 - p - sigma.value() * sigma.value();
        using N = Naive<T>;
        expect_accurate(
            x_t, want,
            [&](const Arithmetic& in, Index i) {
              return step_of(in, c.x0, x0.exact(i), c.x_prev, x_prev.exact(i), s, noise.exact(i));
            },
            [&](Index i) {
              const N keep = std::sqrt((1 - a) * k) / (1 - p);
              return N(std::sqrt(a)) * x0.exact(i) +
                     keep * (N(x_prev.exact(i)) - N(std::sqrt(p)) * x0.exact(i)) + N(s) * noise.exact(i);
            });
      }
    }
  });
}

/// The peer's x0 and eps, from what its network predicts.
template <class T>
std::pair<Naive<T>, Naive<T>> parts(Prediction prediction, double a, double x_t, double output) {
  using N = Naive<T>;
  const N x = x_t, y = output;
  if (prediction == Prediction::x0) return {y, (x - N(std::sqrt(a)) * y) / std::sqrt(1 - a)};
  if (prediction == Prediction::v)
    return {N(std::sqrt(a)) * x - N(std::sqrt(1 - a)) * y, N(std::sqrt(a)) * y + N(std::sqrt(1 - a)) * x};
  return {(x - N(std::sqrt(1 - a)) * y) / std::sqrt(a), y};
}

TEST(Eq12, HostStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
      for (const double eta : {0.0, 0.6, 1.0}) {
        for (const Given given : {Given::batch, Given::drawn}) {
          SCOPED_TRACE(std::to_string(static_cast<int>(prediction)) + " " + std::to_string(eta) + " " +
                       to_text(given));
          const Transition step = transition();
          const Sigma sigma = sigma_eta(step, eta);
          const Data<T> x_t(1), output(2), batch(3);
          const Drawn<T> noise(given, batch);
          Output<T> x_prev, pred_x0;
          StepOptions<T> options;
          options.prediction = prediction;
          options.pred_x0 = pred_x0.target();
          ddim_step(Host{}, step, sigma, kShape, x_t.source(), output.source(), noise.source, x_prev.target(),
                    options);
          const StepCoefficients c = step_coefficients(step, sigma, prediction);
          const double a = step.current.alpha_bar, p = step.prev.alpha_bar, s = sigma.value();
          using N = Naive<T>;
          expect_accurate(
              x_prev, ddim::ddim_step(c, x_t.exact, output.exact, noise.exact),
              [&](const Arithmetic& in, Index i) {
                return step_of(in, c.x_t, x_t.exact(i), c.output, output.exact(i), c.sigma, noise.exact(i));
              },
              [&](Index i) {
                const auto [f, e] = parts<T>(prediction, a, x_t.exact(i), output.exact(i));
                return N(std::sqrt(p)) * f + N(std::sqrt(1 - p - s * s)) * e + N(s) * noise.exact(i);
              });
          if (prediction == Prediction::x0) {  // the network's output: no rounding at all
            EXPECT_EQ(std::memcmp(pred_x0.values.data(), output.values.data(), kDim * kSamples * sizeof(T)),
                      0);
            continue;
          }
          const auto [of_x, of_output] = detail::coefficients(
              [&](const Batch& x, const Batch& y) { return predict_x0(step.current, prediction, x, y); });
          expect_accurate(
              pred_x0, predict_x0(step.current, prediction, x_t.exact, output.exact),
              [&, of_x = of_x, of_output = of_output](const Arithmetic& in, Index i) {
                return step_of(in, of_x, x_t.exact(i), of_output, output.exact(i), 0, 0);
              },
              [&](Index i) { return parts<T>(prediction, a, x_t.exact(i), output.exact(i)).first; });
        }
      }
    }
  });
}

/// dynamic_threshold's s for one sample, from |pred_x0| sorted: order statistics are off by no more than the
/// worst element.
Running threshold_of(const Arithmetic& in, std::vector<Running> f, double ratio, double max_value) {
  long double worst = 0;
  for (Running& x : f) {
    worst = std::max(worst, x.e);
    x.v = std::abs(x.v);
  }
  std::sort(f.begin(), f.end(), [](const Running& a, const Running& b) { return a.v < b.v; });
  const double place = ratio * static_cast<double>(f.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const Running low{f[below].v, worst}, high{f[std::min(below + 1, f.size() - 1)].v, worst};
  const Running quantile =
      in.fma(in.coefficient(place - static_cast<double>(below)), in.difference(high, low), low);
  const Running most = in.coefficient(max_value);
  return {std::clamp(quantile.v, 1.0L, most.v), std::max(quantile.e, most.e)};
}
/// The same in a peer's passes.
template <class T>
Naive<T> naive_threshold(std::vector<double> f, double ratio, double max_value) {
  std::sort(f.begin(), f.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  const double place = ratio * static_cast<double>(f.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  using N = Naive<T>;
  const N low = std::abs(f[below]), high = std::abs(f[std::min(below + 1, f.size() - 1)]);
  const N quantile = low + N(place - static_cast<double>(below)) * (high - low);
  return std::clamp(quantile.real(), 1.0, N(max_value).real());
}

TEST(Eq12, HostClippedAndThresholdedStepsAreWithinTheirBound) {
  constexpr double kRange = 1.2, kRatio = 0.7;
  for_every_dtype([&](auto dtype) {
    using T = decltype(dtype);
    const Transition step = transition();
    const Sigma sigma = sigma_eta(step, 0.6);
    const Data<T> x_t(1), output(2), batch(3);
    const double a = step.current.alpha_bar, p = step.prev.alpha_bar, s = sigma.value();
    const double direction = std::sqrt(static_cast<double>(posterior_radicand(step, sigma)));
    using N = Naive<T>;
    for (const Given given : {Given::none, Given::batch, Given::drawn}) {
      // Clipped; thresholded by the quantile, which is near 4 here; and by the largest value allowed.
      for (const double most : {0.0, 100.0, 2.0}) {
        const bool threshold = most > 0;
        for (const bool rederive : {false, true}) {
          SCOPED_TRACE(std::string(to_text(given)) +
                       (threshold ? " threshold " + std::to_string(most) : " clip") +
                       (rederive ? "" : " from parts"));
          const Sigma used = given == Given::none ? Sigma(0) : sigma;
          const Drawn<T> noise(given, batch);
          Output<T> x_prev, pred_x0;
          StepOptions<T> options;
          options.pred_x0 = pred_x0.target();
          options.rederive_eps = rederive;
          if (threshold)
            options.threshold = Threshold{kRatio, most};
          else
            options.clip_range = kRange;
          ddim_step(Host{}, step, used, kShape, x_t.source(), output.source(), noise.source, x_prev.target(),
                    options);

          const Batch f = predict_x0(step.current, x_t.exact, output.exact);
          const Batch changed = threshold ? dynamic_threshold(f, kRatio, most) : clip(f, kRange);
          const auto [of_x, of_output] = detail::coefficients(
              [&](const Batch& x, const Batch& y) { return predict_x0(step.current, x, y); });
          const auto predicted = [&, of_x = of_x, of_output = of_output](const Arithmetic& in, Index i) {
            return step_of(in, of_x, x_t.exact(i), of_output, output.exact(i), 0, 0);
          };
          // Per arithmetic and sample; element i belongs to sample i / kDim.
          const auto scales = [&](const Arithmetic& in) {
            std::vector<Running> all;
            for (Index j = 0; j < kSamples; ++j) {
              std::vector<Running> sample;
              for (Index k = 0; k < kDim; ++k) sample.push_back(predicted(in, j * kDim + k));
              all.push_back(threshold_of(in, sample, kRatio, most));
            }
            return all;
          };
          const std::vector<Running> of_kernel = scales(kArithmetic<T>), of_reference = scales(kReference);
          const auto x0_of = [&](const Arithmetic& in, Index i) {
            if (!threshold) return clamp(predicted(in, i), in.coefficient(kRange));
            const Running scale = (in.fuses ? of_kernel : of_reference)[static_cast<std::size_t>(i / kDim)];
            return in.ratio(clamp(predicted(in, i), scale), scale);
          };
          std::vector<N> peer_scales;
          const auto peer_f = [&](Index i) {
            return parts<T>(Prediction::eps, a, x_t.exact(i), output.exact(i)).first;
          };
          for (Index j = 0; j < kSamples; ++j) {
            std::vector<double> sample;
            for (Index k = 0; k < kDim; ++k) sample.push_back(peer_f(j * kDim + k).real());
            peer_scales.push_back(naive_threshold<T>(sample, kRatio, most));
          }
          const auto peer_x0 = [&](Index i) -> N {
            const double range =
                threshold ? peer_scales[static_cast<std::size_t>(i / kDim)].real() : N(kRange).real();
            const N clipped = std::clamp(peer_f(i).real(), -range, range);
            return threshold ? clipped / range : clipped;
          };
          // What is clipped away is what was large: what is left was made small by cancellation, in which the
          // peer's x_t takes part unrounded and ours times a rounded coefficient.
          expect_accurate(pred_x0, changed, x0_of, peer_x0, 32, 1.05);

          const PosteriorCoefficients posterior = posterior_coefficients(step, used);
          const double straight = given == Given::none ? std::sqrt(1 - p) : direction;
          const Batch want =
              rederive ? Batch(q_posterior(step, used, x_t.exact, changed).mean + used.value() * noise.exact)
                       : ddim_step_from_parts(step, used, changed, output.exact, noise.exact);
          expect_accurate(
              x_prev, want,
              [&](const Arithmetic& in, Index i) {
                const Running changed_x0 = x0_of(in, i);
                const Running mean = rederive ? in.fma(in.coefficient(posterior.x_t), in.exact(x_t.exact(i)),
                                                       in.product(in.coefficient(posterior.x0), changed_x0))
                                              : in.fma(in.coefficient(straight), in.exact(output.exact(i)),
                                                       in.product(in.coefficient(std::sqrt(p)), changed_x0));
                return given == Given::none ? mean
                                            : in.fma(in.coefficient(s), in.exact(noise.exact(i)), mean);
              },
              [&](Index i) -> N {
                const N x0 = peer_x0(i);
                const N eps = rederive ? (N(x_t.exact(i)) - N(std::sqrt(a)) * x0) / std::sqrt(1 - a)
                                       : N(output.exact(i));
                const N mean = N(std::sqrt(p)) * x0 + N(straight) * eps;
                return given == Given::none ? mean : mean + N(s) * noise.exact(i);
              },
              32);
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
    encode_step(Host{}, transition(), kShape, x_prev.source(), eps.source(), x_t.target());
    const double a = transition().current.alpha_bar, p = transition().prev.alpha_bar;
    const auto [keep, add] = detail::coefficients(
        [](const Batch& x, const Batch& e) { return ddim_encode_step(transition(), x, e); });
    using N = Naive<T>;
    expect_accurate(
        x_t, ddim_encode_step(transition(), x_prev.exact, eps.exact),
        [&, keep = keep, add = add](const Arithmetic& in, Index i) {
          return step_of(in, keep, x_prev.exact(i), add, eps.exact(i), 0, 0);
        },
        [&](Index i) {
          const N f = (N(x_prev.exact(i)) - N(std::sqrt(1 - p)) * eps.exact(i)) / std::sqrt(p);
          return N(std::sqrt(a)) * f + N(std::sqrt(1 - a)) * eps.exact(i);
        });
  });
}

/// A step of the chain, exact in x with slope `gain`: what x is off by passes with |gain|, and the step adds
/// its own error, whose roundings are of numbers that are themselves off by less than 8 |parts| x.e.
Running chain_step(const Arithmetic& in, Running x, double slope, double centre, const StepCoefficients& c,
                   double sigma, double noise) {
  const Running distance = in.difference(in.exact(x.v), in.coefficient(centre));
  const Running eps = in.product(in.coefficient(slope), distance);
  const Running kept = in.fuses ? in.fma(in.rounded(c.x_t - 1.0L, 0), in.exact(x.v), in.exact(x.v))
                                : in.product(in.exact(c.x_t), in.exact(x.v));
  Running own = in.fma(in.coefficient(c.output), eps, kept);
  if (sigma != 0) own = in.fma(in.coefficient(sigma), in.exact(noise), own);
  const long double gain = c.x_t + static_cast<long double>(c.output) * slope,
                    parts = std::abs(c.x_t) + std::abs(static_cast<long double>(c.output) * slope);
  const long double v = gain * x.v - static_cast<long double>(c.output) * slope * centre +
                        static_cast<long double>(sigma) * noise;
  return {v, own.e + std::abs(gain) * x.e + 8 * in.u * parts * x.e};
}

TEST(Eq10, HostTrajectoryFollowsTheReferenceChain) {
  constexpr double kMean = 0.3, kVariance = 0.25;
  for_every_dtype([&](auto dtype) {
    using T = decltype(dtype);
    for (const double eta : {0.0, 1.0}) {
      SCOPED_TRACE(eta);
      const Chain chain = Chain::from_eta(schedule(), Tau::linspace(1000, 20), eta);
      const Data<T> x_T(1);
      Output<T> x_0;
      trajectory(Host{}, chain, kMean, kVariance, kShape, x_T.source(), Normals{4, 100, 0}, x_0.target());
      Path noise;
      for (int i = 0; i < chain.S(); ++i) {
        const Normals of_step{4, 100 + static_cast<std::uint64_t>(i), 0};
        noise.emplace_back(kDim, kSamples);
        for (Index e = 0; e < noise.back().size(); ++e)
          noise.back()(e) = static_cast<double>(of_step.element<Real<T>>(e));
      }
      // step(i, slope, centre, coefficients, sigma) along the chain, from x_T to x_0.
      const auto along = [&](auto step) {
        for (std::size_t i = chain.steps.size(); i-- > 0;) {
          const Transition& at = chain.steps[i];
          const double total =
              static_cast<double>(at.current.alpha_bar) * kVariance + at.current.one_minus_alpha_bar;
          const Sigma sigma = at.prev.alpha_bar == 1.0 ? Sigma(0) : chain.sigma[i];
          step(i, sqrt_one_minus_alpha_bar(at.current) / total, sqrt_alpha_bar(at.current) * kMean,
               step_coefficients(at, sigma), chain.sigma[i].value());
        }
      };
      using N = Naive<T>;
      expect_accurate(
          x_0,
          p_sample(chain, gaussian_eps(Eigen::VectorXd::Constant(kDim, kMean), kVariance), x_T.exact, noise),
          [&](const Arithmetic& in, Index e) {
            Running x = in.exact(x_T.exact(e));
            along([&](std::size_t i, double slope, double centre, const StepCoefficients& c, double sigma) {
              x = chain_step(in, x, slope, centre, c, sigma, noise[i](e));
            });
            // The reference's eps is a mixture's of one component: no theorem is about its order, which takes
            // no more than three times the roundings.
            if (!in.fuses) x.e *= 3;
            return x;
          },
          [&](Index e) {
            N x = x_T.exact(e);
            along([&](std::size_t i, double slope, double centre, const StepCoefficients&, double sigma) {
              const double a = chain.steps[i].current.alpha_bar, p = chain.steps[i].prev.alpha_bar;
              const N eps = N(slope) * (x - N(centre));
              const N f = (x - N(std::sqrt(1 - a)) * eps) / std::sqrt(a);
              const double radicand = p == 1 ? 0 : 1 - p - sigma * sigma;
              x = N(std::sqrt(p)) * f + N(std::sqrt(std::max(radicand, 0.0))) * eps + N(sigma) * noise[i](e);
            });
            return x;
          },
          64);
    }
  });
}

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

/// result = scale sum + offset per sample, and the total: the kernel's and the reference's, each within its
/// bound of the exact value, that bound being no more than 32 times what occurs, the reference's 256 (it must
/// hold in every order of kDim additions). The total's bound is the kernel's added up.
template <class T>
void expect_sums(const SumResults& got, const PerSample& want, const Data<T>& a, double c, const Data<T>& b,
                 double scale, const Eigen::VectorXd& weights, Running offset) {
  const Arithmetic& in = kArithmetic<double>;
  double of_kernel = 0, of_reference = 0;
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
    within(got.per_sample[static_cast<std::size_t>(j)], kernel, of_kernel);
    within(want[j], reference, of_reference);
    total = in.sum(total, kernel);
  }
  EXPECT_LE(of_kernel, 1) << kDtype<T>;
  EXPECT_LE(of_reference, 1) << kDtype<T>;
  if (sizeof(T) >= 4) {  // what 16 bits hold squares and adds in double with hardly a rounding
    EXPECT_GE(of_kernel, 1.0 / 32) << kDtype<T> << ": the kernel's bound is loose";
    EXPECT_GE(of_reference, 1.0 / 256) << kDtype<T> << ": the reference's bound is loose";
  }
  double of_total = 0;
  within(got.total, total, of_total);
  EXPECT_LE(of_total, 1) << kDtype<T>;
}
const Eigen::VectorXd kNoWeights = Eigen::VectorXd::Ones(kSamples);

TEST(Lemma1, HostLogDensityIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> x(1), x0(2);
    const NoiseLevel& level = schedule().level(300);
    const double variance = level.one_minus_alpha_bar;
    SumResults got;
    log_density(Host{}, kShape, x.source(), sqrt_alpha_bar(level), x0.source(), variance, got.sums());
    // The normaliser is the same expression here and there.
    const Running normaliser = Arithmetic::exact(-0.5 * (kDim * std::log(2 * std::numbers::pi * variance)));
    expect_sums(got, ddim::log_density(q_marginal(level, x0.exact), x.exact), x, sqrt_alpha_bar(level), x0,
                -0.5 / variance, kNoWeights, normaliser);
  });
}

TEST(Eq11, HostKlIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> p(1), q(2);
    SumResults got;
    cuda::kl_divergence(Host{}, kShape, p.source(), 0.3, q.source(), 0.4, got.sums());
    const long double ratio = 0.3L / 0.4L;
    const Running spread{
        0.5L * kDim * (ratio - 1 - std::log(ratio)),
        2 * kDim * proved::kl_normal_error<long double>(0x1p-53L, 0x1p-1074L, 0, 0.3, 0, 0.4)};
    expect_sums(got, ddim::kl_divergence({p.exact, 0.3}, {q.exact, 0.4}), p, 1.0, q, 0.5 / 0.4, kNoWeights,
                spread);
  });
}

TEST(Theorem1, HostWeightedNoiseErrorIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> noise(1), eps(2);
    const std::vector<double> weights = draw_values<double>(kSamples, 5);
    const Eigen::VectorXd of_samples = Eigen::Map<const Eigen::VectorXd>(weights.data(), kSamples);
    SumResults got;
    weighted_noise_error(Host{}, kShape, noise.source(), eps.source(), 1.5, weights.data(), got.sums());
    const PerSample squares = (noise.exact - eps.exact).colwise().squaredNorm();
    expect_sums(got, 1.5 * squares.cwiseProduct(of_samples), noise, 1.0, eps, 1.5, of_samples, Running{});
  });
}

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

TEST(AppendixA, HostDiscreteStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    const Data<T> x_t = distributions<T>(1), x0 = distributions<T>(2);
    Output<T> x_prev;
    discrete_step(Host{}, transition(), 0.4, kShape, x_t.source(), x0.source(), x_prev.target());
    const DiscreteWeights w = discrete_weights(transition(), 0.4);
    const double uniform = w.uniform / kDim;
    using N = Naive<T>;
    expect_accurate(
        x_prev, discrete_posterior(transition(), 0.4, x_t.exact, x0.exact),
        [&](const Arithmetic& in, Index i) {
          const Running a = in.exact(x_t.exact(i)), b = in.exact(x0.exact(i)), u = in.coefficient(uniform),
                        of_a = in.coefficient(w.x_t), of_b = in.coefficient(w.x0);
          return in.fuses ? in.fma(of_a, a, in.fma(of_b, b, u))
                          : in.sum(in.sum(in.product(of_a, a), in.product(of_b, b)), u);
        },
        [&](Index i) { return N(w.x_t) * x_t.exact(i) + N(w.x0) * x0.exact(i) + N(uniform); });
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

// Coefficients that pass through float lose what double storage keeps: the bound sees it.
TEST(Eq12, FloatCoefficientIsCaughtByTheBound) {
  const StepCoefficients c = step_coefficients(transition(), Sigma(0));
  const Data<double> x_t(1), output(2);
  const auto ratio = [&](const DdimStep<double>& step) {
    Output<double> got;
    for (Index i = 0; i < x_t.exact.size(); ++i) {
      double one[1];
      step({x_t.exact(i), output.exact(i)}, one);
      got.values[static_cast<std::size_t>(i)] = one[0];
    }
    const Batch want = ddim::ddim_step(c, x_t.exact, output.exact);
    double worst = 0;
    for (Index i = 0; i < want.size(); ++i) {
      const auto bound_in = [&](const Arithmetic& in) {
        return step_of(in, c.x_t, x_t.exact(i), c.output, output.exact(i), 0, 0).e;
      };
      worst = std::max(worst, std::abs(got(i) - want(i)) /
                                  static_cast<double>(bound_in(kArithmetic<double>) + bound_in(kReference)));
    }
    return worst;
  };
  EXPECT_LE(ratio({c.x_t, c.output}), 1);
  EXPECT_GT(ratio({static_cast<float>(c.x_t), static_cast<float>(c.output)}), 1e6);
}

TEST(Eq12, BoundIsSharpEnoughForACoefficientTwoUlpsOff) {
  const StepCoefficients c = step_coefficients(transition(), Sigma(0));
  const Data<float> x_t(1), output(2);
  const Batch want = ddim::ddim_step(c, x_t.exact, output.exact);
  const auto ratio = [&](float of_x) {
    Output<float> got;
    for (Index i = 0; i < want.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      got.values[at] = affine(of_x, x_t.values[at], static_cast<float>(c.output), output.values[at]);
    }
    return accuracy(
               got, want,
               [&](const Arithmetic& in, Index i) {
                 return step_of(in, c.x_t, x_t.exact(i), c.output, output.exact(i), 0, 0);
               },
               [](Index) { return Naive<float>(0); })
        .ratio;
  };
  const auto of_x = static_cast<float>(c.x_t);
  EXPECT_LE(ratio(of_x), 1);
  EXPECT_GT(ratio(std::nextafter(std::nextafter(of_x, 2.0f), 2.0f)), 1);
}

}  // namespace
}  // namespace ddim::cuda::test
