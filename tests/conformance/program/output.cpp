#include "tests/conformance/program/output.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ddim::conformance {
namespace {

std::string cut_off(bool json, const std::string& why) {
  return json ? R"({"kind":"cut off","why":")" + why + "\"}\n"
              : "cut off by " + why + ": this report is not whole\n";
}

struct Ending {
  int signal;
  std::string line = {};
};
std::array<Ending, 3> endings{Ending{SIGINT}, Ending{SIGTERM}, Ending{SIGHUP}};
// A line is whole or not begun, except where its reader stands still.
std::atomic<bool> writing = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void end_by(int number) {
  for (const Ending& ending : endings) {
    if (ending.signal != number || writing) continue;
    [[maybe_unused]] const ssize_t count = write(STDOUT_FILENO, ending.line.data(), ending.line.size());
  }
  signal(number, SIG_DFL);
  raise(number);  // taken once this returns: the exit status says what ended it
}

/// What was ignored for this process (nohup) stays so.
void take(int number, void (*handler)(int)) {
  struct sigaction now {};
  sigaction(number, nullptr, &now);
  if (now.sa_handler != SIG_IGN) signal(number, handler);
}

}  // namespace

void prepare_standard_files() {
  for (const auto& [number, mode] :
       {std::pair{STDIN_FILENO, O_RDONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}}) {
    if (fcntl(number, F_GETFD) < 0 && errno == EBADF) open("/dev/null", mode);  // the lowest that is free
  }
  signal(SIGPIPE, SIG_IGN);
}

void put(const std::string& text) {
  writing = true;
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count >= 0 || errno == EINTR) continue;
    writing = false;
    throw OutputError(std::strerror(errno));
  }
  writing = false;
}

GrowingReport::GrowingReport(bool json) : json_(json) {
  for (Ending& ending : endings) {
    ending.line =
        cut_off(json, "signal " + std::to_string(ending.signal) + " (" + strsignal(ending.signal) + ")");
    take(ending.signal, end_by);
  }
}

GrowingReport::~GrowingReport() {
  for (const Ending& ending : endings) take(ending.signal, SIG_DFL);
  if (!begun_ || whole_) return;
  const std::string line = cut_off(json_, "an error");
  [[maybe_unused]] const ssize_t count = write(STDOUT_FILENO, line.data(), line.size());
}

void GrowingReport::put(const std::string& text) {
  begun_ = true;
  conformance::put(text);
}

void GrowingReport::finish(const std::string& summary) {
  put(summary);
  whole_ = true;
}

}  // namespace ddim::conformance
