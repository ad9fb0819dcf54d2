#include "tests/emulation/ptx.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

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

std::uint64_t Counters::executed() const {
  std::uint64_t sum = 0;
  for (const auto& [opcode, n] : instructions) sum += n;
  return sum;
}

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

// Memory

void Memory::add(const void* data, std::size_t bytes) { add(const_cast<void*>(data), bytes, Access::read); }
void Memory::add(void* data, std::size_t bytes, Access access) {
  add_at(reinterpret_cast<std::uintptr_t>(data), data, bytes, access);
}

void Memory::add_at(std::uint64_t address, void* data, std::size_t bytes, Access access) {
  if ((reinterpret_cast<std::uintptr_t>(data) - address) % 256 != 0)
    throw Error(Fault::argument, 0, "address and data differ modulo 256");
  for (const auto& r : ranges_) {
    if (address < r.address + r.bytes && r.address < address + bytes)
      throw Error(Fault::argument, 0, "overlapping memory");
  }
  ranges_.push_back({address, bytes, static_cast<std::byte*>(data), access, {}});
  if (access != Access::read) ranges_.back().writer.resize(bytes);
  if (access == Access::write && bytes) std::memset(data, 0xff, bytes);
}

std::size_t Memory::unwritten(const void* address) const {
  for (const auto& r : ranges_) {
    if (r.address == reinterpret_cast<std::uintptr_t>(address))
      return static_cast<std::size_t>(std::count(r.writer.begin(), r.writer.end(), 0u));
  }
  throw Error(Fault::argument, 0, "no memory was added there");
}

namespace {
std::string describe(bool store, unsigned bytes, std::uint64_t address) {
  char hex[17];
  const auto end = std::to_chars(hex, hex + sizeof hex, address, 16).ptr;
  return (store ? "store of " : "load of ") + std::to_string(bytes) + " bytes at 0x" + std::string(hex, end);
}
}  // namespace

std::byte* Block::global(Warp& w, unsigned lane, std::uint64_t address, unsigned bytes, bool store,
                         bool coherent) {
  if (address % bytes != 0) throw Fail{Fault::misaligned, lane, describe(store, bytes, address)};
  const auto holds = [&](const Memory::Range& r) {
    return address >= r.address && address - r.address < r.bytes;
  };
  auto range = std::find_if(memory->ranges().begin(), memory->ranges().end(), holds);
  Memory::Range* r = range != memory->ranges().end() ? &*range : holds(module) ? &module : nullptr;
  if (!r || r->bytes - (address - r->address) < bytes)
    throw Fail{Fault::out_of_bounds, lane, describe(store, bytes, address)};
  const std::size_t at = address - r->address;
  if (r->access == Access::read) {
    if (store) throw Fail{Fault::read_only, lane, describe(store, bytes, address)};
  } else {
    if (!coherent)
      throw Fail{Fault::stale, lane,
                 "ld.global.nc from memory the kernel may write: " + describe(store, bytes, address)};
    std::uint32_t* writer = &r->writer[at];
    const auto self = static_cast<std::uint32_t>(first_thread + w.first_thread + lane + 2);
    bool other = false, never = false;
    for (unsigned k = 0; k < bytes; ++k) {
      other |= writer[k] > 1 && writer[k] != self;
      never |= writer[k] == 0;
    }
    if (other)
      throw Fail{Fault::race, lane,
                 describe(store, bytes, address) + " that another thread of this launch wrote"};
    if (!store && never && r->access == Access::write)
      throw Fail{Fault::uninitialised, lane, describe(store, bytes, address)};
    if (store) std::fill_n(writer, bytes, self);
  }
  ++(store ? stores : loads)[bytes];
  return r->data + at;
}

std::byte* Block::shared_at(Warp& w, unsigned lane, std::uint64_t address, unsigned bytes, bool store) {
  const std::uint64_t at = address - kSharedBase;
  const auto what = [&] { return describe(store, bytes, at) + " of shared memory"; };
  if (at > shared.data.size() || shared.data.size() - at < bytes)
    throw Fail{Fault::out_of_bounds, lane, what()};
  if (at % bytes != 0) throw Fail{Fault::misaligned, lane, what()};
  const std::uint32_t self = w.first_thread + lane + 1;
  // Ordered by a barrier of the block since, or, within a warp, by one of the warp.
  const auto ordered = [&](std::uint32_t thread, std::uint32_t then, std::uint32_t sync) {
    return thread == 0 || thread == self || then != epoch ||
           ((thread - 1) / kLanes == (self - 1) / kLanes && sync != w.sync);
  };
  for (unsigned k = 0; k < bytes; ++k) {
    auto& s = shared.stamps[at + k];
    if (!store && s.writer == 0) throw Fail{Fault::uninitialised, lane, what()};
    if (!ordered(s.writer, s.write_epoch, s.write_sync)) {
      throw Fail{Fault::race, lane,
                 what() + " that thread " + std::to_string(s.writer - 1) + " wrote, with no barrier since"};
    }
    if (store) {
      if (s.many_readers ? s.read_epoch == epoch : !ordered(s.reader, s.read_epoch, s.read_sync)) {
        throw Fail{Fault::race, lane, what() + " that another thread reads, with no barrier since"};
      }
      s.writer = self, s.write_epoch = epoch, s.write_sync = w.sync;
    } else {
      const bool fresh = s.reader == 0 || s.read_epoch != epoch;
      s.many_readers = !fresh && (s.many_readers || s.reader != self);
      s.reader = self, s.read_epoch = epoch, s.read_sync = w.sync;
    }
  }
  return shared.data.data() + at;
}

// Scheduling. The lanes of a warp with the lowest program counter go first; that lets branches meet again.

namespace {

class Machine {
 public:
  Machine(const Program& program, const Launch& launch, Memory& memory, std::vector<std::byte> parameters)
      : program_(program), launch_(launch), counts_(program.code.size()) {
    block_.program = &program;
    block_.memory = &memory;
    block_.parameters = std::move(parameters);
    block_.grid = launch.grid, block_.dim = launch.block;
    module_memory_ = program.module_memory;
    block_.module = {kModuleBase, module_memory_.size(), module_memory_.data(), Access::read, {}};
    block_.shared.data.resize(program.shared_bytes + launch.shared_bytes);
    block_.shared.stamps.resize(block_.shared.data.size());
    warps_.resize((launch.block.count() + kLanes - 1) / kLanes);
    for (std::size_t k = 0; k < warps_.size(); ++k) {
      warps_[k].block = &block_;
      warps_[k].first_thread = static_cast<unsigned>(k * kLanes);
    }
  }

  void run_block(Dim index, std::uint64_t number) {
    block_.index = index;
    block_.first_thread = number * launch_.block.count();
    block_.epoch = 0;
    std::fill(block_.shared.data.begin(), block_.shared.data.end(), std::byte{0xff});
    std::fill(block_.shared.stamps.begin(), block_.shared.stamps.end(), Shared::Stamp{});
    for (auto& w : warps_) {
      start(w);
      run(w);
      if (!w.live) release(w);
    }
    while (std::any_of(warps_.begin(), warps_.end(), [](const Warp& w) { return w.live != 0; })) {
      pass_barrier();
      for (auto& w : warps_) {
        if (w.live) run(w);
      }
    }
    for (auto& w : warps_) release(w);
  }

  Counters counters() const {
    Counters out;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
      if (counts_[k] && program_.code[k].line)
        out.instructions[program_.opcodes[program_.code[k].opcode]] += counts_[k];
    }
    for (unsigned width = 0; width < block_.loads.size(); ++width) {
      if (block_.loads[width]) out.loads[width] = block_.loads[width];
      if (block_.stores[width]) out.stores[width] = block_.stores[width];
      out.bytes_loaded += width * block_.loads[width];
      out.bytes_stored += width * block_.stores[width];
    }
    return out;
  }

 private:
  struct File {
    std::vector<std::byte> storage;
    std::vector<Mask> written;
  };

  void start(Warp& w) {
    if (files_.empty()) {
      File f;
      f.storage.resize(std::size_t{kColumn} * program_.register_count + 64);
      w.storage = std::move(f.storage);
      w.columns = aligned(w);
      for (std::size_t k = 0; k < program_.constants.size(); ++k) {
        const auto& [index, value] = program_.constants[k];
        const unsigned bytes = program_.constant_bytes[k];
        for (unsigned l = 0; l < kLanes; ++l)
          std::memcpy(w.column<std::byte>(index) + l * bytes, value.data(), bytes);
      }
    } else {
      w.storage = std::move(files_.back().storage);
      w.written_storage = std::move(files_.back().written);
      files_.pop_back();
      w.columns = aligned(w);
    }
    w.written_storage.assign(program_.register_count, 0);
    w.written = w.written_storage.data();
    for (const auto& constant : program_.constants) w.written[constant.first] = ~Mask{0};
    const auto threads = launch_.block.count() - w.first_thread;
    w.live = threads >= kLanes ? ~Mask{0} : (Mask{1} << threads) - 1;
    w.at_barrier = w.at_collective = w.votes = 0;
    w.sync = 0;
    w.executed = 0;
    w.pc.fill(0);
    const Dim &d = launch_.block, &g = launch_.grid, &b = block_.index;
    for (const auto& [index, which] : program_.specials) {
      w.written[index] = ~Mask{0};
      for (unsigned l = 0; l < kLanes; ++l) {
        const unsigned t = w.first_thread + l, bit = 1u << l;
        const std::array<unsigned, 18> values{
            t % d.x, t / d.x % d.y, t / d.x / d.y,  d.x,       d.y, d.z, b.x, b.y, b.z, g.x, g.y, g.z, l, bit,
            bit - 1, 2 * bit - 1,   ~(2 * bit - 1), ~(bit - 1)};
        w.column<std::uint32_t>(index)[l] = values[static_cast<std::size_t>(which)];
      }
    }
  }
  static std::byte* aligned(Warp& w) {
    const auto at = reinterpret_cast<std::uintptr_t>(w.storage.data());
    return w.storage.data() + (64 - at % 64) % 64;
  }
  void release(Warp& w) {
    if (!w.storage.empty()) files_.push_back({std::move(w.storage), std::move(w.written_storage)});
    w.storage.clear();
  }

  std::string thread_name(const Warp& w, unsigned lane) const {
    const unsigned t = w.first_thread + lane;
    const Dim &d = launch_.block, &b = block_.index;
    const auto triple = [](unsigned x, unsigned y, unsigned z) {
      return "(" + std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(z) + ")";
    };
    return "thread " + triple(t % d.x, t / d.x % d.y, t / d.x / d.y) + " of block " + triple(b.x, b.y, b.z);
  }
  [[noreturn]] void fail(const Warp& w, const Fail& f, std::uint32_t pc) const {
    const auto& i = program_.code[pc];
    throw Error(
        f.fault, i.line,
        f.what + ", " + program_.opcodes[i.opcode] + " in " + program_.name + ", " + thread_name(w, f.lane));
  }

  // Until every lane has left or waits at the barrier of the block.
  void run(Warp& w) {
    try {
      while (const Mask ready = w.live & ~w.at_barrier & ~w.at_collective) {
        std::uint32_t pc = ~std::uint32_t{0}, limit = pc;
        Mask mask = 0;
        for (Mask m = ready; m; m &= m - 1) {
          const auto l = static_cast<unsigned>(std::countr_zero(m));
          if (w.pc[l] < pc) {
            limit = pc;
            pc = w.pc[l];
            mask = Mask{1} << l;
          } else if (w.pc[l] == pc) {
            mask |= Mask{1} << l;
          } else {
            limit = std::min(limit, w.pc[l]);
          }
        }
        advance(w, pc, mask, limit);
      }
      if (w.at_collective) {
        const auto lane = static_cast<unsigned>(std::countr_zero(w.at_collective));
        w.current = w.pc[lane];
        throw Fail{Fault::divergence, lane, "waits for lanes of its mask that went elsewhere"};
      }
    } catch (const Fail& f) {
      fail(w, f, w.current);
    }
  }

  static void settle(Warp& w, Mask mask, std::uint32_t pc) {
    for (; mask; mask &= mask - 1) w.pc[static_cast<unsigned>(std::countr_zero(mask))] = pc;
  }

  void advance(Warp& w, std::uint32_t pc, Mask mask, std::uint32_t limit) {
    for (const Instruction* code = program_.code.data(); pc < limit;) {
      const Instruction& i = code[pc];
      w.current = pc;
      Mask m = mask;
      if (i.guarded) {
        check_written(w, i.guard(), m);
        const Mask p = *w.column<Mask>(i.guard());
        m &= i.negated ? ~p : p;
      }
      if (++w.executed > launch_.most_instructions)
        throw Fail{Fault::limit, 0, std::to_string(launch_.most_instructions) + " instructions"};
      if (!m) {
        ++pc;
        continue;
      }
      for (unsigned k = i.destinations; k < i.operands; ++k) check_written(w, i.registers[k], m);
      if (i.flow == Flow::next) [[likely]] {
        counts_[pc++] += static_cast<unsigned>(std::popcount(m));
        execute(w, i, m);
        continue;
      }
      if (i.flow == Flow::warp_collective) {
        const Mask through = meet(w, i, m, pc);
        if (through == mask) {
          ++pc;
          continue;
        }
        settle(w, (mask & ~m) | through, pc + 1);
        return;
      }
      counts_[pc] += static_cast<unsigned>(std::popcount(m));
      switch (i.flow) {
        case Flow::branch:
          if (m == mask) {
            pc = i.target;
            break;
          }
          settle(w, m, i.target);
          settle(w, mask & ~m, pc + 1);
          return;
        case Flow::exit:
          w.live &= ~m;
          mask &= ~m;
          if (!mask) return;
          ++pc;
          break;
        case Flow::trap:
          throw Fail{Fault::trap, static_cast<unsigned>(std::countr_zero(m)), "the kernel traps"};
        default:  // barrier of the block
          w.mask = m;
          i.run(w, i);
          w.at_barrier |= m;
          settle(w, m, pc);
          settle(w, mask & ~m, pc + 1);
          return;
      }
    }
    settle(w, mask, pc);
  }

  static void execute(Warp& w, const Instruction& i, Mask m) {
    w.mask = m;
    i.run(w, i);
    for (unsigned k = 0; k < i.destinations; ++k) w.written[i.registers[k]] |= m;
  }

  void check_written(const Warp& w, std::uint32_t index, Mask m) const {
    if (const Mask missing = m & ~w.written[index]) [[unlikely]] {
      throw Fail{Fault::uninitialised, static_cast<unsigned>(std::countr_zero(missing)),
                 "reads a register that was never written"};
    }
  }

  // Lanes `m` have come to a collective. Executes it for each complete group; returns the lanes that are
  // through.
  Mask meet(Warp& w, const Instruction& i, Mask m, std::uint32_t pc) {
    Mask here = m, through = 0;
    for (Mask waiting = w.at_collective; waiting; waiting &= waiting - 1) {
      const auto l = static_cast<unsigned>(std::countr_zero(waiting));
      if (w.pc[l] == pc) here |= Mask{1} << l;
    }
    const auto* members = w.at<std::uint32_t>(i, i.operands - 1u - i.guarded);
    for (Mask rest = here; rest;) {
      const auto first = static_cast<unsigned>(std::countr_zero(rest));
      const Mask group = members[first] & w.live;
      Mask present = 0;
      for (Mask r = rest; r; r &= r - 1) {
        const auto l = static_cast<unsigned>(std::countr_zero(r));
        if (members[l] != members[first]) continue;
        if (!(members[l] >> l & 1)) throw Fail{Fault::divergence, l, "is not in its own mask"};
        present |= Mask{1} << l;
      }
      rest &= ~present;
      if (present == group) {
        counts_[pc] += static_cast<unsigned>(std::popcount(group));
        execute(w, i, group);
        w.at_collective &= ~group;
        through |= group;
      } else {
        w.at_collective |= present;
        settle(w, present, pc);
      }
    }
    return through;
  }

  void pass_barrier() {
    const Warp* at = nullptr;
    std::uint32_t pc = 0;
    for (const auto& w : warps_) {
      for (Mask m = w.at_barrier; m; m &= m - 1) {
        const auto l = static_cast<unsigned>(std::countr_zero(m));
        if (!at) at = &w, pc = w.pc[l];
        if (w.pc[l] != pc) {
          fail(w,
               {Fault::divergence, l,
                "waits at another barrier than line " + std::to_string(program_.code[pc].line)},
               w.pc[l]);
        }
      }
    }
    Mask all = ~Mask{0}, any = 0;
    std::uint32_t sum = 0;
    for (const auto& w : warps_) {
      const auto threads = launch_.block.count() - w.first_thread;
      const Mask full = threads >= kLanes ? ~Mask{0} : (Mask{1} << threads) - 1;
      if (w.at_barrier != full) {
        fail(w,
             {Fault::divergence, static_cast<unsigned>(std::countr_zero(full & ~w.at_barrier)),
              "never comes to the barrier others wait at"},
             pc);
      }
      all &= w.votes | ~full;
      any |= w.votes & full;
      sum += static_cast<std::uint32_t>(std::popcount(w.votes & full));
    }
    ++block_.epoch;
    const auto& i = program_.code[pc];
    for (auto& w : warps_) {
      if (i.destinations) {
        const Mask verdict = i.mode == 1 ? (any ? ~Mask{0} : 0) : (all == ~Mask{0} ? ~Mask{0} : 0);
        if (i.mode == 2)
          std::fill_n(w.at<std::uint32_t>(i, 0), kLanes, sum);
        else
          *w.at<Mask>(i, 0) = verdict;
        w.written[i.registers[0]] |= w.at_barrier;
      }
      settle(w, w.at_barrier, pc + 1);
      w.at_barrier = 0;
      w.votes = 0;
    }
  }

  const Program& program_;
  const Launch& launch_;
  Block block_;
  std::vector<std::byte> module_memory_;
  std::vector<Warp> warps_;
  std::vector<File> files_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace

Counters Kernel::launch(const Launch& launch, const Arguments& arguments, Memory& memory) const {
  const Program& p = *program_;
  const auto refuse = [&](const std::string& what) { throw Error(Fault::argument, 0, p.name + ": " + what); };
  if (arguments.size() != p.parameter_bytes.size()) {
    refuse(std::to_string(arguments.size()) + " arguments for " + std::to_string(p.parameter_bytes.size()) +
           " parameters");
  }
  std::vector<std::byte> parameters(
      p.parameter_bytes.empty() ? 0 : p.parameter_offsets.back() + p.parameter_bytes.back());
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    if (arguments[k].size() != p.parameter_bytes[k]) {
      refuse("argument " + std::to_string(k) + " has " + std::to_string(arguments[k].size()) +
             " bytes, the parameter " + std::to_string(p.parameter_bytes[k]));
    }
    std::copy(arguments[k].begin(), arguments[k].end(),
              parameters.begin() + static_cast<std::ptrdiff_t>(p.parameter_offsets[k]));
  }
  const Dim &g = launch.grid, &b = launch.block;
  if (g.count() == 0 || b.count() == 0 || b.count() > p.most_threads || b.z > 64 || g.x > 0x7fffffff ||
      g.y > 65535 || g.z > 65535) {
    refuse("a grid of " + std::to_string(g.count()) + " blocks of " + std::to_string(b.count()) +
           " threads, at most " + std::to_string(p.most_threads) + ", is no launch");
  }
  if (g.count() * b.count() > 0xfffffff0u) refuse("more than 2^32 - 16 threads");
  if (launch.shared_bytes && !p.dynamic_shared)
    refuse("dynamic shared memory that the kernel does not declare");
  if (p.shared_bytes + launch.shared_bytes > 48 * 1024) refuse("more than 48 KiB of shared memory");
  for (auto& r : memory.ranges()) {
    for (auto& writer : r.writer) writer = std::min(writer, 1u);
  }
  Machine machine(p, launch, memory, std::move(parameters));
  std::uint64_t number = 0;
  for (unsigned z = 0; z < g.z; ++z) {
    for (unsigned y = 0; y < g.y; ++y) {
      for (unsigned x = 0; x < g.x; ++x) machine.run_block({x, y, z}, number++);
    }
  }
  return machine.counters();
}

}  // namespace ddim::ptx
