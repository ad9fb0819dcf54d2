#pragma once

#include "tests/statistics/claim.hpp"

/// What Eq11 and Theorem1 are asked with: a chain of two times with sigma_1 > 0, paths down it, and the pieces of
/// the objective by their definitions.
namespace ddim::statistics::equations {

inline constexpr double kSigma1 = 0.15;
Chain objective_chain(const Run& run);
/// A predictor that is not affine.
EpsModel two_humps();

struct ObjectiveDraw {
  Batch x0;
  Path path;
};
ObjectiveDraw draw_objective(const Chain& chain, const Draws& draws, std::uint64_t first, Eigen::Index count);

struct LiteralObjective {
  PerSample log_q_terminal, log_p_prior, reconstruction, kl_prior, kl_step;
  Batch delta;  ///< (mean_q - mean_p) / sigma of the step
};
LiteralObjective literal_objective(const Chain& chain, const EpsModel& model, const ObjectiveDraw& draw);
/// |eps - eps_theta|^2 at each time.
std::vector<PerSample> squared_errors(const Chain& chain, const EpsModel& model, const ObjectiveDraw& draw);

std::string needs_objective(const Context& c);

}  // namespace ddim::statistics::equations
