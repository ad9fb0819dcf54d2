#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference/error.hpp"

struct CUstream_st;

/// Execution on a card. Needs the library built with nvcc (target ddim::cuda, DDIM_CUDA_DEVICE defined).
namespace ddim::cuda {

/// What a CUDA call answered: what was being done, CUDA's name for the error, and its code (35: no driver, or
/// one too old).
class DeviceError : public std::runtime_error {
 public:
  DeviceError(const std::string& doing, const std::string& name, int code)
      : std::runtime_error(doing + ": " + name + " (CUDA error " + std::to_string(code) + ")"), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

/// Puts the kernel of `Op` on a stream. Defined for the kernels of kernels.cuh. Errors: DeviceError.
template <class Op>
void launch(const Op& op, CUstream_st* stream);

/// Asynchronous, like every launch: pointers are device pointers that live until the stream has passed.
struct Device {
  CUstream_st* stream = nullptr;
  template <class Op>
  void operator()(const Op& op) const {
    launch(op, stream);
  }
};

/// Cards that can be used, at least one. Errors: DeviceError, code 35 without a driver, 100 without a card.
int device_count();
/// Name, compute capability, driver and runtime version of the current card, for reports.
struct DeviceDescription {
  std::string name;
  int major = 0, minor = 0, driver = 0, runtime = 0;
  int multiprocessors = 0;
  std::size_t memory = 0, l2 = 0;
  int clock_khz = 0, memory_clock_khz = 0;
};
DeviceDescription describe_device();
/// Waits for a stream and reports what went wrong on it.
void synchronize(CUstream_st* stream = nullptr);

/// Memory on the current card. Errors: DeviceError.
void* allocate_on_device(std::size_t bytes);
void free_on_device(void* pointer) noexcept;
void copy_to_device(void* to, const void* from, std::size_t bytes);
void copy_from_device(void* to, const void* from, std::size_t bytes);

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size)
      : data_(static_cast<T*>(allocate_on_device(size * sizeof(T)))), size_(size) {}
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) {
    copy_to_device(data_, values.data(), values.size_bytes());
  }
  ~DeviceArray() { free_on_device(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::vector<T> read() const {
    std::vector<T> values(size_);
    copy_from_device(values.data(), data_, size_ * sizeof(T));
    return values;
  }

 private:
  T* data_;
  std::size_t size_;
};

}  // namespace ddim::cuda
