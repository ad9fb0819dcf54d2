#include "tests/cuda/cases.hpp"

namespace ddim::cuda::test {

const std::vector<Case<Host>>& host_cases() {
  static const auto all = cases<Host>();
  return all;
}

}  // namespace ddim::cuda::test
