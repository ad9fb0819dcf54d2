#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/statistics/counts.hpp"
#include "tests/statistics/mixture.hpp"
#include "tests/statistics/regression.hpp"
#include "tests/statistics/shape_counts.hpp"

namespace ddim::statistics {

/// An e-process E_n is a non-negative process whose expectation is at most 1 at every stopping time while the
/// claim is true; P(E_n ever reaches 1/a) <= a (Ville). Everything is kept as log E and as sums over the
/// draws, in a fixed order: memory does not grow with n, and the bits repeat.

/// All of the evidence about one stream of scalar residuals, split by cell (a time, a transition).
class Evidence {
 public:
  /// Domain: cells >= 1, 1 <= covariates <= 6 (DomainError), 0 < tie_probability < 1.
  Evidence(int cells, int covariates, double tie_probability = 3e-9);

  /// `x` must be known before `r` is drawn. Rejects a non-finite residual for good.
  void add(int cell, std::span<const double> x, double r, bool tie);

  /// The seam of the suite's own faults: a sound run never calls it.
  void swallow_non_finite() { swallow_ = true; }

  double n() const { return ties_.n; }
  bool finite() const { return finite_; }
  /// log E of the mixture; infinity once a residual was not finite.
  double log_e() const;
  /// What carries the evidence: the name of the heaviest component.
  std::string loudest() const;

  const Regression& cell(int i) const { return cells_[static_cast<std::size_t>(i)]; }
  int cells() const { return static_cast<int>(cells_.size()); }
  int covariates() const { return covariates_; }
  Regression pooled() const;
  const ShapeCounts& shape() const { return shape_; }
  const Ties& ties() const { return ties_; }

 private:
  struct Weighed {
    std::string name;
    double log_weight, log_e;
  };
  std::vector<Weighed> weigh() const;

  const Mixture* mixture_;
  int covariates_;
  double tie_probability_;
  bool finite_ = true, swallow_ = false;
  std::vector<Regression> cells_;
  ShapeCounts shape_;
  Ties ties_;
};

}  // namespace ddim::statistics
