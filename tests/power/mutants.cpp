#include "tests/power/mutants.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "tests/faults/fault.hpp"

namespace ddim::power {
namespace {

using samplers::Draws;
using samplers::Law;
using samplers::Level;
using samplers::root;
using samplers::Run;
using samplers::Sampler;

/// A term of an equation, as the unseen mistakes scale it.
struct Term {
  const char* name;
  const char* equation;
};
enum : std::size_t {
  x0_of_step,
  eps_of_step,
  noise_of_step,
  x0_of_marginal,
  noise_of_marginal,
  gain,
  noise_of_forward
};
constexpr std::array<Term, 7> kTerms{{{"x_0 in the step", "Eq12"},
                                      {"eps in the step", "Eq12"},
                                      {"noise in the step", "Eq12"},
                                      {"x_0 in the marginal", "Lemma1"},
                                      {"noise in the marginal", "Lemma1"},
                                      {"x_prev in the forward step", "Eq8"},
                                      {"noise in the forward step", "Eq8"}}};

/// One term times a factor, at every step (place 0) or at one.
struct Scaled {
  std::size_t term;
  double factor;
  int place;

  double operator()(std::size_t here, int i) const {
    return term == here && (place == 0 || place == i) ? factor : 1;
  }
  std::string text() const {
    char line[96];
    std::snprintf(line, sizeof line, "%s times %.4g, %s", kTerms[term].name, factor,
                  place == 0 ? "every step" : ("step " + std::to_string(place)).c_str());
    return line;
  }
};

int step_at(const Run& run, int timestep) {
  for (int i = 1; i <= run.S(); ++i) {
    if (run.timestep(i) == timestep) return i;
  }
  return 0;
}

Sampler scaled(const Scaled& off) {
  Sampler sampler = samplers::reference();
  sampler.step = [off](const Run& run, int entry, const Batch& x_t, const Batch& eps, const Batch& z) {
    const int i = run.step_of(entry);
    const Law law = run.law(i);
    const Batch x0 = (x_t - root(law.current.one_minus) * eps) / root(law.current.alpha_bar);
    return samplers::StepOutput(off(x0_of_step, i) * law.posterior_x0() * x0 +
                                off(eps_of_step, i) * law.direction() * eps +
                                off(noise_of_step, i) * law.sigma() * z);
  };
  sampler.add_noise = [off](const Run& run, int timestep, const Batch& x0, const Batch& z) {
    const Level& level = run.table().at(static_cast<std::size_t>(timestep));
    const int i = step_at(run, timestep);
    return Batch(off(x0_of_marginal, i) * root(level.alpha_bar) * x0 +
                 off(noise_of_marginal, i) * root(level.one_minus) * z);
  };
  sampler.forward_step = [off](const Run& run, int entry, const Batch& x_prev, const Batch& x0,
                               const Batch& z) {
    const int i = run.step_of(entry);
    const Law law = run.law(i);
    return Batch(off(gain, i) * law.forward_gain() * x_prev + law.non_markov() * x0 +
                 off(noise_of_forward, i) * law.forward_sigma() * z);
  };
  return sampler;
}

/// What other people's samplers answer for. A mistake in the decisions of a step shows there or nowhere.
Sampler of_sampling_alone(const Sampler& whole) {
  Sampler sampler;
  sampler.identity = whole.identity;
  sampler.concurrent = whole.concurrent;
  sampler.prepare = whole.prepare;
  sampler.timesteps = whole.timesteps;
  sampler.alphas_cumprod = whole.alphas_cumprod;
  sampler.step = whole.step;
  sampler.add_noise = whole.add_noise;
  return sampler;
}

Sampler wrong_sampler(const faults::Fault& fault) {
  const Sampler whole = faults::sampler_of(fault);
  return fault.in_sampler ? whole : of_sampling_alone(whole);
}

}  // namespace

std::vector<Mutant> bank() {
  std::vector<Mutant> all;
  for (const faults::Fault& fault : faults::faults()) {
    all.push_back({fault.name, fault.equation, fault.says, faults::to_text(fault.kind), fault.equivalent,
                   faults::run_of(fault.where), [&fault] { return wrong_sampler(fault); },
                   fault.log_density});
  }
  return all;
}

std::vector<Mutant> unseen(int count, std::uint32_t seed) {
  const Run run = Run::standard(0.5, 6);
  const Draws draws(seed, samplers::Stream::judge, "power.unseen");
  std::vector<Mutant> all;
  for (int k = 0; k < count; ++k) {
    const auto kind = draws.uniforms(static_cast<std::uint64_t>(k), 0),
               rest = draws.uniforms(static_cast<std::uint64_t>(k), 1);
    const double size = std::exp2(-1 - 3.5 * kind[1]);
    // Half of them are at every step, the others at one of the steps with noise, the second to the last.
    const Scaled off{static_cast<std::size_t>(kind[0] * static_cast<double>(kTerms.size())),
                     rest[0] < 0.5 ? 1 - size : 1 + size,
                     rest[1] < 0.5 ? 0 : 2 + static_cast<int>((rest[1] - 0.5) * 2 * (run.S() - 1))};
    char name[32];
    std::snprintf(name, sizeof name, "unseen-%02d", k + 1);
    all.push_back(
        {name, kTerms[off.term].equation, off.text(), "unseen", "", run, [off] { return scaled(off); }});
  }
  return all;
}

}  // namespace ddim::power
