#pragma once

// Internal: densities of whole paths, block by block, so that log q and log p read a path once between them.

#include <vector>

#include "reference/laws.hpp"
#include "reference/squares.hpp"

namespace ddim {

/// Samples first..last - 1 of a path and its x_0, as terms of an affine form.
struct PathBlock {
  const Path& path;
  const BatchRef& x0;
  Eigen::Index first, last;

  Eigen::Index samples() const { return last - first; }
  Term x_t(double coefficient, std::size_t i) const {
    return {coefficient, "path", path[i].middleCols(first, samples())};
  }
  Term x_0(double coefficient) const { return {coefficient, "x0", x0.middleCols(first, samples())}; }
  /// x_{t-1} at step i.
  Term x_prev(double coefficient, std::size_t i) const {
    return i == 0 ? x_0(coefficient) : x_t(coefficient, i - 1);
  }
};

/// Eq6 as the density of the independent standard normals that drive a path: their squares, and the rest.
class QPathDensity {
 public:
  /// Domain: sigma_t > 0, t >= 2.
  explicit QPathDensity(const Chain& chain);
  /// The squares of step i's normals per sample: of q(x_{t-1} | x_t, x_0), and of q(x_T | x_0) at the last.
  PerSample squares(const PathBlock& block, std::size_t i) const;
  /// Twice -log q is the sum of all squares and, d times, this.
  double normaliser() const { return normaliser_; }

 private:
  const Chain& chain_;
  std::vector<PosteriorCoefficients> posterior_;
  double root_, deviation_;  // of x_T given x_0
  double normaliser_;
};

}  // namespace ddim
