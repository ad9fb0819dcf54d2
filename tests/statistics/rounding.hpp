#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "tests/samplers/bounds.hpp"
#include "tests/samplers/sampler.hpp"

namespace ddim::statistics {

/// Rounding that moves residuals of N(0, 1) by shifts known before each is drawn, of mean square shift^2 over n
/// draws, raises the chance of an alarm from alpha to at most Phi(Phi^-1(alpha) + shift sqrt(n)) (Neyman and
/// Pearson: the best test against any such shifts). So n and the largest shift are limited together,
/// shift sqrt(n) <= kEnergy, and alpha is lowered to what leaves alpha after that.
inline constexpr double kEnergy = 0.5;
double alpha_before_rounding(double alpha);
/// For the 2e5 draws of the quick tier.
inline constexpr double kLargestShift = 1.1e-3;

/// The numbers that a dtype holds, by its unit roundoff; all doubles for 2^-53.
class Grid {
 public:
  explicit Grid(double unit_roundoff);
  /// The nearest of them, ties to even.
  double nearest(double x) const;
  Batch nearest(const Batch& x) const;

  /// N(0, 1) of a y that was rounded to this grid from mean + sigma z: drawn from the normal law within the cell
  /// of y, at v of (0, 1). That is the randomised probability integral transform: exact however wide the cell
  /// is. A y between the grid's numbers was not rounded to it, and is taken as it is.
  double residual(double y, double mean, double sigma, double v) const;
  /// Half the distance to the next of them, away from 0.
  double half_cell(double y) const { return spacing(y) / 2; }

 private:
  double spacing(double x) const;
  double unit_roundoff_, least_spacing_;
};

/// What rounding may do to a sampler's answers, by the bounds that are proved for every listed order of
/// evaluation (samplers/bounds.hpp). Its table counts as it shows it, where that is a rounding of the table.
class Rounding {
 public:
  /// `storage`: unit roundoff of the samples it takes and gives; `arithmetic`: of its coefficients.
  Rounding(const samplers::Sampler& sampler, double storage, double arithmetic)
      : sampler_(sampler), storage_(storage), arithmetic_(arithmetic), grid_(storage) {}

  /// In double it is far below what sampling sees.
  bool matters() const { return std::max(storage_, arithmetic_) > 0x1p-53; }
  const Grid& grid() const { return grid_; }
  std::string dtypes() const;  ///< both, for a reader

  /// For bounds of a step in those two precisions, each operation on samples rounded to theirs.
  const samplers::Arithmetic& arithmetic(const samplers::Run& run) const;
  /// How far x_prev of step i may be off for x_0, e and noise of root mean square x0, e and 1; infinite where no
  /// bound exists. Not `stored`: before it is rounded to the samples' precision, where it is once (rounds_once).
  double of_step(const samplers::Run& run, int i, double x0, double e, bool stored) const;
  /// The same of x_t = add_noise, stored.
  double of_noising(const samplers::Run& run, int timestep, double x0) const;

  /// Its steps are computed in a precision above the samples', and rounded once to theirs: tried without noise, as
  /// no sampler says so. One that is further off than any rounding is taken at its word: that excuses nothing.
  bool rounds_once(const samplers::Run& run) const;

 private:
  samplers::Arithmetic made(const samplers::Run& run, double sample_u) const;
  const samplers::Arithmetic& inside(const samplers::Run& run) const;
  bool tried(const samplers::Run& run) const;
  samplers::Result<samplers::StepOutput> mean_of_step(const samplers::Run& run, int entry, const Batch& x_t,
                                                      const Batch& output) const;

  const samplers::Sampler& sampler_;
  double storage_, arithmetic_;
  Grid grid_;
  mutable std::recursive_mutex guard_;
  mutable std::optional<samplers::Arithmetic> made_, inside_;
  mutable std::optional<bool> once_;
  mutable std::map<std::tuple<double, int, double, double, bool>, double> known_;
};

}  // namespace ddim::statistics
