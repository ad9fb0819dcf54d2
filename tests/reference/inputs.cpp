#include "tests/reference/inputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ddim::accuracy {
namespace {

/// Counter-based: case `index` draws the same numbers in any order of evaluation (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t index) : state_(index * 0xd1342543de82ef95 + 0x2545f4914f6cdd1d) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52; }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  int below(int n) { return static_cast<int>(bits() % static_cast<std::uint64_t>(n)); }
  /// 2^-e with e uniform: every order of magnitude alike.
  double small(double least_exponent, double most_exponent) {
    return std::exp2(-between(least_exponent, most_exponent));
  }

 private:
  std::uint64_t state_;
};

double ulps_away(double x, int n) {
  for (; n > 0; --n) x = std::nextafter(x, 2.0);
  for (; n < 0; ++n) x = std::nextafter(x, 0.0);
  return x;
}

template <class... Value>
std::string printed(const char* format, Value... value) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, value...);
  return buffer;
}

/// Betas of every size (kind 5), as of a trained model (6), or down to the denormals (7).
void draw_schedule(Random& random, int kind, Input& input) {
  input.deep = kind == 7;
  const int T = 1 + random.below(12);
  for (int t = 0; t < T; ++t) {
    input.betas.push_back(kind == 6                       ? random.between(1e-4, 0.02)
                          : input.deep && random.below(3) ? random.small(300, 1074)
                                                          : random.small(0.01, 60));
  }
  input.t = 1 + random.below(T);
  input.t_prev = random.below(input.t);
}

void draw_levels(Random& random, int kind, Input& input) {
  // Each draw is a statement: compilers evaluate arguments in different orders.
  const auto order = [&](double y, double x) {
    input.a = std::min(x, y);
    input.p = x == y ? ulps_away(y, 1) : std::max(x, y);
  };
  double first = 0;
  switch (kind) {
    case 0:
      first = random.uniform();
      order(first, random.uniform());
      break;
    case 1:  // near 1
      first = 1 - random.small(2, 53);
      order(first, 1 - random.small(2, 52));
      break;
    case 2:  // next to each other
      input.p = random.below(2) ? random.uniform() : 1 - random.small(1, 50);
      input.a = ulps_away(input.p, -1 - random.below(4));
      break;
    case 3:  // tiny and denormal
      input.deep = true;
      first = random.below(2) ? random.small(1, 1074) : random.uniform();
      order(first, random.small(1, 1074));
      break;
    case 4:  // t = 1
      input.p = 1;
      input.a = random.below(2) ? random.uniform() : 1 - random.small(1, 53);
      break;
    default:
      draw_schedule(random, kind, input);
  }
}

void draw_sigma(Random& random, const Transition& step, Input& input) {
  const double limit = sqrt_one_minus_alpha_bar(step.prev);
  const double at_eta_1 = limit * sqrt(step.beta / step.current.one_minus_alpha_bar);
  const auto given = [&](double sigma) { input.sigma = sigma >= 0x1p-484 ? sigma : 0; };
  switch (random.below(8)) {
    case 0:
      input.by_eta = true;
      input.eta = random.uniform();
      break;
    case 1:
      input.by_eta = true;
      input.eta = 1;
      break;
    case 2:
      break;  // sigma = 0
    case 3:
      given(limit * random.uniform());
      break;
    case 4:  // at Eq7's boundary, its window and beyond
      given(ulps_away(limit, random.below(10) - 5));
      break;
    case 5:
      given(limit * random.small(1, 480));
      break;
    case 6:  // next to eta = 1, where NonMarkov's coefficient passes through zero
      given(ulps_away(at_eta_1, random.below(5) - 2));
      break;
    case 7:
      input.by_eta = true;
      input.eta = ulps_away(sqrt(step.current.one_minus_alpha_bar / step.beta), random.below(5) - 3);
      break;
  }
  if (input.by_eta) {  // where sigma^2 would leave the 106 bits, sigma_eta refuses
    const double root = input.eta * limit * sqrt(step.beta / step.current.one_minus_alpha_bar);
    if (root < 0x1p-483) input.by_eta = false;
  }
}

}  // namespace

std::string Input::step_text() const {
  std::string result;
  if (betas.empty()) {
    result = printed("alpha_bar %a prev %a", a, p);
  } else {
    result = "betas";
    for (const double beta : betas) result += printed(" %a", beta);
    result += printed(" t %d prev %d", t, t_prev);
  }
  return result + (by_eta ? printed(" eta %a", eta) : printed(" sigma %a", sigma));
}

std::string Input::s_text() const { return step_text() + printed(" s %a", s); }

std::string Input::x_text() const { return step_text() + printed(" x %a %a %a", x[0], x[1], x[2]); }

std::string Input::kl_text() const { return printed("N(%a, %a) N(%a, %a)", kl[0], kl[1], kl[2], kl[3]); }

Transition transition_of(const Input& input) {
  if (input.betas.empty()) return Transition::from_alpha_bars(input.a, input.p);
  return Schedule::from_betas(input.betas).transition(input.t, input.t_prev);
}

Sigma sigma_of(const Input& input, const Transition& step) {
  return input.by_eta ? sigma_eta(step, input.eta) : Sigma(input.sigma);
}

Input drawn(std::uint64_t index) {
  Random random(index);
  Input input;
  // Denormals need 2560 bits, which are dear.
  draw_levels(random, index % 64 == 63 ? 7 : static_cast<int>(index % 7), input);
  const Transition step = transition_of(input);
  draw_sigma(random, step, input);
  const double s_limit = step.prev.one_minus_alpha_bar / step.current.one_minus_alpha_bar;
  input.s = random.below(3) ? s_limit * random.uniform() : ulps_away(s_limit, random.below(5) - 3);
  for (double& x : input.x) x = random.between(-4, 4);
  const double variance = random.below(2) ? random.uniform() : random.small(-300, 300);
  input.kl = {random.between(-2, 2), variance, 0,
              random.below(2) ? variance * (1 + random.small(0, 52)) : random.small(-300, 300)};
  input.kl[2] = random.below(2)   ? input.kl[0]
                : random.below(2) ? input.kl[0] + random.small(0, 60)
                                  : random.uniform();
  return input;
}

}  // namespace ddim::accuracy
