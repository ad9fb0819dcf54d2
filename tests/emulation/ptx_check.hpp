#pragma once

// One instruction on every element, against what it should give.

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/emulation/ptx_kernels.hpp"

namespace ddim::ptx {

__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;

struct Class {  // of a register
  std::string type;
  unsigned bytes;
};
Class class_of(const std::string& type);

std::mt19937_64& random_bits();

/// Columns of 64-bit slots, low bytes first.
using Rows = std::vector<std::vector<u64>>;
/// 960 rows of special and random operands of `types`.
Rows operands(const std::vector<std::string>& types);

inline u64 low(u64 x, unsigned bytes) { return bytes >= 8 ? x : x & ((u64{1} << (8 * bytes)) - 1); }
inline i64 signed_value(u64 x, unsigned bytes) {
  return static_cast<i64>(x << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

/// `opcode result, sources...[trailing]` on every row. Where `any_nan`, a NaN is as good as another.
void check(const std::string& opcode, const std::string& result, const std::vector<std::string>& types,
           const Rows& rows, const std::function<u64(const std::vector<u64>&)>& expected,
           const std::string& trailing = "", bool any_nan = false);

}  // namespace ddim::ptx
