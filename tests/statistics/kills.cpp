// The kill matrix: every known mistake against every claim, with the number of draws that finding it takes.

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/conformance/faults.hpp"
#include "tests/conformance/stats.hpp"
#include "tests/statistics/faults.hpp"
#include "tests/statistics/laws.hpp"

namespace {

using namespace ddim::statistics;
namespace conformance = ddim::conformance;

constexpr double kAlpha = 1e-9;
const double kInfinity = std::numeric_limits<double>::infinity();

struct Mutant {
  std::string name, equation, description, kind, equivalent;
  Setting setting;
  std::function<Subject()> make;
  std::function<double(double)> log_density = {};
};

/// The run on which a sampler's fault shows, where the default does not.
struct Where {
  int S = 6;
  std::optional<conformance::Spacing> spacing = {};
  double eta = 0.5;
};
const std::map<std::string, Where>& where() {
  using conformance::Spacing;
  static const std::map<std::string, Where> table{
      {"schedule-cosine-uncapped", {6, Spacing::trailing, 0.5}},
      {"tau-extra-entry", {61, Spacing::trailing, 0.5}},
      {"tau-half-up", {16, Spacing::trailing, 0.5}},
      {"tau-truncated", {6, Spacing::trailing, 0.5}},
      {"tau-offset-everywhere", {6, Spacing::trailing, 0.5}},
      {"tau-always-leading", {6, Spacing::trailing, 0.5}},
      {"tau-whole-range", {7, Spacing::leading, 0.5}},
      {"tau-linspace-to-T", {6, Spacing::linspace, 0.5}},
      {"tau-linspace-open", {6, Spacing::linspace, 0.5}},
      {"prev-stride", {6, Spacing::trailing, 0.5}},
      {"noise-at-eta-zero", {6, {}, 0.0}},
      {"step-not-finite", {6, {}, 1.0}},
  };
  return table;
}

std::vector<Mutant> mutants() {
  std::vector<Mutant> all;
  for (const conformance::Fault& fault : conformance::faults()) {
    static const Where usual;
    const auto found = where().find(fault.name);
    const Where& at = found == where().end() ? usual : found->second;
    conformance::Run run;
    run.config = conformance::read_config(std::string(DDIM_SOURCE_DIR) + "/tests/conformance/configs/" +
                                          fault.config + ".json");
    run.S = at.S;
    run.spacing = at.spacing.value_or(run.config.spacing);
    run.eta = at.eta;
    run.dialect = fault.dialect;
    const auto make = [run, name = fault.name] {
      const std::shared_ptr<conformance::Implementation> implementation =
          conformance::open("builtin:fault:" + name);
      Subject subject = conformance::subject_of(*implementation, run, false);
      const Subject::Step step = subject.step;
      subject.step = [implementation, step](const Setting& s, int i, const ddim::Batch& x,
                                            const ddim::Batch& output,
                                            const ddim::Batch& z) { return step(s, i, x, output, z); };
      return subject;
    };
    all.push_back({fault.name, fault.equation, fault.description, "parametric", "",
                   conformance::setting_of(run), make});
  }
  for (const EquationFault& fault : equation_faults()) {
    Setting setting = Setting::standard(0.5, 6);
    // At T the data has all but vanished; a chain that ends at t = 500 shows where a path starts.
    if (fault.name == "path-starts-at-noise")
      setting = Setting::make(setting.betas, {{100, 0}, {250, 100}, {500, 250}}, 0.5);
    const auto make = [&fault] {
      Subject subject = Subject::reference();
      fault.apply(subject);
      return subject;
    };
    all.push_back({fault.name, fault.equation, fault.description, to_text(fault.kind), fault.equivalent,
                   setting, make, fault.log_density});
  }
  return all;
}

/// Mistakes of random kind, place and size. Claims and evidence were made with the bank in view; nothing was
/// chosen with these in view, so their efficiency is what the bank's should be read beside.
std::vector<Mutant> unseen_mutants(int count, std::uint32_t seed) {
  enum Term {
    x0_of_step,
    eps_of_step,
    noise_of_step,
    x0_of_marginal,
    noise_of_marginal,
    gain,
    noise_of_forward
  };
  static const std::array names{"x_0 in the step",          "eps in the step",
                                "noise in the step",        "x_0 in the marginal",
                                "noise in the marginal",    "x_prev in the forward step",
                                "noise in the forward step"};
  static const std::array equations{"Eq12", "Eq12", "Eq12", "Lemma1", "Lemma1", "Eq8", "Eq8"};
  const Setting setting = Setting::standard(0.5, 6);
  const Draws draws(seed, Stream::judge, 905);
  std::vector<Mutant> all;
  for (int k = 0; k < count; ++k) {
    const auto kind = draws.uniforms(static_cast<std::uint64_t>(k), 0),
               rest = draws.uniforms(static_cast<std::uint64_t>(k), 1);
    const auto term = static_cast<std::size_t>(kind[0] * static_cast<double>(names.size()));
    const double size = std::exp2(-1 - 3.5 * kind[1]), factor = rest[0] < 0.5 ? 1 - size : 1 + size;
    // Half of them are at every step, the others at one of the steps with noise, the second to the last.
    const int place = rest[1] < 0.5 ? 0 : 2 + static_cast<int>((rest[1] - 0.5) * 2 * (setting.S() - 1));
    const auto make = [=] {
      const auto off = [=](Term here, int i) {
        return term == here && (place == 0 || place == i) ? factor : 1.0;
      };
      Subject subject = Subject::reference();
      subject.step = [=](const Setting& at, int i, const ddim::Batch& x_t, const ddim::Batch& eps,
                         const ddim::Batch& z) {
        const paper::Step& law = at.law(i);
        const ddim::Batch x0 = (x_t - paper::root(law.current.b) * eps) / paper::root(law.current.a);
        return ddim::Batch(off(x0_of_step, i) * law.posterior_x0() * x0 +
                           off(eps_of_step, i) * law.direction() * eps +
                           off(noise_of_step, i) * law.sigma() * z);
      };
      subject.q_sample = [=](const Setting& at, int i, const ddim::Batch& x0, const ddim::Batch& z) {
        const paper::Level& level = at.law(i).current;
        return ddim::Batch(off(x0_of_marginal, i) * paper::root(level.a) * x0 +
                           off(noise_of_marginal, i) * paper::root(level.b) * z);
      };
      subject.forward = [=](const Setting& at, int i, const ddim::Batch& x_prev, const ddim::Batch& x0,
                            const ddim::Batch& z) {
        const paper::Step& law = at.law(i);
        return ddim::Batch(off(gain, i) * law.forward_gain() * x_prev + law.non_markov() * x0 +
                           off(noise_of_forward, i) * law.forward_sigma() * z);
      };
      return subject;
    };
    char name[32], description[96];
    std::snprintf(name, sizeof name, "unseen-%02d", k + 1);
    std::snprintf(description, sizeof description, "%s times %.4g, %s", names[term], factor,
                  place == 0 ? "every step" : ("step " + std::to_string(place)).c_str());
    all.push_back({name, equations[term], description, "unseen", "", setting, make});
  }
  return all;
}

struct Cell {
  std::string claim;
  bool exact = false;
  int runs = 0, killed = 0;
  double mean = 0, median = 0, q90 = 0, q99 = 0;
  double wald = 0;        ///< draws whose KL adds up to ln(1 / alpha); 0: not known
  double efficiency = 0;  ///< wald / mean
  std::string by;
};

struct Row {
  Mutant mutant;
  std::vector<Cell> cells;
  int primary = -1;
  bool only_killer = false;
  int survivors = 0;  ///< runs of the whole suite that would have passed
};

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())) - 1)];
}

/// Runs `runs` independent detections on two workers; run r is keyed by seed + r whatever the worker.
std::vector<Detection> detect_many(const Mutant& mutant, const Claim& claim, double alpha, double most,
                                   int runs, std::uint32_t seed, int threads) {
  std::vector<Detection> found(static_cast<std::size_t>(runs));
  std::atomic<int> next{0};
  const Instruments instruments = Instruments::sound();
  const auto work = [&] {
    const Subject subject = mutant.make();
    for (int r = next++; r < runs; r = next++) {
      found[static_cast<std::size_t>(r)] = detect(
          claim, {subject, mutant.setting, instruments, seed + static_cast<std::uint32_t>(r)}, alpha, most);
    }
  };
  std::vector<std::thread> workers;
  for (int k = 1; k < std::min(threads, runs); ++k) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return found;
}

void summarise(Cell& cell, const std::vector<Detection>& found) {
  std::vector<double> n;
  cell.runs = static_cast<int>(found.size());
  cell.killed = 0;
  for (const Detection& detection : found) {
    if (detection.killed) ++cell.killed;
    if (detection.killed && cell.by.empty()) cell.by = detection.by;
    n.push_back(detection.killed ? detection.n : kInfinity);
  }
  std::sort(n.begin(), n.end());
  cell.mean = 0;
  for (const double value : n) cell.mean += value / static_cast<double>(n.size());
  cell.median = quantile(n, 0.5);
  cell.q90 = quantile(n, 0.9);
  cell.q99 = quantile(n, 0.99);
}

/// KL per draw, cell by cell, of what the fault makes of the residuals from the null: for shape faults by
/// quadrature of the known density, for the others from the fitted regression of each cell (the faulty steps
/// are affine in what they are given). Empty where the law is singular or not known.
std::vector<double> nats_by_cell(const Mutant& mutant, const Residuals& residuals, const Context& context) {
  const auto cells = static_cast<std::size_t>(residuals.cells);
  if (mutant.kind == "dependence") return {};
  if (mutant.kind == "shape") {
    if (!mutant.log_density) return {};
    const auto integrand = [&](double z) {
      const double ratio = mutant.log_density(z);
      return std::isfinite(ratio) ? std::exp(ratio - 0.5 * z * z) / std::sqrt(2 * std::numbers::pi) * ratio
                                  : 0.0;
    };
    double total = 0;
    for (int k = -40; k < 40; ++k)
      total += boost::math::quadrature::gauss_kronrod<double, 31>::integrate(integrand, 0.25 * k,
                                                                             0.25 * (k + 1), 8, 1e-8);
    return std::vector<double>(cells, total);
  }
  Evidence evidence(residuals.cells, static_cast<int>(residuals.covariates.size()));
  Recorder record(evidence);
  for (std::uint64_t first = 0; evidence.n() < 4e5 && evidence.finite(); first += 1024)
    residuals.observe(context, first, 1024, record);
  if (!evidence.finite()) return {};
  std::vector<double> nats;
  const auto p = static_cast<std::size_t>(evidence.covariates());
  for (int k = 0; k < evidence.cells(); ++k) {
    const Regression& sums = evidence.cell(k);
    const Certificate fit = certify(sums, evidence.covariates(), 0.5);
    double explained = 0;
    for (std::size_t i = 0; i < p; ++i) explained += fit.estimate[static_cast<Eigen::Index>(i)] * sums.xr[i];
    const double v = std::max(fit.variance, 1e-300);
    const double mean_square = std::max(0.0, explained / sums.n - static_cast<double>(p) * v / sums.n);
    nats.push_back(0.5 * (mean_square + v - 1 - std::log(v)));
  }
  return nats;
}

/// KL per draw of counts, from the frequencies of a large sample less their bias. 0: not known, because it is
/// too small to be estimated, or a category that the null excludes makes it infinite.
double nats_of_counts(const Counts& check, const Context& context) {
  std::vector<std::vector<double>> counts;
  for (const auto& p : check.probabilities) counts.emplace_back(p.size(), 0.0);
  for (std::uint64_t first = 0; first < 400'000; first += 1000) check.observe(context, first, 1000, counts);
  double nats = 0, bias = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double n = std::accumulate(counts[k].begin(), counts[k].end(), 0.0);
    bias -= 0.5 / n;
    for (std::size_t j = 0; j < counts[k].size(); ++j) {
      const double q = counts[k][j] / n, p = check.probabilities[k][j];
      if (q == 0) continue;
      if (p == 0) return 0;
      nats += q * std::log(q / p);
      bias += 0.5 / n;
    }
  }
  return nats - bias > 2 * bias ? (nats - bias) / static_cast<double>(counts.size()) : 0;
}

/// Wald: a test of level alpha that always finds the fault needs, on average, draws whose KL adds up to ln(1
/// / alpha), in the order in which the claim draws. 0: not known, or so small that the estimate of KL is
/// mostly noise.
double wald_bound(const Mutant& mutant, const Claim& claim, std::uint32_t seed) {
  const Subject subject = mutant.make();
  const Instruments instruments = Instruments::sound();
  const Context context{subject, mutant.setting, instruments, seed};
  const auto* residuals = std::get_if<Residuals>(&claim.check);
  const auto* counts = std::get_if<Counts>(&claim.check);
  if (!(residuals || counts) || claim.id == "Eq11.ratio")
    return 0;  // there a fault is not affine, and its residuals not normal
  std::vector<double> nats;
  try {
    if (counts) {
      const double nats_per_draw = mutant.kind == "dependence" ? 0 : nats_of_counts(*counts, context);
      return nats_per_draw > 0 ? std::max(1.0, std::log(1 / kAlpha) / nats_per_draw) : 0;
    }
    nats = nats_by_cell(mutant, *residuals, context);
  } catch (const std::exception&) {
    return 0;  // it refuses, which is no law
  }
  if (nats.empty()) return 0;
  double largest = 0;
  for (const double value : nats) largest = std::max(largest, value);
  if (largest < 2e-4) return 0;
  if (std::isinf(largest)) return 1;
  Evidence evidence(residuals->cells, static_cast<int>(residuals->covariates.size()));
  Recorder record(evidence);
  double n = 0, sum = 0;
  record.trace = [&](int cell) {
    n += 1;
    sum += nats[static_cast<std::size_t>(cell)];
    if (sum >= std::log(1 / kAlpha)) record.stop();
  };
  for (std::uint64_t first = 0; !record.stopped() && evidence.finite();) {
    const Eigen::Index count = detection_block(first);
    residuals->observe(context, first, count, record);
    first += static_cast<std::uint64_t>(count);
  }
  return n;
}

struct Plan {
  int runs, side_runs, pilots;
  double pilot_most, most;
  int threads;
  std::uint32_t seed;
};

Row measure(const Mutant& mutant, const Plan& plan) {
  Row row{mutant, {}, -1, false, 0};
  const std::vector<Claim> all = claims(mutant.setting);
  const Subject subject = mutant.make();
  const std::vector<double> share = shares(all, subject, mutant.setting);
  const auto ask_all = [&](double pilot_most) {
    double best = kInfinity;
    row.cells.clear();
    for (std::size_t k = 0; k < all.size(); ++k) {
      const Claim& claim = all[k];
      if (!claim.obstacle(subject, mutant.setting).empty()) continue;
      // The one claim that hands the noise in sees what is equivalent in law.
      Cell cell;
      cell.claim = claim.id;
      cell.exact = std::holds_alternative<Exact>(claim.check);
      const double alpha = cell.exact ? kAlpha : kAlpha * share[k];
      const double most = std::holds_alternative<Counts>(claim.check) ? 10 * pilot_most : pilot_most;
      summarise(cell, detect_many(mutant, claim, alpha, most, cell.exact ? 1 : plan.pilots, plan.seed,
                                  plan.threads));
      if (cell.killed > 0 && !cell.exact)
        summarise(cell,
                  detect_many(mutant, claim, alpha, plan.most, plan.side_runs, plan.seed, plan.threads));
      if (cell.killed > 0 && !cell.exact && cell.mean < best && cell.killed == cell.runs) {
        best = cell.mean;
        row.primary = static_cast<int>(row.cells.size());
      }
      row.cells.push_back(cell);
    }
  };
  ask_all(plan.pilot_most);
  const auto found = [](const Cell& cell) { return cell.killed > 0; };
  // A pilot is short, so that the many claims that see nothing cost little.
  if (mutant.equivalent.empty() && std::none_of(row.cells.begin(), row.cells.end(), found))
    ask_all(plan.most);
  int killers = 0;
  for (const Cell& cell : row.cells) killers += cell.killed > 0 ? 1 : 0;
  if (row.primary < 0) {
    for (std::size_t k = 0; k < row.cells.size(); ++k) {
      if (row.cells[k].killed > 0) row.primary = static_cast<int>(k);
    }
  }
  row.only_killer = killers == 1;
  if (row.primary >= 0) {
    Cell& cell = row.cells[static_cast<std::size_t>(row.primary)];
    const Claim& claim = find_claim(all, cell.claim);
    const auto k = static_cast<std::size_t>(&claim - all.data());
    summarise(cell, detect_many(mutant, claim, cell.exact ? kAlpha : kAlpha * share[k], plan.most, plan.runs,
                                plan.seed, plan.threads));
    row.survivors = cell.runs - cell.killed;
    cell.wald = wald_bound(mutant, claim, plan.seed);
    if (cell.wald > 0) cell.efficiency = cell.wald / cell.mean;
  }
  return row;
}

nlohmann::json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

nlohmann::json to_json(const Row& row) {
  nlohmann::json cells = nlohmann::json::array();
  for (const Cell& cell : row.cells) {
    nlohmann::json entry{{"claim", cell.claim}, {"runs", cell.runs}, {"killed", cell.killed}};
    if (cell.killed > 0) {
      const Interval interval = clopper_pearson(cell.killed, cell.runs, 0.9);
      entry.update({{"rate_at_least", interval.low},
                    {"median", number(cell.median)},
                    {"q90", number(cell.q90)},
                    {"q99", number(cell.q99)},
                    {"mean", number(cell.mean)},
                    {"by", cell.by}});
    }
    if (cell.wald > 0) entry.update({{"wald", cell.wald}, {"efficiency", number(cell.efficiency)}});
    cells.push_back(entry);
  }
  return {{"fault", row.mutant.name},
          {"equation", row.mutant.equation},
          {"description", row.mutant.description},
          {"kind", row.mutant.kind},
          {"equivalent", row.mutant.equivalent},
          {"only_killer", row.only_killer},
          {"primary", row.primary < 0 ? "" : row.cells[static_cast<std::size_t>(row.primary)].claim},
          {"cells", cells}};
}

/// Stryker's mutation-testing report schema, version 1: a "file" per equation, a line per fault.
nlohmann::json mutation_report(const std::vector<Row>& rows) {
  using nlohmann::json;
  std::map<std::string, std::vector<const Row*>> by_equation;
  for (const Row& row : rows) by_equation[row.mutant.equation].push_back(&row);
  json files = json::object();
  for (const auto& [equation, members] : by_equation) {
    std::string source;
    json list = json::array();
    int line = 0;
    for (const Row* row : members) {
      ++line;
      const std::string text = row->mutant.name + ": " + row->mutant.description;
      source += text + "\n";
      json killers = json::array();
      for (const Cell& cell : row->cells) {
        if (cell.killed > 0) killers.push_back(cell.claim);
      }
      const bool killed = row->primary >= 0 && row->survivors == 0;
      list.push_back({{"id", row->mutant.name},
                      {"mutatorName", row->mutant.kind},
                      {"description", row->mutant.description},
                      {"status", !row->mutant.equivalent.empty() ? "Ignored"
                                 : killed                        ? "Killed"
                                                                 : "Survived"},
                      {"statusReason", row->mutant.equivalent},
                      {"killedBy", killers},
                      {"location",
                       {{"start", {{"line", line}, {"column", 1}}},
                        {"end", {{"line", line}, {"column", text.size() + 1}}}}}});
    }
    files[equation] = {{"language", "text"}, {"source", source}, {"mutants", list}};
  }
  return {{"schemaVersion", "1"}, {"thresholds", {{"high", 100}, {"low", 99}}}, {"files", files}};
}

struct Mean {  // geometric
  double sum = 0;
  int n = 0;
  void add(double value) {
    sum += std::log(value);
    ++n;
  }
  double value() const { return n > 0 ? std::exp(sum / n) : 0; }
};

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  std::string out, mutation, commit = "unknown", only;
  Plan plan{3000, 10, 1, 6e4, 4e6, 2, 1};
  const auto usage = [] {
    std::cerr << "usage: kills [--quick] [--only FAULT] [--runs R] [--seed K] [--threads N] [--commit SHA] "
                 "[--json FILE] "
                 "[--mutation-report FILE]\n";
    return 2;
  };
  for (int k = 1; k < argc; ++k) {
    const std::string option = argv[k];
    const bool has_value = k + 1 < argc;
    try {
      if (option == "--quick")
        quick = true;
      else if (!has_value)
        return usage();
      else if (option == "--json")
        out = argv[++k];
      else if (option == "--mutation-report")
        mutation = argv[++k];
      else if (option == "--commit")
        commit = argv[++k];
      else if (option == "--only")
        only = argv[++k];
      else if (option == "--runs")
        plan.runs = std::stoi(argv[++k]);
      else if (option == "--seed")
        plan.seed = static_cast<std::uint32_t>(std::stoul(argv[++k]));
      else if (option == "--threads")
        plan.threads = std::stoi(argv[++k]);
      else
        return usage();
    } catch (const std::exception&) {
      return usage();
    }
  }
  if (quick) {
    plan.runs = std::min(plan.runs, 10);
    plan.side_runs = 2;
    plan.pilots = 1;
    plan.pilot_most = 4.5e4;
  }
  if (plan.runs < 1 || plan.threads < 1) return usage();

  const auto start = std::chrono::steady_clock::now();
  std::vector<Row> rows;
  Mean parametric, shape, slow, unseen;
  int survived = 0, equivalents = 0, wrongly_killed = 0;
  std::map<std::string, int> kills, only_kills;
  std::printf("%-34s %-10s %-22s %6s %9s %9s %9s %9s %6s  %s\n", "fault", "equation", "best claim", "killed",
              "median", "q90", "q99", "wald", "effic", "killed by");
  std::vector<Mutant> bank = mutants();
  for (Mutant& mutant : unseen_mutants(quick && only.empty() ? 0 : 40, plan.seed))
    bank.push_back(std::move(mutant));
  for (const Mutant& mutant : bank) {
    if (!only.empty() && mutant.name != only) continue;
    const Row row = measure(mutant, plan);
    const bool equivalent = !mutant.equivalent.empty();
    std::string by;
    bool by_law = false;
    for (const Cell& cell : row.cells) {
      if (cell.killed == 0) continue;
      by += (by.empty() ? "" : ",") + cell.claim;
      by_law = by_law || !cell.exact;
      if (!equivalent) ++kills[cell.claim];
    }
    if (equivalent) {
      ++equivalents;
      if (by_law) ++wrongly_killed;
      std::printf("%-34s %-10s equivalent: %s\n", mutant.name.c_str(), mutant.equation.c_str(),
                  mutant.equivalent.c_str());
    } else if (row.primary < 0 || row.survivors > 0) {
      ++survived;
      std::printf("%-34s %-10s SURVIVED %s\n", mutant.name.c_str(), mutant.equation.c_str(), by.c_str());
    } else {
      const Cell& cell = row.cells[static_cast<std::size_t>(row.primary)];
      if (row.only_killer) ++only_kills[cell.claim];
      if (cell.efficiency > 0 && !cell.exact) {
        if (mutant.kind == "parametric") parametric.add(cell.efficiency);
        if (mutant.kind == "parametric" && cell.wald >= 10) slow.add(cell.efficiency);
        if (mutant.kind == "shape") shape.add(cell.efficiency);
        if (mutant.kind == "unseen") unseen.add(cell.efficiency);
      }
      std::printf("%-34s %-10s %-22s %5d%s %9.4g %9.4g %9.4g %9.4g %6.2f  %s%s\n", mutant.name.c_str(),
                  mutant.equation.c_str(), cell.claim.c_str(), cell.killed,
                  cell.killed == cell.runs ? " " : "!", cell.median, cell.q90, cell.q99, cell.wald,
                  cell.efficiency, by.c_str(), row.only_killer ? " (only killer)" : "");
    }
    std::fflush(stdout);
    rows.push_back(row);
  }
  if (rows.empty()) {
    std::cerr << "kills: no fault named " << only << "\n";
    return 2;
  }

  int suite_survived = 0;
  nlohmann::json suite = nlohmann::json::array();
  if (only.empty()) {
    std::printf("\nFaults of the suite's own code (self-check):\n");
    for (const SuiteFault& fault : suite_faults()) {
      Instruments instruments = Instruments::sound();
      fault.apply(instruments);
      const std::vector<std::string> noticed = self_check(instruments);
      if (noticed.empty()) ++suite_survived;
      std::printf("  %-26s %s\n", fault.name.c_str(), noticed.empty() ? "SURVIVED" : noticed.front().c_str());
      suite.push_back({{"fault", fault.name}, {"description", fault.description}, {"noticed", noticed}});
    }
    std::printf("\nClaims and what they kill (only killer of):\n");
    for (const Claim& claim : claims(Setting::standard(0.5, 6)))
      std::printf("  %-24s %4d (%d)\n", claim.id.c_str(), kills[claim.id], only_kills[claim.id]);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double at_least = clopper_pearson(plan.runs, plan.runs, 0.9).low;
  std::printf(
      "\n%zu faults: %zu killed in every one of %d runs (rate >= %.5f at 95 %%), %d survived, %d equivalent "
      "(%d wrongly killed "
      "by law)\nefficiency, geometric mean: parametric %.3f (%d faults; those that need ten draws or more: "
      "%.3f, %d), shape %.3f (%d faults), unseen %.3f (%d faults)\nsuite's own faults: %d survived\n"
      "alpha %g, seed %u, commit %s, %.0f s\n",
      rows.size(), rows.size() - static_cast<std::size_t>(survived + equivalents), plan.runs, at_least,
      survived, equivalents, wrongly_killed, parametric.value(), parametric.n, slow.value(), slow.n,
      shape.value(), shape.n, unseen.value(), unseen.n, suite_survived, kAlpha, plan.seed, commit.c_str(),
      seconds);

  const auto write = [](const std::string& path, const nlohmann::json& value) {
    std::ofstream file(path);
    file << value.dump(1) << "\n";
    if (!file) {
      std::cerr << "kills: cannot write " << path << "\n";
      return false;
    }
    return true;
  };
  nlohmann::json list = nlohmann::json::array();
  for (const Row& row : rows) list.push_back(to_json(row));
  bool written = true;
  if (!out.empty()) {
    written = write(out, {{"alpha", kAlpha},
                          {"seed", plan.seed},
                          {"commit", commit},
                          {"runs", plan.runs},
                          {"quick", quick},
                          {"rate_at_least_95", at_least},
                          {"survived", survived},
                          {"equivalent", equivalents},
                          {"efficiency",
                           {{"parametric", parametric.value()},
                            {"parametric_faults", parametric.n},
                            {"parametric_ten_or_more", slow.value()},
                            {"parametric_ten_or_more_faults", slow.n},
                            {"shape", shape.value()},
                            {"shape_faults", shape.n},
                            {"unseen", unseen.value()},
                            {"unseen_faults", unseen.n}}},
                          {"faults", list},
                          {"suite_faults", suite},
                          {"seconds", seconds}});
  }
  if (!mutation.empty()) written = write(mutation, mutation_report(rows)) && written;
  return written && survived == 0 && wrongly_killed == 0 && suite_survived == 0 ? 0 : 1;
}
