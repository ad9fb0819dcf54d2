#pragma once

// The body of a kernel, from text to the program that a warp executes.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/emulation/ptx_machine.hpp"
#include "tests/emulation/ptx_text.hpp"

namespace ddim::ptx {

struct Entry {
  std::string name;
  std::vector<Variable> parameters;
  std::size_t body = 0, end = 0;  // tokens
  std::uint64_t most_threads = 1024;
};

/// Addresses of .const and .global variables by name.
using Addresses = std::map<std::string, std::uint64_t, std::less<>>;

std::shared_ptr<Program> read_body(const std::vector<Token>& tokens, const Entry& entry, Allow allow,
                                   const std::vector<Variable>& module_shared, const Addresses& addresses);

}  // namespace ddim::ptx
