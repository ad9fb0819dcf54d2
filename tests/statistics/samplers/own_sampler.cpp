// A sampler of one's own, judged by the statistics. It draws its own noise.
#include <cstdio>
#include <random>

#include "tests/statistics/engine.hpp"

using namespace ddim::statistics;
using ddim::Batch;

int main() {
  std::mt19937_64 generator{std::random_device{}()};
  std::normal_distribution<double> normal;
  Subject mine;
  mine.name = "own_sampler";
  mine.own_noise = true;
  mine.concurrent = false;
  mine.step = [&](const Setting& setting, int i, const Batch& x_t, const Batch& eps, const Batch&) {
    const double a = setting.schedule.alpha_bar(setting.t(i)),
                 a_prev = i > 1 ? setting.schedule.alpha_bar(setting.t(i - 1)) : 1;
    const double sigma = setting.eta * std::sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev));
    const Batch noise = Batch::NullaryExpr(x_t.rows(), x_t.cols(), [&] { return normal(generator); });
    return Batch(std::sqrt(a_prev) * (x_t - std::sqrt(1 - a) * eps) / std::sqrt(a) +
                 std::sqrt(1 - a_prev - sigma * sigma) * eps + sigma * noise);
  };
  const Report report = judge(mine, Setting::standard(0.5), {});
  std::fputs(text(report).c_str(), stdout);
  return report.status() == Status::pass ? 0 : 1;
}
