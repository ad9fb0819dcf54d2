// Integer instructions against C++ integers.

#include <algorithm>
#include <cstring>

#include "tests/emulation/ptx_check.hpp"

namespace {

using namespace ddim::ptx;

TEST(Ptx, integer_arithmetic) {
  for (const unsigned bytes : {2u, 4u, 8u}) {
    const auto bits = std::to_string(8 * bytes), u = "u" + bits, s = "s" + bits;
    const auto two = operands({u, u}), three = operands({u, u, u});
    const auto sv = [=](u64 x) { return i128{signed_value(x, bytes)}; };
    const auto both = [&](const std::string& name, const std::function<u64(i128, i128)>& f) {
      check(name + "." + s, s, {s, s}, two, [&](auto& x) { return f(sv(x[0]), sv(x[1])); });
      check(name + "." + u, u, {u, u}, two,
            [&](auto& x) { return f(static_cast<i128>(x[0]), static_cast<i128>(x[1])); });
    };
    both("add", [](i128 a, i128 b) { return static_cast<u64>(a + b); });
    both("sub", [](i128 a, i128 b) { return static_cast<u64>(a - b); });
    both("min", [](i128 a, i128 b) { return static_cast<u64>(a < b ? a : b); });
    both("max", [](i128 a, i128 b) { return static_cast<u64>(a < b ? b : a); });
    both("mul.lo",
         [](i128 a, i128 b) { return static_cast<u64>(static_cast<u128>(a) * static_cast<u128>(b)); });
    check("mul.hi." + u, u, {u, u}, two,
          [=](auto& x) { return static_cast<u64>((u128{x[0]} * x[1]) >> (8 * bytes)); });
    check("mul.hi." + s, s, {s, s}, two,
          [=](auto& x) { return static_cast<u64>((sv(x[0]) * sv(x[1])) >> (8 * bytes)); });
    check("mad.lo." + s, s, {s, s, s}, three, [](auto& x) { return x[0] * x[1] + x[2]; });
    check("mad.hi." + u, u, {u, u, u}, three,
          [=](auto& x) { return static_cast<u64>((u128{x[0]} * x[1]) >> (8 * bytes)) + x[2]; });
    check("abs." + s, s, {s}, {two[0]},
          [=](auto& x) { return static_cast<u64>(sv(x[0]) < 0 ? -sv(x[0]) : sv(x[0])); });
    check("neg." + s, s, {s}, {two[0]}, [](auto& x) { return 0 - x[0]; });
    if (bytes < 8) {
      const auto wide = std::to_string(16 * bytes);
      check("mul.wide." + u, "u" + wide, {u, u}, two, [](auto& x) { return x[0] * x[1]; });
      check("mul.wide." + s, "s" + wide, {s, s}, two,
            [=](auto& x) { return static_cast<u64>(sv(x[0]) * sv(x[1])); });
      check("mad.wide." + u, "u" + wide, {u, u, "u" + wide}, three,
            [](auto& x) { return x[0] * x[1] + x[2]; });
      check("mad.wide." + s, "s" + wide, {s, s, "s" + wide}, three,
            [=](auto& x) { return static_cast<u64>(sv(x[0]) * sv(x[1])) + x[2]; });
    }
    auto divisors = two;
    for (auto& d : divisors[1]) d = low(d, bytes) ? d : 7;
    check("div." + u, u, {u, u}, divisors, [](auto& x) { return x[0] / x[1]; });
    check("rem." + u, u, {u, u}, divisors, [](auto& x) { return x[0] % x[1]; });
    check("div." + s, s, {s, s}, divisors, [=](auto& x) { return static_cast<u64>(sv(x[0]) / sv(x[1])); });
    check("rem." + s, s, {s, s}, divisors, [=](auto& x) { return static_cast<u64>(sv(x[0]) % sv(x[1])); });
  }
}

void check_logic_and_shifts(unsigned bytes) {
  const unsigned n = 8 * bytes;
  const auto bits = std::to_string(n), b = "b" + bits, u = "u" + bits, s = "s" + bits;
  const auto two = operands({u, u}), shifts = operands({u, "u32"});
  check("and." + b, b, {b, b}, two, [](auto& x) { return x[0] & x[1]; });
  check("or." + b, b, {b, b}, two, [](auto& x) { return x[0] | x[1]; });
  check("xor." + b, b, {b, b}, two, [](auto& x) { return x[0] ^ x[1]; });
  check("not." + b, b, {b}, {two[0]}, [](auto& x) { return ~x[0]; });
  check("mov." + b, b, {b}, {two[0]}, [](auto& x) { return x[0]; });
  check("shl." + b, b, {b, "u32"}, shifts, [=](auto& x) { return x[1] >= n ? 0 : x[0] << x[1]; });
  check("shr." + u, u, {u, "u32"}, shifts, [=](auto& x) { return x[1] >= n ? 0 : x[0] >> x[1]; });
  check("shr." + b, b, {b, "u32"}, shifts, [=](auto& x) { return x[1] >= n ? 0 : x[0] >> x[1]; });
  check("shr." + s, s, {s, "u32"}, shifts,
        [=](auto& x) { return static_cast<u64>(signed_value(x[0], bytes) >> std::min<u64>(x[1], 63)); });
  check("selp." + b, b, {b, b, "pred"}, operands({u, u, "u32"}), [](auto& x) { return x[2] ? x[0] : x[1]; });
}

void check_counts(unsigned bytes) {
  const unsigned n = 8 * bytes;
  const auto bits = std::to_string(n), b = "b" + bits, u = "u" + bits, s = "s" + bits;
  const auto two = operands({u, u});
  const auto bit_length = [](u64 x) {
    u64 k = 0;
    for (; x; x >>= 1) ++k;
    return k;
  };
  check("popc." + b, "u32", {b}, {two[0]}, [](auto& x) {
    u64 k = 0;
    for (u64 y = x[0]; y; y >>= 1) k += y & 1;
    return k;
  });
  check("clz." + b, "u32", {b}, {two[0]}, [=](auto& x) { return n - bit_length(x[0]); });
  check("brev." + b, b, {b}, {two[0]}, [=](auto& x) {
    u64 r = 0;
    for (unsigned k = 0; k < n; ++k) r = r << 1 | (x[0] >> k & 1);
    return r;
  });
  check("bfind." + u, "u32", {u}, {two[0]}, [=](auto& x) { return bit_length(x[0]) - 1; });
  check("bfind." + s, "u32", {s}, {two[0]},
        [=](auto& x) { return bit_length(low(signed_value(x[0], bytes) < 0 ? ~x[0] : x[0], bytes)) - 1; });
  check("bfind.shiftamt." + u, "u32", {u}, {two[0]},
        [=](auto& x) { return x[0] ? n - bit_length(x[0]) : ~0ull; });
}

void check_fields(unsigned bytes) {
  const unsigned n = 8 * bytes;
  const auto bits = std::to_string(n), b = "b" + bits, u = "u" + bits, s = "s" + bits;
  const auto field = operands({u, "u32", "u32"});
  check("bfe." + u, u, {u, "u32", "u32"}, field, [=](auto& x) {
    u64 r = 0;  // bit by bit
    for (u64 k = 0; k < std::min<u64>(x[2] & 255, n); ++k)
      r |= ((x[1] & 255) + k < n ? x[0] >> ((x[1] & 255) + k) & 1 : 0) << k;
    return r;
  });
  check("bfe." + s, s, {s, "u32", "u32"}, field, [=](auto& x) {
    const u64 length = x[2] & 255, position = x[1] & 255;
    u64 r = 0;
    const u64 sign = length ? x[0] >> std::min<u64>(position + length - 1, n - 1) & 1 : 0;
    for (u64 k = 0; k < n; ++k)
      r |= (k < length && position + k < n ? x[0] >> (position + k) & 1 : sign) << k;
    return r;
  });
  check("bfi." + b, b, {b, b, "u32", "u32"}, operands({u, u, "u32", "u32"}), [=](auto& x) {
    u64 r = x[1];
    for (u64 k = 0; k < (x[3] & 255); ++k) {
      const u64 at = (x[2] & 255) + k;
      if (at < n) r = (r & ~(1ull << at)) | (k < 64 ? x[0] >> k & 1 : 0) << at;
    }
    return r;
  });
}

void check_words() {
  const std::vector<std::string> three(3, "u32");
  const auto rows = operands(three);
  const auto joined = [](auto& x) { return x[1] << 32 | x[0]; };
  check("shf.l.wrap.b32", "b32", three, rows, [=](auto& x) { return (joined(x) << (x[2] % 32)) >> 32; });
  check("shf.l.clamp.b32", "b32", three, rows,
        [=](auto& x) { return (joined(x) << std::min<u64>(x[2], 32)) >> 32; });
  check("shf.r.wrap.b32", "b32", three, rows, [=](auto& x) { return joined(x) >> (x[2] % 32); });
  check("shf.r.clamp.b32", "b32", three, rows, [=](auto& x) { return joined(x) >> std::min<u64>(x[2], 32); });
  check("prmt.b32", "b32", three, rows, [=](auto& x) {
    unsigned char bytes[8], out[4];
    const u64 all = joined(x);
    std::memcpy(bytes, &all, 8);
    for (int k = 0; k < 4; ++k) {
      const auto s = x[2] >> (4 * k) & 15;
      out[k] = s < 8 ? bytes[s] : static_cast<signed char>(bytes[s - 8]) < 0 ? 0xff : 0;
    }
    std::uint32_t r;
    std::memcpy(&r, out, 4);
    return u64{r};
  });
  for (const unsigned table : {0x80u, 0x96u, 0xe8u, 0xcau, 0x1bu}) {
    check(
        "lop3.b32", "b32", three, rows,
        [=](auto& x) {
          u64 r = 0;
          for (int k = 0; k < 32; ++k)
            r |= u64{table >> (4 * (x[0] >> k & 1) + 2 * (x[1] >> k & 1) + (x[2] >> k & 1)) & 1} << k;
          return r;
        },
        ", " + std::to_string(table));
  }
}

TEST(Ptx, bits) {
  for (const unsigned bytes : {2u, 4u, 8u}) check_logic_and_shifts(bytes);
  for (const unsigned bytes : {4u, 8u}) {
    check_counts(bytes);
    check_fields(bytes);
  }
  check_words();
}

}  // namespace
