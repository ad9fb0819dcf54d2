#include "tests/statistics/claim.hpp"

namespace ddim::statistics {

Batch Context::step_of_any_shape(int i, const Batch& x_t, const Batch& output, const Batch& z) const {
  const int entry = run.entry(i);
  return answer("step " + std::to_string(i), noise == Noise::own
                                                 ? samplers::ask(sampler.own_step, run, entry, x_t, output)
                                                 : samplers::ask(sampler.step, run, entry, x_t, output, z))
      .prev_sample;
}

Batch Context::step(int i, const Batch& x_t, const Batch& output, const Batch& z) const {
  Batch x_prev = step_of_any_shape(i, x_t, output, z);
  require_shape("x_prev", x_prev, x_t.rows(), x_t.cols());
  return x_prev;
}

}  // namespace ddim::statistics
