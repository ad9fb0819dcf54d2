#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace ddim::statistics {

/// printf into a string, of at most 511 characters.
std::string format(const char* pattern, auto... values) {
  std::array<char, 512> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), pattern, values...);
  return {buffer.data(), static_cast<std::size_t>(std::clamp(length, 0, 511))};
}

}  // namespace ddim::statistics
