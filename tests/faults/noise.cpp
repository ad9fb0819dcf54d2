#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

/// How the noise of a step is scaled.
std::function<void(Recipe&)> scaled_by(Real (*scale)(const Place&, const Levels&, Real sigma)) {
  return [=](Recipe& recipe) { recipe.noise_scale = scale; };
}

/// Each draw of a step's noise, whoever draws it; and each draw of the generator.
using Draw = double (*)(double z);
std::function<void(Recipe&)> each_draw(Draw map) {
  return [=](Recipe& recipe) {
    recipe.noise = [=](const RealBatch& noise) {
      return RealBatch(noise.cast<double>().unaryExpr(map).template cast<Real>());
    };
  };
}
std::function<void(Sampler&)> each_normal(Draw map) {
  return [=](Sampler& sampler) {
    sampler.normals = [=, kept = sampler.normals](const Draws& draws, Eigen::Index d, Eigen::Index n,
                                                  std::uint64_t first, std::uint32_t block) -> Result<Batch> {
      const Result<Batch> normals = kept(draws, d, n, first, block);
      return normals ? Batch(normals->unaryExpr(map)) : normals;
    };
  };
}

/// The whole batch of a step's noise, rewritten.
std::function<void(Recipe&)> whole_noise(RealBatch (*rewrite)(const RealBatch&)) {
  return [=](Recipe& recipe) { recipe.noise = rewrite; };
}

double cdf(double z) { return boost::math::cdf(boost::math::normal{}, z); }
double tail_of(double z) { return cdf(-std::abs(z)); }

// Laws of unit variance, by their quantile at Phi(z); below, log(density / normal density).
double uniform_of(double z) { return std::sqrt(12.0) * (cdf(z) - 0.5); }
double laplace_of(double z) { return std::copysign(-std::log(2 * tail_of(z)) / std::numbers::sqrt2, z); }
double logistic_of(double z) {
  return std::sqrt(3.0) / std::numbers::pi * (std::log(cdf(z)) - std::log(cdf(-z)));
}
double triangular_of(double z) { return std::copysign(std::sqrt(6.0) * (1 - std::sqrt(2 * tail_of(z))), z); }
const double kSpread = std::sqrt(0.95 + 0.05 * 9);
double two_widths_of(double z) {
  const double low_digits = cdf(z) * 1000 - std::floor(cdf(z) * 1000);  // an independent uniform
  return (low_digits < 0.05 ? 3 : 1) * z / kSpread;
}
double cut_at_two_of(double z) {
  const double low = cdf(-2.0);
  return boost::math::quantile(boost::math::normal{}, low + (1 - 2 * low) * cdf(z));
}
double not_finite_beyond(double z) { return z > 3.1 ? std::numeric_limits<double>::quiet_NaN() : z; }

constexpr double kNever = -std::numeric_limits<double>::infinity();
double log_normal(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }
double log_uniform(double z) {
  return std::abs(z) < std::sqrt(3.0) ? -std::log(std::sqrt(12.0)) - log_normal(z) : kNever;
}
double log_laplace(double z) {
  return -std::numbers::sqrt2 * std::abs(z) - 0.5 * std::log(2.0) - log_normal(z);
}
double log_logistic(double z) {
  const double scale = std::sqrt(3.0) / std::numbers::pi, x = std::abs(z) / scale;
  return -x - std::log(scale) - 2 * std::log1p(std::exp(-x)) - log_normal(z);
}
double log_triangular(double z) {
  const double x = std::abs(z) / std::sqrt(6.0);
  return x < 1 ? std::log1p(-x) - 0.5 * std::log(6.0) - log_normal(z) : kNever;
}
double log_two_widths(double z) {
  const double a = 1 / kSpread, b = 3 / kSpread;
  return std::log(0.95 / a * std::exp(-z * z / (2 * a * a)) + 0.05 / b * std::exp(-z * z / (2 * b * b))) +
         0.5 * z * z;
}
double log_cut_at_two(double z) { return std::abs(z) <= 2 ? -std::log(1 - 2 * cdf(-2.0)) : kNever; }

RealBatch same_every_call(const RealBatch& noise) {
  static const Draws draws(0, samplers::Stream::noise, "noise-reseeded");
  return draws.normal_batch(noise.rows(), noise.cols(), 0, 0).cast<Real>();
}
/// One of 64 batches, by the noise that it stands for.
RealBatch from_a_small_pool(const RealBatch& noise) {
  static const Draws draws(0, samplers::Stream::noise, "noise-small-pool");
  const auto seed = static_cast<std::uint64_t>(std::abs(noise(0, 0)) * 1e6L) % 64;
  const auto columns = static_cast<std::uint64_t>(noise.cols());
  return draws.normal_batch(noise.rows(), noise.cols(), seed * columns, 0).cast<Real>();
}
RealBatch correlated(const RealBatch& noise) {
  RealBatch mixed = noise;
  for (Eigen::Index i = 1; i < noise.rows(); ++i)
    mixed.row(i) = 0.2L * mixed.row(i - 1) + std::sqrt(0.96L) * noise.row(i);
  return mixed;
}

std::vector<Fault> faults_of_scale() {
  return {
      {.name = "noise-left-out",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "faults of ports",
       .says = "the noise is not added at eta > 0",
       .in_recipe = scaled_by([](const Place&, const Levels&, Real) { return Real{0}; })},
      {.name = "noise-by-variance",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "variance for deviation",
       .says = "the noise is scaled by sigma^2",
       .in_recipe = scaled_by([](const Place&, const Levels&, Real sigma) { return sigma * sigma; })},
      {.name = "noise-eta-twice",
       .equation = "Eq12",
       .condition = "0 < eta < 1",
       .seen = "eta applied in two places",
       .says = "the noise is scaled by eta sigma",
       .in_recipe = scaled_by([](const Place& p, const Levels&, Real sigma) { return p.run.eta() * sigma; })},
      {.name = "noise-eta-forgotten",
       .equation = "Eq12",
       .condition = "0 < eta < 1",
       .seen = "eta applied to the direction alone",
       .says = "the noise is scaled by Eq16's sigma at eta = 1",
       .in_recipe = scaled_by([](const Place& p, const Levels& at, Real) {
         return p.run.eta() > 0 ? std::sqrt(variance(at)) : Real{0};
       })},
      {.name = "noise-hat",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "DDPM's fixed_large",
       .says = "the noise is scaled by sigma_hat",
       .in_recipe = scaled_by([](const Place& p, const Levels& at, Real) {
         return at.prev.one_minus == 0 ? Real{0} : p.run.eta() * std::sqrt(kept_beta(at));
       })},
      {.name = "noise-at-eta-zero",
       .equation = "Eq12",
       .condition = "eta = 0",
       .seen = "DDPM's noise added to DDIM's mean",
       .says = "noise is added at eta = 0",
       .where = {.eta = 0},
       .in_recipe = scaled_by([](const Place& p, const Levels& at, Real sigma) {
         return p.run.eta() == 0 ? std::sqrt(variance(at)) : sigma;
       })},
  };
}

std::vector<Fault> faults_of_shape() {
  return {
      {.name = "noise-uniform",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a uniform generator scaled to unit variance",
       .says = "uniform noise of unit variance",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw(uniform_of),
       .in_sampler = each_normal(uniform_of),
       .log_density = log_uniform},
      {.name = "noise-laplace",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a generator of another law behind the same call; planted",
       .says = "Laplace noise of unit variance",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw(laplace_of),
       .in_sampler = each_normal(laplace_of),
       .log_density = log_laplace},
      {.name = "noise-logistic",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "the logistic function inverted for the normal quantile",
       .says = "logistic noise of unit variance",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw(logistic_of),
       .in_sampler = each_normal(logistic_of),
       .log_density = log_logistic},
      {.name = "noise-triangular",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a normal made as a sum of uniforms, with two of them",
       .says = "the sum of two uniforms",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw(triangular_of),
       .in_sampler = each_normal(triangular_of),
       .log_density = log_triangular},
      {.name = "noise-two-widths",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "the textbook's contaminated normal; planted",
       .says = "one draw in twenty is three times as wide",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw(two_widths_of),
       .in_sampler = each_normal(two_widths_of),
       .log_density = log_two_widths},
      {.name = "noise-cut-at-two",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "TensorFlow's truncated_normal used for noise",
       .says = "draws beyond two are redrawn, and not rescaled",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw(cut_at_two_of),
       .in_sampler = each_normal(cut_at_two_of),
       .log_density = log_cut_at_two},
      {.name = "noise-signs",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "Rademacher probes, which have the same two moments",
       .says = "only the sign of the noise is kept",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw([](double z) { return z < 0 ? -1.0 : 1.0; }),
       .in_sampler = each_normal([](double z) { return z < 0 ? -1.0 : 1.0; })},
      {.name = "noise-eighths",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "noise kept in eight bits (e4m3 between one and two)",
       .says = "noise rounded to eighths",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw([](double z) { return std::round(z * 8) / 8; }),
       .in_sampler = each_normal([](double z) { return std::round(z * 8) / 8; })},
      {.name = "noise-absolute",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a sign bit lost in a conversion; planted",
       .says = "the noise has lost its sign",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_recipe = each_draw([](double z) { return std::abs(z); }),
       .in_sampler = each_normal([](double z) { return std::abs(z); })},
      {.name = "noise-biased",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "offset noise of training kept in sampling",
       .says = "noise of mean 0.05",
       .where = {.config = ""},
       .in_recipe = each_draw([](double z) { return z + 0.05; }),
       .in_sampler = each_normal([](double z) { return z + 0.05; })},
      {.name = "noise-wide",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a noise multiplier left on (s_noise of EDM's sampler)",
       .says = "noise of variance 1.05",
       .where = {.config = ""},
       .in_recipe = each_draw([](double z) { return std::sqrt(1.05) * z; }),
       .in_sampler = each_normal([](double z) { return std::sqrt(1.05) * z; })},
      {.name = "noise-not-finite",
       .equation = "Eq12",
       .condition = "eta > 0, a draw above 3.1",
       .seen = "log(0) in a generator, once in a while",
       .says = "one output in about a thousand is NaN",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_recipe = each_draw(not_finite_beyond)},
  };
}

std::vector<Fault> faults_of_seeds() {
  return {
      {.name = "noise-reseeded",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a generator made anew, from the same seed, in every call",
       .says = "every call draws the same noise",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_recipe = whole_noise(same_every_call)},
      {.name = "noise-small-pool",
       .equation = "Eq12",
       .condition = "eta > 0",
       .seen = "a seed drawn from a short range in every call; planted",
       .says = "the noise is one of 64 batches",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_recipe = whole_noise(from_a_small_pool)},
  };
}

std::vector<Fault> faults_of_dependence() {
  return {
      {.name = "noise-one-per-batch",
       .equation = "Eq12",
       .condition = "eta > 0, more than one sample",
       .seen = "noise drawn in one sample's shape and broadcast",
       .says = "one column of noise for the whole batch",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_recipe =
           whole_noise([](const RealBatch& z) { return RealBatch(z.col(0).replicate(1, z.cols())); })},
      {.name = "noise-one-per-sample",
       .equation = "Eq12",
       .condition = "eta > 0, more than one dimension",
       .seen = "noise drawn in the batch's shape and broadcast",
       .says = "one number of noise for all dimensions of a sample",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_recipe =
           whole_noise([](const RealBatch& z) { return RealBatch(z.row(0).replicate(z.rows(), 1)); })},
      {.name = "noise-correlated",
       .equation = "Eq12",
       .condition = "eta > 0, more than one dimension",
       .seen = "noise resized with interpolation",
       .says = "neighbouring dimensions correlate by 0.2",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_recipe = whole_noise(correlated)},
      {.name = "noise-sign-flipped",
       .equation = "Eq12",
       .condition = "eta > 0, noise handed in",
       .seen = "a sign",
       .says = "x_prev = mean - sigma z",
       .where = {.config = ""},
       .in_recipe = whole_noise([](const RealBatch& z) { return RealBatch(-z); }),
       .equivalent = "-z has the law of z; only Eq12.injected, which hands z in, sees it"},
      {.name = "noise-dimensions-reversed",
       .equation = "Eq12",
       .condition = "eta > 0, noise handed in",
       .seen = "noise in another memory order than the sample's",
       .says = "the noise's rows in reverse order",
       .where = {.config = ""},
       .in_recipe = whole_noise([](const RealBatch& z) { return RealBatch(z.colwise().reverse()); }),
       .equivalent = "independent coordinates may change places; only Eq12.injected sees it"},
  };
}

}  // namespace

std::vector<Fault> noise_faults() {
  std::vector<Fault> all = faults_of_scale();
  for (auto* part : {faults_of_shape, faults_of_seeds, faults_of_dependence}) {
    for (Fault& fault : part()) all.push_back(std::move(fault));
  }
  return all;
}

}  // namespace ddim::faults
