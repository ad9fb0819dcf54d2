// The C ABI gives what the C++ API gives, bit for bit, and turns every error into a code and a word.

#include "cuda/c_api.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cuda/operations.hpp"

namespace ddim::cuda {
namespace {

ddim_config config(std::int32_t steps, double eta) {
  ddim_config c{};
  c.num_train_timesteps = 1000;
  c.beta_start = 1e-4;
  c.beta_end = 0.02;
  c.steps = steps;
  c.eta = eta;
  c.set_alpha_to_one = 1;
  c.rederive_eps = 1;
  return c;
}

struct Opened {
  ddim_sampler* sampler = nullptr;
  explicit Opened(const ddim_config& c) { EXPECT_EQ(ddim_open(&c, &sampler), DDIM_OK) << ddim_message(); }
  ~Opened() { ddim_close(sampler); }
};

constexpr ddim_layout kLayout{3, 5, DDIM_FLOAT32, DDIM_HOST, nullptr};
ddim_array array(std::vector<float>& values) { return {values.data(), DDIM_CONTIGUOUS}; }

TEST(CApi, StepIsTheOperations) {
  std::vector<float> x_t(15), output(15), noise(15), x_prev(15), pred_x0(15), want(15), want_x0(15);
  for (std::size_t i = 0; i < 15; ++i)
    x_t[i] = 0.3f * static_cast<float>(i) - 2, output[i] = 1 - 0.2f * static_cast<float>(i), noise[i] = 0.5f;
  const Schedule schedule = Schedule::linear(1000, 1e-4, 0.02);
  for (const bool clip : {false, true}) {
    for (const bool drawn : {false, true}) {
      ddim_config c = config(50, 0.7);
      c.clip_sample = clip;
      c.clip_sample_range = 1;
      const Opened opened(c);
      ddim_noise n{};
      if (drawn)
        n = {{}, 7, 8, 12};
      else
        n.given = array(noise);
      ASSERT_EQ(ddim_step(opened.sampler, 49, &kLayout, array(x_t), array(output), &n, array(x_prev),
                          array(pred_x0)),
                DDIM_OK)
          << ddim_message();
      StepOptions<float> options;
      if (clip) options.clip_range = 1;
      options.pred_x0 = {want_x0.data()};
      const Transition step = schedule.transition(1, 0);
      NoiseFor<float> source = Normals{7, 8, 12};
      if (!drawn) source = Source<float>{noise.data()};
      cuda::ddim_step(Host{}, step, sigma_eta(step, 0.7), {3, 5}, Source<float>{x_t.data()},
                      Source<float>{output.data()}, source, Target<float>{want.data()}, options);
      EXPECT_EQ(x_prev, want);
      EXPECT_EQ(pred_x0, want_x0);
    }
  }
}

TEST(CApi, TablesAndNoiseAreTheSchedules) {
  const Opened opened(config(4, 0));
  const Schedule schedule = Schedule::linear(1000, 1e-4, 0.02);
  std::vector<double> table(1000);
  ASSERT_EQ(ddim_alphas_cumprod(opened.sampler, table.data(), 1000), DDIM_OK);
  for (int t = 1; t <= 1000; ++t) EXPECT_EQ(table[static_cast<std::size_t>(t - 1)], schedule.alpha_bar(t));
  std::vector<std::int64_t> timesteps(4);
  ASSERT_EQ(ddim_timesteps(opened.sampler, timesteps.data(), 4), DDIM_OK);
  EXPECT_EQ(timesteps, (std::vector<std::int64_t>{750, 500, 250, 0}));
  std::vector<float> x0(15, 0.5f), x_t(15), want(15);
  const ddim_noise drawn{{}, 1, 2, 0};
  ASSERT_EQ(ddim_add_noise(opened.sampler, 500, &kLayout, array(x0), &drawn, array(x_t)), DDIM_OK);
  q_sample(Host{}, schedule.level(501), {3, 5}, Source<float>{x0.data()}, Normals{1, 2, 0},
           Target<float>{want.data()});
  EXPECT_EQ(x_t, want);
}

TEST(CApi, ErrorsAreCodesWithAWord) {
  const Opened opened(config(4, 0.5));
  std::vector<float> x(15), y(15, 7);
  const auto expect = [&](std::int32_t got, std::int32_t code, const char* part) {
    EXPECT_EQ(got, code);
    EXPECT_NE(std::string(ddim_message()).find(part), std::string::npos) << ddim_message();
    EXPECT_EQ(y, std::vector<float>(15, 7));
  };
  const ddim_noise drawn{{}, 1, 2, 0};
  const auto step = [&](const ddim_layout& layout, std::int64_t i, const ddim_noise* noise, ddim_array from) {
    return ddim_step(opened.sampler, i, &layout, from, array(x), noise, array(y), {});
  };
  expect(step(kLayout, 0, nullptr, array(x)), DDIM_DOMAIN, "takes noise");
  expect(step(kLayout, 4, &drawn, array(x)), DDIM_DOMAIN, "0 <= i < 4");
  expect(step(kLayout, 0, &drawn, {nullptr, 5}), DDIM_DOMAIN, "pointer of x_t");
  expect(step(kLayout, 0, &drawn, {x.data(), -3}), DDIM_SHAPE, "stride of x_t");
  expect(step({-1, 5, DDIM_FLOAT32, DDIM_HOST, nullptr}, 0, &drawn, array(x)), DDIM_SHAPE, "samples");
  expect(step({3, 5, 9, DDIM_HOST, nullptr}, 0, &drawn, array(x)), DDIM_DOMAIN, "dtype");
  expect(step({3, 5, DDIM_FLOAT32, 9, nullptr}, 0, &drawn, array(x)), DDIM_DOMAIN, "device");
  expect(ddim_timesteps(opened.sampler, nullptr, 4), DDIM_DOMAIN, "timesteps");
  expect(ddim_alphas_cumprod(nullptr, nullptr, 4), DDIM_DOMAIN, "sampler");
  double one = 0;
  expect(ddim_alphas_cumprod(opened.sampler, &one, 1), DDIM_SHAPE, "T = 1000");
  ddim_sampler* none = nullptr;
  ddim_config wrong = config(4, -1);
  expect(ddim_open(&wrong, &none), DDIM_DOMAIN, "eta");
  wrong = config(2000, 0);
  expect(ddim_open(&wrong, &none), DDIM_DOMAIN, "S");
  wrong = config(4, 0), wrong.beta_schedule = DDIM_TRAINED_BETAS;
  expect(ddim_open(&wrong, &none), DDIM_DOMAIN, "trained_betas");
  EXPECT_EQ(none, nullptr);
  ddim_close(nullptr);
  EXPECT_EQ(ddim_abi(), DDIM_ABI);
#ifndef DDIM_CUDA_DEVICE
  expect(step({3, 5, DDIM_FLOAT32, DDIM_CUDA, nullptr}, 0, &drawn, array(x)), DDIM_DEVICE, "without nvcc");
#endif
}

}  // namespace
}  // namespace ddim::cuda
