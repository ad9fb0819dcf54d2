#pragma once

// Included by sources that hold mutants: which of them is alive is said at run time.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <type_traits>

namespace ddim_mutants {

inline constexpr int kMost = 4096;

/// Writes the number to the file DDIM_MUTANTS_REACHED the first time that it is asked for, at once: a process
/// that is killed has still reached it.
inline void note(int number) {
  static const char* const path = std::getenv("DDIM_MUTANTS_REACHED");
  static std::atomic<bool> noted[kMost];
  if (path == nullptr || noted[number].exchange(true, std::memory_order_relaxed)) return;
  char line[16];
  const int size = std::snprintf(line, sizeof line, "%d\n", number);
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0 || write(file, line, static_cast<std::size_t>(size)) != size) std::abort();
  close(file);
}

inline bool chosen(int number) {
  static const int alive = [] {
    const char* const text = std::getenv("DDIM_MUTANT");
    return text == nullptr ? -1 : std::atoi(text);
  }();
  static const bool surveyed = std::getenv("DDIM_MUTANTS_REACHED") != nullptr;
  if (surveyed) note(number);
  return number == alive;
}

}  // namespace ddim_mutants

/// Whether the change of this number is to be made. What a compiler evaluates is never changed.
constexpr bool ddim_mutant(int number) {
  return !std::is_constant_evaluated() && ddim_mutants::chosen(number);
}
