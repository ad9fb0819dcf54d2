#pragma once

#include <span>

namespace ddim::statistics {

/// log(sum_k weight_k exp(log_e_k)).
double log_mixture(std::span<const double> log_weights, std::span<const double> log_e);
/// The same with equal weights of sum 1.
double log_mean(std::span<const double> log_e);

}  // namespace ddim::statistics
