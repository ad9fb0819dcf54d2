#include "tests/conformance/bounds.hpp"

#include <algorithm>
#include <cmath>

namespace ddim::conformance {
namespace {

constexpr Real kRoundings = 16;  // of one term, from its inputs to the sum

/// One rounding each for beta, 1 - beta and the product; beta's own error weighs beta / (1 - beta) and is 8 u
/// for the ramps and cosines in use.
std::vector<double> bound_of_product(const Table& levels, double u) {
  std::vector<double> bounds;
  Real bound = 0, before = 1;
  for (const Level& level : levels) {
    const Real kept = level.alpha_bar / before;
    bound += u * (2 + 8 * (kept > 0 ? (1 - kept) / kept : 0));
    bounds.push_back(static_cast<double>(bound));
    before = level.alpha_bar;
  }
  return bounds;
}

/// Sums of |terms| of pred_x0 and of eps.
struct Magnitudes {
  RealBatch x0, eps;
};
Magnitudes magnitudes(const Recipe& recipe, const Config& config, const Levels& at, const RealBatch& x_t,
                      const RealBatch& output) {
  const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
  const RealBatch x = x_t.cwiseAbs(), o = output.cwiseAbs();
  Magnitudes of;
  switch (config.prediction) {
    case Prediction::eps:
      of = {(x + rest * o) / root, o};
      break;
    case Prediction::x0:
      of = {o, (x + root * o) / rest};
      break;
    case Prediction::v:
      of = {root * x + rest * o, rest * x + root * o};
      break;
  }
  if (config.thresholding) {
    // The threshold depends on every element of its sample.
    for (Eigen::Index j = 0; j < of.x0.cols(); ++j) of.x0.col(j).setConstant(3 * of.x0.col(j).maxCoeff());
  }
  if (recipe.rederives_eps && config.restricts()) of.eps = (x + root * of.x0) / rest;
  return of;
}

/// The larger of two moves; one that left the domain (a NaN) does not count.
RealBatch larger(const RealBatch& a, const RealBatch& b) {
  return a.binaryExpr(b, [](Real one, Real other) { return std::fmax(one, other); });
}

/// First order in the table: how far the step moves when an alpha_bar moves by its error.
struct Moved {
  RealBatch prev_sample, pred_x0;
};
Moved moved_by_table(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, double u, const std::function<double(int t)>& table_error) {
  const Levels at = levels(recipe, place);
  const samplers::Outcome exact = step(recipe, place, x_t, output, noise);
  const auto move = [&](bool current, int t, int sign) {
    Levels other = at;
    Level& level = current ? other.current : other.prev;
    const Real delta = sign * (4 * u + table_error(t)) * level.alpha_bar;
    level.alpha_bar = std::min(level.alpha_bar + delta, Real{1});
    level.one_minus = std::max(level.one_minus - delta, Real{0});
    const samplers::Outcome outcome = step(recipe, place, other, x_t, output, noise);
    return Moved{(outcome.prev_sample - exact.prev_sample).cwiseAbs(),
                 (outcome.pred_x0 - exact.pred_x0).cwiseAbs()};
  };
  Moved sum{RealBatch::Zero(x_t.rows(), x_t.cols()), RealBatch::Zero(x_t.rows(), x_t.cols())};
  for (const bool current : {true, false}) {
    if (!current && at.prev.one_minus == 0) continue;  // the data: exactly 1
    const int t = current ? place.timestep() : place.next().value_or(0);
    const Moved up = move(current, t, 1), down = move(current, t, -1);
    sum.prev_sample += larger(up.prev_sample, down.prev_sample);
    sum.pred_x0 += larger(up.pred_x0, down.pred_x0);
  }
  return sum;
}

}  // namespace

StepBound step_bound(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, double u, const std::function<double(int t)>& table_error) {
  const Levels at = levels(recipe, place);
  const Magnitudes of = magnitudes(recipe, place.run.config(), at, x_t, output);
  const Real sigma = recipe.sigma(place, at), direction = recipe.direction(place, at, sigma);
  // The root magnifies the rounding of its radicand, without limit where that is zero: there by no more than
  // the root of it.
  const Real rounding = kRoundings * u * (at.prev.one_minus + sigma * sigma);
  const Real direction_error = direction * direction > rounding ? rounding / direction : std::sqrt(rounding);
  const RealBatch of_prev =
      std::sqrt(at.prev.alpha_bar) * of.x0 + direction * of.eps + sigma * noise.cwiseAbs();
  const Moved moved = moved_by_table(recipe, place, x_t, output, noise, u, table_error);
  return {(kRoundings * u * of_prev + direction_error * of.eps + moved.prev_sample).cast<double>(),
          (kRoundings * u * of.x0 + moved.pred_x0).cast<double>(), of_prev.cast<double>(),
          of.x0.cast<double>()};
}

NoisingBound noising_bound(const Level& level, const RealBatch& x0, const RealBatch& noise, double u,
                           double table_error) {
  const RealBatch size0 = x0.cwiseAbs(), size_z = noise.cwiseAbs();
  const RealBatch magnitude = std::sqrt(level.alpha_bar) * size0 + std::sqrt(level.one_minus) * size_z;
  // The table's error through the roots: d sqrt(a) = da / (2 sqrt(a)), and at a = 0 sqrt(da) at most.
  const Real moved = (4 * u + table_error) * level.alpha_bar;
  const auto root_moves = [moved](Real value) {
    return value > moved ? moved / (2 * std::sqrt(value)) : std::sqrt(moved);
  };
  const RealBatch by_table = root_moves(level.alpha_bar) * size0 + root_moves(level.one_minus) * size_z;
  return {(8 * static_cast<Real>(u) * magnitude + by_table).cast<double>(), magnitude.cast<double>()};
}

std::vector<double> table_bound(const Config& config, double u) {
  std::vector<double> bounds = bound_of_product(exact_table(config), u);
  if (!config.rescale_betas_zero_snr) return bounds;
  // sqrt(alpha_bar) - sqrt(alpha_bar_T) cancels towards T; then betas, 1 - beta and the product once more.
  Config plain = config;
  plain.rescale_betas_zero_snr = false;
  const Table before = exact_table(plain);
  const std::vector<double> rounding = bound_of_product(before, u);
  const Real last = std::sqrt(before.back().alpha_bar), last_error = rounding.back() * last;
  for (std::size_t t = 0; t + 1 < bounds.size(); ++t) {
    const Real root = std::sqrt(before[t].alpha_bar);
    bounds[t] += static_cast<double>(2 * (rounding[t] * root + last_error) / (root - last)) + 8 * u;
  }
  bounds.back() = 0;
  return bounds;
}

}  // namespace ddim::conformance
