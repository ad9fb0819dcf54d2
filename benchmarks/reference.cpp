// The reference on the CPU, each equation beside the copy and the triad that move the same bytes in the same
// run: `Eq12/reference/64x4096` is read against `copy/64x4096x4` and `triad/64x4096x4`. Compare
// bytes_per_second.

#include <benchmark/benchmark.h>

#include <string>

#include "reference/ddim.hpp"

namespace {

using namespace ddim;

struct Size {
  Eigen::Index d, n;
  std::string text() const { return std::to_string(d) + "x" + std::to_string(n); }
};

/// From a batch whose arrays fit L2 together to 256 MB an array.
constexpr Size kSizes[] = {{64, 256}, {64, 1024}, {1024, 1024}, {4096, 1024}, {16384, 2048}};

const Transition& step() {
  static const Transition value = Schedule::linear(1000, 1e-4, 0.02).transition(500, 480);
  return value;
}

void set_bytes(benchmark::State& state, Size size, int streams) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * size.d * size.n * streams *
                          static_cast<int64_t>(sizeof(double)));
}

/// Writing once before timing maps the pages.
Batch batch(Size size) { return Batch::Random(size.d, size.n); }

void copy(benchmark::State& state, Size size, int streams) {
  const Eigen::ArrayXd from = Eigen::ArrayXd::Random(size.d * size.n * streams / 2);
  Eigen::ArrayXd to = from;
  for (auto _ : state) {
    to = from;
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  set_bytes(state, size, streams);
}

void triad(benchmark::State& state, Size size, int streams) {
  const Eigen::Index count = size.d * size.n * streams / 3;
  const Eigen::ArrayXd b = Eigen::ArrayXd::Random(count), c = Eigen::ArrayXd::Random(count);
  Eigen::ArrayXd a = b;
  for (auto _ : state) {
    a = b + 0.5 * c;
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
  set_bytes(state, size, streams);
}

void lemma1(benchmark::State& state, Size size) {
  const Batch x0 = batch(size), noise = batch(size);
  Batch x_t = x0;
  for (auto _ : state) {
    q_sample(step().current, x0, noise, x_t);
    benchmark::ClobberMemory();
  }
  set_bytes(state, size, 3);
}

void eq12(benchmark::State& state, Size size) {
  const Batch x_t = batch(size), eps = batch(size), noise = batch(size);
  Batch x_prev = x_t;
  const StepCoefficients c = step_coefficients(step(), sigma_eta(step(), 0.5));
  for (auto _ : state) {
    ddim_step(c, x_t, eps, noise, x_prev);
    benchmark::ClobberMemory();
  }
  set_bytes(state, size, 4);
}

/// Functions that return their result: the allocation is part of what a caller pays.
template <class Function>
void returning(benchmark::State& state, Size size, int streams, Function function) {
  const Batch a = batch(size), b = batch(size);
  for (auto _ : state) benchmark::DoNotOptimize(function(a, b));
  set_bytes(state, size, streams);
}

template <class Function>
void add_returning(const std::string& name, Size size, int streams, Function function) {
  benchmark::RegisterBenchmark((name + size.text()).c_str(),
                               [=](benchmark::State& state) { returning(state, size, streams, function); });
}

void coefficients(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(step_coefficients(step(), sigma_eta(step(), 0.5)));
}

void register_all() {
  for (const Size size : kSizes) {
    for (const int streams : {3, 4}) {
      const std::string suffix = size.text() + "x" + std::to_string(streams);
      benchmark::RegisterBenchmark(("copy/" + suffix).c_str(),
                                   [=](benchmark::State& state) { copy(state, size, streams); });
      benchmark::RegisterBenchmark(("triad/" + suffix).c_str(),
                                   [=](benchmark::State& state) { triad(state, size, streams); });
    }
    benchmark::RegisterBenchmark(("Lemma1/reference/" + size.text()).c_str(),
                                 [=](benchmark::State& state) { lemma1(state, size); });
    benchmark::RegisterBenchmark(("Eq12/reference/" + size.text()).c_str(),
                                 [=](benchmark::State& state) { eq12(state, size); });
  }
  benchmark::RegisterBenchmark("Eq12/reference/coefficients", coefficients);

  const Size size{64, 1024};
  const Sigma sigma = sigma_eta(step(), 0.5);
  add_returning("Eq7/reference/", size, 3,
                [=](const Batch& a, const Batch& b) { return q_posterior(step(), sigma, a, b).mean; });
  add_returning("Eq8/reference/", size, 3,
                [=](const Batch& a, const Batch& b) { return forward_step(step(), sigma, a, b).mean; });
  add_returning("Eq9/reference/", size, 3,
                [](const Batch& a, const Batch& b) { return predict_x0(step().current, a, b); });
  add_returning("Eq10/reference/", size, 3,
                [=](const Batch& a, const Batch& b) { return p_step(step(), sigma, a, b).mean; });
  add_returning("Eq13/reference/", size, 3,
                [](const Batch& a, const Batch& b) { return ddim_encode_step(step(), a, b); });

  static const Chain chain = [] {
    Chain c = Chain::from_eta(Schedule::linear(1000, 1e-4, 0.02), Tau::linspace(1000, 10), 0.5);
    c.sigma.front() = 0.01;
    return c;
  }();
  static const EpsModel model = gaussian_eps(Eigen::VectorXd::Zero(size.d), 1);
  static const auto path_of = [](const Batch& x0) {
    return q_sample_path(chain, x0, Path(static_cast<std::size_t>(chain.S()), x0));
  };
  add_returning("Eq6/reference/S10/", size, 30, [](const Batch& a, const Batch&) { return path_of(a); });
  add_returning("Eq11/reference/S10/", size, 20, [](const Batch& a, const Batch& b) {
    static const Path path = path_of(b);
    return PerSample(log_ratio(chain, model, path, a));
  });
  add_returning("Theorem1/reference/S10/", size, 10, [](const Batch& a, const Batch& b) {
    static const Path path = path_of(b);
    return weighted_loss(chain, model, path, a, gamma_weights(chain));
  });
  const Batch uniform = Batch::Constant(size.d, size.n, 1.0 / static_cast<double>(size.d));
  add_returning("AppendixA/reference/", size, 3, [=](const Batch&, const Batch&) {
    return discrete_posterior(step(), 0.1, uniform, uniform);
  });
  benchmark::RegisterBenchmark("Eq16/reference/coefficients", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(sigma_eta(step(), 0.5));
  });
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
