#include "tests/statistics/shape_counts.hpp"

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "tests/statistics/counts.hpp"
#include "tests/statistics/log_mixture.hpp"
#include "tests/statistics/numbers.hpp"

namespace ddim::statistics {

namespace {

double normal_mass(double low, double high) {
  if (low > 0) return 0.5 * (std::erfc(low / std::numbers::sqrt2) - std::erfc(high / std::numbers::sqrt2));
  return 0.5 * (std::erfc(-high / std::numbers::sqrt2) - std::erfc(-low / std::numbers::sqrt2));
}

using Cells = ShapeCounts::Cells;

Cells null_cells() {
  Cells p{};
  for (int i = 0; i < ShapeCounts::kCells; ++i) {
    p[static_cast<std::size_t>(i)] = normal_mass(ShapeCounts::edge(i), ShapeCounts::edge(i + 1));
  }
  return p;
}

/// Cell probabilities of a density. Any probability vector is a legitimate alternative, so quadrature error
/// costs power, never validity.
Cells cells_of(const std::function<double(double)>& density) {
  Cells p{};
  double total = 0;
  for (int i = 0; i < ShapeCounts::kCells; ++i) {
    const double low = std::max(ShapeCounts::edge(i), -40.0), high = std::min(ShapeCounts::edge(i + 1), 40.0);
    p[static_cast<std::size_t>(i)] =
        boost::math::quadrature::gauss<double, 20>::integrate(density, low, high);
    total += p[static_cast<std::size_t>(i)];
  }
  for (double& value : p) value /= total;
  return p;
}

std::function<double(double)> generalised_normal(double power) {
  const double scale = std::sqrt(std::tgamma(1 / power) / std::tgamma(3 / power));
  return [=](double z) { return std::exp(-std::pow(std::abs(z) / scale, power)); };
}

std::function<double(double)> student(double degrees) {
  const double scale = std::sqrt((degrees - 2) / degrees);
  return [=](double z) { return std::pow(1 + z * z / (scale * scale * degrees), -(degrees + 1) / 2); };
}

std::function<double(double)> skew_normal(double slant) {
  const double delta = slant / std::sqrt(1 + slant * slant), mean = delta * std::sqrt(2 / std::numbers::pi);
  const double scale = 1 / std::sqrt(1 - mean * mean);
  return [=](double z) {
    const double x = z / scale + mean;
    return std::exp(-x * x / 2) * std::erfc(-slant * x / std::numbers::sqrt2);
  };
}

std::function<double(double)> normal_mixture(double share, double inner, double outer) {
  return [=](double z) {
    return (1 - share) / inner * std::exp(-z * z / (2 * inner * inner)) +
           share / outer * std::exp(-z * z / (2 * outer * outer));
  };
}

std::function<double(double)> cut_off(double bound) {
  return [=](double z) { return std::abs(z) > bound ? 0.0 : std::exp(-z * z / 2); };
}

/// The net: laws of mean 0 and variance 1, or cut off.
std::vector<std::function<double(double)>> densities() {
  return {generalised_normal(0.7),
          generalised_normal(1),
          generalised_normal(1.5),
          generalised_normal(2.3),
          generalised_normal(3),
          generalised_normal(5),
          generalised_normal(200),
          student(2.5),
          student(4),
          student(8),
          student(20),
          skew_normal(2),
          skew_normal(-2),
          skew_normal(6),
          skew_normal(-6),
          normal_mixture(0.05, 0.9, 2.2),
          normal_mixture(0.5, 0.6, 1.28),
          cut_off(2),
          cut_off(2.5),
          cut_off(3),
          cut_off(4)};
}

ShapeMixture::Merged merged(const Cells& cells) {
  ShapeMixture::Merged result{};
  for (std::size_t i = 0; i < cells.size(); ++i) result[ShapeMixture::merged_cell(i)] += cells[i];
  return result;
}

}  // namespace

double ShapeCounts::edge(int i) {
  if (i == 0) return -kInfinity;
  if (i == 1) return -6;
  if (i == kCells - 1) return 6;
  if (i == kCells) return kInfinity;
  return -5 + (i - 2) / 8.0;
}

const ShapeMixture& shape_mixture() {
  static const ShapeMixture mixture = [] {
    ShapeMixture made{null_cells(), {}, merged(null_cells()), {}};
    for (const auto& density : densities()) {
      Cells ratio = cells_of(density);
      for (std::size_t i = 0; i < ratio.size(); ++i) ratio[i] = std::log(ratio[i] / made.null[i]);
      made.net.push_back(ratio);
    }
    made.priors.emplace_back().fill(0.5);
    for (const double mass : kCentred) {
      ShapeMixture::Merged& prior = made.priors.emplace_back(made.null_merged);
      for (double& p : prior) p *= mass;
    }
    return made;
  }();
  return mixture;
}

double log_e_shape(const ShapeCounts& shape) {
  const ShapeMixture& mixture = shape_mixture();
  std::vector<double> net;
  for (const Cells& ratio : mixture.net) {
    double log_e = 0;
    for (std::size_t i = 0; i < ratio.size(); ++i) {
      if (shape.count[i] > 0) log_e += shape.count[i] * ratio[i];
    }
    net.push_back(log_e);
  }
  const ShapeMixture::Merged counts = merged(shape.count);
  std::vector<double> general;
  for (const ShapeMixture::Merged& prior : mixture.priors)
    general.push_back(log_e_dirichlet(counts, mixture.null_merged, prior));
  return log_mixture(std::array{std::log(ShapeMixture::kNet), std::log(ShapeMixture::kGeneral)},
                     std::array{log_mean(net), log_mean(general)});
}

}  // namespace ddim::statistics
