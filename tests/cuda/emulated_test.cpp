// Driver B: the kernels over fibers, under AddressSanitizer and UndefinedBehaviorSanitizer, in three thread
// orders, equal to the plain loops bit by bit.

#include "tests/cuda/emulated.hpp"

#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include "tests/cuda/cases.hpp"

namespace ddim::cuda::test {
namespace {

/// The guards are closed to kernels while they run.
class GuardedMemory : public HostMemory {
 public:
  void put(Buffer& buffer) override {
    HostMemory::put(buffer);
    ASAN_POISON_MEMORY_REGION(buffer.place, buffer.begin);
    ASAN_POISON_MEMORY_REGION(buffer.place + buffer.begin + buffer.size, Buffer::kGuard);
  }
  void take(Buffer& buffer) override {
    ASAN_UNPOISON_MEMORY_REGION(buffer.place, buffer.before.size());
    HostMemory::take(buffer);
  }
};

void expect_emulated_equals_host(const std::string& tag) {
  for (const auto order :
       {emulation::Order::ascending, emulation::Order::descending, emulation::Order::random}) {
    GuardedMemory memory;
    const int count = compare_with_host(
        tag, Emulated{order}, memory,
        [](const std::string& name, const std::string& what) { EXPECT_EQ(what, "") << name; });
    EXPECT_GT(count, 0);
  }
}

#define DDIM_EMULATED(TAG) \
  TEST(TAG, EmulatedKernelsEqualHost) { expect_emulated_equals_host(#TAG); }
DDIM_CUDA_TAGS(DDIM_EMULATED)

}  // namespace
}  // namespace ddim::cuda::test
