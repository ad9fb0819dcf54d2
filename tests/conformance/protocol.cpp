#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/conformance/child.hpp"
#include "tests/conformance/recipe.hpp"

namespace ddim::conformance {
namespace {

using Json = nlohmann::json;

/// An answer that is not the protocol.
struct Malformed {
  std::string what;
};

std::string shortened(const std::string& text) {
  return text.size() <= 120 ? text : text.substr(0, 117) + "...";
}

double number(const Json& value) {
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

class ChildImplementation : public Implementation {
 public:
  ChildImplementation(std::vector<std::string> command, const OpenOptions& options)
      : command_(std::move(command)), options_(options) {
    if (const auto trouble = start()) {
      throw OpenError(OpenError::Kind::would_not_start, to_text(trouble->kind) + ": " + trouble->message);
    }
  }
  ~ChildImplementation() override {
    if (child_) child_->bid_farewell(R"({"cmd":"bye"})");
  }

  const Identity& identity() const override { return identity_; }

  std::optional<Trouble> configure(const Run& run) override {
    run_ = run;
    timesteps_.reset();
    return send_configuration();
  }

  Result<std::vector<int>> timesteps() override {
    return run_op<std::vector<int>>("timesteps", Json::object(), [&](const Json& outputs) {
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

  Result<std::vector<double>> alphas_cumprod() override {
    return run_op<std::vector<double>>("alphas_cumprod", Json::object(), [](const Json& outputs) {
      return numbers(outputs.value("alphas_cumprod", Json()), "alphas_cumprod");
    });
  }

  Result<StepOutput> step(int i, const Batch& x_t, const Batch& output,
                          const std::optional<Batch>& noise) override {
    if (!timesteps_) {
      if (const auto list = timesteps(); !list) return list.trouble();
    }
    if (i < 0 || i >= static_cast<int>(timesteps_->size())) {
      return Trouble{Trouble::Kind::errored, "its list has no entry " + std::to_string(i)};
    }
    const Json inputs = {{"index", i},
                         {"timestep", (*timesteps_)[static_cast<std::size_t>(i)]},
                         {"shape", {x_t.cols(), x_t.rows()}},
                         {"x_t", to_json(x_t)},
                         {"output", to_json(output)},
                         {"noise", noise ? to_json(*noise) : Json()}};
    return run_op<StepOutput>("step", inputs, [&](const Json& outputs) {
      StepOutput result{batch_like(outputs, "prev_sample", x_t), {}};
      if (const auto found = outputs.find("pred_x0"); found != outputs.end() && !found->is_null()) {
        result.pred_x0 = batch_like(outputs, "pred_x0", x_t);
      }
      return result;
    });
  }

  Result<Batch> add_noise(const Batch& x0, const Batch& noise, int timestep) override {
    const Json inputs = {{"timestep", timestep},
                         {"shape", {x0.cols(), x0.rows()}},
                         {"x0", to_json(x0)},
                         {"noise", to_json(noise)}};
    return run_op<Batch>("add_noise", inputs,
                         [&](const Json& outputs) { return batch_like(outputs, "x_t", x0); });
  }

 private:
  std::optional<Trouble> start() {
    child_ = std::make_unique<Child>(command_);
    const auto answer = exchange({{"cmd", "hello"}, {"protocol", 1}});
    if (!answer) return answer.trouble();
    const Json& hello = *answer;
    for (const char* key : {"name", "version", "language", "dtype"}) {
      if (!hello.contains(key) || !hello[key].is_string()) {
        return Trouble{Trouble::Kind::harness_error, std::string("hello holds no string ") + key};
      }
    }
    identity_ = {hello["name"], hello["version"], hello["language"], hello["dtype"]};
    return check_dtype();
  }

  std::optional<Trouble> check_dtype() const {
    try {
      unit_roundoff(identity_.dtype);
    } catch (const DomainError& error) {
      return Trouble{Trouble::Kind::harness_error, error.what()};
    }
    return {};
  }

  Result<Json> exchange(const Json& message) {
    const auto line = child_->ask(message.dump(), options_.timeout);
    if (!line) return line.trouble();
    Json answer = Json::parse(*line, nullptr, false);
    if (!answer.is_object()) {
      return Trouble{Trouble::Kind::harness_error, "its answer is not a JSON object: " + shortened(*line)};
    }
    return answer;
  }

  std::optional<Trouble> send_configuration() {
    if (!child_->alive()) {
      try {
        if (auto trouble = start()) return trouble;
      } catch (const OpenError& error) {
        return Trouble{Trouble::Kind::crash, error.what()};
      }
    }
    const Recipe recipe = Recipe::of(run_.dialect);
    const Table table = recipe.table(run_.config);
    Json alphas = Json::array();
    for (const Level& level : table) alphas.push_back(static_cast<double>(level.alpha_bar));
    Json config = Json::parse(run_.config.json);
    config["timestep_spacing"] = to_text(run_.spacing);
    const std::vector<int> last{0};
    Json message = {
        {"cmd", "configure"},
        {"config", config},
        {"num_inference_steps", run_.S},
        {"eta", run_.eta},
        // For implementations that are a bare step and have no schedule of their own.
        {"alphas_cumprod", alphas},
        {"final_alpha_cumprod", static_cast<double>(recipe.prev({run_, table, last, 0}).alpha_bar)}};
    try {
      message["timesteps"] = recipe.timesteps(run_);
    } catch (const DomainError&) {
      message["timesteps"] = nullptr;
    }
    const auto answer = exchange(message);
    if (!answer) return answer.trouble();
    if (answer->value("ok", Json()) == true) {
      if (const auto dtype = answer->find("dtype"); dtype != answer->end() && dtype->is_string()) {
        identity_.dtype = *dtype;
        return check_dtype();
      }
      return {};
    }
    return refusal(*answer);
  }

  static Trouble refusal(const Json& answer) {
    for (const auto& [key, kind] : {std::pair{"unsupported", Trouble::Kind::unsupported},
                                    {"skipped", Trouble::Kind::not_supplied},
                                    {"errored", Trouble::Kind::errored}}) {
      if (const auto found = answer.find(key); found != answer.end()) {
        const Json& reason = found->is_object() && found->contains("message") ? (*found)["message"] : *found;
        return {kind, reason.is_string() ? reason.get<std::string>() : reason.dump()};
      }
    }
    return {Trouble::Kind::harness_error,
            "no outputs, skipped, errored or unsupported: " + shortened(answer.dump())};
  }

  template <class T, class Parse>
  Result<T> run_op(const std::string& op, const Json& inputs, Parse parse) {
    // A crash or a time-out is one result; what follows gets a fresh process in the same state.
    if (!child_->alive()) {
      if (auto trouble = send_configuration()) return *trouble;
    }
    const int seq = ++seq_;
    const auto answer = exchange({{"cmd", "run"}, {"seq", seq}, {"op", op}, {"inputs", inputs}});
    if (!answer) return answer.trouble();
    if (answer->contains("seq") && (*answer)["seq"] != seq) {
      return Trouble{Trouble::Kind::harness_error,
                     "it answered seq " + (*answer)["seq"].dump() + ", not " + std::to_string(seq)};
    }
    const auto outputs = answer->find("outputs");
    if (outputs == answer->end()) return refusal(*answer);
    if (!outputs->is_object()) return Trouble{Trouble::Kind::harness_error, "outputs is not an object"};
    try {
      return parse(*outputs);
    } catch (const Malformed& malformed) {
      return Trouble{Trouble::Kind::harness_error, op + ": " + malformed.what};
    }
  }

  std::vector<std::string> command_;
  OpenOptions options_;
  std::unique_ptr<Child> child_;
  Identity identity_;
  Run run_;
  std::optional<std::vector<int>> timesteps_;
  int seq_ = 0;
};

}  // namespace

std::unique_ptr<Implementation> open_child(const std::vector<std::string>& command,
                                           const OpenOptions& options) {
  return std::make_unique<ChildImplementation>(command, options);
}

}  // namespace ddim::conformance
