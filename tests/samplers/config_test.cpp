#include "tests/samplers/config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/samplers/printable.hpp"

namespace ddim::samplers {
namespace {

std::string rejection(const std::string& json) {
  try {
    parse_config(json, "file");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Config, AbsentKeysTakeTheTargetClasssDefaults) {
  const Config config = parse_config("{}", "file");
  EXPECT_EQ(config.T, 1000);
  EXPECT_EQ(config.beta_schedule, &linear);
  EXPECT_EQ(config.beta_start, 1e-4);
  EXPECT_EQ(config.beta_end, 0.02);
  EXPECT_TRUE(config.clip_sample);
  EXPECT_TRUE(config.set_alpha_to_one);
  EXPECT_EQ(config.spacing, &leading);
  EXPECT_EQ(config.prediction, Prediction::eps);
  EXPECT_TRUE(config.warnings.empty());
}

TEST(Config, AbsentKeysTakeTheDefaultsOfTheClassThatWroteTheFile) {
  const auto of_class = [](const std::string& name) {
    return parse_config(R"({"_class_name": ")" + name + R"("})", "file");
  };
  for (const char* name : {"PNDMScheduler", "FlaxPNDMScheduler"}) {
    EXPECT_FALSE(of_class(name).clip_sample) << name;
    EXPECT_FALSE(of_class(name).set_alpha_to_one) << name;
  }
  EXPECT_EQ(of_class("UnCLIPScheduler").beta_schedule, &squaredcos_cap_v2);
  EXPECT_EQ(of_class("UnCLIPScheduler").variance_type, "fixed_small_log");
  for (const char* name : {"EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler",
                           "LMSDiscreteScheduler", "DPMSolverMultistepScheduler", "HeunDiscreteScheduler"}) {
    EXPECT_FALSE(of_class(name).clip_sample) << name;
    EXPECT_EQ(of_class(name).spacing, &linspace) << name;
  }
  EXPECT_EQ(of_class("HeunDiscreteScheduler").beta_start, 0.00085);
  EXPECT_EQ(of_class("LCMScheduler").beta_schedule, &scaled_linear);
  EXPECT_TRUE(of_class("DDPMScheduler").clip_sample);
  const Config said = parse_config(R"({"_class_name": "PNDMScheduler", "clip_sample": true})", "file");
  EXPECT_TRUE(said.clip_sample);
  EXPECT_EQ(std::count(said.absent.begin(), said.absent.end(), "set_alpha_to_one = false"), 1);
  EXPECT_EQ(std::count(said.absent.begin(), said.absent.end(), "clip_sample = true"), 0);
}

TEST(Config, WhatIsJudgedIsWhatIsSent) {
  for (const char* file : {R"({"_class_name": "PNDMScheduler", "other": 7})", "{}"}) {
    const Config config = parse_config(file, "file"), sent = parse_config(config.json, "sent");
    EXPECT_EQ(sent.clip_sample, config.clip_sample);
    EXPECT_EQ(sent.set_alpha_to_one, config.set_alpha_to_one);
    EXPECT_TRUE(sent.absent.empty());
    EXPECT_EQ(sent.json, config.json);
    EXPECT_EQ(sent.warnings, config.warnings);
  }
}

TEST(Config, NullMeansAbsent) {
  EXPECT_EQ(parse_config(R"({"trained_betas": null, "steps_offset": null})", "file").steps_offset, 0);
}

TEST(Config, RealFilesAreRead) {
  struct Expected {
    const char* file;
    const char* class_name;
    const BetaRule* schedule;
    Prediction prediction;
    const Spacing* spacing;
    int steps_offset;
    bool set_alpha_to_one, clip, thresholding, zero_snr;
    std::size_t warnings;
  };
  for (const Expected& expected : {
           Expected{"sd15", "PNDMScheduler", &scaled_linear, Prediction::eps, &leading, 1, false, false,
                    false, false, 1},
           {"sd21", "DDIMScheduler", &scaled_linear, Prediction::v, &leading, 1, false, false, false, false,
            1},
           {"sdxl", "EulerDiscreteScheduler", &scaled_linear, Prediction::eps, &leading, 1, false, false,
            false, false, 3},
           {"ddpm-cifar10", "DDPMScheduler", &linear, Prediction::eps, &leading, 0, true, true, false, false,
            0},
           {"deepfloyd-if", "DDPMScheduler", &squaredcos_cap_v2, Prediction::eps, &leading, 0, true, true,
            true, false, 0},
           {"karlo-prior", "UnCLIPScheduler", &squaredcos_cap_v2, Prediction::x0, &leading, 0, true, true,
            false, false, 0},
           {"sd21-zsnr", "DDIMScheduler", &scaled_linear, Prediction::v, &trailing, 1, false, false, false,
            true, 0},
       }) {
    SCOPED_TRACE(expected.file);
    const Config config = read_config(std::string(DDIM_CONFIGS) + "/" + expected.file + ".json");
    EXPECT_EQ(config.class_name, expected.class_name);
    EXPECT_EQ(config.beta_schedule, expected.schedule);
    EXPECT_EQ(config.prediction, expected.prediction);
    EXPECT_EQ(config.spacing, expected.spacing);
    EXPECT_EQ(config.steps_offset, expected.steps_offset);
    EXPECT_EQ(config.set_alpha_to_one, expected.set_alpha_to_one);
    EXPECT_EQ(config.clip_sample, expected.clip);
    EXPECT_EQ(config.thresholding, expected.thresholding);
    EXPECT_EQ(config.rescale_betas_zero_snr, expected.zero_snr);
    EXPECT_EQ(config.warnings.size(), expected.warnings);
    EXPECT_EQ(schedule_of(config).alpha_bar(1000) == 0, expected.zero_snr);
  }
}

TEST(Config, UnknownKeysAreWarnings) {
  const Config config = parse_config(R"({"skip_prk_steps": true, "_diffusers_version": "0.6.0"})", "file");
  ASSERT_EQ(config.warnings.size(), 1u);
  EXPECT_NE(config.warnings[0].find("skip_prk_steps = true"), std::string::npos);
}

TEST(Config, EachErrorIsOneLineWithWhatValueAndDomain) {
  struct Case {
    const char* json;
    const char* message;
  };
  for (const Case& bad : {
           Case{R"({"beta_end": 2})", "file: beta_end = 2 is outside 0 < beta < 1"},
           {R"({"beta_start": 0})", "file: beta_start = 0 is outside 0 < beta < 1"},
           {R"({"beta_start": [0.1, 0.2]})", "file: beta_start = [0.1,0.2] is outside the numbers"},
           {R"({"beta_end": "0.02"})", R"(file: beta_end = "0.02" is outside the numbers)"},
           {R"({"num_train_timesteps": 0})",
            "file: num_train_timesteps = 0 is outside the integers from 1 to 100000"},
           {R"({"num_train_timesteps": 10.5})",
            "file: num_train_timesteps = 10.5 is outside the integers from 1 to 100000"},
           {R"({"num_train_timesteps": 1e30})",
            "file: num_train_timesteps = 1e+30 is outside the integers from 1 to 100000"},
           {R"({"steps_offset": -1})", "file: steps_offset = -1 is outside the integers from 0 to 1000"},
           {R"({"clip_sample": 1})", "file: clip_sample = 1 is outside true or false"},
           {R"({"clip_sample_range": 0})", "file: clip_sample_range = 0 is outside range > 0"},
           {R"({"dynamic_thresholding_ratio": 1.5})",
            "file: dynamic_thresholding_ratio = 1.5 is outside 0 <= ratio <= 1"},
           {R"({"thresholding": true, "sample_max_value": 0.5})",
            "file: sample_max_value = 0.5 is outside sample_max_value >= 1 (thresholding is on)"},
           {R"({"beta_schedule": "cosine"})",
            R"(file: beta_schedule = "cosine" is outside {linear, scaled_linear, squaredcos_cap_v2})"},
           {R"({"timestep_spacing": 3})",
            "file: timestep_spacing = 3 is outside {leading, trailing, linspace}"},
           {R"({"prediction_type": "v"})",
            R"(file: prediction_type = "v" is outside {epsilon, sample, v_prediction})"},
           {R"({"num_train_timesteps": 3, "trained_betas": [0.1, 0.2]})",
            "file: length of trained_betas = 2 is outside num_train_timesteps = 3"},
           {R"({"num_train_timesteps": 2, "trained_betas": [0.1, true]})",
            "file: trained_betas[1] = true is outside the numbers"},
           {R"({"num_train_timesteps": 2, "trained_betas": [0.1, 1.5]})",
            "file: trained_betas[1] = 1.5 is outside 0 < beta < 1"},
           {R"({"trained_betas": 0.1})", "file: trained_betas = 0.1 is outside the lists of numbers"},
           {R"({"num_train_timesteps": 1, "rescale_betas_zero_snr": true})",
            "file: num_train_timesteps = 1 is outside T >= 2 (rescale_betas_zero_snr is on)"},
           {"[1, 2]", "file: [1,2] is outside the JSON objects"},
       }) {
    SCOPED_TRACE(bad.json);
    EXPECT_EQ(rejection(bad.json), bad.message);
  }
}

TEST(Config, TruncatedFilesAreNamed) {
  for (const char* text : {"", "{", R"({"beta_end": 0.0)", R"({"beta_end": 0.012,)"}) {
    const std::string message = rejection(text);
    EXPECT_NE(message.find("not JSON, or cut short: parse error at line 1"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(Config, WhatIsNotAFileOfItsOwnKindSaysWhich) {
  const auto refusal = [](const std::string& path) {
    try {
      read_config(path, std::chrono::milliseconds(50));
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const std::string folder = testing::TempDir(), empty = folder + "/empty.json", pipe = folder + "/pipe.json",
                    odd = folder + "/\x1b[2J.json";
  EXPECT_EQ(refusal("/no/such/file.json"), "/no/such/file.json: no such file");
  EXPECT_EQ(refusal(DDIM_CONFIGS), DDIM_CONFIGS ": a directory, not a file");
  std::ofstream{empty};
  EXPECT_EQ(refusal(empty), empty + ": an empty file");
  EXPECT_EQ(refusal("/dev/zero"), "/dev/zero: larger than 32 MiB");
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(refusal(pipe), pipe + ": a pipe, to which nothing was written for 50 ms");
  std::ofstream(odd) << "{";
  EXPECT_TRUE(refusal(odd).starts_with(printable(odd) + ": not JSON, or cut short"));
}

TEST(Config, NothingIsOverlookedOrChosenSilently) {
  EXPECT_EQ(rejection(std::string("{}\0{\"beta_end\": 2}", 18)), "file: a NUL after 2 bytes");
  EXPECT_EQ(rejection(R"({"beta_end": 0.01, "beta_end": 0.02})"), "file: the key beta_end comes twice");
  EXPECT_EQ(rejection(R"({"a": {"b": 1, "b": 2}})"), "file: the key b comes twice");
  EXPECT_EQ(parse_config(R"({"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]})", "file").warnings.size(), 2u);
  EXPECT_NE(rejection("{\"beta_end\": \"\xff\"}").find("\\xff"), std::string::npos);
}

TEST(Config, NestingIsBounded) {
  const auto nested = [](int depth) {
    return "{\"a\": " + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_EQ(rejection(nested(63)), "accepted");
  EXPECT_EQ(rejection(nested(64)), "file: nested deeper than 64 levels");
  EXPECT_EQ(rejection(nested(80000)), "file: nested deeper than 64 levels");
}

TEST(Config, FilesOfOtherFamiliesAreRefusedByName) {
  EXPECT_EQ(rejection(R"({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0})"),
            "file: _class_name = FlowMatchEulerDiscreteScheduler is outside DDIM's family: flow matching: "
            "x_t = (1 - sigma) x_0 + sigma noise");
  EXPECT_EQ(rejection(R"({"_class_name": "DDPMWuerstchenScheduler", "s": 0.008, "scaler": 1.0})"),
            "file: _class_name = DDPMWuerstchenScheduler is outside DDIM's family: Wuerstchen: times are "
            "continuous");
  EXPECT_EQ(
      rejection(R"({"_class_name": "EulerDiscreteScheduler", "timestep_type": "continuous"})"),
      "file: timestep_type = \"continuous\" is outside DDIM's family: EDM: noise levels are continuous");
  for (const char* name : {"EDMEulerScheduler", "FlaxKarrasVeScheduler", "ScoreSdeVpScheduler",
                           "SCMScheduler", "CosineDPMSolverMultistepScheduler", "VQDiffusionScheduler"})
    EXPECT_NE(rejection(std::string(R"({"_class_name": ")") + name + "\"}").find("outside DDIM's family"),
              std::string::npos)
        << name;
  for (const char* name :
       {"DDIMScheduler", "FlaxPNDMScheduler", "EulerDiscreteScheduler", "UnCLIPScheduler", "Mine"})
    EXPECT_EQ(rejection(std::string(R"({"_class_name": ")") + name + R"(", "timestep_type": "discrete"})"),
              "accepted");
}

TEST(Config, KeysThatChangeTheTableAreNotIgnored) {
  const Config config = parse_config(R"({"snr_shift_scale": 3.0})", "file");
  EXPECT_EQ(config.table_unknown,
            "the file's snr_shift_scale = 3.0 changes the table, and how is not known here");
  EXPECT_EQ(config.warnings, std::vector{config.table_unknown});
  EXPECT_EQ(parse_config(R"({"snr_shift_scale": 1.0})", "file").table_unknown, "");
}

TEST(Config, ASchedulePossibleInEveryKeyButNotAsAWholeIsRejected) {
  EXPECT_NE(rejection(R"({"beta_start": 0.9, "beta_end": 0.9999})").find("destroys all signal"),
            std::string::npos);
}

TEST(Config, TrainedBetasWin) {
  const Config config = parse_config(R"({"num_train_timesteps": 2, "trained_betas": [0.5, 0.5]})", "file");
  EXPECT_EQ(schedule_of(config).alpha_bar(2), 0.25);
}

}  // namespace
}  // namespace ddim::samplers
