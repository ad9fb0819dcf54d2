#include "tests/samplers/builtin.hpp"

#include <memory>
#include <mutex>
#include <random>

namespace ddim::samplers {
namespace {

/// For the black-box mode alone; checks hand their noise in.
class OwnNoise {
 public:
  Batch draw(Eigen::Index rows, Eigen::Index cols) {
    const std::lock_guard lock(mutex_);
    return Batch::NullaryExpr(rows, cols, [&] { return normal_(generator_); });
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 generator_{20201006};
  std::normal_distribution<double> normal_;
};

void require_entry(const Run& run, int entry) {
  if (entry < 0 || entry >= run.S())
    throw DomainError("index", std::to_string(entry), "0 <= i < " + std::to_string(run.S()));
}
void require_timestep(const Run& run, int timestep) {
  if (timestep < 0 || timestep >= run.config().T)
    throw DomainError("timestep", std::to_string(timestep), "0 <= t < " + std::to_string(run.config().T));
}

/// `step` with noise of its own.
auto drawing(std::function<StepOutput(const Run&, int, const Batch&, const Batch&, const Batch&)> step) {
  return [step = std::move(step), own = std::make_shared<OwnNoise>()](const Run& run, int entry,
                                                                      const Batch& x_t, const Batch& output) {
    return step(run, entry, x_t, output, own->draw(x_t.rows(), x_t.cols()));
  };
}

StepOutput reference_step(const Run& run, int entry, const Batch& x_t, const Batch& output,
                          const Batch& noise) {
  require_entry(run, entry);
  const Config& config = run.config();
  const auto k = static_cast<std::size_t>(run.step_of(entry) - 1);
  const Transition& at = run.chain().steps[k];
  const Sigma& sigma = run.chain().sigma[k];
  Batch pred_x0 = predict_x0(at.current, config.prediction, x_t, output);
  if (!config.restricts()) {
    const StepCoefficients c = step_coefficients(at, sigma, config.prediction);
    return {c.sigma == 0 ? ddim_step(c, x_t, output) : ddim_step(c, x_t, output, noise), pred_x0};
  }
  pred_x0 = config.thresholding
                ? dynamic_threshold(pred_x0, config.dynamic_thresholding_ratio, config.sample_max_value)
                : clip(pred_x0, config.clip_sample_range);
  if (run.dialect().rederives_eps) {
    const Gaussian law = q_posterior(at, sigma, x_t, pred_x0);
    return {combine({1, "mean", law.mean}, {sigma.value(), "noise", noise}), pred_x0};
  }
  const Batch eps = predict_eps(at.current, config.prediction, x_t, output);
  return {ddim_step_from_parts(at, sigma, pred_x0, eps, noise), pred_x0};
}

void answer_for_sampling(Sampler& sampler) {
  sampler.prepare = [identity = sampler.identity](const Run&) { return identity; };
  sampler.timesteps = [](const Run& run) {
    const Tau tau = run.spacing().tau(run.config().T, run.asked_S(), run.config().steps_offset);
    std::vector<int> list(tau.times().rbegin(), tau.times().rend());
    for (int& t : list) --t;
    return list;
  };
  sampler.alphas_cumprod = [](const Run& run) {
    std::vector<double> table;
    for (int t = 1; t <= run.schedule().T(); ++t) table.push_back(run.schedule().alpha_bar(t));
    return table;
  };
  sampler.step = reference_step;
  sampler.own_step = drawing(reference_step);
  sampler.add_noise = [](const Run& run, int timestep, const Batch& x0, const Batch& noise) {
    require_timestep(run, timestep);
    return q_sample(run.schedule().level(timestep + 1), x0, noise);
  };
}

void answer_for_laws(Sampler& sampler) {
  const auto at = [](const Run& run, int entry) {
    require_entry(run, entry);
    return static_cast<std::size_t>(run.step_of(entry) - 1);
  };
  sampler.forward_step = [at](const Run& run, int entry, const Batch& x_prev, const Batch& x0,
                              const Batch& noise) {
    const std::size_t k = at(run, entry);
    const Gaussian law = forward_step(run.chain().steps[k], run.chain().sigma[k], x_prev, x0);
    return Batch(law.mean + std::sqrt(law.variance) * noise);
  };
  sampler.non_markov = [at](const Run& run, int entry) {
    const std::size_t k = at(run, entry);
    return non_markov_coefficient(run.chain().steps[k], run.chain().sigma[k]);
  };
  sampler.path = [](const Run& run, const Batch& x0, const Path& noise) {
    return q_sample_path(run.chain(), x0, noise);
  };
  sampler.path_forward = [](const Run& run, const Batch& x0, const Path& noise) {
    return q_sample_path_forward(run.chain(), x0, noise);
  };
  sampler.encode = [at](const Run& run, int entry, const Batch& x_prev, const Batch& eps) {
    return ddim_encode_step(run.chain().steps[at(run, entry)], x_prev, eps);
  };
  sampler.discrete_posterior = [](const Transition& step, double s, const Batch& x_t, const Batch& x0) {
    return discrete_posterior(step, s, x_t, x0);
  };
  sampler.normals = [](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                       std::uint32_t block) { return draws.normal_batch(d, n, first, block); };
}

void answer_for_objective(Sampler& sampler) {
  sampler.log_ratio = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return log_ratio(c, m, x, x0);
  };
  sampler.log_q_terminal = [](const Chain& c, const EpsModel&, const Path& x, const Batch& x0) {
    return log_q_terminal(c, x, x0);
  };
  sampler.log_q_posteriors = [](const Chain& c, const EpsModel&, const Path& x, const Batch& x0) {
    return log_q_posteriors(c, x, x0);
  };
  sampler.log_p_transitions = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return log_p_transitions(c, m, x, x0);
  };
  sampler.log_p_prior = [](const Chain&, const EpsModel&, const Path& x, const Batch&) {
    return log_p_prior(x);
  };
  sampler.simple_loss = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return simple_loss(c, m, x, x0);
  };
  sampler.kl_form = [](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return variational_objective(c, m, x, x0);
  };
  sampler.gamma = [](const Chain& c) { return gamma_weights(c); };
}

/// A run by a recipe that may be wrong: its decisions, on its own list and table. Kept while the same is asked.
class ByRecipe {
 public:
  explicit ByRecipe(std::function<void(Recipe&)> change) : change_(std::move(change)) {}

  struct Prepared {
    Run asked;
    Recipe recipe;
    Run own;
  };
  std::shared_ptr<const Prepared> operator()(const Run& run) {
    const std::lock_guard lock(mutex_);
    if (!prepared_ || !prepared_->asked.asks_the_same_as(run) ||
        prepared_->asked.timesteps() != run.timesteps()) {
      Recipe recipe = Recipe::of(run.dialect());
      change_(recipe);
      Run own = run.with_table(recipe.table(run.config())).with_timesteps(recipe.timesteps(run));
      prepared_ = std::make_shared<const Prepared>(Prepared{run, std::move(recipe), std::move(own)});
    }
    return prepared_;
  }

 private:
  std::mutex mutex_;
  std::function<void(Recipe&)> change_;
  std::shared_ptr<const Prepared> prepared_;
};

}  // namespace

Sampler reference() {
  Sampler sampler;
  sampler.identity = {"reference", DDIM_VERSION, "C++"};
  sampler.concurrent = true;
  answer_for_sampling(sampler);
  answer_for_laws(sampler);
  answer_for_objective(sampler);
  return sampler;
}

Sampler of_recipe(std::function<void(Recipe&)> change, Identity identity) {
  Sampler sampler = reference();
  sampler.identity = identity;
  sampler.prepare = [identity](const Run&) { return identity; };
  const auto by = std::make_shared<ByRecipe>(std::move(change));
  sampler.timesteps = [by](const Run& run) { return (*by)(run)->own.timesteps(); };
  sampler.alphas_cumprod = [by](const Run& run) {
    std::vector<double> values;
    for (const Level& level : (*by)(run)->own.table()) values.push_back(static_cast<double>(level.alpha_bar));
    return values;
  };
  const auto take_step = [by](const Run& run, int entry, const Batch& x_t, const Batch& output,
                              const Batch& noise) {
    const auto prepared = (*by)(run);
    const Run& own = prepared->own;
    require_entry(own, entry);
    require_timestep(own, own.timestep(own.step_of(entry)));
    if (const auto next = own.next_timestep(own.step_of(entry))) require_timestep(own, *next);
    const Outcome outcome = samplers::step(prepared->recipe, {own, entry}, x_t.cast<Real>(),
                                           output.cast<Real>(), noise.cast<Real>());
    return StepOutput(outcome.prev_sample.cast<double>(), outcome.pred_x0.cast<double>());
  };
  sampler.step = take_step;
  sampler.own_step = drawing(take_step);
  sampler.add_noise = [by](const Run& run, int timestep, const Batch& x0, const Batch& noise) {
    const auto prepared = (*by)(run);
    require_timestep(run, timestep);
    return Batch(samplers::add_noise(prepared->recipe, prepared->own.table(), timestep, x0.cast<Real>(),
                                     noise.cast<Real>())
                     .cast<double>());
  };
  return sampler;
}

}  // namespace ddim::samplers
