#pragma once

#include <functional>

#include "reference/laws.hpp"

namespace ddim {

/// What a network was trained to output.
enum class Prediction { eps, x0, v };

/// Eq9. f_theta(x_t) = (x_t - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar). Shapes: d x n.
/// Domain: alpha_bar > 0 (at zero terminal SNR eps says nothing of x_0). Error: affine2_bound.
Batch predict_x0(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& eps);

/// Eq9 inverted. eps = (x_t - sqrt(alpha_bar) x_0) / sqrt(1 - alpha_bar).
/// Domain: alpha_bar < 1. Error: affine2_bound.
Batch predict_eps(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& x0);

/// v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x_0, and back from v by the same rotation:
///   x_0 = sqrt(alpha_bar) x_t - sqrt(1 - alpha_bar) v,  eps = sqrt(1 - alpha_bar) x_t + sqrt(alpha_bar) v.
/// Domain: every level. Error: affine2_bound.
Batch predict_v(const NoiseLevel& level, const BatchRef& eps, const BatchRef& x0);
Batch predict_x0_from_v(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& v);
Batch predict_eps_from_v(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& v);

/// Eq9 for whatever the network outputs: its x_0, and its eps.
Batch predict_x0(const NoiseLevel& level, Prediction prediction, const BatchRef& x_t, const BatchRef& output);
Batch predict_eps(const NoiseLevel& level, Prediction prediction, const BatchRef& x_t,
                  const BatchRef& output);

/// Clamp to [-range, range]. Domain: range > 0.
Batch clip(const BatchRef& x0, double range);

/// Dynamic thresholding (Imagen, arXiv 2205.11487): per sample s = the `ratio` quantile of |x_0| (linear
/// interpolation), brought into [1, max_value]; then clamp to [-s, s] and divide by s.
/// Domain: 0 <= ratio <= 1, max_value >= 1.
Batch dynamic_threshold(const BatchRef& x0, double ratio, double max_value);

/// A noise predictor eps_theta^(t)(x_t): d x n in, d x n out.
using EpsModel = std::function<Batch(const NoiseLevel&, const BatchRef& x_t)>;

/// Truths without a network: E[eps | x_t] in closed form.
/// Data that is the single point x_0 (d x n, one per sample): the generative chain is then q_sigma itself.
EpsModel point_mass_eps(Batch x0);
/// Data N(mean, variance I), mean d x 1: eps = sqrt(1 - a)(x - sqrt(a) mean) / (a variance + 1 - a). Domain:
/// variance >= 0.
EpsModel gaussian_eps(const Eigen::VectorXd& mean, double variance);
/// Data sum_k weight_k N(mean_k, variance_k I), means d x K: the softmax average of the components' eps.
/// Domain: weights > 0, summing to 1 within 1e-12; variances >= 0.
EpsModel mixture_eps(Eigen::VectorXd weights, Batch means, Eigen::VectorXd variances);

}  // namespace ddim
