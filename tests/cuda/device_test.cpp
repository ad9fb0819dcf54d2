// Driver D: the same table on a card, where there is one; otherwise skipped, saying why. And what the library
// does where there is none.

#include "cuda/device.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/cases.hpp"

namespace ddim::cuda::test {
namespace {

/// "" where a card can be used.
std::string why_no_card() {
  try {
    device_count();
    return "";
  } catch (const DeviceError& error) {
    return error.what();
  }
}

class DeviceMemory : public HostMemory {
 public:
  void put(Buffer& buffer) override {
    buffer.place = static_cast<std::byte*>(allocate_on_device(buffer.before.size()));
    copy_to_device(buffer.place, buffer.before.data(), buffer.before.size());
  }
  void take(Buffer& buffer) override {
    synchronize();
    buffer.after.resize(buffer.before.size());
    copy_from_device(buffer.after.data(), buffer.place, buffer.after.size());
    free_on_device(buffer.place);
    buffer.place = nullptr;
  }
};

#define DDIM_DEVICE_TEST(TAG)                                                                              \
  TEST(TAG, DeviceEqualsHost) {                                                                            \
    if (const std::string why = why_no_card(); !why.empty()) GTEST_SKIP() << "not run on a card: " << why; \
    DeviceMemory memory;                                                                                   \
    EXPECT_GT(compare_with_host(                                                                           \
                  #TAG, Device{}, memory,                                                                  \
                  [](const std::string& name, const std::string& what) { EXPECT_EQ(what, "") << name; }),  \
              0);                                                                                          \
  }
DDIM_CUDA_TAGS(DDIM_DEVICE_TEST)

TEST(NoDriver, EveryCallIsATypedError) {
  if (why_no_card().empty()) GTEST_SKIP() << "there is a card here";
  const auto code = [](const auto& call) {
    try {
      call();
    } catch (const DeviceError& error) {
      EXPECT_NE(std::string(error.what()).find("CUDA error"), std::string::npos) << error.what();
      return error.code();
    }
    return 0;
  };
  // 35: no driver or one too old; 100: a driver without a card. Whichever it is, every call says the same.
  const int first = code([] { device_count(); });
  EXPECT_TRUE(first == 35 || first == 100) << first;
  EXPECT_EQ(code([] { allocate_on_device(16); }), first);
  EXPECT_EQ(code([] { describe_device(); }), first);
  EXPECT_EQ(code([] { synchronize(); }), first);
  EXPECT_EQ(code([] {
              std::vector<float> x(8), y(8);
              q_sample(Device{}, schedule().level(5), {1, 8}, Source<float>{x.data()}, Normals{},
                       Target<float>{y.data()});
            }),
            first);
  free_on_device(nullptr);
}

TEST(NoDriver, NothingToDoNeedsNoCard) {
  EXPECT_NO_THROW(
      q_sample(Device{}, schedule().level(5), {0, 8}, Source<float>{}, Normals{}, Target<float>{}));
}

TEST(NoDriver, DomainIsCheckedBeforeTheCardIs) {
  std::vector<float> x(8), y(8);
  EXPECT_THROW(ddim_step(Device{}, transition(), Sigma(1.1), {1, 8}, Source<float>{x.data()},
                         Source<float>{x.data()}, Normals{}, Target<float>{y.data()}),
               DomainError);
}

}  // namespace
}  // namespace ddim::cuda::test
