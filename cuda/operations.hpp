#pragma once

#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "cuda/discrete.hpp"
#include "cuda/objective.hpp"
#include "cuda/steps.hpp"
#include "reference/ddim.hpp"

/// The typed API on raw pointers. Every operation takes an executor first, which says where it runs: Host{},
/// or Device{stream} of device.hpp. Coefficients come from the reference in double and are rounded
/// once to Real<T>; shapes, pointers, aliasing and the equations' domains are checked before anything runs.
/// T is double, float, Float16 or BFloat16. An output may be exactly one of the inputs (in place). Values are
/// not looked at: a NaN or infinity that goes in comes out.
/// Errors: DomainError, ShapeError; on a device also DeviceError.
namespace ddim::cuda {

/// Noise for a step: none (std::monostate, for sigma = 0), a batch, or drawn where it is used.
template <class T>
using NoiseFor = std::variant<std::monostate, Source<T>, Normals>;

struct Host {
  template <class Op>
  void operator()(const Op& op) const {
    op.host();
  }
};

namespace detail {

template <class T>
struct Extent {
  const char* name;
  const T* data;
  Index stride;
  bool written;
};

inline void require_shape(const Shape& shape) {
  if (shape.samples < 0) throw ShapeError("samples", std::to_string(shape.samples), "samples >= 0");
  if (shape.dim < 0) throw ShapeError("dim", std::to_string(shape.dim), "dim >= 0");
  // 2^31 - 1 blocks of 256 packs.
  constexpr Index most = Index{0x7fffffff} * kThreads;
  if (shape.dim > 0 && shape.samples > most / shape.dim)
    throw ShapeError("samples * dim", std::to_string(shape.samples) + " * " + std::to_string(shape.dim),
                     "at most " + std::to_string(most) + " elements");
}

template <class T>
std::uintptr_t address(const Extent<T>& e) {
  return reinterpret_cast<std::uintptr_t>(e.data);
}

/// An output may be an input's batch, or lie between its samples; anything else that shares memory with an
/// output is an error.
template <class T>
void require_apart(const Shape& shape, const Extent<T>& out, const Extent<T>& other) {
  if (out.data == other.data && out.stride == other.stride && !other.written) return;
  const auto length = [&](const Extent<T>& e) {
    return static_cast<std::uintptr_t>((shape.samples - 1) * e.stride + shape.dim) * sizeof(T);
  };
  if (address(out) + length(out) <= address(other) || address(other) + length(other) <= address(out)) return;
  if (out.stride == other.stride && out.stride > 0) {
    const auto period = static_cast<std::uintptr_t>(out.stride) * sizeof(T);
    const std::uintptr_t apart = address(out) > address(other)
                                     ? (address(out) - address(other)) % period
                                     : period - (address(other) - address(out)) % period;
    const auto used = static_cast<std::uintptr_t>(shape.dim) * sizeof(T);
    if (apart >= used && apart <= period - used) return;
  }
  throw DomainError(std::string("memory of ") + out.name, std::string("overlapping ") + other.name,
                    "memory of its own, or exactly an input's");
}

template <class T, std::size_t n>
void require_extents(const Shape& shape, const Extent<T> (&extents)[n]) {
  require_shape(shape);
  if (shape.samples == 0 || shape.dim == 0) return;
  for (const auto& e : extents) {
    if (e.data == nullptr)
      throw DomainError(std::string("pointer of ") + e.name, "nullptr", "a valid pointer");
    if (address(e) % alignof(T) != 0)
      throw DomainError(std::string("pointer of ") + e.name, std::to_string(address(e)),
                        "multiples of " + std::to_string(alignof(T)));
    if (e.stride < (e.written ? shape.dim : 0) && shape.samples > 1)
      throw ShapeError(std::string("stride of ") + e.name, std::to_string(e.stride),
                       e.written ? "stride >= dim = " + std::to_string(shape.dim) : "stride >= 0");
  }
  for (const auto& out : extents) {
    if (!out.written) continue;
    for (const auto& other : extents) {
      if (&other != &out) require_apart(shape, out, other);
    }
  }
}

/// One sample of all elements where nothing lies between samples (`whole`), and packs where everything is
/// aligned.
template <class T, std::size_t n>
Layout layout(Shape shape, const Extent<T> (&extents)[n], bool may_join) {
  bool contiguous = true, aligned = true, packed = shape.dim % kPack<T> == 0;
  for (const auto& e : extents) {
    contiguous = contiguous && e.stride == shape.dim;
    aligned = aligned && address(e) % 16 == 0;
    packed = packed && e.stride % kPack<T> == 0;
  }
  if (shape.dim == 0) shape.samples = may_join ? 0 : shape.samples;
  if (may_join && contiguous) shape = {1, shape.samples * shape.dim};
  const bool vector = aligned && (shape.samples == 1 || packed);
  return {shape.samples, shape.dim, vector, vector && shape.samples == 1 ? shape.dim / kPack<T> : 0};
}

template <class T>
Source<T> resolved(Source<T> source, const Shape& shape) {
  return {source.data, source.stride == kContiguous ? shape.dim : source.stride};
}
template <class T>
Target<T> resolved(Target<T> target, const Shape& shape) {
  return {target.data, target.stride == kContiguous ? shape.dim : target.stride};
}

template <class T>
struct NamedSource {
  const char* name;
  Source<T> source;
};
template <class T>
struct NamedTarget {
  const char* name;
  Target<T> target;
};

inline void require_normals(const Normals& normals) {
  if (normals.offset % 4 != 0)
    throw DomainError("offset", std::to_string(normals.offset),
                      "multiples of 4 (words of one Philox counter)");
}

/// Calls body(kind, layout, sources, targets, normals) with what is needed for `inputs`, `outputs` and the
/// noise, everything checked. sigma = 0 reads and draws no noise. An output without data is not wanted.
template <class T, std::size_t inputs, std::size_t outputs, class Body>
void with_noise(Shape shape, const NamedSource<T> (&in)[inputs], double sigma, const NoiseFor<T>& noise,
                const NamedTarget<T> (&out)[outputs], bool may_join, Body body) {
  const auto go = [&]<Noise kind>(std::integral_constant<Noise, kind>, Source<T> given, Normals normals) {
    constexpr std::size_t count = inputs + (kind == Noise::given ? 1 : 0);
    Source<T> sources[count];
    Target<T> targets[outputs];
    Extent<T> extents[count + outputs];
    for (std::size_t i = 0; i < inputs; ++i) {
      sources[i] = resolved(in[i].source, shape);
      extents[i] = {in[i].name, sources[i].data, sources[i].stride, false};
    }
    if constexpr (kind == Noise::given) {
      sources[inputs] = resolved(given, shape);
      extents[inputs] = {"noise", sources[inputs].data, sources[inputs].stride, false};
    }
    for (std::size_t o = 0; o < outputs; ++o) {
      targets[o] = resolved(out[o].target, shape);
      // An output that is not wanted stands for an input, so that it constrains nothing.
      extents[count + o] = o > 0 && targets[o].data == nullptr
                               ? extents[0]
                               : Extent<T>{out[o].name, targets[o].data, targets[o].stride, true};
    }
    require_extents(shape, extents);
    body(std::integral_constant<Noise, kind>{}, layout(shape, extents, may_join), sources, targets, normals);
  };
  if (sigma == 0) return go(std::integral_constant<Noise, Noise::none>{}, {}, {});
  if (const auto* given = std::get_if<Source<T>>(&noise))
    return go(std::integral_constant<Noise, Noise::given>{}, *given, {});
  if (const auto* normals = std::get_if<Normals>(&noise)) {
    require_normals(*normals);
    return go(std::integral_constant<Noise, Noise::drawn>{}, {}, *normals);
  }
  throw DomainError("sigma", sigma, "sigma = 0 (a step with sigma > 0 takes noise)");
}

template <class A, std::size_t n>
void assign(A (&to)[n], const A (&from)[n]) {
  for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
}

template <class T, class Run, class F>
void map(const Run& run, Shape shape, const F& functor, const NamedSource<T> (&in)[F::kInputs], double sigma,
         const NoiseFor<T>& noise, const NamedTarget<T> (&out)[F::kOutputs]) {
  with_noise(shape, in, sigma, noise, out, true,
             [&](auto kind, const Layout& layout, const auto& sources, const auto& targets, Normals normals) {
               if constexpr (F::takes(decltype(kind)::value)) {
                 if (layout.size() == 0) return;
                 Map<F, decltype(kind)::value> op{functor, static_cast<Real<T>>(sigma), layout, {}, {},
                                                  normals};
                 assign(op.in, sources);
                 assign(op.out, targets);
                 run(op);
               }
             });
}

/// The coefficients of a reference function that is affine in two batches.
template <class F>
std::pair<double, double> coefficients(F affine) {
  const Batch one = Batch::Ones(1, 1), zero = Batch::Zero(1, 1);
  return {affine(one, zero)(0, 0), affine(zero, one)(0, 0)};
}

}  // namespace detail

/// Lemma1. x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise. Domain: alpha_bar < 1 (at t = 0 nothing
/// happens). Bytes per element: 3s with noise given, 2s drawn, s the size of T.
template <class T, class Run>
void q_sample(const Run& run, const NoiseLevel& level, Shape shape, Source<T> x0,
              const std::type_identity_t<NoiseFor<T>>& noise, Target<T> x_t) {
  const double sigma = sqrt_one_minus_alpha_bar(level);
  if (sigma == 0) throw DomainError("alpha_bar", 1.0, "alpha_bar < 1 (x_0 itself is at t = 0)");
  const QSample<T> functor{static_cast<Real<T>>(sqrt_alpha_bar(level))};
  detail::map<T>(run, shape, functor, {{"x0", x0}}, sigma, noise, {{"x_t", x_t}});
}

/// Eq8. x_t ~ q(x_t | x_{t-1}, x_0). Domain: Eq8's. Bytes per element: 3s, 4s with noise given.
template <class T, class Run>
void forward_step(const Run& run, const Transition& step, const Sigma& sigma, Shape shape, Source<T> x_prev,
                  Source<T> x0, const std::type_identity_t<NoiseFor<T>>& noise, Target<T> x_t) {
  const ForwardCoefficients c = forward_coefficients(step, sigma);
  const ForwardStep<T> functor{static_cast<Real<T>>(c.x_prev), static_cast<Real<T>>(c.x0)};
  detail::map<T>(run, shape, functor, {{"x_prev", x_prev}, {"x0", x0}}, std::sqrt(c.variance), noise,
                 {{"x_t", x_t}});
}

/// Dynamic thresholding (Imagen). Domain: 0 <= ratio <= 1, max_value >= 1.
struct Threshold {
  double ratio = 0.995;
  double max_value = 1;
};

template <class T>
struct StepOptions {
  Prediction prediction = Prediction::eps;
  std::optional<double> clip_range = {};    ///< Domain: > 0
  std::optional<Threshold> threshold = {};  ///< wins over clipping
  bool rederive_eps = true;                 ///< from the changed pred_x0; else Eq12 from parts
  Target<T> pred_x0 = {};                   ///< also returned, where given
};

namespace detail {

/// The coefficients of a step through a changed pred_x0, which is pred_x_t x_t + pred_output output before.
template <class R>
StepThroughX0<R> through_x0(const Transition& step, const Sigma& sigma, Prediction prediction,
                            bool rederive_eps, R pred_x_t, R pred_output) {
  StepThroughX0<R> through{pred_x_t, pred_output, 0, 0, 0};
  if (rederive_eps) {
    const PosteriorCoefficients posterior = posterior_coefficients(step, sigma);
    through.x0 = static_cast<R>(posterior.x0);
    through.x_t = static_cast<R>(posterior.x_t);
    return through;
  }
  const auto [eps_x_t, eps_output] = coefficients(
      [&](const Batch& x, const Batch& y) { return predict_eps(step.current, prediction, x, y); });
  const double direction = std::sqrt(static_cast<double>(posterior_radicand(step, sigma)));
  through.x0 = static_cast<R>(sqrt_alpha_bar(step.prev));
  through.x_t = static_cast<R>(direction * eps_x_t);
  through.output = static_cast<R>(direction * eps_output);
  return through;
}

}  // namespace detail

/// Eq12. x_prev from x_t and the network's output. Domain: the reference's step_coefficients. Bytes per
/// element: 3s; 4s with noise given or pred_x0 returned, 5s with both. Thresholding reads x_t and output once
/// more, and what lies beyond DdimStepThreshold::kKept elements of a sample nine times (float64 17).
template <class T, class Run>
void ddim_step(const Run& run, const Transition& step, const Sigma& sigma, Shape shape, Source<T> x_t,
               Source<T> output, const std::type_identity_t<NoiseFor<T>>& noise, Target<T> x_prev,
               const std::type_identity_t<StepOptions<T>>& options = {}) {
  using R = Real<T>;
  const StepCoefficients c = step_coefficients(step, sigma, options.prediction);
  const R direct_x_t = static_cast<R>(c.x_t), direct_output = static_cast<R>(c.output);
  const auto [pred_x_t, pred_output] = detail::coefficients(
      [&](const Batch& x, const Batch& y) { return predict_x0(step.current, options.prediction, x, y); });
  const detail::NamedSource<T> in[2] = {{"x_t", x_t}, {"output", output}};
  const detail::NamedTarget<T> out[2] = {{"x_prev", x_prev}, {"pred_x0", options.pred_x0}};

  if (!options.clip_range && !options.threshold) {
    if (options.pred_x0.data == nullptr)
      return detail::map<T>(run, shape, DdimStep<T>{direct_x_t, direct_output}, in, c.sigma, noise,
                            {{"x_prev", x_prev}});
    return detail::map<T>(
        run, shape,
        DdimStepPredX0<T>{direct_x_t, direct_output, static_cast<R>(pred_x_t), static_cast<R>(pred_output)},
        in, c.sigma, noise, out);
  }

  const StepThroughX0<R> through =
      detail::through_x0<R>(step, sigma, options.prediction, options.rederive_eps, static_cast<R>(pred_x_t),
                            static_cast<R>(pred_output));
  if (!options.threshold) {
    if (!(*options.clip_range > 0)) throw DomainError("clip_range", *options.clip_range, "clip_range > 0");
    return detail::map<T>(run, shape, DdimStepClip<T>{through, static_cast<R>(*options.clip_range)}, in,
                          c.sigma, noise, out);
  }
  const Threshold& threshold = *options.threshold;
  if (!(threshold.ratio >= 0 && threshold.ratio <= 1))
    throw DomainError("ratio", threshold.ratio, "0 <= ratio <= 1");
  if (!(threshold.max_value >= 1)) throw DomainError("max_value", threshold.max_value, "max_value >= 1");
  detail::with_noise(
      shape, in, c.sigma, noise, out, false,
      [&](auto kind, const Layout& layout, const auto& sources, const auto& targets, Normals normals) {
        if (layout.size() == 0) return;
        const double place = threshold.ratio * static_cast<double>(shape.dim - 1);
        const auto below = static_cast<Index>(place);
        DdimStepThreshold<T, decltype(kind)::value> op{through,
                                                       static_cast<R>(c.sigma),
                                                       below,
                                                       static_cast<R>(place - static_cast<double>(below)),
                                                       static_cast<R>(threshold.max_value),
                                                       layout,
                                                       {},
                                                       {},
                                                       normals};
        detail::assign(op.in, sources);
        detail::assign(op.out, targets);
        run(op);
      });
}

/// Eq13 reversed: encodes from `prev` to `current`. Bytes per element: 3s.
template <class T, class Run>
void encode_step(const Run& run, const Transition& step, Shape shape, Source<T> x_prev, Source<T> eps,
                 Target<T> x_t) {
  const auto [keep, add] =
      detail::coefficients([&](const Batch& x, const Batch& e) { return ddim_encode_step(step, x, e); });
  detail::map<T>(run, shape, Encode<T>{static_cast<Real<T>>(keep), static_cast<Real<T>>(add)},
                 {{"x_prev", x_prev}, {"eps", eps}}, 0.0, std::monostate{}, {{"x_t", x_t}});
}

/// Eq10 along a chain for data N(mean, variance I) under its optimal eps, x in registers from x_T to x_0.
/// Step i draws from subsequence normals.subsequence + i - 1. Domain: S <= 64; variance >= 0; alpha_bar > 0;
/// sigma_t = 0 for all t or noise by Normals. Bytes per element: 2s in all.
template <class T, class Run>
void trajectory(const Run& run, const Chain& chain, double mean, double variance, Shape shape, Source<T> x_T,
                const Normals& normals, Target<T> x_0) {
  using R = Real<T>;
  if (chain.S() < 1 || chain.S() > kMaxSteps)
    throw DomainError("S", std::to_string(chain.S()), "1 <= S <= " + std::to_string(kMaxSteps));
  if (!std::isfinite(mean)) throw DomainError("mean", mean, "the finite numbers");
  if (!(variance >= 0 && std::isfinite(variance)))
    throw DomainError("variance", variance, "0 <= variance < infinity");
  TrajectoryStep<R> steps[kMaxSteps] = {};
  double most_sigma = 0;
  for (int i = 0; i < chain.S(); ++i) {
    const auto at = static_cast<std::size_t>(chain.S() - 1 - i);
    const Transition& step = chain.steps[at];
    // At t = 1 Eq10 is N(f_theta(x_1), sigma_1^2 I), whatever sigma_1 is.
    const bool last = step.prev.alpha_bar == 1.0;
    const StepCoefficients c = step_coefficients(step, last ? Sigma(0) : chain.sigma[at]);
    const double sigma = chain.sigma[at].value();
    const double total =
        static_cast<double>(step.current.alpha_bar) * variance + step.current.one_minus_alpha_bar;
    steps[i] = {static_cast<R>(sqrt_one_minus_alpha_bar(step.current) / total),
                static_cast<R>(sqrt_alpha_bar(step.current) * mean), static_cast<R>(c.x_t - 1),
                static_cast<R>(c.output), static_cast<R>(sigma)};
    most_sigma = std::max(most_sigma, sigma);
  }
  detail::with_noise<T, 1, 1>(
      shape, {{"x_T", x_T}}, most_sigma, normals, {{"x_0", x_0}}, true,
      [&](auto kind, const Layout& layout, const auto& sources, const auto& targets, Normals drawn) {
        if constexpr (decltype(kind)::value != Noise::given) {
          if (layout.size() == 0) return;
          Trajectory<T, decltype(kind)::value> op{{}, chain.S(), layout, {}, {}, drawn};
          for (int i = 0; i < kMaxSteps; ++i) op.steps[i] = steps[i];
          detail::assign(op.in, sources);
          detail::assign(op.out, targets);
          run(op);
        }
      });
}

/// Doubles of workspace that a reduction over this shape needs.
template <class T>
Index workspace_size(Shape shape) {
  const Index chunk = SquaredDistance<T>::kChunk;
  const Index chunks = shape.dim <= chunk ? 1 : (shape.dim + chunk - 1) / chunk;
  return shape.samples * chunks + 2 * (shape.samples / kTotalWidth + 1);
}

/// Where a reduction puts its results, in double: one per sample, and their sum where `total` is given. It
/// moves 2s bytes per element; 8 per sample; 16 per chunk (of 4096 elements in float64, 8192 in float32,
/// 16384 in 16 bits) where samples have more than one; for the total 8 per sample and 8, and beyond 1024
/// samples 16 per 1024 of them, then per 1024 of those, and so on.
struct Sums {
  double* per_sample = nullptr;
  double* total = nullptr;
  double* workspace = nullptr;  ///< workspace_size doubles
};

namespace detail {

template <class T, class Run>
void squared_distance(const Run& run, Shape shape, NamedSource<T> a, double c, NamedSource<T> b,
                      Finish finish, const Sums& sums) {
  const Source<T> in[2] = {resolved(a.source, shape), resolved(b.source, shape)};
  const Extent<T> extents[2] = {{a.name, in[0].data, in[0].stride, false},
                                {b.name, in[1].data, in[1].stride, false}};
  require_extents(shape, extents);
  const auto require = [&](const char* name, const double* pointer) {
    if (shape.samples > 0 && pointer == nullptr)
      throw DomainError(std::string("pointer of ") + name, "nullptr", "a valid pointer");
  };
  require("per_sample", sums.per_sample);
  require("workspace", sums.workspace);
  SquaredDistance<T> op{c, layout(shape, extents, false), {in[0], in[1]}, finish, sums.workspace};
  const Index chunks = op.chunks();
  if (chunks == 1) op.out = sums.per_sample;
  if (shape.samples > 0) {
    run(op);
    if (chunks > 1) run(RowSum{sums.workspace, shape.samples * chunks, chunks, finish, sums.per_sample});
  }
  if (sums.total == nullptr) return;
  const double* in_row = sums.per_sample;
  double* ping = sums.workspace + shape.samples * chunks;
  double* pong = ping + shape.samples / kTotalWidth + 1;
  Index n = shape.samples;
  for (; n > kTotalWidth; n = (n + kTotalWidth - 1) / kTotalWidth) {
    run(RowSum{in_row, n, kTotalWidth, {1.0, 0.0, nullptr}, ping});
    in_row = ping;
    std::swap(ping, pong);
  }
  run(RowSum{in_row, n, kTotalWidth, {1.0, 0.0, nullptr}, sums.total});
}

inline void require_positive(const char* name, double value) {
  if (!(value > 0 && std::isfinite(value))) throw DomainError(name, value, std::string(name) + " > 0");
}

}  // namespace detail

/// log N(x; mean_scale mean, variance I) per sample in nats, and its total: Lemma1 with mean = x_0 and
/// mean_scale = sqrt(alpha_bar); Eq7, Eq8 with their means. Domain: variance > 0. Bytes: those of Sums.
template <class T, class Run>
void log_density(const Run& run, Shape shape, Source<T> x, double mean_scale, Source<T> mean, double variance,
                 const Sums& sums) {
  detail::require_positive("variance", variance);
  if (!std::isfinite(mean_scale)) throw DomainError("mean_scale", mean_scale, "the finite numbers");
  const double normaliser = static_cast<double>(shape.dim) * std::log(2 * std::numbers::pi * variance);
  detail::squared_distance<T>(run, shape, {"x", x}, mean_scale, {"mean", mean},
                              {-0.5 / variance, -0.5 * normaliser, nullptr}, sums);
}

/// Eq11. KL(N(mean_p, variance_p I) || N(mean_q, variance_q I)) per sample in nats, and its total. Domain:
/// both variances > 0. Bytes: those of Sums.
template <class T, class Run>
void kl_divergence(const Run& run, Shape shape, Source<T> mean_p, double variance_p, Source<T> mean_q,
                   double variance_q, const Sums& sums) {
  const Gaussian p{Batch::Zero(1, 1), variance_p}, q{Batch::Zero(1, 1), variance_q};
  const double spread = static_cast<double>(shape.dim) * ddim::kl_divergence(p, q)[0];
  detail::squared_distance<T>(run, shape, {"mean_p", mean_p}, 1.0, {"mean_q", mean_q},
                              {0.5 / variance_q, spread, nullptr}, sums);
}

/// Theorem1. gamma |noise - eps|^2 per sample, and its total; gamma one number times, where given, one weight
/// per sample (a device pointer on a device). Bytes: those of Sums, and 8 per weight.
template <class T, class Run>
void weighted_noise_error(const Run& run, Shape shape, Source<T> noise, Source<T> eps, double gamma,
                          const double* weights, const Sums& sums) {
  if (!(gamma >= 0 && std::isfinite(gamma))) throw DomainError("gamma", gamma, "0 <= gamma < infinity");
  detail::squared_distance<T>(run, shape, {"noise", noise}, 1.0, {"eps", eps}, {gamma, 0.0, weights}, sums);
}

/// AppendixA. q(x_{t-1} | x_t, x_0) as probabilities; dim is K. Domain: discrete_weights'. Bytes: 3s.
template <class T, class Run>
void discrete_step(const Run& run, const Transition& step, double s, Shape shape, Source<T> x_t, Source<T> x0,
                   Target<T> x_prev) {
  using R = Real<T>;
  const DiscreteWeights w = discrete_weights(step, s);
  if (shape.dim < 1) throw ShapeError("dim", std::to_string(shape.dim), "K >= 1 categories");
  detail::map<T>(run, shape,
                 DiscreteStep<T>{static_cast<R>(w.x_t), static_cast<R>(w.x0),
                                 static_cast<R>(w.uniform / static_cast<double>(shape.dim))},
                 {{"x_t", x_t}, {"x0", x0}}, 0.0, std::monostate{}, {{"x_prev", x_prev}});
}

/// AppendixA. A category 0..K-1 of that law per column, -1 where a NaN comes in the way: by the given
/// uniforms in [0, 1), or drawn. Bytes: 2s per element as far as the category, in packs of 16 bytes; per
/// column 4, 12 with uniforms given.
template <class T, class Run>
void discrete_draw(const Run& run, const Transition& step, double s, Shape shape, Source<T> x_t, Source<T> x0,
                   const std::variant<const double*, Normals>& uniforms, std::int32_t* category) {
  const DiscreteWeights w = discrete_weights(step, s);
  if (shape.dim < 1 || shape.dim > 0x7fffffff)
    throw ShapeError("dim", std::to_string(shape.dim), "1 <= K <= 2^31 - 1 categories");
  const Source<T> in[2] = {detail::resolved(x_t, shape), detail::resolved(x0, shape)};
  const detail::Extent<T> extents[2] = {{"x_t", in[0].data, in[0].stride, false},
                                        {"x0", in[1].data, in[1].stride, false}};
  detail::require_extents(shape, extents);
  if (shape.samples == 0) return;
  if (category == nullptr) throw DomainError("pointer of category", "nullptr", "a valid pointer");
  const auto* given = std::get_if<const double*>(&uniforms);
  if (given != nullptr && *given == nullptr)
    throw DomainError("pointer of uniforms", "nullptr", "a valid pointer");
  const Normals words = given == nullptr ? std::get<Normals>(uniforms) : Normals{};
  detail::require_normals(words);
  run(DiscreteDraw<T>{w.x_t,
                      w.x0,
                      w.uniform / static_cast<double>(shape.dim),
                      detail::layout(shape, extents, false),
                      {in[0], in[1]},
                      given == nullptr ? nullptr : *given,
                      words,
                      category});
}

}  // namespace ddim::cuda
