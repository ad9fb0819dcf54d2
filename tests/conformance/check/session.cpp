#include "tests/conformance/check/session.hpp"

#include <cmath>

#include "tests/samplers/dtype.hpp"
#include "tests/samplers/printable.hpp"

namespace ddim::conformance {
namespace {

using samplers::shell_word;

constexpr Eigen::Index kDimensions = 8, kSamples = 3;

double to_eight_bits(double value) {
  int exponent;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

std::string command(const CheckOptions& options, const Run& run) {
  return "ddim-verify check " + shell_word(options.locator) + " --config " + shell_word(options.config_path) +
         " -S " + std::to_string(run.asked_S()) + " --spacing " + std::string(run.spacing().name) +
         " --eta " + ddim::to_text(run.eta()) + " --dialect " + options.dialect.name +
         (options.dtype.empty() ? "" : " --dtype " + options.dtype);
}

}  // namespace

void Session::keep(Draft draft, const Run& run) {
  draft.close();
  if (draft.row().wrong && !config.table_unknown.empty() && !own_table) {
    draft.row().status = Status::inconclusive;
    draft.row().message = config.table_unknown;
  }
  draft.row().id = static_cast<int>(drafts.size()) + 1;
  draft.row().reproduce = command(options, run);
  drafts.push_back(std::move(draft));
  if (kept) kept(drafts.back().row());
}

void Session::note_given(const Batch& prev_sample) {
  const std::string dtype = samplers::narrowest_dtype(prev_sample);
  if (dtype.empty()) return;
  if (given_dtype.empty() || samplers::unit_roundoff(dtype) < samplers::unit_roundoff(given_dtype))
    given_dtype = dtype;
}

RealBatch Inputs::normal(double scale) {
  return RealBatch::NullaryExpr(kDimensions, kSamples, [&] {
    double sum = -6;  // of twelve uniforms: the same on every platform, which std's normal is not
    for (int k = 0; k < 12; ++k) sum += uniform();
    return static_cast<Real>(to_eight_bits(scale * sum));
  });
}

RealBatch Inputs::in_range(double range) {
  return RealBatch::NullaryExpr(
      kDimensions, kSamples, [&] { return static_cast<Real>(to_eight_bits(range * (2 * uniform() - 1))); });
}

std::string element_of(const std::string& place, Eigen::Index row, Eigen::Index column) {
  return place + ", sample " + std::to_string(column) + ", element " + std::to_string(row);
}

}  // namespace ddim::conformance
