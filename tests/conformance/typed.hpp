#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

/// The program itself, as a user types it.
namespace ddim::conformance {

struct Outcome {
  int exit_code;
  std::string output;  // stdout and stderr
};

inline Outcome shell(const std::string& command) {
  FILE* pipe = popen(("cd '" DDIM_ROOT "' && " + command + " 2>&1").c_str(), "r");
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

inline std::string written(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
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

}  // namespace ddim::conformance
