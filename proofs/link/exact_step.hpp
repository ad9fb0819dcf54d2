#pragma once

// The paper's step, written apart from the printed programs, in arithmetic wide enough to be exact for its
// purpose.

#include <cmath>
#include <cstdint>
#include <limits>

#include "tolerances.hpp"

namespace ddim::link {

using tolerance::Prediction;
using tolerance::Restriction;

struct Input {
  double alpha_bar, alpha_bar_prev, eta, x, output, noise, threshold;
};
/// What decides a step besides numbers. `variant`: free choices of an implementation, such as a reciprocal.
struct Case {
  Prediction prediction;
  Restriction restriction;
  bool rescale;
  std::uint32_t variant;
};

/// Eq16's sigma, Eq9's pred_x0 after clipping, Eq12's prev_sample; and what T's own roundings may have added
/// to prev_sample, some 60 of them of its largest term: a step that leaves x_t where it is has a bound of
/// zero.
template <class T>
struct Exact {
  T prev_sample, pred_x0, sigma, uncertainty;
  Exact(const Input& in, const Case& how) {
    using std::abs, std::sqrt;
    const T a(in.alpha_bar), p(in.alpha_bar_prev), eta(in.eta), x(in.x), o(in.output), z(in.noise),
        m(in.threshold);
    const T beta = T(p - a) / p, variance = eta * eta * T(T(1) - p) / T(T(1) - a) * beta;
    const T radicand = T(1) - p - variance, k = radicand > 0 ? T(sqrt(radicand)) : T(0);
    const T root = sqrt(a), rest = sqrt(T(T(1) - a));
    T eps = o, size = abs(o);
    if (how.prediction == Prediction::eps) {
      pred_x0 = T(x - rest * o) / root;
      size = T(abs(x) + abs(o)) / root;
    }
    if (how.prediction == Prediction::x0) {
      pred_x0 = o;
      eps = T(x - root * o) / rest;
      size = T(abs(x) + abs(o)) / rest;
    }
    if (how.prediction == Prediction::v) {
      pred_x0 = root * x - rest * o;
      eps = root * o + rest * x;
      size = abs(x) + abs(o);
    }
    if (how.restriction != Restriction::free) {
      pred_x0 = pred_x0 < -m ? T(-m) : pred_x0 > m ? m : pred_x0;
      if (how.rescale) pred_x0 /= m;
      if (how.restriction == Restriction::rederived) {
        eps = T(x - root * pred_x0) / rest;
        size += T(abs(x) + abs(pred_x0)) / rest;
      }
    }
    sigma = sqrt(variance);
    prev_sample = sqrt(p) * pred_x0 + k * eps + sigma * z;
    uncertainty = T(64) * std::numeric_limits<T>::epsilon() * T(size + abs(z));
  }
};

}  // namespace ddim::link
