#include "tests/conformance/check.hpp"

#include <algorithm>

#include "tests/conformance/causes.hpp"
#include "tests/conformance/check/session.hpp"
#include "tests/samplers/dtype.hpp"

namespace ddim::conformance {
namespace {

struct List {
  const samplers::Spacing* spacing;
  int S;
};

/// leading 50 hides a stride that is not read from the list, the others show it; 61 is numpy's extra entry, 16
/// has halves to round, 30 does not divide; 1 and T are the ends.
std::vector<List> standard_lists(const Config& config) {
  using samplers::leading, samplers::linspace, samplers::trailing;
  std::vector<List> lists;
  for (const auto& [spacing, S] : {List{&leading, 50},
                                   {&leading, 30},
                                   {&trailing, 30},
                                   {&trailing, 61},
                                   {&trailing, 16},
                                   {&linspace, 50},
                                   {&leading, 1},
                                   {&leading, config.T}}) {
    // An offset takes its entries from the end: T steps of stride 1 would leave the table.
    const int most = spacing->takes_offset ? std::max(1, config.T - config.steps_offset) : config.T;
    const List list{spacing, std::min(S, most)};
    const bool repeated = std::any_of(lists.begin(), lists.end(), [&](const List& other) {
      return other.S == list.S && other.spacing == list.spacing;
    });
    if (!repeated) lists.push_back(list);
  }
  return lists;
}

List asked_list(const Config& config, const CheckOptions& options) {
  const samplers::Spacing* spacing = options.spacing ? options.spacing : config.spacing;
  if (options.S) return {spacing, *options.S};
  const int most = spacing->takes_offset ? std::max(1, config.T - config.steps_offset) : config.T;
  return {spacing, std::min({50, config.T, most})};
}

/// Who answers, with the dtypes that the options or its numbers say.
samplers::Identity with_dtypes(const samplers::Sampler& sampler, const Run& run, const CheckOptions& options,
                               samplers::Identity identity) {
  if (!options.dtype.empty()) return samplers::Dtypes::named(options.dtype).of(std::move(identity));
  return samplers::with_dtypes_found(sampler, run, std::move(identity));
}

/// What a reader should know of how it was judged.
std::vector<std::string> notes_of(const Session& session, const Config& file, const samplers::Identity& who) {
  std::vector<std::string> notes = samplers::not_taken(file, who);
  const std::string& given = session.given_dtype;
  if (!given.empty() && samplers::unit_roundoff(given) > session.u) {
    notes.push_back("every number that its steps gave is a " + given + ", though it says " + who.samples() +
                    ": --dtype " + given + " judges it so");
  } else if (!who.sample_dtype.empty() && who.sample_dtype != who.dtype) {
    notes.push_back("judged with coefficients in " + who.dtype + " and samples in " + who.sample_dtype);
  }
  return notes;
}

/// Other dialects that every row of steps conforms to, where one of them fails this one.
std::vector<std::string> other_dialects(const std::vector<Draft>& drafts) {
  std::vector<std::string> names;
  bool failed = false, first = true;
  for (const Draft& draft : drafts) {
    const Row& row = draft.row();
    if ((row.equation != "Eq12" && row.equation != "Eq10") || row.compared == 0) continue;
    failed = failed || row.status == Status::fail;
    if (first) names = row.conforms_to;
    first = false;
    std::erase_if(names, [&](const std::string& name) {
      return std::find(row.conforms_to.begin(), row.conforms_to.end(), name) == row.conforms_to.end();
    });
  }
  return failed ? names : std::vector<std::string>{};
}

bool same_list(const Run& a, const Run& b) {
  return a.asked_S() == b.asked_S() && &a.spacing() == &b.spacing();
}

}  // namespace

std::vector<Run> runs_of(const Config& config, const CheckOptions& options) {
  const bool asked = options.S || options.spacing;
  std::vector<Run> runs;
  for (const auto& [spacing, S] : asked ? std::vector{asked_list(config, options)} : standard_lists(config)) {
    const Run run(config, S, *spacing, options.eta.value_or(0.0), options.dialect);
    for (const double eta : options.eta ? std::vector{*options.eta} : std::vector{0.0, 0.5, 1.0})
      runs.push_back(run.with_eta(eta));
  }
  return runs;
}

CheckReport check(const samplers::Sampler& sampler, const Config& file, const CheckOptions& asked,
                  const std::function<void(const CheckReport& so_far)>& progress) {
  CheckOptions options = asked;
  if (!options.eta) options.eta = sampler.identity.eta;
  if (sampler.identity.configured && !options.S && !options.spacing) options.spacing = file.spacing;
  const Config config = samplers::as_taken(file, sampler.identity);
  Session session{sampler, config, options, Recipe::of(options.dialect)};
  CheckReport report{sampler.identity, options.locator, options.config_path, options.dialect.name};
  session.kept = [&](const Row& row) {
    report.rows.push_back(row);
    if (progress) progress(report);
  };
  const std::vector<Run> runs = runs_of(config, options);
  bool tables_done = false;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    const auto prepared = ask(sampler.prepare, runs[k]);
    if (!prepared) {
      Draft draft("Tau", "Tau " + runs[k].text(), 1);
      draft.trouble(prepared.trouble(), "configure");
      session.keep(std::move(draft), runs[k]);
      continue;
    }
    if (!tables_done) {
      report.identity = with_dtypes(sampler, runs[k], options, *prepared);
      session.u = report.identity.output_roundoff();
      session.coefficient_u = samplers::unit_roundoff(report.identity.dtype);
      judge_schedule(session, runs[k]);
      judge_noising(session, runs[k]);
      tables_done = true;
    }
    const bool new_list = k == 0 || !same_list(runs[k], runs[k - 1]);
    if (const auto list = judge_timesteps(session, runs[k], new_list)) judge_steps(session, runs[k], *list);
  }
  find_causes(session.drafts, session.recipe, session.u);
  for (std::size_t k = 0; k < report.rows.size(); ++k) report.rows[k] = session.drafts[k].row();
  report.notes = notes_of(session, file, report.identity);
  report.conforms_to = other_dialects(session.drafts);
  return report;
}

bool judged_a_step(const CheckReport& report) {
  return std::any_of(report.rows.begin(), report.rows.end(), [](const Row& row) {
    return row.compared > 0 && (row.status == Status::pass || row.status == Status::fail) &&
           (row.equation == "Eq12" || row.equation == "Eq10");
  });
}

ExitCode exit_code(const CheckReport& report) {
  const auto any = [&](auto... statuses) {
    return std::any_of(report.rows.begin(), report.rows.end(),
                       [&](const Row& row) { return ((row.status == statuses) || ...); });
  };
  if (any(Status::fail, Status::crash, Status::time_out, Status::harness_error)) return kFailures;
  if (any(Status::inconclusive)) return kInconclusive;
  if (!any(Status::pass)) return kNothingJudged;
  return judged_a_step(report) ? kPassed : kInconclusive;
}

}  // namespace ddim::conformance
