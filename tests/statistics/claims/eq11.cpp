#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/objective.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kRatio = "Eq11.ratio", *kLoss = "Eq11.loss", *kSums = "Eq11.sums";

PerSample asked(const char* what, const Sampler::Objective& capability, const Chain& chain,
                const EpsModel& model, const Path& path, const Batch& x0) {
  PerSample value = answer(what, samplers::ask(capability, chain, model, path, x0));
  require_shape(what, value, x0.cols(), 1);
  return value;
}

/// Given x_2, the log ratio less its literal other terms is KL + delta . z: whitened by |delta| it is exactly
/// N(0, 1), for any eps_theta.
void observe_ratio(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  const Chain chain = objective_chain(c.run);
  const EpsModel model = two_humps();
  const ObjectiveDraw draw = draw_objective(chain, c.design(kRatio), first, count);
  const LiteralObjective pieces = literal_objective(chain, model, draw);
  const PerSample ratio = asked("log_ratio", c.sampler.log_ratio, chain, model, draw.path, draw.x0);
  for (Eigen::Index j = 0; j < count; ++j) {
    const double size = pieces.delta.col(j).norm();
    const double r = (ratio[j] - pieces.log_q_terminal[j] + pieces.log_p_prior[j] - pieces.reconstruction[j] -
                      pieces.kl_step[j]) /
                     size;
    record.add(0, std::array<double, 2>{1, size}, r, false);
  }
}

/// |eps - eps_theta|^2 for Gaussian data is a scaled non-central chi^2; so is its sum over draws.
double p_loss(const Context& c, std::uint64_t first, Eigen::Index count) {
  constexpr Eigen::Index d = 3;
  const Draws design = c.design(kLoss);
  const Schedule& schedule = c.run.schedule();
  const int t = std::max(1, schedule.T() / 4);
  const Chain chain{{schedule.transition(t, 0)}, {Sigma(kSigma1)}};
  const Level level = level_of(schedule.level(t));
  const EpsModel model = gaussian_eps(Eigen::VectorXd::Constant(d, kDataMean), kDataVariance);
  double losses = 0, squares = 0;
  in_chunks(first, count, [&](std::uint64_t from, Eigen::Index samples) {
    const Batch x0 = design.normal_batch(d, samples, from, 0), e = design.normal_batch(d, samples, from, 2);
    losses +=
        asked("loss", c.sampler.simple_loss, chain, model, {samplers::marginal(level, x0, e)}, x0).sum();
    squares += (x0.array() - kDataMean).square().sum();
  });
  const auto slope = static_cast<double>(data_slope(level));
  const double scale = 1 - slope * root(level.one_minus), shift = slope * root(level.alpha_bar);
  return p_non_central_chi_squared(losses / (scale * scale), static_cast<double>(d * count),
                                   (shift / scale) * (shift / scale) * squares);
}

Agreement compare_sums(const Context& c) {
  const Chain chain = objective_chain(c.run);
  const EpsModel model = two_humps();
  const ObjectiveDraw draw = draw_objective(chain, c.judge(kSums), 0, 64);
  const auto of = [&](const char* what, const Sampler::Objective& capability) {
    return asked(what, capability, chain, model, draw.path, draw.x0);
  };
  const PerSample whole = of("log_ratio", c.sampler.log_ratio),
                  terminal = of("log_q_terminal", c.sampler.log_q_terminal),
                  posteriors = of("log_q_posteriors", c.sampler.log_q_posteriors),
                  transitions = of("log_p_transitions", c.sampler.log_p_transitions),
                  prior = of("log_p_prior", c.sampler.log_p_prior);
  const LiteralObjective pieces = literal_objective(chain, model, draw);
  const KlForm kl = answer("kl_form", samplers::ask(c.sampler.kl_form, chain, model, draw.path, draw.x0));
  if (kl.step.size() != 1) throw ShapeError("number of KLs", std::to_string(kl.step.size()), "1");
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
    comparison.add(kl.step[0][j], pieces.kl_step[j], u * size * (1 + pieces.kl_step[j]),
                   "KL of the step" + path);
    comparison.add(kl.reconstruction[j], pieces.reconstruction[j],
                   u * size * (1 + std::abs(pieces.reconstruction[j])), "-log p(x_0 | x_1)" + path);
  }
  return comparison.result();
}

}  // namespace

std::vector<Claim> eq11(const Run&) {
  return {
      {kRatio, "the log ratio less KL is exactly |delta| times a standard normal, for a non-linear eps", 0.03,
       Residuals{1, {"1", "delta"}, observe_ratio}, needs_objective},
      {kLoss, "|eps - eps_theta|^2 for Gaussian data is a scaled non-central chi^2", 0.01, ExactP{p_loss},
       needs_objective},
      {kSums, "both lines agree path by path; each term is its definition", 0, Exact{compare_sums},
       needs_objective},
  };
}

}  // namespace ddim::statistics::equations
