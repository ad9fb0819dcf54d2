#pragma once

#include "tests/statistics/claim.hpp"

namespace ddim::statistics::equations {

/// What Eq13 and Eq14 hold against each other, one step up: x_prev, the frozen eps, and the sampler's x_t.
struct Encoded {
  Batch x_prev, eps, x_t;
  Law law;

  /// Of the terms of element k, in units of x_prev.
  double size(Eigen::Index k) const;
};
/// Domain: `at` has eta = 0.
Encoded encode(const Context& at, const char* id, int i, Eigen::Index n);
std::string needs_encoding(const Context& c);

}  // namespace ddim::statistics::equations
