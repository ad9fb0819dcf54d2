// Floating-point instructions, conversions and comparisons against MPFR.

#include <algorithm>
#include <memory>

#include "tests/emulation/ptx_check.hpp"
#include "tests/emulation/ptx_mpfr.hpp"

namespace {

using namespace ddim::ptx;

TEST(Ptx, floating_point_arithmetic) {
  for (const auto& f : {kF32, kF64}) {
    const std::vector<std::string> three(3, f.name), two(2, f.name), one(1, f.name);
    const auto rows = operands(three);
    for (const auto& [suffix, mode] : kModes) {
      const auto with =
          [&, &suffix = suffix, rnd = mode](
              const std::string& name, const std::vector<std::string>& types,
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
      const std::string type = std::string(is_signed ? "s" : "u") + std::to_string(8 * bytes);
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

const std::vector<std::pair<std::string, std::function<bool(int)>>> kRelations{
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

void check_float_comparison(const std::string& name, const std::function<bool(int)>& h) {
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
}

// Of the first six relations, k being its place.
void check_integer_comparison(std::size_t k, const std::string& name, const std::function<bool(int)>& h) {
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

TEST(Ptx, comparisons) {
  for (std::size_t k = 0; k < kRelations.size(); ++k) {
    const auto& [name, holds] = kRelations[k];
    check_float_comparison(name, holds);
    if (k < 6) check_integer_comparison(k, name, holds);
  }
  const auto rows = operands({"u32", "u32"});
  check("and.pred", "pred", {"pred", "pred"}, rows, [](auto& x) { return u64{x[0] && x[1]}; });
  check("or.pred", "pred", {"pred", "pred"}, rows, [](auto& x) { return u64{x[0] || x[1]}; });
  check("xor.pred", "pred", {"pred", "pred"}, rows, [](auto& x) { return u64{(x[0] != 0) != (x[1] != 0)}; });
  check("not.pred", "pred", {"pred"}, {rows[0]}, [](auto& x) { return u64{x[0] == 0}; });
  check("mov.pred", "pred", {"pred"}, {rows[0]}, [](auto& x) { return u64{x[0] != 0}; });
}

}  // namespace
