#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

/// The few names of the CUDA run-time that kernels.cu uses, on the host's memory. cudaLaunchKernel and
/// cudaStreamSynchronize are left to whoever includes this.
struct CUstream_st;
using cudaStream_t = CUstream_st*;
enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaDeviceAttr { cudaDevAttrClockRate = 13, cudaDevAttrMemoryClockRate = 36 };
struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount, l2CacheSize;
  std::size_t totalGlobalMem;
};
struct dim3 {
  unsigned x, y, z;
  dim3(unsigned of_x, unsigned of_y = 1, unsigned of_z = 1) : x(of_x), y(of_y), z(of_z) {}
};

/// What the next calls answer.
inline cudaError_t fake_error = cudaSuccess;

inline const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaSuccess ? "cudaSuccess" : "cudaErrorInvalidValue";
}
inline cudaError_t cudaGetDeviceCount(int* count) { return *count = 1, fake_error; }
inline cudaError_t cudaGetDevice(int* device) { return *device = 0, fake_error; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  return *properties = {}, fake_error;
}
inline cudaError_t cudaDriverGetVersion(int* version) { return *version = 0, fake_error; }
inline cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 0, fake_error; }
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) { return *value = 0, fake_error; }
inline cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  if (fake_error == cudaSuccess) *pointer = std::malloc(bytes);
  return fake_error;
}
inline cudaError_t cudaFree(void* pointer) { return std::free(pointer), fake_error; }
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  return std::memcpy(to, from, bytes), fake_error;
}
cudaError_t cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments, std::size_t shared,
                             cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
