#include "tests/conformance/recipe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ddim::conformance {
namespace {

Real real(const Wide& value) { return static_cast<Real>(value.hi) + static_cast<Real>(value.lo); }

/// The larger of two moves; one that left the domain (a NaN) does not count.
RealBatch larger(const RealBatch& a, const RealBatch& b) {
  return a.binaryExpr(b, [](Real one, Real other) { return std::fmax(one, other); });
}

void restrict_to_range(RealBatch& x0, Real range) { x0 = x0.cwiseMax(-range).cwiseMin(range); }

}  // namespace

Table exact_table(const Config& config) {
  const Schedule schedule = schedule_of(config);
  Table table;
  for (int t = 1; t <= schedule.T(); ++t) {
    table.push_back({real(schedule.level(t).alpha_bar), real(schedule.level(t).one_minus_alpha_bar)});
  }
  return table;
}

Table table_of(const std::vector<double>& alphas_cumprod) {
  Table table;
  for (const double value : alphas_cumprod) table.push_back({value, 1 - static_cast<Real>(value)});
  return table;
}

std::vector<int> defined_timesteps(const Run& run) {
  const int T = run.config.T;
  const Tau tau = run.spacing == Spacing::leading    ? Tau::leading(T, run.S, run.config.steps_offset)
                  : run.spacing == Spacing::trailing ? Tau::trailing(T, run.S)
                                                     : Tau::linspace(T, run.S);
  std::vector<int> timesteps(tau.times().rbegin(), tau.times().rend());
  for (int& t : timesteps) --t;
  return timesteps;
}

std::vector<int> numpy_trailing(int T, int S) {
  // numpy's arange has ceil((stop - start) / step) entries, entry k being start + k (entry 1 - start).
  const double stride = static_cast<double>(T) / S, start = T;
  const auto count = static_cast<int>(std::ceil((0.0 - start) / -stride));
  const double second = start + -stride;
  std::vector<int> timesteps;
  for (int k = 0; k < count; ++k) {
    timesteps.push_back(static_cast<int>(std::nearbyint(start + k * (second - start))) - 1);
  }
  return timesteps;
}

Recipe Recipe::of(Dialect dialect) {
  Recipe recipe;
  recipe.table = exact_table;
  recipe.timesteps = defined_timesteps;
  recipe.current = [](const Place& place) { return place.table[static_cast<std::size_t>(place.t())]; };
  recipe.prev = [dialect](const Place& place) -> Level {
    if (!place.last()) return place.table[static_cast<std::size_t>(place.next())];
    const bool one = dialect == Dialect::paper || place.run.config.set_alpha_to_one;
    return one ? Level{} : place.table[0];
  };
  recipe.sigma = [](const Place& place, const Levels& at) {  // Eq16
    const Real beta = (at.prev.alpha_bar - at.current.alpha_bar) / at.prev.alpha_bar;
    return place.run.eta * std::sqrt(at.prev.one_minus / at.current.one_minus * beta);
  };
  recipe.noise_scale = [](const Place&, const Levels&, Real sigma) { return sigma; };
  recipe.direction = [](const Place&, const Levels& at, Real sigma) {
    const Real radicand = at.prev.one_minus - sigma * sigma;
    // On the boundary (alpha_bar_t = 0 at eta = 1) rounding may leave a few ulps below zero: they are zero.
    constexpr Real kWindow = 8 * std::numeric_limits<Real>::epsilon();
    return radicand < 0 && radicand >= -kWindow * at.prev.one_minus ? Real{0} : std::sqrt(radicand);
  };
  recipe.x0_scale = [](const Levels& at) { return std::sqrt(at.prev.alpha_bar); };
  recipe.pred_x0 = [](const Levels& at, Prediction prediction, Real x, Real output) {  // Eq9
    const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
    if (prediction == Prediction::eps) return (x - rest * output) / root;
    return prediction == Prediction::x0 ? output : root * x - rest * output;
  };
  recipe.eps = [](const Levels& at, Prediction prediction, Real x, Real output) {
    const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
    if (prediction == Prediction::eps) return output;
    return prediction == Prediction::x0 ? (x - root * output) / rest : root * output + rest * x;
  };
  recipe.restrict_x0 = [](const Config& config, RealBatch& x0) {
    if (config.thresholding) {
      for (Eigen::Index j = 0; j < x0.cols(); ++j) {
        std::vector<Real> magnitude(x0.col(j).begin(), x0.col(j).end());
        for (Real& m : magnitude) m = std::abs(m);
        std::sort(magnitude.begin(), magnitude.end());
        const Real place =
            static_cast<Real>(config.dynamic_thresholding_ratio) * static_cast<Real>(magnitude.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, magnitude.size() - 1);
        const Real quantile =
            magnitude[below] + (place - static_cast<Real>(below)) * (magnitude[above] - magnitude[below]);
        const Real s = std::min(std::max(quantile, Real{1}), static_cast<Real>(config.sample_max_value));
        x0.col(j) = x0.col(j).cwiseMax(-s).cwiseMin(s) / s;
      }
    } else if (config.clip_sample) {
      restrict_to_range(x0, config.clip_sample_range);
    }
  };
  // In the paper's terms the step with a clipped x_0 is q_posterior given that x_0; diffusers keeps the
  // model's eps unless use_clipped_model_output is passed.
  recipe.rederive_eps = dialect == Dialect::paper;
  recipe.add_noise = [](const Table& table, int t) { return Levels{table[static_cast<std::size_t>(t)], {}}; };
  return recipe;
}

Levels levels(const Recipe& recipe, const Place& place) {
  return {recipe.current(place), recipe.prev(place)};
}

Outcome step(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
             const RealBatch& noise) {
  return step(recipe, place, levels(recipe, place), x_t, output, noise);
}

Outcome step(const Recipe& recipe, const Place& place, const Levels& at, const RealBatch& x_t,
             const RealBatch& output, const RealBatch& noise) {
  const Config& config = place.run.config;
  const Real sigma = recipe.sigma(place, at), direction = recipe.direction(place, at, sigma);
  const Real x0_scale = recipe.x0_scale(at), scale = recipe.noise_scale(place, at, sigma);
  Outcome result{RealBatch(x_t.rows(), x_t.cols()), RealBatch(x_t.rows(), x_t.cols()), scale};
  RealBatch eps(x_t.rows(), x_t.cols());
  for (Eigen::Index k = 0; k < x_t.size(); ++k) {
    result.pred_x0(k) = recipe.pred_x0(at, config.prediction, x_t(k), output(k));
    eps(k) = recipe.eps(at, config.prediction, x_t(k), output(k));
  }
  if (config.thresholding || config.clip_sample) {
    recipe.restrict_x0(config, result.pred_x0);
    if (recipe.rederive_eps) {
      eps = (x_t - std::sqrt(at.current.alpha_bar) * result.pred_x0) / std::sqrt(at.current.one_minus);
    }
  }
  result.prev_sample = x0_scale * result.pred_x0 + direction * eps;
  if (scale != 0) result.prev_sample += scale * noise;
  return result;
}

RealBatch add_noise(const Recipe& recipe, const Table& table, int t, const RealBatch& x0,
                    const RealBatch& noise) {
  const Level level = recipe.add_noise(table, t).current;
  return std::sqrt(level.alpha_bar) * x0 + std::sqrt(level.one_minus) * noise;
}

std::vector<double> table_bound(const Config& config, double u) {
  const Table table = exact_table(config);
  // One rounding each for beta, 1 - beta and the product; beta's own error weighs beta / (1 - beta) and is
  // 8 u for the ramps and cosines in use.
  const auto of_product = [u](const Table& levels) {
    std::vector<double> bounds;
    Real bound = 0, before = 1;
    for (const Level& level : levels) {
      const Real kept = level.alpha_bar / before;
      bound += u * (2 + 8 * (kept > 0 ? (1 - kept) / kept : 0));
      bounds.push_back(static_cast<double>(bound));
      before = level.alpha_bar;
    }
    return bounds;
  };
  std::vector<double> bounds = of_product(table);
  if (config.rescale_betas_zero_snr) {
    // sqrt(alpha_bar) - sqrt(alpha_bar_T) cancels towards T; then betas, 1 - beta and the product once more.
    Config plain = config;
    plain.rescale_betas_zero_snr = false;
    const Table before = exact_table(plain);
    const std::vector<double> rounding = of_product(before);
    const Real last = std::sqrt(before.back().alpha_bar), last_error = rounding.back() * last;
    for (std::size_t t = 0; t + 1 < bounds.size(); ++t) {
      const Real root = std::sqrt(before[t].alpha_bar);
      bounds[t] += static_cast<double>(2 * (rounding[t] * root + last_error) / (root - last)) + 8 * u;
    }
    bounds.back() = 0;
  }
  return bounds;
}

StepBound step_bound(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, double u, const std::function<double(int t)>& table_error) {
  constexpr Real kRoundings = 16;  // of one term, from its inputs to the sum
  const Config& config = place.run.config;
  const Levels at = levels(recipe, place);
  const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
  const RealBatch x = x_t.cwiseAbs(), o = output.cwiseAbs();
  RealBatch m0, me;
  switch (config.prediction) {
    case Prediction::eps:
      m0 = (x + rest * o) / root;
      me = o;
      break;
    case Prediction::x0:
      m0 = o;
      me = (x + root * o) / rest;
      break;
    case Prediction::v:
      m0 = root * x + rest * o;
      me = rest * x + root * o;
      break;
  }
  if (config.thresholding) {
    // The threshold depends on every element of its sample.
    for (Eigen::Index j = 0; j < m0.cols(); ++j) m0.col(j).setConstant(3 * m0.col(j).maxCoeff());
  }
  if (recipe.rederive_eps && (config.thresholding || config.clip_sample)) me = (x + root * m0) / rest;
  const Real sigma = recipe.sigma(place, at), direction = recipe.direction(place, at, sigma);
  // The root magnifies the rounding of its radicand, without limit where that is zero: there by no more than
  // the root of it.
  const Real rounding = kRoundings * u * (at.prev.one_minus + sigma * sigma);
  const Real direction_error = direction * direction > rounding ? rounding / direction : std::sqrt(rounding);
  StepBound bound;
  const RealBatch mp = std::sqrt(at.prev.alpha_bar) * m0 + direction * me + sigma * noise.cwiseAbs();

  // First order in the table: move alpha_bar by its error and look how far the step moves.
  const Outcome exact = step(recipe, place, x_t, output, noise);
  RealBatch moved_prev = RealBatch::Zero(x.rows(), x.cols()), moved_x0 = moved_prev;
  const auto move = [&](bool current, int t, int sign) {
    Levels moved = at;
    Level& level = current ? moved.current : moved.prev;
    const Real delta = sign * (4 * u + table_error(t)) * level.alpha_bar;
    level.alpha_bar = std::min(level.alpha_bar + delta, Real{1});
    level.one_minus = std::max(level.one_minus - delta, Real{0});
    const Outcome outcome = step(recipe, place, moved, x_t, output, noise);
    return std::pair<RealBatch, RealBatch>{(outcome.prev_sample - exact.prev_sample).cwiseAbs(),
                                           (outcome.pred_x0 - exact.pred_x0).cwiseAbs()};
  };
  for (const bool current : {true, false}) {
    if (!current && at.prev.one_minus == 0) continue;  // the data: exactly 1
    const int t = current ? place.t() : std::max(place.next(), 0);
    const auto [up_prev, up_x0] = move(current, t, 1);
    const auto [down_prev, down_x0] = move(current, t, -1);
    moved_prev += larger(up_prev, down_prev);
    moved_x0 += larger(up_x0, down_x0);
  }
  bound.prev_sample = (kRoundings * u * mp + direction_error * me + moved_prev).cast<double>();
  bound.pred_x0 = (kRoundings * u * m0 + moved_x0).cast<double>();
  bound.magnitude_prev = mp.cast<double>();
  bound.magnitude_x0 = m0.cast<double>();
  return bound;
}

}  // namespace ddim::conformance
