#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/statistics/claims.hpp"

namespace ddim::statistics {

enum class Status { pass, fail, inconclusive, not_applicable };
std::string to_text(Status status);

/// How much is drawn, and what a PASS certifies at error beta.
struct Tier {
  std::string name;
  double least, most;     ///< residuals per claim
  double bias, variance;  ///< |coefficient| in deviations; relative variance
  double proportion;      ///< |probability|
  double first_look;      ///< draws of the first stage of a claim with only a p-value
  double roundoff = 1;    ///< of the outputs, at most: in so many draws coarser storage shows as a grid

  /// quick, full or soak. Errors: DomainError.
  static Tier named(const std::string& name);
};

struct Verdict {
  std::string claim, tag, statement;
  Status status = Status::inconclusive;
  double n = 0;
  double log_e = 0, bar = 0;                   ///< log of the e-value, and what it must reach to fail
  double bias = 0;                             ///< certified: no coefficient is larger
  double variance_low = 0, variance_high = 0;  ///< certified
  double ratio = 0;                            ///< Exact: error over bound. ExactP: the last p-value
  std::string kind;                            ///< residuals, counts, vectors, p-value, exact
  std::string detail;                          ///< diagnosis, obstacle, or where
  std::string replay;
};

struct Report {
  std::string subject, tier;
  double alpha, beta, eta;
  std::uint32_t seed;
  bool own_noise;
  std::vector<Verdict> verdicts;
  Status status() const;
};

struct Options {
  Tier tier = Tier::named("quick");
  ErrorRates rates;
  std::uint32_t seed = 20201006;
  int threads = 1;                ///< the verdicts' bits do not depend on it
  std::vector<std::string> only;  ///< ids or tags; empty: all
  std::string replay_prefix = "stats";
  Instruments instruments = Instruments::sound();
  std::function<void(const Verdict&, std::size_t done, std::size_t of)> progress;
};

/// Asks every applicable claim of the subject. Domain: subject.unit_roundoff <= options.tier.roundoff
/// (DomainError). P(any FAIL) <= alpha if all claims are true; what the subject throws is a FAIL of its claim
/// with the message.
Report judge(const Subject& subject, const Setting& setting, const Options& options);

/// The claims' shares of alpha, renormalised over those that apply.
std::vector<double> shares(const std::vector<Claim>& claims, const Subject& subject, const Setting& setting);

/// Sampling one claim until it fails: the size at detection, looking at every n up to 50 and then at each
/// growth of `look_growth`. `looks` collects log E at each look where given.
struct Detection {
  bool killed = false;
  double n = 0;
  std::string by;
};
Detection detect(const Claim& claim, const Context& context, double alpha, double most,
                 double look_growth = 1.03);
/// The size of detect's next block of samples: about a sixteenth of those done, so that no cell runs ahead.
Eigen::Index detection_block(std::uint64_t done);

std::string text(const Report& report);
std::string json(const Report& report);

}  // namespace ddim::statistics
