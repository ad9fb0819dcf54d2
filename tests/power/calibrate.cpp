// False alarms on correct samplers.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/power/calibration.hpp"

namespace {

using namespace ddim::power;

void print(const Line& line) {
  std::printf("%-62s %8d runs", line.what.c_str(), line.runs);
  if (line.rate >= 0) std::printf("  false alarms %.3g", line.rate);
  if (line.rate >= 0 && line.error > 0) std::printf(" +- %.1g", line.error);
  if (line.rate >= 0) std::printf(" at %.2g", line.level);
  if (line.mean >= 0) std::printf("  mean %.4f +- %.4f", line.mean, line.error);
  if (line.uniform >= 0) std::printf("  uniform: p %.3g", line.uniform);
  std::printf("  %s\n", line.good ? "ok" : line.verdict.c_str());
  std::fflush(stdout);
}

nlohmann::json json(const Line& line) {
  nlohmann::json row{{"what", line.what}, {"runs", line.runs}, {"good", line.good}};
  if (line.rate >= 0) row.update({{"false_alarms", line.rate}, {"level", line.level}});
  if (line.mean >= 0) row["mean"] = line.mean;
  if (line.error > 0) row["standard_error"] = line.error;
  if (line.uniform >= 0) row["uniform_p"] = line.uniform;
  return row;
}

/// A line of the calibration a line.
bool write(const std::string& path, const Calibration& options, const std::string& commit, bool good,
           const std::vector<Line>& lines) {
  std::ofstream file(path);
  file << "{\n\"level\": " << kRelaxed << ",\n\"seed\": " << options.seed
       << ",\n\"commit\": " << nlohmann::json(commit) << ",\n\"calibrated\": " << (good ? "true" : "false")
       << ",\n\"lines\": [\n";
  for (std::size_t k = 0; k < lines.size(); ++k)
    file << json(lines[k]).dump() << (k + 1 < lines.size() ? ",\n" : "\n");
  file << "]\n}\n";
  if (!file) std::cerr << "calibrate: cannot write " << path << "\n";
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Correct samplers: false alarms at most nominal, and not vacuous."};
  Calibration options;
  bool quick = false;
  std::string json_file, commit = "unknown";
  app.add_flag("--quick", quick, "ten thousand runs");
  app.add_option("--runs", options.runs, "runs of the cheapest lines; the others have a share of them")
      ->capture_default_str()
      ->check(CLI::Range(1000, 1000000000));
  app.add_option("--seed", options.seed, "key of the draws")->capture_default_str();
  app.add_option("--threads", options.threads, "workers; no number depends on them")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--commit", commit, "kept with the result");
  app.add_option("--json", json_file, "write the result to this file");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (quick) options.runs = 10000;

  const std::vector<Line> lines = calibrate(options, print);
  const bool good = std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.good; });
  std::printf("%s: %zu lines, level %g, seed %u, commit %s\n", good ? "calibrated" : "NOT calibrated",
              lines.size(), kRelaxed, options.seed, commit.c_str());
  if (!json_file.empty() && !write(json_file, options, commit, good, lines)) return 1;
  return good ? 0 : 1;
}
