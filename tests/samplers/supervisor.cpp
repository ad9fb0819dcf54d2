#include "tests/samplers/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace ddim::samplers {
namespace {

// Between fork and exec, and in the supervisor, nothing but system calls: the process that forked may have
// threads, and their locks stay as they were.

struct Ends {
  int in, out, control, failures;
  sigset_t signals;  ///< as they were before all were blocked
};

/// Says why a command could not be run, to who waits for its start.
[[noreturn]] void give_up(int failures) {
  const int why = errno;
  [[maybe_unused]] const ssize_t told = write(failures, &why, sizeof why);
  _exit(127);
}

[[noreturn]] void become(char* const* arguments, const Ends& ends, pid_t supervisor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // for a supervisor that is itself killed
  if (getppid() != supervisor) _exit(127);
  setpgid(0, 0);
  if (dup2(ends.in, STDIN_FILENO) < 0 || dup2(ends.out, STDOUT_FILENO) < 0) give_up(ends.failures);
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) {
    struct sigaction now {};
    sigaction(number, nullptr, &now);
    // What was ignored for this process (nohup) stays so; SIGPIPE it ignores for its own output's sake.
    if (now.sa_handler != SIG_IGN || number == SIGPIPE) signal(number, SIG_DFL);
  }
  sigprocmask(SIG_SETMASK, &ends.signals, nullptr);
  execvp(arguments[0], arguments);
  give_up(ends.failures);
}

/// Kills the children of this process that are there; how many could be. Their own children become this
/// process's as they end.
int kill_children() {
  const int list = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  std::array<char, 4096> text;
  const ssize_t size = list < 0 ? 0 : read(list, text.data(), text.size() - 1);
  if (list >= 0) close(list);
  int killed = 0;
  pid_t number = 0;
  for (ssize_t k = 0; k < size; ++k) {
    const char digit = text[static_cast<std::size_t>(k)];
    if (digit >= '0' && digit <= '9') {
      number = 10 * number + (digit - '0');
    } else if (number > 0) {  // a number that is cut short at the end of the buffer is not used
      killed += kill(number, SIGKILL) == 0;
      number = 0;
    }
  }
  return killed;
}

[[noreturn]] void end_all(pid_t command) {
  kill(-command, SIGKILL);
  kill(command, SIGKILL);
  while (kill_children() > 0 && waitpid(-1, nullptr, 0) > 0) {
  }
  _exit(0);
}

[[noreturn]] void supervise(char* const* arguments, const Ends& ends) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "ddim-supervisor");
  setpgid(0, 0);  // what is sent to the group of who forked it is not meant for this process
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  const int ended = signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
  const pid_t self = getpid();
  const pid_t command = ended < 0 ? -1 : fork();
  if (command < 0) give_up(ends.failures);
  if (command == 0) become(arguments, ends, self);

  // Nothing is held open that others wait for the end of.
  constexpr int kControl = 3, kEnded = 4;
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  const int control = fcntl(ends.control, F_DUPFD, kEnded + 1), noticed = fcntl(ended, F_DUPFD, kEnded + 1);
  dup2(control, kControl);
  dup2(noticed, kEnded);
  close_range(kEnded + 1, ~0U, 0);

  while (true) {
    std::array<pollfd, 2> waiting{pollfd{kControl, POLLIN, 0}, pollfd{kEnded, POLLIN, 0}};
    poll(waiting.data(), waiting.size(), -1);
    if (waiting[0].revents != 0) end_all(command);
    signalfd_siginfo information;
    while (read(kEnded, &information, sizeof information) > 0) {
    }
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == command) send(kControl, &status, sizeof status, MSG_NOSIGNAL);
    }
  }
}

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category()); }

/// Two connected ends, and which of them reads a pipe's.
struct Pair {
  Descriptor mine, other;
};
Pair sockets(int kind) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, ends.data()) != 0) fail();
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}
Pair pipe_from() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail();
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Supervised run_supervised(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pair in = sockets(SOCK_STREAM), out = pipe_from(), control = sockets(SOCK_SEQPACKET),
       failures = pipe_from();

  sigset_t all;
  Ends ends{in.other.number(), out.other.number(), control.other.number(), failures.other.number(), {}};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &ends.signals);
  const pid_t supervisor = fork();
  if (supervisor == 0) supervise(arguments.data(), ends);
  const int no_fork = errno;
  pthread_sigmask(SIG_SETMASK, &ends.signals, nullptr);
  if (supervisor < 0) throw std::system_error(no_fork, std::generic_category());

  for (Pair* pair : {&in, &out, &control, &failures}) pair->other.close();
  // Closed without a word once the command runs.
  int why = 0;
  ssize_t count;
  while ((count = read(failures.mine.number(), &why, sizeof why)) < 0 && errno == EINTR) {
  }
  if (count > 0) {
    control.mine.close();
    waitpid(supervisor, nullptr, 0);
    throw std::system_error(why, std::generic_category());
  }
  return {std::move(in.mine), std::move(out.mine), std::move(control.mine), supervisor};
}

}  // namespace ddim::samplers
