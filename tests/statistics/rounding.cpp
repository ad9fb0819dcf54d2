#include "tests/statistics/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/samplers/draws.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

using samplers::Real;
using samplers::RealBatch;

/// Of N(0, 1) within [low, high], at v; by symmetry in the lower half, where the tail is exact.
double within(double low, double high, double v) {
  // The density is even across so narrow a cell.
  if (high - low < 1e-4) return low + v * (high - low);
  if (low + high > 0) return -within(-high, -low, 1 - v);
  const double below = normal_cdf(low), p = below + v * (normal_cdf(high) - below);
  return p > 0 && p < 1 ? normal_quantile(p) : low + v * (high - low);
}

}  // namespace

double alpha_before_rounding(double alpha) {
  if (alpha == 0 || alpha == 1) return alpha;  // nothing is added to what never or always fails
  return normal_cdf(normal_quantile(alpha) - kEnergy);
}

Grid::Grid(double unit_roundoff)
    : unit_roundoff_(unit_roundoff),
      least_spacing_(unit_roundoff == 0x1p-11   ? 0x1p-24
                     : unit_roundoff == 0x1p-8  ? 0x1p-133
                     : unit_roundoff == 0x1p-24 ? 0x1p-149
                                                : 0) {}

double Grid::spacing(double x) const {
  int exponent;
  std::frexp(x, &exponent);
  return std::max(std::ldexp(unit_roundoff_, exponent), least_spacing_);
}

double Grid::nearest(double x) const {
  if (unit_roundoff_ == 0x1p-53 || x == 0 || !std::isfinite(x)) return x;
  const double step = spacing(x);
  return std::nearbyint(x / step) * step;
}

Batch Grid::nearest(const Batch& x) const {
  if (unit_roundoff_ == 0x1p-53) return x;
  return x.unaryExpr([this](double value) { return nearest(value); });
}

double Grid::residual(double y, double mean, double sigma, double v) const {
  if (unit_roundoff_ == 0x1p-53 || !std::isfinite(y) || nearest(y) != y) return (y - mean) / sigma;
  // Below a power of two the numbers are twice as dense.
  const double up = spacing(y) / 2, inward = spacing(y * (1 - 0x1p-50)) / 2;
  const double low = y - (y > 0 ? inward : up), high = y + (y < 0 ? inward : up);
  return within((low - mean) / sigma, (high - mean) / sigma, v);
}

std::string Rounding::dtypes() const {
  samplers::Identity who;
  who.dtype = samplers::dtype_of(arithmetic_);
  who.sample_dtype = samplers::dtype_of(storage_);
  return samplers::dtypes_text(who);
}

samplers::Arithmetic Rounding::made(const samplers::Run& run, double sample_u) const {
  const auto shown = samplers::ask(sampler_.alphas_cumprod, run);
  const samplers::Table& table = run.table();
  const bool whole = shown && shown->size() == table.size();
  // Who shows neither a table nor a list is given both, as a plain step is.
  if (!shown && !samplers::ask(sampler_.timesteps, run))
    return {arithmetic_, arithmetic_, [](int) { return 0.0; }, sample_u};
  const double table_u = whole ? samplers::table_roundoff(*shown, arithmetic_) : arithmetic_;
  std::vector<double> error = samplers::table_bound(run.config(), arithmetic_, table_u);
  for (std::size_t t = 0; whole && t < table.size(); ++t) {
    const auto off = static_cast<double>(std::abs(Real((*shown)[t]) - table[t].alpha_bar));
    error[t] = off <= error[t] ? off : 0;  // a table that is wrong excuses nothing
  }
  return {arithmetic_, table_u,
          [error = std::move(error)](int t) { return error[static_cast<std::size_t>(t)]; }, sample_u};
}

const samplers::Arithmetic& Rounding::arithmetic(const samplers::Run& run) const {
  const std::lock_guard lock(guard_);
  if (!made_) made_ = made(run, storage_);
  return *made_;
}

const samplers::Arithmetic& Rounding::inside(const samplers::Run& run) const {
  if (!rounds_once(run)) return arithmetic(run);
  if (!inside_) inside_ = made(run, arithmetic_);
  return *inside_;
}

bool Rounding::rounds_once(const samplers::Run& run) const {
  const std::lock_guard lock(guard_);
  if (!once_) once_ = arithmetic_ < storage_ && tried(run);
  return *once_;
}

samplers::Result<samplers::StepOutput> Rounding::mean_of_step(const samplers::Run& run, int entry,
                                                              const Batch& x_t, const Batch& output) const {
  auto given = samplers::ask(sampler_.step, run, entry, x_t, output, Batch::Zero(x_t.rows(), x_t.cols()));
  if (given || sampler_.identity.eta || run.adds_sigma_hat(run.step_of(entry))) return given;
  return samplers::ask(sampler_.own_step, run.with_eta(0), entry, x_t, output);
}

bool Rounding::tried(const samplers::Run& run) const {
  constexpr int kSteps = 6;
  constexpr Eigen::Index d = 8, n = 4;
  const samplers::Recipe recipe = samplers::Recipe::of(run.dialect());
  const samplers::Arithmetic wide = made(run, arithmetic_), narrow = made(run, storage_);
  const samplers::Draws draws(1, samplers::Stream::judge, "rounds once");
  const RealBatch zero = RealBatch::Zero(d, n);
  bool compared = false, once = true;
  for (int k = 0; k < std::min(kSteps, run.S()); ++k) {
    const int i = 1 + k * run.S() / std::min(kSteps, run.S());
    const auto block = static_cast<std::uint32_t>(16 * k);
    const Batch x_t = grid_.nearest(draws.normal_batch(d, n, 0, block)),
                output = grid_.nearest(draws.normal_batch(d, n, 0, block + 8));
    const auto got = mean_of_step(run, run.entry(i), x_t, output);
    if (!got || got->prev_sample.rows() != d || got->prev_sample.cols() != n) continue;
    const samplers::Place place{run, run.entry(i)};
    const RealBatch x = x_t.cast<Real>(), out = output.cast<Real>();
    const Batch off =
        (got->prev_sample.cast<Real>() - samplers::step(recipe, place, x, out, zero).prev_sample)
            .cwiseAbs()
            .cast<double>();
    const Batch before = samplers::step_bound(recipe, place, x, out, zero, wide).prev_sample,
                after = samplers::step_bound(recipe, place, x, out, zero, narrow).prev_sample;
    for (Eigen::Index j = 0; j < off.size(); ++j) {
      if (!std::isfinite(before(j)) || !std::isfinite(after(j))) continue;
      if (!(off(j) <= after(j))) return true;
      compared = true;
      once = once && off(j) <= before(j) + grid_.half_cell(got->prev_sample(j));
    }
  }
  return compared && once;
}

double Rounding::of_step(const samplers::Run& run, int i, double x0, double e, bool stored) const {
  const std::lock_guard lock(guard_);
  const auto [place, fresh] = known_.try_emplace({run.eta(), i, x0, e, stored}, 0);
  if (!fresh) return place->second;
  const Batch data{{-x0, -x0, x0, x0}}, noise{{-e, e, -e, e}};
  const Batch x_t = samplers::marginal(run.level(i), data, noise), output = run.output(i, data, noise);
  const samplers::StepBound bound = samplers::step_bound(
      samplers::Recipe::of(run.dialect()), {run, run.entry(i)}, grid_.nearest(x_t).cast<Real>(),
      grid_.nearest(output).cast<Real>(), RealBatch::Constant(1, data.cols(), 1), inside(run));
  double most =
      bound.prev_sample.allFinite() ? bound.prev_sample.maxCoeff() : std::numeric_limits<double>::infinity();
  // What is rounded once: the result, and noise that is handed in.
  if (stored && rounds_once(run))
    most += grid_.half_cell(bound.magnitude_prev.maxCoeff()) + run.law(i).sigma() * grid_.half_cell(1);
  return place->second = most;
}

double Rounding::of_noising(const samplers::Run& run, int timestep, double x0) const {
  return samplers::noising_bound(run.table().at(static_cast<std::size_t>(timestep)), timestep,
                                 RealBatch::Constant(1, 1, x0), RealBatch::Constant(1, 1, 1), arithmetic(run))
      .x_t(0);
}

}  // namespace ddim::statistics
