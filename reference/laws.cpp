#include "reference/laws.hpp"

#include <cmath>
#include <numbers>
#include <string>

#include "reference/quad.hpp"

namespace ddim {
namespace {

void require_positive_variance(double variance) {
  if (!(variance > 0 && std::isfinite(variance))) {
    throw DomainError("variance", variance, "variance > 0 (a density needs one)");
  }
}

/// -(d log(2 pi variance) + |residual|^2 / variance) / 2 per sample,
/// for residuals that are already whitened or not.
PerSample gaussian_log_density(const Batch& residual, double variance) {
  require_positive_variance(variance);
  const double normaliser = static_cast<double>(residual.rows()) * std::log(2 * std::numbers::pi * variance);
  return -0.5 * (residual.colwise().squaredNorm().transpose().array() / variance + normaliser);
}

}  // namespace

PerSample log_density(const Gaussian& law, const BatchRef& x) {
  return gaussian_log_density(combine({1, "x", x}, {-1, "mean", law.mean}), law.variance);
}

Gaussian q_marginal(const NoiseLevel& level, const BatchRef& x0) {
  require_finite("x0", x0);
  return {sqrt_alpha_bar(level) * x0, level.one_minus_alpha_bar};
}

void q_sample(const NoiseLevel& level, const BatchRef& x0, const BatchRef& noise, BatchOut x_t) {
  combine({sqrt_alpha_bar(level), "x0", x0}, {sqrt_one_minus_alpha_bar(level), "noise", noise}, x_t);
}

Batch q_sample(const NoiseLevel& level, const BatchRef& x0, const BatchRef& noise) {
  Batch x_t(x0.rows(), x0.cols());
  q_sample(level, x0, noise, x_t);
  return x_t;
}

Admitted admit(const Transition& step, const Sigma& sigma) {
  const Quad limit = quad(step.prev.one_minus_alpha_bar), variance = quad(sigma.variance());
  const Quad radicand = limit - variance;
  if (radicand >= 0) return {radicand, variance};
  if (radicand >= -limit * std::ldexp(1.0, -50)) return {0, limit};
  throw DomainError(
      "sigma", sigma.value(),
      "0 <= sigma^2 <= 1 - alpha_bar_prev = " + to_text(step.prev.one_minus_alpha_bar) + " (Eq7)");
}

Wide posterior_radicand(const Transition& step, const Sigma& sigma) {
  return wide(admit(step, sigma).radicand);
}

QuadPosterior quad_posterior(const Transition& step, const Sigma& sigma) {
  const Quad alpha_bar = quad(step.current.alpha_bar), one_minus = quad(step.current.one_minus_alpha_bar);
  const Quad alpha_bar_prev = quad(step.prev.alpha_bar);
  const Admitted admitted = admit(step, sigma);
  const Quad x_t = sqrt(admitted.radicand / one_minus);
  const Quad x0 = (alpha_bar_prev * quad(step.beta) + alpha_bar * admitted.variance) /
                  (one_minus * (sqrt(alpha_bar_prev) + x_t * sqrt(alpha_bar)));
  return {x0, x_t};
}

PosteriorCoefficients posterior_coefficients(const Transition& step, const Sigma& sigma) {
  const QuadPosterior c = quad_posterior(step, sigma);
  return {round_to_double(c.x0), round_to_double(c.x_t)};
}

Gaussian q_posterior(const Transition& step, const Sigma& sigma, const BatchRef& x_t, const BatchRef& x0) {
  const PosteriorCoefficients c = posterior_coefficients(step, sigma);
  return {combine({c.x0, "x0", x0}, {c.x_t, "x_t", x_t}), sigma.variance()};
}

ForwardCoefficients forward_coefficients(const Transition& step, const Sigma& sigma) {
  const Quad alpha_bar = quad(step.current.alpha_bar), one_minus = quad(step.current.one_minus_alpha_bar);
  const Quad alpha_bar_prev = quad(step.prev.alpha_bar), one_minus_prev = quad(step.prev.one_minus_alpha_bar);
  if (one_minus_prev == 0) {
    throw DomainError("alpha_bar_prev", 1.0,
                      "alpha_bar_prev < 1 (Eq8 holds for t >= 2; at t = 1 it is Lemma1)");
  }
  const auto [radicand, variance] = admit(step, sigma);
  const Quad x_prev = sqrt(one_minus * radicand) / one_minus_prev;
  // sqrt(alpha_bar) - x_prev sqrt(alpha_bar_prev), by its conjugate unless there is nothing to cancel.
  const Quad x0 =
      x_prev == 0
          ? Quad(sqrt(alpha_bar))
          : Quad(alpha_bar_prev * (one_minus * variance - one_minus_prev * quad(step.beta)) /
                 (one_minus_prev * one_minus_prev * (sqrt(alpha_bar) + x_prev * sqrt(alpha_bar_prev))));
  return {round_to_double(x0), round_to_double(x_prev),
          round_to_double(variance * one_minus / one_minus_prev)};
}

Gaussian forward_step(const Transition& step, const Sigma& sigma, const BatchRef& x_prev,
                      const BatchRef& x0) {
  const ForwardCoefficients c = forward_coefficients(step, sigma);
  return {combine({c.x0, "x0", x0}, {c.x_prev, "x_prev", x_prev}), c.variance};
}

PerSample forward_log_density_by_bayes(const Transition& step, const Sigma& sigma, const BatchRef& x_t,
                                       const BatchRef& x_prev, const BatchRef& x0) {
  require_finite("x_t", x_t);
  require_finite("x_prev", x_prev);
  return log_density(q_posterior(step, sigma, x_t, x0), x_prev) +
         log_density(q_marginal(step.current, x0), x_t) - log_density(q_marginal(step.prev, x0), x_prev);
}

double non_markov_coefficient(const Transition& step, const Sigma& sigma) {
  return forward_coefficients(step, sigma).x0;
}

void require_path(const char* name, const Chain& chain, const Path& path, Eigen::Index rows,
                  Eigen::Index cols) {
  chain.require_valid();
  if (path.size() != chain.steps.size()) {
    throw ShapeError(std::string("length of ") + name, std::to_string(path.size()),
                     "S = " + std::to_string(chain.steps.size()));
  }
  for (const Batch& x : path) require_shape(name, x, rows, cols);
}

PerSample q_log_density(const Chain& chain, const Path& path, const BatchRef& x0) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  const NoiseLevel& top = chain.steps.back().current;
  const auto dimensions = static_cast<double>(x0.rows());
  double log_scale = std::log(static_cast<double>(top.one_minus_alpha_bar));
  PerSample squares =
      (combine({1, "path", path.back()}, {-sqrt_alpha_bar(top), "x0", x0}) / sqrt_one_minus_alpha_bar(top))
          .colwise()
          .squaredNorm();
  for (std::size_t i = path.size() - 1; i >= 1; --i) {
    const Sigma& sigma = chain.sigma[i];
    require_positive_variance(sigma.variance());
    const PosteriorCoefficients c = posterior_coefficients(chain.steps[i], sigma);
    log_scale += std::log(static_cast<double>(sigma.variance()));
    squares +=
        (combine({1, "path", path[i - 1]}, {-c.x0, "x0", x0}, {-c.x_t, "path", path[i]}) / sigma.value())
            .colwise()
            .squaredNorm()
            .transpose();
  }
  const double normaliser =
      dimensions * (static_cast<double>(path.size()) * std::log(2 * std::numbers::pi) + log_scale);
  return -0.5 * (squares.array() + normaliser);
}

Path q_sample_path(const Chain& chain, const BatchRef& x0, const Path& noise) {
  require_path("noise", chain, noise, x0.rows(), x0.cols());
  Path path(noise.size());
  path.back() = q_sample(chain.steps.back().current, x0, noise.back());
  for (std::size_t i = path.size() - 1; i >= 1; --i) {
    const PosteriorCoefficients c = posterior_coefficients(chain.steps[i], chain.sigma[i]);
    path[i - 1] =
        combine({c.x0, "x0", x0}, {c.x_t, "x_t", path[i]}, {chain.sigma[i].value(), "noise", noise[i - 1]});
  }
  return path;
}

Path q_sample_path_forward(const Chain& chain, const BatchRef& x0, const Path& noise) {
  require_path("noise", chain, noise, x0.rows(), x0.cols());
  Path path(noise.size());
  path.front() = q_sample(chain.steps.front().current, x0, noise.front());
  for (std::size_t i = 1; i < path.size(); ++i) {
    const ForwardCoefficients c = forward_coefficients(chain.steps[i], chain.sigma[i]);
    path[i] = combine({c.x0, "x0", x0}, {c.x_prev, "x_prev", path[i - 1]},
                      {std::sqrt(c.variance), "noise", noise[i]});
  }
  return path;
}

}  // namespace ddim
