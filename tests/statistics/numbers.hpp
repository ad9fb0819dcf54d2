#pragma once

#include <limits>

namespace ddim::statistics {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace ddim::statistics
