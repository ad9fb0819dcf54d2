#include "tests/emulation/fibers.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace ddim::emulation {
namespace {

constexpr Order kOrders[] = {Order::ascending, Order::descending, Order::random};

__global__ void global_index(std::vector<int>* seen) { ++(*seen)[blockIdx.x * blockDim.x + threadIdx.x]; }

TEST(Fibers, EveryThreadOfEveryBlockRunsOnce) {
  for (const Order order : kOrders) {
    std::vector<int> seen(7 * 96);
    launch(
        7, 96, [&] { global_index(&seen); }, order, 1);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 7 * 96);
  }
}

TEST(Fibers, OrderIsTheOneAskedFor) {
  std::vector<unsigned> ran;
  launch(
      1, 64, [&] { ran.push_back(threadIdx.x); }, Order::ascending);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
  ran.clear();
  launch(
      1, 64, [&] { ran.push_back(threadIdx.x); }, Order::descending);
  EXPECT_TRUE(std::is_sorted(ran.rbegin(), ran.rend()));
  ran.clear();
  launch(
      1, 64, [&] { ran.push_back(threadIdx.x); }, Order::random, 3);
  EXPECT_FALSE(std::is_sorted(ran.begin(), ran.end()) || std::is_sorted(ran.rbegin(), ran.rend()));
}

/// Reverses a block through shared memory; right only with its barrier.
template <bool with_barrier>
__global__ void reverse(const int* in, int* out) {
  __shared__ int shared[128];
  shared[threadIdx.x] = in[blockIdx.x * 128 + threadIdx.x];
  if constexpr (with_barrier) __syncthreads();
  out[blockIdx.x * 128 + threadIdx.x] = shared[127 - threadIdx.x];
  __syncthreads();
}

std::vector<int> reversed(bool with_barrier, Order order) {
  std::vector<int> in(3 * 128), out(in.size(), -1);
  std::iota(in.begin(), in.end(), 1);
  launch(
      3, 128,
      [&] { with_barrier ? reverse<true>(in.data(), out.data()) : reverse<false>(in.data(), out.data()); },
      order, 5);
  return out;
}

TEST(Fibers, BarrierMakesSharedMemoryVisibleInEveryOrder) {
  std::vector<int> expected(3 * 128);
  for (int i = 0; i < 3 * 128; ++i) expected[static_cast<std::size_t>(i)] = i / 128 * 128 + 128 - i % 128;
  for (const Order order : kOrders) EXPECT_EQ(reversed(true, order), expected);
}

TEST(Fibers, MissingBarrierShowsAsADifferenceBetweenOrders) {
  EXPECT_NE(reversed(false, Order::ascending), reversed(false, Order::descending));
}

TEST(Fibers, ShuffleDownMovesValuesWithinTheWarp) {
  for (const Order order : kOrders) {
    std::vector<double> got(128);
    launch(
        1, 128, [&] { got[threadIdx.x] = __shfl_down_sync(0xffffffffu, 0.5 + threadIdx.x, 4); }, order, 7);
    for (unsigned t = 0; t < 128; ++t) EXPECT_EQ(got[t], 0.5 + (t % 32 < 28 ? t + 4 : t)) << t;
  }
}

TEST(Fibers, ShuffleCarriesSmallAndLargeTypes) {
  std::vector<std::uint8_t> bytes(32);
  std::vector<long long> wide(32);
  launch(1, 32, [&] {
    bytes[threadIdx.x] = __shfl_down_sync(0xffffffffu, static_cast<std::uint8_t>(threadIdx.x), 1);
    wide[threadIdx.x] = __shfl_down_sync(0xffffffffu, (1ll << 40) + threadIdx.x, 1);
  });
  EXPECT_EQ(bytes[3], 4);
  EXPECT_EQ(wide[3], (1ll << 40) + 4);
}

TEST(Fibers, BarrierThatSomeThreadsSkipIsAnError) {
  EXPECT_THROW(launch(1, 64,
                      [] {
                        if (threadIdx.x < 32) __syncthreads();
                      }),
               DivergenceError);
}

TEST(Fibers, DifferentBarriersAreAnError) {
  EXPECT_THROW(launch(1, 64,
                      [] {
                        if (threadIdx.x < 32)
                          __syncthreads();
                        else
                          __syncthreads();
                      }),
               DivergenceError);
}

TEST(Fibers, ShuffleThatSomeLanesSkipIsAnError) {
  EXPECT_THROW(launch(1, 64,
                      [] {
                        if (threadIdx.x % 2 == 0) (void)__shfl_down_sync(0xffffffffu, 1, 1);
                      }),
               DivergenceError);
}

TEST(Fibers, RunsAfterAnError) {
  EXPECT_THROW(launch(1, 128,
                      [] {
                        if (threadIdx.x == 0) __syncthreads();
                      }),
               DivergenceError);
  EXPECT_EQ(reversed(true, Order::random)[0], 128);
}

TEST(Fibers, BlocksCanBeRunInPart) {
  std::vector<int> seen(10);
  launch(
      std::int64_t{1} << 31, 32,
      [&] {
        if (threadIdx.x == 0) ++seen[blockIdx.x - ((1u << 31) - 10)];
      },
      Order::ascending, 0, (std::int64_t{1} << 31) - 3, std::int64_t{1} << 31);
  EXPECT_EQ(seen, (std::vector<int>{0, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
}

}  // namespace
}  // namespace ddim::emulation
