#include "tests/statistics/log_mixture.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace ddim::statistics {

double log_mixture(std::span<const double> log_weights, std::span<const double> log_e) {
  double top = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < log_e.size(); ++k) top = std::max(top, log_weights[k] + log_e[k]);
  if (!std::isfinite(top)) return top;
  double sum = 0;
  for (std::size_t k = 0; k < log_e.size(); ++k) sum += std::exp(log_weights[k] + log_e[k] - top);
  return top + std::log(sum);
}

double log_mean(std::span<const double> log_e) {
  const std::vector<double> weights(log_e.size(), -std::log(static_cast<double>(log_e.size())));
  return log_mixture(weights, log_e);
}

}  // namespace ddim::statistics
