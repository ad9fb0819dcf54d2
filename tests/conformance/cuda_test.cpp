#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

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

}  // namespace
