#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/conformance/implementation.hpp"

namespace ddim::conformance {
namespace {

using Json = nlohmann::json;

std::string shortened(const Json& value) {
  std::string text = value.dump();
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

/// Reads keys one by one and remembers which were asked for, so that the rest can be named.
class Reader {
 public:
  Reader(const Json& object, std::string origin) : object_(object), origin_(std::move(origin)) {}

  [[noreturn]] void reject(const std::string& key, const std::string& value,
                           const std::string& domain) const {
    throw ConfigError(origin_ + ": " + key + " = " + value + " is outside " + domain);
  }

  /// Absent and null keep the default.
  const Json* find(const std::string& key) {
    known_.push_back(key);
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  void read(const std::string& key, bool& value) {
    if (const Json* found = find(key)) {
      if (!found->is_boolean()) reject(key, shortened(*found), "true or false");
      value = found->get<bool>();
    }
  }

  void read(const std::string& key, int& value, int least, int most) {
    if (const Json* found = find(key)) {
      const std::string domain = "the integers from " + std::to_string(least) + " to " + std::to_string(most);
      if (!found->is_number_integer()) reject(key, shortened(*found), domain);
      const auto wide = found->get<std::int64_t>();
      if (wide < least || wide > most) reject(key, shortened(*found), domain);
      value = static_cast<int>(wide);
    }
  }

  template <class Allowed>
  void read(const std::string& key, double& value, Allowed allowed, const std::string& domain) {
    if (const Json* found = find(key)) {
      if (!found->is_number()) reject(key, shortened(*found), "the numbers");
      value = found->get<double>();
      if (!allowed(value)) reject(key, shortened(*found), domain);
    }
  }

  template <class Enum>
  void read(const std::string& key, Enum& value, const std::vector<std::pair<std::string, Enum>>& choices) {
    if (const Json* found = find(key)) {
      std::string domain = "{";
      for (const auto& [name, choice] : choices) {
        if (*found == name) {
          value = choice;
          return;
        }
        domain += (domain.size() > 1 ? ", " : "") + name;
      }
      reject(key, shortened(*found), domain + "}");
    }
  }

  std::vector<std::string> unread() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object_.items()) {
      if (!key.starts_with('_') && std::find(known_.begin(), known_.end(), key) == known_.end()) {
        keys.push_back(key);
      }
    }
    return keys;
  }

 private:
  const Json& object_;
  std::string origin_;
  std::vector<std::string> known_;
};

std::string first_line(std::string text) {
  // "[json.exception.parse_error.101] parse error at line 3, column 1: syntax error ...; last read: '...'"
  if (const auto end = text.find("] "); end != std::string::npos) text = text.substr(end + 2);
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

Config parse_config(const std::string& text, const std::string& origin) {
  Json file;
  try {
    file = Json::parse(text);
  } catch (const Json::exception& error) {
    throw ConfigError(origin + ": not JSON, or cut short: " + first_line(error.what()));
  }
  if (!file.is_object()) throw ConfigError(origin + ": " + shortened(file) + " is outside the JSON objects");

  Config config;
  config.json = text;
  Reader reader(file, origin);
  if (const auto name = file.find("_class_name"); name != file.end() && name->is_string()) {
    config.class_name = name->get<std::string>();
  }
  const auto open_unit = [](double value) { return value > 0 && value < 1; };
  reader.read("num_train_timesteps", config.T, 1, 1000000);
  reader.read("beta_start", config.beta_start, open_unit, "0 < beta < 1");
  reader.read("beta_end", config.beta_end, open_unit, "0 < beta < 1");
  reader.read("beta_schedule", config.beta_schedule,
              {{"linear", BetaSchedule::linear},
               {"scaled_linear", BetaSchedule::scaled_linear},
               {"squaredcos_cap_v2", BetaSchedule::squaredcos_cap_v2}});
  reader.read("rescale_betas_zero_snr", config.rescale_betas_zero_snr);
  reader.read(
      "timestep_spacing", config.spacing,
      {{"leading", Spacing::leading}, {"trailing", Spacing::trailing}, {"linspace", Spacing::linspace}});
  reader.read("steps_offset", config.steps_offset, 0, config.T);
  reader.read("set_alpha_to_one", config.set_alpha_to_one);
  reader.read("prediction_type", config.prediction,
              {{"epsilon", Prediction::eps}, {"sample", Prediction::x0}, {"v_prediction", Prediction::v}});
  reader.read("clip_sample", config.clip_sample);
  reader.read(
      "clip_sample_range", config.clip_sample_range, [](double value) { return value > 0; }, "range > 0");
  reader.read("thresholding", config.thresholding);
  reader.read(
      "dynamic_thresholding_ratio", config.dynamic_thresholding_ratio,
      [](double value) { return value >= 0 && value <= 1; }, "0 <= ratio <= 1");
  reader.read(
      "sample_max_value", config.sample_max_value, [](double value) { return value > 0; },
      "sample_max_value > 0");
  if (config.thresholding && config.sample_max_value < 1) {
    reader.reject("sample_max_value", shortened(file["sample_max_value"]),
                  "sample_max_value >= 1 (thresholding is on)");
  }
  if (const Json* betas = reader.find("trained_betas")) {
    if (!betas->is_array()) reader.reject("trained_betas", shortened(*betas), "the lists of numbers");
    if (betas->size() != static_cast<std::size_t>(config.T)) {
      reader.reject("length of trained_betas", std::to_string(betas->size()),
                    "num_train_timesteps = " + std::to_string(config.T));
    }
    for (std::size_t i = 0; i < betas->size(); ++i) {
      const std::string key = "trained_betas[" + std::to_string(i) + "]";
      if (!(*betas)[i].is_number()) reader.reject(key, shortened((*betas)[i]), "the numbers");
      config.trained_betas.push_back((*betas)[i].get<double>());
      if (!open_unit(config.trained_betas.back())) reader.reject(key, shortened((*betas)[i]), "0 < beta < 1");
    }
    config.beta_schedule = BetaSchedule::trained_betas;
  }
  if (config.rescale_betas_zero_snr && config.T < 2) {
    reader.reject("num_train_timesteps", std::to_string(config.T), "T >= 2 (rescale_betas_zero_snr is on)");
  }
  for (const std::string& key : reader.unread()) {
    config.warnings.push_back("unknown key " + key + " = " + shortened(file[key]) +
                              ": not one of DDIMScheduler's, ignored");
  }
  try {
    schedule_of(config);
  } catch (const DomainError& error) {
    throw ConfigError(origin + ": " + error.what());
  }
  return config;
}

Config read_config(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf()))
    throw ConfigError(path + ": no such file, or an empty or unreadable one");
  return parse_config(text.str(), path);
}

Schedule schedule_of(const Config& config) {
  const auto betas = [&] {
    switch (config.beta_schedule) {
      case BetaSchedule::linear:
        return Schedule::linear(config.T, config.beta_start, config.beta_end);
      case BetaSchedule::scaled_linear:
        return Schedule::scaled_linear(config.T, config.beta_start, config.beta_end);
      case BetaSchedule::squaredcos_cap_v2:
        return Schedule::squaredcos_cap_v2(config.T);
      case BetaSchedule::trained_betas:
        break;
    }
    return Schedule::from_betas(config.trained_betas);
  };
  return config.rescale_betas_zero_snr ? betas().rescaled_to_zero_terminal_snr() : betas();
}

std::string to_text(BetaSchedule schedule) {
  switch (schedule) {
    case BetaSchedule::linear:
      return "linear";
    case BetaSchedule::scaled_linear:
      return "scaled_linear";
    case BetaSchedule::squaredcos_cap_v2:
      return "squaredcos_cap_v2";
    case BetaSchedule::trained_betas:
      break;
  }
  return "trained_betas";
}

std::string to_text(Spacing spacing) {
  return spacing == Spacing::leading ? "leading" : spacing == Spacing::trailing ? "trailing" : "linspace";
}

std::string to_text(Dialect dialect) { return dialect == Dialect::paper ? "paper" : "diffusers"; }

std::string to_text(Prediction prediction) {
  return prediction == Prediction::eps ? "epsilon" : prediction == Prediction::x0 ? "sample" : "v_prediction";
}

std::string to_text(Trouble::Kind kind) {
  switch (kind) {
    case Trouble::Kind::unsupported:
      return "unsupported";
    case Trouble::Kind::not_supplied:
      return "not supplied";
    case Trouble::Kind::errored:
      return "errored";
    case Trouble::Kind::crash:
      return "crash";
    case Trouble::Kind::time_out:
      return "time-out";
    case Trouble::Kind::harness_error:
      break;
  }
  return "harness error";
}

}  // namespace ddim::conformance
