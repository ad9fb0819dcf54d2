#include "tests/samplers/bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ddim::samplers {
namespace {

/// The bound holds for float32 arithmetic as people write it, and is not so wide that it means nothing.
TEST(Eq12, TheBoundHoldsForFloat32AndIsTight) {
  const Config config = read_config(DDIM_CONFIGS "/sd15.json");
  const Recipe recipe = Recipe::of(paper());
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
      const samplers::Run run = samplers::Run(config, S, leading, eta).with_table(table);
      for (int i = 0; i < S; ++i) {
        const Place place{run, i};
        const float x = normal(generator), e = normal(generator), z = normal(generator);
        const auto a = static_cast<float>(recipe.current(place).alpha_bar),
                   p = static_cast<float>(recipe.prev(place).alpha_bar), h = static_cast<float>(eta);
        const float x0 = (x - std::sqrt(1 - a) * e) / std::sqrt(a);
        const float sigma = h * std::sqrt((1 - p) / (1 - a) * (1 - a / p));
        const float got = std::sqrt(p) * x0 + std::sqrt(1 - p - sigma * sigma) * e + sigma * z;
        const auto one = [](float value) { return RealBatch::Constant(1, 1, value); };
        const Outcome want = step(recipe, place, one(x), one(e), one(z));
        const StepBound bound =
            step_bound(recipe, place, one(x), one(e), one(z), {0x1p-24, 0x1p-24, [](int) { return 0.0; }});
        const double ratio = static_cast<double>(std::abs(got - want.prev_sample(0))) / bound.prev_sample(0);
        EXPECT_LE(ratio, 1) << "eta " << eta << " S " << S << " step " << i;
        largest = std::max(largest, ratio);
      }
    }
  }
  EXPECT_GE(largest, 0.1);
}

TEST(Schedule, TheTablesBoundHoldsForFloat32) {
  for (const char* name : {"sd15", "ddpm-cifar10", "karlo-prior"}) {
    const Config config = read_config(std::string(DDIM_CONFIGS) + "/" + name + ".json");
    const Table exact = exact_table(config);
    const std::vector<double> bound = table_bound(config, 0x1p-24, 0x1p-24);
    float product = 1;
    for (std::size_t t = 0; t < exact.size(); ++t) {
      const Real before = t == 0 ? 1 : exact[t - 1].alpha_bar;
      const auto beta = static_cast<float>((before - exact[t].alpha_bar) / before);
      product *= 1 - beta;
      EXPECT_LE(std::abs(product - exact[t].alpha_bar), bound[t]) << name << " t = " << t;
    }
  }
}

}  // namespace
}  // namespace ddim::samplers
