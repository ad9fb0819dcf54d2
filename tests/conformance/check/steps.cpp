// Eq9: pred_x0. Eq12 and Eq10: the steps, and the last of them.

#include <algorithm>

#include "tests/conformance/check/trial.hpp"

namespace ddim::conformance {
namespace {

/// The row of all steps but the last, or of the last.
void judge_some(Session& session, const Run& run, const Trials& trial, bool last) {
  Draft draft(last ? "Eq10" : "Eq12", (last ? "Eq10 last step, " : "Eq12 ") + run.text(), session.u);
  bool any = false;
  for (const int entry : trial->undefined) {
    if (trial->last(entry) != last) continue;
    any = true;
    draft.skip();
  }
  const auto concerns = [trial, last](const Observation& seen) { return trial->last(seen.entry) == last; };
  for (const Observation& seen : trial->seen) {
    if (!concerns(seen)) continue;
    any = true;
    draft.compare(seen.prev_sample, seen.want.prev_sample, seen.bound.prev_sample,
                  [&](Eigen::Index row, Eigen::Index column) {
                    return element_of(trial->at_step(seen.entry), row, column);
                  });
  }
  if (trial->stopped && (last || !trial->last(trial->stopped->entry))) {
    any = true;
    draft.trouble(trial->stopped->trouble, trial->at_step(trial->stopped->entry));
  }
  if (!any) return;
  draft.explain_with([trial, concerns](const Recipe& candidate) {
    return largest_over(*trial, concerns, [&](const Observation& s) {
      const samplers::Outcome other = step(candidate, trial->place(s.entry), s.x_t, s.output, s.noise);
      return distance(s.prev_sample, other.prev_sample, s.bound.magnitude_prev);
    });
  });
  name_inferred_prev(draft, session, *trial);
  compare_dialects(draft, session, *trial);
  session.keep(std::move(draft), run);
}

}  // namespace

void judge_pred_x0(Session& session, const Run& run, const Trials& trial) {
  // The same at every eta.
  if (trial->seen.empty() || !(run.eta() == 0 || session.options.eta)) return;
  Draft draft("Eq9", "Eq9 pred_x0, " + run.text(), session.u);
  bool any = false;
  for (const Observation& seen : trial->seen) {
    if (!seen.pred_x0) continue;
    any = true;
    draft.compare(*seen.pred_x0, seen.want.pred_x0, seen.bound.pred_x0,
                  [&](Eigen::Index row, Eigen::Index column) {
                    return element_of(trial->at_step(seen.entry), row, column);
                  });
  }
  if (!any) draft.trouble({Status::not_supplied, "pred_x0"}, "step");
  draft.explain_with([trial](const Recipe& candidate) {
    return largest_over(
        *trial, [](const Observation& s) { return s.pred_x0.has_value(); },
        [&](const Observation& s) {
          const samplers::Outcome other = step(candidate, trial->place(s.entry), s.x_t, s.output, s.noise);
          return distance(*s.pred_x0, other.pred_x0, s.bound.magnitude_x0);
        });
  });
  session.keep(std::move(draft), run);
}

void judge_step_and_last(Session& session, const Run& run, const Trials& trial) {
  judge_some(session, run, trial, false);
  judge_some(session, run, trial, true);
}

}  // namespace ddim::conformance
