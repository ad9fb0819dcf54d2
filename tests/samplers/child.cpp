#include "tests/samplers/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

extern char** environ;

namespace ddim::samplers {

Child::Child(const std::vector<std::string>& command) {
  // A socket rather than a pipe towards the child: send() can be told not to raise SIGPIPE.
  std::array<int, 2> in{}, out{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in.data()) != 0 ||
      pipe2(out.data(), O_CLOEXEC) != 0) {
    throw OpenError(OpenError::Kind::would_not_start, std::string("no pipes: ") + std::strerror(errno));
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[1], 0);
  posix_spawn_file_actions_adddup2(&files, out[1], 1);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int failure = posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(in[1]);
  close(out[1]);
  to_child_ = in[0];
  from_child_ = out[0];
  if (failure != 0) {
    pid_ = -1;
    close(to_child_);
    close(from_child_);
    throw OpenError(OpenError::Kind::would_not_start, command[0] + ": " + std::strerror(failure));
  }
}

Child::~Child() {
  if (alive()) reap(std::chrono::milliseconds(0));
  close(to_child_);
  close(from_child_);
}

bool Child::wait_until(int descriptor, short events, Clock::time_point deadline) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{descriptor, events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

std::string Child::reap(std::chrono::milliseconds patience) {
  int status = 0;
  const auto deadline = Clock::now() + patience;
  pid_t ended;
  while ((ended = waitpid(pid_, &status, WNOHANG)) == 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  kill(-pid_, SIGKILL);  // its own children too
  if (ended == 0) waitpid(pid_, &status, 0);
  pid_ = -1;
  if (ended == 0) return "was killed by this suite";
  if (WIFSIGNALED(status)) {
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
           ")";
  }
  const int code = WEXITSTATUS(status);
  // How a shell reports that what it ran was killed.
  const std::string by_signal = code > 128 && code < 160 ? " (128 + signal " + std::to_string(code - 128) +
                                                               ", " + strsignal(code - 128) + ")"
                                                         : "";
  return "exited with status " + std::to_string(code) + by_signal;
}

Trouble Child::crash() {
  const std::string how = reap(std::chrono::milliseconds(500));
  return {Status::crash, "the process " + how + " before it answered"};
}

Trouble Child::time_out(std::chrono::milliseconds timeout) {
  reap(std::chrono::milliseconds(0));
  return {Status::time_out,
          "no answer within " + std::to_string(timeout.count()) + " ms; the process was killed"};
}

Result<std::string> Child::ask(const std::string& line, std::chrono::milliseconds timeout) {
  if (!alive()) return Trouble{Status::crash, "the process has ended"};
  const auto deadline = Clock::now() + timeout;
  const std::string message = line + "\n";
  for (std::size_t sent = 0; sent < message.size();) {
    const ssize_t count =
        send(to_child_, message.data() + sent, message.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!wait_until(to_child_, POLLOUT, deadline)) return time_out(timeout);
    } else if (errno != EINTR) {
      return crash();
    }
  }
  while (true) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string answer = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return answer;
    }
    if (!wait_until(from_child_, POLLIN, deadline)) return time_out(timeout);
    std::array<char, 65536> piece;
    const ssize_t count = read(from_child_, piece.data(), piece.size());
    if (count > 0) {
      buffer_.append(piece.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return crash();
    }
  }
}

void Child::bid_farewell(const std::string& line) {
  if (!alive()) return;
  const std::string message = line + "\n";
  if (send(to_child_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
    shutdown(to_child_, SHUT_WR);
    reap(std::chrono::milliseconds(300));
  }
}

}  // namespace ddim::samplers
