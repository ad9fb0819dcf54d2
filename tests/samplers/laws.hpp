#pragma once

#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "reference/batch.hpp"
#include "reference/error.hpp"

/// The paper's laws written out literally in long double: what samplers are compared with and residuals are
/// whitened by. No formula of reference/ is used here, so that each is the other's oracle.
namespace ddim::samplers {

/// Wider than any sampler's arithmetic; what is computed in it is taken as exact.
using Real = long double;
using RealBatch = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;

/// alpha_bar and 1 - alpha_bar at one time, each accurate on its own; by default the data's.
struct Level {
  Real alpha_bar = 1;
  Real one_minus = 0;
};
/// Levels at timesteps 0..T-1, as files and samplers count them.
using Table = std::vector<Level>;

/// The two ends of a step.
struct Levels {
  Level current, prev;
};

inline double root(Real value) { return static_cast<double>(std::sqrt(value)); }

/// One step from `current` down to `prev` with the given variance sigma^2.
struct Law : Levels {
  Real variance = 0;
  Real noise_variance = 0;  ///< of what is added: the variance, or that of sigma_hat

  /// Eq16.
  static Law with_eta(const Level& current, const Level& prev, double eta) {
    const Law unscaled{{current, prev}};
    const Real variance =
        Real(eta) * Real(eta) * prev.one_minus / current.one_minus * unscaled.hat_variance();
    return {{current, prev}, variance, variance};
  }
  /// Eq16's sigma_hat: what DDPM adds by its larger variance, beside the mean of Eq7.
  Real hat_variance() const { return (prev.alpha_bar - current.alpha_bar) / prev.alpha_bar; }

  double sigma() const { return root(noise_variance); }
  /// Eq7: x_prev = posterior_x0 x_0 + direction e + sigma z, where x_t = root alpha_bar x_0 + root one_minus e.
  double posterior_x0() const { return root(prev.alpha_bar); }
  double direction() const { return root(radicand()); }

  /// Eq8: x_t = root alpha_bar x_0 + forward_gain (x_prev - root alpha_bar_prev x_0) + forward_sigma z.
  double forward_gain() const {
    return static_cast<double>(std::sqrt(current.one_minus * radicand()) / prev.one_minus);
  }
  double forward_sigma() const { return root(variance * current.one_minus / prev.one_minus); }
  /// NonMarkov: x_0's coefficient in Eq8.
  double non_markov() const {
    return static_cast<double>(std::sqrt(current.alpha_bar) - std::sqrt(current.one_minus * radicand()) /
                                                                  prev.one_minus * std::sqrt(prev.alpha_bar));
  }

  /// Eq7's. Rounding at the boundary counts as zero. Errors: DomainError beyond it.
  Real radicand() const {
    const Real value = prev.one_minus - variance;
    if (value >= 0) return value;
    if (value >= -prev.one_minus * 0x1p-50L) return 0;
    throw DomainError("sigma^2", static_cast<double>(variance), "0 <= sigma^2 <= 1 - alpha_bar_prev (Eq7)");
  }
};

/// Lemma1: x_t of a data point and its standardised noise, and the noise back from x_t.
inline Batch marginal(const Level& level, const Batch& x0, const Batch& e) {
  return root(level.alpha_bar) * x0 + root(level.one_minus) * e;
}
inline Batch noise_of(const Level& level, const Batch& x0, const Batch& x_t) {
  return (x_t - root(level.alpha_bar) * x0) / root(level.one_minus);
}

}  // namespace ddim::samplers
