#include "tests/conformance/program/commands.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/conformance/check.hpp"
#include "tests/conformance/inspect.hpp"
#include "tests/conformance/program/output.hpp"
#include "tests/conformance/report.hpp"
#include "tests/faults/fault.hpp"
#include "tests/samplers/dtype.hpp"
#include "tests/samplers/printable.hpp"

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
  std::ostringstream text;
  inspect(text,
          Run(config, arguments.S.value_or(std::min(50, config.T)), *spacing, arguments.eta.value_or(0)));
  put(text.str());
  return kPassed;
}

/// Of a known fault that no row can show: one row that says so. Else none.
CheckReport unseen(const Arguments& arguments, const CheckOptions& options,
                   const samplers::Identity& identity) {
  CheckReport report{identity, options.locator, options.config_path, options.dialect.name};
  const faults::Fault* fault = faults::named_by(arguments.locator);
  const std::string why = fault ? faults::unseen_by_check(*fault) : "";
  if (why.empty()) return report;
  Row& row = report.rows.emplace_back();
  row.id = 1;
  row.equation = fault->equation;
  row.title = fault->equation;
  row.status = Status::not_asked;
  row.message = "not judged: " + why;
  return report;
}

/// Has a harness in Python write down what it is asked, and makes a script of its first failing step.
class Repro {
 public:
  explicit Repro(std::string path) : path_(std::move(path)), questions_(path_ + ".questions") {
    if (!path_.empty()) setenv("DDIM_QUESTIONS", std::filesystem::absolute(questions_).c_str(), 1);
  }
  void write(const CheckReport& report) const {
    if (path_.empty()) return;
    const auto row = std::find_if(report.rows.begin(), report.rows.end(), [](const Row& each) {
      return each.wrong && (each.equation == "Eq12" || each.equation == "Eq10");
    });
    if (row == report.rows.end()) {
      std::cerr << "ddim-verify: no step is wrong, so no script is written\n";
    } else {
      std::ostringstream want;
      want << std::hexfloat << row->wrong->want;
      std::string command = "python3";
      for (const std::string& word :
           {std::string(DDIM_SOURCE_DIR "/tests/samplers/repro.py"), questions_, path_, row->title,
            row->wrong->where, want.str(), ddim::to_text(row->wrong->bound)})
        command.append(" ").append(samplers::shell_word(word));
      if (std::system(command.c_str()) != 0) std::cerr << "ddim-verify: " << path_ << " was not written\n";
    }
    std::filesystem::remove(questions_);
  }

 private:
  std::string path_, questions_;
};

ExitCode run_check(const Arguments& arguments) {
  require_eta(arguments);
  const Config config = samplers::read_config(arguments.config_path);
  CheckOptions options{arguments.locator, arguments.config_path, arguments.S, nullptr, arguments.eta};
  options.spacing = samplers::find_spacing(arguments.spacing);
  options.dialect = dialect_of(arguments);
  options.dtype = arguments.dtype;
  runs_of(config, options);  // a run that is not defined is bad input, before anything starts
  const Format& format = arguments.json ? in_json : in_text;
  GrowingReport out(arguments.json);
  samplers::OpenOptions opening = opening_of(arguments);
  opening.own_x_t = true;
  const Repro repro(arguments.repro);
  const samplers::Sampler sampler = faults::open(arguments.locator, opening);
  const auto grow = [&](const CheckReport& so_far) {
    if (so_far.rows.size() == 1) out.put(format.head(so_far));
    out.put(format.newest(so_far));
  };
  CheckReport report = unseen(arguments, options, sampler.identity);
  report.rows.empty() ? void(report = check(sampler, config, options, grow)) : grow(report);
  out.finish(format.end(report));
  repro.write(report);
  return exit_code(report);
}

ExitCode list_faults() {
  std::ostringstream text;
  for (const faults::Fault& fault : faults::faults()) {
    const std::string unseen = faults::unseen_by_check(fault);
    text << fault.name << "\n  " << fault.equation << ": " << fault.says << "\n  shows: " << fault.condition
         << "; seen in: " << fault.seen << "\n";
    if (!fault.equivalent.empty()) text << "  equivalent: " << fault.equivalent << "\n";
    if (unseen.empty()) {
      text << "  try: ddim-verify check builtin:fault:" << fault.name << " --config "
           << "tests/conformance/configs/" << (fault.where.config.empty() ? "sd15" : fault.where.config)
           << ".json\n";
    } else {
      text << "  try: ddim-verify stats builtin:fault:" << fault.name << "\n";
    }
  }
  put(text.str());
  return kPassed;
}

}  // namespace ddim::conformance
