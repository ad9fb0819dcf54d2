#include "tests/statistics/tier.hpp"

#include "reference/error.hpp"

namespace ddim::statistics {

Tier Tier::named(const std::string& name) {
  if (name == "quick") {
    return {.name = name,
            .least = 5e4,
            .most = 2e6,
            .bias = 0.05,
            .variance = 0.05,
            .proportion = 0.02,
            .distribution = 0.025,
            .tail = 2.5,
            .first_look = 1e5,
            .roundoff = 0x1p-8};
  }
  if (name == "full") {
    return {.name = name,
            .least = 1e7,
            .most = 1e8,
            .bias = 0.01,
            .variance = 0.01,
            .proportion = 0.005,
            .distribution = 0.002,
            .tail = 1.1,
            .first_look = 1e6,
            .roundoff = 0x1p-24};
  }
  if (name == "soak") {
    return {.name = name,
            .least = 1e9,
            .most = 4e9,
            .bias = 0.003,
            .variance = 0.003,
            .proportion = 0.001,
            .distribution = 2e-4,
            .tail = 1.01,
            .first_look = 1e7,
            .roundoff = 0x1p-24};
  }
  throw DomainError("tier", name, "quick, full, soak");
}

}  // namespace ddim::statistics
