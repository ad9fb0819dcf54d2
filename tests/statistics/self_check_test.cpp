#include "tests/statistics/self_check.hpp"

#include <gtest/gtest.h>

namespace ddim::statistics {
namespace {

TEST(SuiteFaults, SoundInstrumentsPassTheSelfCheckAndEveryFaultFailsIt) {
  EXPECT_EQ(self_check(Instruments::sound()), std::vector<std::string>{});
  for (const SuiteFault& fault : suite_faults()) {
    Instruments instruments = Instruments::sound();
    fault.apply(instruments);
    EXPECT_FALSE(self_check(instruments).empty()) << fault.name;
  }
}

}  // namespace
}  // namespace ddim::statistics
