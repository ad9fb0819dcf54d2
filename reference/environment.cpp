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
// MXCSR: the rounding mode, FTZ, DAZ. An add that tried would take an assist of a hundred cycles.
bool rounds_to_nearest() { return (_mm_getcsr() & 0x6000u) == 0; }
bool keeps_subnormals() { return (_mm_getcsr() & 0x8040u) == 0; }
#elif defined(__aarch64__)
// FPCR: RMode, FZ, and FIZ, which flushes inputs alone.
std::uint64_t fpcr() {
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
bool rounds_to_nearest() { return (fpcr() & 0xc00000u) == 0; }
bool keeps_subnormals() { return (fpcr() & 0x1000001u) == 0; }
#else
bool rounds_to_nearest() { return std::fegetround() == FE_TONEAREST; }
bool keeps_subnormals() {
  const volatile double least_normal = 0x1p-1022, subnormal = 0x1p-1030;
  return least_normal / 2 > 0 && subnormal * 2 > 0;
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
  if (!rounds_to_nearest())
    throw DomainError("rounding mode", rounding_mode(), "to nearest (what every error bound presupposes)");
  if (!keeps_subnormals())
    throw DomainError("treatment of subnormal numbers", "flushed to zero",
                      "kept (a program linked with -ffast-math flushes them)");
}

}  // namespace ddim
