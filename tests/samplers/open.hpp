#pragma once

#include <chrono>

#include "tests/samplers/sampler.hpp"

namespace ddim::samplers {

struct OpenOptions {
  std::chrono::milliseconds timeout{30000};  ///< of each answer
  std::string sample_dtype = {};             ///< in which samples are handed in; empty: float64
  bool own_x_t = false;  ///< a step may be taken from an x_t of its own, which the answer says
};

/// `builtin:reference`, `builtin:cuda[:DTYPE]`, `py:package.module:Class`, `loop:package.module:function` or
/// `exec:COMMAND`. Errors: OpenError.
Sampler open(const std::string& locator, const OpenOptions& options = {});

}  // namespace ddim::samplers
