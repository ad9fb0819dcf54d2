#include "tests/emulation/ptx_body.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace ddim::ptx {

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

  std::shared_ptr<Program> read(const std::vector<Variable>& module_shared, const Addresses& addresses) {
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
    try {
      encode(meaning(name, vectors, allow_), name, line, operands, guard);
    } catch (const Fail& f) {
      throw Error(f.fault, line, f.what);
    }
  }

  void encode(const Meaning& m, std::string_view name, int line, const std::vector<Operand>& operands,
              const std::optional<Operand>& guard) {
    Encoding e{m.instruction, name, {}};
    e.i.line = line;
    e.i.opcode = opcode(name);
    e.i.first = static_cast<std::uint32_t>(out_->registers.size());
    if (m.shape.size() != operands.size()) e.unfit();
    for (std::size_t k = 0; k < operands.size(); ++k) piece(e, m.shape[k], operands[k]);
    if (guard) {
      if (guard->kind != Operand::reg || guard->bytes != 0 || guard->sink) e.unfit();
      e.i.guarded = true;
      e.i.negated = guard->negated;
      e.sources.emplace_back(guard->index, 0u);
    }
    if (e.i.operands + e.sources.size() > e.i.bytes.size()) e.unfit();
    for (const auto& [index, bytes] : e.sources) {
      e.i.bytes[e.i.operands++] = static_cast<std::uint8_t>(bytes);
      out_->registers.push_back(index);
    }
    out_->code.push_back(e.i);
  }

  // One instruction in the making: destinations go into the program at once, sources behind them.
  struct Encoding {
    Instruction i;
    std::string_view name;
    std::vector<std::pair<std::uint32_t, unsigned>> sources;

    [[noreturn]] void unfit() const {
      throw Fail{Fault::unknown_instruction, 0,
                 "no semantics for " + std::string(name) + " with these operands"};
    }
  };

  void destination(Encoding& e, const Operand& o, unsigned bytes, bool wider) {
    if (o.kind != Operand::reg) e.unfit();
    if (!o.sink && (bytes == 1 && !wider ? o.bytes != 0 : wider ? o.bytes < bytes : o.bytes != bytes))
      e.unfit();
    if (std::any_of(out_->specials.begin(), out_->specials.end(),
                    [&](const auto& s) { return s.first == o.index; }))
      e.unfit();
    e.i.bytes[e.i.operands++] = static_cast<std::uint8_t>(o.sink ? bytes : o.bytes);
    ++e.i.destinations;
    out_->registers.push_back(o.sink ? sink_ : o.index);
  }

  void source(Encoding& e, const Operand& o, unsigned bytes, bool wider) {
    if (o.negated) e.unfit();
    if (o.kind == Operand::immediate) {
      const bool fits = o.value.kind == 'i' || bytes == (o.value.kind == 'f' ? 4 : 8);
      if (!fits || bytes == 0) e.unfit();
      const unsigned width = std::max(bytes, 2u);
      const std::uint64_t mask = width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width)) - 1;
      e.sources.emplace_back(constant(o.value.bits & mask, width), width);
    } else if (o.kind == Operand::reg && !o.sink &&
               (wider ? o.bytes >= bytes && o.bytes : o.bytes == bytes)) {
      e.sources.emplace_back(o.index, o.bytes);
    } else {
      e.unfit();
    }
  }

  void predicate(Encoding& e, const Operand& o) {
    // nvcc writes true as 1 or as -1.
    if (o.kind == Operand::immediate && (o.value.bits <= 1 || o.value.bits == ~std::uint64_t{0})) {
      e.sources.emplace_back(constant(o.value.bits ? 0xffffffffu : 0, 4), 0u);
    } else if (o.kind == Operand::reg && !o.sink && !o.negated && o.bytes == 0) {
      e.sources.emplace_back(o.index, 0u);
    } else {
      e.unfit();
    }
  }

  void piece(Encoding& e, const Shape& s, const Operand& o) {
    switch (s.piece) {
      case Piece::destination:
      case Piece::wide_destination:
        return destination(e, o, s.bytes, s.piece == Piece::wide_destination);
      case Piece::source:
      case Piece::wide_source:
        return source(e, o, s.bytes, s.piece == Piece::wide_source);
      case Piece::predicate_in:
        return predicate(e, o);
      case Piece::predicate_out:
      case Piece::optional_predicate: {
        const bool both = o.kind == Operand::pair && o.parts.size() == 2;
        Operand none;
        none.kind = Operand::reg;
        none.sink = true;
        destination(e, both ? o.parts[0] : o, s.piece == Piece::predicate_out ? 1 : s.bytes, false);
        return destination(e, both ? o.parts[1] : none, 1, false);
      }
      case Piece::destinations:
      case Piece::sources: {
        const auto& parts = s.count > 1 ? o.parts : std::vector<Operand>{o};
        if (parts.size() != s.count || (s.count > 1 && o.kind != Operand::list)) e.unfit();
        const bool exact = e.name.starts_with("mov");
        for (const auto& p : parts)
          s.piece == Piece::sources ? source(e, p, s.bytes, !exact) : destination(e, p, s.bytes, !exact);
        return;
      }
      case Piece::address:
        if (o.kind != Operand::address || o.parts[0].kind > Operand::immediate) e.unfit();
        e.i.offset = o.offset;
        return source(e, o.parts[0], o.parts[0].kind == Operand::reg ? std::max(o.parts[0].bytes, 4u) : 8u,
                      false);
      case Piece::label:
        if (o.kind != Operand::pair || !o.parts.empty()) e.unfit();
        jumps_.emplace_back(out_->code.size(), o.word);
        return;
      case Piece::constant:
        if (o.kind != Operand::immediate) e.unfit();
        return;
    }
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

std::shared_ptr<Program> read_body(const std::vector<Token>& tokens, const Entry& entry, Allow allow,
                                   const std::vector<Variable>& module_shared, const Addresses& addresses) {
  return Reader(tokens, entry, allow).read(module_shared, addresses);
}

}  // namespace ddim::ptx
