#include "tests/power/self_check.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/faults/fault.hpp"
#include "tests/statistics/judge.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::power {
namespace {

using samplers::Result;
using samplers::Run;
using samplers::Sampler;
using samplers::Status;
using statistics::Instruments;

/// The reference with the noise of its steps multiplied.
Sampler with_noise_times(double factor) {
  Sampler sampler = samplers::reference();
  sampler.step = [=, kept = sampler.step](const Run& run, int entry, const Batch& x_t, const Batch& output,
                                          const Batch& noise) {
    return kept(run, entry, x_t, output, factor * noise);
  };
  return sampler;
}

/// The reference with its generator shifted and scaled.
Sampler with_normals(double shift, double scale) {
  Sampler sampler = samplers::reference();
  sampler.normals = [=](const samplers::Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                        std::uint32_t block) {
    return Batch((scale * draws.normal_batch(d, n, first, block)).array() + shift);
  };
  return sampler;
}

Sampler known(const std::string& name) { return faults::sampler_of(*faults::find(name)); }

struct Wrong {
  std::string what, claim;
  Sampler sampler;
};
std::vector<Wrong> must_fail() {
  return {
      {"noise of deviation 1.3", "Eq12.path", with_noise_times(1.3)},
      {"noise-not-finite", "Eq12.amplified", known("noise-not-finite")},
      {"noise-absolute", "Generator.moments", known("noise-absolute")},
      // The mean alone wrong, the variance alone too large, alone too small: each piece of the moments for
      // itself.
      {"a mean of 0.1", "Generator.moments", with_normals(0.1, 1)},
      {"a variance of 1.21", "Generator.moments", with_normals(0, 1.1)},
      {"a variance of 0.81", "Generator.moments", with_normals(0, 0.9)}};
}

}  // namespace

std::span<const SuiteFault> suite_faults() {
  static const std::vector<SuiteFault> all{
      {"comparison-inverted", "FAIL when log E is below its bar",
       [](Instruments& i) { i.exceeds = [](double log_e, double bar) { return log_e < bar; }; }},
      {"comparison-never", "the bar is compared with itself",
       [](Instruments& i) { i.exceeds = [](double, double bar) { return bar > bar; }; }},
      {"nan-swallowed", "NaN compares false and passes",
       [](Instruments& i) {
         i.reject_non_finite = false;
         i.exceeds = [](double log_e, double bar) { return log_e > bar; };
       }},
      {"level-not-logged", "log E is compared with 1 / alpha",
       [](Instruments& i) { i.exceeds = [](double log_e, double bar) { return log_e >= std::exp(bar); }; }},
      {"base-ten", "log E is compared with log10(1 / alpha)",
       [](Instruments& i) {
         i.exceeds = [](double log_e, double bar) { return log_e >= -bar / std::numbers::ln10; };
       }},
      {"missing-root-n", "the sum is divided by n, not sqrt(n)",
       [](Instruments& i) { i.standardise = [](double sum, double n) { return sum / n; }; }},
      {"undivided-sum", "the sum is not standardised",
       [](Instruments& i) { i.standardise = [](double sum, double) { return sum; }; }},
      {"cdf-for-complement", "the lower tail where the upper is meant",
       [](Instruments& i) {
         i.p_normal = [](double z) { return std::min(1.0, 2 * statistics::normal_cdf(std::abs(z))); };
       }},
      {"one-sided-variance", "only large variances are suspect",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return x < k ? 1.0 : statistics::p_chi_squared(x, k); };
       }},
      {"one-sided-variance-below", "only small variances are suspect",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return x > k ? 1.0 : statistics::p_chi_squared(x, k); };
       }},
      {"degrees-off", "chi^2 with 2 n degrees",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return statistics::p_chi_squared(x, 2 * k); };
       }},
      {"whitened-by-sampler", "residuals are whitened with the code under test",
       [](Instruments& i) { i.whiten_by_paper = false; }},
  };
  return all;
}

std::vector<std::string> self_check(const Instruments& instruments) {
  const Run run = Run::standard(0.5, 3);
  statistics::Options options;
  options.instruments = instruments;
  options.tier = {.name = "self-check",
                  .least = 4000,
                  .most = 2e4,
                  .bias = 1,
                  .variance = 1,
                  .proportion = 1,
                  .distribution = 1,
                  .tail = 1e4,
                  .first_look = 1e4};
  const auto status = [&](const Sampler& sampler, const std::string& claim) {
    options.only = {claim};
    return judge(sampler, run, options).verdicts.front().status;
  };
  std::vector<std::string> wrong;
  for (const char* claim : {"Eq12.path", "Generator.moments"}) {
    if (status(samplers::reference(), claim) != Status::pass)
      wrong.push_back(std::string("the reference does not pass ") + claim);
  }
  for (const Wrong& one : must_fail()) {
    if (status(one.sampler, one.claim) != Status::fail)
      wrong.push_back(one.what + " does not fail " + one.claim);
  }
  return wrong;
}

}  // namespace ddim::power
