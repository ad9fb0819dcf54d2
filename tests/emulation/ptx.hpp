#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Executes on the CPU the PTX that nvcc generated, one warp instruction at a time, and checks what a card
/// would not: every address, alignment, register and barrier. What it does not know, it refuses to run.
///
/// Arithmetic is IEEE 754 in the rounding that the instruction names. NaN results of f32 arithmetic and of
/// conversions to f16 and bf16 have the card's canonical bits; payloads of f64 NaNs are the host's.
/// Not covered: what ptxas makes of the PTX, atomics, asynchronous copies, textures, calls, .local memory.
namespace ddim::ptx {

enum class Fault {
  syntax,               ///< text that is not the PTX grammar as nvcc writes it
  unknown_instruction,  ///< an instruction, modifier or operand form without an exact semantics here
  unsupported,          ///< known but refused: call, .local, generic shared addresses
  contractable,         ///< add, sub or mul without rounding: ptxas may fuse it
  approximate,          ///< .approx or .ftz
  argument,             ///< launch geometry or parameters that do not fit the kernel
  out_of_bounds,
  misaligned,
  read_only,      ///< store to an input
  uninitialised,  ///< register, shared or output memory read before it was written
  race,           ///< two threads, one of them writing, no barrier between them
  divergence,     ///< a barrier or warp collective that not all of its threads reach together
  stale,          ///< ld.global.nc from memory that the kernel may write
  limit,          ///< more instructions than `Launch::most_instructions`: an endless loop
  trap            ///< the kernel executed `trap`
};
std::string_view to_text(Fault);

/// What went wrong, where: `line` is the line of the PTX text, 0 where there is none.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, int line, const std::string& what);
  Fault fault() const { return fault_; }
  int line() const { return line_; }

 private:
  Fault fault_;
  int line_;
};

enum class Access {
  read,   ///< an input: a store is an error
  write,  ///< an output: filled with NaN bits on registration; reading a byte before writing it is an error
  read_write  ///< changed in place; ld.global.nc from it is an error
};

/// The global memory of the device: registered ranges, nothing else is addressable.
class Memory {
 public:
  /// Makes `bytes` bytes at `data` visible under their own address.
  void add(const void* data, std::size_t bytes);  // Access::read
  void add(void* data, std::size_t bytes, Access);
  /// Makes them visible under `address`, any other: a window into an array too long to allocate. The host's
  /// and the device's address agree modulo 256, or alignment would mean nothing.
  void add_at(std::uint64_t address, void* data, std::size_t bytes, Access);

  /// Bytes of the range that starts at `address` which no thread has stored to since it was registered.
  std::size_t unwritten(const void* address) const;

  struct Range {
    std::uint64_t address;
    std::size_t bytes;
    std::byte* data;
    Access access;
    std::vector<std::uint32_t> writer;  ///< per byte, 0: never, 1: an earlier launch, else thread + 2
  };
  std::vector<Range>& ranges() { return ranges_; }

 private:
  std::vector<Range> ranges_;
};

struct Dim {
  unsigned x = 1, y = 1, z = 1;
  std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};

/// One entry per .param, bytes as the kernel reads them; a pointer is its address.
using Arguments = std::vector<std::vector<std::byte>>;
template <class... T>
Arguments arguments(const T&... values) {
  Arguments out;
  const auto append = [&out](const void* p, std::size_t n) {
    std::vector<std::byte> bytes(n);
    std::memcpy(bytes.data(), p, n);
    out.push_back(std::move(bytes));
  };
  (append(&values, sizeof values), ...);
  return out;
}

struct Launch {
  Dim grid, block;
  std::size_t shared_bytes = 0;                              ///< dynamic shared memory
  std::uint64_t most_instructions = std::uint64_t{1} << 40;  ///< of one warp
};

/// Measured, not modelled. Everything is per thread: a warp of 32 adds 32.
struct Counters {
  std::uint64_t bytes_loaded = 0, bytes_stored = 0;   ///< global memory
  std::map<unsigned, std::uint64_t> loads, stores;    ///< global accesses by width in bytes, vectors as one
  std::map<std::string, std::uint64_t> instructions;  ///< by opcode with its modifiers
  std::uint64_t executed() const;                     ///< sum of `instructions`
};

/// What a kernel may contain that has no single meaning on a card.
struct Allow {
  bool contractable = false;  ///< add, sub and mul without rounding, executed unfused
};

struct Program;

class Kernel {
 public:
  const std::string& name() const;
  /// Sizes of the .params in bytes.
  std::vector<std::size_t> parameters() const;
  /// Opcodes in the text of the kernel, executed or not.
  std::map<std::string, int> opcodes() const;
  /// Runs every thread; throws Error at the first fault. Blocks run in order, and outputs of blocks before
  /// the fault stay written.
  Counters launch(const Launch&, const Arguments&, Memory&) const;

 private:
  friend class Module;
  std::shared_ptr<const Program> program_;
};

class Module {
 public:
  /// Reads the declarations; bodies are read by `kernel`.
  static Module parse(std::string text);
  const std::string& target() const;  ///< "sm_90"
  std::vector<std::string> kernels() const;
  /// The entry of that mangled name, or the only one whose name contains it.
  /// Throws Error{argument} for no or several, and what decoding the body finds.
  Kernel kernel(std::string_view name, Allow = {}) const;

 private:
  struct Text;
  std::shared_ptr<const Text> text_;
};

}  // namespace ddim::ptx
