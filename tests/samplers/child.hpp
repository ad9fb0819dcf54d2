#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/samplers/open.hpp"

namespace ddim::samplers {

/// A child process that is spoken to in lines: its stdin and stdout are ours, its stderr is shown. It leads a
/// process group of its own, which the destructor kills and reaps.
class Child {
 public:
  /// Errors: OpenError (would_not_start) when the program cannot be run at all.
  explicit Child(const std::vector<std::string>& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Sends a line and waits for one. A crash (the child ended,
  /// or closed its stdout) and a time-out kill the child.
  Result<std::string> ask(const std::string& line, std::chrono::milliseconds timeout);
  /// Sends a last line and lets the child end by itself for a moment.
  void bid_farewell(const std::string& line);
  bool alive() const { return pid_ > 0; }

 private:
  using Clock = std::chrono::steady_clock;
  bool wait_until(int descriptor, short events, Clock::time_point deadline) const;
  /// Ends the child; how it ended, in words.
  std::string reap(std::chrono::milliseconds patience);
  Trouble crash();
  Trouble time_out(std::chrono::milliseconds timeout);

  pid_t pid_ = -1;
  int to_child_ = -1, from_child_ = -1;
  std::string buffer_;
};

}  // namespace ddim::samplers
