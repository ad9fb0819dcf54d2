#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/forward.hpp"
#include "tests/statistics/joint.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kCross = "Eq6.cross", *kReverse = "Eq6.cross_reverse", *kJoint = "Eq6.joint",
                     *kBartlett = "Eq6.bartlett", *kRank = "Eq6.rank";

/// Row i - 1 holds w_i of each sample: paths built downwards are whitened upwards by Eq8, and the reverse.
struct Whitened {
  Batch w, e, x0;
};

Path path_of(const Context& c, bool built_down, const Batch& x0, const Path& z) {
  const auto& capability = built_down ? c.sampler.path : c.sampler.path_forward;
  Path x = answer("path", samplers::ask(capability, c.run, x0, z));
  if (x.size() != z.size())
    throw ShapeError("length of the path", std::to_string(x.size()), std::to_string(z.size()));
  for (const Batch& at : x) require_shape("x_t", at, x0.rows(), x0.cols());
  return x;
}

Whitened cross_whiten(const Context& c, const char* id, bool built_down, std::uint64_t first,
                      Eigen::Index count) {
  const Draws design = c.design(id), noise = c.noise_for(id);
  const int S = c.run.S();
  Whitened result{Batch(S, count), Batch::Zero(S, count), typical_x0(design, 1, count, first, 0)};
  Path z;
  for (int i = 1; i <= S; ++i)
    z.push_back(noise.normal_batch(1, count, first, static_cast<std::uint32_t>(i)));
  const Path x = path_of(c, built_down, result.x0, z);
  const auto at = [&](int i) -> const Batch& { return x[static_cast<std::size_t>(i - 1)]; };
  const int start = built_down ? 1 : S;
  result.w.row(start - 1) = samplers::noise_of(c.run.level(start), result.x0, at(start));
  for (int i = 2; i <= S; ++i) {
    const Law law = c.run.law(i);
    const int from = built_down ? i - 1 : i, to = built_down ? i : i - 1;
    const Batch e = samplers::noise_of(built_down ? law.prev : law.current, result.x0, at(from));
    result.e.row(to - 1) = e;
    result.w.row(to - 1) =
        built_down ? Batch((at(to) - root(law.current.alpha_bar) * result.x0 -
                            law.forward_gain() * root(law.prev.one_minus) * e) /
                           law.forward_sigma())
                   : Batch((at(to) - law.posterior_x0() * result.x0 - law.direction() * e) / law.sigma());
  }
  return result;
}

void observe_cross(const Context& c, bool built_down, std::uint64_t first, Eigen::Index count,
                   Recorder& record) {
  const Whitened paths = cross_whiten(c, built_down ? kCross : kReverse, built_down, first, count);
  const Repeats repeats = c.repeats();
  const int S = c.run.S();
  for (int k = 0; k < S && !record.stopped(); ++k) {
    const int row = built_down ? k : S - 1 - k, before = built_down ? row - 1 : row + 1;
    for (Eigen::Index j = 0; j < count; ++j) {
      const double earlier = k > 0 ? paths.w(before, j) : 0;
      const std::array<double, 4> given{1, paths.e(row, j), paths.x0(0, j) / kTypicalScale, earlier};
      record.add(cell_of(static_cast<std::size_t>(row), static_cast<std::size_t>(S)), given, paths.w(row, j),
                 k > 0 && repeats(paths.w(row, j), earlier));
    }
  }
}

/// Cross-whitened paths as independent vectors of 8 to 15 coordinates (fewer where S is less), a column each. A
/// path makes m of them, each spread over tau: coordinate k of vector r is time k m + r. Which times are left over
/// goes round from sample to sample.
constexpr int kTogether = 8;
int vectors_of(int S) { return std::max(1, S / kTogether); }
Eigen::MatrixXd spread_over_tau(const Batch& w, std::uint64_t first) {
  const Eigen::Index S = w.rows(), m = vectors_of(static_cast<int>(S)), d = S / m, rest = S - m * d;
  Eigen::MatrixXd vectors(d, m * w.cols());
  for (Eigen::Index j = 0; j < w.cols(); ++j) {
    const auto skipped = static_cast<Eigen::Index>((first + static_cast<std::uint64_t>(j)) %
                                                   static_cast<std::uint64_t>(rest + 1));
    for (Eigen::Index r = 0; r < m; ++r) {
      for (Eigen::Index k = 0; k < d; ++k) vectors(k, j * m + r) = w(skipped + k * m + r, j);
    }
  }
  return vectors;
}

/// Bartlett's pieces of the paths from samples `first` on, as one p-value. Memory does not grow with `count`.
double p_pieces(const Context& c, std::uint64_t first, Eigen::Index count) {
  Joint joint;
  in_chunks(first, count, [&](std::uint64_t from, Eigen::Index samples) {
    joint.add(spread_over_tau(cross_whiten(c, kBartlett, false, from, samples).w, from));
  });
  return p_least_of(p_bartlett(joint.second, joint.n));
}

/// Up by Eq8 and down again by Eq12 seven times over: given x_T the first x_1 and the seven new ones are
/// exchangeable, so the rank of the first is uniform on 0..7.
constexpr int kReplicates = 7;
void observe_ranks(const Context& c, std::uint64_t first, Eigen::Index count,
                   std::vector<std::vector<double>>& counts) {
  const Draws design = c.design(kRank), noise = c.noise_for(kRank);
  for (const auto& [steps, from, samples, place] : dealt(pieces_of(upper_steps(c.run)), first, count)) {
    std::uint32_t block = 1 + place * static_cast<std::uint32_t>((1 + kReplicates) * kStretch);
    const Batch x0 = typical_x0(design, 1, samples, from, 2 * place);
    const Batch start = samplers::marginal(c.run.law(steps.front()).prev, x0,
                                           design.normal_batch(1, samples, from, 2 * place + 1));
    Batch up = start;
    for (const int i : steps) up = forward_step(c, i, up, x0, noise.normal_batch(1, samples, from, block++));
    Eigen::VectorXi rank = Eigen::VectorXi::Zero(samples);
    for (int replicate = 0; replicate < kReplicates; ++replicate) {
      Batch x = up;
      for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        const int i = *step;
        const Batch e = samplers::noise_of(c.run.level(i), x0, x);
        x = c.step(i, x, c.run.output(i, x0, e), noise.normal_batch(1, samples, from, block++));
      }
      require_finite("x after the loop", x);
      for (Eigen::Index j = 0; j < samples; ++j) rank[j] += x(0, j) < start(0, j) ? 1 : 0;
    }
    for (Eigen::Index j = 0; j < samples; ++j) counts[0][static_cast<std::size_t>(rank[j])] += 1;
  }
}

std::string needs_noisy_path(const Context& c) {
  if (!(c.run.eta() > 0 && c.run.S() >= 2)) return "eta = 0 or S = 1: the path has no noise";
  return c.run.moves(1) ? "" : "the run's last step stays where it is, and a path does not";
}
std::string needs_path(const Context& c) {
  return first_obstacle({needs_noisy_path(c), need(bool(c.sampler.path), "path")});
}
std::string needs_path_forward(const Context& c) {
  return first_obstacle({needs_noisy_path(c), need(bool(c.sampler.path_forward), "forward path")});
}

Residuals crossed(const Run& run, bool built_down) {
  return {cells_for(static_cast<std::size_t>(run.S())),
          {"1", built_down ? "e_prev" : "e_t", "x_0", "previous time"},
          [built_down](const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
            observe_cross(c, built_down, first, count, record);
          }};
}

}  // namespace

std::vector<Claim> eq6(const Run& run) {
  return {
      {kCross, "paths built by Eq7 and whitened by Eq8 are iid N(0, 1)", 0.05, crossed(run, true),
       needs_path},
      {kReverse, "paths built by Eq8 and whitened by Eq7 are iid N(0, 1)", 0.04, crossed(run, false),
       needs_path_forward},
      {kJoint,
       "cross-whitened paths as vectors of up to fifteen times spread over tau: N(0, I) against every other "
       "normal law",
       0.005, Vectors{[](const Context& c, std::uint64_t first, Eigen::Index count) {
         return spread_over_tau(cross_whiten(c, kJoint, true, first, count).w, first);
       }},
       needs_path},
      {kBartlett, "of the same vectors, the pieces of the Cholesky factor have their exact laws", 0.005,
       ExactP{p_pieces, vectors_of(run.S())}, needs_path_forward},
      {kRank,
       "up to sixteen steps up by Eq8 and down by Eq12: the rank of the start among seven returns is uniform",
       0.01, Counts{{std::vector<double>(kReplicates + 1, 1.0 / (kReplicates + 1))}, {}, observe_ranks},
       [](const Context& c) {
         return first_obstacle({needs_forward(c), needs_step(c)});
       }},
  };
}

}  // namespace ddim::statistics::equations
