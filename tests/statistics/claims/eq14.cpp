#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/encoding.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kEuler = "Eq14.euler";

Agreement compare_euler(const Context& c) {
  constexpr Eigen::Index n = 32;
  const Run ode = c.run.with_eta(0);
  Comparison comparison;
  for (const int i : moving_steps(ode)) {
    if (ode.level(i).alpha_bar == 0) continue;  // nothing of x_prev is left there
    const Encoded up = encode(c.on(ode), kEuler, i, n);
    const Level current = up.law.current, prev = up.law.prev;
    const double root_a = root(current.alpha_bar), root_prev = root(prev.alpha_bar);
    const double time = root(current.one_minus / current.alpha_bar) - root(prev.one_minus / prev.alpha_bar);
    for (Eigen::Index k = 0; k < n; ++k) {
      comparison.add(up.x_t(0, k) / root_a - up.x_prev(0, k) / root_prev, up.eps(0, k) * time,
                     64 * 0x1p-53 * up.size(k) / root_prev,
                     "step " + std::to_string(i) + ", element " + std::to_string(k));
    }
  }
  return comparison.result();
}

}  // namespace

std::vector<Claim> eq14(const Run&) {
  return {{kEuler, "in x / sqrt(a) the encoding step is Euler's in ode_sigma", 0, Exact{compare_euler},
           needs_encoding}};
}

}  // namespace ddim::statistics::equations
