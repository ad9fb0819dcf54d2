#pragma once

// What `ulps` evaluates the reference and its oracles at.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/schedule.hpp"

namespace ddim::accuracy {

/// One input: a transition (two given alpha_bars, or two times of given betas), a sigma (given, or from eta),
/// and what the batch results and the KL are evaluated at.
struct Input {
  std::vector<double> betas;  // empty: a and p are the given alpha_bars
  int t = 1, t_prev = 0;
  double a = 0, p = 1;
  bool by_eta = false, deep = false;
  double eta = 0, sigma = 0, s = 0;
  std::array<double, 3> x{};
  std::array<double, 4> kl{};  // mean, variance, mean, variance

  /// In hex, for each kind of quantity what it depends on.
  std::string step_text() const;
  std::string s_text() const;
  std::string x_text() const;
  std::string kl_text() const;
};

Transition transition_of(const Input& input);
Sigma sigma_of(const Input& input, const Transition& step);

/// Input `index`: random, or one of the adversarial kinds. The same on every machine, in any order of calls.
Input drawn(std::uint64_t index);

}  // namespace ddim::accuracy
