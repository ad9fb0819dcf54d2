#include "tests/statistics/rounding.hpp"

#include <algorithm>
#include <cmath>

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

double alpha_before_rounding(double alpha) { return normal_cdf(normal_quantile(alpha) - kEnergy); }

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

samplers::Arithmetic Rounding::made(const samplers::Run& run, double unit_roundoff) const {
  const auto shown = samplers::ask(sampler_.alphas_cumprod, run);
  const samplers::Table& table = run.table();
  const bool whole = shown && shown->size() == table.size();
  const double table_u = whole ? samplers::table_roundoff(*shown, unit_roundoff) : unit_roundoff;
  std::vector<double> error = samplers::table_bound(run.config(), unit_roundoff, table_u);
  for (std::size_t t = 0; whole && t < table.size(); ++t) {
    const auto off = static_cast<double>(std::abs(Real((*shown)[t]) - table[t].alpha_bar));
    error[t] = off <= error[t] ? off : 0;  // a table that is wrong excuses nothing
  }
  return {unit_roundoff, table_u,
          [error = std::move(error)](int t) { return error[static_cast<std::size_t>(t)]; }};
}

const samplers::Arithmetic& Rounding::arithmetic(const samplers::Run& run) const {
  const std::lock_guard lock(guard_);
  if (!made_) made_ = made(run, storage_);
  return *made_;
}

const samplers::Arithmetic& Rounding::inside(const samplers::Run& run) const {
  const std::lock_guard lock(guard_);
  if (!inside_) inside_ = made(run, arithmetic_);
  return *inside_;
}

double Rounding::of_step(const samplers::Run& run, int i, double x0, double e, bool stored) const {
  const samplers::Arithmetic& how = stored ? arithmetic(run) : inside(run);
  const std::lock_guard lock(guard_);
  const auto [place, fresh] = known_.try_emplace({run.eta(), i, x0, e, stored}, 0);
  if (fresh) {
    const Batch data{{-x0, -x0, x0, x0}}, noise{{-e, e, -e, e}};
    const Batch x_t = samplers::marginal(run.level(i), data, noise), output = run.output(i, data, noise);
    place->second = samplers::step_bound(samplers::Recipe::of(run.dialect()), {run, run.entry(i)},
                                         grid_.nearest(x_t).cast<Real>(), grid_.nearest(output).cast<Real>(),
                                         RealBatch::Constant(1, data.cols(), 1), how)
                        .prev_sample.maxCoeff();
  }
  return place->second;
}

double Rounding::of_noising(const samplers::Run& run, int timestep, double x0) const {
  return samplers::noising_bound(run.table().at(static_cast<std::size_t>(timestep)), timestep,
                                 RealBatch::Constant(1, 1, x0), RealBatch::Constant(1, 1, 1), arithmetic(run))
      .x_t(0);
}

}  // namespace ddim::statistics
