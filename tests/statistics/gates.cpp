#include "tests/statistics/gates.hpp"

#include <cmath>
#include <numeric>

#include "reference/error.hpp"
#include "tests/statistics/laws.hpp"

namespace ddim::statistics {

Budget::Budget(ErrorRates rates, std::vector<double> weights) : rates_(rates), weights_(std::move(weights)) {
  if (!(rates.alpha > 0 && rates.alpha < 1)) throw DomainError("alpha", rates.alpha, "0 < alpha < 1");
  if (!(rates.beta > 0 && rates.beta < 1)) throw DomainError("beta", rates.beta, "0 < beta < 1");
  for (const double weight : weights_) {
    if (!(weight > 0)) throw DomainError("weight of a claim", weight, "weight > 0");
  }
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  if (!(std::abs(sum - 1) <= 1e-12)) throw DomainError("sum of the claims' weights", sum, "1");
}

double Budget::bar(std::size_t claim) const { return -std::log(alpha(claim)); }

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
