// The executor against what did not make it: MPFR for roundings, C++ integers for integer instructions, the
// CUDA guide's own words for shuffles, and, where nvcc is found, its PTX against the same functions compiled
// by g++.

#include "tests/emulation/ptx.hpp"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <bit>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <sstream>

#include "tests/emulation/ptx_samples.hpp"

namespace {

using namespace ddim::ptx;
using u64 = std::uint64_t;
using i64 = std::int64_t;
__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;

template <class T>
struct Buffer {  // aligned as cudaMalloc does
  explicit Buffer(std::size_t n)
      : size(n), data(static_cast<T*>(::operator new (sizeof(T) * n + 256, std::align_val_t{256}))) {
    std::fill_n(data, n, T{});
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { ::operator delete (data, std::align_val_t{256}); }
  T& operator[](std::size_t k) const { return data[k]; }
  std::size_t bytes() const { return size * sizeof(T); }
  std::size_t size;
  T* data;
};

const std::string kHeader = ".version 9.0\n.target sm_80\n.address_size 64\n";

Module module_of(const std::string& body, const std::string& parameters = ".param .u64 out",
                 const std::string& before = "") {
  return Module::parse(kHeader + before + ".visible .entry k(" + parameters + ")\n{\n" + body + "\n}\n");
}

template <class F>
void expect_fault(Fault fault, F f, const std::string& fragment = "") {
  try {
    f();
    ADD_FAILURE() << "nothing thrown instead of " << to_text(fault);
  } catch (const Error& e) {
    EXPECT_EQ(to_text(e.fault()), to_text(fault)) << e.what();
    EXPECT_NE(std::string(e.what()).find(fragment), std::string::npos) << e.what();
  }
}

// One instruction on every element: sources from arrays of 64-bit slots, low bytes first.

struct Class {  // of a register
  std::string type;
  unsigned bytes;
};
Class class_of(const std::string& type) {
  if (type == "pred") return {"pred", 0};
  const auto bits =
      type.find("x2") != std::string::npos ? "32" : type.substr(type.find_first_of("0123456789"));
  return {"b" + (bits == "8" ? "16" : bits), static_cast<unsigned>(std::stoi(bits)) / 8};
}

std::vector<u64> apply(const std::string& opcode, const std::string& result,
                       const std::vector<std::string>& types, const std::vector<std::vector<u64>>& sources,
                       const std::string& trailing = "") {
  const std::size_t n = sources[0].size();
  std::string parameters = ".param .u64 out",
              body = ".reg .b64 %x<9>; .reg .b32 %i<9>; .reg .pred %p<9>; .reg ." +
                     class_of(result == "pred" ? "u32" : result).type +
                     " %r;\nmov.u32 %i0, %tid.x; mov.u32 %i1, %ctaid.x; mov.u32 %i2, %ntid.x; mad.lo.s32 "
                     "%i0, %i1, %i2, %i0;\n"
                     "mul.wide.u32 %x8, %i0, 8;\n";
  std::string list = result == "pred" ? "%p0" : "%r";
  for (std::size_t k = 0; k < types.size(); ++k) {
    const auto name = std::to_string(k), c = class_of(types[k]).type;
    parameters += ", .param .u64 in" + name;
    body += "ld.param.u64 %x" + name + ", [in" + name + "]; add.s64 %x" + name + ", %x" + name + ", %x8;\n";
    if (types[k] == "pred") {
      body += "ld.global.u32 %i" + std::to_string(k + 3) + ", [%x" + name + "]; setp.ne.u32 %p" +
              std::to_string(k + 1) + ", %i" + std::to_string(k + 3) + ", 0;\n";
      list += ", %p" + std::to_string(k + 1);
    } else {
      body += ".reg ." + c + " %s" + name + "; ld.global." + c + " %s" + name + ", [%x" + name + "];\n";
      list += ", %s" + name;
    }
  }
  body += "ld.param.u64 %x7, [out]; add.s64 %x7, %x7, %x8; mov.b64 %x6, 0; st.global.u64 [%x7], %x6;\n";
  body += opcode + " " + list + trailing + ";\n";
  body += result == "pred" ? "selp.u32 %i1, 1, 0, %p0; st.global.u32 [%x7], %i1; ret;"
                           : "st.global." + class_of(result).type + " [%x7], %r; ret;";
  const auto module = module_of(body, parameters);
  Buffer<u64> out(n);
  std::vector<std::unique_ptr<Buffer<u64>>> in;
  Memory memory;
  memory.add(out.data, out.bytes(), Access::write);
  Arguments arguments_ = arguments(out.data);
  for (const auto& s : sources) {
    in.push_back(std::make_unique<Buffer<u64>>(n));
    std::copy(s.begin(), s.end(), in.back()->data);
    memory.add(in.back()->data, in.back()->bytes());
    arguments_.push_back(arguments(in.back()->data)[0]);
  }
  Launch launch;
  launch.block = {static_cast<unsigned>(std::min<std::size_t>(n, 96))};
  launch.grid = {static_cast<unsigned>((n + 95) / 96)};
  EXPECT_TRUE(n < 96 || n % 96 == 0);
  module.kernel("k").launch(launch, arguments_, memory);
  return {out.data, out.data + n};
}

std::mt19937_64& random_bits() {
  static std::mt19937_64 engine(20101);
  return engine;
}

/// 960 rows of special and random operands of `types`.
std::vector<std::vector<u64>> operands(const std::vector<std::string>& types) {
  std::vector<std::vector<u64>> out;
  for (std::size_t k = 0; k < types.size(); ++k) {
    const auto& t = types[k];
    std::vector<u64> special;
    if (t == "f32")
      special = {0,          0x80000000, 1,          0x80000001, 0x7fffff,   0x800000,
                 0x3f800000, 0xbf800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
                 0x7fc00000, 0x7f800001, 0x3f800001, 0x33800000, 0x4b000001, 0x4b800001};
    else if (t == "f64")
      special = {0,
                 1ull << 63,
                 1,
                 0xfffffffffffff,
                 1ull << 52,
                 0x3ff0000000000000,
                 0xbff0000000000000,
                 0x7fefffffffffffff,
                 0xffefffffffffffff,
                 0x7ff0000000000000,
                 0xfff0000000000000,
                 0x7ff8000000000000,
                 0x3ff0000000000001,
                 0x3ca0000000000000,
                 0x47efffffefffffff,
                 0x47effffff0000000,
                 0x36a0000000000000,
                 0x3690000000000000,
                 0x3690000000000001,
                 0x40effe0000000000,
                 0x40effdffffffffff,
                 0x3e70000000000000,
                 0x3e60000000000000,
                 0x43e0000000000000,
                 0xc3e0000000000000,
                 0x41dfffffffe00000,
                 0x41efffffffe00000};
    else if (t[0] == 'f' || t[0] == 'e')
      special = {0,      0x8000, 1,      0x8001, 0x3ff,  0x400,  0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00,
                 0xfc00, 0x7e00, 0x3c01, 0x3f80, 0x7f7f, 0x7f80, 0xff80, 0x7fff, 0x80,   0x7f};
    else
      special = {0,
                 1,
                 2,
                 31,
                 32,
                 33,
                 63,
                 64,
                 65,
                 0x7f,
                 0x80,
                 0xff,
                 0x7fff,
                 0x8000,
                 0xffff,
                 0x7fffffff,
                 0x80000000,
                 0xffffffff,
                 0x7fffffffffffffff,
                 1ull << 63,
                 ~0ull,
                 ~0ull - 1};
    std::vector<u64> column;
    for (std::size_t row = 0; row < 960; ++row) {
      const std::size_t period = k == 0 ? 1 : k == 1 ? special.size() : special.size() * special.size();
      u64 bits = row < special.size() * special.size() && row < 600 ? special[row / period % special.size()]
                                                                    : random_bits()();
      if (row >= 600 && row % 2 &&
          (t == "f32" || t == "f64")) {  // of one magnitude, so that sums cancel and roundings tie
        const double x = static_cast<double>(static_cast<i64>(bits) >> 40) * 0x1p-10;
        bits = t == "f64" ? std::bit_cast<u64>(x) : std::bit_cast<std::uint32_t>(static_cast<float>(x));
      } else if (row >= 600 && row % 4 == 2 && t == "f64") {  // near the halves of float
        bits =
            std::bit_cast<u64>(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))) +
            (bits & 1) * 0x10000000;
      } else if (t.find("x2") != std::string::npos && row < 600) {
        bits |= special[row % special.size()] << 16;
      } else if (row >= 900 && t[0] != 'f' && t[0] != 'b' && t[0] != 'e') {
        bits &= 63;
      }
      column.push_back(bits);
    }
    out.push_back(std::move(column));
  }
  return out;
}

u64 low(u64 x, unsigned bytes) { return bytes >= 8 ? x : x & ((u64{1} << (8 * bytes)) - 1); }
i64 signed_value(u64 x, unsigned bytes) {
  return static_cast<i64>(x << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

using Rows = std::vector<std::vector<u64>>;
void check(const std::string& opcode, const std::string& result, const std::vector<std::string>& types,
           const Rows& rows, const std::function<u64(const std::vector<u64>&)>& expected,
           const std::string& trailing = "", bool any_nan = false) {
  std::vector<u64> got;
  ASSERT_NO_THROW(got = apply(opcode, result, types, rows, trailing)) << opcode;
  const unsigned bytes = result == "pred" ? 4 : class_of(result).bytes;
  int bad = 0;
  for (std::size_t row = 0; row < got.size() && bad < 5; ++row) {
    std::vector<u64> in;
    for (std::size_t k = 0; k < rows.size(); ++k)
      in.push_back(low(rows[k][row], types[k] == "pred" ? 4 : class_of(types[k]).bytes));
    const u64 want = low(expected(in), bytes);
    if (any_nan && std::isnan(std::bit_cast<double>(want)) && std::isnan(std::bit_cast<double>(got[row])))
      continue;
    if (got[row] == want) continue;
    ++bad;
    std::ostringstream s;
    for (const u64 x : in) s << std::hex << " " << x;
    ADD_FAILURE() << opcode << s.str() << ": " << std::hex << got[row] << " instead of " << want;
  }
}

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

TEST(Ptx, bits) {
  for (const unsigned bytes : {2u, 4u, 8u}) {
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
    check("selp." + b, b, {b, b, "pred"}, operands({u, u, "u32"}),
          [](auto& x) { return x[2] ? x[0] : x[1]; });
    if (bytes == 2) continue;
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

// Floating point by MPFR

struct Format {
  std::string name;
  unsigned bytes;
  int precision, least,
      most;  // exponents as MPFR counts them, of the least subnormal and the greatest number
};
const Format kF64{"f64", 8, 53, -1073, 1024}, kF32{"f32", 4, 24, -148, 128}, kF16{"f16", 2, 11, -23, 16},
    kBf16{"bf16", 2, 8, -132, 128};

double to_double(u64 bits, const Format& f) {
  const unsigned fraction = static_cast<unsigned>(f.precision) - 1, width = 8 * f.bytes;
  const u64 mantissa = bits & ((u64{1} << fraction) - 1),
            exponent = bits >> fraction & ((u64{1} << (width - 1 - fraction)) - 1);
  const double sign = bits >> (width - 1) & 1 ? -1 : 1;
  if (exponent == (u64{1} << (width - 1 - fraction)) - 1) return mantissa ? std::nan("") : sign * HUGE_VAL;
  return sign * std::ldexp(static_cast<double>(exponent ? mantissa | u64{1} << fraction : mantissa),
                           f.least - 1 + static_cast<int>(exponent ? exponent - 1 : 0));
}
u64 to_bits(double x, const Format& f) {  // x is a number of the format
  if (f.bytes == 8) return std::bit_cast<u64>(x);
  const unsigned fraction = static_cast<unsigned>(f.precision) - 1, width = 8 * f.bytes;
  if (std::isnan(x)) return (u64{1} << (width - 1)) - 1;  // the card's only one
  const u64 sign = u64{std::signbit(x)} << (width - 1), infinity = ((u64{1} << (width - 1 - fraction)) - 1)
                                                                   << fraction;
  if (std::isinf(x)) return sign | infinity;
  if (x == 0) return sign;
  const int exponent = std::max(std::ilogb(x) + 1 - f.precision, f.least - 1);
  const u64 steps = static_cast<u64>(std::ldexp(std::fabs(x), -exponent));
  return sign + (static_cast<u64>(exponent - f.least + 1) << fraction) + steps;
}

class Mpfr {
 public:
  explicit Mpfr(int precision) { mpfr_init2(x_, precision); }
  explicit Mpfr(double x) : Mpfr(64) { mpfr_set_d(x_, x, MPFR_RNDN); }
  Mpfr(const Mpfr&) = delete;
  ~Mpfr() { mpfr_clear(x_); }
  operator mpfr_ptr() { return x_; }

 private:
  mpfr_t x_;
};

using Operation = std::function<int(mpfr_ptr, mpfr_rnd_t)>;
u64 rounded(const Format& f, mpfr_rnd_t mode, const Operation& operation) {
  Mpfr r(f.precision);
  const auto least = mpfr_get_emin(), most = mpfr_get_emax();
  int inexact = operation(r, mode);
  mpfr_set_emin(f.least);
  mpfr_set_emax(f.most);
  inexact = mpfr_check_range(r, inexact, mode);
  mpfr_subnormalize(r, inexact, mode);
  const double out = mpfr_get_d(r, MPFR_RNDN);
  mpfr_set_emin(least);
  mpfr_set_emax(most);
  return to_bits(out, f);
}

const std::vector<std::pair<std::string, mpfr_rnd_t>> kModes{
    {"rn", MPFR_RNDN}, {"rz", MPFR_RNDZ}, {"rm", MPFR_RNDD}, {"rp", MPFR_RNDU}};

TEST(Ptx, floating_point_arithmetic) {
  for (const auto& f : {kF32, kF64}) {
    const std::vector<std::string> three(3, f.name), two(2, f.name), one(1, f.name);
    const auto rows = operands(three);
    for (const auto& [suffix, mode] : kModes) {
      const auto rnd = mode;
      const auto with =
          [&](const std::string& name, const std::vector<std::string>& types,
              const std::function<int(mpfr_ptr, std::vector<std::unique_ptr<Mpfr>>&, mpfr_rnd_t)>& op) {
            check(
                name + "." + suffix + "." + f.name, f.name, types,
                Rows(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(types.size())),
                [&](auto& x) {
                  std::vector<std::unique_ptr<Mpfr>> in;
                  for (const u64 bits : x) in.push_back(std::make_unique<Mpfr>(to_double(bits, f)));
                  return rounded(f, rnd, [&](mpfr_ptr r, mpfr_rnd_t m) { return op(r, in, m); });
                },
                "", f.bytes == 8);
          };
      with("add", two, [](auto r, auto& x, auto m) { return mpfr_add(r, *x[0], *x[1], m); });
      with("sub", two, [](auto r, auto& x, auto m) { return mpfr_sub(r, *x[0], *x[1], m); });
      with("mul", two, [](auto r, auto& x, auto m) { return mpfr_mul(r, *x[0], *x[1], m); });
      with("div", two, [](auto r, auto& x, auto m) { return mpfr_div(r, *x[0], *x[1], m); });
      with("fma", three, [](auto r, auto& x, auto m) { return mpfr_fma(r, *x[0], *x[1], *x[2], m); });
      with("sqrt", one, [](auto r, auto& x, auto m) { return mpfr_sqrt(r, *x[0], m); });
      with("rcp", one, [](auto r, auto& x, auto m) { return mpfr_ui_div(r, 1, *x[0], m); });
    }
  }
  for (const auto& f : {kF16, kBf16}) {
    for (const bool packed : {false, true}) {
      const auto type = f.name + (packed ? "x2" : "");
      const std::vector<std::string> three(3, type), two(2, type);
      const auto rows = operands(three);
      const auto with = [&](const std::string& name, const std::vector<std::string>& types,
                            const std::function<int(mpfr_ptr, mpfr_ptr, mpfr_ptr, mpfr_ptr)>& op) {
        check(name + ".rn." + type, type, types,
              Rows(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(types.size())), [&](auto& x) {
                u64 out = 0;
                for (unsigned h = 0; h < (packed ? 2u : 1u); ++h) {
                  const auto part = [&](std::size_t k) {
                    return to_double(x[std::min(k, x.size() - 1)] >> (16 * h) & 0xffff, f);
                  };
                  Mpfr a(part(0)), b(part(1)), c(part(2));
                  out |= rounded(f, MPFR_RNDN, [&](mpfr_ptr r, mpfr_rnd_t) { return op(r, a, b, c); })
                         << (16 * h);
                }
                return out;
              });
      };
      with("add", two, [](auto r, auto a, auto b, auto) { return mpfr_add(r, a, b, MPFR_RNDN); });
      with("sub", two, [](auto r, auto a, auto b, auto) { return mpfr_sub(r, a, b, MPFR_RNDN); });
      with("mul", two, [](auto r, auto a, auto b, auto) { return mpfr_mul(r, a, b, MPFR_RNDN); });
      with("fma", three, [](auto r, auto a, auto b, auto c) { return mpfr_fma(r, a, b, c, MPFR_RNDN); });
    }
  }
}

TEST(Ptx, floating_point_signs_and_extremes) {
  for (const auto& f : {kF64, kF32, kF16, kBf16}) {
    const auto rows = operands({f.name, f.name});
    const u64 top = u64{1} << (8 * f.bytes - 1), nan = to_bits(std::nan(""), f);
    check("neg." + f.name, f.name, {f.name}, {rows[0]}, [=](auto& x) { return x[0] ^ top; });
    check("abs." + f.name, f.name, {f.name}, {rows[0]}, [=](auto& x) { return x[0] & ~top; });
    for (const bool least : {true, false}) {
      const auto expected = [&](bool propagate) {
        return [=, &f](const std::vector<u64>& x) {
          const double a = to_double(x[0], f), b = to_double(x[1], f);
          if (std::isnan(a) || std::isnan(b))
            return propagate || (std::isnan(a) && std::isnan(b)) ? nan : std::isnan(a) ? x[1] : x[0];
          const bool first = a < b || (a == b && std::signbit(a));  // -0 below +0
          return first == least ? x[0] : x[1];
        };
      };
      const std::string name = least ? "min" : "max";
      check(name + "." + f.name, f.name, {f.name, f.name}, rows, expected(false), "", f.bytes == 8);
      check(name + ".NaN." + f.name, f.name, {f.name, f.name}, rows, expected(true), "", f.bytes == 8);
    }
    if (f.bytes >= 4) {
      check("copysign." + f.name, f.name, {f.name, f.name}, rows,
            [=](auto& x) { return (x[1] & ~top) | (x[0] & top); });
      const std::vector<std::pair<std::string, std::function<bool(double)>>> properties{
          {"finite", [](double x) { return std::isfinite(x); }},
          {"infinite", [](double x) { return std::isinf(x); }},
          {"number", [](double x) { return !std::isnan(x); }},
          {"notanumber", [](double x) { return std::isnan(x); }},
          {"normal",
           [&](double x) {
             return std::isfinite(x) && std::fabs(x) >= std::ldexp(1.0, f.least + f.precision - 2);
           }},
          {"subnormal",
           [&](double x) { return x != 0 && std::fabs(x) < std::ldexp(1.0, f.least + f.precision - 2); }}};
      for (const auto& [property, holds] : properties) {
        check("testp." + property + "." + f.name, "pred", {f.name}, {rows[0]},
              [&, &h = holds](auto& x) { return u64{h(to_double(x[0], f))}; });
      }
    }
  }
}

TEST(Ptx, conversions_between_floats) {
  for (const auto& from : {kF64, kF32, kF16, kBf16}) {
    const auto rows = operands({from.name});
    for (const auto& to : {kF64, kF32, kF16, kBf16}) {
      if (to.bytes > from.bytes) {
        check(
            "cvt." + to.name + "." + from.name, to.name, {from.name}, rows,
            [&](auto& x) {
              const double v = to_double(x[0], from);
              if (from.name == "bf16" && to.name == "f32") return x[0] << 16;  // NaN and all
              return to_bits(v, to);
            },
            "", to.bytes == 8);
      } else if (to.bytes < from.bytes) {
        for (const auto& [suffix, mode] : kModes) {
          for (const std::string saturate : {"", ".sat"}) {
            check("cvt." + suffix + saturate + "." + to.name + "." + from.name, to.name, {from.name}, rows,
                  [&, &mode = mode](auto& x) {
                    double v = to_double(x[0], from);
                    if (!saturate.empty()) v = v > 0 ? std::min(v, 1.0) : 0.0;
                    return rounded(to, mode, [&](mpfr_ptr r, mpfr_rnd_t m) { return mpfr_set_d(r, v, m); });
                  });
          }
        }
      } else if (to.name == from.name) {
        for (const auto& [suffix, mode] : kModes) {
          check(
              "cvt." + suffix + "i." + to.name + "." + to.name, to.name, {to.name}, rows,
              [&, &mode = mode](auto& x) {
                return rounded(to, mode, [&](mpfr_ptr r, mpfr_rnd_t m) {
                  Mpfr in(to_double(x[0], from));
                  return mpfr_rint(r, in, m);
                });
              },
              "", to.bytes == 8);
        }
      }
    }
  }
  for (const auto& to : {kF16, kBf16}) {
    check("cvt.rn." + to.name + "x2.f32", "b32", {"f32", "f32"}, operands({"f32", "f32"}), [&](auto& x) {
      const auto half = [&](u64 bits) {
        return rounded(to, MPFR_RNDN,
                       [&](mpfr_ptr r, mpfr_rnd_t m) { return mpfr_set_d(r, to_double(bits, kF32), m); });
      };
      return half(x[0]) << 16 | half(x[1]);
    });
  }
}

// Every binary16 and bfloat16 boundary: all 65536 values, the halfway points between them, and both their
// neighbours.
TEST(Ptx, conversions_to_16_bits_at_every_tie) {
  for (const auto& f : {kF16, kBf16}) {
    std::vector<u64> in;
    for (u64 bits = 0; bits < 0x7f80; ++bits) {
      const double a = to_double(bits, f), b = to_double(bits + 1, f),
                   tie = std::isfinite(b) ? (a + b) / 2 : a * (1 + std::ldexp(1.0, -f.precision));
      if (!std::isfinite(a)) break;
      for (const double x : {a, tie, std::nextafter(tie, 0.0), std::nextafter(tie, HUGE_VAL)})
        in.push_back(std::bit_cast<u64>(bits & 1 ? -x : x));
    }
    while (in.size() % 96) in.push_back(0);
    for (const auto& [suffix, mode] : kModes) {
      check("cvt." + suffix + "." + f.name + ".f64", f.name, {"f64"}, {in}, [&, &m = mode](auto& x) {
        return rounded(f, m, [&](mpfr_ptr r, mpfr_rnd_t rnd) {
          return mpfr_set_d(r, std::bit_cast<double>(x[0]), rnd);
        });
      });
    }
  }
}

TEST(Ptx, conversions_with_integers) {
  for (const unsigned bytes : {1u, 2u, 4u, 8u}) {
    for (const bool is_signed : {true, false}) {
      const auto type = (is_signed ? "s" : "u") + std::to_string(8 * bytes);
      const auto integers = operands({type == "u8" || type == "s8" ? "u16" : type});
      const auto number = [=](u64 x) {
        return is_signed ? i128{signed_value(x, bytes)} : static_cast<i128>(low(x, bytes));
      };
      const i128 most = (i128{1} << (8 * bytes - is_signed)) - 1, least = is_signed ? -most - 1 : 0;
      for (const auto& f : {kF64, kF32, kF16, kBf16}) {
        for (const auto& [suffix, mode] : kModes) {
          check("cvt." + suffix + "." + f.name + "." + type, f.name, {type}, integers,
                [&, &m = mode](auto& x) {
                  return rounded(f, m, [&](mpfr_ptr r, mpfr_rnd_t rnd) {
                    return is_signed ? mpfr_set_sj(r, static_cast<i64>(number(x[0])), rnd)
                                     : mpfr_set_uj(r, static_cast<u64>(number(x[0])), rnd);
                  });
                });
          if (bytes == 1) continue;
          check("cvt." + suffix + "i." + type + "." + f.name, type, {f.name}, operands({f.name}),
                [&, &m = mode](auto& x) {
                  const double v = to_double(x[0], f);
                  if (std::isnan(v)) return bytes == 8 || f.bytes == 8 ? u64{1} << (8 * bytes - 1) : u64{0};
                  Mpfr in(v), r(64);
                  mpfr_rint(r, in, m);
                  const double whole = mpfr_get_d(r, MPFR_RNDN);
                  if (whole >= std::ldexp(1.0, static_cast<int>(8 * bytes) - is_signed))
                    return static_cast<u64>(most);
                  return whole <= static_cast<double>(least) ? static_cast<u64>(least)
                                                             : static_cast<u64>(static_cast<i128>(whole));
                });
        }
      }
      for (const std::string to : {"u16", "s16", "u32", "s32", "u64", "s64"}) {
        const unsigned width = class_of(to).bytes;
        check("cvt." + to + "." + type, to, {type}, integers,
              [&](auto& x) { return static_cast<u64>(number(x[0])); });
        const i128 top = (i128{1} << (8 * width - (to[0] == 's'))) - 1, bottom = to[0] == 's' ? -top - 1 : 0;
        check("cvt.sat." + to + "." + type, to, {type}, integers,
              [&](auto& x) { return static_cast<u64>(std::clamp(number(x[0]), bottom, top)); });
      }
    }
  }
}

TEST(Ptx, comparisons) {
  const std::vector<std::pair<std::string, std::function<bool(int)>>> names{
      // of the sign of a - b; 2 is unordered
      {"eq", [](int c) { return c == 0; }},
      {"ne", [](int c) { return c == -1 || c == 1; }},
      {"lt", [](int c) { return c == -1; }},
      {"le", [](int c) { return c == -1 || c == 0; }},
      {"gt", [](int c) { return c == 1; }},
      {"ge", [](int c) { return c == 1 || c == 0; }},
      {"equ", [](int c) { return c == 0 || c == 2; }},
      {"neu", [](int c) { return c != 0; }},
      {"ltu", [](int c) { return c == -1 || c == 2; }},
      {"leu", [](int c) { return c != 1; }},
      {"gtu", [](int c) { return c == 1 || c == 2; }},
      {"geu", [](int c) { return c != -1; }},
      {"num", [](int c) { return c != 2; }},
      {"nan", [](int c) { return c == 2; }}};
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto& [name, holds] = names[k];
    const auto& h = holds;
    for (const auto& f : {kF64, kF32, kF16, kBf16}) {
      const auto order = [&](auto& x) {
        const double a = to_double(x[0], f), b = to_double(x[1], f);
        return std::isnan(a) || std::isnan(b) ? 2 : (a > b) - (a < b);
      };
      const auto rows = operands({f.name, f.name, "u32"});
      const Rows two(rows.begin(), rows.begin() + 2);
      check("setp." + name + "." + f.name, "pred", {f.name, f.name}, two,
            [&](auto& x) { return u64{h(order(x))}; });
      check("setp." + name + ".and." + f.name, "pred", {f.name, f.name, "pred"}, rows,
            [&](auto& x) { return u64{h(order(x)) && x[2]}; });
      check("setp." + name + ".or." + f.name, "pred", {f.name, f.name, "pred"}, rows,
            [&](auto& x) { return u64{h(order(x)) || x[2]}; });
      check("setp." + name + ".xor." + f.name, "pred", {f.name, f.name, "pred"}, rows,
            [&](auto& x) { return u64{h(order(x)) != (x[2] != 0)}; });
      check("set." + name + ".f32." + f.name, "f32", {f.name, f.name}, two,
            [&](auto& x) { return u64{h(order(x)) ? 0x3f800000u : 0u}; });
      check("set." + name + ".u32." + f.name, "u32", {f.name, f.name}, two,
            [&](auto& x) { return h(order(x)) ? ~u64{0} : 0; });
      if (f.bytes == 2)
        check("set." + name + "." + f.name + "." + f.name, f.name, {f.name, f.name}, two,
              [&](auto& x) { return h(order(x)) ? to_bits(1, f) : 0; });
    }
    if (k > 5) continue;
    const std::vector<std::string> unsigned_names{"eq", "ne", "lo", "ls", "hi", "hs"};
    for (const unsigned bytes : {2u, 4u, 8u}) {
      const auto bits = std::to_string(8 * bytes);
      const auto rows = operands({"u" + bits, "u" + bits});
      const auto plain = [&](auto& x) { return u64{h((x[0] > x[1]) - (x[0] < x[1]))}; };
      check("setp." + name + ".u" + bits, "pred", {"u" + bits, "u" + bits}, rows, plain);
      if (k > 1)
        check("setp." + unsigned_names[k] + ".u" + bits, "pred", {"u" + bits, "u" + bits}, rows, plain);
      if (k < 2) check("setp." + name + ".b" + bits, "pred", {"u" + bits, "u" + bits}, rows, plain);
      check("setp." + name + ".s" + bits, "pred", {"s" + bits, "s" + bits}, rows, [&](auto& x) {
        const i64 a = signed_value(x[0], bytes), b = signed_value(x[1], bytes);
        return u64{h((a > b) - (a < b))};
      });
    }
  }
  const auto rows = operands({"u32", "u32"});
  check("and.pred", "pred", {"pred", "pred"}, rows, [](auto& x) { return u64{x[0] && x[1]}; });
  check("or.pred", "pred", {"pred", "pred"}, rows, [](auto& x) { return u64{x[0] || x[1]}; });
  check("xor.pred", "pred", {"pred", "pred"}, rows, [](auto& x) { return u64{(x[0] != 0) != (x[1] != 0)}; });
  check("not.pred", "pred", {"pred"}, {rows[0]}, [](auto& x) { return u64{x[0] == 0}; });
  check("mov.pred", "pred", {"pred"}, {rows[0]}, [](auto& x) { return u64{x[0] != 0}; });
}

// One word in, one word out per thread

const std::string kWords =
    ".reg .b32 %r<40>; .reg .b64 %d<20>; .reg .pred %p<20>; .reg .b16 %h<20>;\n"
    "ld.param.u64 %d0, [out]; mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x;\n"
    "mad.lo.s32 %r3, %r1, %r2, %r0; mul.wide.u32 %d1, %r3, 4; add.s64 %d0, %d0, %d1;\n";

std::vector<std::uint32_t> words(const std::string& body, Launch launch, const std::string& before = "",
                                 Counters* counters = nullptr) {
  const auto n = launch.grid.count() * launch.block.count();
  Buffer<std::uint32_t> out(n);
  Memory memory;
  memory.add(out.data, out.bytes(), Access::write);
  const auto c = module_of(kWords + body, ".param .u64 out", before)
                     .kernel("k")
                     .launch(launch, arguments(out.data), memory);
  if (counters) *counters = c;
  EXPECT_EQ(memory.unwritten(out.data), 0u);
  return {out.data, out.data + n};
}

TEST(Ptx, moves_pack_and_unpack) {
  EXPECT_EQ(words("mov.pred %p0, 1; mov.pred %p1, 0; xor.pred %p0, %p0, %p1; selp.u32 %r4, 5, 6, %p0;"
                  "st.global.u32 [%d0], %r4;",
                  {{}, {1}})[0],
            5u);
  EXPECT_EQ(words("mov.b32 %r4, 0x12345678; mov.b32 {%h0, %h1}, %r4; mov.b32 %r5, {%h1, %h0}; st.global.u32 "
                  "[%d0], %r5;",
                  {{}, {1}})[0],
            0x56781234u);
  EXPECT_EQ(words("mov.b64 %d2, 0x1122334455667788; mov.b64 {%h0, %h1, %h2, %h3}, %d2; mov.b64 %d3, {%h3, "
                  "%h2, %h1, %h0};"
                  "mov.b64 {_, %r4}, %d3; st.global.u32 [%d0], %r4;",
                  {{}, {1}})[0],
            0x77885566u);
  EXPECT_EQ(
      words(
          "mov.b64 %d2, {%r2, 7}; mov.b64 {%r4, %r5}, %d2; add.s32 %r4, %r4, %r5; st.global.u32 [%d0], %r4;",
          {{}, {3}})[0],
      10u);
  EXPECT_EQ(words("mov.f32 %r4, 0fC0200000; { .reg .b32 %r4; mov.b32 %r4, 5; } st.global.f32 [%d0], %r4;",
                  {{}, {1}})[0],
            std::bit_cast<std::uint32_t>(-2.5f));
}

TEST(Ptx, memory_widths_signs_and_spaces) {
  const std::string before =
      ".const .align 8 .b8 table[16] = {1, 2, 3, 4, 5, 6, 7, 255, 9, 10};\n.global .align 4 .b32 word[3] = "
      "{7, -8, 9};\n";
  const auto one = [&](const std::string& body) {
    return words(body + " st.global.u32 [%d0], %r9;", {{}, {1}}, before)[0];
  };
  EXPECT_EQ(one("ld.const.u8 %r9, [table+7];"), 255u);
  EXPECT_EQ(one("ld.const.s8 %r9, [table+7];"), 0xffffffffu);
  EXPECT_EQ(one("ld.const.u16 %r9, [table+6];"), 0xff07u);
  EXPECT_EQ(one("mov.u64 %d4, table; ld.const.s16 %r9, [%d4+6];"), 0xffffff07u);
  EXPECT_EQ(one("ld.const.v2.u32 {%r8, %r9}, [table+8];"), 0u);
  EXPECT_EQ(one("mov.u64 %d4, word; cvta.global.u64 %d4, %d4; ld.global.u32 %r9, [%d4+4];"),
            static_cast<std::uint32_t>(-8));
  EXPECT_EQ(one("mov.u64 %d4, word; ld.global.nc.s8 %d5, [%d4+4]; cvt.u32.u64 %r9, %d5;"), 0xfffffff8u);
  EXPECT_EQ(one(".shared .align 16 .b8 s[16]; mov.u32 %r5, s; mov.b64 %d5, 0x8877665544332211; "
                "st.shared.v2.b64 [%r5], {%d5, %d5}; st.shared.u8 [%r5+1], %d5;"
                "ld.shared.u32 %r9, [%r5];"),
            0x44331111u);
  EXPECT_EQ(one("mov.u32 %r9, word;"), one("mov.u64 %d4, word; cvt.u32.u64 %r9, %d4;"));

  struct Block {
    float a;
    std::uint16_t b, c;
    double d;
  };
  const auto module = module_of(
      ".reg .b64 %d<9>; .reg .b32 %r<9>; .reg .b64 %f; ld.param.u64 %d0, [out]; ld.param.u16 %r0, [b+6]; "
      "ld.param.f64 %f, [b+8];"
      "ld.param.v2.u16 {%r1, %r2}, [b+4]; cvt.rzi.s32.f64 %r3, %f; st.global.v4.u32 [%d0], {%r0, %r1, %r2, "
      "%r3};",
      ".param .u64 .ptr .global .align 4 out, .param .align 8 .b8 b[16]");
  EXPECT_EQ(module.kernel("k").parameters(), (std::vector<std::size_t>{8, 16}));
  Buffer<std::uint32_t> out(4);
  Memory memory;
  memory.add(out.data, 16, Access::write);
  module.kernel("k").launch({}, arguments(out.data, Block{1, 2, 3, 4.5}), memory);
  EXPECT_EQ(std::vector(out.data, out.data + 4), (std::vector<std::uint32_t>{3, 2, 3, 4}));
}

TEST(Ptx, threads_blocks_and_branches) {
  // Collatz steps: every lane leaves its loop at another time, and all meet again at the store.
  const auto got = words(
      "mov.u32 %r4, 0; add.s32 %r5, %r3, 1;\n"
      "$loop: setp.eq.u32 %p0, %r5, 1; @%p0 bra $done; and.b32 %r6, %r5, 1; setp.eq.b32 %p1, %r6, 0; @%p1 "
      "bra $even;\n"
      "mad.lo.u32 %r5, %r5, 3, 1; bra.uni $next;\n$even: shr.u32 %r5, %r5, 1;\n$next: add.s32 %r4, %r4, 1; "
      "bra $loop;\n"
      "$done: st.global.u32 [%d0], %r4; @!%p0 trap; ret;",
      {{3}, {45}});
  for (std::uint32_t k = 0; k < got.size(); ++k) {
    std::uint32_t steps = 0;
    for (u64 n = k + 1; n != 1; n = n % 2 ? 3 * n + 1 : n / 2) ++steps;
    EXPECT_EQ(got[k], steps) << k;
  }
  Launch launch{{2, 3, 2}, {4, 2, 3}};
  const auto ids = words(
      "mov.u32 %r4, %ctaid.y; mov.u32 %r5, %ctaid.z; mov.u32 %r6, %tid.y; mov.u32 %r7, %tid.z; mov.u32 %r8, "
      "%nctaid.x; mov.u32 %r9, %nctaid.y;\n"
      "mov.u32 %r11, %ntid.y; mov.u32 %r12, %ntid.z;\n"
      "mad.lo.s32 %r5, %r5, %r9, %r4; mad.lo.s32 %r5, %r5, %r8, %r1; mad.lo.s32 %r7, %r7, %r11, %r6; "
      "mad.lo.s32 %r7, %r7, %r2, %r0;\n"
      "mul.lo.s32 %r11, %r11, %r12; mul.lo.s32 %r11, %r11, %r2; mad.lo.s32 %r5, %r5, %r11, %r7;\n"
      "ld.param.u64 %d0, [out]; mul.wide.u32 %d1, %r5, 4; add.s64 %d0, %d0, %d1; st.global.u32 [%d0], %r5;",
      launch);
  for (std::uint32_t k = 0; k < ids.size(); ++k) EXPECT_EQ(ids[k], k);
  const auto lanes = words(
      "mov.u32 %r4, %laneid; mov.u32 %r5, %lanemask_lt; mov.u32 %r6, %lanemask_ge; popc.b32 %r7, %r5; "
      "sub.s32 %r7, %r7, %r4;\n"
      "xor.b32 %r6, %r6, %r5; not.b32 %r6, %r6; or.b32 %r7, %r7, %r6; mov.u32 %r8, %lanemask_le; mov.u32 "
      "%r9, %lanemask_gt;\n"
      "xor.b32 %r8, %r8, %r9; not.b32 %r8, %r8; or.b32 %r7, %r7, %r8; mov.u32 %r8, %lanemask_eq; bfind.u32 "
      "%r8, %r8; sub.s32 %r8, %r8, %r4;\n"
      "or.b32 %r7, %r7, %r8; st.global.u32 [%d0], %r7;",
      {{1}, {64}});
  for (const auto x : lanes) EXPECT_EQ(x, 0u);
}

/// The CUDA guide: lane k of a segment of `width` lanes reads lane k +- delta, k ^ mask or index of its own
/// segment, itself if there is none.
TEST(Ptx, shuffles) {
  for (const unsigned width : {32u, 16u, 8u, 4u, 2u, 1u}) {
    for (const unsigned delta : {0u, 1u, 2u, 5u, 16u, 31u}) {
      const unsigned segments = (32 - width) << 8;
      const auto run = [&](const std::string& mode, unsigned c) {
        return words("add.s32 %r4, %r0, 1000; mov.b32 %r5, " + std::to_string(delta) + "; mov.b32 %r6, " +
                         std::to_string(c) +
                         ";\n"
                         "shfl.sync." +
                         mode +
                         ".b32 %r7|%p0, %r4, %r5, %r6, -1; selp.u32 %r8, 65536, 0, %p0; add.s32 %r7, %r7, "
                         "%r8; st.global.u32 [%d0], %r7;",
                     {{1}, {64}});
      };
      const auto up = run("up", segments), down = run("down", segments | 31),
                 bfly = run("bfly", segments | 31), idx = run("idx", segments | 31);
      for (unsigned t = 0; t < 64; ++t) {
        const unsigned k = t % width, base = t - k;
        const auto expected = [&](bool inside, unsigned from) {
          return 1000 + (inside ? 65536 + base + from : t);
        };
        EXPECT_EQ(up[t], expected(k >= delta, k - delta)) << "up " << width << " " << delta << " " << t;
        EXPECT_EQ(down[t], expected(k + delta < width, k + delta))
            << "down " << width << " " << delta << " " << t;
        // A lane may reach into earlier segments, not into later ones.
        const unsigned other = t % 32 ^ delta, here = t % 32 / width;
        EXPECT_EQ(bfly[t], expected(other / width <= here, other - base % 32))
            << "bfly " << width << " " << delta << " " << t;
        EXPECT_EQ(idx[t], expected(true, delta % width)) << "idx " << width << " " << delta << " " << t;
      }
    }
  }
  // Halves of a warp, each with a mask of its own, that come from different branches.
  const auto halves = words(
      "setp.lt.u32 %p0, %r0, 16; selp.b32 %r4, 0xffff, 0xffff0000, %p0; mov.u32 %r6, 0; @%p0 bra $join; "
      "mov.u32 %r6, 100;\n"
      "$join: add.s32 %r6, %r6, %r0; shfl.sync.bfly.b32 %r7, %r6, 15, 31, %r4; st.global.u32 [%d0], %r7;",
      {{1}, {32}});
  for (unsigned t = 0; t < 32; ++t) EXPECT_EQ(halves[t], (t ^ 15) + (t < 16 ? 0 : 100));
}

TEST(Ptx, votes) {
  const auto vote = [](const std::string& body, const std::string& condition) {
    return words(
        "setp." + condition + " %p0, %r0, 7; mov.b32 %r5, -1; " + body + " st.global.u32 [%d0], %r4;",
        {{1}, {32}})[9];
  };
  const std::string answer = " selp.u32 %r4, 1, 0, %p1;";
  EXPECT_EQ(vote("vote.sync.ballot.b32 %r4, %p0, %r5;", "lt.u32"), 0x7fu);
  EXPECT_EQ(vote("vote.sync.any.pred %p1, %p0, %r5;" + answer, "eq.u32"), 1u);
  EXPECT_EQ(vote("vote.sync.any.pred %p1, %p0, -1;" + answer, "gt.s32"), 1u);
  EXPECT_EQ(vote("vote.sync.all.pred %p1, %p0, -1;" + answer, "lt.u32"), 0u);
  EXPECT_EQ(vote("vote.sync.all.pred %p1, %p0, -1;" + answer, "ne.u32"), 0u);
  EXPECT_EQ(vote("setp.ge.u32 %p0, %r0, 0; vote.sync.all.pred %p1, %p0, -1;" + answer, "lt.u32"), 1u);
  EXPECT_EQ(vote("vote.sync.uni.pred %p1, %p0, -1;" + answer, "lt.u32"), 0u);
  EXPECT_EQ(vote("setp.ge.u32 %p0, %r0, 99; vote.sync.uni.pred %p1, %p0, -1;" + answer, "lt.u32"), 1u);
  EXPECT_EQ(
      vote(
          "mov.u32 %r4, 0; @%p0 activemask.b32 %r4; bar.warp.sync -1; shfl.sync.idx.b32 %r4, %r4, 3, 31, -1;",
          "lt.u32"),
      0x7fu);
}

const std::string kShared =
    ".shared .align 4 .b8 s[1024]; mov.u32 %r10, s; shl.b32 %r11, %r0, 2; add.s32 %r12, %r10, %r11;\n";

TEST(Ptx, barriers) {
  const auto body = [](const std::string& barrier,
                       const std::string& again = "") {  // each thread reads its mirror image
    return kShared + "st.shared.u32 [%r12], %r0; " + barrier +
           " sub.s32 %r13, %r2, %r0; sub.s32 %r13, %r13, 1; shl.b32 %r13, %r13, 2;\n"
           "add.s32 %r13, %r13, %r10; ld.shared.u32 %r14, [%r13]; " +
           again + " st.global.u32 [%d0], %r14;";
  };
  for (const std::string barrier :
       {"bar.sync 0;", "barrier.sync 0;", "barrier.sync.aligned 0;", "barrier.cta.sync.aligned 1;"}) {
    const auto got = words(body(barrier), {{2}, {100}});
    for (unsigned k = 0; k < 200; ++k) EXPECT_EQ(got[k], 99 - k % 100);
  }
  expect_fault(
      Fault::race,
      [&] {
        words(body(""), {{1}, {32}});
      },
      "with no barrier since");
  expect_fault(Fault::uninitialised, [&] {
    words(body(""), {{1}, {64}});
  });  // by warps, the mirror image is not there yet
  EXPECT_EQ(words(body("bar.warp.sync -1;"), {{1}, {32}})[0], 31u);
  expect_fault(Fault::uninitialised, [&] { words(body("bar.warp.sync -1;"), {{1}, {64}}); });
  // Written again before the others have read.
  expect_fault(
      Fault::race,
      [&] {
        words(body("bar.sync 0;", "st.shared.u32 [%r12], %r14;"), {{1}, {32}});
      },
      "another thread reads");
  EXPECT_EQ(words(body("bar.sync 0;", "bar.sync 0; st.shared.u32 [%r12], %r14;"), {{1}, {64}})[0], 63u);
  expect_fault(Fault::race, [&] {
    words(kShared + "st.shared.u32 [s], %r0; st.global.u32 [%d0], %r0;", {{1}, {2}});
  });

  const auto reduce = [](const std::string& what, const std::string& after, const std::string& condition) {
    return words("setp." + condition + " %p0, %r0, 70; bar.red." + what + ", 0, %p0; " + after +
                     " st.global.u32 [%d0], %r4;",
                 {{1}, {72}})[1];
  };
  EXPECT_EQ(reduce("popc.u32 %r4", "", "lt.u32"), 70u);
  EXPECT_EQ(reduce("or.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "gt.u32"), 1u);
  EXPECT_EQ(reduce("or.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "gt.u32"), 1u);
  EXPECT_EQ(reduce("and.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "le.u32"), 0u);
  EXPECT_EQ(reduce("and.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "ge.s32 %p5, %r0, 0; setp.ge.s32"), 0u);
}

TEST(Ptx, divergence_is_refused) {
  const std::string end = " st.global.u32 [%d0], %r0;";
  // One thread leaves early; one warp does; one half waits at another barrier; a lane of the mask went
  // elsewhere.
  expect_fault(
      Fault::divergence,
      [&] {
        words("setp.eq.u32 %p0, %r0, 5; @%p0 ret; bar.sync 0;" + end, {{1}, {64}});
      },
      "never comes to the barrier");
  expect_fault(Fault::divergence, [&] {
    words("setp.gt.u32 %p0, %r0, 31; @%p0 bra $end; bar.sync 0;\n$end:" + end, {{1}, {64}});
  });
  expect_fault(
      Fault::divergence,
      [&] {
        words(
            "setp.gt.u32 %p0, %r0, 7; @%p0 bra $else; bar.sync 0; bra $end;\n$else: bar.sync 0;\n$end:" + end,
            {{1}, {32}});
      },
      "another barrier");
  expect_fault(
      Fault::divergence,
      [&] {
        words(
            "setp.gt.u32 %p0, %r0, 7; @%p0 bra $end; shfl.sync.idx.b32 %r4, %r0, 0, 31, -1;\n$end: bar.sync "
            "0;" +
                end,
            {{1}, {32}});
      },
      "went elsewhere");
  expect_fault(
      Fault::divergence,
      [&] {
        words("shfl.sync.idx.b32 %r4, %r0, 0, 31, 0xfffffffe;" + end, {{1}, {32}});
      },
      "not in its own mask");
  expect_fault(
      Fault::divergence,
      [&] {
        words("shfl.sync.idx.b32 %r4, %r0, 20, 31, -1;" + end, {{1}, {8}});
      },
      "does not take part");
}

// Faults of memory and registers

struct Traps : testing::Test {
  Traps() { std::iota(in.data, in.data + in.size, 0u); }
  Counters run(const std::string& body, Launch launch = {{}, {1}}, Access access = Access::write) {
    Memory memory;
    memory.add(out.data, out.bytes(), access);
    memory.add(in.data, in.bytes());
    return module_of(
               ".reg .b64 %d<9>; .reg .b32 %r<9>; .reg .pred %p<9>; ld.param.u64 %d0, [out]; ld.param.u64 "
               "%d1, [in];\n"
               "mov.u32 %r0, %tid.x; mul.wide.u32 %d2, %r0, 4; add.s64 %d3, %d0, %d2; add.s64 %d4, %d1, "
               "%d2;\n" +
                   body,
               ".param .u64 out, .param .u64 in")
        .kernel("k")
        .launch(launch, arguments(out.data, in.data), memory);
  }
  Buffer<std::uint32_t> out{64}, in{64};
};
using PtxTraps = Traps;

TEST_F(PtxTraps, addresses) {
  Memory odd;
  odd.add(in.data, 7);
  const auto second_word =
      module_of(".reg .b64 %d<2>; .reg .b32 %r; ld.param.u64 %d0, [out]; ld.global.u32 %r, [%d0+4];");
  expect_fault(Fault::out_of_bounds, [&] { second_word.kernel("k").launch({}, arguments(in.data), odd); });
  expect_fault(
      Fault::out_of_bounds, [&] { run("ld.global.u32 %r1, [%d1+256];"); }, "load of 4 bytes");
  expect_fault(Fault::out_of_bounds, [&] { run("ld.global.u32 %r1, [%d1+-4];"); });
  expect_fault(
      Fault::out_of_bounds,
      [&] {
        run("st.global.u32 [%d3], %r0;", {{}, {65}});
      },
      "thread (64, 0, 0) of block (0, 0, 0)");
  expect_fault(Fault::out_of_bounds, [&] { run("mov.b64 %d5, 0; ld.global.u32 %r1, [%d5];"); });
  expect_fault(Fault::out_of_bounds, [&] { run(".shared .align 4 .b8 s[8]; st.shared.u32 [s+8], %r0;"); });
  expect_fault(Fault::out_of_bounds, [&] { run("ld.param.u64 %d5, [in+8];"); });
  expect_fault(
      Fault::misaligned, [&] { run("ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%d1+4];"); }, "load of 16 bytes");
  expect_fault(Fault::misaligned, [&] { run("ld.global.u64 %d5, [%d1+4];"); });
  expect_fault(Fault::misaligned, [&] { run("st.global.v2.u32 [%d1+4], {%r0, %r0};"); });
  expect_fault(Fault::misaligned, [&] { run(".shared .align 4 .b8 s[8]; st.shared.u32 [s+2], %r0;"); });
  expect_fault(
      Fault::read_only, [&] { run("st.global.u32 [%d1], %r0;"); }, "store of 4 bytes");
}

TEST_F(PtxTraps, values_never_written) {
  expect_fault(
      Fault::uninitialised, [&] { run("add.s32 %r1, %r2, %r0;"); }, "PTX line");
  expect_fault(
      Fault::uninitialised,
      [&] {
        run("setp.eq.u32 %p0, %r0, 3; @%p0 mov.u32 %r1, 5; st.global.u32 [%d3], %r1;", {{}, {8}});
      },
      "thread (0, 0, 0)");
  expect_fault(Fault::uninitialised, [&] { run("@%p0 ret;"); });
  // nvcc selects between a value and nothing; only what is selected counts.
  EXPECT_NO_THROW(run("setp.eq.u32 %p0, %r0, 0; selp.b32 %r1, %r0, %r2, %p0;"));
  expect_fault(Fault::uninitialised, [&] {
    run("setp.eq.u32 %p0, %r0, 0; selp.b32 %r1, %r0, %r2, %p0;", {{}, {2}});
  });
  expect_fault(Fault::uninitialised, [&] { run("selp.b32 %r1, %r0, %r0, %p0;"); });
  expect_fault(Fault::uninitialised, [&] { run("ld.global.u32 %r1, [%d3];"); });
  expect_fault(Fault::uninitialised, [&] { run(".shared .align 4 .b8 s[8]; ld.shared.u32 %r1, [s];"); });
  EXPECT_NO_THROW(run("ld.global.u32 %r1, [%d3];", {{}, {1}}, Access::read_write));
}

TEST_F(PtxTraps, threads_that_meet_in_global_memory) {
  expect_fault(
      Fault::race,
      [&] {
        run("st.global.u32 [%d0], %r0;", {{}, {2}});
      },
      "another thread of this launch");
  expect_fault(Fault::race, [&] {
    run("st.global.u32 [%d3], %r0; xor.b32 %r1, %r0, 1; mul.wide.u32 %d5, %r1, 4; add.s64 %d5, %d0, %d5; "
        "ld.global.u32 %r2, [%d5];",
        {{}, {2}});
  });
  expect_fault(Fault::stale, [&] { run("ld.global.nc.u32 %r1, [%d3];", {{}, {1}}, Access::read_write); });
}

TEST_F(PtxTraps, launches) {
  const auto m = module_of("ret;", ".param .u64 out");
  Memory memory;
  const auto k = m.kernel("k");
  expect_fault(
      Fault::argument, [&] { k.launch({}, {}, memory); }, "0 arguments for 1 parameters");
  expect_fault(
      Fault::argument, [&] { k.launch({}, arguments(1), memory); }, "4 bytes, the parameter 8");
  expect_fault(Fault::argument, [&] { k.launch({{1}, {1025}}, arguments(u64{0}), memory); });
  expect_fault(Fault::argument, [&] { k.launch({{0}, {1}}, arguments(u64{0}), memory); });
  expect_fault(
      Fault::argument,
      [&] {
        k.launch({{1}, {1}, 16}, arguments(u64{0}), memory);
      },
      "dynamic shared");
  expect_fault(Fault::argument, [&] { m.kernel("other"); });
  expect_fault(
      Fault::argument,
      [&] {
        memory.add(in.data, 8);
        memory.add(in.data + 1, 8);
      },
      "overlapping");
  expect_fault(
      Fault::argument,
      [&] {
        Memory other;
        other.add_at(16, in.data, 8, Access::read);
      },
      "modulo 256");
  expect_fault(Fault::limit, [&] { run("$again: bra $again;", {{1}, {1}, 0, 1000}); });
  expect_fault(Fault::trap, [&] { run("trap;"); });
  expect_fault(
      Fault::argument, [&] { run("div.u32 %r1, %r0, 0;"); }, "division by zero");
}

TEST_F(PtxTraps, instructions_refused) {
  const auto refused = [&](Fault fault, const std::string& body, const std::string& fragment = "") {
    expect_fault(
        fault,
        [&] {
          module_of(".reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<9>; .reg .b16 %h<9>;\n" + body)
              .kernel("k");
        },
        fragment);
  };
  refused(Fault::unknown_instruction, "mov.u32 %r0, 1;\n\ndp4a.u32.u32 %r0, %r0, %r0, %r0;",
          "at PTX line 9: no semantics for dp4a.u32.u32");
  for (const std::string text : {"atom.global.add.u32 %r0, [%d0], 1;",
                                 "red.global.add.u32 [%d0], 1;",
                                 "cp.async.ca.shared.global [%r0], [%d0], 16;",
                                 "add.cc.u32 %r0, %r1, %r2;",
                                 "add.rn.sat.f32 %r0, %r1, %r2;",
                                 "mul.rn.f64 %r0, %r1, %r2;",
                                 "add.s32 %d0, %d1, %d2;",
                                 "add.s32 %r0, %r1;",
                                 "add.f32.rn.x %r0, %r1, %r2;",
                                 "setp.lo.s32 %p0, %r0, %r1;",
                                 "setp.equ.u32 %p0, %r0, %r1;",
                                 "fma.f32 %r0, %r1, %r2, %r3;",
                                 "cvt.f32.f64 %r0, %d0;",
                                 "cvt.rn.f64.f32 %d0, %r0;",
                                 "cvt.rni.s64.s32 %d0, %r0;",
                                 "cvt.rn.s32.f32 %r0, %r1;",
                                 "cvt.rni.f32.s32 %r0, %r1;",
                                 "cvt.rn.bf16.f16 %h0, %h1;",
                                 "bar.sync 0, 64;",
                                 "bar.arrive 0, 64;",
                                 "shfl.down.b32 %r0, %r1, %r2, %r3;",
                                 "mov.u32 %r0, %clock;",
                                 "mov.u32 %tid.x, %r0;",
                                 "ld.volatile.global.u32 %r0, [%d0];",
                                 "ld.shared.nc.u32 %r0, [%r1];",
                                 "st.param.u32 [out], %r0;",
                                 "mov.b64 {%r0, %h0}, %d0;",
                                 "add.rn.f32 %r0, %r1, 0d3FF0000000000000;",
                                 "prmt.b32.f4e %r0, %r1, %r2, %r3;",
                                 "membar.gl;",
                                 "add.rn.f32 %r0, %r1, %undeclared;",
                                 "selp.b32 %r0, %r1, %r2, %r3;",
                                 "bra %r0;",
                                 "add.rm.f16 %h0, %h1, %h2;",
                                 "min.rn.f32 %r0, %r1, %r2;"}) {
    refused(Fault::unknown_instruction, text);
  }
  for (const std::string text :
       {"ex2.approx.f32 %r0, %r1;", "lg2.approx.ftz.f32 %r0, %r1;", "sin.approx.f32 %r0, %r1;",
        "rcp.approx.ftz.f64 %d0, %d1;", "div.full.f32 %r0, %r1, %r2;", "add.rn.ftz.f32 %r0, %r1, %r2;",
        "cvt.ftz.f32.f32 %r0, %r1;", "tanh.approx.f16 %h0, %h1;", "sqrt.approx.f32 %r0, %r1;"}) {
    refused(Fault::approximate, text);
  }
  for (const std::string text : {"mul.f32 %r0, %r1, %r2;", "add.f64 %d0, %d1, %d2;", "sub.f16 %h0, %h1, %h2;",
                                 "mul.bf16x2 %r0, %r1, %r2;"}) {
    refused(Fault::contractable, text);
    EXPECT_NO_THROW(module_of(".reg .b32 %r<9>; .reg .b64 %d<9>; .reg .b16 %h<9>;" + text)
                        .kernel("k", {.contractable = true}));
  }
  refused(Fault::unsupported, ".local .align 4 .b8 depot[16];");
  refused(Fault::unsupported, "{ .param .b32 p; }");
  refused(Fault::unsupported, "call.uni f, ();");
  refused(Fault::unsupported, "cvta.shared.u64 %d0, %d1;");
  refused(Fault::syntax, "bra $nowhere;", "no label");
  refused(Fault::syntax, "$a: $a: ret;", "twice");
  refused(Fault::syntax, "add.rn.f32 %r0, %r1, 0f3F8;", "no literal");
  refused(Fault::syntax, "add.s32 %r0, %r1, %r2");
  expect_fault(
      Fault::syntax, [] { Module::parse(".version 9.0\n.banana\n"); }, "line 2");
  expect_fault(Fault::syntax, [] { Module::parse(kHeader + ".visible .entry k() {"); });
  expect_fault(
      Fault::argument,
      [] { Module::parse(kHeader + ".entry ka() { ret; } .entry kb() { ret; }").kernel("k"); }, "several");
}

TEST(Ptx, counters) {
  Counters c;
  words(
      "setp.lt.u32 %p0, %r0, 3; @%p0 add.s32 %r4, %r0, 1; ld.global.u8 %r5, [flags]; ld.global.v2.u32 {%r6, "
      "%r7}, [flags+8]; st.global.u32 [%d0], %r0;\n"
      "@!%p0 bra $end; st.global.u16 [%d0], %r0;\n$end: ret;",
      {{2}, {40}}, ".global .align 8 .b8 flags[16] = {1};\n", &c);
  EXPECT_EQ(c.loads, (std::map<unsigned, u64>{{1, 80}, {8, 80}}));
  EXPECT_EQ(c.stores, (std::map<unsigned, u64>{{2, 6}, {4, 80}}));
  EXPECT_EQ(c.bytes_loaded, 80u * 9);
  EXPECT_EQ(c.bytes_stored, 80u * 4 + 6 * 2);
  EXPECT_EQ(c.instructions.at("add.s32"), 6u);
  EXPECT_EQ(c.instructions.at("bra"), 74u);
  EXPECT_EQ(c.instructions.at("ret"), 80u);
  u64 sum = 0;
  for (const auto& [opcode, n] : c.instructions) sum += n;
  EXPECT_EQ(c.executed(), sum);
}

TEST(Ptx, windows_into_arrays_too_long_to_allocate) {
  Buffer<float> window(64);
  const u64 index = (u64{1} << 31) + 64, base = u64{1} << 50;
  Memory memory;
  memory.add_at(base + 4 * index, window.data, window.bytes(), Access::write);
  const auto m = module_of(
      ".reg .b64 %d<4>; .reg .b32 %r<4>; ld.param.u64 %d0, [out]; ld.param.u64 %d1, [n]; mov.u32 %r0, "
      "%tid.x; cvt.u64.u32 %d2, %r0;\n"
      "add.s64 %d1, %d1, %d2; shl.b64 %d1, %d1, 2; add.s64 %d1, %d1, %d0; mov.f32 %r1, 0f40000000; "
      "st.global.f32 [%d1], %r1;",
      ".param .u64 out, .param .u64 n");
  m.kernel("k").launch({{1}, {64}}, arguments(base, index), memory);
  EXPECT_EQ(window[63], 2.0f);
  expect_fault(Fault::out_of_bounds, [&] {
    m.kernel("k").launch({{1}, {64}}, arguments(base, i64{static_cast<std::int32_t>(index)}), memory);
  });  // had it overflowed
}

// What nvcc made of ptx_samples.cu, on every architecture

class PtxSamples : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string path = std::string(DDIM_PTX_SAMPLES) + "/ptx_samples.sm_" + GetParam() + ".ptx";
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << "built without nvcc: no " << path;
    std::ostringstream text;
    text << file.rdbuf();
    module_ = Module::parse(text.str());
    EXPECT_EQ(module_.target(), "sm_" + GetParam());
  }

  template <class T>
  void affine(const std::string& kernel, std::size_t n, const std::function<T(std::size_t)>& value) {
    using Real = typename samples::To<T>::Real;
    const samples::Affine<T> f{static_cast<Real>(0.8660254037844386), static_cast<Real>(-0.5)};
    Buffer<T> out(n), x(n), e(n);
    for (std::size_t k = 0; k < n; ++k) x[k] = value(2 * k), e[k] = value(2 * k + 1);
    Memory memory;
    memory.add(x.data, x.bytes());
    memory.add(e.data, e.bytes());
    memory.add(out.data, out.bytes(), Access::write);
    const auto c = module_.kernel(kernel).launch(
        {{3}, {64}}, arguments(out.data, x.data, e.data, static_cast<long long>(n), f), memory);
    EXPECT_EQ(memory.unwritten(out.data), 0u);
    for (std::size_t k = 0; k < n; ++k) {
      const T expected = f(x[k], e[k]);
      if (std::isnan(samples::widen(expected)) && std::isnan(samples::widen(out[k]))) continue;
      ASSERT_EQ(std::memcmp(&out[k], &expected, sizeof(T)), 0)
          << kernel << " at " << k << ": " << samples::widen(out[k]) << " instead of "
          << samples::widen(expected);
    }
    const u64 packs = n * sizeof(T) / 16, tail = n - packs * 16 / sizeof(T);
    EXPECT_EQ(c.bytes_loaded, 2 * n * sizeof(T));
    EXPECT_EQ(c.bytes_stored, n * sizeof(T));
    EXPECT_EQ(c.loads.at(16), 2 * packs);
    EXPECT_EQ(c.stores.at(16), packs);
    EXPECT_EQ(c.loads.contains(sizeof(T)) ? c.loads.at(sizeof(T)) : 0, 2 * tail);
  }

  Module module_;
};

TEST_P(PtxSamples, affine_steps_agree_with_the_host_bit_for_bit) {
  for (const std::size_t n : {8ul, 1003ul, 20021ul}) {
    affine<double>("affine_float64", n, [](std::size_t) {
      return std::bit_cast<double>((random_bits()() & 0x800fffffffffffff) | (1000 + random_bits()() % 60)
                                                                                << 52);
    });
    affine<float>("affine_float32", n, [](std::size_t) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(random_bits()()));
    });
    affine<samples::Half>("affine_float16", n, [](std::size_t) {
      return samples::Half{static_cast<std::uint16_t>(random_bits()())};
    });
    affine<samples::Bfloat>("affine_bfloat16", n, [](std::size_t) {
      return samples::Bfloat{static_cast<std::uint16_t>(random_bits()())};
    });
  }
}

TEST_P(PtxSamples, faults_of_the_caller_are_caught) {
  Buffer<float> out(72), x(72), e(72);
  const auto launch = [&](float* to, const float* from, std::size_t bytes, Access access) {
    Memory memory;
    memory.add(out.data, out.bytes(), access);
    memory.add(x.data, bytes);
    memory.add(e.data, e.bytes());
    module_.kernel("affine_float32")
        .launch({{1}, {32}}, arguments(to, from, e.data, 64ll, samples::Affine<float>{1, 1}), memory);
  };
  EXPECT_NO_THROW(launch(out.data, x.data, x.bytes(), Access::write));
  expect_fault(Fault::misaligned, [&] { launch(out.data, x.data + 1, x.bytes(), Access::write); });
  expect_fault(Fault::misaligned, [&] { launch(out.data + 1, x.data, x.bytes(), Access::write); });
  expect_fault(Fault::out_of_bounds, [&] { launch(out.data, x.data, 63 * 4, Access::write); });
  expect_fault(Fault::read_only, [&] { launch(x.data, x.data, x.bytes(), Access::write); });
  expect_fault(Fault::stale, [&] { launch(out.data, out.data, x.bytes(), Access::read_write); });
}

TEST_P(PtxSamples, reduction_has_the_bits_of_its_tree) {
  const std::size_t n = 5000;
  const unsigned blocks = 3;
  Buffer<double> x(n), partial(blocks);
  for (std::size_t k = 0; k < n; ++k) x[k] = std::ldexp(static_cast<double>(random_bits()()), -60);
  for (const bool barrier : {true, false}) {
    Memory memory;
    memory.add(x.data, x.bytes());
    memory.add(partial.data, partial.bytes(), Access::write);
    const auto run = [&] {
      module_.kernel(barrier ? "sum_of_squares" : "sum_without_barrier")
          .launch({{blocks}, {samples::kBlock}}, arguments(partial.data, x.data, static_cast<long long>(n)),
                  memory);
    };
    if (!barrier) {  // whichever thread comes first
      try {
        run();
        ADD_FAILURE() << "a missing barrier went unnoticed";
      } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::race || error.fault() == Fault::uninitialised) << error.what();
      }
      continue;
    }
    run();
    for (unsigned b = 0; b < blocks; ++b) {
      double lane[samples::kBlock] = {};
      for (std::size_t k = 0; k < n; ++k) {
        if (k / samples::kBlock % blocks == b) lane[k % samples::kBlock] += x[k] * x[k];
      }
      double sum = 0;
      for (int w = 0; w < samples::kBlock; w += 32) {
        for (int d = 16; d > 0; d /= 2) {
          for (int l = 0; l < d; ++l) lane[w + l] += lane[w + l + d];
        }
        sum += lane[w];
      }
      EXPECT_EQ(partial[b], sum);
    }
  }
}

TEST_P(PtxSamples, philox_agrees_with_the_host_and_with_its_authors) {
  const std::size_t n = 50000;
  Buffer<std::uint32_t> out(4 * n);
  Memory memory;
  memory.add(out.data, out.bytes(), Access::write);
  const samples::Philox p{{0xdeadbeef, 7}};
  const u64 offset = 0xfffffff0;
  const auto start = std::chrono::steady_clock::now();
  const auto counters =
      module_.kernel("philox").launch({{static_cast<unsigned>(n / 125)}, {128}},
                                      arguments(out.data, offset, static_cast<long long>(n), p), memory);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("instructions_per_second",
                 std::to_string(static_cast<double>(counters.executed()) / seconds.count()));
  RecordProperty("words_per_second", std::to_string(4.0 * static_cast<double>(n) / seconds.count()));
  for (std::size_t k = 0; k < n; ++k) {
    std::uint32_t c[4] = {static_cast<std::uint32_t>(offset + k),
                          static_cast<std::uint32_t>((offset + k) >> 32), 0, 0};
    p(c);
    ASSERT_EQ(std::memcmp(&out[4 * k], c, 16), 0) << k;
  }
  Memory again;
  again.add(out.data, 16, Access::write);
  module_.kernel("philox").launch({{1}, {1}}, arguments(out.data, u64{0}, 1ll, samples::Philox{{0, 0}}),
                                  again);
  EXPECT_EQ(std::vector(out.data, out.data + 4),
            (std::vector<std::uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
                                        0x9b00dbd8}));  // Random123's kat_vectors
}

INSTANTIATE_TEST_SUITE_P(Ptx, PtxSamples, testing::Values("80", "90", "100", "120"),
                         [](const auto& i) { return "sm_" + i.param; });

}  // namespace
