#include "tests/statistics/self_check.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/faults/fault.hpp"
#include "tests/statistics/judge.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

using Change = std::function<Batch(const Batch&)>;

/// The reference with the noise that its step is given, or its generator's normals, changed.
Sampler with_noise(const Change& change) {
  Sampler sampler = samplers::reference();
  sampler.step = [step = sampler.step, change](const Run& run, int entry, const Batch& x_t,
                                               const Batch& output, const Batch& noise) {
    return step(run, entry, x_t, output, change(noise));
  };
  return sampler;
}
Sampler with_normals(const Change& change) {
  Sampler sampler = samplers::reference();
  sampler.normals = [change](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                             std::uint32_t block) { return change(draws.normal_batch(d, n, first, block)); };
  return sampler;
}
Sampler known(const std::string& name) { return faults::sampler_of(*faults::find(name)); }

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
         i.p_normal = [](double z) { return std::min(1.0, 2 * normal_cdf(std::abs(z))); };
       }},
      {"one-sided-variance", "only large variances are suspect",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return x < k ? 1.0 : p_chi_squared(x, k); };
       }},
      {"one-sided-variance-below", "only small variances are suspect",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return x > k ? 1.0 : p_chi_squared(x, k); };
       }},
      {"degrees-off", "chi^2 with 2 n degrees",
       [](Instruments& i) { i.p_chi_squared = [](double x, double k) { return p_chi_squared(x, 2 * k); }; }},
      {"whitened-by-sampler", "residuals are whitened with the code under test",
       [](Instruments& i) { i.whiten_by_paper = false; }},
  };
  return all;
}

std::vector<std::string> self_check(const Instruments& instruments) {
  Options options;
  options.instruments = instruments;
  options.tier = {.name = "self-check",
                  .least = 4000,
                  .most = 2e4,
                  .bias = 1,
                  .variance = 1,
                  .proportion = 1,
                  .first_look = 1e4};
  const Run run = Run::standard(0.5, 3);
  std::vector<std::string> wrong;
  const auto must = [&](Status status, const std::string& what, const Sampler& sampler,
                        const std::string& claim) {
    options.only = {claim};
    if (judge(sampler, run, options).verdicts.front().status != status)
      wrong.push_back(what + " does not " + samplers::to_text(status) + " " + claim);
  };
  for (const std::string claim : {"Eq12.path", "Generator.moments"})
    must(Status::pass, "the reference", samplers::reference(), claim);
  must(Status::fail, "noise of deviation 1.3", with_noise([](const Batch& z) { return Batch(1.3 * z); }),
       "Eq12.path");
  must(Status::fail, "noise-not-finite", known("noise-not-finite"), "Eq12.amplified");
  must(Status::fail, "noise-absolute", known("noise-absolute"), "Generator.moments");
  // The mean alone wrong, the variance alone too large, alone too small: each piece of the moments for
  // itself.
  const auto moments = [&](const std::string& what, const Change& change) {
    must(Status::fail, what, with_normals(change), "Generator.moments");
  };
  moments("a mean of 0.1", [](const Batch& z) { return Batch(z.array() + 0.1); });
  moments("a variance of 1.21", [](const Batch& z) { return Batch(1.1 * z); });
  moments("a variance of 0.81", [](const Batch& z) { return Batch(0.9 * z); });
  return wrong;
}

}  // namespace ddim::statistics
