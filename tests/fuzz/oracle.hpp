#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

/// What libFuzzer calls, and replay.cpp.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ddim::fuzz {

using Json = nlohmann::json;

/// Ends the process, which is what a fuzzer looks for.
[[noreturn]] inline void wrong(const char* what, const std::string& text) {
  std::fprintf(stderr, "fuzz: accepted, although %s: %s\n", what, text.substr(0, 2000).c_str());
  std::abort();
}

/// With DDIM_FUZZ_PLANTED set, what a parser that stops at the last brace would be given: the fault that fuzzing
/// has to find.
inline std::string as_read(const std::string& text) {
  static const bool planted = std::getenv("DDIM_FUZZ_PLANTED") != nullptr;
  return planted ? text.substr(0, text.rfind('}') + 1) : text;
}

/// What was accepted is one JSON value, all of it: nlohmann takes a NUL for the end.
inline void require_whole(const std::string& text) {
  if (text.find('\0') != std::string::npos) wrong("it holds a NUL", text);
  if (!Json::accept(text)) wrong("it is not JSON", text);
}

}  // namespace ddim::fuzz
