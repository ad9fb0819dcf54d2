#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace ddim::statistics {

/// Counts of the residual in cells of z of width 1/8 on [-5, 5], with two tail cells on each side.
struct ShapeCounts {
  static constexpr int kCells = 84;
  using Cells = std::array<double, kCells>;
  double n = 0;
  Cells count{};

  void add(double r) {
    n += 1;
    count[static_cast<std::size_t>(cell(r))] += 1;
  }
  static int cell(double r) {
    if (r < -5) return r < -6 ? 0 : 1;
    if (r >= 5) return r >= 6 ? 83 : 82;
    return 2 + static_cast<int>((r + 5) * 8);
  }
  /// Left edge of cell i; that of kCells is infinity.
  static double edge(int i);
};

/// What the evidence of the shape averages over, as data.
struct ShapeMixture {
  using Cells = ShapeCounts::Cells;
  /// The cells for the Dirichlet-multinomials: the two tail cells of each side, the others four by four.
  static constexpr std::size_t kMerged = 24;
  using Merged = std::array<double, kMerged>;
  static constexpr std::size_t merged_cell(std::size_t i) {
    return i < 2 ? i : i < 82 ? 2 + (i - 2) / 4 : i - 60;
  }

  /// Shares of the net of laws, and of the Dirichlet-multinomials.
  static constexpr double kNet = 0.7, kGeneral = 0.3;
  Cells null;  ///< probabilities of N(0, 1)
  std::vector<Cells>
      net;  ///< log(q / null) of unit-variance laws: generalised normal, Student, contaminated,
            ///< skew, and those cut off at the tails
  Merged null_merged;
  std::vector<Merged> priors;  ///< Krichevsky and Trofimov's, and those centred at the null
};
const ShapeMixture& shape_mixture();

/// log E of that mixture.
double log_e_shape(const ShapeCounts& shape);

}  // namespace ddim::statistics
