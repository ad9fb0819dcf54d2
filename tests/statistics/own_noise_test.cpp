// What is judged black box, with the noise it draws itself, and runs that are not the paper's own.

#include <gtest/gtest.h>

#include <random>

#include "tests/faults/fault.hpp"
#include "tests/statistics/judge.hpp"

namespace ddim::statistics {
namespace {

Judgement judged(const Sampler& sampler, const samplers::Run& run, Noise noise,
                 std::vector<std::string> only = {}) {
  Options options;
  options.noise = noise;
  options.only = std::move(only);
  return judge(sampler, run, options);
}

TEST(Stats, ReferencePassesWithItsOwnNoiseAndWithOurs) {
  for (const Noise noise : {Noise::injected, Noise::own}) {
    const Judgement judgement = judged(samplers::reference(), samplers::Run::standard(), noise);
    EXPECT_EQ(judgement.noise, noise);
    EXPECT_EQ(judgement.status(), Status::pass) << text(judgement);
  }
}

TEST(Stats, NoiseIsHandedInWhereAStepTakesIt) {
  Sampler sampler = samplers::reference();
  EXPECT_EQ(default_noise(sampler), Noise::injected);
  sampler.step = {};
  EXPECT_EQ(default_noise(sampler), Noise::own);
  const Judgement judgement = judged(sampler, samplers::Run::standard(), Noise::own, {"Eq12.injected"});
  EXPECT_EQ(judgement.verdicts.at(0).detail, "the implementation takes no noise");
}

// As README's recipe in C++, in single precision.
TEST(Stats, APlainStepInFloat32IsJudgedInFloat32) {
  std::mt19937_64 generator(7);
  std::normal_distribution<float> normal;
  const auto step = [&](double a, double a_prev, double eta, const Batch& x_t, const Batch& eps) {
    const double sigma = eta * std::sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev));
    const Eigen::MatrixXf z =
        Eigen::MatrixXf::NullaryExpr(x_t.rows(), x_t.cols(), [&] { return normal(generator); });
    const Eigen::MatrixXf x = x_t.cast<float>(), e = eps.cast<float>();
    const Eigen::MatrixXf x_prev =
        static_cast<float>(std::sqrt(a_prev / a)) * (x - static_cast<float>(std::sqrt(1 - a)) * e) +
        static_cast<float>(std::sqrt(1 - a_prev - sigma * sigma)) * e + static_cast<float>(sigma) * z;
    return Batch(x_prev.cast<double>());
  };
  const Judgement judgement =
      judged(Sampler::of_step("float32", step), samplers::Run::standard(), Noise::own);
  EXPECT_EQ(judgement.status(), Status::pass) << text(judgement);
  EXPECT_EQ(judgement.sampler.dtype, "float32");
}

TEST(Stats, RunsOfOtherConfigurationsPass) {
  for (const char* json : {R"({"clip_sample": true})", R"({"thresholding": true, "clip_sample": false})",
                           R"({"clip_sample": false, "prediction_type": "v_prediction"})",
                           R"({"clip_sample": false, "prediction_type": "sample"})",
                           R"({"clip_sample": false, "set_alpha_to_one": false, "steps_offset": 1})"}) {
    for (const char* dialect : {"paper", "diffusers"}) {
      const samplers::Config config = samplers::parse_config(json, "here");
      const samplers::Run run(config, 5, *config.spacing, 0.7, samplers::dialect(dialect));
      const Judgement judgement = judged(samplers::reference(), run, Noise::injected);
      EXPECT_EQ(judgement.status(), Status::pass) << json << " " << dialect << "\n" << text(judgement);
    }
  }
}

TEST(Stats, NoiseFromASmallPoolOfSeedsRepeats) {
  const Sampler pool = faults::sampler_of(*faults::find("noise-small-pool"));
  for (const double eta : {0.5, 1.0}) {
    const samplers::Run run = samplers::Run::standard(eta);
    EXPECT_EQ(judged(pool, run, Noise::own, {"Generator.pool"}).status(), Status::fail);
    EXPECT_EQ(judged(samplers::reference(), run, Noise::own, {"Generator.pool"}).status(), Status::pass);
  }
}

TEST(Stats, TimesOfTheBankAreCompared) {
  const Sampler wrong = faults::sampler_of(*faults::find("tau-extra-entry"));
  EXPECT_EQ(judged(wrong, samplers::Run::standard(0.5, 61), Noise::injected, {"Contract.times"}).status(),
            Status::fail);
}

}  // namespace
}  // namespace ddim::statistics
