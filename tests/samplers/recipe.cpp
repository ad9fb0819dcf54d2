#include "tests/samplers/recipe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ddim::samplers {
namespace {

/// |x_0|'s `ratio` quantile, linearly interpolated.
Real quantile(const RealBatch& x0, double ratio) {
  std::vector<Real> magnitude(x0.data(), x0.data() + x0.size());
  for (Real& m : magnitude) m = std::abs(m);
  std::sort(magnitude.begin(), magnitude.end());
  const Real place = static_cast<Real>(ratio) * static_cast<Real>(magnitude.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, magnitude.size() - 1);
  return magnitude[below] + (place - static_cast<Real>(below)) * (magnitude[above] - magnitude[below]);
}

void restrict_to(RealBatch& x0, Real range) { x0 = x0.cwiseMax(-range).cwiseMin(range); }

void restrict_by(const Config& config, RealBatch& x0) {
  if (config.thresholding) {
    for (Eigen::Index j = 0; j < x0.cols(); ++j) {
      RealBatch sample = x0.col(j);
      const Real s = std::min(std::max(quantile(sample, config.dynamic_thresholding_ratio), Real{1}),
                              static_cast<Real>(config.sample_max_value));
      restrict_to(sample, s);
      x0.col(j) = sample / s;
    }
  } else if (config.clip_sample) {
    restrict_to(x0, config.clip_sample_range);
  }
}

/// Eq16.
Real sigma_of(const Place& place, const Levels& at) {
  const Real beta = (at.prev.alpha_bar - at.current.alpha_bar) / at.prev.alpha_bar;
  return place.run.eta() * std::sqrt(at.prev.one_minus / at.current.one_minus * beta);
}

Real direction_of(const Place&, const Levels& at, Real sigma) {
  const Real radicand = at.prev.one_minus - sigma * sigma;
  // On the boundary (alpha_bar_t = 0 at eta = 1) rounding may leave a few ulps below zero: they are zero.
  constexpr Real kWindow = 8 * std::numeric_limits<Real>::epsilon();
  return radicand < 0 && radicand >= -kWindow * at.prev.one_minus ? Real{0} : std::sqrt(radicand);
}

/// Eq9.
Real pred_x0_of(const Levels& at, Prediction prediction, Real x, Real output) {
  const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
  if (prediction == Prediction::eps) return (x - rest * output) / root;
  return prediction == Prediction::x0 ? output : root * x - rest * output;
}

Real eps_of(const Levels& at, Prediction prediction, Real x, Real output) {
  const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
  if (prediction == Prediction::eps) return output;
  return prediction == Prediction::x0 ? (x - root * output) / rest : root * output + rest * x;
}

}  // namespace

Recipe Recipe::of(const Dialect& dialect) {
  Recipe recipe;
  recipe.table = exact_table;
  recipe.timesteps = [](const Run& run) {
    return samplers::timesteps(run.spacing(), run.config().T, run.asked_S(), run.config().steps_offset);
  };
  recipe.current = [](const Place& place) {
    return place.run.table().at(static_cast<std::size_t>(place.timestep()));
  };
  recipe.prev = [last_level = dialect.last_level](const Place& place) {
    const Run& run = place.run;
    return place.last() ? last_level(run.config(), run.table())
                        : run.table().at(static_cast<std::size_t>(*place.next()));
  };
  recipe.sigma = sigma_of;
  recipe.noise_scale = [](const Place& place, const Levels& at, Real deviation) {
    return place.run.adds_sigma_hat(place.run.step_of(place.entry)) ? std::sqrt(Law{at}.hat_variance())
                                                                    : deviation;
  };
  recipe.direction = direction_of;
  recipe.x0_scale = [](const Levels& at) { return std::sqrt(at.prev.alpha_bar); };
  recipe.pred_x0 = pred_x0_of;
  recipe.eps = eps_of;
  recipe.restrict_x0 = restrict_by;
  recipe.rederives_eps = dialect.rederives_eps;
  recipe.noise = [](const RealBatch& drawn) { return drawn; };
  recipe.add_noise = [](const Table& of, int timestep) {
    return Levels{of.at(static_cast<std::size_t>(timestep)), {}};
  };
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
  const Config& config = place.run.config();
  const Real sigma = recipe.sigma(place, at), direction = recipe.direction(place, at, sigma);
  const Real x0_scale = recipe.x0_scale(at), scale = recipe.noise_scale(place, at, sigma);
  Outcome result{RealBatch(x_t.rows(), x_t.cols()), RealBatch(x_t.rows(), x_t.cols()), scale};
  RealBatch eps(x_t.rows(), x_t.cols());
  for (Eigen::Index k = 0; k < x_t.size(); ++k) {
    result.pred_x0(k) = recipe.pred_x0(at, config.prediction, x_t(k), output(k));
    eps(k) = recipe.eps(at, config.prediction, x_t(k), output(k));
  }
  if (config.restricts()) {
    recipe.restrict_x0(config, result.pred_x0);
    if (recipe.rederives_eps) {
      eps = (x_t - std::sqrt(at.current.alpha_bar) * result.pred_x0) / std::sqrt(at.current.one_minus);
    }
  }
  result.prev_sample = x0_scale * result.pred_x0 + direction * eps;
  if (scale != 0) result.prev_sample += scale * recipe.noise(noise);
  return result;
}

RealBatch add_noise(const Recipe& recipe, const Table& table, int timestep, const RealBatch& x0,
                    const RealBatch& noise) {
  const Level level = recipe.add_noise(table, timestep).current;
  return std::sqrt(level.alpha_bar) * x0 + std::sqrt(level.one_minus) * noise;
}

}  // namespace ddim::samplers
