#include "tests/statistics/faults.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/statistics/engine.hpp"
#include "tests/statistics/laws.hpp"

namespace ddim::statistics {
namespace {

const paper::Step& law_of(const Setting& s, int i) { return s.law(i); }

/// x_t = gain (x_prev - root_a_prev x_0) + root_a x_0 + deviation z, with gain and deviation as the fault has
/// them.
using Scalar = std::function<double(const paper::Step&)>;
std::function<void(Subject&)> forward_with(Scalar gain, Scalar deviation) {
  return [=](Subject& subject) {
    subject.forward = [=](const Setting& s, int i, const Batch& x_prev, const Batch& x0, const Batch& noise) {
      const paper::Step& law = law_of(s, i);
      return Batch(paper::root(law.current.a) * x0 + gain(law) * (x_prev - paper::root(law.prev.a) * x0) +
                   deviation(law) * noise);
    };
  };
}

double gain(const paper::Step& law) { return law.forward_gain(); }
double deviation(const paper::Step& law) { return law.forward_sigma(); }

/// Maps each draw of every function that takes noise.
std::function<void(Subject&)> noise_through(std::function<double(double)> map) {
  return [=](Subject& subject) {
    const auto mapped = [=](const Batch& z) { return Batch(z.unaryExpr(map)); };
    const auto step = subject.step;
    subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& z) {
      return step(s, i, x, output, mapped(z));
    };
    const auto normals = subject.normals;
    subject.normals = [=](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                          std::uint32_t block) { return mapped(normals(draws, d, n, first, block)); };
  };
}

/// Rewrites the batch of noise of every step.
std::function<void(Subject&)> step_noise(std::function<Batch(const Batch&)> rewrite) {
  return [=](Subject& subject) {
    const auto step = subject.step;
    subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& z) {
      return step(s, i, x, output, rewrite(z));
    };
  };
}

void sometimes_nan(Subject& subject) {
  const auto step = subject.step;
  subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& z) {
    Batch result = step(s, i, x, output, z);
    for (Eigen::Index k = 0; k < z.size(); ++k) {
      if (z.data()[k] > 3.1) result.data()[k] = std::numeric_limits<double>::quiet_NaN();
    }
    return result;
  };
}

using Normals = decltype(Subject::normals);
std::function<void(Subject&)> generator_with(Normals normals) {
  return [=](Subject& subject) { subject.normals = normals; };
}
std::function<void(Subject&)> generator_rewritten(std::function<Batch(const Batch&)> rewrite) {
  return [=](Subject& subject) {
    const Normals normals = subject.normals;
    subject.normals = [=](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                          std::uint32_t block) { return rewrite(normals(draws, d, n, first, block)); };
  };
}

using Objective = Subject::Objective;
std::function<void(Subject&)> objective_with(Objective Subject::*part,
                                             std::function<Objective(Objective)> change) {
  return [=](Subject& subject) { subject.*part = change(subject.*part); };
}
Objective times(const Objective& f, double factor) {
  return [=](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
    return PerSample(factor * f(c, m, x, x0));
  };
}

std::function<void(Subject&)> kl_form_with(
    std::function<void(KlForm&, const Chain&, const Batch& x0)> change) {
  return [=](Subject& subject) {
    const auto form = subject.kl_form;
    subject.kl_form = [=](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
      KlForm result = form(c, m, x, x0);
      change(result, c, x0);
      return result;
    };
  };
}

std::function<void(Subject&)> gamma_with(
    std::function<double(const Chain&, std::size_t i, double right)> change) {
  return [=](Subject& subject) {
    subject.gamma = [=](const Chain& chain) {
      Eigen::VectorXd gamma = gamma_weights(chain);
      for (std::size_t i = 0; i < chain.steps.size(); ++i) {
        gamma[static_cast<Eigen::Index>(i)] = change(chain, i, gamma[static_cast<Eigen::Index>(i)]);
      }
      return gamma;
    };
  };
}

using Weights = std::function<DiscreteWeights(const Transition&, double s)>;
std::function<void(Subject&)> discrete_with(Weights weights) {
  return [=](Subject& subject) {
    subject.discrete_posterior = [=](const Transition& step, double s, const Batch& x_t, const Batch& x0) {
      const DiscreteWeights w = weights(step, s);
      // As careless code does: what is not a distribution is made one.
      Batch p = (w.x_t * x_t + w.x0 * x0).array() + w.uniform / static_cast<double>(x0.rows());
      p = p.cwiseMax(0);
      return Batch(p.array().rowwise() / p.colwise().sum().array());
    };
  };
}

std::function<void(Subject&)> encode_with(
    std::function<Batch(const paper::Step&, const Batch& x, const Batch& eps)> f) {
  return [=](Subject& subject) {
    subject.encode = [=](const Setting& s, int i, const Batch& x, const Batch& eps) {
      return f(s.law(i), x, eps);
    };
  };
}

/// x_1..x_S by any rule of descent.
std::function<void(Subject&)> path_with(
    std::function<Path(const Setting&, const Batch& x0, Path noise)> build) {
  return [=](Subject& subject) { subject.path = build; };
}

double uniform_of(double z) { return std::sqrt(12.0) * (normal_cdf(z) - 0.5); }
double laplace_of(double z) {
  const double tail = normal_cdf(-std::abs(z));
  return std::copysign(-std::log(2 * tail) / std::numbers::sqrt2, z);
}
double logistic_of(double z) {
  const double scale = std::sqrt(3.0) / std::numbers::pi, below = normal_cdf(z), above = normal_cdf(-z);
  return scale * (std::log(below) - std::log(above));
}
double triangular_of(double z) {  // the sum of two uniforms, unit variance
  const double tail = normal_cdf(-std::abs(z));
  return std::copysign(std::sqrt(6.0) * (1 - std::sqrt(2 * tail)), z);
}
double cauchy_mixed(double z) {  // 1 in 20 is three times as wide, the whole of unit variance
  const double u = normal_cdf(z), spread = std::sqrt(0.95 + 0.05 * 9);
  const double inner = u * 1000 - std::floor(u * 1000);  // an independent uniform out of low digits
  return (inner < 0.05 ? 3 : 1) * z / spread;
}

double log_normal_density(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }
double log_uniform(double z) {
  return std::abs(z) < std::sqrt(3.0) ? -std::log(std::sqrt(12.0)) - log_normal_density(z)
                                      : -std::numeric_limits<double>::infinity();
}
double log_laplace(double z) {
  return -std::numbers::sqrt2 * std::abs(z) - 0.5 * std::log(2.0) - log_normal_density(z);
}
double log_logistic(double z) {
  const double scale = std::sqrt(3.0) / std::numbers::pi, x = std::abs(z) / scale;
  return -x - std::log(scale) - 2 * std::log1p(std::exp(-x)) - log_normal_density(z);
}
double log_triangular(double z) {
  const double x = std::abs(z) / std::sqrt(6.0);
  return x < 1 ? std::log1p(-x) - 0.5 * std::log(6.0) - log_normal_density(z)
               : -std::numeric_limits<double>::infinity();
}
double log_two_widths(double z) {
  const double spread = std::sqrt(0.95 + 0.05 * 9), a = 1 / spread, b = 3 / spread;
  const double density =
      0.95 / a * std::exp(-z * z / (2 * a * a)) + 0.05 / b * std::exp(-z * z / (2 * b * b));
  return std::log(density) + 0.5 * z * z;
}
double cut_at_two(double z) {  // redrawn beyond two
  const double low = normal_cdf(-2.0);
  return normal_quantile(low + (1 - 2 * low) * normal_cdf(z));
}
double log_cut_at_two(double z) {
  return std::abs(z) <= 2 ? -std::log(1 - 2 * normal_cdf(-2.0)) : -std::numeric_limits<double>::infinity();
}

std::vector<EquationFault> make_faults() {
  using enum FaultKind;
  const double nats = 1 / std::numbers::ln2;
  std::vector<EquationFault> all{
      // Eq8 and NonMarkov
      {"forward-variance-of-ddpm", "Eq8", "DDPM's variance 1 - a_t / a_prev at eta < 1", parametric,
       forward_with(gain,
                    [](const paper::Step& l) { return paper::root((l.prev.a - l.current.a) / l.prev.a); })},
      {"forward-of-ddpm", "NonMarkov", "DDPM's forward step at every eta: x_0 has no part", parametric,
       [](Subject& subject) {
         subject.forward = [](const Setting& s, int i, const Batch& x_prev, const Batch&,
                              const Batch& noise) {
           const paper::Step& l = s.law(i);
           return Batch(paper::root(l.current.a / l.prev.a) * x_prev +
                        paper::root((l.prev.a - l.current.a) / l.prev.a) * noise);
         };
       }},
      {"forward-variance-for-deviation", "Eq8", "the variance scales the noise", parametric,
       forward_with(gain, [](const paper::Step& l) { return l.forward_sigma() * l.forward_sigma(); })},
      {"forward-sigma-unscaled", "Eq8", "variance sigma^2, without (1 - a_t) / (1 - a_prev)", parametric,
       forward_with(gain, [](const paper::Step& l) { return l.sigma(); })},
      {"forward-ratio-inverted", "Eq8", "variance sigma^2 (1 - a_prev) / (1 - a_t)", parametric,
       forward_with(gain, [](const paper::Step& l) { return paper::root(l.s2 * l.prev.b / l.current.b); })},
      {"forward-gain-of-posterior", "Eq8", "Eq7's coefficient used upwards", parametric,
       forward_with([](const paper::Step& l) { return l.direction() / paper::root(l.current.b); },
                    deviation)},
      {"forward-gain-without-sigma", "Eq8", "the gain ignores sigma", parametric,
       forward_with([](const paper::Step& l) { return paper::root(l.current.b / l.prev.b); }, deviation)},
      {"forward-x0-left-out", "NonMarkov", "x_0's part is left out at eta < 1", parametric,
       [](Subject& subject) {
         subject.forward = [](const Setting& s, int i, const Batch& x_prev, const Batch&,
                              const Batch& noise) {
           return Batch(s.law(i).forward_gain() * x_prev + s.law(i).forward_sigma() * noise);
         };
       }},
      {"forward-gain-one-percent", "Eq8", "the gain is 1 % too large", parametric,
       forward_with([](const paper::Step& l) { return 1.01 * l.forward_gain(); }, deviation)},
      {"non-markov-sign", "NonMarkov", "the closed form with its sign reversed", exact,
       [](Subject& subject) {
         const auto right = subject.non_markov;
         subject.non_markov = [=](const Setting& s, int i) { return -right(s, i); };
       }},
      {"non-markov-by-subtraction", "NonMarkov", "1 - a_t by subtraction in float32", exact,
       [](Subject& subject) {
         subject.non_markov = [](const Setting& s, int i) {
           const paper::Step& l = s.law(i);
           const auto a = static_cast<float>(l.current.a), p = static_cast<float>(l.prev.a),
                      v = static_cast<float>(l.s2);
           return static_cast<double>(std::sqrt(a) - std::sqrt((1 - a) * std::max(0.0F, 1 - p - v)) /
                                                         (1 - p) * std::sqrt(p));
         };
       }},
      // Eq6
      {"path-reuses-noise", "Eq6", "one batch of noise drives every step", dependence,
       [](Subject& subject) {
         subject.path = [](const Setting& s, const Batch& x0, const Path& noise) {
           return q_sample_path(s.chain, x0, Path(noise.size(), noise.front()));
         };
       }},
      {"path-forward-reuses-noise", "Eq6", "one batch of noise drives every forward step", dependence,
       [](Subject& subject) {
         subject.path_forward = [](const Setting& s, const Batch& x0, const Path& noise) {
           return q_sample_path_forward(s.chain, x0, Path(noise.size(), noise.front()));
         };
       }},
      {"path-independent-marginals", "Eq6", "every x_t is drawn from its marginal alone", dependence,
       path_with([](const Setting& s, const Batch& x0, Path noise) {
         Path path;
         for (int i = 1; i <= s.S(); ++i) {
           path.push_back(paper::root(s.law(i).current.a) * x0 +
                          paper::root(s.law(i).current.b) * noise[static_cast<std::size_t>(i - 1)]);
         }
         return path;
       })},
      {"path-starts-at-noise", "Eq6", "x_T is N(0, I), not Eq6T", parametric,
       path_with([](const Setting& s, const Batch& x0, Path noise) {
         Path path(noise.size());
         path.back() = noise.back();
         for (int i = s.S(); i >= 2; --i) {
           const paper::Step& l = s.law(i);
           const auto k = static_cast<std::size_t>(i - 1);
           path[k - 1] =
               l.posterior_x0() * x0 +
               l.direction() * (path[k] - paper::root(l.current.a) * x0) / paper::root(l.current.b) +
               l.sigma() * noise[k - 1];
         }
         return path;
       })},
      {"path-direction-without-sigma", "Eq7", "the radicand is 1 - a_prev", parametric,
       path_with([](const Setting& s, const Batch& x0, Path noise) {
         Path path(noise.size());
         path.back() =
             paper::root(s.law(s.S()).current.a) * x0 + paper::root(s.law(s.S()).current.b) * noise.back();
         for (int i = s.S(); i >= 2; --i) {
           const paper::Step& l = s.law(i);
           const auto k = static_cast<std::size_t>(i - 1);
           path[k - 1] =
               l.posterior_x0() * x0 +
               paper::root(l.prev.b) * (path[k] - paper::root(l.current.a) * x0) / paper::root(l.current.b) +
               l.sigma() * noise[k - 1];
         }
         return path;
       })},
      {"path-half-sigma", "Eq7", "the noise of the path is scaled by sigma / 2", parametric,
       [](Subject& subject) {
         subject.path = [](const Setting& s, const Batch& x0, Path noise) {
           for (std::size_t k = 0; k + 1 < noise.size(); ++k) noise[k] *= 0.5;
           return q_sample_path(s.chain, x0, noise);
         };
       }},
      {"path-forward-by-deviation-squared", "Eq8", "the forward path's noise is scaled by its variance",
       parametric,
       [](Subject& subject) {
         subject.path_forward = [](const Setting& s, const Batch& x0, Path noise) {
           for (int i = 2; i <= s.S(); ++i)
             noise[static_cast<std::size_t>(i - 1)] *= s.law(i).forward_sigma();
           return q_sample_path_forward(s.chain, x0, noise);
         };
       }},
      // Lemma1
      {"noising-mean-one-percent", "Lemma1", "x_0's coefficient is 1 % too large", parametric,
       [](Subject& subject) {
         subject.q_sample = [](const Setting& s, int i, const Batch& x0, const Batch& z) {
           return Batch(1.01 * paper::root(s.law(i).current.a) * x0 + paper::root(s.law(i).current.b) * z);
         };
       }},
      {"noising-variance-five-percent", "Lemma1", "the variance is 5 % too small", parametric,
       [](Subject& subject) {
         subject.q_sample = [](const Setting& s, int i, const Batch& x0, const Batch& z) {
           return Batch(paper::root(s.law(i).current.a) * x0 +
                        std::sqrt(0.95) * paper::root(s.law(i).current.b) * z);
         };
       }},
      // Eq11
      {"kl-swapped", "Eq11", "the arguments of the prior's KL are swapped", exact,
       kl_form_with([](KlForm& form, const Chain& chain, const Batch& x0) {
         form.prior = kl_divergence({Batch::Zero(x0.rows(), x0.cols()), 1.0},
                                    q_marginal(chain.steps.back().current, x0));
       })},
      {"kl-minus-d-missing", "Eq11", "-d is missing from the KL", exact,
       kl_form_with([](KlForm& form, const Chain&, const Batch& x0) {
         form.prior.array() += static_cast<double>(x0.rows()) / 2;
       })},
      {"kl-mean-for-sum", "Eq11", "the mean over dimensions for their sum", exact,
       kl_form_with([](KlForm& form, const Chain&, const Batch& x0) {
         for (PerSample& kl : form.step) kl /= static_cast<double>(x0.rows());
       })},
      {"kl-sigma-unsquared", "Eq11", "the KL of a step divides by sigma", exact,
       kl_form_with([](KlForm& form, const Chain& chain, const Batch&) {
         for (std::size_t i = 0; i < form.step.size(); ++i) form.step[i] *= chain.sigma[i + 1].value();
       })},
      {"objective-bits-for-nats", "Eq11", "logarithms to base two", parametric,
       objective_with(&Subject::log_ratio, [=](Objective f) { return times(f, nats); })},
      {"objective-first-term-left-out", "Eq11", "-log p(x_0 | x_1) is left out", exact,
       kl_form_with([](KlForm& form, const Chain&, const Batch&) { form.reconstruction.setZero(); })},
      {"objective-first-term-as-kl", "Eq11", "t = 1 as a KL: (d/2) log(2 pi sigma_1^2) is lost", exact,
       kl_form_with([](KlForm& form, const Chain& chain, const Batch& x0) {
         form.reconstruction.array() -=
             0.5 * static_cast<double>(x0.rows()) *
             std::log(2 * std::numbers::pi * static_cast<double>(chain.sigma[0].variance()));
       })},
      {"objective-prior-dropped", "Eq11", "the term at T is dropped", exact,
       kl_form_with([](KlForm& form, const Chain&, const Batch&) { form.prior.setZero(); })},
      {"ratio-prior-dropped", "Eq11", "log p(x_T) is dropped from the log ratio", parametric,
       [](Subject& subject) {
         const Objective ratio = subject.log_ratio;
         subject.log_ratio = [=](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
           return PerSample(ratio(c, m, x, x0) + ddim::log_p_prior(x));
         };
       }},
      {"ratio-transitions-by-mean", "Eq11", "the mean over dimensions for the sum in log p", parametric,
       [](Subject& subject) {
         const Objective ratio = subject.log_ratio;
         subject.log_ratio = [=](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
           return PerSample(ratio(c, m, x, x0) + 0.5 * ddim::log_p_transitions(c, m, x, x0));
         };
       }},
      {"terminal-with-one", "Eq11", "log q(x_T | x_0) with variance 1", exact,
       [](Subject& subject) {
         subject.log_q_terminal = [](const Chain& c, const EpsModel&, const Path& x, const Batch& x0) {
           return log_density({sqrt_alpha_bar(c.steps.back().current) * x0, 1.0}, x.back());
         };
       }},
      {"loss-by-mean", "Eq11", "the loss averages over dimensions", parametric,
       objective_with(&Subject::simple_loss,
                      [](Objective f) -> Objective {
                        return [=](const Chain& c, const EpsModel& m, const Path& x, const Batch& x0) {
                          return PerSample(f(c, m, x, x0) / static_cast<double>(x0.rows()));
                        };
                      })},
      {"loss-two-percent", "Eq11", "the loss is 2 % too large", parametric,
       objective_with(&Subject::simple_loss, [](Objective f) { return times(f, 1.02); })},
      // Theorem1
      {"gamma-as-printed", "Theorem1", "gamma_t = 1 / (2 d sigma^2 a_t)", exact,
       gamma_with([](const Chain& c, std::size_t i, double) {
         return 1 / (2 * 2 * static_cast<double>(c.sigma[i].variance()) *
                     static_cast<double>(c.steps[i].current.alpha_bar));
       })},
      {"gamma-without-c", "Theorem1", "c_t^2 is missing", exact,
       gamma_with([](const Chain& c, std::size_t i, double) {
         return static_cast<double>(c.steps[i].current.one_minus_alpha_bar) /
                (2 * static_cast<double>(c.sigma[i].variance()) *
                 static_cast<double>(c.steps[i].current.alpha_bar));
       })},
      {"gamma-without-one-minus-a", "Theorem1", "(1 - a_t) is missing", exact,
       gamma_with([](const Chain& c, std::size_t i, double right) {
         return right / static_cast<double>(c.steps[i].current.one_minus_alpha_bar);
       })},
      {"gamma-by-dimension", "Theorem1", "1 / d in the weight", exact,
       gamma_with([](const Chain&, std::size_t, double right) { return right / 2; })},
      {"gamma-first-left-out", "Theorem1", "gamma_1 = 0", exact,
       gamma_with([](const Chain&, std::size_t i, double right) { return i == 0 ? 0 : right; })},
      // Eq13, Eq14
      {"encode-same-index", "Eq13", "alpha of the same index on both sides", exact,
       encode_with([](const paper::Step& l, const Batch& x, const Batch& eps) {
         return Batch(x +
                      (paper::root(l.current.b) - paper::root(l.current.b * l.current.a / l.prev.a)) * eps);
       })},
      {"encode-sign", "Eq13", "eps is subtracted", exact,
       encode_with([](const paper::Step& l, const Batch& x, const Batch& eps) {
         return Batch(paper::root(l.current.a / l.prev.a) * x -
                      (paper::root(l.current.b) - paper::root(l.current.a * l.prev.b / l.prev.a)) * eps);
       })},
      {"encode-unscaled", "Eq14", "Euler's step without the scale of x_bar", exact,
       encode_with([](const paper::Step& l, const Batch& x, const Batch& eps) {
         return Batch(x + (paper::root(l.current.b / l.current.a) - paper::root(l.prev.b / l.prev.a)) * eps);
       })},
      {"encode-by-variance", "Eq14", "ode_sigma without its root", exact,
       encode_with([](const paper::Step& l, const Batch& x, const Batch& eps) {
         const auto move = static_cast<double>(l.current.b / l.current.a - l.prev.b / l.prev.a);
         return Batch(paper::root(l.current.a) * (x / paper::root(l.prev.a) + move * eps));
       })},
      // AppendixA
      {"discrete-sigma-sign", "AppendixA", "s enters with the wrong sign", parametric,
       discrete_with([](const Transition& t, double s) {
         return DiscreteWeights{
             s, t.prev.alpha_bar + s * t.current.alpha_bar,
             static_cast<double>(t.prev.one_minus_alpha_bar) - t.current.one_minus_alpha_bar * s};
       })},
      {"discrete-without-k", "AppendixA", "the uniform part without 1 / K", parametric,
       [](Subject& subject) {
         subject.discrete_posterior = [](const Transition& t, double s, const Batch& x_t, const Batch& x0) {
           const DiscreteWeights w = discrete_weights(t, s);
           Batch p = (w.x_t * x_t + w.x0 * x0).array() + w.uniform;
           return Batch(p.array().rowwise() / p.colwise().sum().array());
         };
       }},
      {"discrete-of-d3pm", "AppendixA", "D3PM's posterior, q(x_t | x_{t-1}) q(x_{t-1} | x_0), for every s",
       parametric,
       [](Subject& subject) {
         subject.discrete_posterior = [](const Transition& t, double, const Batch& x_t, const Batch& x0) {
           const auto K = static_cast<double>(x0.rows()), kept = t.current.alpha_bar / t.prev.alpha_bar;
           const Batch likelihood = (kept * x_t).array() + (1 - kept) / K,
                       prior = discrete_marginal(t.prev, x0);
           Batch p = likelihood.cwiseProduct(prior);
           return Batch(p.array().rowwise() / p.colwise().sum().array());
         };
       }},
      {"discrete-s-ignored", "AppendixA", "s = 0 whatever was asked", parametric,
       discrete_with([](const Transition& t, double) { return discrete_weights(t, 0); })},
      {"discrete-x0-without-s", "AppendixA", "x_0's weight is a_prev, then normalised", parametric,
       discrete_with([](const Transition& t, double s) {
         DiscreteWeights w = discrete_weights(t, s);
         w.x0 = t.prev.alpha_bar;
         return w;
       })},
      // The noise and the generator
      {"noise-uniform",
       "Eq12",
       "uniform noise of unit variance",
       shape,
       noise_through(uniform_of),
       {},
       log_uniform},
      {"noise-laplace",
       "Eq12",
       "Laplace noise of unit variance",
       shape,
       noise_through(laplace_of),
       {},
       log_laplace},
      {"noise-logistic",
       "Eq12",
       "logistic noise of unit variance",
       shape,
       noise_through(logistic_of),
       {},
       log_logistic},
      {"noise-triangular",
       "Eq12",
       "the sum of two uniforms",
       shape,
       noise_through(triangular_of),
       {},
       log_triangular},
      {"noise-two-widths",
       "Eq12",
       "one draw in twenty is three times as wide",
       shape,
       noise_through(cauchy_mixed),
       {},
       log_two_widths},
      {"noise-cut-at-two",
       "Eq12",
       "draws beyond two are redrawn, and not rescaled",
       shape,
       noise_through(cut_at_two),
       {},
       log_cut_at_two},
      {"noise-signs", "Eq12", "only the sign of the noise is kept", shape,
       noise_through([](double z) { return z < 0 ? -1.0 : 1.0; })},
      {"noise-eighths", "Eq12", "noise rounded to eighths, as bfloat16 does near two", shape,
       noise_through([](double z) { return std::round(z * 8) / 8; })},
      {"noise-absolute", "Eq12", "the noise has lost its sign", shape,
       noise_through([](double z) { return std::abs(z); })},
      {"noise-biased", "Eq12", "noise of mean 0.05", parametric,
       noise_through([](double z) { return z + 0.05; })},
      {"noise-wide", "Eq12", "noise of variance 1.05", parametric,
       noise_through([](double z) { return std::sqrt(1.05) * z; })},
      {"noise-not-finite", "Eq12", "one output in about a thousand is NaN", exact, sometimes_nan},
      {"noise-one-per-batch", "Eq12", "one column of noise for the whole batch", dependence,
       step_noise([](const Batch& z) { return Batch(z.col(0).replicate(1, z.cols())); })},
      {"noise-one-per-sample", "Eq12", "one number of noise for all dimensions of a sample", dependence,
       step_noise([](const Batch& z) { return Batch(z.row(0).replicate(z.rows(), 1)); })},
      {"noise-reseeded", "Eq12", "every call draws the same noise", dependence,
       step_noise(
           [](const Batch& z) { return Draws(0, Stream::noise, 0).normal_batch(z.rows(), z.cols(), 0, 0); })},
      {"noise-correlated", "Eq12", "neighbouring dimensions correlate by 0.2", dependence,
       step_noise([](const Batch& z) {
         Batch mixed = z;
         for (Eigen::Index i = 1; i < z.rows(); ++i)
           mixed.row(i) = 0.2 * mixed.row(i - 1) + std::sqrt(0.96) * z.row(i);
         return mixed;
       })},
      {"generator-block-ignored", "Generator", "the counter leaves the block out: steps share their noise",
       dependence,
       generator_with([](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                         std::uint32_t) { return draws.normal_batch(d, n, first, 0); })},
      {"generator-sample-ignored", "Generator", "the counter leaves the sample out", dependence,
       generator_with([](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t,
                         std::uint32_t block) { return draws.normal_batch(d, n, 0, block); })},
      {"generator-dimension-ignored", "Generator", "all dimensions share a draw", dependence,
       generator_rewritten([](const Batch& z) { return Batch(z.row(0).replicate(z.rows(), 1)); })},
      {"generator-batches-overlap", "Generator", "every second sample repeats the one before", dependence,
       generator_rewritten([](const Batch& z) {
         Batch out = z;
         for (Eigen::Index j = 1; j < z.cols(); j += 2) out.col(j) = z.col(j - 1);
         return out;
       })},
      {"box-muller-without-two", "Generator", "sqrt(-log u) for sqrt(-2 log u)", parametric,
       generator_rewritten([](const Batch& z) { return Batch(z / std::numbers::sqrt2); })},
      {"box-muller-half-turn", "Generator", "angle pi u for 2 pi u", shape,
       generator_with([](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                         std::uint32_t block) {
         Batch z = draws.normal_batch(d, n, first, block);
         for (Eigen::Index j = 0; j < n; ++j) {
           for (Eigen::Index i = 0; i + 1 < d; i += 2) {
             const double r = std::hypot(z(i, j), z(i + 1, j)), angle = std::atan2(z(i + 1, j), z(i, j)) / 2;
             z(i, j) = r * std::cos(angle);
             z(i + 1, j) = r * std::sin(angle);
           }
         }
         return z;
       })},
      {"box-muller-shared-radius", "Generator", "two pairs share their radius", dependence,
       generator_with(
           [](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
             Batch z = draws.normal_batch(d, n, first, block);
             for (Eigen::Index j = 0; j < n; ++j) {
               for (Eigen::Index i = 2; i + 1 < d; i += 2) {
                 const double scale = std::hypot(z(0, j), z(1, j)) / std::hypot(z(i, j), z(i + 1, j));
                 z(i, j) *= scale;
                 z(i + 1, j) *= scale;
               }
             }
             return z;
           })},
      {"box-muller-eight-bits", "Generator", "the angle has eight bits", shape,
       generator_with(
           [](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
             Batch z = draws.normal_batch(d, n, first, block);
             for (Eigen::Index j = 0; j < n; ++j) {
               for (Eigen::Index i = 0; i + 1 < d; i += 2) {
                 const double r = std::hypot(z(i, j), z(i + 1, j)),
                              turn = std::atan2(z(i + 1, j), z(i, j)) / std::numbers::pi;
                 const double angle = std::floor(turn * 8) / 8 * std::numbers::pi;
                 z(i, j) = r * std::cos(angle);
                 z(i + 1, j) = r * std::sin(angle);
               }
             }
             return z;
           })},
      // Equivalent: no claim may see them
      {"noise-sign-flipped", "Eq12", "x_prev = mean - sigma z", parametric,
       step_noise([](const Batch& z) { return Batch(-z); }),
       "-z has the law of z; only Eq12.injected, which hands z in, sees it"},
      {"noise-dimensions-reversed", "Eq12", "the noise's rows in reverse order", parametric,
       step_noise([](const Batch& z) { return Batch(z.colwise().reverse()); }),
       "independent coordinates may change places; only Eq12.injected sees it"},
      {"uniforms-of-32-bits", "Generator", "|z| stops at 6.66", shape,
       generator_rewritten([](const Batch& z) { return Batch(z.cwiseMax(-6.66).cwiseMin(6.66)); }),
       "out of statistical reach: P(|z| > 6.66) = 2.7e-11; the known-answer test of the 53 bits covers it"},
  };
  return all;
}

}  // namespace

std::string to_text(FaultKind kind) {
  switch (kind) {
    case FaultKind::parametric:
      return "parametric";
    case FaultKind::shape:
      return "shape";
    case FaultKind::dependence:
      return "dependence";
    case FaultKind::exact:
      return "exact";
  }
  return {};
}

std::span<const EquationFault> equation_faults() {
  static const std::vector<EquationFault> all = make_faults();
  return all;
}

const EquationFault* find_equation_fault(const std::string& name) {
  const auto all = equation_faults();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const EquationFault& f) { return f.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::span<const SuiteFault> suite_faults() {
  static const std::vector<SuiteFault> all{
      {"comparison-inverted", "FAIL when log E is below its bar",
       [](Instruments& i) { i.exceeds = [](double log_e, double bar) { return log_e < bar; }; }},
      {"comparison-never", "the bar is compared with itself",
       [](Instruments& i) { i.exceeds = [](double, double bar) { return bar > bar; }; }},
      {"nan-swallowed", "NaN compares false and passes",
       [](Instruments& i) {
         i.reject_non_finite = false;
         i.exceeds = [](double log_e, double bar) { return log_e > bar; };
       }},
      {"level-not-logged", "log E is compared with 1 / alpha",
       [](Instruments& i) { i.exceeds = [](double log_e, double bar) { return log_e >= std::exp(bar); }; }},
      {"base-ten", "log E is compared with log10(1 / alpha)",
       [](Instruments& i) {
         i.exceeds = [](double log_e, double bar) { return log_e >= -bar / std::numbers::ln10; };
       }},
      {"missing-root-n", "the sum is divided by n, not sqrt(n)",
       [](Instruments& i) { i.standardise = [](double sum, double n) { return sum / n; }; }},
      {"undivided-sum", "the sum is not standardised",
       [](Instruments& i) { i.standardise = [](double sum, double) { return sum; }; }},
      {"cdf-for-complement", "the lower tail where the upper is meant",
       [](Instruments& i) {
         i.p_normal = [](double z) { return std::min(1.0, 2 * normal_cdf(std::abs(z))); };
       }},
      {"one-sided-variance", "only large variances are suspect",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return x < k ? 1.0 : p_chi_squared(x, k); };
       }},
      {"one-sided-variance-below", "only small variances are suspect",
       [](Instruments& i) {
         i.p_chi_squared = [](double x, double k) { return x > k ? 1.0 : p_chi_squared(x, k); };
       }},
      {"degrees-off", "chi^2 with 2 n degrees",
       [](Instruments& i) { i.p_chi_squared = [](double x, double k) { return p_chi_squared(x, 2 * k); }; }},
      {"whitened-by-subject", "residuals are whitened with the code under test",
       [](Instruments& i) { i.whiten_by_paper = false; }},
  };
  return all;
}

std::vector<std::string> self_check(const Instruments& instruments) {
  std::vector<std::string> wrong;
  const Setting setting = Setting::standard(0.5, 3);
  Options options;
  options.instruments = instruments;
  options.tier = {"self-check", 4000, 2e4, 1, 1, 1, 1e4};
  const auto status = [&](const Subject& subject, const std::string& claim) {
    options.only = {claim};
    return judge(subject, setting, options).verdicts.front().status;
  };
  for (const std::string claim : {"Eq12.path", "Generator.moments"}) {
    if (status(Subject::reference(), claim) != Status::pass)
      wrong.push_back("the reference does not pass " + claim);
  }
  const auto must_fail = [&](const std::string& what, const std::string& claim,
                             const std::function<void(Subject&)>& apply) {
    Subject subject = Subject::reference();
    apply(subject);
    if (status(subject, claim) != Status::fail) wrong.push_back(what + " does not fail " + claim);
  };
  const auto known = [&](const std::string& name, const std::string& claim) {
    must_fail(name, claim, find_equation_fault(name)->apply);
  };
  must_fail("noise of deviation 1.3", "Eq12.path", step_noise([](const Batch& z) { return Batch(1.3 * z); }));
  known("noise-not-finite", "Eq12.amplified");
  known("noise-absolute", "Generator.moments");
  // The mean alone wrong, the variance alone too large, alone too small: each piece of the moments for
  // itself.
  must_fail("a mean of 0.1", "Generator.moments",
            generator_rewritten([](const Batch& z) { return Batch(z.array() + 0.1); }));
  must_fail("a variance of 1.21", "Generator.moments",
            generator_rewritten([](const Batch& z) { return Batch(1.1 * z); }));
  must_fail("a variance of 0.81", "Generator.moments",
            generator_rewritten([](const Batch& z) { return Batch(0.9 * z); }));
  return wrong;
}

}  // namespace ddim::statistics
