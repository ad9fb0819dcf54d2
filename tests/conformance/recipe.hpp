#pragma once

#include <functional>

#include "tests/conformance/implementation.hpp"

namespace ddim::conformance {

/// Wider than any implementation's arithmetic; what a recipe computes is taken as exact.
using Real = long double;
using RealBatch = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

/// alpha_bar and 1 - alpha_bar at one time, each accurate on its own.
struct Level {
  Real alpha_bar = 1;
  Real one_minus = 0;
};
/// Levels at timesteps 0..T-1.
using Table = std::vector<Level>;

/// Where a step starts: entry i of the list of timesteps.
struct Place {
  const Run& run;
  const Table& table;
  const std::vector<int>& timesteps;
  int i;

  int t() const { return timesteps[static_cast<std::size_t>(i)]; }
  /// The next entry; -1, the data, after the last.
  int next() const {
    return i + 1 < static_cast<int>(timesteps.size()) ? timesteps[static_cast<std::size_t>(i) + 1] : -1;
  }
  bool last() const { return next() < 0; }
};

struct Levels {
  Level current, prev;
};

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
  bool rederive_eps = true;
  std::function<Levels(const Table&, int t)> add_noise;  ///< current: squares of the two coefficients

  static Recipe of(Dialect dialect);
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
RealBatch add_noise(const Recipe& recipe, const Table& table, int t, const RealBatch& x0,
                    const RealBatch& noise);

/// The exact table of a configuration, and one made of a sampler's own alphas_cumprod taken as exact.
Table exact_table(const Config& config);
Table table_of(const std::vector<double>& alphas_cumprod);

/// The timesteps the spacing's definition gives. Errors: DomainError (S > T, an offset that leaves 0..T-1).
std::vector<int> defined_timesteps(const Run& run);
/// As diffusers computes trailing: np.round(np.arange(T, 0, -T/S)) - 1 in doubles, extra entries included.
std::vector<int> numpy_trailing(int T, int S);

/// A-priori bounds on what correct code in precision u may be off by, element by element.
struct StepBound {
  Batch prev_sample, pred_x0;
  Batch magnitude_prev, magnitude_x0;  ///< sum of |terms|: the scale of the expression
};
/// `table_error(t)`: how far alpha_bar[t] may be off, relative, when the table is not the sampler's own.
StepBound step_bound(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, double u, const std::function<double(int t)>& table_error);
/// Relative error allowed to alphas_cumprod[t] computed with betas, 1 - beta and a running product, all in
/// precision u: about 2 (t + 1) u where the betas are small.
std::vector<double> table_bound(const Config& config, double u);

}  // namespace ddim::conformance
