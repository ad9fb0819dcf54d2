#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/samplers/dialect.hpp"

namespace ddim::samplers {

/// One run of a sampler, whole and immutable: what was asked, and the list and table it goes by. Steps are
/// counted as the paper counts tau: step i goes from tau_i to tau_{i-1}, i = S..1; samplers count entries of
/// their list from the noisiest, and files count timesteps from 0. Those conversions are made here alone.
class Run {
 public:
  /// Errors: DomainError where the list is not defined (S outside 1..T, an offset beyond the table) or eta < 0.
  Run(Config config, int S, const Spacing& spacing, double eta, Dialect dialect = paper());
  /// The paper's own: linear betas 1e-4..0.02, T = 1000, trailing, nothing clipped.
  static Run standard(double eta = 0.5, int S = 6);

  Run with_eta(double eta) const;
  /// On a list of its own, 0-based from the noisiest, right or wrong.
  Run with_timesteps(std::vector<int> timesteps) const;
  /// On a table of its own, right or wrong.
  Run with_table(Table table) const;

  const Config& config() const { return *config_; }
  const Spacing& spacing() const { return *spacing_; }
  const Dialect& dialect() const { return *dialect_; }
  double eta() const { return eta_; }
  int asked_S() const { return asked_S_; }  ///< num_inference_steps

  const std::vector<int>& timesteps() const { return timesteps_; }
  const Table& table() const { return *table_; }
  int S() const { return static_cast<int>(timesteps_.size()); }

  /// Where step i stands in the list, and which step an entry begins.
  int entry(int i) const { return S() - i; }
  int step_of(int entry) const { return S() - entry; }
  int timestep(int i) const { return timesteps_[static_cast<std::size_t>(entry(i))]; }
  int time(int i) const { return timestep(i) + 1; }  ///< tau_i, as the paper counts
  /// The timestep that step i goes to; none past the list,
  /// and for an entry below 0: there it is the dialect's last level.
  std::optional<int> next_timestep(int i) const {
    return i > 1 && timestep(i - 1) >= 0 ? std::optional(timestep(i - 1)) : std::nullopt;
  }

  /// Domain, here and below: a list that descends within the table.
  Law law(int i) const;
  /// By the file's variance_type; none at timestep 0, as DDPM's own samplers have it.
  bool adds_sigma_hat(int i) const;
  const Level& level(int i) const { return table_->at(static_cast<std::size_t>(timestep(i))); }
  Level prev_level(int i) const;
  /// It changes alpha_bar. (diffusers' last step may go from alphas_cumprod[0] to itself.)
  bool moves(int i) const { return prev_level(i).alpha_bar > level(i).alpha_bar; }
  /// The network's output that stands for (x_0, eps) at step i.
  Batch output(int i, const Batch& x0, const Batch& eps) const;

  /// The same run in reference/'s terms; its steps and sigmas are 1..S. Only of the run as it was asked.
  const Chain& chain() const;
  const Schedule& schedule() const { return *schedule_; }

  /// The same question to a sampler: configuration, S, spacing, eta and dialect.
  bool asks_the_same_as(const Run& other) const;
  /// "trailing S=30 eta=0.5"
  std::string text() const;

 private:
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const Dialect> dialect_;
  const Spacing* spacing_;
  int asked_S_;
  double eta_;
  std::vector<int> timesteps_;
  std::shared_ptr<const Table> table_;
  std::shared_ptr<const Schedule> schedule_;
  std::shared_ptr<const Chain> chain_;
};

/// Where a recipe stands: an entry of a run's list.
struct Place {
  const Run& run;
  int entry;  ///< from the noisiest

  int timestep() const { return run.timestep(run.step_of(entry)); }
  std::optional<int> next() const { return run.next_timestep(run.step_of(entry)); }
  bool last() const { return !next(); }
};

}  // namespace ddim::samplers
