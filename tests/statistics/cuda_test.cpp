// The statistical claims on the kernels' own noise: Philox words and normals drawn where they are used.

#include "tests/samplers/cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/statistics/judge.hpp"

namespace ddim::statistics {
namespace {

using samplers::Result;
using samplers::StepOutput;

Judgement judged(const Sampler& sampler) {
  Options options;
  options.noise = Noise::own;
  return judge(sampler, samplers::Run::standard(), options);
}

TEST(BuiltinCuda, ItsOwnNoisePassesInEveryDtype) {
  for (const std::string dtype : {"float64", "float32", "float16", "bfloat16"}) {
    SCOPED_TRACE(dtype);
    const Judgement judgement = judged(samplers::of_cuda(dtype));
    EXPECT_EQ(judgement.status(), Status::pass) << text(judgement);
    // Rounding to 16 bits adds up along a chain; a single step has the grid in its null.
    const bool coarse = samplers::unit_roundoff(dtype) > 0x1p-24;
    for (const std::string claim :
         {"Lemma1.chain", "Eq10.law", "Eq12.path", "Eq12.amplified", "Eq16.scale"}) {
      const auto verdict = std::find_if(judgement.verdicts.begin(), judgement.verdicts.end(),
                                        [&](const auto& v) { return v.claim == claim; });
      ASSERT_NE(verdict, judgement.verdicts.end()) << claim;
      const bool chain = claim == "Lemma1.chain" || claim == "Eq10.law";
      EXPECT_EQ(verdict->status, coarse && chain ? Status::not_asked : Status::pass) << text(judgement);
    }
  }
}

/// Every call starts with the same counters.
Sampler forgets() {
  Sampler sampler = samplers::of_cuda("float32");
  sampler.own_step = [](const samplers::Run& run, int entry, const Batch& x_t, const Batch& output) {
    return samplers::of_cuda("float32").own_step(run, entry, x_t, output);
  };
  return sampler;
}

/// Every sample of a call takes the counters of the first.
Sampler repeats_samples() {
  Sampler sampler = samplers::of_cuda("float32");
  sampler.own_step = [inner = samplers::of_cuda("float32")](const samplers::Run& run, int entry,
                                                            const Batch& x_t,
                                                            const Batch& output) -> Result<StepOutput> {
    const auto mean = inner.step(run, entry, x_t, output, Batch::Zero(x_t.rows(), x_t.cols()));
    const auto first = inner.own_step(run, entry, x_t.leftCols(1), output.leftCols(1));
    if (!mean || !first) return mean;
    const Eigen::VectorXd noise = first->prev_sample.col(0) - mean->prev_sample.col(0);
    return StepOutput(mean->prev_sample.colwise() + noise);
  };
  return sampler;
}

TEST(BuiltinCuda, CountersThatRepeatAreCaught) {
  for (const Sampler& faulty : {forgets(), repeats_samples()}) {
    const Judgement judgement = judged(faulty);
    EXPECT_EQ(judgement.status(), Status::fail) << text(judgement);
  }
}

}  // namespace
}  // namespace ddim::statistics
