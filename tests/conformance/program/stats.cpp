// `ddim-verify stats`.

#include <algorithm>

#include "tests/conformance/program/commands.hpp"
#include "tests/conformance/program/output.hpp"
#include "tests/faults/fault.hpp"
#include "tests/samplers/printable.hpp"
#include "tests/statistics/judge.hpp"

namespace ddim::conformance {
namespace {

using samplers::Run;

struct Question {
  Run run;
  std::string config_path;              ///< empty: the paper's own
  std::vector<std::string> notes = {};  ///< on how that is judged
};

/// What the options say; else the run on which a known fault shows, else the paper's own at the sampler's own eta.
Question question_of(const Arguments& arguments, const samplers::Identity& who) {
  const faults::Fault* fault = faults::named_by(arguments.locator);
  const samplers::Dialect& dialect = dialect_of(arguments);
  const bool as_shown = fault && arguments.config_path.empty() && !arguments.S && arguments.spacing.empty() &&
                        !arguments.eta && arguments.dialect.empty();
  std::string path = arguments.config_path;
  if (path.empty() && fault && !fault->where.config.empty())
    path = std::string(DDIM_SOURCE_DIR) + "/tests/conformance/configs/" + fault->where.config + ".json";
  if (as_shown) return {faults::run_of(fault->where), path};
  const Run standard = Run::standard();
  const samplers::Config file = path.empty() ? standard.config() : samplers::read_config(path),
                         config = samplers::as_taken(file, who);
  const samplers::Spacing* spacing =
      arguments.spacing.empty() ? config.spacing : samplers::find_spacing(arguments.spacing);
  return {Run(config, arguments.S.value_or(std::min(8, config.T)), *spacing,
              arguments.eta.value_or(who.eta.value_or(0.5)), dialect),
          path, samplers::not_taken(file, who)};
}

std::string replay_prefix(const Arguments& arguments, const Question& question) {
  const Run& run = question.run;
  return "ddim-verify stats " + samplers::shell_word(arguments.locator) +
         (question.config_path.empty() ? "" : " --config " + samplers::shell_word(question.config_path)) +
         " -S " + std::to_string(run.asked_S()) + " --spacing " + std::string(run.spacing().name) +
         " --dialect " + run.dialect().name + (arguments.noise.empty() ? "" : " --noise " + arguments.noise) +
         (arguments.dtype.empty() ? "" : " --dtype " + arguments.dtype);
}

ExitCode exit_code(samplers::Status status) {
  switch (status) {
    case samplers::Status::pass:
      return kPassed;
    case samplers::Status::fail:
      return kFailures;
    case samplers::Status::inconclusive:
      return kInconclusive;
    default:
      return kNothingJudged;
  }
}

}  // namespace

ExitCode run_stats(const Arguments& arguments) {
  require_eta(arguments);
  // What is no question is bad input, before anything starts.
  const Question asked = question_of(arguments, {});
  if (const std::string& why = asked.run.config().table_unknown; !why.empty())
    throw samplers::ConfigError(asked.config_path + ": " + why + ", so nothing can be sampled by it");
  const samplers::Sampler sampler = faults::open(arguments.locator, opening_of(arguments));
  const Question question = question_of(arguments, sampler.identity);
  statistics::Options options;
  options.tier = statistics::Tier::named(arguments.tier);
  options.rates.alpha = arguments.alpha;
  options.seed = arguments.seed;
  options.only = arguments.claims;
  options.threads = arguments.threads;
  options.dtype = arguments.dtype;
  options.replay_prefix = replay_prefix(arguments, question);
  // The kernels draw noise where they use it, and that is what runs on a card.
  const bool draws =
      !arguments.locator.starts_with("builtin:") || arguments.locator.starts_with("builtin:cuda");
  const bool own = arguments.noise.empty() ? draws : arguments.noise == "own";
  options.noise = own ? statistics::Noise::own : statistics::Noise::injected;
  options.notes = question.notes;
  const statistics::Format& format = arguments.json ? statistics::in_json : statistics::in_text;
  GrowingReport out(arguments.json);
  options.progress = [&](const statistics::Judgement& so_far) {
    if (so_far.verdicts.size() == 1) out.put(format.head(so_far));
    out.put(format.newest(so_far));
  };
  const statistics::Judgement judgement = judge(sampler, question.run, options);
  out.finish(format.end(judgement));
  return exit_code(judgement.status());
}

}  // namespace ddim::conformance
