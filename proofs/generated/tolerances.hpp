// Printed by proofs/link/print.sh from the proved programs; do not edit.
// clang-format off
#ifndef DDIM_PROVED_TOLERANCES_HPP
#define DDIM_PROVED_TOLERANCES_HPP

#include <cmath>
#include <limits>

/// Bounds that hold for every evaluation of a listed order (proofs/arithmetic/{evaluations,orders,tables}.v).
/// proofs/tolerances.hpp says how to use them.
namespace ddim::tolerance {

/// A binary format: roundoff 2^-prec, underflow half the smallest spacing, and the roundoff of its square roots
/// (that of the format where they are correctly rounded, twice that where a power 1/2 is within one ulp).
template <class Real>
struct Format {
  Real roundoff, underflow, root_roundoff;
};
/// Coefficients and tables in one format, samples in another.
template <class Real>
struct Formats {
  Format<Real> table, sample;
};

/// An exact value and how far what stands for it may be off. An error that is not finite: no bound exists.
template <class Real>
struct Ball {
  Real value{}, error{};
};

enum class Prediction { eps, x0, v };
/// What happens to pred_x0: nothing; clipped, with the model's own eps kept; clipped, and eps made again from it.
enum class Restriction { free, kept, rederived };

/// running.v. Error of a * b before rounding, a and b being off by e and f.
template <class Real>
Real product_error(Real a, Real e, Real b, Real f) {
  using std::abs;
  return abs(a) * f + abs(b) * e + e * f;
}

/// running.v. Error of a / b before rounding. Domain: f < |b|; otherwise no bound exists and this is not positive.
template <class Real>
Real ratio_error(Real a, Real e, Real b, Real f) {
  using std::abs;
  return (e + abs(a / b) * f) / (abs(b) - f);
}

/// running.v. Error of log a before rounding. Domain: e < a; otherwise no bound exists and this is not positive.
template <class Real>
Real log_error(Real a, Real e) {
  return e / (a - e);
}

/// evaluations.v, after_rounding. A rounded v whose operands carry e into it: no worse than rounding to zero.
template <class Real>
Real after_rounding(const Format<Real>& f, Real delta, Real e, Real v) {
  using std::abs;
  const Real size = abs(v) + e, rounding = delta * size + f.underflow;
  return e + (rounding < size ? rounding : size);
}
/// evaluations.v, after_sum. Sums do not underflow.
template <class Real>
Real after_sum(const Format<Real>& f, Real e, Real v) {
  using std::abs;
  return e + f.roundoff * (abs(v) + e);
}
/// evaluations.v, after_logarithm. Within one ulp; exp too.
template <class Real>
Real after_logarithm(const Format<Real>& f, Real e, Real v) {
  using std::abs;
  return e + (Real(2) * f.roundoff * (abs(v) + e) + f.underflow);
}
/// evaluations.v, wide_root_error. Of sqrt a, a off by e and perhaps zero; 0 / 0 is 0 there.
template <class Real>
Real wide_root_error(Real a, Real e) {
  using std::sqrt;
  if (e == Real(0)) return Real(0);
  const Real top = a > e ? a : e;
  return e / (sqrt(top) + sqrt(top - e));
}

template <class Real>
Ball<Real> constant(int value) {
  return {Real(value), Real(0)};
}
template <class Real>
Ball<Real> negative(const Ball<Real>& a) {
  return {-a.value, a.error};
}
template <class Real>
Ball<Real> magnitude(const Ball<Real>& a) {
  using std::abs;
  return {abs(a.value), a.error};
}
template <class Real>
Ball<Real> cast(const Format<Real>& f, const Ball<Real>& a) {
  return {a.value, after_rounding(f, f.roundoff, a.error, a.value)};
}
template <class Real>
Ball<Real> sum(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {
  const Real value = a.value + b.value;
  return {value, after_sum<Real>(f, a.error + b.error, value)};
}
template <class Real>
Ball<Real> difference(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {
  const Real value = a.value - b.value;
  return {value, after_sum<Real>(f, a.error + b.error, value)};
}
template <class Real>
Ball<Real> product(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {
  const Real value = a.value * b.value;
  return {value, after_rounding(f, f.roundoff, product_error(a.value, a.error, b.value, b.error), value)};
}
template <class Real>
Ball<Real> square(const Format<Real>& f, const Ball<Real>& a) {
  return product(f, a, a);
}
/// evaluations.v, ratio_bound. None where the divisor may be zero.
template <class Real>
Ball<Real> quotient(const Format<Real>& f, const Ball<Real>& a, const Ball<Real>& b) {
  using std::abs;
  const Real value = a.value / b.value;
  if (!(b.error < abs(b.value))) return {value, std::numeric_limits<Real>::infinity()};
  return {value, after_rounding(f, f.roundoff, ratio_error(a.value, a.error, b.value, b.error), value)};
}
/// The root of a negative number is 0, as code that clamps has it.
template <class Real>
Ball<Real> root(const Format<Real>& f, const Ball<Real>& a) {
  using std::sqrt;
  const Real value = a.value > Real(0) ? Real(sqrt(a.value)) : Real(0);
  return {value, after_rounding(f, f.root_roundoff, wide_root_error(a.value, a.error), value)};
}
template <class Real>
Ball<Real> logarithm(const Format<Real>& f, const Ball<Real>& a) {
  using std::log;
  const Real value = log(a.value);
  if (!(a.error < a.value)) return {value, std::numeric_limits<Real>::infinity()};
  return {value, after_logarithm(f, log_error(a.value, a.error), value)};
}
/// tables.v, exp_carries.
template <class Real>
Ball<Real> exponential(const Format<Real>& f, const Ball<Real>& a) {
  using std::exp, std::expm1;
  const Real value = exp(a.value);
  return {value, after_logarithm<Real>(f, value * expm1(a.error), value)};
}
/// evaluations.v, clip_bound: a to [-m, m].
template <class Real>
Ball<Real> clipped(const Ball<Real>& a, const Ball<Real>& m) {
  const Real low = a.value < m.value ? a.value : m.value;
  const bool first = a.error > m.error || a.error != a.error;
  return {low > -m.value ? low : Real(-m.value), first ? a.error : m.error};
}

/// What a step and add_noise are given, and what they make of it. x0 of add_noise stands in x.
template <class Real>
struct Registers {
  Ball<Real> alpha_bar{};
  Ball<Real> alpha_bar_prev{};
  Ball<Real> one_minus{};
  Ball<Real> one_minus_prev{};
  Ball<Real> eta{};
  Ball<Real> x{};
  Ball<Real> output{};
  Ball<Real> noise{};
  Ball<Real> threshold{};
  Ball<Real> sigma{};
  Ball<Real> variance{};
  Ball<Real> root{};
  Ball<Real> rest{};
  Ball<Real> root_prev{};
  Ball<Real> direction{};
  Ball<Real> pred_x0{};
  Ball<Real> eps{};
  Ball<Real> prev_sample{};
  Ball<Real> x_coefficient{};
  Ball<Real> output_coefficient{};
  Ball<Real> recip{};
  Ball<Real> recipm1{};
  Ball<Real> sigma_from{};
  Ball<Real> sigma_to{};
  Ball<Real> sigma_up{};
  Ball<Real> sigma_down{};
  Ball<Real> denoiser_skip{};
  Ball<Real> denoiser_out{};
  Ball<Real> state{};
  Ball<Real> derivative{};
  Ball<Real> beta{};
  Ball<Real> radicand{};
  Ball<Real> noisy_sample{};
};

/// orders.v, sigmas_error. Eq16: product_of_roots.
template <class Real>
void sigma_product_of_roots(const Formats<Real>& f, Registers<Real>& r) {
  r.sigma = product(f.table, product(f.table, r.eta, root(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), difference(f.table, constant<Real>(1), r.alpha_bar)))), root(f.table, difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev))));
}

/// orders.v, sigmas_error. Eq16: root_of_product.
template <class Real>
void sigma_root_of_product(const Formats<Real>& f, Registers<Real>& r) {
  r.sigma = product(f.table, r.eta, root(f.table, product(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), difference(f.table, constant<Real>(1), r.alpha_bar)), difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev)))));
}

/// orders.v, sigmas_error. Eq16: beta_tilde.
template <class Real>
void sigma_beta_tilde(const Formats<Real>& f, Registers<Real>& r) {
  r.sigma = product(f.table, r.eta, root(f.table, quotient(f.table, product(f.table, difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev)), difference(f.table, constant<Real>(1), r.alpha_bar_prev)), difference(f.table, constant<Real>(1), r.alpha_bar))));
}

/// orders.v, sigmas_error. Eq16: two_tables.
template <class Real>
void sigma_two_tables(const Formats<Real>& f, Registers<Real>& r) {
  r.beta = quotient(f.table, difference(f.table, r.alpha_bar_prev, r.alpha_bar), r.alpha_bar_prev);
  r.variance = product(f.table, quotient(f.table, product(f.table, square(f.table, r.eta), r.one_minus_prev), r.one_minus), r.beta);
  r.sigma = root(f.table, r.variance);
}

/// reference/ and cuda/: two coefficients without cancellation, from tables of alpha_bar and of 1 - alpha_bar.
template <class Real>
void fused_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.beta = quotient(f.table, difference(f.table, r.alpha_bar_prev, r.alpha_bar), r.alpha_bar_prev);
  r.variance = product(f.table, quotient(f.table, product(f.table, square(f.table, r.eta), r.one_minus_prev), r.one_minus), r.beta);
  r.sigma = root(f.table, r.variance);
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, r.one_minus);
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.radicand = difference(f.table, r.one_minus_prev, r.variance);
  r.direction = root(f.table, r.radicand);
  r.recip = quotient(f.table, constant<Real>(1), r.root);
  r.recipm1 = root(f.table, quotient(f.table, r.one_minus, r.alpha_bar));
  r.recip = cast(f.sample, r.recip);
  r.recipm1 = cast(f.sample, r.recipm1);
}
/// orders.v, fused_error: from the coefficients above to prev_sample.
template <class Real>
void fused_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.pred_x0 = difference(f.sample, product(f.sample, r.recip, r.x), product(f.sample, r.recipm1, r.output));
      break;
    case Prediction::x0:
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.denoiser_skip = cast(f.sample, r.root);
      r.denoiser_out = cast(f.sample, r.rest);
      r.pred_x0 = difference(f.sample, product(f.sample, r.denoiser_skip, r.x), product(f.sample, r.denoiser_out, r.output));
      break;
  }
  if (restriction == Restriction::free) {
    switch (prediction) {
      case Prediction::eps:
        r.eps = r.output;
        break;
      case Prediction::x0:
        r.sigma_from = quotient(f.table, constant<Real>(1), r.rest);
        r.sigma_to = root(f.table, quotient(f.table, r.alpha_bar, r.one_minus));
        r.sigma_from = cast(f.sample, r.sigma_from);
        r.sigma_to = cast(f.sample, r.sigma_to);
        r.eps = difference(f.sample, product(f.sample, r.sigma_from, r.x), product(f.sample, r.sigma_to, r.output));
        break;
      case Prediction::v:
        r.denoiser_skip = cast(f.sample, r.root);
        r.denoiser_out = cast(f.sample, r.rest);
        r.eps = sum(f.sample, product(f.sample, r.denoiser_out, r.x), product(f.sample, r.denoiser_skip, r.output));
        break;
    }
    switch (prediction) {
      case Prediction::eps:
        r.x_coefficient = root(f.table, quotient(f.table, r.alpha_bar_prev, r.alpha_bar));
        r.output_coefficient = negative(quotient(f.table, sum(f.table, quotient(f.table, product(f.table, r.alpha_bar_prev, r.beta), r.alpha_bar), r.variance), sum(f.table, r.direction, root(f.table, quotient(f.table, product(f.table, r.alpha_bar_prev, r.one_minus), r.alpha_bar)))));
        r.x_coefficient = cast(f.sample, r.x_coefficient);
        r.output_coefficient = cast(f.sample, r.output_coefficient);
        r.sigma = cast(f.sample, r.sigma);
        r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.x_coefficient, r.x), product(f.sample, r.output_coefficient, r.output)), product(f.sample, r.sigma, r.noise));
        break;
      case Prediction::x0:
        r.x_coefficient = root(f.table, quotient(f.table, r.radicand, r.one_minus));
        r.output_coefficient = quotient(f.table, sum(f.table, product(f.table, r.alpha_bar_prev, r.beta), product(f.table, r.alpha_bar, r.variance)), product(f.table, r.one_minus, sum(f.table, r.root_prev, product(f.table, r.x_coefficient, r.root))));
        r.x_coefficient = cast(f.sample, r.x_coefficient);
        r.output_coefficient = cast(f.sample, r.output_coefficient);
        r.sigma = cast(f.sample, r.sigma);
        r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.x_coefficient, r.x), product(f.sample, r.output_coefficient, r.output)), product(f.sample, r.sigma, r.noise));
        break;
      case Prediction::v:
        r.x_coefficient = sum(f.table, root(f.table, product(f.table, r.alpha_bar_prev, r.alpha_bar)), product(f.table, r.direction, root(f.table, r.one_minus)));
        r.output_coefficient = negative(quotient(f.table, sum(f.table, product(f.table, r.alpha_bar_prev, r.beta), product(f.table, r.alpha_bar, r.variance)), sum(f.table, product(f.table, r.direction, r.root), root(f.table, product(f.table, r.alpha_bar_prev, r.one_minus)))));
        r.x_coefficient = cast(f.sample, r.x_coefficient);
        r.output_coefficient = cast(f.sample, r.output_coefficient);
        r.sigma = cast(f.sample, r.sigma);
        r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.x_coefficient, r.x), product(f.sample, r.output_coefficient, r.output)), product(f.sample, r.sigma, r.noise));
        break;
    }
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.x_coefficient = root(f.table, quotient(f.table, r.radicand, r.one_minus));
    r.output_coefficient = quotient(f.table, sum(f.table, product(f.table, r.alpha_bar_prev, r.beta), product(f.table, r.alpha_bar, r.variance)), product(f.table, r.one_minus, sum(f.table, r.root_prev, product(f.table, r.x_coefficient, r.root))));
    r.x_coefficient = cast(f.sample, r.x_coefficient);
    r.output_coefficient = cast(f.sample, r.output_coefficient);
    r.sigma = cast(f.sample, r.sigma);
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.output_coefficient, r.pred_x0), product(f.sample, r.x_coefficient, r.x)), product(f.sample, r.sigma, r.noise));
    return;
  }
  switch (prediction) {
    case Prediction::eps:
      r.eps = r.output;
      break;
    case Prediction::x0:
      r.sigma_from = quotient(f.table, constant<Real>(1), r.rest);
      r.sigma_to = root(f.table, quotient(f.table, r.alpha_bar, r.one_minus));
      r.sigma_from = cast(f.sample, r.sigma_from);
      r.sigma_to = cast(f.sample, r.sigma_to);
      r.eps = difference(f.sample, product(f.sample, r.sigma_from, r.x), product(f.sample, r.sigma_to, r.output));
      break;
    case Prediction::v:
      r.denoiser_skip = cast(f.sample, r.root);
      r.denoiser_out = cast(f.sample, r.rest);
      r.eps = sum(f.sample, product(f.sample, r.denoiser_out, r.x), product(f.sample, r.denoiser_skip, r.output));
      break;
  }
  r.root_prev = cast(f.sample, r.root_prev);
  r.direction = cast(f.sample, r.direction);
  r.sigma = cast(f.sample, r.sigma);
  r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
}

/// The same, summed from the right: fma(c0, x, fma(c1, output, sigma noise)).
template <class Real>
void fused_fma_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.beta = quotient(f.table, difference(f.table, r.alpha_bar_prev, r.alpha_bar), r.alpha_bar_prev);
  r.variance = product(f.table, quotient(f.table, product(f.table, square(f.table, r.eta), r.one_minus_prev), r.one_minus), r.beta);
  r.sigma = root(f.table, r.variance);
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, r.one_minus);
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.radicand = difference(f.table, r.one_minus_prev, r.variance);
  r.direction = root(f.table, r.radicand);
  r.recip = quotient(f.table, constant<Real>(1), r.root);
  r.recipm1 = root(f.table, quotient(f.table, r.one_minus, r.alpha_bar));
  r.recip = cast(f.sample, r.recip);
  r.recipm1 = cast(f.sample, r.recipm1);
}
/// orders.v, fused_fma_error: from the coefficients above to prev_sample.
template <class Real>
void fused_fma_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.pred_x0 = difference(f.sample, product(f.sample, r.recip, r.x), product(f.sample, r.recipm1, r.output));
      break;
    case Prediction::x0:
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.denoiser_skip = cast(f.sample, r.root);
      r.denoiser_out = cast(f.sample, r.rest);
      r.pred_x0 = difference(f.sample, product(f.sample, r.denoiser_skip, r.x), product(f.sample, r.denoiser_out, r.output));
      break;
  }
  if (restriction == Restriction::free) {
    switch (prediction) {
      case Prediction::eps:
        r.eps = r.output;
        break;
      case Prediction::x0:
        r.sigma_from = quotient(f.table, constant<Real>(1), r.rest);
        r.sigma_to = root(f.table, quotient(f.table, r.alpha_bar, r.one_minus));
        r.sigma_from = cast(f.sample, r.sigma_from);
        r.sigma_to = cast(f.sample, r.sigma_to);
        r.eps = difference(f.sample, product(f.sample, r.sigma_from, r.x), product(f.sample, r.sigma_to, r.output));
        break;
      case Prediction::v:
        r.denoiser_skip = cast(f.sample, r.root);
        r.denoiser_out = cast(f.sample, r.rest);
        r.eps = sum(f.sample, product(f.sample, r.denoiser_out, r.x), product(f.sample, r.denoiser_skip, r.output));
        break;
    }
    switch (prediction) {
      case Prediction::eps:
        r.x_coefficient = root(f.table, quotient(f.table, r.alpha_bar_prev, r.alpha_bar));
        r.output_coefficient = negative(quotient(f.table, sum(f.table, quotient(f.table, product(f.table, r.alpha_bar_prev, r.beta), r.alpha_bar), r.variance), sum(f.table, r.direction, root(f.table, quotient(f.table, product(f.table, r.alpha_bar_prev, r.one_minus), r.alpha_bar)))));
        r.x_coefficient = cast(f.sample, r.x_coefficient);
        r.output_coefficient = cast(f.sample, r.output_coefficient);
        r.sigma = cast(f.sample, r.sigma);
        r.prev_sample = sum(f.sample, product(f.sample, r.x_coefficient, r.x), sum(f.sample, product(f.sample, r.output_coefficient, r.output), product(f.sample, r.sigma, r.noise)));
        break;
      case Prediction::x0:
        r.x_coefficient = root(f.table, quotient(f.table, r.radicand, r.one_minus));
        r.output_coefficient = quotient(f.table, sum(f.table, product(f.table, r.alpha_bar_prev, r.beta), product(f.table, r.alpha_bar, r.variance)), product(f.table, r.one_minus, sum(f.table, r.root_prev, product(f.table, r.x_coefficient, r.root))));
        r.x_coefficient = cast(f.sample, r.x_coefficient);
        r.output_coefficient = cast(f.sample, r.output_coefficient);
        r.sigma = cast(f.sample, r.sigma);
        r.prev_sample = sum(f.sample, product(f.sample, r.x_coefficient, r.x), sum(f.sample, product(f.sample, r.output_coefficient, r.output), product(f.sample, r.sigma, r.noise)));
        break;
      case Prediction::v:
        r.x_coefficient = sum(f.table, root(f.table, product(f.table, r.alpha_bar_prev, r.alpha_bar)), product(f.table, r.direction, root(f.table, r.one_minus)));
        r.output_coefficient = negative(quotient(f.table, sum(f.table, product(f.table, r.alpha_bar_prev, r.beta), product(f.table, r.alpha_bar, r.variance)), sum(f.table, product(f.table, r.direction, r.root), root(f.table, product(f.table, r.alpha_bar_prev, r.one_minus)))));
        r.x_coefficient = cast(f.sample, r.x_coefficient);
        r.output_coefficient = cast(f.sample, r.output_coefficient);
        r.sigma = cast(f.sample, r.sigma);
        r.prev_sample = sum(f.sample, product(f.sample, r.x_coefficient, r.x), sum(f.sample, product(f.sample, r.output_coefficient, r.output), product(f.sample, r.sigma, r.noise)));
        break;
    }
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.x_coefficient = root(f.table, quotient(f.table, r.radicand, r.one_minus));
    r.output_coefficient = quotient(f.table, sum(f.table, product(f.table, r.alpha_bar_prev, r.beta), product(f.table, r.alpha_bar, r.variance)), product(f.table, r.one_minus, sum(f.table, r.root_prev, product(f.table, r.x_coefficient, r.root))));
    r.x_coefficient = cast(f.sample, r.x_coefficient);
    r.output_coefficient = cast(f.sample, r.output_coefficient);
    r.sigma = cast(f.sample, r.sigma);
    r.prev_sample = sum(f.sample, product(f.sample, r.output_coefficient, r.pred_x0), sum(f.sample, product(f.sample, r.x_coefficient, r.x), product(f.sample, r.sigma, r.noise)));
    return;
  }
  switch (prediction) {
    case Prediction::eps:
      r.eps = r.output;
      break;
    case Prediction::x0:
      r.sigma_from = quotient(f.table, constant<Real>(1), r.rest);
      r.sigma_to = root(f.table, quotient(f.table, r.alpha_bar, r.one_minus));
      r.sigma_from = cast(f.sample, r.sigma_from);
      r.sigma_to = cast(f.sample, r.sigma_to);
      r.eps = difference(f.sample, product(f.sample, r.sigma_from, r.x), product(f.sample, r.sigma_to, r.output));
      break;
    case Prediction::v:
      r.denoiser_skip = cast(f.sample, r.root);
      r.denoiser_out = cast(f.sample, r.rest);
      r.eps = sum(f.sample, product(f.sample, r.denoiser_out, r.x), product(f.sample, r.denoiser_skip, r.output));
      break;
  }
  r.root_prev = cast(f.sample, r.root_prev);
  r.direction = cast(f.sample, r.direction);
  r.sigma = cast(f.sample, r.sigma);
  r.prev_sample = sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), sum(f.sample, product(f.sample, r.direction, r.eps), product(f.sample, r.sigma, r.noise)));
}

/// diffusers' DDIMScheduler.step: pred_x0 by a quotient or a reciprocal, then the direction, then the noise.
template <class Real>
void diffusers_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.sigma = product(f.table, r.eta, root(f.table, product(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), difference(f.table, constant<Real>(1), r.alpha_bar)), difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev)))));
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, difference(f.table, constant<Real>(1), r.alpha_bar));
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.direction = root(f.table, difference(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), square(f.table, r.sigma)));
  r.root = cast(f.sample, r.root);
  r.rest = cast(f.sample, r.rest);
  r.root_prev = cast(f.sample, r.root_prev);
  r.direction = cast(f.sample, r.direction);
  r.sigma = cast(f.sample, r.sigma);
}
/// orders.v, diffusers_error: from the coefficients above to prev_sample.
template <class Real>
void diffusers_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.pred_x0 = product(f.sample, difference(f.sample, r.x, product(f.sample, r.rest, r.output)), quotient(f.sample, constant<Real>(1), r.root));
      break;
    case Prediction::x0:
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.pred_x0 = difference(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.output));
      break;
  }
  if (restriction == Restriction::free) {
    switch (prediction) {
      case Prediction::eps:
        r.eps = r.output;
        break;
      case Prediction::x0:
        r.eps = product(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.output)), quotient(f.sample, constant<Real>(1), r.rest));
        break;
      case Prediction::v:
        r.eps = sum(f.sample, product(f.sample, r.root, r.output), product(f.sample, r.rest, r.x));
        break;
    }
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.eps = product(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.pred_x0)), quotient(f.sample, constant<Real>(1), r.rest));
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
    return;
  }
  switch (prediction) {
    case Prediction::eps:
      r.eps = r.output;
      break;
    case Prediction::x0:
      r.eps = product(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.output)), quotient(f.sample, constant<Real>(1), r.rest));
      break;
    case Prediction::v:
      r.eps = sum(f.sample, product(f.sample, r.root, r.output), product(f.sample, r.rest, r.x));
      break;
  }
  r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
}

/// CompVis' ldm/models/diffusion/ddim.py: sigma and sqrt(1 - alpha_bar) are moved before they are used.
template <class Real>
void compvis_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.sigma = product(f.table, r.eta, root(f.table, product(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), difference(f.table, constant<Real>(1), r.alpha_bar)), difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev)))));
  r.rest = root(f.table, difference(f.table, constant<Real>(1), r.alpha_bar));
  r.rest = cast(f.table, r.rest);
  r.sigma = cast(f.table, r.sigma);
  r.root = root(f.table, r.alpha_bar);
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.direction = root(f.table, difference(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), square(f.table, r.sigma)));
  r.root = cast(f.sample, r.root);
  r.rest = cast(f.sample, r.rest);
  r.root_prev = cast(f.sample, r.root_prev);
  r.direction = cast(f.sample, r.direction);
  r.sigma = cast(f.sample, r.sigma);
}
/// orders.v, compvis_error: from the coefficients above to prev_sample.
template <class Real>
void compvis_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.pred_x0 = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.rest, r.output)), r.root);
      break;
    case Prediction::x0:
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.pred_x0 = difference(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.output));
      break;
  }
  if (restriction == Restriction::free) {
    switch (prediction) {
      case Prediction::eps:
        r.eps = r.output;
        break;
      case Prediction::x0:
        r.eps = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.output)), r.rest);
        break;
      case Prediction::v:
        r.eps = sum(f.sample, product(f.sample, r.root, r.output), product(f.sample, r.rest, r.x));
        break;
    }
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.eps = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.pred_x0)), r.rest);
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
    return;
  }
  switch (prediction) {
    case Prediction::eps:
      r.eps = r.output;
      break;
    case Prediction::x0:
      r.eps = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.output)), r.rest);
      break;
    case Prediction::v:
      r.eps = sum(f.sample, product(f.sample, r.root, r.output), product(f.sample, r.rest, r.x));
      break;
  }
  r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
}

/// The paper's own code, functions/denoising.py: through beta tilde, and the noise before the direction.
template <class Real>
void ermongroup_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.sigma = product(f.table, r.eta, root(f.table, quotient(f.table, product(f.table, difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev)), difference(f.table, constant<Real>(1), r.alpha_bar_prev)), difference(f.table, constant<Real>(1), r.alpha_bar))));
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, difference(f.table, constant<Real>(1), r.alpha_bar));
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.direction = root(f.table, difference(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), square(f.table, r.sigma)));
  r.root = cast(f.sample, r.root);
  r.rest = cast(f.sample, r.rest);
  r.root_prev = cast(f.sample, r.root_prev);
  r.direction = cast(f.sample, r.direction);
  r.sigma = cast(f.sample, r.sigma);
}
/// orders.v, ermongroup_error: from the coefficients above to prev_sample.
template <class Real>
void ermongroup_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.pred_x0 = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.rest, r.output)), r.root);
      break;
    case Prediction::x0:
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.pred_x0 = difference(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.output));
      break;
  }
  if (restriction == Restriction::free) {
    switch (prediction) {
      case Prediction::eps:
        r.eps = r.output;
        break;
      case Prediction::x0:
        r.eps = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.output)), r.rest);
        break;
      case Prediction::v:
        r.eps = sum(f.sample, product(f.sample, r.root, r.output), product(f.sample, r.rest, r.x));
        break;
    }
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.sigma, r.noise)), product(f.sample, r.direction, r.eps));
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.eps = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.pred_x0)), r.rest);
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.sigma, r.noise)), product(f.sample, r.direction, r.eps));
    return;
  }
  switch (prediction) {
    case Prediction::eps:
      r.eps = r.output;
      break;
    case Prediction::x0:
      r.eps = quotient(f.sample, difference(f.sample, r.x, product(f.sample, r.root, r.output)), r.rest);
      break;
    case Prediction::v:
      r.eps = sum(f.sample, product(f.sample, r.root, r.output), product(f.sample, r.rest, r.x));
      break;
  }
  r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.sigma, r.noise)), product(f.sample, r.direction, r.eps));
}

/// guided-diffusion's ddim_sample: tables of 1 / sqrt(alpha_bar) and sqrt(1 / alpha_bar - 1), eps always from
/// pred_x0. Domain: 0 < alpha_bar.
template <class Real>
void guided_diffusion_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.recip = root(f.table, quotient(f.table, constant<Real>(1), r.alpha_bar));
  r.recipm1 = root(f.table, difference(f.table, quotient(f.table, constant<Real>(1), r.alpha_bar), constant<Real>(1)));
  r.sigma = product(f.table, product(f.table, r.eta, root(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), difference(f.table, constant<Real>(1), r.alpha_bar)))), root(f.table, difference(f.table, constant<Real>(1), quotient(f.table, r.alpha_bar, r.alpha_bar_prev))));
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, difference(f.table, constant<Real>(1), r.alpha_bar));
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.direction = root(f.table, difference(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), square(f.table, r.sigma)));
  r.root = cast(f.sample, r.root);
  r.rest = cast(f.sample, r.rest);
  r.root_prev = cast(f.sample, r.root_prev);
  r.direction = cast(f.sample, r.direction);
  r.sigma = cast(f.sample, r.sigma);
  r.recip = cast(f.sample, r.recip);
  r.recipm1 = cast(f.sample, r.recipm1);
}
/// orders.v, guided_diffusion_error: from the coefficients above to prev_sample.
template <class Real>
void guided_diffusion_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.pred_x0 = difference(f.sample, product(f.sample, r.recip, r.x), product(f.sample, r.recipm1, r.output));
      break;
    case Prediction::x0:
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.pred_x0 = difference(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.output));
      break;
  }
  if (restriction == Restriction::free) {
    r.eps = quotient(f.sample, difference(f.sample, product(f.sample, r.recip, r.x), r.pred_x0), r.recipm1);
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.eps = quotient(f.sample, difference(f.sample, product(f.sample, r.recip, r.x), r.pred_x0), r.recipm1);
    r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
    return;
  }
  r.eps = quotient(f.sample, difference(f.sample, product(f.sample, r.recip, r.x), r.pred_x0), r.recipm1);
  r.prev_sample = sum(f.sample, sum(f.sample, product(f.sample, r.root_prev, r.pred_x0), product(f.sample, r.direction, r.eps)), product(f.sample, r.sigma, r.noise));
}

/// k-diffusion's sample_euler_ancestral (eta = 0: sample_euler) on x / sqrt(alpha_bar), with its CompVis denoisers.
/// Domain: 0 < alpha_bar.
template <class Real>
void k_diffusion_coefficients(const Formats<Real>& f, Registers<Real>& r) {
  r.eta = cast(f.table, r.eta);
  r.root = root(f.table, r.alpha_bar);
  r.root_prev = root(f.table, r.alpha_bar_prev);
  r.sigma_from = root(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar), r.alpha_bar));
  r.sigma_to = root(f.table, quotient(f.table, difference(f.table, constant<Real>(1), r.alpha_bar_prev), r.alpha_bar_prev));
  r.sigma_up = product(f.table, r.eta, root(f.table, quotient(f.table, product(f.table, square(f.table, r.sigma_to), difference(f.table, square(f.table, r.sigma_from), square(f.table, r.sigma_to))), square(f.table, r.sigma_from))));
  r.sigma_up = clipped(r.sigma_up, r.sigma_to);
  r.sigma_down = root(f.table, difference(f.table, square(f.table, r.sigma_to), square(f.table, r.sigma_up)));
  r.denoiser_skip = quotient(f.table, constant<Real>(1), sum(f.table, square(f.table, r.sigma_from), constant<Real>(1)));
  r.denoiser_out = quotient(f.table, r.sigma_from, root(f.table, sum(f.table, square(f.table, r.sigma_from), constant<Real>(1))));
  r.root = cast(f.sample, r.root);
  r.root_prev = cast(f.sample, r.root_prev);
  r.sigma_from = cast(f.sample, r.sigma_from);
  r.sigma_up = cast(f.sample, r.sigma_up);
  r.sigma_down = cast(f.sample, r.sigma_down);
  r.denoiser_skip = cast(f.sample, r.denoiser_skip);
  r.denoiser_out = cast(f.sample, r.denoiser_out);
}
/// orders.v, k_diffusion_error: from the coefficients above to prev_sample.
template <class Real>
void k_diffusion_samples(const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (prediction) {
    case Prediction::eps:
      r.state = product(f.sample, r.x, quotient(f.sample, constant<Real>(1), r.root));
      r.pred_x0 = difference(f.sample, r.state, product(f.sample, r.output, r.sigma_from));
      break;
    case Prediction::x0:
      r.state = product(f.sample, r.x, quotient(f.sample, constant<Real>(1), r.root));
      r.pred_x0 = r.output;
      break;
    case Prediction::v:
      r.state = product(f.sample, r.x, quotient(f.sample, constant<Real>(1), r.root));
      r.pred_x0 = difference(f.sample, product(f.sample, r.state, r.denoiser_skip), product(f.sample, r.output, r.denoiser_out));
      break;
  }
  if (restriction == Restriction::free) {
    r.derivative = quotient(f.sample, difference(f.sample, r.state, r.pred_x0), r.sigma_from);
    r.eps = r.derivative;
    r.prev_sample = product(f.sample, sum(f.sample, sum(f.sample, r.state, product(f.sample, r.derivative, difference(f.sample, r.sigma_down, r.sigma_from))), product(f.sample, r.noise, r.sigma_up)), r.root_prev);
    r.sigma = product(f.table, r.sigma_up, r.root_prev);
    return;
  }
  r.pred_x0 = clipped(r.pred_x0, r.threshold);
  if (rescale) {
    r.pred_x0 = quotient(f.sample, r.pred_x0, r.threshold);
  }
  if (restriction == Restriction::rederived) {
    r.derivative = quotient(f.sample, difference(f.sample, r.state, r.pred_x0), r.sigma_from);
    r.eps = r.derivative;
    r.prev_sample = product(f.sample, sum(f.sample, sum(f.sample, r.state, product(f.sample, r.derivative, difference(f.sample, r.sigma_down, r.sigma_from))), product(f.sample, r.noise, r.sigma_up)), r.root_prev);
    r.sigma = product(f.table, r.sigma_up, r.root_prev);
    return;
  }
  r.derivative = quotient(f.sample, difference(f.sample, r.state, r.pred_x0), r.sigma_from);
  r.eps = r.derivative;
  r.prev_sample = product(f.sample, sum(f.sample, sum(f.sample, r.state, product(f.sample, r.derivative, difference(f.sample, r.sigma_down, r.sigma_from))), product(f.sample, r.noise, r.sigma_up)), r.root_prev);
  r.sigma = product(f.table, r.sigma_up, r.root_prev);
}

/// orders.v, noisings_error.
/// Both roots in the table's format, then moved: guided-diffusion, CompVis, ermongroup.
template <class Real>
void add_noise_rooted(const Formats<Real>& f, Registers<Real>& r) {
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, difference(f.table, constant<Real>(1), r.alpha_bar));
  r.root = cast(f.sample, r.root);
  r.rest = cast(f.sample, r.rest);
  r.noisy_sample = sum(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.noise));
}

/// orders.v, noisings_error.
/// alpha_bar moved to the sample's format first: diffusers' add_noise.
template <class Real>
void add_noise_moved_first(const Formats<Real>& f, Registers<Real>& r) {
  r.alpha_bar = cast(f.sample, r.alpha_bar);
  r.root = root(f.sample, r.alpha_bar);
  r.rest = root(f.sample, difference(f.sample, constant<Real>(1), r.alpha_bar));
  r.noisy_sample = sum(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.noise));
}

/// orders.v, noisings_error.
/// With the level's own 1 - alpha_bar: reference/ and cuda/.
template <class Real>
void add_noise_two_tables(const Formats<Real>& f, Registers<Real>& r) {
  r.root = root(f.table, r.alpha_bar);
  r.rest = root(f.table, r.one_minus);
  r.root = cast(f.sample, r.root);
  r.rest = cast(f.sample, r.rest);
  r.noisy_sample = sum(f.sample, product(f.sample, r.root, r.x), product(f.sample, r.rest, r.noise));
}

/// What the scans of tables.v read and write.
template <class Real>
struct TableRegisters {
  Ball<Real> beta{};
  Ball<Real> alpha_bar{};
  Ball<Real> stored{};
  Ball<Real> one_minus{};
  Ball<Real> log_sum{};
  Ball<Real> first_root{};
  Ball<Real> last_root{};
  Ball<Real> level{};
  Ball<Real> rescaled{};
  Ball<Real> previous{};
  Ball<Real> start{};
  Ball<Real> stop{};
  Ball<Real> intervals{};
  Ball<Real> index{};
  Ball<Real> index_back{};
  Ball<Real> slope{};
  Ball<Real> curve{};
  Ball<Real> curve_next{};
  Ball<Real> cap{};
};

/// tables.v, cumprod_error. alpha_bar by one more factor 1 - beta, and as it is stored.
template <class Real>
void cumprod(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.alpha_bar = product(f.table, r.alpha_bar, difference(f.table, constant<Real>(1), r.beta));
  r.stored = cast(f.sample, r.alpha_bar);
}

/// tables.v, complement_error. 1 - alpha_bar and alpha_bar, one beta further.
template <class Real>
void complement(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.one_minus = sum(f.table, r.one_minus, product(f.table, r.beta, r.alpha_bar));
  r.alpha_bar = product(f.table, r.alpha_bar, difference(f.table, constant<Real>(1), r.beta));
}

/// tables.v, log_sum_error. log alpha_bar, one beta further.
template <class Real>
void log_cumsum(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.log_sum = sum(f.table, r.log_sum, logarithm(f.table, difference(f.table, constant<Real>(1), r.beta)));
}

/// tables.v, rescaled_error. alpha_bar rescaled to zero terminal SNR; level is the plain one.
template <class Real>
void rescaled_cumprod(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.rescaled = square(f.table, product(f.table, difference(f.table, root(f.table, r.level), r.last_root), quotient(f.table, r.first_root, difference(f.table, r.first_root, r.last_root))));
  r.beta = difference(f.table, constant<Real>(1), quotient(f.table, r.rescaled, r.previous));
  r.previous = r.rescaled;
  r.alpha_bar = product(f.table, r.alpha_bar, difference(f.table, constant<Real>(1), r.beta));
  r.stored = cast(f.sample, r.alpha_bar);
}

/// tables.v, linspaces_error. beta number index of a ramp, from its start.
template <class Real>
void linspace(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.slope = quotient(f.table, difference(f.table, r.stop, r.start), r.intervals);
  r.beta = sum(f.table, r.start, product(f.table, r.slope, r.index));
}

/// tables.v, linspaces_error. The same from its end.
template <class Real>
void linspace_back(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.slope = quotient(f.table, difference(f.table, r.stop, r.start), r.intervals);
  r.beta = difference(f.table, r.stop, product(f.table, r.slope, r.index_back));
}

/// tables.v, scaled_linspaces_error. The square of a ramp between roots.
template <class Real>
void scaled_linspace(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.start = root(f.table, r.start);
  r.start = cast(f.table, r.start);
  r.stop = root(f.table, r.stop);
  r.stop = cast(f.table, r.stop);
  r.slope = quotient(f.table, difference(f.table, r.stop, r.start), r.intervals);
  r.beta = sum(f.table, r.start, product(f.table, r.slope, r.index));
  r.beta = square(f.table, r.beta);
}

/// tables.v, scaled_linspaces_error. The same from its end.
template <class Real>
void scaled_linspace_back(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.start = root(f.table, r.start);
  r.start = cast(f.table, r.start);
  r.stop = root(f.table, r.stop);
  r.stop = cast(f.table, r.stop);
  r.slope = quotient(f.table, difference(f.table, r.stop, r.start), r.intervals);
  r.beta = difference(f.table, r.stop, product(f.table, r.slope, r.index_back));
  r.beta = square(f.table, r.beta);
}

/// tables.v, cosine_beta_error. 1 - curve_next / curve, at most cap.
template <class Real>
void cosine_beta(const Formats<Real>& f, TableRegisters<Real>& r) {
  r.beta = difference(f.table, constant<Real>(1), quotient(f.table, r.curve_next, r.curve));
  r.beta = clipped(r.beta, r.cap);
  r.beta = cast(f.sample, r.beta);
}

// ---- The lists: what `explain` cites.
enum class Order { fused, fused_fma, diffusers, compvis, ermongroup, guided_diffusion, k_diffusion };
enum class Spelling { product_of_roots, root_of_product, beta_tilde, two_tables };
enum class Noising { add_noise_rooted, add_noise_moved_first, add_noise_two_tables };
struct OrderFacts {
  Order order;
  const char *name, *theorem, *source;
  bool keeps_eps;           // whether a clipped pred_x0 may stand beside the model's own eps
  bool needs_alpha_bar;     // alpha_bar > 0 whatever is predicted
};
inline constexpr OrderFacts kOrders[7] = {
    {Order::fused, "fused", "orders.v, fused_error", "reference/ and cuda/: two coefficients without cancellation, from tables of alpha_bar and of 1 - alpha_bar.", true, false},
    {Order::fused_fma, "fused_fma", "orders.v, fused_fma_error", "The same, summed from the right: fma(c0, x, fma(c1, output, sigma noise)).", true, false},
    {Order::diffusers, "diffusers", "orders.v, diffusers_error", "diffusers' DDIMScheduler.step: pred_x0 by a quotient or a reciprocal, then the direction, then the noise.", true, false},
    {Order::compvis, "compvis", "orders.v, compvis_error", "CompVis' ldm/models/diffusion/ddim.py: sigma and sqrt(1 - alpha_bar) are moved before they are used.", true, false},
    {Order::ermongroup, "ermongroup", "orders.v, ermongroup_error", "The paper's own code, functions/denoising.py: through beta tilde, and the noise before the direction.", true, false},
    {Order::guided_diffusion, "guided_diffusion", "orders.v, guided_diffusion_error", "guided-diffusion's ddim_sample: tables of 1 / sqrt(alpha_bar) and sqrt(1 / alpha_bar - 1), eps always from pred_x0. Domain: 0 < alpha_bar.", false, true},
    {Order::k_diffusion, "k_diffusion", "orders.v, k_diffusion_error", "k-diffusion's sample_euler_ancestral (eta = 0: sample_euler) on x / sqrt(alpha_bar), with its CompVis denoisers. Domain: 0 < alpha_bar.", false, true},
};

/// The order's coefficients: alpha_bar, alpha_bar_prev, one_minus, one_minus_prev and eta are given.
template <class Real>
void coefficients(Order order, const Formats<Real>& f, Registers<Real>& r) {
  switch (order) {
    case Order::fused:
      return fused_coefficients(f, r);
    case Order::fused_fma:
      return fused_fma_coefficients(f, r);
    case Order::diffusers:
      return diffusers_coefficients(f, r);
    case Order::compvis:
      return compvis_coefficients(f, r);
    case Order::ermongroup:
      return ermongroup_coefficients(f, r);
    case Order::guided_diffusion:
      return guided_diffusion_coefficients(f, r);
    case Order::k_diffusion:
      return k_diffusion_coefficients(f, r);
  }
}

/// From them, x, output, noise and threshold to pred_x0, prev_sample and sigma.
template <class Real>
void samples(Order order, const Formats<Real>& f, Prediction prediction, Restriction restriction, bool rescale,
    Registers<Real>& r) {
  switch (order) {
    case Order::fused:
      return fused_samples(f, prediction, restriction, rescale, r);
    case Order::fused_fma:
      return fused_fma_samples(f, prediction, restriction, rescale, r);
    case Order::diffusers:
      return diffusers_samples(f, prediction, restriction, rescale, r);
    case Order::compvis:
      return compvis_samples(f, prediction, restriction, rescale, r);
    case Order::ermongroup:
      return ermongroup_samples(f, prediction, restriction, rescale, r);
    case Order::guided_diffusion:
      return guided_diffusion_samples(f, prediction, restriction, rescale, r);
    case Order::k_diffusion:
      return k_diffusion_samples(f, prediction, restriction, rescale, r);
  }
}

/// Eq16 alone.
template <class Real>
void sigma_spelled(Spelling spelling, const Formats<Real>& f, Registers<Real>& r) {
  switch (spelling) {
    case Spelling::product_of_roots:
      return sigma_product_of_roots(f, r);
    case Spelling::root_of_product:
      return sigma_root_of_product(f, r);
    case Spelling::beta_tilde:
      return sigma_beta_tilde(f, r);
    case Spelling::two_tables:
      return sigma_two_tables(f, r);
  }
}

/// q_sample: x holds x0; noisy_sample is the result.
template <class Real>
void noised(Noising noising, const Formats<Real>& f, Registers<Real>& r) {
  switch (noising) {
    case Noising::add_noise_rooted:
      return add_noise_rooted(f, r);
    case Noising::add_noise_moved_first:
      return add_noise_moved_first(f, r);
    case Noising::add_noise_two_tables:
      return add_noise_two_tables(f, r);
  }
}

}  // namespace ddim::tolerance

#endif
