// The laws on the kernels' own noise; what the operations refuse; and what happens far beyond 2^31 elements.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>

#include "tests/cuda/accuracy.hpp"
#include "tests/cuda/cases.hpp"
#include "tests/cuda/emulated.hpp"

namespace ddim::cuda::test {
namespace {

// The laws, on the kernels' own noise. Each bound is six standard deviations of its statistic: 2e-9.
void expect_normal_law(const std::vector<double>& x, double mean, double variance) {
  const auto n = static_cast<double>(x.size());
  double sum = 0, squares = 0;
  for (const double value : x) sum += value - mean, squares += (value - mean) * (value - mean);
  EXPECT_LT(std::abs(sum / n), 6 * std::sqrt(variance / n));
  EXPECT_LT(std::abs(squares / n / variance - 1), 6 * std::sqrt(2 / n));
}
template <class T>
std::vector<double> widened(const std::vector<T>& values) {
  std::vector<double> result;
  for (const T& value : values) result.push_back(static_cast<double>(to_real(value)));
  return result;
}
constexpr Index kDraws = 1 << 17;

TEST(Lemma1, HoldsOnTheKernelsOwnNoise) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    SCOPED_TRACE(kDtype<T>);
    // Down by Eq7 or up by Eq8, whatever sigma is: x_t | x_0 keeps its law.
    for (const double eta : {0.5, 1.0}) {
      const Transition step = transition();
      const Sigma sigma = sigma_eta(step, eta);
      const std::vector<T> x0(kDraws, rounded<T>(0.5));
      std::vector<T> x_t(kDraws), x_prev(kDraws), again(kDraws);
      const Shape shape{1, kDraws};
      q_sample(Host{}, step.current, shape, Source<T>{x0.data()}, Normals{1, 0, 0}, Target<T>{x_t.data()});
      ddim_step(Host{}, step, sigma, shape, Source<T>{x_t.data()}, Source<T>{x0.data()}, Normals{1, 1, 0},
                Target<T>{x_prev.data()}, {.prediction = Prediction::x0});
      forward_step(Host{}, step, sigma, shape, Source<T>{x_prev.data()}, Source<T>{x0.data()},
                   Normals{1, 2, 0}, Target<T>{again.data()});
      const auto expect = [](const std::vector<T>& x, const NoiseLevel& level) {
        expect_normal_law(widened(x), 0.5 * sqrt_alpha_bar(level), level.one_minus_alpha_bar);
      };
      expect(x_t, step.current);
      expect(x_prev, step.prev);
      expect(again, step.current);
    }
  });
}

TEST(Eq10, TrajectoryOnItsOwnNoiseHasTheGenerativeLaw) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    SCOPED_TRACE(kDtype<T>);
    for (const double eta : {0.0, 0.5, 1.0}) {
      const Chain chain = Chain::from_eta(schedule(), Tau::linspace(1000, 10), eta);
      std::vector<T> x_T = draw_values<T>(kDraws, 6), x_0(kDraws);
      trajectory(Host{}, chain, 0.3, 0.25, {1, kDraws}, Source<T>{x_T.data()}, Normals{9, 0, 0},
                 Target<T>{x_0.data()});
      const Gaussian law = generative_law(chain, Eigen::VectorXd::Constant(1, 0.3), 0.25).back();
      expect_normal_law(widened(x_0), law.mean(0, 0), law.variance);
    }
  });
}

TEST(Operations, NanGoesInNanComesOut) {
  for_every_dtype([](auto dtype) {
    using T = decltype(dtype);
    std::vector<T> x(9, rounded<T>(0.5)), out(9), pred(9);
    x[3] = rounded<T>(NAN);
    StepOptions<T> options;
    options.pred_x0 = {pred.data()};
    for (const int way : {0, 1, 2}) {
      options.clip_range = way == 1 ? std::optional(1.0) : std::nullopt;
      options.threshold = way == 2 ? std::optional(Threshold{0.5, 2}) : std::nullopt;
      ddim_step(Emulated{}, transition(), Sigma(0), {1, 9}, Source<T>{x.data()}, Source<T>{x.data()},
                std::monostate{}, Target<T>{out.data()}, options);
      for (std::size_t i = 0; i < 9; ++i) {
        EXPECT_EQ(std::isnan(to_real(out[i])), i == 3) << way << " " << i;
        EXPECT_EQ(std::isnan(to_real(pred[i])), i == 3) << way << " " << i;
      }
    }
  });
}

TEST(AppendixA, NanIsNoCategory) {
  const float x[6] = {0, 1, 0, 0, NAN, 1};
  const double uniforms[2] = {0.5, 0.5};
  std::int32_t category[2] = {7, 7};
  discrete_draw(Emulated{}, transition(), 0.4, {2, 3}, Source<float>{x}, Source<float>{x}, uniforms,
                category);
  EXPECT_EQ(category[0], 1);
  EXPECT_EQ(category[1], -1);
  const double none[2] = {NAN, 0.0};
  discrete_draw(Emulated{}, transition(), 0.4, {1, 3}, Source<float>{x}, Source<float>{x}, none, category);
  EXPECT_EQ(category[0], -1);
}

/// The message of the error of type E that a call makes.
template <class E, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

TEST(Operations, RefuseWhatIsOutsideTheirDomain) {
  alignas(16) float x[64] = {}, y[64] = {};
  const auto step = [&](Shape shape, Source<float> in, Target<float> out, StepOptions<float> options = {}) {
    ddim_step(Host{}, transition(), Sigma(0), shape, in, Source<float>{x}, std::monostate{}, out, options);
  };
  const auto expect = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(message_of<ShapeError>([&] { step({-1, 4}, {x}, {y}); }), "samples = -1");
  expect(message_of<ShapeError>([&] { step({1, -4}, {x}, {y}); }), "dim = -4");
  expect(message_of<ShapeError>([&] { step({Index{1} << 40, Index{1} << 40}, {x}, {y}); }), "samples * dim");
  expect(message_of<DomainError>([&] { step({1, 4}, {nullptr}, {y}); }), "pointer of x_t = nullptr");
  expect(message_of<DomainError>([&] { step({1, 4}, {x}, {nullptr}); }), "pointer of x_prev = nullptr");
  expect(message_of<ShapeError>([&] { step({2, 4}, {x}, {y, 3}); }), "stride of x_prev = 3");
  expect(message_of<ShapeError>([&] { step({2, 4}, {x, -2}, {y}); }), "stride of x_t = -2");
  expect(message_of<DomainError>([&] {
           step({1, 4}, {reinterpret_cast<const float*>(reinterpret_cast<const char*>(x) + 2)}, {y});
         }),
         "multiples of 4");
  expect(message_of<DomainError>([&] { step({1, 4}, {x}, {y}, {.clip_range = 0.0}); }), "clip_range = 0");
  expect(message_of<DomainError>([&] { step({1, 4}, {x}, {y}, {.clip_range = NAN}); }), "clip_range = nan");
  expect(message_of<DomainError>([&] {
           step({1, 4}, {x}, {y}, {.threshold = Threshold{1.5, 1}});
         }),
         "ratio = 1.5");
  expect(message_of<DomainError>([&] {
           step({1, 4}, {x}, {y}, {.threshold = Threshold{0.5, 0.5}});
         }),
         "max_value = 0.5");
  expect(message_of<DomainError>([&] {
           ddim_step(Host{}, transition(), Sigma(0.1), {1, 4}, Source<float>{x}, Source<float>{x},
                     std::monostate{}, Target<float>{y});
         }),
         "takes noise");
  expect(message_of<DomainError>([&] {
           ddim_step(Host{}, transition(), Sigma(0.1), {1, 4}, Source<float>{x}, Source<float>{x},
                     Normals{1, 2, 3}, Target<float>{y});
         }),
         "offset = 3");
  expect(message_of<DomainError>([&] {
           trajectory(Host{}, Chain::from_eta(schedule(), Tau::full(100), 0), 0, 1, {1, 4}, Source<float>{x},
                      Normals{}, Target<float>{y});
         }),
         "S = 100");
  expect(
      message_of<DomainError>([&] {
        log_density(Host{}, {1, 4}, Source<float>{x}, 1, Source<float>{x}, 0.0, {nullptr, nullptr, nullptr});
      }),
      "variance = 0");
  expect(
      message_of<DomainError>([&] {
        log_density(Host{}, {1, 4}, Source<float>{x}, 1, Source<float>{x}, 1.0, {nullptr, nullptr, nullptr});
      }),
      "pointer of per_sample");
}

TEST(Operations, RefuseNumbersOutsideTheirDomain) {
  alignas(16) float x[64] = {}, y[64] = {};
  double results[2] = {}, workspace[64] = {};
  const Source<float> in{x};
  const Target<float> out{y};
  const Sums sums{results, results + 1, workspace};
  const auto refused = [](const auto& call) { return message_of<DomainError>(call); };
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  const Chain chain = Chain::from_eta(schedule(), Tau::linspace(1000, 5), 0);
  for (const double bad : {double(INFINITY), -double(INFINITY), double(NAN)}) {
    expect(refused([&] { trajectory(Host{}, chain, bad, 1, {1, 4}, in, Normals{}, out); }), "mean = ");
    expect(refused([&] { log_density(Host{}, {1, 4}, in, bad, in, 1.0, sums); }), "mean_scale = ");
  }
  for (const double bad : {double(INFINITY), -1.0, double(NAN)}) {
    expect(refused([&] { trajectory(Host{}, chain, 0, bad, {1, 4}, in, Normals{}, out); }), "variance = ");
    expect(refused([&] { log_density(Host{}, {1, 4}, in, 1, in, bad, sums); }), "variance = ");
    expect(refused([&] { weighted_noise_error(Host{}, {1, 4}, in, in, bad, nullptr, sums); }), "gamma = ");
  }
  EXPECT_NO_THROW(trajectory(Host{}, chain, 0, 0, {1, 4}, in, Normals{}, out));
  EXPECT_NO_THROW(weighted_noise_error(Host{}, {1, 4}, in, in, 0, nullptr, sums));
  expect(message_of<ShapeError>([&] {
           discrete_step(Host{}, transition(), 0.4, {3, 0}, in, in, out);
         }),
         "dim = 0");
  expect(refused([&] { q_sample(Host{}, schedule().level(0), {1, 4}, in, Normals{}, out); }), "alpha_bar");
}

/// Nothing is looked at where there is nothing; one element is something.
TEST(Operations, PointersAreAskedForWhereThereAreElements) {
  alignas(16) float x[4] = {}, y[4] = {};
  const auto step = [&](Shape shape, const float* in, float* out) {
    return message_of<DomainError>([&] {
      ddim_step(Host{}, transition(), Sigma(0), shape, Source<float>{in}, Source<float>{x}, std::monostate{},
                Target<float>{out});
    });
  };
  for (const Shape& nothing : {Shape{0, 5}, Shape{3, 0}, Shape{0, 0}})
    EXPECT_EQ(step(nothing, nullptr, nullptr), "no error");
  for (const Shape& one : {Shape{1, 1}, Shape{2, 1}, Shape{1, 2}}) {
    EXPECT_EQ(step(one, x, y), "no error");
    EXPECT_NE(step(one, nullptr, y).find("pointer of x_t"), std::string::npos);
    EXPECT_NE(step(one, x, nullptr).find("pointer of x_prev"), std::string::npos);
  }
}

TEST(Operations, PartlyOverlappingMemoryIsRefused) {
  alignas(16) float x[64] = {}, y[64] = {};
  const auto step = [&](Shape shape, Source<float> in, Target<float> out, Target<float> pred = {}) {
    ddim_step(Host{}, transition(), Sigma(0), shape, in, Source<float>{y}, std::monostate{}, out,
              {.pred_x0 = pred});
  };
  EXPECT_NO_THROW(step({1, 16}, {x}, {x}));           // in place
  EXPECT_NO_THROW(step({1, 16}, {x}, {x + 16}));      // beside
  EXPECT_NO_THROW(step({3, 4}, {x, 8}, {x + 4, 8}));  // between the samples
  EXPECT_THROW(step({1, 16}, {x}, {x + 1}), DomainError);
  EXPECT_THROW(step({1, 16}, {x + 4}, {x}), DomainError);
  EXPECT_THROW(step({3, 4}, {x, 8}, {x + 3, 8}), DomainError);
  EXPECT_THROW(step({3, 4}, {x, 8}, {x, 4}), DomainError);
  EXPECT_THROW(step({1, 8}, {x}, {x + 16}, {x + 16}), DomainError);  // two outputs
}

/// Addresses without memory behind them until they are touched.
template <class T>
class Sparse {
 public:
  explicit Sparse(std::size_t n) : bytes_(n * sizeof(T)) {
    void* memory =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("cannot reserve addresses");
    data_ = static_cast<T*>(memory);
  }
  ~Sparse() { munmap(data_, bytes_); }
  Sparse(const Sparse&) = delete;
  T* data() { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

/// The last blocks of a grid only.
struct EmulatedEnd {
  Index blocks = 2;
  template <class Op>
  void operator()(const Op& op) const {
    emulation::launch(
        op.blocks(), kThreads, [&] { kKernel<Op>(op); }, emulation::Order::ascending, 0, op.blocks() - blocks,
        op.blocks());
  }
};

/// The same with an index of 32 bits.
struct OverflowingEnd {
  template <class Op>
  void operator()(const Op& op) const {
    if constexpr (requires { op.pack(Index{}); }) {
      for (Index p = op.packs() - 256; p < op.packs(); ++p) op.pack(static_cast<std::uint32_t>(p * 8) / 8);
    }
  }
};

/// A step of 2^32 + 1029 elements, of which only the last are looked at: how many are not what they should
/// be, counting what was written where a wrapped index would write.
template <class Run>
int wrong_beyond_2_to_31(const Run& run) {
  constexpr Index n = (Index{1} << 32) + 1029;
  Sparse<Float16> x_t(n), output(n), x_prev(n);
  for (Index i = n - 3000; i < n; ++i) {
    x_t.data()[i] = rounded<Float16>(static_cast<double>(i % 97));
    output.data()[i] = rounded<Float16>(static_cast<double>(i % 89));
  }
  const Sigma sigma = sigma_eta(transition(), 0.5);
  const Normals normals{1, 2, 0};
  ddim_step(run, transition(), sigma, {1, n}, Source<Float16>{x_t.data()}, Source<Float16>{output.data()},
            normals, Target<Float16>{x_prev.data()});
  const StepCoefficients c = step_coefficients(transition(), sigma);
  int wrong = 0;
  for (Index i = n - 1029; i < n; ++i) {
    const float mean = std::fmaf(static_cast<float>(c.output), to_real(output.data()[i]),
                                 static_cast<float>(c.x_t) * to_real(x_t.data()[i]));
    const Float16 want = round_to<Float16>(
        std::fmaf(static_cast<float>(c.sigma), NormalStream(normals).element<float>(i), mean));
    wrong += x_prev.data()[i].bits != want.bits ? 1 : 0;
  }
  for (Index i = 0; i < 4096; ++i) wrong += x_prev.data()[i].bits != 0 ? 1 : 0;
  return wrong;
}

TEST(Eq12, ElementsBeyond2To31AreReached) { EXPECT_EQ(wrong_beyond_2_to_31(EmulatedEnd{}), 0); }
TEST(KernelFaults, IndexOverflowPast2To31) { EXPECT_GT(wrong_beyond_2_to_31(OverflowingEnd{}), 1000); }

TEST(Eq12, StridedSamplesBeyond2To31AreReached) {
  constexpr Index samples = 5, dim = 7, stride = (Index{1} << 30) + 1;
  Sparse<float> x_t(samples * stride), x_prev(samples * stride);
  for (Index j = 0; j < samples; ++j)
    for (Index k = 0; k < dim; ++k) x_t.data()[j * stride + k] = static_cast<float>(10 * j + k);
  ddim_step(Emulated{}, transition(), Sigma(0), {samples, dim}, Source<float>{x_t.data(), stride},
            Source<float>{x_t.data(), stride}, std::monostate{}, Target<float>{x_prev.data(), stride});
  const StepCoefficients c = step_coefficients(transition(), Sigma(0));
  for (Index j = 0; j < samples; ++j)
    for (Index k = 0; k < dim; ++k) {
      const auto x = static_cast<float>(10 * j + k);
      ASSERT_EQ(x_prev.data()[j * stride + k],
                std::fmaf(static_cast<float>(c.output), x, static_cast<float>(c.x_t) * x));
    }
}

}  // namespace
}  // namespace ddim::cuda::test
