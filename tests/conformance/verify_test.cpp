#include "tests/conformance/shell.hpp"
#include "tests/samplers/printable.hpp"

// The program itself, as a user types it.
namespace ddim::conformance {
namespace {

TEST(Inspect, NeedsNoPythonAndPrintsWhatIsWrong) {
  const Outcome outcome =
      shell("env -i '" DDIM_VERIFY "' inspect " + config("sd15") + " -S 61 --spacing trailing");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_CONTAINS(outcome.output, "   0   999     983  0.00466009851307724");
  EXPECT_CONTAINS(outcome.output, "  60    15    data  0.985922651319683     1");
  EXPECT_CONTAINS(outcome.output, "warning: unknown key skip_prk_steps = true");
  EXPECT_CONTAINS(outcome.output, "yields 62 entries, not 61: an extra timestep -1");
  EXPECT_CONTAINS(outcome.output, "is not the list's at 24 steps of 61, first at t = 983: 967 for 966");
  EXPECT_CONTAINS(outcome.output, "set_alpha_to_one is false");
}

TEST(Inspect, LeadingFiftyHasNeitherAnExtraEntryNorAWrongStride) {
  const Outcome outcome = verify("inspect " + config("sd15") + " -S 50 --spacing leading --eta 1");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output.find("extra timestep"), std::string::npos);
  EXPECT_EQ(outcome.output.find("t - T//S"), std::string::npos);
}

TEST(Inspect, NamesEpsilonPredictionAtZeroTerminalSnr) {
  const std::string path =
      written("eps-zsnr.json", R"({"rescale_betas_zero_snr": true, "prediction_type": "epsilon"})");
  EXPECT_CONTAINS(verify("inspect " + path + " -S 10 --spacing trailing").output,
                  "Eq9 divides by zero there");
}

TEST(Inspect, NamesTheLastStepThatIsNeverReached) {
  const std::string path = written("offset.json", R"({"steps_offset": 3})");
  EXPECT_CONTAINS(verify("inspect " + path + " -S 600").output, "never reaches the data's alpha_bar");
}

TEST(Inspect, UndefinedRunsAreBadInput) {
  const Outcome offset = verify("inspect " + config("sd15") + " -S 1000 --spacing leading");
  EXPECT_EQ(offset.exit_code, 4);
  EXPECT_CONTAINS(offset.output, "(S - 1) * (T//S) + steps_offset = 1000 is outside 0..T-1 = 0..999");
  const Outcome many = verify("inspect " + config("sd15") + " -S 1001");
  EXPECT_EQ(many.exit_code, 4);
  EXPECT_CONTAINS(many.output, "S = 1001 is outside 1 <= S <= T = 1000");
  EXPECT_EQ(verify("inspect " + config("sd15") + " -S 0").exit_code, 4);
  EXPECT_EQ(verify("inspect " + config("sd15") + " --eta 1.5").exit_code, 4);
  EXPECT_EQ(verify("inspect " + config("sd15") + " --eta nan").exit_code, 4);
}

TEST(ExitCode, PassedIsZeroAndFailedIsOne) {
  const Outcome passed = verify("check builtin:reference --config " + config("sd15") + " -S 20");
  EXPECT_EQ(passed.exit_code, 0) << passed.output;
  EXPECT_CONTAINS(passed.output, " pass;");
  const Outcome failed =
      verify("check builtin:fault:last-alpha-first-entry --config " + config("sd15") + " -S 20");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_CONTAINS(failed.output, "alpha_bar_prev at the last step is alphas_cumprod[0], not 1");
  EXPECT_CONTAINS(failed.output,
                  "conforms to diffusers, differs from paper because set_alpha_to_one is false");
  EXPECT_CONTAINS(failed.output, "again: ddim-verify check builtin:fault:last-alpha-first-entry");
}

TEST(ExitCode, TheLineThatReproducesAFailureReproducesIt) {
  const Outcome first = verify("check builtin:fault:prev-stride --config " + config("sd15"));
  const auto begin = first.output.find("again: ddim-verify ");
  ASSERT_NE(begin, std::string::npos);
  const auto end = first.output.find('\n', begin);
  const Outcome again = verify(first.output.substr(begin + 19, end - begin - 19));
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_CONTAINS(again.output, "cause: prev = t - T//S");
}

TEST(ExitCode, TheLineThatReproducesAFailureSurvivesAShell) {
  const std::string path = written("it's a \"config\" of $HOME.json", read(DDIM_ROOT "/" + config("sd15")));
  const std::string locator = "exec:python3 'tests/samplers/peers/misbehaving.py' \"backwards\" # it's";
  const std::string options = " -S 4 --eta 0 --config ";
  const Outcome first =
      verify("check " + samplers::shell_word(locator) + options + samplers::shell_word(path));
  const auto begin = first.output.find("again: ddim-verify ");
  ASSERT_NE(begin, std::string::npos) << first.output;
  const Outcome again = verify(first.output.substr(begin + 19, first.output.find('\n', begin) - begin - 19));
  EXPECT_EQ(again.exit_code, 1) << again.output;
  EXPECT_CONTAINS(again.output, "first wrong: step 1 of 4");
}

TEST(ExitCode, AKeyThatChangesTheTableIsInconclusiveByName) {
  const std::string path = written("shift.json", R"({"snr_shift_scale": 3.0, "clip_sample": false})");
  const Outcome checked = verify("check builtin:reference -S 4 --config " + path);
  EXPECT_EQ(checked.exit_code, 6) << checked.output;
  EXPECT_CONTAINS(checked.output, "the file's snr_shift_scale = 3.0 changes the table");
  EXPECT_EQ(lines_with(checked.output, "  fail  "), 0);
  EXPECT_CONTAINS(verify("inspect " + path).output, "snr_shift_scale = 3.0 changes the table");
  const Outcome sampled = verify("stats builtin:reference --config " + path);
  EXPECT_EQ(sampled.exit_code, 4) << sampled.output;
  EXPECT_CONTAINS(sampled.output, "so nothing can be sampled by it");
}

TEST(ExitCode, UsageIsTwo) {
  EXPECT_EQ(verify("").exit_code, 2);
  EXPECT_EQ(verify("check").exit_code, 2);
  EXPECT_EQ(verify("check builtin:reference").exit_code, 2);
  EXPECT_EQ(verify("check nonsense --config " + config("sd15")).exit_code, 2);
  EXPECT_EQ(verify("check builtin:fault:nonsense --config " + config("sd15")).exit_code, 2);
  EXPECT_EQ(verify("check py:diffusers.DDIMScheduler --config " + config("sd15")).exit_code, 2);
  EXPECT_EQ(verify("check exec: --config " + config("sd15")).exit_code, 2);
  EXPECT_EQ(verify("check builtin:reference --config " + config("sd15") + " --spacing sideways").exit_code,
            2);
  for (const char* timeout : {"-1", "0", "nan", "1e17", "inf", "soon"}) {
    const Outcome outcome =
        verify("check builtin:reference --config " + config("sd15") + " --timeout " + timeout);
    EXPECT_EQ(outcome.exit_code, 2) << timeout;
    EXPECT_CONTAINS(outcome.output, "--timeout");
  }
  EXPECT_EQ(verify("--help").exit_code, 0);
}

TEST(ExitCode, WhatDoesNotStartIsThree) {
  for (const std::string& locator :
       {std::string("exec:false"), std::string("exec:/no/such/program"), std::string("exec:true")}) {
    const Outcome outcome = verify("check " + locator + " --config " + config("sd15"));
    EXPECT_EQ(outcome.exit_code, 3) << outcome.output;
    EXPECT_CONTAINS(outcome.output, "ddim-verify: " + locator);
  }
  EXPECT_EQ(verify("check py:no_such_module:Class --config " + config("sd15")).exit_code, 3);
}

TEST(ExitCode, BadConfigurationsAreFourWithOneLine) {
  struct Case {
    const char* name;
    const char* json;
    const char* message;
  };
  for (const Case& bad :
       {Case{"beta2.json", R"({"beta_end": 2})", "beta_end = 2 is outside 0 < beta < 1"},
        {"cut.json", R"({"beta_end": 0.01)", "not JSON, or cut short"},
        {"list.json", R"({"beta_start": [1e-4]})", "beta_start = [0.0001] is outside the numbers"},
        {"short.json", R"({"trained_betas": [0.1, 0.2]})",
         "length of trained_betas = 2 is outside num_train_timesteps = 1000"}}) {
    const std::string path = written(bad.name, bad.json);
    for (const std::string& command : {"inspect " + path, "check builtin:reference --config " + path}) {
      const Outcome outcome = verify(command);
      EXPECT_EQ(outcome.exit_code, 4) << command;
      EXPECT_CONTAINS(outcome.output, bad.message);
      EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    }
  }
  EXPECT_EQ(verify("check builtin:reference --config /no/such/file").exit_code, 4);
  EXPECT_EQ(verify("check builtin:reference --config " + config("sd15") + " -S 1001").exit_code, 4);
}

TEST(ExitCode, AListThatLeavesNoStepToJudgeIsNotAPass) {
  // Two identical entries: no step from the first is defined, and the list itself is wrong.
  const Outcome outcome =
      verify("check builtin:fault:tau-ascending --config " + config("sd15") + " -S 2 --eta 0");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "inconclusive");
}

TEST(Protocol, ASamplerThatAnswers42AndShowsNoListFails) {
  const Outcome outcome = verify("check " + misbehaving("forty-two"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "fail          Eq12");
}

TEST(ExitCode, TheSummarySaysWhatWasNotJudged) {
  const Outcome outcome = verify("check " + misbehaving("refuse"));
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_CONTAINS(outcome.output, "no step was judged (Eq12 or Eq10), so this is no pass");
  EXPECT_CONTAINS(outcome.output, "not judged: Schedule (");
  EXPECT_CONTAINS(outcome.output, "the noise that it draws itself, which `ddim-verify stats` judges");
}

TEST(Protocol, JsonLinesHoldWhatTheTerminalShows) {
  const Outcome outcome = verify("check builtin:fault:prev-stride --config " + config("sd15") +
                                 " -S 30 --spacing trailing --eta 0 --json");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, R"("kind":"implementation")");
  EXPECT_CONTAINS(outcome.output, R"("name":"prev-stride")");
  EXPECT_CONTAINS(outcome.output, R"("where":"step 2 of 30, t = 966 -> 932)");
  EXPECT_CONTAINS(outcome.output, R"("exit_code":1,"kind":"summary")");
}

TEST(Bank, OneMistakeHasOneNameAndOneWordingInBothCommands) {
  for (const std::string& name : {std::string("noise-uniform"), std::string("noise-by-variance"),
                                  std::string("last-alpha-first-entry"), std::string("kl-swapped")}) {
    const Outcome listed = verify("faults"),
                  checked = verify("check builtin:fault:" + name + " --config " + config("sd15") +
                                   " -S 10 --eta 0.5"),
                  sampled = verify("stats builtin:fault:" + name);
    EXPECT_EQ(sampled.exit_code, 1) << name;
    const auto entry = listed.output.find("\n" + name + "\n  ");
    ASSERT_NE(entry, std::string::npos) << name;
    EXPECT_EQ(listed.output.find("\n" + name + "\n  ", entry + 1), std::string::npos)
        << name << " comes twice";
    const auto words = listed.output.find(": ", entry) + 2;
    const std::string says = listed.output.substr(words, listed.output.find('\n', words) - words);
    for (const Outcome& outcome : {checked, sampled}) {
      EXPECT_CONTAINS(outcome.output, "fault:" + name);
      EXPECT_CONTAINS(outcome.output, says);
    }
  }
}

TEST(Bank, WhatACheckCannotSeeItSaysInOneLine) {
  const Outcome outcome = verify("check builtin:fault:kl-swapped --config " + config("sd15"));
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_CONTAINS(outcome.output, "not judged: ");
  EXPECT_CONTAINS(outcome.output, "ddim-verify stats builtin:fault:kl-swapped");
}

TEST(PlainStep, TenLinesOfPythonPass) {
  NEEDS("numpy");
  const Outcome outcome = shell("cd tests/samplers/peers && '" DDIM_VERIFY
                                "' check py:plain_step:step --config ../../conformance/configs/sd15.json");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_CONTAINS(outcome.output, "pass          Eq12 leading S=999 eta=1");
}

TEST(Diffusers, LeadingFiftyPasses) {
  NEEDS("diffusers");
  const Outcome outcome =
      verify("check py:diffusers:DDIMScheduler --config " + config("sd15") + " -S 50 --spacing leading");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_CONTAINS(outcome.output, "diffusers DDIMScheduler 0.");
  EXPECT_CONTAINS(outcome.output, "dialect diffusers");
}

TEST(Diffusers, TrailingThirtyFailsAtTheFirstWrongPrevAndNamesTheStride) {
  NEEDS("diffusers");
  const Outcome outcome = verify("check py:diffusers:DDIMScheduler --config " + config("sd15") +
                                 " -S 30 --spacing trailing --eta 0");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "first wrong: step 2 of 30, t = 966 -> 932");
  EXPECT_CONTAINS(outcome.output, "cause: prev = t - T//S");
  EXPECT_CONTAINS(outcome.output, "its numbers are those of t_prev = 933, want t_prev = 932");
}

TEST(Diffusers, LinspaceFiftyFailsAtTheFirstWrongPrevAndNamesTheStride) {
  NEEDS("diffusers");
  const Outcome outcome = verify("check py:diffusers:DDIMScheduler --config " + config("sd15") +
                                 " -S 50 --spacing linspace --eta 0");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "cause: prev = t - T//S");
  EXPECT_CONTAINS(outcome.output, "its numbers are those of t_prev = 959, want t_prev = 958");
}

TEST(Diffusers, TrailingSixtyOneNamesTheExtraEntry) {
  NEEDS("diffusers");
  const Outcome outcome = verify("check py:diffusers:DDIMScheduler --config " + config("sd15") +
                                 " -S 61 --spacing trailing --eta 0");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output, "62 entries, want 61; extra entry [61] = -1 (outside 0..999)");
  EXPECT_CONTAINS(outcome.output, "an extra entry -1 [tau-extra-entry]");
}

TEST(Diffusers, ClippedVAndThresholdedConfigurationsPassAtLeadingFifty) {
  NEEDS("diffusers");
  for (const char* name : {"sd21", "sdxl", "ddpm-cifar10", "karlo-prior", "deepfloyd-if"}) {
    const Outcome outcome =
        verify("check py:diffusers:DDIMScheduler --config " + config(name) + " -S 50 --spacing leading");
    EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.output;
  }
}

TEST(Diffusers, ThePaperDialectSaysWhatDiffers) {
  NEEDS("diffusers");
  const Outcome outcome = verify("check py:diffusers:DDIMScheduler --config " + config("sd15") +
                                 " -S 50 --spacing leading --eta 0 --dialect paper");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_CONTAINS(outcome.output,
                  "conforms to diffusers, differs from paper because set_alpha_to_one is false");
}

}  // namespace
}  // namespace ddim::conformance
