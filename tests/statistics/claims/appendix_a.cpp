#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kJoint = "AppendixA.joint";
constexpr int kCategories = 3;
constexpr std::array kShares{0.0, 0.5, 1.0};  // of the largest s

struct DiscreteStep {
  int i;
  double a, a_prev, largest;
};
DiscreteStep discrete_step(const Run& run) {
  const std::vector<int> steps = moving_steps(run);
  const int i = steps[std::min<std::size_t>(1, steps.size() - 1)];
  const Law law = run.law(i);
  return {i, static_cast<double>(law.current.alpha_bar), static_cast<double>(law.prev.alpha_bar),
          static_cast<double>(law.prev.one_minus / law.current.one_minus)};
}

double marginal_of(double a, int k) { return (k == 0 ? a : 0) + (1 - a) / kCategories; }

/// What each of the family's four terms is multiplied by: x_t's weight s, x_0's a_prev and -s a, the
/// uniform's rest.
using Factors = std::array<double, 4>;

/// The joint law of (x_t, x_{t-1}) with those factors, made a distribution again.
std::vector<double> joint_law(const DiscreteStep& step, double s, const Factors& factors) {
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
    for (const double p : posterior) joint.push_back(marginal_of(step.a, now) * p / total);
  }
  return joint;
}

Batch posterior_of(const Context& c, const Transition& transition, double s, const Batch& x_t,
                   const Batch& x0) {
  const Batch p = answer("posterior", samplers::ask(c.sampler.discrete_posterior, transition, s, x_t, x0));
  require_shape("posterior", p, x_t.rows(), x_t.cols());
  const double least = p.minCoeff(), off = (p.colwise().sum().array() - 1).abs().maxCoeff();
  if (!(least >= 0 && off <= 1e-9)) {
    throw DomainError("posterior", "(minimum " + to_text(least) + ", sum off by " + to_text(off) + ")",
                      "probabilities with sum 1 (AppendixA)");
  }
  return p;
}

/// The category of probabilities p at u.
template <class Probability>
int category(const Probability& p, double u) {
  int k = 0;
  for (double above = u - p(0); above >= 0 && k + 1 < kCategories;) above -= p(++k);
  return k;
}

void observe_joint(const Context& c, std::uint64_t first, Eigen::Index count,
                   std::vector<std::vector<double>>& counts) {
  const Draws draws = c.judge(kJoint);
  const DiscreteStep step = discrete_step(c.run);
  const Transition& transition = c.run.chain().steps[static_cast<std::size_t>(step.i - 1)];
  const double largest = static_cast<double>(transition.prev.one_minus_alpha_bar) /
                         static_cast<double>(transition.current.one_minus_alpha_bar);
  Batch x0 = Batch::Zero(kCategories, count);
  x0.row(0).setOnes();
  for (std::size_t cell = 0; cell < kShares.size(); ++cell) {
    Batch x_t = Batch::Zero(kCategories, count);
    Eigen::VectorXi now(count);
    Eigen::VectorXd uniforms(count);
    for (Eigen::Index j = 0; j < count; ++j) {
      const auto u = draws.uniforms(first + static_cast<std::uint64_t>(j), static_cast<std::uint32_t>(cell));
      now[j] = category([&](int k) { return marginal_of(step.a, k); }, u[0]);
      x_t(now[j], j) = 1;
      uniforms[j] = u[1];
    }
    const Batch p = posterior_of(c, transition, kShares[cell] * largest, x_t, x0);
    for (Eigen::Index j = 0; j < count; ++j) {
      const int prev = category([&](int k) { return p(k, j); }, uniforms[j]);
      counts[cell][static_cast<std::size_t>(now[j] * kCategories + prev)] += 1;
    }
  }
}

Counts joint_counts(const Run& run) {
  const DiscreteStep step = discrete_step(run);
  const auto joint = [&](const Factors& factors) {
    std::vector<std::vector<double>> cells;
    for (const double share : kShares) cells.push_back(joint_law(step, share * step.largest, factors));
    return cells;
  };
  Counts counts{joint({1, 1, 1, 1}), {}, observe_joint};
  for (std::size_t term = 0; term < 4; ++term) {
    for (const double factor :
         {-1.0, 0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01, 1.02, 1.05, 1.1, 1.25, 1.5, 2.0, 3.0}) {
      if (factor < 0 && term != 2) continue;  // only this term has a sign to get wrong
      Factors factors{1, 1, 1, 1};
      factors[term] = factor;
      counts.alternatives.push_back(joint(factors));
    }
  }
  return counts;
}

}  // namespace

std::vector<Claim> appendix_a(const Run& run) {
  return {
      {kJoint,
       "categories of (x_t, x_{t-1}) have the family's exact joint law at s = 0, half and all of its range",
       0.03, joint_counts(run), [](const Context& c) {
         return upper_steps(c.run).empty() ? "S = 1"
                                           : need(bool(c.sampler.discrete_posterior), "discrete posterior");
       }}};
}

}  // namespace ddim::statistics::equations
