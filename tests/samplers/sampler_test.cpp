#include "tests/samplers/sampler.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/samplers/builtin.hpp"
#include "tests/samplers/dtype.hpp"
#include "tests/samplers/open.hpp"

namespace ddim::samplers {
namespace {

samplers::Run sd15(double eta, const Spacing& spacing = leading) {
  return {read_config(DDIM_CONFIGS "/sd15.json"), 10, spacing, eta};
}

TEST(Sampler, LocatorsThatNameNothingAreUsageErrors) {
  for (const char* locator : {"", "builtin:", "builtin:nothing", "py:", "exec:", "lib:x.so"}) {
    try {
      open(locator);
      ADD_FAILURE() << locator;
    } catch (const OpenError& error) {
      EXPECT_EQ(error.kind, OpenError::Kind::usage) << locator;
    }
  }
}

TEST(Sampler, WithoutNoiseTheBuiltinsDrawTheirOwn) {
  const Sampler sampler = reference();
  const Batch x = Batch::Ones(4, 2);
  const auto first = ask(sampler.own_step, sd15(1), 0, x, x),
             second = ask(sampler.own_step, sd15(1), 0, x, x);
  ASSERT_TRUE(first && second);
  EXPECT_GT((first->prev_sample - second->prev_sample).cwiseAbs().minCoeff(), 0);
}

TEST(Sampler, StepsOutsideTheListAreErrorsNotCrashes) {
  const Sampler sampler = reference();
  const Batch x = Batch::Ones(4, 2);
  for (const int entry : {-1, 10})
    EXPECT_EQ(ask(sampler.step, sd15(0), entry, x, x, x).trouble().why, Status::errored);
  EXPECT_EQ(ask(sampler.add_noise, sd15(0), 1000, x, x).trouble().why, Status::errored);
  const Sampler late = of_recipe(
      [](Recipe& recipe) {
        recipe.timesteps = [kept = recipe.timesteps](const samplers::Run& run) {
          auto list = kept(run);
          for (int& t : list) ++t;
          return list;
        };
      },
      {"late", "1", "C++"});
  EXPECT_EQ(ask(late.step, sd15(0, trailing), 0, x, x, x).trouble().why, Status::errored);
}

TEST(Sampler, WhatIsNotThereIsNotSupplied) {
  const Sampler sampler =
      Sampler::of_step("mine", [](double, double, double, const Batch& x, const Batch&) { return x; });
  EXPECT_EQ(ask(sampler.step, sd15(0), 0, Batch(), Batch(), Batch()).trouble().why, Status::not_supplied);
  Config v = sd15(0).config();
  v.prediction = Prediction::v;
  EXPECT_EQ(ask(sampler.own_step, samplers::Run(v, 10, leading, 0), 0, Batch(), Batch()).trouble().why,
            Status::unsupported);
}

TEST(Sampler, ARecipeIsTheDefinitionOfTheRunsDialect) {
  const Sampler literal = of_recipe([](Recipe&) {}, {"literal", "1", "C++"});
  const Batch x = Batch::Random(4, 2), output = Batch::Random(4, 2), noise = Batch::Random(4, 2);
  for (const Dialect& dialect : dialects()) {
    const samplers::Run run(read_config(DDIM_CONFIGS "/ddpm-cifar10.json"), 10, leading, 0.5, dialect);
    for (int entry = 0; entry < 10; ++entry) {
      const auto one = ask(literal.step, run, entry, x, output, noise),
                 other = ask(reference().step, run, entry, x, output, noise);
      ASSERT_TRUE(one && other);
      EXPECT_LE((one->prev_sample - other->prev_sample).cwiseAbs().maxCoeff(), 1e-13) << dialect.name;
    }
  }
}

TEST(Sampler, IsNotJudgedByKeysThatItsClassDoesNotTake) {
  const Config file = parse_config(R"({"set_alpha_to_one": false, "variance_type": "fixed_large"})", "file");
  Identity who{"a class", "1", "Python"};
  EXPECT_FALSE(as_taken(file, who).set_alpha_to_one);
  EXPECT_FALSE(as_taken(file, who).sigma_hat);
  EXPECT_TRUE(not_taken(file, who).empty());
  who.keys = {"variance_type"};
  EXPECT_TRUE(as_taken(file, who).set_alpha_to_one);
  EXPECT_TRUE(as_taken(file, who).sigma_hat);
  EXPECT_EQ(not_taken(file, who).size(), 3u);  // clip_sample is on by default, and judged
}

TEST(Eq16, SigmaHatIsTheNoisesAloneAndNotAtTimestepZero) {
  Config config = parse_config(R"({"clip_sample": false})", "file");
  config.sigma_hat = true;
  const Recipe recipe = Recipe::of(paper());
  for (const double eta : {0.5, 1.0}) {
    const samplers::Run run(config, 10, leading, eta);
    for (int i = 1; i <= 10; ++i) {
      const Law law = run.law(i);
      const bool hat = eta == 1 && run.timestep(i) > 0;
      const Real want = hat ? 1 - law.current.alpha_bar / law.prev.alpha_bar : law.variance;
      EXPECT_NEAR(static_cast<double>(law.noise_variance), static_cast<double>(want), 1e-15);
      const RealBatch zero = RealBatch::Zero(1, 1), one = RealBatch::Ones(1, 1);
      EXPECT_NEAR(static_cast<double>(step(recipe, {run, run.entry(i)}, zero, zero, one).prev_sample(0)),
                  law.sigma(), 1e-15);
    }
  }
}

TEST(Dtype, IsTheNarrowestThatHoldsEveryNumber) {
  const Batch dense = Batch::Random(4, 8);
  EXPECT_EQ(narrowest_dtype(dense), "float64");
  EXPECT_EQ(narrowest_dtype(dense.cast<float>().cast<double>()), "float32");
  EXPECT_EQ(narrowest_dtype((dense * 0x1p11).array().round().matrix()), "float16");
  EXPECT_EQ(narrowest_dtype((dense * 0x1p7).array().round().matrix()), "bfloat16");
  EXPECT_EQ(narrowest_dtype(Batch::Constant(4, 8, 42.0)), "");  // one number says nothing
  EXPECT_EQ(narrowest_dtype(Batch::Constant(4, 8, std::nan(""))), "");
}

TEST(Dtype, NamesCoefficientsAndSamples) {
  EXPECT_EQ(Dtypes::named("float32").samples, "float32");
  EXPECT_EQ(Dtypes::named("float32/bfloat16").coefficients, "float32");
  EXPECT_EQ(Dtypes::named("float32/bfloat16").samples, "bfloat16");
  for (const char* wrong : {"", "float7", "float32/", "/float32", "float32/bfloat16/float16"})
    EXPECT_THROW(Dtypes::named(wrong), DomainError) << wrong;
}

TEST(Dialect, TheLongestLocatorThatFitsDecides) {
  EXPECT_EQ(default_dialect("py:diffusers:DDIMScheduler").name, "diffusers");
  EXPECT_EQ(default_dialect("py:diffusers:DDPMScheduler").name, "paper");
  EXPECT_EQ(default_dialect("py:diffusers.schedulers:DDPMScheduler").name, "paper");
  EXPECT_EQ(default_dialect("py:mine:step").name, "paper");
}

}  // namespace
}  // namespace ddim::samplers
