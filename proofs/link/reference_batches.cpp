// The reference on batches: every lane and tail of its loops, every layout, every function of a batch.
//   reference_batches VALUES          (how many values are to be compared; fewer or more is a failure)
//
// What is affine in its batches is compared bit for bit with the printed affine2 and affine3 in double, each
// coefficient with its own printed tree at 113 bits: one ulp. What sums over dimensions or times (densities,
// divergences, losses) is compared with the sum of printed trees: kSlack times the error that running.v's
// ingredients carry through it. The sum's order is the plain one and not the library's; that kSlack covers
// the difference is argued by hand, and the worst ratio seen is printed.

#include <cstring>
#include <functional>
#include <iostream>
#include <random>

#include "link/samples.hpp"
#include "link/traced.hpp"
#include "reference/ddim.hpp"

namespace ddim::link {
namespace {

constexpr int kSlack = 4;

Quad quad(const Wide& x) { return Quad(x.hi) + Quad(x.lo); }
Traced exact(double x) { return Traced(x); }
const Quad kExactLogTwoPi = log(2 * boost::math::constants::pi<Quad>());

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

long compared = 0;
double worst = 0;

std::string at(const std::string& what, Eigen::Index i, Eigen::Index j, const BatchRef& batch) {
  return what + "(" + std::to_string(i) + ", " + std::to_string(j) + ") of " + std::to_string(batch.rows()) +
         " x " + std::to_string(batch.cols());
}

void same_bits(const std::string& what, const BatchRef& got, const std::function<double(int, int)>& wanted) {
  for (int j = 0; j < got.cols(); ++j) {
    for (int i = 0; i < got.rows(); ++i, ++compared) {
      const double value = got(i, j), want = wanted(i, j);
      if (std::memcmp(&value, &want, sizeof value) != 0) {
        throw Refused(at(what, i, j, got) + ": " + to_text(value) + ", the printed tree " + to_text(want));
      }
    }
  }
}

void one_ulp(const std::string& what, double got, const Quad& want) {
  const double size = std::abs(got);
  const Quad ulp = Quad(std::nextafter(size, INFINITY)) - Quad(size);
  ++compared;
  if (!(abs(Quad(got) - want) <= ulp)) {
    throw Refused(what + ": " + to_text(got) + ", the printed tree " + want.str(20));
  }
}

void within(const std::string& what, double got, const Traced& want) {
  const Quad bound = kSlack * want.error;
  ++compared;
  if (!(abs(Quad(got) - want.value) <= bound)) {
    throw Refused(what + ": " + to_text(got) + ", the printed trees " + want.value.str(20) + " within " +
                  bound.str(3));
  }
  if (bound > 0) worst = std::max(worst, static_cast<double>(abs(Quad(got) - want.value) / bound));
}

void within(const std::string& what, const PerSample& got, const std::function<Traced(int)>& want) {
  for (int j = 0; j < got.size(); ++j) within(at(what, j, 0, got), got[j], want(j));
}

class Draws {
 public:
  double between(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1p-53);
  }
  Batch batch(Eigen::Index rows, Eigen::Index cols) {
    return Batch::NullaryExpr(rows, cols, [this] { return between(-3, 3); });
  }
  /// Columns are distributions over the rows.
  Batch distributions(Eigen::Index rows, Eigen::Index cols) {
    Batch p = Batch::NullaryExpr(rows, cols, [this] { return between(0.1, 1); });
    for (auto column : p.colwise()) column /= column.sum();
    return p;
  }

 private:
  std::mt19937_64 engine_{20201006};
} draws;

/// Row and column vectors past two turns of the 16-wide loop, and batches whose sizes leave every residue.
std::vector<std::pair<int, int>> shapes() {
  std::vector<std::pair<int, int>> all{{64, 3}, {3, 64}, {16, 2}, {2, 16},
                                       {15, 5}, {17, 3}, {31, 2}, {33, 3}};
  for (int n = 1; n <= 50; ++n) all.insert(all.end(), {{1, n}, {n, 1}});
  for (int rows = 2; rows <= 7; ++rows) {
    for (int cols = 2; cols <= 9; ++cols) all.emplace_back(rows, cols);
  }
  return all;
}

/// A batch as it may lie in memory: whole, or a block with other rows above and below.
class Laid {
 public:
  Laid(Batch batch, bool apart) : rows_(batch.rows()), top_(apart ? 2 : 0) {
    store_ = Batch::Constant(rows_ + 2 * top_, batch.cols(), std::nan(""));
    store_.middleRows(top_, rows_) = batch;
  }
  BatchRef view() const { return store_.middleRows(top_, rows_); }
  BatchOut out() { return store_.middleRows(top_, rows_); }

 private:
  Eigen::Index rows_, top_;
  Batch store_;
};

using Two = std::function<void(const BatchRef&, const BatchRef&, BatchOut)>;
using Three = std::function<void(const BatchRef&, const BatchRef&, const BatchRef&, BatchOut)>;

template <class Function>
Two returned(Function f) {
  return [f](const BatchRef& x, const BatchRef& y, BatchOut out) { out = f(x, y); };
}

double at_units(const Two& f, double x, double y) {
  Batch out(1, 1);
  f(Batch::Constant(1, 1, x), Batch::Constant(1, 1, y), out);
  return out(0);
}

/// Every component of f is fl(fl(c0 x) + fl(c1 y)). 1 * c + 0 * d is c, so f itself tells its coefficients.
void affine(const std::string& what, const Two& f, const Quad& c0, const Quad& c1) {
  const double k0 = at_units(f, 1, 0), k1 = at_units(f, 0, 1);
  one_ulp(what + ", first coefficient", k0, c0);
  one_ulp(what + ", second coefficient", k1, c1);
  for (const auto& [rows, cols] : shapes()) {
    for (const bool apart : {false, true}) {
      const Laid x(draws.batch(rows, cols), apart), y(draws.batch(rows, cols), apart);
      Laid out(Batch::Zero(rows, cols), apart);
      f(x.view(), y.view(), out.out());
      same_bits(what, out.view(),
                [&](int i, int j) { return proved::affine2(k0, x.view()(i, j), k1, y.view()(i, j)); });
    }
  }
}

/// The same of three; the coefficients are given, since each is linked where it is made.
void affine(const std::string& what, const Three& f, double c0, double c1, double c2) {
  for (const auto& [rows, cols] : shapes()) {
    for (const bool apart : {false, true}) {
      const Laid x(draws.batch(rows, cols), apart), y(draws.batch(rows, cols), apart),
          z(draws.batch(rows, cols), apart);
      const auto wanted = [&](int i, int j) {
        return proved::affine3(c0, x.view()(i, j), c1, y.view()(i, j), c2, z.view()(i, j));
      };
      Laid out(Batch::Zero(rows, cols), apart);
      f(x.view(), y.view(), z.view(), out.out());
      same_bits(what, out.view(), wanted);
    }
  }
}

void combinations() {
  const double c0 = 1.25, c1 = -0.7, c2 = 0.3;
  const Two two = [=](const BatchRef& x, const BatchRef& y, BatchOut out) {
    combine({c0, "x", x}, {c1, "y", y}, out);
  };
  affine("combine", two, c0, c1);
  affine("combine", returned([=](const BatchRef& x, const BatchRef& y) {
           return combine({c0, "x", x}, {c1, "y", y});
         }),
         c0, c1);
  const Three three = [=](const BatchRef& x, const BatchRef& y, const BatchRef& z, BatchOut out) {
    combine({c0, "x", x}, {c1, "y", y}, {c2, "z", z}, out);
  };
  affine("combine of three", three, c0, c1, c2);
  affine(
      "combine of three",
      [=](const BatchRef& x, const BatchRef& y, const BatchRef& z, BatchOut out) {
        out = combine({c0, "x", x}, {c1, "y", y}, {c2, "z", z});
      },
      c0, c1, c2);
  for (const auto& [rows, cols] : shapes()) {  // over one of its inputs
    const Batch x = draws.batch(rows, cols), y = draws.batch(rows, cols), z = draws.batch(rows, cols);
    Batch over = x;
    two(over, y, over);
    same_bits("combine over its first", over,
              [&](int i, int j) { return proved::affine2(c0, x(i, j), c1, y(i, j)); });
    over = z;
    three(x, y, over, over);
    same_bits("combine over its third", over,
              [&](int i, int j) { return proved::affine3(c0, x(i, j), c1, y(i, j), c2, z(i, j)); });
  }
}

/// What of one level is affine: its coefficients are trees of alpha_bar at (1, 0) and (0, 1).
void level_functions(const NoiseLevel& level) {
  const Quad a = quad(level.alpha_bar);
  const auto pair = [&](const char* what, auto f, auto tree) {
    affine(what, returned(f), tree(a, Quad(1), Quad(0)), tree(a, Quad(0), Quad(1)));
  };
  affine(
      "q_sample", [&](const BatchRef& x0, const BatchRef& z, BatchOut out) { q_sample(level, x0, z, out); },
      proved::lemma1_x0_coefficient(a), proved::lemma1_std(a));
  const PredictorCoefficients to_x0 = predict_x0_coefficients(level),
                              to_eps = predict_eps_coefficients(level);
  one_ulp("predict_x0_coefficients, x_t", to_x0.x_t, proved::eq9_predict_x0(a, Quad(1), Quad(0)));
  one_ulp("predict_x0_coefficients, eps", to_x0.other, proved::eq9_predict_x0(a, Quad(0), Quad(1)));
  one_ulp("predict_eps_coefficients, x_t", to_eps.x_t, proved::eq9_predict_eps(a, Quad(1), Quad(0)));
  one_ulp("predict_eps_coefficients, x_0", to_eps.other, proved::eq9_predict_eps(a, Quad(0), Quad(1)));
  using B = const BatchRef&;
  pair(
      "q_sample", [&](B x0, B z) { return q_sample(level, x0, z); }, proved::lemma1_sample<Quad>);
  pair(
      "predict_x0", [&](B x, B e) { return predict_x0(level, x, e); }, proved::eq9_predict_x0<Quad>);
  pair(
      "predict_eps", [&](B x, B x0) { return predict_eps(level, x, x0); }, proved::eq9_predict_eps<Quad>);
  pair(
      "predict_v", [&](B e, B x0) { return predict_v(level, e, x0); },
      [](Quad alpha_bar, Quad e, Quad x0) { return proved::eq9_velocity(alpha_bar, x0, e); });
  pair(
      "predict_x0_from_v", [&](B x, B v) { return predict_x0_from_v(level, x, v); },
      proved::eq9_x0_from_velocity<Quad>);
  pair(
      "predict_eps_from_v", [&](B x, B v) { return predict_eps_from_v(level, x, v); },
      proved::eq9_eps_from_velocity<Quad>);
  pair(
      "predict_x0, eps", [&](B x, B e) { return predict_x0(level, Prediction::eps, x, e); },
      proved::eq9_predict_x0<Quad>);
  pair(
      "predict_x0, v", [&](B x, B v) { return predict_x0(level, Prediction::v, x, v); },
      proved::eq9_x0_from_velocity<Quad>);
  pair(
      "predict_eps, x0", [&](B x, B x0) { return predict_eps(level, Prediction::x0, x, x0); },
      proved::eq9_predict_eps<Quad>);
  pair(
      "predict_eps, v", [&](B x, B v) { return predict_eps(level, Prediction::v, x, v); },
      proved::eq9_eps_from_velocity<Quad>);
  pair(
      "point_mass_eps", [&](B x, B x0) { return point_mass_eps(x0)(level, x); },
      proved::eq9_predict_eps<Quad>);
  for (const auto& [rows, cols] : shapes()) {
    const Batch x = draws.batch(rows, cols), y = draws.batch(rows, cols);
    same_bits("predict_x0, x0", predict_x0(level, Prediction::x0, x, y),
              [&](int i, int j) { return y(i, j); });
    same_bits("predict_eps, eps", predict_eps(level, Prediction::eps, x, y),
              [&](int i, int j) { return y(i, j); });
    const Gaussian law = q_marginal(level, x);
    const double c = sqrt_alpha_bar(level);
    same_bits("q_marginal", law.mean, [&](int i, int j) { return c * x(i, j); });
    one_ulp("q_marginal, variance", law.variance, proved::lemma1_variance(a));
  }
}

void variance_is(const std::string& what, double got, const Sigma& sigma) {
  one_ulp(what + ", variance", got, quad(sigma.variance()));
}

void step_functions(const Transition& step, const Sigma& sigma) {
  const Quad a = quad(step.current.alpha_bar), p = quad(step.prev.alpha_bar), v = quad(sigma.variance());
  const bool last = step.prev.one_minus_alpha_bar == 0.0;
  using B = const BatchRef&;
  const Batch unit = Batch::Ones(1, 1);
  const Quad none = 0;
  if (!last) {
    affine("q_posterior", returned([&](B x0, B x) { return q_posterior(step, sigma, x, x0).mean; }),
           proved::eq7_x0_coefficient(a, p, v), proved::eq7_x_coefficient(a, p, v));
    // x_0's coefficient passes through zero at eta = 1: it is linked where it is made, in reference.hpp.
    affine("forward_step", returned([&](B x0, B x) { return forward_step(step, sigma, x, x0).mean; }),
           quad(non_markov_coefficient(step, sigma)), proved::eq8_prev_coefficient(a, p, v));
    variance_is("q_posterior", q_posterior(step, sigma, unit, unit).variance, sigma);
    one_ulp("forward_step, variance", forward_step(step, sigma, unit, unit).variance,
            proved::eq8_variance(a, p, v));
  }
  // At the last step the mean is f_theta(x_1), whatever sigma_1 is.
  affine("p_step", returned([&](B x, B e) { return p_step(step, sigma, x, e).mean; }),
         proved::eq12_x_coefficient(a, p), proved::eq12_eps_coefficient(a, p, last ? none : v));
  const MeanCoefficients mean = p_mean_coefficients(step, sigma);
  one_ulp("p_mean_coefficients, x_t", mean.x_t, proved::eq12_x_coefficient(a, p));
  one_ulp("p_mean_coefficients, eps", mean.eps, proved::eq12_eps_coefficient(a, p, last ? none : v));
  variance_is("p_step", p_step(step, sigma, unit, unit).variance, sigma);
  affine("ddim_encode_step", returned([&](B x, B e) { return ddim_encode_step(step, x, e); }),
         proved::eq13_encode_x_coefficient(a, p), proved::eq13_encode_eps_coefficient(a, p));
  const StepCoefficients still = step_coefficients(step, Sigma(0));
  affine("ddim_step without noise", returned([&](B x, B e) { return ddim_step(still, x, e); }),
         proved::eq12_x_coefficient(a, p), proved::eq12_eps_coefficient(a, p, none));
  const Sigma admitted = last ? Sigma(0) : sigma;
  for (const Prediction prediction : {Prediction::eps, Prediction::x0, Prediction::v}) {
    const StepCoefficients c = step_coefficients(step, admitted, prediction);
    const Quad w = quad(admitted.variance());
    const bool eps = prediction == Prediction::eps, x0 = prediction == Prediction::x0;
    one_ulp("step_coefficients, x_t", c.x_t,
            eps  ? proved::eq12_x_coefficient(a, p)
            : x0 ? proved::eq7_x_coefficient(a, p, w)
                 : proved::eq12_v_x_coefficient(a, p, w));
    one_ulp("step_coefficients, output", c.output,
            eps  ? proved::eq12_eps_coefficient(a, p, w)
            : x0 ? proved::eq7_x0_coefficient(a, p, w)
                 : proved::eq12_v_coefficient(a, p, w));
    one_ulp("step_coefficients, sigma", c.sigma, sqrt(w));
    affine(
        "ddim_step", [&](B x, B e, B z, BatchOut out) { ddim_step(c, x, e, z, out); }, c.x_t, c.output,
        c.sigma);
    affine(
        "ddim_step", [&](B x, B e, B z, BatchOut out) { out = ddim_step(c, x, e, z); }, c.x_t, c.output,
        c.sigma);
  }
  const Batch zero = Batch::Zero(1, 1);
  const double direction = ddim_step_from_parts(step, admitted, zero, unit, zero)(0);
  one_ulp("ddim_step_from_parts, direction", direction, proved::eq12_direction(p, quad(admitted.variance())));
  affine(
      "ddim_step_from_parts",
      [&](B x0, B e, B z, BatchOut out) { out = ddim_step_from_parts(step, admitted, x0, e, z); },
      sqrt_alpha_bar(step.prev), direction, admitted.value());
}

void discrete_functions(const Transition& step) {
  const double limit = step.prev.one_minus_alpha_bar / step.current.one_minus_alpha_bar;
  const double s = 0.6 * limit;
  const DiscreteWeights w = discrete_weights(step, s);
  const Quad a = quad(step.current.alpha_bar), p = quad(step.prev.alpha_bar);
  one_ulp("discrete_weights, x_t", w.x_t, proved::appendixa_noisy_weight<Quad>(s));
  one_ulp("discrete_weights, x0", w.x0, proved::appendixa_data_weight<Quad>(a, p, s));
  one_ulp("discrete_weights, uniform", w.uniform, proved::appendixa_uniform_weight<Quad>(a, p, s));
  for (const auto& [rows, cols] : shapes()) {
    const Batch x = draws.distributions(rows, cols), x0 = draws.distributions(rows, cols);
    const double K = rows, alpha_bar = step.current.alpha_bar, rest = step.current.one_minus_alpha_bar / K;
    same_bits("discrete_posterior", discrete_posterior(step, s, x, x0),
              [&](int i, int j) { return proved::affine2(w.x_t, x(i, j), w.x0, x0(i, j)) + w.uniform / K; });
    same_bits("discrete_marginal", discrete_marginal(step.current, x0),
              [&](int i, int j) { return alpha_bar * x0(i, j) + rest; });
  }
}

/// A chain, a model and a path: all that Eq6, Eq10 and Eq11 take.
struct Scene {
  Chain chain;
  EpsModel model;
  Eigen::VectorXd mean;
  double variance;
  Batch x0;
  Path path;

  int S() const { return chain.S(); }
  const Transition& step(int i) const { return chain.steps[static_cast<std::size_t>(i)]; }
  const Sigma& sigma(int i) const { return chain.sigma[static_cast<std::size_t>(i)]; }
  const Batch& state(int i) const { return i < 0 ? x0 : path[static_cast<std::size_t>(i)]; }
  Quad a(int i) const { return quad(step(i).current.alpha_bar); }
  Quad p(int i) const { return quad(step(i).prev.alpha_bar); }
  Quad v(int i) const { return quad(sigma(i).variance()); }
};

const Traced kOne(1), kNought(0), kLogDensityConstant = Traced::held(kExactLogTwoPi);

Traced affine_mean(const Quad& c0, double x, const Quad& c1, double y) {
  return proved::affine2(Traced::held(c0), exact(x), Traced::held(c1), exact(y));
}

using Component = std::function<Traced(int)>;
Traced sum(int n, const Component& term) {
  Traced total(0);
  for (int i = 0; i < n; ++i) total = total + term(i);
  return total;
}

/// The parts of one sample j of a scene: means and log densities, as trees.
struct Sample {
  const Scene& s;
  std::vector<Batch> eps;  // the model's, at each state
  int j = 0;

  int d() const { return static_cast<int>(s.x0.rows()); }
  Traced marginal_mean(int i) const {
    return Traced::held(proved::lemma1_x0_coefficient(s.a(s.S() - 1))) * exact(s.x0(i, j));
  }
  Traced marginal_variance() const { return Traced::held(proved::lemma1_variance(s.a(s.S() - 1))); }
  Traced posterior_mean(int t, int i) const {
    return affine_mean(proved::eq7_x0_coefficient(s.a(t), s.p(t), s.v(t)), s.x0(i, j),
                       proved::eq7_x_coefficient(s.a(t), s.p(t), s.v(t)), s.state(t)(i, j));
  }
  Traced generative_mean(int t, int i) const {
    const Quad v = s.step(t).prev.one_minus_alpha_bar == 0.0 ? Quad(0) : s.v(t);
    return affine_mean(proved::eq12_x_coefficient(s.a(t), s.p(t)), s.state(t)(i, j),
                       proved::eq12_eps_coefficient(s.a(t), s.p(t), v),
                       eps[static_cast<std::size_t>(t)](i, j));
  }
  Traced variance(int t) const { return Traced::held(s.v(t)); }
  Traced density(const Component& mean, const Traced& variance, const Batch& x) const {
    return sum(d(), [&](int i) {
      return proved::normal_log_density(kLogDensityConstant, mean(i), variance, exact(x(i, j)));
    });
  }

  Traced log_q_terminal() const {
    return density([&](int i) { return marginal_mean(i); }, marginal_variance(), s.state(s.S() - 1));
  }
  Traced log_q_posteriors() const {
    return sum(s.S() - 1, [&](int k) {
      return density([&](int i) { return posterior_mean(k + 1, i); }, variance(k + 1), s.state(k));
    });
  }
  Traced log_p_transition(int t) const {
    return density([&](int i) { return generative_mean(t, i); }, variance(t), s.state(t - 1));
  }
  Traced log_p_transitions() const {
    return sum(s.S(), [&](int t) { return log_p_transition(t); });
  }
  Traced log_p_prior() const {
    return density([](int) { return kNought; }, kOne, s.state(s.S() - 1));
  }
  Traced kl_prior() const {
    return sum(
        d(), [&](int i) { return proved::kl_normal(marginal_mean(i), marginal_variance(), kNought, kOne); });
  }
  Traced kl_step(int t) const {
    return sum(d(), [&](int i) {
      return proved::kl_normal_equal_variance(posterior_mean(t, i), generative_mean(t, i), variance(t));
    });
  }
  Traced squared_error(int t) const {
    return sum(d(), [&](int i) {
      const Traced noise = affine_mean(proved::eq9_predict_eps(s.a(t), Quad(1), Quad(0)), s.state(t)(i, j),
                                       proved::eq9_predict_eps(s.a(t), Quad(0), Quad(1)), s.x0(i, j));
      return proved::square(noise - exact(eps[static_cast<std::size_t>(t)](i, j)));
    });
  }
};

void objective_functions(const Scene& s) {
  Sample sample{s, {}};
  for (int t = 0; t < s.S(); ++t) sample.eps.push_back(s.model(s.step(t).current, s.state(t)));
  const auto each = [&](const char* what, const PerSample& got, auto part) {
    within(what, got, [&](int j) {
      sample.j = j;
      return part();
    });
  };
  each("q_log_density", q_log_density(s.chain, s.path, s.x0),
       [&] { return sample.log_q_terminal() + sample.log_q_posteriors(); });
  each("log_q_terminal", log_q_terminal(s.chain, s.path, s.x0), [&] { return sample.log_q_terminal(); });
  each("log_q_posteriors", log_q_posteriors(s.chain, s.path, s.x0),
       [&] { return sample.log_q_posteriors(); });
  each("log_p_transitions", log_p_transitions(s.chain, s.model, s.path, s.x0),
       [&] { return sample.log_p_transitions(); });
  each("log_p_prior", log_p_prior(s.path), [&] { return sample.log_p_prior(); });
  each("p_log_density", p_log_density(s.chain, s.model, s.path, s.x0),
       [&] { return sample.log_p_prior() + sample.log_p_transitions(); });
  each("log_ratio", log_ratio(s.chain, s.model, s.path, s.x0), [&] {
    return sample.log_q_terminal() + sample.log_q_posteriors() -
           (sample.log_p_prior() + sample.log_p_transitions());
  });
  const KlForm form = variational_objective(s.chain, s.model, s.path, s.x0);
  each("variational_objective, prior", form.prior, [&] { return sample.kl_prior(); });
  for (int t = 1; t < s.S(); ++t) {
    each("variational_objective, step", form.step[static_cast<std::size_t>(t - 1)],
         [&] { return sample.kl_step(t); });
  }
  each("variational_objective, reconstruction", form.reconstruction,
       [&] { return -sample.log_p_transition(0); });
  each("KlForm::sum", form.sum(), [&] {
    return sample.kl_prior() - sample.log_p_transition(0) +
           sum(s.S() - 1, [&](int k) { return sample.kl_step(k + 1); });
  });
  each("theorem1_constant", theorem1_constant(s.chain, s.x0), [&] {
    return sample.kl_prior() +
           sum(sample.d(), [&](int) { return (kLogDensityConstant + log(sample.variance(0))) / Traced(2); });
  });
  each("simple_loss", simple_loss(s.chain, s.model, s.path, s.x0),
       [&] { return sum(s.S(), [&](int t) { return sample.squared_error(t); }); });
  const Eigen::VectorXd gamma = gamma_weights(s.chain);
  for (int t = 0; t < s.S(); ++t) {
    one_ulp("gamma_weights", gamma[t],
            t == 0 ? proved::theorem1_gamma_first(s.a(t), s.v(t))
                   : proved::theorem1_gamma(s.a(t), s.p(t), s.v(t)));
  }
  each("weighted_loss", weighted_loss(s.chain, s.model, s.path, s.x0, gamma),
       [&] { return sum(s.S(), [&](int t) { return exact(gamma[t]) * sample.squared_error(t); }); });
}

/// Functions of laws and times that are sums of trees over dimensions, at every shape.
void law_functions(const Transition& step, const Sigma& sigma) {
  for (const auto& [rows, cols] : shapes()) {
    const int d = rows;
    const Batch x = draws.batch(rows, cols), y = draws.batch(rows, cols), x0 = draws.batch(rows, cols);
    const double v = draws.between(0.1, 2), w = draws.between(0.1, 2);
    const auto density = [&](const Component& mean, const Traced& variance, const Batch& at, int j) {
      return sum(d, [&](int i) {
        return proved::normal_log_density(kLogDensityConstant, mean(i), variance, exact(at(i, j)));
      });
    };
    within("log_density", log_density({y, v}, x),
           [&](int j) { return density([&](int i) { return exact(y(i, j)); }, exact(v), x, j); });
    within("kl_divergence", kl_divergence({x, v}, {y, w}), [&](int j) {
      return sum(
          d, [&](int i) { return proved::kl_normal(exact(x(i, j)), exact(v), exact(y(i, j)), exact(w)); });
    });
    const Quad a = quad(step.current.alpha_bar), p = quad(step.prev.alpha_bar), s2 = quad(sigma.variance());
    within("forward_log_density_by_bayes", forward_log_density_by_bayes(step, sigma, x, y, x0), [&](int j) {
      const auto marginal = [&](const Quad& alpha_bar, const Batch& at) {
        return density(
            [&](int i) { return Traced::held(proved::lemma1_x0_coefficient(alpha_bar)) * exact(x0(i, j)); },
            Traced::held(proved::lemma1_variance(alpha_bar)), at, j);
      };
      const auto posterior = [&](int i) {
        return affine_mean(proved::eq7_x0_coefficient(a, p, s2), x0(i, j),
                           proved::eq7_x_coefficient(a, p, s2), x(i, j));
      };
      return density(posterior, Traced::held(s2), y, j) + marginal(a, x) - marginal(p, y);
    });
    const Eigen::VectorXd mean = draws.batch(rows, 1);
    const Batch eps = gaussian_eps(mean, v)(step.current, x);
    for (int j = 0; j < cols; ++j) {
      for (int i = 0; i < rows; ++i) {
        within(at("gaussian_eps", i, j, eps), eps(i, j),
               proved::truth_gaussian_eps(Traced::held(a), exact(mean[i]), exact(v), exact(x(i, j))));
      }
    }
  }
}

/// Paths: each state from the one before it, by steps that are linked above.
void path_functions(const Scene& s, const Path& noise) {
  const auto z = [&](int t) -> const Batch& { return noise[static_cast<std::size_t>(t)]; };
  const Path down = q_sample_path(s.chain, s.x0, noise), up = q_sample_path_forward(s.chain, s.x0, noise);
  const auto of = [](const Path& path, int t) -> const Batch& { return path[static_cast<std::size_t>(t)]; };
  const auto sampled = [&](const char* what, int t, const Batch& got) {
    const double c0 = sqrt_alpha_bar(s.step(t).current), c1 = sqrt_one_minus_alpha_bar(s.step(t).current);
    same_bits(what, got, [&](int i, int j) { return proved::affine2(c0, s.x0(i, j), c1, z(t)(i, j)); });
  };
  sampled("q_sample_path, top", s.S() - 1, down.back());
  sampled("q_sample_path_forward, bottom", 0, up.front());
  for (int t = s.S() - 1; t >= 1; --t) {
    const PosteriorCoefficients c = posterior_coefficients(s.step(t), s.sigma(t));
    same_bits("q_sample_path", of(down, t - 1), [&](int i, int j) {
      return proved::affine3(c.x0, s.x0(i, j), c.x_t, of(down, t)(i, j), s.sigma(t).value(), z(t - 1)(i, j));
    });
    const ForwardCoefficients f = forward_coefficients(s.step(t), s.sigma(t));
    same_bits("q_sample_path_forward", of(up, t), [&](int i, int j) {
      return proved::affine3(f.x0, s.x0(i, j), f.x_prev, of(up, t - 1)(i, j), std::sqrt(f.variance),
                             z(t)(i, j));
    });
  }
  // A model by columns may be asked for any of them, one of whole batches only for all.
  const EpsModel whole([&](const NoiseLevel& level, const BatchRef& x) { return s.model(level, x); });
  const EpsModel by_columns =
      EpsModel::by_columns([&](const NoiseLevel& level, const BatchRef& x, Eigen::Index, Eigen::Index) {
        return s.model(level, x);
      });
  const auto same_chain = [&](const char* what, auto chain, const Batch& want) {
    for (const EpsModel& model : {s.model, whole, by_columns}) {
      for (const Threads threads : {Threads{1}, Threads{3}}) {
        same_bits(what, chain(model, threads), [&](int i, int j) { return want(i, j); });
      }
    }
  };
  Batch x = s.path.back();
  for (int t = s.S() - 1; t >= 0; --t) {
    const Batch mean = p_step(s.step(t), s.sigma(t), x, s.model(s.step(t).current, x)).mean;
    const double sigma = s.sigma(t).value();
    x = Batch::NullaryExpr(x.rows(), x.cols(), [&](Eigen::Index i, Eigen::Index j) {
      return proved::affine2(1.0, mean(i, j), sigma, z(t)(i, j));
    });
  }
  same_chain(
      "p_sample",
      [&](const EpsModel& model, Threads threads) {
        return p_sample(s.chain, model, s.path.back(), noise, threads);
      },
      x);
  x = s.x0;
  for (int t = 0; t < s.S(); ++t) {
    const Batch eps = s.model(t == 0 ? s.step(0).current : s.step(t).prev, x);
    x = ddim_encode_step(s.step(t), x, eps);
  }
  same_chain(
      "encode", [&](const EpsModel& model, Threads threads) { return encode(s.chain, model, s.x0, threads); },
      x);
}

/// Truth_gaussian_chain: mean and variance of every x_t, by its recursion.
void generative_law_recursion(const Scene& s) {
  const std::vector<Gaussian> laws = generative_law(s.chain, s.mean, s.variance);
  for (int i = 0; i < s.mean.size(); ++i) {
    Traced mean(0), variance(1);
    for (int t = s.S() - 1; t >= 0; --t) {
      const Quad v = s.step(t).prev.one_minus_alpha_bar == 0.0 ? Quad(0) : s.v(t);
      const Traced a = Traced::held(s.a(t)), c_x = Traced::held(proved::eq12_x_coefficient(s.a(t), s.p(t))),
                   c_eps = Traced::held(proved::eq12_eps_coefficient(s.a(t), s.p(t), v));
      // eps = slope (x - sqrt(a) mean): affine in x, and slope is the tree at x = 1 for mean 0.
      const Traced slope = proved::truth_gaussian_eps(a, kNought, exact(s.variance), kOne);
      const Traced gain = c_x + c_eps * slope;
      const Traced at_zero = proved::truth_gaussian_eps(a, exact(s.mean[i]), exact(s.variance), kNought);
      mean = gain * mean + c_eps * at_zero;
      variance = proved::square(gain) * variance + Traced::held(s.v(t));
      const Gaussian& law = laws[static_cast<std::size_t>(s.S() - t)];
      within("generative_law, mean", law.mean(i), mean);
      within("generative_law, variance", law.variance, variance);
    }
  }
}

/// A table and a chain from given betas, against exact products.
Schedule table_functions() {
  std::vector<double> betas(40);
  for (double& beta : betas) beta = draws.between(1e-4, 0.08);
  const Schedule schedule = Schedule::from_betas(betas);
  using Exactly = boost::multiprecision::number<
      boost::multiprecision::cpp_bin_float<2200, boost::multiprecision::digit_base_2>,
      boost::multiprecision::et_off>;
  Exactly product = 1;
  const auto ulp_of = [](const char* what, double got, const Exactly& want) {
    ++compared;
    const double size = std::abs(got);
    if (!(abs(Exactly(got) - want) <= Exactly(std::nextafter(size, INFINITY)) - Exactly(size))) {
      throw Refused(std::string(what) + ": " + to_text(got) + ", exactly " + want.str(20));
    }
  };
  for (int t = 1; t <= schedule.T(); ++t) {
    const Exactly before = product;
    product *= 1 - Exactly(betas[static_cast<std::size_t>(t - 1)]);
    ulp_of("Schedule::alpha_bar", schedule.alpha_bar(t), product);
    ulp_of("Schedule::one_minus_alpha_bar", schedule.one_minus_alpha_bar(t), 1 - product);
    ulp_of("Schedule::beta", schedule.beta(t), betas[static_cast<std::size_t>(t - 1)]);
    ulp_of("Schedule::transition, beta", schedule.transition(t, t - 1).beta, 1 - product / before);
    ulp_of("Schedule::transition from the data, beta", schedule.transition(t, 0).beta, 1 - product);
  }
  std::vector<double> alpha_bars;
  for (int t = 1; t <= schedule.T(); ++t) alpha_bars.push_back(schedule.alpha_bar(t));
  const Schedule given = Schedule::from_alpha_bars(alpha_bars);
  for (int t = 1; t <= given.T(); ++t) {
    const Exactly a = alpha_bars[static_cast<std::size_t>(t - 1)];
    const Exactly p = t == 1 ? Exactly(1) : Exactly(alpha_bars[static_cast<std::size_t>(t - 2)]);
    ulp_of("Schedule::from_alpha_bars", given.alpha_bar(t), a);
    ulp_of("Schedule::level", given.level(t).one_minus_alpha_bar, 1 - a);
    ulp_of("Schedule::from_alpha_bars, beta", given.beta(t), 1 - a / p);
  }
  return schedule;
}

void run() {
  combinations();
  const Schedule schedule = table_functions();
  const Tau tau = Tau::from_times({3, 8, 9, 20, 40}, schedule.T());
  for (const double eta : {0.0, 0.35, 1.0}) {
    const Chain chain = Chain::from_eta(schedule, tau, eta);
    for (int i = 0; i < chain.S(); ++i) {
      const Transition& step = chain.steps[static_cast<std::size_t>(i)];
      const Sigma& sigma = chain.sigma[static_cast<std::size_t>(i)];
      one_ulp("Chain::from_eta", sigma.value(),
              proved::eq16_sigma<Quad>(eta, quad(step.current.alpha_bar), quad(step.prev.alpha_bar)));
      if (i == 0 || i == 3) {
        level_functions(step.current);
        step_functions(step, i == 0 && eta > 0.5 ? Sigma(0.3) : sigma);
      }
      if (i == 3 && eta > 0) {
        discrete_functions(step);
        law_functions(step, sigma);
      }
    }
  }
  std::vector<double> sigmas(static_cast<std::size_t>(tau.S()));
  for (int i = 0; i < tau.S(); ++i) {
    const Transition step = schedule.transition(tau[i + 1], tau[i]);
    sigmas[static_cast<std::size_t>(i)] =
        i == 0 ? 0.3 : draws.between(0.2, 0.9) * std::sqrt(step.prev.one_minus_alpha_bar);
  }
  const Chain chain = Chain::from_sigmas(schedule, tau, sigmas);
  for (int i = 0; i < tau.S(); ++i) {
    one_ulp("Chain::from_sigmas", chain.sigma[static_cast<std::size_t>(i)].value(),
            sigmas[static_cast<std::size_t>(i)]);
  }
  for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 17}, {3, 5}, {16, 2}, {17, 3}, {5, 7}}) {
    const Eigen::VectorXd mean = draws.batch(rows, 1);
    const double variance = draws.between(0.2, 1.5);
    Path noise, path;
    for (int t = 0; t < chain.S(); ++t) {
      noise.push_back(draws.batch(rows, cols));
      path.push_back(draws.batch(rows, cols));
    }
    const Scene scene{chain, gaussian_eps(mean, variance), mean, variance, draws.batch(rows, cols), path};
    path_functions(scene, noise);
    objective_functions(scene);
    generative_law_recursion(scene);
  }
}

}  // namespace
}  // namespace ddim::link

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::runtime_error(std::string("usage: ") + argv[0] + " VALUES");
    ddim::link::run();
    std::cout << ddim::link::compared << " values agree; worst of a sum: " << ddim::link::worst
              << " of its bound\n";
    if (ddim::link::compared == std::stol(argv[1])) return 0;
    std::cerr << "expected " << argv[1] << '\n';
    return 1;
  } catch (const ddim::link::Refused& refused) {
    std::cerr << "differs: " << refused.what() << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
