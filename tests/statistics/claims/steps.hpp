#pragma once

#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"

namespace ddim::statistics::equations {

/// x_prev of a step against the literal one, element by element, within the bound that is proved for the listed
/// orders of evaluation in the sampler's dtype.
void compare_step(Comparison& comparison, const Context& c, int i, const Given& at, const Batch& z,
                  const Batch& x_prev);

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
