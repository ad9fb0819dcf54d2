#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

/// The program as a test runs it.
namespace ddim::conformance {

struct Outcome {
  int exit_code;
  std::string output;  // stdout and stderr
};

inline Outcome shell(const std::string& command) {
  FILE* pipe = popen(("cd '" DDIM_ROOT "' && {\n" + command + "\n} 2>&1").c_str(), "r");
  Outcome outcome{-1, ""};
  std::array<char, 4096> piece;
  while (const std::size_t count = fread(piece.data(), 1, piece.size(), pipe))
    outcome.output.append(piece.data(), count);
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

inline Outcome verify(const std::string& arguments) { return shell("'" DDIM_VERIFY "' " + arguments); }

inline std::string config(const std::string& name) { return "tests/conformance/configs/" + name + ".json"; }

/// A path that no other call gives.
inline std::string fresh_path(const std::string& name) {
  static int calls = 0;
  const std::string path =
      testing::TempDir() + std::to_string(getpid()) + "-" + std::to_string(++calls) + "-" + name;
  std::filesystem::remove(path);
  return path;
}

inline std::string written(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

/// What is there, of a file of a process that may end meanwhile too.
inline std::string read(const std::string& path) {
  std::string text;
  FILE* file = fopen(path.c_str(), "r");
  if (!file) return text;
  std::array<char, 4096> piece;
  while (const std::size_t count = fread(piece.data(), 1, piece.size(), file))
    text.append(piece.data(), count);
  fclose(file);
  return text;
}

inline long lines_with(const std::string& text, const std::string& part) {
  long count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, text.find('\n', at)))
    ++count;
  return count;
}

/// Processes whose command line holds `part`, this one and those it is handed to by shells apart.
inline int running(const std::string& part) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string line = read(entry.path() / "cmdline");
    count += line.find(part) != std::string::npos && line.find("ddim-verify") == std::string::npos;
  }
  return count;
}

#define EXPECT_CONTAINS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "no \"" << (part) << "\" in:\n" << (text)

inline std::string python() {
  if (const char* chosen = std::getenv("DDIM_PYTHON"); chosen && *chosen) return chosen;
  const std::string local = DDIM_ROOT "/.venv/bin/python";
  return std::filesystem::exists(local) ? local : "python3";
}

/// Why the interpreter cannot import `module`, or "" when it can. diffusers is looked for, not imported: that
/// takes seconds and is the harness's own work.
inline std::string missing(const std::string& module) {
  const Outcome outcome =
      shell("'" + python() + "' -c 'import sys, importlib.util as u; sys.exit(0 if u.find_spec(\"" + module +
            "\") else 9)'");
  if (outcome.exit_code == 0) return "";
  return python() +
         (outcome.exit_code == 9 ? " has no module " + module : " does not run: " + outcome.output);
}

#define NEEDS(module)                                                          \
  if (const std::string why = missing(module); !why.empty()) {                 \
    GTEST_SKIP() << "NOT RUN: " << why << " (set DDIM_PYTHON, or make .venv)"; \
  }

/// The arguments of a check of peers/misbehaving.py.
inline std::string misbehaving(const std::string& mode, const std::string& rest = " -S 4 --eta 0") {
  return "'exec:python3 tests/samplers/peers/misbehaving.py " + mode + "' --config " + config("sd15") + rest;
}

}  // namespace ddim::conformance
