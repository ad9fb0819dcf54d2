// The steps' accuracy against the reference: what is argued by hand here is order statistics (threshold_of),
// what a step of Eq10 adds (chain_step) and the reference's roundings there. pred_x0 clipped or thresholded
// is allowed 5 % more error than a peer's.

#include <tuple>

#include "tests/cuda/measured.hpp"

namespace ddim::cuda::test {
namespace {

template <class T>
Accuracy q_sample_accuracy(const Runner& run, int t, Given given) {
  const NoiseLevel& level = schedule().level(t);
  const Data<T> x0(1), batch(2);
  const Drawn<T> noise(given, batch);
  Output<T> x_t;
  q_sample(run, level, kShape, x0.source(), noise.source, x_t.target());
  const double c0 = sqrt_alpha_bar(level), c1 = sqrt_one_minus_alpha_bar(level);
  using N = Naive<T>;
  return accuracy(
      x_t, ddim::q_sample(level, x0.exact, noise.exact),
      [&](const Arithmetic& in, Index i) {
        return in.fma(in.coefficient(c1), in.exact(noise.exact(i)),
                      in.product(in.coefficient(c0), in.exact(x0.exact(i))));
      },
      [&](Index i) { return N(c0) * x0.exact(i) + N(c1) * noise.exact(i); });
}
TEST(Lemma1, HostQSampleIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const Given given : {Given::batch, Given::drawn}) {
      for (const int t : {1, 37, 500, 1000}) {
        SCOPED_TRACE(std::to_string(t) + " " + to_text(given));
        expect_accurate<T>(q_sample_accuracy<T>({}, t, given));
      }
      const auto ratio = [&](const Runner& run) { return q_sample_accuracy<T>(run, 500, given).ratio; };
      EXPECT_EQ(unseen_faults(ratio), "") << kDtype<T>;
    }
  });
}

/// sigma noise + (c1 x1 + c0 x0), where there is noise: affine() of laws.hpp, then Map's fma.
Running step_of(const Arithmetic& in, double c0, double x0, double c1, double x1, double sigma,
                double noise) {
  const Running mean = in.fma(in.coefficient(c1), in.exact(x1), in.product(in.coefficient(c0), in.exact(x0)));
  return sigma == 0 ? mean : in.fma(in.coefficient(sigma), in.exact(noise), mean);
}

template <class T>
Accuracy forward_step_accuracy(const Runner& run, double eta, Given given) {
  const Transition step = transition();
  const Sigma sigma = sigma_eta(step, eta);
  const Data<T> x_prev(1), x0(2), batch(3);
  const Drawn<T> noise(given, batch);
  Output<T> x_t;
  forward_step(run, step, sigma, kShape, x_prev.source(), x0.source(), noise.source, x_t.target());
  const ForwardCoefficients c = forward_coefficients(step, sigma);
  const double s = std::sqrt(c.variance);
  const Batch want = ddim::forward_step(step, sigma, x_prev.exact, x0.exact).mean + s * noise.exact;
  const double a = step.current.alpha_bar, p = step.prev.alpha_bar, k = 1 - p - sigma.value() * sigma.value();
  using N = Naive<T>;
  return accuracy(
      x_t, want,
      [&](const Arithmetic& in, Index i) {
        return step_of(in, c.x0, x0.exact(i), c.x_prev, x_prev.exact(i), s, noise.exact(i));
      },
      [&](Index i) {
        const N keep = std::sqrt((1 - a) * k) / (1 - p);
        return N(std::sqrt(a)) * x0.exact(i) + keep * (N(x_prev.exact(i)) - N(std::sqrt(p)) * x0.exact(i)) +
               N(s) * noise.exact(i);
      });
}
TEST(Eq8, HostForwardStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const Given given : {Given::batch, Given::drawn}) {
      for (const double eta : {0.0, 0.3, 1.0}) {
        SCOPED_TRACE(std::to_string(eta) + " " + to_text(given));
        expect_accurate<T>(forward_step_accuracy<T>({}, eta, given));
      }
      const auto ratio = [&](const Runner& run) { return forward_step_accuracy<T>(run, 0.3, given).ratio; };
      EXPECT_EQ(unseen_faults(ratio), "") << kDtype<T>;
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

/// x_prev's and pred_x0's.
struct StepAccuracy {
  Accuracy x_prev, pred_x0;
  double ratio() const { return std::max(x_prev.ratio, pred_x0.ratio); }
};
template <class T>
StepAccuracy step_accuracy(const Runner& run, Prediction prediction, double eta, Given given, bool both) {
  const Transition step = transition();
  const Sigma sigma = sigma_eta(step, eta);
  const Data<T> x_t(1), output(2), batch(3);
  const Drawn<T> noise(given, batch);
  Output<T> x_prev, pred_x0;
  StepOptions<T> options;
  options.prediction = prediction;
  if (both) options.pred_x0 = pred_x0.target();
  ddim_step(run, step, sigma, kShape, x_t.source(), output.source(), noise.source, x_prev.target(), options);
  const StepCoefficients c = step_coefficients(step, sigma, prediction);
  const double a = step.current.alpha_bar, p = step.prev.alpha_bar, s = sigma.value();
  using N = Naive<T>;
  StepAccuracy result;
  result.x_prev = accuracy(
      x_prev, ddim::ddim_step(c, x_t.exact, output.exact, noise.exact),
      [&](const Arithmetic& in, Index i) {
        return step_of(in, c.x_t, x_t.exact(i), c.output, output.exact(i), c.sigma, noise.exact(i));
      },
      [&](Index i) {
        const auto [f, e] = parts<T>(prediction, a, x_t.exact(i), output.exact(i));
        return N(std::sqrt(p)) * f + N(std::sqrt(1 - p - s * s)) * e + N(s) * noise.exact(i);
      });
  if (!both) return result;
  const auto [of_x, of_output] = detail::coefficients(
      [&](const Batch& x, const Batch& y) { return predict_x0(step.current, prediction, x, y); });
  result.pred_x0 = accuracy(
      pred_x0, predict_x0(step.current, prediction, x_t.exact, output.exact),
      [&, of_x = of_x, of_output = of_output](const Arithmetic& in, Index i) {
        return step_of(in, of_x, x_t.exact(i), of_output, output.exact(i), 0, 0);
      },
      [&](Index i) { return parts<T>(prediction, a, x_t.exact(i), output.exact(i)).first; });
  return result;
}
TEST(Eq12, HostStepIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
      for (const Given given : {Given::batch, Given::drawn}) {
        for (const double eta : {0.0, 0.6, 1.0}) {
          SCOPED_TRACE(std::to_string(static_cast<int>(prediction)) + " " + std::to_string(eta) + " " +
                       to_text(given));
          const StepAccuracy a = step_accuracy<T>({}, prediction, eta, given, true);
          expect_accurate<T>(a.x_prev);
          if (prediction != Prediction::x0)
            expect_accurate<T>(a.pred_x0);
          else  // the network's output: no rounding at all
            EXPECT_EQ(a.pred_x0.ratio, 0);
        }
        for (const bool both : {false, true}) {
          const auto ratio = [&](const Runner& run) {
            return step_accuracy<T>(run, prediction, 0.6, given, both).ratio();
          };
          EXPECT_EQ(unseen_faults(ratio), "") << kDtype<T> << " " << static_cast<int>(prediction);
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

/// A step through a pred_x0 that is changed on the way.
struct Setting {
  Prediction prediction;
  Given given;
  double most;  // thresholded, the scale at most this; 0: clipped
  bool rederive;
  std::string text() const {
    const char* const names[] = {"eps", "x0", "v"};
    return std::string(names[static_cast<int>(prediction)]) + " " + to_text(given) +
           (most > 0 ? " threshold " + std::to_string(most) : " clip") + (rederive ? "" : " from parts");
  }
};
constexpr double kRange = 1.2, kRatio = 0.7;

/// That step of one dtype, what it should give, and how far off it may be.
template <class T>
class ChangedStep {
  using N = Naive<T>;

 public:
  ChangedStep(const Setting& setting, const Runner& run)
      : at_(setting), used_(setting.given == Given::none ? Sigma(0) : sigma_eta(step_, 0.6)) {
    StepOptions<T> options;
    options.prediction = at_.prediction;
    options.pred_x0 = pred_x0_.target();
    options.rederive_eps = at_.rederive;
    if (at_.most > 0)
      options.threshold = Threshold{kRatio, at_.most};
    else
      options.clip_range = kRange;
    ddim_step(run, step_, used_, kShape, x_t_.source(), output_.source(), noise_.source, x_prev_.target(),
              options);
    std::tie(f_of_x_, f_of_output_) = detail::coefficients(
        [&](const Batch& x, const Batch& y) { return predict_x0(step_.current, at_.prediction, x, y); });
    std::tie(e_of_x_, e_of_output_) = detail::coefficients(
        [&](const Batch& x, const Batch& y) { return predict_eps(step_.current, at_.prediction, x, y); });
    of_kernel_ = scales(kArithmetic<T>);
    of_reference_ = scales(kReference);
    for (Index j = 0; j < kSamples && at_.most > 0; ++j) {
      std::vector<double> sample;
      for (Index k = 0; k < kDim; ++k) sample.push_back(peer_parts(j * kDim + k).first.real());
      of_peer_.push_back(naive_threshold<T>(sample, kRatio, at_.most));
    }
  }

  StepAccuracy accuracy_of_both() const {
    const Batch f = predict_x0(step_.current, at_.prediction, x_t_.exact, output_.exact),
                changed = at_.most > 0 ? dynamic_threshold(f, kRatio, at_.most) : clip(f, kRange),
                eps = predict_eps(step_.current, at_.prediction, x_t_.exact, output_.exact),
                want = at_.rederive ? Batch(q_posterior(step_, used_, x_t_.exact, changed).mean +
                                            used_.value() * noise_.exact)
                                    : ddim_step_from_parts(step_, used_, changed, eps, noise_.exact);
    return {accuracy(
                x_prev_, want, [&](const Arithmetic& in, Index i) { return next(in, i); },
                [&](Index i) { return peer_next(i); }),
            accuracy(
                pred_x0_, changed, [&](const Arithmetic& in, Index i) { return x0(in, i); },
                [&](Index i) { return peer_x0(i); })};
  }

 private:
  Running predicted(const Arithmetic& in, Index i) const {
    return step_of(in, f_of_x_, x_t_.exact(i), f_of_output_, output_.exact(i), 0, 0);
  }
  /// Per sample; element i belongs to sample i / kDim.
  std::vector<Running> scales(const Arithmetic& in) const {
    std::vector<Running> all;
    for (Index j = 0; j < kSamples && at_.most > 0; ++j) {
      std::vector<Running> sample;
      for (Index k = 0; k < kDim; ++k) sample.push_back(predicted(in, j * kDim + k));
      all.push_back(threshold_of(in, sample, kRatio, at_.most));
    }
    return all;
  }
  Running x0(const Arithmetic& in, Index i) const {
    if (at_.most == 0) return clamp(predicted(in, i), in.coefficient(kRange));
    const Running scale = (in.fuses ? of_kernel_ : of_reference_)[static_cast<std::size_t>(i / kDim)];
    return in.ratio(clamp(predicted(in, i), scale), scale);
  }
  double direction() const { return std::sqrt(static_cast<double>(posterior_radicand(step_, used_))); }
  /// direction times a coefficient of eps, as the kernel gets it.
  Running towards(const Arithmetic& in, double of) const {
    const Running c = kReference.product(kReference.exact(direction()), kReference.exact(of));
    return in.narrows ? in.rounded(c.v, c.e) : c;
  }
  Running next(const Arithmetic& in, Index i) const {
    const Running changed = x0(in, i), x = in.exact(x_t_.exact(i)), y = in.exact(output_.exact(i));
    Running mean;
    if (at_.rederive) {
      const PosteriorCoefficients c = posterior_coefficients(step_, used_);
      mean = in.fma(in.coefficient(c.x_t), x, in.product(in.coefficient(c.x0), changed));
    } else if (in.fuses) {
      mean = in.product(in.coefficient(sqrt_alpha_bar(step_.prev)), changed);
      if (e_of_x_ != 0) mean = in.fma(towards(in, e_of_x_), x, mean);
      mean = in.fma(towards(in, e_of_output_), y, mean);
    } else {
      const Running eps = e_of_x_ == 0 ? y
                                       : step_of(in, e_of_x_, static_cast<double>(x.v), e_of_output_,
                                                 static_cast<double>(y.v), 0, 0);
      mean = in.sum(in.product(in.exact(sqrt_alpha_bar(step_.prev)), changed),
                    in.product(in.exact(direction()), eps));
    }
    if (at_.given == Given::none) return mean;
    return in.fma(in.coefficient(used_.value()), in.exact(noise_.exact(i)), mean);
  }

  std::pair<N, N> peer_parts(Index i) const {
    return parts<T>(at_.prediction, step_.current.alpha_bar, x_t_.exact(i), output_.exact(i));
  }
  N peer_x0(Index i) const {
    const double range =
        at_.most > 0 ? of_peer_[static_cast<std::size_t>(i / kDim)].real() : N(kRange).real();
    const N clipped = std::clamp(peer_parts(i).first.real(), -range, range);
    return at_.most > 0 ? clipped / range : clipped;
  }
  N peer_next(Index i) const {
    const double a = step_.current.alpha_bar, p = step_.prev.alpha_bar;
    const N f = peer_x0(i), eps = at_.rederive ? (N(x_t_.exact(i)) - N(std::sqrt(a)) * f) / std::sqrt(1 - a)
                                               : peer_parts(i).second;
    const N mean = N(std::sqrt(p)) * f + N(direction()) * eps;
    return at_.given == Given::none ? mean : mean + N(used_.value()) * noise_.exact(i);
  }

  Setting at_;
  Transition step_ = transition();
  Sigma used_;
  Data<T> x_t_{1}, output_{2}, batch_{3};
  Drawn<T> noise_{at_.given, batch_};
  Output<T> x_prev_, pred_x0_;
  double f_of_x_ = 0, f_of_output_ = 0, e_of_x_ = 0, e_of_output_ = 0;
  std::vector<Running> of_kernel_, of_reference_;
  std::vector<N> of_peer_;
};

template <class Body>
void for_every_setting(Body body) {
  for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
    for (const Given given : {Given::none, Given::batch, Given::drawn}) {
      for (const bool rederive : {false, true}) body(prediction, given, rederive);
    }
  }
}

/// Clipped; thresholded by the quantile, which is near 4 for eps and below 2 for the others; and by the largest
/// value allowed.
std::vector<double> ranges(Prediction prediction) {
  return {0.0, 100.0, prediction == Prediction::eps ? 2.0 : 1.01};
}

TEST(Eq12, HostClippedAndThresholdedStepsAreWithinTheirBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for_every_setting([](Prediction prediction, Given given, bool rederive) {
      for (const double most : ranges(prediction)) {
        const Setting setting{prediction, given, most, rederive};
        SCOPED_TRACE(setting.text());
        const StepAccuracy a = ChangedStep<T>(setting, {}).accuracy_of_both();
        // What is clipped away is what was large: what is left was made small by cancellation, in which the
        // peer's x_t takes part unrounded and ours times a rounded coefficient. The network's own x0 is not
        // rounded before it is changed, so that next to nothing of its bound is used.
        const double loose = prediction == Prediction::x0 ? INFINITY : prediction == Prediction::v ? 128 : 32;
        expect_accurate<T>(a.pred_x0, loose, 1.05);
        expect_accurate<T>(a.x_prev, 32);
      }
    });
  });
}

/// sigma 5 % off with x0, clipping and noise drawn; and every other number of every such step.
TEST(KernelFaults, AnyNumberOfAStepThroughAChangedX0IsCaughtByTheBound) {
  for_every_setting([](Prediction prediction, Given given, bool rederive) {
    Sites seen;
    for (const double most : ranges(prediction)) {
      plant_in(
          [&](const Runner& run) {
            return ChangedStep<float>({prediction, given, most, rederive}, run).accuracy_of_both().ratio();
          },
          seen);
    }
    EXPECT_EQ(survivors(seen), "") << Setting{prediction, given, 0, rederive}.text();
  });
}

template <class T>
Accuracy encode_accuracy(const Runner& run) {
  const Data<T> x_prev(1), eps(2);
  Output<T> x_t;
  encode_step(run, transition(), kShape, x_prev.source(), eps.source(), x_t.target());
  const double a = transition().current.alpha_bar, p = transition().prev.alpha_bar;
  const auto [keep, add] = detail::coefficients(
      [](const Batch& x, const Batch& e) { return ddim_encode_step(transition(), x, e); });
  using N = Naive<T>;
  return accuracy(
      x_t, ddim_encode_step(transition(), x_prev.exact, eps.exact),
      [&, keep = keep, add = add](const Arithmetic& in, Index i) {
        return step_of(in, keep, x_prev.exact(i), add, eps.exact(i), 0, 0);
      },
      [&](Index i) {
        const N f = (N(x_prev.exact(i)) - N(std::sqrt(1 - p)) * eps.exact(i)) / std::sqrt(p);
        return N(std::sqrt(a)) * f + N(std::sqrt(1 - a)) * eps.exact(i);
      });
}
TEST(Eq13, HostEncodeIsWithinItsBound) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    expect_accurate<T>(encode_accuracy<T>({}));
    EXPECT_EQ(unseen_faults([](const Runner& run) { return encode_accuracy<T>(run).ratio; }), "");
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

template <class T>
Accuracy trajectory_accuracy(const Runner& run, double eta) {
  constexpr double kMean = 0.3, kVariance = 0.25;
  const Chain chain = Chain::from_eta(schedule(), Tau::linspace(1000, 20), eta);
  const Data<T> x_T(1);
  Output<T> x_0;
  trajectory(run, chain, kMean, kVariance, kShape, x_T.source(), Normals{4, 100, 0}, x_0.target());
  Path noise;
  for (int i = 0; i < chain.S(); ++i) {
    const NormalStream of_step({4, 100 + static_cast<std::uint64_t>(i), 0});
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
  return accuracy(
      x_0, p_sample(chain, gaussian_eps(Eigen::VectorXd::Constant(kDim, kMean), kVariance), x_T.exact, noise),
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
      });
}
TEST(Eq10, HostTrajectoryFollowsTheReferenceChain) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    for (const double eta : {0.0, 1.0}) {
      SCOPED_TRACE(eta);
      expect_accurate<T>(trajectory_accuracy<T>({}, eta), 64);
      const auto ratio = [&](const Runner& run) { return trajectory_accuracy<T>(run, eta).ratio; };
      if (sizeof(T) >= 4) {  // the last rounding to 16 bits covers 5 % of a step
        EXPECT_EQ(unseen_faults(ratio), "") << kDtype<T>;
      }
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
