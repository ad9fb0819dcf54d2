#include "reference/discrete.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include "reference/lanes.hpp"
#include "reference/pieces.hpp"
#include "reference/quad.hpp"
#include "reference/squares.hpp"

namespace ddim {
namespace {

/// Columns first..last - 1 are distributions.
void require_distributions(const char* name, const BatchRef& value, Eigen::Index first, Eigen::Index last) {
  if (value.rows() < 1) throw ShapeError(std::string("number of categories of ") + name, "0", "K >= 1");
  for (Eigen::Index j = first; j < last; ++j) {
    const auto [least, sum] = least_and_sum_lanes(value.data() + j * value.outerStride(), value.rows());
    if (least >= 0 && std::abs(sum - 1) <= 1e-9) continue;
    require_finite(name, value.col(j), j);
    throw DomainError(std::string("column ") + std::to_string(j) + " of " + name,
                      "(minimum " + to_text(least) + ", sum " + to_text(sum) + ")",
                      "probabilities with sum 1");
  }
}

/// Calls body(first, last) over blocks of columns, the distributions there having been looked at just before,
/// and so being at hand.
template <class Body, class... Terms>
void over_distributions(Threads threads, const Body& body, const Terms&... terms) {
  const BatchRef& x = std::get<0>(std::tie(terms...)).value;
  (require_distributions(terms.name, terms.value, 0, 0), ...);
  constexpr Eigen::Index kAtHand = 1024;  // elements, 8 KiB of each batch
  const Eigen::Index columns = std::max<Eigen::Index>(1, kAtHand / x.rows());
  in_blocks(threads, x.rows(), x.cols(), [&](Eigen::Index first, Eigen::Index last) {
    for (Eigen::Index j = first; j < last; j += columns) {
      const Eigen::Index end = std::min(last, j + columns);
      (require_distributions(terms.name, terms.value, j, end), ...);
      body(j, end);
    }
  });
}

/// The terms and `uniform` times the uniform distribution. Weights of at most 1 over distributions are finite.
template <class... Terms>
Batch mixture(double uniform, Threads threads, const Terms&... terms) {
  const BatchRef& x = std::get<0>(std::tie(terms...)).value;
  const double each = uniform / static_cast<double>(x.rows());
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(x.rows());
  Batch result(x.rows(), x.cols());
  over_distributions(
      threads,
      [&](Eigen::Index first, Eigen::Index last) {
        const Affine<sizeof...(Terms) + 1> form{
            {terms.coefficient..., each},
            {terms.value.data() + first * terms.value.outerStride()..., ones.data()}};
        combine_lanes(form, {terms.value.outerStride()..., 0}, x.rows(), last - first,
                      result.col(first).data(), x.rows());
      },
      terms...);
  return result;
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

Batch discrete_marginal(const NoiseLevel& level, const BatchRef& x0, Threads threads) {
  return mixture(level.one_minus_alpha_bar, threads, Term{level.alpha_bar, "x0", x0});
}

Batch discrete_posterior(const Transition& step, double s, const BatchRef& x_t, const BatchRef& x0,
                         Threads threads) {
  require_shape("x0", x0, x_t.rows(), x_t.cols());
  const DiscreteWeights w = discrete_weights(step, s);
  return mixture(w.uniform, threads, Term{w.x_t, "x_t", x_t}, Term{w.x0, "x0", x0});
}

Batch discrete_sample(const BatchRef& probabilities, const Eigen::VectorXd& uniforms) {
  require_environment();
  require_distributions("probabilities", probabilities, 0, probabilities.cols());
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
