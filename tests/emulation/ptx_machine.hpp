#pragma once

// Inside the executor: decoded programs and the state of a warp. Registers are columns of 32 lanes.

#include <bit>
#include <utility>

#include "tests/emulation/ptx.hpp"

namespace ddim::ptx {

using Mask = std::uint32_t;
constexpr unsigned kLanes = 32, kColumn = 8 * kLanes;  // bytes of one register of a warp, whatever its type

struct Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&);

enum class Flow : std::uint8_t { next, branch, exit, trap, block_barrier, warp_collective };
enum class Round : std::uint8_t { nearest, zero, down, up };

struct Instruction {
  Handler run = nullptr, inner = nullptr;  // `inner` is what a rounding-mode wrapper runs
  Flow flow = Flow::next;
  Round round = Round::nearest;
  bool negated = false, saturate = false, coherent = true;  // guard @!p; .sat; not .nc
  std::uint8_t destinations = 0, operands = 0;              // registers, destinations first, a guard last
  std::uint8_t mode = 0;                 // of the opcode's own: lane rule, comparison, reduction
  std::array<std::uint8_t, 10> bytes{};  // of each operand's register
  const std::uint32_t* registers = nullptr;
  std::uint32_t first = 0, target = 0, opcode = 0;
  bool guarded = false;
  bool selects = false;  // selp: of the first two sources only the selected one has to have a value
  int line = 0;
  std::int64_t offset = 0;  // of an address
  std::uint32_t guard() const { return registers[operands - 1]; }
};

enum class Special {
  tid_x,
  tid_y,
  tid_z,
  ntid_x,
  ntid_y,
  ntid_z,
  ctaid_x,
  ctaid_y,
  ctaid_z,
  nctaid_x,
  nctaid_y,
  nctaid_z,
  laneid,
  mask_eq,
  mask_lt,
  mask_le,
  mask_gt,
  mask_ge
};

struct Program {
  std::string name;
  std::vector<std::size_t> parameter_bytes, parameter_offsets;
  std::vector<Instruction> code;
  std::vector<std::uint32_t> registers;  // operands of all instructions
  std::vector<std::string> opcodes;
  std::uint32_t register_count = 0;
  std::vector<std::pair<std::uint32_t, std::array<std::byte, 8>>> constants;  // register, value in each lane
  std::vector<std::uint8_t> constant_bytes;
  std::vector<std::pair<std::uint32_t, Special>> specials;
  std::size_t shared_bytes = 0;  // static
  bool dynamic_shared = false;
  std::uint64_t most_threads = 1024;
  std::vector<std::byte> constant_memory, module_memory;  // .const and .global of the module
};

// Address zero is never valid, in no space.
constexpr std::uint64_t kConstantBase = 256, kSharedBase = 256, kModuleBase = std::uint64_t{1} << 60;

// Thrown by handlers; the scheduler adds kernel, line and thread.
struct Fail {
  Fault fault;
  unsigned lane;
  std::string what;
};

struct Shared {
  struct Stamp {  // the last write and the last reads of a byte: thread + 1, barrier count, warp barrier
                  // count
    std::uint32_t writer = 0, write_epoch = 0, write_sync = 0, reader = 0, read_epoch = 0, read_sync = 0;
    bool many_readers = false;
  };
  std::vector<std::byte> data;
  std::vector<Stamp> stamps;
};

struct Block {
  const Program* program;
  Memory* memory;
  Memory::Range module;  // the module's own variables
  std::vector<std::byte> parameters;
  Shared shared;
  Dim grid, dim, index;
  std::uint64_t first_thread = 0;  // of the grid
  std::uint32_t epoch = 0;         // barriers passed
  std::array<std::uint64_t, 65> loads{}, stores{};

  std::byte* global(Warp&, unsigned lane, std::uint64_t address, unsigned bytes, bool store, bool coherent);
  std::byte* shared_at(Warp&, unsigned lane, std::uint64_t address, unsigned bytes, bool store);
};

struct Warp {
  Block* block;
  std::byte* columns;
  Mask* written;  // per register, which lanes have a value
  unsigned first_thread = 0;
  Mask live = 0, at_barrier = 0, at_collective = 0;
  Mask mask = 0;   // of the instruction in progress
  Mask votes = 0;  // predicates brought to a bar.red
  std::array<std::uint32_t, kLanes> pc{};
  std::uint32_t sync = 0, current = 0;
  std::uint64_t executed = 0;
  std::vector<std::byte> storage;
  std::vector<Mask> written_storage;

  template <class T>
  T* column(std::uint32_t index) const {
    return reinterpret_cast<T*>(columns + std::size_t{kColumn} * index);
  }
  template <class T>
  T* at(const Instruction& i, unsigned operand) const {
    return column<T>(i.registers[operand]);
  }
};

// What an opcode takes, operand by operand.
enum class Piece : std::uint8_t {
  destination,         // a register of just these bytes
  wide_destination,    // or wider
  source,              // a register of just these bytes, or a constant
  wide_source,         // or wider
  predicate_out,       // p or p|q: always two, the second may go nowhere
  optional_predicate,  // the |p of shfl
  predicate_in,        // p or !p is written as a source register
  destinations,
  sources,  // {a, b, ...} or a single register, `count` of them
  address,  // [register + offset]
  label,
  constant  // a literal that has no effect here, such as the number of a barrier
};
struct Shape {
  Piece piece;
  std::uint8_t bytes = 0, count = 1;
};

struct Meaning {
  Instruction instruction;  // run == nullptr with Flow::next: unknown
  std::vector<Shape> shape;
};

/// The semantics of an opcode, `vectors` telling which operands are written {a, b}.
/// Throws Fail{contractable, approximate}; an opcode it does not know is Fail{unknown_instruction}.
Meaning meaning(std::string_view opcode, std::span<const unsigned> vectors, Allow);

}  // namespace ddim::ptx
