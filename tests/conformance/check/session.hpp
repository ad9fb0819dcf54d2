#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/conformance/check.hpp"
#include "tests/conformance/draft.hpp"

namespace ddim::conformance {

/// What one check knows of the sampler it asks, and the rows so far.
struct Session {
  const samplers::Sampler& sampler;
  const Config& config;
  const CheckOptions& options;
  Recipe recipe;       ///< the dialect's definition
  double u = 0x1p-53;  ///< of the samples it gives
  double coefficient_u = u;
  Table table = {};  ///< its own where it shows one, else the exact one
  bool own_table = false;
  double table_u = u;  ///< of the format that holds it
  std::vector<double> table_bound = {};
  std::string given_dtype = {};  ///< the narrowest that holds what its steps gave
  std::vector<Draft> drafts = {};
  std::function<void(const Row&)> kept = {};  ///< sees each row when it is made

  /// In which `table` stands for the sampler's.
  Arithmetic arithmetic() const {
    return {coefficient_u, table_u,
            [this](int t) { return own_table ? 0 : table_bound[static_cast<std::size_t>(t)]; }, u};
  }
  void keep(Draft draft, const Run& run);
  void note_given(const Batch& prev_sample);
};

/// Inputs with eight significant bits: exact in every dtype, so that no error is the conversion's.
class Inputs {
 public:
  explicit Inputs(unsigned seed) : generator_(seed) {}
  /// 8 x 3, about normal, and uniform on [-range, range].
  RealBatch normal(double scale = 1);
  RealBatch in_range(double range);

 private:
  double uniform() { return static_cast<double>(generator_() >> 11) * 0x1p-53; }
  std::mt19937_64 generator_;
};

/// ", sample 0, element 3" after a place.
std::string element_of(const std::string& place, Eigen::Index row, Eigen::Index column);

// A row each; files of this folder.
void judge_schedule(Session& session, const Run& run);
void judge_noising(Session& session, const Run& run);
/// Returns the list that the steps are judged on: the sampler's own, right or wrong; where it shows none, the
/// run's. Nothing where asking for it went wrong.
std::optional<std::vector<int>> judge_timesteps(Session& session, const Run& run, bool new_list);
/// Every row about the steps of a run.
void judge_steps(Session& session, const Run& run, const std::vector<int>& list);

}  // namespace ddim::conformance
