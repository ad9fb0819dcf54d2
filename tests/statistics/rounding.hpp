#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
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

 private:
  double spacing(double x) const;
  double unit_roundoff_, least_spacing_;
};

/// What rounding may do to a sampler's answers, by the bounds that are proved for every listed order of
/// evaluation (samplers/bounds.hpp). Its table counts as it shows it, where that is a rounding of the table.
class Rounding {
 public:
  /// `storage`: unit roundoff of the batches; `arithmetic`: of what is computed between them.
  Rounding(const samplers::Sampler& sampler, double storage, double arithmetic)
      : sampler_(sampler), storage_(storage), arithmetic_(arithmetic), grid_(storage) {}

  /// In double it is far below what sampling sees.
  bool matters() const { return storage_ > 0x1p-53; }
  bool wider_inside() const { return arithmetic_ < storage_; }
  const Grid& grid() const { return grid_; }

  /// For bounds of a step at the sampler's own arithmetic, storage included.
  const samplers::Arithmetic& arithmetic(const samplers::Run& run) const;
  /// How far x_prev of step i may be off before it is stored, for x_0, e and noise of root mean square x0, e and
  /// 1; infinite where no bound exists. `stored`: and after.
  double of_step(const samplers::Run& run, int i, double x0, double e, bool stored) const;
  /// The same of x_t = add_noise, stored.
  double of_noising(const samplers::Run& run, int timestep, double x0) const;

 private:
  samplers::Arithmetic made(const samplers::Run& run, double unit_roundoff) const;
  const samplers::Arithmetic& inside(const samplers::Run& run) const;

  const samplers::Sampler& sampler_;
  double storage_, arithmetic_;
  Grid grid_;
  mutable std::mutex guard_;
  mutable std::optional<samplers::Arithmetic> made_, inside_;
  mutable std::map<std::tuple<double, int, double, double, bool>, double> known_;
};

}  // namespace ddim::statistics
