#include "tests/statistics/diagnosis.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "tests/samplers/recipe.hpp"
#include "tests/statistics/certificate.hpp"
#include "tests/statistics/format.hpp"
#include "tests/statistics/sampling.hpp"

namespace ddim::statistics {
namespace {

/// A step's residual as a fault makes it: mean + e e_t + x0 x_0 + deviation z, in sigma,
/// and the covariates' units.
struct Affine {
  double mean = 0, e = 0, x0 = 0, deviation = 1;
};
bool same(const Affine& one, const Affine& other) {
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-9 * (1 + std::abs(a)); };
  return near(one.mean, other.mean) && near(one.e, other.e) && near(one.x0, other.x0) &&
         near(std::abs(one.deviation), std::abs(other.deviation));
}

/// A sampler by a recipe, asked one number at a time.
class Replay {
 public:
  Replay(const samplers::Recipe& recipe, const Run& run)
      : recipe_(recipe),
        run_(run),
        own_(run.with_table(recipe.table(run.config())).with_timesteps(recipe.timesteps(run))) {}

  /// Nothing where the step is not affine.
  std::optional<Affine> of_step(int i, const Residuals& units) const {
    const Law law = run_.law(i);
    const auto residual = [&](double x0, double e, double z) {
      return (prev(i, x0, e, z) - law.posterior_x0() * x0 - law.direction() * e) / law.sigma();
    };
    const double start = residual(0, 0, 0);
    const Affine fit{start, (residual(0, 1, 0) - start) * units.e_scale,
                     2 * (residual(0.5, 0, 0) - start) * units.x0_scale, residual(0, 0, 1) - start};
    for (const auto& [x0, e, z] :
         {std::array{-0.5, 0.5, -1.5}, std::array{0.25, -1.0, 0.5}, std::array{0.4, 0.8, 2.5}}) {
      const double at =
          fit.mean + fit.e / units.e_scale * e + fit.x0 / units.x0_scale * x0 + fit.deviation * z;
      const double size =
          1 + std::abs(fit.mean) + std::abs(fit.e) + std::abs(fit.x0) + std::abs(fit.deviation);
      if (!(std::abs(residual(x0, e, z) - at) <= 1e-6 * size)) return std::nullopt;
    }
    return fit;
  }

 private:
  double prev(int i, double x0, double e, double z) const {
    const int entry = run_.entry(i);
    if (entry >= own_.S()) throw DomainError("entry", std::to_string(entry), "its own list");
    const auto one = [](double value) { return Batch(Batch::Constant(1, 1, value)); };
    const Batch x_t = samplers::marginal(run_.level(i), one(x0), one(e));
    const Batch output = run_.output(i, one(x0), one(e));
    return static_cast<double>(
        samplers::step(recipe_, {own_, entry}, x_t.cast<Real>(), output.cast<Real>(), one(z).cast<Real>())
            .prev_sample(0, 0));
  }

  const samplers::Recipe& recipe_;
  const Run& run_;
  Run own_;
};

/// How many standard errors a cell's sums are from what `law` predicts of them, at worst: the scores of the
/// covariates and the mean square, under the law itself, so that nothing is inverted. `grain`: what rounding of
/// the outputs makes of a residual.
double misfit(const Regression& sums, const Affine& law, double grain) {
  if (sums.n == 0) return 0;
  const std::array b{law.mean, law.e, law.x0};
  const double floor = grain + 1e-6 * (1 + std::abs(law.mean) + std::abs(law.e) + std::abs(law.x0));
  const double variance = law.deviation * law.deviation + floor * floor;
  double worst = 0, explained = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    double fitted = 0;
    for (std::size_t j = 0; j < b.size(); ++j)
      fitted += b[j] * sums.xx[std::max(i, j) * Regression::kMax + std::min(i, j)];
    explained += b[i] * (2 * sums.xr[i] - fitted);
    const double square = sums.xx[i * Regression::kMax + i];
    if (square > 0) worst = std::max(worst, std::abs(sums.xr[i] - fitted) / std::sqrt(variance * square));
  }
  const double ratio = (sums.rr - explained) / (sums.n * variance);
  // Without noise there is rounding alone, of which the floor is only a bound.
  const bool silent = law.deviation * law.deviation < floor * floor;
  const double off = silent ? std::max(0.0, ratio - 1) : std::abs(ratio - 1);
  return std::max(worst, off * std::sqrt(sums.n / 2));
}

/// Cell by cell; nothing where a cell stands for several steps, or the fault is not affine, or is none here.
using Prediction = std::vector<Affine>;
std::optional<Prediction> predict(const faults::Fault& fault, const Residuals& residuals, const Context& c) {
  const Run& run = c.run;
  samplers::Recipe recipe = samplers::Recipe::of(run.dialect());
  fault.in_recipe(recipe);
  std::optional<Prediction> prediction{Prediction{}};
  const auto replay = [&] {
    const Replay faulty(recipe, run);
    for (int cell = 0; cell < residuals.cells; ++cell) {
      const int i = residuals.step_of_cell(run, cell);
      auto law = faulty.of_step(i, residuals);
      if (!law) return prediction.reset();
      const double factor = residuals.factor ? residuals.factor(c, i) : 1;
      law->e *= factor;
      law->x0 *= factor;
      prediction->push_back(*law);
    }
  };
  const auto refuses = [&](const std::exception&) { prediction.reset(); };
  blaming(replay, refuses, refuses);
  return prediction;
}

double misfit(const Evidence& evidence, const Prediction& prediction, const Residuals& residuals,
              const Context& c) {
  double worst = 0;
  for (int cell = 0; cell < residuals.cells; ++cell) {
    const double sigma = c.run.law(residuals.step_of_cell(c.run, cell)).sigma();
    const double grain = 4 * c.unit_roundoff * std::max(residuals.x0_scale, residuals.e_scale) / sigma;
    worst = std::max(worst, misfit(evidence.cell(cell), prediction[static_cast<std::size_t>(cell)], grain));
  }
  return worst;
}

/// " [noise-by-variance]: the noise is scaled by sigma^2"
std::string words(const std::vector<const faults::Fault*>& same_here) {
  std::string text;
  for (std::size_t k = 0; k < std::min<std::size_t>(same_here.size(), 3); ++k)
    text += (k == 0 ? " [" : " or [") + same_here[k]->name + "]";
  return text.empty() ? text : text + ": " + same_here.front()->says;
}

/// "x_0's coefficient is off by 0.2 sigma; variance ratio 1.3"
std::string numbers(const Residuals& residuals, const Certificate& pooled) {
  std::string result;
  const auto add = [&](const std::string& more) { result += (result.empty() ? "" : "; ") + more; };
  for (Eigen::Index k = 0; k < pooled.estimate.size(); ++k) {
    const double off = pooled.estimate[k];
    if (std::abs(off) <= (std::isfinite(pooled.radius[k]) ? pooled.radius[k] : 0.05)) continue;
    const std::string& name = residuals.covariates[static_cast<std::size_t>(k)];
    add(k == 0 ? format("the mean is off by %.4g sigma", off)
               : format("%s's coefficient is off by %.4g sigma", name.c_str(), off));
  }
  if (pooled.variance < 0.98 || pooled.variance > 1.02 || result.empty())
    add(format("variance ratio %.4g", pooled.variance));
  return result;
}

}  // namespace

std::string cause(const Residuals& residuals, const Evidence& evidence, const Context& c,
                  std::span<const faults::Fault> bank) {
  if (!residuals.step_of_cell) return {};
  for (int cell = 0; cell < residuals.cells; ++cell) {
    if (residuals.step_of_cell(c.run, cell) == 0) return {};
  }
  constexpr double kErrors = 6;
  const Prediction null(static_cast<std::size_t>(residuals.cells));
  if (misfit(evidence, null, residuals, c) <= kErrors) return {};
  std::vector<const faults::Fault*> best;
  Prediction of_best;
  double least = kErrors;
  for (const faults::Fault& fault : bank) {
    if (!fault.in_recipe || !fault.equivalent.empty()) continue;
    const std::optional<Prediction> prediction = predict(fault, residuals, c);
    if (!prediction) continue;
    if (!best.empty() && std::equal(of_best.begin(), of_best.end(), prediction->begin(), same)) {
      best.push_back(&fault);
      continue;
    }
    const double distance = misfit(evidence, *prediction, residuals, c);
    if (!(distance < least)) continue;
    least = distance;
    of_best = *prediction;
    best = {&fault};
  }
  return words(best);
}

std::string diagnose(const Residuals& residuals, const Evidence& evidence, const Context& context) {
  if (!evidence.finite()) return "the output is not finite";
  const std::string loudest = evidence.loudest();
  if (loudest == "ties") {
    return format("%.0f of %.0f residuals repeat an earlier one: the noise is reused, reseeded, or absent",
                  evidence.ties().ties, evidence.n());
  }
  const std::string named = cause(residuals, evidence, context, faults::faults());
  if (loudest == kNoNoise) return "the residuals are zero: the noise is absent" + named;
  const Certificate pooled = certify(evidence.pooled(), evidence.covariates(), 0.01);
  if (loudest == kNoNoiseElsewhere && (pooled.estimate.cwiseAbs().array() < 1e-3).all())
    return "the residuals are zero but for rounding: the noise is absent" + named;
  if (loudest == kNoNoiseElsewhere) {
    return "the residuals follow from what was given: the noise is absent, and the direction is not Eq12's" +
           named;
  }
  if (loudest == "shape" && named.empty() && std::abs(pooled.variance - 1) < 0.05 &&
      (pooled.estimate.cwiseAbs().array() < 0.05).all()) {
    const auto& count = evidence.shape().count;
    const double beyond =
        count[0] + count[1] + count[ShapeCounts::kCells - 2] + count[ShapeCounts::kCells - 1];
    return format(
        "mean and variance (ratio %.4g) fit better than the shape: the noise is not normal (beyond 5 sigma: "
        "%.3g)",
        pooled.variance, beyond / std::max(1.0, evidence.shape().n));
  }
  return numbers(residuals, pooled) + named;
}

}  // namespace ddim::statistics
