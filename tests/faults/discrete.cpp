#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

using Posterior = Batch (*)(const Transition&, double s, const Batch& x_t, const Batch& x0);
std::function<void(Sampler&)> posterior_by(Posterior posterior) {
  return [=](Sampler& sampler) { sampler.discrete_posterior = posterior; };
}

/// Each column made a distribution, as careless code does with what is none.
Batch normalised(const Batch& weights) {
  const Batch p = weights.cwiseMax(0);
  return p.array().rowwise() / p.colwise().sum().array();
}
Batch mixture(const DiscreteWeights& w, double categories, const Batch& x_t, const Batch& x0) {
  return normalised((w.x_t * x_t + w.x0 * x0).array() + w.uniform / categories);
}
double categories(const Batch& x0) { return static_cast<double>(x0.rows()); }

Batch with_sign_of_s(const Transition& step, double s, const Batch& x_t, const Batch& x0) {
  const DiscreteWeights w{
      s, step.prev.alpha_bar + s * step.current.alpha_bar,
      static_cast<double>(step.prev.one_minus_alpha_bar) - step.current.one_minus_alpha_bar * s};
  return mixture(w, categories(x0), x_t, x0);
}

Batch of_d3pm(const Transition& step, double, const Batch& x_t, const Batch& x0) {
  const double kept = step.current.alpha_bar / step.prev.alpha_bar;
  const Batch likelihood = (kept * x_t).array() + (1 - kept) / categories(x0);
  return normalised(likelihood.cwiseProduct(discrete_marginal(step.prev, x0)));
}

}  // namespace

std::vector<Fault> discrete_faults() {
  return {
      {.name = "discrete-sigma-sign",
       .equation = "AppendixA",
       .condition = "s > 0",
       .seen = "a sign",
       .says = "s enters with the wrong sign",
       .where = {.config = ""},
       .in_sampler = posterior_by(with_sign_of_s)},
      {.name = "discrete-without-k",
       .equation = "AppendixA",
       .condition = "s below its bound",
       .seen = "a constant forgotten, and hidden by normalising",
       .says = "the uniform part without 1 / K",
       .where = {.config = ""},
       .in_sampler = posterior_by([](const Transition& step, double s, const Batch& x_t, const Batch& x0) {
         return mixture(discrete_weights(step, s), 1, x_t, x0);
       })},
      {.name = "discrete-of-d3pm",
       .equation = "AppendixA",
       .condition = "any s but D3PM's own",
       .seen = "D3PM's posterior used for this family",
       .says = "D3PM's posterior, q(x_t | x_{t-1}) q(x_{t-1} | x_0), for every s",
       .where = {.config = ""},
       .in_sampler = posterior_by(of_d3pm)},
      {.name = "discrete-s-ignored",
       .equation = "AppendixA",
       .condition = "s > 0",
       .seen = "an argument not read",
       .says = "s = 0 whatever was asked",
       .where = {.config = ""},
       .in_sampler = posterior_by([](const Transition& step, double, const Batch& x_t, const Batch& x0) {
         return mixture(discrete_weights(step, 0), categories(x0), x_t, x0);
       })},
      {.name = "discrete-x0-without-s",
       .equation = "AppendixA",
       .condition = "s > 0",
       .seen = "a term forgotten, and hidden by normalising",
       .says = "x_0's weight is alpha_bar_prev, then normalised",
       .where = {.config = ""},
       .in_sampler = posterior_by([](const Transition& step, double s, const Batch& x_t, const Batch& x0) {
         DiscreteWeights w = discrete_weights(step, s);
         w.x0 = step.prev.alpha_bar;
         return mixture(w, categories(x0), x_t, x0);
       })},
  };
}

}  // namespace ddim::faults
