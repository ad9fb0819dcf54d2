// What nvcc made of ptx_samples.cu, on every architecture, against the same functions compiled by g++.

#include "tests/emulation/ptx_samples.hpp"

#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/emulation/ptx_check.hpp"

namespace {

using namespace ddim::ptx;

class PtxSamples : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string path = std::string(DDIM_PTX_SAMPLES) + "/ptx_samples.sm_" + GetParam() + ".ptx";
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << "built without nvcc: no " << path;
    std::ostringstream text;
    text << file.rdbuf();
    module_ = Module::parse(text.str());
    EXPECT_EQ(module_.target(), "sm_" + GetParam());
  }

  template <class T>
  void affine(const std::string& kernel, std::size_t n, const std::function<T(std::size_t)>& value) {
    using Real = typename samples::To<T>::Real;
    const samples::Affine<T> f{static_cast<Real>(0.8660254037844386), static_cast<Real>(-0.5)};
    Buffer<T> out(n), x(n), e(n);
    for (std::size_t k = 0; k < n; ++k) x[k] = value(2 * k), e[k] = value(2 * k + 1);
    Memory memory;
    memory.add(x.data, x.bytes());
    memory.add(e.data, e.bytes());
    memory.add(out.data, out.bytes(), Access::write);
    const auto c = module_.kernel(kernel).launch(
        {{3}, {64}}, arguments(out.data, x.data, e.data, static_cast<long long>(n), f), memory);
    EXPECT_EQ(memory.unwritten(out.data), 0u);
    for (std::size_t k = 0; k < n; ++k) {
      const T expected = f(x[k], e[k]);
      if (std::isnan(samples::widen(expected)) && std::isnan(samples::widen(out[k]))) continue;
      ASSERT_EQ(std::memcmp(&out[k], &expected, sizeof(T)), 0)
          << kernel << " at " << k << ": " << samples::widen(out[k]) << " instead of "
          << samples::widen(expected);
    }
    const u64 packs = n * sizeof(T) / 16, tail = n - packs * 16 / sizeof(T);
    EXPECT_EQ(c.bytes_loaded, 2 * n * sizeof(T));
    EXPECT_EQ(c.bytes_stored, n * sizeof(T));
    EXPECT_EQ(c.loads.at(16), 2 * packs);
    EXPECT_EQ(c.stores.at(16), packs);
    EXPECT_EQ(c.loads.contains(sizeof(T)) ? c.loads.at(sizeof(T)) : 0, 2 * tail);
  }

  Module module_;
};

TEST_P(PtxSamples, affine_steps_agree_with_the_host_bit_for_bit) {
  for (const std::size_t n : {8ul, 1003ul, 20021ul}) {
    affine<double>("affine_float64", n, [](std::size_t) {
      return std::bit_cast<double>((random_bits()() & 0x800fffffffffffff) | (1000 + random_bits()() % 60)
                                                                                << 52);
    });
    affine<float>("affine_float32", n, [](std::size_t) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(random_bits()()));
    });
    affine<samples::Half>("affine_float16", n, [](std::size_t) {
      return samples::Half{static_cast<std::uint16_t>(random_bits()())};
    });
    affine<samples::Bfloat>("affine_bfloat16", n, [](std::size_t) {
      return samples::Bfloat{static_cast<std::uint16_t>(random_bits()())};
    });
  }
}

TEST_P(PtxSamples, faults_of_the_caller_are_caught) {
  Buffer<float> out(72), x(72), e(72);
  const auto launch = [&](float* to, const float* from, std::size_t bytes, Access access) {
    Memory memory;
    memory.add(out.data, out.bytes(), access);
    memory.add(x.data, bytes);
    memory.add(e.data, e.bytes());
    module_.kernel("affine_float32")
        .launch({{1}, {32}}, arguments(to, from, e.data, 64ll, samples::Affine<float>{1, 1}), memory);
  };
  EXPECT_NO_THROW(launch(out.data, x.data, x.bytes(), Access::write));
  expect_fault(Fault::misaligned, [&] { launch(out.data, x.data + 1, x.bytes(), Access::write); });
  expect_fault(Fault::misaligned, [&] { launch(out.data + 1, x.data, x.bytes(), Access::write); });
  expect_fault(Fault::out_of_bounds, [&] { launch(out.data, x.data, 63 * 4, Access::write); });
  expect_fault(Fault::read_only, [&] { launch(x.data, x.data, x.bytes(), Access::write); });
  expect_fault(Fault::stale, [&] { launch(out.data, out.data, x.bytes(), Access::read_write); });
}

TEST_P(PtxSamples, reduction_has_the_bits_of_its_tree) {
  const std::size_t n = 5000;
  const unsigned blocks = 3;
  Buffer<double> x(n), partial(blocks);
  for (std::size_t k = 0; k < n; ++k) x[k] = std::ldexp(static_cast<double>(random_bits()()), -60);
  for (const bool barrier : {true, false}) {
    Memory memory;
    memory.add(x.data, x.bytes());
    memory.add(partial.data, partial.bytes(), Access::write);
    const auto run = [&] {
      module_.kernel(barrier ? "sum_of_squares" : "sum_without_barrier")
          .launch({{blocks}, {samples::kBlock}}, arguments(partial.data, x.data, static_cast<long long>(n)),
                  memory);
    };
    if (!barrier) {  // whichever thread comes first
      try {
        run();
        ADD_FAILURE() << "a missing barrier went unnoticed";
      } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::race || error.fault() == Fault::uninitialised) << error.what();
      }
      continue;
    }
    run();
    for (unsigned b = 0; b < blocks; ++b) {
      double lane[samples::kBlock] = {};
      for (std::size_t k = 0; k < n; ++k) {
        if (k / samples::kBlock % blocks == b) lane[k % samples::kBlock] += x[k] * x[k];
      }
      double sum = 0;
      for (int w = 0; w < samples::kBlock; w += 32) {
        for (int d = 16; d > 0; d /= 2) {
          for (int l = 0; l < d; ++l) lane[w + l] += lane[w + l + d];
        }
        sum += lane[w];
      }
      EXPECT_EQ(partial[b], sum);
    }
  }
}

TEST_P(PtxSamples, philox_agrees_with_the_host_and_with_its_authors) {
  const std::size_t n = 50000;
  Buffer<std::uint32_t> out(4 * n);
  Memory memory;
  memory.add(out.data, out.bytes(), Access::write);
  const samples::Philox p{{0xdeadbeef, 7}};
  const u64 offset = 0xfffffff0;
  const auto start = std::chrono::steady_clock::now();
  const auto counters =
      module_.kernel("philox").launch({{static_cast<unsigned>(n / 125)}, {128}},
                                      arguments(out.data, offset, static_cast<long long>(n), p), memory);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("instructions_per_second",
                 std::to_string(static_cast<double>(counters.executed()) / seconds.count()));
  RecordProperty("words_per_second", std::to_string(4.0 * static_cast<double>(n) / seconds.count()));
  for (std::size_t k = 0; k < n; ++k) {
    std::uint32_t c[4] = {static_cast<std::uint32_t>(offset + k),
                          static_cast<std::uint32_t>((offset + k) >> 32), 0, 0};
    p(c);
    ASSERT_EQ(std::memcmp(&out[4 * k], c, 16), 0) << k;
  }
  Memory again;
  again.add(out.data, 16, Access::write);
  module_.kernel("philox").launch({{1}, {1}}, arguments(out.data, u64{0}, 1ll, samples::Philox{{0, 0}}),
                                  again);
  EXPECT_EQ(std::vector(out.data, out.data + 4),
            (std::vector<std::uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
                                        0x9b00dbd8}));  // Random123's kat_vectors
}

INSTANTIATE_TEST_SUITE_P(Ptx, PtxSamples, testing::Values("80", "90", "100", "120"),
                         [](const auto& i) { return "sm_" + i.param; });

}  // namespace
