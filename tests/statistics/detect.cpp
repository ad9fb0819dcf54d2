#include "tests/statistics/detect.hpp"

#include <cmath>

#include "tests/statistics/sampling.hpp"

namespace ddim::statistics {
namespace {

Pace pace_of(double most) {
  return {.share = 1.0 / 32, .largest = 256, .first_p = std::min(most, 1e5), .within_blocks = true};
}

}  // namespace

Eigen::Index detection_block(std::uint64_t done) { return pace_of(0).block(done); }

Detection detect(const Claim& claim, const Context& context, double alpha, double most, double look_growth) {
  Detection result;
  const auto until_killed = [&] {
    const auto sampling = Sampling::of(claim, context, alpha);
    Watch watch(1, [&](double n) {
      result.n = n;
      const Sampling::Standing standing = sampling->look();
      if (standing == Sampling::Standing::failed) {
        result.killed = true;
        result.by = sampling->by();
      }
      if (standing != Sampling::Standing::open || (n >= most && sampling->endless())) return 0.0;
      return n < 50 ? n + 1 : std::ceil(n * look_growth);
    });
    sample(*sampling, pace_of(most), watch);
  };
  blaming(
      until_killed, [&](const std::exception&) { result = {}; },
      [&](const std::exception& error) {
        result = {true, 1, error.what()};
      });
  return result;
}

}  // namespace ddim::statistics
