#include "reference/laws.hpp"

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

void require_positive_variance(double variance) {
  if (!(variance > 0 && std::isfinite(variance))) {
    throw DomainError("variance", variance, "variance > 0 (a density needs one)");
  }
}

/// d log(2 pi variance).
double log_normaliser(Eigen::Index d, double variance) {
  return static_cast<double>(d) * std::log(2 * std::numbers::pi * variance);
}

}  // namespace

PerSample log_density(const Gaussian& law, const BatchRef& x, Threads threads) {
  require_positive_variance(law.variance);
  require_shape("mean", law.mean, x.rows(), x.cols());
  const Term value{1, "x", x}, mean{-1, "mean", law.mean};
  PerSample result(x.cols());
  in_blocks(threads, x.rows(), x.cols(), [&](Eigen::Index first, Eigen::Index last) {
    const PerSample squares = squared_norms(first, columns(value, first, last), columns(mean, first, last));
    result.segment(first, last - first) =
        -0.5 * (squares.array() / law.variance + log_normaliser(x.rows(), law.variance));
  });
  return finite(std::move(result));
}

Gaussian q_marginal(const NoiseLevel& level, const BatchRef& x0, Threads threads) {
  Gaussian law{Batch(x0.rows(), x0.cols()), level.one_minus_alpha_bar};
  combine({sqrt_alpha_bar(level), "x0", x0}, law.mean, threads);
  return law;
}

void q_sample(const NoiseLevel& level, const BatchRef& x0, const BatchRef& noise, BatchOut x_t,
              Threads threads) {
  combine({sqrt_alpha_bar(level), "x0", x0}, {sqrt_one_minus_alpha_bar(level), "noise", noise}, x_t, threads);
}

Batch q_sample(const NoiseLevel& level, const BatchRef& x0, const BatchRef& noise, Threads threads) {
  Batch x_t(x0.rows(), x0.cols());
  q_sample(level, x0, noise, x_t, threads);
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

Gaussian q_posterior(const Transition& step, const Sigma& sigma, const BatchRef& x_t, const BatchRef& x0,
                     Threads threads) {
  const PosteriorCoefficients c = posterior_coefficients(step, sigma);
  return {combine({c.x0, "x0", x0}, {c.x_t, "x_t", x_t}, threads), sigma.variance()};
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

Gaussian forward_step(const Transition& step, const Sigma& sigma, const BatchRef& x_prev, const BatchRef& x0,
                      Threads threads) {
  const ForwardCoefficients c = forward_coefficients(step, sigma);
  return {combine({c.x0, "x0", x0}, {c.x_prev, "x_prev", x_prev}, threads), c.variance};
}

PerSample forward_log_density_by_bayes(const Transition& step, const Sigma& sigma, const BatchRef& x_t,
                                       const BatchRef& x_prev, const BatchRef& x0, Threads threads) {
  require_finite("x_t", x_t);
  require_finite("x_prev", x_prev);
  return finite(log_density(q_posterior(step, sigma, x_t, x0, threads), x_prev, threads) +
                log_density(q_marginal(step.current, x0, threads), x_t, threads) -
                log_density(q_marginal(step.prev, x0, threads), x_prev, threads));
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

QPathDensity::QPathDensity(const Chain& chain)
    : chain_(chain),
      posterior_(chain.steps.size()),
      root_(sqrt_alpha_bar(chain.steps.back().current)),
      deviation_(sqrt_one_minus_alpha_bar(chain.steps.back().current)) {
  double log_scale = std::log(static_cast<double>(chain.steps.back().current.one_minus_alpha_bar));
  for (std::size_t i = chain.steps.size() - 1; i >= 1; --i) {
    require_positive_variance(chain.sigma[i].variance());
    posterior_[i] = posterior_coefficients(chain.steps[i], chain.sigma[i]);
    log_scale += std::log(static_cast<double>(chain.sigma[i].variance()));
  }
  normaliser_ = static_cast<double>(chain.steps.size()) * std::log(2 * std::numbers::pi) + log_scale;
}

PerSample QPathDensity::squares(const PathBlock& block, std::size_t i) const {
  PerSample result = PerSample::Zero(block.samples());
  if (i >= 1) {
    result = whitened_norms(block.first, chain_.sigma[i].value(), block.x_0(posterior_[i].x0),
                            block.x_t(posterior_[i].x_t, i), block.x_prev(-1, i));
  }
  if (i + 1 == posterior_.size())
    result += whitened_norms(block.first, deviation_, block.x_0(root_), block.x_t(-1, i));
  return result;
}

PerSample q_log_density(const Chain& chain, const Path& path, const BatchRef& x0, Threads threads) {
  require_path("path", chain, path, x0.rows(), x0.cols());
  const QPathDensity q(chain);
  const double normaliser = static_cast<double>(x0.rows()) * q.normaliser();
  PerSample squares = PerSample::Zero(x0.cols());
  in_blocks(threads, x0.rows(), x0.cols(), [&](Eigen::Index first, Eigen::Index last) {
    const PathBlock block{path, x0, first, last};
    for (std::size_t i = 0; i < path.size(); ++i) squares.segment(first, last - first) += q.squares(block, i);
  });
  return finite(-0.5 * (squares.array() + normaliser));
}

Path q_sample_path(const Chain& chain, const BatchRef& x0, const Path& noise, Threads threads) {
  require_path("noise", chain, noise, x0.rows(), x0.cols());
  Path path(noise.size());
  path.back() = q_sample(chain.steps.back().current, x0, noise.back(), threads);
  for (std::size_t i = path.size() - 1; i >= 1; --i) {
    const PosteriorCoefficients c = posterior_coefficients(chain.steps[i], chain.sigma[i]);
    path[i - 1] = combine({c.x0, "x0", x0}, {c.x_t, "x_t", path[i]},
                          {chain.sigma[i].value(), "noise", noise[i - 1]}, threads);
  }
  return path;
}

Path q_sample_path_forward(const Chain& chain, const BatchRef& x0, const Path& noise, Threads threads) {
  require_path("noise", chain, noise, x0.rows(), x0.cols());
  Path path(noise.size());
  path.front() = q_sample(chain.steps.front().current, x0, noise.front(), threads);
  for (std::size_t i = 1; i < path.size(); ++i) {
    const ForwardCoefficients c = forward_coefficients(chain.steps[i], chain.sigma[i]);
    path[i] = combine({c.x0, "x0", x0}, {c.x_prev, "x_prev", path[i - 1]},
                      {std::sqrt(c.variance), "noise", noise[i]}, threads);
  }
  return path;
}

}  // namespace ddim
