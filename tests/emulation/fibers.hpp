#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

/// A small run-time that executes __global__ functions on the CPU, compiled by g++: blocks one after the
/// other, the threads of a block as fibers that switch at __syncthreads and __shfl_down_sync. Include it
/// before the kernels. It covers what our kernels use, not CUDA at large: no atomics, no dynamic shared
/// memory.
namespace ddim::emulation {

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
};

/// In which order the threads of a block run between two barriers. A kernel whose result depends on it has a
/// race.
enum class Order { ascending, descending, random };

/// Not all threads of a block reached the same barrier, or not all lanes of a warp the same shuffle.
class DivergenceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs blocks [first_block, last_block) of a grid of `grid` blocks of `block` threads. Shared memory is not
/// cleared between blocks, as on a card. Errors: DivergenceError.
void launch(std::int64_t grid, unsigned block, const std::function<void()>& kernel, Order order,
            std::uint64_t seed, std::int64_t first_block, std::int64_t last_block);
inline void launch(std::int64_t grid, unsigned block, const std::function<void()>& kernel,
                   Order order = Order::ascending, std::uint64_t seed = 0) {
  launch(grid, block, kernel, order, seed, 0, grid);
}

void barrier(int line);
/// While one lives, barriers let everything through: the fault of a missing __syncthreads.
class WithoutBarriers {
 public:
  WithoutBarriers();
  ~WithoutBarriers();
  WithoutBarriers(const WithoutBarriers&) = delete;
};
/// Every lane gives 8 bytes and gets those of lane + delta, or its own beyond the warp.
std::uint64_t shuffle_down(unsigned mask, std::uint64_t value, int delta, int line);

template <class T>
T shuffle_down_value(unsigned mask, T value, int delta, int line) {
  static_assert(sizeof(T) <= 8);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = shuffle_down(mask, bits, delta, line);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace ddim::emulation

// CUDA's own names, as kernels use them.
inline ddim::emulation::Dim3 threadIdx, blockIdx, blockDim, gridDim;
#define __global__
#define __device__
#define __grid_constant__
#define __launch_bounds__(...)
#define __shared__ static
#define __syncthreads() ::ddim::emulation::barrier(__LINE__)
#define __shfl_down_sync(mask, value, delta) \
  ::ddim::emulation::shuffle_down_value(mask, value, delta, __LINE__)
