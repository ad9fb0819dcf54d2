#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {
namespace {

Opcodes every_opcode() {
  Opcodes o;
  integers(o);
  floats(o);
  conversions(o);
  memory(o);
  control(o);
  return o;
}

bool has_modifier(std::string_view opcode, std::string_view modifier) {
  const auto at = opcode.find(modifier);
  return at != opcode.npos && (at + modifier.size() == opcode.size() || opcode[at + modifier.size()] == '.');
}

}  // namespace

Meaning meaning(std::string_view opcode, std::span<const unsigned> vectors, Allow allow) {
  static const Opcodes opcodes = every_opcode();
  std::string name(opcode);
  for (const std::string_view inexact : {".approx", ".ftz", ".full"}) {
    if (has_modifier(opcode, inexact)) throw Fail{Fault::approximate, 0, name + " is not exact arithmetic"};
  }
  if (name.starts_with("brx") || name.starts_with("cvta.shared") || name.starts_with("cvta.to.shared") ||
      name.starts_with("cvta.local")) {
    throw Fail{Fault::unsupported, 0, name};
  }
  if (name.starts_with("ld.") || name.starts_with("st.")) {  // hints that change no result
    for (const std::string_view hint :
         {".weak", ".ca", ".cg", ".cs", ".lu", ".cv", ".wb", ".wt", ".L1::evict_normal", ".L1::evict_last",
          ".L1::no_allocate", ".L2::64B", ".L2::128B", ".L2::256B"}) {
      if (has_modifier(name, hint)) name.erase(name.find(hint), hint.size());
    }
  }
  if (name.starts_with("mov.") && !vectors.empty() && vectors[0])
    name += " {" + std::to_string(vectors[0]) + "} =";
  else if (name.starts_with("mov.") && vectors.size() > 1 && vectors[1])
    name += " = {" + std::to_string(vectors[1]) + "}";
  if (const Meaning* m = opcodes.find(name)) return *m;
  // add, sub and mul may leave their rounding out; it is .rn, and the right to fuse.
  if (const auto dot = name.find('.'); dot == 3) {
    const Meaning* m = opcodes.find(name.substr(0, dot) + ".rn" + name.substr(dot));
    const auto base = name.substr(0, dot);
    if (m && (base == "add" || base == "sub" || base == "mul")) {
      if (allow.contractable) return *m;
      throw Fail{Fault::contractable, 0, name + " names no rounding: ptxas may fuse it"};
    }
  }
  throw Fail{Fault::unknown_instruction, 0, "no semantics for " + name};
}

}  // namespace ddim::ptx
