#include <gtest/gtest.h>

#include <string>

#include "tests/samplers/open.hpp"

namespace ddim::samplers {
namespace {

TEST(BuiltinCuda, SaysWhereItRuns) {
  const Sampler sampler = open("builtin:cuda:float16");
  EXPECT_EQ(sampler.identity.dtype, "float32");
  EXPECT_EQ(sampler.identity.samples(), "float16");
  const std::string& name = sampler.identity.name;
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
  const Sampler sampler = open("builtin:cuda");
  const samplers::Run run = samplers::Run::standard(0.5, 5);
  const Batch x = Batch::Ones(4, 2);
  EXPECT_TRUE(ask(sampler.step, run, 4, x, x, x));
  const auto result = ask(sampler.step, run, 5, x, x, x);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.trouble().why, Status::errored);
}

}  // namespace
}  // namespace ddim::samplers
