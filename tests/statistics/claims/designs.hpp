#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/statistics/claim.hpp"

/// What the claims are asked with: inputs, the steps and cells they are spread over, and the residuals.
namespace ddim::statistics {

inline constexpr Eigen::Index kDims = 4;

/// Uniform on [-1, 1], of mean square 1/3.
Batch typical_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                 std::uint32_t block);
inline const double kTypicalScale = std::sqrt(1.0 / 3);

/// Amplified inputs, where wrong coefficients are large: +-kFar, and +-kFarNoise for e.
inline constexpr double kFar = 30, kFarNoise = 6;
Batch signs(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block);

/// Every other dimension typical, the rest at +-kFar; divided by kMixedScale its mean square is 1.
Batch mixed_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block);
inline const double kMixedScale = std::sqrt((1.0 / 3 + kFar * kFar) / 2);

/// The data of the claims that need a law of it: N(mean, variance I).
inline constexpr double kDataMean = 0.7, kDataVariance = 0.5;
/// eps* = slope (x - root alpha_bar mean) for such data.
Real data_slope(const Level& level);

/// Steps of a run, ascending: those that change alpha_bar; those of them whose sigma is positive; those of
/// them that do not end the run.
std::vector<int> moving_steps(const Run& run);
std::vector<int> noisy_steps(const Run& run);
std::vector<int> upper_steps(const Run& run);

/// Cells for so many steps or times, at most eight, and the one of the step at `position` among them.
int cells_for(std::size_t steps);
int cell_of(std::size_t position, std::size_t steps);
/// The step that a cell of noisy_steps stands for; 0 where it stands for several.
int noisy_step_of_cell(const Run& run, int cell);

/// "step 3 (t = 500)"
std::string step_text(const Run& run, int i);

/// What `step` gave, whitened by Eq7 in the paper's own terms. (Whitening with the code under test is the fault
/// that the seam in Instruments plants.)
Batch step_residual(const Context& c, int i, const Batch& x0, const Batch& e, const Batch& x_t,
                    const Batch& x_prev);

/// The law of a transition as reference/ holds its table, so that formulas alone are compared.
Level level_of(const NoiseLevel& level);
Law law_of(const Transition& step, double eta);

/// Obstacles: "" where there is none.
std::string need(bool there, const std::string& what);
std::string needs_step(const Context& c);
std::string needs_noise(const Context& c);
std::string needs_unrestricted(const Context& c);
/// The first of them.
std::string first_obstacle(std::initializer_list<std::string> reasons);

}  // namespace ddim::statistics
