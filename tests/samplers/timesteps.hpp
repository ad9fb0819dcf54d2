#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/schedule.hpp"

namespace ddim::samplers {

/// A rule by which a sampler picks its times, in integers: 0-based and descending, as files and samplers have
/// them. (reference/'s Tau is written otherwise, and each is the other's oracle.)
struct Spacing {
  std::string_view name;
  std::string_view says;  ///< the rule, for a reader
  bool takes_offset;      ///< steps_offset moves it
  /// Domain: 1 <= S <= T.
  std::vector<int> (*list)(int T, int S, int steps_offset);
  /// The same as reference/ makes it.
  Tau (*tau)(int T, int S, int steps_offset);
};
extern const Spacing leading, trailing, linspace, quadratic;

/// Every rule there is: the one place to add another.
std::span<const Spacing* const> spacings();
/// nullptr: no rule of that name.
const Spacing* find_spacing(std::string_view name);

/// The list of a rule. Errors: DomainError (S outside 1..T, an offset or a rule that leaves 0..T-1 or
/// repeats a time).
std::vector<int> timesteps(const Spacing& spacing, int T, int S, int steps_offset);

/// As diffusers computes trailing: np.round(np.arange(T, 0, -T/S)) - 1 in doubles, extra entries included.
std::vector<int> numpy_trailing(int T, int S);

}  // namespace ddim::samplers
