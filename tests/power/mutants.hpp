#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/samplers/sampler.hpp"

namespace ddim::power {

/// A wrong sampler, on a run on which it shows.
struct Mutant {
  std::string name, equation, says;
  std::string kind;        ///< parametric, shape, dependence, exact; unseen
  std::string equivalent;  ///< why no draws can tell it; empty: they can
  samplers::Run run;
  std::function<samplers::Sampler()> sampler;  ///< one for each worker
  std::function<double(double z)> log_density = {};
};

/// The bank, each on its own run.
std::vector<Mutant> bank();

/// Mistakes of random kind, place and size. Claims and evidence were made with the bank in view; nothing was
/// chosen with these in view, so their efficiency is what the bank's should be read beside.
std::vector<Mutant> unseen(int count, std::uint32_t seed);

}  // namespace ddim::power
