// The printed templates themselves, instantiated with double, each with its proved error as the bound:
//   samples | certify --at-least 300 --every-formula

#include "link/samples.hpp"

#include "generated/bounds.hpp"
#include "generated/formulas.hpp"

namespace ddim::link {
namespace {

struct Proved {
  static Claim lemma1_x0_coefficient(auto... x) {
    return {proved::lemma1_x0_coefficient(x...),
            up(proved::lemma1_x0_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim lemma1_std(auto... x) {
    return {proved::lemma1_std(x...), up(proved::lemma1_std_error<Wider>(u, tiny, x...))};
  }
  static Claim lemma1_sample(auto... x) {
    return {proved::lemma1_sample(x...), up(proved::lemma1_sample_error<Wider>(u, tiny, x...))};
  }
  static Claim eq7_x_coefficient(auto... x) {
    return {proved::eq7_x_coefficient(x...), up(proved::eq7_x_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq7_x0_coefficient(auto... x) {
    return {proved::eq7_x0_coefficient(x...), up(proved::eq7_x0_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq7_mean(auto... x) {
    return {proved::eq7_mean(x...), up(proved::eq7_mean_error<Wider>(u, tiny, x...))};
  }
  static Claim eq8_prev_coefficient(auto... x) {
    return {proved::eq8_prev_coefficient(x...), up(proved::eq8_prev_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq8_mean(auto... x) {
    return {proved::eq8_mean(x...), up(proved::eq8_mean_error<Wider>(u, tiny, x...))};
  }
  static Claim eq8_variance(auto... x) {
    return {proved::eq8_variance(x...), up(proved::eq8_variance_error<Wider>(u, tiny, x...))};
  }
  static Claim nonmarkov_x0_coefficient(auto... x) {
    return {proved::nonmarkov_x0_coefficient(x...),
            up(proved::nonmarkov_x0_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim nonmarkov_x0_coefficient_of_eta(auto... x) {
    return {proved::nonmarkov_x0_coefficient_of_eta(x...),
            up(proved::nonmarkov_x0_coefficient_of_eta_error<Wider>(u, tiny, x...))};
  }
  static Claim eq9_predict_x0(auto... x) {
    return {proved::eq9_predict_x0(x...), up(proved::eq9_predict_x0_error<Wider>(u, tiny, x...))};
  }
  static Claim eq9_predict_eps(auto... x) {
    return {proved::eq9_predict_eps(x...), up(proved::eq9_predict_eps_error<Wider>(u, tiny, x...))};
  }
  static Claim eq9_velocity(auto... x) {
    return {proved::eq9_velocity(x...), up(proved::eq9_velocity_error<Wider>(u, tiny, x...))};
  }
  static Claim eq9_x0_from_velocity(auto... x) {
    return {proved::eq9_x0_from_velocity(x...), up(proved::eq9_x0_from_velocity_error<Wider>(u, tiny, x...))};
  }
  static Claim eq9_eps_from_velocity(auto... x) {
    return {proved::eq9_eps_from_velocity(x...),
            up(proved::eq9_eps_from_velocity_error<Wider>(u, tiny, x...))};
  }
  static Claim eq12_x_coefficient(auto... x) {
    return {proved::eq12_x_coefficient(x...), up(proved::eq12_x_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq12_eps_coefficient(auto... x) {
    return {proved::eq12_eps_coefficient(x...), up(proved::eq12_eps_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq12_eps_coefficient_as_written(auto... x) {
    return {proved::eq12_eps_coefficient_as_written(x...),
            up(proved::eq12_eps_coefficient_as_written_error<Wider>(u, tiny, x...))};
  }
  static Claim eq12_step(auto... x) {
    return {proved::eq12_step(x...), up(proved::eq12_step_error<Wider>(u, tiny, x...))};
  }
  static Claim eq13_encode_x_coefficient(auto... x) {
    return {proved::eq13_encode_x_coefficient(x...),
            up(proved::eq13_encode_x_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq13_encode_eps_coefficient(auto... x) {
    return {proved::eq13_encode_eps_coefficient(x...),
            up(proved::eq13_encode_eps_coefficient_error<Wider>(u, tiny, x...))};
  }
  static Claim eq14_ode_state(auto... x) {
    return {proved::eq14_ode_state(x...), up(proved::eq14_ode_state_error<Wider>(u, tiny, x...))};
  }
  static Claim eq14_ode_sigma(auto... x) {
    return {proved::eq14_ode_sigma(x...), up(proved::eq14_ode_sigma_error<Wider>(u, tiny, x...))};
  }
  static Claim eq16_variance(auto... x) {
    return {proved::eq16_variance(x...), up(proved::eq16_variance_error<Wider>(u, tiny, x...))};
  }
  static Claim eq16_sigma(auto... x) {
    return {proved::eq16_sigma(x...), up(proved::eq16_sigma_error<Wider>(u, tiny, x...))};
  }
  static Claim eq16_variance_adjacent(auto... x) {
    return {proved::eq16_variance_adjacent(x...),
            up(proved::eq16_variance_adjacent_error<Wider>(u, tiny, x...))};
  }
  static Claim eq16_radicand(auto... x) {
    return {proved::eq16_radicand(x...), up(proved::eq16_radicand_error<Wider>(u, tiny, x...))};
  }
  static Claim eq16_sigma_hat(auto... x) {
    return {proved::eq16_sigma_hat(x...), up(proved::eq16_sigma_hat_error<Wider>(u, tiny, x...))};
  }
  static Claim theorem1_gamma(auto... x) {
    return {proved::theorem1_gamma(x...), up(proved::theorem1_gamma_error<Wider>(u, tiny, x...))};
  }
  static Claim theorem1_gamma_first(auto... x) {
    return {proved::theorem1_gamma_first(x...), up(proved::theorem1_gamma_first_error<Wider>(u, tiny, x...))};
  }
  static Claim appendixa_noisy_weight(double s) { return {proved::appendixa_noisy_weight(s), 0}; }
  static Claim appendixa_data_weight(auto... x) {
    return {proved::appendixa_data_weight(x...),
            up(proved::appendixa_data_weight_error<Wider>(u, tiny, x...))};
  }
  static Claim appendixa_uniform_weight(auto... x) {
    return {proved::appendixa_uniform_weight(x...),
            up(proved::appendixa_uniform_weight_error<Wider>(u, tiny, x...))};
  }
  static Claim kl_normal(auto... x) {
    return {proved::kl_normal(x...), up(proved::kl_normal_error<Wider>(u, tiny, x...))};
  }
  static Claim kl_normal_equal_variance(auto... x) {
    return {proved::kl_normal_equal_variance(x...),
            up(proved::kl_normal_equal_variance_error<Wider>(u, tiny, x...))};
  }
};

}  // namespace
}  // namespace ddim::link

int main() { ddim::link::print_samples<ddim::link::Proved>(30); }
