#pragma once

namespace ddim {

/// The floating-point environment that every error bound of this library presupposes of the calling thread:
/// results are rounded to nearest, and subnormal numbers are kept, as inputs and as results. Threads start so;
/// fesetround, _MM_SET_FLUSH_ZERO_MODE and a program linked with -ffast-math change it. Every function that
/// computes looks at it, in some nanoseconds. Errors: DomainError naming what is changed.
void require_environment();

}  // namespace ddim
