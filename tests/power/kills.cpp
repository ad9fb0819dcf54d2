// The kill matrix: every known mistake against every claim, with the number of draws that finding it takes.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "tests/power/matrix.hpp"
#include "tests/power/self_check.hpp"

namespace {

using namespace ddim::power;

struct Arguments {
  bool quick = false;
  std::string only, json_file;
};

void describe(CLI::App& app, Arguments& arguments, Matrix& matrix) {
  app.add_flag("--quick", arguments.quick, "ten runs at most, short pilots, none of the unseen mistakes");
  app.add_option("--only", arguments.only, "one mistake, by name");
  app.add_option("--runs", matrix.plan.runs, "runs of the claim that finds a mistake soonest")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", matrix.plan.seed, "key of the draws")->capture_default_str();
  app.add_option("--threads", matrix.plan.threads, "workers; no number depends on them")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--commit", matrix.commit, "kept with the result");
  app.add_option("--json", arguments.json_file, "write the result to this file");
}

std::vector<Mutant> chosen(const Arguments& arguments, std::uint32_t seed) {
  std::vector<Mutant> mutants = bank();
  // The unseen ones say how efficient the suite is, not whether it finds what is known.
  if (!arguments.quick || !arguments.only.empty()) {
    for (Mutant& mutant : unseen(40, seed)) mutants.push_back(std::move(mutant));
  }
  if (!arguments.only.empty())
    std::erase_if(mutants, [&](const Mutant& mutant) { return mutant.name != arguments.only; });
  return mutants;
}

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void try_suite(Matrix& matrix) {
  say("\nFaults of the suite's own code (self-check):\n");
  for (const SuiteFault& fault : suite_faults()) {
    ddim::statistics::Instruments instruments = ddim::statistics::Instruments::sound();
    fault.apply(instruments);
    matrix.suite.push_back({fault.name, fault.says, self_check(instruments)});
    say(line(matrix.suite.back()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Every known mistake against every claim, and the number of draws that finding it takes."};
  Arguments arguments;
  Matrix matrix;
  describe(app, arguments, matrix);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  matrix.quick = arguments.quick;
  if (matrix.quick) matrix.plan = matrix.plan.quick();

  const auto start = std::chrono::steady_clock::now();
  const std::vector<Mutant> mutants = chosen(arguments, matrix.plan.seed);
  if (mutants.empty()) {
    std::cerr << "kills: no fault named " << arguments.only << "\n";
    return 2;
  }
  say(heading());
  for (const Mutant& mutant : mutants) {
    matrix.rows.push_back(measure(mutant, matrix.plan));
    say(line(matrix.rows.back()));
  }
  if (arguments.only.empty()) {
    try_suite(matrix);
    say("\n" + claims_text(matrix.tally()));
  }
  matrix.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  say("\n" + summary(matrix));
  if (!arguments.json_file.empty()) {
    std::ofstream file(arguments.json_file);
    file << json(matrix);
    if (!file) {
      std::cerr << "kills: cannot write " << arguments.json_file << "\n";
      return 1;
    }
  }
  return matrix.good() ? 0 : 1;
}
