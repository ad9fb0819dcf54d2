#include "tests/samplers/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "tests/samplers/printable.hpp"

namespace ddim::samplers {
namespace {

/// For poll: rounded up, so that it does not spin in the last millisecond.
int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

std::string in_words(int status) {
  if (WIFSIGNALED(status)) {
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
           ")";
  }
  const int code = WEXITSTATUS(status);
  std::string text = "exited with status " + std::to_string(code);
  // How a shell says it.
  if (code == 127) text += " (no such command)";
  if (code == 126) text += " (not a program)";
  if (code > 128 && code < 160) {
    text += " (128 + signal " + std::to_string(code - 128) + ", " + strsignal(code - 128) + ")";
  }
  return text;
}

}  // namespace

Child::Child(const std::vector<std::string>& command) {
  try {
    child_ = run_supervised(command);
  } catch (const std::system_error& error) {
    throw OpenError(OpenError::Kind::would_not_start, command[0] + ": " + error.code().message());
  }
  fcntl(child_.from_command.number(), F_SETFL, O_NONBLOCK);
}

void Child::end() {
  if (!alive()) return;
  child_.control.close();
  while (waitpid(child_.supervisor, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = {};
}

Child::Received Child::receive() {
  std::array<char, 65536> piece;
  const ssize_t count = read(child_.from_command.number(), piece.data(), piece.size());
  if (count > 0) buffer_.append(piece.data(), static_cast<std::size_t>(count));
  if (count > 0) return Received::something;
  return count < 0 && (errno == EAGAIN || errno == EINTR) ? Received::nothing : Received::end;
}

bool Child::send_some(const std::string& message, std::size_t& sent) {
  const ssize_t count = send(child_.to_command.number(), message.data() + sent, message.size() - sent,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count > 0) sent += static_cast<std::size_t>(count);
  return count > 0 || errno == EAGAIN || errno == EINTR;
}

std::optional<std::string> Child::ended(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  pollfd waiting{child_.control.number(), POLLIN, 0};
  while (poll(&waiting, 1, milliseconds_until(deadline)) < 0 && errno == EINTR) {
  }
  int status = 0;
  if (recv(child_.control.number(), &status, sizeof status, MSG_DONTWAIT) != sizeof status) return {};
  return in_words(status);
}

std::string Child::unfinished() const {
  return buffer_.empty() ? "" : "; " + std::to_string(buffer_.size()) + " bytes arrived, no newline";
}

Trouble Child::crash() {
  const std::string how = ended(std::chrono::milliseconds(500))
                              .value_or("closed its input or output and was killed by this suite");
  end();
  return {Status::crash, "the process " + how + " before it answered" + unfinished()};
}

Trouble Child::time_out(std::chrono::milliseconds timeout) {
  end();
  return {Status::time_out, "no answer within " + std::to_string(timeout.count()) +
                                " ms; the process was killed" + unfinished()};
}

Result<std::string> Child::ask(const std::string& line, std::chrono::milliseconds timeout) {
  if (!alive()) return Trouble{Status::crash, "the process has ended"};
  receive();
  if (!buffer_.empty()) {
    end();
    return Trouble{Status::harness_error, "it wrote unasked: " + printable(buffer_, 120)};
  }
  const auto deadline = Clock::now() + timeout;
  const std::string message = line + "\n";
  std::size_t sent = 0;
  while (Clock::now() < deadline) {
    std::array<pollfd, 3> waiting{
        pollfd{child_.from_command.number(), POLLIN, 0}, pollfd{child_.control.number(), POLLIN, 0},
        pollfd{sent < message.size() ? child_.to_command.number() : -1, POLLOUT, 0}};
    if (poll(waiting.data(), waiting.size(), milliseconds_until(deadline)) <= 0) continue;
    if (waiting[2].revents != 0 && !send_some(message, sent)) return crash();
    if (waiting[0].revents == 0 && waiting[1].revents != 0) return crash();  // whoever still holds its stdout
    if (waiting[0].revents == 0) continue;
    const std::size_t searched = buffer_.size();
    if (receive() == Received::end) return crash();
    if (const auto found = buffer_.find('\n', searched); found != std::string::npos) {
      std::string answer = buffer_.substr(0, found);
      buffer_.erase(0, found + 1);
      return answer;
    }
    if (buffer_.size() > kLongestLine) {
      end();
      return Trouble{Status::harness_error,
                     "its answer is longer than " + std::to_string(kLongestLine >> 20) + " MiB"};
    }
  }
  return time_out(timeout);
}

void Child::bid_farewell(const std::string& line) {
  if (!alive()) return;
  const std::string message = line + "\n";
  std::size_t sent = 0;
  if (send_some(message, sent) && sent > 0) {
    shutdown(child_.to_command.number(), SHUT_WR);
    ended(std::chrono::milliseconds(300));
  }
  end();
}

}  // namespace ddim::samplers
