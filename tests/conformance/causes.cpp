#include "tests/conformance/causes.hpp"

#include <algorithm>
#include <cmath>

#include "tests/faults/fault.hpp"

namespace ddim::conformance {
namespace {

/// The definition with one mistake of the bank.
struct Suspect {
  const faults::Fault* fault;
  Recipe recipe;

  Cause cause(double distance) const { return {fault->name, fault->says, distance}; }
};

std::vector<Suspect> suspects_of(const Recipe& definition) {
  std::vector<Suspect> all;
  for (const faults::Fault& fault : faults::faults()) {
    if (!fault.in_recipe) continue;
    all.push_back({&fault, definition});
    fault.in_recipe(all.back().recipe);
  }
  return all;
}

struct Ranked {
  const Suspect* suspect;
  double distance, total = 0;
};

/// Several may reproduce a row; the one that fits all other rows best goes first.
void settle_ties(std::vector<Ranked>& ranked, const std::vector<Draft>& drafts, double u) {
  const double close = std::max(4 * ranked.front().distance, 64 * u);
  const auto end =
      std::find_if(ranked.begin(), ranked.end(), [close](const Ranked& one) { return one.distance > close; });
  if (end - ranked.begin() <= 1) return;
  for (auto tied = ranked.begin(); tied != end; ++tied) {
    for (const Draft& other : drafts) {
      if (other.distance_to()) tied->total += std::min(other.distance_to()(tied->suspect->recipe), 1e3);
    }
  }
  std::stable_sort(ranked.begin(), end, [](const Ranked& a, const Ranked& b) { return a.total < b.total; });
}

/// A failure follows from an earlier one of the same cause;
/// an unexplained one from an unexplained one of the same run.
void fold(std::vector<Draft>& drafts) {
  for (std::size_t k = 0; k < drafts.size(); ++k) {
    Row& row = drafts[k].row();
    if (row.status != Status::fail) continue;
    for (std::size_t j = 0; j < k; ++j) {
      const Row& earlier = drafts[j].row();
      if (earlier.status != Status::fail || earlier.follows) continue;
      const bool same_cause =
          row.explained && earlier.explained && row.causes[0].name == earlier.causes[0].name;
      const bool same_run =
          !row.explained && row.reproduce == earlier.reproduce && row.wrong && earlier.wrong;
      if (same_cause || same_run) {
        row.follows = earlier.id;
        break;
      }
    }
  }
}

class Search {
 public:
  Search(std::vector<Draft>& drafts, const Recipe& definition, double u)
      : drafts_(drafts), definition_(definition), u_(u), suspects_(suspects_of(definition)) {}

  void operator()(Draft& draft) {
    const Distance& distance = draft.distance_to();
    const double own = distance(definition_);
    // A row that holds a NaN is infinitely far from the definition: nothing is a thousandth of that.
    const auto explains = [&](double d) { return d <= 256 * u_ || (std::isfinite(own) && d <= 1e-3 * own); };
    Row& row = draft.row();
    // One mistake has many consequences: a cause that is already established and fits goes first.
    for (const Suspect* known : established_) {
      const double d = distance(known->recipe);
      if (!explains(d) || !is_borne_out(draft, *known)) continue;
      row.causes.push_back(known->cause(d));
      row.explained = true;
      return;
    }
    std::vector<Ranked> ranked;
    for (const Suspect& suspect : suspects_) {
      const double d = distance(suspect.recipe);
      if (d < 0.5 * own && is_borne_out(draft, suspect)) ranked.push_back({&suspect, d});
    }
    if (ranked.empty()) return;
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const Ranked& a, const Ranked& b) { return a.distance < b.distance; });
    settle_ties(ranked, drafts_, u_);
    for (std::size_t k = 0; k < std::min<std::size_t>(ranked.size(), 5); ++k)
      row.causes.push_back(ranked[k].suspect->cause(ranked[k].distance));
    row.explained = explains(row.causes.front().distance);
    if (row.explained) established_.push_back(ranked.front().suspect);
  }

 private:
  /// A row without a finite number says where nothing is left: whoever explains it has the numbers of the others.
  bool is_borne_out(const Draft& draft, const Suspect& suspect) const {
    if (!draft.shows_none_finite()) return true;
    bool borne_out = false;
    for (const Draft& other : drafts_) {
      if (&other == &draft || !other.distance_to()) continue;
      if (std::isinf(other.distance_to()(suspect.recipe))) return false;
      borne_out = borne_out || other.shows_finite();
    }
    return borne_out;
  }

  std::vector<Draft>& drafts_;
  const Recipe& definition_;
  double u_;
  std::vector<Suspect> suspects_;
  std::vector<const Suspect*> established_;
};

}  // namespace

void find_causes(std::vector<Draft>& drafts, const Recipe& definition, double u) {
  const auto failed = [](const Draft& draft) {
    return draft.row().status == Status::fail && draft.distance_to();
  };
  if (std::any_of(drafts.begin(), drafts.end(), failed)) {
    Search search(drafts, definition, u);
    for (Draft& draft : drafts) {
      if (failed(draft)) search(draft);
    }
  }
  fold(drafts);
}

}  // namespace ddim::conformance
