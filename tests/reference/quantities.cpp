#include "tests/reference/quantities.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include "tests/reference/bounds.hpp"

namespace ddim::accuracy {
namespace {

using Maybe = std::optional<double>;
using C = const Computed;
constexpr std::nullopt_t kNone = std::nullopt;

Batch single(double x) { return Batch::Constant(1, 1, x); }

/// Nothing where the reference refuses.
template <class Call>
auto admitted(Call call) -> std::optional<decltype(call())> {
  try {
    return call();
  } catch (const DomainError&) {
    return std::nullopt;
  }
}

template <class Coefficients>
Maybe of(const std::optional<Coefficients>& c, double Coefficients::*member) {
  return c ? Maybe((*c).*member) : std::nullopt;
}

double one_minus(const NoiseLevel& level) { return level.one_minus_alpha_bar; }

/// sigma^2 and the tables carry 106 bits, so where they are not given exactly Eq7's root, here times
/// sqrt(square), has an absolute floor.
double root_floor(C& c, double square) {
  return c.input.betas.empty() && !c.input.by_eta ? 0 : 0x1p-53 * std::sqrt(square);
}

// clang-format off
const Quantity kQuantities[] = {
    {"Schedule", "alpha_bar",
     [](C& c) -> Maybe { return c.step.current.alpha_bar; },
     [](auto& e) { return e.law.a; }},
    {"Schedule", "1 - alpha_bar",
     [](C& c) -> Maybe { return c.step.current.one_minus_alpha_bar; },
     [](auto& e) { return e.one - e.law.a; }},
    {"Schedule", "beta of a transition",
     [](C& c) -> Maybe { return c.step.beta; },
     [](auto& e) { return e.law.beta(); }},
    {"Lemma1", "sqrt_alpha_bar",
     [](C& c) -> Maybe { return sqrt_alpha_bar(c.step.current); },
     [](auto& e) { return e.law.sqrt_alpha_bar(); }},
    {"Lemma1", "sqrt_one_minus_alpha_bar",
     [](C& c) -> Maybe { return sqrt_one_minus_alpha_bar(c.step.current); },
     [](auto& e) { return e.law.sqrt_one_minus_alpha_bar(); }},
    {"Eq14", "ode_sigma",
     [](C& c) -> Maybe { return ode_sigma(c.step.current); },
     [](auto& e) { return e.law.ode_sigma(); }},
    {"Eq16", "sigma_eta",
     [](C& c) { return c.input.by_eta ? Maybe(c.sigma.value()) : kNone; },
     [](auto& e) { return sqrt(e.law.variance); }},
    {"Eq16", "sigma_eta^2",
     [](C& c) { return c.input.by_eta ? Maybe(c.sigma.variance()) : kNone; },
     [](auto& e) { return e.law.variance; }},
    {"Eq16", "sigma_hat",  // of a smaller beta its square is refused
     [](C& c) { return c.step.beta >= 0x1p-968 ? Maybe(sigma_hat(c.step).value()) : kNone; },
     [](auto& e) { return e.law.sigma_hat(); }},
    {"Eq7", "posterior x0",
     [](C& c) { return of(c.posterior, &PosteriorCoefficients::x0); },
     [](auto& e) { return e.law.posterior_mean(e.zero, e.one); }},
    {"Eq7", "posterior x_t",
     [](C& c) { return of(c.posterior, &PosteriorCoefficients::x_t); },
     [](auto& e) { return e.law.posterior_mean(e.one, e.zero); },
     {.floor = [](C& c) { return root_floor(c, one_minus(c.step.prev) / one_minus(c.step.current)); }}},
    {"Eq8", "forward x_prev",
     [](C& c) { return of(c.forward, &ForwardCoefficients::x_prev); },
     [](auto& e) { return e.law.forward_mean(e.one, e.zero); },
     {.floor = [](C& c) { return root_floor(c, one_minus(c.step.current) / one_minus(c.step.prev)); }}},
    {"Eq8", "forward variance",
     [](C& c) { return of(c.forward, &ForwardCoefficients::variance); },
     [](auto& e) { return e.law.forward_variance(); }},
    {"NonMarkov", "forward x0",
     [](C& c) { return of(c.forward, &ForwardCoefficients::x0); },
     [](auto& e) { return e.law.forward_mean(e.zero, e.one); },
     {.floor = [](C& c) {
       return c.step.prev.alpha_bar / std::sqrt(c.step.current.alpha_bar) * c.step.beta /
              one_minus(c.step.prev) * 0x1p-104;
     }}},
    {"Eq9", "x0 from eps: x_t",
     [](C& c) -> Maybe { return predict_x0(c.step.current, single(1), single(0))(0, 0); },
     [](auto& e) { return e.law.x0_from_eps(e.one, e.zero); }},
    {"Eq9", "x0 from eps: eps",
     [](C& c) -> Maybe { return predict_x0(c.step.current, single(0), single(1))(0, 0); },
     [](auto& e) { return e.law.x0_from_eps(e.zero, e.one); }},
    {"Eq9", "eps from x0: x_t",
     [](C& c) -> Maybe { return predict_eps(c.step.current, single(1), single(0))(0, 0); },
     [](auto& e) { return e.law.eps_from_x0(e.one, e.zero); }},
    {"Eq9", "eps from x0: x0",
     [](C& c) -> Maybe { return predict_eps(c.step.current, single(0), single(1))(0, 0); },
     [](auto& e) { return e.law.eps_from_x0(e.zero, e.one); }},
    {"Eq12", "step, eps: x_t",
     [](C& c) { return of(c.of_eps, &StepCoefficients::x_t); },
     [](auto& e) { return e.law.step_from_eps(e.one, e.zero); }},
    {"Eq12", "step, eps: output",
     [](C& c) { return of(c.of_eps, &StepCoefficients::output); },
     [](auto& e) { return e.law.step_from_eps(e.zero, e.one); }},
    {"Eq12", "step, x0: x_t",
     [](C& c) { return of(c.of_x0, &StepCoefficients::x_t); },
     [](auto& e) { return e.law.step_from_x0(e.one, e.zero); },
     {.floor = [](C& c) { return root_floor(c, one_minus(c.step.prev) / one_minus(c.step.current)); }}},
    {"Eq12", "step, x0: output",
     [](C& c) { return of(c.of_x0, &StepCoefficients::output); },
     [](auto& e) { return e.law.step_from_x0(e.zero, e.one); }},
    {"Eq12", "step, v: x_t",
     [](C& c) { return of(c.of_v, &StepCoefficients::x_t); },
     [](auto& e) { return e.law.step_from_v(e.one, e.zero); },
     {.floor = [](C& c) { return root_floor(c, one_minus(c.step.prev) * one_minus(c.step.current)); }}},
    {"Eq12", "step, v: output",
     [](C& c) { return of(c.of_v, &StepCoefficients::output); },
     [](auto& e) { return e.law.step_from_v(e.zero, e.one); }},
    {"Eq13", "encode x_prev",
     [](C& c) -> Maybe { return c.encode.x_prev; },
     [](auto& e) { return e.law.encode(e.one, e.zero); }},
    {"Eq13", "encode eps",
     [](C& c) -> Maybe { return c.encode.eps; },
     [](auto& e) { return e.law.encode(e.zero, e.one); }},
    {"Theorem1", "gamma_1",
     [](C& c) { return c.gamma_first; },
     [](auto& e) { return e.law.gamma_first(); }},
    {"Theorem1", "gamma_t",
     [](C& c) { return c.gamma; },
     [](auto& e) { return e.law.gamma(); }},
    {"AppendixA", "weight of x0",
     [](C& c) { return of(c.discrete, &DiscreteWeights::x0); },
     [](auto& e) { return e.law.discrete_x0(e.s()); },
     {.shown = &Input::s_text}},
    {"AppendixA", "weight of 1/K",
     [](C& c) { return of(c.discrete, &DiscreteWeights::uniform); },
     [](auto& e) { return e.law.discrete_uniform(e.s()); },
     {.floor = [](C& c) { return 0x1p-104 * c.step.prev.one_minus_alpha_bar; }, .shown = &Input::s_text}},
    {"Eq11", "KL, d = 1",  // needs logs at 640 bits, by far the dearest
     [](C& c) -> Maybe {
       const auto& kl = c.input.kl;
       return kl_divergence({single(kl[0]), kl[1]}, {single(kl[2]), kl[3]})[0];
     },
     [](auto& e) { return e.kl(); },
     {.limit = 7, .every = 4, .shown = &Input::kl_text}},
    {"Lemma1", "q_sample / bound",
     [](C& c) -> Maybe { return q_sample(c.step.current, c.x, c.y)(0, 0); },
     [](auto& e) { return e.law.sqrt_alpha_bar() * e.x + e.law.sqrt_one_minus_alpha_bar() * e.y; },
     {.terms = {"sqrt_alpha_bar", "sqrt_one_minus_alpha_bar"}, .shown = &Input::x_text}},
    {"Eq7", "q_posterior mean / bound",
     [](C& c) { return c.inside ? Maybe(q_posterior(c.step, c.sigma, c.x, c.y).mean(0, 0)) : kNone; },
     [](auto& e) { return e.law.posterior_mean(e.x, e.y); },
     {.terms = {"posterior x_t", "posterior x0"}, .shown = &Input::x_text}},
    {"Eq8", "forward_step mean / bound",
     [](C& c) { return c.forward ? Maybe(forward_step(c.step, c.sigma, c.x, c.y).mean(0, 0)) : kNone; },
     [](auto& e) { return e.law.forward_mean(e.x, e.y); },
     {.terms = {"forward x_prev", "forward x0"}, .shown = &Input::x_text}},
    {"Eq9", "predict_x0 / bound",
     [](C& c) -> Maybe { return predict_x0(c.step.current, c.x, c.y)(0, 0); },
     [](auto& e) { return e.law.x0_from_eps(e.x, e.y); },
     {.terms = {"x0 from eps: x_t", "x0 from eps: eps"}, .shown = &Input::x_text}},
    {"Eq9", "predict_eps / bound",
     [](C& c) -> Maybe { return predict_eps(c.step.current, c.x, c.y)(0, 0); },
     [](auto& e) { return e.law.eps_from_x0(e.x, e.y); },
     {.terms = {"eps from x0: x_t", "eps from x0: x0"}, .shown = &Input::x_text}},
    {"Eq12", "ddim_step, eps / bound",
     [](C& c) { return c.of_eps ? Maybe(ddim_step(*c.of_eps, c.x, c.y, c.noise)(0, 0)) : kNone; },
     [](auto& e) { return e.law.step_from_eps(e.x, e.y) + e.noise(); },
     {.terms = {"step, eps: x_t", "step, eps: output"}, .noisy = true, .shown = &Input::x_text}},
    {"Eq12", "ddim_step, x0 / bound",
     [](C& c) { return c.of_x0 ? Maybe(ddim_step(*c.of_x0, c.x, c.y, c.noise)(0, 0)) : kNone; },
     [](auto& e) { return e.law.step_from_x0(e.x, e.y) + e.noise(); },
     {.terms = {"step, x0: x_t", "step, x0: output"}, .noisy = true, .shown = &Input::x_text}},
    {"Eq12", "ddim_step, v / bound",
     [](C& c) { return c.of_v ? Maybe(ddim_step(*c.of_v, c.x, c.y, c.noise)(0, 0)) : kNone; },
     [](auto& e) { return e.law.step_from_v(e.x, e.y) + e.noise(); },
     {.terms = {"step, v: x_t", "step, v: output"}, .noisy = true, .shown = &Input::x_text}},
    {"Eq13", "ddim_encode_step / bound",
     [](C& c) -> Maybe { return ddim_encode_step(c.step, c.x, c.y)(0, 0); },
     [](auto& e) { return e.law.encode(e.x, e.y); },
     {.terms = {"encode x_prev", "encode eps"}, .shown = &Input::x_text}},
};
// clang-format on

const Quantity& named(std::string_view text) {
  const auto found = std::ranges::find(kQuantities, text, [](const Quantity& q) { return q.text; });
  if (found == std::end(kQuantities)) throw std::logic_error("no quantity " + std::string(text));
  return *found;
}

}  // namespace

std::span<const Quantity> quantities() { return kQuantities; }

Computed::Computed(const Input& given)
    : input(given),
      step(transition_of(input)),
      sigma(sigma_of(input, step)),
      x(single(input.x[0])),
      y(single(input.x[1])),
      noise(single(input.x[2])),
      encode(encode_coefficients(step)) {
  discrete = admitted([&] { return discrete_weights(step, input.s); });
  if (discrete && discrete->uniform == 0) discrete.reset();
  const bool noisy = sigma.value() > 0;
  if (noisy) gamma_first = admitted([&] { return gamma_weights({{step}, {sigma}})[0]; });
  inside = admitted([&] { return posterior_radicand(step, sigma); }).has_value();
  if (!inside) return;
  posterior = posterior_coefficients(step, sigma);
  of_eps = step_coefficients(step, sigma);
  of_x0 = step_coefficients(step, sigma, Prediction::x0);
  of_v = step_coefficients(step, sigma, Prediction::v);
  if (step.prev.one_minus_alpha_bar == 0.0) return;  // t = 1
  forward = forward_coefficients(step, sigma);
  if (noisy) gamma = admitted([&] { return gamma_weights({{step, step}, {sigma, sigma}})[1]; });
}

double bound(const Quantity& batch, const Computed& c) {
  const Quantity &first = named(batch.by.terms[0]), &second = named(batch.by.terms[1]);
  const double x = c.input.x[0], y = c.input.x[1], z = c.input.x[2];
  const double term0 = first.computed(c).value() * x, term1 = second.computed(c).value() * y;
  const double rounding = batch.by.noisy ? oracle::three_term_bound(term0, term1, c.sigma.value() * z)
                                         : oracle::two_term_bound(term0, term1);
  return rounding + first.absolute_floor(c) * std::abs(x) + second.absolute_floor(c) * std::abs(y);
}

}  // namespace ddim::accuracy
