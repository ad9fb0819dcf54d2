#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/check/session.hpp"

namespace ddim::conformance {

/// What was asked and seen at one step.
struct Observation {
  int entry;
  RealBatch x_t, output, noise;
  Batch prev_sample;
  std::optional<Batch> pred_x0, mirrored;  ///< mirrored: the same step with the noise's sign changed
  StepBound bound;
  samplers::Outcome want;
};

/// A run on the sampler's own list and table, with everything that a replay of it needs.
struct Trial {
  Run run;
  std::vector<Observation> seen = {};
  std::vector<int> undefined = {};  ///< entries whose step the equations do not define
  struct Stopped {
    int entry;
    samplers::Trouble trouble;
  };
  std::optional<Stopped> stopped = {}, mirror_stopped = {};

  Place place(int entry) const { return {run, entry}; }
  bool last(int entry) const { return place(entry).last(); }
  /// The equations say what the step is.
  bool defined(int entry) const;
  /// "step 2 of 30, t = 966 -> 932"
  std::string at_step(int entry) const;
};
using Trials = std::shared_ptr<const Trial>;

/// Calls visit(k) for some k < count, spread over all of them, ends included, until it says stop: replays need
/// not see a thousand steps.
template <class Visit>
void for_some(std::size_t count, Visit visit) {
  constexpr std::size_t kMost = 40;
  const std::size_t picked = std::min(count, kMost);
  for (std::size_t k = 0; k < picked; ++k) {
    if (!visit(picked == count ? k : k * (count - 1) / (picked - 1))) return;
  }
}

/// The largest of `distance_at(observation)` over some of the observations that `concerns` picks.
double largest_over(const Trial& trial, const std::function<bool(const Observation&)>& concerns,
                    const std::function<double(const Observation&)>& distance_at);

// A row each; files of this folder. Only those that have something to say are kept.
void judge_pred_x0(Session& session, const Run& run, const Trials& trial);        // Eq9
void judge_step_and_last(Session& session, const Run& run, const Trials& trial);  // Eq12, Eq10
void judge_sigma(Session& session, const Run& run, const Trials& trial);          // Eq16
void judge_ddpm(Session& session, const Run& run, const Trials& trial);           // Eq16
void judge_chain(Session& session, const Run& run, const Trials& trial);          // Eq7

/// What is said besides of a row of steps: which t_prev its numbers belong to, and which dialect they are of.
void name_inferred_prev(Draft& draft, const Session& session, const Trial& trial);
void compare_dialects(Draft& draft, const Session& session, const Trial& trial);

}  // namespace ddim::conformance
