// The card's half, one number at a time: each kernel, and the copies that move the same bytes. L2 is flushed
// before every sample by reading; clocks are left alone; data are normals, drawn on the card.
//
//   Eq12/card-float32  Eq12-drawn/card-bfloat16  copy-3/card-float32
//
// `--describe` prints the card as a JSON document, or says why there is none and exits with 77.

#include <cuda_runtime_api.h>

#include <algorithm>

#include "benchmarks/worker.hpp"
#include "cuda/device.hpp"
#include "cuda/operations.hpp"

namespace ddim::benchmarks {
namespace {

using namespace ddim::cuda;

void check(cudaError_t error, const char* doing) {
  if (error != cudaSuccess) throw DeviceError(doing, cudaGetErrorName(error), static_cast<int>(error));
}

/// Times what is put on the default stream, L2 holding something else.
class Stopwatch {
 public:
  Stopwatch()
      : shape_{1, static_cast<Index>(3 * describe_device().l2 / sizeof(float)) + 1},
        other_(3 * describe_device().l2 + 4) {
    check(cudaEventCreate(&begin_), "making an event");
    check(cudaEventCreate(&end_), "making an event");
    check(cudaMemset(other_.data(), 0, other_.size()), "filling");
  }
  ~Stopwatch() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Stopwatch(const Stopwatch&) = delete;

  double seconds(const std::function<void()>& body) {
    const Source<float> all{reinterpret_cast<const float*>(other_.data())};
    weighted_noise_error(Device{}, shape_, all, all, 1.0, nullptr, {sum_.data(), nullptr, workspace_.data()});
    check(cudaEventRecord(begin_, nullptr), "recording an event");
    body();
    check(cudaEventRecord(end_, nullptr), "recording an event");
    check(cudaEventSynchronize(end_), "waiting for an event");
    synchronize();
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin_, end_), "reading an event");
    return 1e-3 * static_cast<double>(milliseconds);
  }

  /// The median of samples, five at least.
  static double median(const std::function<void()>& body, double budget) {
    static Stopwatch watch;
    watch.seconds(body);
    std::vector<double> samples;
    for (double spent = 0; samples.size() < 5 || (spent < budget && samples.size() < 1000);) {
      samples.push_back(watch.seconds(body));
      spent += samples.back();
    }
    std::nth_element(samples.begin(), samples.begin() + static_cast<long>(samples.size() / 2), samples.end());
    return samples[samples.size() / 2];
  }

 private:
  Shape shape_;
  DeviceArray<std::byte> other_;
  DeviceArray<double> sum_{1}, workspace_{static_cast<std::size_t>(workspace_size<float>(shape_))};
  cudaEvent_t begin_, end_;
};

/// Four batches of normals, made once for a size.
template <class T>
struct Card {
  Shape shape;
  std::vector<std::unique_ptr<DeviceArray<T>>> batches;

  explicit Card(Problem p) : shape{p.n, p.d} {
    for (std::uint64_t i = 0; i < 4; ++i) {
      batches.push_back(std::make_unique<DeviceArray<T>>(static_cast<std::size_t>(p.size())));
      check(cudaMemset(batches.back()->data(), 0, static_cast<std::size_t>(p.size()) * sizeof(T)), "filling");
      q_sample(Device{}, NoiseLevel::from_alpha_bar(0), shape, in(i), Normals{i, 0, 0}, out(i));
    }
    synchronize();
  }
  Source<T> in(std::size_t i) const { return {batches[i]->data()}; }
  Target<T> out(std::size_t i) { return {batches[i]->data()}; }

  static std::shared_ptr<Card> at(Problem p) {
    static std::shared_ptr<Card> last;
    if (!last || last->shape.dim != p.d || last->shape.samples != p.n) {
      last.reset();
      last = std::make_shared<Card>(p);
    }
    return last;
  }
};

/// Memory of the host that a card reads and writes by itself.
template <class T>
class Pinned {
 public:
  explicit Pinned(std::size_t size) {
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, size * sizeof(T), cudaHostAllocDefault), "allocating on the host");
    data_ = static_cast<T*>(memory);
  }
  ~Pinned() { cudaFreeHost(data_); }
  Pinned(const Pinned&) = delete;
  T* data() const { return data_; }

 private:
  T* data_;
};

const Transition& step() {
  static const Transition value = Schedule::linear(1000, 1e-4, 0.02).transition(500, 480);
  return value;
}

/// `count` of the batches' bytes, half read and half written.
template <class T>
void copy(Card<T>& c, int count) {
  const std::size_t size = c.batches[0]->size();
  std::size_t left = size * static_cast<std::size_t>(count) / 2;
  for (std::size_t k = 0; left > 0; ++k) {
    const std::size_t now = std::min(left, size);
    check(
        cudaMemcpyAsync(c.out(2 + k).data, c.in(k).data, now * sizeof(T), cudaMemcpyDeviceToDevice, nullptr),
        "copying");
    left -= now;
  }
}

template <class T>
void add_maps(std::vector<Benchmark>& all, const std::string& suffix) {
  const auto add = [&](const std::string& name, auto body) {
    all.push_back({name + suffix, [=](Problem p) -> std::function<void()> {
                     return [=, card = Card<T>::at(p)] { body(*card); };
                   }});
  };
  const Sigma sigma = sigma_eta(step(), 1);
  const NoiseLevel level = step().current;
  const Normals normals{1, 0, 0};
  for (const int count : {2, 3, 4})
    add(std::string("copy-") + std::to_string(count), [=](Card<T>& c) { copy(c, count); });
  add("Eq12",
      [=](Card<T>& c) { ddim_step(Device{}, step(), sigma, c.shape, c.in(0), c.in(1), c.in(2), c.out(3)); });
  add("Eq12-drawn",
      [=](Card<T>& c) { ddim_step(Device{}, step(), sigma, c.shape, c.in(0), c.in(1), normals, c.out(3)); });
  add("Eq10", [=](Card<T>& c) {
    ddim_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(3));
  });
  add("Lemma1", [=](Card<T>& c) { q_sample(Device{}, level, c.shape, c.in(0), c.in(1), c.out(3)); });
  add("Lemma1-drawn", [=](Card<T>& c) { q_sample(Device{}, level, c.shape, c.in(0), normals, c.out(3)); });
  add("Eq13", [=](Card<T>& c) { encode_step(Device{}, step(), c.shape, c.in(0), c.in(1), c.out(3)); });
  add("Eq8", [=](Card<T>& c) {
    forward_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(3));
  });
  add("Eq7", [=](Card<T>& c) {
    ddim_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(3),
              {.prediction = Prediction::x0, .clip_range = 2.0});
  });
  add("Eq9", [=](Card<T>& c) {
    ddim_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(3),
              {.pred_x0 = c.out(2)});
  });
  add("Eq12-threshold", [=](Card<T>& c) {
    ddim_step(Device{}, step(), Sigma(0), c.shape, c.in(0), c.in(1), std::monostate{}, c.out(3),
              {.threshold = Threshold{}});
  });
  add("AppendixA",
      [=](Card<T>& c) { discrete_step(Device{}, step(), 0.1, c.shape, c.in(0), c.in(1), c.out(3)); });
  static const Chain chain = Chain::from_eta(Schedule::linear(1000, 1e-4, 0.02), Tau::linspace(1000, 50), 1);
  add("Eq10-trajectory",
      [=](Card<T>& c) { trajectory(Device{}, chain, 0, 1, c.shape, c.in(0), normals, c.out(3)); });
}

/// Eq12 with all that it reads sent from the host before, and x_prev sent back.
template <class T>
void add_sent(std::vector<Benchmark>& all, const std::string& suffix) {
  all.push_back({"Eq12-sent" + suffix, [](Problem p) -> std::function<void()> {
                   const auto card = Card<T>::at(p);
                   const auto size = static_cast<std::size_t>(p.size());
                   const auto host = std::make_shared<Pinned<T>>(3 * size);
                   const auto send = [=](std::size_t k) {
                     check(cudaMemcpyAsync(card->out(k).data, host->data() + k * size, size * sizeof(T),
                                           cudaMemcpyHostToDevice, nullptr),
                           "sending");
                   };
                   const auto fetch = [=](std::size_t k, std::size_t to) {
                     check(cudaMemcpyAsync(host->data() + to * size, card->in(k).data, size * sizeof(T),
                                           cudaMemcpyDeviceToHost, nullptr),
                           "sending back");
                   };
                   for (const std::size_t k : {0u, 1u, 2u}) fetch(k, k);
                   synchronize();
                   return [=] {
                     for (const std::size_t k : {0u, 1u, 2u}) send(k);
                     ddim_step(Device{}, step(), sigma_eta(step(), 1), card->shape, card->in(0), card->in(1),
                               card->in(2), card->out(3));
                     fetch(3, 2);
                   };
                 }});
}

template <class T>
void add_sums(std::vector<Benchmark>& all, const std::string& suffix) {
  const auto add = [&](const std::string& name, auto body) {
    all.push_back({name + suffix, [=](Problem p) -> std::function<void()> {
                     const auto card = Card<T>::at(p);
                     const auto sums =
                         std::make_shared<DeviceArray<double>>(static_cast<std::size_t>(p.n + 1));
                     const auto workspace = std::make_shared<DeviceArray<double>>(
                         static_cast<std::size_t>(workspace_size<T>(card->shape)));
                     return [=] { body(*card, Sums{sums->data(), sums->data() + p.n, workspace->data()}); };
                   }});
  };
  add("Theorem1", [](Card<T>& c, const Sums& out) {
    weighted_noise_error(Device{}, c.shape, c.in(0), c.in(1), 1.5, nullptr, out);
  });
  add("Eq11",
      [](Card<T>& c, const Sums& out) { kl_divergence(Device{}, c.shape, c.in(0), 0.3, c.in(1), 0.4, out); });
}

template <class T>
void add_dtype(std::vector<Benchmark>& all, const std::string& dtype) {
  add_maps<T>(all, "/card-" + dtype);
  add_sums<T>(all, "/card-" + dtype);
}

int describe() {
  try {
    device_count();
    const DeviceDescription d = describe_device();
    std::printf(
        "{\"machine\": \"%s\", \"compute_capability\": \"%d.%d\", \"cuda_driver\": %d, \"cuda_runtime\": %d, "
        "\"multiprocessors\": %d, \"l2_bytes\": %zu, \"memory_bytes\": %zu}\n",
        d.name.c_str(), d.major, d.minor, d.driver, d.runtime, d.multiprocessors, d.l2, d.memory);
    return 0;
  } catch (const DeviceError& error) {
    std::fprintf(stderr, "not measured: %s\n", error.what());
    return error.code() == 35 || error.code() == 100 ? 77
                                                     : 1;  // no driver or no card here, which is no failure
  }
}

}  // namespace
}  // namespace ddim::benchmarks

int main(int argc, char** argv) {
  using namespace ddim;
  using namespace ddim::benchmarks;
  if (argc > 1 && std::strcmp(argv[1], "--describe") == 0) return describe();
  std::vector<Benchmark> all;
  add_dtype<double>(all, "float64");
  add_dtype<float>(all, "float32");
  add_sent<float>(all, "/card-float32");
  add_dtype<cuda::Float16>(all, "float16");
  add_dtype<cuda::BFloat16>(all, "bfloat16");
  return serve(all, argc, argv, Stopwatch::median);
}
