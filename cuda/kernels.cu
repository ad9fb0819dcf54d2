#include "cuda/device.hpp"
#include "cuda/kernels.cuh"

namespace ddim::cuda {
namespace {

void check(cudaError_t error, const std::string& doing) {
  if (error != cudaSuccess) throw DeviceError(doing, cudaGetErrorName(error), static_cast<int>(error));
}

template <class Op>
void launch_kernel(void (*kernel)(const Op), const char* name, const Op& op, cudaStream_t stream) {
  const Index blocks = op.blocks();
  if (blocks == 0) return;
  if (blocks > 0x7fffffff)
    throw DomainError("blocks of " + std::string(name), std::to_string(blocks), "at most 2^31 - 1");
  void* arguments[] = {const_cast<Op*>(&op)};
  check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(static_cast<unsigned>(blocks)),
                         dim3(kThreads), arguments, 0, stream),
        std::string("launch of ") + name);
}

}  // namespace

#define DDIM_CUDA_LAUNCH(NAME, ...)                                         \
  template <>                                                               \
  void launch(const __VA_ARGS__& op, CUstream_st* stream) {                 \
    launch_kernel<__VA_ARGS__>(&DDIM_CUDA_SYMBOL(NAME), #NAME, op, stream); \
  }
DDIM_CUDA_KERNELS(DDIM_CUDA_LAUNCH)
#undef DDIM_CUDA_LAUNCH

int device_count() {
  int count = 0;
  check(cudaGetDeviceCount(&count), "looking for a card");
  return count;
}

DeviceDescription describe_device() {
  int device = 0;
  check(cudaGetDevice(&device), "looking for the current card");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "describing the card");
  DeviceDescription d{properties.name, properties.major, properties.minor};
  d.multiprocessors = properties.multiProcessorCount;
  d.memory = properties.totalGlobalMem;
  d.l2 = static_cast<std::size_t>(properties.l2CacheSize);
  check(cudaDriverGetVersion(&d.driver), "reading the driver's version");
  check(cudaRuntimeGetVersion(&d.runtime), "reading the runtime's version");
  check(cudaDeviceGetAttribute(&d.clock_khz, cudaDevAttrClockRate, device), "reading the clock");
  check(cudaDeviceGetAttribute(&d.memory_clock_khz, cudaDevAttrMemoryClockRate, device),
        "reading the memory clock");
  return d;
}

void synchronize(CUstream_st* stream) { check(cudaStreamSynchronize(stream), "waiting for the stream"); }

void* allocate_on_device(std::size_t bytes) {
  void* pointer = nullptr;
  if (bytes > 0) check(cudaMalloc(&pointer, bytes), "allocating " + std::to_string(bytes) + " bytes");
  return pointer;
}

void free_on_device(void* pointer) noexcept { (void)cudaFree(pointer); }

void copy_to_device(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "copying to the card");
}

void copy_from_device(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "copying from the card");
}

}  // namespace ddim::cuda
