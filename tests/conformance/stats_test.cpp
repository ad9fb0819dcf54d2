#include "tests/conformance/stats.hpp"

#include <gtest/gtest.h>

#include "tests/conformance/faults.hpp"

namespace ddim::conformance {
namespace {

samplers::Run paper_run() {
  samplers::Run run;
  run.config.clip_sample = false;
  run.S = 6;
  run.spacing = Spacing::trailing;
  run.eta = 0.5;
  return run;
}

statistics::Report judged(const std::string& locator, const samplers::Run& run, bool own_noise,
                          std::vector<std::string> only = {}) {
  const auto implementation = open(locator);
  statistics::Options options;
  options.only = std::move(only);
  return judge(subject_of(*implementation, run, own_noise), setting_of(run), options);
}

TEST(Stats, ReferencePassesWithItsOwnNoiseAndWithOurs) {
  for (const bool own_noise : {false, true}) {
    const statistics::Report report = judged("builtin:reference", paper_run(), own_noise);
    EXPECT_EQ(report.status(), statistics::Status::pass) << text(report);
  }
}

TEST(Stats, SettingIsTheRunsOwn) {
  auto run = paper_run();
  run.config.set_alpha_to_one = false;
  run.dialect = Dialect::diffusers;
  EXPECT_EQ(setting_of(run).steps.front().second, 1);
  run.dialect = Dialect::paper;
  EXPECT_EQ(setting_of(run).steps.front().second, 0);
  run.config.clip_sample = true;
  ASSERT_TRUE(setting_of(run).restrict_x0);
  EXPECT_EQ(setting_of(run).restrict_x0(Batch::Constant(1, 1, 3.0))(0, 0), 1);
  run.S = 1001;
  EXPECT_THROW(setting_of(run), DomainError);
}

TEST(Stats, NamesTheMistakeOfTheBank) {
  const auto detail = [&](const std::string& name) {
    const statistics::Report report = judged("builtin:fault:" + name, paper_run(), true, {"Eq12.path"});
    EXPECT_EQ(report.status(), statistics::Status::fail) << name;
    return report.verdicts.at(0).detail;
  };
  EXPECT_NE(detail("noise-by-variance").find("looks like sigma^2"), std::string::npos);
  EXPECT_NE(detail("direction-without-sigma").find("without sigma"), std::string::npos);
  EXPECT_NE(detail("noise-eta-twice").find("eta is applied twice"), std::string::npos);
  EXPECT_NE(detail("noise-left-out").find("zero: the noise is absent"), std::string::npos);
  EXPECT_NE(detail("eta-ignored").find("absent, and the direction"), std::string::npos);
}

TEST(Stats, TimesOfTheBankAreCompared) {
  auto run = paper_run();
  run.S = 61;
  EXPECT_EQ(judged("builtin:fault:tau-extra-entry", run, false, {"Contract.times"}).status(),
            statistics::Status::fail);
}

}  // namespace
}  // namespace ddim::conformance
