#include "tests/samplers/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace ddim::samplers {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// The length of the character that `text` starts with; 0 where it is not UTF-8, or one that a terminal obeys:
/// C0, DEL, C1, and those that change the direction of what follows.
std::size_t shown(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if (!continues(text[k])) return 0;
    code = code << 6 | (static_cast<unsigned char>(text[k]) & 0x3Fu);
  }
  const bool overlong = code < (length == 2 ? 0x80u : length == 3 ? 0x800u : 0x10000u);
  const bool none = overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF);
  const bool obeyed = code < 0xA0 || (code >= 0x200E && code <= 0x200F) ||
                      (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return none || obeyed ? 0 : length;
}

std::string escaped(char byte) {
  if (byte == '\n') return "\\n";
  if (byte == '\t') return "\\t";
  if (byte == '\r') return "\\r";
  char text[8];
  std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  return text;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string result;
  std::size_t at = 0;
  while (at < text.size() && at < most) {
    if (const std::size_t length = shown(text.substr(at)); length > 0) {
      result += text.substr(at, length);
      at += length;
    } else {
      result += escaped(text[at++]);
    }
  }
  if (at < text.size()) result += "... " + std::to_string(text.size() - at) + " more";
  return result;
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  // $'...' alone has a way to write what must not reach a terminal as it is.
  const bool escapes = printable(word, word.size()) != word;
  std::string quoted = escapes ? "$'" : "'";
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t length = shown(word.substr(at));
    if (word[at] == '\'') {
      quoted += escapes ? "\\'" : "'\\''";
    } else if (length == 0) {
      quoted += escaped(word[at]);
    } else {
      quoted += escapes && word[at] == '\\' ? "\\\\" : word.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return quoted + "'";
}

}  // namespace ddim::samplers
