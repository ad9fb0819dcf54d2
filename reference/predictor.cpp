#include "reference/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reference/lanes.hpp"
#include "reference/pieces.hpp"
#include "reference/quad.hpp"
#include "reference/squares.hpp"

namespace ddim {

PredictorCoefficients predict_x0_coefficients(const NoiseLevel& level) {
  if (!(level.alpha_bar > 0)) {
    throw DomainError(
        "alpha_bar[" + std::to_string(level.t) + "]", level.alpha_bar,
        "alpha_bar > 0 (Eq9 from eps; a schedule with zero terminal SNR needs v- or x0-prediction)");
  }
  return {round_to_double(1 / sqrt(quad(level.alpha_bar))), -ode_sigma(level)};
}

PredictorCoefficients predict_eps_coefficients(const NoiseLevel& level) {
  const Quad one_minus = quad(level.one_minus_alpha_bar);
  if (one_minus == 0) throw DomainError("alpha_bar", 1.0, "alpha_bar < 1 (Eq9 inverted; x_0 holds no noise)");
  return {round_to_double(1 / sqrt(one_minus)), -round_to_double(sqrt(quad(level.alpha_bar) / one_minus))};
}

Batch predict_x0(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& eps, Threads threads) {
  const PredictorCoefficients c = predict_x0_coefficients(level);
  return combine({c.x_t, "x_t", x_t}, {c.other, "eps", eps}, threads);
}

Batch predict_eps(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& x0, Threads threads) {
  const PredictorCoefficients c = predict_eps_coefficients(level);
  return combine({c.x_t, "x_t", x_t}, {c.other, "x0", x0}, threads);
}

Batch predict_v(const NoiseLevel& level, const BatchRef& eps, const BatchRef& x0, Threads threads) {
  return combine({sqrt_alpha_bar(level), "eps", eps}, {-sqrt_one_minus_alpha_bar(level), "x0", x0}, threads);
}

Batch predict_x0_from_v(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& v, Threads threads) {
  return combine({sqrt_alpha_bar(level), "x_t", x_t}, {-sqrt_one_minus_alpha_bar(level), "v", v}, threads);
}

Batch predict_eps_from_v(const NoiseLevel& level, const BatchRef& x_t, const BatchRef& v, Threads threads) {
  return combine({sqrt_one_minus_alpha_bar(level), "x_t", x_t}, {sqrt_alpha_bar(level), "v", v}, threads);
}

Batch predict_x0(const NoiseLevel& level, Prediction prediction, const BatchRef& x_t, const BatchRef& output,
                 Threads threads) {
  switch (prediction) {
    case Prediction::eps:
      return predict_x0(level, x_t, output, threads);
    case Prediction::v:
      return predict_x0_from_v(level, x_t, output, threads);
    case Prediction::x0:
      break;
  }
  require_shape("x0", output, x_t.rows(), x_t.cols());
  require_finite("x_t", x_t);
  require_finite("x0", output);
  return output;
}

Batch predict_eps(const NoiseLevel& level, Prediction prediction, const BatchRef& x_t, const BatchRef& output,
                  Threads threads) {
  switch (prediction) {
    case Prediction::x0:
      return predict_eps(level, x_t, output, threads);
    case Prediction::v:
      return predict_eps_from_v(level, x_t, output, threads);
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

EpsModel EpsModel::by_columns(OfColumns of_columns) {
  EpsModel model;
  model.of_columns_ = std::move(of_columns);
  return model;
}

Batch EpsModel::operator()(const NoiseLevel& level, const BatchRef& x_t, Threads threads) const {
  require_environment();
  if (!of_columns_) return of_batch_(level, x_t);
  if (threads.count == 1) return of_columns_(level, x_t, 0, x_t.cols());
  Batch eps(x_t.rows(), x_t.cols());
  in_blocks(threads, x_t.rows(), x_t.cols(), [&](Eigen::Index first, Eigen::Index last) {
    eps.middleCols(first, last - first) =
        of_columns_(level, x_t.middleCols(first, last - first), first, x_t.cols());
  });
  return eps;
}

EpsModel point_mass_eps(Batch x0) {
  require_finite("x0", x0);
  return EpsModel::by_columns([x0 = std::move(x0)](const NoiseLevel& level, const BatchRef& x_t,
                                                   Eigen::Index first, Eigen::Index samples) {
    require_shape("x0", x0, x_t.rows(), samples);
    return predict_eps(level, x_t, x0.middleCols(first, x_t.cols()));
  });
}

namespace {

/// a variance + 1 - a, the variance of x_t. Domain: positive.
double total_variance(const NoiseLevel& level, double variance) {
  const double total = level.alpha_bar * variance + level.one_minus_alpha_bar;
  if (!(total > 0))
    throw DomainError("alpha_bar", level.alpha_bar, "alpha_bar < 1 (eps at t = 0 holds no noise)");
  return total;
}

}  // namespace

EpsModel gaussian_eps(const Eigen::VectorXd& mean, double variance) {
  require_finite("mean", mean);
  if (!(variance >= 0 && std::isfinite(variance)))
    throw DomainError("variance", variance, "0 <= variance < infinity");
  return EpsModel::by_columns([=](const NoiseLevel& level, const BatchRef& x_t, Eigen::Index first,
                                  Eigen::Index) {
    require_shape("x_t", x_t, mean.size(), x_t.cols());
    const double slope = std::sqrt(level.one_minus_alpha_bar) / total_variance(level, variance);
    const Eigen::VectorXd centre = std::sqrt(level.alpha_bar) * mean;
    Batch eps(x_t.rows(), x_t.cols());
    const Affine<2> residual{{slope, -slope}, {x_t.data(), centre.data()}};
    if (!combine_lanes(residual, {x_t.outerStride(), 0}, x_t.rows(), x_t.cols(), eps.data(), eps.rows())) {
      require_finite("x_t", x_t, first);
      require_no_overflow(eps, first);
    }
    return eps;
  });
}

namespace {

/// The chance, K x n, that x_t came from component k.
Batch responsibilities(const Eigen::VectorXd& weights, const Batch& centres, const Eigen::VectorXd& total,
                       const BatchRef& x_t) {
  const auto dimensions = static_cast<double>(x_t.rows());
  Batch log_weight(weights.size(), x_t.cols());
  for (Eigen::Index k = 0; k < weights.size(); ++k) {
    const double normaliser = dimensions * std::log(total[k]);
    for (Eigen::Index j = 0; j < x_t.cols(); ++j) {
      const double squares = (x_t.col(j) - centres.col(k)).squaredNorm();
      log_weight(k, j) = -0.5 * (squares / total[k] + normaliser) + std::log(weights[k]);
    }
  }
  Batch result = (log_weight.rowwise() - log_weight.colwise().maxCoeff()).array().exp();
  result.array().rowwise() /= result.colwise().sum().array();
  return result;
}

}  // namespace

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
  return EpsModel::by_columns(
      [weights = std::move(weights), means = std::move(means), variances = std::move(variances)](
          const NoiseLevel& level, const BatchRef& x_t, Eigen::Index first, Eigen::Index) {
        require_shape("x_t", x_t, means.rows(), x_t.cols());
        require_finite("x_t", x_t, first);
        const double a = level.alpha_bar, one_minus = level.one_minus_alpha_bar;
        // Per component k: x_t ~ N(sqrt(a) mean_k, total_k I),
        // and the component's eps is slope_k times the residual.
        const Eigen::VectorXd total = a * variances.array() + one_minus;
        if (!(total.array() > 0).all())
          throw DomainError("alpha_bar", a, "alpha_bar < 1 (eps at t = 0 holds no noise)");
        const Batch centres = std::sqrt(a) * means;
        const Eigen::VectorXd slope = std::sqrt(one_minus) / total.array();
        const Batch responsibility = responsibilities(weights, centres, total, x_t);
        Batch eps(x_t.rows(), x_t.cols());
        for (Eigen::Index j = 0; j < x_t.cols(); ++j) {
          eps.col(j) = (x_t.col(j) - centres.col(0)) * (slope[0] * responsibility(0, j));
          for (Eigen::Index k = 1; k < means.cols(); ++k)
            eps.col(j) += (x_t.col(j) - centres.col(k)) * (slope[k] * responsibility(k, j));
        }
        require_no_overflow(eps, first);
        return eps;
      });
}

}  // namespace ddim
