#include "tests/statistics/rounding.hpp"

#include <gtest/gtest.h>

#include "tests/samplers/builtin.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/evidence.hpp"
#include "tests/statistics/judge.hpp"

namespace ddim::statistics {
namespace {

TEST(Grid, RoundsAsTheDtypesDo) {
  const Grid f32(0x1p-24), f16(0x1p-11), bf16(0x1p-8), f64(0x1p-53);
  for (const double x : {0.1, -3.7, 1e-3, 65000.3, 1.0, 0.0, 1e-40, -2.5e-41}) {
    EXPECT_EQ(f32.nearest(x), static_cast<double>(static_cast<float>(x))) << x;
    EXPECT_EQ(f64.nearest(x), x);
  }
  EXPECT_EQ(f16.nearest(1 + 0x1p-11), 1);  // ties to even
  EXPECT_EQ(f16.nearest(1 + 0x1.8p-10), 1 + 0x1p-9);
  EXPECT_EQ(f16.nearest(0x1.8p-25), 0x1p-24);  // subnormal
  EXPECT_EQ(bf16.nearest(1.01), 1 + 0x1p-7);
}

// Rounded to a grid as wide as sigma, half of it, a tenth: the residuals are standard normal all the same, and a
// mean that is off by a third of sigma shows.
TEST(Grid, ResidualsOfRoundedNumbersAreStandardNormal) {
  const Grid bf16(0x1p-8);
  for (const double sigma : {0x1p-7, 0x1p-8, 0x1p-4, 1.0}) {
    for (const double shift : {0.0, 0.3}) {
      Evidence evidence(1, 1, 0.5);
      const double mean = 1.99;  // beside a power of two, where the grid changes
      for (std::uint64_t k = 0; k < 20000; ++k) {
        const double z = samplers::Draws(1, samplers::Stream::noise, "grid").normals(k, 0)[0],
                     v = samplers::Draws(1, samplers::Stream::judge, "grid").open_uniform(k, 0);
        evidence.add(0, std::array{1.0},
                     bf16.residual(bf16.nearest(mean + sigma * (z + shift)), mean, sigma, v), false);
      }
      if (shift == 0)
        EXPECT_LT(evidence.log_e(), 5) << sigma;
      else
        EXPECT_GT(evidence.log_e(), 25) << sigma;
    }
  }
}

TEST(Grid, WhatIsNotOnTheGridWasNotRounded) {
  EXPECT_EQ(Grid(0x1p-8).residual(1.001, 1, 0.5, 0.9), (1.001 - 1) / 0.5);
  EXPECT_TRUE(std::isnan(Grid(0x1p-8).residual(std::nan(""), 1, 0.5, 0.9)));
}

TEST(Rounding, AlphaIsLoweredByWhatShiftsCouldAdd) {
  EXPECT_LT(alpha_before_rounding(1e-9), 1e-10);
  EXPECT_GT(alpha_before_rounding(1e-9), 1e-11);
}

/// The reference, its steps rounded to `dtype`; in as many bits all the way, or only where they are stored.
Sampler rounded(const std::string& dtype, bool inside) {
  const Grid grid(samplers::unit_roundoff(dtype));
  Sampler sampler = samplers::reference();
  sampler.identity.dtype = inside ? dtype : "float64";
  sampler.identity.sample_dtype = dtype;
  sampler.prepare = [identity = sampler.identity](const samplers::Run&) { return identity; };
  const auto step = [=, inner = sampler.step](const samplers::Run& run, int entry, const Batch& x,
                                              const Batch& output, const Batch& z) {
    if (!inside) return samplers::StepOutput(grid.nearest(inner(run, entry, x, output, z)->prev_sample));
    const int i = run.step_of(entry);
    const Law law = run.law(i);
    const auto r = [&](double value) { return grid.nearest(value); };
    const double root_a = r(root(law.current.alpha_bar)), root_b = r(root(law.current.one_minus));
    const Batch x0 = grid.nearest(grid.nearest(x - grid.nearest(root_b * output)) / root_a);
    const Batch mean =
        grid.nearest(grid.nearest(r(law.posterior_x0()) * x0) + grid.nearest(r(law.direction()) * output));
    return samplers::StepOutput(grid.nearest(mean + grid.nearest(r(law.sigma()) * grid.nearest(z))));
  };
  sampler.step = step;
  sampler.own_step = [=, draws = std::make_shared<std::uint64_t>(0)](const samplers::Run& run, int entry,
                                                                     const Batch& x, const Batch& output) {
    const auto first = *draws;
    *draws += static_cast<std::uint64_t>(x.cols());
    return step(
        run, entry, x, output,
        samplers::Draws(9, samplers::Stream::noise, "own").normal_batch(x.rows(), x.cols(), first, 0));
  };
  sampler.alphas_cumprod = {};
  return sampler;
}

TEST(Rounding, CorrectStepsInFewBitsDoNotFail) {
  for (const char* dtype : {"float32", "float16", "bfloat16"}) {
    for (const bool inside : {false, true}) {
      for (const Noise noise : {Noise::own, Noise::injected}) {
        Options options;
        options.noise = noise;
        options.only = {"Lemma1.chain", "Eq12", "Eq16", "Eq10"};
        const Judgement judgement = judge(rounded(dtype, inside), samplers::Run::standard(), options);
        for (const Verdict& verdict : judgement.verdicts)
          EXPECT_TRUE(verdict.status == Status::pass || verdict.status == Status::not_asked)
              << dtype << (inside ? " inside " : " stored ") << (noise == Noise::own ? "own" : "injected")
              << "\n"
              << text(judgement);
      }
    }
  }
}

TEST(Rounding, ANoiseThatIsAFifthTooWideIsFoundInEveryDtype) {
  for (const char* dtype : {"float32", "float16", "bfloat16"}) {
    for (const Noise noise : {Noise::own, Noise::injected}) {
      Sampler wide = rounded(dtype, false);
      const Grid grid(samplers::unit_roundoff(dtype));
      wide.step = [=, inner = samplers::reference().step](const samplers::Run& run, int entry, const Batch& x,
                                                          const Batch& output, const Batch& z) {
        return samplers::StepOutput(grid.nearest(inner(run, entry, x, output, 1.2 * z)->prev_sample));
      };
      wide.own_step = [=, draws = std::make_shared<std::uint64_t>(0), step = wide.step](
                          const samplers::Run& run, int entry, const Batch& x, const Batch& output) {
        const auto first = *draws;
        *draws += static_cast<std::uint64_t>(x.cols());
        return step(
            run, entry, x, output,
            samplers::Draws(9, samplers::Stream::noise, "own").normal_batch(x.rows(), x.cols(), first, 0));
      };
      Options options;
      options.noise = noise;
      options.only = {"Eq12.path"};
      EXPECT_EQ(judge(wide, samplers::Run::standard(), options).status(), Status::fail) << dtype;
    }
  }
}

}  // namespace
}  // namespace ddim::statistics
