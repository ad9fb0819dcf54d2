#include "tests/statistics/rounding.hpp"

#include <gtest/gtest.h>

#include "tests/samplers/builtin.hpp"
#include "tests/samplers/cuda.hpp"
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
  EXPECT_EQ(alpha_before_rounding(0), 0);  // of claims that have no share of alpha
  EXPECT_EQ(alpha_before_rounding(1), 1);
}

/// Where code that is right rounds to few bits: what it stores; the result of each operation on samples; and its
/// coefficients too.
enum class Rounds { once, each_operation, everything };

std::uint64_t next_draw(const std::shared_ptr<std::uint64_t>& draws, Eigen::Index count) {
  const std::uint64_t first = *draws;
  *draws += static_cast<std::uint64_t>(count);
  return first;
}

/// `step` with noise of its own, too.
Sampler stepping(
    Sampler sampler,
    std::function<Batch(const samplers::Run&, int entry, const Batch& x, const Batch& output, const Batch& z)>
        step) {
  sampler.prepare = [identity = sampler.identity](const samplers::Run&) { return identity; };
  sampler.step = [=](const samplers::Run& run, int entry, const Batch& x, const Batch& output,
                     const Batch& z) { return samplers::StepOutput(step(run, entry, x, output, z)); };
  sampler.own_step = [=, draws = std::make_shared<std::uint64_t>(0)](const samplers::Run& run, int entry,
                                                                     const Batch& x, const Batch& output) {
    const samplers::Draws noise(9, samplers::Stream::noise, "own");
    return samplers::StepOutput(
        step(run, entry, x, output, noise.normal_batch(x.rows(), x.cols(), next_draw(draws, x.cols()), 0)));
  };
  return sampler;
}

/// The reference in few bits.
Sampler rounded(const std::string& dtype, Rounds rounds) {
  Sampler sampler = samplers::reference();
  sampler.identity.dtype = rounds == Rounds::once             ? "float64"
                           : rounds == Rounds::each_operation ? "float32"
                                                              : dtype;
  sampler.identity.sample_dtype = dtype;
  // Given both: coefficients are of the run's table, rounded.
  sampler.alphas_cumprod = {};
  sampler.timesteps = {};
  const Grid grid(samplers::unit_roundoff(dtype)),
      coefficient(samplers::unit_roundoff(sampler.identity.dtype));
  return stepping(sampler, [=, inner = sampler.step](const samplers::Run& run, int entry, const Batch& x,
                                                     const Batch& output, const Batch& z) {
    if (rounds == Rounds::once) return grid.nearest(inner(run, entry, x, output, z)->prev_sample);
    const Law law = run.law(run.step_of(entry));
    const auto r = [&](double value) { return coefficient.nearest(value); };
    const double root_a = r(root(law.current.alpha_bar)), root_b = r(root(law.current.one_minus));
    const Batch x0 = grid.nearest(grid.nearest(x - grid.nearest(root_b * output)) / root_a);
    const Batch mean =
        grid.nearest(grid.nearest(r(law.posterior_x0()) * x0) + grid.nearest(r(law.direction()) * output));
    return grid.nearest(mean + grid.nearest(r(law.sigma()) * grid.nearest(z)));
  });
}

const std::vector<Rounds> kEachWay{Rounds::once, Rounds::each_operation, Rounds::everything};

TEST(Rounding, CorrectStepsInFewBitsDoNotFail) {
  for (const char* dtype : {"float32", "float16", "bfloat16"}) {
    for (const Rounds rounds : kEachWay) {
      for (const Noise noise : {Noise::own, Noise::injected}) {
        Options options;
        options.noise = noise;
        options.only = {"Lemma1.chain", "Eq12", "Eq16", "Eq10"};
        const Judgement judgement = judge(rounded(dtype, rounds), samplers::Run::standard(), options);
        for (const Verdict& verdict : judgement.verdicts)
          EXPECT_TRUE(verdict.status == Status::pass || verdict.status == Status::not_asked)
              << dtype << " " << static_cast<int>(rounds) << (noise == Noise::own ? " own" : " injected")
              << "\n"
              << text(judgement);
      }
    }
  }
}

// Coefficients and samples are each in their own precision, and where a step is rounded once is found out.
TEST(Rounding, TellsThePrecisionsApart) {
  const samplers::Run run = samplers::Run::standard();
  const Sampler cuda = samplers::of_cuda("float16");
  const Rounding rounding(cuda, 0x1p-11, 0x1p-24);
  EXPECT_EQ(rounding.arithmetic(run).u, 0x1p-24);
  EXPECT_EQ(rounding.arithmetic(run).sample_u, 0x1p-11);
  EXPECT_TRUE(rounding.matters());
  for (const char* dtype : {"float16", "bfloat16"}) {
    const double u = samplers::unit_roundoff(dtype);
    const Sampler once = rounded(dtype, Rounds::once), often = rounded(dtype, Rounds::each_operation),
                  kernels = samplers::of_cuda(dtype);
    const Rounding of_once(once, u, 0x1p-53), of_often(often, u, 0x1p-24), of_kernels(kernels, u, 0x1p-24);
    EXPECT_TRUE(of_once.rounds_once(run)) << dtype;
    EXPECT_TRUE(of_kernels.rounds_once(run)) << dtype;
    EXPECT_FALSE(of_often.rounds_once(run)) << dtype;
    // Before it is stored a step that is rounded once is right to within its coefficients' rounding.
    EXPECT_LT(of_once.of_step(run, 3, 1, 1, false), 1e-12);
    EXPECT_LT(of_kernels.of_step(run, 3, 1, 1, false), 1e-5);
    EXPECT_EQ(of_often.of_step(run, 3, 1, 1, false), of_often.of_step(run, 3, 1, 1, true));
    EXPECT_GT(of_kernels.of_step(run, 3, 1, 1, true), u / 2);
  }
  // Coefficients in few bits with samples in many.
  const Sampler table = rounded("float64", Rounds::once);
  EXPECT_TRUE(Rounding(table, 0x1p-53, 0x1p-8).matters());
  EXPECT_FALSE(Rounding(table, 0x1p-53, 0x1p-53).matters());
}

// A step that no rounding explains is not excused by any.
TEST(Rounding, AWrongStepIsTakenAtItsWord) {
  const Sampler often = rounded("bfloat16", Rounds::each_operation);
  const Sampler wrong =
      stepping(often, [inner = often.step](const samplers::Run& run, int entry, const Batch& x,
                                           const Batch& output, const Batch& z) {
        return Grid(0x1p-8).nearest(1.3 * inner(run, entry, x, output, z)->prev_sample);
      });
  EXPECT_TRUE(Rounding(wrong, 0x1p-8, 0x1p-24).rounds_once(samplers::Run::standard()));
  Options options;
  options.noise = Noise::own;
  options.only = {"Eq12.path"};
  EXPECT_EQ(judge(wrong, samplers::Run::standard(), options).status(), Status::fail);
}

// What a dtype leaves out of a claim that passes is said.
TEST(Rounding, APassSaysWhichStepsWereNotAsked) {
  const samplers::Run run(samplers::read_config(DDIM_CONFIGS "/sd15.json"), 100, samplers::trailing, 0.2);
  Options options;
  options.noise = Noise::injected;
  options.only = {"Eq12.amplified"};
  const Sampler narrow = samplers::of_cuda("bfloat16"), wide = samplers::of_cuda("float64");
  const Judgement judgement = judge(narrow, run, options);
  const Verdict& verdict = judgement.verdicts.at(0);
  EXPECT_EQ(verdict.status, Status::pass) << text(judgement);
  EXPECT_TRUE(verdict.detail.starts_with("not asked at ")) << text(judgement);
  EXPECT_NE(verdict.detail.find("rounding of float32/bfloat16 is not small beside sigma there"),
            std::string::npos);
  EXPECT_NE(text(judgement).find(verdict.detail), std::string::npos);
  EXPECT_EQ(judge(wide, run, options).verdicts.at(0).detail, "");
}

TEST(Rounding, ANoiseThatIsAFifthTooWideIsFoundInEveryDtype) {
  for (const char* dtype : {"float32", "float16", "bfloat16"}) {
    for (const Noise noise : {Noise::own, Noise::injected}) {
      const Sampler right = rounded(dtype, Rounds::once);
      const Sampler wide =
          stepping(right, [inner = right.step](const samplers::Run& run, int entry, const Batch& x,
                                               const Batch& output, const Batch& z) {
            return inner(run, entry, x, output, 1.2 * z)->prev_sample;
          });
      Options options;
      options.noise = noise;
      options.only = {"Eq12.path"};
      EXPECT_EQ(judge(wide, samplers::Run::standard(), options).status(), Status::fail) << dtype;
    }
  }
}

}  // namespace
}  // namespace ddim::statistics
