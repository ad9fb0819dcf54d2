#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reference/predictor.hpp"
#include "reference/schedule.hpp"

namespace ddim::conformance {

enum class BetaSchedule { linear, scaled_linear, squaredcos_cap_v2, trained_betas };
enum class Spacing { leading, trailing, linspace };
/// Legal conventions that exclude each other; README.md says what each means.
enum class Dialect { paper, diffusers };

std::string to_text(BetaSchedule schedule);
std::string to_text(Spacing spacing);
std::string to_text(Dialect dialect);
std::string to_text(Prediction prediction);

/// A scheduler_config.json, read and checked; members carry the file's own names where they differ.
struct Config {
  std::string class_name;
  int T = 1000;  ///< num_train_timesteps
  BetaSchedule beta_schedule = BetaSchedule::linear;
  double beta_start = 1e-4;
  double beta_end = 0.02;
  std::vector<double> trained_betas;
  bool rescale_betas_zero_snr = false;
  Spacing spacing = Spacing::leading;  ///< timestep_spacing
  int steps_offset = 0;                ///< leading only
  bool set_alpha_to_one = true;
  Prediction prediction = Prediction::eps;  ///< prediction_type
  bool clip_sample = true;
  double clip_sample_range = 1;
  bool thresholding = false;  ///< wins over clipping
  double dynamic_thresholding_ratio = 0.995;
  double sample_max_value = 1;
  std::vector<std::string> warnings;  ///< what the file holds that nobody reads, one line each
  std::string json = "{}";            ///< the file's text, handed to implementations as it is
};

/// What cannot be a configuration: a missing or truncated file, a wrong type, a value outside its domain.
/// what() is one line.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Errors: ConfigError.
Config read_config(const std::string& path);
Config parse_config(const std::string& json, const std::string& origin);
/// The exact schedule of a configuration. Its level(t + 1) is the file's timestep t.
Schedule schedule_of(const Config& config);

/// One sampler run: what an implementation is configured with.
struct Run {
  Config config;
  int S = 50;  ///< num_inference_steps
  Spacing spacing = Spacing::leading;
  double eta = 0;
  Dialect dialect = Dialect::paper;  ///< builtin implementations follow it; others have their own
};

/// Why there is no value. `errored` is the implementation's own exception; `harness_error` an answer that is
/// not the protocol.
struct Trouble {
  enum class Kind { unsupported, not_supplied, errored, crash, time_out, harness_error };
  Kind kind;
  std::string message;
};
std::string to_text(Trouble::Kind kind);

/// A value, or the reason why there is none.
template <class T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Trouble trouble) : state_(std::move(trouble)) {}

  explicit operator bool() const { return state_.index() == 0; }
  const T& operator*() const { return std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Trouble& trouble() const { return std::get<1>(state_); }

 private:
  std::variant<T, Trouble> state_;
};

struct Identity {
  std::string name, version, language;
  /// The arithmetic its coefficients are computed in: float64, float32, float16 or bfloat16.
  std::string dtype;
};
/// Unit roundoff of a dtype: 2^-53, 2^-24, 2^-11, 2^-8. Errors: DomainError for any other name.
double unit_roundoff(const std::string& dtype);

struct StepOutput {
  Batch prev_sample;
  std::optional<Batch> pred_x0;
};

/// A sampler under test. Batches are d x n, a column is a sample. Timesteps are 0-based as in diffusers: t
/// there is t + 1 in the paper, and the list descends. Calls other than `identity` need a successful
/// `configure`. Nothing throws for what the implementation does; that is a Trouble.
class Implementation {
 public:
  virtual ~Implementation() = default;

  virtual const Identity& identity() const = 0;
  /// nullopt: configured.
  virtual std::optional<Trouble> configure(const Run& run) = 0;
  virtual Result<std::vector<int>> timesteps() = 0;
  /// alpha_bar at timesteps 0..T-1; many implementations do not show it (not_supplied).
  virtual Result<std::vector<double>> alphas_cumprod() = 0;
  /// The step from timesteps()[i]. Without `noise` the implementation draws its own.
  virtual Result<StepOutput> step(int i, const Batch& x_t, const Batch& output,
                                  const std::optional<Batch>& noise) = 0;
  virtual Result<Batch> add_noise(const Batch& x0, const Batch& noise, int timestep) = 0;
};

struct OpenOptions {
  std::chrono::milliseconds timeout{30000};  ///< of each answer
};

/// A locator that names nothing, or an implementation that does not start.
class OpenError : public std::runtime_error {
 public:
  enum class Kind { usage, would_not_start };
  OpenError(Kind why, const std::string& message) : std::runtime_error(message), kind(why) {}
  Kind kind;
};

/// `builtin:reference`, `builtin:cuda[:DTYPE]`, `builtin:fault:NAME`, `py:package.module:Class` or
/// `exec:COMMAND`. Errors: OpenError.
std::unique_ptr<Implementation> open(const std::string& locator, const OpenOptions& options = {});

}  // namespace ddim::conformance
