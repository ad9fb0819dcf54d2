#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace ddim::samplers {

/// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close();
  int number() const { return number_; }

 private:
  int number_ = -1;
};

/// A command that runs under a supervisor: a process that kills the command and everything it started, in
/// sessions of their own too, as soon as `control` closes. It closes with its owner, however that one ends.
struct Supervised {
  Descriptor to_command;    ///< its stdin, a socket: send() can be told not to raise SIGPIPE
  Descriptor from_command;  ///< its stdout
  Descriptor control;       ///< readable when the command has ended: its wait status, an int
  pid_t supervisor = -1;    ///< to be waited for after `control` is closed
};
/// Runs it with this process's stderr. Errors: std::system_error, of which the code is why it cannot be run.
Supervised run_supervised(const std::vector<std::string>& command);

}  // namespace ddim::samplers
