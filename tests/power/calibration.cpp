#include "tests/power/calibration.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <span>

#include "tests/power/tilted.hpp"
#include "tests/samplers/builtin.hpp"
#include "tests/statistics/claims.hpp"
#include "tests/statistics/detect.hpp"
#include "tests/statistics/joint.hpp"
#include "tests/statistics/judge.hpp"
#include "tests/statistics/p_values.hpp"
#include "tests/statistics/parallel.hpp"

namespace ddim::power {
namespace {

using samplers::Draws;
using samplers::Run;
using samplers::Stream;
using statistics::Claim;
using statistics::Instruments;

/// The suite's own judgement: NaN is an alarm.
bool exceeds(double log_e, double level) { return Instruments::sound().exceeds(log_e, -std::log(level)); }

Run short_run() { return Run::standard(0.5, 3); }

Batch normals(std::uint32_t seed, Eigen::Index d, Eigen::Index n) {
  return Draws(seed, Stream::judge, "calibration.normals").normal_batch(d, n, 0, 0);
}

/// At most nominal: the count is not significantly above; not vacuous, where there are runs enough to tell:
/// it is at least a hundredth of nominal (e-processes looked at over a finite horizon stay below their level,
/// by the overshoot and by what has not yet risen).
void judge_rate(Line& line) {
  line.rate = static_cast<double>(line.alarms) / line.runs;
  const statistics::Interval interval = statistics::clopper_pearson(line.alarms, line.runs, 1 - 2e-4);
  const bool above = interval.low > kRelaxed, vacuous = interval.high < kRelaxed / 100;
  line.good = !above && !vacuous;
  line.verdict = above ? "more false alarms than nominal" : vacuous ? "vacuous" : "";
}

/// One kind of run on correct code, by its seed; each line is one of these.
class Calibrator {
 public:
  explicit Calibrator(const Calibration& options) : options_(options) {}

  template <class T>
  std::vector<T> each(int runs, const std::function<T(std::uint32_t seed)>& value) const {
    std::vector<T> values(static_cast<std::size_t>(runs));
    statistics::in_parallel(values.size(), options_.threads, [&](std::size_t r) {
      values[r] = value(options_.seed + static_cast<std::uint32_t>(r));
    });
    return values;
  }

  /// How often it alarms. (A char, since vector<bool>'s elements are not their own.)
  Line alarms(const std::string& what, int runs, const std::function<char(std::uint32_t seed)>& alarm) const {
    Line line{.what = what, .runs = runs};
    const std::vector<char> alarmed = each(runs, alarm);
    line.alarms = static_cast<int>(std::count(alarmed.begin(), alarmed.end(), char{1}));
    judge_rate(line);
    return line;
  }

  /// The mean and its standard error.
  void average(Line& line, double& mean, const std::function<double(std::uint32_t seed)>& value) const {
    const std::vector<double> values = each(line.runs, value);
    double sum = 0, squares = 0;
    for (const double one : values) sum += one;
    mean = sum / line.runs;
    for (const double one : values) squares += (one - mean) * (one - mean);
    line.error = std::sqrt(squares / line.runs / line.runs);
  }

  /// The expectation of E at a fixed n, or of 1 / E under the alternative: exactly 1.
  Line mean_of_e(const std::string& what, int runs,
                 const std::function<double(std::uint32_t seed)>& e) const {
    Line line{.what = what, .runs = runs};
    average(line, line.mean, e);
    line.good = std::abs(line.mean - 1) <= 5 * line.error;
    line.verdict = line.good ? "" : "the mean is not 1";
    return line;
  }

  Line uniform_p(const std::string& what, int runs,
                 const std::function<double(std::uint32_t seed)>& p) const {
    constexpr int kBins = 20;
    Line line{.what = what, .runs = runs};
    std::array<double, kBins> count{};
    for (const double value : each(runs, p)) {
      count[static_cast<std::size_t>(std::clamp(static_cast<int>(value * kBins), 0, kBins - 1))] += 1;
      line.alarms += value <= kRelaxed ? 1 : 0;
    }
    const double expected = static_cast<double>(runs) / kBins;
    double statistic = 0;
    for (const double value : count) statistic += (value - expected) * (value - expected) / expected;
    line.uniform = statistics::p_chi_squared(statistic, kBins - 1);
    judge_rate(line);
    if (line.uniform < 1e-5) {
      line.good = false;
      line.verdict = "p-values are not uniform";
    }
    return line;
  }

  int runs(int divisor = 1) const { return options_.runs / divisor; }

 private:
  const Calibration& options_;
};

/// P(E reaches 1 / level by n = most | the claim is true), every look included. It cannot exceed the level
/// while E is the likelihood ratio that it is taken for, which evidence_test shows; how far below it stays is
/// what is measured.
Line alarms_in_force(const Calibrator& calibrator, int cells, int most) {
  Line line{.what = "evidence of residuals, cells: " + std::to_string(cells) +
                    ", every look up to n = " + std::to_string(most),
            .runs = calibrator.runs(20),
            .level = kInForce};
  calibrator.average(line, line.rate, [&](std::uint32_t seed) {
    Tilted stream(cells, 4, seed);
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

Line inverse_e(const Calibrator& calibrator, int cells, int n) {
  return calibrator.mean_of_e(
      "1 / E under its alternatives, cells: " + std::to_string(cells) + ", n = " + std::to_string(n),
      calibrator.runs(10), [=](std::uint32_t seed) {
        Tilted stream(cells, 4, seed);
        for (int k = 0; k < n; ++k) stream.draw();
        return std::exp(-stream.log_e());
      });
}

/// The e-process itself, on plain normals: looks at 1..8, then at every eighth up to 64.
char evidence_alarms(std::uint32_t seed) {
  const Batch z = normals(seed, 4, 64);
  statistics::Evidence evidence(2, 3);
  for (Eigen::Index j = 0; j < z.cols(); ++j) {
    evidence.add(static_cast<int>(j % 2), std::array<double, 3>{1, z(0, j), z(1, j)}, z(2, j), false);
    if ((j < 8 || j % 8 == 7) && exceeds(evidence.log_e(), kRelaxed)) return 1;
  }
  return 0;
}

char rule_fails(std::uint32_t seed) {
  using Decision = statistics::SequentialRule::Decision;
  const Draws draws(seed, Stream::judge, "calibration.rule");
  statistics::SequentialRule rule(kRelaxed, 4, 3);
  Decision decision = Decision::more;
  for (std::uint64_t look = 0; decision == Decision::more; ++look)
    decision = rule.look(draws.uniforms(look, 0)[0]);
  return decision == Decision::fail;
}

using Report = std::function<void(Line)>;

void calibrate_evidence(const Calibrator& calibrator, const Report& report) {
  report(calibrator.alarms("evidence of residuals, fifteen looks up to n = 64", calibrator.runs(),
                           evidence_alarms));
  for (const int cells : {1, 5}) {
    for (const int n : {2, 40}) report(inverse_e(calibrator, cells, n));
    report(alarms_in_force(calibrator, cells, 2000));
  }
  report(calibrator.mean_of_e("evidence of vectors at n = 2", calibrator.runs(), [](std::uint32_t seed) {
    statistics::Joint joint;
    joint.add(normals(seed, 3, 2));
    return std::exp(log_e_normal_wishart(joint, 0.1, 60));
  }));
}

void calibrate_p_values(const Calibrator& calibrator, const std::vector<Claim>& claims,
                        const Report& report) {
  report(calibrator.uniform_p("exact p: normal mean", calibrator.runs(), [](std::uint32_t seed) {
    return statistics::p_normal(normals(seed, 4, 4).sum() / 4);
  }));
  report(calibrator.uniform_p("exact p: variance, chi^2", calibrator.runs(), [](std::uint32_t seed) {
    return statistics::p_chi_squared(normals(seed, 4, 4).squaredNorm(), 16);
  }));
  report(calibrator.uniform_p("exact p: Bartlett's pieces, least of six", calibrator.runs(),
                              [](std::uint32_t seed) {
                                const Batch w = normals(seed, 3, 12);
                                return statistics::p_least_of(statistics::p_bartlett(w * w.transpose(), 12));
                              }));
  const auto& loss = std::get<statistics::ExactP>(find_claim(claims, "Eq11.loss").check);
  const samplers::Sampler reference = samplers::reference();
  const Run run = short_run();
  const Instruments instruments = Instruments::sound();
  report(
      calibrator.uniform_p("exact p: loss, non-central chi^2", calibrator.runs(10), [&](std::uint32_t seed) {
        return loss.p_value({reference, run, instruments, seed}, 0, 4);
      }));
  report(calibrator.alarms("sequential rule, up to four looks", calibrator.runs(), rule_fails));
}

/// The claims as they run, on the reference, each looked at again and again.
void calibrate_claims(const Calibrator& calibrator, const std::vector<Claim>& claims, const Report& report) {
  constexpr int kMost = 400;
  const samplers::Sampler reference = samplers::reference();
  const Run run = short_run();
  const Instruments instruments = Instruments::sound();
  Line together{.what = "the claims above together"};
  for (const Claim& claim : claims) {
    if (std::holds_alternative<statistics::Exact>(claim.check) ||
        std::holds_alternative<statistics::ExactP>(claim.check))
      continue;
    const Line line = calibrator.alarms(
        claim.id + ", every look up to n = " + std::to_string(kMost), std::max(200, calibrator.runs(100)),
        [&](std::uint32_t seed) -> char {
          return detect(claim, {reference, run, instruments, seed}, kRelaxed, kMost, 1.3).killed;
        });
    together.runs += line.runs;
    together.alarms += line.alarms;
    report(line);
  }
  judge_rate(together);
  report(together);
}

/// Whole runs: any false FAIL among all claims, each with its share.
void calibrate_runs(const Calibrator& calibrator, const Report& report) {
  const samplers::Sampler reference = samplers::reference();
  const Run run = short_run();
  Line line = calibrator.alarms("whole runs, all claims together", std::max(100, calibrator.runs(100)),
                                [&](std::uint32_t seed) -> char {
                                  statistics::Options options;
                                  options.rates.alpha = kRelaxed;
                                  options.tier = {.name = "calibration",
                                                  .least = 300,
                                                  .most = 400,
                                                  .bias = 1e9,
                                                  .variance = 1e9,
                                                  .proportion = 1,
                                                  .distribution = 1,
                                                  .tail = 1e9,
                                                  .first_look = 200};
                                  options.seed = seed;
                                  return judge(reference, run, options).status() == samplers::Status::fail;
                                });
  // The claims without a count of their own are in it, and most claims have a small share: it may be vacuous.
  line.good = statistics::clopper_pearson(line.alarms, line.runs, 1 - 2e-4).low <= kRelaxed;
  line.verdict = line.good ? "" : "more false alarms than nominal";
  report(line);
}

}  // namespace

std::vector<Line> calibrate(const Calibration& options, const std::function<void(const Line&)>& report) {
  std::vector<Line> lines;
  const auto keep = [&](Line line) {
    report(line);
    lines.push_back(std::move(line));
  };
  const Calibrator calibrator(options);
  const std::vector<Claim> claims = statistics::claims(short_run());
  calibrate_evidence(calibrator, keep);
  calibrate_p_values(calibrator, claims, keep);
  calibrate_claims(calibrator, claims, keep);
  calibrate_runs(calibrator, keep);
  return lines;
}

}  // namespace ddim::power
