#pragma once

// What every benchmark program is: a worker that is asked for one number at a time, so that programs, and
// peers in other languages, can be measured in turns.
//
//   request   NAME D N SECONDS        a name of `--list`, a batch of N samples of D elements, time to spend
//   answer    {"seconds": S}          or {"error": "..."}, one line; S is for one call
//
// A number is the quickest of several short runs: on a machine that others use too, what interrupts a run is
// not what is measured. Median and spread are those of rounds, between which every other number is taken.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace ddim::benchmarks {

using Clock = std::chrono::steady_clock;

struct Problem {
  long d, n;
  long size() const { return d * n; }
};

/// One thing to measure: `prepare` makes the arrays and gives back what is timed, one call at a time.
struct Benchmark {
  std::string name;
  std::function<std::function<void()>(Problem)> prepare;
};

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Seconds of one call, the least over runs of at least 50 microseconds: three or more in `budget` seconds,
/// one where a call alone takes longer.
inline double quickest(const std::function<void()>& body, double budget) {
  const auto run = [&](long calls) {
    const auto begin = Clock::now();
    for (long i = 0; i < calls; ++i) body();
    return seconds_since(begin);
  };
  double spent = run(1);  // maps pages, fills caches
  long calls = 1;
  double one = run(calls);
  while (one < 50e-6 && calls < (1L << 20)) one = run(calls *= 2);
  double least = one / static_cast<double>(calls);
  spent += one;
  for (int i = 0; spent < budget || (i < 2 && one < budget); ++i) {
    one = run(calls);
    spent += one;
    least = std::min(least, one / static_cast<double>(calls));
  }
  return least;
}

/// Answers requests until there are no more. `measure(body, budget)` is how time is taken.
template <class Measure>
int serve(const std::vector<Benchmark>& all, int argc, char** argv, Measure measure) {
  if (argc > 1 && std::strcmp(argv[1], "--list") == 0) {
    for (const Benchmark& b : all) std::puts(b.name.c_str());
    return 0;
  }
  std::map<std::string, std::function<void()>> prepared;
  Problem of{0, 0};
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream request(line);
    std::string name;
    Problem problem{};
    double budget = 0;
    request >> name >> problem.d >> problem.n >> budget;
    try {
      if (problem.d != of.d || problem.n != of.n) prepared.clear();
      of = problem;
      if (!prepared[name]) {
        for (const Benchmark& b : all) {
          if (b.name == name) prepared[name] = b.prepare(problem);
        }
        if (!prepared[name]) throw std::runtime_error("no such benchmark");
      }
      std::printf("{\"seconds\": %.9g}\n", measure(prepared[name], budget));
    } catch (const std::exception& error) {
      std::string text = error.what();
      for (char& c : text) {
        if (c == '"' || c == '\\' || c < ' ') c = '\'';
      }
      std::printf("{\"error\": \"%s\"}\n", text.c_str());
    }
    std::fflush(stdout);
  }
  return 0;
}

inline int serve(const std::vector<Benchmark>& all, int argc, char** argv) {
  return serve(all, argc, argv, quickest);
}

}  // namespace ddim::benchmarks
