#include <chrono>

#include "tests/conformance/row.hpp"
#include "tests/conformance/shell.hpp"

// What an implementation does wrong costs one case, whatever it is: the report is whole, its exit code right,
// nothing is left running, and no answer is waited for longer than the time-out.
namespace ddim::conformance {
namespace {

struct Misbehaviour {
  std::string mode, rows, message;
};

/// It misbehaves at its first step, and never again: of eight runs one has the rows that are said, the others are
/// judged by a fresh process, and pass.
void expect_one_case(const Misbehaviour& bad) {
  SCOPED_TRACE(bad.mode);
  const std::string tag = fresh_path("once"),
                    small = written("small.json", R"({"num_train_timesteps": 60, "clip_sample": false})"),
                    patience = bad.rows.ends_with("time-out") ? " --timeout 2" : "";
  const auto started = std::chrono::steady_clock::now();
  const Outcome outcome = verify("check 'exec:python3 tests/samplers/peers/misbehaving.py " + bad.mode + " " +
                                 tag + "' --eta 0 --config " + small + patience);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(15));
  EXPECT_EQ(outcome.exit_code, kFailures) << outcome.output;
  EXPECT_CONTAINS(outcome.output, " " + bad.rows + ";");
  EXPECT_EQ(lines_with(outcome.output, " crash;") + lines_with(outcome.output, " time-out;") +
                lines_with(outcome.output, " harness error;") + lines_with(outcome.output, " fail;"),
            1);
  EXPECT_GE(lines_with(outcome.output, "  pass          Eq1"), 13);
  EXPECT_CONTAINS(outcome.output, bad.message);
  EXPECT_CONTAINS(outcome.output, "end of the report: exit code 1");
  EXPECT_EQ(running(tag), 0);
}

TEST(Misbehaving, ASegmentationFaultIsACrash) {
  expect_one_case({"crash", "2 crash", "signal 11"});
  EXPECT_CONTAINS(verify("check " + misbehaving("crash")).output, "step 1 of 4, t = 751 -> 501");
}

TEST(Misbehaving, AnEarlyExitIsACrash) {
  expect_one_case({"exits", "2 crash", "exited with status 7 before it answered"});
}

TEST(Misbehaving, AnExitIsNoticedThoughAChildHoldsThePipe) {
  expect_one_case({"leaves-a-child", "2 crash", "exited with status 0 before it answered"});
}

TEST(Misbehaving, HalfALineIsACrashThatSaysHowMuchCame) {
  expect_one_case(
      {"half-line", "2 crash", "exited with status 0 before it answered; 8 bytes arrived, no newline"});
}

TEST(Misbehaving, AClosedStdoutIsATimeOutWhereAShellHoldsItToo) {
  expect_one_case({"closes-stdout", "2 time-out", "no answer within 2000 ms; the process was killed"});
}

TEST(Misbehaving, AHangIsATimeOut) {
  expect_one_case({"hang", "2 time-out", "no answer within 2000 ms; the process was killed"});
}

TEST(Misbehaving, AFloodIsATimeOutOrTooLong) {
  const std::string tag = fresh_path("flood");
  const auto started = std::chrono::steady_clock::now();
  const Outcome outcome = verify("check " + misbehaving("flood " + tag) + " --timeout 2");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(15));
  EXPECT_EQ(outcome.exit_code, kFailures);
  EXPECT_TRUE(outcome.output.find("bytes arrived, no newline") != std::string::npos ||
              outcome.output.find("its answer is longer than 64 MiB") != std::string::npos)
      << outcome.output;
  EXPECT_EQ(running(tag), 0);
}

TEST(Misbehaving, AFloodOfLinesIsAHarnessError) {
  expect_one_case({"flood-of-lines", "2 harness error", "it answered no seq"});
}

TEST(Misbehaving, AByteAtATimeIsATimeOut) {
  expect_one_case({"a-byte-at-a-time", "2 time-out", "bytes arrived, no newline"});
}

TEST(Misbehaving, AStrayLineCostsOneCase) {
  expect_one_case({"stray", "2 harness error", "its answer is not a JSON object: loading weights ... done"});
  expect_one_case({"garbage", "2 harness error", "its answer is not a JSON object: Traceback"});
}

TEST(Misbehaving, AStrayLineAfterTheAnswerCostsTheNextCase) {
  expect_one_case({"stray-after", "2 harness error", "50%|#####     | 25/50"});
}

TEST(Misbehaving, AWrongOrMissingSeqIsAHarnessError) {
  expect_one_case({"wrong-seq", "2 harness error", "it answered seq"});
  expect_one_case({"no-seq", "2 harness error", "it answered no seq"});
}

TEST(Misbehaving, TheWrongShapeIsAHarnessError) {
  expect_one_case({"short", "2 harness error", "prev_sample has 23 elements, not 3 x 8"});
  expect_one_case({"words", "2 harness error", "'\"0x1.8p0 and more\"' is not a number"});
}

TEST(Misbehaving, TheWrongOrderFails) {
  expect_one_case({"backwards", "1 fail", "first wrong: step 1 of 50"});
}

TEST(Misbehaving, NaNInfinityAndNullFail) {
  expect_one_case({"nan", "1 fail", "got  nan"});
  expect_one_case({"null", "1 fail", "got  nan"});
  EXPECT_CONTAINS(verify("check " + misbehaving("nan")).output, "sample 0, element 0");
  const Outcome infinity = verify("check " + misbehaving("infinity") + " --json");
  EXPECT_EQ(infinity.exit_code, kFailures);
  EXPECT_CONTAINS(infinity.output, R"("got":"-Infinity")");
}

TEST(Misbehaving, BytesThatAreNotUtf8AreShownEscaped) {
  expect_one_case({"not-utf8", "2 harness error", "\\xff\\xfe"});
  const Outcome json = verify("check " + misbehaving("not-utf8") + " --json");
  EXPECT_EQ(json.exit_code, kFailures);
  EXPECT_CONTAINS(json.output, R"(\\xff\\xfe)");
}

TEST(Misbehaving, WhatFollowsANulIsNotOverlooked) {
  expect_one_case({"nul", "2 harness error", "a NUL after"});
}

TEST(Misbehaving, DeepNestingIsAHarnessError) {
  expect_one_case({"deep", "2 harness error", "nested deeper than 64 levels"});
}

TEST(Misbehaving, AMessageCanNeitherClearTheScreenNorForgeLinesNorFillTheReport) {
  const Outcome raised = verify("check " + misbehaving("escapes"));
  EXPECT_EQ(raised.exit_code, kFailures);
  EXPECT_EQ(raised.output.find('\x1b'), std::string::npos);
  EXPECT_CONTAINS(raised.output, R"(raised \x1b[2J\x1b[H  1  pass\n  2  pass xxx)");
  EXPECT_CONTAINS(raised.output, "... 98027 more");
  EXPECT_LT(raised.output.size(), 20000u);
  const Outcome named = verify("check " + misbehaving("name"));
  EXPECT_EQ(named.exit_code, kPassed) << named.output;
  EXPECT_CONTAINS(named.output, R"(mis\x1b[2Jbehaving 1)");
}

TEST(Misbehaving, AnExceptionIsAFailureAndARefusalIsNotSupplied) {
  expect_one_case({"raises", "2 fail", "raised ValueError: no such timestep"});
  const Outcome refused = verify("check " + misbehaving("refuse"));
  EXPECT_CONTAINS(refused.output, "not supplied");
  EXPECT_CONTAINS(refused.output, "no step here");
}

TEST(Misbehaving, AHangAtEachStageIsBounded) {
  struct Stage {
    const char* mode;
    int exit_code;
    const char* message;
  };
  for (const Stage& stage : {Stage{"ignores-stdin", kWouldNotStart, "no answer within 2000 ms"},
                             {"hang-at-hello", kWouldNotStart, "no answer within 2000 ms"},
                             {"hang-at-configure", kFailures, "configure: no answer within 2000 ms"},
                             {"hang-at-timesteps", kFailures, "timesteps: no answer within 2000 ms"},
                             {"hang-at-bye", kPassed, "end of the report"}}) {
    SCOPED_TRACE(stage.mode);
    const std::string tag = fresh_path("stage");
    const auto started = std::chrono::steady_clock::now();
    const Outcome outcome = verify("check " + misbehaving(stage.mode + (" " + tag)) + " --timeout 2");
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(15));
    EXPECT_EQ(outcome.exit_code, stage.exit_code) << outcome.output;
    EXPECT_CONTAINS(outcome.output, stage.message);
    EXPECT_EQ(running(tag), 0);
  }
}

TEST(Misbehaving, ChildrenInSessionsOfTheirOwnEndWithTheirCase) {
  expect_one_case({"children", "2 time-out", "no answer within 2000 ms"});
}

TEST(Misbehaving, WhatDoesNotStartIsThree) {
  const Outcome gone = verify("check " + misbehaving("exit-at-once"));
  EXPECT_EQ(gone.exit_code, kWouldNotStart);
  EXPECT_CONTAINS(gone.output, "exited with status 3 before it answered");
  EXPECT_EQ(verify("check " + misbehaving("hello-list")).exit_code, kWouldNotStart);
  const Outcome dtype = verify("check " + misbehaving("dtype"));
  EXPECT_EQ(dtype.exit_code, kWouldNotStart);
  EXPECT_CONTAINS(dtype.output, "dtype = float7 is outside");
  const Outcome none = verify("check exec:no-such-program --config " + config("sd15"));
  EXPECT_EQ(none.exit_code, kWouldNotStart);
  EXPECT_CONTAINS(none.output, "exited with status 127 (no such command)");
}

TEST(Misbehaving, NothingJudgedIsFive) {
  const Outcome outcome = verify("check " + misbehaving("unsupported"));
  EXPECT_EQ(outcome.exit_code, kNothingJudged) << outcome.output;
  EXPECT_CONTAINS(outcome.output, "nothing at all");
}

}  // namespace
}  // namespace ddim::conformance
