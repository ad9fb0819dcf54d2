#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "cuda/operations.hpp"

/// Where the memory of a case lies, for the four ways in which a case can run.
namespace ddim::cuda::test {

enum class Use { read, write, read_write };

/// One allocation: guard, data, guard. Outputs and all guards start as NaN (bytes 0xff).
struct Buffer {
  static constexpr std::size_t kGuard = 256;
  std::string name;
  Use use;
  std::vector<std::byte> before;  // guards included
  std::vector<std::byte> after;
  std::size_t begin, size;  // of the data
  std::size_t real = 0;     // bytes of a float or a double, if that is what it holds
  std::byte* place = nullptr;

  std::byte* data() const { return place + begin; }
};

class HostMemory {
 public:
  virtual ~HostMemory() = default;
  virtual void put(Buffer& buffer) {
    const std::size_t bytes = (buffer.before.size() + 255) / 256 * 256;
    buffer.place = static_cast<std::byte*>(std::aligned_alloc(256, bytes));
    std::memcpy(buffer.place, buffer.before.data(), buffer.before.size());
  }
  virtual void take(Buffer& buffer) {
    buffer.after.assign(buffer.place, buffer.place + buffer.before.size());
    std::free(buffer.place);
    buffer.place = nullptr;
  }
};

/// What a case is written against: inputs, outputs, and an executor.
template <class Run>
class Harness {
 public:
  Harness(const Run& run, HostMemory& memory) : run_(run), memory_(memory) {}
  Harness(const Harness&) = delete;
  ~Harness() { collect(); }

  const Run& run() const { return run_; }

  /// `offset` elements past a 256-byte boundary.
  template <class T>
  T* add(const std::string& name, Use use, const std::vector<T>& values, Index offset = 0) {
    auto buffer = std::make_unique<Buffer>();
    buffer->name = name;
    buffer->use = use;
    buffer->begin = Buffer::kGuard + static_cast<std::size_t>(offset) * sizeof(T);
    buffer->size = values.size() * sizeof(T);
    if constexpr (std::is_floating_point_v<T>) buffer->real = sizeof(T);
    buffer->before.assign(buffer->begin + buffer->size + Buffer::kGuard, std::byte{0xff});
    if (use != Use::write && !values.empty())
      std::memcpy(buffer->before.data() + buffer->begin, values.data(), buffer->size);
    memory_.put(*buffer);
    buffers_.push_back(std::move(buffer));
    return reinterpret_cast<T*>(buffers_.back()->data());
  }

  /// Reads everything back; nothing can run afterwards.
  const std::vector<std::unique_ptr<Buffer>>& collect() {
    for (auto& buffer : buffers_) {
      if (buffer->place != nullptr) memory_.take(*buffer);
    }
    return buffers_;
  }

 private:
  const Run& run_;
  HostMemory& memory_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

/// The NaN of a float or a double has no promised bits: a card, PTX and the CPU fill them in differently.
/// What is promised is that it is one, and that something wrote it. (16-bit NaNs are 0x7fff everywhere.)
inline bool both_nan(const Buffer& expected, const Buffer& got, std::size_t byte) {
  if (byte < expected.begin || byte >= expected.begin + expected.size || expected.real == 0) return false;
  const std::size_t at = byte - (byte - expected.begin) % expected.real;
  const auto nan = [&](const Buffer& buffer) {
    double wide = 0;
    float single = 0;
    if (buffer.real == 8) std::memcpy(&wide, buffer.after.data() + at, 8);
    if (buffer.real == 4) std::memcpy(&single, buffer.after.data() + at, 4);
    return std::isnan(wide) || std::isnan(single);
  };
  const auto poison = [&](std::byte b) { return b == std::byte{0xff}; };
  const std::byte* first = got.after.data() + at;
  return nan(expected) && nan(got) && !std::all_of(first, first + expected.real, poison);
}

/// First difference of two runs of one case, or "". Whole allocations are compared: a store outside its place
/// or to an input is a difference too.
inline std::string difference(const std::vector<std::unique_ptr<Buffer>>& expected,
                              const std::vector<std::unique_ptr<Buffer>>& got) {
  for (std::size_t b = 0; b < expected.size(); ++b) {
    const Buffer& e = *expected[b];
    const Buffer& g = *got[b];
    if (g.use == Use::read && g.after != g.before) return g.name + ": an input was written";
    for (std::size_t i = 0; i < e.after.size(); ++i) {
      if (e.after[i] == g.after[i] || both_nan(e, g, i)) continue;
      const auto hex = [](std::byte byte) {
        const char* digits = "0123456789abcdef";
        return std::string{digits[static_cast<int>(byte) >> 4], digits[static_cast<int>(byte) & 15]};
      };
      const auto at = static_cast<long long>(i) - static_cast<long long>(e.begin);
      return e.name + ": byte " + std::to_string(at) + " of " + std::to_string(e.size) + " is " +
             hex(g.after[i]) + ", want " + hex(e.after[i]);
    }
  }
  return "";
}

/// What the plain loop itself left wrong: a guard or a gap touched, or an input changed.
inline std::string damage(const std::vector<std::unique_ptr<Buffer>>& buffers) {
  for (const auto& buffer : buffers) {
    if (buffer->use == Use::read && buffer->after != buffer->before)
      return buffer->name + ": an input was written";
    for (std::size_t i = 0; i < buffer->after.size(); ++i) {
      const bool guard = i < buffer->begin || i >= buffer->begin + buffer->size;
      if (guard && buffer->after[i] != std::byte{0xff}) return buffer->name + ": a guard was written";
    }
  }
  return "";
}

}  // namespace ddim::cuda::test
