#include "tests/samplers/config.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/samplers/json.hpp"
#include "tests/samplers/printable.hpp"
#include "tests/samplers/supervisor.hpp"

namespace ddim::samplers {
namespace {

using Json = nlohmann::json;

bool open_unit(double value) { return value > 0 && value < 1; }

std::string shortened(const Json& value) {
  const std::string text = value.dump();
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

  template <class Choice>
  void read(const std::string& key, Choice& value,
            const std::vector<std::pair<std::string, Choice>>& choices) {
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

constexpr std::array kInFiles{&linear, &scaled_linear, &squaredcos_cap_v2};

/// A table of data as the choices of a key.
template <class Rules>
auto choices_of(const Rules& rules) {
  std::vector<std::pair<std::string, std::remove_cvref_t<decltype(rules[0])>>> choices;
  for (const auto* rule : rules) choices.emplace_back(rule->name, rule);
  return choices;
}

/// What a class takes for the keys that its file leaves out, where that is not what DDIMScheduler takes.
struct ClassDefaults {
  std::vector<std::string_view> families;  ///< parts of the names of such classes
  void (*apply)(Config&);
};
void in_sigma(Config& config) {  // samplers over sigma, which never clip
  config.clip_sample = false;
  config.spacing = &linspace;
}
const std::vector<ClassDefaults>& class_defaults() {
  static const std::vector<ClassDefaults> all{
      {{"PNDM"},
       [](Config& config) {
         config.clip_sample = false;
         config.set_alpha_to_one = false;
       }},
      {{"UnCLIP"},
       [](Config& config) {
         config.beta_schedule = &squaredcos_cap_v2;
         config.variance_type = "fixed_small_log";
       }},
      {{"Euler", "LMS", "DPMSolverMultistep", "DEIS", "UniPC", "SASolver"}, in_sigma},
      {{"Heun", "KDPM2", "DPMSolverSDE"},
       [](Config& config) {
         in_sigma(config);
         config.beta_start = 0.00085;
         config.beta_end = 0.012;
       }},
      {{"DPMSolverSinglestep"}, [](Config& config) { config.clip_sample = false; }},
      {{"LCM", "TCD"},
       [](Config& config) {
         config.beta_schedule = &scaled_linear;
         config.beta_start = 0.00085;
         config.beta_end = 0.012;
         config.clip_sample = false;
       }},
  };
  return all;
}
Config defaults_of(const std::string& class_name) {
  Config config;
  config.class_name = class_name;
  for (const ClassDefaults& defaults : class_defaults()) {
    for (const std::string_view family : defaults.families) {
      if (class_name.find(family) == std::string::npos) continue;
      defaults.apply(config);
      return config;
    }
  }
  return config;
}

/// The keys that decide what is sampled, as the members have them.
Json keys_of(const Config& config) {
  Json keys{{"num_train_timesteps", config.T},
            {"beta_start", config.beta_start},
            {"beta_end", config.beta_end},
            {"rescale_betas_zero_snr", config.rescale_betas_zero_snr},
            {"timestep_spacing", config.spacing->name},
            {"steps_offset", config.steps_offset},
            {"set_alpha_to_one", config.set_alpha_to_one},
            {"prediction_type", to_text(config.prediction)},
            {"clip_sample", config.clip_sample},
            {"clip_sample_range", config.clip_sample_range},
            {"thresholding", config.thresholding},
            {"dynamic_thresholding_ratio", config.dynamic_thresholding_ratio},
            {"sample_max_value", config.sample_max_value},
            {"variance_type", config.variance_type}};
  if (config.beta_schedule != &trained_betas) keys["beta_schedule"] = config.beta_schedule->name;
  return keys;
}

void read_schedule(Reader& reader, Config& config) {
  reader.read("num_train_timesteps", config.T, 1, 100000);
  reader.read("beta_start", config.beta_start, open_unit, "0 < beta < 1");
  reader.read("beta_end", config.beta_end, open_unit, "0 < beta < 1");
  reader.read("beta_schedule", config.beta_schedule, choices_of(kInFiles));
  reader.read("rescale_betas_zero_snr", config.rescale_betas_zero_snr);
  reader.read("timestep_spacing", config.spacing, choices_of(std::array{&leading, &trailing, &linspace}));
  reader.read("steps_offset", config.steps_offset, 0, config.T);
  reader.read("set_alpha_to_one", config.set_alpha_to_one);
}

void read_prediction(Reader& reader, Config& config) {
  reader.read<Prediction>(
      "prediction_type", config.prediction,
      {{"epsilon", Prediction::eps}, {"sample", Prediction::x0}, {"v_prediction", Prediction::v}});
  reader.read("clip_sample", config.clip_sample);
  reader.read(
      "clip_sample_range", config.clip_sample_range, [](double value) { return value > 0; }, "range > 0");
  reader.read("thresholding", config.thresholding);
  reader.read(
      "dynamic_thresholding_ratio", config.dynamic_thresholding_ratio,
      [](double value) { return value >= 0 && value <= 1; }, "0 <= ratio <= 1");
  std::vector<std::pair<std::string, std::string>> variances;
  for (const char* name :
       {"fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"})
    variances.emplace_back(name, name);
  reader.read("variance_type", config.variance_type, variances);
  reader.read(
      "sample_max_value", config.sample_max_value, [](double value) { return value > 0; },
      "sample_max_value > 0");
  if (config.thresholding && config.sample_max_value < 1) {
    reader.reject("sample_max_value", shortened(*reader.find("sample_max_value")),
                  "sample_max_value >= 1 (thresholding is on)");
  }
}

void read_trained_betas(Reader& reader, Config& config) {
  const Json* betas = reader.find("trained_betas");
  if (!betas) return;
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
  config.beta_schedule = &trained_betas;
}

/// Classes whose equations are not DDIM's, by how their names begin.
struct Family {
  std::string_view class_name, says;
};
constexpr std::array kOtherFamilies{
    Family{"FlowMatch", "flow matching: x_t = (1 - sigma) x_0 + sigma noise"},
    Family{"SCM", "TrigFlow: x_t = cos t x_0 + sin t noise"},
    Family{"DDPMWuerstchen", "Wuerstchen: times are continuous"},
    Family{"EDM", "EDM: noise levels are continuous"},
    Family{"CosineDPM", "EDM: noise levels are continuous"},
    Family{"KarrasVe", "variance exploding"},
    Family{"ScoreSdeVe", "variance exploding"},
    Family{"ScoreSdeVp", "a stochastic differential equation: times are continuous"},
    Family{"CMStochasticIterative", "consistency models: noise levels are continuous"},
    Family{"VQDiffusion", "discrete tokens"},
    Family{"Amused", "discrete tokens"},
};

void refuse_other_families(Reader& reader, std::string_view class_name) {
  const auto refuse = [&](const std::string& key, std::string_view value, std::string_view family) {
    reader.reject(key, std::string(value), "DDIM's family: " + std::string(family));
  };
  if (class_name.starts_with("Flax")) class_name.remove_prefix(4);
  for (const Family& family : kOtherFamilies) {
    if (class_name.starts_with(family.class_name)) refuse("_class_name", class_name, family.says);
  }
  if (const Json* type = reader.find("timestep_type"); type && *type == "continuous")
    refuse("timestep_type", "\"continuous\"", kOtherFamilies[3].says);
}

/// Keys of other classes that change alpha_bar itself, where their value is not the one that leaves it.
bool changes_the_table(const std::string& key, const Json& value) {
  if (key == "snr_shift_scale") return value != 1;
  return (key == "scale_betas_for_timesteps" || key == "use_flow_sigmas") && value == true;
}

constexpr std::size_t kLargestFile = std::size_t{32} << 20;

/// The file's bytes, or a pipe's (a shell's `<(...)`), for the next of which `patience` is had.
std::string contents(const std::string& path, const std::string& origin, std::chrono::milliseconds patience) {
  const auto refused = [&](const std::string& why) { return ConfigError(origin + ": " + why); };
  // Not blocking, as opening and reading a pipe that nobody writes to would.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.number() < 0 && errno == ENOENT) throw refused("no such file");
  if (file.number() < 0 || fstat(file.number(), &status) != 0) throw refused(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw refused("a directory, not a file");
  std::string text;
  std::array<char, 65536> piece;
  while (true) {
    pollfd waiting{file.number(), POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(patience.count())) == 0)
      throw refused("a pipe, to which nothing was written for " + std::to_string(patience.count()) + " ms");
    const ssize_t count = read(file.number(), piece.data(), piece.size());
    if (count == 0) break;
    if (count < 0 && errno != EAGAIN && errno != EINTR) throw refused(std::strerror(errno));
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kLargestFile)
      throw refused("larger than " + std::to_string(kLargestFile >> 20) + " MiB");
  }
  if (text.empty()) throw refused("an empty file");
  return text;
}

}  // namespace

Config parse_config(const std::string& text, const std::string& origin) {
  Json file;
  try {
    file = parse_json(text);
  } catch (const JsonError& error) {
    throw ConfigError(origin + ": " + error.what());
  }
  if (!file.is_object()) throw ConfigError(origin + ": " + shortened(file) + " is outside the JSON objects");

  const auto name = file.find("_class_name");
  Config config = defaults_of(name != file.end() && name->is_string() ? name->get<std::string>() : "");
  Reader reader(file, origin);
  config.class_name = printable(config.class_name, 100);
  refuse_other_families(reader, config.class_name);
  read_schedule(reader, config);
  read_prediction(reader, config);
  read_trained_betas(reader, config);
  if (config.rescale_betas_zero_snr && config.T < 2) {
    reader.reject("num_train_timesteps", std::to_string(config.T), "T >= 2 (rescale_betas_zero_snr is on)");
  }
  for (const std::string& key : reader.unread()) {
    const std::string what = printable(key, 60) + " = " + printable(shortened(file[key]));
    if (changes_the_table(key, file[key])) {
      config.table_unknown = "the file's " + what + " changes the table, and how is not known here";
      config.warnings.push_back(config.table_unknown);
    } else {
      config.warnings.push_back("unknown key " + what + ": not one of DDIMScheduler's, ignored");
    }
  }
  const Json keys = keys_of(config);
  for (const auto& [key, value] : keys.items()) {
    if (file.value(key, Json()).is_null()) config.absent.push_back(key + " = " + value.dump());
  }
  config.json = text;
  config = with_every_key(std::move(config));
  try {
    schedule_of(config);
  } catch (const DomainError& error) {
    throw ConfigError(origin + ": " + error.what());
  }
  return config;
}

Config with_every_key(Config config) {
  Json json = Json::parse(config.json);
  json.update(keys_of(config));
  config.json = json.dump();
  return config;
}

Config read_config(const std::string& path, std::chrono::milliseconds patience) {
  const std::string origin = printable(path);
  return parse_config(contents(path, origin, patience), origin);
}

std::string to_text(Prediction prediction) {
  return prediction == Prediction::eps ? "epsilon" : prediction == Prediction::x0 ? "sample" : "v_prediction";
}

}  // namespace ddim::samplers
