#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/row.hpp"

namespace ddim::conformance {

struct CheckOptions {
  std::string locator, config_path;
  std::optional<int> S;
  const samplers::Spacing* spacing = nullptr;  ///< nullptr: the standard set's
  std::optional<double> eta;
  samplers::Dialect dialect = samplers::paper();
  std::string dtype = {};  ///< "float32", "float32/bfloat16"; empty: what the sampler says, or its numbers
};

/// The runs of a check: what the options name, else a standard set that separates the bank's faults.
/// Errors: DomainError where the options name a run that is not defined (S > T, an offset beyond the table).
std::vector<samplers::Run> runs_of(const samplers::Config& config, const CheckOptions& options);

/// Judges every claim on every run and looks for the causes of what failed. `progress` sees the report after
/// each row; causes are found once there are all. A sampler that has one eta is judged at that one, where the
/// options name none.
CheckReport check(const samplers::Sampler& sampler, const samplers::Config& config,
                  const CheckOptions& options,
                  const std::function<void(const CheckReport& so_far)>& progress = {});

}  // namespace ddim::conformance
