#include <gtest/gtest.h>

#include "reference/ddim.hpp"
#include "tests/conformance/check.hpp"

namespace ddim::conformance {
namespace {

/// README's C++ sampler: a step of one's own, everything else the reference's.
class Mine : public Implementation {
 public:
  const Identity& identity() const override { return identity_; }
  std::optional<Trouble> configure(const Run& run) override { return reference_->configure(run_ = run); }
  Result<std::vector<int>> timesteps() override { return reference_->timesteps(); }
  Result<std::vector<double>> alphas_cumprod() override { return reference_->alphas_cumprod(); }
  Result<Batch> add_noise(const Batch& x0, const Batch& noise, int t) override {
    return Batch(sqrt_alpha_bar(schedule_of(run_.config).level(t + 1)) * x0 +
                 sqrt_one_minus_alpha_bar(schedule_of(run_.config).level(t + 1)) * noise);
  }
  Result<StepOutput> step(int i, const Batch& x_t, const Batch& output,
                          const std::optional<Batch>& noise) override {
    auto result = reference_->step(i, x_t, output, noise);
    if (!result || error_ == 0) return result;
    StepOutput changed = *result;
    changed.prev_sample(5, 1) *= 1 + error_;
    return changed;
  }
  double error_ = 0;

 private:
  Identity identity_{"mine", "1", "C++", "float64"};
  std::unique_ptr<Implementation> reference_ = open("builtin:reference");
  Run run_;
};

Report judged(Implementation& implementation, int S = 10) {
  const Config config = read_config(DDIM_CONFIGS "/sd15.json");
  CheckOptions options;
  options.locator = "mine";
  options.S = S;
  return check(implementation, config, options);
}

TEST(Implementation, AClassOfOnesOwnIsJudgedInProcess) {
  Mine mine;
  EXPECT_EQ(exit_code(judged(mine)), 0);
}

TEST(Implementation, OneWrongNumberIsFoundWhereItIs) {
  Mine mine;
  mine.error_ = 1e-12;
  const Report report = judged(mine);
  EXPECT_EQ(exit_code(report), 1);
  int failed = 0;
  for (const Row& row : report.rows) {
    if (!row.wrong || !row.title.starts_with("Eq12")) continue;
    ++failed;
    EXPECT_NE(row.wrong->where.find("step 1 of 10, t = 901 -> 801, sample 1, element 5"), std::string::npos)
        << row.wrong->where;
    EXPECT_TRUE(row.causes.empty() || !row.explained) << row.causes[0].name;
  }
  EXPECT_EQ(failed, 3);
}

TEST(Implementation, LocatorsThatNameNothingAreUsageErrors) {
  for (const char* locator : {"", "builtin:", "builtin:fault:", "py:", "exec:", "lib:x.so"}) {
    try {
      open(locator);
      ADD_FAILURE() << locator;
    } catch (const OpenError& error) {
      EXPECT_EQ(error.kind, OpenError::Kind::usage) << locator;
    }
  }
}

TEST(Implementation, WithoutNoiseTheBuiltinsDrawTheirOwn) {
  const auto reference = open("builtin:reference");
  ASSERT_FALSE(reference->configure(
      {read_config(DDIM_CONFIGS "/sd15.json"), 10, Spacing::leading, 1, Dialect::paper}));
  const Batch x = Batch::Ones(4, 2);
  const auto first = reference->step(0, x, x, {}), second = reference->step(0, x, x, {});
  ASSERT_TRUE(first && second);
  EXPECT_GT((first->prev_sample - second->prev_sample).cwiseAbs().minCoeff(), 0);
}

TEST(Implementation, StepsOutsideTheListAreErrorsNotCrashes) {
  const auto reference = open("builtin:reference");
  ASSERT_FALSE(reference->configure(
      {read_config(DDIM_CONFIGS "/sd15.json"), 10, Spacing::leading, 0, Dialect::paper}));
  const Batch x = Batch::Ones(4, 2);
  for (const int i : {-1, 10}) EXPECT_EQ(reference->step(i, x, x, x).trouble().kind, Trouble::Kind::errored);
  EXPECT_EQ(reference->add_noise(x, x, 1000).trouble().kind, Trouble::Kind::errored);
  const auto faulty = open("builtin:fault:tau-one-later");
  ASSERT_FALSE(
      faulty->configure({read_config(DDIM_CONFIGS "/sd15.json"), 10, Spacing::trailing, 0, Dialect::paper}));
  EXPECT_EQ(faulty->step(0, x, x, x).trouble().kind, Trouble::Kind::errored);
}

}  // namespace
}  // namespace ddim::conformance
