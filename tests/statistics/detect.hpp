#pragma once

#include <cstdint>
#include <string>

#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

/// Sampling one claim until it fails: the size at detection.
struct Detection {
  bool killed = false;
  double n = 0;
  std::string by;  ///< what carried the evidence
};
/// Looks at every n up to 50, and then at each growth of `look_growth`, up to `most`. What the sampler answers
/// with an error is found at once; what it does not supply, never.
Detection detect(const Claim& claim, const Context& context, double alpha, double most,
                 double look_growth = 1.03);

/// The size of detect's next block of samples: a small share of those done, so that no cell runs ahead.
Eigen::Index detection_block(std::uint64_t done);

}  // namespace ddim::statistics
