// The statistical claims on the kernels' own noise: Philox words and normals drawn where they are used.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/conformance/stats.hpp"

namespace ddim::conformance {
namespace {

conformance::Run paper_run() {
  conformance::Run run;
  run.config.clip_sample = false;
  run.S = 6;
  run.spacing = Spacing::trailing;
  run.eta = 0.5;
  return run;
}

statistics::Report judged(Implementation& implementation) {
  statistics::Options options;
  options.rates.alpha = 1e-9;
  return judge(subject_of(implementation, paper_run(), /*own_noise=*/true), setting_of(paper_run()), options);
}

TEST(BuiltinCuda, ItsOwnNoisePassesInEveryDtype) {
  for (const std::string dtype : {"float64", "float32", "float16", "bfloat16"}) {
    SCOPED_TRACE(dtype);
    const statistics::Report report = judged(*open("builtin:cuda:" + dtype));
    EXPECT_EQ(report.status(), statistics::Status::pass) << text(report);
    for (const std::string claim : {"Lemma1.chain", "Eq12.path", "Eq16.scale", "Eq10.law"}) {
      const auto verdict = std::find_if(report.verdicts.begin(), report.verdicts.end(),
                                        [&](const auto& v) { return v.claim == claim; });
      ASSERT_NE(verdict, report.verdicts.end()) << claim;
      EXPECT_EQ(verdict->status, statistics::Status::pass) << claim;
    }
  }
}

/// The CUDA path with a fault of its counters: either every call starts with the same ones (`forget`), or
/// every sample of a call takes those of the first.
class FaultyCuda : public Implementation {
 public:
  explicit FaultyCuda(bool forget) : forget_(forget) {}
  const Identity& identity() const override { return inner_->identity(); }
  std::optional<Trouble> configure(const conformance::Run& run) override {
    run_ = run;
    return inner_->configure(run);
  }
  Result<std::vector<int>> timesteps() override { return inner_->timesteps(); }
  Result<std::vector<double>> alphas_cumprod() override { return inner_->alphas_cumprod(); }
  Result<StepOutput> step(int i, const Batch& x_t, const Batch& output,
                          const std::optional<Batch>& noise) override {
    if (forget_) {
      inner_ = open("builtin:cuda:float32");
      (void)inner_->configure(run_);
    }
    if (forget_ || noise) return inner_->step(i, x_t, output, noise);
    const Batch no_noise = Batch::Zero(x_t.rows(), x_t.cols());
    Result<StepOutput> mean = inner_->step(i, x_t, output, no_noise);
    const Result<StepOutput> first = inner_->step(i, x_t.leftCols(1), output.leftCols(1), std::nullopt);
    if (!mean || !first) return mean;
    const Eigen::VectorXd noise_of_first = first->prev_sample.col(0) - mean->prev_sample.col(0);
    return StepOutput{mean->prev_sample.colwise() + noise_of_first, std::nullopt};
  }
  Result<Batch> add_noise(const Batch& x0, const Batch& noise, int timestep) override {
    return inner_->add_noise(x0, noise, timestep);
  }

 private:
  bool forget_;
  conformance::Run run_;
  std::unique_ptr<Implementation> inner_ = open("builtin:cuda:float32");
};

TEST(BuiltinCuda, CountersThatRepeatAreCaught) {
  for (const bool forget : {true, false}) {
    FaultyCuda faulty(forget);
    const statistics::Report report = judged(faulty);
    EXPECT_EQ(report.status(), statistics::Status::fail)
        << (forget ? "from step to step\n" : "from sample to sample\n") << text(report);
  }
}

}  // namespace
}  // namespace ddim::conformance
