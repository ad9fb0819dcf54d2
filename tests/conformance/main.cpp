#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/conformance/faults.hpp"
#include "tests/conformance/report.hpp"
#include "tests/conformance/stats.hpp"
#include "tests/statistics/faults.hpp"

namespace {

using namespace ddim::conformance;

enum ExitCode {
  kPassed = 0,
  kFailures = 1,
  kUsage = 2,
  kWouldNotStart = 3,
  kBadInput = 4,
  kNothingRun = 5,
  kInconclusive = 6
};

struct Arguments {
  std::string config_path, locator;
  std::optional<int> S;
  std::optional<Spacing> spacing;
  std::optional<double> eta;
  std::optional<Dialect> dialect;
  double timeout_s = 30;
  bool json = false;
  std::string tier = "quick", noise;
  double alpha = 1e-9;
  std::uint32_t seed = 20201006;
  int threads = 2;
  std::vector<std::string> claims;
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

/// A builtin answers for every equation; anything else for its sampler.
int run_stats(const Arguments& arguments) {
  namespace statistics = ddim::statistics;
  require_eta(arguments);
  const std::string fault_prefix = "builtin:fault:";
  const std::string fault_name =
      arguments.locator.rfind(fault_prefix, 0) == 0 ? arguments.locator.substr(fault_prefix.size()) : "";
  const statistics::EquationFault* equation_fault = statistics::find_equation_fault(fault_name);
  const Fault* sampler_fault = find_fault(fault_name);

  std::string path = arguments.config_path;
  if (path.empty() && sampler_fault)
    path = std::string(DDIM_SOURCE_DIR) + "/tests/conformance/configs/" + sampler_fault->config + ".json";
  Run run;
  run.config.clip_sample = false;  // the paper's sampler, where no file is given
  run.spacing = Spacing::trailing;
  if (!path.empty()) {
    run.config = read_config(path);
    run.spacing = run.config.spacing;
  }
  run.S = arguments.S.value_or(std::min(8, run.config.T));
  run.spacing = arguments.spacing.value_or(run.spacing);
  run.eta = arguments.eta.value_or(0.5);
  run.dialect =
      arguments.dialect.value_or(sampler_fault ? sampler_fault->dialect : default_dialect(arguments.locator));
  const statistics::Setting setting = setting_of(run);

  statistics::Options options;
  options.tier = statistics::Tier::named(arguments.tier);
  options.rates.alpha = arguments.alpha;
  options.seed = arguments.seed;
  options.only = arguments.claims;
  options.threads = arguments.threads;
  options.replay_prefix = "ddim-verify stats " + arguments.locator +
                          (path.empty() ? "" : " --config " + path) + " -S " + std::to_string(run.S) +
                          " --spacing " + to_text(run.spacing) + " --dialect " + to_text(run.dialect) +
                          (arguments.noise.empty() ? "" : " --noise " + arguments.noise);
  if (!arguments.json) {
    options.progress = [](const statistics::Verdict& verdict, std::size_t done, std::size_t of) {
      std::cerr << "[" << done << "/" << of << "] " << verdict.claim << ": "
                << statistics::to_text(verdict.status) << "\n";
    };
  }

  std::unique_ptr<Implementation> implementation;
  statistics::Subject subject;
  if (equation_fault || (arguments.locator == "builtin:reference" && arguments.noise != "own")) {
    subject = statistics::Subject::reference();
    if (equation_fault) {
      equation_fault->apply(subject);
      subject.name = arguments.locator;
    }
  } else {
    OpenOptions opening;
    opening.timeout = std::chrono::milliseconds(static_cast<long>(arguments.timeout_s * 1000));
    implementation = open(arguments.locator, opening);
    // The kernels draw noise where they use it, and that is what runs on a card.
    const bool draws =
        arguments.locator.rfind("builtin:", 0) != 0 || arguments.locator.rfind("builtin:cuda", 0) == 0;
    subject = subject_of(*implementation, run, arguments.noise.empty() ? draws : arguments.noise == "own");
  }
  const statistics::Report report = judge(subject, setting, options);
  std::cout << (arguments.json ? statistics::json(report) + "\n" : statistics::text(report));
  switch (report.status()) {
    case statistics::Status::pass:
      return kPassed;
    case statistics::Status::fail:
      return kFailures;
    case statistics::Status::inconclusive:
      return kInconclusive;
    case statistics::Status::not_applicable:
      return kNothingRun;
  }
  return kNothingRun;
}

int list_faults() {
  for (const Fault& fault : faults()) {
    std::cout << fault.name << "\n  " << fault.equation << ": " << fault.description
              << "\n  shows: " << fault.condition << "; seen in: " << fault.source
              << "\n  try: ddim-verify check builtin:fault:" << fault.name
              << " --config tests/conformance/configs/" << fault.config << ".json --dialect "
              << to_text(fault.dialect) << "\n";
  }
  for (const ddim::statistics::EquationFault& fault : ddim::statistics::equation_faults()) {
    std::cout << fault.name << "\n  " << fault.equation << ": " << fault.description
              << (fault.equivalent.empty() ? "" : "\n  equivalent: " + fault.equivalent)
              << "\n  try: ddim-verify stats builtin:fault:" << fault.name << "\n";
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

  CLI::App& sampling = *app.add_subcommand("stats", "Judge by sampling, with both errors stated");
  sampling
      .add_option("implementation", arguments.locator,
                  "builtin:reference, builtin:cuda[:DTYPE], builtin:fault:NAME, py:package.module:Class or "
                  "exec:COMMAND")
      ->required();
  sampling.add_option("--config", arguments.config_path,
                      "scheduler_config.json (default: the paper's, T = 1000, trailing)");
  add_run_options(sampling, arguments);
  sampling
      .add_option("--dialect", arguments.dialect,
                  "paper or diffusers (default: diffusers for py:diffusers..., else paper)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Dialect>{{"paper", Dialect::paper}, {"diffusers", Dialect::diffusers}}));
  sampling.add_option("--tier", arguments.tier, "quick (seconds), full (a minute), soak (hours)")
      ->check(CLI::IsMember({"quick", "full", "soak"}));
  sampling.add_option("--alpha", arguments.alpha, "chance of any false FAIL in the run (default 1e-9)");
  sampling.add_option("--seed", arguments.seed, "key of every draw of the suite (default fixed)");
  sampling
      .add_option("--noise", arguments.noise,
                  "own: the implementation draws; injected: the suite hands it in (default: own, injected "
                  "for builtins but cuda)")
      ->check(CLI::IsMember({"own", "injected"}));
  sampling.add_option("--claim", arguments.claims, "only these claims or equations (repeatable)");
  sampling.add_option("--threads", arguments.threads, "for builtins; the bits do not depend on it")
      ->check(CLI::Range(1, 256));
  sampling.add_option("--timeout", arguments.timeout_s, "seconds to wait for each answer (default 30)")
      ->check(CLI::PositiveNumber);
  sampling.add_flag("--json", arguments.json, "one JSON object");

  CLI::App& listing = *app.add_subcommand("faults", "The bank of known-wrong references");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kPassed : kUsage;
  }
  try {
    if (inspecting.parsed()) return run_inspect(arguments);
    if (listing.parsed()) return list_faults();
    if (sampling.parsed()) return run_stats(arguments);
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
