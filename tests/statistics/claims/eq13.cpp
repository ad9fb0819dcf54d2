#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/encoding.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kRoundtrip = "Eq13.roundtrip";

Agreement compare_roundtrip(const Context& c) {
  constexpr Eigen::Index n = 32;
  const Run ode = c.run.with_eta(0);
  const Context at = c.on(ode);
  Comparison comparison;
  for (const int i : moving_steps(ode)) {
    if (ode.level(i).alpha_bar == 0) continue;  // nothing of x_prev is left there
    const Encoded up = encode(at, kRoundtrip, i, n);
    const double root_a = root(up.law.current.alpha_bar), root_b = root(up.law.current.one_minus);
    const Batch x0 = (up.x_t - root_b * up.eps) / root_a;
    const Batch back = at.step(i, up.x_t, ode.output(i, x0, up.eps), Batch::Zero(1, n));
    for (Eigen::Index k = 0; k < n; ++k) {
      comparison.add(back(0, k), up.x_prev(0, k), 64 * 0x1p-53 * up.size(k),
                     "step " + std::to_string(i) + ", element " + std::to_string(k));
    }
  }
  return comparison.result();
}

}  // namespace

Encoded encode(const Context& at, const char* id, int i, Eigen::Index n) {
  const Draws draws = at.judge(id);
  const auto block = static_cast<std::uint32_t>(4 * i);
  Encoded up{draws.normal_batch(1, n, 0, block),
             draws.normal_batch(1, n, 0, block + 1),
             {},
             law_of(at.run.chain().steps[static_cast<std::size_t>(i - 1)], 0)};
  up.x_t = answer("encode " + step_text(at.run, i),
                  samplers::ask(at.sampler.encode, at.run, at.run.entry(i), up.x_prev, up.eps));
  require_shape("x_t", up.x_t, 1, n);
  return up;
}

double Encoded::size(Eigen::Index k) const {
  return (std::abs(x_t(0, k)) + root(law.current.one_minus) * std::abs(eps(0, k))) /
             root(law.current.alpha_bar) +
         std::abs(x_prev(0, k)) + std::abs(eps(0, k));
}

std::string needs_encoding(const Context& c) { return need(bool(c.sampler.encode), "encoding step"); }

std::vector<Claim> eq13(const Run&) {
  return {{kRoundtrip, "with eps frozen, a step at eta = 0 undoes the encoding step", 0,
           Exact{compare_roundtrip}, [](const Context& c) {
             return first_obstacle({needs_encoding(c), needs_step(c), needs_unrestricted(c)});
           }}};
}

}  // namespace ddim::statistics::equations
