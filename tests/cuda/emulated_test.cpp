// Driver B: the kernels over fibers, under AddressSanitizer and UndefinedBehaviorSanitizer, in three thread
// orders, equal to the plain loops bit by bit.

#include "tests/cuda/emulated.hpp"

#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include "tests/cuda/cases.hpp"
#include "tests/cuda/faults.hpp"

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

// Planted faults, without nvcc: a difference from the host, or the sanitizers' word.

std::string caught(const Geometry& geometry, const Fault& fault) {
  GuardedMemory memory;
  return difference_of_fault(geometry, fault, Emulated{}, memory);
}

TEST(KernelFaults, EmulatedNoFaultIsNotCaught) {
  for (const Geometry& geometry : {kPlain, kStrided, kInPlace, kMisaligned})
    EXPECT_EQ(caught(geometry, faults::none), "");
}
TEST(KernelFaults, EmulatedTailOffByOneShort) {
  EXPECT_CAUGHT(caught(kPlain, faults::tail_short), "x_prev: byte 4116 of 4120 is ff");
}
TEST(KernelFaults, EmulatedTailOffByOneLong) {
  EXPECT_DEATH(caught(kPlain, faults::tail_long), "use-after-poison");
}
TEST(KernelFaults, EmulatedMisalignedVector) {
  EXPECT_DEATH(caught(kMisaligned, faults::vector_access), "misaligned address");
}
TEST(KernelFaults, EmulatedStoreToAnInput) {
  EXPECT_CAUGHT(caught(kPlain, faults::store_to_an_input), "output: an input was written");
}
TEST(KernelFaults, EmulatedWrongCounter) {
  for (const Fault& fault : {faults::wrong_offset, faults::wrong_subsequence, faults::wrong_seed})
    EXPECT_CAUGHT(caught(kPlain, fault), "x_prev: byte 0");
}
TEST(KernelFaults, EmulatedWrongStride) {
  for (const Fault& fault : {faults::wrong_stride_in, faults::wrong_stride_out})
    EXPECT_CAUGHT(caught(kStrided, fault), "x_prev: byte");
}
TEST(KernelFaults, EmulatedCoefficientOffByOneUlp) {
  EXPECT_CAUGHT(caught(kPlain, faults::coefficient_one_ulp_off), "x_prev: byte");
}

TEST(KernelFaults, EmulatedInPlaceAliasing) {
  const auto result = [](const Fault& fault, emulation::Order order) {
    GuardedMemory memory;
    const Faulty<Emulated> run{{order}, fault};
    Harness<Faulty<Emulated>> harness(run, memory);
    step_drawn(harness, kInPlace);
    return harness.collect().front()->after;
  };
  using emulation::Order;
  EXPECT_EQ(result(faults::none, Order::ascending), result(faults::none, Order::descending));
  EXPECT_NE(result(faults::shifted_alias, Order::ascending),
            result(faults::shifted_alias, Order::descending));
}

TEST(KernelFaults, EmulatedMissingBarrier) {
  // Shared memory keeps what an earlier run left, so the two runs add different numbers.
  const auto wrong = [](double value) {
    const std::vector<double> x(1000, value), zero(1000, 0.0);
    const auto sum = [&](const auto& run) {
      double per_sample = NAN, workspace[16] = {};
      weighted_noise_error(run, {1, 1000}, Source<double>{x.data()}, Source<double>{zero.data()}, 1.0,
                           nullptr, {&per_sample, nullptr, workspace});
      return per_sample;
    };
    return sum(Emulated{emulation::Order::ascending}) != sum(Host{});
  };
  EXPECT_FALSE(wrong(2.0));
  const emulation::WithoutBarriers fault;
  EXPECT_TRUE(wrong(3.0));
}

}  // namespace
}  // namespace ddim::cuda::test
