#include "reference/discrete.hpp"

#include <cmath>
#include <string>

#include "reference/quad.hpp"

namespace ddim {
namespace {

void require_distributions(const char* name, const BatchRef& value) {
  require_finite(name, value);
  if (value.rows() < 1) throw ShapeError(std::string("number of categories of ") + name, "0", "K >= 1");
  for (Eigen::Index j = 0; j < value.cols(); ++j) {
    const double least = value.col(j).minCoeff(), sum = value.col(j).sum();
    if (least < 0 || std::abs(sum - 1) > 1e-9) {
      throw DomainError(std::string("column ") + std::to_string(j) + " of " + name,
                        "(minimum " + to_text(least) + ", sum " + to_text(sum) + ")",
                        "probabilities with sum 1");
    }
  }
}

}  // namespace

DiscreteWeights discrete_weights(const Transition& step, double s) {
  const Quad one_minus = quad(step.current.one_minus_alpha_bar);
  const Quad one_minus_prev = quad(step.prev.one_minus_alpha_bar);
  const Quad limit = one_minus_prev / one_minus;
  if (!(s >= 0 && Quad(s) <= limit * (1 + Quad(std::ldexp(1.0, -50))))) {
    throw DomainError("s", s,
                      "0 <= s <= (1 - alpha_bar_prev) / (1 - alpha_bar) = " +
                          to_text(round_to_double(limit)) + " (AppendixA)");
  }
  const Quad difference = quad(step.prev.alpha_bar) * quad(step.beta);  // alpha_bar_prev - alpha_bar
  const Quad uniform = one_minus_prev - one_minus * s;
  if (uniform <= 0) return {round_to_double(limit), round_to_double(difference / one_minus), 0};
  // alpha_bar_prev - s alpha_bar, by positive terms.
  const Quad x0 = difference + quad(step.current.alpha_bar) * (1 - Quad(s));
  return {s, round_to_double(x0), round_to_double(uniform)};
}

Batch discrete_marginal(const NoiseLevel& level, const BatchRef& x0) {
  require_distributions("x0", x0);
  const double a = level.alpha_bar;
  return (a * x0).array() + level.one_minus_alpha_bar / static_cast<double>(x0.rows());
}

Batch discrete_posterior(const Transition& step, double s, const BatchRef& x_t, const BatchRef& x0) {
  require_distributions("x_t", x_t);
  require_distributions("x0", x0);
  const DiscreteWeights w = discrete_weights(step, s);
  return combine({w.x_t, "x_t", x_t}, {w.x0, "x0", x0}).array() + w.uniform / static_cast<double>(x0.rows());
}

Batch discrete_sample(const BatchRef& probabilities, const Eigen::VectorXd& uniforms) {
  require_distributions("probabilities", probabilities);
  require_shape("uniforms", uniforms, probabilities.cols(), 1);
  Batch drawn = Batch::Zero(probabilities.rows(), probabilities.cols());
  for (Eigen::Index j = 0; j < probabilities.cols(); ++j) {
    const double u = uniforms[j];
    if (!(u >= 0 && u < 1)) throw DomainError("uniforms[" + std::to_string(j) + "]", u, "0 <= u < 1");
    Eigen::Index k = 0;  // the last category with probability so far: a sum just below 1 ends there
    double left = u;
    for (Eigen::Index i = 0; i < probabilities.rows() && left >= 0; ++i) {
      if (probabilities(i, j) == 0) continue;
      k = i;
      left -= probabilities(i, j);
    }
    drawn(k, j) = 1;
  }
  return drawn;
}

}  // namespace ddim
