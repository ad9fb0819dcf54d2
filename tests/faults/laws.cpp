#include <cmath>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

using samplers::root;

/// The squares of the two coefficients with which x_0 is noised.
std::function<void(Recipe&)> noised_with(Level (*squares)(const Table&, int timestep)) {
  return [=](Recipe& recipe) {
    recipe.add_noise = [=](const Table& table, int timestep) { return Levels{squares(table, timestep), {}}; };
  };
}

/// Eq8 with a gain and a deviation of the fault's own.
using OfLaw = double (*)(const Law&);
std::function<void(Sampler&)> forward_with(OfLaw gain, OfLaw deviation) {
  return [=](Sampler& sampler) {
    sampler.forward_step = [=](const Run& run, int entry, const Batch& x_prev, const Batch& x0,
                               const Batch& noise) {
      const Law law = run.law(run.step_of(entry));
      return Batch(root(law.current.alpha_bar) * x0 + gain(law) * (x_prev - root(law.prev.alpha_bar) * x0) +
                   deviation(law) * noise);
    };
  };
}
double right_gain(const Law& law) { return law.forward_gain(); }
double right_deviation(const Law& law) { return law.forward_sigma(); }
double kept(const Law& law) { return root(law.current.alpha_bar / law.prev.alpha_bar); }
double ddpm_deviation(const Law& law) {
  return root((law.prev.alpha_bar - law.current.alpha_bar) / law.prev.alpha_bar);
}

/// Eq8 without its part of x_0.
std::function<void(Sampler&)> forward_without_x0(OfLaw gain, OfLaw deviation) {
  return [=](Sampler& sampler) {
    sampler.forward_step = [=](const Run& run, int entry, const Batch& x_prev, const Batch&,
                               const Batch& noise) {
      const Law law = run.law(run.step_of(entry));
      return Batch(gain(law) * x_prev + deviation(law) * noise);
    };
  };
}

std::function<void(Sampler&)> path_by(std::function<Path(const Run&, const Batch& x0, Path noise)> build) {
  return [=](Sampler& sampler) { sampler.path = build; };
}
std::function<void(Sampler&)> path_forward_by(
    std::function<Path(const Run&, const Batch& x0, Path noise)> build) {
  return [=](Sampler& sampler) { sampler.path_forward = build; };
}

/// Down from x_T by Eq7, with a direction of the fault's own.
Path descend(const Run& run, const Batch& x0, const Path& noise, Batch x_T, OfLaw direction) {
  Path path(noise.size());
  path.back() = std::move(x_T);
  for (int i = run.S(); i >= 2; --i) {
    const Law law = run.law(i);
    const auto k = static_cast<std::size_t>(i - 1);
    path[k - 1] = law.posterior_x0() * x0 + direction(law) * noise_of(law.current, x0, path[k]) +
                  law.sigma() * noise[k - 1];
  }
  return path;
}

Path independent_marginals(const Run& run, const Batch& x0, const Path& noise) {
  Path path;
  for (int i = 1; i <= run.S(); ++i)
    path.push_back(marginal(run.level(i), x0, noise[static_cast<std::size_t>(i - 1)]));
  return path;
}

Path with_half_noise(const Run& run, const Batch& x0, Path noise) {
  for (std::size_t k = 0; k + 1 < noise.size(); ++k) noise[k] *= 0.5;
  return q_sample_path(run.chain(), x0, noise);
}

Path with_noise_by_variance(const Run& run, const Batch& x0, Path noise) {
  for (int i = 2; i <= run.S(); ++i) noise[static_cast<std::size_t>(i - 1)] *= run.law(i).forward_sigma();
  return q_sample_path_forward(run.chain(), x0, noise);
}

double float32_non_markov(const Law& law) {
  const auto a = static_cast<float>(law.current.alpha_bar), p = static_cast<float>(law.prev.alpha_bar),
             v = static_cast<float>(law.variance);
  return static_cast<double>(std::sqrt(a) -
                             std::sqrt((1 - a) * std::max(0.0F, 1 - p - v)) / (1 - p) * std::sqrt(p));
}

std::vector<Fault> faults_of_paths() {
  return {
      {.name = "path-reuses-noise",
       .equation = "Eq6",
       .condition = "more than one step",
       .seen = "one batch of noise drawn before the loop",
       .says = "one batch of noise drives every step",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = path_by([](const Run& run, const Batch& x0, const Path& noise) {
         return q_sample_path(run.chain(), x0, Path(noise.size(), noise.front()));
       })},
      {.name = "path-forward-reuses-noise",
       .equation = "Eq6",
       .condition = "more than one step",
       .seen = "one batch of noise drawn before the loop",
       .says = "one batch of noise drives every forward step",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = path_forward_by([](const Run& run, const Batch& x0, const Path& noise) {
         return q_sample_path_forward(run.chain(), x0, Path(noise.size(), noise.front()));
       })},
      {.name = "path-independent-marginals",
       .equation = "Eq6",
       .condition = "more than one step",
       .seen = "training's noising, time by time, taken for a path",
       .says = "every x_t is drawn from its marginal alone",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = path_by(independent_marginals)},
      {.name = "path-starts-at-noise",
       .equation = "Eq6",
       .condition = "alpha_bar at the list's first time not yet near 0",
       .seen = "the start of generation used for q_sigma",
       .says = "x_T is N(0, I), not Eq6T",
       // At T the data has all but vanished; a list that begins at 500 shows where a path starts.
       .where = {.config = "", .S = 2, .spacing = &samplers::leading},
       .in_sampler = path_by([](const Run& run, const Batch& x0, const Path& noise) {
         return descend(run, x0, noise, noise.back(), [](const Law& law) { return law.direction(); });
       })},
      {.name = "path-direction-without-sigma",
       .equation = "Eq7",
       .condition = "sigma > 0",
       .seen = "DDIM's direction with DDPM's noise",
       .says = "the radicand of the path is 1 - alpha_bar_prev",
       .where = {.config = ""},
       .in_sampler = path_by([](const Run& run, const Batch& x0, const Path& noise) {
         return descend(run, x0, noise, marginal(run.level(run.S()), x0, noise.back()),
                        [](const Law& law) { return root(law.prev.one_minus); });
       })},
      {.name = "path-half-sigma",
       .equation = "Eq7",
       .condition = "sigma > 0",
       .seen = "a factor 1/2 out of a log variance, exp(0.5 log) for exp(log); planted",
       .says = "the noise of the path is scaled by sigma / 2",
       .where = {.config = ""},
       .in_sampler = path_by(with_half_noise)},
  };
}

std::vector<Fault> faults_of_noising() {
  return {
      {.name = "noising-no-roots",
       .equation = "Lemma1",
       .condition = "any",
       .seen = "forgotten roots",
       .says = "x_t = alpha_bar x_0 + (1 - alpha_bar) noise",
       .in_recipe = noised_with([](const Table& table, int t) {
         const Level at = level_at(table, t);
         return Level{at.alpha_bar * at.alpha_bar, at.one_minus * at.one_minus};
       })},
      {.name = "noising-swapped",
       .equation = "Lemma1",
       .condition = "any",
       .seen = "the two roots exchanged",
       .says = "x_t = sqrt(1 - alpha_bar) x_0 + sqrt(alpha_bar) noise",
       .in_recipe = noised_with([](const Table& table, int t) {
         const Level at = level_at(table, t);
         return Level{at.one_minus, at.alpha_bar};
       })},
      {.name = "noising-one-step",
       .equation = "Lemma1",
       .condition = "t > 0",
       .seen = "q(x_t | x_{t-1}) for q(x_t | x_0)",
       .says = "x_t = sqrt(1 - beta) x_0 + sqrt(beta) noise",
       .in_recipe = noised_with([](const Table& table, int t) {
         if (t == 0) return level_at(table, 0);
         const Real beside = level_at(table, t).alpha_bar / level_at(table, t - 1).alpha_bar;
         return Level{beside, 1 - beside};
       })},
      {.name = "noising-one-off",
       .equation = "Lemma1",
       .condition = "any",
       .seen = "timestep + 1, latent-diffusion #136",
       .says = "noising reads alpha_bar at t - 1",
       .in_recipe =
           noised_with([](const Table& table, int t) { return t == 0 ? Level{} : level_at(table, t - 1); })},
      {.name = "noising-unscaled",
       .equation = "Lemma1",
       .condition = "any",
       .seen = "variance exploding initial noise",
       .says = "x_t = x_0 + sqrt((1 - alpha_bar) / alpha_bar) noise: variance exploding",
       .in_recipe = noised_with([](const Table& table, int t) {
         const Level at = level_at(table, t);
         return Level{1, at.one_minus / at.alpha_bar};
       })},
      {.name = "noising-mean-one-percent",
       .equation = "Lemma1",
       .condition = "any",
       .seen = "a scale of the data applied twice; planted small",
       .says = "x_0's coefficient is 1 % too large",
       .where = {.config = ""},
       .in_recipe = noised_with([](const Table& table, int t) {
         const Level at = level_at(table, t);
         return Level{1.01L * 1.01L * at.alpha_bar, at.one_minus};
       })},
      {.name = "noising-variance-five-percent",
       .equation = "Lemma1",
       .condition = "any",
       .seen = "a temperature left on; planted small",
       .says = "the variance is 5 % too small",
       .where = {.config = ""},
       .in_recipe = noised_with([](const Table& table, int t) {
         const Level at = level_at(table, t);
         return Level{at.alpha_bar, 0.95L * at.one_minus};
       })},
  };
}

std::vector<Fault> faults_of_the_forward_step() {
  return {
      {.name = "forward-variance-of-ddpm",
       .equation = "Eq8",
       .condition = "eta < 1",
       .seen = "DDPM's forward process kept at every eta",
       .says = "DDPM's variance 1 - alpha_bar_t / alpha_bar_prev at eta < 1",
       .where = {.config = ""},
       .in_sampler = forward_with(right_gain, ddpm_deviation)},
      {.name = "forward-variance-for-deviation",
       .equation = "Eq8",
       .condition = "eta > 0",
       .seen = "variance for deviation",
       .says = "the variance scales the noise of the forward step",
       .where = {.config = ""},
       .in_sampler = forward_with(right_gain,
                                  [](const Law& law) { return law.forward_sigma() * law.forward_sigma(); })},
      {.name = "forward-sigma-unscaled",
       .equation = "Eq8",
       .condition = "eta > 0",
       .seen = "Eq7's variance taken up the step",
       .says = "variance sigma^2, without (1 - alpha_bar_t) / (1 - alpha_bar_prev)",
       .where = {.config = ""},
       .in_sampler = forward_with(right_gain, [](const Law& law) { return law.sigma(); })},
      {.name = "forward-ratio-inverted",
       .equation = "Eq8",
       .condition = "eta > 0",
       .seen = "the quotient upside down",
       .says = "variance sigma^2 (1 - alpha_bar_prev) / (1 - alpha_bar_t)",
       .where = {.config = ""},
       .in_sampler = forward_with(
           right_gain,
           [](const Law& law) { return root(law.variance * law.prev.one_minus / law.current.one_minus); })},
      {.name = "forward-gain-of-posterior",
       .equation = "Eq8",
       .condition = "any",
       .seen = "a copied line",
       .says = "Eq7's coefficient used upwards",
       .where = {.config = ""},
       .in_sampler = forward_with(
           [](const Law& law) { return law.direction() / root(law.current.one_minus); }, right_deviation)},
      {.name = "forward-gain-without-sigma",
       .equation = "Eq8",
       .condition = "eta > 0",
       .seen = "the gain of eta = 0 kept at every eta",
       .says = "the forward step's gain ignores sigma",
       .where = {.config = ""},
       .in_sampler = forward_with(
           [](const Law& law) { return root(law.current.one_minus / law.prev.one_minus); }, right_deviation)},
      {.name = "forward-gain-one-percent",
       .equation = "Eq8",
       .condition = "any",
       .seen = "planted small",
       .says = "the forward step's gain is 1 % too large",
       .where = {.config = ""},
       .in_sampler = forward_with([](const Law& law) { return 1.01 * law.forward_gain(); }, right_deviation)},
      {.name = "path-forward-by-deviation-squared",
       .equation = "Eq8",
       .condition = "eta > 0",
       .seen = "variance for deviation",
       .says = "the forward path's noise is scaled by its variance",
       .where = {.config = ""},
       .in_sampler = path_forward_by(with_noise_by_variance)},
      {.name = "forward-of-ddpm",
       .equation = "NonMarkov",
       .condition = "eta < 1",
       .seen = "DDPM's forward process kept at every eta",
       .says = "DDPM's forward step at every eta: x_0 has no part",
       .where = {.config = ""},
       .in_sampler = forward_without_x0(kept, ddpm_deviation)},
      {.name = "forward-x0-left-out",
       .equation = "NonMarkov",
       .condition = "eta < 1",
       .seen = "a Markov chain assumed",
       .says = "x_0's part is left out at eta < 1",
       .where = {.config = ""},
       .in_sampler = forward_without_x0(right_gain, right_deviation)},
      {.name = "non-markov-sign",
       .equation = "NonMarkov",
       .condition = "eta < 1",
       .seen = "a sign",
       .says = "the closed form with its sign reversed",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler =
           [](Sampler& sampler) {
             sampler.non_markov = [](const Run& run, int entry) {
               return -run.law(run.step_of(entry)).non_markov();
             };
           }},
      {.name = "non-markov-by-subtraction",
       .equation = "NonMarkov",
       .condition = "eta near 1",
       .seen = "torch.float32 tables",
       .says = "1 - alpha_bar_t by subtraction in float32",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler =
           [](Sampler& sampler) {
             sampler.non_markov = [](const Run& run, int entry) {
               return float32_non_markov(run.law(run.step_of(entry)));
             };
           }},
  };
}

}  // namespace

std::vector<Fault> law_faults() {
  std::vector<Fault> all = faults_of_paths();
  for (auto* part : {faults_of_noising, faults_of_the_forward_step}) {
    for (Fault& fault : part()) all.push_back(std::move(fault));
  }
  return all;
}

}  // namespace ddim::faults
