#pragma once

#include <span>
#include <vector>

namespace ddim::statistics {

/// Repeats: each draw either ties with an earlier one (within a tolerance under which the null ties with
/// probability at most p0) or does not.
struct Ties {
  double n = 0, ties = 0;
  void add(bool tie) {
    n += 1;
    ties += tie ? 1 : 0;
  }
};
double log_e_ties(const Ties& ties, double p0);

/// log E of counts under Dirichlet(prior) against the null's probabilities.
double log_e_dirichlet(std::span<const double> counts, std::span<const double> probabilities,
                       std::span<const double> prior);

/// log E of counts against exact probabilities: Dirichlet-multinomials, Krichevsky-Trofimov's prior and
/// priors centred at the null. Domain: probabilities sum to 1;
/// a count in a cell of probability 0 gives infinity, and without one it has no part.
double log_e_multinomial(std::span<const double> counts, std::span<const double> probabilities);

/// log E of independent cells' counts: half of it is for the likely mistakes (alternatives, each the cells'
/// probabilities under it; may be none), half for anything else. Domain and infinity as above.
using CellCounts = std::vector<std::vector<double>>;
double log_e_counts(const CellCounts& counts, const CellCounts& probabilities,
                    std::span<const CellCounts> alternatives);

/// Masses of the priors that are centred at the null.
inline constexpr double kCentred[] = {20.0, 200.0, 2000.0, 20000.0};

}  // namespace ddim::statistics
