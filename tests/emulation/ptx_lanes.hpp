#pragma once

// Loops over the lanes of the instruction in progress, and the registers they read and write.

#include <bit>
#include <cstring>
#include <type_traits>

#include "tests/emulation/ptx_machine.hpp"

namespace ddim::ptx {

// An instruction's registers are different columns, or the same one lane by lane.
#ifdef __clang__
#define DDIM_LANES_ARE_APART
#else
#define DDIM_LANES_ARE_APART _Pragma("GCC ivdep")
#endif

template <class D, class F>
inline void each(const Warp& w, D* d, F f) {
  if (w.mask == ~Mask{0}) {
    DDIM_LANES_ARE_APART
    for (unsigned l = 0; l < kLanes; ++l) d[l] = f(l);
  } else {
    for (Mask m = w.mask; m; m &= m - 1) {
      const auto l = static_cast<unsigned>(std::countr_zero(m));
      d[l] = f(l);
    }
  }
}
template <class F>
inline void each(const Warp& w, F f) {
  for (Mask m = w.mask; m; m &= m - 1) f(static_cast<unsigned>(std::countr_zero(m)));
}

template <class T, auto F>
void unary(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return static_cast<T>(F(a[l])); });
}
template <class T, auto F>
void binary(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return static_cast<T>(F(a[l], b[l])); });
}
template <class T, auto F>
void ternary(Warp& w, const Instruction& i) {
  const T *a = w.at<T>(i, 1), *b = w.at<T>(i, 2), *c = w.at<T>(i, 3);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return static_cast<T>(F(a[l], b[l], c[l])); });
}

template <class T>
T load(const Warp& w, const Instruction& i, unsigned operand, unsigned lane) {
  T out;
  std::memcpy(&out, w.at<std::byte>(i, operand) + std::size_t{lane} * i.bytes[operand], sizeof out);
  return out;
}
template <class T>  // extends to the register
void store(const Warp& w, const Instruction& i, unsigned operand, unsigned lane, T x) {
  std::byte* d = w.at<std::byte>(i, operand) + std::size_t{lane} * i.bytes[operand];
  if (sizeof x == i.bytes[operand]) {
    std::memcpy(d, &x, sizeof x);
  } else if constexpr (std::is_integral_v<T>) {
    const auto wide = static_cast<std::uint64_t>(
        static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(x));
    std::memcpy(d, &wide, i.bytes[operand]);
  } else {
    throw Fail{Fault::unknown_instruction, lane, "a floating-point result in a wider register"};
  }
}

inline constexpr auto plus = [](auto a, auto b) { return a + b; };
inline constexpr auto minus = [](auto a, auto b) { return a - b; };
inline constexpr auto times = [](auto a, auto b) { return a * b; };

// Predicates are one mask.

inline void assign(Warp& w, const Instruction& i, unsigned operand, Mask value) {
  Mask& p = *w.at<Mask>(i, operand);
  p = (p & ~w.mask) | (value & w.mask);
}

template <class T>
void move(Warp& w, const Instruction& i) {
  const T* a = w.at<T>(i, 1);
  each(w, w.at<T>(i, 0), [=](unsigned l) { return a[l]; });
}

}  // namespace ddim::ptx
