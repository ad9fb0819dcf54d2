#include "tests/statistics/counts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/statistics/log_mixture.hpp"
#include "tests/statistics/mixture.hpp"

namespace ddim::statistics {

double log_e_ties(const Ties& ties, double p0) {
  std::vector<double> log_e;
  for (const double q : tie_chances(p0))
    log_e.push_back(ties.ties * std::log(q / p0) + (ties.n - ties.ties) * (std::log1p(-q) - std::log1p(-p0)));
  return log_mean(log_e);
}

double log_e_dirichlet(std::span<const double> counts, std::span<const double> probabilities,
                       std::span<const double> prior) {
  double total = 0, n = 0, log_e = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    total += prior[k];
    n += counts[k];
    if (counts[k] > 0) {
      log_e +=
          std::lgamma(prior[k] + counts[k]) - std::lgamma(prior[k]) - counts[k] * std::log(probabilities[k]);
    }
  }
  return log_e + std::lgamma(total) - std::lgamma(total + n);
}

double log_e_multinomial(std::span<const double> counts, std::span<const double> probabilities) {
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] > 0 && !(probabilities[k] > 0)) return std::numeric_limits<double>::infinity();
  }
  // What cannot happen has no part in a prior: its share would be lost.
  std::vector<double> prior(counts.size());
  for (std::size_t k = 0; k < prior.size(); ++k) prior[k] = probabilities[k] > 0 ? 0.5 : 0;
  std::vector<double> log_e{log_e_dirichlet(counts, probabilities, prior)};
  for (const double mass : kCentred) {
    for (std::size_t k = 0; k < prior.size(); ++k)
      prior[k] = probabilities[k] > 0 ? std::max(1e-3, mass * probabilities[k]) : 0;
    log_e.push_back(log_e_dirichlet(counts, probabilities, prior));
  }
  return log_mean(log_e);
}

double log_e_counts(const CellCounts& counts, const CellCounts& probabilities,
                    std::span<const CellCounts> alternatives) {
  double anything = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) anything += log_e_multinomial(counts[k], probabilities[k]);
  if (alternatives.empty() || std::isinf(anything)) return anything;
  std::vector<double> likely;
  for (const CellCounts& alternative : alternatives) {
    double& log_ratio = likely.emplace_back(0);
    for (std::size_t k = 0; k < counts.size(); ++k) {
      double possible = 0;  // of the alternative, in what the null allows
      for (std::size_t j = 0; j < counts[k].size(); ++j)
        possible += probabilities[k][j] > 0 ? alternative[k][j] : 0;
      for (std::size_t j = 0; j < counts[k].size(); ++j) {
        if (counts[k][j] > 0)
          log_ratio += counts[k][j] * std::log(alternative[k][j] / possible / probabilities[k][j]);
      }
    }
  }
  return log_mean(std::array{log_mean(likely), anything});
}

}  // namespace ddim::statistics
