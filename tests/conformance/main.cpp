#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/conformance/faults.hpp"
#include "tests/conformance/report.hpp"

namespace {

using namespace ddim::conformance;

enum ExitCode { kPassed = 0, kFailures = 1, kUsage = 2, kWouldNotStart = 3, kBadInput = 4 };

struct Arguments {
  std::string config_path, locator;
  std::optional<int> S;
  std::optional<Spacing> spacing;
  std::optional<double> eta;
  std::optional<Dialect> dialect;
  double timeout_s = 30;
  bool json = false;
};

void add_run_options(CLI::App& command, Arguments& arguments) {
  command.add_option("-S,--steps", arguments.S, "number of inference steps");
  command.add_option("--spacing", arguments.spacing, "leading, trailing or linspace (default: the file's)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Spacing>{
          {"leading", Spacing::leading}, {"trailing", Spacing::trailing}, {"linspace", Spacing::linspace}}));
  command.add_option("--eta", arguments.eta, "0 is DDIM, 1 is DDPM's posterior");
}

void require_eta(const Arguments& arguments) {
  if (arguments.eta && !(*arguments.eta >= 0 && *arguments.eta <= 1)) {
    throw ddim::DomainError("eta", *arguments.eta, "0 <= eta <= 1");
  }
}

int run_inspect(const Arguments& arguments) {
  require_eta(arguments);
  const Config config = read_config(arguments.config_path);
  inspect(std::cout, {config, arguments.S.value_or(std::min(50, config.T)),
                      arguments.spacing.value_or(config.spacing), arguments.eta.value_or(0), Dialect::paper});
  return kPassed;
}

int run_check(const Arguments& arguments) {
  require_eta(arguments);
  const Config config = read_config(arguments.config_path);
  const CheckOptions options{
      arguments.locator, arguments.config_path,
      arguments.S,       arguments.spacing,
      arguments.eta,     arguments.dialect.value_or(default_dialect(arguments.locator))};
  runs_of(config, options);  // a run that is not defined is bad input, before anything starts
  OpenOptions opening;
  opening.timeout = std::chrono::milliseconds(static_cast<long>(arguments.timeout_s * 1000));
  const auto implementation = open(arguments.locator, opening);
  const Report report = check(*implementation, config, options);
  arguments.json ? print_json(std::cout, report) : print(std::cout, report);
  return exit_code(report);
}

int list_faults() {
  for (const Fault& fault : faults()) {
    std::cout << fault.name << "\n  " << fault.equation << ": " << fault.description
              << "\n  shows: " << fault.condition << "; seen in: " << fault.source
              << "\n  try: ddim-verify check builtin:fault:" << fault.name
              << " --config tests/conformance/configs/" << fault.config << ".json --dialect "
              << to_text(fault.dialect) << "\n";
  }
  return kPassed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Judges a DDIM sampler equation by equation"};
  app.require_subcommand(1);
  Arguments arguments;

  CLI::App& inspecting =
      *app.add_subcommand("inspect", "What a scheduler_config.json means, and what is odd about it");
  inspecting.add_option("config", arguments.config_path, "scheduler_config.json")->required();
  add_run_options(inspecting, arguments);

  CLI::App& checking = *app.add_subcommand("check", "Judge an implementation");
  checking
      .add_option("implementation", arguments.locator,
                  "builtin:reference, builtin:cuda[:DTYPE], builtin:fault:NAME, py:package.module:Class or "
                  "exec:COMMAND")
      ->required();
  checking.add_option("--config", arguments.config_path, "scheduler_config.json")->required();
  add_run_options(checking, arguments);
  checking
      .add_option("--dialect", arguments.dialect,
                  "paper or diffusers (default: diffusers for py:diffusers..., else paper)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Dialect>{{"paper", Dialect::paper}, {"diffusers", Dialect::diffusers}}));
  checking.add_option("--timeout", arguments.timeout_s, "seconds to wait for each answer (default 30)")
      ->check(CLI::PositiveNumber);
  checking.add_flag("--json", arguments.json, "one JSON object per line");

  CLI::App& listing = *app.add_subcommand("faults", "The bank of known-wrong references");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kPassed : kUsage;
  }
  try {
    if (inspecting.parsed()) return run_inspect(arguments);
    if (listing.parsed()) return list_faults();
    return run_check(arguments);
  } catch (const ConfigError& error) {
    std::cerr << "ddim-verify: " << error.what() << "\n";
    return kBadInput;
  } catch (const ddim::DomainError& error) {
    std::cerr << "ddim-verify: " << error.what() << "\n";
    return kBadInput;
  } catch (const OpenError& error) {
    std::cerr << "ddim-verify: " << arguments.locator << ": " << error.what() << "\n";
    return error.kind == OpenError::Kind::usage ? kUsage : kWouldNotStart;
  }
}
