#include "tests/statistics/claims.hpp"

#include <algorithm>

#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"

namespace ddim::statistics {

std::vector<Claim> claims(const Run& run) {
  if (moving_steps(run).empty())
    throw DomainError("S", std::to_string(run.asked_S()), "runs with a step that changes alpha_bar");
  std::vector<Claim> all;
  for (const auto of : equations::kAll) {
    for (Claim& claim : of(run)) all.push_back(std::move(claim));
  }
  return all;
}

const Claim& find_claim(const std::vector<Claim>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Claim& claim) { return claim.id == id; });
  if (found == all.end()) throw DomainError("claim", id, "the claims of this suite");
  return *found;
}

std::vector<double> shares(const std::vector<Claim>& all, const Context& context) {
  double total = 0;
  for (const Claim& claim : all) {
    if (claim.weight > 0 && claim.obstacle(context).empty()) total += claim.weight;
  }
  std::vector<double> result;
  for (const Claim& claim : all) result.push_back(total > 0 ? claim.weight / total : 0);
  return result;
}

}  // namespace ddim::statistics
