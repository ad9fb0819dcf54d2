// Lemma1: noising.

#include <algorithm>

#include "tests/conformance/check/session.hpp"

namespace ddim::conformance {
namespace {

struct Seen {
  int t;
  RealBatch x0, noise;
  Batch got, magnitude;
};

}  // namespace

void judge_noising(Session& session, const Run& run) {
  Draft draft("Lemma1", "Lemma1 add_noise", session.u);
  std::vector<Seen> seen;
  const int T = session.config.T;
  Inputs inputs(1);
  for (const int t : {0, 1, T / 10, T / 3, T / 2, T - 2, T - 1}) {
    if (t < 0 || t >= T) continue;
    const RealBatch x0 = inputs.normal(), noise = inputs.normal();
    const std::string place = "t = " + std::to_string(t);
    const auto got =
        ask(session.sampler.add_noise, run, t, Batch(x0.cast<double>()), Batch(noise.cast<double>()));
    if (!got) {
      draft.trouble(got.trouble(), place);
      break;
    }
    const NoisingBound bound =
        noising_bound(session.table[static_cast<std::size_t>(t)], t, x0, noise, session.arithmetic());
    draft.compare(*got, samplers::add_noise(session.recipe, session.table, t, x0, noise), bound.x_t,
                  [&](Eigen::Index row, Eigen::Index column) { return element_of(place, row, column); });
    seen.push_back({t, x0, noise, *got, bound.magnitude});
  }
  draft.explain_with([seen = std::move(seen), table = session.table](const Recipe& candidate) {
    double largest = 0;
    for (const Seen& s : seen) {
      const RealBatch other = samplers::add_noise(candidate, table, s.t, s.x0, s.noise);
      largest = std::max(largest, distance(s.got, other, s.magnitude));
    }
    return largest;
  });
  session.keep(std::move(draft), run);
}

}  // namespace ddim::conformance
