#include "tests/power/measure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/power/wald.hpp"
#include "tests/statistics/claims.hpp"
#include "tests/statistics/detect.hpp"
#include "tests/statistics/parallel.hpp"

namespace ddim::power {
namespace {

using statistics::Claim;
using statistics::Context;
using statistics::Detection;
using statistics::Instruments;

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())) - 1)];
}

/// Independent detections; run r is keyed by seed + r whatever the worker.
std::vector<Detection> detect_many(const Mutant& mutant, const Claim& claim, double alpha, double most,
                                   int runs, const Plan& plan) {
  std::vector<Detection> found(static_cast<std::size_t>(runs));
  const Instruments instruments = Instruments::sound();
  statistics::in_parallel_each(found.size(), plan.threads, [&] {
    return [&, sampler = mutant.sampler()](std::size_t r) {
      const Context context{sampler, mutant.run, instruments, plan.seed + static_cast<std::uint32_t>(r)};
      found[r] = detect(claim, context, alpha, most);
    };
  });
  return found;
}

void summarise(Cell& cell, const std::vector<Detection>& found) {
  std::vector<double> n;
  cell.runs = static_cast<int>(found.size());
  cell.killed = 0;
  for (const Detection& detection : found) {
    if (detection.killed) ++cell.killed;
    if (detection.killed && cell.by.empty()) cell.by = detection.by;
    n.push_back(detection.killed ? detection.n : std::numeric_limits<double>::infinity());
  }
  std::sort(n.begin(), n.end());
  cell.mean = 0;
  for (const double value : n) cell.mean += value / static_cast<double>(n.size());
  cell.median = quantile(n, 0.5);
  cell.q90 = quantile(n, 0.9);
  cell.q99 = quantile(n, 0.99);
}

/// A mutant with the claims it is asked, each at its share of alpha.
class Trial {
 public:
  Trial(const Mutant& mutant, const Plan& plan)
      : mutant_(mutant), plan_(plan), claims_(statistics::claims(mutant.run)) {
    const samplers::Sampler sampler = mutant.sampler();
    const Instruments instruments = Instruments::sound();
    const Context context{sampler, mutant.run, instruments, plan.seed};
    const std::vector<double> shares = statistics::shares(claims_, context);
    for (std::size_t k = 0; k < claims_.size(); ++k) {
      if (!claims_[k].obstacle(context).empty()) continue;
      const bool exact = std::holds_alternative<statistics::Exact>(claims_[k].check);
      asked_.push_back({&claims_[k], exact ? kAlpha : kAlpha * shares[k], exact});
    }
  }

  std::vector<Cell> ask_all(double pilot_most) const {
    std::vector<Cell> cells;
    for (const Asked& asked : asked_) {
      Cell cell{.claim = asked.claim->id, .exact = asked.exact};
      const bool counts = std::holds_alternative<statistics::Counts>(asked.claim->check);
      summarise(cell, detect_many(mutant_, *asked.claim, asked.alpha, counts ? 10 * pilot_most : pilot_most,
                                  1, plan_));
      if (cell.killed > 0 && !cell.exact)
        summarise(cell, detect_many(mutant_, *asked.claim, asked.alpha, plan_.most, plan_.side_runs, plan_));
      cells.push_back(cell);
    }
    return cells;
  }

  /// All runs of the claim in that place, and Wald's bound for it.
  void ask_in_full(Cell& cell, std::size_t place) const {
    const Asked& asked = asked_[place];
    summarise(cell, detect_many(mutant_, *asked.claim, asked.alpha, plan_.most, plan_.runs, plan_));
    if (plan_.wald) cell.wald = wald_bound(mutant_, *asked.claim, plan_.seed);
    if (cell.wald > 0) cell.efficiency = cell.wald / cell.mean;
  }

 private:
  struct Asked {
    const Claim* claim;
    double alpha;
    bool exact;
  };
  const Mutant& mutant_;
  const Plan& plan_;
  std::vector<Claim> claims_;
  std::vector<Asked> asked_;
};

/// By draws in every run, soonest; else the last that finds it at all; -1: none.
int soonest(const std::vector<Cell>& cells) {
  int best = -1, last = -1;
  for (std::size_t k = 0; k < cells.size(); ++k) {
    const Cell& cell = cells[k];
    if (cell.killed == 0) continue;
    last = static_cast<int>(k);
    if (!cell.exact && cell.killed == cell.runs &&
        (best < 0 || cell.mean < cells[static_cast<std::size_t>(best)].mean))
      best = last;
  }
  return best < 0 ? last : best;
}

}  // namespace

std::vector<const Cell*> Row::killers() const {
  std::vector<const Cell*> found;
  for (const Cell& cell : cells) {
    if (cell.killed > 0) found.push_back(&cell);
  }
  return found;
}

Plan Plan::quick() const {
  Plan plan = *this;
  plan.runs = std::min(runs, 10);
  plan.side_runs = 2;
  plan.pilot_most = 2e3;
  plan.wald = false;
  return plan;
}

Row measure(const Mutant& mutant, const Plan& plan) {
  const Trial trial(mutant, plan);
  double most = plan.pilot_most;
  Row row{mutant, trial.ask_all(most)};
  while (mutant.equivalent.empty() && row.killers().empty() && most < plan.most) {
    most = std::min(70 * most, plan.most);
    row.cells = trial.ask_all(most);
  }
  row.primary = soonest(row.cells);
  if (row.primary >= 0) {
    const auto place = static_cast<std::size_t>(row.primary);
    trial.ask_in_full(row.cells[place], place);
    row.survivors = row.cells[place].runs - row.cells[place].killed;
  }
  return row;
}

}  // namespace ddim::power
