#include "tests/statistics/claims/designs.hpp"

#include "reference/error.hpp"
#include "tests/samplers/recipe.hpp"

namespace ddim::statistics {
namespace {

Batch uniform_batch(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                    std::uint32_t block) {
  Batch result(d, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; i += 2) {
      const auto u =
          draws.uniforms(first + static_cast<std::uint64_t>(j), block + static_cast<std::uint32_t>(i / 2));
      result(i, j) = u[0];
      if (i + 1 < d) result(i + 1, j) = u[1];
    }
  }
  return result;
}

}  // namespace

Batch typical_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                 std::uint32_t block) {
  return 2 * uniform_batch(draws, d, n, first, block).array() - 1;
}

Batch signs(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) {
  return uniform_batch(draws, d, n, first, block).unaryExpr([](double u) { return u < 0.5 ? -1.0 : 1.0; });
}

Batch mixed_x0(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block,
               double factor) {
  Batch u = uniform_batch(draws, d, n, first, block);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; ++i)
      u(i, j) = i % 2 == 1 ? factor * (u(i, j) < 0.5 ? -kFar : kFar) : 2 * u(i, j) - 1;
  }
  return u;
}

Real data_slope(const Level& level) {
  return std::sqrt(level.one_minus) / (level.alpha_bar * Real(kDataVariance) + level.one_minus);
}

std::vector<int> moving_steps(const Run& run) {
  std::vector<int> steps;
  for (int i = 1; i <= run.S(); ++i) {
    const bool defined = run.config().prediction != Prediction::eps || run.level(i).alpha_bar > 0;
    if (run.moves(i) && defined) steps.push_back(i);
  }
  return steps;
}

std::vector<int> noisy_steps(const Run& run) {
  std::vector<int> steps;
  for (const int i : moving_steps(run)) {
    if (run.law(i).noise_variance > 0) steps.push_back(i);
  }
  return steps;
}

std::vector<int> upper_steps(const Run& run) {
  std::vector<int> steps = moving_steps(run);
  if (!steps.empty()) steps.erase(steps.begin());
  return steps;
}

Pieces pieces_of(const std::vector<int>& steps) {
  const std::size_t count = (steps.size() + kStretch - 1) / kStretch;
  const auto bound = [&](std::size_t place) {
    return steps.begin() + static_cast<std::ptrdiff_t>(place * steps.size() / count);
  };
  Pieces pieces;
  for (std::size_t place = 0; place < count; ++place) pieces.emplace_back(bound(place), bound(place + 1));
  return pieces;
}

Pieces pieces_within(const std::vector<int>& steps, double most, const std::function<double(int i)>& moved) {
  Pieces pieces;
  double total = 0;
  bool joins = false;  // the step before is of the last piece
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const double by = moved(*step);
    if (!(by <= most)) {
      joins = false;
      continue;
    }
    joins = joins && total + by <= most && pieces.back().size() < kStretch;
    if (!joins) {
      pieces.emplace_back();
      total = 0;
    }
    total += by;
    pieces.back().insert(pieces.back().begin(), *step);
    joins = true;
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::vector<Stretch> dealt(const Pieces& pieces, std::uint64_t first, Eigen::Index count) {
  const auto until = [&](std::uint64_t samples, std::size_t place) {
    return (samples + pieces.size() - 1 - place) / pieces.size();
  };
  std::vector<Stretch> stretches;
  for (std::size_t place = 0; place < pieces.size(); ++place) {
    const std::uint64_t from = until(first, place),
                        to = until(first + static_cast<std::uint64_t>(count), place);
    if (from < to) {
      stretches.push_back(
          {pieces[place], from, static_cast<Eigen::Index>(to - from), static_cast<std::uint32_t>(place)});
    }
  }
  return stretches;
}

int cells_for(std::size_t steps) { return std::max(1, static_cast<int>(std::min<std::size_t>(steps, 8))); }
int cell_of(std::size_t position, std::size_t steps) {
  return static_cast<int>(position * static_cast<std::size_t>(cells_for(steps)) / steps);
}

int noisy_step_of_cell(const Run& run, int cell) {
  const std::vector<int> steps = noisy_steps(run);
  return cells_for(steps.size()) == static_cast<int>(steps.size()) ? steps[static_cast<std::size_t>(cell)]
                                                                   : 0;
}

std::string step_text(const Run& run, int i) {
  return "step " + std::to_string(i) + " (t = " + std::to_string(run.time(i)) + ")";
}

Given given(const Context& c, int i, const Batch& x0, const Batch& e) {
  const Grid& grid = c.rounding->grid();
  return {grid.nearest(samplers::marginal(c.run.level(i), x0, e)), grid.nearest(c.run.output(i, x0, e)), x0,
          e};
}

Given given_at(const Context& c, int i, const Batch& x0, const Batch& x_t) {
  const Batch e = samplers::noise_of(c.run.level(i), x0, x_t);
  return {x_t, c.rounding->grid().nearest(c.run.output(i, x0, e)), x0, e};
}

namespace {

/// Of the largest noise that is drawn, in that of root mean square 1.
constexpr double kLargest = 8;
double step_error(const Context& c, int i, double x0, double e) {
  return c.rounding->of_step(c.run, i, x0, e, c.noise == Noise::injected);
}

/// `error`: what rounding may be off by where no input is larger than 1; it grows with the largest at most.
Batch with_noise_given(const Grid& grid, const Batch& y, const samplers::RealBatch& mean, double sigma,
                       const Batch& z, const Batch& largest_input, double error) {
  Batch r(y.rows(), y.cols());
  for (Eigen::Index k = 0; k < r.size(); ++k) {
    const auto about = static_cast<double>(mean(k));
    const double most = error * std::max({1.0, largest_input(k), std::abs(z(k))});
    r(k) = std::abs(y(k) - (about + sigma * grid.nearest(z(k)))) <= most ? z(k) : (y(k) - about) / sigma;
  }
  return r;
}

}  // namespace

bool admits(const Context& c, int i, double x0, double e) {
  if (!c.rounding->matters()) return true;
  const double shift = step_error(c, i, x0, e) / c.run.law(i).sigma();
  return c.noise == Noise::own ? shift <= c.largest_shift : kLargest * shift <= 0.5;
}

std::vector<int> asked_steps(const Context& c, bool amplified) {
  std::vector<int> steps = noisy_steps(c.run);
  std::erase_if(steps, [&](int i) { return amplified ? step_amplification(c, i) == 0 : !admits(c, i); });
  return steps;
}

Batch within_cells(const Context& c, const char* id, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                   std::uint32_t block) {
  if (!c.rounding->matters()) return {};
  return uniform_batch(c.judge(id), d, n, first, block).array() + 0x1p-54;
}

Batch step_residual(const Context& c, int i, const Given& given, const Batch& z, const Batch& x_prev,
                    const Batch& within) {
  const Law law = c.run.law(i);
  if (!c.instruments.whiten_by_paper) {
    const Batch mean = c.step(i, given.x_t, given.output, Batch::Zero(given.x_t.rows(), given.x_t.cols()));
    const Batch far = c.step(i, given.x_t, given.output, Batch::Ones(given.x_t.rows(), given.x_t.cols()));
    return (x_prev - mean).array() / (far - mean).array();
  }
  if (!c.rounding->matters())
    return (x_prev - law.posterior_x0() * given.x0 - law.direction() * given.e) / law.sigma();
  const auto zero = samplers::RealBatch::Zero(x_prev.rows(), x_prev.cols());
  const samplers::RealBatch mean =
      samplers::step(samplers::Recipe::of(c.run.dialect()), {c.run, c.run.entry(i)}, given.x_t.cast<Real>(),
                     given.output.cast<Real>(), zero)
          .prev_sample;
  const Grid& grid = c.rounding->grid();
  if (c.noise == Noise::injected) {
    return with_noise_given(grid, x_prev, mean, law.sigma(), z,
                            given.x0.cwiseAbs().cwiseMax(given.e.cwiseAbs()), step_error(c, i, 1, 1));
  }
  return Batch::NullaryExpr(x_prev.rows(), x_prev.cols(), [&](Eigen::Index row, Eigen::Index column) {
    return grid.residual(x_prev(row, column), static_cast<double>(mean(row, column)), law.sigma(),
                         within(row, column));
  });
}

Batch noising_residual(const Context& c, int i, const Batch& x0, const Batch& z, const Batch& x_t) {
  const Level level = c.run.level(i);
  if (!c.rounding->matters()) return samplers::noise_of(level, x0, x_t);
  return with_noise_given(c.rounding->grid(), x_t, std::sqrt(level.alpha_bar) * x0.cast<Real>(),
                          root(level.one_minus), z, x0.cwiseAbs(),
                          c.rounding->of_noising(c.run, c.run.timestep(i), 1));
}

double amplification(const Context& c, const std::function<bool(double factor)>& fits) {
  if (!c.rounding->matters()) return 1;
  for (double factor = 1; factor * kFar > 1; factor /= 2) {
    if (fits(factor)) return factor;
  }
  return 0;
}

double step_amplification(const Context& c, int i) {
  return amplification(c, [&](double factor) { return admits(c, i, factor * kFar, factor * kFarNoise); });
}

double noising_amplification(const Context& c, int i) {
  return amplification(c, [&](double factor) {
    return kLargest * c.rounding->of_noising(c.run, c.run.timestep(i), factor * kFar) <=
           root(c.run.level(i).one_minus) / 2;
  });
}

Level level_of(const NoiseLevel& level) {
  const auto real = [](const Wide& w) { return Real(w.hi) + Real(w.lo); };
  return {real(level.alpha_bar), real(level.one_minus_alpha_bar)};
}

Law law_of(const Transition& step, double eta) {
  return Law::with_eta(level_of(step.current), level_of(step.prev), eta);
}

std::string need(bool there, const std::string& what) { return there ? "" : "not supplied: " + what; }

std::string needs_step(const Context& c) {
  return need(c.noise == Noise::own ? bool(c.sampler.own_step) : bool(c.sampler.step), "step");
}

std::string needs_noise(const Context& c) {
  return first_obstacle(
      {needs_step(c),
       noisy_steps(c.run).empty() ? "eta = 0: the step has no noise, and is compared exactly instead" : ""});
}

std::string too_coarse(const Context& c, const std::string& what) {
  return "rounding of " + c.rounding->dtypes() + " is not small beside " + what;
}

std::string too_coarse_at(const Context& c, const std::string& what, std::size_t asked, std::size_t all,
                          const std::string& places) {
  if (asked == all) return {};
  return "not asked at " + std::to_string(all - asked) + " of " + std::to_string(all) + " " + places + ": " +
         too_coarse(c, what) + " there";
}

std::string needs_fine_steps(const Context& c, bool amplified) {
  return asked_steps(c, amplified).empty() ? too_coarse(c, "sigma at any step") : "";
}

std::string coarse_steps(const Context& c, bool amplified) {
  return too_coarse_at(c, "sigma", asked_steps(c, amplified).size(), noisy_steps(c.run).size(), "steps");
}

std::string needs_unrestricted(const Context& c) {
  return c.run.config().restricts()
             ? "the configuration clips or thresholds x_0, which large inputs would hit"
             : "";
}

std::string first_obstacle(std::initializer_list<std::string> reasons) {
  for (const std::string& reason : reasons) {
    if (!reason.empty()) return reason;
  }
  return {};
}

}  // namespace ddim::statistics
