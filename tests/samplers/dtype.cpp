#include "tests/samplers/dtype.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace ddim::samplers {
namespace {

const std::vector<std::string>& narrow_first() {
  static const std::vector<std::string> names{"bfloat16", "float16", "float32", "float64"};
  return names;
}

/// Significant binary digits. Domain: finite, not 0.
int digits_of(double value) {
  int exponent;
  double fraction = std::frexp(value, &exponent);
  int digits = 0;
  for (; fraction != 0; ++digits) {
    fraction *= 2;
    fraction -= std::trunc(fraction);
  }
  return digits;
}

/// A step from the middle of the list, of numbers with all their digits.
std::string dtype_of_step(const Sampler& sampler, const Run& run) {
  const auto list = ask(sampler.timesteps, run);
  const int entry = (list ? static_cast<int>(list->size()) : run.S()) / 2;
  const Draws draws(1, Stream::judge, "dtype");
  const Batch x_t = draws.normal_batch(8, 3, 0, 0), output = draws.normal_batch(8, 3, 0, 8),
              noise = draws.normal_batch(8, 3, 0, 16);
  const auto got = sampler.step ? ask(sampler.step, run, entry, x_t, output, noise)
                                : ask(sampler.own_step, run, entry, x_t, output);
  return got ? narrowest_dtype(got->prev_sample) : "";
}

}  // namespace

Dtypes Dtypes::named(const std::string& text) {
  const auto slash = text.find('/');
  Dtypes dtypes{text.substr(0, slash), slash == std::string::npos ? text : text.substr(slash + 1)};
  unit_roundoff(dtypes.coefficients);
  unit_roundoff(dtypes.samples);
  return dtypes;
}

Identity Dtypes::of(Identity identity) const {
  identity.dtype = coefficients;
  identity.sample_dtype = samples;
  identity.samples_unsaid = false;
  return identity;
}

std::string narrowest_dtype(const Batch& numbers) {
  constexpr std::size_t kEnough = 12;
  std::set<double> seen;
  int digits = 0;
  for (Eigen::Index k = 0; k < numbers.size(); ++k) {
    const double value = numbers.data()[k];
    if (!std::isfinite(value) || value == 0) continue;
    seen.insert(value);
    digits = std::max(digits, digits_of(value));
  }
  if (seen.size() < kEnough) return {};
  for (const std::string& name : narrow_first()) {
    if (std::ldexp(1.0, -digits) >= unit_roundoff(name)) return name;
  }
  return {};
}

Identity with_dtypes_found(const Sampler& sampler, const Run& run, Identity identity) {
  const bool unsaid = identity.dtype.empty();
  if (!unsaid && !identity.samples_unsaid) return identity;
  std::string found = dtype_of_step(sampler, run);
  if (found.empty()) found = "float64";
  if (unsaid) identity.dtype = found;
  if (unit_roundoff(found) > unit_roundoff(identity.dtype)) identity.sample_dtype = found;
  identity.samples_unsaid = false;
  return identity;
}

}  // namespace ddim::samplers
