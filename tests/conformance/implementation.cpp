#include "tests/conformance/implementation.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "reference/ddim.hpp"
#include "tests/conformance/builtin_cuda.hpp"
#include "tests/conformance/child.hpp"
#include "tests/conformance/faults.hpp"

namespace ddim::conformance {
namespace {

/// For the black-box mode alone; checks inject their noise.
class OwnNoise {
 public:
  Batch draw(Eigen::Index rows, Eigen::Index cols) {
    return Batch::NullaryExpr(rows, cols, [&] { return normal_(generator_); });
  }

 private:
  std::mt19937_64 generator_{20201006};
  std::normal_distribution<double> normal_;
};

/// What builtin implementations share: a run, its timesteps, and domain errors turned into results.
class Builtin : public Implementation {
 public:
  const Identity& identity() const override { return identity_; }

  std::optional<Trouble> configure(const Run& run) override {
    return guarded<std::optional<Trouble>>([&]() -> std::optional<Trouble> {
      run_ = run;
      begin();
      return {};
    });
  }

  Result<std::vector<int>> timesteps() override { return timesteps_; }

  Result<StepOutput> step(int i, const Batch& x_t, const Batch& output,
                          const std::optional<Batch>& noise) override {
    return guarded<Result<StepOutput>>([&]() -> Result<StepOutput> {
      const auto count = static_cast<int>(timesteps_.size());
      if (i < 0 || i >= count)
        throw DomainError("index", std::to_string(i), "0 <= i < " + std::to_string(count));
      require_timestep(timesteps_[static_cast<std::size_t>(i)]);
      const int next = i + 1 < count ? timesteps_[static_cast<std::size_t>(i) + 1] : -1;
      if (next >= 0) require_timestep(next);
      return take_step(i, x_t, output, noise ? *noise : own_noise_.draw(x_t.rows(), x_t.cols()));
    });
  }

  Result<Batch> add_noise(const Batch& x0, const Batch& noise, int timestep) override {
    return guarded<Result<Batch>>([&]() -> Result<Batch> {
      require_timestep(timestep);
      return noised(x0, noise, timestep);
    });
  }

 protected:
  explicit Builtin(std::string name) : identity_{std::move(name), DDIM_VERSION, "C++", "float64"} {}

  virtual void begin() = 0;
  virtual StepOutput take_step(int i, const Batch& x_t, const Batch& output, const Batch& noise) = 0;
  virtual Batch noised(const Batch& x0, const Batch& noise, int timestep) = 0;

  Run run_;
  std::vector<int> timesteps_;

 private:
  template <class T, class Body>
  static T guarded(Body body) {
    try {
      return body();
    } catch (const DomainError& error) {
      return Trouble{Trouble::Kind::errored, error.what()};
    }
  }

  void require_timestep(int t) const {
    if (t < 0 || t >= run_.config.T) {
      throw DomainError("timestep", std::to_string(t), "0 <= t < " + std::to_string(run_.config.T));
    }
  }

  Identity identity_;
  OwnNoise own_noise_;
};

class Reference : public Builtin {
 public:
  Reference() : Builtin("reference") {}

  Result<std::vector<double>> alphas_cumprod() override {
    std::vector<double> table;
    for (int t = 1; t <= schedule_->T(); ++t) table.push_back(schedule_->alpha_bar(t));
    return table;
  }

 protected:
  void begin() override {
    schedule_ = schedule_of(run_.config);
    timesteps_ = defined_timesteps(run_);
  }

  StepOutput take_step(int i, const Batch& x_t, const Batch& output, const Batch& noise) override {
    const Config& config = run_.config;
    const Transition at = transition(i);
    const Sigma sigma = sigma_eta(at, run_.eta);
    Batch pred_x0 = predict_x0(at.current, config.prediction, x_t, output);
    if (!config.thresholding && !config.clip_sample) {
      const StepCoefficients c = step_coefficients(at, sigma, config.prediction);
      return {c.sigma == 0 ? ddim_step(c, x_t, output) : ddim_step(c, x_t, output, noise), pred_x0};
    }
    pred_x0 = config.thresholding
                  ? dynamic_threshold(pred_x0, config.dynamic_thresholding_ratio, config.sample_max_value)
                  : clip(pred_x0, config.clip_sample_range);
    if (run_.dialect == Dialect::paper) {
      const Gaussian law = q_posterior(at, sigma, x_t, pred_x0);
      return {combine({1, "mean", law.mean}, {sigma.value(), "noise", noise}), pred_x0};
    }
    const Batch eps = predict_eps(at.current, config.prediction, x_t, output);
    return {ddim_step_from_parts(at, sigma, pred_x0, eps, noise), pred_x0};
  }

  Batch noised(const Batch& x0, const Batch& noise, int timestep) override {
    return q_sample(schedule_->level(timestep + 1), x0, noise);
  }

 private:
  Transition transition(int i) const {
    const int t = timesteps_[static_cast<std::size_t>(i)] + 1;
    if (i + 1 < static_cast<int>(timesteps_.size())) {
      return schedule_->transition(t, timesteps_[static_cast<std::size_t>(i) + 1] + 1);
    }
    if (run_.dialect == Dialect::paper || run_.config.set_alpha_to_one) return schedule_->transition(t, 0);
    // diffusers' final level is its first: a step from there stays where it is.
    if (t == 1) return {schedule_->level(1), schedule_->level(1), 0.0};
    return schedule_->transition(t, 1);
  }

  std::optional<Schedule> schedule_;
};

class FaultyReference : public Builtin {
 public:
  explicit FaultyReference(const Fault& fault) : Builtin("fault:" + fault.name), fault_(fault) {}

  Result<std::vector<double>> alphas_cumprod() override {
    std::vector<double> values;
    for (const Level& level : table_) values.push_back(static_cast<double>(level.alpha_bar));
    return values;
  }

 protected:
  void begin() override {
    recipe_ = Recipe::of(run_.dialect);
    fault_.apply(recipe_);
    table_ = recipe_.table(run_.config);
    timesteps_ = recipe_.timesteps(run_);
  }

  StepOutput take_step(int i, const Batch& x_t, const Batch& output, const Batch& noise) override {
    const Outcome outcome = conformance::step(recipe_, {run_, table_, timesteps_, i}, x_t.cast<Real>(),
                                              output.cast<Real>(), noise.cast<Real>());
    return {outcome.prev_sample.cast<double>(), outcome.pred_x0.cast<double>()};
  }

  Batch noised(const Batch& x0, const Batch& noise, int timestep) override {
    return conformance::add_noise(recipe_, table_, timestep, x0.cast<Real>(), noise.cast<Real>())
        .cast<double>();
  }

 private:
  const Fault& fault_;
  Recipe recipe_;
  Table table_;
};

std::string python() {
  if (const char* chosen = std::getenv("DDIM_PYTHON"); chosen && *chosen) return chosen;
  const std::string local = DDIM_SOURCE_DIR "/.venv/bin/python";
  return std::filesystem::exists(local) ? local : "python3";
}

}  // namespace

double unit_roundoff(const std::string& dtype) {
  if (dtype == "float64") return 0x1p-53;
  if (dtype == "float32") return 0x1p-24;
  if (dtype == "float16") return 0x1p-11;
  if (dtype == "bfloat16") return 0x1p-8;
  throw DomainError("dtype", dtype, "{float64, float32, float16, bfloat16}");
}

std::unique_ptr<Implementation> open(const std::string& locator, const OpenOptions& options) {
  const auto rest = [&](std::string_view prefix) { return locator.substr(prefix.size()); };
  if (locator == "builtin:reference") return std::make_unique<Reference>();
  if (locator == "builtin:cuda") return open_cuda("float32");
  if (locator.starts_with("builtin:cuda:")) {
    try {
      return open_cuda(rest("builtin:cuda:"));
    } catch (const DomainError& error) {
      throw OpenError(OpenError::Kind::usage, error.what());
    }
  }
  if (locator.starts_with("builtin:fault:")) {
    const Fault* fault = find_fault(rest("builtin:fault:"));
    if (!fault) {
      throw OpenError(OpenError::Kind::usage,
                      locator + " names no known fault; `ddim-verify faults` lists them");
    }
    return std::make_unique<FaultyReference>(*fault);
  }
  if (locator.starts_with("py:")) {
    const std::string name = rest("py:");
    if (name.find(':') == std::string::npos) {
      throw OpenError(OpenError::Kind::usage, locator + " is not py:package.module:Class");
    }
    return open_child({python(), DDIM_SOURCE_DIR "/tests/conformance/harness.py", name}, options);
  }
  if (locator.starts_with("exec:") && locator.size() > 5)
    return open_child({"/bin/sh", "-c", rest("exec:")}, options);
  throw OpenError(OpenError::Kind::usage, locator +
                                              " is none of builtin:reference, builtin:cuda[:DTYPE], "
                                              "builtin:fault:NAME, py:package.module:Class, exec:COMMAND");
}

}  // namespace ddim::conformance
