#pragma once

// What correct code may be off by: the bounds that proofs/arithmetic proves, for tests and for ddim-verify.
//
//   namespace tol = ddim::tolerance;
//   using Real = long double;
//   const tol::Formats<Real> f{tol::binary32<Real>(), tol::bfloat16<Real>()};  // the table's, the samples'
//   tol::Levels<Real> at = tol::levels<Real>(alpha_bar, alpha_bar_prev, eta);  // errors 0: the sampler's own
//   const tol::StepBounds<Real> bounds(f, at, tol::Prediction::eps);           // every order that applies
//   const tol::StepBound<Real> want = bounds(x, output, noise);                // what the sampler was given
//   fail = !(abs(got - want.prev_sample.value) <= want.prev_sample.error);
//   say(want.prev_sample_order->theorem);  // "orders.v, k_diffusion_error"
//
// A difference above the error is a theorem: no evaluation in any of the orders asked for, with or without
// fused multiplication and addition, with intermediates as accurate as the format or more so, gives `got`. It
// holds where nothing overflows, and where a root of a negative number that rounding made is taken as 0.
//
//   - An input that is not exact (levels of a table that is not known, an x_t kept in fewer digits) is a Ball
//     with its error. A table reported in the format but kept wider is off by half an ulp: roundoff * value.
//   - An error that is not finite says that no bound exists, for a divisor may be zero: nothing to judge.
//   - Real is wider than the formats in question. `value` is itself an evaluation, in Real: add the error of
//     the same bounds made with {real_format<Real>(), real_format<Real>()} where Real is not much wider.
//   - underflow is half the smallest spacing. Code that flushes subnormals to zero: set it to the smallest
//     normal number. Roots by pow(x, 0.5), or approximate ones: with_root().
//   - The maximum over all orders is as loose as the worst of them (guided_diffusion makes eps again from
//     pred_x0 and loses digits near alpha_bar = 1). Name the order where it is known.
//
// Shapes: scalars; one call per element. Cost: a few hundred operations of Real per order and element.

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "generated/tolerances.hpp"

namespace ddim::tolerance {

// ---- Formats

/// Precision in bits and the exponent of half the smallest spacing.
template <class Real>
Format<Real> format(int precision, int underflow_exponent) {
  using std::ldexp;
  Real underflow = ldexp(Real(1), underflow_exponent);
  // binary64's is below double's own range.
  if (underflow == Real(0)) underflow = ldexp(Real(1), underflow_exponent + 1);
  const Real roundoff = ldexp(Real(1), -precision);
  return {roundoff, underflow, roundoff};
}
template <class Real>
Format<Real> binary64() {
  return format<Real>(53, -1075);
}
template <class Real>
Format<Real> binary32() {
  return format<Real>(24, -150);
}
template <class Real>
Format<Real> binary16() {
  return format<Real>(11, -25);
}
template <class Real>
Format<Real> bfloat16() {
  return format<Real>(8, -134);
}
/// Real's own format: its bounds are those of the values computed here.
template <class Real>
Format<Real> real_format() {
  using Limits = std::numeric_limits<Real>;
  return format<Real>(Limits::digits, static_cast<int>(Limits::min_exponent) - Limits::digits - 1);
}
/// The same with roots within `ulps` half-ulps: 1 where they are correctly rounded, 2 for a pow within one
/// ulp.
template <class Real>
Format<Real> with_root(Format<Real> f, int ulps) {
  f.root_roundoff = f.roundoff * Real(ulps);
  return f;
}

template <class Real>
Ball<Real> exactly(Real value) {
  return {value, Real(0)};
}

/// The ball with the larger error of two around the same value; an error that is not a number is the largest.
template <class Real>
const Ball<Real>& wider(const Ball<Real>& a, const Ball<Real>& b) {
  return a.error != a.error || a.error > b.error ? a : b;
}

// ---- A step

/// Given levels and eta. one_minus and one_minus_prev are 1 - alpha_bar where a sampler has a table for it.
template <class Real>
struct Levels {
  Ball<Real> alpha_bar, alpha_bar_prev, one_minus, one_minus_prev, eta;
};
/// Levels taken as exact, or known to within `error` and `error_prev`. Domain: 0 <= alpha_bar <=
/// alpha_bar_prev, 0 < alpha_bar_prev <= 1, alpha_bar < 1, 0 <= eta <= 1.
template <class Real>
Levels<Real> levels(Real alpha_bar, Real alpha_bar_prev, Real eta, Real error = Real(0),
                    Real error_prev = Real(0)) {
  return {{alpha_bar, error},
          {alpha_bar_prev, error_prev},
          {Real(1) - alpha_bar, error},
          {Real(1) - alpha_bar_prev, error_prev},
          {eta, Real(0)}};
}

/// The step's exact results, each with the largest error over the orders, and the order that allows it.
template <class Real>
struct StepBound {
  Ball<Real> prev_sample, pred_x0, sigma;
  const OrderFacts *prev_sample_order = nullptr, *pred_x0_order = nullptr, *sigma_order = nullptr;
};

inline const OrderFacts& facts_of(Order order) { return kOrders[static_cast<std::size_t>(order)]; }

/// Whether an order can produce a step at all: it keeps eps if it must, and does not divide by alpha_bar = 0.
template <class Real>
bool applies(Order order, const Levels<Real>& at, Prediction prediction, Restriction restriction) {
  const OrderFacts& facts = facts_of(order);
  if (restriction == Restriction::kept && !facts.keeps_eps) return false;
  return at.alpha_bar.value > Real(0) || (prediction != Prediction::eps && !facts.needs_alpha_bar);
}

/// The bounds of one step, its coefficients computed once. Theorems: orders_error, and <order>_error for
/// each.
template <class Real>
class StepBounds {
 public:
  /// `rescale`: pred_x0 is divided by the threshold after the clip (dynamic thresholding). No orders: all of
  /// them.
  StepBounds(const Formats<Real>& formats, const Levels<Real>& at, Prediction prediction,
             Restriction restriction = Restriction::free, bool rescale = false,
             std::initializer_list<Order> orders = {})
      : formats_(formats), prediction_(prediction), restriction_(restriction), rescale_(rescale) {
    const auto add = [&](Order order) {
      if (!applies(order, at, prediction, restriction)) return;
      Registers<Real> r;
      r.alpha_bar = at.alpha_bar;
      r.alpha_bar_prev = at.alpha_bar_prev;
      r.one_minus = at.one_minus;
      r.one_minus_prev = at.one_minus_prev;
      r.eta = at.eta;
      coefficients(order, formats_, r);
      orders_.push_back({&facts_of(order), r});
    };
    for (const Order order : orders) add(order);
    if (orders.size() == 0) {
      for (const OrderFacts& facts : kOrders) add(facts.order);
    }
  }

  /// Orders that apply here: each has a theorem. Empty: nothing can be said.
  std::size_t size() const { return orders_.size(); }
  const OrderFacts& operator[](std::size_t k) const { return *orders_[k].facts; }

  /// All registers of one of them: for a message, or for a bound of one order only.
  Registers<Real> of(std::size_t k, const Ball<Real>& x, const Ball<Real>& output, const Ball<Real>& noise,
                     const Ball<Real>& threshold = {}) const {
    Registers<Real> r = orders_[k].coefficients;
    r.x = x;
    r.output = output;
    r.noise = noise;
    r.threshold = threshold;
    samples(orders_[k].facts->order, formats_, prediction_, restriction_, rescale_, r);
    return r;
  }

  StepBound<Real> operator()(const Ball<Real>& x, const Ball<Real>& output, const Ball<Real>& noise,
                             const Ball<Real>& threshold = {}) const {
    StepBound<Real> bound;
    for (std::size_t k = 0; k < orders_.size(); ++k) {
      const Registers<Real> r = of(k, x, output, noise, threshold);
      const OrderFacts* facts = orders_[k].facts;
      raise(bound.prev_sample, bound.prev_sample_order, r.prev_sample, facts);
      raise(bound.pred_x0, bound.pred_x0_order, r.pred_x0, facts);
      raise(bound.sigma, bound.sigma_order, r.sigma, facts);
    }
    return bound;
  }
  StepBound<Real> operator()(Real x, Real output, Real noise, Real threshold = Real(0)) const {
    return (*this)(exactly(x), exactly(output), exactly(noise), exactly(threshold));
  }

 private:
  struct Prepared {
    const OrderFacts* facts;
    Registers<Real> coefficients;
  };

  /// Keeps the larger error; one that is not a number is the largest.
  static void raise(Ball<Real>& kept, const OrderFacts*& whose, const Ball<Real>& other,
                    const OrderFacts* facts) {
    // Every order has the same value: <order>_computes.
    if (whose != nullptr && &wider(kept, other) == &kept) return;
    kept = other;
    whose = facts;
  }

  Formats<Real> formats_;
  Prediction prediction_;
  Restriction restriction_;
  bool rescale_;
  std::vector<Prepared> orders_;
};

// ---- sigma and add_noise

/// Eq16's sigma with the largest error over its spellings. Theorem: sigmas_error.
template <class Real>
Ball<Real> sigma_bound(const Formats<Real>& formats, const Levels<Real>& at) {
  Ball<Real> bound{Real(0), Real(-1)};  // narrower than any
  for (const Spelling spelling :
       {Spelling::product_of_roots, Spelling::root_of_product, Spelling::beta_tilde, Spelling::two_tables}) {
    Registers<Real> r;
    r.alpha_bar = at.alpha_bar;
    r.alpha_bar_prev = at.alpha_bar_prev;
    r.one_minus = at.one_minus;
    r.one_minus_prev = at.one_minus_prev;
    r.eta = cast(formats.table, at.eta);
    sigma_spelled(spelling, formats, r);
    bound = wider(bound, r.sigma);
  }
  return bound;
}

/// q_sample, sqrt(alpha_bar) x0 + sqrt(1 - alpha_bar) noise, with the largest error over the orders.
/// Theorem: noisings_error.
template <class Real>
Ball<Real> add_noise_bound(const Formats<Real>& formats, const Ball<Real>& alpha_bar,
                           const Ball<Real>& one_minus, const Ball<Real>& x0, const Ball<Real>& noise) {
  Ball<Real> bound{Real(0), Real(-1)};  // narrower than any
  for (const Noising noising :
       {Noising::add_noise_rooted, Noising::add_noise_moved_first, Noising::add_noise_two_tables}) {
    Registers<Real> r;
    r.alpha_bar = alpha_bar;
    r.one_minus = one_minus;
    r.x = x0;
    r.noise = noise;
    noised(noising, formats, r);
    bound = wider(bound, r.noisy_sample);
  }
  return bound;
}

// ---- Tables

/// Betas of a ramp from `start` to `stop`, T of them, in f.table; `squared`: between the ends' roots
/// ("scaled_linear"). Domain: T >= 1, 0 <= start, stop. Theorems: linspaces_error, scaled_linspaces_error
/// (either end; T = 1: start).
template <class Real>
std::vector<Ball<Real>> ramp_betas(const Formats<Real>& f, const Ball<Real>& start, const Ball<Real>& stop,
                                   int T, bool squared) {
  std::vector<Ball<Real>> betas;
  for (int i = 0; i < T; ++i) {
    TableRegisters<Real> front;
    front.start = cast(f.table, start);
    front.stop = cast(f.table, stop);
    front.intervals = exactly(Real(T > 1 ? T - 1 : 1));
    front.index = exactly(Real(i));
    front.index_back = exactly(Real(T - 1 - i));
    TableRegisters<Real> back = front;
    if (squared) {
      scaled_linspace(f, front);
      scaled_linspace_back(f, back);
    } else {
      linspace(f, front);
      linspace_back(f, back);
    }
    betas.push_back(T > 1 ? wider(front.beta, back.beta) : front.beta);
  }
  return betas;
}

/// Betas 1 - curve[t + 1] / curve[t], at most `cap`, made in f.table and kept in f.sample. curve: T + 1
/// balls, such as cosine_curve's. Theorem: cosine_beta_error.
template <class Real>
std::vector<Ball<Real>> curve_betas(const Formats<Real>& f, std::span<const Ball<Real>> curve, Real cap) {
  std::vector<Ball<Real>> betas;
  for (std::size_t t = 0; t + 1 < curve.size(); ++t) {
    TableRegisters<Real> r;
    r.curve = curve[t];
    r.curve_next = curve[t + 1];
    r.cap = exactly(cap);
    cosine_beta(f, r);
    betas.push_back(r.beta);
  }
  return betas;
}

/// cos^2((t + 0.008) / 1.008 pi / 2) at t = 0, 1/T, ..., 1 in the format f. The argument takes four
/// operations and 0.008, 1.008 and pi their representation; cosine itself is taken within one ulp. Theorems:
/// cos_carries, evaluation_error. T + 1 balls.
template <class Real>
std::vector<Ball<Real>> cosine_curve(const Format<Real>& f, int T) {
  using std::acos;
  using std::cos;
  const Ball<Real> pi = cast(f, exactly(Real(acos(Real(-1)))));
  std::vector<Ball<Real>> curve;
  for (int i = 0; i <= T; ++i) {
    const Ball<Real> t = quotient(f, constant<Real>(i), constant<Real>(T));
    const Ball<Real> shift = cast(f, exactly(Real(8) / Real(1000))),
                     span = cast(f, exactly(Real(1008) / Real(1000)));
    const Ball<Real> angle =
        quotient(f, product(f, quotient(f, sum(f, t, shift), span), pi), constant<Real>(2));
    const Real value = cos(angle.value);
    curve.push_back(square(f, Ball<Real>{value, after_logarithm(f, angle.error, value)}));
  }
  return curve;
}

/// alphas_cumprod as a running product of 1 - beta in f.table, kept in f.sample; also in any bracketing where
/// nothing underflows, and as exp of a sum of logarithms where `log_sum` is set. Theorems: cumprod_error,
/// bracketed_product_error, log_sum_error.
template <class Real>
std::vector<Ball<Real>> cumprod_table(const Formats<Real>& f, std::span<const Ball<Real>> betas,
                                      bool log_sum = false) {
  std::vector<Ball<Real>> table;
  TableRegisters<Real> r;
  r.alpha_bar = constant<Real>(1);
  for (const Ball<Real>& beta : betas) {
    r.beta = beta;
    cumprod(f, r);
    Ball<Real> entry = r.stored;
    if (log_sum) {
      log_cumsum(f, r);
      entry = wider(entry, cast(f.sample, exponential(f.table, r.log_sum)));
    }
    table.push_back(entry);
  }
  return table;
}

/// 1 - alpha_bar as a sum of its own in f.table. Theorem: complement_error.
template <class Real>
std::vector<Ball<Real>> complement_table(const Formats<Real>& f, std::span<const Ball<Real>> betas) {
  std::vector<Ball<Real>> table;
  TableRegisters<Real> r;
  r.alpha_bar = constant<Real>(1);
  for (const Ball<Real>& beta : betas) {
    r.beta = beta;
    complement(f, r);
    table.push_back(r.one_minus);
  }
  return table;
}

/// A table rescaled to zero terminal SNR (diffusers' rescale_zero_terminal_snr) from the plain one: roots
/// shifted and scaled, squared, betas, and the product again. The last entry is exactly 0: the root there is
/// subtracted from itself. Domain: at least two levels, decreasing. Theorem: rescaled_error.
template <class Real>
std::vector<Ball<Real>> rescaled_table(const Formats<Real>& f, std::span<const Ball<Real>> plain) {
  std::vector<Ball<Real>> table;
  TableRegisters<Real> r;
  r.first_root = root(f.table, plain.front());
  r.last_root = root(f.table, plain.back());
  r.previous = r.alpha_bar = constant<Real>(1);
  for (const Ball<Real>& level : plain) {
    r.level = level;
    rescaled_cumprod(f, r);
    table.push_back(r.stored);
  }
  table.back() = constant<Real>(0);
  return table;
}

// ---- Samples

/// The threshold of dynamic thresholding: the `ratio` quantile of |pred_x0| over one sample, interpolated
/// between its two order statistics, then clamped to [1, max_value]. `magnitudes` are balls of |pred_x0|. The
/// rank may be off by the roundings of ratio and of its product, and so lie beyond the next order statistic:
/// the widest gap it can meet counts. No bound where it may be off by 1. Domain: at least one magnitude, 0 <=
/// ratio <= 1, roundoff <= 1/8. Theorems: order_statistic_error, interpolated_error, interpolated_across,
/// interpolation_evaluated.
template <class Real>
Ball<Real> dynamic_threshold(const Format<Real>& f, std::vector<Ball<Real>> magnitudes, Real ratio,
                             Real max_value) {
  Ball<Real> moved;
  for (const Ball<Real>& m : magnitudes) moved = wider(moved, m);
  std::sort(magnitudes.begin(), magnitudes.end(),
            [](const Ball<Real>& a, const Ball<Real>& b) { return a.value < b.value; });
  const auto place = [](std::size_t k) { return Real(static_cast<double>(k)); };
  const std::size_t last = magnitudes.size() - 1;
  const Ball<Real> rank = product(f, cast(f, exactly(ratio)), exactly(place(last)));
  std::size_t below = 0;
  while (below < last && place(below + 1) <= rank.value) ++below;
  const std::size_t above = below < last ? below + 1 : last;
  const Real low = magnitudes[below].value, high = magnitudes[above].value;
  Real widest = high - low;
  if (below > 0) widest = std::max(widest, Real(low - magnitudes[below - 1].value));
  if (above < last) widest = std::max(widest, Real(magnitudes[above + 1].value - high));
  const Real largest = magnitudes[above < last ? above + 1 : last].value + moved.error;
  const Real off = rank.error < Real(1) ? rank.error * widest : std::numeric_limits<Real>::infinity();
  const Real error = moved.error + off + Real(6) * (f.roundoff * largest + f.underflow);
  const Real value = low + (rank.value - place(below)) * (high - low);
  const Real clamped = std::min(std::max(value, Real(1)), max_value);
  return {clamped, after_rounding(f, f.roundoff, error, clamped)};  // max_value is moved to the format
}

// ---- Chains

/// One more step of a chain whose steps magnify what came in by `slope`: chain_error. `local` is the step's
/// own bound at the x_t and the output that the sampler had.
template <class Real>
Real chained(Real slope, Real before, Real local) {
  return slope * before + local;
}
/// Eq7's coefficient of x_t, at most 1: the slope of a step under the exact predictor of one point. Theorem:
/// point_mass_slope. Domain: alpha_bar <= alpha_bar_prev, alpha_bar < 1, sigma^2 <= 1 - alpha_bar_prev.
template <class Real>
Real point_mass_slope(Real one_minus, Real one_minus_prev, Real sigma) {
  using std::sqrt;
  const Real radicand = one_minus_prev - sigma * sigma;
  return sqrt((radicand > Real(0) ? radicand : Real(0)) / one_minus);
}

}  // namespace ddim::tolerance
