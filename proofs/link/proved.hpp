#pragma once

// The printed templates of the proved syntax trees as an oracle, with 113 bits: what a formula of
// proofs/arithmetic/formulas.v is at exact inputs, to about 2^-100 of its largest term. Nothing of reference/
// is included. CMake target: ddim::proved.

#include <boost/multiprecision/cpp_bin_float.hpp>

#include "proofs/generated/formulas.hpp"

namespace ddim::proved {

using Quad = boost::multiprecision::cpp_bin_float_quad;

/// One transition and its sigma^2, taken as exact; alpha_bar and alpha_bar_prev are a and p. The members are
/// those of tests/reference/oracle_multiprecision.hpp, so that one table of quantities reads every oracle.
/// Domain: a and p given as doubles, 2^-59 <= a < p <= 1 (beyond, differences no longer fit the 113 bits, as
/// those of a table's products do not), and for `kl` variances equal or apart by 2^-28 of themselves.
/// Error: 2^-6 of a double's ulp; of what passes through zero (the direction and what it multiplies at Eq7's
/// boundary, the forward x0 at eta = 1, the discrete uniform weight) 2^-104 of the largest term.
struct Definitions {
  using Value = Quad;
  Quad a, p, variance;

  static Quad number(double x) { return Quad(x); }

  /// Where rounding put sigma^2 above its boundary, by a few ulps, it stands for the boundary.
  Quad admitted_variance() const { return variance < 1 - p ? variance : Quad(1 - p); }
  Quad direction() const { return eq12_direction<Quad>(p, admitted_variance()); }

  Quad sqrt_alpha_bar() const { return lemma1_x0_coefficient<Quad>(a); }
  Quad sqrt_one_minus_alpha_bar() const { return lemma1_std<Quad>(a); }
  Quad ode_sigma() const { return eq14_ode_sigma<Quad>(a); }
  Quad beta() const { return square<Quad>(sigma_hat()); }

  Quad sigma_eta(const Quad& eta) const { return eq16_sigma<Quad>(eta, a, p); }
  Quad sigma_hat() const { return eq16_sigma_hat<Quad>(a, p); }

  Quad posterior_mean(const Quad& x_t, const Quad& x0) const {
    const Quad v = admitted_variance();
    return eq7_x_coefficient<Quad>(a, p, v) * x_t + eq7_x0_coefficient<Quad>(a, p, v) * x0;
  }
  /// Domain: p < 1.
  Quad forward_mean(const Quad& x_prev, const Quad& x0) const {
    const Quad v = admitted_variance();
    return eq8_prev_coefficient<Quad>(a, p, v) * x_prev + nonmarkov_x0_coefficient<Quad>(a, p, v) * x0;
  }
  Quad forward_variance() const { return eq8_variance<Quad>(a, p, admitted_variance()); }

  Quad x0_from_eps(const Quad& x_t, const Quad& eps) const { return eq9_predict_x0<Quad>(a, x_t, eps); }
  Quad eps_from_x0(const Quad& x_t, const Quad& x0) const { return eq9_predict_eps<Quad>(a, x_t, x0); }
  Quad x0_from_v(const Quad& x_t, const Quad& v) const { return eq9_x0_from_velocity<Quad>(a, x_t, v); }
  Quad eps_from_v(const Quad& x_t, const Quad& v) const { return eq9_eps_from_velocity<Quad>(a, x_t, v); }

  Quad step(const Quad& pred_x0, const Quad& eps, const Quad& noise) const {
    return affine3<Quad>(lemma1_x0_coefficient<Quad>(p), pred_x0, direction(), eps, sqrt(variance), noise);
  }
  Quad step_from_eps(const Quad& x_t, const Quad& eps) const {
    return eq12_x_coefficient<Quad>(a, p) * x_t + eq12_eps_coefficient<Quad>(a, p, admitted_variance()) * eps;
  }
  Quad step_from_x0(const Quad& x_t, const Quad& x0) const { return posterior_mean(x_t, x0); }
  Quad step_from_v(const Quad& x_t, const Quad& v) const {
    return eq12_v_x_coefficient<Quad>(a, p, admitted_variance()) * x_t +
           eq12_v_coefficient<Quad>(a, p, admitted_variance()) * v;
  }
  Quad encode(const Quad& x_prev, const Quad& eps) const {
    return eq13_encode_x_coefficient<Quad>(a, p) * x_prev + eq13_encode_eps_coefficient<Quad>(a, p) * eps;
  }

  /// Domain of both: variance > 0.
  Quad gamma() const { return theorem1_gamma<Quad>(a, p, admitted_variance()); }
  Quad gamma_first() const { return theorem1_gamma_first<Quad>(a, variance); }

  Quad discrete_x0(const Quad& s) const { return appendixa_data_weight<Quad>(a, p, s); }
  Quad discrete_uniform(const Quad& s) const { return appendixa_uniform_weight<Quad>(a, p, s); }
  Quad discrete_limit() const { return (1 - p) / (1 - a); }

  static Quad kl(const Quad& mean_p, const Quad& variance_p, const Quad& mean_q, const Quad& variance_q) {
    return kl_normal<Quad>(mean_p, variance_p, mean_q, variance_q);
  }
};

}  // namespace ddim::proved
