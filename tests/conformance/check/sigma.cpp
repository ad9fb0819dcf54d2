// Eq16: the deviation that a step shows, and that eta = 1 is DDPM's posterior.

#include <cmath>

#include "tests/conformance/check/trial.hpp"

namespace ddim::conformance {
namespace {

/// Two steps that differ in the sign of the noise alone: their difference is 2 sigma noise. Taken where the
/// noise is largest.
struct Extracted {
  Eigen::Index row, column;
  double noise;
};
Extracted largest_noise(const Observation& seen) {
  Extracted at{};
  seen.noise.cwiseAbs().maxCoeff(&at.row, &at.column);
  at.noise = static_cast<double>(seen.noise(at.row, at.column));
  return at;
}
double sigma_seen(const Observation& seen, const Extracted& at) {
  const Real up = seen.prev_sample(at.row, at.column), down = (*seen.mirrored)(at.row, at.column);
  return static_cast<double>((up - down) / (2 * static_cast<Real>(at.noise)));
}
/// Half of what both steps may be off by, and that a double holds the quotient.
double sigma_bound(const Session& session, const Place& place, const Observation& seen, const Extracted& at) {
  const StepBound mirrored =
      step_bound(session.recipe, place, seen.x_t.col(at.column), seen.output.col(at.column),
                 -seen.noise.col(at.column), session.arithmetic());
  const double both = seen.bound.prev_sample(at.row, at.column) + mirrored.prev_sample(at.row);
  const double sigma = sigma_seen(seen, at);  // a NaN has no bound of its own: it is wrong
  return both / (2 * std::abs(at.noise)) + (std::isfinite(sigma) ? 0x1p-53 * std::abs(sigma) : 0);
}
/// The same of a candidate.
Real sigma_replayed(const Recipe& candidate, const Place& place, const Observation& seen,
                    const Extracted& at) {
  const RealBatch up = step(candidate, place, seen.x_t, seen.output, seen.noise).prev_sample,
                  down = step(candidate, place, seen.x_t, seen.output, -seen.noise).prev_sample;
  return (up(at.row, at.column) - down(at.row, at.column)) / (2 * static_cast<Real>(at.noise));
}

/// DDPM's posterior in its own closed form.
RealBatch ddpm_step(const Place& place, const Observation& seen) {
  const Recipe definition = Recipe::of(place.run.dialect());
  const auto [current, prev] = levels(definition, place);
  const Real kept = current.alpha_bar / prev.alpha_bar,
             beta = (prev.alpha_bar - current.alpha_bar) / prev.alpha_bar;
  return std::sqrt(prev.alpha_bar) * beta / current.one_minus * seen.want.pred_x0 +
         std::sqrt(kept) * prev.one_minus / current.one_minus * seen.x_t +
         std::sqrt(prev.one_minus / current.one_minus * beta) * seen.noise;
}

}  // namespace

void judge_sigma(Session& session, const Run& run, const Trials& trial) {
  Draft draft("Eq16", "Eq16 sigma, " + run.text(), session.u);
  bool any = false;
  for (const Observation& seen : trial->seen) {
    if (!seen.mirrored) continue;
    any = true;
    const Extracted at = largest_noise(seen);
    draft.compare(Batch::Constant(1, 1, sigma_seen(seen, at)), RealBatch::Constant(1, 1, seen.want.sigma),
                  Batch::Constant(1, 1, sigma_bound(session, trial->place(seen.entry), seen, at)),
                  [&](Eigen::Index, Eigen::Index) { return trial->at_step(seen.entry); });
  }
  if (trial->mirror_stopped)
    draft.trouble(trial->mirror_stopped->trouble, trial->at_step(trial->mirror_stopped->entry));
  if (!any) return;
  draft.explain_with([trial](const Recipe& candidate) {
    return largest_over(
        *trial, [](const Observation& s) { return s.mirrored.has_value(); },
        [&](const Observation& s) {
          const Extracted at = largest_noise(s);
          const double scale = s.bound.magnitude_prev(at.row, at.column) / std::abs(at.noise);
          const Real other = sigma_replayed(candidate, trial->place(s.entry), s, at);
          return distance(Batch::Constant(1, 1, sigma_seen(s, at)), RealBatch::Constant(1, 1, other),
                          Batch::Constant(1, 1, scale));
        });
  });
  session.keep(std::move(draft), run);
}

void judge_ddpm(Session& session, const Run& run, const Trials& trial) {
  if (run.eta() != 1 || session.config.restricts() || session.config.sigma_hat) return;
  Draft draft("Eq16", "Eq16 eta=1 is DDPM's posterior, " + run.text(), session.u);
  const auto concerns = [trial](const Observation& seen) { return !trial->last(seen.entry); };
  for (const Observation& seen : trial->seen) {
    if (!concerns(seen)) continue;
    draft.compare(seen.prev_sample, ddpm_step(trial->place(seen.entry), seen), seen.bound.prev_sample,
                  [&](Eigen::Index row, Eigen::Index column) {
                    return element_of(trial->at_step(seen.entry), row, column);
                  });
  }
  if (draft.row().compared == 0) return;
  draft.explain_with([trial, concerns](const Recipe& candidate) {
    return largest_over(*trial, concerns, [&](const Observation& s) {
      const samplers::Outcome other = step(candidate, trial->place(s.entry), s.x_t, s.output, s.noise);
      return distance(s.prev_sample, other.prev_sample, s.bound.magnitude_prev);
    });
  });
  session.keep(std::move(draft), run);
}

}  // namespace ddim::conformance
