// A sampler's own noise beyond one object and one call: where its seeds come from.

#include <map>

#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kObject = "Generator.object", *kProcess = "Generator.process",
                     *kPool = "Generator.pool", *kNotFinite = "the output is not finite";

/// A step with noise, always from the same input: what differs between two of its results is the noise alone.
class Repeated {
 public:
  Repeated(const Context& c, const char* id, Eigen::Index samples)
      : context_(c), i_(noisy_steps(c.run).back()) {
    const Draws draws = c.judge(id);
    const Batch x0 = typical_x0(draws, kDims, samples, 0, 0), e = draws.normal_batch(kDims, samples, 0, 4);
    x_t_ = samplers::marginal(c.run.level(i_), x0, e);
    output_ = c.run.output(i_, x0, e);
  }
  Batch operator()() const { return context_.step(i_, x_t_, output_, Batch()); }

 private:
  const Context& context_;
  int i_;
  Batch x_t_, output_;
};

/// Made twice and asked the same at once. A seed that is always the same is lawful where a caller is meant to
/// choose it, and a mistake where nobody can: that is not for a suite to say.
Agreement compare_anew(const Context& c, const char* id, samplers::Anew how, const char* finding) {
  const Repeated step(c, id, 16);
  const auto first_noise = [&] {
    answer("made anew", samplers::ask(c.sampler.remake, c.run, how));
    return step();
  };
  const Batch first = first_noise(), second = first_noise();
  if (!(first + second).allFinite()) return broken(kNotFinite, 2);
  if (first == second) {
    throw Undecided(std::string(finding) +
                    " the same noise again: lawful where whoever makes it chooses the seed, a mistake where "
                    "nobody can");
  }
  return {0, 2, ""};
}

/// So many calls that seeds drawn from a pool of a million would come twice, as birthdays do.
Agreement compare_calls(const Context& c) {
  constexpr int kCalls = 4000;
  const Repeated step(c, kPool, 4);
  std::map<std::vector<double>, int> seen;
  for (int call = 0; call < kCalls; ++call) {
    const Batch result = step();
    if (!result.allFinite()) return broken(kNotFinite, call + 1);
    const auto [earlier, fresh] =
        seen.emplace(std::vector<double>(result.data(), result.data() + result.size()), call);
    if (!fresh) {
      return broken("call " + std::to_string(call + 1) + " draws the noise of call " +
                        std::to_string(earlier->second + 1) + ": its seeds come from a small pool",
                    call + 1);
    }
  }
  return {0, kCalls, ""};
}

std::string needs_own_noise(const Context& c) {
  return first_obstacle({c.noise == Noise::own ? "" : "the noise is handed in", needs_noise(c)});
}

Claim by_making(const char* id, samplers::Anew how, const char* statement, const char* finding) {
  return {
      id, statement, 0, Exact{[=](const Context& c) { return compare_anew(c, id, how, finding); }},
      [](const Context& c) {
        return first_obstacle({needs_own_noise(c), need(bool(c.sampler.remake), "a way to make it anew")});
      }};
}

}  // namespace

std::vector<Claim> seeds(const Run&) {
  return {
      by_making(kObject, samplers::Anew::object, "made anew, it draws other noise", "a second object draws"),
      by_making(kProcess, samplers::Anew::process, "in another process, it draws other noise",
                "a second process draws"),
      {kPool, "of 4000 calls no two draw the same noise", 0, Exact{compare_calls}, [](const Context& c) {
         if (const std::string why = needs_own_noise(c); !why.empty()) return why;
         // Below that, sixteen outputs on a coarse grid might repeat by chance.
         const double sigma = c.run.law(noisy_steps(c.run).back()).sigma();
         return std::string(sigma > 64 * c.unit_roundoff ? "" : "sigma is small beside the outputs' grid");
       }}};
}

}  // namespace ddim::statistics::equations
