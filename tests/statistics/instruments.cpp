#include "tests/statistics/instruments.hpp"

#include <cmath>
#include <string>

#include "reference/error.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {

Instruments Instruments::sound() {
  return {[](double log_e, double bar) { return !(log_e < bar); },
          [](double z) { return statistics::p_normal(z); },
          [](double statistic, double degrees) { return statistics::p_chi_squared(statistic, degrees); },
          [](double sum, double n) { return sum / std::sqrt(n); }};
}

SequentialRule::SequentialRule(double alpha, int stages, double growth)
    : level_(alpha / stages),
      gamma_(std::pow(alpha / stages, 1.0 / stages)),
      growth_(growth),
      stages_(stages) {
  if (!(alpha > 0 && alpha < 1)) throw DomainError("alpha", alpha, "0 < alpha < 1");
  if (stages < 1) throw DomainError("stages", std::to_string(stages), "stages >= 1");
}

SequentialRule::Decision SequentialRule::look(double p) {
  if (!(p > level_)) return Decision::fail;
  ++stage_;
  if (p > gamma_ + level_ || stage_ == stages_) return Decision::pass;
  level_ /= gamma_;
  return Decision::more;
}

double SequentialRule::draws(double first) const { return first * (stage_ == 0 ? 1.0 : growth_); }

}  // namespace ddim::statistics
