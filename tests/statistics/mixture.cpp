#include "tests/statistics/mixture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "reference/error.hpp"
#include "tests/statistics/numbers.hpp"
#include "tests/statistics/regression.hpp"

namespace ddim::statistics {
namespace {

const std::vector<Component> kSingle{{Over::all_cells, 0.83}, {Over::shape, 0.14}, {Over::ties, 0.03}};
const std::vector<Component> kSplit{{Over::all_cells, 0.40}, {Over::alike, 0.20}, {Over::one_cell, 0.15},
                                    {Over::each_cell, 0.08}, {Over::shape, 0.14}, {Over::ties, 0.03}};

/// Which covariates, how large, and whether the variance is free.
Parts parts_for(int covariates, bool brief) {
  std::vector<Part> parts{{{}, 1, 2, 2, 0.12, "variance"},
                          {{}, 1, 1, 0.05, 0.06, "variance"},
                          {{}, 1, 40, 40, 0.10, "variance"},
                          {{}, 1, 1500, 1500, 0.06, "variance"},
                          {{}, 1, 0.5, 1e-24, 0.02, kNoNoise}};
  const auto add = [&](const std::vector<int>& subset, double weight, const std::string& name) {
    for (const double scale : {1.0, 2e-2, 4e-4})
      parts.push_back({subset, scale, kInfinity, 1, weight / 3, name});
  };
  const int singles = brief ? std::min(covariates, 3) : covariates;
  for (int i = 0; i < singles; ++i) {
    const std::string name = i < 3 ? "coefficient" : "dependence";
    add({i}, 0.30 / singles, name);
    // A wrong sigma often shows in the direction as well.
    if (i < 3) parts.push_back({{i}, 10, 0.7, 0.2, 0.05, name});
  }
  if (covariates > 1) {
    parts.push_back({{1}, 500, 0.7, 4e-3, 0.04, "a small sigma, and another direction"});
    parts.push_back({{1}, 1e14, 0.5, 1e-14, 0.02, kNoNoiseElsewhere});
  }
  if (covariates > 2) {
    // A wrong level is wrong in what multiplies the noise and in what multiplies the data.
    add({1, 2}, 0.20, "coefficients");
    parts.push_back({{1, 2}, 100, 0.5, 0.5, 0.06, "coefficients"});
    parts.push_back({{1, 2}, 1, 4, 4, 0.06, "coefficients"});
    parts.push_back({{1, 2}, 0.02, 60, 60, 0.06, "coefficients"});
  }
  const double total = std::accumulate(parts.begin(), parts.end(), 0.0,
                                       [](double sum, const Part& part) { return sum + part.weight; });
  return {std::move(parts), total};
}

Mixture make(bool split, int covariates) {
  Mixture mixture{
      split ? kSplit : kSingle, parts_for(covariates, false), parts_for(covariates, true), 0.4, {}};
  mixture.log_each = mixture.each.log_shares(1 - mixture.idle);
  mixture.log_each.insert(mixture.log_each.begin(), std::log(mixture.idle));
  return mixture;
}

}  // namespace

std::vector<double> Parts::log_shares(double share) const {
  std::vector<double> logs;
  for (const Part& part : parts) logs.push_back(std::log(share * part.weight / total));
  return logs;
}

const Mixture& Mixture::of(int cells, int covariates) {
  if (cells < 1) throw DomainError("cells", std::to_string(cells), "cells >= 1");
  if (covariates < 1 || covariates > Regression::kMax)
    throw DomainError("covariates", std::to_string(covariates), "1..6");
  static const auto all = [] {
    std::array<std::vector<Mixture>, 2> made;
    for (const bool split : {false, true}) {
      for (int p = 1; p <= Regression::kMax; ++p) made[split].push_back(make(split, p));
    }
    return made;
  }();
  return all[cells > 1][static_cast<std::size_t>(covariates - 1)];
}

std::vector<double> log_places(std::size_t cells) {
  double harmonic = 0;
  for (std::size_t k = 1; k <= cells; ++k) harmonic += 1 / static_cast<double>(k);
  std::vector<double> logs;
  for (std::size_t k = 1; k <= cells; ++k) logs.push_back(-std::log(static_cast<double>(k) * harmonic));
  return logs;
}

std::vector<double> tie_chances(double null) {
  std::vector<double> chances{null};
  for (const double q : {0.9, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-5}) {
    // With q >= null the factor per draw has expectation <= 1 for every chance up to the null's.
    if (q >= 10 * null) chances.push_back(q);
  }
  return chances;
}

}  // namespace ddim::statistics
