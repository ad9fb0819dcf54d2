#include "tests/statistics/evidence.hpp"

#include <algorithm>
#include <cmath>

#include "tests/statistics/log_mixture.hpp"
#include "tests/statistics/numbers.hpp"

namespace ddim::statistics {
namespace {

std::vector<double> log_e_each(const Regression& sums, const Parts& parts) {
  std::vector<double> log_e;
  for (const Part& part : parts.parts)
    log_e.push_back(log_e_regression(sums, part.subset, part.scale, part.shape, part.rate));
  return log_e;
}

/// What the cells come to: in all of them together part by part, and in each by itself.
struct OfCells {
  std::vector<double> alike, mixtures;
  double product = 0;
};
OfCells of_cells(const std::vector<Regression>& cells, const Mixture& mixture) {
  OfCells result{std::vector<double>(mixture.each.parts.size(), 0.0), {}, 0};
  for (const Regression& cell : cells) {
    std::vector<double> log_e = log_e_each(cell, mixture.each);
    for (std::size_t k = 0; k < log_e.size(); ++k) result.alike[k] += log_e[k];
    log_e.insert(log_e.begin(), 0.0);
    result.mixtures.push_back(log_mixture(mixture.log_each, log_e));
    result.product += result.mixtures.back();
  }
  return result;
}

}  // namespace

Evidence::Evidence(int cells, int covariates, double tie_probability)
    : mixture_(&Mixture::of(cells, covariates)),
      covariates_(covariates),
      tie_probability_(tie_probability),
      cells_(static_cast<std::size_t>(cells)) {}

void Evidence::add(int cell, std::span<const double> x, double r, bool tie) {
  bool finite = std::isfinite(r);
  for (const double value : x) finite = finite && std::isfinite(value);
  if (!finite && !swallow_) {
    finite_ = false;
    return;
  }
  cells_[static_cast<std::size_t>(cell)].add(x, r);
  if (finite) shape_.add(r);
  ties_.add(tie);
}

Regression Evidence::pooled() const {
  Regression sum;
  for (const Regression& cell : cells_) sum.merge(cell);
  return sum;
}

std::vector<Evidence::Weighed> Evidence::weigh() const {
  const OfCells cells = cells_.size() > 1 ? of_cells(cells_, *mixture_) : OfCells{};
  std::vector<Weighed> all;
  const auto add = [&](const Parts& parts, double share, const std::vector<double>& log_e) {
    const std::vector<double> weights = parts.log_shares(share);
    for (std::size_t k = 0; k < weights.size(); ++k)
      all.push_back({parts.parts[k].name, weights[k], log_e[k]});
  };
  for (const auto& [over, share] : mixture_->components) {
    const double weight = std::log(share);
    switch (over) {
      case Over::all_cells:
        add(mixture_->pooled, share, log_e_each(pooled(), mixture_->pooled));
        break;
      case Over::alike:
        add(mixture_->each, share, cells.alike);
        break;
      case Over::one_cell:
        all.push_back({"one cell", weight, log_mixture(log_places(cells_.size()), cells.mixtures)});
        break;
      case Over::each_cell:
        all.push_back({"cell by cell", weight, cells.product});
        break;
      case Over::shape:
        all.push_back({"shape", weight, log_e_shape(shape_)});
        break;
      case Over::ties:
        all.push_back({"ties", weight, log_e_ties(ties_, tie_probability_)});
        break;
    }
  }
  return all;
}

double Evidence::log_e() const {
  if (!finite_) return kInfinity;
  std::vector<double> weights, log_e;
  for (const Weighed& term : weigh()) {
    weights.push_back(term.log_weight);
    log_e.push_back(term.log_e);
  }
  return log_mixture(weights, log_e);
}

std::string Evidence::loudest() const {
  if (!finite_) return "non-finite";
  const std::vector<Weighed> all = weigh();
  const auto best = std::max_element(all.begin(), all.end(), [](const Weighed& a, const Weighed& b) {
    return a.log_weight + a.log_e < b.log_weight + b.log_e;
  });
  return best->name;
}

}  // namespace ddim::statistics
