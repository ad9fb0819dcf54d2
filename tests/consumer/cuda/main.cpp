#include <iostream>
#include <vector>

#include "cuda/device.hpp"
#include "cuda/operations.hpp"

using namespace ddim;

int main() {
  const Transition step = Schedule::linear(1000, 1e-4, 0.02).transition(500, 480);
  const cuda::Shape shape{2, 3};  // samples, elements of each
  const std::vector<float> x_t{0.5f, -1, 2, 0, 1, -2}, eps{1, 0, -1, 0.5f, -0.5f, 0.25f};
  std::vector<float> x_prev(6);
  const auto one_step = [&](const auto& where, const float* from, const float* predicted, float* to) {
    cuda::ddim_step(where, step, sigma_eta(step, 1.0), shape, cuda::Source<float>{from},
                    cuda::Source<float>{predicted}, cuda::Normals{20201006}, cuda::Target<float>{to});
  };
  one_step(cuda::Host{}, x_t.data(), eps.data(), x_prev.data());
  for (const float x : x_prev) std::cout << x << " ";

#ifdef DDIM_CUDA_DEVICE  // the library was built with nvcc
  try {
    const cuda::DeviceArray<float> on_card_x_t(x_t), on_card_eps(eps);
    cuda::DeviceArray<float> on_card(6);
    one_step(cuda::Device{}, on_card_x_t.data(), on_card_eps.data(), on_card.data());
    if (on_card.read() != x_prev) return 1;  // the same bits
  } catch (const cuda::DeviceError& error) {
    std::cerr << error.what() << "\n";
    return error.code() == 35 || error.code() == 100 ? 0 : 1;  // no driver or no card here; or it failed
  }
#endif
}
