// Arithmetic that is not what the bounds are proved for is an error, in every function that computes.

#include "reference/environment.hpp"

#include <cfenv>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "reference/ddim.hpp"
#include "tests/reference/checks.hpp"

namespace ddim {
namespace {

/// Puts the whole environment back, flushing of subnormals included.
class Kept {
 public:
  Kept() { std::fegetenv(&environment_); }
  ~Kept() { std::fesetenv(&environment_); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

 private:
  std::fenv_t environment_;
};

#if defined(__SSE2__)
constexpr std::uint64_t kFlushResults = 0x8000, kFlushInputs = 0x40;
void flush(std::uint64_t bits) {
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | static_cast<unsigned>(bits));
}
#elif defined(__aarch64__)
constexpr std::uint64_t kFlushResults = 1u << 24, kFlushInputs = kFlushResults;
void flush(std::uint64_t bits) {
  std::uint64_t fpcr;
  asm volatile("mrs %0, fpcr" : "=r"(fpcr));
  asm volatile("msr fpcr, %0" : : "r"(fpcr | bits));
}
#endif

using Call = std::function<void()>;

/// Each function that computes, once: the scalars, the batches, what takes a model, what has loops of its own.
std::map<std::string, Call> calls() {
  static const Batch x = spread(1, 3, 4);
  static const Transition step = linear_1000().transition(500, 480);
  static const Chain chain = [] {
    Chain made = Chain::from_eta(linear_1000(), Tau::linspace(1000, 3), 0.5);
    made.sigma[0] = 0.05;
    return made;
  }();
  static const Path path = spread_path(2, 3, 3, 4);
  static const Batch p = Batch::Constant(4, 2, 0.25);
  static const EpsModel gaussian = gaussian_eps(Eigen::Vector3d(1, 2, 3), 0.5),
                        mixture =
                            mixture_eps(Eigen::Vector2d(0.5, 0.5), spread(3, 3, 2), Eigen::Vector2d(1, 1));
  return {{"linear", [] { Schedule::linear(3, 0.1, 0.2); }},
          {"sqrt_alpha_bar", [] { sqrt_alpha_bar(step.current); }},
          {"sigma", [] { Sigma(0.25); }},
          {"sigma_eta", [] { sigma_eta(step, 0.5); }},
          {"step_coefficients", [] { step_coefficients(step, 0.1); }},
          {"discrete_weights", [] { discrete_weights(step, 0.1); }},
          {"gamma_weights", [] { gamma_weights(chain); }},
          {"combine",
           [] {
             combine({1, "x", x}, {2, "y", x});
           }},
          {"require_finite", [] { require_finite("x", x); }},
          {"q_sample", [] { q_sample(step.current, x, x); }},
          {"log_density",
           [] {
             log_density({x, 0.5}, x);
           }},
          {"kl_divergence",
           [] {
             kl_divergence({x, 0.5}, {x, 0.25});
           }},
          {"q_log_density", [] { q_log_density(chain, path, x); }},
          {"clip", [] { clip(x, 1); }},
          {"dynamic_threshold", [] { dynamic_threshold(x, 0.5, 2); }},
          {"predict_x0", [] { predict_x0(step.current, Prediction::x0, x, x); }},
          {"gaussian_eps", [] { gaussian(step.current, x); }},
          {"mixture_eps", [] { mixture(step.current, x); }},
          {"p_sample", [] { p_sample(chain, gaussian, x, path); }},
          {"encode", [] { encode(chain, gaussian, x); }},
          {"generative_law", [] { generative_law(chain, Eigen::Vector3d(1, 2, 3), 0.5); }},
          {"discrete_marginal", [] { discrete_marginal(step.current, p); }},
          {"discrete_sample", [] { discrete_sample(p, Eigen::Vector2d(0.1, 0.9)); }}};
}

/// What each call says while the environment is changed; "" where it says nothing.
std::map<std::string, std::string> said(const std::map<std::string, Call>& functions, const Call& change) {
  std::map<std::string, std::string> errors;
  for (const auto& [name, call] : functions) {
    std::string what;
    {
      const Kept kept;
      change();
      try {
        call();
      } catch (const DomainError& error) {
        what = error.what();
      }
    }
    errors[name] = what;
  }
  return errors;
}

void expect_said(const Call& change, const std::string& what) {
  for (const auto& [name, error] : said(calls(), change)) EXPECT_EQ(error, what) << name;
}

TEST(Environment, RoundingOtherThanToNearestIsAnError) {
  for (const auto& one :
       {std::pair{FE_UPWARD, "upward"}, {FE_DOWNWARD, "downward"}, {FE_TOWARDZERO, "toward zero"}}) {
    const int mode = one.first;
    expect_said([&] { std::fesetround(mode); },
                "rounding mode = " + std::string(one.second) +
                    " is outside to nearest (what every error bound presupposes)");
  }
}

TEST(Environment, SubnormalsFlushedToZeroAreAnError) {
#if defined(__SSE2__) || defined(__aarch64__)
  for (const std::uint64_t bits : {kFlushResults, kFlushInputs}) {
    expect_said([&] { flush(bits); },
                "treatment of subnormal numbers = flushed to zero is outside kept (a program linked with "
                "-ffast-math flushes them)");
  }
#else
  GTEST_SKIP() << "NOT RUN: no way to flush subnormals on this processor is known here";
#endif
}

TEST(Environment, AsItStartsNothingIsSaid) {
  expect_said([] {}, "");
  // What would be lost: a subnormal sample, the last bit of a bound.
  const Batch tiny = Batch::Constant(1, 1, 1e-310);
  EXPECT_EQ(q_sample(NoiseLevel::from_alpha_bar(1), tiny, tiny)(0, 0), 1e-310);
}

/// Threads begun while rounding is wrong would keep it.
TEST(Environment, HelpersAreNotBegunInAWrongOne) {
  const Batch x = spread(1, 64, 4096);
  {
    const Kept kept;
    std::fesetround(FE_UPWARD);
    EXPECT_THROW(combine({1, "x", x}, {2, "y", x}, {5}), DomainError);
  }
  EXPECT_EQ(combine({1, "x", x}, {0.1, "y", x}, {5}), combine({1, "x", x}, {0.1, "y", x}));
}

}  // namespace
}  // namespace ddim
