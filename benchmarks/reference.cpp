// The CPU's half: the reference on one thread and on all, the copy and the triad of the same bytes, and the
// passes that a peer writes with Eigen, one expression a line of the paper.
//
//   Eq12/reference  Eq12/reference-all  Eq12/eigen  Eq12/host-float32  copy-4  copy-4-all  triad-3
//
// The number of a copy or a triad counts the batches of doubles that it moves, read and written.

#include <algorithm>

#include "benchmarks/cpu.hpp"
#include "reference/ddim.hpp"
#include "reference/pieces.hpp"

namespace ddim::benchmarks {
namespace {

/// Batches made once for a size and shared by everything that is measured there.
class Batches {
 public:
  static Batch& at(Problem p, std::size_t k) {
    static Batches shared;
    if (p.d != shared.of_.d || p.n != shared.of_.n) shared.batches_.clear();
    shared.of_ = p;
    while (shared.batches_.size() <= k) {
      auto batch = std::make_unique<Batch>(p.d, p.n);
      for (Eigen::Index i = 0; i < batch->size(); ++i)
        batch->data()[i] =
            1e-3 *
            static_cast<double>((i * 2654435761 + static_cast<long>(shared.batches_.size())) % 4001 - 2000);
      shared.batches_.push_back(std::move(batch));
    }
    return *shared.batches_[k];
  }

 private:
  Problem of_{0, 0};
  std::vector<std::unique_ptr<Batch>> batches_;
};

template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

const Transition& step() {
  static const Transition value = Schedule::linear(1000, 1e-4, 0.02).transition(500, 480);
  return value;
}
const Sigma& sigma() {
  static const Sigma value = sigma_eta(step(), 0.5);
  return value;
}

/// Ten steps, with a sigma_1 of its own: J is infinite without.
const Chain& chain() {
  static const Chain value = [] {
    Chain c = Chain::from_eta(Schedule::linear(1000, 1e-4, 0.02), Tau::linspace(1000, 10), 0.5);
    c.sigma.front() = 0.01;
    return c;
  }();
  return value;
}

[[gnu::target_clones("avx2", "default")]] void triad(double* __restrict a, const double* b, const double* c,
                                                     long n) {
  for (long i = 0; i < n; ++i) a[i] = b[i] + 0.5 * c[i];
}

/// Copies and triads that move `count` of the four batches' bytes.
void add_yardsticks(std::vector<Benchmark>& all, int count, const std::string& suffix, Threads threads) {
  // body(k, size): turn k, on the first `size` elements of the batches; `each` batches are moved in a turn.
  const auto add = [&](const char* name, int each, auto body) {
    all.push_back(
        {std::string(name) + "-" + std::to_string(count) + suffix, [=](Problem p) -> std::function<void()> {
           Batches::at(p, 3);
           return [=] {
             long left = p.size() * count / each;
             for (std::size_t k = 0; left > 0; ++k, left -= p.size())
               in_pieces(threads, std::min(left, p.size()), 8192,
                         [&](long first, long last) { body(p, k, first, last - first); });
           };
         }});
  };
  const auto at = [](Problem p, std::size_t k, long first) { return Batches::at(p, k).data() + first; };
  add("copy", 2, [=](Problem p, std::size_t k, long first, long size) {
    std::memcpy(at(p, 2 + k, first), at(p, k, first), static_cast<std::size_t>(size) * sizeof(double));
  });
  add("triad", 3, [=](Problem p, std::size_t k, long first, long size) {
    triad(at(p, 3 - k, first), at(p, k, first), at(p, k + (k == 0 ? 1 : 2), first), size);
  });
}

/// `body(x, y, z, out)` on four batches; what it returns is part of what a caller pays.
template <class Body>
Benchmark on_batches(const std::string& name, Body body, std::size_t inputs = 3) {
  return {name, [=](Problem p) -> std::function<void()> {
            for (std::size_t k = 0; k <= inputs; ++k) Batches::at(p, k);
            return [=] {
              const auto at = [&](std::size_t k) -> Batch& { return Batches::at(p, std::min(k, inputs)); };
              keep(body(at(0), at(1), at(2), at(inputs)));
            };
          }};
}

/// What is measured along a path of ten steps.
struct Walk {
  Path path, noise;
  Batch x0;
  EpsModel model;
  explicit Walk(Problem p)
      : noise(chain().steps.size(), Batches::at(p, 0)),
        x0(Batches::at(p, 1)),
        model(gaussian_eps(Eigen::VectorXd::Zero(p.d), 1)) {
    path = q_sample_path(chain(), x0, noise);
  }
};

template <class Body>
Benchmark on_walk(const std::string& name, Body body) {
  return {name, [=](Problem p) -> std::function<void()> {
            const auto walk = std::make_shared<Walk>(p);
            return [=] { keep(body(*walk)); };
          }};
}

void add_reference(std::vector<Benchmark>& all, const std::string& who, Threads threads) {
  const auto add = [&](const char* tag, auto body, std::size_t inputs = 2) {
    all.push_back(on_batches(tag + who, body, inputs));
  };
  const StepCoefficients c = step_coefficients(step(), sigma());
  add("Lemma1", [=](auto& x, auto& y, auto&, Batch& out) {
    q_sample(step().current, x, y, out, threads);
    return 0;
  });
  add("Eq7",
      [=](auto& x, auto& y, auto&, Batch&) { return q_posterior(step(), sigma(), x, y, threads).mean; });
  add("Eq8",
      [=](auto& x, auto& y, auto&, Batch&) { return forward_step(step(), sigma(), x, y, threads).mean; });
  add("Eq9", [=](auto& x, auto& y, auto&, Batch&) { return predict_x0(step().current, x, y, threads); });
  add("Eq10", [=](auto& x, auto& y, auto&, Batch&) { return p_step(step(), sigma(), x, y, threads).mean; });
  add(
      "Eq12",
      [=](auto& x, auto& y, auto& z, Batch& out) {
        ddim_step(c, x, y, z, out, threads);
        return 0;
      },
      3);
  add("Eq13", [=](auto& x, auto& y, auto&, Batch&) { return ddim_encode_step(step(), x, y, threads); });
  all.push_back({"AppendixA" + who, [=](Problem p) -> std::function<void()> {
                   const auto x =
                       std::make_shared<Batch>(Batch::Constant(p.d, p.n, 1.0 / static_cast<double>(p.d)));
                   const auto y = std::make_shared<Batch>(*x);
                   return [=] { keep(discrete_posterior(step(), 0.1, *x, *y, threads)); };
                 }});
  all.push_back(
      on_walk("Eq6" + who, [=](const Walk& w) { return q_sample_path(chain(), w.x0, w.noise, threads); }));
  all.push_back(on_walk("Eq11" + who, [=](const Walk& w) {
    return PerSample(log_ratio(chain(), w.model, w.path, w.x0, threads));
  }));
  all.push_back(on_walk("Theorem1" + who, [=](const Walk& w) {
    return weighted_loss(chain(), w.model, w.path, w.x0, gamma_weights(chain()), threads);
  }));
}

/// The paper's formulas with Eigen, an intermediate batch for each quantity that has a name.
void add_eigen(std::vector<Benchmark>& all) {
  const auto add = [&](const char* tag, auto body, std::size_t inputs = 2) {
    all.push_back(on_batches(std::string(tag) + "/eigen", body, inputs));
  };
  const double a = step().current.alpha_bar, p = step().prev.alpha_bar, s = sigma().value(),
               k = std::sqrt(1 - p - s * s);
  const auto pred_x0 = [=](const Batch& x, const Batch& eps) {
    return Batch((x - std::sqrt(1 - a) * eps) / std::sqrt(a));
  };
  add("Lemma1",
      [=](auto& x, auto& y, auto&, Batch&) { return Batch(std::sqrt(a) * x + std::sqrt(1 - a) * y); });
  add("Eq7", [=](auto& x, auto& x0, auto&, Batch&) {
    const Batch eps = (x - std::sqrt(a) * x0) / std::sqrt(1 - a);
    return Batch(std::sqrt(p) * x0 + k * eps);
  });
  add("Eq8", [=](auto& x_prev, auto& x0, auto&, Batch&) {
    const double r = std::sqrt((1 - a) / (1 - p)) * std::sqrt(1 - s * s / (1 - p));
    const Batch residual = x_prev - std::sqrt(p) * x0;
    return Batch(std::sqrt(a) * x0 + r * residual);
  });
  add("Eq9", [=](auto& x, auto& eps, auto&, Batch&) { return pred_x0(x, eps); });
  add("Eq10", [=](auto& x, auto& eps, auto&, Batch&) {
    const Batch x0 = pred_x0(x, eps), direction = k * eps;
    return Batch(std::sqrt(p) * x0 + direction);
  });
  add(
      "Eq12",
      [=](auto& x, auto& eps, auto& z, Batch&) {
        const Batch x0 = pred_x0(x, eps), direction = k * eps, mean = std::sqrt(p) * x0 + direction;
        return Batch(mean + s * z);
      },
      3);
  add("Eq13", [=](auto& x_prev, auto& eps, auto&, Batch&) {
    const Batch x0 = (x_prev - std::sqrt(1 - p) * eps) / std::sqrt(p);
    return Batch(std::sqrt(a) * x0 + std::sqrt(1 - a) * eps);
  });
  all.push_back({"AppendixA/eigen", [=](Problem q) -> std::function<void()> {
                   const double K = static_cast<double>(q.d);
                   const auto x = std::make_shared<Batch>(Batch::Constant(q.d, q.n, 1 / K));
                   return [=] {
                     const Batch kept = 0.1 * *x, data = (p - 0.1 * a) * *x;
                     keep(Batch((kept + data).array() + (1 - p - (1 - a) * 0.1) / K));
                   };
                 }});
}

/// The same along a path of ten steps.
void add_eigen_walks(std::vector<Benchmark>& all) {
  all.push_back(on_walk("Eq6/eigen", [=](const Walk& w) {
    Path path(w.noise.size());
    const double top = chain().steps.back().current.alpha_bar;
    path.back() = std::sqrt(top) * w.x0 + std::sqrt(1 - top) * w.noise.back();
    for (std::size_t i = path.size() - 1; i >= 1; --i) {
      const double at = chain().steps[i].current.alpha_bar, to = chain().steps[i].prev.alpha_bar;
      const double deviation = chain().sigma[i].value();
      const Batch eps = (path[i] - std::sqrt(at) * w.x0) / std::sqrt(1 - at);
      const Batch mean = std::sqrt(to) * w.x0 + std::sqrt(1 - to - deviation * deviation) * eps;
      path[i - 1] = mean + deviation * w.noise[i - 1];
    }
    return path;
  }));
  all.push_back(on_walk("Theorem1/eigen", [=](const Walk& w) {
    const Eigen::VectorXd gamma = gamma_weights(chain());
    PerSample loss = PerSample::Zero(w.x0.cols());
    for (std::size_t i = 0; i < w.path.size(); ++i) {
      const double at = chain().steps[i].current.alpha_bar;
      const Batch eps = (w.path[i] - std::sqrt(at) * w.x0) / std::sqrt(1 - at),
                  theta = std::sqrt(1 - at) * w.path[i];
      const Batch error = eps - theta;
      loss += gamma[static_cast<Eigen::Index>(i)] * error.colwise().squaredNorm().transpose();
    }
    return loss;
  }));
  all.push_back(on_walk("Eq11/eigen", [=](const Walk& w) {
    PerSample ratio = PerSample::Zero(w.x0.cols());
    for (std::size_t i = 0; i < w.path.size(); ++i) {
      const double at = chain().steps[i].current.alpha_bar, to = chain().steps[i].prev.alpha_bar;
      const double variance = chain().sigma[i].value() * chain().sigma[i].value();
      const double direction = std::sqrt(std::max(0.0, 1 - to - variance));
      const Batch& x_prev = i == 0 ? w.x0 : w.path[i - 1];
      const Batch theta = std::sqrt(1 - at) * w.path[i];
      const Batch f = (w.path[i] - std::sqrt(1 - at) * theta) / std::sqrt(at);
      const Batch mean = std::sqrt(to) * f + direction * theta;
      ratio += (x_prev - mean).colwise().squaredNorm().transpose() / (2 * variance);
      if (i == 0) continue;
      const Batch eps = (w.path[i] - std::sqrt(at) * w.x0) / std::sqrt(1 - at);
      const Batch posterior = std::sqrt(to) * w.x0 + direction * eps;
      ratio -= (x_prev - posterior).colwise().squaredNorm().transpose() / (2 * variance);
    }
    return ratio;
  }));
}

/// What is computed once per step: n is T, the number of times of the schedule; d is not used.
void add_coefficients(std::vector<Benchmark>& all) {
  const auto add = [&](const char* name, auto body) {
    all.push_back({std::string(name) + "/reference",
                   [=](Problem p) -> std::function<void()> { return [=] { keep(body(p)); }; }});
  };
  add("Eq14", [](Problem) { return ode_sigma(step().current); });
  add("Eq16", [](Problem) { return sigma_eta(step(), 0.5); });
  add("NonMarkov", [](Problem) { return non_markov_coefficient(step(), sigma()); });
  add("Eq12-coefficients", [](Problem) { return step_coefficients(step(), sigma()); });
  add("Schedule", [](Problem p) { return Schedule::linear(static_cast<int>(p.n), 1e-4, 0.02); });
}

}  // namespace
}  // namespace ddim::benchmarks

int main(int argc, char** argv) {
  using namespace ddim;
  std::vector<benchmarks::Benchmark> all;
  for (const auto& [suffix, threads] : {std::pair{"", Threads{1}}, {"-all", Threads::all()}}) {
    for (const int count : {2, 3, 4}) benchmarks::add_yardsticks(all, count, suffix, threads);
    benchmarks::add_reference(all, std::string("/reference") + suffix, threads);
  }
  benchmarks::add_eigen(all);
  benchmarks::add_eigen_walks(all);
  benchmarks::add_coefficients(all);
  benchmarks::add_host_loops(all);
  return benchmarks::serve(all, argc, argv);
}
