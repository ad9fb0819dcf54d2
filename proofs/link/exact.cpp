// The printed templates, instantiated with rationals, against tests/vectors/exact_step.csv: equality.
//   exact tests/vectors/exact_step.csv COMPARED LEFT_OUT

#include "link/exact.hpp"

int main(int argc, char** argv) {
  using namespace ddim;
  return link::compare(argc, argv, [](const link::Vector& vector) {
#define DDIM_ROW(formula_name)                                                             \
  if (vector.formula == #formula_name) {                                                   \
    const link::Exact got = link::spread<link::arity(&proved::formula_name<link::Exact>)>( \
        vector, [](const auto&... x) { return proved::formula_name<link::Exact>(x...); }); \
    return got.value == vector.output.value ? 1 : -1;                                      \
  }
    DDIM_PROVED_FORMULAS(DDIM_ROW)
#undef DDIM_ROW
    throw std::runtime_error("no formula is called " + vector.formula);
  });
}
