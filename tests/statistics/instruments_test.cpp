#include "tests/statistics/instruments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/error.hpp"
#include "tests/samplers/draws.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

using samplers::Draws;
using samplers::Stream;

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
    const auto decision = run(SequentialRule(alpha, 3, 4),
                              [&] { return Draws(3, Stream::judge, "looks").uniforms(drawn++, 0)[0]; });
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

TEST(SequentialRule, RefusesWhatIsNoLevel) {
  for (const double alpha : {0.0, -1.0, 1.0, 2.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(SequentialRule(alpha, 3, 4), DomainError) << alpha;
  EXPECT_THROW(SequentialRule(0.1, 0, 4), DomainError);
}

}  // namespace
}  // namespace ddim::statistics
