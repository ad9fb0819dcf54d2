#include "reference/objective.hpp"

#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "reference/paths.hpp"
#include "reference/pieces.hpp"
#include "reference/posterior.hpp"
#include "reference/squares.hpp"

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

Gaussian p_transition(const Chain& chain, const EpsModel& model, const Path& path, std::size_t i,
                      Threads threads) {
  return p_step(chain.steps[i], positive_sigma(chain, i), path[i],
                model(chain.steps[i].current, path[i], threads), threads);
}

/// body(i, block, eps) for every step i of the path and every block of samples; for one sample, i ascends. A
/// model by columns is asked block by block, so that what it reads and writes stays in a core's own cache.
template <class Body>
void over_steps(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                Threads threads, const Body& body) {
  using Eigen::Index;
  const Index d = x0.rows(), n = x0.cols();
  if (const EpsModel::OfColumns& of_columns = model.of_columns()) {
    in_blocks(threads, d, n, [&](Index first, Index last) {
      for (std::size_t i = 0; i < path.size(); ++i) {
        const BatchRef x_t = path[i].middleCols(first, last - first);
        const Batch eps = of_columns(chain.steps[i].current, x_t, first, n);
        require_shape("eps_theta", eps, d, last - first);
        body(i, PathBlock{path, x0, first, last}, eps);
      }
    });
    return;
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Batch eps = model(chain.steps[i].current, path[i]);
    require_shape("eps_theta", eps, d, n);
    in_blocks(threads, d, n, [&](Index first, Index last) {
      body(i, PathBlock{path, x0, first, last}, eps.middleCols(first, last - first));
    });
  }
}

/// Eq10 as QPathDensity is Eq6, with x_T's own square.
class PPathDensity {
 public:
  explicit PPathDensity(const Chain& chain) : chain_(chain) {
    double log_scale = 0;
    for (std::size_t i = 0; i < chain.steps.size(); ++i) {
      log_scale += std::log(static_cast<double>(positive_sigma(chain, i).variance()));
      mean_.push_back(p_mean_coefficients(chain.steps[i], chain.sigma[i]));
    }
    normaliser_ = static_cast<double>(chain.steps.size() + 1) * std::log(2 * std::numbers::pi) + log_scale;
  }
  PerSample squares(const PathBlock& block, std::size_t i, const BatchRef& eps) const {
    PerSample result = whitened_norms(block.first, chain_.sigma[i].value(), block.x_t(mean_[i].x_t, i),
                                      Term{mean_[i].eps, "eps", eps}, block.x_prev(-1, i));
    if (i + 1 == mean_.size()) result += squared_norms(block.first, block.x_t(1, i));
    return result;
  }
  double normaliser() const { return normaliser_; }

 private:
  const Chain& chain_;
  std::vector<MeanCoefficients> mean_;
  double normaliser_;
};

}  // namespace

PerSample kl_divergence(const Gaussian& p, const Gaussian& q, Threads threads) {
  for (const double variance : {p.variance, q.variance}) {
    if (!(variance > 0 && std::isfinite(variance))) throw DomainError("variance", variance, "variance > 0");
  }
  require_shape("mean of q", q.mean, p.mean.rows(), p.mean.cols());
  // ratio - 1 - log(ratio): what is left near 1 is of second order, hence in quad.
  const Quad vp = p.variance, vq = q.variance, excess = (vp - vq) / vq;
  const Quad log_ratio = abs(excess) < 0.5 ? Quad(log1p(excess)) : Quad(log(vp / vq));
  const double spread = round_to_double(p.mean.rows() * (excess - log_ratio));
  const Term mean_p{1, "mean of p", p.mean}, mean_q{-1, "mean of q", q.mean};
  PerSample result(p.mean.cols());
  in_blocks(threads, p.mean.rows(), p.mean.cols(), [&](Eigen::Index first, Eigen::Index last) {
    const PerSample squares =
        squared_norms(first, columns(mean_p, first, last), columns(mean_q, first, last));
    result.segment(first, last - first) = 0.5 * (squares.array() / q.variance + spread);
  });
  return finite(std::move(result));
}

PerSample p_log_density(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                        Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  const PPathDensity p(chain);
  const double normaliser = static_cast<double>(x0.rows()) * p.normaliser();
  PerSample squares = PerSample::Zero(x0.cols());
  over_steps(chain, model, path, x0, threads,
             [&](std::size_t i, const PathBlock& block, const BatchRef& eps) {
               squares.segment(block.first, block.samples()) += p.squares(block, i, eps);
             });
  return finite(-0.5 * (squares.array() + normaliser));
}

PerSample log_ratio(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                    Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  const QPathDensity q(chain);
  const PPathDensity p(chain);
  PerSample of_q = PerSample::Zero(x0.cols()), of_p = of_q;
  over_steps(chain, model, path, x0, threads,
             [&](std::size_t i, const PathBlock& block, const BatchRef& eps) {
               of_q.segment(block.first, block.samples()) += q.squares(block, i);
               of_p.segment(block.first, block.samples()) += p.squares(block, i, eps);
             });
  const auto d = static_cast<double>(x0.rows());
  return finite(0.5 * ((of_p.array() + d * p.normaliser()) - (of_q.array() + d * q.normaliser())));
}

PerSample log_q_terminal(const Chain& chain, const Path& path, const BatchRef& x0, Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  return log_density(q_marginal(chain.steps.back().current, x0, threads), path.back(), threads);
}

PerSample log_q_posteriors(const Chain& chain, const Path& path, const BatchRef& x0, Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  PerSample sum = PerSample::Zero(x0.cols());
  for (std::size_t i = 1; i < path.size(); ++i) {
    const Gaussian law = q_posterior(chain.steps[i], positive_sigma(chain, i), path[i], x0, threads);
    sum += log_density(law, path[i - 1], threads);
  }
  return finite(std::move(sum));
}

PerSample log_p_transitions(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                            Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  PerSample sum = PerSample::Zero(x0.cols());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const BatchRef x_prev = i == 0 ? x0 : BatchRef(path[i - 1]);
    sum += log_density(p_transition(chain, model, path, i, threads), x_prev, threads);
  }
  return finite(std::move(sum));
}

PerSample log_p_prior(const Path& path, Threads threads) {
  if (path.empty()) throw ShapeError("length of path", "0", "at least one time");
  return log_density({Batch::Zero(path.back().rows(), path.back().cols()), 1.0}, path.back(), threads);
}

PerSample KlForm::sum() const {
  PerSample total = prior + reconstruction;
  for (const PerSample& kl : step) total += kl;
  return finite(std::move(total));
}

KlForm variational_objective(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                             Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  KlForm form;
  form.prior = kl_divergence(q_marginal(chain.steps.back().current, x0, threads),
                             {Batch::Zero(x0.rows(), x0.cols()), 1.0}, threads);
  for (std::size_t i = 1; i < path.size(); ++i) {
    const Gaussian posterior = q_posterior(chain.steps[i], positive_sigma(chain, i), path[i], x0, threads);
    form.step.push_back(kl_divergence(posterior, p_transition(chain, model, path, i, threads), threads));
  }
  form.reconstruction = -log_density(p_transition(chain, model, path, 0, threads), x0, threads);
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

PerSample theorem1_constant(const Chain& chain, const BatchRef& x0, Threads threads) {
  chain.require_valid();
  const Gaussian prior{Batch::Zero(x0.rows(), x0.cols()), 1.0};
  const double variance = positive_sigma(chain, 0).variance();
  return finite(kl_divergence(q_marginal(chain.steps.back().current, x0, threads), prior, threads).array() +
                0.5 * static_cast<double>(x0.rows()) * std::log(2 * std::numbers::pi * variance));
}

PerSample weighted_loss(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                        const Eigen::VectorXd& gamma, Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  require_shape("gamma", gamma, chain.S(), 1);
  require_finite("gamma", gamma);
  std::vector<PredictorCoefficients> eps_of;
  for (const Transition& step : chain.steps) eps_of.push_back(predict_eps_coefficients(step.current));
  PerSample loss = PerSample::Zero(x0.cols());
  over_steps(chain, model, path, x0, threads,
             [&](std::size_t i, const PathBlock& block, const BatchRef& eps) {
               const PerSample error = squared_norms(block.first, block.x_t(eps_of[i].x_t, i),
                                                     block.x_0(eps_of[i].other), Term{-1, "eps_theta", eps});
               loss.segment(block.first, block.samples()) += gamma[static_cast<Eigen::Index>(i)] * error;
             });
  return finite(std::move(loss));
}

PerSample simple_loss(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                      Threads threads) {
  return weighted_loss(chain, model, path, x0, Eigen::VectorXd::Ones(chain.S()), threads);
}

}  // namespace ddim
