#include "tests/power/wald.hpp"

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tests/power/measure.hpp"
#include "tests/statistics/certificate.hpp"
#include "tests/statistics/detect.hpp"

namespace ddim::power {
namespace {

using statistics::Context;
using statistics::Counts;
using statistics::Evidence;
using statistics::Recorder;
using statistics::Residuals;

const double kNats = std::log(1 / kAlpha);

/// KL of a draw of known density from N(0, 1), by quadrature.
double nats_of_shape(const std::function<double(double)>& log_density) {
  const auto integrand = [&](double z) {
    const double ratio = log_density(z);
    return std::isfinite(ratio) ? std::exp(ratio - 0.5 * z * z) / std::sqrt(2 * std::numbers::pi) * ratio
                                : 0.0;
  };
  double total = 0;
  for (int k = -40; k < 40; ++k) {
    total += boost::math::quadrature::gauss_kronrod<double, 31>::integrate(integrand, 0.25 * k,
                                                                           0.25 * (k + 1), 8, 1e-8);
  }
  return total;
}

/// Cell by cell, from the fitted regression: the faulty steps are affine in what they are given.
std::vector<double> nats_of_regressions(const Residuals& residuals, const Context& context) {
  Evidence evidence(residuals.cells, static_cast<int>(residuals.covariates.size()));
  Recorder record(evidence);
  for (std::uint64_t first = 0; evidence.n() < 4e5 && evidence.finite(); first += 1024)
    residuals.observe(context, first, 1024, record);
  if (!evidence.finite()) return {};
  std::vector<double> nats;
  const auto p = static_cast<std::size_t>(evidence.covariates());
  for (int k = 0; k < evidence.cells(); ++k) {
    const statistics::Regression& sums = evidence.cell(k);
    const statistics::Certificate fit = certify(sums, evidence.covariates(), 0.5);
    double explained = 0;
    for (std::size_t i = 0; i < p; ++i) explained += fit.estimate[static_cast<Eigen::Index>(i)] * sums.xr[i];
    const double v = std::max(fit.variance, 1e-300);
    const double mean_square = std::max(0.0, explained / sums.n - static_cast<double>(p) * v / sums.n);
    nats.push_back(0.5 * (mean_square + v - 1 - std::log(v)));
  }
  return nats;
}

std::vector<double> nats_by_cell(const Mutant& mutant, const Residuals& residuals, const Context& context) {
  if (mutant.kind == "dependence") return {};
  if (mutant.kind != "shape") return nats_of_regressions(residuals, context);
  if (!mutant.log_density) return {};
  return std::vector<double>(static_cast<std::size_t>(residuals.cells), nats_of_shape(mutant.log_density));
}

/// KL per draw of counts, from the frequencies of a large sample less their bias. 0: not known, because it is
/// too small to be estimated, or a category that the null excludes makes it infinite.
double nats_of_counts(const Counts& check, const Context& context) {
  std::vector<std::vector<double>> counts;
  for (const auto& p : check.probabilities) counts.emplace_back(p.size(), 0.0);
  for (std::uint64_t first = 0; first < 400'000; first += 1000) check.observe(context, first, 1000, counts);
  double nats = 0, bias = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double n = std::accumulate(counts[k].begin(), counts[k].end(), 0.0);
    bias -= 0.5 / n;
    for (std::size_t j = 0; j < counts[k].size(); ++j) {
      const double q = counts[k][j] / n, p = check.probabilities[k][j];
      if (q == 0) continue;
      if (p == 0) return 0;
      nats += q * std::log(q / p);
      bias += 0.5 / n;
    }
  }
  return nats - bias > 2 * bias ? (nats - bias) / static_cast<double>(counts.size()) : 0;
}

/// Draws until the cells' KL adds up, in the order in which the claim visits them.
double draws_until_enough(const Residuals& residuals, const Context& context,
                          const std::vector<double>& nats) {
  Evidence evidence(residuals.cells, static_cast<int>(residuals.covariates.size()));
  Recorder record(evidence);
  double n = 0, sum = 0;
  record.trace = [&](int cell) {
    n += 1;
    sum += nats[static_cast<std::size_t>(cell)];
    if (sum >= kNats) record.stop();
  };
  for (std::uint64_t first = 0; !record.stopped() && evidence.finite();) {
    const Eigen::Index count = statistics::detection_block(first);
    residuals.observe(context, first, count, record);
    first += static_cast<std::uint64_t>(count);
  }
  return n;
}

double bound(const Mutant& mutant, const statistics::Claim& claim, const Context& context) {
  if (const auto* counts = std::get_if<Counts>(&claim.check)) {
    const double nats = mutant.kind == "dependence" ? 0 : nats_of_counts(*counts, context);
    return nats > 0 ? std::max(1.0, kNats / nats) : 0;
  }
  const auto* residuals = std::get_if<Residuals>(&claim.check);
  // Of the log ratio a mistake is not affine, and its residuals not normal.
  if (!residuals || claim.id == "Eq11.ratio") return 0;
  const std::vector<double> nats = nats_by_cell(mutant, *residuals, context);
  const double largest = nats.empty() ? 0 : std::max(0.0, *std::max_element(nats.begin(), nats.end()));
  if (largest < 2e-4) return 0;
  return std::isinf(largest) ? 1 : draws_until_enough(*residuals, context, nats);
}

}  // namespace

double wald_bound(const Mutant& mutant, const statistics::Claim& claim, std::uint32_t seed) {
  const samplers::Sampler sampler = mutant.sampler();
  const statistics::Instruments instruments = statistics::Instruments::sound();
  try {
    return bound(mutant, claim, {sampler, mutant.run, instruments, seed});
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace ddim::power
