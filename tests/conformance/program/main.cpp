// ddim-verify: the program.

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

#include "tests/conformance/program/commands.hpp"
#include "tests/conformance/program/output.hpp"
#include "tests/samplers/printable.hpp"

namespace {

using namespace ddim::conformance;

template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::vector<std::string> spacing_names() {
  std::vector<std::string> names;
  for (const auto* spacing : ddim::samplers::spacings()) names.emplace_back(spacing->name);
  return names;
}

std::vector<std::string> dialect_names() {
  std::vector<std::string> names;
  for (const auto& dialect : ddim::samplers::dialects()) names.push_back(dialect.name);
  return names;
}

/// A time-out: no more than a day. (CLI::Range lets NaN through.)
std::string seconds(const std::string& text) {
  double value = 0;
  const bool read = CLI::detail::lexical_cast(text, value);
  return read && value >= 1e-3 && value <= 86400 ? "" : text + " is outside 0.001 to 86400 seconds";
}

void add_run(CLI::App& command, Arguments& arguments) {
  command.add_option("-S,--steps", arguments.S, "number of inference steps");
  command.add_option("--spacing", arguments.spacing, listed(spacing_names()) + " (default: the file's)")
      ->check(CLI::IsMember(spacing_names()));
  command.add_option("--eta", arguments.eta, "0 is DDIM, 1 is DDPM's posterior");
}

void add_sampler(CLI::App& command, Arguments& arguments) {
  command
      .add_option("implementation", arguments.locator,
                  "builtin:reference, builtin:cuda[:DTYPE], builtin:fault:NAME, py:package.module:Class, "
                  "loop:package.module:function or exec:COMMAND")
      ->required();
  add_run(command, arguments);
  command
      .add_option("--dialect", arguments.dialect,
                  listed(dialect_names()) + " (default: the one of the locator, else paper)")
      ->check(CLI::IsMember(dialect_names()));
  command.add_option("--dtype", arguments.dtype,
                     "float64, float32, float16 or bfloat16: in which samples are handed in and judged; "
                     "float32/bfloat16: coefficients in the one, samples in the other (default: what the "
                     "implementation says, or its numbers)");
  command.add_option("--timeout", arguments.timeout_s, "seconds to wait for each answer (default 30)")
      ->check(seconds);
}

void add_sampling(CLI::App& command, Arguments& arguments) {
  command.add_option("--config", arguments.config_path,
                     "scheduler_config.json (default: the paper's, T = 1000, trailing)");
  command.add_option("--tier", arguments.tier, "quick (seconds), full (a minute), soak (hours)")
      ->check(CLI::IsMember({"quick", "full", "soak"}));
  command.add_option("--alpha", arguments.alpha, "chance of any false FAIL in the run (default 1e-9)");
  command.add_option("--seed", arguments.seed, "key of every draw of the suite (default fixed)");
  command
      .add_option("--noise", arguments.noise,
                  "own: the implementation draws; injected: the suite hands it in (default: own, injected "
                  "for builtins but cuda)")
      ->check(CLI::IsMember({"own", "injected"}));
  command.add_option("--claim", arguments.claims, "only these claims or equations (repeatable)");
  command.add_option("--threads", arguments.threads, "for builtins; the bits do not depend on it")
      ->check(CLI::Range(1, 256));
  command.add_flag("--json", arguments.json, "one JSON object per line");
}

void complain(const std::string& what) {
  std::cerr << "ddim-verify: " << ddim::samplers::printable(what) << "\n";
}

ExitCode run(int argc, char** argv) {
  CLI::App app{"Judges a DDIM sampler equation by equation", "ddim-verify"};
  app.require_subcommand(1);
  Arguments arguments;

  CLI::App& inspecting =
      *app.add_subcommand("inspect", "What a scheduler_config.json means, and what is odd about it");
  inspecting.add_option("config", arguments.config_path, "scheduler_config.json")->required();
  add_run(inspecting, arguments);

  CLI::App& checking = *app.add_subcommand("check", "Judge an implementation");
  add_sampler(checking, arguments);
  checking.add_option("--config", arguments.config_path, "scheduler_config.json")->required();
  checking.add_option(
      "--repro", arguments.repro,
      "a Python script to write, which shows the first failing step of a py: or loop: without "
      "this program");
  checking.add_flag("--json", arguments.json, "one JSON object per line");

  CLI::App& sampling = *app.add_subcommand("stats", "Judge by sampling, with both errors stated");
  add_sampler(sampling, arguments);
  add_sampling(sampling, arguments);

  CLI::App& listing = *app.add_subcommand("faults", "The bank of known-wrong references");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const bool asked = app.exit(error, out, err) == 0;
    std::cerr << err.str();
    put(out.str());
    return asked ? kPassed : kUsage;
  }
  try {
    if (inspecting.parsed()) return run_inspect(arguments);
    if (listing.parsed()) return list_faults();
    return sampling.parsed() ? run_stats(arguments) : run_check(arguments);
  } catch (const ddim::samplers::OpenError& error) {
    complain(arguments.locator + ": " + error.what());
    return error.kind == ddim::samplers::OpenError::Kind::usage ? kUsage : kWouldNotStart;
  }
}

}  // namespace

int main(int argc, char** argv) {
  prepare_standard_files();
  try {
    return run(argc, argv);
  } catch (const ddim::samplers::ConfigError& error) {
    complain(error.what());
    return kBadInput;
  } catch (const ddim::DomainError& error) {
    complain(error.what());
    return kBadInput;
  } catch (const OutputError& error) {
    complain(std::string("the report could not be written: ") + error.what());
  } catch (const std::bad_alloc&) {
    std::cerr << "ddim-verify: the report could not be finished: out of memory\n";
  } catch (const std::exception& error) {  // std::system_error: no threads, no processes
    complain(std::string("the report could not be finished: ") + error.what());
  }
  return kNoReport;
}
