// Tau: the list of times.

#include <algorithm>
#include <limits>

#include "tests/conformance/check/session.hpp"

namespace ddim::conformance {
namespace {

std::string first_difference(const std::vector<int>& got, const std::vector<int>& want, int T) {
  const std::string sizes = got.size() == want.size() ? ""
                                                      : std::to_string(got.size()) + " entries, want " +
                                                            std::to_string(want.size()) + "; ";
  for (std::size_t i = 0; i < std::max(got.size(), want.size()); ++i) {
    if (i < got.size() && i < want.size() && got[i] == want[i]) continue;
    const std::string entry = "entry [" + std::to_string(i) + "]";
    if (i >= got.size()) return sizes + entry + " is missing, want " + std::to_string(want[i]);
    const std::string value = std::to_string(got[i]);
    const std::string outside =
        got[i] < 0 || got[i] >= T ? " (outside 0.." + std::to_string(T - 1) + ")" : "";
    if (i >= want.size()) return sizes + "extra " + entry + " = " + value + outside;
    return sizes + entry + " = " + value + outside + ", want " + std::to_string(want[i]);
  }
  return sizes;
}

/// The share of entries that differ.
double list_distance(const std::vector<int>& list, const std::vector<int>& other) {
  const std::size_t common = std::min(list.size(), other.size()),
                    longer = std::max(list.size(), other.size());
  std::size_t wrong = longer - common;
  for (std::size_t i = 0; i < common; ++i) wrong += list[i] != other[i] ? 1 : 0;
  return static_cast<double>(wrong) / static_cast<double>(longer);
}

}  // namespace

std::optional<std::vector<int>> judge_timesteps(Session& session, const Run& run, bool new_list) {
  const auto got = ask(session.sampler.timesteps, run);
  if (!new_list && got) return *got;
  Draft draft("Tau", "Tau " + std::string(run.spacing().name) + " S=" + std::to_string(run.asked_S()),
              session.u);
  const std::vector<int>& want = run.timesteps();
  const bool no_list = !got && got.trouble().why == Status::not_supplied;
  if (!got) {
    draft.trouble(got.trouble(), "timesteps");
    if (no_list) draft.note("the steps are judged on the list that the rule defines");
  } else {
    draft.row().compared = static_cast<long>(want.size());
    if (*got != want) draft.fail(first_difference(*got, want, session.config.T));
    draft.explain_with([list = *got, run](const Recipe& candidate) {
      try {
        return list_distance(list, candidate.timesteps(run));
      } catch (const DomainError&) {
        return std::numeric_limits<double>::infinity();
      }
    });
  }
  if (new_list || !no_list) session.keep(std::move(draft), run);
  if (no_list) return want;
  return got ? std::optional(*got) : std::nullopt;
}

}  // namespace ddim::conformance
