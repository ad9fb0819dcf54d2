#pragma once

// The text of PTX: tokens, literals and declarations of variables, as nvcc writes them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/emulation/ptx.hpp"

namespace ddim::ptx {

struct Token {
  std::string_view text;
  int line;
};

std::vector<Token> tokens_of(std::string_view text);

class Cursor {
 public:
  Cursor(const std::vector<Token>& tokens, std::size_t at, std::size_t end)
      : tokens_(tokens), at_(at), end_(end) {}
  bool done() const { return at_ >= end_; }
  std::string_view peek(std::size_t ahead = 0) const {
    return at_ + ahead < end_ ? tokens_[at_ + ahead].text : std::string_view();
  }
  int line() const {
    return at_ < tokens_.size() ? tokens_[at_].line : tokens_.empty() ? 0 : tokens_.back().line;
  }
  std::size_t position() const { return at_; }
  void seek(std::size_t at) { at_ = at; }
  std::string_view next() {
    if (done()) throw Error(Fault::syntax, line(), "unexpected end");
    return tokens_[at_++].text;
  }
  bool take(std::string_view text) {
    if (peek() != text || done()) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view text) {
    if (!take(text))
      throw Error(Fault::syntax, line(),
                  "\"" + std::string(peek()) + "\" where \"" + std::string(text) + "\" should be");
  }
  void skip_past(std::string_view text) {
    while (next() != text) {
    }
  }
  void skip_line() {
    for (const int here = line(); !done() && line() == here;) ++at_;
  }

 private:
  const std::vector<Token>& tokens_;
  std::size_t at_, end_;
};
/// Of a type such as ".u32"; 0 where it is none.
unsigned type_bytes(std::string_view type);

struct Literal {
  std::uint64_t bits = 0;
  char kind = 'i';  // i, f (single precision), d
};
Literal literal(std::string_view text, bool negative, int line);
std::size_t number(Cursor& in);

struct Variable {
  std::string name;
  std::size_t align = 1, element = 1, count = 1;
  bool open = false;  // name[]
  std::vector<std::byte> data;
  std::size_t bytes() const { return element * count; }
};
/// `.align 8 .b8 name[16] = {...}`, from the token after the state space up to "," or ";" or ")".
Variable variable(Cursor& in);

/// Where a variable begins, behind `end` bytes.
inline std::size_t place(std::size_t end, const Variable& v) {
  return (end + v.align - 1) / v.align * v.align;
}

}  // namespace ddim::ptx
