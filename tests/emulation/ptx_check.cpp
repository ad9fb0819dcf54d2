#include "tests/emulation/ptx_check.hpp"

#include <bit>
#include <cmath>
#include <memory>
#include <sstream>

namespace ddim::ptx {

Class class_of(const std::string& type) {
  if (type == "pred") return {"pred", 0};
  const auto bits =
      type.find("x2") != std::string::npos ? "32" : type.substr(type.find_first_of("0123456789"));
  return {"b" + (bits == "8" ? "16" : bits), static_cast<unsigned>(std::stoi(bits)) / 8};
}

namespace {

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

std::vector<u64> special_values(const std::string& t) {
  if (t == "f32")
    return {0,          0x80000000, 1,          0x80000001, 0x7fffff,   0x800000,
            0x3f800000, 0xbf800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
            0x7fc00000, 0x7f800001, 0x3f800001, 0x33800000, 0x4b000001, 0x4b800001};
  if (t == "f64")
    return {0,
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
  if (t[0] == 'f' || t[0] == 'e')
    return {0,      0x8000, 1,      0x8001, 0x3ff,  0x400,  0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00,
            0xfc00, 0x7e00, 0x3c01, 0x3f80, 0x7f7f, 0x7f80, 0xff80, 0x7fff, 0x80,   0x7f};
  return {0,
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
}

// Operand `k` of an instruction.
std::vector<u64> column_of(const std::string& t, std::size_t k) {
  const std::vector<u64> special = special_values(t);
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
      bits = std::bit_cast<u64>(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))) +
             (bits & 1) * 0x10000000;
    } else if (t.find("x2") != std::string::npos && row < 600) {
      bits |= special[row % special.size()] << 16;
    } else if (row >= 900 && t[0] != 'f' && t[0] != 'b' && t[0] != 'e') {
      bits &= 63;
    }
    column.push_back(bits);
  }
  return column;
}

}  // namespace

std::mt19937_64& random_bits() {
  static std::mt19937_64 engine(20101);
  return engine;
}

Rows operands(const std::vector<std::string>& types) {
  Rows out;
  for (std::size_t k = 0; k < types.size(); ++k) out.push_back(column_of(types[k], k));
  return out;
}

void check(const std::string& opcode, const std::string& result, const std::vector<std::string>& types,
           const Rows& rows, const std::function<u64(const std::vector<u64>&)>& expected,
           const std::string& trailing, bool any_nan) {
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

}  // namespace ddim::ptx
