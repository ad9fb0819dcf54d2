#pragma once

#include "cuda/map.hpp"

namespace ddim::cuda {

/// c0 a + c1 b with one rounding less than written: fma(c1, b, c0 a).
/// Error: u (2 |c0 a| + |c1 b| + |result|) (1 + 4u), u the unit roundoff of Real<T>, the coefficients' own
/// rounding included, plus the rounding to T.
template <class R>
DDIM_HD inline R affine(R c0, R a, R c1, R b) {
  return fma(c1, b, c0 * a);
}

/// Lemma1. x_t = sqrt(alpha_bar) x_0 (+ sqrt(1 - alpha_bar) noise, which is Map's sigma).
template <class T>
struct QSample {
  using Stored = T;
  static constexpr int kInputs = 1, kOutputs = 1;
  static constexpr bool takes(Noise noise) { return noise != Noise::none; }
  Real<T> sqrt_alpha_bar;
  DDIM_HD void operator()(const Real<T> (&in)[1], Real<T> (&out)[1]) const {
    out[0] = sqrt_alpha_bar * in[0];
  }
};

/// Eq8. x_t = x0 x_0 + x_prev x_{t-1} (+ sqrt(variance) noise). Inputs: x_{t-1}, x_0.
template <class T>
struct ForwardStep {
  using Stored = T;
  static constexpr int kInputs = 2, kOutputs = 1;
  static constexpr bool takes(Noise) { return true; }
  Real<T> x_prev, x0;
  DDIM_HD void operator()(const Real<T> (&in)[2], Real<T> (&out)[1]) const {
    out[0] = affine(x0, in[1], x_prev, in[0]);
  }
};

}  // namespace ddim::cuda
