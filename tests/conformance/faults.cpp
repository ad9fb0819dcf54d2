#include "tests/conformance/faults.hpp"

#include <algorithm>
#include <cmath>

namespace ddim::conformance {
namespace {

Level level_at(const Table& table, int t) {
  const int last = static_cast<int>(table.size()) - 1;
  return table[static_cast<std::size_t>(std::clamp(t, 0, last))];
}

/// Rounds to `digits` binary digits.
Real rounded(Real value, int digits) {
  if (value == 0) return 0;
  int exponent;
  const Real fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, digits)), exponent - digits);
}

/// A level whose 1 - alpha_bar is computed by subtraction in that precision.
Level rounded(const Level& level, int digits) {
  const Real alpha_bar = rounded(level.alpha_bar, digits);
  return {alpha_bar, rounded(1 - alpha_bar, digits)};
}

Table from_betas(const std::vector<Real>& betas) {
  Table table;
  Level level;
  for (const Real beta : betas) {
    level.one_minus += level.alpha_bar * beta;
    level.alpha_bar *= 1 - beta;
    table.push_back(level);
  }
  return table;
}

/// The table of the same file with something in it changed.
template <class Change>
std::function<Table(const Config&)> table_with(Change change) {
  return [change](const Config& config) {
    Config changed = config;
    change(changed);
    return exact_table(changed);
  };
}

template <class Change>
std::function<Table(const Config&)> exact_but(Change change) {
  return [change](const Config& config) {
    Table table = exact_table(config);
    change(table);
    return table;
  };
}

/// The defined timesteps of a changed run; where the run has none, the defined ones of the run itself.
template <class Change>
std::function<std::vector<int>(const Run&)> timesteps_with(Change change) {
  return [change](const Run& run) {
    Run changed = run;
    change(changed);
    return defined_timesteps(changed);
  };
}

template <class Change>
std::function<std::vector<int>(const Run&)> timesteps_but(Change change) {
  return [change](const Run& run) {
    std::vector<int> timesteps = defined_timesteps(run);
    change(timesteps);
    return timesteps;
  };
}

/// The spacing's positions in reals (0-based times), rounded by `round`.
template <class Round>
std::function<std::vector<int>(const Run&)> timesteps_rounded(Round round) {
  return [round](const Run& run) {
    if (run.spacing == Spacing::leading) return defined_timesteps(run);
    std::vector<int> timesteps;
    const Real T = run.config.T;
    for (int i = run.S; i >= 1; --i) {
      const Real place = run.spacing == Spacing::trailing ? T * i / run.S
                         : run.S == 1                     ? 0
                                                          : (T - 1) * (i - 1) / (run.S - 1);
      timesteps.push_back(static_cast<int>(round(place)) - (run.spacing == Spacing::trailing ? 1 : 0));
    }
    return timesteps;
  };
}

Real one_step_beta(const Place& place, const Levels& at) {
  if (place.t() == 0) return at.current.one_minus;
  const Real before = level_at(place.table, place.t() - 1).alpha_bar;
  return (before - at.current.alpha_bar) / before;
}

Real kept_beta(const Levels& at) { return (at.prev.alpha_bar - at.current.alpha_bar) / at.prev.alpha_bar; }
Real variance(const Levels& at) { return at.prev.one_minus / at.current.one_minus * kept_beta(at); }

void clip(RealBatch& x0, Real range) { x0 = x0.cwiseMax(-range).cwiseMin(range); }

/// |x_0|'s quantile of one sample, or of the whole batch.
Real quantile(const RealBatch& x0, double ratio) {
  std::vector<Real> magnitude(x0.data(), x0.data() + x0.size());
  for (Real& m : magnitude) m = std::abs(m);
  std::sort(magnitude.begin(), magnitude.end());
  const Real place = static_cast<Real>(ratio) * static_cast<Real>(magnitude.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, magnitude.size() - 1);
  return magnitude[below] + (place - static_cast<Real>(below)) * (magnitude[above] - magnitude[below]);
}

Real stride(const Place& place) { return place.run.config.T / place.run.S; }

/// alpha_bar of prev = t - T // S, as diffusers reads it.
Level stride_level(const Place& place, Level final_level) {
  const int prev = place.t() - static_cast<int>(stride(place));
  return prev >= 0 ? level_at(place.table, prev) : final_level;
}

const std::vector<Fault>& bank() {
  static const std::vector<Fault> all = {
      // Schedule: the table of alpha_bar.
      {"schedule-linear-in-beta", "Schedule", "scaled_linear", "faults of ports of Stable Diffusion",
       "beta is linear, not sqrt(beta)",
       [](Recipe& r) {
         r.table = table_with([](Config& c) {
           if (c.beta_schedule == BetaSchedule::scaled_linear) c.beta_schedule = BetaSchedule::linear;
         });
       }},
      {"schedule-linear-in-root", "Schedule", "linear", "ports that hard-code Stable Diffusion's schedule",
       "sqrt(beta) is linear, not beta",
       [](Recipe& r) {
         r.table = table_with([](Config& c) {
           if (c.beta_schedule == BetaSchedule::linear) c.beta_schedule = BetaSchedule::scaled_linear;
         });
       },
       Dialect::paper, "ddpm-cifar10"},
      {"schedule-default-range", "Schedule", "beta_start, beta_end other than 1e-4, 0.02", "hard-coded constants",
       "beta_start and beta_end are the defaults 1e-4 and 0.02, not the file's",
       [](Recipe& r) {
         r.table = table_with([](Config& c) {
           c.beta_start = 1e-4;
           c.beta_end = 0.02;
         });
       }},
      {"schedule-endpoint-left-out", "Schedule", "linear", "arange for linspace",
       "beta climbs by (end - start) / T and never reaches beta_end",
       [](Recipe& r) {
         r.table = [](const Config& c) {
           if (c.beta_schedule != BetaSchedule::linear) return exact_table(c);
           std::vector<Real> betas;
           for (int t = 0; t < c.T; ++t) {
             betas.push_back(c.beta_start + (static_cast<Real>(c.beta_end) - c.beta_start) * t / c.T);
           }
           return from_betas(betas);
         };
       },
       Dialect::paper, "ddpm-cifar10"},
      {"schedule-one-minus-beta", "Schedule", "T > 1", "alpha of DDPM read as alpha of DDIM",
       "the table holds 1 - beta_t, not its cumulative product",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           Real before = 1;
           for (Level& level : table) {
             const Real kept = level.alpha_bar / before;
             before = level.alpha_bar;
             level = {kept, 1 - kept};
           }
         });
       }},
      {"schedule-shifted", "Schedule", "any", "a 1 put before the table and not skipped",
       "the table starts with alpha_bar = 1: entry t holds t - 1's value",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           table.insert(table.begin(), Level{});
           table.pop_back();
         });
       }},
      {"schedule-root", "Schedule", "any", "sqrt_alphas_cumprod used as alphas_cumprod",
       "the table holds sqrt(alpha_bar)",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           for (Level& level : table) {
             const Real root = std::sqrt(level.alpha_bar);
             level = {root, level.one_minus / (1 + root)};
           }
         });
       }},
      {"schedule-float16", "Schedule", "an implementation that claims more", "tables cast with the model",
       "the table is rounded to float16",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           for (Level& level : table) level = rounded(level, 11);
         });
       }},
      {"schedule-bfloat16", "Schedule", "an implementation that claims more", "tables cast with the model",
       "the table is rounded to bfloat16",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           for (Level& level : table) level = rounded(level, 8);
         });
       }},
      {"schedule-float32", "Schedule", "an implementation that claims float64", "torch.float32 tables",
       "the table is rounded to float32",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           for (Level& level : table) level = rounded(level, 24);
         });
       }},
      {"schedule-cosine-uncapped", "Schedule", "squaredcos_cap_v2", "the cap 0.999 forgotten",
       "the cosine schedule's beta is not capped at 0.999",
       [](Recipe& r) {
         r.table = exact_but([](Table& table) {
           if (table.size() < 2) return;
           const Real before = table[table.size() - 2].alpha_bar;
           // Only a cap makes the last factor exactly 1 - 0.999; uncapped it is cos^2(pi/2) = 0.
           if (std::abs(table.back().alpha_bar / before - 0.001L) < 1e-9L) table.back() = {0, 1};
         });
       },
       Dialect::paper, "karlo-prior"},
      {"schedule-cosine-by-definition", "Schedule", "squaredcos_cap_v2", "the paper of the cosine schedule, s = 0",
       "the cosine schedule's offset 0.008 is left out",
       [](Recipe& r) {
         r.table = [](const Config& c) {
           if (c.beta_schedule != BetaSchedule::squaredcos_cap_v2) return exact_table(c);
           std::vector<Real> betas;
           const Real half_pi = std::acos(Real{-1}) / 2;
           const auto f = [&](int t) { return std::pow(std::cos(half_pi * t / c.T), Real{2}); };
           for (int t = 1; t <= c.T; ++t) betas.push_back(std::min(1 - f(t) / f(t - 1), 0.999L));
           return from_betas(betas);
         };
       },
       Dialect::paper, "karlo-prior"},
      {"schedule-zero-snr-ignored", "Schedule", "rescale_betas_zero_snr", "ports older than the option",
       "rescale_betas_zero_snr is ignored",
       [](Recipe& r) { r.table = table_with([](Config& c) { c.rescale_betas_zero_snr = false; }); },
       Dialect::paper, "sd21-zsnr"},
      {"schedule-zero-snr-unscaled", "Schedule", "rescale_betas_zero_snr", "Algorithm 1 without its scaling line",
       "zero terminal SNR by shifting alone: alpha_bar_1 moves too",
       [](Recipe& r) {
         r.table = [](const Config& c) {
           if (!c.rescale_betas_zero_snr) return exact_table(c);
           Config plain = c;
           plain.rescale_betas_zero_snr = false;
           Table table = exact_table(plain);
           const Real last = std::sqrt(table.back().alpha_bar);
           for (Level& level : table) {
             const Real root = std::sqrt(level.alpha_bar) - last;
             level = {root * root, 1 - root * root};
           }
           return table;
         };
       },
       Dialect::paper, "sd21-zsnr"},

      // Tau: which times are visited.
      {"tau-one-later", "Tau", "any", "0-based against 1-based times", "every timestep is one too large",
       [](Recipe& r) {
         r.timesteps = timesteps_but([](std::vector<int>& list) {
           for (int& t : list) ++t;
         });
       }},
      {"tau-one-earlier", "Tau", "any", "0-based against 1-based times",
       "every timestep is one too small",
       [](Recipe& r) {
         r.timesteps = timesteps_but([](std::vector<int>& list) {
           for (int& t : list) --t;
         });
       }},
      {"tau-extra-entry", "Tau", "trailing; 62 values of S below 1000 (61, 103, 121, ...)",
       "diffusers' np.arange(T, 0, -T/S)",
       "np.arange(T, 0, -T/S) in floats does not stop before 0: an extra entry -1",
       [](Recipe& r) {
         r.timesteps = [](const Run& run) {
           return run.spacing == Spacing::trailing ? numpy_trailing(run.config.T, run.S)
                                                   : defined_timesteps(run);
         };
       }},
      {"tau-half-up", "Tau", "trailing or linspace with halves (S = 16)", "round() of C against numpy's",
       "halves are rounded up, not to even",
       [](Recipe& r) { r.timesteps = timesteps_rounded([](Real place) { return std::floor(place + 0.5L); }); }},
      {"tau-truncated", "Tau", "trailing or linspace, S not dividing", "int() for round()",
       "timesteps are truncated, not rounded",
       [](Recipe& r) { r.timesteps = timesteps_rounded([](Real place) { return std::floor(place); }); }},
      {"tau-offset-ignored", "Tau", "leading with steps_offset", "ports without steps_offset",
       "steps_offset is ignored",
       [](Recipe& r) { r.timesteps = timesteps_with([](Run& run) { run.config.steps_offset = 0; }); }},
      {"tau-offset-everywhere", "Tau", "trailing or linspace with steps_offset", "an offset added after the branch",
       "steps_offset is added for trailing and linspace too",
       [](Recipe& r) {
         r.timesteps = [](const Run& run) {
           std::vector<int> list = defined_timesteps(run);
           if (run.spacing != Spacing::leading) {
             for (int& t : list) t += run.config.steps_offset;
           }
           return list;
         };
       }},
      {"tau-always-leading", "Tau", "trailing, linspace", "timestep_spacing not read",
       "timestep_spacing is ignored: always leading",
       [](Recipe& r) {
         r.timesteps = timesteps_with([](Run& run) { run.spacing = Spacing::leading; });
       }},
      {"tau-always-linspace", "Tau", "leading, trailing", "timestep_spacing not read",
       "timestep_spacing is ignored: always linspace",
       [](Recipe& r) {
         r.timesteps = timesteps_with([](Run& run) { run.spacing = Spacing::linspace; });
       }},
      {"tau-whole-range", "Tau", "S not dividing T, leading", "ermongroup/ddim's range(0, T, T // S)",
       "range(0, T, T // S): more than S steps",
       [](Recipe& r) {
         r.timesteps = [](const Run& run) {
           if (run.spacing != Spacing::leading) return defined_timesteps(run);
           std::vector<int> list;
           for (int t = run.config.steps_offset; t < run.config.T; t += run.config.T / run.S) list.push_back(t);
           std::reverse(list.begin(), list.end());
           return list;
         };
       },
       Dialect::paper, "ddpm-cifar10"},
      {"tau-linspace-to-T", "Tau", "linspace", "linspace(0, T, S)",
       "linspace runs to T, one beyond the table",
       [](Recipe& r) {
         r.timesteps = [](const Run& run) {
           if (run.spacing != Spacing::linspace || run.S == 1) return defined_timesteps(run);
           std::vector<int> list;
           for (int i = run.S - 1; i >= 0; --i) {
             list.push_back(static_cast<int>(std::nearbyint(static_cast<Real>(run.config.T) * i / (run.S - 1))));
           }
           return list;
         };
       }},
      {"tau-linspace-open", "Tau", "linspace", "linspace(..., endpoint=False)",
       "linspace leaves its endpoint T - 1 out",
       [](Recipe& r) {
         r.timesteps = [](const Run& run) {
           if (run.spacing != Spacing::linspace) return defined_timesteps(run);
           std::vector<int> list;
           for (int i = run.S - 1; i >= 0; --i) {
             list.push_back(
                 static_cast<int>(std::nearbyint(static_cast<Real>(run.config.T - 1) * i / run.S)));
           }
           return list;
         };
       }},
      {"tau-ascending", "Tau", "S > 1", "a forgotten reversal", "the list ascends",
       [](Recipe& r) {
         r.timesteps = timesteps_but([](std::vector<int>& list) { std::reverse(list.begin(), list.end()); });
       }},
      {"tau-repeated-entry", "Tau", "S > 1", "PNDM's list with skip_prk_steps",
       "the second entry comes twice",
       [](Recipe& r) {
         r.timesteps = timesteps_but([](std::vector<int>& list) {
           if (list.size() > 1) list.insert(list.begin() + 1, list[1]);
         });
       }},

      // Eq12: which time comes before.
      {"prev-stride", "Eq12", "linspace; trailing with S not dividing T",
       "diffusers DDIMScheduler.step, #11347, #12633", "prev = t - T//S",
       [](Recipe& r) {
         r.prev = [kept = r.prev](const Place& place) {
           // The final level is whatever the definition has it to be.
           const std::vector<int> only{place.t()};
           return stride_level(place, kept({place.run, place.table, only, 0}));
         };
       }},
      {"prev-adjacent", "Eq12", "S < T", "DDPM's step on a sub-sequence", "prev = t - 1, whatever S is",
       [](Recipe& r) {
         r.prev = [](const Place& place) {
           return place.t() == 0 ? Level{} : level_at(place.table, place.t() - 1);
         };
       }},
      {"prev-one-off", "Eq12", "any but the last step", "0-based against 1-based times",
       "alpha_bar_prev is read one entry too early",
       [](Recipe& r) {
         r.prev = [kept = r.prev](const Place& place) {
           if (place.last()) return kept(place);
           return place.next() == 0 ? Level{} : level_at(place.table, place.next() - 1);
         };
       }},
      {"prev-is-current", "Eq12", "any", "alpha_bar_prev read with the same index",
       "alpha_bar_prev = alpha_bar_t: the sample does not move",
       [](Recipe& r) { r.prev = [](const Place& place) { return level_at(place.table, place.t()); }; }},
      {"current-one-off", "Eq9", "any", "timestep 0-based against 1-based",
       "alpha_bar_t is read at t - 1",
       [](Recipe& r) {
         r.current = [](const Place& place) {
           return place.t() == 0 ? level_at(place.table, 0) : level_at(place.table, place.t() - 1);
         };
       }},
      {"last-alpha-first-entry", "Eq10", "last step",
       "latent-diffusion, candle; ControlNet PR #587, diffusers #6068",
       "alpha_bar_prev at the last step is alphas_cumprod[0], not 1",
       [](Recipe& r) {
         r.prev = [kept = r.prev](const Place& place) {
           return place.last() ? level_at(place.table, 0) : kept(place);
         };
       }},
      {"last-alpha-one", "Eq10", "last step, set_alpha_to_one = false", "DDIMParallel's batch path, PR #14216",
       "alpha_bar_prev at the last step is 1, though set_alpha_to_one is false",
       [](Recipe& r) {
         r.prev = [kept = r.prev](const Place& place) { return place.last() ? Level{} : kept(place); };
       },
       Dialect::diffusers},
      {"last-alpha-wraps", "Eq10", "last step", "a negative index in Python",
       "alpha_bar_prev at the last step is alphas_cumprod[-1], the noisiest entry",
       [](Recipe& r) {
         r.prev = [kept = r.prev](const Place& place) {
           return place.last() ? place.table.back() : kept(place);
         };
       }},

      // Eq16: sigma.
      {"sigma-eta-on-variance", "Eq16", "0 < eta < 1", "DDPM_inversion #12",
       "sigma^2 = eta * variance, not eta^2 * variance",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) { return std::sqrt(p.run.eta * variance(at)); };
       }},
      {"sigma-eta-squared", "Eq16", "0 < eta < 1", "eta applied to the variance and to its root",
       "sigma = eta^2 sqrt(variance)",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) {
           return static_cast<Real>(p.run.eta) * p.run.eta * std::sqrt(variance(at));
         };
       }},
      {"sigma-no-root", "Eq16", "eta > 0", "variance taken for a deviation", "sigma = eta * variance, no root",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) { return p.run.eta * variance(at); };
       }},
      {"sigma-fourth-root", "Eq16", "eta > 0", "fixed_large_log, diffusers #14569: a root too many",
       "sigma = eta * variance^(1/4): a root too many",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) {
           return p.run.eta * std::sqrt(std::sqrt(variance(at)));
         };
       }},
      {"sigma-no-ratio", "Eq16", "eta > 0", "faults of ports", "sigma = eta sqrt(1 - alpha_bar_t)",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) { return p.run.eta * std::sqrt(at.current.one_minus); };
       }},
      {"sigma-no-ratio-clamped", "Eq16", "eta > 0", "clamp(min=0) under the root",
       "sigma = eta sqrt(1 - alpha_bar_t), and the negative radicand clamped to 0",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) { return p.run.eta * std::sqrt(at.current.one_minus); };
         r.direction = [](const Place&, const Levels& at, Real sigma) {
           return std::sqrt(std::max(at.prev.one_minus - sigma * sigma, Real{0}));
         };
       }},
      {"sigma-whole-prev", "Eq16", "eta > 0", "Eq16 without its second root",
       "sigma = eta sqrt(1 - alpha_bar_prev)",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) { return p.run.eta * std::sqrt(at.prev.one_minus); };
       }},
      {"sigma-ratio-inverted", "Eq16", "eta > 0", "the quotient upside down",
       "sigma uses (1 - alpha_bar_t) / (1 - alpha_bar_prev), upside down",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) {
           if (at.prev.one_minus == 0) return Real{0};
           return p.run.eta * std::sqrt(at.current.one_minus / at.prev.one_minus * kept_beta(at));
         };
       }},
      {"sigma-one-step-beta", "Eq16", "eta > 0, S < T", "diffusers PR #3006",
       "sigma uses beta_t of one step, though steps are skipped",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) {
           return p.run.eta * std::sqrt(at.prev.one_minus / at.current.one_minus * one_step_beta(p, at));
         };
       }},
      {"sigma-hat-everywhere", "Eq16", "eta > 0", "sigma_hat put in Eq7's mean",
       "sigma = sigma_hat = eta sqrt(1 - alpha_bar_t / alpha_bar_prev), in the direction too",
       [](Recipe& r) {
         r.sigma = [](const Place& p, const Levels& at) {
           return at.prev.one_minus == 0 ? Real{0} : p.run.eta * std::sqrt(kept_beta(at));
         };
       }},
      {"eta-ignored", "Eq16", "eta > 0", "samplers without eta", "eta is ignored: always 0",
       [](Recipe& r) { r.sigma = [](const Place&, const Levels&) { return Real{0}; }; }},
      {"eta-always-one", "Eq16", "eta < 1", "samplers of DDPM", "eta is ignored: always 1",
       [](Recipe& r) {
         r.sigma = [](const Place&, const Levels& at) { return std::sqrt(variance(at)); };
       }},

      // Eq12: direction and noise.
      {"noise-left-out", "Eq12", "eta > 0", "faults of ports", "the noise is not added at eta > 0",
       [](Recipe& r) { r.noise_scale = [](const Place&, const Levels&, Real) { return Real{0}; }; }},
      {"noise-by-variance", "Eq12", "eta > 0", "variance for deviation", "the noise is scaled by sigma^2",
       [](Recipe& r) {
         r.noise_scale = [](const Place&, const Levels&, Real sigma) { return sigma * sigma; };
       }},
      {"noise-eta-twice", "Eq12", "0 < eta < 1", "eta applied in two places", "the noise is scaled by eta sigma",
       [](Recipe& r) {
         r.noise_scale = [](const Place& p, const Levels&, Real sigma) { return p.run.eta * sigma; };
       }},
      {"noise-eta-forgotten", "Eq12", "0 < eta < 1", "eta applied to the direction alone",
       "the noise is scaled by Eq16's sigma at eta = 1",
       [](Recipe& r) {
         r.noise_scale = [](const Place& p, const Levels& at, Real) {
           return p.run.eta > 0 ? std::sqrt(variance(at)) : Real{0};
         };
       }},
      {"noise-hat", "Eq12", "eta > 0", "DDPM's fixed_large", "the noise is scaled by sigma_hat",
       [](Recipe& r) {
         r.noise_scale = [](const Place& p, const Levels& at, Real) {
           return at.prev.one_minus == 0 ? Real{0} : p.run.eta * std::sqrt(kept_beta(at));
         };
       }},
      {"noise-at-last-step", "Eq10", "last step, eta > 0", "the test t > 0 forgotten",
       "noise is added at the last step",
       [](Recipe& r) {
         r.noise_scale = [](const Place& p, const Levels& at, Real sigma) {
           return p.last() ? p.run.eta * std::sqrt(one_step_beta(p, at)) : sigma;
         };
       }},
      {"noise-at-eta-zero", "Eq12", "eta = 0", "DDPM's noise added to DDIM's mean",
       "noise is added at eta = 0",
       [](Recipe& r) {
         r.noise_scale = [](const Place& p, const Levels& at, Real sigma) {
           return p.run.eta == 0 ? std::sqrt(variance(at)) : sigma;
         };
       }},
      {"direction-without-sigma", "Eq12", "eta > 0", "DDIM's direction with DDPM's noise",
       "the direction is sqrt(1 - alpha_bar_prev), sigma not subtracted",
       [](Recipe& r) {
         r.direction = [](const Place&, const Levels& at, Real) { return std::sqrt(at.prev.one_minus); };
       }},
      {"direction-is-sigma", "Eq12", "any", "a copied line", "the direction's coefficient is sigma",
       [](Recipe& r) { r.direction = [](const Place&, const Levels&, Real sigma) { return sigma; }; }},
      {"direction-sigma-unsquared", "Eq12", "eta > 0", "a deviation where its square belongs",
       "the direction is sqrt(1 - alpha_bar_prev - sigma)",
       [](Recipe& r) {
         r.direction = [](const Place&, const Levels& at, Real sigma) {
           return std::sqrt(at.prev.one_minus - sigma);
         };
       }},
      {"direction-sigma-added", "Eq12", "eta > 0", "a sign", "the direction is sqrt(1 - alpha_bar_prev + sigma^2)",
       [](Recipe& r) {
         r.direction = [](const Place&, const Levels& at, Real sigma) {
           return std::sqrt(at.prev.one_minus + sigma * sigma);
         };
       }},
      {"direction-no-root", "Eq12", "any but the last step", "a forgotten root",
       "the direction is 1 - alpha_bar_prev - sigma^2, no root",
       [](Recipe& r) {
         r.direction = [](const Place&, const Levels& at, Real sigma) { return at.prev.one_minus - sigma * sigma; };
       }},
      {"direction-reversed", "Eq12", "any but the last step", "a sign", "the direction has the wrong sign",
       [](Recipe& r) {
         r.direction = [](const Place&, const Levels& at, Real sigma) {
           return -std::sqrt(at.prev.one_minus - sigma * sigma);
         };
       }},
      {"direction-of-current", "Eq12", "any", "alpha_bar_t for alpha_bar_prev",
       "the direction is sqrt(1 - alpha_bar_t - sigma^2)",
       [](Recipe& r) {
         r.direction = [](const Place&, const Levels& at, Real sigma) {
           return std::sqrt(at.current.one_minus - sigma * sigma);
         };
       }},
      {"x0-scale-no-root", "Eq12", "any but the last step", "a forgotten root",
       "pred_x0 is scaled by alpha_bar_prev, no root",
       [](Recipe& r) { r.x0_scale = [](const Levels& at) { return at.prev.alpha_bar; }; }},
      {"x0-scale-one", "Eq12", "any but the last step", "variance exploding habits",
       "pred_x0 is not scaled by sqrt(alpha_bar_prev)",
       [](Recipe& r) { r.x0_scale = [](const Levels&) { return Real{1}; }; }},
      {"x0-scale-of-current", "Eq12", "any", "alpha_bar_t for alpha_bar_prev",
       "pred_x0 is scaled by sqrt(alpha_bar_t)",
       [](Recipe& r) { r.x0_scale = [](const Levels& at) { return std::sqrt(at.current.alpha_bar); }; }},

      // Eq9: predicted x_0 and eps.
      {"x0-undivided", "Eq9", "epsilon", "a forgotten division", "pred_x0 is not divided by sqrt(alpha_bar)",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return p == Prediction::eps ? x - std::sqrt(at.current.one_minus) * o : kept(at, p, x, o);
         };
       }},
      {"x0-divided-by-alpha-bar", "Eq9", "epsilon", "a forgotten root", "pred_x0 is divided by alpha_bar, no root",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return p == Prediction::eps ? (x - std::sqrt(at.current.one_minus) * o) / at.current.alpha_bar
                                       : kept(at, p, x, o);
         };
       }},
      {"x0-noise-no-root", "Eq9", "epsilon", "a forgotten root", "eps is scaled by 1 - alpha_bar in pred_x0, no root",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return p == Prediction::eps ? (x - at.current.one_minus * o) / std::sqrt(at.current.alpha_bar)
                                       : kept(at, p, x, o);
         };
       }},
      {"x0-noise-added", "Eq9", "epsilon", "a sign", "eps is added in pred_x0",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return p == Prediction::eps ? kept(at, p, x, -o) : kept(at, p, x, o);
         };
       }},
      {"x0-as-eps", "Eq9", "sample prediction", "samplers that know one prediction type",
       "a model that predicts x_0 is read as one that predicts eps",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return kept(at, p == Prediction::x0 ? Prediction::eps : p, x, o);
         };
         r.eps = [kept = r.eps](const Levels& at, Prediction p, Real x, Real o) {
           return kept(at, p == Prediction::x0 ? Prediction::eps : p, x, o);
         };
       },
       Dialect::paper, "karlo-prior"},
      {"x0-left-in-eps", "Eq12", "sample prediction, no clipping", "diffusers #1486",
       "the model's x_0 is used as eps in the direction",
       [](Recipe& r) {
         r.eps = [kept = r.eps](const Levels& at, Prediction p, Real x, Real o) {
           return p == Prediction::x0 ? o : kept(at, p, x, o);
         };
       },
       Dialect::diffusers, "karlo-prior"},
      {"v-as-eps", "Eq9", "v_prediction", "samplers that know one prediction type",
       "a model that predicts v is read as one that predicts eps",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return kept(at, p == Prediction::v ? Prediction::eps : p, x, o);
         };
         r.eps = [kept = r.eps](const Levels& at, Prediction p, Real x, Real o) {
           return kept(at, p == Prediction::v ? Prediction::eps : p, x, o);
         };
       },
       Dialect::paper, "sd21"},
      {"v-sign", "Eq9", "v_prediction", "v = sqrt(1 - a) x_0 - sqrt(a) eps", "v has the opposite sign",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           return kept(at, p, x, p == Prediction::v ? -o : o);
         };
         r.eps = [kept = r.eps](const Levels& at, Prediction p, Real x, Real o) {
           return kept(at, p, x, p == Prediction::v ? -o : o);
         };
       },
       Dialect::paper, "sd21"},
      {"v-left-in-eps", "Eq12", "v_prediction", "demo ports", "the model's v is used as eps in the direction",
       [](Recipe& r) {
         r.eps = [kept = r.eps](const Levels& at, Prediction p, Real x, Real o) {
           return p == Prediction::v ? o : kept(at, p, x, o);
         };
       },
       Dialect::paper, "sd21"},
      {"v-coefficients-swapped", "Eq9", "v_prediction", "sine and cosine exchanged",
       "sqrt(alpha_bar) and sqrt(1 - alpha_bar) are exchanged for v",
       [](Recipe& r) {
         r.pred_x0 = [kept = r.pred_x0](const Levels& at, Prediction p, Real x, Real o) {
           const Levels swapped{{at.current.one_minus, at.current.alpha_bar}, at.prev};
           return kept(p == Prediction::v ? swapped : at, p, x, o);
         };
       },
       Dialect::paper, "sd21"},

      // Clipping and thresholding.
      {"clip-left-out", "Eq9", "clip_sample", "clip_sample not read", "pred_x0 is not clipped",
       [](Recipe& r) { r.restrict_x0 = [](const Config&, RealBatch&) {}; }, Dialect::diffusers, "ddpm-cifar10"},
      {"clip-range-one", "Eq9", "clip_sample_range other than 1", "a hard-coded [-1, 1]",
       "pred_x0 is clipped to [-1, 1], not to clip_sample_range",
       [](Recipe& r) {
         r.restrict_x0 = [kept = r.restrict_x0](const Config& c, RealBatch& x0) {
           if (c.thresholding) return kept(c, x0);
           clip(x0, 1);
         };
       },
       Dialect::diffusers, "karlo-prior"},
      {"clip-rederives-eps", "Eq12", "clip_sample or thresholding", "use_clipped_model_output always on",
       "eps is re-derived from the clipped x_0",
       [](Recipe& r) { r.rederive_eps = true; }, Dialect::diffusers, "ddpm-cifar10"},
      {"clip-keeps-eps", "Eq12", "clip_sample or thresholding", "diffusers #553",
       "x_0 is clipped, eps is not re-derived",
       [](Recipe& r) { r.rederive_eps = false; }, Dialect::paper, "ddpm-cifar10"},
      {"threshold-as-clip", "Eq9", "thresholding", "thresholding not read",
       "pred_x0 is clipped, not thresholded",
       [](Recipe& r) {
         r.restrict_x0 = [](const Config& c, RealBatch& x0) { clip(x0, c.clip_sample_range); };
       },
       Dialect::diffusers, "deepfloyd-if"},
      {"threshold-undivided", "Eq9", "thresholding", "Imagen's last line forgotten",
       "pred_x0 is clamped to [-s, s] and not divided by s",
       [](Recipe& r) {
         r.restrict_x0 = [kept = r.restrict_x0](const Config& c, RealBatch& x0) {
           if (!c.thresholding) return kept(c, x0);
           for (Eigen::Index j = 0; j < x0.cols(); ++j) {
             RealBatch column = x0.col(j);
             clip(column, std::clamp<Real>(quantile(column, c.dynamic_thresholding_ratio), 1, c.sample_max_value));
             x0.col(j) = column;
           }
         };
       },
       Dialect::diffusers, "deepfloyd-if"},
      {"threshold-no-maximum", "Eq9", "thresholding, large x_0", "sample_max_value not read",
       "the threshold is not limited by sample_max_value",
       [](Recipe& r) {
         r.restrict_x0 = [kept = r.restrict_x0](const Config& c, RealBatch& x0) {
           Config open = c;
           open.sample_max_value = 1e300;
           kept(open, x0);
         };
       },
       Dialect::diffusers, "deepfloyd-if"},
      {"threshold-over-batch", "Eq9", "thresholding, more than one sample", "quantile without a dimension",
       "one threshold for the whole batch",
       [](Recipe& r) {
         r.restrict_x0 = [kept = r.restrict_x0](const Config& c, RealBatch& x0) {
           if (!c.thresholding) return kept(c, x0);
           const Real s =
               std::clamp<Real>(quantile(x0, c.dynamic_thresholding_ratio), 1, c.sample_max_value);
           clip(x0, s);
           x0 /= s;
         };
       },
       Dialect::diffusers, "deepfloyd-if"},

      // Lemma1: noising.
      {"noising-no-roots", "Lemma1", "any", "forgotten roots", "x_t = alpha_bar x_0 + (1 - alpha_bar) noise",
       [](Recipe& r) {
         r.add_noise = [](const Table& table, int t) {
           const Level at = level_at(table, t);
           return Levels{{at.alpha_bar * at.alpha_bar, at.one_minus * at.one_minus}, {}};
         };
       }},
      {"noising-swapped", "Lemma1", "any", "the two roots exchanged",
       "x_t = sqrt(1 - alpha_bar) x_0 + sqrt(alpha_bar) noise",
       [](Recipe& r) {
         r.add_noise = [](const Table& table, int t) {
           const Level at = level_at(table, t);
           return Levels{{at.one_minus, at.alpha_bar}, {}};
         };
       }},
      {"noising-one-step", "Lemma1", "t > 0", "q(x_t | x_{t-1}) for q(x_t | x_0)",
       "x_t = sqrt(1 - beta) x_0 + sqrt(beta) noise",
       [](Recipe& r) {
         r.add_noise = [](const Table& table, int t) {
           if (t == 0) return Levels{level_at(table, 0), {}};
           const Real kept = level_at(table, t).alpha_bar / level_at(table, t - 1).alpha_bar;
           return Levels{{kept, 1 - kept}, {}};
         };
       }},
      {"noising-one-off", "Lemma1", "any", "timestep + 1, latent-diffusion #136",
       "noising reads alpha_bar at t - 1",
       [](Recipe& r) {
         r.add_noise = [](const Table& table, int t) {
           return Levels{t == 0 ? Level{} : level_at(table, t - 1), {}};
         };
       }},
      {"noising-unscaled", "Lemma1", "any", "variance exploding initial noise",
       "x_t = x_0 + sqrt((1 - alpha_bar) / alpha_bar) noise: variance exploding",
       [](Recipe& r) {
         r.add_noise = [](const Table& table, int t) {
           const Level at = level_at(table, t);
           return Levels{{1, at.one_minus / at.alpha_bar}, {}};
         };
       }},

      // Precision.
      {"step-float32", "Eq9", "an implementation that claims float64", ".float() of improved-diffusion's tables",
       "the step reads alpha_bar and 1 - alpha_bar in float32",
       [](Recipe& r) {
         r.current = [kept = r.current](const Place& place) { return rounded(kept(place), 24); };
         r.prev = [kept = r.prev](const Place& place) { return rounded(kept(place), 24); };
       }},
      {"step-float16", "Eq9", "an implementation that claims more", "half-precision pipelines",
       "the step reads alpha_bar and 1 - alpha_bar in float16",
       [](Recipe& r) {
         r.current = [kept = r.current](const Place& place) { return rounded(kept(place), 11); };
         r.prev = [kept = r.prev](const Place& place) { return rounded(kept(place), 11); };
       }},
      {"step-not-finite", "Eq12", "eta = 1", "eta = 1 with zero SNR, diffusers #5969", "the step is NaN at eta = 1",
       [](Recipe& r) {
         r.sigma = [kept = r.sigma](const Place& place, const Levels& at) {
           return place.run.eta == 1 ? std::nan("") : kept(place, at);
         };
       }},
  };
  return all;
}

}  // namespace

std::span<const Fault> faults() { return bank(); }

const Fault* find_fault(const std::string& name) {
  const auto found =
      std::find_if(bank().begin(), bank().end(), [&](const Fault& f) { return f.name == name; });
  return found == bank().end() ? nullptr : &*found;
}

}  // namespace ddim::conformance
