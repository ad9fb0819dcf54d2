#include <cstring>

#include "tests/emulation/ptx_lanes.hpp"
#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {
namespace {

enum class Space : std::uint8_t { global, shared, parameter, constant };

template <Space S>
std::byte* locate(Warp& w, const Instruction& i, unsigned operand, unsigned lane, unsigned bytes,
                  bool write) {
  const std::uint64_t base =
      i.bytes[operand] == 8 ? w.at<std::uint64_t>(i, operand)[lane] : w.at<std::uint32_t>(i, operand)[lane];
  const std::uint64_t address = base + static_cast<std::uint64_t>(i.offset);
  Block& block = *w.block;
  if constexpr (S == Space::global) return block.global(w, lane, address, bytes, write, i.coherent);
  if constexpr (S == Space::shared) return block.shared_at(w, lane, address, bytes, write);
  const auto& memory = S == Space::parameter ? block.parameters : block.program->constant_memory;
  const std::uint64_t at = S == Space::parameter ? address : address - kConstantBase;
  const auto where = [&] {
    return (S == Space::parameter ? "parameter byte " : "constant byte ") + std::to_string(at);
  };
  if (at > memory.size() || memory.size() - at < bytes)
    throw Fail{Fault::out_of_bounds, lane, "load at " + where()};
  if (at % bytes != 0)
    throw Fail{Fault::misaligned, lane, "load of " + std::to_string(bytes) + " bytes at " + where()};
  return const_cast<std::byte*>(memory.data()) + at;
}
template <Space S, class T>
void load_memory(Warp& w, const Instruction& i) {
  const unsigned n = i.destinations;
  each(w, [&](unsigned l) {
    const std::byte* p = locate<S>(w, i, n, l, n * static_cast<unsigned>(sizeof(T)), false);
    for (unsigned k = 0; k < n; ++k) {
      T x;
      std::memcpy(&x, p + k * sizeof(T), sizeof x);
      store(w, i, k, l, x);
    }
  });
}
template <Space S, class T>
void store_memory(Warp& w, const Instruction& i) {
  const unsigned n = i.operands - 1u - i.guarded;
  each(w, [&](unsigned l) {
    std::byte* p = locate<S>(w, i, 0, l, n * static_cast<unsigned>(sizeof(T)), true);
    for (unsigned k = 0; k < n; ++k) {
      const T x = load<T>(w, i, k + 1, l);
      std::memcpy(p + k * sizeof(T), &x, sizeof x);
    }
  });
}

template <class T>
void enter_memory(Opcodes& o, std::initializer_list<const char*> types) {
  for (const std::string type : types) {
    for (std::uint8_t n = 1; n <= 8; n = static_cast<std::uint8_t>(2 * n)) {
      if (n * sizeof(T) > 32) continue;
      const std::string end = (n > 1 ? ".v" + std::to_string(n) : "") + "." + type;
      const Shape into{Piece::destinations, sizeof(T), n}, from{Piece::sources, sizeof(T), n},
          at{Piece::address};
      for (const std::string space : {"", ".global"}) {
        o.add("ld" + space + end, load_memory<Space::global, T>, {into, at});
        o.add("st" + space + end, store_memory<Space::global, T>, {at, from});
      }
      o.add("ld.global.nc" + end, load_memory<Space::global, T>, {into, at}).coherent = false;
      o.add("ld.shared" + end, load_memory<Space::shared, T>, {into, at});
      o.add("st.shared" + end, store_memory<Space::shared, T>, {at, from});
      o.add("ld.param" + end, load_memory<Space::parameter, T>, {into, at});
      o.add("ld.const" + end, load_memory<Space::constant, T>, {into, at});
    }
  }
}

}  // namespace

void memory(Opcodes& o) {
  enter_memory<std::uint8_t>(o, {"b8", "u8"}), enter_memory<std::uint16_t>(o, {"b16", "u16"});
  enter_memory<std::uint32_t>(o, {"b32", "u32", "f32"}),
      enter_memory<std::uint64_t>(o, {"b64", "u64", "f64"});
  enter_memory<std::int8_t>(o, {"s8"}), enter_memory<std::int16_t>(o, {"s16"});
  enter_memory<std::int32_t>(o, {"s32"}), enter_memory<std::int64_t>(o, {"s64"});
}

}  // namespace ddim::ptx
