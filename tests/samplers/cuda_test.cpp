#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "tests/conformance/implementation.hpp"

namespace ddim::conformance {
namespace {

int exit_code_of_check(const std::string& locator, const std::string& config) {
  const int status = std::system(("'" DDIM_VERIFY "' check " + locator + " --config '" DDIM_CONFIGS "/" +
                                  config + ".json' -S 50 > /dev/null 2>&1")
                                     .c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(BuiltinCuda, ConformsInEveryDtype) {
  for (const std::string dtype : {"float64", "float32", "float16", "bfloat16"}) {
    for (const char* config : {"sd15", "sd21-zsnr", "deepfloyd-if"})
      EXPECT_EQ(exit_code_of_check("builtin:cuda:" + dtype, config), 0) << dtype << " " << config;
  }
}

TEST(BuiltinCuda, SaysWhereItRuns) {
  const auto implementation = open("builtin:cuda:float16");
  EXPECT_EQ(implementation->identity().dtype, "float16");
  const std::string& name = implementation->identity().name;
  EXPECT_TRUE(name == "cuda on a card" || name.starts_with("cuda on the host (")) << name;
}

TEST(BuiltinCuda, UnknownDtypeIsAUsageError) {
  try {
    open("builtin:cuda:float8");
    ADD_FAILURE() << "opened";
  } catch (const OpenError& error) {
    EXPECT_EQ(error.kind, OpenError::Kind::usage);
    EXPECT_NE(std::string(error.what()).find("float8"), std::string::npos);
  }
}

TEST(BuiltinCuda, RefusesAStepOutsideItsList) {
  const auto implementation = open("builtin:cuda");
  conformance::Run run;
  run.S = 5;
  ASSERT_FALSE(implementation->configure(run));
  const Batch x = Batch::Ones(4, 2);
  EXPECT_TRUE(implementation->step(4, x, x, x));
  const auto result = implementation->step(5, x, x, x);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.trouble().kind, Trouble::Kind::errored);
}

}  // namespace
}  // namespace ddim::conformance
