// Integers, bits, and moves between registers.

#include <algorithm>
#include <limits>

#include "tests/emulation/ptx_compare.hpp"
#include "tests/emulation/ptx_lanes.hpp"
#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {
namespace {

template <class D, class T, auto F>  // other result type, both sources T
void widening(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  each(w, w.at<D>(i, 0), [=](unsigned l) { return F(static_cast<D>(a[l]), static_cast<D>(b[l])); });
}
template <class D, class T>
void mad_wide(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  const D* c = w.at<D>(i, 3);
  using U = std::make_unsigned_t<D>;
  each(w, w.at<D>(i, 0), [=](unsigned l) {
    return static_cast<D>(static_cast<U>(static_cast<D>(a[l]) * static_cast<D>(b[l])) + static_cast<U>(c[l]));
  });
}

template <class T>
T high_product(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    __extension__ using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> 64);
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> (8 * sizeof(T)));
  }
}
template <class T>
T low_product(T a, T b) {
  return static_cast<T>(std::uint64_t{a} * std::uint64_t{b});
}

template <class T, bool Right>
void shift(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  const std::uint32_t* b = w.at<std::uint32_t>(i, 2);
  constexpr std::uint32_t bits = 8 * sizeof(T);
  each(w, w.at<T>(i, 0), [=](unsigned l) -> T {
    if (b[l] >= bits) return Right && std::is_signed_v<T> ? static_cast<T>(a[l] >> (bits - 1)) : T{0};
    return static_cast<T>(Right ? a[l] >> b[l] : static_cast<T>(std::uint64_t(a[l]) << b[l]));
  });
}

template <bool Left, bool Wrap>
void funnel(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 1), *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) {
    const std::uint64_t both = std::uint64_t{b[l]} << 32 | a[l];
    const std::uint32_t n = Wrap ? c[l] & 31 : std::min(c[l], 32u);
    return static_cast<std::uint32_t>(Left ? (both << n) >> 32 : both >> n);
  });
}

template <class T, bool Zero>  // division by zero: what the card's subroutine returns is not specified
void quotient(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  T* d = w.at<T>(i, 0);
  each(w, [&](unsigned l) {
    if (b[l] == 0) throw Fail{Fault::argument, l, "integer division by zero"};
    const bool overflow = std::is_signed_v<T> && b[l] == static_cast<T>(-1);
    if constexpr (Zero)
      d[l] = overflow ? T{0} : static_cast<T>(a[l] % b[l]);
    else
      d[l] = overflow ? static_cast<T>(0 - std::uint64_t(a[l])) : static_cast<T>(a[l] / b[l]);
  });
}

template <class T>
void field_extract(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  const auto *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3);
  constexpr unsigned bits = 8 * sizeof(T);
  each(w, w.at<T>(i, 0), [=](unsigned l) -> T {
    const unsigned position = b[l] & 255, length = c[l] & 255;
    if (length == 0) return 0;
    const bool sign = std::is_signed_v<T> && (a[l] >> std::min(position + length - 1, bits - 1) & 1);
    std::uint64_t field = position < bits ? std::uint64_t(std::make_unsigned_t<T>(a[l])) >> position : 0;
    const unsigned known = std::min(length, bits - std::min(position, bits));
    if (known < 64)
      field = (field & ((std::uint64_t{1} << known) - 1)) | (sign ? ~std::uint64_t{0} << known : 0);
    return static_cast<T>(field);
  });
}

template <class T>
void field_insert(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  const auto *c = w.at<std::uint32_t>(i, 3), *n = w.at<std::uint32_t>(i, 4);
  constexpr unsigned bits = 8 * sizeof(T);
  each(w, w.at<T>(i, 0), [=](unsigned l) -> T {
    const unsigned position = c[l] & 255, length = std::min(n[l] & 255, bits);
    if (position >= bits || length == 0) return b[l];
    const T ones = static_cast<T>(length == bits ? ~T{0} : (T{1} << length) - 1),
            mask = static_cast<T>(ones << position);
    return static_cast<T>((b[l] & ~mask) | (static_cast<T>(a[l] << position) & mask));
  });
}

void permute(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 1), *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) {
    const std::uint64_t both = std::uint64_t{b[l]} << 32 | a[l];
    std::uint32_t out = 0;
    for (unsigned k = 0; k < 4; ++k) {
      const std::uint32_t selector = c[l] >> (4 * k) & 15;
      std::uint32_t byte = static_cast<std::uint32_t>(both >> (8 * (selector & 7))) & 255;
      if (selector & 8) byte = byte & 128 ? 255 : 0;
      out |= byte << (8 * k);
    }
    return out;
  });
}

void logic3(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 1), *b = w.at<std::uint32_t>(i, 2), *c = w.at<std::uint32_t>(i, 3),
             *table = w.at<std::uint32_t>(i, 4);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) {
    std::uint32_t out = 0;
    for (unsigned k = 0; k < 8; ++k) {
      if (table[l] >> k & 1) out |= (k & 4 ? a[l] : ~a[l]) & (k & 2 ? b[l] : ~b[l]) & (k & 1 ? c[l] : ~c[l]);
    }
    return out;
  });
}

template <class T>
std::uint32_t leading_zeros(T x) {
  return static_cast<std::uint32_t>(std::countl_zero(x));
}
template <class T>
std::uint32_t ones(T x) {
  return static_cast<std::uint32_t>(std::popcount(x));
}
template <class T>  // position of the highest bit that differs from the sign, or ~0
std::uint32_t find_top(T x) {
  using U = std::make_unsigned_t<T>;
  const U u = static_cast<U>(std::is_signed_v<T> && x < 0 ? ~x : x);
  return u ? static_cast<std::uint32_t>(8 * sizeof(T) - 1) - leading_zeros(u) : ~std::uint32_t{0};
}
template <class T>
std::uint32_t find_shift(T x) {
  const std::uint32_t n = find_top(x);
  return n == ~std::uint32_t{0} ? n : static_cast<std::uint32_t>(8 * sizeof(T) - 1) - n;
}
template <class T, auto F>
void count(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<std::uint32_t>(i, 0), [=](unsigned l) { return F(a[l]); });
}
template <class T>
T reverse(T x) {
  T out = 0;
  for (unsigned k = 0; k < 8 * sizeof(T); ++k)
    out = static_cast<T>(out | (x >> k & 1) << (8 * sizeof(T) - 1 - k));
  return out;
}

template <class T>
void select(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  const Mask p = *w.at<Mask>(i, 3);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return p >> l & 1 ? a[l] : b[l]; });
}

void pack(Warp& w, const Instruction& i) {
  each(w, [&](unsigned l) {
    std::byte* d = w.at<std::byte>(i, 0) + std::size_t{l} * i.bytes[0];
    std::array<std::byte, 8> out;
    unsigned at = 0;
    for (unsigned k = 1; at < i.bytes[0]; ++k) {
      std::memcpy(&out[at], w.at<std::byte>(i, k) + std::size_t{l} * i.bytes[k], i.bytes[k]);
      at += i.bytes[k];
    }
    std::memcpy(d, out.data(), i.bytes[0]);
  });
}
void unpack(Warp& w, const Instruction& i) {
  each(w, [&](unsigned l) {
    const unsigned source = i.destinations, width = i.bytes[source];
    std::array<std::byte, 8> in;
    std::memcpy(in.data(), w.at<std::byte>(i, source) + std::size_t{l} * width, width);
    unsigned at = 0;
    for (unsigned k = 0; k < i.destinations; at += i.bytes[k++]) {
      std::memcpy(w.at<std::byte>(i, k) + std::size_t{l} * i.bytes[k], &in[at], i.bytes[k]);
    }
  });
}

template <class T>
void enter_integers(Opcodes& o) {
  using U = std::make_unsigned_t<T>;
  const std::string t = std::string(".") + kName<T>;
  constexpr std::size_t n = sizeof(T);
  o.add("add" + t, binary<U, plus>, same(n, 2));
  o.add("sub" + t, binary<U, minus>, same(n, 2));
  o.add("mul.lo" + t, binary<U, low_product<U>>, same(n, 2));
  o.add("mul.hi" + t, binary<T, high_product<T>>, same(n, 2));
  o.add("mad.lo" + t, ternary<U, [](U a, U b, U c) { return low_product(a, b) + c; }>, same(n, 3));
  o.add("mad.hi" + t, ternary<T, [](T a, T b, T c) { return U(high_product(a, b)) + U(c); }>, same(n, 3));
  o.add("div" + t, quotient<T, false>, same(n, 2));
  o.add("rem" + t, quotient<T, true>, same(n, 2));
  o.add("min" + t, binary<T, [](T a, T b) { return std::min(a, b); }>, same(n, 2));
  o.add("max" + t, binary<T, [](T a, T b) { return std::max(a, b); }>, same(n, 2));
  o.add("shr" + t, shift<T, true>, {out(n), in(n), in(4)});
  if constexpr (n < 8) {
    using D = std::conditional_t<std::is_signed_v<T>, std::conditional_t<n == 2, std::int32_t, std::int64_t>,
                                 std::conditional_t<n == 2, std::uint32_t, std::uint64_t>>;
    o.add("mul.wide" + t, widening<D, T, times>, {out(2 * n), in(n), in(n)});
    o.add("mad.wide" + t, mad_wide<D, T>, {out(2 * n), in(n), in(n), in(2 * n)});
  }
  if constexpr (n > 2) {
    o.add("bfind" + t, count<T, find_top<T>>, {out(4), in(n)});
    o.add("bfind.shiftamt" + t, count<T, find_shift<T>>, {out(4), in(n)});
    o.add("bfe" + t, field_extract<T>, {out(n), in(n), in(4), in(4)});
  }
  if constexpr (std::is_signed_v<T>) {
    o.add("neg" + t, unary<U, [](U a) { return U{0} - a; }>, same(n, 1));
    o.add("abs" + t, unary<U, [](U a) { return T(a) < 0 ? U{0} - a : a; }>, same(n, 1));
  } else {
    compare_as<T>(o, "lo", lt), compare_as<T>(o, "ls", le), compare_as<T>(o, "hi", gt),
        compare_as<T>(o, "hs", ge);
  }
  for (std::size_t c = eq; c <= ge; ++c) compare_as<T>(o, std::string(kComparisons[c]), c);
}

template <class T>
void enter_bits(Opcodes& o, const std::string& bits) {
  const std::string t = ".b" + bits;
  constexpr std::size_t n = sizeof(T);
  o.add("and" + t, binary<T, [](T a, T b) { return a & b; }>, same(n, 2));
  o.add("or" + t, binary<T, [](T a, T b) { return a | b; }>, same(n, 2));
  o.add("xor" + t, binary<T, [](T a, T b) { return a ^ b; }>, same(n, 2));
  o.add("not" + t, unary<T, [](T a) { return ~a; }>, same(n, 1));
  o.add("shl" + t, shift<T, false>, {out(n), in(n), in(4)});
  o.add("shr" + t, shift<T, true>, {out(n), in(n), in(4)});
  o.add("setp.eq" + t, set_predicate<T>, {kBoth, in(n), in(n)}, eq);
  o.add("setp.ne" + t, set_predicate<T>, {kBoth, in(n), in(n)}, ne);
  for (const char kind : {'b', 'u', 's', 'f'}) {
    if (kind == 'f' && n == 2) continue;
    o.add(std::string("mov.") + kind + bits, move<T>, same(n, 1));
    o.add(std::string("selp.") + kind + bits, select<T>, {out(n), in(n), in(n), kIn}).selects = true;
  }
  for (const std::uint8_t parts :
       {std::uint8_t{2}, std::uint8_t{4}}) {  // "mov.b32 {2} =" stands for mov.b32 {a, b}, c
    const auto part = static_cast<std::uint8_t>(n / parts);
    if (part < 2) continue;
    o.add("mov" + t + " {" + std::to_string(parts) + "} =", unpack,
          {{Piece::destinations, part, parts}, in(n)});
    o.add("mov" + t + " = {" + std::to_string(parts) + "}", pack, {out(n), {Piece::sources, part, parts}});
  }
  if constexpr (n > 2) {
    o.add("popc" + t, count<T, ones<T>>, {out(4), in(n)});
    o.add("clz" + t, count<T, leading_zeros<T>>, {out(4), in(n)});
    o.add("brev" + t, unary<T, reverse<T>>, same(n, 1));
    o.add("bfi" + t, field_insert<T>, {out(n), in(n), in(n), in(4), in(4)});
  }
}

void enter_words(Opcodes& o) {
  o.add("shf.l.wrap.b32", funnel<true, true>, same(4, 3));
  o.add("shf.l.clamp.b32", funnel<true, false>, same(4, 3));
  o.add("shf.r.wrap.b32", funnel<false, true>, same(4, 3));
  o.add("shf.r.clamp.b32", funnel<false, false>, same(4, 3));
  o.add("prmt.b32", permute, same(4, 3));
  o.add("lop3.b32", logic3, same(4, 4));
  for (const std::string space : {"global", "const", "param", "to.global", "to.const", "to.param"}) {
    o.add("cvta." + space + ".u64", move<std::uint64_t>, same(8, 1));
  }
}

}  // namespace

void integers(Opcodes& o) {
  enter_integers<std::uint16_t>(o), enter_integers<std::uint32_t>(o), enter_integers<std::uint64_t>(o);
  enter_integers<std::int16_t>(o), enter_integers<std::int32_t>(o), enter_integers<std::int64_t>(o);
  enter_bits<std::uint16_t>(o, "16"), enter_bits<std::uint32_t>(o, "32"), enter_bits<std::uint64_t>(o, "64");
  enter_words(o);
}

}  // namespace ddim::ptx
