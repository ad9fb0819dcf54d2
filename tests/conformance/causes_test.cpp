#include "tests/conformance/causes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/conformance/check.hpp"
#include "tests/faults/fault.hpp"

namespace ddim::conformance {
namespace {

CheckReport standard_check(const std::string& locator, const std::string& config_name,
                           const samplers::Dialect& dialect) {
  const Config config = samplers::read_config(DDIM_CONFIGS "/" + config_name + ".json");
  CheckOptions options;
  options.locator = locator;
  options.config_path = config_name + ".json";
  options.dialect = dialect;
  return check(faults::open(locator), config, options);
}

/// Every fault of the tag that a check can see fails on the standard cases, and the first failure names it and
/// nothing else first.
void expect_named(const std::string& equation) {
  int tried = 0;
  for (const faults::Fault& fault : faults::faults()) {
    if (fault.equation != equation || !unseen_by_check(fault).empty()) continue;
    SCOPED_TRACE(fault.name);
    ++tried;
    const std::string config = fault.where.config.empty() ? "sd15" : fault.where.config;
    const CheckReport report =
        standard_check("builtin:fault:" + fault.name, config, samplers::dialect(fault.where.dialect));
    EXPECT_EQ(exit_code(report), kFailures);
    const auto failed = std::find_if(report.rows.begin(), report.rows.end(),
                                     [](const Row& row) { return row.status == Status::fail; });
    ASSERT_NE(failed, report.rows.end());
    ASSERT_FALSE(failed->causes.empty()) << failed->title;
    EXPECT_EQ(failed->causes.front().name, fault.name) << failed->title;
    EXPECT_EQ(failed->causes.front().says, fault.says);
    EXPECT_TRUE(failed->explained) << failed->title;
    EXPECT_NE(failed->reproduce.find("builtin:fault:" + fault.name), std::string::npos);
  }
  EXPECT_GT(tried, 0);
}

TEST(Schedule, KnownWrongReferencesAreNamed) { expect_named("Schedule"); }
TEST(Tau, KnownWrongReferencesAreNamed) { expect_named("Tau"); }
TEST(Eq9, KnownWrongReferencesAreNamed) { expect_named("Eq9"); }
TEST(Eq10, KnownWrongReferencesAreNamed) { expect_named("Eq10"); }
TEST(Eq12, KnownWrongReferencesAreNamed) { expect_named("Eq12"); }
TEST(Eq16, KnownWrongReferencesAreNamed) { expect_named("Eq16"); }
TEST(Lemma1, KnownWrongReferencesAreNamed) { expect_named("Lemma1"); }

TEST(Faults, EveryTagHasATest) {
  const std::set<std::string> tested = {"Schedule", "Tau", "Eq9", "Eq10", "Eq12", "Eq16", "Lemma1"};
  std::set<std::string> names;
  for (const faults::Fault& fault : faults::faults()) {
    if (!unseen_by_check(fault).empty()) continue;
    EXPECT_TRUE(tested.contains(fault.equation)) << fault.name;
    names.insert(fault.name);
  }
  EXPECT_GE(names.size(), 60u);
}

TEST(Faults, ANumberWithoutAnExpectationIsNeverAPass) {
  // alpha_bar[0] = 1 leaves Eq16 0/0 at t = 0; the other 999 sigmas are judged and right.
  const Config config = samplers::read_config(DDIM_CONFIGS "/ddpm-cifar10.json");
  CheckOptions options;
  options.S = 1000;
  options.spacing = &samplers::leading;
  options.eta = 1;
  const CheckReport report = check(faults::open("builtin:fault:schedule-shifted"), config, options);
  const auto sigma = std::find_if(report.rows.begin(), report.rows.end(),
                                  [](const Row& row) { return row.title.starts_with("Eq16 sigma"); });
  ASSERT_NE(sigma, report.rows.end());
  EXPECT_EQ(sigma->status, Status::inconclusive);
  EXPECT_EQ(sigma->compared, 999);
  EXPECT_NE(sigma->message.find("1 number has no finite expectation"), std::string::npos) << sigma->message;
}

TEST(Faults, TheReferencePassesInBothDialectsOnEveryConfiguration) {
  for (const char* config :
       {"sd15", "sd21", "sdxl", "ddpm-cifar10", "deepfloyd-if", "karlo-prior", "sd21-zsnr"}) {
    for (const samplers::Dialect& dialect : samplers::dialects()) {
      SCOPED_TRACE(std::string(config) + " " + dialect.name);
      const CheckReport report = standard_check("builtin:reference", config, dialect);
      EXPECT_EQ(exit_code(report), 0);
      for (const Row& row : report.rows) {
        EXPECT_EQ(row.status, Status::pass) << row.title << ": " << row.message;
        // Every number that the definition gives was compared; a bound that swallowed its row would show.
        EXPECT_GT(row.compared, 0) << row.title;
      }
    }
  }
}

}  // namespace
}  // namespace ddim::conformance
