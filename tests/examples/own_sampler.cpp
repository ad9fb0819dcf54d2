// A sampler of one's own, judged by the statistics. It draws its own noise.
#include <cstdio>
#include <random>

#include "tests/statistics/judge.hpp"

using namespace ddim::statistics;
using ddim::Batch;

int main() {
  std::mt19937_64 generator{std::random_device{}()};
  std::normal_distribution<double> normal;
  const auto step = [&](double a, double a_prev, double eta, const Batch& x_t, const Batch& eps) {
    const double sigma = eta * std::sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev));
    const Batch z = Batch::NullaryExpr(x_t.rows(), x_t.cols(), [&] { return normal(generator); });
    return Batch(std::sqrt(a_prev / a) * (x_t - std::sqrt(1 - a) * eps) +
                 std::sqrt(1 - a_prev - sigma * sigma) * eps + sigma * z);
  };
  const Judgement judgement = judge(Sampler::of_step("own_sampler", step), Run::standard(0.5), {});
  std::fputs(text(judgement).c_str(), stdout);
  return judgement.status() == Status::pass ? 0 : 1;
}
