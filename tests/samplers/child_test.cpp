#include "tests/samplers/child.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <thread>

namespace ddim::samplers {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;
using Clock = std::chrono::steady_clock;

std::vector<std::string> sh(const std::string& script) { return {"/bin/sh", "-c", script}; }

/// What it said in place of an answer, and that it said so in time.
Trouble trouble(const std::string& script, milliseconds timeout, milliseconds at_most = seconds(4)) {
  const auto started = Clock::now();
  Child child(sh(script));
  const auto answer = child.ask("question", timeout);
  EXPECT_LT(Clock::now() - started, at_most) << script;
  EXPECT_FALSE(answer) << script;
  EXPECT_FALSE(child.alive()) << script;
  return answer ? Trouble{Status::pass, *answer} : answer.trouble();
}

TEST(Child, AnswersLineByLine) {
  Child child(sh("while read -r line; do echo \"<$line>\"; done"));
  for (const std::string& question : {std::string("one"), std::string("two"), std::string(1 << 20, 'x')}) {
    const auto answer = child.ask(question, seconds(10));
    ASSERT_TRUE(answer) << answer.trouble().message;
    EXPECT_EQ(*answer, "<" + question + ">");
  }
}

TEST(Child, ALongAnswerIsTakenWhileALongQuestionIsSent) {
  Child child({"cat"});
  const std::string question(4 << 20, 'x');
  const auto answer = child.ask(question, seconds(10));
  ASSERT_TRUE(answer) << answer.trouble().message;
  EXPECT_EQ(*answer, question);
}

TEST(Child, WhatCannotBeRunDoesNotStart) {
  for (const auto& [command, why] :
       {std::pair{"/no/such/program", "No such file or directory"}, {"/", "Permission denied"}}) {
    try {
      Child child({command});
      ADD_FAILURE() << command;
    } catch (const OpenError& error) {
      EXPECT_EQ(error.kind, OpenError::Kind::would_not_start);
      EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
    }
  }
}

const std::string kClosed =
    "the process closed its input or output and was killed by this suite before it answered";

TEST(Child, HowItEndedIsSaid) {
  EXPECT_EQ(trouble("exit 3", seconds(30)).message, "the process exited with status 3 before it answered");
  EXPECT_EQ(trouble("kill -9 $$", seconds(30)).message,
            "the process was killed by signal 9 (Killed) before it answered");
  EXPECT_EQ(trouble("read -r x; printf half; exit 0", seconds(30)).message,
            "the process exited with status 0 before it answered; 4 bytes arrived, no newline");
  EXPECT_EQ(trouble("read -r x; exec >&-; sleep 60", seconds(30)).message, kClosed);
}

TEST(Child, AClosedInputIsNoticedBeforeAllIsSent) {
  Child child(sh("exec <&-; sleep 60"));
  const auto answer = child.ask(std::string(4 << 20, 'x'), seconds(30));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.trouble().message, kClosed);
}

TEST(Child, ItsEndIsNoticedThoughAnotherHoldsThePipe) {
  const Trouble seen = trouble("sleep 60 & exit 5", seconds(30));
  EXPECT_EQ(seen.why, Status::crash);
  EXPECT_EQ(seen.message, "the process exited with status 5 before it answered");
}

TEST(Child, TheTimeOutIsForTheAnswerWhateverArrives) {
  for (const char* script : {"sleep 60", "read -r line; while :; do printf x; done",
                             "read -r line; while :; do printf x; sleep 0.01; done"}) {
    const Trouble seen = trouble(script, milliseconds(300));
    EXPECT_EQ(seen.why, Status::time_out) << seen.message;
    EXPECT_EQ(seen.message.starts_with("no answer within 300 ms; the process was killed"), true)
        << seen.message;
  }
}

TEST(Child, AnAnswerWithoutEndIsCutOff) {
  const Trouble seen = trouble("yes | tr -d '\\n'", seconds(60), seconds(30));
  EXPECT_EQ(seen.why, Status::harness_error);
  EXPECT_EQ(seen.message, "its answer is longer than 64 MiB");
}

TEST(Child, WhatIsWrittenUnaskedIsNoAnswerToTheNextQuestion) {
  Child child(sh("read -r line; echo answer; echo progress; read -r line; echo answer"));
  ASSERT_TRUE(child.ask("one", seconds(10)));
  std::this_thread::sleep_for(milliseconds(200));
  const auto second = child.ask("two", seconds(10));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.trouble().why, Status::harness_error);
  EXPECT_EQ(second.trouble().message, "it wrote unasked: progress\\n");
}

bool gone(pid_t process) {
  for (const auto deadline = Clock::now() + seconds(4); Clock::now() < deadline;) {
    if (kill(process, 0) != 0 && errno == ESRCH) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

TEST(Child, WithItEndsAllThatItStarted) {
  for (const char* start : {"sleep 60 & echo $!", "setsid sh -c 'echo $$; exec sleep 60' & wait",
                            "(trap '' HUP INT TERM; setsid sh -c 'echo $$; exec sleep 60' & ) ; sleep 60"}) {
    pid_t process = 0;
    {
      Child child(sh(std::string("read -r line; ") + start + "; sleep 60"));
      const auto answer = child.ask("who", seconds(10));
      ASSERT_TRUE(answer) << start;
      process = std::stoi(*answer);
      ASSERT_EQ(kill(process, 0), 0);
    }
    EXPECT_TRUE(gone(process)) << start;
  }
}

TEST(Child, SignalsAreAsTheyWereButSigpipeActs) {
  const auto before = signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &old);
  Child child(
      sh("read -r line; grep -E '^Sig(Blk|Ign)' /proc/self/status | sed 's/.*://' | tr -d '\\t' | tr '\\n' ' "
         "'; echo"));
  const auto answer = child.ask("which", seconds(10));
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  signal(SIGPIPE, before);
  ASSERT_TRUE(answer);
  // SIGPIPE acts again; what was blocked on purpose stays so.
  std::uint64_t still_blocked = 0, ignored = 0;
  std::istringstream(*answer) >> std::hex >> still_blocked >> ignored;
  EXPECT_TRUE(still_blocked >> (SIGUSR1 - 1) & 1) << *answer;
  EXPECT_FALSE(ignored >> (SIGPIPE - 1) & 1) << *answer;
}

}  // namespace
}  // namespace ddim::samplers
