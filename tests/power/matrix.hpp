#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/power/measure.hpp"

namespace ddim::power {

/// A geometric mean.
struct Mean {
  double sum = 0;
  int n = 0;
  void add(double value);
  double value() const;
};

/// What the rows of the kill matrix add up to.
struct Tally {
  int faults = 0, survived = 0, equivalent = 0;
  int wrongly_killed = 0;                ///< equivalent, and yet failed by draws
  Mean parametric, slow, shape, unseen;  ///< efficiencies; slow: parametric, Wald's bound ten draws or more
  std::map<std::string, int> kills, only_kills;  ///< by claim

  void add(const Row& row);
};

/// A mistake in the suite's own judgement, and what went wrong with it in.
struct SuiteRow {
  std::string fault, says;
  std::vector<std::string> noticed;  ///< empty: it survived
};

/// The whole result.
struct Matrix {
  Plan plan = {};
  bool quick = false;
  std::string commit = "unknown";
  std::vector<Row> rows = {};
  std::vector<SuiteRow> suite = {};
  double seconds = 0;

  Tally tally() const;
  int suite_survived() const;
  /// The rate of detection that `plan.runs` of `plan.runs` certify at 95 %.
  double rate_at_least() const;
  bool good() const;
};

/// For a terminal: a line each.
std::string heading();
std::string line(const Row& row);
std::string line(const SuiteRow& row);
std::string claims_text(const Tally& tally);
std::string summary(const Matrix& matrix);
/// JSON, a fault a line; of its claims those that found it.
std::string json(const Matrix& matrix);

}  // namespace ddim::power
