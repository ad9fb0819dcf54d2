#pragma once

#include "tests/emulation/fibers.hpp"
// Then the kernels, over it.
#include "cuda/kernels.cuh"

namespace ddim::cuda::test {

/// The __global__ function of an operation.
template <class Op>
inline constexpr void (*kKernel)(const Op) = nullptr;
#define DDIM_CUDA_KERNEL_OF(NAME, ...) \
  template <>                          \
  inline constexpr void (*kKernel<__VA_ARGS__>)(const __VA_ARGS__) = &DDIM_CUDA_SYMBOL(NAME);
DDIM_CUDA_KERNELS(DDIM_CUDA_KERNEL_OF)
#undef DDIM_CUDA_KERNEL_OF

/// Executes kernels as g++ compiled them, over fibers.
struct Emulated {
  emulation::Order order = emulation::Order::ascending;
  template <class Op>
  void operator()(const Op& op) const {
    static_assert(kKernel<Op> != nullptr);
    emulation::launch(
        op.blocks(), kThreads, [&] { kKernel<Op>(op); }, order, 20201002);
  }
};

}  // namespace ddim::cuda::test
