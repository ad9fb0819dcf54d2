#include "tests/samplers/open.hpp"

#include <cstdlib>
#include <filesystem>

#include "tests/samplers/builtin.hpp"
#include "tests/samplers/cuda.hpp"
#include "tests/samplers/protocol.hpp"

namespace ddim::samplers {
namespace {

std::string python() {
  if (const char* chosen = std::getenv("DDIM_PYTHON"); chosen && *chosen) return chosen;
  const std::string local = DDIM_SOURCE_DIR "/.venv/bin/python";
  return std::filesystem::exists(local) ? local : "python3";
}

Sampler open_cuda(const std::string& dtype) {
  try {
    return of_cuda(dtype);
  } catch (const DomainError& error) {
    throw OpenError(OpenError::Kind::usage, error.what());
  }
}

Sampler open_python(const std::string& script, const std::string& name, const OpenOptions& options) {
  if (name.find(':') == std::string::npos)
    throw OpenError(OpenError::Kind::usage, name + " is not package.module:name or path/to/file.py:name");
  return of_command({python(), DDIM_SOURCE_DIR "/tests/samplers/" + script, name}, options);
}

}  // namespace

Sampler open(const std::string& locator, const OpenOptions& options) {
  const auto rest = [&](std::string_view prefix) { return locator.substr(prefix.size()); };
  if (locator == "builtin:reference") return reference();
  if (locator == "builtin:cuda") return open_cuda("float32");
  if (locator.starts_with("builtin:cuda:")) return open_cuda(rest("builtin:cuda:"));
  if (locator.starts_with("py:")) return open_python("harness.py", rest("py:"), options);
  if (locator.starts_with("loop:")) return open_python("loop.py", rest("loop:"), options);
  if (locator.starts_with("exec:") && locator.size() > 5)
    return of_command({"/bin/sh", "-c", rest("exec:")}, options);
  throw OpenError(OpenError::Kind::usage, locator +
                                              " is none of builtin:reference, builtin:cuda[:DTYPE], "
                                              "builtin:fault:NAME, py:package.module:Class, "
                                              "loop:package.module:function, exec:COMMAND");
}

}  // namespace ddim::samplers
