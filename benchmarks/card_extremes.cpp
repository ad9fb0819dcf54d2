// On a card, what is too large or too odd for the case table, each against the plain loops on the host, bit
// by bit (any NaN for any NaN):
//
//   stream     a stream that does not wait for the default one
//   graph      three steps captured and launched as a graph
//   float16    all 65,536 values with sixteen partners each; bfloat16 likewise, ties among them
//   large      2^31 + 1029 elements, at both ends and where 32 bits end; `small` after it for a rehearsal

#include <cuda_runtime_api.h>

#include <cmath>
#include <cstdio>
#include <cstring>

#include "cuda/device.hpp"
#include "cuda/operations.hpp"

namespace ddim::cuda {
namespace {

void check(cudaError_t error, const char* doing) {
  if (error != cudaSuccess) throw DeviceError(doing, cudaGetErrorName(error), static_cast<int>(error));
}

Transition transition() { return Schedule::linear(1000, 1e-4, 0.02).transition(500, 480); }

template <class T, class Run>
void one_step(const Run& run, Index size, const T* x_t, const T* eps, T* x_prev) {
  ddim_step(run, transition(), Sigma(0), {1, size}, Source<T>{x_t}, Source<T>{eps}, std::monostate{},
            Target<T>{x_prev});
}

/// Throws where a bit differs.
template <class T>
void require_equal(const std::vector<T>& got, const std::vector<T>& want, Index first) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::memcmp(&got[i], &want[i], sizeof(T)) == 0) continue;
    if (std::isnan(to_real(got[i])) && std::isnan(to_real(want[i]))) continue;
    throw std::runtime_error("element " + std::to_string(first + static_cast<Index>(i)) + " is " +
                             std::to_string(to_real(got[i])) + " on the card, " +
                             std::to_string(to_real(want[i])) + " on the host");
  }
}

/// Every bit pattern beside each of `partners` others, by one step.
template <class T>
void every_value(std::uint32_t partners) {
  std::vector<T> x(std::size_t{65536} * partners), y(x.size()), want(x.size());
  for (std::uint32_t i = 0; i < x.size(); ++i) {
    x[i].bits = static_cast<std::uint16_t>(i);
    y[i].bits = static_cast<std::uint16_t>(i * 40503u + 9973u * (i >> 16));
  }
  const auto size = static_cast<Index>(x.size());
  one_step(Host{}, size, x.data(), y.data(), want.data());
  const DeviceArray<T> on_card_x(x), on_card_y(y);
  DeviceArray<T> got(x.size());
  one_step(Device{}, size, on_card_x.data(), on_card_y.data(), got.data());
  synchronize();
  require_equal(got.read(), want, 0);
}

struct Stream {
  cudaStream_t stream;
  Stream() { check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream"); }
  ~Stream() { cudaStreamDestroy(stream); }
  Stream(const Stream&) = delete;
};

/// Three steps one after the other, put on a stream by `launched`.
template <class Launched>
void three_steps(Launched launched) {
  std::vector<float> x(100003), y(x.size()), want(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i % 1009) / 500 - 1;
    y[i] = static_cast<float>(i % 997) / 400 - 1;
  }
  const auto size = static_cast<Index>(x.size());
  one_step(Host{}, size, x.data(), y.data(), want.data());
  for (int i = 0; i < 2; ++i) one_step(Host{}, size, want.data(), y.data(), want.data());
  const DeviceArray<float> on_card_x(x), on_card_y(y);
  DeviceArray<float> got(x.size());
  const Stream stream;
  launched(stream.stream, [&] {
    one_step(Device{stream.stream}, size, on_card_x.data(), on_card_y.data(), got.data());
    for (int i = 0; i < 2; ++i)
      one_step(Device{stream.stream}, size, got.data(), on_card_y.data(), got.data());
  });
  synchronize(stream.stream);
  require_equal(got.read(), want, 0);
}

void as_a_graph() {
  three_steps([](cudaStream_t stream, const auto& steps) {
    cudaGraph_t graph;
    cudaGraphExec_t ready;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "beginning to capture");
    steps();
    check(cudaStreamEndCapture(stream, &graph), "ending the capture");
    check(cudaGraphInstantiate(&ready, graph, 0), "making the graph");
    check(cudaGraphLaunch(ready, stream), "launching the graph");
    synchronize(stream);
    cudaGraphExecDestroy(ready);
    cudaGraphDestroy(graph);
  });
}

void large(Index size) {
  using T = BFloat16;
  const auto count = static_cast<std::size_t>(size);
  DeviceArray<T> x(count), y(count), got(count);
  check(cudaMemset(x.data(), 0, count * sizeof(T)), "filling");
  check(cudaMemset(y.data(), 0x3f, count * sizeof(T)), "filling");
  q_sample(Device{}, NoiseLevel::from_alpha_bar(0), {1, size}, Source<T>{x.data()}, Normals{1, 0, 0},
           Target<T>{x.data()});
  one_step(Device{}, size, x.data(), y.data(), got.data());
  synchronize();
  constexpr Index kWindow = 8192;
  for (const Index first : {Index{0}, size / 2 - kWindow / 2, (size >> 31 << 31) - kWindow, size - kWindow}) {
    if (first < 0) continue;
    const auto window = [&](const DeviceArray<T>& from) {
      std::vector<T> values(kWindow);
      copy_from_device(values.data(), from.data() + first, kWindow * sizeof(T));
      return values;
    };
    const std::vector<T> at_x = window(x), at_y = window(y);
    std::vector<T> want(kWindow);
    one_step(Host{}, kWindow, at_x.data(), at_y.data(), want.data());
    require_equal(window(got), want, first);
    if (std::memcmp(at_x.data(), at_x.data() + kWindow / 2, kWindow / 2 * sizeof(T)) == 0)
      throw std::runtime_error("no noise was drawn from element " + std::to_string(first));
  }
}

void run(const std::string& what, bool small) {
  if (what == "stream") return three_steps([](cudaStream_t, const auto& steps) { steps(); });
  if (what == "graph") return as_a_graph();
  if (what == "float16") return every_value<Float16>(16);
  if (what == "bfloat16") return every_value<BFloat16>(16);
  if (what == "large") return large(small ? (Index{1} << 16) + 1029 : (Index{1} << 31) + 1029);
  throw std::runtime_error("stream, graph, float16, bfloat16 or large, not " + what);
}

}  // namespace
}  // namespace ddim::cuda

int main(int argc, char** argv) {
  try {
    ddim::cuda::run(argc > 1 ? argv[1] : "", argc > 2);
    std::puts("equal");
    return 0;
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
