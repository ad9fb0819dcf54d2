#pragma once

#include <limits>

#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

/// Numbers held against what they must be, each within a bound of its own: the worst of them.
class Comparison {
 public:
  void add(double got, double want, double bound, const std::string& where) {
    ++result_.compared;
    const double ratio =
        std::isfinite(got) ? std::abs(got - want) / bound : std::numeric_limits<double>::infinity();
    if (ratio > result_.ratio || result_.where.empty()) {
      result_.ratio = ratio;
      result_.where =
          where + ": got " + to_text(got) + ", want " + to_text(want) + ", bound " + to_text(bound);
    }
  }
  const Agreement& result() const { return result_; }

 private:
  Agreement result_;
};

/// What no bound is needed for.
inline Agreement broken(const std::string& what, double compared = 1) {
  return {std::numeric_limits<double>::infinity(), compared, what};
}

/// Unit roundoffs that tables and coefficients kept in a sampler's precision may cost step i, relative to the
/// sum of its terms' sizes.
inline double step_condition(const Run& run, int i) {
  const Law law = run.law(i);
  const double b = static_cast<double>(law.current.one_minus),
               b_prev = static_cast<double>(law.prev.one_minus);
  const double radicand = static_cast<double>(law.radicand());
  const double table = run.time(i) + 1;
  return 16 + table * (1 + 1 / b + (b_prev > 0 ? 1 / b_prev : 0) + (radicand > 0 ? 1 / radicand : 0));
}

}  // namespace ddim::statistics
