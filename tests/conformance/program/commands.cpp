#include "tests/conformance/program/commands.hpp"

#include <algorithm>
#include <iostream>

#include "tests/conformance/check.hpp"
#include "tests/conformance/inspect.hpp"
#include "tests/conformance/report.hpp"
#include "tests/faults/fault.hpp"
#include "tests/samplers/dtype.hpp"

namespace ddim::conformance {
namespace {

using samplers::Config;
using samplers::Run;

}  // namespace

const samplers::Dialect& dialect_of(const Arguments& arguments) {
  if (!arguments.dialect.empty()) return samplers::dialect(arguments.dialect);
  const faults::Fault* fault = faults::named_by(arguments.locator);
  return fault ? samplers::dialect(fault->where.dialect) : samplers::default_dialect(arguments.locator);
}

samplers::OpenOptions opening_of(const Arguments& arguments) {
  return {std::chrono::milliseconds(static_cast<long>(arguments.timeout_s * 1000)),
          arguments.dtype.empty() ? "" : samplers::Dtypes::named(arguments.dtype).samples};
}

void require_eta(const Arguments& arguments) {
  if (arguments.eta && !(*arguments.eta >= 0 && *arguments.eta <= 1))
    throw DomainError("eta", *arguments.eta, "0 <= eta <= 1");
}

ExitCode run_inspect(const Arguments& arguments) {
  require_eta(arguments);
  const Config config = samplers::read_config(arguments.config_path);
  const samplers::Spacing* spacing =
      arguments.spacing.empty() ? config.spacing : samplers::find_spacing(arguments.spacing);
  inspect(std::cout,
          Run(config, arguments.S.value_or(std::min(50, config.T)), *spacing, arguments.eta.value_or(0)));
  return kPassed;
}

ExitCode run_check(const Arguments& arguments) {
  require_eta(arguments);
  const Config config = samplers::read_config(arguments.config_path);
  CheckOptions options{arguments.locator, arguments.config_path, arguments.S, nullptr, arguments.eta};
  options.spacing = samplers::find_spacing(arguments.spacing);
  options.dialect = dialect_of(arguments);
  options.dtype = arguments.dtype;
  runs_of(config, options);  // a run that is not defined is bad input, before anything starts
  if (const faults::Fault* fault = faults::named_by(arguments.locator)) {
    if (const std::string why = faults::unseen_by_check(*fault); !why.empty()) {
      std::cout << arguments.locator << ": " << fault->says << " [" << fault->name << "]\nnot judged: " << why
                << "\n";
      return kNothingJudged;
    }
  }
  const CheckReport report = check(faults::open(arguments.locator, opening_of(arguments)), config, options);
  arguments.json ? print_json(std::cout, report) : print(std::cout, report);
  return exit_code(report);
}

ExitCode list_faults() {
  for (const faults::Fault& fault : faults::faults()) {
    const std::string unseen = faults::unseen_by_check(fault);
    std::cout << fault.name << "\n  " << fault.equation << ": " << fault.says
              << "\n  shows: " << fault.condition << "; seen in: " << fault.seen << "\n";
    if (!fault.equivalent.empty()) std::cout << "  equivalent: " << fault.equivalent << "\n";
    if (unseen.empty()) {
      std::cout << "  try: ddim-verify check builtin:fault:" << fault.name << " --config "
                << "tests/conformance/configs/" << (fault.where.config.empty() ? "sd15" : fault.where.config)
                << ".json\n";
    } else {
      std::cout << "  try: ddim-verify stats builtin:fault:" << fault.name << "\n";
    }
  }
  return kPassed;
}

}  // namespace ddim::conformance
