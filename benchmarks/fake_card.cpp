// A card that is none: the launches as the kernels' plain loops, and the few calls of CUDA's run-time on host
// memory. Linked before the library and the run-time, it lets every program for a card run where there is
// none, to rehearse what becomes of a script when something goes wrong:
//
//   FAKE_FAULT=KERNEL   an illegal address in that kernel, and so in every call after it
//   FAKE_HANG=KERNEL    that kernel never ends
//
// Its times say nothing.

#include <cuda_runtime_api.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "cuda/device.hpp"
#include "cuda/kernel_list.hpp"

namespace ddim::cuda {
namespace {

bool is_set(const char* variable, const char* kernel) {
  const char* value = std::getenv(variable);
  return value != nullptr && std::strcmp(value, kernel) == 0;
}

bool faulted = false;

void require_no_fault(const char* doing) {
  if (faulted) throw DeviceError(doing, "cudaErrorIllegalAddress", 700);
}

template <class Op>
void run(const char* kernel, const Op& op) {
  while (is_set("FAKE_HANG", kernel)) pause();
  faulted = faulted || is_set("FAKE_FAULT", kernel);
  if (!faulted) op.host();
}

}  // namespace

#define DDIM_FAKE_LAUNCH(NAME, ...)                  \
  template <>                                        \
  void launch(const __VA_ARGS__& op, CUstream_st*) { \
    run(#NAME, op);                                  \
  }
DDIM_CUDA_KERNELS(DDIM_FAKE_LAUNCH)

int device_count() { return 1; }

DeviceDescription describe_device() {
  DeviceDescription d;
  d.name = "no card (a rehearsal)";
  d.l2 = 1 << 16;
  return d;
}

void synchronize(CUstream_st*) { require_no_fault("waiting for the stream"); }

void* allocate_on_device(std::size_t bytes) {
  require_no_fault("allocating");
  return bytes == 0 ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
}
void free_on_device(void* pointer) noexcept { std::free(pointer); }
void copy_to_device(void* to, const void* from, std::size_t bytes) {
  require_no_fault("copying");
  std::memcpy(to, from, bytes);
}
void copy_from_device(void* to, const void* from, std::size_t bytes) { copy_to_device(to, from, bytes); }

}  // namespace ddim::cuda

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
extern "C" {

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  *memory = std::malloc(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
// What is captured would have to be kept and run again; a rehearsal needs something that is refused, too.
cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) { return cudaErrorNotSupported; }
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t*) { return cudaErrorNotSupported; }
cudaError_t cudaGraphInstantiate(cudaGraphExec_t*, cudaGraph_t, unsigned long long) {
  return cudaErrorNotSupported;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t) { return cudaErrorNotSupported; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) { return cudaSuccess; }
cudaError_t cudaGraphDestroy(cudaGraph_t) { return cudaSuccess; }
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(new double(0));
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete reinterpret_cast<double*>(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *reinterpret_cast<double*>(event) = now();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds =
      static_cast<float>(1e3 * (*reinterpret_cast<double*>(end) - *reinterpret_cast<double*>(begin)));
  return cudaSuccess;
}
const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorNotSupported ? "cudaErrorNotSupported" : "an error";
}

}  // extern "C"
