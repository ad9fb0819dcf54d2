// Eq7: data that is one point. Under its exact predictor the generative chain is q_sigma and ends at x_0.

#include <cmath>

#include "proofs/tolerances.hpp"
#include "tests/conformance/check/trial.hpp"

namespace ddim::conformance {
namespace {

/// What the chain starts from and is driven by, and the exact predictor of its point.
struct PointMass {
  RealBatch x0, x_T;
  std::vector<RealBatch> noise;
  Prediction prediction;

  RealBatch output(const Level& level, const RealBatch& x) const {
    const Real root = std::sqrt(level.alpha_bar), rest = std::sqrt(level.one_minus);
    if (prediction == Prediction::x0) return x0;
    const RealBatch eps = (x - root * x0) / rest;
    return prediction == Prediction::eps ? eps : RealBatch(root * eps - rest * x0);
  }
};

PointMass point_mass(int steps, Prediction prediction) {
  Inputs inputs(3);
  PointMass chain{inputs.in_range(0.875), inputs.normal(), {}, prediction};
  for (int k = 0; k < steps; ++k) chain.noise.push_back(inputs.normal());
  return chain;
}

RealBatch replay(const Recipe& candidate, const Trial& trial, const PointMass& chain) {
  RealBatch x = chain.x_T;
  for (int entry = 0; entry < trial.run.S(); ++entry) {
    const Place place = trial.place(entry);
    const RealBatch output = chain.output(trial.run.table()[static_cast<std::size_t>(place.timestep())], x);
    x = step(candidate, place, x, output, chain.noise[static_cast<std::size_t>(entry)]).prev_sample;
  }
  return x;
}

struct Ended {
  Batch x;
  RealBatch bound;
};
/// Runs the sampler down the chain; a trouble goes to the draft.
Ended run_chain(const Session& session, const Run& run, const Trial& trial, const PointMass& chain,
                Draft& draft) {
  Batch x = chain.x_T.cast<double>();
  RealBatch bound = RealBatch::Zero(x.rows(), x.cols());
  for (int entry = 0; entry < trial.run.S(); ++entry) {
    const Place place = trial.place(entry);
    const Levels at = levels(session.recipe, place);
    const RealBatch output = chain.output(at.current, x.cast<Real>());
    const RealBatch& z = chain.noise[static_cast<std::size_t>(entry)];
    const auto got =
        ask(session.sampler.step, run, entry, x, Batch(output.cast<double>()), Batch(z.cast<double>()));
    if (!got) {
      draft.trouble(got.trouble(), trial.at_step(entry));
      break;
    }
    const StepBound local =
        step_bound(session.recipe, place, x.cast<Real>(), output, z, session.arithmetic(), true);
    const Real slope =
        tolerance::point_mass_slope(at.current.one_minus, at.prev.one_minus, session.recipe.sigma(place, at));
    for (Eigen::Index k = 0; k < bound.size(); ++k)
      bound(k) = tolerance::chained<Real>(slope, bound(k), local.prev_sample(k));
    x = got->prev_sample;
    if (!x.allFinite()) break;
  }
  return {x, bound};
}

}  // namespace

void judge_chain(Session& session, const Run& run, const Trials& trial) {
  if (!trial->undefined.empty()) return;  // Tau, or the schedule, has its own row
  Draft draft("Eq7", "Eq7 the chain of point-mass data ends at x_0, " + run.text(), session.u);
  const PointMass chain = point_mass(trial->run.S(), session.config.prediction);
  const Ended ended = run_chain(session, run, *trial, chain, draft);
  if (!draft.troubled()) {
    draft.compare(ended.x, replay(session.recipe, *trial, chain), ended.bound.cast<double>(),
                  [](Eigen::Index row, Eigen::Index column) { return element_of("x_0", row, column); });
    draft.explain_with([trial, chain, x = ended.x](const Recipe& candidate) {
      return distance(x, replay(candidate, *trial, chain), Batch::Ones(x.rows(), x.cols()));
    });
    const Run& judged = trial->run;
    if (judged.prev_level(1).one_minus > 0)
      draft.note("by set_alpha_to_one = false it ends at x_0 with the noise of t = 0 still on it");
  }
  session.keep(std::move(draft), run);
}

}  // namespace ddim::conformance
