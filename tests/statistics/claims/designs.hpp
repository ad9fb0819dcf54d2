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

/// Every other dimension typical, the rest at +-factor kFar; divided by mixed_scale(factor) its mean square is 1.
Batch mixed_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block,
               double factor = 1);
inline double mixed_scale(double factor) { return std::sqrt((1.0 / 3 + factor * kFar * factor * kFar) / 2); }

/// The data of the claims that need a law of it: N(mean, variance I).
inline constexpr double kDataMean = 0.7, kDataVariance = 0.5;
/// eps* = slope (x - root alpha_bar mean) for such data.
Real data_slope(const Level& level);

/// Steps of a run, ascending: those that change alpha_bar (and are defined: eps says nothing of x_0 at
/// alpha_bar = 0); those of them whose sigma is positive; those of
/// them that do not end the run.
std::vector<int> moving_steps(const Run& run);
std::vector<int> noisy_steps(const Run& run);
std::vector<int> upper_steps(const Run& run);

/// A long chain is looked at in pieces, all of them: ascending steps, at most kStretch, and as alike as can be.
inline constexpr std::size_t kStretch = 16;
using Pieces = std::vector<std::vector<int>>;
Pieces pieces_of(const std::vector<int>& steps);
/// The pieces of those steps that rounding leaves alone: moved(i) is what it may move a residual of step i by, and
/// along a piece these come to `most` at most.
Pieces pieces_within(const std::vector<int>& steps, double most, const std::function<double(int i)>& moved);

/// A piece that some samples walk.
struct Stretch {
  std::vector<int> steps;
  std::uint64_t first;  ///< the samples' numbers, counted in each stretch by itself
  Eigen::Index count;
  std::uint32_t place;  ///< of the stretch, from the data
};
/// Samples first, first + 1, ... dealt to the pieces in turn; those with none are left out.
std::vector<Stretch> dealt(const Pieces& pieces, std::uint64_t first, Eigen::Index count);

/// body(first, count) for samples first..first + count - 1 in chunks, so that memory does not grow with them.
template <class Body>
void in_chunks(std::uint64_t first, Eigen::Index count, const Body& body) {
  constexpr Eigen::Index kChunk = 512;
  for (Eigen::Index done = 0; done < count; done += kChunk)
    body(first + static_cast<std::uint64_t>(done), std::min(kChunk, count - done));
}

/// Cells for so many steps or times, at most eight, and the one of the step at `position` among them.
int cells_for(std::size_t steps);
int cell_of(std::size_t position, std::size_t steps);
/// The step that a cell of noisy_steps stands for; 0 where it stands for several.
int noisy_step_of_cell(const Run& run, int cell);

/// "step 3 (t = 500)"
std::string step_text(const Run& run, int i);

/// What a step is asked with, in numbers of the sampler's dtype, and the x_0 and e that they were made of.
struct Given {
  Batch x_t, output, x0, e;
};
Given given(const Context& c, int i, const Batch& x0, const Batch& e);
/// From an x_t that is there already: e points at it from x_0.
Given given_at(const Context& c, int i, const Batch& x0, const Batch& x_t);

/// Rounding leaves the residuals of step i standard normal, from x_0 and e of these sizes: what a step is off
/// by is small beside its sigma. With noise of its own: at most c.largest_shift. With noise handed in, what may
/// be rounding is taken for exact (see `step_residual`), and is to hide no half of sigma.
bool admits(const Context& c, int i, double x0 = 1, double e = 1);
/// The share of kFar (and kFarNoise) that a dtype allows inputs of: 1, or as many halves as it takes; 0: none
/// above 1 fits. For add_noise at step i's time: with the noise handed in.
double amplification(const Context& c, const std::function<bool(double factor)>& fits);
double step_amplification(const Context& c, int i);
double noising_amplification(const Context& c, int i);
/// The noisy_steps that are admitted; from amplified inputs.
std::vector<int> asked_steps(const Context& c, bool amplified = false);
/// Uniform on (0, 1), for the cells that a dtype rounds to; nothing in double.
Batch within_cells(const Context& c, const char* id, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                   std::uint32_t block);

/// What `step` gave, whitened by Eq7 in the paper's own terms. (Whitening with the code under test is the fault
/// that the seam in Instruments plants.) In a dtype coarser than double it is whitened about the definition's
/// step from what was given: noise of its own within the cell of each output (Grid::residual); and with the
/// noise z handed in, an output that is within rounding of z's is z.
Batch step_residual(const Context& c, int i, const Given& given, const Batch& z, const Batch& x_prev,
                    const Batch& within);
/// The same of x_t = add_noise(x_0, z).
Batch noising_residual(const Context& c, int i, const Batch& x0, const Batch& z, const Batch& x_t);

/// The law of a transition as reference/ holds its table, so that formulas alone are compared.
Level level_of(const NoiseLevel& level);
Law law_of(const Transition& step, double eta);

/// Obstacles: "" where there is none.
std::string need(bool there, const std::string& what);
std::string needs_step(const Context& c);
std::string needs_noise(const Context& c);
/// Not too coarse a dtype at every step; and at which of them it is.
std::string needs_fine_steps(const Context& c, bool amplified = false);
std::string coarse_steps(const Context& c, bool amplified = false);
/// "rounding of float16 is not small beside `what`"; with how many of all `places`, where some are asked.
std::string too_coarse(const Context& c, const std::string& what);
std::string too_coarse_at(const Context& c, const std::string& what, std::size_t asked, std::size_t all,
                          const std::string& places);
std::string needs_unrestricted(const Context& c);
/// The first of them.
std::string first_obstacle(std::initializer_list<std::string> reasons);

}  // namespace ddim::statistics
