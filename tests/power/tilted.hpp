#pragma once

#include <array>
#include <span>

#include "tests/samplers/draws.hpp"
#include "tests/statistics/alternative.hpp"
#include "tests/statistics/evidence.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::power {

/// A stream of residuals with its evidence, drawn from the alternatives that E averages over.
class Tilted {
 public:
  Tilted(int cells, int covariates, std::uint32_t seed)
      : cells_(cells),
        covariates_(static_cast<std::size_t>(covariates)),
        draws_(seed, samplers::Stream::judge, "calibration.tilted"),
        alternative_(cells, covariates, kTie, uniform_),
        evidence_(cells, covariates, kTie) {}

  Tilted(const Tilted&) = delete;
  Tilted& operator=(const Tilted&) = delete;

  /// The next residual; every cell gets four in turn, as in the claims.
  void draw() {
    std::array<double, statistics::Regression::kMax> x{1};
    for (std::size_t i = 1; i < covariates_; ++i) x[i] = statistics::normal_quantile(uniform_());
    const std::span<const double> given(x.data(), covariates_);
    const int cell = n_++ / 4 % cells_;
    const double r = alternative_.residual(cell, given, uniform_);
    evidence_.add(cell, given, r, alternative_.tie(uniform_));
  }
  double log_e() const { return evidence_.log_e(); }

 private:
  static constexpr double kTie = 3e-9;
  int cells_, n_ = 0;
  std::size_t covariates_;
  samplers::Draws draws_;
  std::uint64_t used_ = 0;
  statistics::Alternative::Uniform uniform_ = [this] { return draws_.open_uniform(used_++, 0); };
  statistics::Alternative alternative_;
  statistics::Evidence evidence_;
};

}  // namespace ddim::power
