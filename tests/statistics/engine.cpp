#include "tests/statistics/engine.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

namespace ddim::statistics {
using ddim::to_text;
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kStages = 4;
constexpr double kStageGrowth = 3;

std::string format(const char* pattern, auto... values) {
  std::array<char, 512> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), pattern, values...);
  return {buffer.data(), static_cast<std::size_t>(std::clamp(length, 0, 511))};
}

struct Candidate {
  std::string says;
  std::function<double(const paper::Step&, const Setting&, int i)> value;
};

double eta_of(const Setting& s) { return s.eta; }

/// Variance ratios that known mistakes give.
const std::vector<Candidate>& variance_causes() {
  static const std::vector<Candidate> causes{
      {"no noise is added", [](const paper::Step&, const Setting&, int) { return 0.0; }},
      {"the standard deviation looks like sigma^2",
       [](const paper::Step& l, const Setting&, int) { return static_cast<double>(l.s2); }},
      {"the standard deviation looks like sqrt(sigma)",
       [](const paper::Step& l, const Setting&, int) { return 1 / l.sigma(); }},
      {"eta multiplies the variance, not the deviation",
       [](const paper::Step&, const Setting& s, int) { return 1 / eta_of(s); }},
      {"eta is applied twice", [](const paper::Step&, const Setting& s, int) { return s.eta * s.eta; }},
      {"eta is left out of the noise",
       [](const paper::Step&, const Setting& s, int) { return 1 / (s.eta * s.eta); }},
      {"sigma looks like eta sqrt(1 - alpha_bar), without Eq16's ratio",
       [](const paper::Step& l, const Setting& s, int) {
         return s.eta * s.eta * static_cast<double>(l.current.b / l.s2);
       }},
      {"sigma looks like eta sqrt(1 - alpha_bar_prev)",
       [](const paper::Step& l, const Setting& s, int) {
         return s.eta * s.eta * static_cast<double>(l.prev.b / l.s2);
       }},
      {"the noise is scaled by sigma_hat",
       [](const paper::Step& l, const Setting&, int) {
         return static_cast<double>((l.prev.a - l.current.a) / l.prev.a / l.s2);
       }},
      {"sigma uses beta_t where steps are skipped",
       [](const paper::Step& l, const Setting& s, int i) {
         const double beta = s.betas[static_cast<std::size_t>(s.t(i) - 1)];
         return s.eta * s.eta * static_cast<double>(l.prev.b / l.current.b * paper::Real(beta) / l.s2);
       }},
  };
  return causes;
}

/// What e_t's coefficient is off by, in sigma, for known mistakes in the direction.
const std::vector<Candidate>& direction_causes() {
  static const std::vector<Candidate> causes{
      {"the direction looks like sqrt(1 - alpha_bar_prev), without sigma",
       [](const paper::Step& l, const Setting&, int) {
         return (paper::root(l.prev.b) - l.direction()) / l.sigma();
       }},
      {"the direction looks like sigma",
       [](const paper::Step& l, const Setting&, int) { return (l.sigma() - l.direction()) / l.sigma(); }},
      {"the direction has the wrong sign",
       [](const paper::Step& l, const Setting&, int) { return -2 * l.direction() / l.sigma(); }},
      {"sigma enters the direction unsquared",
       [](const paper::Step& l, const Setting&, int) {
         return (std::sqrt(std::max(0.0, static_cast<double>(l.prev.b) - l.sigma())) - l.direction()) /
                l.sigma();
       }},
      {"the direction adds sigma^2",
       [](const paper::Step& l, const Setting&, int) {
         return (paper::root(l.prev.b + l.s2) - l.direction()) / l.sigma();
       }},
      {"sigma_hat stands in the direction",
       [](const paper::Step& l, const Setting&, int) {
         const double hat = static_cast<double>((l.prev.a - l.current.a) / l.prev.a);
         return (std::sqrt(std::max(0.0, static_cast<double>(l.prev.b) - hat)) - l.direction()) / l.sigma();
       }},
  };
  return causes;
}

/// The cause that fits every cell within its sampling error; empty when none does.
std::string best_cause(const std::vector<Candidate>& causes, const Residuals& residuals,
                       const Setting& setting,
                       const std::function<std::pair<double, double>(int cell)>& estimate) {
  std::string best;
  double best_distance = 4;  // in standard errors, the worst cell
  for (const Candidate& cause : causes) {
    double worst = 0;
    for (int cell = 0; cell < residuals.cells; ++cell) {
      const int i = residuals.step_of_cell(setting, cell);
      if (i == 0) return {};
      const auto [value, error] = estimate(cell);
      const double expected = cause.value(setting.law(i), setting, i);
      worst = std::max(worst, std::isfinite(expected) ? std::abs(value - expected) / error : kInfinity);
    }
    if (worst < best_distance) {
      best_distance = worst;
      best = cause.says;
    }
  }
  return best;
}

std::string diagnose(const Residuals& residuals, const Evidence& evidence, const Setting& setting) {
  if (!evidence.finite()) return "the output is not finite";
  const std::string loudest = evidence.loudest();
  if (loudest == "ties") {
    return format("%.0f of %.0f residuals repeat an earlier one: the noise is reused, reseeded, or absent",
                  evidence.ties().ties, evidence.n());
  }
  if (loudest == kNoNoise) return "the residuals are zero: the noise is absent";
  if (loudest == kNoNoiseElsewhere)
    return "the residuals follow from what was given: the noise is absent, and the direction is not Eq12's";
  const Certificate pooled = certify(evidence.pooled(), evidence.covariates(), 0.01);
  if (loudest == "shape" && std::abs(pooled.variance - 1) < 0.05 &&
      (pooled.estimate.cwiseAbs().array() < 0.05).all()) {
    const double share = (evidence.shape().count[0] + evidence.shape().count[1] + evidence.shape().count[82] +
                          evidence.shape().count[83]) /
                         std::max(1.0, evidence.shape().n);
    return format(
        "mean and variance (ratio %.4g) fit better than the shape: the noise is not normal (beyond 5 sigma: "
        "%.3g)",
        pooled.variance, share);
  }
  std::string result;
  for (Eigen::Index k = 0; k < pooled.estimate.size(); ++k) {
    if (std::abs(pooled.estimate[k]) <= pooled.radius[k] && std::isfinite(pooled.radius[k])) continue;
    if (!std::isfinite(pooled.radius[k]) && std::abs(pooled.estimate[k]) < 0.05) continue;
    const std::string name = residuals.covariates[static_cast<std::size_t>(k)];
    result += (result.empty() ? "" : "; ") +
              (k == 0 ? format("the mean is off by %.4g sigma", pooled.estimate[k])
                      : format("%s's coefficient is off by %.4g sigma", name.c_str(), pooled.estimate[k]));
  }
  const bool decodable = static_cast<bool>(residuals.step_of_cell);
  if (decodable && !result.empty()) {
    const std::string cause = best_cause(direction_causes(), residuals, setting, [&](int cell) {
      const Certificate c = certify(evidence.cell(cell), evidence.covariates(), 0.05);
      const double n = std::max(evidence.cell(cell).n, 1.0);
      return std::pair{c.estimate.size() > 1 ? c.estimate[1] : 0.0,
                       std::sqrt(std::max(c.variance, 1e-12) / n) * 1.5 + 1e-6};
    });
    if (!cause.empty()) result += ": " + cause;
  }
  if (pooled.variance < 0.98 || pooled.variance > 1.02 || result.empty()) {
    result += (result.empty() ? "" : "; ") + format("variance ratio %.4g", pooled.variance);
    if (decodable) {
      const std::string cause = best_cause(variance_causes(), residuals, setting, [&](int cell) {
        const Certificate c = certify(evidence.cell(cell), evidence.covariates(), 0.05);
        const double n = std::max(evidence.cell(cell).n, 1.0);
        return std::pair{c.variance, c.variance * std::sqrt(2 / n) * 1.5 + 1e-6};
      });
      if (!cause.empty()) result += ": " + cause;
    }
  }
  return result;
}

/// The size of the next block of samples: doubling from one, so that gross faults cost a handful of draws.
Eigen::Index block_size(std::uint64_t done, Eigen::Index largest) {
  return std::clamp<Eigen::Index>(static_cast<Eigen::Index>(done / 2), 1, largest);
}

/// Half of the evidence is for the likely mistakes, half for anything else; in that half cells, which are
/// independent streams, multiply.
double log_e_counts(const Counts& check, const std::vector<std::vector<double>>& counts) {
  double anything = 0;
  for (std::size_t k = 0; k < counts.size(); ++k)
    anything += log_e_multinomial(counts[k], check.probabilities[k]);
  if (check.alternatives.empty() || std::isinf(anything)) return anything;
  std::vector<double> likely;
  for (const auto& alternative : check.alternatives) {
    double log_e = 0;
    for (std::size_t k = 0; k < counts.size(); ++k) {
      for (std::size_t j = 0; j < counts[k].size(); ++j) {
        if (counts[k][j] > 0) log_e += counts[k][j] * std::log(alternative[k][j] / check.probabilities[k][j]);
      }
    }
    likely.push_back(log_e);
  }
  const std::vector<double> equal(likely.size(), -std::log(static_cast<double>(likely.size())));
  return log_mixture(std::array{std::log(0.5), std::log(0.5)},
                     std::array{log_mixture(equal, likely), anything});
}

struct Judge {
  const Claim& claim;
  const Context& context;
  const Options& options;
  double alpha, beta;
  Verdict& verdict;

  bool exceeds(double log_e) const { return options.instruments.exceeds(log_e, -std::log(alpha)); }

  void operator()(const Residuals& residuals) {
    verdict.kind = "residuals";
    Evidence evidence(residuals.cells, static_cast<int>(residuals.covariates.size()),
                      std::max(3e-9, 6e3 * context.subject.unit_roundoff));
    if (!options.instruments.reject_non_finite) evidence.swallow_non_finite();
    std::uint64_t done = 0;
    double next = 200;
    while (true) {
      Recorder record(evidence);
      const Eigen::Index count = block_size(done, 512);
      residuals.observe(context, done, count, record);
      done += static_cast<std::uint64_t>(count);
      const bool last = evidence.n() >= options.tier.most;
      if (evidence.n() < next && !last && evidence.finite()) continue;
      next = evidence.n() * 1.15;
      verdict.n = evidence.n();
      verdict.log_e = evidence.log_e();
      if (exceeds(verdict.log_e)) {
        verdict.status = Status::fail;
        explain(residuals, evidence, done);
        return;
      }
      if (evidence.n() >= options.tier.least) {
        certificate(evidence);
        if (certified()) {
          verdict.status = Status::pass;
          return;
        }
      }
      if (last) return;
    }
  }

  /// The verdict stands; more draws only name the cause.
  void explain(const Residuals& residuals, Evidence& evidence, std::uint64_t done) {
    const std::string loudest = evidence.loudest();
    try {
      while (evidence.finite() && evidence.n() < 3e4 && loudest != "ties") {
        Recorder record(evidence);
        residuals.observe(context, done, 256, record);
        done += 256;
      }
    } catch (const std::exception&) {
      // What it had given by then has to do.
    }
    verdict.detail = diagnose(residuals, evidence, context.setting);
    certificate(evidence);
  }

  bool certified() const {
    return verdict.bias <= options.tier.bias && verdict.variance_low >= 1 - options.tier.variance &&
           verdict.variance_high <= 1 + options.tier.variance;
  }

  void certificate(const Evidence& evidence) {
    const Certificate c = certify(evidence.pooled(), evidence.covariates(), beta);
    verdict.bias = c.bias();
    verdict.variance_low = c.variance_low;
    verdict.variance_high = c.variance_high;
  }

  void operator()(const Counts& check) {
    verdict.kind = "counts";
    std::vector<std::vector<double>> counts;
    for (const auto& p : check.probabilities) counts.emplace_back(p.size(), 0.0);
    std::uint64_t done = 0;
    double next = 200;
    while (true) {
      const Eigen::Index count = block_size(done, 1024);
      check.observe(context, done, count, counts);
      done += static_cast<std::uint64_t>(count);
      const double n = static_cast<double>(done) * static_cast<double>(counts.size());
      const bool last = n >= options.tier.most;
      if (n < next && !last) continue;
      next = n * 1.15;
      verdict.n = n;
      verdict.log_e = log_e_counts(check, counts);
      verdict.bias = 0;
      for (std::size_t k = 0; k < counts.size(); ++k) {
        const double total = std::accumulate(counts[k].begin(), counts[k].end(), 0.0);
        for (std::size_t j = 0; j < counts[k].size(); ++j) {
          const Bounds bounds = certify_proportion(
              counts[k][j], total, beta / static_cast<double>(counts.size() * counts[k].size()));
          const double p = check.probabilities[k][j];
          verdict.bias = std::max({verdict.bias, bounds.high - p, p - bounds.low});
        }
      }
      if (exceeds(verdict.log_e)) {
        verdict.status = Status::fail;
        verdict.detail = format("a probability is off by up to %.3g", verdict.bias);
        return;
      }
      if (n >= options.tier.least && verdict.bias <= options.tier.proportion) {
        verdict.status = Status::pass;
        return;
      }
      if (last) return;
    }
  }

  void operator()(const Vectors& check) {
    verdict.kind = "vectors";
    Joint joint;
    std::uint64_t done = 0;
    double next = 200;
    while (true) {
      const Eigen::Index count = block_size(done, 512);
      const Eigen::MatrixXd w = check.observe(context, done, count);
      done += static_cast<std::uint64_t>(count);
      if (!w.allFinite()) {
        verdict.status = Status::fail;
        verdict.log_e = kInfinity;
        verdict.detail = "the output is not finite";
        return;
      }
      joint.add(w);
      verdict.n = joint.n * static_cast<double>(w.rows());
      const bool last = verdict.n >= options.tier.most;
      if (verdict.n < next && !last) continue;
      next = verdict.n * 1.15;
      verdict.log_e = log_e_vectors(joint);
      if (exceeds(verdict.log_e)) {
        verdict.status = Status::fail;
        verdict.detail = "the covariance of the whitened path is not the identity, or its mean not zero";
        return;
      }
      if (verdict.n >= options.tier.least) {
        certificate(joint);
        if (certified()) {
          verdict.status = Status::pass;
          return;
        }
      }
      if (last) return;
    }
  }

  static double log_e_vectors(const Joint& joint) {
    const auto d = static_cast<double>(joint.sum.size());
    std::vector<double> log_e, weights;
    for (const double scale : {1.0, 0.01}) {
      for (const double degrees : {d + 2, 20 * d, 400 * d}) {
        log_e.push_back(log_e_normal_wishart(joint, scale, degrees));
        weights.push_back(-std::log(6.0));
      }
    }
    return log_mixture(weights, log_e);
  }

  /// Each coordinate on 1 and the coordinate before it.
  void certificate(const Joint& joint) {
    const Eigen::Index d = joint.sum.size();
    verdict.bias = 0;
    verdict.variance_low = kInfinity;
    verdict.variance_high = 0;
    for (Eigen::Index i = 0; i < d; ++i) {
      Regression sums;
      sums.n = joint.n;
      sums.rr = joint.second(i, i);
      sums.xr = {joint.sum[i], i > 0 ? joint.second(i, i - 1) : 0};
      sums.xx[0] = joint.n;
      sums.xx[Regression::kMax] = i > 0 ? joint.sum[i - 1] : 0;
      sums.xx[Regression::kMax + 1] = i > 0 ? joint.second(i - 1, i - 1) : 0;
      const Certificate c = certify(sums, i > 0 ? 2 : 1, beta / static_cast<double>(d));
      verdict.bias = std::max(verdict.bias, c.bias());
      verdict.variance_low = std::min(verdict.variance_low, c.variance_low);
      verdict.variance_high = std::max(verdict.variance_high, c.variance_high);
    }
  }

  void operator()(const ExactP& check) {
    verdict.kind = "p-value";
    SequentialRule rule(alpha, kStages, kStageGrowth);
    double count = options.tier.first_look;
    std::uint64_t done = 0;
    while (true) {
      verdict.ratio = check.p_value(context, done, static_cast<Eigen::Index>(count));
      done += static_cast<std::uint64_t>(count);
      verdict.n = static_cast<double>(done);
      const SequentialRule::Decision decision = rule.look(verdict.ratio);
      if (decision == SequentialRule::Decision::fail) {
        verdict.status = Status::fail;
        verdict.detail = format("p = %.3g at look %d", verdict.ratio, rule.stage() + 1);
        return;
      }
      if (decision == SequentialRule::Decision::pass) {
        verdict.status = Status::pass;
        return;
      }
      count = rule.draws(count);
    }
  }

  void operator()(const Exact& check) {
    verdict.kind = "exact";
    const Identity identity = check.compare(context);
    verdict.n = identity.compared;
    verdict.ratio = identity.ratio;
    verdict.status = identity.ratio <= 1 ? Status::pass : Status::fail;
    if (verdict.status == Status::fail) verdict.detail = identity.where;
  }
};

}  // namespace

std::string to_text(Status status) {
  switch (status) {
    case Status::pass:
      return "PASS";
    case Status::fail:
      return "FAIL";
    case Status::inconclusive:
      return "INCONCLUSIVE";
    case Status::not_applicable:
      return "not asked";
  }
  return {};
}

Tier Tier::named(const std::string& name) {
  if (name == "quick") return {name, 5e4, 2e6, 0.05, 0.05, 0.02, 1e5, 0x1p-8};
  if (name == "full") return {name, 1e7, 1e8, 0.01, 0.01, 0.005, 1e6, 0x1p-24};
  if (name == "soak") return {name, 1e9, 4e9, 0.003, 0.003, 0.001, 1e7, 0x1p-24};
  throw DomainError("tier", name, "quick, full, soak");
}

Status Report::status() const {
  Status worst = Status::not_applicable;
  for (const Verdict& verdict : verdicts) {
    if (verdict.status == Status::fail) return Status::fail;
    if (verdict.status == Status::inconclusive) worst = Status::inconclusive;
    if (verdict.status == Status::pass && worst == Status::not_applicable) worst = Status::pass;
  }
  return worst;
}

std::vector<double> shares(const std::vector<Claim>& all, const Subject& subject, const Setting& setting) {
  double total = 0;
  for (const Claim& claim : all) {
    if (claim.weight > 0 && claim.obstacle(subject, setting).empty()) total += claim.weight;
  }
  std::vector<double> result;
  for (const Claim& claim : all) result.push_back(total > 0 ? claim.weight / total : 0);
  return result;
}

Report judge(const Subject& subject, const Setting& setting, const Options& options) {
  if (!(subject.unit_roundoff <= options.tier.roundoff)) {
    throw DomainError("tier " + options.tier.name + " of outputs whose unit roundoff is",
                      subject.unit_roundoff,
                      "unit roundoff <= " + to_text(options.tier.roundoff) +
                          " (so many draws show a coarser grid; --tier quick does not)");
  }
  const std::vector<Claim> all = claims(setting);
  const std::vector<double> share = shares(all, subject, setting);
  Report report{subject.name, options.tier.name, options.rates.alpha, options.rates.beta,
                setting.eta,  options.seed,      subject.own_noise,   {}};
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (options.only.empty() ||
        std::any_of(options.only.begin(), options.only.end(),
                    [&](const std::string& name) { return name == all[k].id || name == all[k].tag; })) {
      chosen.push_back(k);
    }
  }
  if (chosen.empty())
    throw DomainError("claim", options.only.front(), "the ids and tags of this suite's claims");
  report.verdicts.resize(chosen.size());

  // A worker takes whole claims: the sums of a claim are always made in one order.
  std::atomic<std::size_t> next{0}, done{0};
  std::mutex reporting;
  const auto work = [&] {
    for (std::size_t place = next++; place < chosen.size(); place = next++) {
      const Claim& claim = all[chosen[place]];
      Verdict& verdict = report.verdicts[place];
      verdict.claim = claim.id;
      verdict.tag = claim.tag;
      verdict.statement = claim.statement;
      verdict.replay = options.replay_prefix + " --claim " + claim.id + " --tier " + options.tier.name +
                       " --seed " + std::to_string(options.seed) + " --eta " + to_text(setting.eta) +
                       " --alpha " + to_text(options.rates.alpha);
      const std::string obstacle = claim.obstacle(subject, setting);
      if (!obstacle.empty()) {
        verdict.status = Status::not_applicable;
        verdict.detail = obstacle;
      } else {
        const double alpha = options.rates.alpha * share[chosen[place]];
        verdict.bar = alpha > 0 ? -std::log(alpha) : 0;
        const Context context{subject, setting, options.instruments, options.seed};
        try {
          std::visit(Judge{claim, context, options, alpha,
                           options.rates.beta / static_cast<double>(all.size()), verdict},
                     claim.check);
        } catch (const NotSupplied& reason) {
          verdict.status = Status::not_applicable;
          verdict.detail = reason.what();
        } catch (const std::exception& error) {
          verdict.status = Status::fail;
          verdict.detail = error.what();
        }
      }
      const std::size_t finished = ++done;
      if (options.progress) {
        const std::lock_guard lock(reporting);
        options.progress(verdict, finished, chosen.size());
      }
    }
  };
  std::vector<std::thread> workers;
  for (int k = 1; k < (subject.concurrent ? options.threads : 1); ++k) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return report;
}

namespace {

struct Detect {
  const Context& context;
  double alpha, most, growth;

  double next_look(double n) const { return n < 50 ? n + 1 : std::ceil(n * growth); }

  Detection operator()(const Residuals& residuals) const {
    Evidence evidence(residuals.cells, static_cast<int>(residuals.covariates.size()),
                      std::max(3e-9, 6e3 * context.subject.unit_roundoff));
    const double bar = -std::log(alpha);
    Detection result;
    Recorder record(evidence, 1, [&](double n) {
      if (!(evidence.log_e() < bar)) {
        result = {true, n, evidence.loudest()};
        return 0.0;
      }
      return n >= most ? 0.0 : next_look(n);
    });
    std::uint64_t first = 0;
    while (!record.stopped()) {
      const Eigen::Index count = detection_block(first);
      residuals.observe(context, first, count, record);
      first += static_cast<std::uint64_t>(count);
    }
    if (!result.killed) result.n = evidence.n();
    return result;
  }

  Detection operator()(const Counts& check) const {
    std::vector<std::vector<double>> counts;
    for (const auto& p : check.probabilities) counts.emplace_back(p.size(), 0.0);
    for (std::uint64_t first = 0;;) {
      const auto count =
          static_cast<Eigen::Index>(std::clamp<double>(static_cast<double>(first) * (growth - 1), 1, 1024));
      check.observe(context, first, count, counts);
      first += static_cast<std::uint64_t>(count);
      const double log_e = log_e_counts(check, counts);
      const double n = static_cast<double>(first) * static_cast<double>(counts.size());
      if (!(log_e < -std::log(alpha))) return {true, n, "counts"};
      if (n >= most) return {false, n, ""};
    }
  }

  Detection operator()(const Vectors& check) const {
    Joint joint;
    for (std::uint64_t first = 0;;) {
      const auto count =
          static_cast<Eigen::Index>(std::clamp<double>(static_cast<double>(first) * (growth - 1), 1, 1024));
      const Eigen::MatrixXd w = check.observe(context, first, count);
      first += static_cast<std::uint64_t>(count);
      joint.add(w);
      const double n = joint.n * static_cast<double>(w.rows());
      if (!w.allFinite() || !(Judge::log_e_vectors(joint) < -std::log(alpha))) return {true, n, "vectors"};
      if (n >= most) return {false, n, ""};
    }
  }

  Detection operator()(const ExactP& check) const {
    SequentialRule rule(alpha, kStages, kStageGrowth);
    double count = std::min(most, 1e5);
    std::uint64_t done = 0;
    while (true) {
      const double p = check.p_value(context, done, static_cast<Eigen::Index>(count));
      done += static_cast<std::uint64_t>(count);
      const SequentialRule::Decision decision = rule.look(p);
      if (decision != SequentialRule::Decision::more) {
        return {decision == SequentialRule::Decision::fail, static_cast<double>(done), "p-value"};
      }
      count = rule.draws(count);
    }
  }

  Detection operator()(const Exact& check) const {
    const Identity identity = check.compare(context);
    return {!(identity.ratio <= 1), identity.compared, "exact"};
  }
};

}  // namespace

Eigen::Index detection_block(std::uint64_t done) {
  return std::clamp<Eigen::Index>(static_cast<Eigen::Index>(done / 16), 1, 256);
}

Detection detect(const Claim& claim, const Context& context, double alpha, double most, double look_growth) {
  try {
    return std::visit(Detect{context, alpha, most, look_growth}, claim.check);
  } catch (const NotSupplied&) {
    return {};
  } catch (const std::exception& error) {
    return {true, 1, error.what()};
  }
}

std::string text(const Report& report) {
  std::string out = format(
      "%s  tier %s  eta %g  alpha %g (whole run)  beta %g  seed %u  %s\n", report.subject.c_str(),
      report.tier.c_str(), report.eta, report.alpha, report.beta, report.seed,
      report.own_noise ? "black box: it draws its own noise" : "noise handed in from a stream of its own");
  for (const Verdict& v : report.verdicts) {
    out += format("%-13s %-22s ", to_text(v.status).c_str(), v.claim.c_str());
    if (v.status == Status::not_applicable) {
      out += v.detail + "\n";
      continue;
    }
    if (v.kind == "residuals" || v.kind == "vectors") {
      out += format("n %-10.4g log E %9.3f of %.1f  |bias| <= %.4f  variance in [%.4f, %.4f]", v.n, v.log_e,
                    v.bar, v.bias, v.variance_low, v.variance_high);
    } else if (v.kind == "counts") {
      out +=
          format("n %-10.4g log E %9.3f of %.1f  |probability error| <= %.4f", v.n, v.log_e, v.bar, v.bias);
    } else if (v.kind == "p-value") {
      out += format("n %-10.4g p %.4g", v.n, v.ratio);
    } else {
      out += format("n %-10.4g error / bound %.3g", v.n, v.ratio);
    }
    out += "\n";
    if (v.status != Status::pass) {
      if (!v.detail.empty()) out += "              " + v.detail + "\n";
      out += "              replay: " + v.replay + "\n";
    }
  }
  out +=
      "Out of reach of sampling: coefficient errors below about 1e-6 (float32 tables would need 1e13 draws); "
      "Eq12.injected "
      "and the other exact claims cover them where noise can be handed in.\n";
  const auto with = [&](Status status) {
    return std::count_if(report.verdicts.begin(), report.verdicts.end(),
                         [&](const Verdict& v) { return v.status == status; });
  };
  out += format("%s: %d passed, %d failed, %d inconclusive, %d not asked\n", to_text(report.status()).c_str(),
                static_cast<int>(with(Status::pass)), static_cast<int>(with(Status::fail)),
                static_cast<int>(with(Status::inconclusive)), static_cast<int>(with(Status::not_applicable)));
  return out;
}

std::string json(const Report& report) {
  using nlohmann::json;
  const auto number = [](double value) -> json {
    if (std::isfinite(value)) return value;
    return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  };
  json verdicts = json::array();
  for (const Verdict& v : report.verdicts) {
    json row{
        {"claim", v.claim}, {"equation", v.tag}, {"statement", v.statement}, {"status", to_text(v.status)},
        {"kind", v.kind},   {"n", v.n},          {"detail", v.detail},       {"replay", v.replay}};
    if (v.kind == "residuals" || v.kind == "vectors" || v.kind == "counts") {
      row["log_e"] = number(v.log_e);
      row["bar"] = number(v.bar);
      row["bias"] = number(v.bias);
    }
    if (v.kind == "residuals" || v.kind == "vectors")
      row["variance"] = {number(v.variance_low), number(v.variance_high)};
    if (v.kind == "p-value") row["p"] = number(v.ratio);
    if (v.kind == "exact") row["error_over_bound"] = number(v.ratio);
    verdicts.push_back(row);
  }
  return json{{"subject", report.subject},
              {"tier", report.tier},
              {"alpha", report.alpha},
              {"beta", report.beta},
              {"eta", report.eta},
              {"seed", report.seed},
              {"own_noise", report.own_noise},
              {"status", to_text(report.status())},
              {"verdicts", verdicts}}
      .dump(2);
}

}  // namespace ddim::statistics
