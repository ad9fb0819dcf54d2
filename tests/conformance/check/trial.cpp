#include "tests/conformance/check/trial.hpp"

#include <algorithm>
#include <limits>

namespace ddim::conformance {
namespace {

samplers::Result<samplers::StepOutput> take(const Session& session, const Run& asked, const Observation& seen,
                                            const RealBatch& noise) {
  return ask(session.sampler.step, asked, seen.entry, Batch(seen.x_t.cast<double>()),
             Batch(seen.output.cast<double>()), Batch(noise.cast<double>()));
}

bool observe(Session& session, const Run& asked, Trial& trial, Observation seen) {
  const auto got = take(session, asked, seen, seen.noise);
  if (!got) {
    trial.stopped = {seen.entry, got.trouble()};
    return false;
  }
  if (got->x_t) seen.x_t = got->x_t->cast<Real>();
  if (got->output) seen.output = got->output->cast<Real>();
  seen.prev_sample = got->prev_sample;
  seen.pred_x0 = got->pred_x0;
  const Place place = trial.place(seen.entry);
  seen.bound = step_bound(session.recipe, place, seen.x_t, seen.output, seen.noise, session.arithmetic());
  seen.want = step(session.recipe, place, seen.x_t, seen.output, seen.noise);
  trial.seen.push_back(std::move(seen));
  return true;
}

/// The same steps with the noise's sign changed, down the list once more: some samplers count their steps.
void mirror(const Session& session, const Run& asked, Trial& trial) {
  for (Observation& seen : trial.seen) {
    const auto mirrored = take(session, asked, seen, -seen.noise);
    if (!mirrored) {
      trial.mirror_stopped = {seen.entry, mirrored.trouble()};
      return;
    }
    if (mirrored->x_t || mirrored->output) {
      trial.mirror_stopped = {seen.entry,
                              {Status::not_supplied, "the same step a second time, with other noise"}};
      return;
    }
    seen.mirrored = mirrored->prev_sample;
  }
}

}  // namespace

bool Trial::defined(int entry) const {
  const Place at = place(entry);
  const int T = run.config().T, t = at.timestep(), next = at.next().value_or(-1);
  if (t < 0 || t >= T || next >= t) return false;
  // Zero terminal SNR: eps says nothing of x_0 there.
  return !(run.config().prediction == Prediction::eps &&
           run.table()[static_cast<std::size_t>(t)].alpha_bar == 0);
}

std::string Trial::at_step(int entry) const {
  const Place at = place(entry);
  const auto next = at.next();
  return "step " + std::to_string(entry + 1) + " of " + std::to_string(run.S()) +
         ", t = " + std::to_string(at.timestep()) + " -> " +
         (next ? std::to_string(*next) : std::string("the data"));
}

double largest_over(const Trial& trial, const std::function<bool(const Observation&)>& concerns,
                    const std::function<double(const Observation&)>& distance_at) {
  std::vector<const Observation*> which;
  for (const Observation& seen : trial.seen) {
    if (concerns(seen)) which.push_back(&seen);
  }
  double largest = 0;
  for_some(which.size(), [&](std::size_t k) {
    largest = std::max(largest, distance_at(*which[k]));
    return largest < std::numeric_limits<double>::infinity();
  });
  return largest;
}

void judge_steps(Session& session, const Run& run, const std::vector<int>& list) {
  if (list.empty()) return;
  auto trial = std::make_shared<Trial>(Trial{run.with_table(session.table).with_timesteps(list)});
  Inputs inputs(2);
  for (int entry = 0; entry < trial->run.S(); ++entry) {
    if (!trial->defined(entry)) {
      trial->undefined.push_back(entry);
      continue;
    }
    Observation seen{entry, inputs.normal(1.25), inputs.normal(), inputs.normal(), {}, {}, {}, {}, {}};
    if (!observe(session, run, *trial, std::move(seen))) break;
  }
  if (run.eta() > 0 && !trial->stopped) mirror(session, run, *trial);
  if (!trial->seen.empty()) session.note_given(trial->seen[trial->seen.size() / 2].prev_sample);
  judge_pred_x0(session, run, trial);
  judge_step_and_last(session, run, trial);
  if (trial->stopped) return;
  judge_sigma(session, run, trial);
  judge_ddpm(session, run, trial);
  judge_chain(session, run, trial);
}

}  // namespace ddim::conformance
