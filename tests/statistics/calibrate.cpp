// Correct samplers: false alarms at most nominal and not vacuous, counted at a relaxed level and measured at
// the level in force by importance sampling; the mean of E at 1; exact p-values uniform.

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/statistics/engine.hpp"
#include "tests/statistics/laws.hpp"

namespace {

using namespace ddim::statistics;

constexpr double kLevel = 1e-2, kInForce = 1e-9;
constexpr int kBins = 20;

struct Settings {
  int runs = 1000000;
  std::uint32_t seed = 1;
  int threads = 2;
};

/// The engine's own judgement: NaN is an alarm.
bool exceeds(double log_e, double level) { return Instruments::sound().exceeds(log_e, -std::log(level)); }

template <class Body>
void in_parallel(int runs, int threads, Body body) {
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int r = next++; r < runs; r = next++) body(r);
  };
  std::vector<std::thread> workers;
  for (int k = 1; k < threads; ++k) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
}

struct Line {
  std::string what;
  int runs = 0, alarms = 0;
  double rate = -1, level = kLevel;  ///< of false alarms
  double mean = -1, error = 0;       ///< of E or 1 / E; error: of rate or mean, where they are averages
  double uniform = -1;               ///< p-value of the histogram of p-values
  bool good = true;
  std::string verdict = {};
};

/// At most nominal: the count is not significantly above; not vacuous, where there are runs enough to tell:
/// it is at least a hundredth of nominal (e-processes looked at over a finite horizon stay below their level,
/// by the overshoot and by what has not yet risen).
void judge_rate(Line& line, int alarms) {
  line.rate = static_cast<double>(alarms) / line.runs;
  const Interval interval = clopper_pearson(alarms, line.runs, 1 - 2e-4);
  const bool above = interval.low > kLevel, vacuous = interval.high < kLevel / 100;
  line.good = !above && !vacuous;
  line.verdict = above ? "more false alarms than nominal" : vacuous ? "vacuous" : "";
}

/// One claim, looked at again and again up to `most` draws, on the reference.
Line alarms(const Claim& claim, const Setting& setting, const Settings& options, int runs, double most) {
  std::atomic<int> count{0};
  const Subject subject = Subject::reference();
  const Instruments instruments = Instruments::sound();
  in_parallel(runs, options.threads, [&](int r) {
    if (detect(claim, {subject, setting, instruments, options.seed + static_cast<std::uint32_t>(r)}, kLevel,
               most, 1.3)
            .killed)
      ++count;
  });
  Line line{claim.id + ", every look up to n = " + std::to_string(static_cast<int>(most)), runs};
  judge_rate(line, count);
  line.alarms = count;
  return line;
}

/// The mean and its standard error of `value` over the runs.
void average(Line& line, double& mean, const Settings& options,
             const std::function<double(std::uint32_t seed)>& value) {
  std::vector<double> values(static_cast<std::size_t>(line.runs));
  in_parallel(line.runs, options.threads, [&](int r) {
    values[static_cast<std::size_t>(r)] = value(options.seed + static_cast<std::uint32_t>(r));
  });
  double sum = 0, squares = 0;
  for (const double one : values) sum += one;
  mean = sum / line.runs;
  for (const double one : values) squares += (one - mean) * (one - mean);
  line.error = std::sqrt(squares / line.runs / line.runs);
}

/// The expectation of E at a fixed n, or of 1 / E under the alternative: exactly 1.
Line mean_of_e(const std::string& what, const Settings& options, int runs,
               const std::function<double(std::uint32_t seed)>& e) {
  Line line{what, runs};
  average(line, line.mean, options, e);
  line.good = std::abs(line.mean - 1) <= 5 * line.error;
  line.verdict = line.good ? "" : "the mean is not 1";
  return line;
}

/// A stream of residuals with its evidence, drawn from the alternatives that E averages over.
class Tilted {
 public:
  Tilted(int cells, int covariates, std::uint32_t seed)
      : cells_(cells),
        covariates_(covariates),
        draws_(seed, Stream::judge, 903),
        alternative_(cells, covariates, kTie, uniform_),
        evidence_(cells, covariates, kTie) {}

  Tilted(const Tilted&) = delete;
  Tilted& operator=(const Tilted&) = delete;

  /// The next residual; every cell gets four in turn, as in the claims.
  void draw() {
    std::array<double, Regression::kMax> x{1};
    for (int i = 1; i < covariates_; ++i) x[static_cast<std::size_t>(i)] = normal_quantile(uniform_());
    const std::span given(x.data(), static_cast<std::size_t>(covariates_));
    const int cell = n_++ / 4 % cells_;
    const double r = alternative_.residual(cell, given, uniform_);
    evidence_.add(cell, given, r, alternative_.tie(uniform_));
  }
  double log_e() const { return evidence_.log_e(); }

 private:
  static constexpr double kTie = 3e-9;
  int cells_, covariates_, n_ = 0;
  Draws draws_;
  std::uint64_t used_ = 0;
  Alternative::Uniform uniform_ = [this] { return draws_.open_uniform(used_++, 0); };
  Alternative alternative_;
  Evidence evidence_;
};

/// P(E reaches 1 / level by n = most | the claim is true), every look included. It cannot exceed the level
/// while E is the likelihood ratio that it is taken for, which evidence_test shows; how far below it stays is
/// what is measured.
Line alarms_in_force(int cells, int covariates, int most, const Settings& options, int runs) {
  Line line{"evidence of residuals, cells: " + std::to_string(cells) +
                ", every look up to n = " + std::to_string(most),
            runs};
  line.level = kInForce;
  average(line, line.rate, options, [&](std::uint32_t seed) {
    Tilted stream(cells, covariates, seed);
    double next = 1;
    for (int n = 1; n <= most; ++n) {
      stream.draw();
      if (n < next) continue;
      next = n < 50 ? n + 1 : n * 1.1;
      if (const double log_e = stream.log_e(); exceeds(log_e, kInForce)) return std::exp(-log_e);
    }
    return 0.0;
  });
  line.good = line.rate + 5 * line.error >= kInForce / 10;
  line.verdict = line.good ? "" : "vacuous";
  return line;
}

Line uniform_p(const std::string& what, const Settings& options, int runs,
               const std::function<double(std::uint32_t seed)>& p) {
  std::vector<double> values(static_cast<std::size_t>(runs));
  in_parallel(runs, options.threads, [&](int r) {
    values[static_cast<std::size_t>(r)] = p(options.seed + static_cast<std::uint32_t>(r));
  });
  std::array<double, kBins> count{};
  int alarms = 0;
  for (const double value : values) {
    count[static_cast<std::size_t>(std::clamp(static_cast<int>(value * kBins), 0, kBins - 1))] += 1;
    alarms += value <= kLevel ? 1 : 0;
  }
  Line line{what, runs};
  const double expected = static_cast<double>(runs) / kBins;
  double statistic = 0;
  for (const double value : count) statistic += (value - expected) * (value - expected) / expected;
  line.uniform = p_chi_squared(statistic, kBins - 1);
  judge_rate(line, alarms);
  if (line.uniform < 1e-5) {
    line.good = false;
    line.verdict = "p-values are not uniform";
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  Settings options;
  std::string out, commit = "unknown";
  const auto usage = [] {
    std::cerr
        << "usage: calibrate [--quick] [--runs R] [--seed K] [--threads N] [--commit SHA] [--json FILE]\n";
    return 2;
  };
  for (int k = 1; k < argc; ++k) {
    const std::string option = argv[k];
    try {
      if (option == "--quick")
        options.runs = 10000;
      else if (k + 1 >= argc)
        return usage();
      else if (option == "--runs")
        options.runs = std::stoi(argv[++k]);
      else if (option == "--seed")
        options.seed = static_cast<std::uint32_t>(std::stoul(argv[++k]));
      else if (option == "--threads")
        options.threads = std::stoi(argv[++k]);
      else if (option == "--commit")
        commit = argv[++k];
      else if (option == "--json")
        out = argv[++k];
      else
        return usage();
    } catch (const std::exception&) {
      return usage();
    }
  }
  if (options.runs < 1000 || options.threads < 1) return usage();

  const Setting setting = Setting::standard(0.5, 3);
  const std::vector<Claim> all = claims(setting);
  const auto normals = [](std::uint32_t seed, Eigen::Index d, Eigen::Index n) {
    return Draws(seed, Stream::judge, 900).normal_batch(d, n, 0, 0);
  };
  std::vector<Line> lines;
  const auto report = [&](Line line) {
    std::printf("%-62s %8d runs", line.what.c_str(), line.runs);
    if (line.rate >= 0) std::printf("  false alarms %.3g", line.rate);
    if (line.rate >= 0 && line.error > 0) std::printf(" +- %.1g", line.error);
    if (line.rate >= 0) std::printf(" at %.2g", line.level);
    if (line.mean >= 0) std::printf("  mean %.4f +- %.4f", line.mean, line.error);
    if (line.uniform >= 0) std::printf("  uniform: p %.3g", line.uniform);
    std::printf("  %s\n", line.good ? "ok" : line.verdict.c_str());
    std::fflush(stdout);
    lines.push_back(std::move(line));
  };

  // The e-process itself, on plain normals, over every look.
  {
    std::atomic<int> count{0};
    in_parallel(options.runs, options.threads, [&](int r) {
      const ddim::Batch z = normals(options.seed + static_cast<std::uint32_t>(r), 4, 64);
      Evidence evidence(2, 3);
      for (Eigen::Index j = 0; j < z.cols(); ++j) {
        evidence.add(static_cast<int>(j % 2), std::array<double, 3>{1, z(0, j), z(1, j)}, z(2, j), false);
        if ((j < 8 || j % 8 == 7) && exceeds(evidence.log_e(), kLevel)) {
          ++count;
          return;
        }
      }
    });
    Line line{"evidence of residuals, fifteen looks up to n = 64", options.runs};
    judge_rate(line, count);
    report(line);
  }
  for (const int cells : {1, 5}) {
    for (const int n : {2, 40}) {
      report(mean_of_e(
          "1 / E under its alternatives, cells: " + std::to_string(cells) + ", n = " + std::to_string(n),
          options, options.runs / 10, [&](std::uint32_t seed) {
            Tilted stream(cells, 4, seed);
            for (int k = 0; k < n; ++k) stream.draw();
            return std::exp(-stream.log_e());
          }));
    }
    report(alarms_in_force(cells, 4, 2000, options, options.runs / 20));
  }
  report(mean_of_e("evidence of vectors at n = 2", options, options.runs, [&](std::uint32_t seed) {
    Joint joint;
    joint.add(normals(seed, 3, 2));
    return std::exp(log_e_normal_wishart(joint, 0.1, 60));
  }));
  report(uniform_p("exact p: normal mean", options, options.runs,
                   [&](std::uint32_t seed) { return p_normal(normals(seed, 4, 4).sum() / 4); }));
  report(uniform_p("exact p: variance, chi^2", options, options.runs,
                   [&](std::uint32_t seed) { return p_chi_squared(normals(seed, 4, 4).squaredNorm(), 16); }));
  report(
      uniform_p("exact p: Bartlett's pieces, least of six", options, options.runs, [&](std::uint32_t seed) {
        const ddim::Batch w = normals(seed, 3, 12);
        return p_least_of(p_bartlett(w * w.transpose(), 12));
      }));
  report(uniform_p("exact p: loss, non-central chi^2", options, options.runs / 10, [&](std::uint32_t seed) {
    const Subject subject = Subject::reference();
    const Instruments instruments = Instruments::sound();
    return std::get<ExactP>(find_claim(all, "Eq11.loss").check)
        .p_value({subject, setting, instruments, seed}, 0, 4);
  }));
  {
    std::atomic<int> count{0};
    in_parallel(options.runs, options.threads, [&](int r) {
      SequentialRule rule(kLevel, 4, 3);
      for (std::uint64_t look = 0;; ++look) {
        const auto decision = rule.look(
            Draws(options.seed + static_cast<std::uint32_t>(r), Stream::judge, 902).uniforms(look, 0)[0]);
        if (decision == SequentialRule::Decision::more) continue;
        count += decision == SequentialRule::Decision::fail ? 1 : 0;
        return;
      }
    });
    Line line{"sequential rule, up to four looks", options.runs};
    judge_rate(line, count);
    report(line);
  }
  // The claims as they run, on the reference.
  Line together{"the claims above together", 0};
  for (const Claim& claim : all) {
    if (std::holds_alternative<Exact>(claim.check) || std::holds_alternative<ExactP>(claim.check)) continue;
    const Line line = alarms(claim, setting, options, std::max(200, options.runs / 100), 400);
    together.runs += line.runs;
    together.alarms += line.alarms;
    report(line);
  }
  judge_rate(together, together.alarms);
  report(together);
  // Whole runs: any false FAIL among all claims, each with its share.
  {
    std::atomic<int> count{0};
    const int runs = std::max(100, options.runs / 100);
    ddim::statistics::Options whole;
    whole.rates.alpha = kLevel;
    whole.tier = {"calibration", 300, 400, 1e9, 1e9, 1, 200};
    in_parallel(runs, options.threads, [&](int r) {
      ddim::statistics::Options mine = whole;
      mine.seed = options.seed + static_cast<std::uint32_t>(r);
      if (judge(Subject::reference(), setting, mine).status() == Status::fail) ++count;
    });
    Line line{"whole runs, all claims together", runs};
    line.rate = static_cast<double>(count) / runs;
    line.good = clopper_pearson(count, runs, 1 - 2e-4).low <= kLevel;
    line.verdict = line.good ? "" : "more false alarms than nominal";
    report(line);
  }

  const bool good = std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.good; });
  std::printf("%s: %zu lines, level %g, seed %u, commit %s\n", good ? "calibrated" : "NOT calibrated",
              lines.size(), kLevel, options.seed, commit.c_str());
  if (!out.empty()) {
    nlohmann::json list = nlohmann::json::array();
    for (const Line& line : lines) {
      nlohmann::json row{{"what", line.what}, {"runs", line.runs}, {"good", line.good}};
      if (line.rate >= 0) row.update({{"false_alarms", line.rate}, {"level", line.level}});
      if (line.mean >= 0) row["mean"] = line.mean;
      if (line.error > 0) row["standard_error"] = line.error;
      if (line.uniform >= 0) row["uniform_p"] = line.uniform;
      list.push_back(row);
    }
    std::ofstream file(out);
    file << nlohmann::json{{"level", kLevel},
                           {"seed", options.seed},
                           {"commit", commit},
                           {"calibrated", good},
                           {"lines", list}}
                .dump(1)
         << "\n";
    if (!file) {
      std::cerr << "calibrate: cannot write " << out << "\n";
      return 1;
    }
  }
  return good ? 0 : 1;
}
