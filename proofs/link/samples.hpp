#pragma once

// Prints evaluations of every formula at drawn inputs, one line each, in the format of link/certify.
//
// `Implementation` is a class of static functions named as the formulas of generated/formulas.hpp, each
// taking that formula's parameters and returning a Claim. Formulas it lacks are left out.

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>

namespace ddim::link {

/// What an implementation computed, and how far from the exact value it says this is at most.
struct Claim {
  double output;
  double bound;
};

/// Binary64's unit roundoff, and (in a wider type) half its smallest spacing.
using Wider = long double;
inline constexpr Wider u = 0x1p-53L;
inline constexpr Wider tiny = 0x1p-1075L;

/// log(2 pi) to within 2^-53.
inline constexpr double kLogTwoPi = 0x1.d67f1c864beb5p+0;

/// The bound as a double, with room for the roundings of its own evaluation.
inline double up(Wider bound) { return static_cast<double>(bound) * (1 + 0x1p-40); }

template <std::size_t N>
void print_line(const char* formula, const std::array<double, N>& inputs, const Claim& claim) {
  std::fputs(formula, stdout);
  for (const double input : inputs) std::printf(" %a", input);
  std::printf(" = %a %a\n", claim.output, claim.bound);
}

template <class Implementation>
void print_samples(int draws) {
  std::mt19937_64 engine(20201006);
  const auto uniform = [&engine](double low, double high) {
    return low + (high - low) * (static_cast<double>(engine() >> 11) * 0x1p-53);
  };
  for (int draw = 0; draw < draws; ++draw) {
    // alpha_bar_prev from the clean to the noisy end; a neighbour of it, or a time far away.
    const double p = draw % 3 == 0 ? 1 - std::exp(uniform(-9, -0.1)) : uniform(0.05, 0.95);
    const double beta = draw % 2 == 0 ? uniform(1e-4, 0.02) : uniform(0.1, 0.9);
    const double a = p * (1 - beta);
    const double eta = draw % 5 == 0 ? 1 : uniform(0.05, 1);
    const double v = eta * eta * ((1 - p) / (1 - a) * (1 - a / p));
    const double s = std::sqrt(v);
    const double w = uniform(0.01, 2);
    const double share = uniform(0, 0.999) * (1 - p) / (1 - a);
    const double x = uniform(-4, 4), x0 = uniform(-1, 1), e = uniform(-3, 3), z = uniform(-3, 3);
// The name is needed as text, as a function and in the test for its presence.
#define DDIM_LINE(formula, ...)                                                          \
  if constexpr (requires { Implementation::formula(__VA_ARGS__); }) {                    \
    print_line(#formula, std::array{__VA_ARGS__}, Implementation::formula(__VA_ARGS__)); \
  }
    DDIM_LINE(affine2, s, x, w, e);
    DDIM_LINE(affine3, s, x, w, e, eta, z);
    DDIM_LINE(lemma1_x0_coefficient, a);
    DDIM_LINE(lemma1_std, a);
    DDIM_LINE(lemma1_variance, a);
    DDIM_LINE(lemma1_sample, a, x0, z);
    DDIM_LINE(eq7_x_coefficient, a, p, v);
    DDIM_LINE(eq7_x0_coefficient, a, p, v);
    DDIM_LINE(eq7_mean, a, p, v, x, x0);
    DDIM_LINE(eq8_prev_coefficient, a, p, v);
    DDIM_LINE(eq8_mean, a, p, v, x, x0);
    DDIM_LINE(eq8_variance, a, p, v);
    DDIM_LINE(nonmarkov_x0_coefficient, a, p, v);
    DDIM_LINE(nonmarkov_x0_coefficient_of_eta, eta, a, p);
    DDIM_LINE(eq9_predict_x0, a, x, e);
    DDIM_LINE(eq9_predict_eps, a, x, x0);
    DDIM_LINE(eq9_velocity, a, x0, e);
    DDIM_LINE(eq9_x0_from_velocity, a, x, e);
    DDIM_LINE(eq9_eps_from_velocity, a, x, e);
    DDIM_LINE(eq12_x_coefficient, a, p);
    DDIM_LINE(eq12_eps_coefficient, a, p, v);
    DDIM_LINE(eq12_eps_coefficient_as_written, a, p, v);
    DDIM_LINE(eq12_direction, p, v);
    DDIM_LINE(eq12_v_x_coefficient, a, p, v);
    DDIM_LINE(eq12_v_coefficient, a, p, v);
    DDIM_LINE(eq12_step, a, p, s, x, e, z);
    DDIM_LINE(eq13_encode_x_coefficient, a, p);
    DDIM_LINE(eq13_encode_eps_coefficient, a, p);
    DDIM_LINE(eq14_ode_state, a, x);
    DDIM_LINE(eq14_ode_sigma, a);
    DDIM_LINE(eq16_variance, eta, a, p);
    DDIM_LINE(eq16_sigma, eta, a, p);
    DDIM_LINE(eq16_variance_adjacent, eta, a, p, beta);
    DDIM_LINE(eq16_radicand, eta, a, p);
    DDIM_LINE(eq16_sigma_hat, a, p);
    DDIM_LINE(theorem1_gamma, a, p, v);
    DDIM_LINE(theorem1_gamma_first, a, v);
    DDIM_LINE(appendixa_noisy_weight, share);
    DDIM_LINE(appendixa_data_weight, a, p, share);
    DDIM_LINE(appendixa_uniform_weight, a, p, share);
    DDIM_LINE(kl_normal, x, v, x0, w);
    DDIM_LINE(kl_normal_equal_variance, x, x0, v);
    DDIM_LINE(normal_log_density, kLogTwoPi, x0, v, x);
    DDIM_LINE(truth_gaussian_eps, a, x0, w, x);
#undef DDIM_LINE
  }
}

}  // namespace ddim::link
