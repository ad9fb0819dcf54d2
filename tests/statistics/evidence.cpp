#include "tests/statistics/evidence.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>

#include "reference/error.hpp"
#include "tests/statistics/laws.hpp"

namespace ddim::statistics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log of the mean of exp(log_e) with equal weights.
double log_mean(std::span<const double> log_e) {
  const std::vector<double> weights(log_e.size(), -std::log(static_cast<double>(log_e.size())));
  return log_mixture(weights, log_e);
}

/// log E of counts under Dirichlet(prior) against the null's probabilities.
double log_e_dirichlet(std::span<const double> counts, std::span<const double> probabilities,
                       const std::function<double(std::size_t)>& prior) {
  double total = 0, n = 0, log_e = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    total += prior(k);
    n += counts[k];
    if (counts[k] > 0) {
      log_e +=
          std::lgamma(prior(k) + counts[k]) - std::lgamma(prior(k)) - counts[k] * std::log(probabilities[k]);
    }
  }
  return log_e + std::lgamma(total) - std::lgamma(total + n);
}

double cell_edge(int i) {  // left edge of Shape's cell i
  if (i == 0) return -kInfinity;
  if (i == 1) return -6;
  if (i == 83) return 6;
  return -5 + (i - 2) / 8.0;
}

double normal_mass(double low, double high) {
  if (low > 0) return 0.5 * (std::erfc(low / std::numbers::sqrt2) - std::erfc(high / std::numbers::sqrt2));
  return 0.5 * (std::erfc(-high / std::numbers::sqrt2) - std::erfc(-low / std::numbers::sqrt2));
}

using Cells = std::array<double, Shape::kCells>;

Cells null_cells() {
  Cells p{};
  for (int i = 0; i < Shape::kCells; ++i) {
    p[static_cast<std::size_t>(i)] = normal_mass(cell_edge(i), i == 83 ? kInfinity : cell_edge(i + 1));
  }
  return p;
}

/// Cell probabilities of a density. Any probability vector is a legitimate alternative, so quadrature error
/// costs power, never validity.
Cells cells_of(const std::function<double(double)>& density) {
  Cells p{};
  double total = 0;
  for (int i = 0; i < Shape::kCells; ++i) {
    const double low = i == 0 ? -40.0 : cell_edge(i), high = i == 83 ? 40.0 : cell_edge(i + 1);
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

/// log(q / p) by cell, for each law of the net.
const std::vector<Cells>& shape_net() {
  static const std::vector<Cells> net = [] {
    const Cells null = null_cells();
    std::vector<Cells> ratios;
    for (const auto& density : {generalised_normal(0.7),
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
                                cut_off(4)}) {
      Cells ratio = cells_of(density);
      for (std::size_t i = 0; i < ratio.size(); ++i) ratio[i] = std::log(ratio[i] / null[i]);
      ratios.push_back(ratio);
    }
    return ratios;
  }();
  return net;
}

/// Shares of the evidence, where there are cells: one law for all of them; a law of the same kind in each;
/// one cell alone; each cell by itself, where a share stays with E = 1 so that a sound cell costs the product
/// little.
constexpr double kPooled = 0.40, kAlike = 0.20, kOneCell = 0.15, kEachCell = 0.08, kIdle = 0.4;

/// Shares of the two that are about more than mean and variance; the pooled share where there is one cell.
constexpr double kShape = 0.14, kTies = 0.03, kSingle = 0.83;
constexpr bool is_one(double sum) { return sum > 1 - 1e-12 && sum < 1 + 1e-12; }
static_assert(is_one(kPooled + kAlike + kOneCell + kEachCell + kShape + kTies) &&
              is_one(kSingle + kShape + kTies));
/// Within the shape: the net of laws, and the Dirichlet-multinomials.
constexpr double kNet = 0.7, kGeneral = 0.3;

constexpr std::array kTieProbabilities{0.9, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-5};
/// Shape's cells for the Dirichlet-multinomials: the two tail cells of each side, the others four by four.
constexpr std::size_t kMerged = 24;
constexpr std::size_t merged_cell(std::size_t i) { return i < 2 ? i : i < 82 ? 2 + (i - 2) / 4 : i - 60; }
std::array<double, kMerged> merged(const Cells& cells) {
  std::array<double, kMerged> result{};
  for (std::size_t i = 0; i < cells.size(); ++i) result[merged_cell(i)] += cells[i];
  return result;
}

constexpr std::array kCentred{20.0, 200.0, 2000.0, 20000.0};

struct Part {
  std::vector<int> subset;
  double scale, shape, rate, weight;
  std::string name;
};

/// The alternatives of the regression: which covariates, how large, and whether the variance is free.
std::vector<Part> parts_for(int covariates, bool brief) {
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
    if (i < 3)
      parts.push_back({{i}, 10, 0.7, 0.2, 0.05, name});  // a wrong sigma often shows in the direction as well
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
  return parts;
}

const std::vector<Part>& cached_parts(int covariates, bool brief) {
  static const std::vector<std::vector<Part>> full = [] {
    std::vector<std::vector<Part>> all;
    for (int p = 0; p <= Regression::kMax; ++p) all.push_back(parts_for(p, false));
    return all;
  }();
  static const std::vector<std::vector<Part>> few = [] {
    std::vector<std::vector<Part>> all;
    for (int p = 0; p <= Regression::kMax; ++p) all.push_back(parts_for(p, true));
    return all;
  }();
  return (brief ? few : full)[static_cast<std::size_t>(covariates)];
}

double total_weight(const std::vector<Part>& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0.0,
                         [](double sum, const Part& part) { return sum + part.weight; });
}

std::vector<double> log_e_each(const Regression& sums, const std::vector<Part>& parts) {
  std::vector<double> log_e;
  for (const Part& part : parts)
    log_e.push_back(log_e_regression(sums, part.subset, part.scale, part.shape, part.rate));
  return log_e;
}

std::size_t checked_cells(int cells) {
  if (cells < 1) throw DomainError("cells", std::to_string(cells), "cells >= 1");
  return static_cast<std::size_t>(cells);
}
int checked_covariates(int covariates) {
  if (covariates < 1 || covariates > Regression::kMax)
    throw DomainError("covariates", std::to_string(covariates), "1..6");
  return covariates;
}

double log_gamma_d(Eigen::Index d, double x) {
  double value = static_cast<double>(d * (d - 1)) / 4 * std::log(std::numbers::pi);
  for (Eigen::Index i = 0; i < d; ++i) value += std::lgamma(x - static_cast<double>(i) / 2);
  return value;
}

double log_determinant(const Eigen::MatrixXd& m) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(m);
  return 2 * Eigen::MatrixXd(cholesky.matrixL()).diagonal().array().log().sum();
}

}  // namespace

double log_mixture(std::span<const double> log_weights, std::span<const double> log_e) {
  double top = -kInfinity;
  for (std::size_t k = 0; k < log_e.size(); ++k) top = std::max(top, log_weights[k] + log_e[k]);
  if (!std::isfinite(top)) return top;
  double sum = 0;
  for (std::size_t k = 0; k < log_e.size(); ++k) sum += std::exp(log_weights[k] + log_e[k] - top);
  return top + std::log(sum);
}

void Regression::merge(const Regression& other) {
  n += other.n;
  rr += other.rr;
  for (std::size_t i = 0; i < xr.size(); ++i) xr[i] += other.xr[i];
  for (std::size_t i = 0; i < xx.size(); ++i) xx[i] += other.xx[i];
}

double log_e_regression(const Regression& sums, std::span<const int> subset, double scale, double shape,
                        double rate) {
  constexpr int k = 3;
  const int p = static_cast<int>(subset.size());
  if (p > k) throw DomainError("number of covariates", std::to_string(p), "0..3");
  // Cholesky of precision = I / scale + X'X, and explained = |L^-1 X'r|^2.
  double L[k][k] = {}, y[k] = {}, log_det = 0, explained = 0;
  for (int i = 0; i < p; ++i) {
    const auto si = static_cast<std::size_t>(subset[static_cast<std::size_t>(i)]);
    y[i] = sums.xr[si];
    for (int j = 0; j <= i; ++j) {
      const auto sj = static_cast<std::size_t>(subset[static_cast<std::size_t>(j)]);
      double value =
          sums.xx[std::max(si, sj) * Regression::kMax + std::min(si, sj)] + (i == j ? 1 / scale : 0.0);
      for (int m = 0; m < j; ++m) value -= L[i][m] * L[j][m];
      L[i][j] = i == j ? std::sqrt(value) : value / L[j][j];
    }
    for (int m = 0; m < i; ++m) y[i] -= L[i][m] * y[m];
    y[i] /= L[i][i];
    explained += y[i] * y[i];
    log_det += 2 * std::log(L[i][i]) + std::log(scale);
  }
  if (std::isinf(shape)) return 0.5 * (explained - log_det);
  const double posterior = shape + sums.n / 2, posterior_rate = rate + std::max(0.0, sums.rr - explained) / 2;
  return 0.5 * (sums.rr - log_det) + shape * std::log(rate) - posterior * std::log(posterior_rate) +
         std::lgamma(posterior) - std::lgamma(shape);
}

void Shape::merge(const Shape& other) {
  n += other.n;
  for (std::size_t i = 0; i < count.size(); ++i) count[i] += other.count[i];
}

double log_e_shape(const Shape& shape) {
  static const Cells null = null_cells();
  static const std::array<double, kMerged> null_merged = merged(null);
  const std::array<double, kMerged> counts = merged(shape.count);

  std::vector<double> net;
  for (const Cells& ratio : shape_net()) {
    double log_e = 0;
    for (std::size_t i = 0; i < ratio.size(); ++i) {
      if (shape.count[i] > 0) log_e += shape.count[i] * ratio[i];
    }
    net.push_back(log_e);
  }
  std::vector<double> general{log_e_dirichlet(counts, null_merged, [](std::size_t) { return 0.5; })};
  for (const double mass : kCentred) {
    general.push_back(
        log_e_dirichlet(counts, null_merged, [&](std::size_t k) { return mass * null_merged[k]; }));
  }
  return log_mixture(std::array{std::log(kNet), std::log(kGeneral)},
                     std::array{log_mean(net), log_mean(general)});
}

double log_e_ties(const Ties& ties, double p0) {
  std::vector<double> log_e{0.0};
  for (const double q : kTieProbabilities) {
    // With q >= p0 the factor per draw has expectation <= 1 for every tie probability up to p0.
    if (q < 10 * p0) continue;
    log_e.push_back(ties.ties * std::log(q / p0) + (ties.n - ties.ties) * (std::log1p(-q) - std::log1p(-p0)));
  }
  return log_mean(log_e);
}

double log_e_multinomial(std::span<const double> counts, std::span<const double> probabilities) {
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] > 0 && !(probabilities[k] > 0)) return kInfinity;
  }
  std::vector<double> log_e{log_e_dirichlet(counts, probabilities, [](std::size_t) { return 0.5; })};
  for (const double mass : kCentred) {
    log_e.push_back(log_e_dirichlet(counts, probabilities,
                                    [&](std::size_t k) { return std::max(1e-3, mass * probabilities[k]); }));
  }
  return log_mean(log_e);
}

void Joint::add(const Eigen::MatrixXd& w) {
  if (n == 0) {
    sum = Eigen::VectorXd::Zero(w.rows());
    second = Eigen::MatrixXd::Zero(w.rows(), w.rows());
  }
  n += static_cast<double>(w.cols());
  sum += w.rowwise().sum();
  second += w * w.transpose();
}

double log_e_normal_wishart(const Joint& joint, double scale, double degrees) {
  const Eigen::Index d = joint.sum.size();
  const auto dimensions = static_cast<double>(d);
  if (!(degrees >= dimensions)) throw DomainError("degrees", degrees, "degrees >= d");
  const double kappa = 1 / scale, posterior = kappa + joint.n, nu = degrees + joint.n;
  const Eigen::MatrixXd spread = degrees * Eigen::MatrixXd::Identity(d, d) + joint.second -
                                 joint.sum * joint.sum.transpose() / posterior;
  return log_gamma_d(d, nu / 2) - log_gamma_d(d, degrees / 2) + degrees / 2 * dimensions * std::log(degrees) -
         nu / 2 * log_determinant(spread) + dimensions / 2 * std::log(kappa / posterior) +
         joint.n * dimensions / 2 * std::numbers::ln2 + joint.second.trace() / 2;
}

Evidence::Evidence(int cells, int covariates, double tie_probability)
    : covariates_(checked_covariates(covariates)),
      tie_probability_(tie_probability),
      cells_(checked_cells(cells)) {}

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

void Evidence::merge(const Evidence& other) {
  for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].merge(other.cells_[i]);
  shape_.merge(other.shape_);
  ties_.merge(other.ties_);
  finite_ = finite_ && other.finite_;
}

double Evidence::n() const { return ties_.n; }

Regression Evidence::pooled() const {
  Regression sum;
  for (const Regression& cell : cells_) sum.merge(cell);
  return sum;
}

std::vector<Evidence::Term> Evidence::terms() const {
  std::vector<Term> all;
  const bool split = cells_.size() > 1;
  const auto add = [&](const std::vector<Part>& parts, const std::vector<double>& log_e, double share) {
    const double total = total_weight(parts);
    for (std::size_t k = 0; k < parts.size(); ++k)
      all.push_back({parts[k].name, std::log(share * parts[k].weight / total), log_e[k]});
  };
  const std::vector<Part>& pooled_parts = cached_parts(covariates_, false);
  add(pooled_parts, log_e_each(pooled(), pooled_parts), split ? kPooled : kSingle);
  if (split) {
    const std::vector<Part>& parts = cached_parts(covariates_, true);
    const double total = total_weight(parts);
    std::vector<double> log_weights{std::log(kIdle)}, mixtures, places, alike(parts.size(), 0.0);
    for (const Part& part : parts) log_weights.push_back(std::log((1 - kIdle) * part.weight / total));
    double product = 0, harmonic = 0;
    for (std::size_t k = 1; k <= cells_.size(); ++k) harmonic += 1 / static_cast<double>(k);
    for (const Regression& cell : cells_) {
      std::vector<double> log_e = log_e_each(cell, parts);
      for (std::size_t k = 0; k < parts.size(); ++k) alike[k] += log_e[k];
      log_e.insert(log_e.begin(), 0.0);
      mixtures.push_back(log_mixture(log_weights, log_e));
      product += mixtures.back();
      places.push_back(-std::log(static_cast<double>(mixtures.size()) * harmonic));
    }
    add(parts, alike, kAlike);
    // Most faults are loudest nearest the data, where sigma is least.
    all.push_back({"one cell", std::log(kOneCell), log_mixture(places, mixtures)});
    all.push_back({"cell by cell", std::log(kEachCell), product});
  }
  all.push_back({"shape", std::log(kShape), log_e_shape(shape_)});
  all.push_back({"ties", std::log(kTies), log_e_ties(ties_, tie_probability_)});
  return all;
}

double Evidence::log_e() const {
  if (!finite_) return kInfinity;
  std::vector<double> weights, log_e;
  for (const Term& term : terms()) {
    weights.push_back(term.log_weight);
    log_e.push_back(term.log_e);
  }
  return log_mixture(weights, log_e);
}

std::string Evidence::loudest() const {
  if (!finite_) return "non-finite";
  const std::vector<Term> all = terms();
  const auto best = std::max_element(all.begin(), all.end(), [](const Term& a, const Term& b) {
    return a.log_weight + a.log_e < b.log_weight + b.log_e;
  });
  return best->name;
}

namespace {

std::size_t pick(std::span<const double> weights, double u) {
  double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
    if (left < weights[k]) return k;
    left -= weights[k];
  }
  return weights.size() - 1;
}

double gamma_draw(double shape, double u) { return boost::math::gamma_p_inv(shape, u); }

Cells shape_draw(const Alternative::Uniform& uniform) {
  Cells cells = null_cells();
  if (uniform() < kNet) {
    const auto& net = shape_net();
    const auto chosen = static_cast<std::size_t>(uniform() * static_cast<double>(net.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) cells[i] *= std::exp(net[chosen][i]);
    return cells;
  }
  const std::array<double, kMerged> null = merged(cells);
  const auto prior = static_cast<std::size_t>(uniform() * (1 + kCentred.size()));
  std::array<double, kMerged> ratio{};
  double total = 0;
  for (std::size_t k = 0; k < kMerged; ++k) {
    const double mass = gamma_draw(prior == 0 ? 0.5 : kCentred[prior - 1] * null[k], uniform());
    ratio[k] = mass / null[k];
    total += mass;
  }
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] *= ratio[merged_cell(i)] / total;
  return cells;
}

}  // namespace

Alternative::Alternative(int cells, int covariates, double tie_probability, const Uniform& uniform)
    : cells_(checked_cells(cells)), tie_probability_(tie_probability) {
  checked_covariates(covariates);
  const std::vector<Part>&pooled = cached_parts(covariates, false), &each = cached_parts(covariates, true);
  const auto normal = [&] { return normal_quantile(uniform()); };
  const auto law_of = [&](const std::vector<Part>& parts, std::size_t k) {
    const Part& part = parts[k];
    Normal law;
    if (!std::isinf(part.shape)) law.deviation = 1 / std::sqrt(gamma_draw(part.shape, uniform()) / part.rate);
    for (const int i : part.subset)
      law.coefficients[static_cast<std::size_t>(i)] = law.deviation * std::sqrt(part.scale) * normal();
    return law;
  };
  const auto pick_part = [&](const std::vector<Part>& parts) {
    std::vector<double> weights;
    for (const Part& part : parts) weights.push_back(part.weight);
    return pick(weights, uniform());
  };
  const auto mixture_law = [&] { return uniform() < kIdle ? Normal{} : law_of(each, pick_part(each)); };

  const bool split = cells > 1;
  const std::array shares{split ? kPooled : kSingle,
                          split ? kAlike : 0,
                          split ? kOneCell : 0,
                          split ? kEachCell : 0,
                          kShape,
                          kTies};
  switch (pick(shares, uniform())) {
    case 0:
      std::fill(cells_.begin(), cells_.end(), law_of(pooled, pick_part(pooled)));
      break;
    case 1: {
      const std::size_t part = pick_part(each);
      for (Normal& cell : cells_) cell = law_of(each, part);
      break;
    }
    case 2: {
      std::vector<double> places;
      for (int k = 1; k <= cells; ++k) places.push_back(1.0 / k);
      const std::size_t place = pick(places, uniform());
      cells_[place] = mixture_law();
      break;
    }
    case 3:
      for (Normal& cell : cells_) cell = mixture_law();
      break;
    case 4: {
      const Cells drawn = shape_draw(uniform);
      shape_.assign(drawn.begin(), drawn.end());
      break;
    }
    default: {
      std::vector<double> chances{tie_probability};
      for (const double q : kTieProbabilities) {
        if (q >= 10 * tie_probability) chances.push_back(q);
      }
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
  // Within a cell the shapes are the null's; by symmetry the cells above 0 are mirrored, to keep the tail
  // exact.
  const int drawn = static_cast<int>(pick(shape_, uniform())), mirrored = drawn < 42 ? drawn : 83 - drawn;
  const double low = normal_cdf(cell_edge(mirrored)), high = normal_cdf(cell_edge(mirrored + 1));
  const double z = normal_quantile(low + uniform() * (high - low));
  return drawn < 42 ? z : -z;
}

double Certificate::bias() const { return (estimate.cwiseAbs() + radius).maxCoeff(); }

Certificate certify(const Regression& sums, int covariates, double beta) {
  const Eigen::Index p = covariates;
  Certificate result{Eigen::VectorXd::Zero(p), Eigen::VectorXd::Constant(p, kInfinity), 1, 0, kInfinity};
  const double degrees = sums.n - static_cast<double>(p);
  if (degrees < 10) return result;

  Eigen::MatrixXd gram(p, p);
  Eigen::VectorXd moment(p);
  for (Eigen::Index i = 0; i < p; ++i) {
    moment[i] = sums.xr[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j <= i; ++j)
      gram(i, j) = gram(j, i) = sums.xx[static_cast<std::size_t>(i * Regression::kMax + j)];
  }
  // A covariate that is always 0 (there is no earlier step) has no part in any residual.
  const Eigen::Array<bool, Eigen::Dynamic, 1> absent = gram.diagonal().array() == 0;
  for (Eigen::Index i = 0; i < p; ++i) {
    if (absent[i]) gram(i, i) = sums.n;
  }
  const Eigen::LLT<Eigen::MatrixXd> cholesky(gram);
  if (cholesky.info() != Eigen::Success) return result;
  result.estimate = cholesky.solve(moment);
  const double residual = std::max(sums.rr - moment.dot(result.estimate), 0.0);
  result.variance = residual / degrees;
  if (residual == 0) return result;

  // Coefficients: the t-mixture with right Haar prior on the deviation and b ~ N(b_0, scale s^2). With D = b
  // - b_0 the set is D'(G P^-1 G - q G) D <= q RSS, P = G + I / scale, q = 1 - (2 / beta sqrt|P| / sqrt|I /
  // scale|)^(-2 / n).
  const double prior_precision = 1e4;
  const Eigen::MatrixXd precision = gram + prior_precision * Eigen::MatrixXd::Identity(p, p);
  const double log_ratio =
      0.5 * (log_determinant(precision) - static_cast<double>(p) * std::log(prior_precision));
  const double q = -std::expm1(-2 / sums.n * (std::log(2 / beta) + log_ratio));
  const Eigen::MatrixXd form = gram * precision.ldlt().solve(gram) - q * gram;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(form);
  if (eigen.eigenvalues().minCoeff() > 0) {
    const Eigen::MatrixXd inverse = eigen.eigenvectors() * eigen.eigenvalues().cwiseInverse().asDiagonal() *
                                    eigen.eigenvectors().transpose();
    result.radius = (q * residual * inverse.diagonal()).cwiseSqrt();
    result.radius = absent.select(0.0, result.radius.array());
  }

  // Variance: residual / variance ~ chi^2 with n - p degrees; a gamma mixture of its scale, inverted by
  // bisection.
  const double shape = 2e3;
  const auto excess = [&](double log_variance) {
    const double scaled = residual * std::exp(-log_variance) / 2;
    return shape * std::log(shape) - std::lgamma(shape) + std::lgamma(shape + degrees / 2) -
           (shape + degrees / 2) * std::log(shape + scaled) + scaled - std::log(2 / beta);
  };
  const double centre = std::log(result.variance);
  const auto root = [&](double direction) {
    double inside = centre, outside = centre + direction * 1e-6;
    for (double step = 1e-6; excess(outside) < 0 && step < 700; step *= 2) {
      inside = outside;
      outside = centre + direction * step * 2;
    }
    if (excess(outside) < 0) return direction < 0 ? 0.0 : kInfinity;
    for (int i = 0; i < 60; ++i) {
      const double middle = (inside + outside) / 2;
      (excess(middle) < 0 ? inside : outside) = middle;
    }
    return std::exp(outside);
  };
  result.variance_low = root(-1);
  result.variance_high = root(+1);
  return result;
}

Bounds certify_proportion(double k, double n, double beta) {
  const auto excess = [&](double p) {
    const double null = (k > 0 ? k * std::log(p) : 0) + (n > k ? (n - k) * std::log1p(-p) : 0);
    return std::lgamma(k + 0.5) + std::lgamma(n - k + 0.5) - std::lgamma(n + 1) - std::log(std::numbers::pi) -
           null - std::log(1 / beta);
  };
  const auto root = [&](double inside, double outside) {
    for (int i = 0; i < 60; ++i) {
      const double middle = (inside + outside) / 2;
      (excess(middle) < 0 ? inside : outside) = middle;
    }
    return outside;
  };
  const double centre = n > 0 ? k / n : 0.5;
  return {root(centre, 0), root(centre, 1)};
}

}  // namespace ddim::statistics
