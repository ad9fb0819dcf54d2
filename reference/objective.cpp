#include "reference/objective.hpp"

#include <cmath>
#include <numbers>
#include <string>

#include "reference/quad.hpp"

namespace ddim {
namespace {

const Sigma& positive_sigma(const Chain& chain, std::size_t i) {
  const Sigma& sigma = chain.sigma[i];
  if (!(sigma.value() > 0)) {
    throw DomainError(
        "sigma[" + std::to_string(i + 1) + "]", sigma.value(),
        "sigma > 0 (J_sigma is infinite otherwise; Eq16 gives sigma_1 = 0, so J takes a sigma_1 of its own)");
  }
  return sigma;
}

Gaussian p_transition(const Chain& chain, const EpsModel& model, const Path& path, std::size_t i) {
  return p_step(chain.steps[i], positive_sigma(chain, i), path[i], model(chain.steps[i].current, path[i]));
}

}  // namespace

PerSample kl_divergence(const Gaussian& p, const Gaussian& q) {
  for (const double variance : {p.variance, q.variance}) {
    if (!(variance > 0 && std::isfinite(variance))) throw DomainError("variance", variance, "variance > 0");
  }
  // ratio - 1 - log(ratio): what is left near 1 is of second order, hence in quad.
  const Quad vp = p.variance, vq = q.variance, excess = (vp - vq) / vq;
  const Quad log_ratio = abs(excess) < 0.5 ? Quad(log1p(excess)) : Quad(log(vp / vq));
  const double spread = static_cast<double>(p.mean.rows()) * round_to_double(excess - log_ratio);
  const Batch difference = combine({1, "mean of p", p.mean}, {-1, "mean of q", q.mean});
  return 0.5 * (difference.colwise().squaredNorm().transpose().array() / q.variance + spread);
}

PerSample p_log_density(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  PerSample squares = path.back().colwise().squaredNorm();
  double log_scale = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Gaussian law = p_transition(chain, model, path, i);
    const BatchRef x_prev = i == 0 ? x0 : BatchRef(path[i - 1]);
    squares += combine({1, "x_prev", x_prev}, {-1, "mean", law.mean}).colwise().squaredNorm().transpose() /
               law.variance;
    log_scale += std::log(law.variance);
  }
  const double normaliser =
      static_cast<double>(x0.rows()) *
      (static_cast<double>(path.size() + 1) * std::log(2 * std::numbers::pi) + log_scale);
  return -0.5 * (squares.array() + normaliser);
}

PerSample log_ratio(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0) {
  return q_log_density(chain, path, x0) - p_log_density(chain, model, path, x0);
}

PerSample log_q_terminal(const Chain& chain, const Path& path, const BatchRef& x0) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  return log_density(q_marginal(chain.steps.back().current, x0), path.back());
}

PerSample log_q_posteriors(const Chain& chain, const Path& path, const BatchRef& x0) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  PerSample sum = PerSample::Zero(x0.cols());
  for (std::size_t i = 1; i < path.size(); ++i) {
    sum += log_density(q_posterior(chain.steps[i], positive_sigma(chain, i), path[i], x0), path[i - 1]);
  }
  return sum;
}

PerSample log_p_transitions(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  PerSample sum = PerSample::Zero(x0.cols());
  for (std::size_t i = 0; i < path.size(); ++i) {
    sum += log_density(p_transition(chain, model, path, i), i == 0 ? x0 : BatchRef(path[i - 1]));
  }
  return sum;
}

PerSample log_p_prior(const Path& path) {
  if (path.empty()) throw ShapeError("length of path", "0", "at least one time");
  return log_density({Batch::Zero(path.back().rows(), path.back().cols()), 1.0}, path.back());
}

PerSample KlForm::sum() const {
  PerSample total = prior + reconstruction;
  for (const PerSample& kl : step) total += kl;
  return total;
}

KlForm variational_objective(const Chain& chain, const EpsModel& model, const Path& path,
                             const BatchRef& x0) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  KlForm form;
  form.prior =
      kl_divergence(q_marginal(chain.steps.back().current, x0), {Batch::Zero(x0.rows(), x0.cols()), 1.0});
  for (std::size_t i = 1; i < path.size(); ++i) {
    form.step.push_back(kl_divergence(q_posterior(chain.steps[i], positive_sigma(chain, i), path[i], x0),
                                      p_transition(chain, model, path, i)));
  }
  form.reconstruction = -log_density(p_transition(chain, model, path, 0), x0);
  return form;
}

Eigen::VectorXd gamma_weights(const Chain& chain) {
  chain.require_valid();
  Eigen::VectorXd gamma(chain.S());
  for (std::size_t i = 0; i < chain.steps.size(); ++i) {
    const NoiseLevel& level = chain.steps[i].current;
    const Quad a = quad(level.alpha_bar), variance = quad(positive_sigma(chain, i).variance());
    if (a == 0)
      throw DomainError("alpha_bar[" + std::to_string(level.t) + "]", 0.0,
                        "alpha_bar > 0 (Theorem1 is stated for eps)");
    const Quad c = i == 0 ? Quad(1) : quad_posterior(chain.steps[i], chain.sigma[i]).x0;
    const double weight = round_to_double(c * c * quad(level.one_minus_alpha_bar) / (2 * variance * a));
    if (!std::isfinite(weight)) {
      throw DomainError("gamma[" + std::to_string(i + 1) + "]", weight, "the doubles (sigma is too small)");
    }
    gamma[static_cast<Eigen::Index>(i)] = weight;
  }
  return gamma;
}

PerSample theorem1_constant(const Chain& chain, const BatchRef& x0) {
  chain.require_valid();
  const Gaussian prior{Batch::Zero(x0.rows(), x0.cols()), 1.0};
  const double variance = positive_sigma(chain, 0).variance();
  return kl_divergence(q_marginal(chain.steps.back().current, x0), prior).array() +
         0.5 * static_cast<double>(x0.rows()) * std::log(2 * std::numbers::pi * variance);
}

PerSample weighted_loss(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                        const Eigen::VectorXd& gamma) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  require_shape("gamma", gamma, chain.S(), 1);
  require_finite("gamma", gamma);
  PerSample loss = PerSample::Zero(x0.cols());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const NoiseLevel& level = chain.steps[i].current;
    const Batch error =
        combine({1, "eps", predict_eps(level, path[i], x0)}, {-1, "eps_theta", model(level, path[i])});
    loss += gamma[static_cast<Eigen::Index>(i)] * error.colwise().squaredNorm().transpose();
  }
  return loss;
}

PerSample simple_loss(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0) {
  return weighted_loss(chain, model, path, x0, Eigen::VectorXd::Ones(chain.S()));
}

}  // namespace ddim
