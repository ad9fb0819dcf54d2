#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/claims/steps.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char* kScale = "Eq16.scale";
constexpr std::array kEtas{0.25, 0.75, 1.0};

void observe_scale(const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
  for (std::size_t k = 0; k < kEtas.size(); ++k) {
    const Run at = c.run.with_eta(kEtas[k]);
    SingleSteps{false}.observe(
        c.on(at), kScale + std::string("/eta=") + to_text(kEtas[k]), first, count,
        [k](std::size_t, std::size_t) { return static_cast<int>(k); }, record);
  }
}

std::string coarse_somewhere(const Context& c) {
  std::size_t asked = 0, all = 0;
  for (const double eta : kEtas) {
    const Run at = c.run.with_eta(eta);
    asked += asked_steps(c.on(at)).size();
    all += noisy_steps(at).size();
  }
  return too_coarse_at(c, "sigma", asked, all, "steps");
}

}  // namespace

std::vector<Claim> eq16(const Run&) {
  return {{kScale, "sigma(eta) at eta = 0.25, 0.75 and 1: one cell each", 0.11,
           Residuals{kEtas.size(), {"1", "e_t", "x_0", "neighbour"}, observe_scale},
           [](const Context& c) {
             const Run at = c.run.with_eta(1);
             return first_obstacle(
                 {c.sampler.identity.eta ? "its step takes no eta: it has one alone" : "",
                  noisy_steps(at).empty() ? "S = 1: the one step has no noise" : needs_fine_steps(c.on(at)),
                  needs_step(c)});
           },
           coarse_somewhere}};
}

}  // namespace ddim::statistics::equations
