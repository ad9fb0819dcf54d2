#include "tests/power/self_check.hpp"

#include <gtest/gtest.h>

namespace ddim::power {
namespace {

TEST(SuiteFaults, SoundInstrumentsPassTheSelfCheckAndEveryFaultFailsIt) {
  EXPECT_EQ(self_check(statistics::Instruments::sound()), std::vector<std::string>{});
  for (const SuiteFault& fault : suite_faults()) {
    statistics::Instruments instruments = statistics::Instruments::sound();
    fault.apply(instruments);
    EXPECT_FALSE(self_check(instruments).empty()) << fault.name;
  }
}

}  // namespace
}  // namespace ddim::power
