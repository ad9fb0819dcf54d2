#include <iostream>

#include "reference/ddim.hpp"

int main() {
  const auto schedule = ddim::Schedule::scaled_linear(1000, 0.00085, 0.012);  // Stable Diffusion's
  const auto step = schedule.transition(981, 961);         // t and t_prev of a 50-step sampler
  const ddim::Batch x_t{{0.5, -1.0}}, x_0{{0.25, -0.75}};  // d x n: one dimension, two samples
  std::cout << ddim::q_posterior(step, ddim::sigma_eta(step, 1.0), x_t, x_0).mean << "\n";
}
