#include "reference/environment.hpp"

#include <cfenv>
#include <cstdint>
#include <string>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "reference/error.hpp"

#ifdef __FAST_MATH__
#error "ddim is about IEEE arithmetic as written: build it without -ffast-math"
#endif

namespace ddim {
namespace {

#if defined(__SSE2__)
// MXCSR's rounding mode, FTZ and DAZ, in one look: an operation on subnormals would take an assist of a hundred
// cycles.
bool as_it_starts() { return (_mm_getcsr() & 0xe040u) == 0; }
#elif defined(__aarch64__)
// FPCR's RMode and FZ, and FIZ, which flushes inputs alone.
bool as_it_starts() {
  std::uint64_t fpcr;
  asm volatile("mrs %0, fpcr" : "=r"(fpcr));
  return (fpcr & 0x1c00001u) == 0;
}
#else
bool as_it_starts() {
  const volatile double least_normal = 0x1p-1022, subnormal = 0x1p-1030;
  return std::fegetround() == FE_TONEAREST && least_normal / 2 > 0 && subnormal * 2 > 0;
}
#endif

std::string rounding_mode() {
  switch (std::fegetround()) {
    case FE_UPWARD:
      return "upward";
    case FE_DOWNWARD:
      return "downward";
    case FE_TOWARDZERO:
      return "toward zero";
    default:
      return "unknown";
  }
}

}  // namespace

void require_environment() {
  if (as_it_starts()) return;
  if (std::fegetround() != FE_TONEAREST)
    throw DomainError("rounding mode", rounding_mode(), "to nearest (what every error bound presupposes)");
  throw DomainError("treatment of subnormal numbers", "flushed to zero",
                    "kept (a program linked with -ffast-math flushes them)");
}

}  // namespace ddim
