#include <cmath>
#include <limits>
#include <utility>

#include "tests/emulation/ptx_formats.hpp"
#include "tests/emulation/ptx_lanes.hpp"
#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {
namespace {

double integral(double x, Round round) {
  switch (round) {
    case Round::zero:
      return std::trunc(x);
    case Round::down:
      return std::floor(x);
    case Round::up:
      return std::ceil(x);
    default:
      return std::nearbyint(x);
  }
}

template <class D, class S>
D convert(S s, const Instruction& i) {
  if constexpr (!is_float<S> && !is_float<D>) {
    if (!i.saturate) return static_cast<D>(s);
    if (std::cmp_less(s, std::numeric_limits<D>::min())) return std::numeric_limits<D>::min();
    if (std::cmp_greater(s, std::numeric_limits<D>::max())) return std::numeric_limits<D>::max();
    return static_cast<D>(s);
  } else if constexpr (!is_float<D>) {
    const double x = static_cast<double>(value(s));
    if (x != x) return sizeof(D) == 8 || sizeof(S) == 8 ? static_cast<D>(D{1} << (8 * sizeof(D) - 1)) : D{0};
    const double r = integral(x, i.round),
                 bound = std::ldexp(1.0, static_cast<int>(8 * sizeof(D)) - std::is_signed_v<D>);
    if (r >= bound) return std::numeric_limits<D>::max();
    if (r < (std::is_signed_v<D> ? -bound : 0.0)) return std::numeric_limits<D>::min();
    return static_cast<D>(r);
  } else if constexpr (!is_float<S>) {
    if constexpr (is_small<D>) {
      const bool negative = std::is_signed_v<S> && s < 0;
      const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(s) : static_cast<std::uint64_t>(s);
      return {encode<exponent_bits<D>, 15 - exponent_bits<D>>(negative, magnitude, 0, i.round)};
    } else {
      return static_cast<D>(s);
    }
  } else {
    if constexpr (std::is_same_v<D, S>) {
      if (i.mode) {  // .rni and its like
        const auto x = static_cast<double>(value(s));
        if constexpr (is_small<D>)
          s = narrow<D>(integral(x, i.round));
        else
          s = canonical(static_cast<D>(integral(x, i.round)));
      }
    }
    if (i.saturate) {
      const auto x = value(s);
      if (!(x > 0))
        s = S{};
      else if (x > 1) {
        if constexpr (is_small<S>)
          s = narrow<S>(1);
        else
          s = 1;
      }
    }
    if constexpr (std::is_same_v<D, S>)
      return s;
    else if constexpr (is_small<D>)
      return narrow<D>(static_cast<double>(value(s)), i.round);
    else
      return std::is_same_v<S, double> ? canonical(static_cast<D>(value(s))) : static_cast<D>(value(s));
  }
}

template <class D, class S>
void cvt(Warp& w, const Instruction& i) {
  if (sizeof(D) == i.bytes[0] && sizeof(S) == i.bytes[1]) {
    const S* a = w.at<S>(i, 1);
    each(w, w.at<D>(i, 0), [&](unsigned l) { return convert<D>(a[l], i); });
  } else {
    each(w, [&](unsigned l) { store(w, i, 0, l, convert<D>(load<S>(w, i, 1, l), i)); });
  }
}

template <class D, class S>
void enter_conversion(Opcodes& o) {  // a rounding stands where the result may be inexact, and only there
  constexpr bool floats = is_float<D> && is_float<S>, integers = !is_float<D> && !is_float<S>,
                 same_type = std::is_same_v<D, S>;
  const std::string types = std::string(".") + kName<D> + "." + kName<S>;
  const std::vector<Shape> shape{{Piece::wide_destination, sizeof(D)}, {Piece::wide_source, sizeof(S)}};
  for (const bool saturate : {false, true}) {
    const std::string end = (saturate ? ".sat" : "") + types;
    if (integers || (floats && (sizeof(D) > sizeof(S) || same_type)))
      o.add("cvt" + end, cvt<D, S>, shape).saturate = saturate;
    for (const auto& [name, direction] : kRoundings) {
      Instruction* i = nullptr;
      if ((is_float<S> && !is_float<D>) || (floats && same_type))
        i = &o.add("cvt." + name + "i" + end, cvt<D, S>, shape, 1);
      if ((is_float<D> && !is_float<S>) || (floats && sizeof(D) < sizeof(S)))
        i = &o.add("cvt." + name + end, cvt<D, S>, shape);
      if (!i) continue;
      i->saturate = saturate;
      i->round = direction;
      if (std::is_floating_point_v<D> && !same_type) natively(*i, direction);
    }
  }
}

template <class H>  // the first source is the upper half
void cvt_pair(Warp& w, const Instruction& i) {
  const float *a = w.at<float>(i, 1), *b = w.at<float>(i, 2);
  each(w, w.at<std::uint32_t>(i, 0),
       [&](unsigned l) { return std::uint32_t{convert<H>(a[l], i).bits} << 16 | convert<H>(b[l], i).bits; });
}
template <class H>
void enter_pair(Opcodes& o) {
  for (const auto& [name, direction] : kRoundings)
    o.add("cvt." + name + "." + kName<H> + "x2.f32", cvt_pair<H>, same(4, 2)).round = direction;
}

template <class S>
void enter_conversions_from(Opcodes& o) {
  enter_conversion<std::uint8_t, S>(o), enter_conversion<std::uint16_t, S>(o);
  enter_conversion<std::uint32_t, S>(o), enter_conversion<std::uint64_t, S>(o);
  enter_conversion<std::int8_t, S>(o), enter_conversion<std::int16_t, S>(o);
  enter_conversion<std::int32_t, S>(o), enter_conversion<std::int64_t, S>(o);
  enter_conversion<Half, S>(o), enter_conversion<Bfloat, S>(o);
  enter_conversion<float, S>(o), enter_conversion<double, S>(o);
}

}  // namespace

void conversions(Opcodes& o) {
  enter_conversions_from<std::uint8_t>(o), enter_conversions_from<std::uint16_t>(o);
  enter_conversions_from<std::uint32_t>(o), enter_conversions_from<std::uint64_t>(o);
  enter_conversions_from<std::int8_t>(o), enter_conversions_from<std::int16_t>(o);
  enter_conversions_from<std::int32_t>(o), enter_conversions_from<std::int64_t>(o);
  enter_conversions_from<Half>(o), enter_conversions_from<Bfloat>(o);
  enter_conversions_from<float>(o), enter_conversions_from<double>(o);
  enter_pair<Half>(o), enter_pair<Bfloat>(o);
}

}  // namespace ddim::ptx
