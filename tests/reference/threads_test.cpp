// On any number of threads every batch function gives the same bits and the same errors; and more than one thread is at
// work.

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "reference/ddim.hpp"
#include "tests/reference/checks.hpp"

namespace ddim {
namespace {

constexpr Eigen::Index kDim = 37, kSamples = 1601;  // several blocks, none of them whole

struct Inputs {
  Transition step = linear_1000().transition(500, 480);
  Sigma sigma = sigma_eta(step, 0.5);
  Chain chain = Chain::from_eta(linear_1000(), Tau::linspace(1000, 4), 0.5);
  Batch x = spread(1, kDim, kSamples), y = spread(2, kDim, kSamples), z = spread(3, kDim, kSamples);
  Batch p = (y.cwiseAbs().array().rowwise() / y.cwiseAbs().colwise().sum().array()).matrix();
  Path noise = spread_path(4, 4, kDim, kSamples), path = q_sample_path(chain, x, noise);
  EpsModel by_columns = gaussian_eps(spread(5, kDim, 1), 0.5);
  EpsModel of_batch = [](const NoiseLevel&, const BatchRef& at) { return Batch(at.array().sin()); };
  Inputs() { chain.sigma[0] = 0.05; }
};

/// Every batch function once, what it returns as one batch.
std::map<std::string, std::function<Batch(Threads)>> functions(const Inputs& i) {
  return {
      {"log_density",
       [&](Threads t) {
         return log_density({i.y, 0.5}, i.x, t);
       }},
      {"q_marginal", [&](Threads t) { return q_marginal(i.step.current, i.x, t).mean; }},
      {"q_sample", [&](Threads t) { return q_sample(i.step.current, i.x, i.y, t); }},
      {"q_posterior", [&](Threads t) { return q_posterior(i.step, i.sigma, i.x, i.y, t).mean; }},
      {"forward_step", [&](Threads t) { return forward_step(i.step, i.sigma, i.x, i.y, t).mean; }},
      {"by_bayes",
       [&](Threads t) { return forward_log_density_by_bayes(i.step, i.sigma, i.x, i.y, i.z, t); }},
      {"q_log_density", [&](Threads t) { return q_log_density(i.chain, i.path, i.x, t); }},
      {"q_sample_path", [&](Threads t) { return q_sample_path(i.chain, i.x, i.noise, t)[0]; }},
      {"q_sample_path_forward",
       [&](Threads t) { return q_sample_path_forward(i.chain, i.x, i.noise, t)[3]; }},
      {"predict_x0", [&](Threads t) { return predict_x0(i.step.current, i.x, i.y, t); }},
      {"predict_eps", [&](Threads t) { return predict_eps(i.step.current, Prediction::v, i.x, i.y, t); }},
      {"predict_v", [&](Threads t) { return predict_v(i.step.current, i.x, i.y, t); }},
      {"model", [&](Threads t) { return i.by_columns(i.step.current, i.x, t); }},
      {"ddim_step",
       [&](Threads t) { return ddim_step(step_coefficients(i.step, i.sigma), i.x, i.y, i.z, t); }},
      {"ddim_step, rows of it",
       [&](Threads t) {
         const StepCoefficients c = step_coefficients(i.step, i.sigma);
         return ddim_step(c, i.x.topRows(9), i.y.topRows(9), i.z.topRows(9), t);
       }},
      {"from_parts", [&](Threads t) { return ddim_step_from_parts(i.step, i.sigma, i.x, i.y, i.z, t); }},
      {"p_step", [&](Threads t) { return p_step(i.step, i.sigma, i.x, i.y, t).mean; }},
      {"encode_step", [&](Threads t) { return ddim_encode_step(i.step, i.x, i.y, t); }},
      {"p_sample", [&](Threads t) { return p_sample(i.chain, i.by_columns, i.x, i.noise, t); }},
      {"encode", [&](Threads t) { return encode(i.chain, i.of_batch, i.x, t); }},
      {"kl_divergence",
       [&](Threads t) {
         return kl_divergence({i.x, 0.3}, {i.y, 0.4}, t);
       }},
      {"log_ratio", [&](Threads t) { return log_ratio(i.chain, i.by_columns, i.path, i.x, t); }},
      {"log_ratio, whole batches", [&](Threads t) { return log_ratio(i.chain, i.of_batch, i.path, i.x, t); }},
      {"p_log_density", [&](Threads t) { return p_log_density(i.chain, i.by_columns, i.path, i.x, t); }},
      {"kl_form",
       [&](Threads t) { return variational_objective(i.chain, i.of_batch, i.path, i.x, t).sum(); }},
      {"simple_loss", [&](Threads t) { return simple_loss(i.chain, i.by_columns, i.path, i.x, t); }},
      {"theorem1_constant", [&](Threads t) { return theorem1_constant(i.chain, i.x, t); }},
      {"discrete_marginal", [&](Threads t) { return discrete_marginal(i.step.current, i.p, t); }},
      {"discrete_posterior", [&](Threads t) { return discrete_posterior(i.step, 0.1, i.p, i.p, t); }}};
}

TEST(Threads, AnyNumberGivesTheSameBits) {
  const Inputs inputs;
  for (const auto& [name, function] : functions(inputs)) {
    const Batch one = function({1});
    ASSERT_TRUE(one.allFinite()) << name;
    for (const int count : {2, 3, 7}) {
      for (int repeat = 0; repeat < 3; ++repeat) EXPECT_EQ(function({count}), one) << name << " on " << count;
    }
  }
}

TEST(Threads, ASampleDoesNotDependOnItsNeighbours) {
  const Inputs inputs;
  const PerSample all = log_ratio(inputs.chain, inputs.by_columns, inputs.path, inputs.x, {3});
  Path path;
  for (const Batch& x : inputs.path) path.push_back(x.rightCols(5));
  EXPECT_EQ(log_ratio(inputs.chain, inputs.by_columns, path, inputs.x.rightCols(5)), all.tail(5));
}

TEST(Threads, AnyNumberGivesTheSameError) {
  Inputs inputs;
  inputs.path[1](3, 1500) = kNaN;
  inputs.path[2](0, 700) = kInfinity;
  const auto said = [&](Threads threads) -> std::string {
    try {
      simple_loss(inputs.chain, inputs.by_columns, inputs.path, inputs.x, threads);
      return "accepted";
    } catch (const DomainError& error) {
      return error.what();
    }
  };
  EXPECT_NE(said({1}).find("x_t(0, 700) = inf"), std::string::npos) << said({1});
  for (const int count : {2, 5}) EXPECT_EQ(said({count}), said({1}));
}

TEST(Threads, SeveralAreAtWork) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  const EpsModel model =
      EpsModel::by_columns([&](const NoiseLevel&, const BatchRef& x, Eigen::Index, Eigen::Index) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
        return Batch(x);
      });
  const Batch x = spread(1, kDim, 4000);
  model(linear_1000().level(5), x, {3});
  EXPECT_GT(seen.size(), 1u);
  EXPECT_LE(seen.size(), 3u);
}

TEST(Threads, CallersAtTheSameTimeDoNotDisturbEachOther) {
  const Inputs inputs;
  const Batch one = inputs.by_columns(inputs.step.current, inputs.x);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int k = 0; k < 4; ++k) {
    callers.emplace_back([&] {
      for (int i = 0; i < 20; ++i) wrong += inputs.by_columns(inputs.step.current, inputs.x, {3}) != one;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Errors, ThreadsAreAtLeastOne) {
  const Batch x = spread(1, 2, 3);
  expect_error([&] { return q_sample(linear_1000().level(5), x, x, {0}); }, "threads", "0", "1 <= threads");
  EXPECT_GE(Threads::all().count, 1);
}

}  // namespace
}  // namespace ddim
