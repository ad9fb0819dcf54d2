#pragma once

// Every quantity that `ulps` measures is one entry of one table: how reference/ gives it, what it is by the
// definitions, and which error its documentation allows.

#include <array>
#include <optional>
#include <span>
#include <string>

#include "reference/ddim.hpp"
#include "tests/reference/inputs.hpp"
#include "tests/reference/oracle_arb.hpp"
#include "tests/reference/oracle_multiprecision.hpp"

namespace ddim::accuracy {

/// What reference/ makes of one input; nothing where a coefficient is not defined.
struct Computed {
  explicit Computed(const Input& input);

  const Input& input;
  Transition step;
  Sigma sigma;
  Batch x, y, noise;    // 1 x 1
  bool inside = false;  // sigma is in Eq7's domain
  EncodeCoefficients encode;
  std::optional<DiscreteWeights> discrete;
  std::optional<PosteriorCoefficients> posterior;
  std::optional<ForwardCoefficients> forward;
  std::optional<StepCoefficients> of_eps, of_x0, of_v;
  std::optional<double> gamma_first, gamma;
};

/// An oracle's law, and the input in its numbers.
template <class Law>
struct Exact {
  using Value = typename Law::Value;
  const Law& law;
  const Input& input;
  Value zero = Law::number(0), one = Law::number(1);
  Value x = Law::number(input.x[0]), y = Law::number(input.x[1]);

  Value s() const { return Law::number(input.s); }
  Value noise() const { return sqrt(law.variance) * Law::number(input.x[2]); }
  Value kl() const {
    return Law::kl(Law::number(input.kl[0]), Law::number(input.kl[1]), Law::number(input.kl[2]),
                   Law::number(input.kl[3]));
  }
};

/// One definition, written once as a generic lambda, for every oracle.
class Definition {
 public:
  template <class Of>
  constexpr Definition(Of)
      : real_(value<Of, oracle::Definitions<oracle::Real>>),
        deep_(value<Of, oracle::Definitions<oracle::Deep>>),
        ball_(value<Of, oracle::BallDefinitions>) {}
  oracle::Real operator()(const Exact<oracle::Definitions<oracle::Real>>& e) const { return real_(e); }
  oracle::Deep operator()(const Exact<oracle::Definitions<oracle::Deep>>& e) const { return deep_(e); }
  oracle::Ball operator()(const Exact<oracle::BallDefinitions>& e) const { return ball_(e); }

 private:
  template <class Of, class Law>
  static typename Law::Value value(const Exact<Law>& e) {
    return Of{}(e);
  }
  oracle::Real (*real_)(const Exact<oracle::Definitions<oracle::Real>>&);
  oracle::Deep (*deep_)(const Exact<oracle::Definitions<oracle::Deep>>&);
  oracle::Ball (*ball_)(const Exact<oracle::BallDefinitions>&);
};

/// How a quantity's error is measured.
struct Measure {
  /// An absolute error that the documentation allows beside the ulps.
  double (*floor)(const Computed&) = nullptr;
  /// Of a batch result, by their texts: the coefficients of its two terms. Its error is measured in bounds.
  std::array<const char*, 2> terms{};
  bool noisy = false;  // a third term, sigma times noise
  double limit = 1;    // in ulps or bounds
  unsigned every = 1;  // oracle (a) measures it in one input of so many
  std::string (Input::*shown)() const = &Input::step_text;
};

struct Quantity {
  const char* tag;
  const char* text;
  std::optional<double> (*computed)(const Computed&);
  Definition exact;
  Measure by{};

  double absolute_floor(const Computed& c) const { return by.floor == nullptr ? 0 : by.floor(c); }
  bool is_batch() const { return by.terms[0] != nullptr; }
};

std::span<const Quantity> quantities();

/// The proved a-priori bound of a batch result.
double bound(const Quantity& batch, const Computed& c);

}  // namespace ddim::accuracy
