#include "tests/statistics/gates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/error.hpp"
#include "tests/statistics/laws.hpp"
#include "tests/statistics/random.hpp"

namespace ddim::statistics {
namespace {

TEST(Budget, SharesAddUp) {
  const Budget budget({1e-9, 1e-3}, {0.5, 0.25, 0.25});
  EXPECT_DOUBLE_EQ(budget.alpha(0) + budget.alpha(1) + budget.alpha(2), 1e-9);
  EXPECT_DOUBLE_EQ(budget.bar(1), std::log(4e9));
  EXPECT_THROW(Budget({1e-9, 1e-3}, {0.5, 0.4}), DomainError);
  EXPECT_THROW(Budget({0.0, 1e-3}, {1.0}), DomainError);
}

SequentialRule::Decision run(SequentialRule rule, const std::function<double()>& p) {
  for (;;) {
    const auto decision = rule.look(p());
    if (decision != SequentialRule::Decision::more) return decision;
  }
}

TEST(SequentialRule, FalseAlarmsStayBelowAlphaAndAreNotVacuous) {
  constexpr int kRuns = 200000;
  const double alpha = 0.05;
  std::uint64_t drawn = 0;
  int failed = 0;
  for (int i = 0; i < kRuns; ++i) {
    const auto decision =
        run(SequentialRule(alpha, 3, 4), [&] { return Draws(3, Stream::judge, 0).uniforms(drawn++, 0)[0]; });
    failed += decision == SequentialRule::Decision::fail ? 1 : 0;
  }
  EXPECT_LT(failed, alpha * kRuns + 5 * std::sqrt(alpha * kRuns));
  EXPECT_GT(failed, 0.3 * alpha * kRuns);
}

TEST(SequentialRule, SmallAndMissingPValuesFail) {
  EXPECT_EQ(run(SequentialRule(1e-9, 3, 4), [] { return 1e-12; }), SequentialRule::Decision::fail);
  EXPECT_EQ(run(SequentialRule(1e-9, 3, 4), [] { return std::numeric_limits<double>::quiet_NaN(); }),
            SequentialRule::Decision::fail);
  EXPECT_EQ(run(SequentialRule(1e-9, 3, 4), [] { return 0.7; }), SequentialRule::Decision::pass);
}

}  // namespace
}  // namespace ddim::statistics
