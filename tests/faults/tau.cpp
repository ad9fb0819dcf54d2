#include <algorithm>
#include <cmath>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

using samplers::Spacing;
using List = std::vector<int>;

bool goes_by(const Run& run, const Spacing& spacing) { return run.spacing().name == spacing.name; }

/// The list that a rule gives for what was asked.
List by_rule(const Run& run, const Spacing& spacing, int steps_offset) {
  return samplers::timesteps(spacing, run.config().T, run.asked_S(), steps_offset);
}
List right(const Run& run) { return by_rule(run, run.spacing(), run.config().steps_offset); }

std::function<void(Recipe&)> list_of(std::function<List(const Run&)> list) {
  return [=](Recipe& recipe) { recipe.timesteps = list; };
}
/// The right list with something done to it.
std::function<void(Recipe&)> list_but(std::function<void(List&)> change) {
  return list_of([=](const Run& run) {
    List list = right(run);
    change(list);
    return list;
  });
}
/// A list of its own where the run goes by that rule.
std::function<void(Recipe&)> list_where(const Spacing& spacing,
                                        std::function<List(int T, int S, int offset)> list) {
  return list_of([=, &spacing](const Run& run) {
    return goes_by(run, spacing) ? list(run.config().T, run.asked_S(), run.config().steps_offset)
                                 : right(run);
  });
}

/// A rule's places in reals, from the noisiest, rounded by `round`.
std::function<void(Recipe&)> places_rounded(Real (*round)(Real)) {
  return list_of([=](const Run& run) {
    const bool trailing = goes_by(run, samplers::trailing);
    if (!trailing && !goes_by(run, samplers::linspace)) return right(run);
    const int S = run.asked_S();
    const Real T = run.config().T;
    List list;
    for (int i = S; i >= 1; --i) {
      const Real place = trailing ? T * i / S : S == 1 ? 0 : (T - 1) * (i - 1) / (S - 1);
      list.push_back(static_cast<int>(round(place)) - (trailing ? 1 : 0));
    }
    return list;
  });
}

List whole_range(int T, int S, int steps_offset) {
  List list;
  for (int t = steps_offset; t < T; t += T / S) list.push_back(t);
  std::reverse(list.begin(), list.end());
  return list;
}

/// S entries i length / parts, i = S - 1..0, rounded to even.
List divided(int S, Real length, int parts) {
  List list;
  for (int i = S - 1; i >= 0; --i) list.push_back(static_cast<int>(std::nearbyint(length * i / parts)));
  return list;
}

}  // namespace

std::vector<Fault> tau_faults() {
  return {
      {.name = "tau-one-later",
       .equation = "Tau",
       .condition = "any",
       .seen = "0-based against 1-based times",
       .says = "every timestep is one too large",
       .in_recipe = list_but([](List& list) {
         for (int& t : list) ++t;
       })},
      {.name = "tau-one-earlier",
       .equation = "Tau",
       .condition = "any",
       .seen = "0-based against 1-based times",
       .says = "every timestep is one too small",
       .in_recipe = list_but([](List& list) {
         for (int& t : list) --t;
       })},
      {.name = "tau-extra-entry",
       .equation = "Tau",
       .condition = "trailing; 62 values of S below 1000 (61, 103, 121, ...)",
       .seen = "diffusers' np.arange(T, 0, -T/S)",
       .says = "np.arange(T, 0, -T/S) in floats does not stop before 0: an extra entry -1",
       .where = {.S = 61, .spacing = &samplers::trailing},
       .in_recipe =
           list_where(samplers::trailing, [](int T, int S, int) { return samplers::numpy_trailing(T, S); })},
      {.name = "tau-half-up",
       .equation = "Tau",
       .condition = "trailing or linspace with halves (S = 16)",
       .seen = "round() of C against numpy's",
       .says = "halves are rounded up, not to even",
       .where = {.S = 16, .spacing = &samplers::trailing},
       .in_recipe = places_rounded([](Real place) { return std::floor(place + 0.5L); })},
      {.name = "tau-truncated",
       .equation = "Tau",
       .condition = "trailing or linspace, S not dividing",
       .seen = "int() for round()",
       .says = "timesteps are truncated, not rounded",
       .where = {.spacing = &samplers::trailing},
       .in_recipe = places_rounded([](Real place) { return std::floor(place); })},
      {.name = "tau-offset-ignored",
       .equation = "Tau",
       .condition = "leading with steps_offset",
       .seen = "ports without steps_offset",
       .says = "steps_offset is ignored",
       .in_recipe = list_of([](const Run& run) { return by_rule(run, run.spacing(), 0); })},
      {.name = "tau-offset-everywhere",
       .equation = "Tau",
       .condition = "trailing or linspace with steps_offset",
       .seen = "an offset added after the branch",
       .says = "steps_offset is added for trailing and linspace too",
       .where = {.spacing = &samplers::trailing},
       .in_recipe = list_of([](const Run& run) {
         List list = right(run);
         if (!run.spacing().takes_offset) {
           for (int& t : list) t += run.config().steps_offset;
         }
         return list;
       })},
      {.name = "tau-always-leading",
       .equation = "Tau",
       .condition = "trailing, linspace",
       .seen = "timestep_spacing not read",
       .says = "timestep_spacing is ignored: always leading",
       .where = {.spacing = &samplers::trailing},
       .in_recipe = list_of(
           [](const Run& run) { return by_rule(run, samplers::leading, run.config().steps_offset); })},
      {.name = "tau-always-linspace",
       .equation = "Tau",
       .condition = "leading, trailing",
       .seen = "timestep_spacing not read",
       .says = "timestep_spacing is ignored: always linspace",
       .in_recipe = list_of([](const Run& run) { return by_rule(run, samplers::linspace, 0); })},
      {.name = "tau-whole-range",
       .equation = "Tau",
       .condition = "S not dividing T, leading",
       .seen = "ermongroup/ddim's range(0, T, T // S)",
       .says = "range(0, T, T // S): more than S steps",
       .where = {.config = "ddpm-cifar10", .S = 7, .spacing = &samplers::leading},
       .in_recipe = list_where(samplers::leading, whole_range)},
      {.name = "tau-linspace-to-T",
       .equation = "Tau",
       .condition = "linspace",
       .seen = "linspace(0, T, S)",
       .says = "linspace runs to T, one beyond the table",
       .where = {.spacing = &samplers::linspace},
       .in_recipe = list_where(samplers::linspace,
                               [](int T, int S, int) { return S == 1 ? List{0} : divided(S, T, S - 1); })},
      {.name = "tau-linspace-open",
       .equation = "Tau",
       .condition = "linspace",
       .seen = "linspace(..., endpoint=False)",
       .says = "linspace leaves its endpoint T - 1 out",
       .where = {.spacing = &samplers::linspace},
       .in_recipe = list_where(samplers::linspace, [](int T, int S, int) { return divided(S, T - 1, S); })},
      {.name = "tau-ascending",
       .equation = "Tau",
       .condition = "S > 1",
       .seen = "a forgotten reversal",
       .says = "the list ascends",
       .in_recipe = list_but([](List& list) { std::reverse(list.begin(), list.end()); })},
      {.name = "tau-repeated-entry",
       .equation = "Tau",
       .condition = "S > 1",
       .seen = "PNDM's list with skip_prk_steps",
       .says = "the second entry comes twice",
       .in_recipe = list_but([](List& list) {
         if (list.size() > 1) list.insert(list.begin() + 1, list[1]);
       })},
  };
}

}  // namespace ddim::faults
