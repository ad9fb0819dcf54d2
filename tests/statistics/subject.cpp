#include "tests/statistics/subject.hpp"

namespace ddim::statistics {

Setting Setting::make(std::vector<double> betas, std::vector<std::pair<int, int>> steps, double eta) {
  Schedule schedule = Schedule::from_betas(betas);
  std::vector<paper::Level> levels = paper::levels(betas);
  Setting setting{std::move(betas), std::move(schedule), std::move(steps), eta};
  setting.levels = std::move(levels);
  return setting.with_eta(eta);
}

Setting Setting::standard(double eta, int S) {
  constexpr int T = 1000;
  std::vector<double> betas;
  for (int t = 0; t < T; ++t) betas.push_back(1e-4 + (0.02 - 1e-4) * t / (T - 1));
  std::vector<std::pair<int, int>> steps;
  const Tau tau = Tau::trailing(T, S);
  for (int i = 1; i <= S; ++i) steps.emplace_back(tau[i], tau[i - 1]);
  return make(std::move(betas), std::move(steps), eta);
}

Setting Setting::with_eta(double other) const {
  Setting result = *this;
  result.eta = other;
  result.laws.clear();
  result.chain = {};
  for (const auto& [t, t_prev] : steps) {
    result.laws.push_back(paper::Step::with_eta(levels.at(static_cast<std::size_t>(t)),
                                                levels.at(static_cast<std::size_t>(t_prev)), other));
    result.chain.steps.push_back(schedule.transition(t, t_prev));
    result.chain.sigma.push_back(sigma_eta(result.chain.steps.back(), other));
  }
  return result;
}

Batch Setting::output(int i, const Batch& x0, const Batch& eps) const {
  if (prediction == Prediction::eps) return eps;
  if (prediction == Prediction::x0) return x0;
  const paper::Level& level = law(i).current;
  return paper::root(level.a) * eps - paper::root(level.b) * x0;
}

Subject Subject::of_step(std::string name, OwnStep step) {
  Subject subject;
  subject.name = std::move(name);
  subject.own_noise = true;
  subject.concurrent = false;
  subject.step = [step = std::move(step)](const Setting& s, int i, const Batch& x_t, const Batch& eps,
                                          const Batch&) {
    if (s.prediction != Prediction::eps) throw DomainError("prediction", "not eps", "eps");
    const auto [t, t_prev] = s.steps[static_cast<std::size_t>(i - 1)];
    return step(s.schedule.alpha_bar(t), s.schedule.alpha_bar(t_prev), s.eta, x_t, eps);
  };
  return subject;
}

Subject Subject::reference() {
  Subject subject;
  subject.name = "builtin:reference";
  subject.step = [](const Setting& s, int i, const Batch& x_t, const Batch& output, const Batch& noise) {
    const auto k = static_cast<std::size_t>(i - 1);
    return ddim_step(step_coefficients(s.chain.steps[k], s.chain.sigma[k], s.prediction), x_t, output, noise);
  };
  subject.q_sample = [](const Setting& s, int i, const Batch& x0, const Batch& noise) {
    return ddim::q_sample(s.chain.steps[static_cast<std::size_t>(i - 1)].current, x0, noise);
  };
  subject.forward = [](const Setting& s, int i, const Batch& x_prev, const Batch& x0, const Batch& noise) {
    const auto k = static_cast<std::size_t>(i - 1);
    const Gaussian law = forward_step(s.chain.steps[k], s.chain.sigma[k], x_prev, x0);
    return Batch(law.mean + std::sqrt(law.variance) * noise);
  };
  subject.non_markov = [](const Setting& s, int i) {
    const auto k = static_cast<std::size_t>(i - 1);
    return non_markov_coefficient(s.chain.steps[k], s.chain.sigma[k]);
  };
  subject.path = [](const Setting& s, const Batch& x0, const Path& z) {
    return q_sample_path(s.chain, x0, z);
  };
  subject.path_forward = [](const Setting& s, const Batch& x0, const Path& z) {
    return q_sample_path_forward(s.chain, x0, z);
  };
  subject.encode = [](const Setting& s, int i, const Batch& x_prev, const Batch& eps) {
    return ddim_encode_step(s.chain.steps[static_cast<std::size_t>(i - 1)], x_prev, eps);
  };
  subject.log_ratio = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return ddim::log_ratio(c, m, x, x0);
  };
  subject.log_q_terminal = [](const Chain& c, const EpsModel&, const Path& x, const Batch& x0) {
    return ddim::log_q_terminal(c, x, x0);
  };
  subject.log_q_posteriors = [](const Chain& c, const EpsModel&, const Path& x, const Batch& x0) {
    return ddim::log_q_posteriors(c, x, x0);
  };
  subject.log_p_transitions = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return ddim::log_p_transitions(c, m, x, x0);
  };
  subject.log_p_prior = [](const Chain&, const EpsModel&, const Path& x, const Batch&) {
    return ddim::log_p_prior(x);
  };
  subject.simple_loss = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return ddim::simple_loss(c, m, x, x0);
  };
  subject.kl_form = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return variational_objective(c, m, x, x0);
  };
  subject.gamma = [](const Chain& c) { return gamma_weights(c); };
  subject.discrete_posterior = [](const Transition& t, double s, const Batch& x_t, const Batch& x0) {
    return ddim::discrete_posterior(t, s, x_t, x0);
  };
  subject.normals = [](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                       std::uint32_t block) { return draws.normal_batch(d, n, first, block); };
  return subject;
}

}  // namespace ddim::statistics
