// Small kernels whose PTX the tests of the executor run: 16-byte access with a scalar tail, a reduction by
// shuffles and shared memory, integer arithmetic. The faulty variants are for its traps.

#include <algorithm>

#include "tests/emulation/ptx_samples.hpp"

using namespace ddim::ptx::samples;

template <class T>
struct alignas(16) Pack {
  T at[16 / sizeof(T)];
};

template <class T>
__device__ void affine(T* out, const T* x, const T* e, long long n, const Affine<T>& f) {
  constexpr int width = 16 / sizeof(T);
  const long long first = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x,
                  step = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long k = first; k < n / width; k += step) {
    const auto a = reinterpret_cast<const Pack<T>*>(x)[k], b = reinterpret_cast<const Pack<T>*>(e)[k];
    Pack<T> r;
    for (int j = 0; j < width; ++j) r.at[j] = f(a.at[j], b.at[j]);
    reinterpret_cast<Pack<T>*>(out)[k] = r;
  }
  for (long long k = n / width * width + first; k < n; k += step) out[k] = f(x[k], e[k]);
}
#define AFFINE(NAME, T)                                                                                  \
  extern "C" __global__ void NAME(T* __restrict__ out, const T* __restrict__ x, const T* __restrict__ e, \
                                  long long n, Affine<T> f) {                                            \
    affine<T>(out, x, e, n, f);                                                                          \
  }
AFFINE(affine_float64, double)
AFFINE(affine_float32, float)
AFFINE(affine_float16, Half)
AFFINE(affine_bfloat16, Bfloat)

template <bool barrier>
__device__ void sum(double* partial, const double* x, long long n) {
  __shared__ double of_warp[kBlock / 32];
  double s = 0;
  for (long long k = blockIdx.x * static_cast<long long>(kBlock) + threadIdx.x; k < n;
       k += gridDim.x * static_cast<long long>(kBlock)) {
    s += x[k] * x[k];
  }
  for (int d = 16; d > 0; d /= 2) s += __shfl_down_sync(0xffffffffu, s, d);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = s;
  if (barrier) __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < kBlock / 32; ++w) s += of_warp[w];
    partial[blockIdx.x] = s;
  }
}
extern "C" __global__ void sum_of_squares(double* partial, const double* x, long long n) {
  sum<true>(partial, x, n);
}
extern "C" __global__ void sum_without_barrier(double* partial, const double* x, long long n) {
  sum<false>(partial, x, n);
}

extern "C" __global__ void philox(std::uint32_t* out, std::uint64_t offset, long long blocks, Philox p) {
  const long long k = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
  if (k >= blocks) return;
  const std::uint64_t counter = offset + static_cast<std::uint64_t>(k);
  std::uint32_t c[4] = {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0};
  p(c);
  reinterpret_cast<uint4*>(out)[k] = make_uint4(c[0], c[1], c[2], c[3]);
}
