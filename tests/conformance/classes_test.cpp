// Python samplers as they are: how they are made and asked, what they answer, in which dtype.

#include "tests/conformance/shell.hpp"

namespace ddim::conformance {
namespace {

/// Of tests/samplers/peers, on a file whose keys all matter.
std::string file() {
  return written("classes.json",
                 R"({"num_train_timesteps": 200, "beta_schedule": "scaled_linear", "beta_start": 0.001,
                     "clip_sample": true, "clip_sample_range": 0.75, "prediction_type": "sample",
                     "steps_offset": 1, "skip_prk_steps": true})");
}
std::string unclipped() {
  return written("unclipped.json", R"({"num_train_timesteps": 1000, "clip_sample": false})");
}
Outcome peer(const std::string& arguments) {
  return shell("cd tests/samplers/peers && '" DDIM_VERIFY "' " + arguments);
}
Outcome checked(const std::string& name, const std::string& config, const std::string& more = "") {
  return peer("check py:classes:" + name + " --config " + config + " -S 6 " + more);
}

TEST(Classes, AreMadeByKeywordsADictionaryOrAFunction) {
  NEEDS("numpy");
  for (const char* name : {"Sampler", "Keywords", "ScheduleArguments", "FromConfig", "EtaWhenMade", "make"}) {
    const Outcome outcome = checked(name, file());
    EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.output;
  }
  EXPECT_EQ(checked("instance", unclipped()).exit_code, 0);
}

TEST(Classes, AreAskedByTheNamesAndShapesThatTheyTake) {
  NEEDS("numpy");
  for (const char* name : {"AnyArguments", "NoiseArgument", "Sequences"}) {
    const Outcome outcome = checked(name, file());
    EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.output;
    EXPECT_CONTAINS(outcome.output, "pass          Eq12 leading S=6 eta=1");
  }
}

TEST(Classes, MayAnswerWithATensorOrADictionary) {
  NEEDS("numpy");
  for (const char* name : {"TensorAlone", "Dictionary"}) {
    const Outcome outcome = checked(name, file());
    EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.output;
  }
}

TEST(Classes, OnesThatCountTheirStepsAreAskedInOrder) {
  NEEDS("numpy");
  const Outcome outcome = peer("check py:classes:CountsSteps --config " + unclipped());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  const Outcome sampled = peer("stats py:classes:CountsSteps --claim Contract --claim Eq12.injected");
  EXPECT_EQ(sampled.exit_code, 0) << sampled.output;
}

TEST(Classes, WhatCannotBeAskedIsASentenceThatSaysWhatToDo) {
  NEEDS("numpy");
  const Outcome methods = checked("OtherMethods", file());
  EXPECT_EQ(methods.exit_code, 5);
  EXPECT_CONTAINS(methods.output, "has no set_timesteps: hand in a class or a plain step function around it");
  const Outcome more = checked("NeedsMore", file());
  EXPECT_EQ(more.exit_code, 5);
  EXPECT_CONTAINS(more.output, "'network', which no configuration holds: hand in");
  const Outcome number = checked("pi", file());
  EXPECT_EQ(number.exit_code, 3);
  EXPECT_CONTAINS(number.output, "is a float: hand in");
}

TEST(Classes, AStepWithoutEtaIsJudgedAtTheOneItHas) {
  NEEDS("numpy");
  const Outcome outcome = checked("NoEta", file());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_CONTAINS(outcome.output, "note: its step takes no eta: it is judged at eta = 0");
  EXPECT_EQ(outcome.output.find("eta=0.5"), std::string::npos);
}

TEST(Classes, KeysThatTheFileLeavesOutReachThemAsTheyAreJudged) {
  NEEDS("numpy");
  // PNDM never clips, UnCLIP's schedule is the cosine: a class with DDIMScheduler's defaults is told so.
  for (const char* name : {"PNDMScheduler", "UnCLIPScheduler"}) {
    const std::string path = written(name, R"({"_class_name": ")" + std::string(name) + R"("})");
    EXPECT_EQ(checked("Sampler", path).exit_code, 0) << name;
    EXPECT_CONTAINS(verify("inspect " + path).output,
                    "absent, taken as " + std::string(name) + " has them: ");
  }
}

TEST(Dtype, OfAStepIsFoundFromItsNumbers) {
  NEEDS("numpy");
  const Outcome plain = checked("float32_step", unclipped());
  EXPECT_EQ(plain.exit_code, 0) << plain.output;
  EXPECT_CONTAINS(plain.output, ", float32), ");
  const Outcome mixed = checked("Float32", file());
  EXPECT_EQ(mixed.exit_code, 0) << mixed.output;
  EXPECT_CONTAINS(mixed.output, "note: judged with coefficients in float64 and samples in float32");
}

TEST(Dtype, MayBeSaid) {
  NEEDS("numpy");
  for (const char* dtype : {"float32", "float16", "float64/float32"}) {
    const Outcome outcome = checked("Sampler", unclipped(), std::string("--eta 0.5 --dtype ") + dtype);
    EXPECT_EQ(outcome.exit_code, 0) << dtype << "\n" << outcome.output;
  }
  const Outcome narrow = checked("Sampler", unclipped(), "--eta 0.5 --dtype float16/float16");
  EXPECT_CONTAINS(narrow.output, "Eq12 leading S=6 eta=0.5  [");
  EXPECT_EQ(checked("Sampler", unclipped(), "--dtype float7").exit_code, 4);
}

TEST(Dialect, ANaNInOneRowNamesNoCauseThatItsNumbersDoNotShow) {
  NEEDS("numpy");
  const Outcome outcome = peer("check py:classes:eta_for_sigma --config " + unclipped() + " -S 50");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "sigma is eta itself");
  EXPECT_EQ(outcome.output.find("eta sqrt(1 - alpha_bar_t)"), std::string::npos) << outcome.output;
}

TEST(Dialect, WhereNoNumberIsFiniteNoCauseIsNamed) {
  NEEDS("numpy");
  const Outcome outcome = peer("check py:classes:nothing_finite --config " + unclipped() + " -S 5 --eta 0.5");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.output.find("matches your numbers"), std::string::npos) << outcome.output;
  const Outcome sampled = peer("stats py:classes:nothing_finite --eta 1 --claim Generator");
  EXPECT_EQ(sampled.exit_code, 1);
  EXPECT_EQ(sampled.output.find("small pool"), std::string::npos) << sampled.output;
  EXPECT_CONTAINS(sampled.output, "the output is not finite");
}

TEST(OwnNoise, AnObjectThatSeedsItselfIsKeptAndNamed) {
  NEEDS("numpy");
  const Outcome scale = peer("stats py:classes:SeedsItself --claim Eq16");
  EXPECT_EQ(scale.exit_code, 0) << scale.output;
  const std::string anew = " --claim Generator.object --claim Generator.process";
  const Outcome named = peer("stats py:classes:SeedsItself" + anew);
  EXPECT_EQ(named.exit_code, 6) << named.output;
  EXPECT_CONTAINS(named.output, "a second object draws the same noise again");
  EXPECT_CONTAINS(named.output, "a second process draws the same noise again");
  EXPECT_EQ(peer("stats py:classes:Sampler" + anew).exit_code, 0);
}

TEST(Diffusers, DDPMSchedulerIsJudgedAtEtaOne) {
  NEEDS("diffusers");
  // fixed_large: the noise is sigma_hat's, and lawful.
  for (const char* name : {"ddpm-cifar10", "sd15"}) {
    const Outcome outcome = verify("check py:diffusers:DDPMScheduler --config " + config(name) + " -S 50");
    EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.output;
    EXPECT_CONTAINS(outcome.output, "judged at eta = 1");
    EXPECT_CONTAINS(outcome.output, "pass          Eq12 leading S=50 eta=1");
  }
  const Outcome sampled = verify("stats py:diffusers:DDPMScheduler --config " + config("ddpm-cifar10") +
                                 " --claim Eq12.path --claim Contract");
  EXPECT_EQ(sampled.exit_code, 0) << sampled.output;
}

TEST(Diffusers, ALearnedVarianceIsUnsupportedByName) {
  NEEDS("diffusers");
  const std::string of = "py:diffusers:DDPMScheduler --config " + config("deepfloyd-if");
  for (const std::string& command : {"check " + of, "stats " + of + " --claim Eq12.path"}) {
    const Outcome outcome = verify(command);
    EXPECT_EQ(outcome.exit_code, 5) << outcome.output;
    EXPECT_CONTAINS(outcome.output, "variance_type learned_range");
  }
}

TEST(Diffusers, StatsWithoutAFileSendWhatTheyJudge) {
  NEEDS("diffusers");
  const Outcome outcome = verify("stats py:diffusers:DDIMScheduler --claim Eq12 --claim Eq10");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
}

}  // namespace
}  // namespace ddim::conformance
