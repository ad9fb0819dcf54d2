#include <algorithm>
#include <array>

#include "tests/emulation/ptx_body.hpp"
#include "tests/emulation/ptx_machine.hpp"
#include "tests/emulation/ptx_text.hpp"

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

namespace {

void skip_body(Cursor& in) {
  in.expect("{");
  for (int depth = 1; depth > 0;) {
    const auto t = in.next();
    depth += t == "{" ? 1 : t == "}" ? -1 : 0;
  }
}

// From the token after .entry.
Entry entry(Cursor& in) {
  Entry e;
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
  skip_body(in);
  e.end = in.position();
  return e;
}

}  // namespace

struct Module::Text {
  std::string text, target;
  std::vector<Token> tokens;
  std::vector<Entry> entries;
  std::vector<std::byte> constants, globals;
  Addresses addresses;
  std::vector<Variable> shared;
};

Module Module::parse(std::string text) {
  auto out = std::make_shared<Text>();
  out->text = std::move(text);
  out->tokens = tokens_of(out->text);
  Cursor in(out->tokens, 0, out->tokens.size());
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
      skip_body(in);
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
      if (!in.take(";")) skip_body(in);
    } else if (word == ".entry") {
      out->entries.push_back(entry(in));
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
  auto program = read_body(text_->tokens, *found, allow, text_->shared, text_->addresses);
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
