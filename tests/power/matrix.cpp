#include "tests/power/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/statistics/claims.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::power {
namespace {

using Json = nlohmann::json;

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  va_list values;
  va_start(values, pattern);
  char line[512];
  std::vsnprintf(line, sizeof line, pattern, values);
  va_end(values);
  return line;
}

Json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

Json cell_json(const Cell& cell) {
  Json entry{{"claim", cell.claim},
             {"runs", cell.runs},
             {"killed", cell.killed},
             {"rate_at_least", statistics::clopper_pearson(cell.killed, cell.runs, 0.9).low},
             {"median", number(cell.median)},
             {"q90", number(cell.q90)},
             {"q99", number(cell.q99)},
             {"mean", number(cell.mean)},
             {"by", cell.by}};
  if (cell.wald > 0) entry.update({{"wald", cell.wald}, {"efficiency", number(cell.efficiency)}});
  return entry;
}

Json row_json(const Row& row) {
  Json cells = Json::array();
  for (const Cell* cell : row.killers()) cells.push_back(cell_json(*cell));
  return {{"fault", row.mutant.name},
          {"equation", row.mutant.equation},
          {"says", row.mutant.says},
          {"kind", row.mutant.kind},
          {"equivalent", row.mutant.equivalent},
          {"asked", row.cells.size()},
          {"primary", row.best() ? row.best()->claim : ""},
          {"cells", cells}};
}

Json efficiency_json(const Tally& tally) {
  return {{"parametric", tally.parametric.value()},
          {"parametric_faults", tally.parametric.n},
          {"parametric_ten_or_more", tally.slow.value()},
          {"parametric_ten_or_more_faults", tally.slow.n},
          {"shape", tally.shape.value()},
          {"shape_faults", tally.shape.n},
          {"unseen", tally.unseen.value()},
          {"unseen_faults", tally.unseen.n}};
}

std::string killed_by(const Row& row) {
  std::string names;
  for (const Cell* cell : row.killers()) names += (names.empty() ? "" : ",") + cell->claim;
  return names;
}

}  // namespace

void Mean::add(double value) {
  sum += std::log(value);
  ++n;
}
double Mean::value() const { return n > 0 ? std::exp(sum / n) : 0; }

void Tally::add(const Row& row) {
  ++faults;
  const std::vector<const Cell*> killers = row.killers();
  if (!row.mutant.equivalent.empty()) {
    ++equivalent;
    if (std::any_of(killers.begin(), killers.end(), [](const Cell* cell) { return !cell->exact; }))
      ++wrongly_killed;
    return;
  }
  for (const Cell* cell : killers) ++kills[cell->claim];
  if (row.survived()) {
    ++survived;
    return;
  }
  const Cell& best = *row.best();
  if (row.only_killer()) ++only_kills[best.claim];
  if (best.efficiency <= 0 || best.exact) return;
  if (row.mutant.kind == "parametric") parametric.add(best.efficiency);
  if (row.mutant.kind == "parametric" && best.wald >= 10) slow.add(best.efficiency);
  if (row.mutant.kind == "shape") shape.add(best.efficiency);
  if (row.mutant.kind == "unseen") unseen.add(best.efficiency);
}

Tally Matrix::tally() const {
  Tally tally;
  for (const Row& row : rows) tally.add(row);
  return tally;
}
int Matrix::suite_survived() const {
  return static_cast<int>(
      std::count_if(suite.begin(), suite.end(), [](const SuiteRow& row) { return row.noticed.empty(); }));
}
double Matrix::rate_at_least() const { return statistics::clopper_pearson(plan.runs, plan.runs, 0.9).low; }
bool Matrix::good() const {
  const Tally all = tally();
  return all.survived == 0 && all.wrongly_killed == 0 && suite_survived() == 0;
}

std::string heading() {
  return format("%-34s %-10s %-22s %6s %9s %9s %9s %9s %6s  %s\n", "fault", "equation", "best claim",
                "killed", "median", "q90", "q99", "wald", "effic", "killed by");
}

std::string line(const Row& row) {
  const Mutant& mutant = row.mutant;
  const std::string start = format("%-34s %-10s ", mutant.name.c_str(), mutant.equation.c_str());
  if (!mutant.equivalent.empty()) return start + "equivalent: " + mutant.equivalent + "\n";
  if (row.survived()) return start + "SURVIVED " + killed_by(row) + "\n";
  const Cell& best = *row.best();
  return start +
         format("%-22s %5d  %9.4g %9.4g %9.4g %9.4g %6.2f  ", best.claim.c_str(), best.killed, best.median,
                best.q90, best.q99, best.wald, best.efficiency) +
         killed_by(row) + (row.only_killer() ? " (only killer)" : "") + "\n";
}

std::string line(const SuiteRow& row) {
  return format("  %-26s %s\n", row.fault.c_str(),
                row.noticed.empty() ? "SURVIVED" : row.noticed.front().c_str());
}

std::string claims_text(const Tally& tally) {
  const auto of = [](const std::map<std::string, int>& counts, const std::string& claim) {
    const auto found = counts.find(claim);
    return found == counts.end() ? 0 : found->second;
  };
  std::string text = "Claims and what they kill (only killer of):\n";
  for (const statistics::Claim& claim : statistics::claims(samplers::Run::standard(0.5, 6))) {
    text += format("  %-24s %4d (%d)\n", claim.id.c_str(), of(tally.kills, claim.id),
                   of(tally.only_kills, claim.id));
  }
  return text;
}

std::string summary(const Matrix& matrix) {
  const Tally all = matrix.tally();
  std::string text =
      format("%d faults: %d killed in every one of %d runs (rate >= %.5f at 95 %%), %d survived, ",
             all.faults, all.faults - all.survived - all.equivalent, matrix.plan.runs, matrix.rate_at_least(),
             all.survived) +
      format("%d equivalent (%d wrongly killed by law)\n", all.equivalent, all.wrongly_killed);
  if (matrix.plan.wald) {
    text += format(
                "efficiency, geometric mean: parametric %.3f (%d faults; those that need ten draws or more: "
                "%.3f, %d), ",
                all.parametric.value(), all.parametric.n, all.slow.value(), all.slow.n) +
            format("shape %.3f (%d faults), unseen %.3f (%d faults)\n", all.shape.value(), all.shape.n,
                   all.unseen.value(), all.unseen.n);
  }
  return text + format("suite's own faults: %d survived\nalpha %g, seed %u, commit %s, %.0f s\n",
                       matrix.suite_survived(), kAlpha, matrix.plan.seed, matrix.commit.c_str(),
                       matrix.seconds);
}

std::string json(const Matrix& matrix) {
  const Tally all = matrix.tally();
  std::string text = "{\n";
  const auto add = [&](const char* name, const Json& value) {
    text += Json(name).dump() + ": " + value.dump() + ",\n";
  };
  const auto lines = [&](const char* name, const std::vector<Json>& rows) {
    text += Json(name).dump() + ": [\n";
    for (std::size_t k = 0; k < rows.size(); ++k)
      text += rows[k].dump() + (k + 1 < rows.size() ? ",\n" : "\n");
    text += "]";
  };
  add("alpha", kAlpha);
  add("seed", matrix.plan.seed);
  add("commit", matrix.commit);
  add("runs", matrix.plan.runs);
  add("quick", matrix.quick);
  add("rate_at_least_95", matrix.rate_at_least());
  add("survived", all.survived);
  add("equivalent", all.equivalent);
  add("efficiency", efficiency_json(all));
  add("seconds", std::round(matrix.seconds));
  std::vector<Json> rows, suite;
  for (const Row& row : matrix.rows) rows.push_back(row_json(row));
  for (const SuiteRow& row : matrix.suite)
    suite.push_back({{"fault", row.fault}, {"says", row.says}, {"noticed", row.noticed}});
  lines("faults", rows);
  text += ",\n";
  lines("suite_faults", suite);
  return text + "\n}\n";
}

}  // namespace ddim::power
