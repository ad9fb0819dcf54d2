// The kernels' element functors in plain loops on one thread: what the same source does without a card.

#include "benchmarks/cpu.hpp"
#include "cuda/operations.hpp"

namespace ddim::benchmarks {
namespace {

using namespace ddim::cuda;

const Transition& step() {
  static const Transition value = Schedule::linear(1000, 1e-4, 0.02).transition(500, 480);
  return value;
}

template <class T>
std::shared_ptr<std::vector<T>> numbers(long size, int seed) {
  const auto values = std::make_shared<std::vector<T>>(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < values->size(); ++i)
    (*values)[i] = round_to<T>(
        static_cast<Real<T>>((i * 2654435761 + static_cast<std::size_t>(seed)) % 4001) / 2000 - 1);
  return values;
}

/// body(shape, x, y, z, out)
template <class T, class Body>
Benchmark loop(const std::string& name, Body body) {
  return {name, [=](Problem p) -> std::function<void()> {
            const auto x = numbers<T>(p.size(), 1), y = numbers<T>(p.size(), 2), z = numbers<T>(p.size(), 3),
                       out = numbers<T>(p.size(), 4);
            return [=] {
              body(Shape{p.n, p.d}, Source<T>{x->data()}, Source<T>{y->data()}, Source<T>{z->data()},
                   Target<T>{out->data()});
            };
          }};
}

template <class T>
void add_dtype(std::vector<Benchmark>& all, const std::string& dtype) {
  const auto add = [&](const char* tag, auto body) {
    all.push_back(loop<T>(std::string(tag) + "/host-" + dtype, body));
  };
  const Sigma sigma = sigma_eta(step(), 0.5);
  const NoiseLevel level = step().current;
  add("Lemma1", [=](Shape s, auto x, auto y, auto, auto out) { q_sample(Host{}, level, s, x, y, out); });
  add("Eq8", [=](Shape s, auto x, auto y, auto, auto out) {
    forward_step(Host{}, step(), Sigma(0), s, x, y, std::monostate{}, out);
  });
  add("Eq7", [=](Shape s, auto x, auto y, auto, auto out) {
    ddim_step(Host{}, step(), Sigma(0), s, x, y, std::monostate{}, out,
              {.prediction = Prediction::x0, .clip_range = 2.0});
  });
  add("Eq10", [=](Shape s, auto x, auto y, auto, auto out) {
    ddim_step(Host{}, step(), Sigma(0), s, x, y, std::monostate{}, out);
  });
  add("Eq12",
      [=](Shape s, auto x, auto y, auto z, auto out) { ddim_step(Host{}, step(), sigma, s, x, y, z, out); });
  add("Eq12-drawn", [=](Shape s, auto x, auto y, auto, auto out) {
    ddim_step(Host{}, step(), sigma, s, x, y, Normals{1, 0, 0}, out);
  });
  add("Eq13", [=](Shape s, auto x, auto y, auto, auto out) { encode_step(Host{}, step(), s, x, y, out); });
  add("AppendixA",
      [=](Shape s, auto x, auto y, auto, auto out) { discrete_step(Host{}, step(), 0.1, s, x, y, out); });
  const auto sums = [&](const char* tag, auto body) {
    all.push_back({std::string(tag) + "/host-" + dtype, [=](Problem p) -> std::function<void()> {
                     const auto x = numbers<T>(p.size(), 1), y = numbers<T>(p.size(), 2);
                     const Shape shape{p.n, p.d};
                     const auto results =
                         std::make_shared<std::vector<double>>(static_cast<std::size_t>(p.n + 1));
                     const auto workspace = std::make_shared<std::vector<double>>(
                         static_cast<std::size_t>(workspace_size<T>(shape)));
                     return [=] {
                       body(shape, Source<T>{x->data()}, Source<T>{y->data()},
                            Sums{results->data(), results->data() + p.n, workspace->data()});
                     };
                   }});
  };
  sums("Eq11",
       [](Shape s, auto x, auto y, const Sums& out) { kl_divergence(Host{}, s, x, 0.3, y, 0.4, out); });
  sums("Theorem1", [](Shape s, auto x, auto y, const Sums& out) {
    weighted_noise_error(Host{}, s, x, y, 1.5, nullptr, out);
  });
}

}  // namespace

void add_host_loops(std::vector<Benchmark>& all) {
  add_dtype<double>(all, "float64");
  add_dtype<float>(all, "float32");
  add_dtype<Float16>(all, "float16");
  add_dtype<BFloat16>(all, "bfloat16");
}

}  // namespace ddim::benchmarks
