#include <cmath>
#include <numbers>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

/// One of the objective's sums by a function of the fault's own.
using Sum = PerSample (*)(const Chain&, const EpsModel&, const Path&, const Batch& x0);
std::function<void(Sampler&)> sum_by(Sampler::Objective Sampler::*part, Sum sum) {
  return [=](Sampler& sampler) { sampler.*part = sum; };
}

/// The right KL form with something done to it.
std::function<void(Sampler&)> kl_form_but(void (*change)(KlForm&, const Chain&, const Batch& x0)) {
  return [=](Sampler& sampler) {
    sampler.kl_form = [=](const Chain& chain, const EpsModel& model, const Path& path, const Batch& x0) {
      KlForm form = variational_objective(chain, model, path, x0);
      change(form, chain, x0);
      return form;
    };
  };
}

/// gamma_i as the fault has it; `right` is the weight it should have, i = 0..S-1.
std::function<void(Sampler&)> gamma_by(double (*weight)(const Chain&, std::size_t i, double right)) {
  return [=](Sampler& sampler) {
    sampler.gamma = [=](const Chain& chain) {
      Eigen::VectorXd gamma = gamma_weights(chain);
      for (Eigen::Index i = 0; i < gamma.size(); ++i)
        gamma[i] = weight(chain, static_cast<std::size_t>(i), gamma[i]);
      return gamma;
    };
  };
}

double variance_of(const Chain& chain, std::size_t i) {
  return static_cast<double>(chain.sigma[i].variance());
}
double alpha_bar_of(const Chain& chain, std::size_t i) {
  return static_cast<double>(chain.steps[i].current.alpha_bar);
}
double one_minus_of(const Chain& chain, std::size_t i) {
  return static_cast<double>(chain.steps[i].current.one_minus_alpha_bar);
}

void swap_prior(KlForm& form, const Chain& chain, const Batch& x0) {
  form.prior =
      kl_divergence({Batch::Zero(x0.rows(), x0.cols()), 1.0}, q_marginal(chain.steps.back().current, x0));
}
void unsquare_sigma(KlForm& form, const Chain& chain, const Batch&) {
  for (std::size_t i = 0; i < form.step.size(); ++i) form.step[i] *= chain.sigma[i + 1].value();
}
void first_as_kl(KlForm& form, const Chain& chain, const Batch& x0) {
  form.reconstruction.array() -=
      0.5 * static_cast<double>(x0.rows()) * std::log(2 * std::numbers::pi * variance_of(chain, 0));
}

std::vector<Fault> faults_of_the_kl_form() {
  return {
      {.name = "kl-swapped",
       .equation = "Eq11",
       .condition = "alpha_bar_T > 0",
       .seen = "KL(p || q) for KL(q || p)",
       .says = "the arguments of the prior's KL are swapped",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = kl_form_but(swap_prior)},
      {.name = "kl-minus-d-missing",
       .equation = "Eq11",
       .condition = "any",
       .seen = "the KL of two normals, copied without its constant",
       .says = "-d is missing from the KL",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = kl_form_but([](KlForm& form, const Chain&, const Batch& x0) {
         form.prior.array() += static_cast<double>(x0.rows()) / 2;
       })},
      {.name = "kl-mean-for-sum",
       .equation = "Eq11",
       .condition = "more than one dimension",
       .seen = "mean_flat of guided-diffusion's losses",
       .says = "the mean over dimensions for their sum",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = kl_form_but([](KlForm& form, const Chain&, const Batch& x0) {
         for (PerSample& kl : form.step) kl /= static_cast<double>(x0.rows());
       })},
      {.name = "kl-sigma-unsquared",
       .equation = "Eq11",
       .condition = "S > 1",
       .seen = "a deviation where its square belongs",
       .says = "the KL of a step divides by sigma",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = kl_form_but(unsquare_sigma)},
      {.name = "objective-first-term-left-out",
       .equation = "Eq11",
       .condition = "any",
       .seen = "a loop that begins at t = 2",
       .says = "-log p(x_0 | x_1) is left out",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler =
           kl_form_but([](KlForm& form, const Chain&, const Batch&) { form.reconstruction.setZero(); })},
      {.name = "objective-first-term-as-kl",
       .equation = "Eq11",
       .condition = "any",
       .seen = "one formula for every t",
       .says = "t = 1 as a KL: (d/2) log(2 pi sigma_1^2) is lost",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = kl_form_but(first_as_kl)},
      {.name = "objective-prior-dropped",
       .equation = "Eq11",
       .condition = "alpha_bar_T > 0",
       .seen = "the term at T taken for zero",
       .says = "the term at T is dropped",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = kl_form_but([](KlForm& form, const Chain&, const Batch&) { form.prior.setZero(); })},
  };
}

std::vector<Fault> faults_of_the_sums() {
  return {
      {.name = "objective-bits-for-nats",
       .equation = "Eq11",
       .condition = "any",
       .seen = "bits per dimension taken for nats",
       .says = "logarithms to base two",
       .where = {.config = ""},
       .in_sampler = sum_by(&Sampler::log_ratio,
                            [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
                              return PerSample(log_ratio(c, m, x, x0) / std::numbers::ln2);
                            })},
      {.name = "ratio-prior-dropped",
       .equation = "Eq11",
       .condition = "any",
       .seen = "the term at T taken for zero",
       .says = "log p(x_T) is dropped from the log ratio",
       .where = {.config = ""},
       .in_sampler = sum_by(&Sampler::log_ratio,
                            [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
                              return PerSample(log_ratio(c, m, x, x0) + log_p_prior(x));
                            })},
      {.name = "ratio-transitions-by-mean",
       .equation = "Eq11",
       .condition = "more than one dimension",
       .seen = "log probabilities of reinforcement learning's code",
       .says = "the mean over dimensions for the sum in log p",
       .where = {.config = ""},
       .in_sampler = sum_by(&Sampler::log_ratio,
                            [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
                              return PerSample(log_ratio(c, m, x, x0) + 0.5 * log_p_transitions(c, m, x, x0));
                            })},
      {.name = "terminal-with-one",
       .equation = "Eq11",
       .condition = "alpha_bar_T > 0",
       .seen = "1 - alpha_bar_T taken for 1",
       .says = "log q(x_T | x_0) with variance 1",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler =
           sum_by(&Sampler::log_q_terminal,
                  [](const Chain& c, const EpsModel&, const Path& x, const Batch& x0) {
                    return log_density({sqrt_alpha_bar(c.steps.back().current) * x0, 1.0}, x.back());
                  })},
      {.name = "loss-by-mean",
       .equation = "Eq11",
       .condition = "more than one dimension",
       .seen = "mse_loss with its default reduction",
       .says = "the loss averages over dimensions",
       .where = {.config = ""},
       .in_sampler = sum_by(&Sampler::simple_loss,
                            [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
                              return PerSample(simple_loss(c, m, x, x0) / static_cast<double>(x0.rows()));
                            })},
      {.name = "loss-two-percent",
       .equation = "Eq11",
       .condition = "any",
       .seen = "planted small",
       .says = "the loss is 2 % too large",
       .where = {.config = ""},
       .in_sampler = sum_by(&Sampler::simple_loss,
                            [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
                              return PerSample(1.02 * simple_loss(c, m, x, x0));
                            })},
  };
}

std::vector<Fault> faults_of_gamma() {
  return {
      {.name = "gamma-as-printed",
       .equation = "Theorem1",
       .condition = "any",
       .seen = "the weight commonly quoted",
       .says = "gamma_t = 1 / (2 d sigma^2 alpha_bar_t)",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = gamma_by([](const Chain& chain, std::size_t i, double) {
         constexpr int d = 2;
         return 1 / (2 * d * variance_of(chain, i) * alpha_bar_of(chain, i));
       })},
      {.name = "gamma-without-c",
       .equation = "Theorem1",
       .condition = "S > 1",
       .seen = "the weight of t = 1 kept at every t",
       .says = "c_t^2 is missing from gamma",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = gamma_by([](const Chain& chain, std::size_t i, double) {
         return one_minus_of(chain, i) / (2 * variance_of(chain, i) * alpha_bar_of(chain, i));
       })},
      {.name = "gamma-without-one-minus-a",
       .equation = "Theorem1",
       .condition = "any",
       .seen = "x_0's error taken for eps'",
       .says = "(1 - alpha_bar_t) is missing from gamma",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = gamma_by(
           [](const Chain& chain, std::size_t i, double right) { return right / one_minus_of(chain, i); })},
      {.name = "gamma-by-dimension",
       .equation = "Theorem1",
       .condition = "more than one dimension",
       .seen = "the weight commonly quoted, with its 1 / d",
       .says = "1 / d in the weight",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = gamma_by([](const Chain&, std::size_t, double right) { return right / 2; })},
      {.name = "gamma-first-left-out",
       .equation = "Theorem1",
       .condition = "any",
       .seen = "a loop that begins at t = 2",
       .says = "gamma_1 = 0",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = gamma_by([](const Chain&, std::size_t i, double right) { return i == 0 ? 0 : right; })},
  };
}

}  // namespace

std::vector<Fault> objective_faults() {
  std::vector<Fault> all = faults_of_the_kl_form();
  for (auto* part : {faults_of_the_sums, faults_of_gamma}) {
    for (Fault& fault : part()) all.push_back(std::move(fault));
  }
  return all;
}

}  // namespace ddim::faults
