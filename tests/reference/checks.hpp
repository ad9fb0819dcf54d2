#pragma once

#ifdef NDEBUG
#error "without assertions two batches of different shapes compare equal: build the tests with -UNDEBUG"
#endif

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "reference/laws.hpp"

namespace ddim {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The call throws exactly this typed error: what was wrong, its value, a part of the domain, all three in
/// what().
template <class Error = DomainError, class Call>
void expect_error(Call&& call, const std::string& quantity, const std::string& value,
                  const std::string& domain) {
  SCOPED_TRACE(quantity + " = " + value);
  try {
    (void)call();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.quantity(), quantity);
    EXPECT_EQ(error.value(), value);
    EXPECT_NE(error.domain().find(domain), std::string::npos) << error.domain();
    EXPECT_EQ(std::string(error.what()),
              error.quantity() + " = " + error.value() + " is outside " + error.domain());
  }
}

/// Two sizes that do not fit: a ShapeError, whatever its numbers.
template <class Call>
void expect_shape_error(Call&& call, const std::string& quantity) {
  try {
    (void)call();
    ADD_FAILURE() << quantity << ": accepted";
  } catch (const ShapeError& error) {
    EXPECT_EQ(error.quantity(), quantity) << error.what();
  }
}

/// Fixed numbers in (-range, range), the same on every machine (SplitMix64).
inline Batch spread(std::uint64_t seed, Eigen::Index rows, Eigen::Index cols, double range = 3) {
  Batch result(rows, cols);
  for (double& value : result.reshaped()) {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    value = range * (2 * static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53 - 1);
  }
  return result;
}

inline Path spread_path(std::uint64_t seed, int S, Eigen::Index rows, Eigen::Index cols) {
  Path path;
  for (int i = 0; i < S; ++i) path.push_back(spread(seed + 1000u * static_cast<unsigned>(i), rows, cols));
  return path;
}

/// A copy of `value` with one bad entry, to see that no argument lets it pass.
inline Batch poisoned(Batch value, double bad) {
  value(value.rows() - 1, value.cols() - 1) = bad;
  return value;
}

/// n / d to 106 bits.
inline Wide ratio(double n, double d) {
  const double hi = n / d;
  return {hi, std::fma(-hi, d, n) / d};
}

/// The level whose square roots are cosine / hypotenuse and sine / hypotenuse: a Pythagorean triple.
inline NoiseLevel pythagorean(int t, double cosine, double sine, double hypotenuse) {
  return {t, ratio(cosine * cosine, hypotenuse * hypotenuse), ratio(sine * sine, hypotenuse * hypotenuse)};
}

inline Transition between(const NoiseLevel& current, const NoiseLevel& prev, Wide beta) {
  return {current, prev, beta};
}

/// A few schedules and sub-sequences that differ in kind.
inline Schedule linear_1000() { return Schedule::linear(1000, 1e-4, 0.02); }

/// The same shape: Eigen's == reads past the end, or compares nothing, where shapes differ.
[[nodiscard]] inline bool same_shape(const Batch& actual, const Batch& expected) {
  EXPECT_EQ(actual.rows(), expected.rows());
  EXPECT_EQ(actual.cols(), expected.cols());
  return actual.rows() == expected.rows() && actual.cols() == expected.cols();
}

/// The same shape and the same numbers.
inline void expect_same(const Batch& actual, const Batch& expected) {
  if (!same_shape(actual, expected)) return;
  for (Eigen::Index i = 0; i < actual.size(); ++i)
    EXPECT_EQ(actual.reshaped()[i], expected.reshaped()[i]) << "entry " << i;
}

/// What an empty batch gives: d x n numbers, of which there are none.
inline void expect_empty(const Batch& actual, Eigen::Index d, Eigen::Index n) {
  EXPECT_EQ(actual.size(), 0);
  EXPECT_TRUE(same_shape(actual, Batch(d, n)));
}

inline void expect_near(const Batch& actual, const Batch& expected, double relative) {
  if (!same_shape(actual, expected)) return;
  for (Eigen::Index i = 0; i < actual.size(); ++i) {
    const double a = actual.reshaped()[i], e = expected.reshaped()[i];
    EXPECT_LE(std::abs(a - e), relative * std::max(1.0, std::abs(e)))
        << "entry " << i << ": " << a << " for " << e;
  }
}

}  // namespace ddim
