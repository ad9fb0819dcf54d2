#pragma once

// The proved rounding bounds (proofs/arithmetic/rounding.v) with double's constants: |computed - exact| of combine, without
// fma, for exact terms c_i x_i, when every coefficient used is within 1 ulp (2u) of the exact one. The factor
// covers the evaluation of the bound itself.

#include "proofs/generated/bounds.hpp"

namespace ddim::oracle {

inline double two_term_bound(double term0, double term1) {
  return proved::affine2_bound_inexact(0x1p-53, 0x1p-1074, 0x1p-52, term0, term1) * (1 + 0x1p-49);
}

inline double three_term_bound(double term0, double term1, double term2) {
  return proved::affine3_bound_inexact(0x1p-53, 0x1p-1074, 0x1p-52, term0, term1, term2) * (1 + 0x1p-49);
}

}  // namespace ddim::oracle
