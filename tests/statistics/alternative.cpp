#include "tests/statistics/alternative.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numeric>

#include "tests/statistics/p_values.hpp"
#include "tests/statistics/shape_counts.hpp"

namespace ddim::statistics {
namespace {

std::size_t pick(std::span<const double> weights, double u) {
  double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
    if (left < weights[k]) return k;
    left -= weights[k];
  }
  return weights.size() - 1;
}
std::size_t pick_by_log(std::vector<double> log_weights, double u) {
  for (double& weight : log_weights) weight = std::exp(weight);
  return pick(log_weights, u);
}

double gamma_draw(double shape, double u) { return boost::math::gamma_p_inv(shape, u); }

/// Probabilities of ShapeCounts' cells under one of the laws of its evidence.
std::vector<double> shape_draw(const Alternative::Uniform& uniform) {
  const ShapeMixture& mixture = shape_mixture();
  std::vector<double> cells(mixture.null.begin(), mixture.null.end());
  const auto one_of = [&](std::size_t n) {
    return static_cast<std::size_t>(uniform() * static_cast<double>(n));
  };
  if (uniform() < ShapeMixture::kNet) {
    const auto& ratio = mixture.net[one_of(mixture.net.size())];
    for (std::size_t i = 0; i < cells.size(); ++i) cells[i] *= std::exp(ratio[i]);
    return cells;
  }
  const auto& prior = mixture.priors[one_of(mixture.priors.size())];
  ShapeMixture::Merged ratio{};
  double total = 0;
  for (std::size_t k = 0; k < ratio.size(); ++k) {
    const double mass = gamma_draw(prior[k], uniform());
    ratio[k] = mass / mixture.null_merged[k];
    total += mass;
  }
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] *= ratio[ShapeMixture::merged_cell(i)] / total;
  return cells;
}

}  // namespace

Alternative::Normal Alternative::draw(const Part& part, const Uniform& uniform) {
  Normal law;
  if (!std::isinf(part.shape)) law.deviation = 1 / std::sqrt(gamma_draw(part.shape, uniform()) / part.rate);
  for (const int i : part.subset) {
    law.coefficients[static_cast<std::size_t>(i)] =
        law.deviation * std::sqrt(part.scale) * normal_quantile(uniform());
  }
  return law;
}

Alternative::Alternative(int cells, int covariates, double tie_probability, const Uniform& uniform)
    : tie_probability_(tie_probability) {
  const Mixture& mixture = Mixture::of(cells, covariates);
  cells_.resize(static_cast<std::size_t>(cells));
  const auto part_of = [&](const Parts& parts) -> const Part& {
    return parts.parts[pick_by_log(parts.log_shares(1), uniform())];
  };
  const auto of_a_cell = [&] {
    const std::size_t k = pick_by_log(mixture.log_each, uniform());
    return k == 0 ? Normal{} : draw(mixture.each.parts[k - 1], uniform);
  };
  std::vector<double> shares;
  for (const Component& component : mixture.components) shares.push_back(component.share);
  switch (mixture.components[pick(shares, uniform())].over) {
    case Over::all_cells:
      std::fill(cells_.begin(), cells_.end(), draw(part_of(mixture.pooled), uniform));
      break;
    case Over::alike: {
      const Part& part = part_of(mixture.each);
      for (Normal& cell : cells_) cell = draw(part, uniform);
      break;
    }
    case Over::one_cell:
      cells_[pick_by_log(log_places(cells_.size()), uniform())] = of_a_cell();
      break;
    case Over::each_cell:
      for (Normal& cell : cells_) cell = of_a_cell();
      break;
    case Over::shape:
      shape_ = shape_draw(uniform);
      break;
    case Over::ties: {
      const std::vector<double> chances = tie_chances(tie_probability);
      tie_probability_ = chances[static_cast<std::size_t>(uniform() * static_cast<double>(chances.size()))];
    }
  }
}

double Alternative::residual(int cell, std::span<const double> x, const Uniform& uniform) const {
  if (shape_.empty()) {
    const Normal& law = cells_[static_cast<std::size_t>(cell)];
    return std::inner_product(x.begin(), x.end(), law.coefficients.begin(),
                              law.deviation * normal_quantile(uniform()));
  }
  // Within a cell the shapes are the null's; by symmetry the cells above 0 are mirrored,
  // to keep the tail exact.
  constexpr int kLast = ShapeCounts::kCells - 1;
  const int drawn = static_cast<int>(pick(shape_, uniform()));
  const bool below = drawn <= kLast / 2;
  const int mirrored = below ? drawn : kLast - drawn;
  const double low = normal_cdf(ShapeCounts::edge(mirrored)),
               high = normal_cdf(ShapeCounts::edge(mirrored + 1));
  const double z = normal_quantile(low + uniform() * (high - low));
  return below ? z : -z;
}

}  // namespace ddim::statistics
