#pragma once

#include "reference/predictor.hpp"

namespace ddim {

/// Eq12 as one affine map of what the step is given, in a
/// form without the cancellation of Eq12's literal one:
///   x_prev = c.x_t x_t + c.output (network output) + c.sigma noise.
/// With k = sqrt(1 - alpha_bar_prev - sigma^2), a = alpha_bar, p = alpha_bar_prev:
///   eps: c.x_t = sqrt(p / a),                c.output = -((p - a) / a + sigma^2) / (k + sqrt(p (1 - a) / a))
///   x0:  c.x_t = k / sqrt(1 - a),            c.output = Eq7's coefficient of x_0
///   v:   c.x_t = sqrt(p a) + k sqrt(1 - a),  c.output = -(p - a + a sigma^2) / (k sqrt(a) + sqrt(p (1 - a)))
/// Error: 1 ulp each; c.x_t of x0 as Eq7's c.x_t, and of v likewise 1 ulp or 2^-53 sqrt((1 - p) (1 - a)).
struct StepCoefficients {
  double x_t;
  double output;
  double sigma;
};
/// Domain: Eq7's; eps-prediction needs alpha_bar > 0.
StepCoefficients step_coefficients(const Transition& step, const Sigma& sigma,
                                   Prediction prediction = Prediction::eps);

/// Eq12. One generative step, from t to the previous (cleaner) time.
///   x_prev = sqrt(alpha_bar_prev) pred_x0 + sqrt(1 - alpha_bar_prev - sigma^2) eps + sigma noise
/// Shapes: x_t, output, noise and x_prev are d x n. Domain: 0 <= sigma^2 <= 1 - alpha_bar_prev, else
/// DomainError. Error: affine3_bound per component with the coefficients above; affine2_bound without noise.
Batch ddim_step(const StepCoefficients& c, const BatchRef& x_t, const BatchRef& output, const BatchRef& noise,
                Threads threads = {});
void ddim_step(const StepCoefficients& c, const BatchRef& x_t, const BatchRef& output, const BatchRef& noise,
               BatchOut x_prev, Threads threads = {});
/// The deterministic step. Domain: sigma = 0.
Batch ddim_step(const StepCoefficients& c, const BatchRef& x_t, const BatchRef& output, Threads threads = {});

/// Eq12 from a pred_x0 and an eps that no longer belong together, as clipping without re-deriving eps leaves
/// them. Where eps is re-derived from the clipped x_0 the step is q_posterior.
Batch ddim_step_from_parts(const Transition& step, const Sigma& sigma, const BatchRef& pred_x0,
                           const BatchRef& eps, const BatchRef& noise, Threads threads = {});

/// Eq10. p_theta(x_{t-1} | x_t): for t > 1, Eq7 with x_0 := f_theta(x_t); for t = 1 (alpha_bar_prev = 1),
/// N(f_theta(x_1), sigma_1^2 I), where sigma_1 is free. Domain: Eq7's for t > 1; alpha_bar > 0.
Gaussian p_step(const Transition& step, const Sigma& sigma, const BatchRef& x_t, const BatchRef& eps,
                Threads threads = {});
/// Its mean = c.x_t x_t + c.eps eps. Error: 1 ulp each.
struct MeanCoefficients {
  double x_t;
  double eps;
};
MeanCoefficients p_mean_coefficients(const Transition& step, const Sigma& sigma);

/// Eq13 reversed: encodes, from `prev` to `current`, with the eps evaluated at x_prev.
///   x_t = c.x_prev x_prev + c.eps eps,  c.x_prev = sqrt(a / p),  c.eps = sqrt(1 - a) - sqrt(a (1 - p) / p)
/// Error of each coefficient: 1 ulp.
struct EncodeCoefficients {
  double x_prev;
  double eps;
};
EncodeCoefficients encode_coefficients(const Transition& step);
/// The step itself: Euler's step of d x_bar = eps d ode_sigma in x_bar = x / sqrt(alpha_bar) (Eq14),
/// multiplied out. Shapes: d x n. Error: affine2_bound.
Batch ddim_encode_step(const Transition& step, const BatchRef& x_prev, const BatchRef& eps,
                       Threads threads = {});

/// Eq10 along a chain: x_S ~ p_theta(x_T) given, then down to x_0. noise[i - 1] drives step i. Returns x_0.
Batch p_sample(const Chain& chain, const EpsModel& model, const BatchRef& x_T, const Path& noise,
               Threads threads = {});
/// Eq13 up a chain: from x_0 to x_T with the model's own eps, sigma ignored. The first step evaluates the
/// model at tau_1, since eps at t = 0 is not defined.
Batch encode(const Chain& chain, const EpsModel& model, const BatchRef& x0, Threads threads = {});

/// The exact law of the generative chain for data N(mean, variance I) under its optimal eps, from
/// p_theta(x_T) = N(0, I): every x_t is normal. Returned: x_{tau_S}, ..., x_{tau_1}, x_0, each mean d x 1.
/// Any eta, tau and S. Domain: alpha_bar > 0, variance >= 0. At finite S the last variance is not the data's.
std::vector<Gaussian> generative_law(const Chain& chain, const Eigen::VectorXd& mean, double variance);

}  // namespace ddim
