#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reference/ddim.hpp"
#include "tests/statistics/paper.hpp"
#include "tests/statistics/random.hpp"

namespace ddim::statistics {

/// What is sampled: a schedule, the steps of a run along tau, and eta.
struct Setting {
  std::vector<double> betas;
  Schedule schedule;
  /// (t, t_prev) of steps 1..S, ascending; t_prev of step 1 is 0, the data, unless a configuration says
  /// otherwise.
  std::vector<std::pair<int, int>> steps;
  double eta = 0.5;
  Prediction prediction = Prediction::eps;
  /// Clipping or thresholding, where the configuration has it: large x_0 and unbounded laws are then out of
  /// bounds.
  std::function<Batch(const Batch& x0)> restrict_x0 = {};
  bool rederives_eps = true;  ///< eps is made to fit the restricted x_0

  /// Made from the above.
  std::vector<paper::Level> levels = {};
  std::vector<paper::Step> laws = {};
  Chain chain = {};

  static Setting make(std::vector<double> betas, std::vector<std::pair<int, int>> steps, double eta);
  /// Linear betas 1e-4..0.02, T = 1000, trailing with S steps.
  static Setting standard(double eta = 0.5, int S = 6);
  Setting with_eta(double other) const;

  int S() const { return static_cast<int>(steps.size()); }
  const paper::Step& law(int i) const { return laws[static_cast<std::size_t>(i - 1)]; }
  int t(int i) const { return steps[static_cast<std::size_t>(i - 1)].first; }
  /// The network's output that stands for (x_0, eps) at step i.
  Batch output(int i, const Batch& x0, const Batch& eps) const;
};

/// What a subject throws where it has no answer for a question that is no fault of its own: the claim is then
/// not asked.
class NotSupplied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The code under test, as the equations it answers for. An empty function is "not supplied". Noise that is
/// handed in comes from a stream of its own; a subject with `own_noise` ignores it and draws.
struct Subject {
  std::string name;
  bool own_noise = false;
  bool concurrent = true;  ///< may be called from several threads
  double unit_roundoff = 0x1p-53;

  /// Eq12: from step i's time to the previous one. output is the network's.
  using Step =
      std::function<Batch(const Setting&, int i, const Batch& x_t, const Batch& output, const Batch& noise)>;
  Step step;
  /// The same with the noise handed in, where `step` draws its own; empty: it cannot be.
  Step injected;
  /// The times it visits, ascending, as the paper counts them.
  std::function<std::vector<int>(const Setting&)> times;
  /// Lemma1 at the time of step i.
  std::function<Batch(const Setting&, int i, const Batch& x0, const Batch& noise)> q_sample;
  /// Eq8 for step i >= 2.
  std::function<Batch(const Setting&, int i, const Batch& x_prev, const Batch& x0, const Batch& noise)>
      forward;
  /// NonMarkov.
  std::function<double(const Setting&, int i)> non_markov;
  /// Eq6, built downwards by Eq7 and upwards by Eq8.
  std::function<Path(const Setting&, const Batch&x0, const Path&noise)> path, path_forward;
  /// Eq13 reversed: encoding from the previous time of step i up.
  std::function<Batch(const Setting&, int i, const Batch& x_prev, const Batch& eps)> encode;

  /// Eq11 and Theorem1, on chains whose sigma_1 > 0.
  using Objective = std::function<PerSample(const Chain&, const EpsModel&, const Path&, const Batch& x0)>;
  Objective log_ratio, log_q_terminal, log_q_posteriors, log_p_transitions, log_p_prior, simple_loss;
  std::function<KlForm(const Chain&, const EpsModel&, const Path&, const Batch& x0)> kl_form;
  std::function<Eigen::VectorXd(const Chain&)> gamma;

  /// AppendixA.
  std::function<Batch(const Transition&, double s, const Batch& x_t, const Batch& x0)> discrete_posterior;

  /// The generator: d x n normals, column j for sample first + j.
  std::function<Batch(const Draws&, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block)>
      normals;

  /// A sampler that draws its own noise, as nothing but its step (Eq12) for a network that predicts eps: x_t,
  /// eps and what it gives are d x n, alpha_bar_prev is 1 at the data. DomainError in a setting with another
  /// prediction.
  using OwnStep = std::function<Batch(double alpha_bar, double alpha_bar_prev, double eta, const Batch& x_t,
                                      const Batch& eps)>;
  static Subject of_step(std::string name, OwnStep step);

  /// reference/, each equation by its own function.
  static Subject reference();
};

}  // namespace ddim::statistics
