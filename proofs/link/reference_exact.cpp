// The reference against tests/vectors/exact_step.csv: within the bound that it states of the exact value.
//   reference_exact tests/vectors/exact_step.csv COMPARED LEFT_OUT

#include "link/reference.hpp"

namespace ddim::link {
namespace {

int judge(const Claim& claim, const Exact& expected) {
  const Rational error = abs(Rational(Rational(claim.output) - expected.value));
  return error <= Rational(claim.bound) ? 1 : -1;
}

/// `Implementation` is a parameter so that a formula it lacks is seen as lacking.
template <class Implementation>
int agrees(const Vector& vector) try {
#define DDIM_ROW(formula_name)                                                         \
  if (vector.formula == #formula_name) {                                               \
    return spread<arity(&proved::formula_name<Exact>)>(vector, [&](const auto&... x) { \
      if constexpr (requires { Implementation::formula_name(x...); }) {                \
        return judge(Implementation::formula_name(x...), vector.output);               \
      } else {                                                                         \
        return 0;                                                                      \
      }                                                                                \
    });                                                                                \
  }
  DDIM_PROVED_FORMULAS(DDIM_ROW)
#undef DDIM_ROW
  throw std::runtime_error("no formula is called " + vector.formula);
} catch (const Unrepresentable&) {
  return 0;
}

}  // namespace
}  // namespace ddim::link

int main(int argc, char** argv) {
  return ddim::link::compare(argc, argv, ddim::link::agrees<ddim::link::Reference>);
}
