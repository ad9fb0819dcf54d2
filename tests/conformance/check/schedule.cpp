// Schedule: the table of alpha_bar.

#include <algorithm>

#include "tests/conformance/check/session.hpp"

namespace ddim::conformance {
namespace {

void compare(Draft& draft, const Session& session, const Table& exact, const std::vector<double>& got) {
  const auto rows = static_cast<Eigen::Index>(got.size());
  const Batch values = Eigen::Map<const Batch>(got.data(), rows, 1);
  RealBatch want(rows, 1);
  Batch bound(rows, 1), magnitude(rows, 1);
  for (Eigen::Index t = 0; t < rows; ++t) {
    const Level& level = exact[static_cast<std::size_t>(t)];
    want(t) = level.alpha_bar;
    bound(t) = session.table_bound[static_cast<std::size_t>(t)];
    magnitude(t) = static_cast<double>(std::min(level.alpha_bar, level.one_minus));
    if (magnitude(t) == 0) magnitude(t) = 1;
  }
  draft.compare(values, want, bound, [](Eigen::Index t, Eigen::Index) { return "t = " + std::to_string(t); });
  draft.explain_with([values, magnitude, &config = session.config](const Recipe& candidate) {
    const Table table = candidate.table(config);
    RealBatch column(values.rows(), 1);
    for (Eigen::Index t = 0; t < values.rows(); ++t) column(t) = table[static_cast<std::size_t>(t)].alpha_bar;
    return distance(values, column, magnitude);
  });
}

}  // namespace

void judge_schedule(Session& session, const Run& run) {
  Draft draft("Schedule", "Schedule alphas_cumprod", session.coefficient_u);
  const Table& exact = run.table();
  session.table = exact;
  const auto got = ask(session.sampler.alphas_cumprod, run);
  session.table_u = got ? table_roundoff(*got, session.coefficient_u) : session.coefficient_u;
  session.table_bound = table_bound(session.config, session.coefficient_u, session.table_u);
  if (!got) {
    draft.trouble(got.trouble(), "alphas_cumprod");
    draft.note("the steps are judged with the exact table and a bound for theirs");
  } else if (got->size() != exact.size()) {
    draft.fail("it has " + std::to_string(got->size()) +
               " entries, want num_train_timesteps = " + std::to_string(exact.size()));
  } else {
    if (session.config.table_unknown.empty())
      compare(draft, session, exact, *got);
    else
      draft.trouble({Status::inconclusive, session.config.table_unknown}, "alphas_cumprod");
    session.own_table = std::all_of(got->begin(), got->end(), [](double a) { return a >= 0 && a <= 1; });
    if (session.own_table) session.table = samplers::table_of(*got);
  }
  session.keep(std::move(draft), run);
}

}  // namespace ddim::conformance
