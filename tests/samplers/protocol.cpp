#include "tests/samplers/protocol.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/samplers/child.hpp"
#include "tests/samplers/json.hpp"
#include "tests/samplers/printable.hpp"

namespace ddim::samplers {
namespace {

using Json = nlohmann::json;

/// An answer that is not the protocol.
struct Malformed {
  std::string what;
};

std::string shortened(const std::string& text) { return printable(text, 120); }

double number(const Json& value) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();  // what many writers make of a NaN
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    char* end = nullptr;
    const double parsed = std::strtod(text.c_str(), &end);  // hex floats, NaN and Infinity included
    if (!text.empty() && *end == '\0') return parsed;
  }
  throw Malformed{"'" + shortened(value.dump()) + "' is not a number"};
}

std::vector<double> numbers(const Json& value, const std::string& name) {
  if (!value.is_array()) throw Malformed{name + " is not a list"};
  std::vector<double> result;
  result.reserve(value.size());
  for (const Json& entry : value) result.push_back(number(entry));
  return result;
}

/// Samples lie one after the other on the wire, so a d x n column-major batch is the list as it is.
Json to_json(const Batch& batch) { return std::vector<double>(batch.data(), batch.data() + batch.size()); }

Batch batch_like(const Json& outputs, const std::string& name, const Batch& shape) {
  const auto found = outputs.find(name);
  if (found == outputs.end()) throw Malformed{"outputs hold no " + name};
  const std::vector<double> values = numbers(*found, name);
  if (values.size() != static_cast<std::size_t>(shape.size())) {
    throw Malformed{name + " has " + std::to_string(values.size()) + " elements, not " +
                    std::to_string(shape.cols()) + " x " + std::to_string(shape.rows())};
  }
  return Eigen::Map<const Batch>(values.data(), shape.rows(), shape.cols());
}

/// A sampler behind a child, and the run it was configured with last.
class Conversation {
 public:
  Conversation(std::vector<std::string> command, const OpenOptions& options)
      : command_(std::move(command)), options_(options) {
    if (const auto trouble = start()) throw OpenError(OpenError::Kind::would_not_start, trouble->message);
  }
  ~Conversation() {
    if (child_) child_->bid_farewell(R"({"cmd":"bye"})");
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  const Identity& identity() const { return identity_; }

  Result<Identity> prepare(const Run& run) {
    if (!run_ || !run_->asks_the_same_as(run)) timesteps_.reset();
    run_ = run;
    configured_ = false;
    if (auto trouble = send_configuration()) return *trouble;
    configured_ = true;
    return identity_;
  }

  Result<Identity> remake(const Run& run, Anew how) {
    if (how == Anew::process) child_->end();
    run_ = run;
    configured_ = false;
    timesteps_.reset();
    if (auto trouble = send_configuration(true)) return *trouble;
    configured_ = true;
    return identity_;
  }

  Result<std::vector<int>> timesteps(const Run& run) {
    return run_op<std::vector<int>>(run, "timesteps", Json::object(), [&](const Json& outputs) {
      std::vector<int> list;
      for (const double t : numbers(outputs.value("timesteps", Json()), "timesteps")) {
        if (!(t == std::floor(t) && std::abs(t) < 1e9))
          throw Malformed{"timesteps hold a number that is no integer"};
        list.push_back(static_cast<int>(t));
      }
      timesteps_ = list;
      return list;
    });
  }

  Result<std::vector<double>> alphas_cumprod(const Run& run) {
    return run_op<std::vector<double>>(run, "alphas_cumprod", Json::object(), [](const Json& outputs) {
      return numbers(outputs.value("alphas_cumprod", Json()), "alphas_cumprod");
    });
  }

  Result<StepOutput> step(const Run& run, int entry, const Batch& x_t, const Batch& output,
                          const Batch* noise) {
    if (auto trouble = made_current(run)) return *trouble;
    if (!timesteps_) {
      const auto list = timesteps(run);
      if (!list && list.trouble().why != Status::not_supplied) return list.trouble();
      if (!list) timesteps_ = run.timesteps();
    }
    if (entry < 0 || entry >= static_cast<int>(timesteps_->size()))
      return Trouble{Status::errored, "its list has no entry " + std::to_string(entry)};
    const Json inputs = {{"index", entry},
                         {"timestep", (*timesteps_)[static_cast<std::size_t>(entry)]},
                         {"shape", {x_t.cols(), x_t.rows()}},
                         {"x_t", to_json(x_t)},
                         {"output", to_json(output)},
                         {"noise", noise ? to_json(*noise) : Json()}};
    return run_op<StepOutput>(run, "step", inputs, [&](const Json& outputs) {
      StepOutput result(batch_like(outputs, "prev_sample", x_t));
      for (const auto& [name, value] :
           {std::pair{"pred_x0", &result.pred_x0}, {"x_t", &result.x_t}, {"output", &result.output}}) {
        if (const auto found = outputs.find(name); found != outputs.end() && !found->is_null())
          *value = batch_like(outputs, name, x_t);
      }
      return result;
    });
  }

  Result<Batch> add_noise(const Run& run, int timestep, const Batch& x0, const Batch& noise) {
    const Json inputs = {{"timestep", timestep},
                         {"shape", {x0.cols(), x0.rows()}},
                         {"x0", to_json(x0)},
                         {"noise", to_json(noise)}};
    return run_op<Batch>(run, "add_noise", inputs,
                         [&](const Json& outputs) { return batch_like(outputs, "x_t", x0); });
  }

 private:
  std::optional<Trouble> start() {
    child_ = std::make_unique<Child>(command_);
    const auto answer = exchange({{"cmd", "hello"}, {"protocol", 1}});
    if (!answer) return answer.trouble();
    const Json& hello = *answer;
    if (hello.contains("unsupported") || hello.contains("errored")) return refusal(hello);
    for (const char* key : {"name", "version", "language"}) {
      if (!hello.contains(key) || !hello[key].is_string()) {
        return Trouble{Status::harness_error, std::string("hello holds no string ") + key};
      }
    }
    const auto told = [&](const char* key) { return printable(hello[key].get<std::string>(), 200); };
    identity_ = {told("name"), told("version"), told("language"), ""};
    read_dtypes(hello);
    identity_.configured = hello.value("configured", Json()) == true;
    if (const auto eta = hello.find("eta"); eta != hello.end() && eta->is_number())
      identity_.eta = eta->get<double>();
    if (const auto keys = hello.find("keys"); keys != hello.end() && keys->is_array()) {
      identity_.keys.emplace();
      for (const Json& key : *keys) identity_.keys->push_back(key.is_string() ? key.get<std::string>() : "");
    }
    return check_dtype();
  }

  /// `dtype` and `sample_dtype`, strings where it says them; a `sample_dtype` that is null is to be found.
  void read_dtypes(const Json& answer) {
    if (const auto dtype = answer.find("dtype"); dtype != answer.end() && dtype->is_string())
      identity_.dtype = shortened(dtype->get<std::string>());
    if (const auto dtype = answer.find("sample_dtype"); dtype != answer.end()) {
      identity_.samples_unsaid = !dtype->is_string();
      identity_.sample_dtype = dtype->is_string() ? shortened(dtype->get<std::string>()) : "";
    }
  }

  std::optional<Trouble> check_dtype() const {
    try {
      for (const std::string& dtype : {identity_.dtype, identity_.sample_dtype})
        if (!dtype.empty()) unit_roundoff(dtype);
    } catch (const DomainError& error) {
      return Trouble{Status::harness_error, error.what()};
    }
    return {};
  }

  Result<Json> exchange(const Json& message) {
    const auto line = child_->ask(message.dump(), options_.timeout);
    if (!line) return line.trouble();
    std::string why;
    try {
      Json answer = parse_json(*line);
      if (answer.is_object()) return answer;
    } catch (const JsonError& error) {
      why = std::string(" (") + error.what() + ")";
    }
    return out_of_step("its answer is not a JSON object: " + shortened(*line) + why);
  }

  /// Whose answer is whose is not known any more: what follows goes to a fresh process.
  Trouble out_of_step(const std::string& how) {
    child_->end();
    return {Status::harness_error, how};
  }

  std::optional<Trouble> send_configuration(bool anew = false) {
    if (!child_->alive()) {
      try {
        if (auto trouble = start()) return trouble;
      } catch (const OpenError& error) {
        return Trouble{Status::crash, error.what()};
      }
    }
    Json alphas = Json::array();
    for (const Level& level : run_->table()) alphas.push_back(static_cast<double>(level.alpha_bar));
    Json config = Json::parse(run_->config().json);
    config["timestep_spacing"] = run_->spacing().name;
    Json message = {
        {"cmd", "configure"},
        {"config", config},
        {"num_inference_steps", run_->asked_S()},
        {"eta", run_->eta()},
        // For implementations that are a bare step and have no schedule of their own.
        {"alphas_cumprod", alphas},
        {"final_alpha_cumprod",
         static_cast<double>(run_->dialect().last_level(run_->config(), run_->table()).alpha_bar)},
        {"timesteps", run_->timesteps()}};
    if (anew) message["anew"] = true;
    if (options_.own_x_t) message["own_x_t"] = true;
    if (!options_.sample_dtype.empty()) message["sample_dtype"] = options_.sample_dtype;
    const auto answer = exchange(message);
    if (!answer) return answer.trouble();
    if (answer->value("ok", Json()) == true) {
      read_dtypes(*answer);
      return check_dtype();
    }
    return refusal(*answer);
  }

  static Trouble refusal(const Json& answer) {
    for (const auto& [key, kind] : {std::pair{"unsupported", Status::unsupported},
                                    {"skipped", Status::not_supplied},
                                    {"errored", Status::errored}}) {
      if (const auto found = answer.find(key); found != answer.end()) {
        const Json& reason = found->is_object() && found->contains("message") ? (*found)["message"] : *found;
        return {kind, printable(reason.is_string() ? reason.get<std::string>() : reason.dump())};
      }
    }
    return {Status::harness_error,
            "no outputs, skipped, errored or unsupported: " + shortened(answer.dump())};
  }

  std::optional<Trouble> made_current(const Run& run) {
    // What ended a process is one result; what follows gets a fresh process in the same state.
    if (configured_ && child_->alive() && run_->asks_the_same_as(run)) return {};
    const auto identity = prepare(run);
    return identity ? std::nullopt : std::optional(identity.trouble());
  }

  template <class T, class Parse>
  Result<T> run_op(const Run& run, const std::string& op, const Json& inputs, Parse parse) {
    if (auto trouble = made_current(run)) return *trouble;
    const int seq = ++seq_;
    const auto answer = exchange({{"cmd", "run"}, {"seq", seq}, {"op", op}, {"inputs", inputs}});
    if (!answer) return answer.trouble();
    if (const Json answered = answer->value("seq", Json()); answered != seq) {
      return out_of_step(
          (answered.is_null() ? "it answered no seq" : "it answered seq " + shortened(answered.dump())) +
          ", not " + std::to_string(seq));
    }
    const auto outputs = answer->find("outputs");
    if (outputs == answer->end()) return refusal(*answer);
    if (!outputs->is_object()) return Trouble{Status::harness_error, "outputs is not an object"};
    try {
      return parse(*outputs);
    } catch (const Malformed& malformed) {
      return Trouble{Status::harness_error, op + ": " + malformed.what};
    }
  }

  std::vector<std::string> command_;
  OpenOptions options_;
  std::unique_ptr<Child> child_;
  Identity identity_;
  std::optional<Run> run_;
  bool configured_ = false;
  std::optional<std::vector<int>> timesteps_;
  int seq_ = 0;
};

}  // namespace

Sampler of_command(const std::vector<std::string>& command, const OpenOptions& options) {
  const auto child = std::make_shared<Conversation>(command, options);
  Sampler sampler;
  sampler.identity = child->identity();
  sampler.prepare = [child](const Run& run) { return child->prepare(run); };
  sampler.remake = [child](const Run& run, Anew how) { return child->remake(run, how); };
  sampler.timesteps = [child](const Run& run) { return child->timesteps(run); };
  sampler.alphas_cumprod = [child](const Run& run) { return child->alphas_cumprod(run); };
  sampler.step = [child](const Run& run, int entry, const Batch& x_t, const Batch& output,
                         const Batch& noise) { return child->step(run, entry, x_t, output, &noise); };
  sampler.own_step = [child](const Run& run, int entry, const Batch& x_t, const Batch& output) {
    return child->step(run, entry, x_t, output, nullptr);
  };
  sampler.add_noise = [child](const Run& run, int timestep, const Batch& x0, const Batch& noise) {
    return child->add_noise(run, timestep, x0, noise);
  };
  return sampler;
}

}  // namespace ddim::samplers
