// What is judged black box, with the noise it draws itself, and runs that are not the paper's own.

#include <gtest/gtest.h>

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

TEST(Stats, TimesOfTheBankAreCompared) {
  const Sampler wrong = faults::sampler_of(*faults::find("tau-extra-entry"));
  EXPECT_EQ(judged(wrong, samplers::Run::standard(0.5, 61), Noise::injected, {"Contract.times"}).status(),
            Status::fail);
}

}  // namespace
}  // namespace ddim::statistics
