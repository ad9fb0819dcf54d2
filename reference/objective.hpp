#pragma once

#include "reference/steps.hpp"

namespace ddim {

/// KL(p || q) per sample in nats, summed over the d dimensions:
///   (d (log(vq / vp) + vp / vq - 1) + |mean_p - mean_q|^2 / vq) / 2.
/// Domain: both variances > 0. Error: (d + 6) u relative, no term being negative.
PerSample kl_divergence(const Gaussian& p, const Gaussian& q, Threads threads = {});

/// Eq11, first line: log q_sigma(x_{1:T} | x_0) - log p_theta(x_{0:T}) on one
/// path per sample; its mean over q_sigma estimates J_sigma. Everything in nats,
/// summed over dimensions. Domain: sigma_i > 0 for every i, sigma_1 included.
PerSample log_ratio(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                    Threads threads = {});

/// log p_theta(x_{0:T}) of Eq10, whole.
PerSample p_log_density(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                        Threads threads = {});

/// Eq11, second line, sum by sum: log_q_terminal + log_q_posteriors - log_p_transitions - log_p_prior is
/// log_ratio, path by path. This one is log q_sigma(x_T | x_0).
PerSample log_q_terminal(const Chain& chain, const Path& path, const BatchRef& x0, Threads threads = {});
/// sum_{t >= 2} log q_sigma(x_{t-1} | x_t, x_0).
PerSample log_q_posteriors(const Chain& chain, const Path& path, const BatchRef& x0, Threads threads = {});
/// sum_{t >= 1} log p_theta^(t)(x_{t-1} | x_t).
PerSample log_p_transitions(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                            Threads threads = {});
/// log p_theta(x_T), with p_theta(x_T) = N(0, I).
PerSample log_p_prior(const Path& path, Threads threads = {});

/// Eq11 in KL form, on one path per sample (only the marginals of the path matter):
///   KL(q(x_T | x_0) || N(0, I)) + sum_{t >= 2} KL_t(x_t) - log p_theta(x_0 | x_1).
/// The same expectation as log_ratio, with less variance.
struct KlForm {
  PerSample prior;              ///< KL(q(x_T | x_0) || p_theta(x_T))
  std::vector<PerSample> step;  ///< step[i - 2] is KL_{tau_i}, i = 2..S
  PerSample reconstruction;     ///< -log p_theta(x_0 | x_{tau_1})
  PerSample sum() const;
};
KlForm variational_objective(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                             Threads threads = {});

/// Theorem1. The exact weights: J_sigma = L_gamma + C. gamma[i - 1] belongs to tau_i.
///   gamma_t = c_t^2 (1 - a) / (2 sigma^2 a), with c_t Eq7's coefficient of x_0, t >= 2
///   gamma_1 = (1 - a_1) / (2 sigma_1^2 a_1)
/// (The weight commonly quoted, 1 / (2 d sigma^2 a), does not
/// make J - L_gamma constant.) Domain: sigma_i > 0. Error: 1 ulp.
Eigen::VectorXd gamma_weights(const Chain& chain);

/// Theorem1. C per sample, the part of J that no eps_theta changes:
///   KL(q(x_T | x_0) || N(0, I)) + (d/2) log(2 pi sigma_1^2).
PerSample theorem1_constant(const Chain& chain, const BatchRef& x0, Threads threads = {});

/// L_gamma on one path per sample:
///   sum_t gamma_t |eps - eps_theta(x_t)|^2, with eps = (x_t - sqrt(a) x_0) / sqrt(1 - a).
PerSample weighted_loss(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                        const Eigen::VectorXd& gamma, Threads threads = {});
/// L_1, DDPM's simple loss: every weight 1.
PerSample simple_loss(const Chain& chain, const EpsModel& model, const Path& path, const BatchRef& x0,
                      Threads threads = {});

}  // namespace ddim
