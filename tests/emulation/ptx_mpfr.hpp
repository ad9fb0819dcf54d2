#pragma once

// Floating point by MPFR: every format, operation and rounding that PTX has.

#include <mpfr.h>

#include <bit>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/emulation/ptx_kernels.hpp"

namespace ddim::ptx {

struct Format {
  std::string name;
  unsigned bytes;
  int precision, least,
      most;  // exponents as MPFR counts them, of the least subnormal and the greatest number
};
inline const Format kF64{"f64", 8, 53, -1073, 1024}, kF32{"f32", 4, 24, -148, 128},
    kF16{"f16", 2, 11, -23, 16}, kBf16{"bf16", 2, 8, -132, 128};

inline double to_double(u64 bits, const Format& f) {
  const unsigned fraction = static_cast<unsigned>(f.precision) - 1, width = 8 * f.bytes;
  const u64 mantissa = bits & ((u64{1} << fraction) - 1),
            exponent = bits >> fraction & ((u64{1} << (width - 1 - fraction)) - 1);
  const double sign = bits >> (width - 1) & 1 ? -1 : 1;
  if (exponent == (u64{1} << (width - 1 - fraction)) - 1) return mantissa ? std::nan("") : sign * HUGE_VAL;
  return sign * std::ldexp(static_cast<double>(exponent ? mantissa | u64{1} << fraction : mantissa),
                           f.least - 1 + static_cast<int>(exponent ? exponent - 1 : 0));
}

inline u64 to_bits(double x, const Format& f) {  // x is a number of the format
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
inline u64 rounded(const Format& f, mpfr_rnd_t mode, const Operation& operation) {
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

inline const std::vector<std::pair<std::string, mpfr_rnd_t>> kModes{
    {"rn", MPFR_RNDN}, {"rz", MPFR_RNDZ}, {"rm", MPFR_RNDD}, {"rp", MPFR_RNDU}};

}  // namespace ddim::ptx
