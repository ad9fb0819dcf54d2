#include "tests/samplers/sampler.hpp"

#include <gtest/gtest.h>

#include "tests/samplers/builtin.hpp"
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

}  // namespace
}  // namespace ddim::samplers
