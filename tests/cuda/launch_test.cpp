// The launch itself, everywhere: kernels.cu compiled by g++ over a CUDA run-time that is none. Streams are
// queues there: what is put on one runs when that one is waited for.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "tests/emulation/fibers.hpp"
// The run-time's names, as kernels.cu uses them, and then kernels.cu.
#include "tests/cuda/fake_runtime.hpp"
// Kernels are called by pointer there.
#include "cuda/kernels.cu"
#include "tests/cuda/cases.hpp"

namespace ddim::cuda::test {
namespace {

/// A kernel's parameter, which is copied at the launch, and how it is called.
struct Callable {
  std::size_t size;
  std::function<void(const void*)> call;
};
const std::map<const void*, Callable>& kernels() {
#define DDIM_CUDA_CALLABLE(NAME, ...)                                                                 \
  {reinterpret_cast<const void*>(&DDIM_CUDA_SYMBOL(NAME)), {sizeof(__VA_ARGS__), [](const void* op) { \
                                                              DDIM_CUDA_SYMBOL(NAME)                  \
                                                              (*static_cast<const __VA_ARGS__*>(op)); \
                                                            }}},
  static const std::map<const void*, Callable> all{DDIM_CUDA_KERNELS(DDIM_CUDA_CALLABLE)};
#undef DDIM_CUDA_CALLABLE
  return all;
}

/// Work in its order, per stream.
std::map<cudaStream_t, std::deque<std::function<void()>>>& queues() {
  static std::map<cudaStream_t, std::deque<std::function<void()>>> all;
  return all;
}

}  // namespace
}  // namespace ddim::cuda::test

cudaError_t cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments, std::size_t shared,
                             cudaStream_t stream) {
  using namespace ddim::cuda;
  if (shared != 0 || block.x != kThreads || grid.x == 0) return cudaErrorInvalidValue;
  const test::Callable& callable = test::kernels().at(kernel);
  const auto* first = static_cast<const std::byte*>(arguments[0]);
  const std::vector<std::byte> parameter(first, first + callable.size);
  test::queues()[stream].push_back([&callable, grid, parameter] {
    ddim::emulation::launch(grid.x, kThreads, [&] { callable.call(parameter.data()); });
  });
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  auto& queue = ddim::cuda::test::queues()[stream];
  for (; !queue.empty(); queue.pop_front()) queue.front()();
  return cudaSuccess;
}

namespace ddim::cuda::test {
namespace {

/// Results are read when `stream` has passed; what waits on another one by then is lost.
class StreamMemory : public HostMemory {
 public:
  explicit StreamMemory(CUstream_st* stream) : stream_(stream) {}
  void take(Buffer& buffer) override {
    synchronize(stream_);
    queues().clear();
    HostMemory::take(buffer);
  }

 private:
  CUstream_st* stream_;
};

/// A step and then a reduction of what it gave, which takes three launches, on the stream of `run`.
template <class Run>
void step_and_reduce(Harness<Run>& h) {
  const Shape shape{kTotalWidth + 3, 5};
  const auto n = static_cast<std::size_t>(shape.samples * shape.dim);
  const Source<float> x_t{h.add("x_t", Use::read, draw_values<float>(n, 1))};
  float* const x_prev = h.add("x_prev", Use::write, std::vector<float>(n));
  ddim_step(h.run(), transition(), sigma_eta(transition(), 0.7), shape, x_t, x_t, Normals{1, 2, 4},
            Target<float>{x_prev});
  const auto doubles = [&](const char* name, Index size) {
    return h.add(name, Use::write, std::vector<double>(static_cast<std::size_t>(size)));
  };
  double* const per_sample = doubles("per_sample", shape.samples);
  double* const total = doubles("total", 1);
  double* const workspace = doubles("workspace", workspace_size<float>(shape));
  kl_divergence(h.run(), shape, Source<float>{x_prev}, 0.3, x_t, 0.4, {per_sample, total, workspace});
}

template <class Run>
std::string difference_on(CUstream_st* stream, const Run& run) {
  HostMemory host_memory;
  StreamMemory memory(stream);
  const Host host;
  Harness<Host> expected(host, host_memory);
  step_and_reduce(expected);
  Harness<Run> got(run, memory);
  step_and_reduce(got);
  return difference(expected.collect(), got.collect());
}

CUstream_st* const kStream = reinterpret_cast<CUstream_st*>(0x57);

TEST(Launch, WorkIsPutOnTheStreamThatWasGiven) {
  for (CUstream_st* const stream : {static_cast<CUstream_st*>(nullptr), kStream})
    EXPECT_EQ(difference_on(stream, Device{stream}), "");
}

/// Planted: a launch that takes every stream for the default one.
struct StreamIgnored {
  template <class Op>
  void operator()(const Op& op) const {
    launch(op, nullptr);
  }
};
TEST(KernelFaults, IgnoredStreamIsCaught) {
  EXPECT_NE(difference_on(kStream, StreamIgnored{}), "");
  EXPECT_EQ(difference_on(nullptr, StreamIgnored{}), "");
}
/// Planted: a reduction whose second launch goes to another stream than its first.
struct StreamOfSumsIgnored {
  template <class Op>
  void operator()(const Op& op) const {
    launch(op, std::is_same_v<Op, RowSum> ? nullptr : kStream);
  }
};
TEST(KernelFaults, IgnoredStreamOfASecondLaunchIsCaught) {
  EXPECT_NE(difference_on(kStream, StreamOfSumsIgnored{}).find("total"), std::string::npos);
}

TEST(Launch, NothingToDoIsNotLaunched) {
  q_sample(Device{kStream}, schedule().level(5), {0, 8}, Source<float>{}, Normals{}, Target<float>{});
  EXPECT_TRUE(queues()[kStream].empty());
}

TEST(Launch, MoreBlocksThanAGridHoldsAreRefused) {
  DiscreteDraw<float> op{};
  op.layout.samples = (Index{0x7fffffff} + 1) * kThreads;
  EXPECT_THROW(launch(op, nullptr), DomainError);
}

TEST(Launch, ErrorsAreTyped) {
  fake_error = cudaErrorInvalidValue;
  try {
    allocate_on_device(16);
    ADD_FAILURE() << "no error";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.code(), 1);
    EXPECT_STREQ(error.what(), "allocating 16 bytes: cudaErrorInvalidValue (CUDA error 1)");
  }
  fake_error = cudaSuccess;
}

}  // namespace
}  // namespace ddim::cuda::test
