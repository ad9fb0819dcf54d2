#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>

namespace ddim::samplers {

/// What is wrong with a text that should be JSON, in one printable line.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// JSON that others wrote. Errors: JsonError where it is none, is nested deeper than 64 levels, holds a byte NUL
/// (which would end it unseen) or names a key twice (of which one would win).
nlohmann::json parse_json(const std::string& text);

}  // namespace ddim::samplers
