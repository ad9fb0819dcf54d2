#pragma once

#include <vector>

#include "reference/batch.hpp"
#include "reference/schedule.hpp"

namespace ddim {

/// A normal law with covariance variance * I; one mean per sample.
struct Gaussian {
  Batch mean;
  double variance = 1;
};

/// log N(x; mean, variance I) per sample, in nats, summed over dimensions. Domain: variance > 0.
PerSample log_density(const Gaussian& law, const BatchRef& x);

/// Lemma1. q(x_t | x_0) = N(sqrt(alpha_bar) x_0, (1 - alpha_bar) I), whatever sigma is. At t = T it is Eq6T.
Gaussian q_marginal(const NoiseLevel& level, const BatchRef& x0);

/// Lemma1. A draw of it: x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise. Error: affine2_bound.
Batch q_sample(const NoiseLevel& level, const BatchRef& x0, const BatchRef& noise);
void q_sample(const NoiseLevel& level, const BatchRef& x0, const BatchRef& noise, BatchOut x_t);

/// Eq7's radicand 1 - alpha_bar_prev - sigma^2. Domain: sigma^2 <= 1 - alpha_bar_prev; an excess of at most
/// 4 ulps (2^-50 relative to 1 - alpha_bar_prev), as rounding a sigma at the boundary gives, counts as zero.
Wide posterior_radicand(const Transition& step, const Sigma& sigma);

/// Eq7. mean = x0 * x_0 + x_t * x_t. Error: 1 ulp each; where alpha_bar or sigma is not given as a double but
/// made (a schedule's, Eq16's), x_t as its root vanishes: 1 ulp or 2^-53 sqrt((1 - alpha_bar_prev) / (1 -
/// alpha_bar)).
///   x_t = sqrt(1 - alpha_bar_prev - sigma^2) / sqrt(1 - alpha_bar)
///   x0  = sqrt(alpha_bar_prev) - x_t sqrt(alpha_bar), without its cancellation
///       = (alpha_bar_prev - alpha_bar + alpha_bar sigma^2) /
///         ((1 - alpha_bar) (sqrt(alpha_bar_prev) + x_t sqrt(alpha_bar)))
struct PosteriorCoefficients {
  double x0;
  double x_t;
};
PosteriorCoefficients posterior_coefficients(const Transition& step, const Sigma& sigma);

/// Eq7. q_sigma(x_{t-1} | x_t, x_0) =
///   N(sqrt(alpha_bar_prev) x_0 + sqrt(1 - alpha_bar_prev - sigma^2) (x_t - sqrt(alpha_bar) x_0) / sqrt(1 -
///   alpha_bar), sigma^2 I)
/// Domain: 0 <= sigma^2 <= 1 - alpha_bar_prev. Error of the mean: affine2_bound.
Gaussian q_posterior(const Transition& step, const Sigma& sigma, const BatchRef& x_t, const BatchRef& x0);

/// Eq8. mean = x0 * x_0 + x_prev * x_{t-1}. Error: 1 ulp each, or, whichever is larger: of x_prev, as of
/// Eq7's x_t, 2^-53 sqrt((1 - alpha_bar) / (1 - alpha_bar_prev)); of x0, which passes through zero at eta =
/// 1, 2^-104 (alpha_bar_prev - alpha_bar) / ((1 - alpha_bar_prev) sqrt(alpha_bar)).
///   x_prev   = sqrt((1 - alpha_bar) (1 - alpha_bar_prev - sigma^2)) / (1 - alpha_bar_prev)
///   x0       = sqrt(alpha_bar) - x_prev sqrt(alpha_bar_prev)                       (NonMarkov)
///   variance = sigma^2 (1 - alpha_bar) / (1 - alpha_bar_prev)
struct ForwardCoefficients {
  double x0;
  double x_prev;
  double variance;
};
/// Domain: Eq7's, and alpha_bar_prev < 1 (t >= 2: at t = 1 the forward law is Lemma1).
ForwardCoefficients forward_coefficients(const Transition& step, const Sigma& sigma);

/// Eq8. q_sigma(x_t | x_{t-1}, x_0), by Bayes' rule in closed form. Error of the mean: affine2_bound.
Gaussian forward_step(const Transition& step, const Sigma& sigma, const BatchRef& x_prev, const BatchRef& x0);

/// Eq8. The same density as the text writes it, the quotient of three:
///   log q(x_{t-1} | x_t, x_0) + log q(x_t | x_0) - log q(x_{t-1} | x_0). Domain: also sigma > 0.
PerSample forward_log_density_by_bayes(const Transition& step, const Sigma& sigma, const BatchRef& x_t,
                                       const BatchRef& x_prev, const BatchRef& x0);

/// NonMarkov. x_0's coefficient in Eq8; zero iff sigma is Eq16's at eta = 1,
/// the one Markovian member of the family.
double non_markov_coefficient(const Transition& step, const Sigma& sigma);

/// A path x_{tau_1}..x_{tau_S}: path[i - 1] is x_{tau_i}, all d x n.
using Path = std::vector<Batch>;
/// ShapeError unless the chain is valid and the path has one rows x cols batch for each of its steps.
void require_path(const char* name, const Chain& chain, const Path& path, Eigen::Index rows,
                  Eigen::Index cols);

/// Eq6. log q_sigma(x_{1:T} | x_0) = log q(x_T | x_0) + sum_{t >= 2} log q_sigma(x_{t-1} | x_t, x_0), along
/// tau. Evaluated whole, as the density of the independent standard normals that drive the path. Domain:
/// sigma_t > 0, t >= 2.
PerSample q_log_density(const Chain& chain, const Path& path, const BatchRef& x0);

/// Eq6. An ancestral draw: x_T by Eq6T from noise[S - 1], then down by Eq7 with noise[i - 2] for step i.
Path q_sample_path(const Chain& chain, const BatchRef& x0, const Path& noise);

/// Eq6 built the other way: x_{tau_1} by Lemma1 from noise[0], then up by Eq8 with noise[i - 1].
/// The same joint law.
Path q_sample_path_forward(const Chain& chain, const BatchRef& x0, const Path& noise);

}  // namespace ddim
