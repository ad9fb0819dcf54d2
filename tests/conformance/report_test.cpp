#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tests/conformance/row.hpp"
#include "tests/conformance/shell.hpp"

// A report is whole, or says that it is not; and with the program ends all that it started.
namespace ddim::conformance {
namespace {

TEST(Report, WhatCannotBeWrittenIsSevenWithAMessage) {
  const std::string checked = "check builtin:reference --config " + config("sd15") + " -S 4 --eta 0",
                    sampled = "stats builtin:reference --claim Eq12.injected";
  for (const std::string& command :
       {checked, checked + " --json", sampled, sampled + " --json", "inspect " + config("sd15"),
        std::string("faults"), std::string("--help")}) {
    for (const char* closed : {" >/dev/full", " >&-"}) {
      SCOPED_TRACE(command + closed);
      const std::string said = fresh_path("stderr");
      const Outcome outcome = shell("'" DDIM_VERIFY "' " + command + " 2>" + said + closed);
      EXPECT_EQ(outcome.exit_code, kNoReport);
      EXPECT_CONTAINS(read(said), "ddim-verify: the report could not be written: ");
    }
  }
}

TEST(Report, AReaderThatGoesAwayIsSeven) {
  const Outcome outcome = shell("{ sleep 0.2; '" DDIM_VERIFY "' faults; echo \"exit $?\" >&2; } | true");
  EXPECT_CONTAINS(outcome.output, "exit 7");
  EXPECT_CONTAINS(outcome.output, "could not be written: Broken pipe");
}

TEST(Report, ClosedStandardFilesAreNoSamplersSocket) {
  const std::string command = "'" DDIM_VERIFY "' check " + misbehaving("none");
  const std::string path = fresh_path("report");
  EXPECT_EQ(shell(command + " <&- 2>&- >" + path).exit_code, kPassed) << read(path);
  EXPECT_CONTAINS(read(path), "end of the report: exit code 0");
  EXPECT_EQ(shell(command + " <&- 2>&- >&-").exit_code, kNoReport);
}

/// Whether every line is a JSON object, and the last one's kind.
std::string kind_of_last_line(const std::string& path) {
  return shell(
             "python3 -c 'import json, sys; print([json.loads(line) for line in "
             "open(sys.argv[1], newline=\"\\n\")][-1][\"kind\"])' '" +
             path + "'")
      .output;
}

TEST(Report, JsonParsesLineByLineWhateverTheNamesAndMessages) {
  const std::string path = fresh_path("report"), odd = fresh_path("od\xff d'\n\x1b.json");
  std::filesystem::copy_file(DDIM_ROOT "/" + config("sd15"), odd);
  for (const std::string& command :
       {"check " + misbehaving("not-utf8") + " --json", "check " + misbehaving("escapes") + " --json",
        "check " + misbehaving("name") + " --json",
        std::string("stats builtin:reference --claim Eq12.injected --json"),
        "check builtin:fault:prev-stride -S 30 --spacing trailing --eta 0 --json --config \"" + odd + "\""}) {
    SCOPED_TRACE(command);
    shell("'" DDIM_VERIFY "' " + command + " 2>/dev/null >" + path);
    EXPECT_EQ(kind_of_last_line(path), "summary\n");
  }
}

/// A check that hangs at its first step, with children, one of them in a session of its own.
class Running {
 public:
  explicit Running(const std::string& options = "") : tag_(fresh_path("tag")), path_(fresh_path("report")) {
    const std::string command = "exec '" DDIM_VERIFY "' check 'exec:python3 " DDIM_ROOT
                                "/tests/samplers/peers/misbehaving.py children " +
                                tag_ + "' --config '" DDIM_ROOT "/" + config("sd15") + "' -S 4 --eta 0" +
                                options + " >" + path_ + " 2>/dev/null";
    pid_ = fork();
    if (pid_ == 0) {
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
  }
  /// Until it hangs, with all its children.
  bool grown() const {
    using namespace std::string_literals;
    return waited([&] { return running("sleep(60)\0children\0"s + tag_) == 3; });
  }
  bool gone() const {
    return waited([&] { return running(tag_) == 0; });
  }
  /// Ends it; how it ended.
  int end_by(int signal) const {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }
  std::string report() const { return read(path_); }
  const std::string& path() const { return path_; }

 private:
  static bool waited(const std::function<bool()>& until) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!until() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return until();
  }

  std::string tag_, path_;
  pid_t pid_ = -1;
};

TEST(Report, RowsStreamAsTheyAreMade) {
  for (const auto& [option, row] :
       {std::pair{"", "   3  pass          Tau leading S=4"}, {" --json", R"("title":"Tau leading S=4")"}}) {
    const Running program(option);
    ASSERT_TRUE(program.grown());
    EXPECT_CONTAINS(program.report(), row);
    program.end_by(SIGTERM);
  }
}

TEST(Report, ASignalIsTheLastLineAndEndsEverything) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    SCOPED_TRACE(signal);
    const Running program;
    ASSERT_TRUE(program.grown());
    const int status = program.end_by(signal);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    EXPECT_CONTAINS(program.report(), "cut off by signal " + std::to_string(signal));
    EXPECT_EQ(program.report().find("end of the report"), std::string::npos);
    EXPECT_TRUE(program.gone());
  }
  const Running program(" --json");
  ASSERT_TRUE(program.grown());
  program.end_by(SIGTERM);
  EXPECT_EQ(kind_of_last_line(program.path()), "cut off\n");
}

TEST(Report, AKillEndsEverythingToo) {
  const Running program(" --json");
  ASSERT_TRUE(program.grown());
  program.end_by(SIGKILL);
  EXPECT_TRUE(program.gone());
  EXPECT_EQ(kind_of_last_line(program.path()), "row\n");
}

/// From too little to start in to almost enough.
TEST(Report, OutOfMemoryIsNobodysFailure) {
  const std::string large =
      written("large.json", R"({"num_train_timesteps": 100000, "beta_end": 2e-4, "clip_sample": false})");
  int ended_early = 0;
  for (int limit = 12000; limit <= 40000; limit += 8000) {
    const Outcome outcome =
        shell("ulimit -v " + std::to_string(limit) +
              "; '" DDIM_VERIFY "' check builtin:reference -S 4 --eta 0 --config " + large);
    EXPECT_NE(outcome.exit_code, kFailures) << limit << "\n" << outcome.output;
    if (outcome.exit_code != kNoReport) continue;
    ++ended_early;
    EXPECT_CONTAINS(outcome.output, "the report could not be finished: ");
  }
  EXPECT_GT(ended_early, 0);
}

}  // namespace
}  // namespace ddim::conformance
