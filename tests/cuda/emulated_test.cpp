// Driver B: the kernels over fibers, under AddressSanitizer and UndefinedBehaviorSanitizer, in three thread
// orders, equal to the plain loops bit by bit.

#include "tests/cuda/emulated.hpp"

#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "tests/cuda/cases.hpp"
#include "tests/cuda/faults.hpp"
#include "tests/cuda/planted.hpp"

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

/// Every number of every kernel, 5 % off: what the case table does not see.
template <class T>
std::string unseen() {
  using Run = Planted<Host>;
  Sites seen;
  for (const auto& one : cases_of_dtype<Run, T>()) {
    HostMemory memory;
    Sites here;
    const Run as_it_is{{}, {}, &here};
    Harness<Run> expected(as_it_is, memory);
    one.body(expected);
    for (const auto& [site, no] : here) {
      if (seen[site]) continue;
      const Run run{{}, site};
      Harness<Run> got(run, memory);
      one.body(got);
      seen[site] = !difference(expected.collect(), got.collect()).empty();
    }
  }
  return survivors(seen);
}
TEST(KernelFaults, AnyNumberOfAnyKernelOff5PercentIsCaught) {
  EXPECT_EQ(unseen<double>(), "");
  EXPECT_EQ(unseen<float>(), "");
  EXPECT_EQ(unseen<Float16>(), "");
  EXPECT_EQ(unseen<BFloat16>(), "");
}

/// Length of the last pack, and whether samples are strided.
using Tail = std::pair<Index, bool>;
/// Notes the tails of what it runs; loses their last element where it is asked to.
template <class T>
struct LastLost {
  bool lose;
  std::set<Tail>* tails;
  template <class Op>
  void operator()(const Op& op) const {
    Host{}(op);
    if constexpr (requires { op.functor; }) {
      const Layout& layout = op.layout;
      tails->insert({layout.size() % kPack<T>, layout.samples > 1});
      if (!lose) return;
      std::memset(op.out[0].data + (layout.samples - 1) * op.out[0].stride + layout.dim - 1, 0xff, sizeof(T));
    }
  }
};
template <class T>
void expect_every_tail_is_seen() {
  std::set<Tail> seen;
  for (const auto& one : cases_of_dtype<LastLost<T>, T>()) {
    HostMemory memory;
    std::set<Tail> here, again;
    const LastLost<T> none{false, &here}, lost{true, &again};
    Harness<LastLost<T>> expected(none, memory), got(lost, memory);
    one.body(expected);
    if (std::includes(seen.begin(), seen.end(), here.begin(), here.end())) continue;
    one.body(got);
    if (!difference(expected.collect(), got.collect()).empty()) seen.insert(here.begin(), here.end());
    if (static_cast<Index>(seen.size()) == 2 * kPack<T>) break;
  }
  for (Index r = 0; r < kPack<T>; ++r) {
    for (const bool strided : {false, true})
      EXPECT_TRUE(seen.contains({r, strided})) << kDtype<T> << ", " << r << (strided ? ", strided" : "");
  }
}
TEST(KernelFaults, LastElementOfATailOfAnyLengthLostIsCaught) {
  expect_every_tail_is_seen<double>();
  expect_every_tail_is_seen<float>();
  expect_every_tail_is_seen<Float16>();
  expect_every_tail_is_seen<BFloat16>();
}

/// A reduction whose tree depends on the grid, here on how many multiprocessors a card has: rows of a sum are
/// cut into that many parts.
struct GridDependentSums {
  Index multiprocessors;
  template <class Op>
  void operator()(const Op& op) const {
    Emulated{}(op);
  }
  void operator()(const RowSum& op) const {
    const Index part = (op.n + multiprocessors - 1) / multiprocessors;
    if (op.blocks() > 1 || part < 1) return Emulated{}(op);
    std::vector<double> parts(static_cast<std::size_t>((op.n + part - 1) / part));
    Emulated{}(RowSum{op.in, op.n, part, {1.0, 0.0, nullptr}, parts.data()});
    Emulated{}(RowSum{parts.data(), static_cast<Index>(parts.size()), kTotalWidth, op.finish, op.out});
  }
};
TEST(KernelFaults, ReductionInTheOrderOfTheGridIsCaught) {
  const auto totals = [](const auto& run) {
    const Shape shape{700, 5};
    std::vector<double> per_sample(700), workspace(static_cast<std::size_t>(workspace_size<float>(shape))),
        all;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
      const auto x = draw_values<float>(3500, seed), y = draw_values<float>(3500, seed + 100);
      all.push_back(NAN);
      kl_divergence(run, shape, Source<float>{x.data()}, 0.3, Source<float>{y.data()}, 0.4,
                    {per_sample.data(), &all.back(), workspace.data()});
    }
    return all;
  };
  EXPECT_EQ(totals(GridDependentSums{1}), totals(Host{}));
  EXPECT_NE(totals(GridDependentSums{108}), totals(Host{}));
  EXPECT_NE(totals(GridDependentSums{132}), totals(GridDependentSums{108}));
}

TEST(Harness, NanIsANanWhateverItsBitsUnlessNobodyWroteIt) {
  const auto with = [](float value) {
    std::vector<std::unique_ptr<Buffer>> one;
    one.push_back(std::make_unique<Buffer>());
    one[0]->use = Use::write;
    one[0]->begin = 4, one[0]->size = one[0]->real = 4;
    one[0]->after.assign(12, std::byte{0xff});
    std::memcpy(one[0]->after.data() + 4, &value, 4);
    return one;
  };
  const float nan = bits_as<float>(0x7fffffffu), other = bits_as<float>(0xffc00000u),
              poison = bits_as<float>(0xffffffffu);
  EXPECT_EQ(difference(with(nan), with(other)), "");
  EXPECT_NE(difference(with(nan), with(poison)), "");
  EXPECT_NE(difference(with(nan), with(1.0f)), "");
  EXPECT_NE(difference(with(1.0f), with(nan)), "");
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
