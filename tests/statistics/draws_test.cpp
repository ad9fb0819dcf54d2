#include "tests/samplers/draws.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/statistics/claims.hpp"
#include "tests/statistics/same_batch.hpp"

namespace ddim::statistics {
namespace {

// The three vectors that Random123 publishes for Philox4x32-10, by names whose hashes stand in their counters.
TEST(Philox, KnownAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ((Draws(0, static_cast<Stream>(0), "b0ccrhg").words(0, 0)),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(
      (Draws(0xffffffff, static_cast<Stream>(0xffffffff), "t5fayv1").words(~std::uint64_t{0}, 0xffffffff)),
      (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      (Draws(0xa4093822, static_cast<Stream>(0x299f31d0), "avlbhz8").words(0x85a308d3243f6a88, 0x03707344)),
      (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformsUse53Bits) {
  bool low_bit = false, high = false;
  for (std::uint64_t sample = 0; sample < 10000; ++sample) {
    for (const double u : Draws(1, Stream::design, "bits").uniforms(sample, 0)) {
      ASSERT_TRUE(u >= 0 && u < 1);
      const double scaled = std::ldexp(u, 53);
      ASSERT_EQ(scaled, std::floor(scaled));
      low_bit = low_bit || std::fmod(scaled, 2) == 1;
      high = high || u > 0.999;
    }
  }
  EXPECT_TRUE(low_bit && high);
}

TEST(Philox, BatchesDoNotDependOnTheirCuts) {
  const Draws draws(7, Stream::noise, "cuts");
  const Batch whole = draws.normal_batch(3, 10, 100, 4);
  EXPECT_TRUE(same_batch(whole.leftCols(4), draws.normal_batch(3, 4, 100, 4)));
  EXPECT_TRUE(same_batch(whole.rightCols(6), draws.normal_batch(3, 6, 104, 4)));
}

TEST(Philox, StreamsNamesBlocksAndSamplesDiffer) {
  std::set<double> seen;
  for (const std::uint32_t seed : {1u, 2u}) {
    for (const Stream stream : {Stream::design, Stream::noise, Stream::judge}) {
      for (const char* name : {"one", "other"}) {
        for (const std::uint32_t block : {0u, 1u}) {
          for (const std::uint64_t sample : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
            seen.insert(Draws(seed, stream, name).uniforms(sample, block)[0]);
          }
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 2u * 3 * 2 * 2 * 3);
}

// A collision would give two claims the same draws; every key a claim makes of its id counts.
TEST(Philox, IdsOfAllClaimsHashApart) {
  std::set<std::uint32_t> seen;
  std::size_t ids = 0;
  const auto add = [&](const std::string& id) {
    ++ids;
    seen.insert(Draws::hash(id));
  };
  for (const Claim& claim : claims(samplers::Run::standard())) {
    add(claim.id);
    if (claim.id != "Eq16.scale") continue;
    for (const char* eta : {"0.25", "0.75", "1"}) add(claim.id + "/eta=" + eta);
  }
  EXPECT_GE(ids, 30u);
  EXPECT_EQ(seen.size(), ids);
}

}  // namespace
}  // namespace ddim::statistics
