#include "reference/steps.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "reference/posterior.hpp"

namespace ddim {
namespace {

/// At t = 1 Eq10 is N(f_theta(x_1), sigma_1^2 I): Eq7's mean with sigma = 0, whatever sigma_1 is.
bool is_last_step(const Transition& step) { return step.prev.one_minus_alpha_bar == 0.0; }

}  // namespace

StepCoefficients step_coefficients(const Transition& step, const Sigma& sigma, Prediction prediction) {
  const Quad a = quad(step.current.alpha_bar), one_minus = quad(step.current.one_minus_alpha_bar);
  const Quad p = quad(step.prev.alpha_bar);
  const auto [radicand, variance] = admit(step, sigma);
  const Quad k = sqrt(radicand), difference = p * quad(step.beta);  // p - a
  switch (prediction) {
    case Prediction::x0: {
      const PosteriorCoefficients c = posterior_coefficients(step, sigma);
      return {c.x_t, c.x0, sigma.value()};
    }
    case Prediction::v:
      return {round_to_double(sqrt(p * a) + k * sqrt(one_minus)),
              round_to_double(-(difference + a * variance) / (k * sqrt(a) + sqrt(p * one_minus))),
              sigma.value()};
    case Prediction::eps:
      break;
  }
  if (a == 0) {
    throw DomainError(
        "alpha_bar[" + std::to_string(step.current.t) + "]", 0.0,
        "alpha_bar > 0 (Eq12 from eps; a schedule with zero terminal SNR needs v- or x0-prediction)");
  }
  return {round_to_double(sqrt(p / a)),
          round_to_double(-(difference / a + variance) / (k + sqrt(p * one_minus / a))), sigma.value()};
}

void ddim_step(const StepCoefficients& c, const BatchRef& x_t, const BatchRef& output, const BatchRef& noise,
               BatchOut x_prev, Threads threads) {
  combine({c.x_t, "x_t", x_t}, {c.output, "output", output}, {c.sigma, "noise", noise}, x_prev, threads);
}

Batch ddim_step(const StepCoefficients& c, const BatchRef& x_t, const BatchRef& output, const BatchRef& noise,
                Threads threads) {
  Batch x_prev(x_t.rows(), x_t.cols());
  ddim_step(c, x_t, output, noise, x_prev, threads);
  return x_prev;
}

Batch ddim_step(const StepCoefficients& c, const BatchRef& x_t, const BatchRef& output, Threads threads) {
  if (c.sigma != 0) throw DomainError("sigma", c.sigma, "sigma = 0 (a step with sigma > 0 takes noise)");
  return combine({c.x_t, "x_t", x_t}, {c.output, "output", output}, threads);
}

Batch ddim_step_from_parts(const Transition& step, const Sigma& sigma, const BatchRef& pred_x0,
                           const BatchRef& eps, const BatchRef& noise, Threads threads) {
  const double direction = round_to_double(sqrt(admit(step, sigma).radicand));
  return combine({sqrt_alpha_bar(step.prev), "pred_x0", pred_x0}, {direction, "eps", eps},
                 {sigma.value(), "noise", noise}, threads);
}

MeanCoefficients p_mean_coefficients(const Transition& step, const Sigma& sigma) {
  if (is_last_step(step)) {
    const PredictorCoefficients c = predict_x0_coefficients(step.current);
    return {c.x_t, c.other};
  }
  const StepCoefficients c = step_coefficients(step, sigma);
  return {c.x_t, c.output};
}

Gaussian p_step(const Transition& step, const Sigma& sigma, const BatchRef& x_t, const BatchRef& eps,
                Threads threads) {
  const MeanCoefficients c = p_mean_coefficients(step, sigma);
  return {combine({c.x_t, "x_t", x_t}, {c.eps, "eps", eps}, threads), sigma.variance()};
}

EncodeCoefficients encode_coefficients(const Transition& step) {
  const Quad a = quad(step.current.alpha_bar), one_minus = quad(step.current.one_minus_alpha_bar);
  const Quad p = quad(step.prev.alpha_bar), one_minus_prev = quad(step.prev.one_minus_alpha_bar);
  const Quad kept = a / p;
  const Quad e = quad(step.beta) / (sqrt(one_minus) + sqrt(kept * one_minus_prev));
  return {round_to_double(sqrt(kept)), round_to_double(e)};
}

Batch ddim_encode_step(const Transition& step, const BatchRef& x_prev, const BatchRef& eps, Threads threads) {
  const EncodeCoefficients c = encode_coefficients(step);
  return combine({c.x_prev, "x_prev", x_prev}, {c.eps, "eps", eps}, threads);
}

Batch p_sample(const Chain& chain, const EpsModel& model, const BatchRef& x_T, const Path& noise,
               Threads threads) {
  require_path("noise", chain, noise, x_T.rows(), x_T.cols());
  Batch x = x_T, x_prev(x_T.rows(), x_T.cols());
  for (std::size_t i = chain.steps.size(); i-- > 0;) {
    const Batch eps = model(chain.steps[i].current, x, threads);
    const MeanCoefficients c = p_mean_coefficients(chain.steps[i], chain.sigma[i]);
    combine({c.x_t, "x_t", x}, {c.eps, "eps", eps}, {chain.sigma[i].value(), "noise", noise[i]}, x_prev,
            threads);
    x.swap(x_prev);
  }
  return x;
}

Batch encode(const Chain& chain, const EpsModel& model, const BatchRef& x0, Threads threads) {
  chain.require_valid();
  Batch x = x0;
  for (const Transition& step : chain.steps) {
    const NoiseLevel& at = step.prev.t == 0 ? step.current : step.prev;
    x = ddim_encode_step(step, x, model(at, x, threads), threads);
  }
  return x;
}

std::vector<Gaussian> generative_law(const Chain& chain, const Eigen::VectorXd& mean, double variance) {
  chain.require_valid();
  if (!(variance >= 0 && std::isfinite(variance)))
    throw DomainError("variance", variance, "0 <= variance < infinity");
  require_finite("mean", mean);
  std::vector<Gaussian> laws{{Eigen::VectorXd::Zero(mean.size()), 1.0}};
  for (std::size_t i = chain.steps.size(); i-- > 0;) {
    const Transition& step = chain.steps[i];
    const Sigma& sigma = chain.sigma[i];
    // eps* = slope (x - sqrt(a) mean), so the step is affine: x_prev = gain x + shift mean + sigma noise.
    const StepCoefficients c = step_coefficients(step, is_last_step(step) ? Sigma(0) : sigma);
    const double total =
        static_cast<double>(step.current.alpha_bar) * variance + step.current.one_minus_alpha_bar;
    const double slope = sqrt_one_minus_alpha_bar(step.current) / total;
    const double gain = c.x_t + c.output * slope;
    const double shift = -c.output * slope * sqrt_alpha_bar(step.current);
    laws.push_back({gain * laws.back().mean + shift * mean,
                    gain * gain * laws.back().variance + static_cast<double>(sigma.variance())});
  }
  return laws;
}

}  // namespace ddim
