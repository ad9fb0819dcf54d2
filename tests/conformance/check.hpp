#pragma once

#include <functional>

#include "tests/conformance/recipe.hpp"

namespace ddim::conformance {

enum class Status { pass, fail, unsupported, not_supplied, crash, time_out, harness_error, inconclusive };
std::string to_text(Status status);

/// The first place where an implementation leaves its bound.
struct Wrong {
  std::string where;  ///< "step 2 of 30, t = 966 -> 932, sample 0, element 3"
  double got = 0, want = 0, bound = 0;
  double ratio = 0;  ///< |got - want| / bound; NaN where got is not finite
  double ulps = 0;   ///< |got - want| in units in the last place of the implementation's dtype
};

/// A known-wrong reference that reproduces what was seen.
struct Cause {
  std::string name, description;
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
  std::vector<Cause> causes;   ///< best first
  bool explained = false;      ///< the first cause reproduces every number of the row
  std::optional<int> follows;  ///< the row whose failure implies this one's
  std::string note;            ///< what a reader should know though it is no failure
  std::string reproduce;
};

struct Report {
  Identity identity;
  std::string locator, config_path;
  Dialect dialect = Dialect::paper;
  std::vector<Row> rows;
};

struct CheckOptions {
  std::string locator, config_path;
  std::optional<int> S;
  std::optional<Spacing> spacing;
  std::optional<double> eta;
  Dialect dialect = Dialect::paper;
};

/// diffusers for py:diffusers..., paper otherwise.
Dialect default_dialect(const std::string& locator);

/// The runs of a check: what the options name, else a standard set that separates the bank's faults.
/// Errors: DomainError where the options name a run that is not defined (S > T, an offset beyond the table).
std::vector<Run> runs_of(const Config& config, const CheckOptions& options);

/// Judges every claim on every run and looks for the causes of what failed.
Report check(Implementation& implementation, const Config& config, const CheckOptions& options);

/// 0 all passed, 1 failures, 5 nothing was judged, 6 inconclusive.
int exit_code(const Report& report);

}  // namespace ddim::conformance
