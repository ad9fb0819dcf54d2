#pragma once

#include <algorithm>
#include <vector>

#include "cuda/laws.hpp"

namespace ddim::cuda {

/// Eq12. x_prev = x_t x_t + output (network output) (+ sigma noise), the reference's step_coefficients.
/// Inputs: x_t, output.
template <class T>
struct DdimStep {
  using Stored = T;
  static constexpr int kInputs = 2, kOutputs = 1;
  static constexpr bool takes(Noise) { return true; }
  Real<T> x_t, output;
  DDIM_HD void operator()(const Real<T> (&in)[2], Real<T> (&out)[1]) const {
    out[0] = affine(x_t, in[0], output, in[1]);
  }
};

/// Eq9 and Eq12: the same x_prev, and pred_x0 beside it.
template <class T>
struct DdimStepPredX0 {
  using Stored = T;
  static constexpr int kInputs = 2, kOutputs = 2;
  static constexpr bool takes(Noise) { return true; }
  Real<T> x_t, output;
  Real<T> pred_x_t, pred_output;
  DDIM_HD void operator()(const Real<T> (&in)[2], Real<T> (&out)[2]) const {
    out[0] = affine(x_t, in[0], output, in[1]);
    out[1] = affine(pred_x_t, in[0], pred_output, in[1]);
  }
};

/// Eq12 through a pred_x0 that is changed on the way. x_prev = pred_x0 f + x_t x_t + output (network output):
/// with eps re-derived from the changed pred_x0 that is Eq7 (output = 0), without it Eq12 from parts.
template <class R>
struct StepThroughX0 {
  R pred_x_t, pred_output;
  R x0, x_t, output;
  DDIM_HD R predict(R x, R network) const { return affine(pred_x_t, x, pred_output, network); }
  DDIM_HD R step(R f, R x, R network) const { return fma(output, network, affine(x0, f, x_t, x)); }
};

/// Eq12 with pred_x0 clipped to [-range, range]. Outputs: x_prev, pred_x0.
template <class T>
struct DdimStepClip {
  using Stored = T;
  static constexpr int kInputs = 2, kOutputs = 2;
  static constexpr bool takes(Noise) { return true; }
  StepThroughX0<Real<T>> through;
  Real<T> range;
  DDIM_HD void operator()(const Real<T> (&in)[2], Real<T> (&out)[2]) const {
    out[1] = clamp(through.predict(in[0], in[1]), range);
    out[0] = through.step(out[1], in[0], in[1]);
  }
};

/// Eq13 reversed. x_t = x_prev x_prev + eps eps. Inputs: x_prev, eps.
template <class T>
struct Encode {
  using Stored = T;
  static constexpr int kInputs = 2, kOutputs = 1;
  static constexpr bool takes(Noise noise) { return noise == Noise::none; }
  Real<T> x_prev, eps;
  DDIM_HD void operator()(const Real<T> (&in)[2], Real<T> (&out)[1]) const {
    out[0] = affine(x_prev, in[0], eps, in[1]);
  }
};

/// Eq12 with dynamic thresholding: per sample s = the ratio quantile of |pred_x0| within [1, max_value], then
/// pred_x0 clipped to [-s, s] and divided by s. One block takes one sample; the quantile is found by a radix
/// select on its key's bits, so it is exact.
template <class T, Noise noise>
struct DdimStepThreshold {
  using R = Real<T>;
  using Key = std::conditional_t<sizeof(R) == 8, std::uint64_t, std::uint32_t>;
  static constexpr int kSources = noise == Noise::given ? 3 : 2;
  static constexpr int V = kPack<T>;
  /// Keys of a sample that a block keeps, in whole rounds of packs; those beyond are predicted again.
  static constexpr Index kKept = 24 * 1024 / sizeof(Key);
  static_assert(kKept % (kThreads * V) == 0);

  StepThroughX0<R> through;
  R sigma;
  Index below;  // the quantile lies between the order statistics `below` and `below + 1`
  R fraction;
  R max_value;
  Layout layout;
  Source<T> in[kSources];
  Target<T> out[2];
  NormalStream normals;

  Index blocks() const { return layout.samples; }

  /// |pred_x0| as an integer of the same order; NaN above everything.
  DDIM_HD static Key key(R x) { return bits_as<Key>(x) & (~Key{0} >> 1); }
  DDIM_HD R scale(Key low, Key high) const {
    const R a = bits_as<R>(low), b = bits_as<R>(high);
    const R quantile = fma(fraction, b - a, a);
    return quantile < R(1) ? R(1) : (quantile > max_value ? max_value : quantile);
  }
  DDIM_HD R thresholded(R f, R s) const { return clamp(f, s) / s; }

  DDIM_HD int count(Index k) const { return layout.dim - k < V ? static_cast<int>(layout.dim - k) : V; }
  /// pred_x0 of the pack that starts at element k of sample j.
  DDIM_HD void predict(Index j, Index k, R (&x)[V], R (&network)[V], R (&f)[V]) const {
    const Layout row = layout.one_sample();
    const Chunk of_x = gather(in[0].sample(j), row, k, count(k));
    const Chunk of_network = gather(in[1].sample(j), row, k, count(k));
    widen<T>(of_x, x);
    widen<T>(of_network, network);
    DDIM_UNROLL for (int i = 0; i < V; ++i) f[i] = through.predict(x[i], network[i]);
  }
  DDIM_HD void finish(Index j, Index k, R s) const {
    const Layout row = layout.one_sample();
    R x[V], network[V], f[V], y[V], z[V];
    predict(j, k, x, network, f);
    if constexpr (noise == Noise::given) widen<T>(gather(in[2].sample(j), row, k, count(k)), z);
    if constexpr (noise == Noise::drawn) draw<T>(normals, normals.subsequence, j * layout.dim + k, z);
    DDIM_UNROLL for (int i = 0; i < V; ++i) {
      f[i] = thresholded(f[i], s);
      y[i] = through.step(f[i], x[i], network[i]);
      if constexpr (noise != Noise::none) y[i] = fma(sigma, z[i], y[i]);
    }
    scatter(out[0].sample(j), row, k, count(k), narrowed<T>(y));
    if (out[1].data != nullptr) scatter(out[1].sample(j), row, k, count(k), narrowed<T>(f));
  }

  void host() const {
    for (Index j = 0; j < layout.samples && layout.dim > 0; ++j) {
      std::vector<R> f;
      std::vector<Key> keys;
      for (Index k = 0; k < layout.dim; ++k) {
        const Index e = j * layout.dim + k;
        f.push_back(through.predict(load_element(in[0], layout, e), load_element(in[1], layout, e)));
        keys.push_back(key(f.back()));
      }
      std::sort(keys.begin(), keys.end());
      const auto low = static_cast<std::size_t>(below);
      const R s = scale(keys[low], keys[std::min(low + 1, keys.size() - 1)]);
      for (Index k = 0; k < layout.dim; ++k) {
        const Index e = j * layout.dim + k;
        const R changed = thresholded(f[static_cast<std::size_t>(k)], s);
        R y = through.step(changed, load_element(in[0], layout, e), load_element(in[1], layout, e));
        if constexpr (noise == Noise::given) y = fma(sigma, load_element(in[2], layout, e), y);
        if constexpr (noise == Noise::drawn) y = fma(sigma, normals.element<R>(e), y);
        store_element(out[0], layout, e, y);
        if (out[1].data != nullptr) store_element(out[1], layout, e, changed);
      }
    }
  }
};

inline constexpr int kMaxSteps = 64;

/// A step of a trajectory for data N(mean, variance I): eps = slope (x - centre), then Eq12, whose
/// coefficient of x_t is 1 + gain: rounding the gain costs less, and the chain feels it at every step.
template <class R>
struct TrajectoryStep {
  R slope, centre, gain, output, sigma;
};

/// Eq10 along a chain, x staying in registers from x_T to x_0. Step i draws from subsequence
/// normals.subsequence + i - 1.
template <class T, Noise noise>
struct Trajectory {
  static_assert(noise != Noise::given);
  using R = Real<T>;
  static constexpr int V = kPack<T>;
  TrajectoryStep<R> steps[kMaxSteps];  // in the order they are taken: steps[0] leaves x_T
  int count;
  Layout layout;
  Source<T> in[1];
  Target<T> out[1];
  NormalStream normals;

  DDIM_HD Index packs() const { return (layout.size() + V - 1) / V; }
  Index blocks() const { return (packs() + kThreads - 1) / kThreads; }

  DDIM_HD static R mean(const TrajectoryStep<R>& step, R x) {
    return fma(step.output, step.slope * (x - step.centre), fma(step.gain, x, x));
  }
  DDIM_HD std::uint64_t subsequence(int i) const {
    return normals.subsequence + static_cast<std::uint64_t>(count - 1 - i);
  }

  DDIM_HD void pack(Index p) const {
    const Index first = p * V;
    R x[V];
    if (p < layout.whole) {
      widen<T>(load_chunk(in[0].data + first), x);
      walk(x, [&](int i, R(&z)[V]) { draw_whole<T>(normals, subsequence(i), p, z); });
      store_chunk(out[0].data + first, narrowed<T>(x));
    } else if (const Index rest = layout.size() - first; rest > 0) {
      const int present = rest < V ? static_cast<int>(rest) : V;
      widen<T>(gather(in[0], layout, first, present), x);
      walk(x, [&](int i, R(&z)[V]) { draw<T>(normals, subsequence(i), first, z); });
      scatter(out[0], layout, first, present, narrowed<T>(x));
    }
  }
  template <class Draw>
  DDIM_HD void walk(R (&x)[V], Draw normals_of_step) const {
    R z[V];
    for (int i = 0; i < count; ++i) {
      if constexpr (noise == Noise::drawn) normals_of_step(i, z);
      DDIM_UNROLL for (int k = 0; k < V; ++k) {
        x[k] = mean(steps[i], x[k]);
        if constexpr (noise == Noise::drawn) x[k] = fma(steps[i].sigma, z[k], x[k]);
      }
    }
  }

  void host() const {
    for (Index e = 0; e < layout.size(); ++e) {
      R x = load_element(in[0], layout, e);
      for (int i = 0; i < count; ++i) {
        x = mean(steps[i], x);
        if constexpr (noise == Noise::drawn)
          x = fma(steps[i].sigma, normals.template element<R>(e, subsequence(i)), x);
      }
      store_element(out[0], layout, e, x);
    }
  }
};

}  // namespace ddim::cuda
