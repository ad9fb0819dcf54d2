#pragma once

#include "tests/statistics/claim.hpp"

namespace ddim::statistics::equations {

/// Single steps from given (x_0, e) at every noisy time, typical or amplified, for Eq12 and Eq16: residuals given
/// {1, e_t, x_0, neighbour}. `key` names the draws.
struct SingleSteps {
  bool amplified;
  double e_scale() const;
  double x0_scale() const;
  void observe(const Context& c, const std::string& key, std::uint64_t first, Eigen::Index count,
               const std::function<int(std::size_t position, std::size_t steps)>& cell,
               Recorder& record) const;
};

}  // namespace ddim::statistics::equations
