// Searches for an evaluation outside its proved bound: the orders of proofs/arithmetic/orders.v are written
// here a second time, as the packages write them, and run in real binary64, binary32, binary16 and bfloat16
// arithmetic against the exact step; add_noise, tables and thresholds too. Prints the worst error / bound of
// each.
//   proved_tolerances [inputs per order, prediction and format; 2000] [seed]
// Exit status: 0 if no ratio is above 1 and the step's worst is at least 0.2 in each format; 1 otherwise.

#include "tolerances.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "link/exact_step.hpp"

namespace {

namespace tol = ddim::tolerance;
using ddim::link::Case;
using ddim::link::Exact;
using ddim::link::Input;
using tol::Order;
using tol::Prediction;
using tol::Restriction;
using Real = long double;
using Quad = boost::multiprecision::cpp_bin_float_quad;

/// Something on the way was not finite: the theorems say nothing, and neither does the search.
thread_local bool overflowed = false;

/// Rounding to nearest even in a format of `precision` bits with the smallest spacing 2^emin and values below
/// 2^emax. One double operation before it is harmless for precision <= 24: 53 >= 2 * 24 + 2 (Figueroa).
template <int precision, int emin, int emax>
double rounded(double value) {
  if (precision == 53) return value;
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value) - precision + 1, emin);
  const double r = std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
  return std::abs(r) < std::ldexp(1.0, std::min(emax, 1023)) ? r : std::copysign(HUGE_VAL, value);
}

template <int precision, int emin, int emax>
struct Number {
  double value = 0;
  Number() = default;
  explicit Number(double v) : value(rounded<precision, emin, emax>(v)) {
    if (!std::isfinite(value)) overflowed = true;
  }
  template <int q, int m, int x>
  explicit Number(const Number<q, m, x>& other) : Number(other.value) {}
  friend Number operator+(Number a, Number b) { return Number(a.value + b.value); }
  friend Number operator-(Number a, Number b) { return Number(a.value - b.value); }
  friend Number operator*(Number a, Number b) { return Number(a.value * b.value); }
  friend Number operator/(Number a, Number b) { return Number(a.value / b.value); }
  friend Number operator-(Number a) { return Number(-a.value); }
  /// Negative radicands are made by rounding only; code that clamps takes them as zero.
  friend Number sqrt(Number a) { return Number(a.value > 0 ? std::sqrt(a.value) : 0.0); }
  friend Number fma(Number a, Number b, Number c) { return Number(std::fma(a.value, b.value, c.value)); }
  friend Number abs(Number a) { return Number(std::abs(a.value)); }
  friend bool operator<(Number a, Number b) { return a.value < b.value; }
};
using Binary64 = Number<53, -1074, 1024>;
using Binary32 = Number<24, -149, 128>;
using Binary16 = Number<11, -24, 16>;
using Bfloat16 = Number<8, -133, 128>;

template <class N>
N clamp(N v, N m) {
  return v < -m ? -m : m < v ? m : v;
}

struct Result {
  double prev_sample = 0, pred_x0 = 0, sigma = 0;
};

template <class C, class S>
struct Evaluation {
  C a, p, one_minus, one_minus_prev, eta;
  S x, o, z, m;
  Case how;

  S restricted(S x0) const {
    if (how.restriction == Restriction::free) return x0;
    const S clipped = clamp(x0, m);
    return how.rescale ? clipped / m : clipped;
  }
  S divided(S v, S by) const { return how.variant & 1 ? v * (S(1) / by) : v / by; }
  S summed(S first, S second, S third) const { return (first + second) + third; }

  Result diffusers() const {
    const C beta = C(1) - a, beta_prev = C(1) - p;
    const C variance = (beta_prev / beta) * (C(1) - a / p), std = eta * sqrt(variance);
    const S root(sqrt(a)), rest(sqrt(beta));
    S x0 = how.prediction == Prediction::eps  ? divided(x - rest * o, root)
           : how.prediction == Prediction::x0 ? o
                                              : root * x - rest * o;
    S eps = how.prediction == Prediction::eps  ? o
            : how.prediction == Prediction::x0 ? divided(x - root * x0, rest)
                                               : root * o + rest * x;
    x0 = restricted(x0);
    if (how.restriction == Restriction::rederived) eps = divided(x - root * x0, rest);
    const S direction(sqrt(C(1) - p - std * std));
    const S prev = S(sqrt(p)) * x0 + direction * eps;
    return {(prev + S(std) * z).value, x0.value, S(std).value};
  }

  Result compvis() const {
    const C sigma = eta * sqrt((C(1) - p) / (C(1) - a) * (C(1) - a / p)), sqrt_one_minus = sqrt(C(1) - a);
    const S rest(sqrt_one_minus), root(sqrt(a));
    S e = how.prediction == Prediction::eps  ? o
          : how.prediction == Prediction::x0 ? (x - root * o) / rest
                                             : root * o + rest * x;
    S x0 = how.prediction == Prediction::eps  ? (x - rest * o) / root
           : how.prediction == Prediction::x0 ? o
                                              : root * x - rest * o;
    x0 = restricted(x0);
    if (how.restriction == Restriction::rederived) e = (x - root * x0) / rest;
    const S dir = S(sqrt(C(1) - p - sigma * sigma)) * e;
    return {(S(sqrt(p)) * x0 + dir + S(sigma) * z).value, x0.value, S(sigma).value};
  }

  Result ermongroup() const {
    const C c1 = eta * sqrt((C(1) - a / p) * (C(1) - p) / (C(1) - a)), c2 = sqrt((C(1) - p) - c1 * c1);
    const S root(sqrt(a)), rest(sqrt(C(1) - a));
    S et = how.prediction == Prediction::eps  ? o
           : how.prediction == Prediction::x0 ? (x - root * o) / rest
                                              : root * o + rest * x;
    S x0 = how.prediction == Prediction::eps  ? (x - o * rest) / root
           : how.prediction == Prediction::x0 ? o
                                              : root * x - rest * o;
    x0 = restricted(x0);
    if (how.restriction == Restriction::rederived) et = (x - root * x0) / rest;
    return {(S(sqrt(p)) * x0 + S(c1) * z + S(c2) * et).value, x0.value, S(c1).value};
  }

  Result guided_diffusion() const {
    const S recip(sqrt(C(1) / a)), recipm1(sqrt(C(1) / a - C(1)));
    const C sigma = eta * sqrt((C(1) - p) / (C(1) - a)) * sqrt(C(1) - a / p);
    S x0 = how.prediction == Prediction::eps  ? recip * x - recipm1 * o
           : how.prediction == Prediction::x0 ? o
                                              : S(sqrt(a)) * x - S(sqrt(C(1) - a)) * o;
    x0 = restricted(x0);
    const S eps = (recip * x - x0) / recipm1;
    const S mean = x0 * S(sqrt(p)) + S(sqrt(C(1) - p - sigma * sigma)) * eps;
    return {(mean + S(sigma) * z).value, x0.value, S(sigma).value};
  }

  Result k_diffusion() const {
    const C from = sqrt((C(1) - a) / a), to = sqrt((C(1) - p) / p);
    C up = eta * sqrt(to * to * (from * from - to * to) / (from * from));
    if (to < up) up = to;
    const C down = sqrt(to * to - up * up);
    const S sigma(from), y = divided(x, S(sqrt(a)));
    S denoised = how.prediction == Prediction::eps ? y - o * sigma
                 : how.prediction == Prediction::x0
                     ? o
                     : y * S(C(1) / (from * from + C(1))) - o * S(from / sqrt(from * from + C(1)));
    denoised = restricted(denoised);
    const S d = (y - denoised) / sigma;
    const S next = y + d * (S(down) - sigma) + z * S(up);
    return {(next * S(sqrt(p))).value, denoised.value, (C(S(up)) * C(S(sqrt(p)))).value};
  }

  Result fused(bool right) const {
    const C beta = (p - a) / p, variance = eta * eta * one_minus_prev / one_minus * beta,
            sigma = sqrt(variance);
    const C radicand = one_minus_prev - variance, k = sqrt(radicand), root = sqrt(a), rest = sqrt(one_minus);
    const S root_s(root), rest_s(rest);
    const auto three = [&](S c0, S v0, S c1, S v1) {
      if (right)
        return how.variant & 1 ? c0 * v0 + (c1 * v1 + S(sigma) * z) : fma(c0, v0, fma(c1, v1, S(sigma) * z));
      return summed(c0 * v0, c1 * v1, S(sigma) * z);
    };
    S x0 = how.prediction == Prediction::eps  ? S(C(1) / root) * x - S(sqrt(one_minus / a)) * o
           : how.prediction == Prediction::x0 ? o
                                              : root_s * x - rest_s * o;
    x0 = restricted(x0);
    const C posterior_x = sqrt(radicand / one_minus);
    const C posterior_x0 = (p * beta + a * variance) / (one_minus * (sqrt(p) + posterior_x * root));
    if (how.restriction == Restriction::rederived)
      return {three(S(posterior_x0), x0, S(posterior_x), x).value, x0.value, S(sigma).value};
    if (how.restriction == Restriction::kept) {
      const S eps = how.prediction == Prediction::eps  ? o
                    : how.prediction == Prediction::x0 ? S(C(1) / rest) * x - S(sqrt(a / one_minus)) * o
                                                       : rest_s * x + root_s * o;
      return {three(S(sqrt(p)), x0, S(k), eps).value, x0.value, S(sigma).value};
    }
    C cx, co;
    if (how.prediction == Prediction::eps) {
      cx = sqrt(p / a);
      co = -((p * beta / a + variance) / (k + sqrt(p * one_minus / a)));
    } else if (how.prediction == Prediction::x0) {
      cx = posterior_x;
      co = posterior_x0;
    } else {
      cx = sqrt(p * a) + k * sqrt(one_minus);
      co = -((p * beta + a * variance) / (k * root + sqrt(p * one_minus)));
    }
    return {three(S(cx), x, S(co), o).value, x0.value, S(sigma).value};
  }

  Result operator()(Order order) const {
    switch (order) {
      case Order::fused:
        return fused(false);
      case Order::fused_fma:
        return fused(true);
      case Order::diffusers:
        return diffusers();
      case Order::compvis:
        return compvis();
      case Order::ermongroup:
        return ermongroup();
      case Order::guided_diffusion:
        return guided_diffusion();
      case Order::k_diffusion:
        return k_diffusion();
    }
    return {};
  }
};

template <class N>
constexpr int bits() {
  return std::is_same_v<N, Binary64>   ? 53
         : std::is_same_v<N, Binary32> ? 24
         : std::is_same_v<N, Binary16> ? 11
                                       : 8;
}
template <class N>
tol::Format<Real> format_of() {
  if constexpr (std::is_same_v<N, Binary64>) return tol::binary64<Real>();
  if constexpr (std::is_same_v<N, Binary32>) return tol::binary32<Real>();
  if constexpr (std::is_same_v<N, Binary16>) return tol::binary16<Real>();
  return tol::bfloat16<Real>();
}

/// The larger ratio; one that is not a number is the largest.
void keep(double& worst, double ratio) {
  if (worst == worst && !(ratio <= worst)) worst = ratio;
}

struct Worst {
  double prev_sample = 0, pred_x0 = 0, sigma = 0;
  Input at{};
  Case how{};
  std::int64_t judged = 0, without_bound = 0, overflows = 0;
};

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : engine_(seed) {}
  double uniform() { return std::uniform_real_distribution<double>()(engine_); }
  double normal() { return std::normal_distribution<double>()(engine_); }
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine_); }
  std::uint32_t word() { return static_cast<std::uint32_t>(engine_()); }
  double power(int deepest) { return std::ldexp(0.5 + 0.5 * uniform(), -below(deepest)); }

 private:
  std::mt19937_64 engine_;
};

/// Levels near 0 and 1, tiny betas, eta near 1, outputs and noises that cancel, subnormal and large samples.
template <class C, class S>
Input drawn(Draws& draws, const Case& how) {
  const int depth = bits<C>();
  Input in{};
  const int level = draws.below(8);
  double p = level == 0   ? 1.0
             : level <= 2 ? 1.0 - draws.power(depth)
             : level == 3 ? draws.power(14)
                          : draws.uniform();
  p = C(p).value;
  if (!(p > 0)) p = 1;
  const double beta = draws.below(3) == 0 ? draws.uniform() : draws.power(depth + 2);
  double a = C(p * (1 - beta)).value;
  if (!(a < 1)) a = C(1 - std::ldexp(1.0, -depth)).value;
  if (how.prediction != Prediction::eps && draws.below(40) == 0) a = 0;
  in.alpha_bar_prev = p;
  in.alpha_bar = std::min(a, p);
  const int kind = draws.below(6);
  in.eta = kind <= 1 ? 0.0 : kind == 2 ? 1.0 : kind == 3 ? 1.0 - draws.power(depth + 3) : draws.uniform();
  const int scale = draws.below(8);
  const double size = scale == 0   ? std::ldexp(1.0, -draws.below(std::is_same_v<S, Binary16> ? 24 : 130))
                      : scale == 1 ? std::ldexp(1.0, draws.below(std::is_same_v<S, Binary16> ? 8 : 60))
                                   : 1.0;
  double x = size * draws.normal(), o = size * draws.normal(), z = size * draws.normal();
  const double root = std::sqrt(in.alpha_bar), rest = std::sqrt(1 - in.alpha_bar);
  switch (draws.below(6)) {
    case 0:  // x_0 near zero
      o = how.prediction == Prediction::eps ? x / rest
          : how.prediction == Prediction::v ? root * x / rest
                                            : o;
      break;
    case 1:  // eps near zero
      o = how.prediction == Prediction::x0 ? x / (root > 0 ? root : 1) : -rest * x / (root > 0 ? root : 1);
      break;
    case 2: {  // noise that cancels what went before
      const Exact<Real> so_far({in.alpha_bar, in.alpha_bar_prev, in.eta, x, o, 0, 1}, how);
      if (so_far.sigma > 0) z = static_cast<double>(-so_far.prev_sample / so_far.sigma);
      break;
    }
    case 3:
      z = 0;
      break;
    default:
      break;
  }
  in.x = S(x).value;
  in.output = S(o).value;
  in.noise = S(z).value;
  in.threshold = S(how.rescale ? 1 + std::abs(draws.normal()) : std::abs(size * draws.normal())).value;
  if (!(in.threshold > 0)) in.threshold = 1;
  return in;
}

/// Neighbours of the worst input so far.
template <class C, class S>
Input moved(Draws& draws, Input in, const Case& how) {
  const Input fresh = drawn<C, S>(draws, how);
  const double factor = 1 + std::ldexp(draws.normal(), -draws.below(bits<S>()));
  switch (draws.below(6)) {
    case 0:
      in.x = S(in.x * factor).value;
      break;
    case 1:
      in.output = S(in.output * factor).value;
      break;
    case 2:
      in.noise = S(in.noise * factor).value;
      break;
    case 3:
      in.eta = std::min(in.eta * factor, 1.0);
      if (!(in.eta >= 0)) in.eta = fresh.eta;
      break;
    case 4: {
      const double a = C(in.alpha_bar * factor).value;
      if (a > 0 && a <= in.alpha_bar_prev && a < 1) in.alpha_bar = a;
      break;
    }
    default: {
      const double p = C(in.alpha_bar_prev * factor).value;
      if (p >= in.alpha_bar && p <= 1 && p > 0) in.alpha_bar_prev = p;
    }
  }
  return in;
}

template <class C, class S, class T>
void judge(Order order, const Input& in, const Case& how, Worst& worst) {
  const tol::Formats<Real> f{format_of<C>(), format_of<S>()};
  tol::Levels<Real> at = tol::levels<Real>(in.alpha_bar, in.alpha_bar_prev, in.eta);
  Evaluation<C, S> evaluation{C(in.alpha_bar),
                              C(in.alpha_bar_prev),
                              C(static_cast<double>(at.one_minus.value)),
                              C(static_cast<double>(at.one_minus_prev.value)),
                              C(in.eta),
                              S(in.x),
                              S(in.output),
                              S(in.noise),
                              S(in.threshold),
                              how};
  at.one_minus.error = std::abs(evaluation.one_minus.value - at.one_minus.value);
  at.one_minus_prev.error = std::abs(evaluation.one_minus_prev.value - at.one_minus_prev.value);
  if (!tol::applies(order, at, how.prediction, how.restriction)) return;
  overflowed = false;
  const Result got = evaluation(order);
  if (overflowed) {
    ++worst.overflows;
    return;
  }
  const tol::StepBounds<Real> bounds(f, at, how.prediction, how.restriction, how.rescale, {order});
  const auto want = bounds(in.x, in.output, in.noise, in.threshold);
  if (!std::isfinite(want.prev_sample.error)) {
    ++worst.without_bound;
    return;
  }
  const Exact<T> exact(in, how);
  const auto ratio = [](double value, const T& truth, Real bound, const T& uncertainty) {
    const Real error = static_cast<Real>(T(abs(T(T(value) - truth)) - uncertainty));
    return error <= 0 ? 0.0 : static_cast<double>(error / bound);
  };
  ++worst.judged;
  const double prev = ratio(got.prev_sample, exact.prev_sample, want.prev_sample.error, exact.uncertainty);
  if (worst.prev_sample == worst.prev_sample && !(prev <= worst.prev_sample)) {
    worst.prev_sample = prev;
    worst.at = in;
    worst.how = how;
  }
  keep(worst.pred_x0, ratio(got.pred_x0, exact.pred_x0, want.pred_x0.error, T(0)));
  keep(worst.sigma, ratio(got.sigma, exact.sigma, want.sigma.error, T(0)));
}

using std::abs;
bool failed = false;

/// The input that leaves its bound, exactly.
void print(const tol::OrderFacts& facts, const Worst& worst) {
  const Input& in = worst.at;
  std::cout << facts.name << std::hexfloat << ": alpha_bar " << in.alpha_bar << " alpha_bar_prev "
            << in.alpha_bar_prev << " eta " << in.eta << " x " << in.x << " output " << in.output << " noise "
            << in.noise << " threshold " << in.threshold << std::defaultfloat << " prediction "
            << static_cast<int>(worst.how.prediction) << " restriction "
            << static_cast<int>(worst.how.restriction) << " rescale " << worst.how.rescale << " variant "
            << (worst.how.variant & 1) << "\n";
}

template <class C, class S, class T>
void search(const std::string& formats, std::int64_t inputs, std::uint64_t seed) {
  constexpr Case kCases[] = {{Prediction::eps, Restriction::free, false, 0},
                             {Prediction::x0, Restriction::free, false, 0},
                             {Prediction::v, Restriction::free, false, 0}};
  double step = 0;
  for (const tol::OrderFacts& facts : tol::kOrders) {
    Worst all;
    for (const Case& base : kCases) {
      Worst worst;
      Draws draws(seed ^ (static_cast<std::uint64_t>(facts.order) << 8) ^
                  static_cast<std::uint64_t>(base.prediction));
      for (std::int64_t i = 0; i < inputs; ++i) {
        Case how = base;
        how.variant = draws.word();
        const int restriction = draws.below(6);
        if (restriction >= 4) {
          how.restriction = restriction == 4 && facts.keeps_eps ? Restriction::kept : Restriction::rederived;
          how.rescale = draws.below(2) == 0;
        }
        const bool near_worst = worst.judged > 0 && draws.below(2) == 0;
        judge<C, S, T>(facts.order, near_worst ? moved<C, S>(draws, worst.at, how) : drawn<C, S>(draws, how),
                       how, worst);
      }
      if (!(worst.prev_sample <= 1)) print(facts, worst);
      keep(all.prev_sample, worst.prev_sample);
      keep(all.pred_x0, worst.pred_x0);
      keep(all.sigma, worst.sigma);
      all.judged += worst.judged;
      all.without_bound += worst.without_bound;
      all.overflows += worst.overflows;
    }
    std::cout << formats << " " << facts.name << ": prev_sample " << all.prev_sample << " pred_x0 "
              << all.pred_x0 << " sigma " << all.sigma << " (judged " << all.judged << ", no bound "
              << all.without_bound << ", overflow " << all.overflows << ")\n";
    if (!(all.prev_sample <= 1 && all.pred_x0 <= 1 && all.sigma <= 1) || all.judged == 0) {
      failed = true;
      std::cout << "  outside its bound, or never judged: " << facts.theorem << "\n";
    }
    keep(step, all.prev_sample);
  }
  std::cout << formats << " step: worst error/bound " << step << "\n";
  if (!(step >= 0.2)) {
    failed = true;
    std::cout << "  looser than 1/5\n";
  }
}

// ---- add_noise and tables

void report(const std::string& name, double ratio, double at_least = 0) {
  std::cout << name << ": worst error/bound " << ratio << "\n";
  if (!(ratio <= 1 && ratio >= at_least)) {
    failed = true;
    std::cout << "  outside [" << at_least << ", 1]\n";
  }
}

template <class C, class S>
void search_noising(const std::string& formats, std::int64_t inputs, std::uint64_t seed) {
  const tol::Formats<Real> f{format_of<C>(), format_of<S>()};
  Draws draws(seed);
  double worst = 0;
  for (std::int64_t i = 0; i < inputs; ++i) {
    const Input in = drawn<C, S>(draws, {Prediction::v, Restriction::free, false, 0});
    const C a(in.alpha_bar);
    const S x0(in.x), noise(in.noise);
    overflowed = false;
    const S rooted = S(sqrt(a)) * x0 + S(sqrt(C(1) - a)) * noise, first(a),
            moved_first = sqrt(first) * x0 + sqrt(S(1) - first) * noise;
    if (overflowed) continue;
    using std::sqrt;
    const Quad exact =
        sqrt(Quad(in.alpha_bar)) * Quad(in.x) + sqrt(Quad(1 - Quad(in.alpha_bar))) * Quad(in.noise);
    const Real alpha_bar = in.alpha_bar;
    const auto bound = tol::add_noise_bound(f, tol::exactly(alpha_bar), tol::exactly(1 - alpha_bar),
                                            tol::exactly<Real>(in.x), tol::exactly<Real>(in.noise));
    for (const S& got : {rooted, moved_first}) {
      const Real error = static_cast<Real>(Quad(abs(Quad(Quad(got.value) - exact))));
      if (error != 0) keep(worst, static_cast<double>(error / bound.error));
    }
  }
  report(formats + " add_noise", worst, 0.2);
}

/// alphas_cumprod of three ramps and the cosine as packages make them, plain and rescaled.
template <class C>
void judge_tables(const std::string& name) {
  const tol::Format<Real> f = format_of<C>();
  const tol::Formats<Real> formats{f, f};
  struct Ramp {
    double start, stop;
    int T;
    bool squared, rescaled;
  };
  double plain = 0, rescaled = 0;
  for (const Ramp& ramp : {Ramp{1e-4, 0.02, 1000, false, false}, Ramp{0.00085, 0.012, 1000, true, true},
                           Ramp{6.6430989700550023e-06, 8.3872223395714218e-08, 34, false, false}}) {
    const auto balls = tol::ramp_betas<Real>(formats, tol::exactly<Real>(ramp.start),
                                             tol::exactly<Real>(ramp.stop), ramp.T, ramp.squared);
    const auto table = tol::cumprod_table<Real>(formats, balls);
    C product(1);
    Quad exact(1);
    const C b0(ramp.squared ? std::sqrt(ramp.start) : ramp.start),
        b1(ramp.squared ? std::sqrt(ramp.stop) : ramp.stop);
    const C stride = (b1 - b0) / C(ramp.T - 1);
    const Quad e0 = ramp.squared ? Quad(sqrt(Quad(ramp.start))) : Quad(ramp.start),
               e1 = ramp.squared ? Quad(sqrt(Quad(ramp.stop))) : Quad(ramp.stop);
    std::vector<C> products;
    std::vector<Quad> exacts;
    for (int t = 0; t < ramp.T; ++t) {
      C beta = t < ramp.T / 2 ? b0 + stride * C(t) : b1 - stride * C(ramp.T - 1 - t);
      Quad b = e0 + (e1 - e0) * t / (ramp.T - 1);
      if (ramp.squared) {
        beta = beta * beta;
        b *= b;
      }
      product = product * (C(1) - beta);
      exact *= 1 - b;
      products.push_back(product);
      exacts.push_back(exact);
      const Real error = static_cast<Real>(Quad(abs(Quad(Quad(product.value) - exact))));
      keep(plain, static_cast<double>(error / table[static_cast<std::size_t>(t)].error));
    }
    if (!ramp.rescaled) continue;
    const auto zero = tol::rescaled_table<Real>(formats, table);
    const C first = sqrt(products.front()), last = sqrt(products.back());
    const Quad first_exact = sqrt(exacts.front()), last_exact = sqrt(exacts.back());
    C before(1), again(1);
    for (std::size_t t = 0; t + 1 < products.size(); ++t) {
      const C shifted = (sqrt(products[t]) - last) * (first / (first - last)), bar = shifted * shifted;
      again = again * (C(1) - (C(1) - bar / before));
      before = bar;
      const Quad root = (sqrt(exacts[t]) - last_exact) * first_exact / (first_exact - last_exact);
      const Real error = static_cast<Real>(Quad(abs(Quad(Quad(again.value) - root * root))));
      keep(rescaled, static_cast<double>(error / zero[t].error));
    }
  }
  report(name + " alphas_cumprod", plain, 0.001);
  report(name + " alphas_cumprod, zero terminal SNR", rescaled, 0.001);
}

template <class S>
void judge_thresholds(const std::string& name, std::int64_t inputs, std::uint64_t seed) {
  const tol::Format<Real> f = format_of<S>();
  Draws draws(seed);
  double worst = 0;
  for (std::int64_t i = 0; i < inputs; ++i) {
    const int n = 1 + draws.below(40);
    const double ratio = S(draws.uniform()).value, max_value = S(1 + 4 * draws.uniform()).value;
    std::vector<S> computed;
    std::vector<Real> exact;
    std::vector<tol::Ball<Real>> balls;
    for (int k = 0; k < n; ++k) {
      const double v = std::abs(3 * draws.normal());
      computed.push_back(S(v));
      exact.push_back(v);
      balls.push_back({v, std::abs(computed.back().value - static_cast<Real>(v))});
    }
    std::sort(computed.begin(), computed.end());
    std::sort(exact.begin(), exact.end());
    const S rank = S(ratio) * S(n - 1), floor(std::floor(rank.value)), weight = rank - floor;
    const auto below = static_cast<std::size_t>(floor.value),
               above = std::min(below + 1, computed.size() - 1);
    S quantile = weight < S(0.5) ? computed[below] + weight * (computed[above] - computed[below])
                                 : computed[above] - (computed[above] - computed[below]) * (S(1) - weight);
    if (quantile < S(1)) quantile = S(1);
    if (S(max_value) < quantile) quantile = S(max_value);
    const Real place = static_cast<Real>(ratio) * (n - 1);
    const auto low = static_cast<std::size_t>(place), high = std::min(low + 1, exact.size() - 1);
    const Real value = exact[low] + (place - static_cast<Real>(low)) * (exact[high] - exact[low]);
    const Real want = std::min(std::max(value, Real{1}), static_cast<Real>(max_value));
    const auto bound = tol::dynamic_threshold<Real>(f, balls, ratio, max_value);
    const Real error = std::abs(quantile.value - want);
    if (std::abs(bound.value - want) > 1e-15L) worst = HUGE_VAL;
    if (error != 0) keep(worst, static_cast<double>(error / bound.error));
  }
  report(name + " threshold", worst, 0.05);
}

}  // namespace

int main(int count, char** arguments) {
  const std::int64_t inputs = count > 1 ? std::atoll(arguments[1]) : 2000;
  const std::uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  search<Binary64, Binary64, Quad>("binary64", inputs, seed);
  search<Binary32, Binary32, Real>("binary32", inputs, seed);
  search<Binary32, Binary16, Real>("binary32/binary16", inputs, seed);
  search<Binary32, Bfloat16, Real>("binary32/bfloat16", inputs, seed);
  search<Binary16, Binary16, Real>("binary16", inputs, seed);
  search<Bfloat16, Bfloat16, Real>("bfloat16", inputs, seed);
  search<Binary32, Binary64, Quad>("binary32/binary64", inputs, seed);
  search_noising<Binary64, Binary64>("binary64", inputs, seed);
  search_noising<Binary32, Binary32>("binary32", inputs, seed);
  search_noising<Binary32, Binary16>("binary32/binary16", inputs, seed);
  search_noising<Binary32, Bfloat16>("binary32/bfloat16", inputs, seed);
  judge_tables<Binary64>("binary64");
  judge_tables<Binary32>("binary32");
  judge_thresholds<Binary64>("binary64", inputs, seed);
  judge_thresholds<Binary32>("binary32", inputs, seed);
  return failed ? 1 : 0;
}
