#pragma once

#include <functional>
#include <vector>

#include "tests/samplers/recipe.hpp"

namespace ddim::conformance {

using samplers::Config;
using samplers::Level;
using samplers::Levels;
using samplers::Place;
using samplers::Real;
using samplers::RealBatch;
using samplers::Recipe;
using samplers::Run;
using samplers::Table;

/// A-priori bounds on what correct code in precision u may be off by, element by element.
struct StepBound {
  Batch prev_sample, pred_x0;
  Batch magnitude_prev, magnitude_x0;  ///< sum of |terms|: the scale of the expression
};
/// `table_error(t)`: how far alpha_bar[t] may be off, relative, when the table is not the sampler's own.
StepBound step_bound(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, double u, const std::function<double(int t)>& table_error);

/// The same for noising from `level`, whose relative error is `table_error`.
struct NoisingBound {
  Batch x_t, magnitude;
};
NoisingBound noising_bound(const Level& level, const RealBatch& x0, const RealBatch& noise, double u,
                           double table_error);

/// Relative error allowed to alphas_cumprod[t] computed with betas, 1 - beta and a running product, all in
/// precision u: about 2 (t + 1) u where the betas are small.
std::vector<double> table_bound(const Config& config, double u);

}  // namespace ddim::conformance
