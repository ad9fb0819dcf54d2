#include "tests/conformance/stats.hpp"

#include <memory>

#include "tests/conformance/recipe.hpp"

namespace ddim::conformance {
namespace {

[[noreturn]] void raise(const std::string& what, const Trouble& trouble) {
  const std::string message = what + ": " + to_text(trouble.kind) + ": " + trouble.message;
  if (trouble.kind == Trouble::Kind::unsupported || trouble.kind == Trouble::Kind::not_supplied)
    throw statistics::NotSupplied(message);
  throw std::runtime_error(message);
}

/// The implementation, configured anew when eta changes.
class Adapter {
 public:
  Adapter(Implementation& implementation, const Run& run) : implementation_(implementation), run_(run) {}

  Batch step(const statistics::Setting& setting, int i, const Batch& x_t, const Batch& output,
             const std::optional<Batch>& noise) {
    configure(setting.eta);
    Result<StepOutput> result = implementation_.step(place(setting, i), x_t, output, noise);
    if (!result) raise("step " + std::to_string(i), result.trouble());
    return result->prev_sample;
  }

  Batch add_noise(const statistics::Setting& setting, int i, const Batch& x0, const Batch& noise) {
    configure(setting.eta);
    const Result<Batch> result = implementation_.add_noise(x0, noise, setting.t(i) - 1);
    if (!result) raise("add_noise", result.trouble());
    return *result;
  }

  std::vector<int> times(const statistics::Setting& setting) {
    configure(setting.eta);
    const Result<std::vector<int>> result = implementation_.timesteps();
    if (!result) raise("timesteps", result.trouble());
    std::vector<int> ascending(result->rbegin(), result->rend());
    for (int& t : ascending) ++t;
    if (run_.S > setting.S() && !ascending.empty()) ascending.erase(ascending.begin());
    return ascending;
  }

 private:
  void configure(double eta) {
    if (configured_ && run_.eta == eta) return;
    run_.eta = eta;
    if (const std::optional<Trouble> trouble = implementation_.configure(run_)) raise("configure", *trouble);
    configured_ = true;
  }

  /// Its list descends and may hold a step, the last, that the setting leaves out.
  static int place(const statistics::Setting& setting, int i) { return setting.S() - i; }

  Implementation& implementation_;
  Run run_;
  bool configured_ = false;
};

}  // namespace

statistics::Setting setting_of(const Run& run) {
  const Schedule schedule = schedule_of(run.config);
  std::vector<double> betas;
  for (int t = 1; t <= schedule.T(); ++t) betas.push_back(schedule.beta(t));
  std::vector<int> times = defined_timesteps(run);
  std::vector<std::pair<int, int>> steps;
  const bool to_first = run.dialect == Dialect::diffusers && !run.config.set_alpha_to_one;
  int previous = to_first ? 1 : 0;
  for (auto t = times.rbegin(); t != times.rend(); ++t) {
    if (*t + 1 == previous) continue;
    steps.emplace_back(*t + 1, previous);
    previous = *t + 1;
  }
  if (steps.empty()) throw DomainError("S", std::to_string(run.S), "runs with a step that changes alpha_bar");
  statistics::Setting setting = statistics::Setting::make(std::move(betas), std::move(steps), run.eta);
  setting.prediction = run.config.prediction;
  setting.rederives_eps = Recipe::of(run.dialect).rederive_eps;
  if (run.config.clip_sample || run.config.thresholding) {
    setting.restrict_x0 = [config = run.config,
                           restrict = Recipe::of(run.dialect).restrict_x0](const Batch& x0) {
      RealBatch wide = x0.cast<Real>();
      restrict(config, wide);
      return Batch(wide.cast<double>());
    };
  }
  return setting;
}

statistics::Subject subject_of(Implementation& implementation, const Run& run, bool own_noise) {
  const auto adapter = std::make_shared<Adapter>(implementation, run);
  using statistics::Setting;
  statistics::Subject subject;
  subject.name = implementation.identity().name;
  subject.own_noise = own_noise;
  subject.concurrent = false;
  subject.unit_roundoff = unit_roundoff(implementation.identity().dtype);
  subject.injected = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& noise) {
    return adapter->step(s, i, x, output, noise);
  };
  subject.step = subject.injected;
  if (own_noise) {
    subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch&) {
      return adapter->step(s, i, x, output, std::nullopt);
    };
  }
  subject.q_sample = [=](const Setting& s, int i, const Batch& x0, const Batch& noise) {
    return adapter->add_noise(s, i, x0, noise);
  };
  subject.times = [=](const Setting& s) { return adapter->times(s); };
  return subject;
}

}  // namespace ddim::conformance
