// Compares reference/'s steps with the bounds of its own order, `fused`, and with those of every order: usual
// schedules, three predictions, clipping and thresholding, and one configuration with betas near 1e-7 that
// once broke a bound argued by hand. Levels are taken as reported, in binary64, and known to half an ulp.
// Prints the worst error / bound. Exit status: 0 if none is above 1.

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <iostream>
#include <random>
#include <string>

#include "link/exact_step.hpp"
#include "reference/ddim.hpp"

namespace {

namespace tol = ddim::tolerance;
using ddim::link::Case;
using ddim::link::Exact;
using ddim::link::Input;
using tol::Order;
using tol::Prediction;
using tol::Restriction;
using Real = long double;
using Quad = boost::multiprecision::cpp_bin_float_quad;

struct Configuration {
  std::string name;
  ddim::Schedule schedule;
  ddim::Tau tau;
  double eta;
  bool last_is_one;  ///< set_alpha_to_one
  Prediction prediction;
  Restriction restriction;
  bool thresholding;
  double range, ratio;
};

ddim::Prediction reference_prediction(Prediction prediction) {
  return prediction == Prediction::eps  ? ddim::Prediction::eps
         : prediction == Prediction::x0 ? ddim::Prediction::x0
                                        : ddim::Prediction::v;
}

ddim::Transition transition(const Configuration& c, int i) {
  const auto& times = c.tau.times();
  if (i > 0)
    return c.schedule.transition(times[static_cast<std::size_t>(i)], times[static_cast<std::size_t>(i - 1)]);
  const int t = times.front();
  if (c.last_is_one) return c.schedule.transition(t, 0);
  if (t == 1) return {c.schedule.level(1), c.schedule.level(1), 0.0};
  return c.schedule.transition(t, 1);
}

/// A level as a table in binary64 reports it.
tol::Ball<Real> reported(double alpha_bar) {
  return {alpha_bar, alpha_bar == 1 ? 0 : static_cast<Real>(alpha_bar) * 0x1p-53L};
}
tol::Ball<Real> complement(const tol::Ball<Real>& level) { return {1 - level.value, level.error}; }

struct Step {
  ddim::Batch prev_sample, pred_x0;
};

Step step(const Configuration& c, const ddim::Transition& at, const ddim::Batch& x, const ddim::Batch& output,
          const ddim::Batch& noise) {
  const ddim::Sigma sigma = ddim::sigma_eta(at, c.eta);
  const ddim::Prediction prediction = reference_prediction(c.prediction);
  ddim::Batch pred_x0 = ddim::predict_x0(at.current, prediction, x, output);
  if (c.restriction == Restriction::free) {
    return {ddim::ddim_step(ddim::step_coefficients(at, sigma, prediction), x, output, noise), pred_x0};
  }
  pred_x0 =
      c.thresholding ? ddim::dynamic_threshold(pred_x0, c.ratio, c.range) : ddim::clip(pred_x0, c.range);
  if (c.restriction == Restriction::kept) {
    const ddim::Batch eps = ddim::predict_eps(at.current, prediction, x, output);
    return {ddim::ddim_step_from_parts(at, sigma, pred_x0, eps, noise), pred_x0};
  }
  const ddim::Gaussian law = ddim::q_posterior(at, sigma, x, pred_x0);
  return {law.mean + sigma.value() * noise, pred_x0};
}

double worst = 0;

/// The larger ratio; one that is not a number is the largest, and stays.
void keep(double& largest, double ratio) {
  if (largest == largest && !(ratio <= largest)) largest = ratio;
}

void judge(const Configuration& c, std::uint64_t seed, std::initializer_list<Order> orders,
           const char* which) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  const auto drawn = [&] {
    return ddim::Batch(ddim::Batch::NullaryExpr(37, 2, [&] { return normal(engine); }));
  };
  const tol::Formats<Real> f{tol::binary64<Real>(), tol::binary64<Real>()};
  double ratio = 0;
  for (int i = c.tau.S() - 1; i >= 0; --i) {
    const ddim::Transition at = transition(c, i);
    const ddim::Batch x = drawn(), output = drawn(), noise = drawn();
    const Step got = step(c, at, x, output, noise);
    const double a = at.current.alpha_bar, p = at.prev.alpha_bar;
    const tol::Levels<Real> levels{reported(a), reported(p), complement(reported(a)), complement(reported(p)),
                                   tol::exactly<Real>(c.eta)};
    const tol::StepBounds<Real> free(f, levels, c.prediction, Restriction::free, false, orders);
    const tol::StepBounds<Real> bounds(f, levels, c.prediction, c.restriction, c.thresholding, orders);
    for (Eigen::Index j = 0; j < x.cols(); ++j) {
      tol::Ball<Real> threshold = tol::exactly<Real>(c.range);
      double exact_threshold = c.range;
      if (c.thresholding) {
        std::vector<tol::Ball<Real>> magnitudes;
        for (Eigen::Index k = 0; k < x.rows(); ++k) {
          const tol::Ball<Real> x0 = free(x(k, j), output(k, j), noise(k, j)).pred_x0;
          magnitudes.push_back({std::abs(x0.value), x0.error});
        }
        threshold = tol::dynamic_threshold<Real>(f.sample, magnitudes, c.ratio, c.range);
      }
      for (Eigen::Index k = 0; k < x.rows(); ++k) {
        const auto want = bounds(tol::exactly<Real>(x(k, j)), tol::exactly<Real>(output(k, j)),
                                 tol::exactly<Real>(noise(k, j)), threshold);
        const Exact<Quad> exact({a, p, c.eta, x(k, j), output(k, j), noise(k, j), exact_threshold},
                                Case{c.prediction, c.restriction, false, 0});
        // A threshold has digits beyond a double's: there the ball's own value, in long double, is the
        // reference.
        const Quad prev = c.thresholding ? Quad(want.prev_sample.value) : exact.prev_sample;
        const Quad x0 = c.thresholding ? Quad(want.pred_x0.value) : exact.pred_x0;
        const auto over = [](double value, const Quad& truth, Real bound) {
          const Real error = static_cast<Real>(Quad(abs(Quad(Quad(value) - truth))));
          return error == 0 ? 0.0 : static_cast<double>(error / bound);
        };
        for (const double r : {over(got.prev_sample(k, j), prev, want.prev_sample.error),
                               over(got.pred_x0(k, j), x0, want.pred_x0.error)}) {
          keep(ratio, r);
        }
      }
    }
  }
  std::cout << c.name << ", " << which << ": worst error/bound " << ratio << "\n";
  keep(worst, ratio);
}

}  // namespace

int main() {
  std::vector<Configuration> configurations;
  for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
    const std::string name = prediction == Prediction::eps  ? "eps"
                             : prediction == Prediction::x0 ? "x0"
                                                            : "v";
    for (const double eta : {0.0, 0.5, 1.0}) {
      configurations.push_back({name + " linear leading 50", ddim::Schedule::linear(1000, 1e-4, 0.02),
                                ddim::Tau::leading(1000, 50, 1), eta, true, prediction, Restriction::free,
                                false, 1, 0});
      configurations.push_back({name + " cosine full", ddim::Schedule::squaredcos_cap_v2(100),
                                ddim::Tau::full(100), eta, true, prediction, Restriction::kept, false, 1, 0});
      configurations.push_back(
          {name + " scaled trailing 20", ddim::Schedule::scaled_linear(1000, 0.00085, 0.012),
           ddim::Tau::trailing(1000, 20), eta, false, prediction, Restriction::rederived, false, 1, 0});
    }
  }
  configurations.push_back({"betas near 1e-7, thresholding",
                            ddim::Schedule::linear(34, 6.6430989700550023e-06, 8.3872223395714218e-08),
                            ddim::Tau::trailing(34, 30), 0.9128407782746973, false, Prediction::v,
                            Restriction::kept, true, 9.3191586795416157, 0.8513884906729865});
  for (const Configuration& c : configurations) {
    judge(c, 1, {Order::fused}, "its own order");
    judge(c, 1, {}, "every order");
  }
  std::cout << "worst error/bound " << worst << "\n";
  return worst <= 1 ? 0 : 1;
}
