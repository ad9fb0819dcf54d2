#include "tests/samplers/recipe.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/ddim.hpp"

namespace ddim::samplers {
namespace {

TEST(Tau, NumpysTrailingListHasAnExtraEntryAt62ValuesOfS) {
  std::vector<int> extra;
  for (int S = 1; S <= 1000; ++S) {
    const std::vector<int> list = numpy_trailing(1000, S);
    if (list.size() == static_cast<std::size_t>(S)) continue;
    ASSERT_EQ(list.size(), static_cast<std::size_t>(S) + 1);
    EXPECT_EQ(list.back(), -1);
    extra.push_back(S);
  }
  ASSERT_EQ(extra.size(), 62u);
  EXPECT_EQ(std::vector<int>(extra.begin(), extra.begin() + 3), (std::vector{61, 103, 121}));
}

/// sigma^2 at eta = 1, linear 1e-4..0.02, T = 1000, as double arithmetic on double betas gives them.
TEST(Eq16, AnchorsOfTheRecipe) {
  const Recipe recipe = Recipe::of(paper());
  const samplers::Run run(parse_config("{}", "file"), 50, leading, 1);
  struct Anchor {
    int t, t_prev;
    double variance;
  };
  for (const Anchor& anchor : {Anchor{420, 400, 0.14771951284089857},
                               {980, 960, 0.3246052358749863},
                               {487, 486, 0.009791571985690051},
                               {999, 998, 0.019999983526560627}}) {
    const samplers::Run pair = run.with_timesteps({anchor.t, anchor.t_prev});
    const Place place{pair, 0};
    const Real sigma = recipe.sigma(place, levels(recipe, place));
    EXPECT_NEAR(static_cast<double>(sigma * sigma), anchor.variance, 2e-15 * anchor.variance);
  }
  EXPECT_NEAR(static_cast<double>(run.table().back().alpha_bar), 4.0358297653756754e-05, 4e-19);
}

TEST(Eq12, ZeroTerminalSnrAtEtaOneIsOnTheBoundaryAndFinite) {
  const Config config = read_config(DDIM_CONFIGS "/sd21-zsnr.json");
  const Recipe recipe = Recipe::of(paper());
  for (int S = 1; S <= 100; ++S) {
    const samplers::Run run(config, S, trailing, 1);
    const RealBatch one = RealBatch::Ones(1, 1);
    EXPECT_TRUE(std::isfinite(step(recipe, {run, 0}, one, one, one).prev_sample(0))) << S;
  }
}

}  // namespace
}  // namespace ddim::samplers
