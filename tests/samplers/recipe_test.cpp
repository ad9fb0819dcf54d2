#include "tests/conformance/recipe.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reference/ddim.hpp"

namespace ddim::conformance {
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

TEST(Tau, DefinedTimestepsAreTheReferencesReversedAndZeroBased) {
  conformance::Run run{parse_config(R"({"steps_offset": 1})", "file"), 4, Spacing::leading, 0,
                       Dialect::paper};
  EXPECT_EQ(defined_timesteps(run), (std::vector{751, 501, 251, 1}));
  run.spacing = Spacing::trailing;
  EXPECT_EQ(defined_timesteps(run), (std::vector{999, 749, 499, 249}));
  run.spacing = Spacing::linspace;
  EXPECT_EQ(defined_timesteps(run), (std::vector{999, 666, 333, 0}));
  run.spacing = Spacing::leading;
  run.S = 1000;  // the offset leaves the table
  EXPECT_THROW(defined_timesteps(run), DomainError);
}

/// sigma^2 at eta = 1, linear 1e-4..0.02, T = 1000, as double arithmetic on double betas gives them.
TEST(Eq16, AnchorsOfTheRecipe) {
  const Recipe recipe = Recipe::of(Dialect::paper);
  const conformance::Run run{parse_config("{}", "file"), 50, Spacing::leading, 1, Dialect::paper};
  const Table table = exact_table(run.config);
  struct Anchor {
    int t, t_prev;
    double variance;
  };
  for (const Anchor& anchor : {Anchor{420, 400, 0.14771951284089857},
                               {980, 960, 0.3246052358749863},
                               {487, 486, 0.009791571985690051},
                               {999, 998, 0.019999983526560627}}) {
    const std::vector<int> list{anchor.t, anchor.t_prev};
    const Place place{run, table, list, 0};
    const Real sigma = recipe.sigma(place, levels(recipe, place));
    EXPECT_NEAR(static_cast<double>(sigma * sigma), anchor.variance, 2e-15 * anchor.variance);
  }
  EXPECT_NEAR(static_cast<double>(table.back().alpha_bar), 4.0358297653756754e-05, 4e-19);
}

/// The bound holds for float32 arithmetic as people write it, and is not so wide that it means nothing.
TEST(Eq12, TheBoundHoldsForFloat32AndIsTight) {
  const Config config = read_config(DDIM_CONFIGS "/sd15.json");
  const Recipe recipe = Recipe::of(Dialect::paper);
  std::vector<double> alphas;
  float product = 1;
  const Table exact = exact_table(config);
  for (std::size_t t = 0; t < exact.size(); ++t) {
    const Real before = t == 0 ? 1 : exact[t - 1].alpha_bar;
    product *= static_cast<float>(exact[t].alpha_bar / before);
    alphas.push_back(product);
  }
  const Table table = table_of(alphas);
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  double largest = 0;
  for (const double eta : {0.0, 0.5, 1.0}) {
    for (const int S : {1, 10, 50, 999}) {
      const conformance::Run run{config, S, Spacing::leading, eta, Dialect::paper};
      const std::vector<int> list = defined_timesteps(run);
      for (int i = 0; i < S; ++i) {
        const Place place{run, table, list, i};
        const float x = normal(generator), e = normal(generator), z = normal(generator);
        const auto a = static_cast<float>(recipe.current(place).alpha_bar),
                   p = static_cast<float>(recipe.prev(place).alpha_bar), h = static_cast<float>(eta);
        const float x0 = (x - std::sqrt(1 - a) * e) / std::sqrt(a);
        const float sigma = h * std::sqrt((1 - p) / (1 - a) * (1 - a / p));
        const float got = std::sqrt(p) * x0 + std::sqrt(1 - p - sigma * sigma) * e + sigma * z;
        const auto one = [](float value) { return RealBatch::Constant(1, 1, value); };
        const Outcome want = step(recipe, place, one(x), one(e), one(z));
        const StepBound bound =
            step_bound(recipe, place, one(x), one(e), one(z), 0x1p-24, [](int) { return 0.0; });
        const double ratio = static_cast<double>(std::abs(got - want.prev_sample(0))) / bound.prev_sample(0);
        EXPECT_LE(ratio, 1) << "eta " << eta << " S " << S << " step " << i;
        largest = std::max(largest, ratio);
      }
    }
  }
  EXPECT_GE(largest, 0.05);
}

TEST(Schedule, TheTablesBoundHoldsForFloat32) {
  for (const char* name : {"sd15", "ddpm-cifar10", "karlo-prior"}) {
    const Config config = read_config(std::string(DDIM_CONFIGS) + "/" + name + ".json");
    const Table exact = exact_table(config);
    const std::vector<double> bound = table_bound(config, 0x1p-24);
    float product = 1;
    for (std::size_t t = 0; t < exact.size(); ++t) {
      const Real before = t == 0 ? 1 : exact[t - 1].alpha_bar;
      const auto beta = static_cast<float>((before - exact[t].alpha_bar) / before);
      product *= 1 - beta;
      EXPECT_LE(std::abs(product - exact[t].alpha_bar), bound[t] * exact[t].alpha_bar)
          << name << " t = " << t;
    }
  }
}

TEST(Eq12, ZeroTerminalSnrAtEtaOneIsOnTheBoundaryAndFinite) {
  const Config config = read_config(DDIM_CONFIGS "/sd21-zsnr.json");
  const Recipe recipe = Recipe::of(Dialect::paper);
  const Table table = exact_table(config);
  for (int S = 1; S <= 100; ++S) {
    const conformance::Run run{config, S, Spacing::trailing, 1, Dialect::paper};
    const std::vector<int> list = defined_timesteps(run);
    const RealBatch one = RealBatch::Ones(1, 1);
    EXPECT_TRUE(std::isfinite(step(recipe, {run, table, list, 0}, one, one, one).prev_sample(0))) << S;
  }
}

}  // namespace
}  // namespace ddim::conformance
