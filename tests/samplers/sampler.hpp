#pragma once

#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "reference/ddim.hpp"
#include "tests/samplers/draws.hpp"
#include "tests/samplers/run.hpp"

namespace ddim::samplers {

/// What is said of a row, a claim, or an answer that did not come. `errored` is the sampler's own exception;
/// `harness_error` an answer that is not the protocol.
enum class Status {
  pass,
  fail,
  inconclusive,
  not_asked,
  not_supplied,
  unsupported,
  errored,
  crash,
  time_out,
  harness_error
};
std::string to_text(Status status);

/// Why there is no value.
struct Trouble {
  Status why;
  std::string message;
};

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
  /// The arithmetic its coefficients are computed in: float64, float32, float16 or bfloat16; empty: it does not
  /// say, and dtype.hpp finds it.
  std::string dtype = "float64";
  std::string says = {};  ///< what is known of it, for a reader; a known-wrong reference says its mistake
  std::string sample_dtype = {};   ///< of the samples it takes and gives; empty: dtype
  bool samples_unsaid = false;     ///< they may be narrower than dtype: dtype.hpp finds out
  bool configured = false;         ///< an object, made already: a file cannot reach it
  std::optional<double> eta = {};  ///< the one that it has, where its step takes none
  /// The keys of a configuration that its class takes; nothing: any may reach it.
  std::optional<std::vector<std::string>> keys = {};

  bool takes(const std::string& key) const;
  const std::string& samples() const { return sample_dtype.empty() ? dtype : sample_dtype; }
  /// Of what it gives: 2^-53 where it does not say.
  double output_roundoff() const;
};
/// The configuration as a sampler is judged by it: not by keys that its class does not take. Without
/// set_alpha_to_one its last step goes to the data; sigma_hat is of those that take variance_type.
Config as_taken(Config config, const Identity& who);
/// What a reader should know of that, a line each.
std::vector<std::string> not_taken(const Config& config, const Identity& who);

/// "float32", or "float32/bfloat16" where its samples are in another.
std::string dtypes_text(const Identity& who);

/// Unit roundoff of a dtype: 2^-53, 2^-24, 2^-11, 2^-8. Errors: DomainError for any other name.
double unit_roundoff(const std::string& dtype);
/// The dtype of that unit roundoff. Domain: one of those above.
std::string dtype_of(double unit_roundoff);

struct StepOutput {
  StepOutput(Batch prev, std::optional<Batch> x0 = {})
      : prev_sample(std::move(prev)), pred_x0(std::move(x0)) {}
  Batch prev_sample;
  std::optional<Batch> pred_x0;
  /// Of what the step was taken, where that is not what was asked: a loop may go its own way.
  std::optional<Batch> x_t = {}, output = {};
};

enum class Anew { object, process };

/// A sampler, as what it can be asked: each member answers for an equation, and an empty one is "not supplied".
/// Batches are d x n, a column is a sample; an `entry` counts the sampler's list from the noisiest, 0-based.
/// What goes wrong in an answer is a Trouble, or an exception: `ask` makes one of the other.
struct Sampler {
  template <class Answer, class... Question>
  using Capability = std::function<Result<Answer>(Question...)>;

  Identity identity;
  bool concurrent = false;  ///< may be asked from several threads

  /// Makes a run the current one and says who then answers, in which dtype. Asked implicitly by the others.
  Capability<Identity, const Run&> prepare;
  /// Makes the sampler anew, as an object or in a process of its own: what follows is asked of the new one.
  Capability<Identity, const Run&, Anew> remake;
  /// Tau: the list it visits, 0-based from the noisiest.
  Capability<std::vector<int>, const Run&> timesteps;
  /// Schedule: alpha_bar at timesteps 0..T-1.
  Capability<std::vector<double>, const Run&> alphas_cumprod;
  /// Eq12 from an entry of its list, with the noise handed in.
  Capability<StepOutput, const Run&, int /*entry*/, const Batch& /*x_t*/, const Batch& /*output*/,
             const Batch& /*noise*/>
      step;
  /// The same with noise of its own.
  Capability<StepOutput, const Run&, int /*entry*/, const Batch& /*x_t*/, const Batch& /*output*/> own_step;
  /// Lemma1.
  Capability<Batch, const Run&, int /*timestep*/, const Batch& /*x0*/, const Batch& /*noise*/> add_noise;
  /// Eq8, up the step of an entry.
  Capability<Batch, const Run&, int /*entry*/, const Batch& /*x_prev*/, const Batch& /*x0*/,
             const Batch& /*noise*/>
      forward_step;
  /// NonMarkov.
  Capability<double, const Run&, int /*entry*/> non_markov;
  /// Eq6, built downwards by Eq7 and upwards by Eq8: x_{tau_1}..x_{tau_S}, as the noise.
  Capability<Path, const Run&, const Batch& /*x0*/, const Path& /*noise*/> path, path_forward;
  /// Eq13 reversed: up the step of an entry, eps frozen.
  Capability<Batch, const Run&, int /*entry*/, const Batch& /*x_prev*/, const Batch& /*eps*/> encode;

  /// Eq11 and Theorem1, on chains whose sigma_1 > 0.
  using Objective = Capability<PerSample, const Chain&, const EpsModel&, const Path&, const Batch& /*x0*/>;
  Objective log_ratio, log_q_terminal, log_q_posteriors, log_p_transitions, log_p_prior, simple_loss;
  Capability<KlForm, const Chain&, const EpsModel&, const Path&, const Batch& /*x0*/> kl_form;
  Capability<Eigen::VectorXd, const Chain&> gamma;

  /// AppendixA.
  Capability<Batch, const Transition&, double /*s*/, const Batch& /*x_t*/, const Batch& /*x0*/>
      discrete_posterior;

  /// The generator: d x n normals, column j for sample first + j.
  Capability<Batch, const Draws&, Eigen::Index /*d*/, Eigen::Index /*n*/, std::uint64_t /*first*/,
             std::uint32_t /*block*/>
      normals;

  /// A sampler of one's own that is nothing but a step (Eq12) with its own noise, for a network that predicts
  /// eps: x_t, eps and what it gives are d x n; alpha_bar_prev is 1 at the data.
  using PlainStep = std::function<Batch(double alpha_bar, double alpha_bar_prev, double eta, const Batch& x_t,
                                        const Batch& eps)>;
  /// `dtype`: of its arithmetic; empty: what it gives says.
  static Sampler of_step(std::string name, PlainStep step, std::string dtype = "");
};

/// Asks a capability: empty is not_supplied, what it throws is errored. Out of memory or threads says nothing
/// of a sampler: that is thrown on.
template <class Answer, class... Question, class... Argument>
Result<Answer> ask(const std::function<Result<Answer>(Question...)>& capability, Argument&&... argument) {
  if (!capability) return Trouble{Status::not_supplied, "it has none"};
  try {
    return capability(std::forward<Argument>(argument)...);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::system_error&) {
    throw;
  } catch (const std::exception& error) {
    return Trouble{Status::errored, error.what()};
  }
}

/// A locator that names nothing, or a sampler that does not start.
class OpenError : public std::runtime_error {
 public:
  enum class Kind { usage, would_not_start };
  OpenError(Kind why, const std::string& message) : std::runtime_error(message), kind(why) {}
  Kind kind;
};

}  // namespace ddim::samplers
