#pragma once

#include "reference/batch.hpp"
#include "reference/schedule.hpp"

namespace ddim {

/// AppendixA. Weights of the discrete family:
///   q(x_{t-1} | x_t, x_0) = Cat(w.x_t x_t + w.x0 x_0 + w.uniform 1/K),
///   w.x_t = s,  w.x0 = alpha_bar_prev - s alpha_bar,  w.uniform = (1 - alpha_bar_prev) - (1 - alpha_bar) s
/// They sum to 1 and are non-negative iff 0 <= s <= (1 - alpha_bar_prev) / (1 - alpha_bar). Error: 1 ulp
/// each; of w.uniform, which vanishes at the boundary, 1 ulp or 2^-104 (1 - alpha_bar_prev).
struct DiscreteWeights {
  double x_t;
  double x0;
  double uniform;
};
/// Domain: 0 <= s <= (1 - alpha_bar_prev) / (1 - alpha_bar); an excess of 4 ulps counts as the boundary.
DiscreteWeights discrete_weights(const Transition& step, double s);

/// AppendixA. The marginal Cat(alpha_bar x_0 + (1 - alpha_bar) / K), for every such s.
/// Shapes: K x n, each column a distribution over K categories (one-hot or predicted). Domain: columns
/// non-negative with sum 1 within 1e-9.
Batch discrete_marginal(const NoiseLevel& level, const BatchRef& x0, Threads threads = {});

/// AppendixA. q(x_{t-1} | x_t, x_0); with x_0 := f_theta(x_t) it is p_theta. Shapes and domain as above.
Batch discrete_posterior(const Transition& step, double s, const BatchRef& x_t, const BatchRef& x0,
                         Threads threads = {});

/// Draws one category per column by inversion.
/// Shapes: probabilities K x n, uniforms n in [0, 1); result one-hot K x n.
Batch discrete_sample(const BatchRef& probabilities, const Eigen::VectorXd& uniforms);

}  // namespace ddim
