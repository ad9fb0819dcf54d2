#include "tests/statistics/claims.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/statistics/laws.hpp"

namespace ddim::statistics {
namespace {

constexpr double kFar = 30, kFarNoise = 6;
constexpr Eigen::Index kDims = 4;

/// Residuals nearer than this are a repeat: rounding of the outputs divided by a small sigma.
double tie_width(const Subject& subject) { return std::max(1e-9, subject.unit_roundoff * 2e3); }

Batch uniform_batch(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                    std::uint32_t block) {
  Batch result(d, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; i += 2) {
      const auto u =
          draws.uniforms(first + static_cast<std::uint64_t>(j), block + static_cast<std::uint32_t>(i / 2));
      result(i, j) = u[0];
      if (i + 1 < d) result(i + 1, j) = u[1];
    }
  }
  return result;
}

Batch signs(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
  return uniform_batch(draws, d, n, first, block).unaryExpr([](double u) { return u < 0.5 ? -1.0 : 1.0; });
}

/// Every other dimension typical, uniform on [-1, 1], the rest at +-30; divided by kMixedScale its mean
/// square is 1.
const double kMixedScale = std::sqrt((1.0 / 3 + kFar * kFar) / 2);
Batch mixed_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
  Batch u = uniform_batch(draws, d, n, first, block);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; ++i)
      u(i, j) = i % 2 == 1 ? (u(i, j) < 0.5 ? -kFar : kFar) : 2 * u(i, j) - 1;
  }
  return u;
}

Batch typical_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                 std::uint32_t block) {
  return 2 * uniform_batch(draws, d, n, first, block).array() - 1;
}

/// The steps whose sigma is positive, and a cell for each (at most eight cells).
std::vector<int> noisy_steps(const Setting& setting) {
  std::vector<int> steps;
  for (int i = 1; i <= setting.S(); ++i) {
    if (setting.law(i).s2 > 0) steps.push_back(i);
  }
  return steps;
}

int cells_for(std::size_t steps) { return std::max(1, static_cast<int>(std::min<std::size_t>(steps, 8))); }
int cell_of(std::size_t position, std::size_t steps) {
  return static_cast<int>(position * static_cast<std::size_t>(cells_for(steps)) / steps);
}
std::function<int(const Setting&, int)> noisy_step_of_cell() {
  return [](const Setting& setting, int cell) {
    const std::vector<int> steps = noisy_steps(setting);
    return cells_for(steps.size()) == static_cast<int>(steps.size()) ? steps[static_cast<std::size_t>(cell)]
                                                                     : 0;
  };
}

Batch marginal(const paper::Level& level, const Batch& x0, const Batch& e) {
  return paper::root(level.a) * x0 + paper::root(level.b) * e;
}
Batch noise_of(const paper::Level& level, const Batch& x0, const Batch& x_t) {
  return (x_t - paper::root(level.a) * x0) / paper::root(level.b);
}

Batch checked_step(const Context& c, int i, const Batch& x_t, const Batch& output, const Batch& noise) {
  const Batch x_prev = c.subject.step(c.setting, i, x_t, output, noise);
  require_shape("x_prev", x_prev, x_t.rows(), x_t.cols());
  return x_prev;
}

/// Eq7's residual of one step of the subject. Whitening with the subject itself is the fault the seam plants.
Batch step_residual(const Context& c, int i, const Batch& x0, const Batch& e, const Batch& x_t,
                    const Batch& x_prev) {
  const paper::Step& law = c.setting.law(i);
  if (!c.instruments.whiten_by_paper) {
    const Batch output = c.setting.output(i, x0, e);
    const Batch mean = c.subject.step(c.setting, i, x_t, output, Batch::Zero(x_t.rows(), x_t.cols()));
    const Batch far = c.subject.step(c.setting, i, x_t, output, Batch::Ones(x_t.rows(), x_t.cols()));
    return (x_prev - mean).array() / (far - mean).array();
  }
  return (x_prev - law.posterior_x0() * x0 - law.direction() * e) / law.sigma();
}

bool ties(double width, double r, double other) { return std::abs(r - other) <= width; }

// --- Eq12 and Lemma1: steps
// -------------------------------------------------------------------------------------------

/// x_T from its marginal, then the subject's steps with the eps that points at x_0: the chain is then q_sigma
/// itself, and every step's residual is N(0, 1) given all before it.
void observe_path(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                  Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const Batch x0 = typical_x0(design, kDims, count, first, 0);
  const std::vector<int> steps = noisy_steps(c.setting);
  const double width = tie_width(c.subject);
  Batch x = marginal(c.setting.law(c.setting.S()).current, x0, design.normal_batch(kDims, count, first, 2));
  Batch before = Batch::Zero(kDims, count);
  bool has_before = false;
  std::size_t position = steps.size();
  for (int i = c.setting.S(); i >= 1 && !record.stopped(); --i) {
    const Batch e = noise_of(c.setting.law(i).current, x0, x);
    const Batch z = noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i));
    const Batch x_prev = checked_step(c, i, x, c.setting.output(i, x0, e), z);
    if (c.setting.law(i).s2 > 0) {
      --position;
      const Batch r = step_residual(c, i, x0, e, x, x_prev);
      for (Eigen::Index k = 0; k < r.size(); ++k) {
        const double neighbour = k > 0 ? r.data()[k - 1] : 0;
        const std::array<double, 5> given{1, e.data()[k], std::sqrt(3.0) * x0.data()[k], before.data()[k],
                                          neighbour};
        const double value = r.data()[k];
        record.add(
            cell_of(position, steps.size()), given, value,
            (has_before && ties(width, value, before.data()[k])) || (k > 0 && ties(width, value, neighbour)));
      }
      before = r;
      has_before = true;
    }
    x = x_prev;
  }
}

/// Single steps from given (x_0, e) at every noisy time.
void observe_steps(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count, bool far,
                   const std::function<int(std::size_t position, std::size_t steps)>& cell,
                   Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const std::vector<int> steps = noisy_steps(c.setting);
  const double width = tie_width(c.subject), x0_scale = far ? kFar : std::sqrt(1 / 3.0),
               e_scale = far ? kFarNoise : 1;
  for (std::size_t position = 0; position < steps.size() && !record.stopped(); ++position) {
    const int i = steps[position];
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Batch x0 = far ? Batch(kFar * signs(design, kDims, count, first, block))
                         : typical_x0(design, kDims, count, first, block);
    const Batch e = far ? Batch(kFarNoise * signs(design, kDims, count, first, block + 2))
                        : design.normal_batch(kDims, count, first, block + 2);
    const Batch x_t = marginal(c.setting.law(i).current, x0, e);
    const Batch x_prev =
        checked_step(c, i, x_t, c.setting.output(i, x0, e), noise.normal_batch(kDims, count, first, block));
    const Batch r = step_residual(c, i, x0, e, x_t, x_prev);
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      const double neighbour = k > 0 ? r.data()[k - 1] : 0;
      const std::array<double, 4> given{1, e.data()[k] / e_scale, x0.data()[k] / x0_scale, neighbour};
      record.add(cell(position, steps.size()), given, r.data()[k],
                 k > 0 && ties(width, r.data()[k], neighbour));
    }
  }
}

void observe_marginal(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                      Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const auto S = static_cast<std::size_t>(c.setting.S());
  for (int i = 1; i <= c.setting.S() && !record.stopped(); ++i) {
    const auto block = static_cast<std::uint32_t>(4 * i);
    const Batch x0 = mixed_x0(design, kDims, count, first, block);
    const Batch x_t = c.subject.q_sample(c.setting, i, x0, noise.normal_batch(kDims, count, first, block));
    require_shape("x_t", x_t, kDims, count);
    const Batch r = noise_of(c.setting.law(i).current, x0, x_t);
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      const double neighbour = k > 0 ? r.data()[k - 1] : 0;
      const std::array<double, 3> given{1, x0.data()[k] / kMixedScale, neighbour};
      record.add(cell_of(static_cast<std::size_t>(i - 1), S), given, r.data()[k],
                 k > 0 && ties(tie_width(c.subject), r.data()[k], neighbour));
    }
  }
}

/// The marginal after many of the subject's steps; each sample is looked at once, at a depth that goes round.
void observe_chain(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                   Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const auto depths = static_cast<std::uint64_t>(c.setting.S() - 1);
  const Batch x0 = typical_x0(design, kDims, count, first, 0);
  Batch x = marginal(c.setting.law(c.setting.S()).current, x0, design.normal_batch(kDims, count, first, 2));
  for (int i = c.setting.S(); i >= 2 && !record.stopped(); --i) {
    const Batch e = noise_of(c.setting.law(i).current, x0, x);
    x = checked_step(c, i, x, c.setting.output(i, x0, e),
                     noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i)));
    const Batch r = noise_of(c.setting.law(i).prev, x0, x);
    for (Eigen::Index j = 0; j < count; ++j) {
      if ((first + static_cast<std::uint64_t>(j)) % depths != static_cast<std::uint64_t>(i - 2)) continue;
      for (Eigen::Index k = 0; k < kDims; ++k) {
        const std::array<double, 2> given{1, std::sqrt(3.0) * x0(k, j)};
        record.add(cell_of(static_cast<std::size_t>(i - 2), static_cast<std::size_t>(depths)), given, r(k, j),
                   false);
      }
    }
  }
}

// --- Eq10: the whole chain for Gaussian data
// --------------------------------------------------------------------------

constexpr double kDataMean = 0.7, kDataVariance = 0.5;

/// eps* = slope (x - sqrt(a) m) for data N(m, v).
double data_slope(const paper::Level& level) {
  return static_cast<double>(std::sqrt(level.b) / (level.a * paper::Real(kDataVariance) + level.b));
}

struct ScalarLaw {
  paper::Real mean = 0, variance = 1;
};
/// The law of the last sample, from N(0, 1) down, by the literal Eq12.
ScalarLaw last_law(const Setting& setting) {
  ScalarLaw law;
  for (int i = setting.S(); i >= 1; --i) {
    const paper::Step& step = setting.law(i);
    const paper::Real a = step.current.a, b = step.current.b;
    const paper::Real slope = std::sqrt(b) / (a * paper::Real(kDataVariance) + b);
    const paper::Real from_eps = std::sqrt(step.radicand()) - std::sqrt(step.prev.a * b / a);
    const paper::Real gain = std::sqrt(step.prev.a / a) + from_eps * slope;
    law.mean = gain * law.mean - from_eps * slope * std::sqrt(a) * paper::Real(kDataMean);
    law.variance = gain * gain * law.variance + step.s2;
  }
  return law;
}

void observe_law(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                 Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  Batch x = design.normal_batch(kDims, count, first, 0);
  for (int i = c.setting.S(); i >= 1; --i) {
    const paper::Level& level = c.setting.law(i).current;
    const Batch eps = data_slope(level) * (x.array() - paper::root(level.a) * kDataMean);
    const Batch x0 = (x - paper::root(level.b) * eps) / paper::root(level.a);
    x = checked_step(c, i, x, c.setting.output(i, x0, eps),
                     noise.normal_batch(kDims, count, first, static_cast<std::uint32_t>(2 * i)));
  }
  const ScalarLaw law = last_law(c.setting);
  const Batch r = (x.array() - static_cast<double>(law.mean)) / paper::root(law.variance);
  for (Eigen::Index k = 0; k < r.size(); ++k) {
    const double neighbour = k > 0 ? r.data()[k - 1] : 0;
    record.add(0, std::array<double, 2>{1, neighbour}, r.data()[k],
               k > 0 && ties(tie_width(c.subject), r.data()[k], neighbour));
  }
}

// --- Eq8 and NonMarkov
// ------------------------------------------------------------------------------------------------

void observe_forward(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                     Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const auto steps = static_cast<std::size_t>(c.setting.S() - 1);
  for (int i = 2; i <= c.setting.S() && !record.stopped(); ++i) {
    const auto block = static_cast<std::uint32_t>(4 * i);
    const paper::Step& law = c.setting.law(i);
    const Batch x0 = mixed_x0(design, kDims, count, first, block),
                e = design.normal_batch(kDims, count, first, block + 2);
    const Batch x_prev = marginal(law.prev, x0, e);
    const Batch x_t =
        c.subject.forward(c.setting, i, x_prev, x0, noise.normal_batch(kDims, count, first, block));
    const Batch r =
        (x_t - paper::root(law.current.a) * x0 - law.forward_gain() * paper::root(law.prev.b) * e) /
        law.forward_sigma();
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      record.add(cell_of(static_cast<std::size_t>(i - 2), steps),
                 std::array<double, 3>{1, e.data()[k], x0.data()[k] / kMixedScale}, r.data()[k], false);
    }
  }
}

/// x_{t-1} and x_0 drawn independently, so that x_0's own coefficient shows. At eta = 1 the residual is
/// DDPM's, in which x_0 has no part.
void observe_non_markov(const Context& c, std::uint32_t number, bool markov, std::uint64_t first,
                        Eigen::Index count, Recorder& record) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const Setting setting = markov ? c.setting.with_eta(1) : c.setting;
  const auto steps = static_cast<std::size_t>(setting.S() - 1);
  for (int i = 2; i <= setting.S() && !record.stopped(); ++i) {
    const auto block = static_cast<std::uint32_t>(4 * i);
    const paper::Step& law = setting.law(i);
    const Batch x0 = kFar * signs(design, kDims, count, first, block);
    const Batch x_prev = design.normal_batch(kDims, count, first, block + 2);
    const Batch x_t =
        c.subject.forward(setting, i, x_prev, x0, noise.normal_batch(kDims, count, first, block));
    const Batch r =
        markov ? Batch((x_t - paper::root(law.current.a / law.prev.a) * x_prev) /
                       paper::root((law.prev.a - law.current.a) / law.prev.a))
               : Batch((x_t - law.forward_gain() * x_prev - law.non_markov() * x0) / law.forward_sigma());
    for (Eigen::Index k = 0; k < r.size(); ++k) {
      record.add(cell_of(static_cast<std::size_t>(i - 2), steps),
                 std::array<double, 3>{1, x_prev.data()[k], x0.data()[k] / kFar}, r.data()[k], false);
    }
  }
}

// --- Eq6: the joint law
// ------------------------------------------------------------------------------------------------

/// Row i - 1 holds w_i of each sample: paths built downwards are whitened upwards by Eq8, and the reverse.
struct Whitened {
  Batch w, e, x0;
};
Whitened cross_whiten(const Context& c, std::uint32_t number, bool built_down, std::uint64_t first,
                      Eigen::Index count) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const int S = c.setting.S();
  Whitened result{Batch(S, count), Batch::Zero(S, count), typical_x0(design, 1, count, first, 0)};
  Path z;
  for (int i = 1; i <= S; ++i)
    z.push_back(noise.normal_batch(1, count, first, static_cast<std::uint32_t>(i)));
  const Path x = (built_down ? c.subject.path : c.subject.path_forward)(c.setting, result.x0, z);
  if (x.size() != z.size())
    throw ShapeError("length of the path", std::to_string(x.size()), std::to_string(S));
  const auto at = [&](int i) -> const Batch& { return x[static_cast<std::size_t>(i - 1)]; };
  if (built_down) {
    result.w.row(0) = noise_of(c.setting.law(1).current, result.x0, at(1));
    for (int i = 2; i <= S; ++i) {
      const paper::Step& law = c.setting.law(i);
      const Batch e = noise_of(law.prev, result.x0, at(i - 1));
      result.e.row(i - 1) = e;
      result.w.row(i - 1) = (at(i) - paper::root(law.current.a) * result.x0 -
                             law.forward_gain() * paper::root(law.prev.b) * e) /
                            law.forward_sigma();
    }
  } else {
    result.w.row(S - 1) = noise_of(c.setting.law(S).current, result.x0, at(S));
    for (int i = S; i >= 2; --i) {
      const paper::Step& law = c.setting.law(i);
      const Batch e = noise_of(law.current, result.x0, at(i));
      result.e.row(i - 2) = e;
      result.w.row(i - 2) = (at(i - 1) - law.posterior_x0() * result.x0 - law.direction() * e) / law.sigma();
    }
  }
  return result;
}

void observe_cross(const Context& c, std::uint32_t number, bool built_down, std::uint64_t first,
                   Eigen::Index count, Recorder& record) {
  const Whitened paths = cross_whiten(c, number, built_down, first, count);
  const int S = c.setting.S();
  for (int k = 0; k < S && !record.stopped(); ++k) {
    const int row = built_down ? k : S - 1 - k, before = built_down ? row - 1 : row + 1;
    for (Eigen::Index j = 0; j < count; ++j) {
      const double earlier = k > 0 ? paths.w(before, j) : 0;
      const std::array<double, 4> given{1, paths.e(row, j), std::sqrt(3.0) * paths.x0(0, j), earlier};
      record.add(cell_of(static_cast<std::size_t>(row), static_cast<std::size_t>(S)), given, paths.w(row, j),
                 k > 0 && ties(1e-9, paths.w(row, j), earlier));
    }
  }
}

/// Up by Eq8 and down again by Eq12 seven times over: given x_T the first x_1 and the seven new ones are
/// exchangeable, so the rank of the first is uniform on 0..7.
constexpr int kReplicates = 7;
void observe_ranks(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                   std::vector<std::vector<double>>& counts) {
  const Draws design(c.seed, Stream::design, number), noise(c.seed, Stream::noise, number);
  const int S = c.setting.S();
  std::uint32_t block = 1;
  const Batch x0 = typical_x0(design, 1, count, first, 0);
  const Batch start = marginal(c.setting.law(1).current, x0, design.normal_batch(1, count, first, 1));
  Batch up = start;
  for (int i = 2; i <= S; ++i)
    up = c.subject.forward(c.setting, i, up, x0, noise.normal_batch(1, count, first, block++));
  Eigen::VectorXi rank = Eigen::VectorXi::Zero(count);
  for (int replicate = 0; replicate < kReplicates; ++replicate) {
    Batch x = up;
    for (int i = S; i >= 2; --i) {
      const Batch e = noise_of(c.setting.law(i).current, x0, x);
      x = checked_step(c, i, x, c.setting.output(i, x0, e), noise.normal_batch(1, count, first, block++));
    }
    require_finite("x_1 after the loop", x);
    for (Eigen::Index j = 0; j < count; ++j) rank[j] += x(0, j) < start(0, j) ? 1 : 0;
  }
  for (Eigen::Index j = 0; j < count; ++j) counts[0][static_cast<std::size_t>(rank[j])] += 1;
}

// --- Eq11 and Theorem1
// -------------------------------------------------------------------------------------------------

constexpr double kSigma1 = 0.15;

/// The chain of the objective: two times, sigma_1 > 0.
Chain objective_chain(const Setting& setting) {
  const int low = std::max(1, setting.schedule.T() / 5),
            high = std::max(low + 1, 3 * setting.schedule.T() / 5);
  Chain chain{{setting.schedule.transition(low, 0), setting.schedule.transition(high, low)}, {}};
  chain.sigma = {Sigma(kSigma1), sigma_eta(chain.steps[1], 0.7)};
  return chain;
}

EpsModel two_humps() {
  Batch means(2, 2);
  means << -1.0, 0.8, 0.5, -0.3;
  return mixture_eps(Eigen::Vector2d(0.4, 0.6), means, Eigen::Vector2d(0.2, 0.5));
}

struct ObjectiveDraw {
  Batch x0;
  Path path;
  Batch z;  ///< what drove x_1 given x_2
};
ObjectiveDraw draw_objective(const Chain& chain, const std::vector<paper::Level>& levels, const Draws& draws,
                             std::uint64_t first, Eigen::Index count) {
  const paper::Level low = levels[static_cast<std::size_t>(chain.steps[0].current.t)],
                     high = levels[static_cast<std::size_t>(chain.steps[1].current.t)];
  const paper::Step law = paper::Step::with_eta(high, low, 0.7);
  ObjectiveDraw draw{draws.normal_batch(2, count, first, 0), Path(2), draws.normal_batch(2, count, first, 2)};
  const Batch e = draws.normal_batch(2, count, first, 1);
  draw.path[1] = marginal(high, draw.x0, e);
  draw.path[0] = law.posterior_x0() * draw.x0 + law.direction() * e + law.sigma() * draw.z;
  return draw;
}

PerSample log_normal(const Batch& residual, double variance) {
  return -0.5 * (residual.colwise().squaredNorm().transpose().array() / variance +
                 static_cast<double>(residual.rows()) * std::log(2 * std::numbers::pi * variance));
}

/// The pieces of Eq11 by their definitions.
struct LiteralObjective {
  PerSample log_q_terminal, log_p_prior, reconstruction, kl_prior, kl_step;
  Batch delta;  ///< (mean_q - mean_p) / sigma of the step
};
LiteralObjective literal_objective(const Chain& chain, const std::vector<paper::Level>& levels,
                                   const EpsModel& model, const ObjectiveDraw& draw) {
  const paper::Level low = levels[static_cast<std::size_t>(chain.steps[0].current.t)],
                     high = levels[static_cast<std::size_t>(chain.steps[1].current.t)];
  const paper::Step law = paper::Step::with_eta(high, low, 0.7);
  const auto denoised = [&](const paper::Level& level, const NoiseLevel& at, const Batch& x) {
    return Batch((x - paper::root(level.b) * model(at, x)) / paper::root(level.a));
  };
  const Batch f2 = denoised(high, chain.steps[1].current, draw.path[1]);
  const Batch f1 = denoised(low, chain.steps[0].current, draw.path[0]);
  const double c = law.posterior_x0() - law.direction() * paper::root(high.a / high.b);
  const auto d = static_cast<double>(draw.x0.rows()), b = static_cast<double>(high.b);
  LiteralObjective pieces;
  pieces.delta = c / law.sigma() * (draw.x0 - f2);
  pieces.log_q_terminal = log_normal(draw.path[1] - paper::root(high.a) * draw.x0, b);
  pieces.log_p_prior = log_normal(draw.path[1], 1);
  pieces.reconstruction = -log_normal(draw.x0 - f1, kSigma1 * kSigma1);
  pieces.kl_step = 0.5 * pieces.delta.colwise().squaredNorm().transpose();
  pieces.kl_prior = 0.5 * (static_cast<double>(high.a) * draw.x0.colwise().squaredNorm().transpose().array() +
                           d * (b - 1 - std::log(b)));
  return pieces;
}

/// Given x_2, the log ratio less its literal other terms is KL + delta . z: whitened by |delta| it is exactly
/// N(0, 1), for any eps_theta.
void observe_ratio(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                   Recorder& record) {
  const Chain chain = objective_chain(c.setting);
  const EpsModel model = two_humps();
  const ObjectiveDraw draw =
      draw_objective(chain, c.setting.levels, Draws(c.seed, Stream::design, number), first, count);
  const LiteralObjective pieces = literal_objective(chain, c.setting.levels, model, draw);
  const PerSample ratio = c.subject.log_ratio(chain, model, draw.path, draw.x0);
  require_shape("log_ratio", ratio, count, 1);
  for (Eigen::Index j = 0; j < count; ++j) {
    const double size = pieces.delta.col(j).norm();
    const double r = (ratio[j] - pieces.log_q_terminal[j] + pieces.log_p_prior[j] - pieces.reconstruction[j] -
                      pieces.kl_step[j]) /
                     size;
    record.add(0, std::array<double, 2>{1, size}, r, false);
  }
}

/// |eps - eps_theta|^2 for Gaussian data is a scaled non-central chi^2; so is its sum over draws.
double p_loss(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count) {
  constexpr Eigen::Index d = 3;
  const Draws design(c.seed, Stream::design, number);
  const int t = std::max(1, c.setting.schedule.T() / 4);
  const Chain chain{{c.setting.schedule.transition(t, 0)}, {Sigma(kSigma1)}};
  const paper::Level level = c.setting.levels[static_cast<std::size_t>(t)];
  const Batch x0 = design.normal_batch(d, count, first, 0), e = design.normal_batch(d, count, first, 2);
  const PerSample loss =
      c.subject.simple_loss(chain, gaussian_eps(Eigen::VectorXd::Constant(d, kDataMean), kDataVariance),
                            {marginal(level, x0, e)}, x0);
  const double slope = data_slope(level), scale = 1 - slope * paper::root(level.b),
               shift = slope * paper::root(level.a);
  const double non_centrality = (shift / scale) * (shift / scale) * (x0.array() - kDataMean).square().sum();
  return p_non_central_chi_squared(loss.sum() / (scale * scale), static_cast<double>(d * count),
                                   non_centrality);
}

// --- AppendixA
// ---------------------------------------------------------------------------------------------------------

constexpr int kCategories = 3;
const std::array<double, 3> kShares{0.0, 0.5, 1.0};  // of the largest s

struct DiscreteStep {
  int i;
  double a, a_prev, largest;
};
DiscreteStep discrete_step(const Setting& setting) {
  const int i = std::min(2, setting.S());
  const paper::Step& law = setting.law(i);
  return {i, static_cast<double>(law.current.a), static_cast<double>(law.prev.a),
          static_cast<double>(law.prev.b / law.current.b)};
}

double discrete_marginal_of(double a, int k) { return (k == 0 ? a : 0) + (1 - a) / kCategories; }

/// What each of the family's four terms is multiplied by: x_t's weight s, x_0's a_prev and -s a, the
/// uniform's rest.
using DiscreteFactors = std::array<double, 4>;

/// The joint law of (x_t, x_{t-1}) with those factors, made a distribution again.
std::vector<double> discrete_joint(const DiscreteStep& step, double s, const DiscreteFactors& factors) {
  const double stay = factors[0] * s, data = factors[1] * step.a_prev - factors[2] * s * step.a,
               rest = factors[3] * std::max((1 - step.a_prev) - (1 - step.a) * s, 0.0);
  std::vector<double> joint;
  for (int now = 0; now < kCategories; ++now) {
    std::array<double, kCategories> posterior{};
    double total = 0;
    for (int prev = 0; prev < kCategories; ++prev) {
      double& p = posterior[static_cast<std::size_t>(prev)];
      p = std::max((now == prev ? stay : 0) + (prev == 0 ? data : 0) + rest / kCategories, 0.0);
      total += p;
    }
    for (const double p : posterior) joint.push_back(discrete_marginal_of(step.a, now) * p / total);
  }
  return joint;
}

Counts discrete_counts(const Setting& setting) {
  const DiscreteStep step = discrete_step(setting);
  const auto joint = [&](const DiscreteFactors& factors) {
    std::vector<std::vector<double>> cells;
    for (const double share : kShares) cells.push_back(discrete_joint(step, share * step.largest, factors));
    return cells;
  };
  Counts counts;
  counts.probabilities = joint({1, 1, 1, 1});
  for (std::size_t term = 0; term < 4; ++term) {
    for (const double factor :
         {-1.0, 0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01, 1.02, 1.05, 1.1, 1.25, 1.5, 2.0, 3.0}) {
      if (factor < 0 && term != 2) continue;  // only this term has a sign to get wrong
      DiscreteFactors factors{1, 1, 1, 1};
      factors[term] = factor;
      counts.alternatives.push_back(joint(factors));
    }
  }
  return counts;
}

void observe_discrete(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                      std::vector<std::vector<double>>& counts) {
  const Draws judge(c.seed, Stream::judge, number);
  const DiscreteStep step = discrete_step(c.setting);
  const Transition& transition = c.setting.chain.steps[static_cast<std::size_t>(step.i - 1)];
  const double largest = static_cast<double>(transition.prev.one_minus_alpha_bar) /
                         static_cast<double>(transition.current.one_minus_alpha_bar);
  Batch x0 = Batch::Zero(kCategories, count);
  x0.row(0).setOnes();
  for (std::size_t cell = 0; cell < kShares.size(); ++cell) {
    Batch x_t = Batch::Zero(kCategories, count);
    Eigen::VectorXi now(count);
    Eigen::VectorXd uniforms(count);
    for (Eigen::Index j = 0; j < count; ++j) {
      const auto u = judge.uniforms(first + static_cast<std::uint64_t>(j), static_cast<std::uint32_t>(cell));
      int k = 0;
      for (double above = u[0] - discrete_marginal_of(step.a, 0); above >= 0 && k + 1 < kCategories;)
        above -= discrete_marginal_of(step.a, ++k);
      now[j] = k;
      x_t(k, j) = 1;
      uniforms[j] = u[1];
    }
    const Batch p = c.subject.discrete_posterior(transition, kShares[cell] * largest, x_t, x0);
    require_shape("posterior", p, kCategories, count);
    const double least = p.minCoeff(), off = (p.colwise().sum().array() - 1).abs().maxCoeff();
    if (!(least >= 0 && off <= 1e-9)) {
      throw DomainError("posterior", "(minimum " + to_text(least) + ", sum off by " + to_text(off) + ")",
                        "probabilities with sum 1 (AppendixA)");
    }
    for (Eigen::Index j = 0; j < count; ++j) {
      int k = 0;
      for (double above = uniforms[j] - p(0, j); above >= 0 && k + 1 < kCategories;) above -= p(++k, j);
      counts[cell][static_cast<std::size_t>(now[j] * kCategories + k)] += 1;
    }
  }
}

// --- The generator
// ------------------------------------------------------------------------------------------------------

/// g(|z|) ~ N(0, 1) for z ~ N(0, 1): what is hidden from correlations of z shows in correlations of its size.
double size_score(double z) {
  const double tail = std::max(std::erfc(std::abs(z) / std::numbers::sqrt2), 1e-300);
  return -normal_quantile(std::min(tail, 1 - 0x1p-53));
}

void observe_generator(const Context& c, std::uint32_t number, bool sizes, std::uint64_t first,
                       Eigen::Index count, Recorder& record) {
  constexpr Eigen::Index d = 4;
  const Draws draws(c.seed, Stream::noise, number);
  Batch before;
  for (const std::uint32_t block : {0u, 8u}) {
    Batch z = c.subject.normals(draws, d, count, first, block);
    require_shape("normals", z, d, count);
    require_finite("normals", z);
    if (sizes) z = z.unaryExpr(&size_score);
    for (Eigen::Index j = 0; j < count && !record.stopped(); ++j) {
      for (Eigen::Index i = 0; i < d; ++i) {
        const double dimension = i > 0 ? z(i - 1, j) : 0, sample = j > 0 ? z(i, j - 1) : 0,
                     earlier = block > 0 ? before(i, j) : 0;
        record.add(0, std::array<double, 4>{1, dimension, sample, earlier}, z(i, j),
                   (i > 0 && z(i, j) == dimension) || (j > 0 && z(i, j) == sample) ||
                       (block > 0 && z(i, j) == earlier));
      }
    }
    before = z;
  }
}

/// The classical test of the mean, for the p-value's sake: an exact law and a bare sum.
double p_generator_mean(const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count) {
  const Draws draws(c.seed, Stream::noise, number);
  double sum = 0, squares = 0;
  constexpr Eigen::Index kChunk = 4096;
  for (Eigen::Index done = 0; done < count; done += kChunk) {
    const Batch z = c.subject.normals(draws, 1, std::min(kChunk, count - done),
                                      first + static_cast<std::uint64_t>(done), 0);
    require_finite("normals", z);
    sum += z.sum();
    squares += z.squaredNorm();
  }
  const auto n = static_cast<double>(count);
  // The mean and the squares about it are independent: Sidak is exact.
  return p_least_of({c.instruments.p_normal(c.instruments.standardise(sum, n)),
                     c.instruments.p_chi_squared(squares - sum * sum / n, n - 1)});
}

// --- Exact identities
// ---------------------------------------------------------------------------------------------------

class Comparison {
 public:
  void add(double got, double want, double bound, const std::string& where) {
    ++result_.compared;
    const double error = std::abs(got - want);
    const double ratio = std::isfinite(got) ? error / bound : std::numeric_limits<double>::infinity();
    if (ratio > result_.ratio || result_.where.empty()) {
      result_.ratio = ratio;
      result_.where =
          where + ": got " + to_text(got) + ", want " + to_text(want) + ", bound " + to_text(bound);
    }
  }
  const Identity& result() const { return result_; }

 private:
  Identity result_;
};

/// What tables and coefficients kept in the subject's precision may cost, relative to the sum of the terms'
/// sizes.
double step_condition(const paper::Step& law, int t) {
  const double b = static_cast<double>(law.current.b), b_prev = static_cast<double>(law.prev.b);
  const double radicand = static_cast<double>(law.radicand());
  const double table = static_cast<double>(t + 1);
  return 16 + table * (1 + 1 / b + (b_prev > 0 ? 1 / b_prev : 0) + (radicand > 0 ? 1 / radicand : 0));
}

Identity compare_injected(const Context& c) {
  constexpr Eigen::Index d = 4, n = 24;
  const Draws draws(c.seed, Stream::judge, 100);
  const Subject::Step& step = c.subject.injected ? c.subject.injected : c.subject.step;
  Comparison comparison;
  for (int i = 1; i <= c.setting.S(); ++i) {
    const paper::Step& law = c.setting.law(i);
    const auto block = static_cast<std::uint32_t>(8 * i);
    Batch x0 = typical_x0(draws, d, n, 0, block);
    x0.rightCols(n / 2) *= 4;  // beyond what clipping or thresholding leaves alone
    const Batch e = draws.normal_batch(d, n, 0, block + 2), z = draws.normal_batch(d, n, 0, block + 4);
    const Batch x_t = marginal(law.current, x0, e);
    const Batch x_prev = step(c.setting, i, x_t, c.setting.output(i, x0, e), z);
    require_shape("x_prev", x_prev, d, n);
    const Batch kept = c.setting.restrict_x0 ? c.setting.restrict_x0(x0) : x0;
    const Batch eps = c.setting.restrict_x0 && c.setting.rederives_eps ? noise_of(law.current, kept, x_t) : e;
    const double from_eps = paper::root(law.current.b), root_a = paper::root(law.current.a);
    const double x0_error = c.setting.prediction == Prediction::eps ? 1 / root_a : 1;
    for (Eigen::Index k = 0; k < x_prev.size(); ++k) {
      const double xt = std::abs(x_t.data()[k]), from_x = (xt + from_eps * std::abs(e.data()[k])) * x0_error;
      const double size =
          law.posterior_x0() * (from_x + std::abs(x0.data()[k])) + std::abs(law.sigma() * z.data()[k]) +
          law.direction() *
              (std::abs(e.data()[k]) + (xt + root_a * (from_x + std::abs(x0.data()[k]))) / from_eps);
      comparison.add(
          x_prev.data()[k],
          law.posterior_x0() * kept.data()[k] + law.direction() * eps.data()[k] + law.sigma() * z.data()[k],
          c.subject.unit_roundoff * step_condition(law, c.setting.t(i)) * size,
          "step " + std::to_string(i) + " (t = " + std::to_string(c.setting.t(i)) + "), element " +
              std::to_string(k));
    }
  }
  return comparison.result();
}

Identity compare_times(const Context& c) {
  const std::vector<int> times = c.subject.times(c.setting);
  std::vector<int> want;
  for (int i = 1; i <= c.setting.S(); ++i) want.push_back(c.setting.t(i));
  const auto list = [](const std::vector<int>& values) {
    std::string out;
    for (const int t : values) out.append(" ").append(std::to_string(t));
    return out;
  };
  if (times == want) return {0, static_cast<double>(want.size()), ""};
  return {std::numeric_limits<double>::infinity(), static_cast<double>(want.size()),
          "visits" + list(times) + ", defined are" + list(want)};
}

/// The mistakes that need no statistics: what the step gives must be finite, of the right shape, not its
/// input, not a constant, and with noise of its own not the same twice.
Identity compare_contract(const Context& c) {
  constexpr Eigen::Index n = 16;
  const Draws draws(c.seed, Stream::judge, 101);
  const auto broken = [](const std::string& what) {
    return Identity{std::numeric_limits<double>::infinity(), 1, what};
  };
  for (int i = c.setting.S(); i >= 1; --i) {
    const auto block = static_cast<std::uint32_t>(8 * i);
    const Batch x0 = typical_x0(draws, 2, n, 0, block), e = draws.normal_batch(2, n, 0, block + 2),
                z = draws.normal_batch(2, n, 0, block + 3);
    const Batch x_t = marginal(c.setting.law(i).current, x0, e);
    const std::string where =
        " at step " + std::to_string(i) + " (t = " + std::to_string(c.setting.t(i)) + ")";
    const Batch x_prev = c.subject.step(c.setting, i, x_t, c.setting.output(i, x0, e), z);
    if (x_prev.rows() != x_t.rows() || x_prev.cols() != x_t.cols()) {
      return broken("wrong shape: " + std::to_string(x_prev.rows()) + " x " + std::to_string(x_prev.cols()) +
                    " for " + std::to_string(x_t.rows()) + " x " + std::to_string(x_t.cols()) + where);
    }
    if (!x_prev.allFinite()) return broken("the output is not finite" + where);
    if ((x_prev.array() == x_prev(0, 0)).all()) return broken("the output is constant" + where);
    if ((x_prev - x_t).cwiseAbs().maxCoeff() <= 4 * c.subject.unit_roundoff * x_t.cwiseAbs().maxCoeff()) {
      return broken("the step returns its input" + where);
    }
    if (c.subject.own_noise && c.setting.law(i).s2 > 0) {
      const Batch again = c.subject.step(c.setting, i, x_t, c.setting.output(i, x0, e), z);
      if (again == x_prev) {
        return broken(
            "two calls with the same input give the same output, though sigma > 0: it reseeds on each call, "
            "or adds no noise" +
            where);
      }
    }
  }
  return {0, static_cast<double>(c.setting.S()), "every step"};
}

/// At the data: x_prev = f(x_1) with no noise.
Identity compare_last(const Context& c) {
  constexpr Eigen::Index n = 64;
  const Draws draws(c.seed, Stream::judge, 102);
  Comparison comparison;
  const paper::Step& law = c.setting.law(1);
  const Batch x0 = typical_x0(draws, 1, n, 0, 0), e = draws.normal_batch(1, n, 0, 1),
              z = draws.normal_batch(1, n, 0, 2);
  const Batch x_t = marginal(law.current, x0, e);
  const Batch x_prev = checked_step(c, 1, x_t, c.setting.output(1, x0, e), z);
  for (Eigen::Index k = 0; k < n; ++k) {
    const double size =
        (std::abs(x_t(0, k)) + paper::root(law.current.b) * std::abs(e(0, k))) / paper::root(law.current.a) +
        std::abs(x0(0, k));
    comparison.add(x_prev(0, k), x0(0, k),
                   c.subject.unit_roundoff * step_condition(law, c.setting.t(1)) * size,
                   "x_0, element " + std::to_string(k));
  }
  return comparison.result();
}

Identity compare_non_markov(const Context& c) {
  Comparison comparison;
  for (const double eta : {0.0, 0.3, 0.8, 1.0}) {
    const Setting setting = c.setting.with_eta(eta);
    for (int i = 2; i <= setting.S(); ++i) {
      const paper::Step& law = setting.law(i);
      const double size = paper::root(law.current.a) + law.forward_gain() * paper::root(law.prev.a);
      comparison.add(c.subject.non_markov(setting, i), eta == 1 ? 0.0 : law.non_markov(), 0x1p-52 * size,
                     "eta = " + to_text(eta) + ", step " + std::to_string(i));
    }
  }
  return comparison.result();
}

Identity compare_sums(const Context& c) {
  const Chain chain = objective_chain(c.setting);
  const EpsModel model = two_humps();
  const ObjectiveDraw draw =
      draw_objective(chain, c.setting.levels, Draws(c.seed, Stream::judge, 103), 0, 64);
  const auto of = [&](const Subject::Objective& f) { return f(chain, model, draw.path, draw.x0); };
  const PerSample whole = of(c.subject.log_ratio), terminal = of(c.subject.log_q_terminal),
                  posteriors = of(c.subject.log_q_posteriors), transitions = of(c.subject.log_p_transitions),
                  prior = of(c.subject.log_p_prior);
  const LiteralObjective pieces = literal_objective(chain, c.setting.levels, model, draw);
  const KlForm kl = c.subject.kl_form(chain, model, draw.path, draw.x0);
  const PerSample loss = of(c.subject.simple_loss);
  PerSample literal_loss = PerSample::Zero(loss.size());
  for (std::size_t i = 0; i < draw.path.size(); ++i) {
    const paper::Level level = c.setting.levels[static_cast<std::size_t>(chain.steps[i].current.t)];
    const Batch error = noise_of(level, draw.x0, draw.path[i]) - model(chain.steps[i].current, draw.path[i]);
    literal_loss += error.colwise().squaredNorm().transpose();
  }
  Comparison comparison;
  for (Eigen::Index j = 0; j < whole.size(); ++j) {
    const double size =
        std::abs(terminal[j]) + std::abs(posteriors[j]) + std::abs(transitions[j]) + std::abs(prior[j]) + 4;
    const double u = 64 * 0x1p-53;
    const std::string path = ", path " + std::to_string(j);
    comparison.add(terminal[j] + posteriors[j] - transitions[j] - prior[j], whole[j], u * size,
                   "four sums" + path);
    comparison.add(terminal[j], pieces.log_q_terminal[j], u * size, "log q(x_T | x_0)" + path);
    comparison.add(prior[j], pieces.log_p_prior[j], u * size, "log p(x_T)" + path);
    comparison.add(kl.prior[j], pieces.kl_prior[j], u * size, "prior KL" + path);
    comparison.add(kl.step.at(0)[j], pieces.kl_step[j], u * size * (1 + pieces.kl_step[j]),
                   "KL of the step" + path);
    comparison.add(kl.reconstruction[j], pieces.reconstruction[j],
                   u * size * (1 + std::abs(pieces.reconstruction[j])), "-log p(x_0 | x_1)" + path);
  }
  return comparison.result();
}

/// J - L_gamma is the same number whatever predicts eps, path by path in KL form; and it is C.
Identity compare_theorem1(const Context& c) {
  const Chain chain = objective_chain(c.setting);
  const ObjectiveDraw draw =
      draw_objective(chain, c.setting.levels, Draws(c.seed, Stream::judge, 104), 0, 32);
  const Eigen::VectorXd gamma = c.subject.gamma(chain);
  require_shape("gamma", gamma, chain.S(), 1);
  const EpsModel zero = [](const NoiseLevel&, const BatchRef& x) {
    return Batch(Batch::Zero(x.rows(), x.cols()));
  };
  const EpsModel gaussian = gaussian_eps(Eigen::VectorXd::Constant(2, kDataMean), kDataVariance);
  Comparison comparison;
  int which = 0;
  for (const EpsModel& model : {two_humps(), gaussian, zero}) {
    ++which;
    const LiteralObjective pieces = literal_objective(chain, c.setting.levels, model, draw);
    const PerSample J = c.subject.kl_form(chain, model, draw.path, draw.x0).sum();
    PerSample L = PerSample::Zero(draw.x0.cols());
    for (std::size_t i = 0; i < draw.path.size(); ++i) {
      const paper::Level level = c.setting.levels[static_cast<std::size_t>(chain.steps[i].current.t)];
      const Batch error =
          noise_of(level, draw.x0, draw.path[i]) - model(chain.steps[i].current, draw.path[i]);
      L += gamma[static_cast<Eigen::Index>(i)] * error.colwise().squaredNorm().transpose();
    }
    for (Eigen::Index j = 0; j < J.size(); ++j) {
      const double constant = pieces.kl_prior[j] + std::log(2 * std::numbers::pi * kSigma1 * kSigma1);
      comparison.add(J[j] - L[j], constant,
                     0x1p-53 * 256 * (std::abs(J[j]) + std::abs(L[j]) + std::abs(constant) + 1),
                     "predictor " + std::to_string(which) + ", path " + std::to_string(j));
    }
  }
  return comparison.result();
}

Identity compare_encode(const Context& c, bool euler) {
  constexpr Eigen::Index n = 32;
  const Draws draws(c.seed, Stream::judge, euler ? 106 : 105);
  const Setting ode = c.setting.with_eta(0);
  const Context at_zero{c.subject, ode, c.instruments, c.seed};
  Comparison comparison;
  for (int i = 1; i <= ode.S(); ++i) {
    const auto block = static_cast<std::uint32_t>(4 * i);
    const paper::Step& law = ode.law(i);
    const Batch x_prev = draws.normal_batch(1, n, 0, block), eps = draws.normal_batch(1, n, 0, block + 1);
    const Batch x_t = c.subject.encode(ode, i, x_prev, eps);
    require_shape("x_t", x_t, 1, n);
    const double root_a = paper::root(law.current.a), root_p = paper::root(law.prev.a);
    const Batch back = euler ? Batch() : checked_step(at_zero, i, x_t, eps, Batch::Zero(1, n));
    for (Eigen::Index k = 0; k < n; ++k) {
      const std::string where = "step " + std::to_string(i) + ", element " + std::to_string(k);
      const double size = (std::abs(x_t(0, k)) + paper::root(law.current.b) * std::abs(eps(0, k))) / root_a +
                          std::abs(x_prev(0, k)) + std::abs(eps(0, k));
      if (euler) {
        const double move =
            eps(0, k) * (paper::root(law.current.b / law.current.a) - paper::root(law.prev.b / law.prev.a));
        comparison.add(x_t(0, k) / root_a - x_prev(0, k) / root_p, move, 64 * 0x1p-53 * size / root_p, where);
      } else {
        comparison.add(back(0, k), x_prev(0, k), 64 * 0x1p-53 * size, where);
      }
    }
  }
  return comparison.result();
}

// --- The table
// -----------------------------------------------------------------------------------------------------------

template <class F>
std::string need(const F& function, const char* what) {
  return function ? std::string() : std::string("not supplied: ") + what;
}

std::string needs_noise(const Subject& subject, const Setting& setting) {
  if (!subject.step) return "not supplied: step";
  return noisy_steps(setting).empty() ? "eta = 0: the step has no noise, and is compared exactly instead"
                                      : "";
}

}  // namespace

std::vector<Claim> claims(const Setting& setting) {
  const int noisy = cells_for(noisy_steps(setting).size());
  const auto S = static_cast<std::size_t>(setting.S());
  std::vector<Claim> all;
  const auto add = [&](std::string id, std::string statement, double weight, auto check, auto obstacle) {
    const auto number = static_cast<std::uint32_t>(all.size() + 1);
    all.push_back(
        {id, id.substr(0, id.find('.')), std::move(statement), weight, check(number), obstacle, number});
  };
  using Observe = void (*)(const Context&, std::uint32_t, std::uint64_t, Eigen::Index, Recorder&);
  const auto residuals = [](int cells, std::vector<std::string> covariates, auto observe,
                            std::function<int(const Setting&, int)> step_of_cell = {}) {
    return [=](std::uint32_t number) {
      return Residuals{cells, covariates,
                       [=](const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
                         observe(c, number, first, count, record);
                       },
                       step_of_cell};
    };
  };
  const auto exact = [](auto compare) { return [=](std::uint32_t) { return Exact{compare}; }; };

  const auto has_step = [](const Subject& s, const Setting&) { return need(s.step, "step"); };
  const auto has_forward = [](const Subject& s, const Setting& at) {
    return at.eta > 0 && at.S() >= 2 ? need(s.forward, "forward step") : "eta = 0 or S = 1: Eq8 has no noise";
  };
  const auto unrestricted = [](const std::string& reason, const Setting& at) {
    return !reason.empty() || !at.restrict_x0
               ? reason
               : std::string("the configuration clips or thresholds x_0, which large inputs would hit");
  };

  add("Contract.step",
      "a step gives a finite batch of its input's shape that is neither constant nor the input", 0,
      exact(compare_contract), has_step);
  add("Contract.times", "it visits the times that tau's rule defines", 0, exact(compare_times),
      [](const Subject& s, const Setting&) { return need(s.times, "list of times"); });
  add("Lemma1.marginal", "q_sample ~ N(sqrt(a) x_0, (1 - a) I) at every time of tau; at t = T this is Eq6T",
      0.12,
      residuals(cells_for(S), {"1", "x_0", "neighbour"}, Observe(observe_marginal),
                [](const Setting&, int) { return 0; }),
      [](const Subject& s, const Setting&) { return need(s.q_sample, "q_sample / add_noise"); });
  add("Lemma1.chain", "after any number of steps along tau, x_t still has Lemma1's law", 0.02,
      residuals(cells_for(S > 1 ? S - 1 : 1), {"1", "x_0"}, Observe(observe_chain)),
      [](const Subject& s, const Setting& at) {
        return at.S() < 2 ? std::string("S = 1: no step but the last") : need(s.step, "step");
      });
  add("Eq12.path",
      "each step down a path: x_prev - mean of Eq7 is sigma times fresh noise, independent of all before",
      0.08,
      residuals(noisy, {"1", "e_t", "x_0", "previous step", "neighbour"}, Observe(observe_path),
                noisy_step_of_cell()),
      needs_noise);
  add("Eq12.amplified", "the same from x_0 = +-30, e = +-6, where wrong coefficients are large", 0.28,
      residuals(noisy, {"1", "e_t", "x_0", "neighbour"},
                Observe([](const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_steps(c, number, first, count, true, cell_of, r); }),
                noisy_step_of_cell()),
      [=](const Subject& s, const Setting& at) {
        // An output near 30 rounded to 8 bits moves by a share of sigma that this claim sees, and rightly.
        if (s.unit_roundoff > 0x1p-11) return std::string("rounding of this dtype is not small beside sigma");
        return unrestricted(needs_noise(s, at), at);
      });
  add("Eq16.scale", "sigma(eta) at eta = 0.25, 0.75 and 1: one cell each", 0.11,
      residuals(3, {"1", "e_t", "x_0", "neighbour"},
                Observe([](const Context& c, std::uint32_t number, std::uint64_t first, Eigen::Index count,
                           Recorder& r) {
                  constexpr std::array kEtas{0.25, 0.75, 1.0};
                  for (std::size_t k = 0; k < kEtas.size(); ++k) {
                    const Setting at = c.setting.with_eta(kEtas[k]);
                    observe_steps(
                        {c.subject, at, c.instruments, c.seed},
                        number + 1000 * (static_cast<std::uint32_t>(k) + 1), first, count, false,
                        [&](std::size_t, std::size_t) { return static_cast<int>(k); }, r);
                  }
                })),
      [](const Subject& s, const Setting& at) {
        return at.S() < 2 ? std::string("S = 1: the one step has no noise") : need(s.step, "step");
      });
  add("Eq12.injected",
      "with the noise handed in, x_prev is within the a-priori rounding bound of the literal Eq12", 0,
      exact(compare_injected), [](const Subject& s, const Setting& at) {
        return s.own_noise && !s.injected && at.eta > 0 ? std::string("the implementation takes no noise")
                                                        : need(s.step, "step");
      });
  add("Eq10.last", "at the data the step gives f(x_1) and no noise", 0, exact(compare_last),
      [](const Subject& s, const Setting& at) {
        return at.law(1).prev.b > 0 ? std::string("the configuration's last step does not reach the data")
                                    : need(s.step, "step");
      });
  add("Eq10.law", "the whole chain for Gaussian data: x_0's exact law, from N(0, I) down", 0.03,
      residuals(1, {"1", "neighbour"}, Observe(observe_law)),
      [=](const Subject& s, const Setting& at) { return unrestricted(need(s.step, "step"), at); });
  add("Eq8.forward", "the forward step is N(Eq8's mean, Eq8's variance)", 0.08,
      residuals(cells_for(S > 1 ? S - 1 : 1), {"1", "e_prev", "x_0"}, Observe(observe_forward)), has_forward);
  add("NonMarkov.markov", "at eta = 1 x_0 has no part in the forward step: DDPM's", 0.02,
      residuals(cells_for(S > 1 ? S - 1 : 1), {"1", "x_prev", "x_0"},
                Observe([](const Context& c, std::uint32_t n, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_non_markov(c, n, true, first, count, r); })),
      has_forward);
  add("NonMarkov.coefficient", "below eta = 1 x_0's coefficient is its closed form", 0.05,
      residuals(cells_for(S > 1 ? S - 1 : 1), {"1", "x_prev", "x_0"},
                Observe([](const Context& c, std::uint32_t n, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_non_markov(c, n, false, first, count, r); })),
      has_forward);
  add("NonMarkov.closed_form", "the coefficient itself, to 2 ulps of its terms, zero included", 0,
      exact(compare_non_markov),
      [](const Subject& s, const Setting&) { return need(s.non_markov, "coefficient"); });

  const auto has_path = [](const Subject& s, const Setting& at) {
    return at.eta > 0 && at.S() >= 2 ? need(s.path, "path") : "eta = 0 or S = 1: the path has no noise";
  };
  const auto has_path_forward = [](const Subject& s, const Setting& at) {
    return at.eta > 0 && at.S() >= 2 ? need(s.path_forward, "forward path")
                                     : "eta = 0 or S = 1: the path has no noise";
  };
  add("Eq6.cross", "paths built by Eq7 and whitened by Eq8 are iid N(0, 1)", 0.05,
      residuals(cells_for(S), {"1", "e_prev", "x_0", "previous time"},
                Observe([](const Context& c, std::uint32_t n, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_cross(c, n, true, first, count, r); })),
      has_path);
  add("Eq6.cross_reverse", "paths built by Eq8 and whitened by Eq7 are iid N(0, 1)", 0.04,
      residuals(cells_for(S), {"1", "e_t", "x_0", "previous time"},
                Observe([](const Context& c, std::uint32_t n, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_cross(c, n, false, first, count, r); })),
      has_path_forward);
  add(
      "Eq6.joint", "cross-whitened paths as vectors: N(0, I_S) against every other normal law", 0.005,
      [](std::uint32_t number) {
        return Vectors{[=](const Context& c, std::uint64_t first, Eigen::Index count) {
          return Eigen::MatrixXd(cross_whiten(c, number, true, first, count).w);
        }};
      },
      has_path);
  add(
      "Eq6.bartlett", "cross-whitened paths: the pieces of the Cholesky factor have their exact laws", 0.005,
      [](std::uint32_t number) {
        return ExactP{[=](const Context& c, std::uint64_t first, Eigen::Index count) {
          const Eigen::MatrixXd w = cross_whiten(c, number, false, first, count).w;
          return p_least_of(p_bartlett(w * w.transpose(), static_cast<double>(count)));
        }};
      },
      has_path_forward);
  add(
      "Eq6.rank", "up by Eq8 and down by Eq12: the rank of the start among seven returns is uniform", 0.01,
      [](std::uint32_t number) {
        return Counts{
            {std::vector<double>(kReplicates + 1, 1.0 / (kReplicates + 1))},
            {},
            [=](const Context& c, std::uint64_t first, Eigen::Index count,
                std::vector<std::vector<double>>& n) { observe_ranks(c, number, first, count, n); }};
      },
      [=](const Subject& s, const Setting& at) {
        const std::string reason = has_forward(s, at);
        return reason.empty() ? need(s.step, "step") : reason;
      });
  const auto has_objective = [](const Subject& s, const Setting& at) {
    return at.schedule.T() < 5 ? std::string("T < 5") : need(s.log_ratio, "objective");
  };
  add("Eq11.ratio", "the log ratio less KL is exactly |delta| times a standard normal, for a non-linear eps",
      0.03, residuals(1, {"1", "delta"}, Observe(observe_ratio)), has_objective);
  add(
      "Eq11.loss", "|eps - eps_theta|^2 for Gaussian data is a scaled non-central chi^2", 0.01,
      [](std::uint32_t number) {
        return ExactP{[=](const Context& c, std::uint64_t first, Eigen::Index count) {
          return p_loss(c, number, first, count);
        }};
      },
      has_objective);
  add("Eq11.sums", "both lines agree path by path; each term is its definition", 0, exact(compare_sums),
      has_objective);
  add("Theorem1.constant", "J - L_gamma is C, path by path, for three predictors", 0, exact(compare_theorem1),
      has_objective);
  const auto has_encode = [](const Subject& s, const Setting&) { return need(s.encode, "encoding step"); };
  add("Eq13.roundtrip", "with eps frozen, a step at eta = 0 undoes the encoding step", 0,
      exact([](const Context& c) { return compare_encode(c, false); }), has_encode);
  add("Eq14.euler", "in x / sqrt(a) the encoding step is Euler's in ode_sigma", 0,
      exact([](const Context& c) { return compare_encode(c, true); }), has_encode);
  add(
      "AppendixA.joint",
      "categories of (x_t, x_{t-1}) have the family's exact joint law at s = 0, half and all of its range",
      0.03,
      [&](std::uint32_t number) {
        Counts counts = discrete_counts(setting);
        counts.observe = [=](const Context& c, std::uint64_t first, Eigen::Index count,
                             std::vector<std::vector<double>>& n) {
          observe_discrete(c, number, first, count, n);
        };
        return counts;
      },
      [](const Subject& s, const Setting& at) {
        return at.S() < 2 ? std::string("S = 1") : need(s.discrete_posterior, "discrete posterior");
      });
  const auto has_normals = [](const Subject& s, const Setting&) { return need(s.normals, "generator"); };
  const std::vector<std::string> neighbours{"1", "previous dimension", "previous sample", "previous block"};
  add("Generator.normals", "standard normals, independent over dimensions, samples and blocks", 0.02,
      residuals(1, neighbours,
                Observe([](const Context& c, std::uint32_t n, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_generator(c, n, false, first, count, r); })),
      has_normals);
  add("Generator.sizes", "their sizes are independent too", 0.005,
      residuals(1, neighbours,
                Observe([](const Context& c, std::uint32_t n, std::uint64_t first, Eigen::Index count,
                           Recorder& r) { observe_generator(c, n, true, first, count, r); })),
      has_normals);
  add(
      "Generator.moments", "mean and variance by their exact laws, sequentially", 0.005,
      [](std::uint32_t number) {
        return ExactP{[=](const Context& c, std::uint64_t first, Eigen::Index count) {
          return p_generator_mean(c, number, first, count);
        }};
      },
      has_normals);
  return all;
}

const Claim& find_claim(const std::vector<Claim>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Claim& claim) { return claim.id == id; });
  if (found == all.end()) throw DomainError("claim", id, "the claims of this suite");
  return *found;
}

}  // namespace ddim::statistics
