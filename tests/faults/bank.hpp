#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/faults/fault.hpp"

/// What the files of the bank share: their lists, in the paper's order, and readings of a step that several
/// mistakes have in common.
namespace ddim::faults {

std::vector<Fault> schedule_faults();
std::vector<Fault> tau_faults();
std::vector<Fault> law_faults();
std::vector<Fault> predictor_faults();
std::vector<Fault> objective_faults();
std::vector<Fault> step_faults();
std::vector<Fault> noise_faults();
std::vector<Fault> encode_faults();
std::vector<Fault> sigma_faults();
std::vector<Fault> discrete_faults();
std::vector<Fault> generator_faults();

using samplers::Config;
using samplers::Draws;
using samplers::Law;
using samplers::Level;
using samplers::Levels;
using samplers::Place;
using samplers::Real;
using samplers::RealBatch;
using samplers::Recipe;
using samplers::Result;
using samplers::Run;
using samplers::Sampler;
using samplers::Table;

/// The table read without leaving it.
inline Level level_at(const Table& table, int timestep) {
  return table[static_cast<std::size_t>(std::clamp(timestep, 0, static_cast<int>(table.size()) - 1))];
}
inline Level level_at(const Place& place, int timestep) { return level_at(place.run.table(), timestep); }

/// 1 - alpha_bar_t / alpha_bar_prev, and Eq16's variance at eta = 1.
inline Real kept_beta(const Levels& at) {
  return (at.prev.alpha_bar - at.current.alpha_bar) / at.prev.alpha_bar;
}
inline Real variance(const Levels& at) { return at.prev.one_minus / at.current.one_minus * kept_beta(at); }

/// beta_t of DDPM: between t and t - 1, whatever the list skips.
inline Real one_step_beta(const Place& place, const Levels& at) {
  if (place.timestep() == 0) return at.current.one_minus;
  const Real before = level_at(place, place.timestep() - 1).alpha_bar;
  return (before - at.current.alpha_bar) / before;
}

/// To `digits` binary digits, as a cast does.
inline Real rounded(Real value, int digits) {
  if (value == 0) return 0;
  int exponent;
  const Real fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, digits)), exponent - digits);
}
/// A level whose 1 - alpha_bar is a subtraction in that precision.
inline Level rounded(const Level& level, int digits) {
  const Real alpha_bar = rounded(level.alpha_bar, digits);
  return {alpha_bar, rounded(1 - alpha_bar, digits)};
}

}  // namespace ddim::faults
