#include "tests/emulation/ptx_text.hpp"

#include <algorithm>
#include <charconv>

namespace ddim::ptx {

namespace {

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == '%' || c == '.';
}
}  // namespace

std::vector<Token> tokens_of(std::string_view s) {
  std::vector<Token> out;
  int line = 1;
  for (std::size_t at = 0; at < s.size();) {
    const char c = s[at];
    if (c == '\n') ++line;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at;
    } else if (s.substr(at, 2) == "//") {
      at = std::min(s.find('\n', at), s.size());
    } else if (s.substr(at, 2) == "/*") {
      const auto end = std::min(s.find("*/", at), s.size() - 2) + 2;
      line += static_cast<int>(std::count(&s[at], s.data() + end, '\n'));
      at = end;
    } else if (c == '"') {
      const auto end = s.find('"', at + 1);
      if (end == s.npos) throw Error(Fault::syntax, line, "unterminated string");
      out.push_back({s.substr(at, end + 1 - at), line});
      at = end + 1;
    } else if (in_word(c)) {
      auto end = at;
      while (end < s.size() && (in_word(s[end]) || s.substr(end, 2) == "::")) end += s[end] == ':' ? 2 : 1;
      out.push_back({s.substr(at, end - at), line});
      at = end;
    } else {
      out.push_back({s.substr(at++, 1), line});
    }
  }
  return out;
}

unsigned type_bytes(std::string_view type) {
  const auto digits = type.substr(std::min<std::size_t>(type.find_first_of("0123456789"), type.size()));
  return digits == "8"                        ? 1
         : digits == "16"                     ? 2
         : digits == "32" || digits == "16x2" ? 4
         : digits == "64"                     ? 8
                                              : 0;
}

Literal literal(std::string_view s, bool negative, int line) {
  const bool single = s.starts_with("0f") || s.starts_with("0F"),
             twice = s.starts_with("0d") || s.starts_with("0D"),
             hex = single || twice || s.starts_with("0x") || s.starts_with("0X");
  Literal out{0, single ? 'f' : twice ? 'd' : 'i'};
  auto digits = s.substr(hex ? 2 : 0);
  if (!single && !twice && digits.ends_with('U')) digits.remove_suffix(1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out.bits, hex ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      (hex && !single && !twice ? false : single && digits.size() != 8) || (twice && digits.size() != 16)) {
    throw Error(Fault::syntax, line, "\"" + std::string(s) + "\" is no literal");
  }
  if (negative && out.kind != 'i') throw Error(Fault::syntax, line, "negated floating-point literal");
  if (negative) out.bits = 0 - out.bits;
  return out;
}

std::size_t number(Cursor& in) {
  const int line = in.line();
  return literal(in.next(), false, line).bits;
}

Variable variable(Cursor& in) {
  Variable v;
  bool typed = false;
  for (; in.peek().starts_with('.');) {
    const int line = in.line();
    const auto word = in.next();
    if (word == ".align") {
      v.align = number(in);
    } else if (word == ".v2" || word == ".v4") {
      throw Error(Fault::unsupported, line, "vector variable");
    } else if (const unsigned bytes = type_bytes(word)) {
      v.element = bytes;
      typed = true;
    } else if (word != ".ptr" && word != ".global" && word != ".const" && word != ".shared" &&
               word != ".local") {
      throw Error(Fault::syntax, line, "\"" + std::string(word) + "\" in a declaration");
    }
  }
  v.align = std::max(v.align, v.element);
  v.name = in.next();
  if (!typed) throw Error(Fault::syntax, in.line(), v.name + " has no type");
  if (in.take("[")) {
    v.open = in.peek() == "]";
    v.count = v.open ? 0 : number(in);
    in.expect("]");
  }
  if (in.take("=")) {
    const bool list = in.take("{");
    do {
      const bool negative = in.take("-");
      const int line = in.line();
      const Literal l = literal(in.next(), negative, line);
      const auto* bytes = reinterpret_cast<const std::byte*>(&l.bits);
      v.data.insert(v.data.end(), bytes, bytes + v.element);
    } while (list && in.take(","));
    if (list) in.expect("}");
  }
  v.data.resize(v.bytes());
  return v;
}

}  // namespace ddim::ptx
