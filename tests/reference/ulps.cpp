// Measures every scalar quantity of reference/ against both oracles, over random and adversarial inputs, and
// every batch result against its a-priori bound. Exit status 1 where a bound is exceeded. The inputs are the
// same in every run, whatever the number of threads.
//   ulps [--quick] [--cases N]

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "reference/ddim.hpp"
#include "tests/reference/bounds.hpp"
#include "tests/reference/oracle_arb.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim {
namespace {

using oracle::absolute_error;
using oracle::BallDefinitions;
using oracle::Deep;
using oracle::Definitions;
using oracle::Real;
using oracle::ulps;

/// X(name, tag, what is printed, limit in ulps or, for a batch result, in bounds).
#define DDIM_QUANTITIES(X)                                   \
  X(table_alpha_bar, "Schedule", "alpha_bar", 1)             \
  X(table_one_minus, "Schedule", "1 - alpha_bar", 1)         \
  X(table_beta, "Schedule", "beta of a transition", 1)       \
  X(root_alpha_bar, "Lemma1", "sqrt_alpha_bar", 1)           \
  X(root_one_minus, "Lemma1", "sqrt_one_minus_alpha_bar", 1) \
  X(ode, "Eq14", "ode_sigma", 1)                             \
  X(eta_sigma, "Eq16", "sigma_eta", 1)                       \
  X(eta_variance, "Eq16", "sigma_eta^2", 1)                  \
  X(hat, "Eq16", "sigma_hat", 1)                             \
  X(posterior_x0, "Eq7", "posterior x0", 1)                  \
  X(posterior_x_t, "Eq7", "posterior x_t", 1)                \
  X(forward_x_prev, "Eq8", "forward x_prev", 1)              \
  X(forward_variance, "Eq8", "forward variance", 1)          \
  X(forward_x0, "NonMarkov", "forward x0", 1)                \
  X(predict_x0_x_t, "Eq9", "x0 from eps: x_t", 1)            \
  X(predict_x0_eps, "Eq9", "x0 from eps: eps", 1)            \
  X(predict_eps_x_t, "Eq9", "eps from x0: x_t", 1)           \
  X(predict_eps_x0, "Eq9", "eps from x0: x0", 1)             \
  X(step_eps_x_t, "Eq12", "step, eps: x_t", 1)               \
  X(step_eps_output, "Eq12", "step, eps: output", 1)         \
  X(step_x0_x_t, "Eq12", "step, x0: x_t", 1)                 \
  X(step_x0_output, "Eq12", "step, x0: output", 1)           \
  X(step_v_x_t, "Eq12", "step, v: x_t", 1)                   \
  X(step_v_output, "Eq12", "step, v: output", 1)             \
  X(encode_x_prev, "Eq13", "encode x_prev", 1)               \
  X(encode_eps, "Eq13", "encode eps", 1)                     \
  X(gamma_first, "Theorem1", "gamma_1", 1)                   \
  X(gamma, "Theorem1", "gamma_t", 1)                         \
  X(discrete_x0, "AppendixA", "weight of x0", 1)             \
  X(discrete_uniform, "AppendixA", "weight of 1/K", 1)       \
  X(kl, "Eq11", "KL, d = 1", 7)                              \
  X(batch_sample, "Lemma1", "q_sample / bound", 1)           \
  X(batch_posterior, "Eq7", "q_posterior mean / bound", 1)   \
  X(batch_forward, "Eq8", "forward_step mean / bound", 1)    \
  X(batch_predict_x0, "Eq9", "predict_x0 / bound", 1)        \
  X(batch_predict_eps, "Eq9", "predict_eps / bound", 1)      \
  X(batch_step_eps, "Eq12", "ddim_step, eps / bound", 1)     \
  X(batch_step_x0, "Eq12", "ddim_step, x0 / bound", 1)       \
  X(batch_step_v, "Eq12", "ddim_step, v / bound", 1)         \
  X(batch_encode, "Eq13", "ddim_encode_step / bound", 1)

enum Quantity : std::size_t {
#define X(name, tag, text, limit) name,
  DDIM_QUANTITIES(X)
#undef X
      kQuantities
};
struct Row {
  const char* tag;
  const char* text;
  double limit;
};
constexpr Row kRows[] = {
#define X(name, tag, text, limit) {tag, text, limit},
    DDIM_QUANTITIES(X)
#undef X
};

/// Counter-based: case `index` draws the same numbers in any order of evaluation (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t index) : state_(index * 0xd1342543de82ef95 + 0x2545f4914f6cdd1d) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52; }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  int below(int n) { return static_cast<int>(bits() % static_cast<std::uint64_t>(n)); }
  /// 2^-e with e uniform: every order of magnitude alike.
  double small(double least_exponent, double most_exponent) {
    return std::exp2(-between(least_exponent, most_exponent));
  }

 private:
  std::uint64_t state_;
};

double ulps_away(double x, int n) {
  for (; n > 0; --n) x = std::nextafter(x, 2.0);
  for (; n < 0; ++n) x = std::nextafter(x, 0.0);
  return x;
}

/// One input: a transition (two given alpha_bars, or two times of given betas), a sigma (given, or from eta),
/// and what the batch results and the KL are evaluated at.
struct Case {
  std::vector<double> betas;  // empty: a and p are the given alpha_bars
  int t = 1, t_prev = 0;
  double a = 0, p = 1;
  bool by_eta = false, deep = false;
  double eta = 0, sigma = 0, s = 0;
  std::array<double, 3> x{};
  std::array<double, 4> kl{};  // mean, variance, mean, variance

  std::string text() const {
    char buffer[256];
    std::string result;
    if (betas.empty()) {
      std::snprintf(buffer, sizeof buffer, "alpha_bar %a prev %a", a, p);
      result = buffer;
    } else {
      result = "betas";
      for (const double beta : betas) {
        std::snprintf(buffer, sizeof buffer, " %a", beta);
        result += buffer;
      }
      std::snprintf(buffer, sizeof buffer, " t %d prev %d", t, t_prev);
      result += buffer;
    }
    std::snprintf(buffer, sizeof buffer, by_eta ? " eta %a" : " sigma %a", by_eta ? eta : sigma);
    return result + buffer;
  }
  std::string text(Quantity q) const {
    char buffer[256];
    if (q == Quantity::kl) {
      std::snprintf(buffer, sizeof buffer, "N(%a, %a) N(%a, %a)", kl[0], kl[1], kl[2], kl[3]);
      return buffer;
    }
    std::snprintf(buffer, sizeof buffer, " s %a", s);
    if (q == discrete_x0 || q == discrete_uniform) return text() + buffer;
    std::snprintf(buffer, sizeof buffer, " x %a %a %a", x[0], x[1], x[2]);
    return q >= batch_sample ? text() + buffer : text();
  }
};

Transition transition_of(const Case& input) {
  if (input.betas.empty()) return Transition::from_alpha_bars(input.a, input.p);
  return Schedule::from_betas(input.betas).transition(input.t, input.t_prev);
}

Sigma sigma_of(const Case& input, const Transition& step) {
  return input.by_eta ? sigma_eta(step, input.eta) : Sigma(input.sigma);
}

Case drawn(std::uint64_t index) {
  Random random(index);
  Case input;
  const auto order = [&](double x, double y) {
    input.a = std::min(x, y);
    input.p = x == y ? ulps_away(y, 1) : std::max(x, y);
  };
  // Denormals need 2560 bits, which are dear.
  const int kind = index % 64 == 63 ? 7 : static_cast<int>(index % 7);
  switch (kind) {
    case 0:
      order(random.uniform(), random.uniform());
      break;
    case 1:  // near 1
      order(1 - random.small(2, 52), 1 - random.small(2, 53));
      break;
    case 2:  // next to each other
      input.p = random.below(2) ? random.uniform() : 1 - random.small(1, 50);
      input.a = ulps_away(input.p, -1 - random.below(4));
      break;
    case 3:  // tiny and denormal
      input.deep = true;
      order(random.small(1, 1074), random.below(2) ? random.small(1, 1074) : random.uniform());
      break;
    case 4:  // t = 1
      input.p = 1;
      input.a = random.below(2) ? random.uniform() : 1 - random.small(1, 53);
      break;
    case 5:  // a short schedule, betas of every size
    case 6:
    case 7: {
      input.deep = kind == 7;
      const int T = 1 + random.below(12);
      for (int t = 0; t < T; ++t) {
        input.betas.push_back(kind == 6                       ? random.between(1e-4, 0.02)
                              : input.deep && random.below(3) ? random.small(300, 1074)
                                                              : random.small(0.01, 60));
      }
      input.t = 1 + random.below(T);
      input.t_prev = random.below(input.t);
      break;
    }
  }
  const Transition step = transition_of(input);
  const double limit = sqrt_one_minus_alpha_bar(step.prev);
  const auto given = [&](double sigma) { input.sigma = sigma >= 0x1p-484 ? sigma : 0; };
  switch (random.below(8)) {
    case 0:
      input.by_eta = true;
      input.eta = random.uniform();
      break;
    case 1:
      input.by_eta = true;
      input.eta = 1;
      break;
    case 2:
      break;  // sigma = 0
    case 3:
      given(limit * random.uniform());
      break;
    case 4:  // at Eq7's boundary, its window and beyond
      given(ulps_away(limit, random.below(10) - 5));
      break;
    case 5:
      given(limit * random.small(1, 480));
      break;
    case 6:  // next to eta = 1, where NonMarkov's coefficient passes through zero
      given(ulps_away(limit * sqrt(step.beta / step.current.one_minus_alpha_bar), random.below(5) - 2));
      break;
    case 7:
      input.by_eta = true;
      input.eta = ulps_away(sqrt(step.current.one_minus_alpha_bar / step.beta), random.below(5) - 3);
      break;
  }
  if (input.by_eta) {  // where sigma^2 would leave the 106 bits, sigma_eta refuses
    const double root = input.eta * limit * sqrt(step.beta / step.current.one_minus_alpha_bar);
    if (root < 0x1p-483) input.by_eta = false;
  }
  const double s_limit = step.prev.one_minus_alpha_bar / step.current.one_minus_alpha_bar;
  input.s = random.below(3) ? s_limit * random.uniform() : ulps_away(s_limit, random.below(5) - 3);
  for (double& x : input.x) x = random.between(-4, 4);
  const double variance = random.below(2) ? random.uniform() : random.small(-300, 300);
  input.kl = {random.between(-2, 2), variance, 0,
              random.below(2) ? variance * (1 + random.small(0, 52)) : random.small(-300, 300)};
  input.kl[2] = random.below(2)   ? input.kl[0]
                : random.below(2) ? input.kl[0] + random.small(0, 60)
                                  : random.uniform();
  return input;
}

using Values = std::array<std::optional<double>, kQuantities>;

Batch single(double x) { return Batch::Constant(1, 1, x); }

/// What reference/ gives; nothing where the quantity is not defined. `refused`: sigma lies outside Eq7's
/// domain.
Values evaluated(const Case& input, bool& refused) {
  Values v;
  const Transition step = transition_of(input);
  const NoiseLevel& level = step.current;
  const bool first = step.prev.one_minus_alpha_bar == 0.0;
  v[table_alpha_bar] = level.alpha_bar;
  v[table_one_minus] = level.one_minus_alpha_bar;
  v[table_beta] = step.beta;
  v[root_alpha_bar] = sqrt_alpha_bar(level);
  v[root_one_minus] = sqrt_one_minus_alpha_bar(level);
  v[ode] = ode_sigma(level);
  if (step.beta >= 0x1p-968) v[hat] = sigma_hat(step).value();  // below, its square is refused
  v[predict_x0_x_t] = predict_x0(level, single(1), single(0))(0, 0);
  v[predict_x0_eps] = predict_x0(level, single(0), single(1))(0, 0);
  v[predict_eps_x_t] = predict_eps(level, single(1), single(0))(0, 0);
  v[predict_eps_x0] = predict_eps(level, single(0), single(1))(0, 0);
  const EncodeCoefficients encode = encode_coefficients(step);
  v[encode_x_prev] = encode.x_prev;
  v[encode_eps] = encode.eps;
  v[kl] = kl_divergence({single(input.kl[0]), input.kl[1]}, {single(input.kl[2]), input.kl[3]})[0];
  const Batch x = single(input.x[0]), y = single(input.x[1]), z = single(input.x[2]);
  v[batch_sample] = q_sample(level, x, y)(0, 0);
  v[batch_predict_x0] = predict_x0(level, x, y)(0, 0);
  v[batch_predict_eps] = predict_eps(level, x, y)(0, 0);
  v[batch_encode] = ddim_encode_step(step, x, y)(0, 0);

  try {
    const DiscreteWeights weights = discrete_weights(step, input.s);
    if (weights.uniform != 0) {
      v[discrete_x0] = weights.x0;
      v[discrete_uniform] = weights.uniform;
    }
  } catch (const DomainError&) {  // s drawn beyond its window
  }

  const Sigma sigma = sigma_of(input, step);
  if (input.by_eta) {
    v[eta_sigma] = sigma.value();
    v[eta_variance] = sigma.variance();
  }
  if (sigma.value() > 0) {
    try {
      v[gamma_first] = gamma_weights({{step}, {sigma}})[0];
    } catch (const DomainError&) {  // beyond the doubles
    }
  }
  refused = false;
  try {
    posterior_radicand(step, sigma);
  } catch (const DomainError&) {
    refused = true;
    return v;
  }
  const PosteriorCoefficients posterior = posterior_coefficients(step, sigma);
  v[posterior_x0] = posterior.x0;
  v[posterior_x_t] = posterior.x_t;
  const StepCoefficients eps = step_coefficients(step, sigma),
                         x0 = step_coefficients(step, sigma, Prediction::x0),
                         of_v = step_coefficients(step, sigma, Prediction::v);
  v[step_eps_x_t] = eps.x_t;
  v[step_eps_output] = eps.output;
  v[step_x0_x_t] = x0.x_t;
  v[step_x0_output] = x0.output;
  v[step_v_x_t] = of_v.x_t;
  v[step_v_output] = of_v.output;
  v[batch_posterior] = q_posterior(step, sigma, x, y).mean(0, 0);
  v[batch_step_eps] = ddim_step(eps, x, y, z)(0, 0);
  v[batch_step_x0] = ddim_step(x0, x, y, z)(0, 0);
  v[batch_step_v] = ddim_step(of_v, x, y, z)(0, 0);
  if (first) return v;
  const ForwardCoefficients forward = forward_coefficients(step, sigma);
  v[forward_x_prev] = forward.x_prev;
  v[forward_variance] = forward.variance;
  v[forward_x0] = forward.x0;
  v[batch_forward] = forward_step(step, sigma, x, y).mean(0, 0);
  if (sigma.value() > 0) {
    try {
      v[gamma] = gamma_weights({{step, step}, {sigma, sigma}})[1];
    } catch (const DomainError&) {
    }
  }
  return v;
}

/// What an oracle says of the same quantity.
template <class Law>
typename Law::Value exact_value(Quantity q, const Case& input, const Law& law) {
  const auto n = [](double x) { return Law::number(x); };
  const auto one = n(1), zero = n(0);
  const auto x = n(input.x[0]), y = n(input.x[1]);
  const auto noise = [&] { return sqrt(law.variance) * n(input.x[2]); };
  switch (q) {
    case table_alpha_bar:
      return law.a;
    case table_one_minus:
      return one - law.a;
    case table_beta:
      return law.beta();
    case root_alpha_bar:
      return law.sqrt_alpha_bar();
    case root_one_minus:
      return law.sqrt_one_minus_alpha_bar();
    case ode:
      return law.ode_sigma();
    case eta_sigma:
      return sqrt(law.variance);
    case eta_variance:
      return law.variance;
    case hat:
      return law.sigma_hat();
    case posterior_x0:
      return law.posterior_mean(zero, one);
    case posterior_x_t:
      return law.posterior_mean(one, zero);
    case forward_x_prev:
      return law.forward_mean(one, zero);
    case forward_variance:
      return law.forward_variance();
    case forward_x0:
      return law.forward_mean(zero, one);
    case predict_x0_x_t:
      return law.x0_from_eps(one, zero);
    case predict_x0_eps:
      return law.x0_from_eps(zero, one);
    case predict_eps_x_t:
      return law.eps_from_x0(one, zero);
    case predict_eps_x0:
      return law.eps_from_x0(zero, one);
    case step_eps_x_t:
      return law.step_from_eps(one, zero);
    case step_eps_output:
      return law.step_from_eps(zero, one);
    case step_x0_x_t:
      return law.step_from_x0(one, zero);
    case step_x0_output:
      return law.step_from_x0(zero, one);
    case step_v_x_t:
      return law.step_from_v(one, zero);
    case step_v_output:
      return law.step_from_v(zero, one);
    case encode_x_prev:
      return law.encode(one, zero);
    case encode_eps:
      return law.encode(zero, one);
    case gamma_first:
      return law.gamma_first();
    case gamma:
      return law.gamma();
    case discrete_x0:
      return law.discrete_x0(n(input.s));
    case discrete_uniform:
      return law.discrete_uniform(n(input.s));
    case kl:
      return Law::kl(n(input.kl[0]), n(input.kl[1]), n(input.kl[2]), n(input.kl[3]));
    case batch_sample:
      return law.sqrt_alpha_bar() * x + law.sqrt_one_minus_alpha_bar() * y;
    case batch_posterior:
      return law.posterior_mean(x, y);
    case batch_forward:
      return law.forward_mean(x, y);
    case batch_predict_x0:
      return law.x0_from_eps(x, y);
    case batch_predict_eps:
      return law.eps_from_x0(x, y);
    case batch_step_eps:
      return law.step_from_eps(x, y) + noise();
    case batch_step_x0:
      return law.step_from_x0(x, y) + noise();
    case batch_step_v:
      return law.step_from_v(x, y) + noise();
    case batch_encode:
      return law.encode(x, y);
    case kQuantities:
      break;
  }
  std::abort();
}

/// Absolute errors that a coefficient's documentation allows beside its ulp, or of which a batch bound
/// consists.
struct Allowance {
  explicit Allowance(const Case& input, const Values& v)
      : input_(input), v_(v), step_(transition_of(input)) {}

  /// sigma^2 and the tables carry 106 bits, so where they are not given exactly Eq7's root has an absolute
  /// floor.
  double of_coefficient(Quantity q) const {
    const double one_minus = step_.current.one_minus_alpha_bar, prev = step_.prev.one_minus_alpha_bar;
    const bool exact = input_.betas.empty() && !input_.by_eta;
    switch (q) {
      case posterior_x_t:
      case step_x0_x_t:
        return exact ? 0 : 0x1p-53 * std::sqrt(prev / one_minus);
      case step_v_x_t:
        return exact ? 0 : 0x1p-53 * std::sqrt(prev * one_minus);
      case forward_x_prev:
        return exact ? 0 : 0x1p-53 * std::sqrt(one_minus / prev);
      case forward_x0:
        return step_.prev.alpha_bar / std::sqrt(step_.current.alpha_bar) * step_.beta / prev * 0x1p-104;
      case discrete_uniform:
        return 0x1p-104 * prev;
      default:
        return 0;
    }
  }
  double of_batch(Quantity q) const {
    const double x = input_.x[0], y = input_.x[1], z = input_.x[2];
    const auto two = [&](Quantity first, Quantity second) {
      return oracle::two_term_bound(*v_[first] * x, *v_[second] * y) + of_coefficient(first) * std::abs(x) +
             of_coefficient(second) * std::abs(y);
    };
    const auto three = [&](Quantity first, Quantity second) {
      const double sigma = sigma_of(input_, step_).value();
      return oracle::three_term_bound(*v_[first] * x, *v_[second] * y, sigma * z) +
             of_coefficient(first) * std::abs(x) + of_coefficient(second) * std::abs(y);
    };
    switch (q) {
      case batch_sample:
        return two(root_alpha_bar, root_one_minus);
      case batch_posterior:
        return two(posterior_x_t, posterior_x0);
      case batch_forward:
        return two(forward_x_prev, forward_x0);
      case batch_predict_x0:
        return two(predict_x0_x_t, predict_x0_eps);
      case batch_predict_eps:
        return two(predict_eps_x_t, predict_eps_x0);
      case batch_encode:
        return two(encode_x_prev, encode_eps);
      case batch_step_eps:
        return three(step_eps_x_t, step_eps_output);
      case batch_step_x0:
        return three(step_x0_x_t, step_x0_output);
      case batch_step_v:
        return three(step_v_x_t, step_v_output);
      default:
        std::abort();
    }
  }

 private:
  const Case& input_;
  const Values& v_;
  Transition step_;
};

struct Tally {
  std::array<std::vector<float>, kQuantities> errors;  // ulps, or error / bound
  std::array<double, kQuantities> worst{};
  std::array<std::uint64_t, kQuantities> where{};
  std::array<std::uint64_t, kQuantities> floored{};  // above the ulps, within the documented absolute error
  std::vector<std::uint64_t> wrongly_refused;

  template <class Value>
  void add(std::uint64_t index, Quantity q, double computed, const Value& exact, const Allowance& allowance) {
    double error = 0;
    if (q >= batch_sample) {
      error = absolute_error(computed, exact) / allowance.of_batch(q);
    } else {
      error = ulps(computed, exact);
      const double floor = allowance.of_coefficient(q);
      if (error > kRows[q].limit && absolute_error(computed, exact) <= floor) {
        ++floored[q];
        return;
      }
    }
    errors[q].push_back(static_cast<float>(error));
    if (!(error <= worst[q])) {
      worst[q] = error;
      where[q] = index;
    }
  }
};

template <class R>
Definitions<R> multiprecision_law(const Case& input) {
  Definitions<R> law{R(input.a), R(input.p), 0};
  if (!input.betas.empty()) {
    const std::vector<R> table = oracle::alpha_bars<R>(input.betas);
    law.a = table[static_cast<std::size_t>(input.t)];
    law.p = table[static_cast<std::size_t>(input.t_prev)];
  }
  const R sigma = input.by_eta ? law.sigma_eta(R(input.eta)) : R(input.sigma);
  law.variance = sigma * sigma;
  return law;
}

BallDefinitions ball_law(const Case& input) {
  BallDefinitions law{input.a, input.p, 0.0};
  if (!input.betas.empty()) {
    const std::vector<oracle::Ball> table = oracle::alpha_bar_balls(input.betas);
    law.a = table[static_cast<std::size_t>(input.t)];
    law.p = table[static_cast<std::size_t>(input.t_prev)];
  }
  const oracle::Ball sigma = input.by_eta ? law.sigma_eta(input.eta) : oracle::Ball(input.sigma);
  law.variance = sigma * sigma;
  return law;
}

/// KL needs logs at 640 bits, by far the dearest quantity; one case in 4 has it.
bool wanted(Quantity q, std::uint64_t index) { return q != kl || index % 4 == 0; }

template <class R>
void by_multiprecision(std::uint64_t index, const Case& input, Tally& tally) {
  bool refused = false;
  const Values v = evaluated(input, refused);
  const auto law = multiprecision_law<R>(input);
  if (refused && law.variance <= (1 - law.p) * (1 + ldexp(R(1), -51))) tally.wrongly_refused.push_back(index);
  if (!refused && law.variance > (1 - law.p) * (1 + ldexp(R(1), -49))) tally.wrongly_refused.push_back(index);
  const Allowance allowance(input, v);
  for (std::size_t i = 0; i < kQuantities; ++i) {
    const auto q = static_cast<Quantity>(i);
    if (v[q] && wanted(q, index)) tally.add(index, q, *v[q], exact_value(q, input, law), allowance);
  }
}

void by_balls(std::uint64_t index, const Case& input, Tally& tally) {
  bool refused = false;
  const Values v = evaluated(input, refused);
  const Allowance allowance(input, v);
  std::array<bool, kQuantities> done{};
  for (slong precision = 320; precision <= 1 << 14; precision *= 2) {
    oracle::Ball::precision = precision;
    const BallDefinitions law = ball_law(input);
    bool all = true;
    for (std::size_t i = 0; i < kQuantities; ++i) {
      const auto q = static_cast<Quantity>(i);
      if (!v[q] || done[i]) continue;
      const oracle::Ball exact = exact_value(q, input, law);
      done[i] = tight(exact);
      if (done[i]) tally.add(index, q, *v[q], exact, allowance);
      all = all && done[i];
    }
    if (all) return;
  }
  std::fprintf(stderr, "no tight ball at %s\n", input.text().c_str());
  std::exit(2);
}

template <class Measure>
Tally measured(std::uint64_t cases, Measure measure) {
  std::array<Tally, 2> tallies;
  std::vector<std::thread> threads;
  for (std::uint64_t k = 0; k < tallies.size(); ++k) {
    threads.emplace_back([&, k] {
      for (std::uint64_t index = k; index < cases; index += tallies.size())
        measure(index, drawn(index), tallies[k]);
      flint_cleanup();  // flint's caches are this thread's own
    });
  }
  for (std::thread& thread : threads) thread.join();
  Tally& total = tallies[0];
  const Tally& other = tallies[1];
  for (std::size_t q = 0; q < kQuantities; ++q) {
    total.errors[q].insert(total.errors[q].end(), other.errors[q].begin(), other.errors[q].end());
    total.floored[q] += other.floored[q];
    if (other.worst[q] > total.worst[q]) {
      total.worst[q] = other.worst[q];
      total.where[q] = other.where[q];
    }
  }
  total.wrongly_refused.insert(total.wrongly_refused.end(), other.wrongly_refused.begin(),
                               other.wrongly_refused.end());
  return std::move(total);
}

bool report(const char* oracle_name, Tally tally) {
  bool good = true;
  std::size_t count = 0;
  for (const auto& errors : tally.errors) count += errors.size();
  std::printf(
      "\n%s: %zu comparisons. Errors in ulps of the exact value; of batch results, as error / bound.\n",
      oracle_name, count);
  std::printf("%-10s %-27s %8s %8s %8s %6s %8s  %s\n", "tag", "quantity", "count", "max", "p99.9", "limit",
              "floored", "worst input");
  for (std::size_t q = 0; q < kQuantities; ++q) {
    std::vector<float>& errors = tally.errors[q];
    if (errors.empty()) {
      std::printf("%-10s %-27s: never evaluated\n", kRows[q].tag, kRows[q].text);
      good = false;
      continue;
    }
    const auto place =
        errors.begin() + static_cast<std::ptrdiff_t>(0.999 * static_cast<double>(errors.size() - 1));
    std::nth_element(errors.begin(), place, errors.end());
    const bool within = tally.worst[q] <= kRows[q].limit;
    good = good && within;
    std::printf("%-10s %-27s %8zu %8.4f %8.4f %6g %8llu  %s%s\n", kRows[q].tag, kRows[q].text, errors.size(),
                tally.worst[q], static_cast<double>(*place), kRows[q].limit,
                static_cast<unsigned long long>(tally.floored[q]), within ? "" : "EXCEEDED at ",
                drawn(tally.where[q]).text(static_cast<Quantity>(q)).c_str());
  }
  for (const std::uint64_t index : tally.wrongly_refused) {
    std::printf("sigma's domain is judged wrongly at %s\n", drawn(index).text().c_str());
    good = false;
  }
  return good;
}

}  // namespace
}  // namespace ddim

int main(int count, char** arguments) {
  using namespace ddim;
  std::uint64_t cases = 40000;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--quick") == 0) {
      cases = 1500;
    } else if (std::strcmp(arguments[i], "--cases") == 0 && i + 1 < count) {
      cases = std::strtoull(arguments[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "usage: ulps [--quick] [--cases N]\n");
      return 2;
    }
  }
  const bool by_a = report("Oracle (a), Boost.Multiprecision",
                           measured(cases, [](std::uint64_t index, const Case& input, Tally& tally) {
                             input.deep ? by_multiprecision<Deep>(index, input, tally)
                                        : by_multiprecision<Real>(index, input, tally);
                           }));
  const bool by_b = report("Oracle (b), Arb", measured(cases, by_balls));
  std::printf("\nfloored: beyond the limit in ulps, within the absolute error documented beside it.\n%s\n",
              by_a && by_b ? "Every bound holds." : "A bound is exceeded.");
  return by_a && by_b ? 0 : 1;
}
