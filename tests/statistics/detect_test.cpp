#include "tests/statistics/detect.hpp"

#include <gtest/gtest.h>

#include "tests/faults/fault.hpp"
#include "tests/statistics/claims.hpp"
#include "tests/statistics/sampling.hpp"

namespace ddim::statistics {
namespace {

Detection detected(const Sampler& sampler, const std::string& id, double most) {
  const samplers::Run run = samplers::Run::standard();
  const Instruments instruments = Instruments::sound();
  return detect(find_claim(claims(run), id), {sampler, run, instruments, 1}, 1e-9, most);
}
Sampler known(const std::string& name) { return faults::sampler_of(*faults::find(name)); }

// One claim of each kind: the known-wrong is found, and the reference is not.
TEST(Detect, FindsOneOfEveryKind) {
  struct Case {
    std::string claim, fault, by;
    double soon;
  };
  for (const Case& c : {Case{"Eq12.amplified", "noise-two-widths", "shape", 4e3},
                        Case{"AppendixA.joint", "discrete-s-ignored", "counts", 2e3},
                        Case{"Eq6.joint", "path-half-sigma", "vectors", 2e3},
                        Case{"Eq11.loss", "loss-by-mean", "p-value", 1e4},
                        Case{"Theorem1.constant", "gamma-as-printed", "exact", 1e3}}) {
    const Detection found = detected(known(c.fault), c.claim, 1e4);
    EXPECT_TRUE(found.killed) << c.claim;
    EXPECT_EQ(found.by, c.by);
    EXPECT_LE(found.n, c.soon) << c.claim;
    EXPECT_GT(found.n, 0);
    EXPECT_FALSE(detected(samplers::reference(), c.claim, 1e4).killed) << c.claim;
  }
}

TEST(Detect, StopsAtTheMost) {
  const Detection found = detected(samplers::reference(), "Eq12.path", 1000);
  EXPECT_FALSE(found.killed);
  EXPECT_GE(found.n, 1000);
  EXPECT_LE(found.n, 1030);
}

// At every n up to 50, within a block as well.
TEST(Detect, GrossMistakesAreFoundAtOnce) {
  EXPECT_LE(detected(known("noise-left-out"), "Eq12.path", 1e4).n, 10);
  Sampler throws = samplers::reference();
  throws.step = [](const samplers::Run&, int, const Batch&, const Batch&,
                   const Batch&) -> samplers::Result<samplers::StepOutput> {
    throw DomainError("a", "b", "c");
  };
  EXPECT_EQ(detected(throws, "Eq12.path", 1e4).n, 1);
  throws.step = {};
  throws.own_step = {};
  EXPECT_FALSE(detected(throws, "Eq12.path", 1e4).killed);
}

TEST(Detect, BlocksGrowWithWhatIsDone) {
  EXPECT_EQ(detection_block(0), 1);
  EXPECT_EQ(detection_block(3200), 100);
  EXPECT_EQ(detection_block(1'000'000'000), 256);
}

// A claim whose cells are all let out gives nothing, and ends all the same.
TEST(Detect, AClaimWithoutResidualsEnds) {
  const samplers::Run run = samplers::Run::standard();
  const Instruments instruments = Instruments::sound();
  const Sampler sampler = samplers::reference();
  const Context context{sampler, run, instruments, 1};
  int samples = 0;
  const Claim claim{.id = "None.none",
                    .statement = "",
                    .weight = 1,
                    .check = Residuals{1,
                                       {"1"},
                                       [&](const Context&, std::uint64_t, Eigen::Index count, Recorder&) {
                                         samples += static_cast<int>(count);
                                       }},
                    .obstacle = {}};
  EXPECT_FALSE(detect(claim, context, 1e-9, 1e4).killed);
  const auto sampling = Sampling::of(claim, context, 1e-9);
  Watch watch(200, [](double n) { return n; });
  EXPECT_THROW(sample(*sampling, {.share = 0.5, .largest = 512, .first_p = 1, .within_blocks = false}, watch),
               NotSupplied);
  EXPECT_LE(samples, 4 * 1024);
}

}  // namespace
}  // namespace ddim::statistics
