// Tables and lists against reference/'s, which are written otherwise.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/samplers/config.hpp"

namespace ddim::samplers {
namespace {

Real of(const Wide& value) { return static_cast<Real>(value.hi) + static_cast<Real>(value.lo); }

TEST(Schedule, DefinitionsAgreeWithTheReference) {
  for (const char* name :
       {"sd15", "sd21", "sdxl", "ddpm-cifar10", "deepfloyd-if", "karlo-prior", "sd21-zsnr"}) {
    const Config config = read_config(std::string(DDIM_CONFIGS) + "/" + name + ".json");
    const Table table = exact_table(config);
    const Schedule schedule = schedule_of(config);
    ASSERT_EQ(table.size(), static_cast<std::size_t>(schedule.T()));
    for (int t = 0; t < schedule.T(); ++t) {
      const Level& got = table[static_cast<std::size_t>(t)];
      const NoiseLevel& want = schedule.level(t + 1);
      // A beta at the middle of two doubles may round either way; it weighs little in the sum.
      EXPECT_LE(std::abs(got.alpha_bar - of(want.alpha_bar)), 0x1p-52L * of(want.alpha_bar))
          << name << " " << t;
      EXPECT_LE(std::abs(got.one_minus - of(want.one_minus_alpha_bar)),
                0x1p-52L * of(want.one_minus_alpha_bar))
          << name << " " << t;
    }
  }
}

TEST(Tau, RulesAgreeWithTheReference) {
  for (const Spacing* spacing : spacings()) {
    for (const int T : {1, 7, 100, 1000}) {
      for (int S = 1; S <= T; S += S < 70 ? 1 : 37) {
        std::vector<int> want;
        try {
          const Tau tau = spacing->tau(T, S, 0);
          want.assign(tau.times().rbegin(), tau.times().rend());
          for (int& t : want) --t;
        } catch (const DomainError&) {
          EXPECT_THROW(timesteps(*spacing, T, S, 0), DomainError) << spacing->name << T << " " << S;
          continue;
        }
        EXPECT_EQ(timesteps(*spacing, T, S, 0), want) << spacing->name << " T " << T << " S " << S;
      }
    }
  }
}

TEST(Tau, ListsOfTheRules) {
  EXPECT_EQ(timesteps(leading, 1000, 4, 1), (std::vector{751, 501, 251, 1}));
  EXPECT_EQ(timesteps(trailing, 1000, 4, 1), (std::vector{999, 749, 499, 249}));
  EXPECT_EQ(timesteps(linspace, 1000, 4, 1), (std::vector{999, 666, 333, 0}));
  EXPECT_EQ(timesteps(quadratic, 1000, 4, 1), (std::vector{999, 561, 249, 61}));
  EXPECT_EQ(timesteps(trailing, 1000, 16, 0)[15], 61);           // 62.5 goes to the even one
  EXPECT_THROW(timesteps(leading, 1000, 1000, 1), DomainError);  // the offset leaves the table
  EXPECT_THROW(timesteps(linspace, 1000, 1001, 0), DomainError);
  EXPECT_THROW(timesteps(linspace, 1000, 0, 0), DomainError);
}

}  // namespace
}  // namespace ddim::samplers
