#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/statistics/evidence.hpp"
#include "tests/statistics/gates.hpp"
#include "tests/statistics/subject.hpp"

namespace ddim::statistics {

/// What a claim is given to look with.
struct Context {
  const Subject& subject;
  const Setting& setting;
  const Instruments& instruments;
  std::uint32_t seed;
};

/// Takes observations in order; `look` is called when n reaches the next scheduled size and says whether to
/// go on.
class Recorder {
 public:
  explicit Recorder(Evidence& evidence) : evidence_(evidence) {}
  Recorder(Evidence& evidence, double first_look, std::function<double(double n)> look)
      : evidence_(evidence), next_look_(first_look), look_(std::move(look)) {}

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
  /// The step a cell stands for (to decode a diagnosis); 0: none.
  std::function<int(const Setting&, int cell)> step_of_cell = {};
};

/// Categories with exact probabilities.
struct Counts {
  std::vector<std::vector<double>> probabilities;  ///< per cell
  std::vector<std::vector<std::vector<double>>>
      alternatives;  ///< likely mistakes, each per cell; may be empty
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
};

/// No chance in it: error over its a-priori bound.
struct Identity {
  double ratio = 0;  ///< at most 1, or the claim is false
  double compared = 0;
  std::string where;
};
struct Exact {
  std::function<Identity(const Context&)> compare;
};

struct Claim {
  std::string id;   ///< tag.what
  std::string tag;  ///< of the equation
  std::string statement;
  double weight = 0;  ///< share of alpha; 0 for Exact
  std::variant<Residuals, Counts, Vectors, ExactP, Exact> check;
  /// Why the claim cannot be asked of this subject in this setting; empty: it can.
  std::function<std::string(const Subject&, const Setting&)> obstacle;
  std::uint32_t number = 0;  ///< in the counters of its draws

  Draws design(const Context& c) const { return {c.seed, Stream::design, number}; }
};

/// Every claim, in the order of the equations.
std::vector<Claim> claims(const Setting& setting);
const Claim& find_claim(const std::vector<Claim>& all, const std::string& id);

}  // namespace ddim::statistics
