#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/row.hpp"
#include "tests/samplers/open.hpp"

namespace ddim::conformance {

/// What the command line says; what it leaves out is empty.
struct Arguments {
  std::string config_path, locator, spacing, dialect, dtype, repro;
  std::optional<int> S;
  std::optional<double> eta;
  double timeout_s = 30;
  bool json = false;
  std::string tier = "quick", noise;
  double alpha = 1e-9;
  std::uint32_t seed = 20201006;
  int threads = 2;
  std::vector<std::string> claims;
};

/// The fault that the locator names, where it does: judged by the dialect that it breaks,
/// if no other is asked for.
const samplers::Dialect& dialect_of(const Arguments& arguments);
samplers::OpenOptions opening_of(const Arguments& arguments);
/// Errors: DomainError outside 0..1.
void require_eta(const Arguments& arguments);

// The commands, to the exit code. Errors: ConfigError, DomainError (bad input), OpenError, OutputError.
ExitCode run_inspect(const Arguments& arguments);
ExitCode run_check(const Arguments& arguments);
ExitCode run_stats(const Arguments& arguments);
ExitCode list_faults();

}  // namespace ddim::conformance
