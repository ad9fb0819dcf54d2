#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/statistics/claims.hpp"
#include "tests/statistics/report.hpp"
#include "tests/statistics/tier.hpp"

namespace ddim::statistics {

struct Options {
  Tier tier = Tier::named("quick");
  ErrorRates rates;
  std::uint32_t seed = 20201006;
  std::optional<Noise> noise = {};     ///< default: injected where a step takes it
  int threads = 1;                     ///< the verdicts' bits do not depend on it
  std::vector<std::string> only = {};  ///< ids or tags; empty: all
  std::string dtype = {};  ///< as samplers::Dtypes names them; empty: what the sampler says, or its numbers
  std::vector<std::string> notes = {};  ///< on how it is judged, kept with the judgement
  std::string replay_prefix = {};       ///< a command's; empty: a verdict says which options replay it
  Instruments instruments = Instruments::sound();
  /// Sees the judgement after each verdict; they come in the claims' order.
  std::function<void(const Judgement& so_far)> progress = {};
};

/// Asks every applicable claim of the sampler. P(any FAIL) <= alpha if all claims are true; what the sampler
/// answers with an error is a FAIL of its claim with the message. Out of memory or threads is nobody's FAIL:
/// std::bad_alloc and std::system_error are passed on. Errors: DomainError where alpha or beta is outside
/// (0, 1), `only` names no claim, the run has no step that moves,
/// or the outputs are coarser than the tier's roundoff.
Judgement judge(const Sampler& sampler, const Run& run, const Options& options);

}  // namespace ddim::statistics
