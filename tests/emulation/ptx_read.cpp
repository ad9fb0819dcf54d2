#include <algorithm>
#include <charconv>
#include <optional>

#include "tests/emulation/ptx.hpp"
#include "tests/emulation/ptx_machine.hpp"

namespace ddim::ptx {

std::string_view to_text(Fault fault) {
  constexpr std::array<std::string_view, 15> names{
      "syntax",   "unknown instruction", "unsupported", "contractable", "approximate",
      "argument", "out of bounds",       "misaligned",  "read-only",    "uninitialised",
      "race",     "divergence",          "stale",       "limit",        "trap"};
  return names[static_cast<std::size_t>(fault)];
}

Error::Error(Fault fault, int line, const std::string& what)
    : std::runtime_error(std::string(to_text(fault)) + (line ? " at PTX line " + std::to_string(line) : "") +
                         ": " + what),
      fault_(fault),
      line_(line) {}

// Text

namespace {

struct Token {
  std::string_view text;
  int line;
};

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == '%' || c == '.';
}

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

unsigned type_bytes(std::string_view type) {  // ".u32"
  const auto digits = type.substr(std::min<std::size_t>(type.find_first_of("0123456789"), type.size()));
  return digits == "8"                        ? 1
         : digits == "16"                     ? 2
         : digits == "32" || digits == "16x2" ? 4
         : digits == "64"                     ? 8
                                              : 0;
}

struct Literal {
  std::uint64_t bits = 0;
  char kind = 'i';  // i, f (single precision), d
};

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

struct Variable {
  std::string name;
  std::size_t align = 1, element = 1, count = 1;
  bool open = false;  // name[]
  std::vector<std::byte> data;
  std::size_t bytes() const { return element * count; }
};

std::size_t number(Cursor& in) {
  const int line = in.line();
  return literal(in.next(), false, line).bits;
}

// .align 8 .b8 name[16] = {...}, from the token after the state space up to "," or ";" or ")".
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

std::size_t place(std::size_t end, const Variable& v) { return (end + v.align - 1) / v.align * v.align; }

struct Entry {
  std::string name;
  std::vector<Variable> parameters;
  std::size_t body = 0, end = 0;  // tokens
  std::uint64_t most_threads = 1024;
  int line = 0;
};

}  // namespace

struct Module::Text {
  std::string text, target;
  std::vector<Token> tokens;
  std::vector<Entry> entries;
  std::vector<std::byte> constants, globals;
  std::map<std::string, std::uint64_t, std::less<>> addresses;  // of .const and .global variables
  std::vector<Variable> shared;
};

Module Module::parse(std::string text) {
  auto out = std::make_shared<Text>();
  out->text = std::move(text);
  out->tokens = tokens_of(out->text);
  Cursor in(out->tokens, 0, out->tokens.size());
  const auto skip_body = [&] {
    in.expect("{");
    for (int depth = 1; depth > 0;) {
      const auto t = in.next();
      depth += t == "{" ? 1 : t == "}" ? -1 : 0;
    }
  };
  while (!in.done()) {
    const int line = in.line();
    const auto word = in.next();
    if (word == ".version" || word == ".address_size") {
      if (const auto v = in.next(); word == ".address_size" && v != "64")
        throw Error(Fault::unsupported, line, "32-bit addresses");
    } else if (word == ".target") {
      out->target = in.next();
      while (in.take(",")) in.next();
    } else if (word == ".visible" || word == ".weak" || word == ".extern" || word == ".common") {
    } else if (word == ".file") {
      in.seek(in.position() - 1);
      in.skip_line();
    } else if (word == ".section") {
      while (in.peek() != "{") in.next();
      skip_body();
    } else if (word == ".const" || word == ".global") {
      const Variable v = variable(in);
      in.expect(";");
      auto& image = word == ".const" ? out->constants : out->globals;
      image.resize(place(image.size(), v));
      out->addresses[v.name] = image.size() + (word == ".const" ? kConstantBase : kModuleBase);
      image.insert(image.end(), v.data.begin(), v.data.end());
    } else if (word == ".shared") {
      out->shared.push_back(variable(in));
      in.expect(";");
    } else if (word == ".func") {
      while (in.peek() != "{" && in.peek() != ";") in.next();
      if (!in.take(";")) skip_body();
    } else if (word == ".entry") {
      Entry e;
      e.line = line;
      e.name = in.next();
      if (in.take("(") && !in.take(")")) {
        do {
          in.expect(".param");
          e.parameters.push_back(variable(in));
        } while (in.take(","));
        in.expect(")");
      }
      while (in.peek() != "{") {
        const auto bound = in.next();
        if (bound == ".maxntid" || bound == ".reqntid") {
          e.most_threads = number(in);
          while (in.take(",")) e.most_threads *= number(in);
        }
      }
      e.body = in.position() + 1;
      skip_body();
      e.end = in.position();
      out->entries.push_back(std::move(e));
    } else {
      throw Error(Fault::syntax, line, "\"" + std::string(word) + "\" at the top level");
    }
  }
  Module m;
  m.text_ = std::move(out);
  return m;
}

const std::string& Module::target() const { return text_->target; }

std::vector<std::string> Module::kernels() const {
  std::vector<std::string> out;
  for (const auto& e : text_->entries) out.push_back(e.name);
  return out;
}

// Bodies

namespace {

struct Operand {
  enum Kind { reg, immediate, list, address, pair } kind = immediate;
  std::uint32_t index = 0;
  unsigned bytes = 0;  // of the register; 0 is a predicate
  bool negated = false, sink = false;
  Literal value;
  std::string_view word;
  std::vector<Operand> parts;
  std::int64_t offset = 0;
};

class Reader {
 public:
  Reader(const std::vector<Token>& tokens, const Entry& entry, Allow allow)
      : in_(tokens, entry.body, entry.end), allow_(allow) {
    out_ = std::make_shared<Program>();
    out_->name = entry.name;
    out_->most_threads = entry.most_threads;
    std::size_t end = 0;
    for (const auto& p : entry.parameters) {
      end = place(end, p);
      symbols_[p.name] = end;
      out_->parameter_offsets.push_back(end);
      out_->parameter_bytes.push_back(p.bytes());
      end += p.bytes();
    }
    scopes_.emplace_back();
    sink_ = new_register();
  }

  std::shared_ptr<Program> read(const std::vector<Variable>& module_shared,
                                const std::map<std::string, std::uint64_t, std::less<>>& addresses) {
    for (const auto& [name, address] : addresses) symbols_[name] = address;
    place_shared(module_shared);
    for (int depth = 1; depth > 0;) {
      const int line = in_.line();
      const auto word = in_.next();
      if (word == "{") {
        ++depth;
        scopes_.emplace_back();
      } else if (word == "}") {
        --depth;
        scopes_.pop_back();
      } else if (word == ".reg") {
        declare_registers();
      } else if (word == ".shared" || word == ".pragma") {
        in_.skip_past(";");
      } else if (word == ".local") {
        throw Error(Fault::unsupported, line, ".local memory: the kernel keeps an array or spills");
      } else if (word == ".param") {
        throw Error(Fault::unsupported, line, "call");
      } else if (word == ".loc") {
        in_.seek(in_.position() - 1);
        in_.skip_line();
      } else if (in_.peek() == ":" && word != "@") {
        in_.next();
        if (!labels_.emplace(word, out_->code.size()).second)
          throw Error(Fault::syntax, line, "label " + std::string(word) + " twice");
      } else {
        in_.seek(in_.position() - 1);
        statement();
      }
    }
    Instruction end;
    end.flow = Flow::exit;
    end.opcode = opcode("ret");
    out_->code.push_back(end);
    for (const auto& [at, label] : jumps_) {
      const auto target = labels_.find(label);
      if (target == labels_.end())
        throw Error(Fault::syntax, out_->code[at].line, "no label " + std::string(label));
      out_->code[at].target = target->second;
    }
    for (auto& i : out_->code) i.registers = out_->registers.data() + i.first;
    out_->register_count = registers_;
    return out_;
  }

 private:
  struct Register {
    std::uint32_t index;
    unsigned bytes;
  };

  std::uint32_t new_register() { return registers_++; }

  std::uint32_t opcode(std::string_view name) {
    const auto at = std::find(out_->opcodes.begin(), out_->opcodes.end(), name);
    if (at == out_->opcodes.end())
      return out_->opcodes.emplace_back(name), static_cast<std::uint32_t>(out_->opcodes.size() - 1);
    return static_cast<std::uint32_t>(at - out_->opcodes.begin());
  }

  void place_shared(const std::vector<Variable>& module_shared) {
    std::vector<Variable> all = module_shared;
    const auto start = in_.position();
    while (!in_.done()) {
      if (in_.next() == ".shared") all.push_back(variable(in_));
    }
    in_.seek(start);
    std::size_t end = 0;
    for (const bool open : {false, true}) {  // dynamic shared memory starts where the static ends
      for (const auto& v : all) {
        if (v.open != open) continue;
        const auto at = place(end, v);
        symbols_[v.name] = kSharedBase + at;
        out_->dynamic_shared |= open;
        end = open ? std::max(end, at) : at + v.bytes();
      }
      out_->shared_bytes = end;
    }
  }

  void declare_registers() {
    const int line = in_.line();
    const auto type = in_.next();
    const unsigned bytes = type == ".pred" ? 0 : type_bytes(type);
    if (bytes == 1 || (bytes == 0 && type != ".pred"))
      throw Error(Fault::unsupported, line, "registers of type " + std::string(type));
    do {
      const std::string name(in_.next());
      if (in_.take("<")) {
        const auto n = number(in_);
        in_.expect(">");
        for (std::size_t k = 0; k < n; ++k)
          scopes_.back()[name + std::to_string(k)] = {new_register(), bytes};
      } else {
        scopes_.back()[name] = {new_register(), bytes};
      }
    } while (in_.take(","));
    in_.expect(";");
  }

  std::optional<Register> find(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const auto at = scope->find(name); at != scope->end()) return at->second;
    }
    return std::nullopt;
  }

  std::uint32_t special(std::string_view name, int line) {
    constexpr std::array<std::string_view, 18> names{
        "%tid.x",   "%tid.y",       "%tid.z",       "%ntid.x",      "%ntid.y",      "%ntid.z",
        "%ctaid.x", "%ctaid.y",     "%ctaid.z",     "%nctaid.x",    "%nctaid.y",    "%nctaid.z",
        "%laneid",  "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge"};
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end())
      throw Error(Fault::unknown_instruction, line, "no register or special register " + std::string(name));
    const auto which = static_cast<Special>(at - names.begin());
    for (const auto& [index, s] : out_->specials) {
      if (s == which) return index;
    }
    return out_->specials.emplace_back(new_register(), which).first;
  }

  std::uint32_t constant(std::uint64_t bits, unsigned bytes) {
    const auto [at, fresh] = constants_.try_emplace({bits, bytes}, registers_);
    if (fresh) {
      out_->constants.emplace_back(new_register(), std::bit_cast<std::array<std::byte, 8>>(bits));
      out_->constant_bytes.push_back(static_cast<std::uint8_t>(bytes));
    }
    return at->second;
  }

  Operand operand() {
    Operand o;
    const int line = in_.line();
    if (in_.take("{")) {
      o.kind = Operand::list;
      do o.parts.push_back(operand());
      while (in_.take(","));
      in_.expect("}");
      return o;
    }
    if (in_.take("[")) {
      o.kind = Operand::address;
      o.parts.push_back(operand());
      if (in_.take("+")) {
        const bool negative = in_.take("-");
        o.offset = static_cast<std::int64_t>(literal(in_.next(), negative, line).bits);
      }
      in_.expect("]");
      return o;
    }
    const bool negative = in_.take("-");
    o.negated = in_.take("!");
    o.word = in_.next();
    const auto& w = o.word;
    if (negative || (w[0] >= '0' && w[0] <= '9')) {
      o.value = literal(w, negative, line);
    } else if (w == "_") {
      o.kind = Operand::reg;
      o.sink = true;
    } else if (const auto r = find(w)) {
      o.kind = Operand::reg;
      o.index = r->index, o.bytes = r->bytes;
    } else if (w[0] == '%') {
      o.kind = Operand::reg;
      o.index = special(w, line), o.bytes = 4;
    } else if (const auto s = symbols_.find(w); s != symbols_.end()) {
      o.value.bits = s->second;
    } else {
      o.kind = Operand::pair;  // a label, or nothing known: the shape decides
    }
    if (o.kind == Operand::reg && in_.take("|")) {
      Operand pair;
      pair.kind = Operand::pair;
      pair.parts = {o, operand()};
      return pair;
    }
    return o;
  }

  [[noreturn]] void unfit(std::string_view opcode, int line) const {
    throw Error(Fault::unknown_instruction, line,
                "no semantics for " + std::string(opcode) + " with these operands");
  }

  void statement() {
    const int line = in_.line();
    std::optional<Operand> guard;
    if (in_.take("@")) guard = operand();
    const auto name = in_.next();
    if (name.starts_with("call")) throw Error(Fault::unsupported, line, "call");
    std::vector<Operand> operands;
    if (!in_.take(";")) {
      do operands.push_back(operand());
      while (in_.take(","));
      in_.expect(";");
    }
    std::vector<unsigned> vectors;
    for (const auto& o : operands)
      vectors.push_back(o.kind == Operand::list ? static_cast<unsigned>(o.parts.size()) : 0);
    Meaning m;
    try {
      m = meaning(name, vectors, allow_);
    } catch (const Fail& f) {
      throw Error(f.fault, line, f.what);
    }
    Instruction& i = m.instruction;
    i.line = line;
    i.opcode = opcode(name);
    i.first = static_cast<std::uint32_t>(out_->registers.size());
    if (m.shape.size() != operands.size()) unfit(name, line);

    std::vector<std::pair<std::uint32_t, unsigned>> sources;
    const auto destination = [&](const Operand& o, unsigned bytes, bool wider) {
      if (o.kind != Operand::reg) unfit(name, line);
      if (!o.sink && (bytes == 1 && !wider ? o.bytes != 0 : wider ? o.bytes < bytes : o.bytes != bytes))
        unfit(name, line);
      if (std::any_of(out_->specials.begin(), out_->specials.end(),
                      [&](const auto& s) { return s.first == o.index; }))
        unfit(name, line);
      i.bytes[i.operands++] = static_cast<std::uint8_t>(o.sink ? bytes : o.bytes);
      ++i.destinations;
      out_->registers.push_back(o.sink ? sink_ : o.index);
    };
    const auto source = [&](const Operand& o, unsigned bytes, bool wider) {
      if (o.negated) unfit(name, line);
      if (o.kind == Operand::immediate) {
        const bool fits = o.value.kind == 'i' || bytes == (o.value.kind == 'f' ? 4 : 8);
        if (!fits || bytes == 0) unfit(name, line);
        const unsigned width = std::max(bytes, 2u);
        const std::uint64_t mask = width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width)) - 1;
        sources.emplace_back(constant(o.value.bits & mask, width), width);
      } else if (o.kind == Operand::reg && !o.sink &&
                 (wider ? o.bytes >= bytes && o.bytes : o.bytes == bytes)) {
        sources.emplace_back(o.index, o.bytes);
      } else {
        unfit(name, line);
      }
    };
    const auto predicate = [&](const Operand& o) {
      if (o.kind == Operand::immediate && o.value.bits <= 1) {
        sources.emplace_back(constant(o.value.bits ? 0xffffffffu : 0, 4), 0u);
      } else if (o.kind == Operand::reg && !o.sink && !o.negated && o.bytes == 0) {
        sources.emplace_back(o.index, 0u);
      } else {
        unfit(name, line);
      }
    };

    for (std::size_t k = 0; k < operands.size(); ++k) {
      const Shape& s = m.shape[k];
      const Operand& o = operands[k];
      switch (s.piece) {
        case Piece::destination:
          destination(o, s.bytes, false);
          break;
        case Piece::wide_destination:
          destination(o, s.bytes, true);
          break;
        case Piece::source:
          source(o, s.bytes, false);
          break;
        case Piece::wide_source:
          source(o, s.bytes, true);
          break;
        case Piece::predicate_in:
          predicate(o);
          break;
        case Piece::predicate_out:
        case Piece::optional_predicate: {
          const bool both = o.kind == Operand::pair && o.parts.size() == 2;
          Operand none;
          none.kind = Operand::reg;
          none.sink = true;
          destination(both ? o.parts[0] : o, s.piece == Piece::predicate_out ? 1 : s.bytes, false);
          destination(both ? o.parts[1] : none, 1, false);
          break;
        }
        case Piece::destinations:
        case Piece::sources: {
          const auto& parts = s.count > 1 ? o.parts : std::vector<Operand>{o};
          if (parts.size() != s.count || (s.count > 1 && o.kind != Operand::list)) unfit(name, line);
          const bool exact = name.starts_with("mov");
          for (const auto& p : parts)
            s.piece == Piece::sources ? source(p, s.bytes, !exact) : destination(p, s.bytes, !exact);
          break;
        }
        case Piece::address:
          if (o.kind != Operand::address || o.parts[0].kind > Operand::immediate) unfit(name, line);
          source(o.parts[0], o.parts[0].kind == Operand::reg ? std::max(o.parts[0].bytes, 4u) : 8u, false);
          i.offset = o.offset;
          break;
        case Piece::label:
          if (o.kind != Operand::pair || !o.parts.empty()) unfit(name, line);
          jumps_.emplace_back(out_->code.size(), o.word);
          break;
        case Piece::constant:
          if (o.kind != Operand::immediate) unfit(name, line);
          break;
      }
    }
    if (guard) {
      if (guard->kind != Operand::reg || guard->bytes != 0 || guard->sink) unfit(name, line);
      i.guarded = true;
      i.negated = guard->negated;
      sources.emplace_back(guard->index, 0u);
    }
    if (i.operands + sources.size() > i.bytes.size()) unfit(name, line);
    for (const auto& [index, bytes] : sources) {
      i.bytes[i.operands++] = static_cast<std::uint8_t>(bytes);
      out_->registers.push_back(index);
    }
    out_->code.push_back(i);
  }

  Cursor in_;
  Allow allow_;
  std::shared_ptr<Program> out_;
  std::vector<std::map<std::string, Register, std::less<>>> scopes_;
  std::map<std::string, std::uint64_t, std::less<>> symbols_;
  std::map<std::string, std::uint32_t, std::less<>> labels_;
  std::vector<std::pair<std::size_t, std::string>> jumps_;
  std::map<std::pair<std::uint64_t, unsigned>, std::uint32_t> constants_;
  std::uint32_t registers_ = 0, sink_ = 0;
};

}  // namespace

Kernel Module::kernel(std::string_view name, Allow allow) const {
  const Entry* found = nullptr;
  std::string several;
  for (const auto& e : text_->entries) {
    if (e.name == name) {
      found = &e;
      several.clear();
      break;
    }
    if (e.name.find(name) == std::string::npos) continue;
    several += " " + e.name;
    found = &e;
  }
  if (!found) throw Error(Fault::argument, 0, "no kernel \"" + std::string(name) + "\"");
  if (std::count(several.begin(), several.end(), ' ') > 1)
    throw Error(Fault::argument, 0, "several kernels \"" + std::string(name) + "\":" + several);
  auto program = Reader(text_->tokens, *found, allow).read(text_->shared, text_->addresses);
  program->constant_memory = text_->constants;
  program->module_memory = text_->globals;
  Kernel k;
  k.program_ = std::move(program);
  return k;
}

const std::string& Kernel::name() const { return program_->name; }
std::vector<std::size_t> Kernel::parameters() const { return program_->parameter_bytes; }
std::map<std::string, int> Kernel::opcodes() const {
  std::map<std::string, int> out;
  for (const auto& i : program_->code) {
    if (i.line) ++out[program_->opcodes[i.opcode]];
  }
  return out;
}

}  // namespace ddim::ptx
