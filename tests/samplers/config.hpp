#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reference/predictor.hpp"
#include "tests/samplers/laws.hpp"
#include "tests/samplers/timesteps.hpp"

namespace ddim::samplers {

struct Config;

/// A family of betas, as files name it.
struct BetaRule {
  std::string_view name;
  bool takes_range;  ///< beta_start and beta_end
  /// beta_1..beta_T by the family's definition.
  std::vector<Real> (*betas)(const Config&);
  /// The same table as reference/ makes it.
  Schedule (*schedule)(const Config&);
};
extern const BetaRule linear, scaled_linear, squaredcos_cap_v2, trained_betas;

/// A scheduler_config.json, read and checked; members carry the file's own names where they differ.
struct Config {
  std::string class_name;
  int T = 1000;  ///< num_train_timesteps
  const BetaRule* beta_schedule = &linear;
  double beta_start = 1e-4;
  double beta_end = 0.02;
  std::vector<double> trained_betas;
  bool rescale_betas_zero_snr = false;
  const Spacing* spacing = &leading;  ///< timestep_spacing
  int steps_offset = 0;
  bool set_alpha_to_one = true;
  Prediction prediction = Prediction::eps;  ///< prediction_type
  bool clip_sample = true;
  double clip_sample_range = 1;
  bool thresholding = false;  ///< wins over clipping
  double dynamic_thresholding_ratio = 0.995;
  double sample_max_value = 1;
  std::string variance_type = "fixed_small";  ///< of those classes of DDPM's that take it
  /// At eta = 1 the noise is scaled by sigma_hat: variance_type says so, to a sampler that takes it.
  bool sigma_hat = false;
  std::string table_unknown;          ///< why no table can be said to be this file's; empty: it can
  std::vector<std::string> warnings;  ///< what the file holds that nobody reads, one line each
  std::vector<std::string>
      absent;  ///< keys that the file leaves out, as they are taken: "clip_sample = false"
  /// What samplers are sent: every key as it is judged, and the file's others.
  std::string json = "{}";

  /// x_0 is clipped or thresholded.
  bool restricts() const { return clip_sample || thresholding; }
};

/// What cannot be a configuration: a missing or truncated file, one of another family, a key twice, a wrong type, a
/// value outside its domain. what() is one printable line.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file, or a pipe that is written to within `patience`. A key that is absent takes the default of the file's
/// _class_name (PNDM never clips, UnCLIP's schedule is the cosine), else DDIMScheduler's. Errors: ConfigError.
Config read_config(const std::string& path, std::chrono::milliseconds patience = std::chrono::seconds(10));
Config parse_config(const std::string& json, const std::string& origin);

/// With `json` holding every key as the members have it.
Config with_every_key(Config config);

/// alpha_bar and 1 - alpha_bar at timesteps 0..T-1, by the definition in long double from the file's numbers.
Table exact_table(const Config& config);
/// A sampler's own alphas_cumprod, taken as exact.
Table table_of(const std::vector<double>& alphas_cumprod);
/// The same configuration as reference/ has it. Its level(t + 1) is the file's timestep t.
Schedule schedule_of(const Config& config);

std::string to_text(Prediction prediction);

}  // namespace ddim::samplers
