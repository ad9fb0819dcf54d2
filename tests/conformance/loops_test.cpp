// Whole loops around a network, which the suite plays.

#include "tests/conformance/shell.hpp"

namespace ddim::conformance {
namespace {

std::string file() { return written("loops.json", R"({"num_train_timesteps": 1000, "clip_sample": false})"); }

Outcome loop(const std::string& name, const std::string& more = "-S 6 --spacing trailing") {
  return shell("cd tests/samplers/peers && '" DDIM_VERIFY "' check 'loop:" + name + "' --config " + file() +
               " " + more);
}

void expect_passes(const std::string& name, const std::string& more) {
  const Outcome outcome = loop(name, more);
  EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.output;
  for (const char* row : {"Tau", "Eq12", "Eq10", "Eq16 sigma", "Eq16 eta=1 is DDPM's posterior", "Eq7"})
    EXPECT_CONTAINS(outcome.output, std::string("pass          ") + row);
  EXPECT_EQ(outcome.output.find("raised"), std::string::npos) << outcome.output;
}

TEST(Loops, RightOnesPassInAllTheirRows) {
  NEEDS("numpy");
  for (const char* name :
       {"loops:sample", "loops.py:sample", "loops:draws_first", "loops:goes_its_own_way", "loops:exploding"})
    expect_passes(name, "-S 30 --spacing leading");
  expect_passes("loops:sample", "-S 12 --spacing trailing --dtype float32");
}

TEST(Loops, TheOneShownIsTheOneRun) {
  const std::string source = read(DDIM_ROOT "/tests/samplers/peers/torch_loop.py");
  const std::string shown = source.substr(source.find("import torch"));
  EXPECT_GT(shown.size(), 400U);
  EXPECT_CONTAINS(read(DDIM_ROOT "/tests/conformance/README.md"), "```python\n" + shown + "```");
}

TEST(Loops, InTorch) {
  NEEDS("torch");
  expect_passes("torch_loop:sample", "-S 30 --spacing linspace");
}

TEST(Loops, InJaxAlongTheirOwnWay) {
  NEEDS("jax");
  expect_passes("jax_loop:sample", "-S 8 --spacing linspace");
}

TEST(Loops, AProgramAsksForItsModel) {
  NEEDS("numpy");
  expect_passes("exec:" DDIM_OWN_LOOP, "-S 8 --spacing trailing");
  const Outcome ended = loop("exec:exit 3");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_CONTAINS(ended.output, "it ended with status 3 before it gave its result");
}

TEST(Loops, AMistakeFailsTheRowsItIsOf) {
  NEEDS("numpy");
  const Outcome sigma = loop("loops:sigma_too_large");
  EXPECT_EQ(sigma.exit_code, 1);
  EXPECT_CONTAINS(sigma.output, "pass          Eq12 trailing S=6 eta=0 ");
  EXPECT_CONTAINS(sigma.output, "fail          Eq16 sigma, trailing S=6 eta=0.5");
  EXPECT_CONTAINS(sigma.output, "pass          Eq10 last step, trailing S=6 eta=0.5");

  const Outcome strides = loop("loops:strides");
  EXPECT_EQ(strides.exit_code, 1);
  EXPECT_CONTAINS(strides.output, "cause: prev = t - T//S");

  const Outcome last = loop("loops:noise_to_the_last");
  EXPECT_EQ(last.exit_code, 1);
  EXPECT_CONTAINS(last.output, "pass          Eq12 trailing S=6 eta=1");
  EXPECT_CONTAINS(last.output, "fail          Eq10 last step, trailing S=6 eta=0.5");

  const Outcome table = loop("loops:another_table");
  EXPECT_EQ(table.exit_code, 1);
  EXPECT_CONTAINS(table.output, "pass          Tau");
  EXPECT_CONTAINS(table.output, "fail          Eq12 trailing S=6 eta=0");
}

TEST(Loops, AMistakeIsSeenAlongItsOwnWay) {
  NEEDS("numpy");
  const Outcome outcome = loop("loops:strides_its_own_way");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "cause: prev = t - T//S");
}

TEST(Loops, WhatCannotBeJudgedIsSaid) {
  NEEDS("numpy");
  const auto says = [](const std::string& name, int exit_code, const std::string& what) {
    const Outcome outcome = loop(name);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.output;
    EXPECT_CONTAINS(outcome.output, what);
  };
  says("loops:calls_twice", 5, "its model is called with 12 numbers for a batch of 6");
  says("loops:never_asks", 5, "never calls its model");
  says("loops:no_such_level", 5, "its noise level 1234.5 is no entry of the file's table");
  says("loops:wants_more", 3, "a loop is called by the names model, x, shape, S, eta");
  says("loops:draws_once", 0, "its noise is drawn more than once in a step, or of another shape");
}

TEST(Repro, ShowsTheFirstFailingStepWithoutTheSuite) {
  NEEDS("numpy");
  const auto written_for = [](const std::string& locator, const std::string& more = "") {
    const std::string path = fresh_path("repro.py"),
                      options = " --config " + file() + " -S 6 --spacing trailing --repro " + path + more;
    const Outcome checked =
        shell("cd tests/samplers/peers && '" DDIM_VERIFY "' check '" + locator + "'" + options);
    EXPECT_EQ(checked.exit_code, 1) << checked.output;
    const std::string text = read(path);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 25) << text;
    EXPECT_EQ(text.find("ddim"), std::string::npos) << text;
    EXPECT_FALSE(std::filesystem::exists(path + ".questions"));
    return shell("cd tests/samplers/peers && PYTHONPATH=. '" + python() + "' " + path);
  };
  for (const char* locator : {"loop:loops:strides", "loop:loops.py:sigma_too_large",
                              "py:classes:eta_for_sigma", "py:classes:SigmaTooLarge"}) {
    const Outcome shown = written_for(locator);
    EXPECT_EQ(shown.exit_code, 1) << locator << "\n" << shown.output;
    EXPECT_CONTAINS(shown.output, ": off by ");
  }
}

TEST(Repro, IsNotWrittenWhereNoStepIsWrong) {
  NEEDS("numpy");
  const std::string path = fresh_path("none.py");
  const Outcome outcome = loop("loops:sample", "-S 6 --repro " + path);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_CONTAINS(outcome.output, "no step is wrong, so no script is written");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Loops, StatsAskThemAtAnyPlaceOrSayWhyNot) {
  NEEDS("torch");
  const auto stats = [](const std::string& name, const std::string& claim) {
    return shell("cd tests/samplers/peers && '" DDIM_VERIFY "' stats loop:" + name + " --claim " + claim);
  };
  const Outcome right = stats("torch_loop:sample", "Eq16.scale");
  EXPECT_EQ(right.exit_code, 0) << right.output;
  EXPECT_EQ(stats("loops:sigma_too_large", "Eq12.injected").exit_code, 1);
  const Outcome alone = stats("loops:goes_its_own_way", "Eq16.scale");
  EXPECT_EQ(alone.exit_code, 5) << alone.output;
  EXPECT_CONTAINS(alone.output, "its x cannot be written into");
}

}  // namespace
}  // namespace ddim::conformance
