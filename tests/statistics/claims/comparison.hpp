#pragma once

#include <limits>

#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

/// Numbers held against what they must be, each within a bound of its own: the worst of them. One that has no
/// bound (it is not finite) is not compared.
class Comparison {
 public:
  void add(double got, double want, double bound, const std::string& where) {
    if (!std::isfinite(bound)) return;
    ++result_.compared;
    const double off = std::abs(got - want),
                 ratio = off == 0 ? 0
                         : off < std::numeric_limits<double>::infinity() && bound > 0
                             ? off / bound
                             : std::numeric_limits<double>::infinity();
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

}  // namespace ddim::statistics
