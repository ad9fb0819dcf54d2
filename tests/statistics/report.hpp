#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tests/statistics/certificate.hpp"
#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

/// What a verdict rests on, by the kind of the claim. log_e must reach `bar` to fail.
struct OfNormal {
  double log_e = 0, bar = 0;
  double bias = 0;                             ///< certified: no coefficient is larger
  double variance_low = 0, variance_high = 0;  ///< certified
};
struct OfResiduals : OfNormal {
  ShapeCertificate shape;
};
struct OfVectors : OfNormal {};
struct OfCounts {
  double log_e = 0, bar = 0;
  double error = 0;  ///< certified: no probability is further off
};
struct OfPValue {
  double p = 0;  ///< the last look's
};
struct OfBound {
  double ratio = 0;  ///< error over bound
};
using Grounds = std::variant<std::monostate, OfResiduals, OfVectors, OfCounts, OfPValue, OfBound>;

struct Verdict {
  std::string claim, tag, statement;
  Status status = Status::inconclusive;
  double n = 0;
  Grounds grounds;
  std::string detail;  ///< diagnosis, obstacle, or where
  std::string replay;

  double log_e() const;  ///< 0 where there is none
};

/// A sampler judged on a run.
struct Judgement {
  samplers::Identity sampler;
  std::string tier;
  ErrorRates rates;
  double eta;
  std::uint32_t seed;
  Noise noise;
  std::vector<Verdict> verdicts;
  std::vector<std::string> notes = {};  ///< on how it was judged

  /// The worst; not_asked where nothing was. Without the step that was to be judged a pass is inconclusive.
  Status status() const;
  bool step_unjudged() const;
};

/// How a judgement is written, in pieces: what is known before the first verdict, each as it is made, the
/// summary. Each ends its line.
struct Format {
  std::string (*head)(const Judgement&);
  std::string (*newest)(const Judgement&);  ///< its last verdict
  std::string (*end)(const Judgement&);
};
/// For people, and a JSON object per line.
extern const Format in_text, in_json;

std::string text(const Judgement& judgement);
std::string json(const Judgement& judgement);

}  // namespace ddim::statistics
