#include "tests/samplers/run.hpp"

#include <cmath>

#include "reference/error.hpp"

namespace ddim::samplers {
namespace {

/// Step i in reference/'s terms, where the list is defined.
Transition transition_of(const Run& run, int i) {
  const Schedule& schedule = run.schedule();
  const int t = run.time(i);
  if (const auto next = run.next_timestep(i)) return schedule.transition(t, *next + 1);
  const Level last = run.prev_level(i);
  if (last.one_minus == 0) return schedule.transition(t, 0);
  if (last.alpha_bar == run.level(i).alpha_bar) return {schedule.level(t), schedule.level(t), 0.0};
  if (last.alpha_bar == run.table().front().alpha_bar) return schedule.transition(t, 1);
  return Transition::from_alpha_bars(schedule.alpha_bar(t), static_cast<double>(last.alpha_bar));
}

std::shared_ptr<const Chain> chain_of(std::vector<Transition> steps, double eta) {
  auto chain = std::make_shared<Chain>();
  chain->steps = std::move(steps);
  for (const Transition& step : chain->steps) chain->sigma.push_back(sigma_eta(step, eta));
  return chain;
}

}  // namespace

Run::Run(Config config, int S, const Spacing& spacing, double eta, Dialect dialect)
    : config_(std::make_shared<const Config>(std::move(config))),
      dialect_(std::make_shared<const Dialect>(std::move(dialect))),
      spacing_(&spacing),
      asked_S_(S),
      eta_(eta),
      timesteps_(samplers::timesteps(spacing, config_->T, S, config_->steps_offset)),
      table_(std::make_shared<const Table>(exact_table(*config_))),
      schedule_(std::make_shared<const Schedule>(schedule_of(*config_))) {
  std::vector<Transition> steps;
  for (int i = 1; i <= this->S(); ++i) steps.push_back(transition_of(*this, i));
  chain_ = chain_of(std::move(steps), eta);
}

Run Run::standard(double eta, int S) {
  Config config;
  config.clip_sample = false;
  config.spacing = &trailing;
  return {with_every_key(std::move(config)), S, trailing, eta};
}

Run Run::with_eta(double eta) const {
  Run result = *this;
  result.eta_ = eta;
  if (chain_) result.chain_ = chain_of(chain_->steps, eta);
  return result;
}

Run Run::with_timesteps(std::vector<int> timesteps) const {
  Run result = *this;
  result.timesteps_ = std::move(timesteps);
  result.chain_.reset();
  return result;
}

Run Run::with_table(Table table) const {
  Run result = *this;
  result.table_ = std::make_shared<const Table>(std::move(table));
  return result;
}

Law Run::law(int i) const {
  Law law = Law::with_eta(level(i), prev_level(i), eta_);
  if (adds_sigma_hat(i)) law.noise_variance = law.hat_variance();
  return law;
}

bool Run::adds_sigma_hat(int i) const { return config_->sigma_hat && eta_ == 1 && timestep(i) > 0; }

Level Run::prev_level(int i) const {
  if (const auto next = next_timestep(i)) return table_->at(static_cast<std::size_t>(*next));
  return dialect_->last_level(*config_, *table_);
}

Batch Run::output(int i, const Batch& x0, const Batch& eps) const {
  if (config_->prediction == Prediction::eps) return eps;
  if (config_->prediction == Prediction::x0) return x0;
  return root(level(i).alpha_bar) * eps - root(level(i).one_minus) * x0;
}

const Chain& Run::chain() const {
  if (!chain_) throw DomainError("chain", "a list of a sampler's own", "the lists that are defined");
  return *chain_;
}

bool Run::asks_the_same_as(const Run& other) const {
  if (asked_S_ != other.asked_S_ || spacing_ != other.spacing_ || eta_ != other.eta_) return false;
  return (config_ == other.config_ || config_->json == other.config_->json) &&
         dialect_->name == other.dialect_->name;
}

std::string Run::text() const {
  return std::string(spacing_->name) + " S=" + std::to_string(asked_S_) + " eta=" + ddim::to_text(eta_);
}

}  // namespace ddim::samplers
