// The printed templates themselves, instantiated with double, each with its proved error as the bound:
//   samples | certify

#include "link/samples.hpp"

#include "generated/bounds.hpp"
#include "generated/formulas.hpp"

namespace ddim::link {
namespace {

struct Proved {
#define DDIM_CLAIM(formula)                                                            \
  static Claim formula(auto... x) {                                                    \
    return {proved::formula(x...), up(proved::formula##_error<Wider>(u, tiny, x...))}; \
  }
  DDIM_PROVED_FORMULAS(DDIM_CLAIM)
#undef DDIM_CLAIM
};

}  // namespace
}  // namespace ddim::link

int main() { ddim::link::print_samples<ddim::link::Proved>(30); }
