#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/samplers/sampler.hpp"
#include "tests/statistics/evidence.hpp"
#include "tests/statistics/instruments.hpp"
#include "tests/statistics/rounding.hpp"

namespace ddim::statistics {

using samplers::Draws;
using samplers::Law;
using samplers::Level;
using samplers::Real;
using samplers::root;
using samplers::Run;
using samplers::Sampler;
using samplers::Status;
using samplers::Stream;

/// Whose noise a step is asked with: from a stream of the suite's, or the sampler's own.
enum class Noise { injected, own };
/// Injected where a step takes noise.
inline Noise default_noise(const Sampler& sampler) { return sampler.step ? Noise::injected : Noise::own; }

/// What ends a claim that cannot be asked, which is no fault of the sampler's: it has no answer, or there is no
/// bound to hold one against.
class NotSupplied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What ends a claim about something that may be meant: it is then inconclusive.
class Undecided : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The answer, or NotSupplied where there is none to be had (not supplied, unsupported), or std::runtime_error
/// with the message of whatever else went wrong.
template <class T>
T answer(const std::string& what, samplers::Result<T> result) {
  if (result) return *result;
  const samplers::Trouble& trouble = result.trouble();
  const std::string message = what + ": " + samplers::to_text(trouble.why) + ": " + trouble.message;
  if (trouble.why == Status::not_supplied || trouble.why == Status::unsupported) throw NotSupplied(message);
  throw std::runtime_error(message);
}

/// What counts as a repeat: residuals within `width` of each other, which is rounding of the outputs divided
/// by a small sigma.
struct Repeats {
  double width;
  /// At most this is the chance of coming within `width` of one of two earlier residuals, whatever they are:
  /// 2 width phi(0) = 0.8 width each. (Two of them fall as near to each other with probability erf(width / 2),
  /// about width / sqrt(pi).) Always below 1; from a tenth on a count of repeats is no evidence (log_e_ties),
  /// which is so for outputs of 16 bits, and right: they repeat.
  double probability;

  static Repeats of(double unit_roundoff) {
    const double width = std::clamp(2e3 * unit_roundoff, 1e-9, 0.25);
    return {width, 3 * width};
  }
  bool operator()(double r, double other) const { return std::abs(r - other) <= width; }
};

/// What a claim is given to look with.
struct Context {
  const Sampler& sampler;
  const Run& run;
  const Instruments& instruments;
  std::uint32_t seed;
  Noise noise = default_noise(sampler);
  double unit_roundoff = sampler.identity.output_roundoff();  ///< of the outputs
  std::shared_ptr<const Rounding> rounding =
      std::make_shared<const Rounding>(sampler, unit_roundoff, unit_roundoff);
  /// A cell is asked where rounding moves its residuals by at most this.
  double largest_shift = kLargestShift;

  Context on(const Run& other) const {
    return {sampler, other, instruments, seed, noise, unit_roundoff, rounding, largest_shift};
  }
  Repeats repeats() const { return Repeats::of(unit_roundoff); }

  /// Draws are keyed by the claim's id.
  Draws design(std::string_view id) const { return {seed, Stream::design, id}; }
  Draws noise_for(std::string_view id) const { return {seed, Stream::noise, id}; }
  Draws judge(std::string_view id) const { return {seed, Stream::judge, id}; }

  /// Eq12, step i from x_t and the network's output that stands for (x_0, e); z is ignored where the sampler
  /// draws its own. Errors: `answer`'s, ShapeError.
  Batch step(int i, const Batch& x_t, const Batch& output, const Batch& z) const;
  Batch step_of_any_shape(int i, const Batch& x_t, const Batch& output, const Batch& z) const;
};

/// Takes observations in order; `look` is called when their number reaches the next scheduled size, and says
/// which is next; 0 ends it.
class Recorder {
 public:
  explicit Recorder(Evidence& evidence) : evidence_(evidence) {}
  Recorder(Evidence& evidence, double first_look, std::function<double(double n)> look)
      : evidence_(evidence), next_look_(first_look), seen_(evidence.n()), look_(std::move(look)) {}

  void add(int cell, std::span<const double> x, double r, bool tie) {
    if (stopped_) return;
    evidence_.add(cell, x, r, tie);
    ++seen_;
    if (trace) trace(cell);
    if (look_ && (seen_ >= next_look_ || !evidence_.finite())) {
      next_look_ = look_(seen_);
      stopped_ = next_look_ <= 0;
    }
  }
  bool stopped() const { return stopped_; }
  void stop() { stopped_ = true; }
  std::function<void(int cell)> trace = {};

 private:
  Evidence& evidence_;
  double next_look_ = 0, seen_ = 0;
  std::function<double(double)> look_;
  bool stopped_ = false;
};

/// Whitened residuals, iid N(0, 1) while the claim is true, each given covariates known before it.
struct Residuals {
  int cells;
  std::vector<std::string> covariates;  ///< the first is 1; each has mean square about 1
  std::function<void(const Context&, std::uint64_t first, Eigen::Index count, Recorder&)> observe;
  /// The step a cell stands for, where covariates 1 and 2 are e_t and x_0 (to decode a diagnosis); 0: none.
  std::function<int(const Run&, int cell)> step_of_cell = {};
  /// What e_t and x_0 are divided by in the covariates.
  double e_scale = 1, x0_scale = 1;
  /// The share of those that step i is asked with; none: all of them.
  std::function<double(const Context&, int i)> factor = {};
};

/// Categories with exact probabilities.
struct Counts {
  std::vector<std::vector<double>> probabilities;  ///< per cell
  /// Likely mistakes, each per cell; may be empty.
  std::vector<std::vector<std::vector<double>>> alternatives;
  std::function<void(const Context&, std::uint64_t first, Eigen::Index count,
                     std::vector<std::vector<double>>& counts)>
      observe;
};

/// Vectors, iid N(0, I_d) while the claim is true.
struct Vectors {
  std::function<Eigen::MatrixXd(const Context&, std::uint64_t first, Eigen::Index count)> observe;
};

/// Fresh draws to one exact p-value.
struct ExactP {
  std::function<double(const Context&, std::uint64_t first, Eigen::Index count)> p_value;
  int size = 1;  ///< of a sample: a look takes so many times fewer
};

/// No chance in it: error over its a-priori bound.
struct Agreement {
  double ratio = 0;  ///< at most 1, or the claim is false
  double compared = 0;
  std::string where;
};
struct Exact {
  std::function<Agreement(const Context&)> compare;
};

/// One statement about one equation.
struct Claim {
  std::string id;  ///< tag.what; the key of its draws
  std::string statement;
  double weight = 0;  ///< share of alpha; 0 for Exact
  std::variant<Residuals, Counts, Vectors, ExactP, Exact> check;
  /// Why the claim cannot be asked of this sampler on this run; empty: it can.
  std::function<std::string(const Context&)> obstacle;
  /// What of it is not asked, and why, where the rest is.
  std::function<std::string(const Context&)> left_out = {};

  std::string tag() const { return id.substr(0, id.find('.')); }  ///< of the equation
};

}  // namespace ddim::statistics
