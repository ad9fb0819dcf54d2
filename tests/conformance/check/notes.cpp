// What is said of a row of steps besides its verdict.

#include <algorithm>
#include <cmath>

#include "tests/conformance/check/trial.hpp"

namespace ddim::conformance {
namespace {

bool within(const Batch& got, const RealBatch& want, const Batch& bound) {
  for (Eigen::Index k = 0; k < want.size(); ++k) {
    if (!(static_cast<double>(std::abs(got(k) - want(k))) <= bound(k))) return false;
  }
  return true;
}

bool concerns(const Draft& draft, const Trial& trial, const Observation& seen) {
  return trial.last(seen.entry) == (draft.row().equation == "Eq10");
}

const Observation* first_wrong(const Draft& draft, const Trial& trial) {
  for (const Observation& seen : trial.seen) {
    if (concerns(draft, trial, seen) &&
        !within(seen.prev_sample, seen.want.prev_sample, seen.bound.prev_sample))
      return &seen;
  }
  return nullptr;
}

bool conforms_to(const samplers::Dialect& dialect, const Draft& draft, const Trial& trial) {
  const Recipe other = Recipe::of(dialect);
  return std::all_of(trial.seen.begin(), trial.seen.end(), [&](const Observation& seen) {
    return !concerns(draft, trial, seen) ||
           within(seen.prev_sample,
                  step(other, trial.place(seen.entry), seen.x_t, seen.output, seen.noise).prev_sample,
                  seen.bound.prev_sample);
  });
}

/// Why two dialects give other steps, in their own words; empty: they do not.
std::string difference(const samplers::Dialect& one, const samplers::Dialect& other, const Run& run,
                       bool last) {
  const Config& config = run.config();
  const Level a = one.last_level(config, run.table()), b = other.last_level(config, run.table());
  if (last && a.alpha_bar != b.alpha_bar) {
    const samplers::Dialect &to_data = a.one_minus == 0 ? one : other,
                            &to_table = a.one_minus == 0 ? other : one;
    return (config.set_alpha_to_one ? "" : "set_alpha_to_one is false: ") + to_table.of_last_level + " = " +
           ddim::to_text(static_cast<double>(run.table()[0].alpha_bar)) + ", " + to_data.of_last_level;
  }
  if (config.restricts() && one.rederives_eps != other.rederives_eps) {
    const samplers::Dialect &keeps = one.rederives_eps ? other : one,
                            &makes = one.rederives_eps ? one : other;
    return keeps.of_eps + ", " + makes.of_eps;
  }
  return "";
}

}  // namespace

void name_inferred_prev(Draft& draft, const Session& session, const Trial& trial) {
  if (!draft.row().wrong) return;
  const Observation* seen = first_wrong(draft, trial);
  if (!seen) return;
  const Place place = trial.place(seen->entry);
  const auto fits = [&](const Level& level) {
    const samplers::Outcome outcome = step(session.recipe, place, {session.recipe.current(place), level},
                                           seen->x_t, seen->output, seen->noise);
    return within(seen->prev_sample, outcome.prev_sample, seen->bound.prev_sample);
  };
  const auto next = place.next();
  const std::string want = next ? "t_prev = " + std::to_string(*next) : "the data's";
  if (fits(Level{})) {
    draft.note("its numbers are those of alpha_bar_prev = 1, want " + want);
    return;
  }
  std::vector<int> fitting;
  for (int t = 0; t < session.config.T; ++t) {
    if (fits(trial.run.table()[static_cast<std::size_t>(t)])) fitting.push_back(t);
  }
  if (fitting.size() == 1)
    draft.note("its numbers are those of t_prev = " + std::to_string(fitting.front()) + ", want " + want);
}

void compare_dialects(Draft& draft, const Session& session, const Trial& trial) {
  if (!draft.decided() || trial.seen.empty()) return;
  const samplers::Dialect& mine = session.options.dialect;
  const bool wrong = draft.row().wrong.has_value();
  for (const samplers::Dialect& theirs : samplers::dialects()) {
    if (theirs.name == mine.name) continue;
    const std::string why = difference(mine, theirs, trial.run, draft.row().equation == "Eq10");
    const bool conforms = why.empty() ? !wrong : conforms_to(theirs, draft, trial);
    if (conforms) draft.row().conforms_to.push_back(theirs.name);
    if (why.empty()) continue;
    if (wrong && conforms)
      draft.note("conforms to " + theirs.name + ", differs from " + mine.name + " because " + why);
    else if (!wrong && !conforms)
      draft.note("conforms to " + mine.name + ", differs from " + theirs.name + " because " + why);
  }
}

}  // namespace ddim::conformance
