#pragma once

#include <functional>

#include "tests/samplers/run.hpp"

namespace ddim::samplers {

/// A sampler as the decisions it takes, each in the paper's literal form. The default is a dialect's
/// definition; a known-wrong reference is the default with one decision replaced.
struct Recipe {
  std::function<Table(const Config&)> table;
  std::function<std::vector<int>(const Run&)> timesteps;
  std::function<Level(const Place&)> current;
  std::function<Level(const Place&)> prev;
  std::function<Real(const Place&, const Levels&)> sigma;
  std::function<Real(const Place&, const Levels&, Real sigma)> noise_scale;
  std::function<Real(const Place&, const Levels&, Real sigma)> direction;
  std::function<Real(const Levels&)> x0_scale;
  std::function<Real(const Levels&, Prediction, Real x, Real output)> pred_x0;
  std::function<Real(const Levels&, Prediction, Real x, Real output)> eps;
  std::function<void(const Config&, RealBatch& x0)> restrict_x0;  ///< clipping or thresholding
  bool rederives_eps = true;
  std::function<RealBatch(const RealBatch&)> noise;             ///< what becomes of the noise of a step
  std::function<Levels(const Table&, int timestep)> add_noise;  ///< current: squares of the two coefficients

  static Recipe of(const Dialect& dialect);
};

/// What a step gives: x_{t-1}, f_theta(x_t) after clipping, and the deviation that scales the noise.
struct Outcome {
  RealBatch prev_sample, pred_x0;
  Real sigma;
};
Outcome step(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
             const RealBatch& noise);
/// The same between levels other than the recipe's.
Outcome step(const Recipe& recipe, const Place& place, const Levels& at, const RealBatch& x_t,
             const RealBatch& output, const RealBatch& noise);
Levels levels(const Recipe& recipe, const Place& place);
RealBatch add_noise(const Recipe& recipe, const Table& table, int timestep, const RealBatch& x0,
                    const RealBatch& noise);

}  // namespace ddim::samplers
