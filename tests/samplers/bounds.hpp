#pragma once

#include <functional>
#include <vector>

#include "tests/samplers/recipe.hpp"

namespace ddim::samplers {

// What correct code may be off by, element by element: the largest bound that proofs/tolerances.hpp has
// for the listed orders of evaluation, about what the definition gives in long double. A number that has no
// such bound (a divisor may be zero) is infinite here.

/// What is known of a sampler's arithmetic.
struct Arithmetic {
  double u;        ///< unit roundoff of its coefficients
  double table_u;  ///< of the narrowest format, from the dtype on, that holds its table
  std::function<double(int t)> table_error;  ///< how far alpha_bar[t] may be off what the table given says
  double sample_u = u;  ///< of the samples it takes and gives: narrower in mixed precision
};
/// `table_u` of values as they were shown.
double table_roundoff(const std::vector<double>& alphas_cumprod, double u);

struct StepBound {
  Batch prev_sample, pred_x0;
  Batch magnitude_prev, magnitude_x0;  ///< sum of |terms|: the scale of the expression
};
/// Coefficients may be computed in their dtype. Where no bound exists for that (1 - alpha_bar may be
/// zero), they are taken to be computed in the table's format.
/// `output_rounds`: the output is no number of the dtype, and is rounded on its way to the sampler.
StepBound step_bound(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, const Arithmetic& arithmetic, bool output_rounds = false);

/// The same for noising from `level`, which is alpha_bar[t].
struct NoisingBound {
  Batch x_t, magnitude;
};
NoisingBound noising_bound(const Level& level, int t, const RealBatch& x0, const RealBatch& noise,
                           const Arithmetic& arithmetic);

/// How far alphas_cumprod[t] may be off where it is made and kept in precision u: betas, a product in any
/// bracketing or a sum of logarithms. Where no bound exists for that: made in table_u, and kept in u.
std::vector<double> table_bound(const Config& config, double u, double table_u);

}  // namespace ddim::samplers
