#include "tests/statistics/joint.hpp"

#include <Eigen/Cholesky>
#include <cmath>
#include <numbers>
#include <vector>

#include "reference/error.hpp"
#include "tests/statistics/log_mixture.hpp"

namespace ddim::statistics {
namespace {

double log_gamma_d(Eigen::Index d, double x) {
  double value = static_cast<double>(d * (d - 1)) / 4 * std::log(std::numbers::pi);
  for (Eigen::Index i = 0; i < d; ++i) value += std::lgamma(x - static_cast<double>(i) / 2);
  return value;
}

}  // namespace

double log_determinant(const Eigen::MatrixXd& m) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(m);
  return 2 * Eigen::MatrixXd(cholesky.matrixL()).diagonal().array().log().sum();
}

void Joint::add(const Eigen::MatrixXd& w) {
  if (n == 0) {
    sum = Eigen::VectorXd::Zero(w.rows());
    second = Eigen::MatrixXd::Zero(w.rows(), w.rows());
  }
  n += static_cast<double>(w.cols());
  sum += w.rowwise().sum();
  second += w * w.transpose();
}

double log_e_normal_wishart(const Joint& joint, double scale, double degrees) {
  const Eigen::Index d = joint.sum.size();
  const auto dimensions = static_cast<double>(d);
  if (!(degrees >= dimensions)) throw DomainError("degrees", degrees, "degrees >= d");
  const double kappa = 1 / scale, posterior = kappa + joint.n, nu = degrees + joint.n;
  const Eigen::MatrixXd spread = degrees * Eigen::MatrixXd::Identity(d, d) + joint.second -
                                 joint.sum * joint.sum.transpose() / posterior;
  return log_gamma_d(d, nu / 2) - log_gamma_d(d, degrees / 2) + degrees / 2 * dimensions * std::log(degrees) -
         nu / 2 * log_determinant(spread) + dimensions / 2 * std::log(kappa / posterior) +
         joint.n * dimensions / 2 * std::numbers::ln2 + joint.second.trace() / 2;
}

double log_e_vectors(const Joint& joint) {
  const auto d = static_cast<double>(joint.sum.size());
  std::vector<double> log_e;
  for (const double scale : {1.0, 0.01}) {
    for (const double degrees : {d + 2, 20 * d, 400 * d})
      log_e.push_back(log_e_normal_wishart(joint, scale, degrees));
  }
  return log_mean(log_e);
}

}  // namespace ddim::statistics
