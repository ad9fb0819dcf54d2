#pragma once

// setp and set, for every type.

#include <array>
#include <string>
#include <string_view>

#include "tests/emulation/ptx_formats.hpp"
#include "tests/emulation/ptx_lanes.hpp"
#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {

enum Comparison : std::uint8_t { eq, ne, lt, le, gt, ge, equ, neu, ltu, leu, gtu, geu, num, nan };
inline constexpr std::array<std::string_view, 14> kComparisons{
    "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

template <class T>
Mask compare(const T* a, const T* b, unsigned how) {
  const auto scan = [=](auto f) {
    Mask out = 0;
    for (unsigned l = 0; l < kLanes; ++l) out |= Mask{f(value(a[l]), value(b[l]))} << l;
    return out;
  };
  switch (how) {
    case eq:
      return scan([](auto x, auto y) { return x == y; });
    case ne:
      return scan([](auto x, auto y) { return x < y || x > y; });
    case lt:
      return scan([](auto x, auto y) { return x < y; });
    case le:
      return scan([](auto x, auto y) { return x <= y; });
    case gt:
      return scan([](auto x, auto y) { return x > y; });
    case ge:
      return scan([](auto x, auto y) { return x >= y; });
    case equ:
      return scan([](auto x, auto y) { return !(x < y || x > y); });
    case neu:
      return scan([](auto x, auto y) { return x != y; });
    case ltu:
      return scan([](auto x, auto y) { return !(x >= y); });
    case leu:
      return scan([](auto x, auto y) { return !(x > y); });
    case gtu:
      return scan([](auto x, auto y) { return !(x <= y); });
    case geu:
      return scan([](auto x, auto y) { return !(x < y); });
    case num:
      return scan([](auto x, auto y) { return x == x && y == y; });
    default:
      return scan([](auto x, auto y) { return x != x || y != y; });
  }
}

template <class T>
void set_predicate(
    Warp& w, const Instruction& i) {  // mode: comparison, and 16, 32, 48: and, or, xor with a third source
  const Mask r = compare(w.at<T>(i, 2), w.at<T>(i, 3), i.mode & 15);
  const unsigned combine = i.mode >> 4;
  const Mask c = combine ? *w.at<Mask>(i, 4) : 0;
  const auto with = [=](Mask m) {
    return combine == 1 ? m & c : combine == 2 ? m | c : combine == 3 ? m ^ c : m;
  };
  assign(w, i, 0, with(r));
  assign(w, i, 1, with(~r));
}
template <class D, class T>
void set_value(Warp& w, const Instruction& i) {
  const Mask r = compare(w.at<T>(i, 1), w.at<T>(i, 2), i.mode);
  each(w, w.at<D>(i, 0), [=](unsigned l) -> D {
    const bool yes = r >> l & 1;
    if constexpr (std::is_same_v<D, float>)
      return yes ? 1.0f : 0.0f;
    else if constexpr (is_small<D>)
      return yes ? narrow<D>(1) : D{0};
    else
      return static_cast<D>(yes ? ~D{0} : D{0});
  });
}

template <class T>
void compare_as(Opcodes& o, const std::string& name, std::size_t how) {
  const std::string t = std::string(".") + kName<T>;
  const Shape s = in(sizeof(T));
  o.add("setp." + name + t, set_predicate<T>, {kBoth, s, s}, how);
  o.add("setp." + name + ".and" + t, set_predicate<T>, {kBoth, s, s, kIn}, how | 16);
  o.add("setp." + name + ".or" + t, set_predicate<T>, {kBoth, s, s, kIn}, how | 32);
  o.add("setp." + name + ".xor" + t, set_predicate<T>, {kBoth, s, s, kIn}, how | 48);
  o.add("set." + name + ".u32" + t, set_value<std::uint32_t, T>, {out(4), s, s}, how);
  o.add("set." + name + ".s32" + t, set_value<std::uint32_t, T>, {out(4), s, s}, how);
  o.add("set." + name + ".f32" + t, set_value<float, T>, {out(4), s, s}, how);
  if constexpr (is_small<T>) o.add("set." + name + t + t, set_value<T, T>, {out(2), s, s}, how);
}

}  // namespace ddim::ptx
