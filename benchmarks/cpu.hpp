#pragma once

#include "benchmarks/worker.hpp"

namespace ddim::benchmarks {

/// The kernels' element functors in plain loops on the host, in four dtypes.
void add_host_loops(std::vector<Benchmark>& all);

}  // namespace ddim::benchmarks
