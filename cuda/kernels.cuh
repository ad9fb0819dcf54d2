#pragma once

// The __global__ functions. Compiled by nvcc for a card and, over tests/emulation/fibers.hpp, by g++: whoever
// includes this has __global__, threadIdx, blockIdx, __shared__, __syncthreads and __shfl_down_sync.

#include "cuda/kernel_list.hpp"

#ifdef __CUDACC__
#define DDIM_DEVICE __device__
#else
#define DDIM_DEVICE
#endif

namespace ddim::cuda {

/// One thread, one pack.
template <class Op>
DDIM_DEVICE inline auto run(const Op& op) -> decltype(op.pack(Index{})) {
  const Index p = Index{blockIdx.x} * kThreads + threadIdx.x;
  if (p < op.packs()) op.pack(p);
}

/// Combines one value of every thread of the block, the same way each time: five halvings of a warp, then the
/// warps in order. Every thread gets the result.
template <class V, class Combine>
DDIM_DEVICE inline V across_block(V value, Combine combine) {
  __shared__ V of_warp[kThreads / 32];
  __shared__ V result;
  for (int half = 16; half > 0; half /= 2) value = combine(value, __shfl_down_sync(0xffffffffu, value, half));
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x == 0) {
    V total = of_warp[0];
    for (int warp = 1; warp < kThreads / 32; ++warp) total = combine(total, of_warp[warp]);
    result = total;
  }
  __syncthreads();
  return result;
}

/// One block, one row of a sum.
template <class Op>
DDIM_DEVICE inline auto run(const Op& op) -> decltype(op.sum_of_thread(Index{}, 0), void()) {
  static_assert(kThreads == kSumThreads);
  const double sum = across_block(op.sum_of_thread(blockIdx.x, static_cast<int>(threadIdx.x)),
                                  [](double a, double b) { return a + b; });
  if (threadIdx.x == 0) op.write(blockIdx.x, sum);
}

/// One block, one sample: the order statistics `below` and `below + 1` of |pred_x0| by bisection of the
/// key's bits, then the step.
template <class T, Noise noise>
DDIM_DEVICE inline void run(const DdimStepThreshold<T, noise>& op) {
  using R = Real<T>;
  using Key = typename DdimStepThreshold<T, noise>::Key;
  constexpr int V = kPack<T>;
  const Index j = blockIdx.x, start = Index{threadIdx.x} * V, stride = Index{kThreads} * V;
  R x[V], network[V], f[V];

  Key low = 0;
  for (Key bit = Key{1} << (sizeof(Key) * 8 - 2); bit != 0; bit >>= 1) {
    long long smaller = 0;
    for (Index k = start; k < op.layout.dim; k += stride) {
      op.predict(j, k, x, network, f);
      for (int i = 0; i < V; ++i) smaller += i < op.count(k) && op.key(f[i]) < (low | bit) ? 1 : 0;
    }
    smaller = across_block(smaller, [](long long a, long long b) { return a + b; });
    if (smaller <= op.below) low |= bit;
  }
  // low is the order statistic; the next one is low again or the least key above it.
  long long not_above = 0;
  Key next = ~Key{0};
  for (Index k = start; k < op.layout.dim; k += stride) {
    op.predict(j, k, x, network, f);
    for (int i = 0; i < V; ++i) {
      const Key key = op.key(f[i]);
      if (i < op.count(k) && key <= low) ++not_above;
      if (i < op.count(k) && key > low && key < next) next = key;
    }
  }
  not_above = across_block(not_above, [](long long a, long long b) { return a + b; });
  next = across_block(next, [](Key a, Key b) { return b < a ? b : a; });
  const Key high = not_above > op.below + 1 || next == ~Key{0} ? low : next;
  const R s = op.scale(low, high);
  for (Index k = start; k < op.layout.dim; k += stride) op.finish(j, k, s);
}

}  // namespace ddim::cuda

// At least one block per multiprocessor: left to guess, ptxas spills in order to fit more.
#define DDIM_CUDA_DEFINE(NAME, ...)                                                                   \
  extern "C" __global__ void __launch_bounds__(256, 1) NAME(const __grid_constant__ __VA_ARGS__ op) { \
    ::ddim::cuda::run(op);                                                                            \
  }
DDIM_CUDA_KERNELS(DDIM_CUDA_DEFINE)
#undef DDIM_CUDA_DEFINE
