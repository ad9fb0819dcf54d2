// Measures every scalar quantity of reference/ against both oracles, over random and adversarial inputs, and
// every batch result against its a-priori bound. Exit status 1 where a bound is exceeded. The inputs are the
// same in every run, whatever the number of threads.
//   ulps [--quick] [--cases N]

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "tests/reference/quantities.hpp"

namespace ddim::accuracy {
namespace {

using oracle::absolute_error;
using oracle::BallDefinitions;
using oracle::Definitions;
using oracle::ulps;

/// The errors of one quantity.
struct Measured {
  std::vector<float> errors;  // ulps, or error / bound
  double worst = 0;
  std::uint64_t where = 0;
  std::uint64_t floored = 0;  // above the ulps, within the documented absolute error

  template <class Value>
  void add(std::uint64_t index, const Quantity& q, double value, const Value& exact, const Computed& c) {
    double error = 0;
    if (q.is_batch()) {
      error = absolute_error(value, exact) / bound(q, c);
    } else {
      error = ulps(value, exact);
      if (error > q.by.limit && absolute_error(value, exact) <= q.absolute_floor(c)) {
        ++floored;
        return;
      }
    }
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
    errors.push_back(static_cast<float>(error));
    if (error > worst) {
      worst = error;
      where = index;
    }
  }

  void merge(const Measured& other) {
    errors.insert(errors.end(), other.errors.begin(), other.errors.end());
    floored += other.floored;
    if (other.worst > worst) {
      worst = other.worst;
      where = other.where;
    }
  }
};

struct Tally {
  std::vector<Measured> of = std::vector<Measured>(quantities().size());
  std::vector<std::uint64_t> wrongly_refused;

  void merge(const Tally& other) {
    for (std::size_t q = 0; q < of.size(); ++q) of[q].merge(other.of[q]);
    wrongly_refused.insert(wrongly_refused.end(), other.wrongly_refused.begin(), other.wrongly_refused.end());
  }
};

/// `table`: alpha_bar_0..alpha_bar_T of the input's betas.
template <class Law>
Law law_of(const Input& input, const std::vector<typename Law::Value>& table) {
  Law law{Law::number(input.a), Law::number(input.p), Law::number(0)};
  if (!input.betas.empty()) {
    law.a = table[static_cast<std::size_t>(input.t)];
    law.p = table[static_cast<std::size_t>(input.t_prev)];
  }
  const auto sigma = input.by_eta ? law.sigma_eta(Law::number(input.eta)) : Law::number(input.sigma);
  law.variance = sigma * sigma;
  return law;
}

template <class R>
void by_multiprecision(std::uint64_t index, const Input& input, Tally& tally) {
  const Computed c(input);
  const auto law = law_of<Definitions<R>>(input, oracle::alpha_bars<R>(input.betas));
  if (!c.inside && law.variance <= (1 - law.p) * (1 + ldexp(R(1), -51)))
    tally.wrongly_refused.push_back(index);
  if (c.inside && law.variance > (1 - law.p) * (1 + ldexp(R(1), -49))) tally.wrongly_refused.push_back(index);
  const Exact<Definitions<R>> exact{law, input};
  for (std::size_t i = 0; i < tally.of.size(); ++i) {
    const Quantity& q = quantities()[i];
    if (index % q.by.every != 0) continue;
    if (const auto value = q.computed(c)) tally.of[i].add(index, q, *value, q.exact(exact), c);
  }
}

/// Every quantity, each at the first precision at which its ball is tight.
void by_balls(std::uint64_t index, const Input& input, Tally& tally) {
  const Computed c(input);
  std::vector<bool> done(tally.of.size());
  for (slong precision = 320; precision <= 1 << 14; precision *= 2) {
    oracle::Ball::precision = precision;
    const auto law = law_of<BallDefinitions>(input, oracle::alpha_bar_balls(input.betas));
    const Exact<BallDefinitions> exact{law, input};
    bool all = true;
    for (std::size_t i = 0; i < tally.of.size(); ++i) {
      const Quantity& q = quantities()[i];
      const auto value = done[i] ? std::nullopt : q.computed(c);
      if (!value) continue;
      const oracle::Ball ball = q.exact(exact);
      done[i] = tight(ball);
      if (done[i]) tally.of[i].add(index, q, *value, ball, c);
      all = all && done[i];
    }
    if (all) return;
  }
  std::fprintf(stderr, "no tight ball at %s\n", input.step_text().c_str());
  std::exit(2);
}

template <class Measure>
Tally measured(std::uint64_t cases, Measure measure) {
  std::array<Tally, 2> tallies;
  std::vector<std::thread> threads;
  for (std::uint64_t k = 0; k < tallies.size(); ++k) {
    threads.emplace_back([&, k] {
      for (std::uint64_t index = k; index < cases; index += tallies.size())
        measure(index, drawn(index), tallies[k]);
      flint_cleanup();  // flint's caches are this thread's own
    });
  }
  for (std::thread& thread : threads) thread.join();
  tallies[0].merge(tallies[1]);
  return std::move(tallies[0]);
}

/// One row; false where the quantity's limit is exceeded or nothing was measured.
bool report(const Quantity& q, Measured& found) {
  std::vector<float>& errors = found.errors;
  if (errors.empty()) {
    std::printf("%-10s %-27s: never evaluated\n", q.tag, q.text);
    return false;
  }
  const auto place =
      errors.begin() + static_cast<std::ptrdiff_t>(0.999 * static_cast<double>(errors.size() - 1));
  std::nth_element(errors.begin(), place, errors.end());
  const bool within = found.worst <= q.by.limit;
  std::printf("%-10s %-27s %8zu %8.4f %8.4f %6g %8llu  %s%s\n", q.tag, q.text, errors.size(), found.worst,
              static_cast<double>(*place), q.by.limit, static_cast<unsigned long long>(found.floored),
              within ? "" : "EXCEEDED at ", (drawn(found.where).*q.by.shown)().c_str());
  return within;
}

bool report(const char* oracle_name, Tally tally) {
  std::size_t count = 0;
  for (const Measured& found : tally.of) count += found.errors.size();
  std::printf(
      "\n%s: %zu comparisons. Errors in ulps of the exact value; of batch results, as error / bound.\n",
      oracle_name, count);
  std::printf("%-10s %-27s %8s %8s %8s %6s %8s  %s\n", "tag", "quantity", "count", "max", "p99.9", "limit",
              "floored", "worst input");
  bool good = true;
  for (std::size_t q = 0; q < tally.of.size(); ++q) good = report(quantities()[q], tally.of[q]) && good;
  for (const std::uint64_t index : tally.wrongly_refused) {
    std::printf("sigma's domain is judged wrongly at %s\n", drawn(index).step_text().c_str());
    good = false;
  }
  return good;
}

}  // namespace
}  // namespace ddim::accuracy

int main(int count, char** arguments) {
  using namespace ddim::accuracy;
  std::uint64_t cases = 40000;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--quick") == 0) {
      cases = 1500;
    } else if (std::strcmp(arguments[i], "--cases") == 0 && i + 1 < count) {
      cases = std::strtoull(arguments[++i], nullptr, 10);
    } else {
      std::fprintf(stderr, "usage: ulps [--quick] [--cases N]\n");
      return 2;
    }
  }
  const bool by_a = report("Oracle (a), Boost.Multiprecision",
                           measured(cases, [](std::uint64_t index, const Input& input, Tally& tally) {
                             input.deep ? by_multiprecision<ddim::oracle::Deep>(index, input, tally)
                                        : by_multiprecision<ddim::oracle::Real>(index, input, tally);
                           }));
  const bool by_b = report("Oracle (b), Arb", measured(cases, by_balls));
  std::printf("\nfloored: beyond the limit in ulps, within the absolute error documented beside it.\n%s\n",
              by_a && by_b ? "Every bound holds." : "A bound is exceeded.");
  return by_a && by_b ? 0 : 1;
}
