#pragma once

// The table of every opcode that has a meaning, with all its modifiers. What is not in it is unknown.

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/emulation/ptx_formats.hpp"
#include "tests/emulation/ptx_machine.hpp"

namespace ddim::ptx {

class Opcodes {
 public:
  /// Of a new opcode: its instruction, for what is not the rule. `mode` is the handler's own.
  Instruction& add(const std::string& opcode, Handler run, std::vector<Shape> shape, std::size_t mode = 0) {
    Meaning& m = table_[opcode];
    m.instruction.run = run;
    m.instruction.mode = static_cast<std::uint8_t>(mode);
    m.shape = std::move(shape);
    return m.instruction;
  }
  const Meaning* find(const std::string& opcode) const {
    const auto at = table_.find(opcode);
    return at == table_.end() ? nullptr : &at->second;
  }

 private:
  std::unordered_map<std::string, Meaning> table_;
};

// Each enters the opcodes of its file.
void integers(Opcodes&);
void floats(Opcodes&);
void conversions(Opcodes&);
void memory(Opcodes&);
void control(Opcodes&);

/// Runs an instruction in a rounding direction of the floating-point unit.
void natively(Instruction& i, Round to);

inline Shape in(std::size_t bytes) { return {Piece::source, static_cast<std::uint8_t>(bytes), 1}; }
inline Shape out(std::size_t bytes) { return {Piece::destination, static_cast<std::uint8_t>(bytes), 1}; }
inline const Shape kIn{Piece::predicate_in}, kOut{Piece::destination, 1}, kBoth{Piece::predicate_out},
    kNumber{Piece::constant};
/// A destination and `sources` sources of one width.
inline std::vector<Shape> same(std::size_t bytes, std::size_t sources) {
  std::vector<Shape> out_and_ins(1 + sources, in(bytes));
  out_and_ins[0] = out(bytes);
  return out_and_ins;
}

template <class T>
inline constexpr const char* kName = nullptr;
template <>
inline constexpr const char* kName<std::uint8_t> = "u8";
template <>
inline constexpr const char* kName<std::int8_t> = "s8";
template <>
inline constexpr const char* kName<std::uint16_t> = "u16";
template <>
inline constexpr const char* kName<std::int16_t> = "s16";
template <>
inline constexpr const char* kName<std::uint32_t> = "u32";
template <>
inline constexpr const char* kName<std::int32_t> = "s32";
template <>
inline constexpr const char* kName<std::uint64_t> = "u64";
template <>
inline constexpr const char* kName<std::int64_t> = "s64";
template <>
inline constexpr const char* kName<Half> = "f16";
template <>
inline constexpr const char* kName<Bfloat> = "bf16";
template <>
inline constexpr const char* kName<float> = "f32";
template <>
inline constexpr const char* kName<double> = "f64";

inline const std::vector<std::pair<std::string, Round>> kRoundings{
    {"rn", Round::nearest}, {"rz", Round::zero}, {"rm", Round::down}, {"rp", Round::up}};

}  // namespace ddim::ptx
