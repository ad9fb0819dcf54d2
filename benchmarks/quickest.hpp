#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

namespace ddim::benchmarks {

/// Keeps the least time of one call over the repetitions of a Google Benchmark.
class Least : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      seconds = std::min(seconds, run.real_accumulated_time / static_cast<double>(run.iterations));
    }
  }
  double seconds = std::numeric_limits<double>::infinity();
};

/// Seconds of one call, the least of repetitions of at least 50 microseconds each, three or more in about
/// `budget` seconds; one call where it alone takes longer. On a machine that others use too, what interrupts a
/// repetition is not what is measured.
inline double quickest(const std::function<void()>& body, double budget) {
  constexpr double kShortest = 50e-6;
  const auto run = [&](double seconds, int repetitions) {
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark("asked",
                                 [&](benchmark::State& state) {
                                   for (auto _ : state) body();
                                 })
        ->UseRealTime()
        ->MinTime(seconds)
        ->Repetitions(repetitions);
    Least least;
    benchmark::RunSpecifiedBenchmarks(&least, "asked");
    return least.seconds;
  };
  const double first = run(1e-9, 1);  // maps pages, fills caches
  const double one = std::max(kShortest, first);
  return one > budget ? first : run(kShortest, static_cast<int>(std::clamp(budget / one, 3.0, 200.0)));
}

}  // namespace ddim::benchmarks
