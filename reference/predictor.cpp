#include "reference/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reference/quad.hpp"

namespace ddim {

Batch predict_x0(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& eps) {
  if (!(level.alpha_bar > 0)) {
    throw DomainError(
        "alpha_bar[" + std::to_string(level.t) + "]", level.alpha_bar,
        "alpha_bar > 0 (Eq9 from eps; a schedule with zero terminal SNR needs v- or x0-prediction)");
  }
  const double x = round_to_double(1 / sqrt(quad(level.alpha_bar)));
  return combine({x, "x_t", x_t}, {-ode_sigma(level), "eps", eps});
}

Batch predict_eps(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& x0) {
  const Quad one_minus = quad(level.one_minus_alpha_bar);
  if (one_minus == 0) throw DomainError("alpha_bar", 1.0, "alpha_bar < 1 (Eq9 inverted; x_0 holds no noise)");
  return combine({round_to_double(1 / sqrt(one_minus)), "x_t", x_t},
                 {-round_to_double(sqrt(quad(level.alpha_bar) / one_minus)), "x0", x0});
}

Batch predict_v(const NoiseLevel& level, const BatchRef& eps, const BatchRef& x0) {
  return combine({sqrt_alpha_bar(level), "eps", eps}, {-sqrt_one_minus_alpha_bar(level), "x0", x0});
}

Batch predict_x0_from_v(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& v) {
  return combine({sqrt_alpha_bar(level), "x_t", x_t}, {-sqrt_one_minus_alpha_bar(level), "v", v});
}

Batch predict_eps_from_v(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& v) {
  return combine({sqrt_one_minus_alpha_bar(level), "x_t", x_t}, {sqrt_alpha_bar(level), "v", v});
}

Batch predict_x0(const NoiseLevel& level, Prediction prediction, const BatchRef& x_t,
                 const BatchRef& output) {
  switch (prediction) {
    case Prediction::eps:
      return predict_x0(level, x_t, output);
    case Prediction::v:
      return predict_x0_from_v(level, x_t, output);
    case Prediction::x0:
      break;
  }
  require_shape("x0", output, x_t.rows(), x_t.cols());
  require_finite("x_t", x_t);
  require_finite("x0", output);
  return output;
}

Batch predict_eps(const NoiseLevel& level, Prediction prediction, const BatchRef& x_t,
                  const BatchRef& output) {
  switch (prediction) {
    case Prediction::x0:
      return predict_eps(level, x_t, output);
    case Prediction::v:
      return predict_eps_from_v(level, x_t, output);
    case Prediction::eps:
      break;
  }
  require_shape("eps", output, x_t.rows(), x_t.cols());
  require_finite("x_t", x_t);
  require_finite("eps", output);
  return output;
}

Batch clip(const BatchRef& x0, double range) {
  if (!(range > 0)) throw DomainError("range", range, "range > 0");
  require_finite("x0", x0);
  return x0.cwiseMax(-range).cwiseMin(range);
}

Batch dynamic_threshold(const BatchRef& x0, double ratio, double max_value) {
  if (!(ratio >= 0 && ratio <= 1)) throw DomainError("ratio", ratio, "0 <= ratio <= 1");
  if (!(max_value >= 1)) throw DomainError("max_value", max_value, "max_value >= 1");
  require_finite("x0", x0);
  if (x0.rows() == 0) return x0;
  Batch result = x0;
  for (Eigen::Index j = 0; j < x0.cols(); ++j) {
    Eigen::VectorXd magnitude = x0.col(j).cwiseAbs();
    std::sort(magnitude.begin(), magnitude.end());
    const double place = ratio * static_cast<double>(x0.rows() - 1);
    const auto below = static_cast<Eigen::Index>(place);
    const Eigen::Index above = std::min(below + 1, x0.rows() - 1);
    const double quantile = std::lerp(magnitude[below], magnitude[above], place - static_cast<double>(below));
    const double s = std::clamp(quantile, 1.0, max_value);
    result.col(j) = x0.col(j).cwiseMax(-s).cwiseMin(s) / s;
  }
  return result;
}

EpsModel point_mass_eps(Batch x0) {
  require_finite("x0", x0);
  return [x0 = std::move(x0)](const NoiseLevel& level, const BatchRef& x_t) {
    return predict_eps(level, x_t, x0);
  };
}

EpsModel gaussian_eps(const Eigen::VectorXd& mean, double variance) {
  return mixture_eps(Eigen::VectorXd::Ones(1), mean, Eigen::VectorXd::Constant(1, variance));
}

EpsModel mixture_eps(Eigen::VectorXd weights, Batch means, Eigen::VectorXd variances) {
  if (means.cols() < 1) throw ShapeError("number of components", "0", "K >= 1");
  require_finite("means", means);
  require_shape("weights", weights, means.cols(), 1);
  require_shape("variances", variances, means.cols(), 1);
  if (!((weights.array() > 0).all() && std::abs(weights.sum() - 1) <= 1e-12)) {
    throw DomainError("weights",
                      "(minimum " + to_text(weights.minCoeff()) + ", sum " + to_text(weights.sum()) + ")",
                      "weights > 0 with sum 1");
  }
  if (!(variances.array() >= 0).all() || !variances.allFinite()) {
    throw DomainError("variances", "(minimum " + to_text(variances.minCoeff()) + ")",
                      "finite variances >= 0");
  }
  return [weights = std::move(weights), means = std::move(means), variances = std::move(variances)](
             const NoiseLevel& level, const BatchRef& x_t) {
    require_shape("x_t", x_t, means.rows(), x_t.cols());
    require_finite("x_t", x_t);
    const double a = level.alpha_bar, one_minus = level.one_minus_alpha_bar,
                 dimensions = static_cast<double>(x_t.rows());
    // Per component k: x_t ~ N(sqrt(a) mean_k, total_k I),
    // and the component's eps is slope_k times the residual.
    const Eigen::VectorXd total = a * variances.array() + one_minus;
    if (!(total.array() > 0).all())
      throw DomainError("alpha_bar", a, "alpha_bar < 1 (eps at t = 0 holds no noise)");
    const Batch centres = std::sqrt(a) * means;
    Batch log_weight(means.cols(), x_t.cols());
    for (Eigen::Index k = 0; k < means.cols(); ++k) {
      log_weight.row(k) =
          -0.5 * ((x_t.colwise() - centres.col(k)).colwise().squaredNorm().array() / total[k] +
                  dimensions * std::log(total[k])) +
          std::log(weights[k]);
    }
    Batch responsibility = (log_weight.rowwise() - log_weight.colwise().maxCoeff()).array().exp();
    responsibility.array().rowwise() /= responsibility.colwise().sum().array();
    Batch eps = Batch::Zero(x_t.rows(), x_t.cols());
    for (Eigen::Index k = 0; k < means.cols(); ++k) {
      const double slope = std::sqrt(one_minus) / total[k];
      eps += (x_t.colwise() - centres.col(k)) * (slope * responsibility.row(k)).asDiagonal();
    }
    return eps;
  };
}

}  // namespace ddim
