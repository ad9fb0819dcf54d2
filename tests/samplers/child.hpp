#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/samplers/open.hpp"
#include "tests/samplers/supervisor.hpp"

namespace ddim::samplers {

/// A child process that is spoken to in lines: its stdin and stdout are ours, its stderr is shown. It, and all
/// that it started, ends with this object and with this process.
class Child {
 public:
  /// Errors: OpenError (would_not_start) when the program cannot be run at all.
  explicit Child(const std::vector<std::string>& command);
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Sends a line and waits for one, `timeout` in all, whatever arrives. A crash (the child ended, or closed its
  /// stdout), a time-out, and output that is no line, too long or unasked for, end the child.
  Result<std::string> ask(const std::string& line, std::chrono::milliseconds timeout);
  /// Sends a last line and lets the child end by itself for a moment.
  void bid_farewell(const std::string& line);
  bool alive() const { return child_.supervisor > 0; }
  /// Kills it, if it is alive.
  void end();

  static constexpr std::size_t kLongestLine = std::size_t{64} << 20;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Received { nothing, something, end };
  Received receive();
  /// Sends from `sent` on, as much as is taken at once; false when nobody reads.
  bool send_some(const std::string& message, std::size_t& sent);
  /// How it ended, in words; nothing while it runs.
  std::optional<std::string> ended(std::chrono::milliseconds patience);
  /// ": N bytes arrived, no newline", where any did.
  std::string unfinished() const;
  Trouble crash();
  Trouble time_out(std::chrono::milliseconds timeout);

  Supervised child_;
  std::string buffer_;
};

}  // namespace ddim::samplers
