#include <cmath>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

using samplers::root;

/// x_t = x_prev's coefficient times x_prev + eps' coefficient times eps.
using OfLaw = double (*)(const Law&);
std::function<void(Sampler&)> encode_with(OfLaw of_x_prev, OfLaw of_eps) {
  return [=](Sampler& sampler) {
    sampler.encode = [=](const Run& run, int entry, const Batch& x_prev, const Batch& eps) {
      const Law law = run.law(run.step_of(entry));
      return Batch(of_x_prev(law) * x_prev + of_eps(law) * eps);
    };
  };
}
double kept(const Law& law) { return root(law.current.alpha_bar / law.prev.alpha_bar); }
double one(const Law&) { return 1; }
/// ode_sigma squared.
Real odds(const Level& level) { return level.one_minus / level.alpha_bar; }

}  // namespace

std::vector<Fault> encode_faults() {
  return {
      {.name = "encode-same-index",
       .equation = "Eq13",
       .condition = "any",
       .seen = "encoding with alpha_bar of one index",
       .says = "alpha of the same index on both sides",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = encode_with(one,
                                 [](const Law& law) {
                                   return root(law.current.one_minus) -
                                          root(law.current.one_minus * law.current.alpha_bar /
                                               law.prev.alpha_bar);
                                 })},
      {.name = "encode-sign",
       .equation = "Eq13",
       .condition = "any",
       .seen = "a sign",
       .says = "eps is subtracted in encoding",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = encode_with(kept,
                                 [](const Law& law) {
                                   return root(law.current.alpha_bar * odds(law.prev)) -
                                          root(law.current.one_minus);
                                 })},
      {.name = "encode-unscaled",
       .equation = "Eq14",
       .condition = "any",
       .seen = "the variance exploding step taken in DDIM's variables",
       .says = "Euler's step without the scale of x_bar",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler =
           encode_with(one, [](const Law& law) { return root(odds(law.current)) - root(odds(law.prev)); })},
      {.name = "encode-by-variance",
       .equation = "Eq14",
       .condition = "any",
       .seen = "a forgotten root",
       .says = "ode_sigma without its root",
       .kind = Kind::exact,
       .where = {.config = ""},
       .in_sampler = encode_with(kept,
                                 [](const Law& law) {
                                   return root(law.current.alpha_bar) *
                                          static_cast<double>(odds(law.current) - odds(law.prev));
                                 })},
  };
}

}  // namespace ddim::faults
