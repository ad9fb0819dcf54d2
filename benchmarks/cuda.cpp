// The kernels on a card: each against the copy that moves the same bytes in the same run, the unfused passes
// a peer makes, and the reference on the CPU. L2 is flushed before every sample; clocks are left alone.

#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <memory>
#include <string>
#include <vector>

#include "cuda/device.hpp"
#include "cuda/operations.hpp"

namespace ddim::cuda {
namespace {

constexpr Index kElements = Index{1} << 26;

void check(cudaError_t error, const char* doing) {
  if (error != cudaSuccess) throw DeviceError(doing, cudaGetErrorName(error), static_cast<int>(error));
}

/// Times what is put on the default stream, after writing over all of L2.
class Stopwatch {
 public:
  Stopwatch() : flush_bytes_(3 * describe_device().l2), flush_(flush_bytes_) {
    check(cudaEventCreate(&begin_), "making an event");
    check(cudaEventCreate(&end_), "making an event");
  }
  ~Stopwatch() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Stopwatch(const Stopwatch&) = delete;

  template <class Body>
  double seconds(Body body) {
    check(cudaMemsetAsync(flush_.data(), 0, flush_bytes_, nullptr), "flushing L2");
    check(cudaEventRecord(begin_, nullptr), "recording an event");
    body();
    check(cudaEventRecord(end_, nullptr), "recording an event");
    check(cudaEventSynchronize(end_), "waiting for an event");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin_, end_), "reading an event");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  std::size_t flush_bytes_;
  DeviceArray<std::byte> flush_;
  cudaEvent_t begin_, end_;
};

template <class T>
struct Card {
  Stopwatch stopwatch;
  std::vector<std::unique_ptr<DeviceArray<T>>> arrays;
  Shape shape{kElements / 4096, 4096};

  explicit Card(int count) {
    for (int i = 0; i < count; ++i) {
      arrays.push_back(std::make_unique<DeviceArray<T>>(static_cast<std::size_t>(kElements)));
      check(cudaMemset(arrays.back()->data(), 0x11, static_cast<std::size_t>(kElements) * sizeof(T)),
            "filling");
    }
  }
  Source<T> in(std::size_t i) const { return {arrays[i]->data()}; }
  Target<T> out(std::size_t i) { return {arrays[i]->data()}; }
};

Transition step() { return Schedule::linear(1000, 1e-4, 0.02).transition(500, 480); }

template <class T, class Body>
void measure(benchmark::State& state, int tensors, int arrays, Body body) {
  Card<T> card(arrays);
  for (auto _ : state) state.SetIterationTime(card.stopwatch.seconds([&] { body(card); }));
  const auto bytes = static_cast<std::int64_t>(tensors * static_cast<Index>(sizeof(T)) * kElements);
  state.SetBytesProcessed(state.iterations() * bytes);
  state.SetItemsProcessed(state.iterations() * kElements);
  state.counters["bytes_per_element"] = static_cast<double>(tensors) * sizeof(T);
}

template <class T>
void register_dtype(const std::string& dtype) {
  const auto add = [&](const std::string& name, int tensors, int arrays, auto body) {
    benchmark::RegisterBenchmark((name + "/" + dtype).c_str(), [=](benchmark::State& state) {
      measure<T>(state, tensors, arrays, body);
    })->UseManualTime();
  };
  const Sigma sigma = sigma_eta(step(), 1);
  const Normals normals{1, 0, 0};
  add("copy/card", 2, 2, [](Card<T>& c) {
    check(cudaMemcpyAsync(c.out(1).data, c.in(0).data, static_cast<std::size_t>(kElements) * sizeof(T),
                          cudaMemcpyDeviceToDevice, nullptr),
          "copying");
  });
  const NoiseLevel level = step().current;
  add("Lemma1/card/q_sample_given", 3, 3,
      [=](Card<T>& c) { q_sample(Device{}, level, c.shape, c.in(0), c.in(1), c.out(2)); });
  add("Lemma1/card/q_sample_drawn", 2, 2,
      [=](Card<T>& c) { q_sample(Device{}, level, c.shape, c.in(0), normals, c.out(1)); });
  add("Eq8/card/forward_step_drawn", 3, 3, [=](Card<T>& c) {
    forward_step(Device{}, step(), sigma, c.shape, c.in(0), c.in(1), normals, c.out(2));
  });
  add("Eq12/card/ddim_step", 3, 3, [=](Card<T>& c) {
    ddim_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(2));
  });
  add("Eq12/card/ddim_step_given", 4, 4,
      [=](Card<T>& c) { ddim_step(Device{}, step(), sigma, c.shape, c.in(0), c.in(1), c.in(2), c.out(3)); });
  add("Eq12/card/ddim_step_drawn", 3, 3,
      [=](Card<T>& c) { ddim_step(Device{}, step(), sigma, c.shape, c.in(0), c.in(1), normals, c.out(2)); });
  add("Eq12/card/ddim_step_threshold", 3, 3, [=](Card<T>& c) {
    ddim_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(2),
              {.threshold = Threshold{}});
  });
  // What an unfused step moves at eta = 0: two passes over three tensors and four over two, 14 s bytes.
  const Chain one = Chain::from_eta(Schedule::linear(10, 1e-4, 0.02), Tau::from_times({10}, 10), 0);
  add("Eq12/card/unfused_passes", 14, 3, [=](Card<T>& c) {
    for (int pass = 0; pass < 4; ++pass)
      trajectory(Device{}, one, 0, 1, c.shape, c.in(static_cast<std::size_t>(pass % 2)), normals, c.out(2));
    for (int pass = 0; pass < 2; ++pass) encode_step(Device{}, step(), c.shape, c.in(0), c.in(1), c.out(2));
  });
  const Chain chain = Chain::from_eta(Schedule::linear(1000, 1e-4, 0.02), Tau::linspace(1000, 50), 1);
  add("Eq10/card/trajectory_50_drawn", 2, 2,
      [=](Card<T>& c) { trajectory(Device{}, chain, 0, 1, c.shape, c.in(0), normals, c.out(1)); });
  add("Eq13/card/encode_step", 3, 3,
      [=](Card<T>& c) { encode_step(Device{}, step(), c.shape, c.in(0), c.in(1), c.out(2)); });
  benchmark::RegisterBenchmark(("Theorem1/card/weighted_noise_error/" + dtype).c_str(), [](benchmark::State&
                                                                                               state) {
    const Shape shape{kElements / 4096, 4096};
    DeviceArray<double> sums(static_cast<std::size_t>(shape.samples)), total(1);
    DeviceArray<double> workspace(static_cast<std::size_t>(workspace_size<T>(shape)));
    measure<T>(state, 2, 2, [&](Card<T>& c) {
      weighted_noise_error(Device{}, c.shape, c.in(0), c.in(1), 1.0, nullptr,
                           {sums.data(), total.data(), workspace.data()});
    });
  })->UseManualTime();
}

void reference_step(benchmark::State& state) {
  const StepCoefficients c = step_coefficients(step(), sigma_eta(step(), 1));
  const Batch x = Batch::Random(4096, 256), y = Batch::Random(4096, 256), z = Batch::Random(4096, 256);
  Batch out(4096, 256);
  for (auto _ : state) ddim::ddim_step(c, x, y, z, out);
  state.SetBytesProcessed(state.iterations() * 4 * 8 * x.size());
}

}  // namespace
}  // namespace ddim::cuda

int main(int argc, char** argv) {
  using namespace ddim::cuda;
  benchmark::Initialize(&argc, argv);
  try {
    device_count();
  } catch (const DeviceError& error) {
    std::fprintf(stderr, "not measured: %s\n", error.what());
    return 77;  // no card here, which is no failure
  }
  try {
    const DeviceDescription d = describe_device();
    benchmark::AddCustomContext("card", d.name);
    benchmark::AddCustomContext("compute_capability",
                                std::to_string(d.major) + "." + std::to_string(d.minor));
    benchmark::AddCustomContext("cuda_driver", std::to_string(d.driver));
    benchmark::AddCustomContext("cuda_runtime", std::to_string(d.runtime));
    benchmark::AddCustomContext("multiprocessors", std::to_string(d.multiprocessors));
    benchmark::AddCustomContext("elements", std::to_string(kElements));
    register_dtype<double>("float64");
    register_dtype<float>("float32");
    register_dtype<Float16>("float16");
    register_dtype<BFloat16>("bfloat16");
    benchmark::RegisterBenchmark("Eq12/reference/float64", reference_step);
    benchmark::RunSpecifiedBenchmarks();
    synchronize();
  } catch (const DeviceError& error) {
    std::fprintf(stderr, "not measured: %s\n", error.what());
    return 1;
  }
  return 0;
}
