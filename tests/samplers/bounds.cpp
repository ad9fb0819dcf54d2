#include "tests/samplers/bounds.hpp"

#include <algorithm>
#include <cmath>

#include "proofs/tolerances.hpp"

namespace ddim::samplers {
namespace {

namespace tol = ddim::tolerance;
using Ball = tol::Ball<Real>;
using Format = tol::Format<Real>;
using Formats = tol::Formats<Real>;

/// Roots within an ulp: people write them as pow(x, 0.5) too.
Format format_of(double u) {
  const Format f = u == 0x1p-53   ? tol::binary64<Real>()
                   : u == 0x1p-24 ? tol::binary32<Real>()
                   : u == 0x1p-11 ? tol::binary16<Real>()
                                  : tol::bfloat16<Real>();
  return tol::with_root(f, 2);
}
/// long double's own, in which the definition is evaluated.
Formats formats_of_definition() { return {tol::real_format<Real>(), tol::real_format<Real>()}; }

bool holds(double u, Real value) {
  int exponent;
  const Real digits = std::frexp(value, &exponent) / static_cast<Real>(u);
  return digits == std::nearbyint(digits);
}

/// A number of the file or of the run, as code in the format has it.
Ball held(const Format& f, double value) {
  const Ball exact = tol::exactly<Real>(value);
  return holds(static_cast<double>(f.roundoff), value) ? exact : tol::cast(f, exact);
}

/// A level that is off by `error`, and shown in the format though it may be kept wider.
Ball level_ball(const Format& f, Real alpha_bar, double error) {
  return tol::cast(f, Ball{alpha_bar, error});
}

tol::Prediction kind_of(Prediction prediction) {
  return prediction == Prediction::eps  ? tol::Prediction::eps
         : prediction == Prediction::x0 ? tol::Prediction::x0
                                        : tol::Prediction::v;
}

tol::Restriction restriction_of(const Recipe& recipe, const Config& config) {
  if (!config.restricts()) return tol::Restriction::free;
  return recipe.rederives_eps ? tol::Restriction::rederived : tol::Restriction::kept;
}

/// Sums of |terms| of pred_x0 and of eps.
struct Magnitudes {
  RealBatch x0, eps;
};
Magnitudes magnitudes(const Recipe& recipe, const Config& config, const Levels& at, const RealBatch& x_t,
                      const RealBatch& output) {
  const Real root = std::sqrt(at.current.alpha_bar), rest = std::sqrt(at.current.one_minus);
  const RealBatch x = x_t.cwiseAbs(), o = output.cwiseAbs();
  Magnitudes of;
  switch (config.prediction) {
    case Prediction::eps:
      of = {(x + rest * o) / root, o};
      break;
    case Prediction::x0:
      of = {o, (x + root * o) / rest};
      break;
    case Prediction::v:
      of = {root * x + rest * o, rest * x + root * o};
      break;
  }
  if (config.thresholding) {
    // The threshold depends on every element of its sample.
    for (Eigen::Index j = 0; j < of.x0.cols(); ++j) of.x0.col(j).setConstant(3 * of.x0.col(j).maxCoeff());
  }
  if (recipe.rederives_eps && config.restricts()) of.eps = (x + root * of.x0) / rest;
  return of;
}

/// Of prev_sample and pred_x0.
struct Errors {
  RealBatch prev_sample, pred_x0;
};
/// The order's own step is taken without noise, and sigma_hat's is added: two roundings more.
Ball with_noise_by_hat(const Formats& f, const tol::Levels<Real>& at, const Ball& mean, Real noise) {
  const Ball kept = tol::quotient(f.table, at.alpha_bar, at.alpha_bar_prev);
  const Ball sigma_hat = tol::root(f.table, tol::difference(f.table, tol::constant<Real>(1), kept));
  return tol::sum(f.sample, mean, tol::product(f.sample, sigma_hat, tol::exactly(noise)));
}

/// Of a step given x_t, the output and the noise. No orders: all that apply.
Errors step_errors(const Formats& f, const tol::Levels<Real>& at, const Recipe& recipe, const Place& of,
                   const RealBatch& x_t, const std::function<Ball(Eigen::Index)>& output,
                   const RealBatch& noise, std::initializer_list<tol::Order> orders = {}) {
  const Config& config = of.run.config();
  const bool by_hat = of.run.adds_sigma_hat(of.run.step_of(of.entry));
  const tol::Prediction kind = kind_of(config.prediction);
  const tol::Restriction restriction = restriction_of(recipe, config);
  const tol::StepBounds<Real> bounds(f, at, kind, restriction, config.thresholding, orders),
      free(f, at, kind, tol::Restriction::free, false, orders);
  Errors errors{RealBatch(x_t.rows(), x_t.cols()), RealBatch(x_t.rows(), x_t.cols())};
  for (Eigen::Index j = 0; j < x_t.cols(); ++j) {
    const auto place = [&](Eigen::Index i) { return j * x_t.rows() + i; };
    Ball threshold = held(f.sample, config.clip_sample_range);
    if (config.thresholding) {
      std::vector<Ball> magnitudes;
      for (Eigen::Index i = 0; i < x_t.rows(); ++i) {
        const Eigen::Index k = place(i);
        magnitudes.push_back(
            tol::magnitude(free(tol::exactly(x_t(k)), output(k), tol::exactly(noise(k))).pred_x0));
      }
      threshold = tol::dynamic_threshold<Real>(f.sample, magnitudes, config.dynamic_thresholding_ratio,
                                               config.sample_max_value);
      // However far its quantile is off, it is clamped to 1 and this.
      const Ball most = held(f.sample, config.sample_max_value);
      threshold.error = std::fmin(threshold.error,
                                  std::max(threshold.value - 1, most.value - threshold.value) + most.error);
    }
    for (Eigen::Index i = 0; i < x_t.rows(); ++i) {
      const Eigen::Index k = place(i);
      tol::StepBound<Real> bound =
          bounds(tol::exactly(x_t(k)), output(k), tol::exactly(by_hat ? Real{0} : noise(k)), threshold);
      if (by_hat) bound.prev_sample = with_noise_by_hat(f, at, bound.prev_sample, noise(k));
      const bool any = bounds.size() > 0;
      errors.prev_sample(k) = any ? bound.prev_sample.error : HUGE_VALL;
      errors.pred_x0(k) = any ? bound.pred_x0.error : HUGE_VALL;
    }
  }
  return errors;
}

RealBatch first_finite(const RealBatch& a, const RealBatch& b) {
  return a.binaryExpr(b, [](Real one, Real other) { return std::isfinite(one) ? one : other; });
}

/// The file's betas, which are doubles, and how far those made in the format may be off.
std::vector<Ball> beta_balls(const Config& config, const Format& f) {
  const BetaRule* rule = config.beta_schedule;
  std::vector<Ball> made;
  if (rule == &squaredcos_cap_v2) {
    made = tol::curve_betas<Real>({f, f}, tol::cosine_curve(f, config.T), 0.999L);
  } else if (rule == &trained_betas) {
    for (const double beta : config.trained_betas) made.push_back(held(f, beta));
  } else {
    made = tol::ramp_betas<Real>({f, f}, tol::exactly<Real>(config.beta_start),
                                 tol::exactly<Real>(config.beta_end), config.T, rule == &scaled_linear);
  }
  const std::vector<Real> exact = rule->betas(config);
  for (std::size_t t = 0; t < made.size(); ++t) {
    const Real beta = static_cast<double>(exact[t]);
    made[t] = {beta, made[t].error + std::abs(beta - made[t].value)};
  }
  return made;
}

}  // namespace

double table_roundoff(const std::vector<double>& alphas_cumprod, double u) {
  for (const double format : {u, 0x1p-24}) {
    if (format <= u && std::all_of(alphas_cumprod.begin(), alphas_cumprod.end(),
                                   [format](double a) { return holds(format, a); }))
      return format;
  }
  return 0x1p-53;
}

StepBound step_bound(const Recipe& recipe, const Place& place, const RealBatch& x_t, const RealBatch& output,
                     const RealBatch& noise, const Arithmetic& arithmetic, bool output_rounds) {
  const Config& config = place.run.config();
  const Levels at = levels(recipe, place);
  const Magnitudes of = magnitudes(recipe, config, at, x_t, output);
  const Real sigma = recipe.sigma(place, at), direction = recipe.direction(place, at, sigma);
  const RealBatch of_prev = std::sqrt(at.prev.alpha_bar) * of.x0 + direction * of.eps +
                            recipe.noise_scale(place, at, sigma) * noise.cwiseAbs();

  const auto errors_in = [&](double table_u) {
    const Formats f{format_of(table_u), format_of(arithmetic.sample_u)};
    const Ball current = level_ball(f.table, at.current.alpha_bar, arithmetic.table_error(place.timestep()));
    const Ball prev = at.prev.one_minus == 0 ? tol::exactly<Real>(1)
                                             : level_ball(f.table, at.prev.alpha_bar,
                                                          arithmetic.table_error(place.next().value_or(0)));
    const tol::Levels<Real> balls{current,
                                  prev,
                                  {at.current.one_minus, current.error},
                                  {at.prev.one_minus, prev.error},
                                  held(f.table, place.run.eta())};
    const auto given = [&](Eigen::Index k) {
      const Ball exact = tol::exactly(output(k));
      return output_rounds ? tol::cast(f.sample, exact) : exact;
    };
    return step_errors(f, balls, recipe, place, x_t, given, noise);
  };
  Errors errors = errors_in(arithmetic.u);
  if (arithmetic.table_u < arithmetic.u && !(errors.prev_sample + errors.pred_x0).allFinite()) {
    const Errors wide = errors_in(arithmetic.table_u);
    errors = {first_finite(errors.prev_sample, wide.prev_sample), first_finite(errors.pred_x0, wide.pred_x0)};
  }
  // The definition is evaluated as CompVis writes it.
  const Errors own = step_errors(formats_of_definition(),
                                 {tol::exactly(at.current.alpha_bar), tol::exactly(at.prev.alpha_bar),
                                  tol::exactly(at.current.one_minus), tol::exactly(at.prev.one_minus),
                                  tol::exactly<Real>(place.run.eta())},
                                 recipe, place, x_t, [&](Eigen::Index k) { return tol::exactly(output(k)); },
                                 noise, {tol::Order::compvis});
  return {(errors.prev_sample + own.prev_sample).cast<double>(),
          (errors.pred_x0 + own.pred_x0).cast<double>(), of_prev.cast<double>(), of.x0.cast<double>()};
}

NoisingBound noising_bound(const Level& level, int t, const RealBatch& x0, const RealBatch& noise,
                           const Arithmetic& arithmetic) {
  const Format dtype = format_of(arithmetic.sample_u);  // diffusers casts its table to the samples' dtype
  const Ball alpha_bar = level_ball(dtype, level.alpha_bar, arithmetic.table_error(t));
  const Ball one_minus{level.one_minus, alpha_bar.error};
  NoisingBound bound{Batch(x0.rows(), x0.cols()), (std::sqrt(level.alpha_bar) * x0.cwiseAbs() +
                                                   std::sqrt(level.one_minus) * noise.cwiseAbs())
                                                      .cast<double>()};
  for (Eigen::Index k = 0; k < x0.size(); ++k) {
    const Ball x = tol::exactly(x0(k)), z = tol::exactly(noise(k));
    const Real error = tol::add_noise_bound<Real>({dtype, dtype}, alpha_bar, one_minus, x, z).error,
               own = tol::add_noise_bound<Real>(formats_of_definition(), tol::exactly(level.alpha_bar),
                                                tol::exactly(level.one_minus), x, z)
                         .error;
    bound.x_t(k) = static_cast<double>(error + own);
  }
  return bound;
}

std::vector<double> table_bound(const Config& config, double u, double table_u) {
  const Format dtype = format_of(u);
  const auto tables = [&config](const Formats& f, const std::vector<Ball>& betas) {
    const std::vector<Ball> plain = tol::cumprod_table<Real>(f, betas, true);
    return config.rescale_betas_zero_snr ? tol::rescaled_table<Real>(f, plain) : plain;
  };
  const auto made_in = [&](double format) {
    return tables({format_of(format), dtype}, beta_balls(config, format_of(format)));
  };
  const std::vector<Ball> made = made_in(u), wide = made_in(table_u);
  std::vector<Ball> exact;
  for (const Ball& beta : beta_balls(config, dtype)) exact.push_back(tol::exactly(beta.value));
  const std::vector<Ball> own = tables(formats_of_definition(), exact);
  std::vector<double> bounds;
  for (std::size_t t = 0; t < made.size(); ++t) {
    const auto bound = static_cast<double>(made[t].error + own[t].error);
    bounds.push_back(std::isfinite(bound) ? bound : static_cast<double>(wide[t].error + own[t].error));
  }
  return bounds;
}

}  // namespace ddim::samplers
