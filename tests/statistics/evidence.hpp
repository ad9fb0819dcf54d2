#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ddim::statistics {

/// An e-process E_n is a non-negative process whose expectation is at most 1 at every stopping time while the
/// claim is true; P(E_n ever reaches 1/a) <= a (Ville). Everything is kept as log E and as sums over the
/// draws, in a fixed order: memory does not grow with n, two halves of a run merge, and the bits repeat.

/// log(sum_k weight_k exp(log_e_k)).
double log_mixture(std::span<const double> log_weights, std::span<const double> log_e);

/// Sums for the regression of a whitened residual r on at most six covariates known before r is drawn.
struct Regression {
  static constexpr int kMax = 6;
  double n = 0, rr = 0;
  std::array<double, kMax> xr{};
  std::array<double, kMax * kMax> xx{};  // lower triangle, row-major

  void add(std::span<const double> x, double r) {
    n += 1;
    rr += r * r;
    for (std::size_t i = 0; i < x.size(); ++i) {
      xr[i] += x[i] * r;
      for (std::size_t j = 0; j <= i; ++j) xx[i * kMax + j] += x[i] * x[j];
    }
  }
  void merge(const Regression& other);
};

/// log E of the normal-gamma regression: null r ~ N(0, 1); alternative r ~ N(x b, 1/l) with b | l ~ N(0,
/// scale / l) on the covariates in `subset` and l ~ Gamma(shape, rate); shape = infinity fixes l = 1. Domain:
/// scale, shape, rate > 0, at most three covariates.
double log_e_regression(const Regression& sums, std::span<const int> subset, double scale, double shape,
                        double rate);

/// Counts of the residual in cells of z of width 1/8 on [-5, 5], with two tail cells on each side.
struct Shape {
  static constexpr int kCells = 84;
  double n = 0;
  std::array<double, kCells> count{};

  void add(double r) {
    n += 1;
    count[static_cast<std::size_t>(cell(r))] += 1;
  }
  static int cell(double r) {
    if (r < -5) return r < -6 ? 0 : 1;
    if (r >= 5) return r >= 6 ? 83 : 82;
    return 2 + static_cast<int>((r + 5) * 8);
  }
  void merge(const Shape& other);
};
/// log E of the shape: a mixture of the multinomial likelihood ratio of a net of unit-variance laws
/// (generalised normal, Student, contaminated, skew, and those cut off or made discrete at the tails), and of
/// Dirichlet-multinomials centred at the null (Krichevsky-Trofimov among them) over merged cells.
double log_e_shape(const Shape& shape);

/// Repeats: each draw either ties with an earlier one (within a tolerance under which the null ties with
/// probability at most p0) or does not.
struct Ties {
  double n = 0, ties = 0;
  void add(bool tie) {
    n += 1;
    ties += tie ? 1 : 0;
  }
  void merge(const Ties& other) {
    n += other.n;
    ties += other.ties;
  }
};
double log_e_ties(const Ties& ties, double p0);

/// log E of counts against exact probabilities: Dirichlet-multinomials, Krichevsky-Trofimov's prior and
/// priors centred at the null. Domain: probabilities sum to 1; a count in a cell of probability 0 gives
/// infinity.
double log_e_multinomial(std::span<const double> counts, std::span<const double> probabilities);

/// Sums for the joint law of d residuals: null N(0, I_d).
struct Joint {
  double n = 0;
  Eigen::VectorXd sum;
  Eigen::MatrixXd second;
  void add(const Eigen::MatrixXd& w);  ///< d x n
};
/// log E of the normal-Wishart alternative (matrix-normal-Wishart with the one covariate 1).
double log_e_normal_wishart(const Joint& joint, double scale, double degrees);

/// Two of the names that Evidence::loudest gives.
inline constexpr const char* kNoNoise = "no noise";
inline constexpr const char* kNoNoiseElsewhere = "no noise, and another direction";

/// All of the evidence about one stream of scalar residuals, split by cell (a time, a transition).
class Evidence {
 public:
  Evidence(int cells, int covariates, double tie_probability = 3e-9);

  /// `x` must be known before `r` is drawn. Rejects a non-finite residual for good.
  void add(int cell, std::span<const double> x, double r, bool tie);
  void merge(const Evidence& other);

  /// The seam of the suite's own faults: a sound run never calls it.
  void swallow_non_finite() { swallow_ = true; }

  double n() const;
  bool finite() const { return finite_; }
  /// log E of the mixture; infinity once a residual was not finite.
  double log_e() const;
  /// What carries the evidence: the name of the heaviest component.
  std::string loudest() const;

  const Regression& cell(int i) const { return cells_[static_cast<std::size_t>(i)]; }
  int cells() const { return static_cast<int>(cells_.size()); }
  int covariates() const { return covariates_; }
  Regression pooled() const;
  const Shape& shape() const { return shape_; }
  const Ties& ties() const { return ties_; }

 private:
  struct Term {
    std::string name;
    double log_weight, log_e;
  };
  std::vector<Term> terms() const;

  int covariates_;
  double tie_probability_;
  bool finite_ = true, swallow_ = false;
  std::vector<Regression> cells_;
  Shape shape_;
  Ties ties_;
};

/// One of the laws that Evidence::log_e averages over, drawn from that average; E is the likelihood ratio of
/// the average to the null. Under it alarms are common and weigh 1 / E, so that P(alarm) = E_alternative[1 /
/// E at the alarm] can be measured at levels where nobody could count them.
class Alternative {
 public:
  /// Independent and uniform on (0, 1), 0 and 1 left out.
  using Uniform = std::function<double()>;
  /// Arguments and domain as Evidence's.
  Alternative(int cells, int covariates, double tie_probability, const Uniform& uniform);
  /// A residual of this law, given its covariates. Domain: cell < cells, as many covariates as were said.
  double residual(int cell, std::span<const double> x, const Uniform& uniform) const;
  /// Whether the draw is a repeat.
  bool tie(const Uniform& uniform) const { return uniform() < tie_probability_; }

 private:
  struct Normal {
    std::array<double, Regression::kMax> coefficients{};
    double deviation = 1;
  };
  std::vector<Normal> cells_;
  std::vector<double> shape_;  ///< probabilities of Shape's cells; empty: normal
  double tie_probability_;
};

/// Time-uniform confidence sets at total error beta, valid at every n at once, for normal residuals of any
/// mean and variance: coefficient_k lies within estimate +- radius, the variance within [low, high].
struct Certificate {
  Eigen::VectorXd estimate, radius;
  double variance = 1, variance_low = 0, variance_high = 0;
  /// Largest |coefficient| not excluded; infinity while nothing is known.
  double bias() const;
};
Certificate certify(const Regression& sums, int covariates, double beta);

/// The same for a proportion: every probability not excluded by k of n.
struct Bounds {
  double low, high;
};
Bounds certify_proportion(double k, double n, double beta);

}  // namespace ddim::statistics
