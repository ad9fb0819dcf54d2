#include "tests/samplers/json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "tests/samplers/printable.hpp"

namespace ddim::samplers {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64;

/// "[json.exception.parse_error.101] parse error at line 3, column 1: syntax error ...; last read: '...'"
std::string without_code(const std::string& text) {
  const auto end = text.find("] ");
  return printable(end == std::string::npos ? text : text.substr(end + 2), 300);
}

}  // namespace

Json parse_json(const std::string& text) {
  if (const auto found = text.find('\0'); found != std::string::npos)
    throw JsonError("a NUL after " + std::to_string(found) + " bytes");
  std::vector<std::set<std::string>> keys;  // of the objects around
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= kDeepest)
      throw JsonError("nested deeper than " + std::to_string(kDeepest) + " levels");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw JsonError("the key " + printable(parsed.get<std::string>(), 60) + " comes twice");
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception& error) {
    throw JsonError("not JSON, or cut short: " + without_code(error.what()));
  }
}

}  // namespace ddim::samplers
