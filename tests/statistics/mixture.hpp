#pragma once

#include <span>
#include <string>
#include <vector>

namespace ddim::statistics {

/// What the evidence about residuals averages over, as data: Evidence weighs each law by what was seen, and
/// Alternative draws one.

/// A family of laws of one cell: r ~ N(x b, 1/l), b | l ~ N(0, scale / l) on the covariates of `subset`,
/// l ~ Gamma(shape, rate); shape = infinity: l = 1.
struct Part {
  std::vector<int> subset;
  double scale, shape, rate;
  double weight;     ///< beside the others'; they need not add up to 1
  std::string name;  ///< what it is evidence of
};

/// Two of the names.
inline constexpr const char* kNoNoise = "no noise";
inline constexpr const char* kNoNoiseElsewhere = "no noise, and another direction";

/// Parts with their weights made into shares.
struct Parts {
  std::vector<Part> parts;
  double total = 0;  ///< of the weights

  /// log of each part's share of `share`.
  std::vector<double> log_shares(double share) const;
};

/// What a component of the mixture says of the stream.
enum class Over {
  all_cells,  ///< one law for all cells
  alike,      ///< in each cell a law of its own from the same part
  one_cell,   ///< one cell has a law of its parts, the others the null's
  each_cell,  ///< each cell by itself: the null's law, or one of its parts
  shape,      ///< mean and variance are right, the density is not
  ties        ///< draws repeat
};
struct Component {
  Over over;
  double share;
};

struct Mixture {
  std::vector<Component> components;  ///< shares add up to 1
  Parts pooled;                       ///< of all_cells
  Parts each;                         ///< of a single cell: fewer covariates, so that many cells cost little
  double idle;                        ///< share of the null in each cell of one_cell and each_cell

  std::vector<double> log_each;  ///< log shares of {null, each's parts...} there

  /// Domain: 1 <= covariates <= Regression::kMax (DomainError).
  static const Mixture& of(int cells, int covariates);
};

/// Prior of which cell one_cell means. Most faults are loudest nearest the data, where sigma is least: k-th from
/// there, 1 / k.
std::vector<double> log_places(std::size_t cells);

/// Chances of a repeat that the evidence of ties averages over, the null's own first.
std::vector<double> tie_chances(double null);

}  // namespace ddim::statistics
