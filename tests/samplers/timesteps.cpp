#include "tests/samplers/timesteps.hpp"

#include <array>
#include <cmath>
#include <cstdint>

#include "reference/error.hpp"

namespace ddim::samplers {
namespace {

/// numerator / denominator, rounded to the nearest integer, halves to even. Both positive.
int nearest(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t twice = 2 * numerator + denominator, floor = twice / (2 * denominator);
  const bool half = twice % (2 * denominator) == 0;
  return static_cast<int>(half && floor % 2 != 0 ? floor - 1 : floor);
}

std::vector<int> leading_list(int T, int S, int steps_offset) {
  std::vector<int> list;
  for (int i = S - 1; i >= 0; --i) list.push_back(i * (T / S) + steps_offset);
  return list;
}

std::vector<int> trailing_list(int T, int S, int) {
  std::vector<int> list;
  for (std::int64_t i = S; i >= 1; --i) list.push_back(nearest(i * T, S) - 1);
  return list;
}

std::vector<int> linspace_list(int T, int S, int) {
  std::vector<int> list;
  for (std::int64_t i = S - 1; i >= 0; --i) list.push_back(S == 1 ? 0 : nearest(i * (T - 1), S - 1));
  return list;
}

std::vector<int> quadratic_list(int T, int S, int) {
  std::vector<int> list;
  const std::int64_t squares = static_cast<std::int64_t>(S) * S;
  for (std::int64_t i = S; i >= 1; --i) list.push_back(static_cast<int>(i * i * T / squares) - 1);
  return list;
}

}  // namespace

const Spacing leading{"leading", "i (T // S) + steps_offset, i = 0..S-1", true, leading_list, Tau::leading};
const Spacing trailing{"trailing", "round(i T / S) - 1, i = 1..S, halves to even", false, trailing_list,
                       [](int T, int S, int) { return Tau::trailing(T, S); }};
const Spacing linspace{"linspace", "round(i (T - 1) / (S - 1)), i = 0..S-1, halves to even; S = 1 gives 0",
                       false, linspace_list, [](int T, int S, int) { return Tau::linspace(T, S); }};
const Spacing quadratic{"quadratic", "floor(i^2 T / S^2) - 1, i = 1..S: the paper's second rule", false,
                        quadratic_list, [](int T, int S, int) { return Tau::quadratic(T, S); }};

std::span<const Spacing* const> spacings() {
  static constexpr std::array all{&leading, &trailing, &linspace, &quadratic};
  return all;
}

const Spacing* find_spacing(std::string_view name) {
  for (const Spacing* spacing : spacings()) {
    if (spacing->name == name) return spacing;
  }
  return nullptr;
}

std::vector<int> timesteps(const Spacing& spacing, int T, int S, int steps_offset) {
  if (S < 1 || S > T) throw DomainError("S", std::to_string(S), "1 <= S <= T = " + std::to_string(T));
  std::vector<int> list = spacing.list(T, S, steps_offset);
  const std::string range = "0..T-1 = 0.." + std::to_string(T - 1);
  if (list.front() >= T) {
    throw DomainError(
        spacing.takes_offset ? "the first timestep (S - 1) * (T//S) + steps_offset" : "the first timestep",
        std::to_string(list.front()), range);
  }
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (list[k] < 0) throw DomainError("timestep", std::to_string(list[k]), range);
    if (k > 0 && list[k] >= list[k - 1]) {
      throw DomainError("timestep", std::to_string(list[k]),
                        "less than its predecessor " + std::to_string(list[k - 1]) + " (S is too large for " +
                            std::string(spacing.name) + " spacing)");
    }
  }
  return list;
}

std::vector<int> numpy_trailing(int T, int S) {
  // numpy's arange has ceil((stop - start) / step) entries, entry k being start + k (entry 1 - start).
  const double stride = static_cast<double>(T) / S, start = T;
  const auto count = static_cast<int>(std::ceil((0.0 - start) / -stride));
  const double second = start + -stride;
  std::vector<int> list;
  for (int k = 0; k < count; ++k)
    list.push_back(static_cast<int>(std::nearbyint(start + k * (second - start))) - 1);
  return list;
}

}  // namespace ddim::samplers
