#include "tests/statistics/claims/objective.hpp"

#include <numbers>

#include "tests/statistics/claims/designs.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr double kEta = 0.7;

PerSample log_normal(const Batch& residual, double variance) {
  return -0.5 * (residual.colwise().squaredNorm().transpose().array() / variance +
                 static_cast<double>(residual.rows()) * std::log(2 * std::numbers::pi * variance));
}

}  // namespace

Chain objective_chain(const Run& run) {
  const Schedule& schedule = run.schedule();
  const int low = std::max(1, schedule.T() / 5), high = std::max(low + 1, 3 * schedule.T() / 5);
  Chain chain{{schedule.transition(low, 0), schedule.transition(high, low)}, {}};
  chain.sigma = {Sigma(kSigma1), sigma_eta(chain.steps[1], kEta)};
  return chain;
}

EpsModel two_humps() {
  Batch means(2, 2);
  means << -1.0, 0.8, 0.5, -0.3;
  return mixture_eps(Eigen::Vector2d(0.4, 0.6), means, Eigen::Vector2d(0.2, 0.5));
}

ObjectiveDraw draw_objective(const Chain& chain, const Draws& draws, std::uint64_t first,
                             Eigen::Index count) {
  const Law law = law_of(chain.steps[1], kEta);
  const Batch e = draws.normal_batch(2, count, first, 1), z = draws.normal_batch(2, count, first, 2);
  ObjectiveDraw draw{draws.normal_batch(2, count, first, 0), Path(2)};
  draw.path[1] = samplers::marginal(law.current, draw.x0, e);
  draw.path[0] = law.posterior_x0() * draw.x0 + law.direction() * e + law.sigma() * z;
  return draw;
}

LiteralObjective literal_objective(const Chain& chain, const EpsModel& model, const ObjectiveDraw& draw) {
  const Law law = law_of(chain.steps[1], kEta);
  const Level low = law.prev, high = law.current;
  const auto denoised = [&](const Level& level, const NoiseLevel& at, const Batch& x) {
    return Batch((x - root(level.one_minus) * model(at, x)) / root(level.alpha_bar));
  };
  const Batch f2 = denoised(high, chain.steps[1].current, draw.path[1]);
  const Batch f1 = denoised(low, chain.steps[0].current, draw.path[0]);
  const double c = law.posterior_x0() - law.direction() * root(high.alpha_bar / high.one_minus);
  const auto d = static_cast<double>(draw.x0.rows()), a = static_cast<double>(high.alpha_bar),
             b = static_cast<double>(high.one_minus);
  LiteralObjective pieces;
  pieces.delta = c / law.sigma() * (draw.x0 - f2);
  pieces.log_q_terminal = log_normal(draw.path[1] - root(high.alpha_bar) * draw.x0, b);
  pieces.log_p_prior = log_normal(draw.path[1], 1);
  pieces.reconstruction = -log_normal(draw.x0 - f1, kSigma1 * kSigma1);
  pieces.kl_step = 0.5 * pieces.delta.colwise().squaredNorm().transpose();
  pieces.kl_prior =
      0.5 * (a * draw.x0.colwise().squaredNorm().transpose().array() + d * (b - 1 - std::log(b)));
  return pieces;
}

std::vector<PerSample> squared_errors(const Chain& chain, const EpsModel& model, const ObjectiveDraw& draw) {
  std::vector<PerSample> errors;
  for (std::size_t i = 0; i < draw.path.size(); ++i) {
    const NoiseLevel& at = chain.steps[i].current;
    const Batch error = samplers::noise_of(level_of(at), draw.x0, draw.path[i]) - model(at, draw.path[i]);
    errors.push_back(error.colwise().squaredNorm().transpose());
  }
  return errors;
}

std::string needs_objective(const Context& c) {
  return c.run.schedule().T() < 5 ? "T < 5" : need(bool(c.sampler.log_ratio), "objective");
}

}  // namespace ddim::statistics::equations
