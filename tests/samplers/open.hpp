#pragma once

#include <chrono>

#include "tests/samplers/sampler.hpp"

namespace ddim::samplers {

struct OpenOptions {
  std::chrono::milliseconds timeout{30000};  ///< of each answer
  std::string sample_dtype = {};             ///< in which samples are handed in; empty: float64
};

/// `builtin:reference`, `builtin:cuda[:DTYPE]`, `py:package.module:Class` or `exec:COMMAND`. Errors: OpenError.
Sampler open(const std::string& locator, const OpenOptions& options = {});

}  // namespace ddim::samplers
