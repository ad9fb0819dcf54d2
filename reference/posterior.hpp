#pragma once

// Internal: Eq7 before it is rounded, for the equations that are made of it. Defined in laws.cpp.

#include "reference/quad.hpp"

namespace ddim {

/// Eq7's radicand 1 - alpha_bar_prev - sigma^2 and the sigma^2 that goes with it: inside the few-ulp window
/// both are those of the boundary, elsewhere as given.
struct Admitted {
  Quad radicand, variance;
};
Admitted admit(const Transition& step, const Sigma& sigma);

/// Eq7's two coefficients.
struct QuadPosterior {
  Quad x0, x_t;
};
QuadPosterior quad_posterior(const Transition& step, const Sigma& sigma);

}  // namespace ddim
