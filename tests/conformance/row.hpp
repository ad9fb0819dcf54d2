#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/samplers/sampler.hpp"

namespace ddim::conformance {

using samplers::Status;

/// The first place where a sampler leaves its bound.
struct Wrong {
  std::string where;  ///< "step 2 of 30, t = 966 -> 932, sample 0, element 3"
  double got = 0, want = 0, bound = 0;
  double ratio = 0;  ///< |got - want| / bound; NaN where got is not finite
  double ulps = 0;   ///< |got - want| in units in the last place of the sampler's dtype
};

/// A known-wrong reference that reproduces what was seen.
struct Cause {
  std::string name, says;
  double distance =
      0;  ///< largest |got - fault| over the row, relative to the sum of the expression's |terms|
};

/// One claim on one run. The title starts with the equation's tag.
struct Row {
  int id = 0;
  std::string equation, title;
  Status status = Status::inconclusive;
  std::string message;
  double ratio = 0;   ///< largest |got - want| / bound
  long compared = 0;  ///< numbers compared
  std::optional<Wrong> wrong;
  std::vector<Cause> causes;                  ///< best first
  bool explained = false;                     ///< the first cause reproduces every number of the row
  std::optional<int> follows;                 ///< the row whose failure implies this one's
  std::vector<std::string> conforms_to = {};  ///< other dialects, of a row of steps
  std::string note;                           ///< what a reader should know though it is no failure
  std::string reproduce;
};

struct CheckReport {
  samplers::Identity identity;
  std::string locator, config_path, dialect;
  std::vector<std::string> notes = {};  ///< on how it was judged
  std::vector<Row> rows = {};
  std::vector<std::string> conforms_to = {};  ///< other dialects, which every step judged conforms to
};

/// What every command of ddim-verify ends with.
enum ExitCode {
  kPassed = 0,
  kFailures = 1,
  kUsage = 2,
  kWouldNotStart = 3,
  kBadInput = 4,
  kNothingJudged = 5,
  kInconclusive = 6,
  kNoReport = 7  ///< it could not be written, or not to its end
};

/// A row of steps (Eq12 or Eq10) passed or failed.
bool judged_a_step(const CheckReport& report);
/// Passed only where a step (Eq12 or Eq10) was judged and nothing else is amiss.
ExitCode exit_code(const CheckReport& report);

}  // namespace ddim::conformance
