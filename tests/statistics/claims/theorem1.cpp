#include <numbers>

#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/objective.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kConstant = "Theorem1.constant";

/// J - L_gamma is the same number whatever predicts eps, path by path in KL form; and it is C.
Agreement compare_constant(const Context& c) {
  const Chain chain = objective_chain(c.run);
  const ObjectiveDraw draw = draw_objective(chain, c.judge(kConstant), 0, 32);
  const Eigen::VectorXd gamma = answer("gamma", samplers::ask(c.sampler.gamma, chain));
  require_shape("gamma", gamma, chain.S(), 1);
  const EpsModel zero = [](const NoiseLevel&, const BatchRef& x) {
    return Batch(Batch::Zero(x.rows(), x.cols()));
  };
  const EpsModel gaussian = gaussian_eps(Eigen::VectorXd::Constant(2, kDataMean), kDataVariance);
  Comparison comparison;
  int which = 0;
  for (const EpsModel& model : {two_humps(), gaussian, zero}) {
    ++which;
    const LiteralObjective pieces = literal_objective(chain, model, draw);
    const PerSample J =
        answer("kl_form", samplers::ask(c.sampler.kl_form, chain, model, draw.path, draw.x0)).sum();
    require_shape("J", J, draw.x0.cols(), 1);
    PerSample L = PerSample::Zero(draw.x0.cols());
    const std::vector<PerSample> errors = squared_errors(chain, model, draw);
    for (std::size_t i = 0; i < errors.size(); ++i) L += gamma[static_cast<Eigen::Index>(i)] * errors[i];
    for (Eigen::Index j = 0; j < J.size(); ++j) {
      const double constant = pieces.kl_prior[j] + std::log(2 * std::numbers::pi * kSigma1 * kSigma1);
      comparison.add(J[j] - L[j], constant,
                     0x1p-53 * 256 * (std::abs(J[j]) + std::abs(L[j]) + std::abs(constant) + 1),
                     "predictor " + std::to_string(which) + ", path " + std::to_string(j));
    }
  }
  return comparison.result();
}

}  // namespace

std::vector<Claim> theorem1(const Run&) {
  return {{kConstant, "J - L_gamma is C, path by path, for three predictors", 0, Exact{compare_constant},
           [](const Context& c) {
             return first_obstacle({needs_objective(c), need(bool(c.sampler.gamma), "gamma")});
           }}};
}

}  // namespace ddim::statistics::equations
