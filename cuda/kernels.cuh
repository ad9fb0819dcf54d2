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

/// One thread, one pack, or none past the last.
template <class Op>
DDIM_DEVICE inline auto run(const Op& op) -> decltype(op.pack(Index{})) {
  op.pack(Index{blockIdx.x} * kThreads + threadIdx.x);
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

/// Every key of sample j, thread by thread the same ones: visit(key) for those of this thread.
template <class Op, class Visit>
DDIM_DEVICE inline void each_key(const Op& op, Index j, const typename Op::Key (&kept)[Op::kKept],
                                 Visit visit) {
  constexpr int V = Op::V;
  const auto t = static_cast<int>(threadIdx.x);
  for (Index base = 0; base + t * V < op.layout.dim; base += kThreads * V) {
    const Index k = base + t * V;
    const int count = op.count(k);
    if (base < Op::kKept) {
      DDIM_UNROLL for (int i = 0; i < V; ++i) {
        if (i < count) visit(kept[base + i * kThreads + t]);
      }
    } else {
      typename Op::R x[V], network[V], f[V];
      op.predict(j, k, x, network, f);
      DDIM_UNROLL for (int i = 0; i < V; ++i) {
        if (i < count) visit(op.key(f[i]));
      }
    }
  }
}

/// One block, one sample: the order statistics `below` and `below + 1` of |pred_x0| by a radix select, four
/// bits a pass, then the step. Every thread counts in columns of its own: no atomics, no order.
template <class T, Noise noise>
DDIM_DEVICE inline void run(const DdimStepThreshold<T, noise>& op) {
  using Op = DdimStepThreshold<T, noise>;
  using Key = typename Op::Key;
  constexpr int V = Op::V, kBits = 4, kDigits = 1 << kBits, kParts = kThreads / kDigits;
  __shared__ Key kept[Op::kKept];
  __shared__ unsigned counts[kDigits][kThreads];
  __shared__ Index of_digit[kDigits];
  const auto t = static_cast<int>(threadIdx.x);
  const Index j = blockIdx.x;
  typename Op::R x[V], network[V], f[V];

  for (Index base = 0; base < Op::kKept && base + t * V < op.layout.dim; base += kThreads * V) {
    op.predict(j, base + t * V, x, network, f);
    DDIM_UNROLL for (int i = 0; i < V; ++i) kept[base + i * kThreads + t] = op.key(f[i]);
  }
  Key low = 0;            // the order statistic `below`, as far as its digits are known
  Index rank = op.below;  // its place among the keys that agree so far
  Index equal = 0;        // how many agree: one is found without its other digits
  int shift = sizeof(Key) * 8;
  while (shift > 0 && equal != 1) {
    shift -= kBits;
    for (auto& digit : counts) digit[t] = 0;
    each_key(op, j, kept, [&](Key key) {
      if (key >> shift >> kBits == low >> shift >> kBits) ++counts[(key >> shift) % kDigits][t];
    });
    __syncthreads();
    Index sum = 0;
    for (int i = 0; i < kDigits; ++i) sum += counts[t / kParts][i * kParts + t % kParts];
    for (int half = kParts / 2; half > 0; half /= 2) sum += __shfl_down_sync(0xffffffffu, sum, half);
    if (t % kParts == 0) of_digit[t / kParts] = sum;
    __syncthreads();
    int digit = 0;
    while (rank >= of_digit[digit]) rank -= of_digit[digit++];
    equal = of_digit[digit];
    low |= static_cast<Key>(digit) << shift;
  }
  // The next order statistic is low again or the least key above it.
  Key whole = 0, next = ~Key{0};
  each_key(op, j, kept, [&](Key key) {
    if (key >> shift == low >> shift) {
      whole = key;
    } else if (key > low && key < next) {
      next = key;
    }
  });
  low = across_block(whole, [](Key a, Key b) { return a < b ? b : a; });
  next = across_block(next, [](Key a, Key b) { return b < a ? b : a; });
  const typename Op::R s = op.scale(low, rank + 1 < equal || next == ~Key{0} ? low : next);
  for (Index k = Index{t} * V; k < op.layout.dim; k += kThreads * V) op.finish(j, k, s);
}

}  // namespace ddim::cuda

// At least one block per multiprocessor: left to guess, ptxas spills in order to fit more.
#define DDIM_CUDA_DEFINE(NAME, ...)                                    \
  extern "C" __global__ void __launch_bounds__(256, 1)                 \
      DDIM_CUDA_SYMBOL(NAME)(const __grid_constant__ __VA_ARGS__ op) { \
    ::ddim::cuda::run(op);                                             \
  }
DDIM_CUDA_KERNELS(DDIM_CUDA_DEFINE)
#undef DDIM_CUDA_DEFINE
