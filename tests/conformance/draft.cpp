#include "tests/conformance/draft.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ddim::conformance {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double distance_of(double got, Real candidate, double magnitude) {
  // A candidate is as finite as a double would hold it: what overflows in a sampler overflows in its replay.
  const bool finite = std::isfinite(got), candidate_finite = std::isfinite(static_cast<double>(candidate));
  if (!finite || !candidate_finite) return finite == candidate_finite ? 0 : kInfinity;
  const double difference = static_cast<double>(std::abs(got - candidate));
  return difference == 0 ? 0 : difference / magnitude;
}

std::string counted(long count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

double distance(const Batch& got, const RealBatch& candidate, const Batch& magnitude) {
  double largest = 0;
  for (Eigen::Index k = 0; k < got.size(); ++k)
    largest = std::max(largest, distance_of(got(k), candidate(k), magnitude(k)));
  return largest;
}

Draft::Draft(std::string equation, std::string title, double u) : u_(u) {
  row_.equation = std::move(equation);
  row_.title = std::move(title);
}

void Draft::compare(const Batch& got, const RealBatch& want, const Batch& bound,
                    const std::function<std::string(Eigen::Index row, Eigen::Index column)>& where) {
  finite_ = shows_finite() || got.array().isFinite().any();
  std::optional<Wrong> worst;
  for (Eigen::Index k = 0; k < got.size(); ++k) {
    if (!std::isfinite(want(k)) || !std::isfinite(bound(k))) {
      ++undefined_;
      continue;
    }
    ++row_.compared;
    const double error = static_cast<double>(std::abs(got(k) - want(k)));
    const double ratio = error == 0 ? 0 : error / bound(k);
    // A NaN or infinity is outside every bound, and ranks above every finite error.
    const bool bad = !std::isfinite(got(k)) || !(ratio <= 1);
    row_.ratio = std::isfinite(got(k)) ? std::max(row_.ratio, ratio) : kInfinity;
    if (bad && (!worst || !(ratio <= worst->ratio))) {
      worst = Wrong{where(k % got.rows(), k / got.rows()),
                    got(k),
                    static_cast<double>(want(k)),
                    bound(k),
                    ratio,
                    ulps(got(k), want(k))};
      if (!std::isfinite(got(k))) break;
    }
  }
  if (worst && !row_.wrong) row_.wrong = worst;
}

void Draft::trouble(const samplers::Trouble& trouble, const std::string& where) {
  const bool raised = trouble.why == Status::errored;
  row_.status = raised ? Status::fail : trouble.why;
  row_.message = where + (raised ? ": raised " : ": ") + trouble.message;
  troubled_ = true;
}

void Draft::fail(const std::string& message) {
  row_.status = Status::fail;
  row_.message = message;
  troubled_ = true;
}

void Draft::note(const std::string& text) {
  if (!text.empty()) row_.note += (row_.note.empty() ? "" : "; ") + text;
}

void Draft::close() {
  if (skipped_ > 0) {
    note(counted(skipped_, "step", "steps") + " not judged: the equations do not define " +
         (skipped_ == 1 ? "it" : "them"));
  }
  if (troubled_) return;
  if (row_.wrong) {
    row_.status = Status::fail;
  } else if (undefined_ > 0) {
    row_.status = Status::inconclusive;
    row_.message = counted(undefined_, "number has", "numbers have") +
                   " no finite expectation or bound with this alphas_cumprod";
  } else if (row_.compared > 0) {
    row_.status = Status::pass;
  } else {
    row_.status = Status::inconclusive;
    row_.message = "nothing could be compared";
  }
}

double Draft::ulps(double got, Real want) const {
  int exponent;
  std::frexp(want, &exponent);
  return static_cast<double>(std::abs(got - want) / std::ldexp(static_cast<Real>(2 * u_), exponent - 1));
}

}  // namespace ddim::conformance
