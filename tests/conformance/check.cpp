#include "tests/conformance/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/conformance/faults.hpp"

namespace ddim::conformance {
namespace {

constexpr Eigen::Index kDimensions = 8, kSamples = 3;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Inputs with eight significant bits: exact in every dtype, so that no error is the conversion's.
class Inputs {
 public:
  explicit Inputs(unsigned seed) : generator_(seed) {}

  RealBatch normal(double scale = 1) {
    return RealBatch::NullaryExpr(kDimensions, kSamples, [&] {
      double sum = -6;  // of twelve uniforms: the same on every platform, which std's normal is not
      for (int k = 0; k < 12; ++k) sum += uniform();
      return static_cast<Real>(rounded(scale * sum));
    });
  }
  RealBatch in_range(double range) {
    return RealBatch::NullaryExpr(kDimensions, kSamples,
                                  [&] { return static_cast<Real>(rounded(range * (2 * uniform() - 1))); });
  }

 private:
  double uniform() { return static_cast<double>(generator_() >> 11) * 0x1p-53; }
  static double rounded(double value) {
    int exponent;
    const double fraction = std::frexp(value, &exponent);
    return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
  }
  std::mt19937_64 generator_;
};

/// What was seen at one step.
struct Observation {
  int i;
  RealBatch x_t, output, noise;
  Batch prev_sample;
  std::optional<Batch> pred_x0;
  StepBound bound;
};

/// A run with everything a replay of it needs.
struct Trial {
  Run run;
  Table table;
  std::vector<int> timesteps;
  std::vector<Observation> seen;

  Place place(int i) const { return {run, table, timesteps, i}; }
};
using Trials = std::shared_ptr<Trial>;

/// How far a candidate's numbers are from the ones seen, relative to the expression's scale.
using Distance = std::function<double(const Recipe&)>;

double distance(double got, Real candidate, double magnitude) {
  const bool finite = std::isfinite(got), candidate_finite = std::isfinite(candidate);
  if (!finite || !candidate_finite)
    return finite == candidate_finite || (std::isnan(got) && std::isnan(candidate)) ||
                   (!finite && !candidate_finite)
               ? 0
               : kInfinity;
  const double difference = static_cast<double>(std::abs(got - candidate));
  return difference == 0 ? 0 : difference / magnitude;
}

double distance(const Batch& got, const RealBatch& candidate, const Batch& magnitude) {
  double largest = 0;
  for (Eigen::Index k = 0; k < got.size(); ++k) {
    largest = std::max(largest, distance(got(k), candidate(k), magnitude(k)));
  }
  return largest;
}

/// A row in the making: the comparison itself, and the first place where it fails.
class Judge {
 public:
  Judge(std::string equation, std::string title, double u) : u_(u) {
    row_.equation = std::move(equation);
    row_.title = std::move(title);
  }

  template <class Where>
  void compare(const Batch& got, const RealBatch& want, const Batch& bound, Where where) {
    std::optional<Wrong> worst;
    for (Eigen::Index k = 0; k < got.size(); ++k) {
      if (!std::isfinite(want(k)) || !std::isfinite(bound(k))) {
        ++undefined_;
        continue;
      }
      ++row_.compared;
      const double error = static_cast<double>(std::abs(got(k) - want(k)));
      const double ratio = error == 0 ? 0 : error / bound(k);
      // A NaN or infinity is outside every bound, and ranks above every finite error.
      const bool bad = !std::isfinite(got(k)) || !(ratio <= 1);
      row_.ratio = std::isfinite(got(k)) ? std::max(row_.ratio, ratio) : kInfinity;
      if (bad && (!worst || !(ratio <= worst->ratio))) {
        worst = Wrong{where(k % got.rows(), k / got.rows()),
                      got(k),
                      static_cast<double>(want(k)),
                      bound(k),
                      ratio,
                      ulps(got(k), want(k))};
        if (!std::isfinite(got(k))) break;
      }
    }
    if (worst && !row_.wrong) row_.wrong = worst;
  }

  void trouble(const Trouble& trouble, const std::string& where) {
    switch (trouble.kind) {
      case Trouble::Kind::unsupported:
        row_.status = Status::unsupported;
        break;
      case Trouble::Kind::not_supplied:
        row_.status = Status::not_supplied;
        break;
      case Trouble::Kind::errored:
        row_.status = Status::fail;
        break;
      case Trouble::Kind::crash:
        row_.status = Status::crash;
        break;
      case Trouble::Kind::time_out:
        row_.status = Status::time_out;
        break;
      case Trouble::Kind::harness_error:
        row_.status = Status::harness_error;
        break;
    }
    row_.message = where + (trouble.kind == Trouble::Kind::errored ? ": raised " : ": ") + trouble.message;
    troubled_ = true;
  }

  void fail(const std::string& message) {
    row_.status = Status::fail;
    row_.message = message;
    troubled_ = true;
  }

  void explain_with(Distance distance) { distance_ = std::move(distance); }
  void note(const std::string& text) {
    if (!text.empty()) row_.note += (row_.note.empty() ? "" : "; ") + text;
  }
  void skip() { ++skipped_; }
  bool troubled() const { return troubled_; }
  Row& row() { return row_; }
  const Distance& distance_to() const { return distance_; }

  void close() {
    if (skipped_ > 0) {
      note(std::to_string(skipped_) + (skipped_ == 1 ? " step" : " steps") +
           " not judged: the equations do not define " + (skipped_ == 1 ? "it" : "them"));
    }
    if (troubled_) return;
    if (row_.wrong) {
      row_.status = Status::fail;
    } else if (undefined_ > 0) {
      row_.status = Status::inconclusive;
      row_.message = std::to_string(undefined_) + (undefined_ == 1 ? " number has" : " numbers have") +
                     " no finite expectation or bound with this alphas_cumprod";
    } else if (row_.compared > 0) {
      row_.status = Status::pass;
    } else {
      row_.status = Status::inconclusive;
      row_.message = "nothing could be compared";
    }
  }

 private:
  double ulps(double got, Real want) const {
    int exponent;
    std::frexp(want, &exponent);
    return static_cast<double>(std::abs(got - want) / std::ldexp(static_cast<Real>(2 * u_), exponent - 1));
  }

  Row row_;
  double u_;
  Distance distance_;
  bool troubled_ = false;
  int skipped_ = 0;
  long undefined_ = 0;
};

std::string describe(const Run& run, bool with_eta) {
  return to_text(run.spacing) + " S=" + std::to_string(run.S) +
         (with_eta ? " eta=" + ddim::to_text(run.eta) : std::string());
}

std::string quoted(const std::string& word) {
  return word.find_first_of(" '\"$;&|<>()*") == std::string::npos ? word : "'" + word + "'";
}

std::string command(const CheckOptions& options, const Run& run) {
  return "ddim-verify check " + quoted(options.locator) + " --config " + quoted(options.config_path) +
         " -S " + std::to_string(run.S) + " --spacing " + to_text(run.spacing) + " --eta " +
         ddim::to_text(run.eta) + " --dialect " + to_text(options.dialect);
}

/// Spread over all of them, ends included: replays need not see a thousand steps.
template <class Visit>
bool for_some(std::size_t count, Visit visit) {
  constexpr std::size_t kMost = 40;
  const std::size_t picked = std::min(count, kMost);
  for (std::size_t k = 0; k < picked; ++k) {
    if (!visit(picked == count ? k : k * (count - 1) / (picked - 1))) return false;
  }
  return true;
}

class Checker {
 public:
  Checker(Implementation& implementation, const Config& config, const CheckOptions& options)
      : implementation_(implementation),
        config_(config),
        options_(options),
        recipe_(Recipe::of(options.dialect)),
        other_(Recipe::of(options.dialect == Dialect::paper ? Dialect::diffusers : Dialect::paper)),
        exact_(exact_table(config)) {}

  Report run() {
    const std::vector<Run> runs = runs_of(config_, options_);
    bool tables_done = false;
    for (std::size_t k = 0; k < runs.size(); ++k) {
      const bool new_list = k == 0 || runs[k].S != runs[k - 1].S || runs[k].spacing != runs[k - 1].spacing;
      if (const auto trouble = implementation_.configure(runs[k])) {
        Judge judge("Tau", "Tau " + describe(runs[k], true), 1);
        judge.trouble(*trouble, "configure");
        keep(std::move(judge), runs[k]);
        continue;
      }
      u_ = unit_roundoff(implementation_.identity().dtype);
      if (!tables_done) {
        judge_table(runs[k]);
        judge_noising(runs[k]);
        tables_done = true;
      }
      judge_run(runs[k], new_list);
    }
    find_causes();
    Report report;
    report.identity = implementation_.identity();
    report.locator = options_.locator;
    report.config_path = options_.config_path;
    report.dialect = options_.dialect;
    for (Judge& judge : judges_) report.rows.push_back(judge.row());
    return report;
  }

 private:
  void keep(Judge judge, const Run& run) {
    judge.close();
    judge.row().id = static_cast<int>(judges_.size()) + 1;
    judge.row().reproduce = command(options_, run);
    judges_.push_back(std::move(judge));
  }

  double table_error(int t) const { return own_table_ ? 0 : table_bound_[static_cast<std::size_t>(t)]; }

  void judge_table(const Run& run) {
    Judge judge("Schedule", "Schedule alphas_cumprod", u_);
    table_bound_ = table_bound(config_, u_);
    table_ = exact_;
    const auto got = implementation_.alphas_cumprod();
    if (!got) {
      judge.trouble(got.trouble(), "alphas_cumprod");
      judge.note("the steps are judged with the exact table and a bound for theirs");
    } else if (got->size() != exact_.size()) {
      judge.fail("it has " + std::to_string(got->size()) +
                 " entries, want num_train_timesteps = " + std::to_string(exact_.size()));
    } else {
      const auto rows = static_cast<Eigen::Index>(got->size());
      const Batch values = Eigen::Map<const Batch>(got->data(), rows, 1);
      RealBatch want(rows, 1);
      Batch bound(rows, 1), magnitude(rows, 1);
      for (Eigen::Index t = 0; t < rows; ++t) {
        const Level& level = exact_[static_cast<std::size_t>(t)];
        want(t) = level.alpha_bar;
        bound(t) = static_cast<double>(level.alpha_bar) * table_bound_[static_cast<std::size_t>(t)];
        magnitude(t) = static_cast<double>(std::min(level.alpha_bar, level.one_minus));
        if (magnitude(t) == 0) magnitude(t) = 1;
      }
      judge.compare(values, want, bound,
                    [](Eigen::Index t, Eigen::Index) { return "t = " + std::to_string(t); });
      judge.explain_with([values, magnitude, this](const Recipe& candidate) {
        const Table table = candidate.table(config_);
        RealBatch column(values.rows(), 1);
        for (Eigen::Index t = 0; t < values.rows(); ++t)
          column(t) = table[static_cast<std::size_t>(t)].alpha_bar;
        return distance(values, column, magnitude);
      });
      own_table_ = std::all_of(got->begin(), got->end(), [](double a) { return a >= 0 && a <= 1; });
      if (own_table_) table_ = table_of(*got);
    }
    keep(std::move(judge), run);
  }

  void judge_noising(const Run& run) {
    struct Seen {
      int t;
      RealBatch x0, noise;
      Batch got, magnitude;
    };
    Judge judge("Lemma1", "Lemma1 add_noise", u_);
    auto seen = std::make_shared<std::vector<Seen>>();
    const int T = config_.T;
    Inputs inputs(1);
    for (const int t : {0, 1, T / 10, T / 3, T / 2, T - 2, T - 1}) {
      if (t < 0 || t >= T) continue;
      const RealBatch x0 = inputs.normal(), noise = inputs.normal();
      const auto got = implementation_.add_noise(x0.cast<double>(), noise.cast<double>(), t);
      if (!got) {
        judge.trouble(got.trouble(), "t = " + std::to_string(t));
        break;
      }
      const Level level = table_[static_cast<std::size_t>(t)];
      const RealBatch root_term = std::sqrt(level.alpha_bar) * x0.cwiseAbs(),
                      rest_term = std::sqrt(level.one_minus) * noise.cwiseAbs();
      const RealBatch magnitude = root_term + rest_term;
      // The table's error through the roots: d sqrt(a) = da / (2 sqrt(a)), and at a = 0 sqrt(da) at most.
      const Real moved = (4 * u_ + table_error(t)) * level.alpha_bar;
      const auto root_moves = [moved](Real value) {
        return value > moved ? moved / (2 * std::sqrt(value)) : std::sqrt(moved);
      };
      const RealBatch table_part =
          root_moves(level.alpha_bar) * x0.cwiseAbs() + root_moves(level.one_minus) * noise.cwiseAbs();
      const Batch bound = (8 * static_cast<Real>(u_) * magnitude + table_part).cast<double>();
      judge.compare(*got, add_noise(recipe_, table_, t, x0, noise), bound,
                    [t](Eigen::Index row, Eigen::Index column) {
                      return "t = " + std::to_string(t) + ", sample " + std::to_string(column) +
                             ", element " + std::to_string(row);
                    });
      seen->push_back({t, x0, noise, *got, magnitude.cast<double>()});
    }
    judge.explain_with([seen, this](const Recipe& candidate) {
      double largest = 0;
      for (const Seen& s : *seen) {
        largest =
            std::max(largest, distance(s.got, add_noise(candidate, table_, s.t, s.x0, s.noise), s.magnitude));
      }
      return largest;
    });
    keep(std::move(judge), run);
  }

  /// Returns the list the steps are judged on: the implementation's own, right or wrong.
  std::optional<std::vector<int>> judge_timesteps(const Run& run, bool new_list) {
    const auto got = implementation_.timesteps();
    if (!new_list && got) return *got;
    Judge judge("Tau", "Tau " + describe(run, false), u_);
    const std::vector<int> want = recipe_.timesteps(run);
    if (!got) {
      judge.trouble(got.trouble(), "timesteps");
    } else {
      judge.row().compared = static_cast<long>(want.size());
      if (*got != want) judge.fail(first_difference(*got, want));
      judge.explain_with([list = *got, run](const Recipe& candidate) {
        std::vector<int> other;
        try {
          other = candidate.timesteps(run);
        } catch (const DomainError&) {
          return kInfinity;
        }
        const std::size_t common = std::min(list.size(), other.size()),
                          longer = std::max(list.size(), other.size());
        std::size_t wrong = longer - common;
        for (std::size_t i = 0; i < common; ++i) wrong += list[i] != other[i] ? 1 : 0;
        return static_cast<double>(wrong) / static_cast<double>(longer);
      });
    }
    keep(std::move(judge), run);
    if (!got) return {};
    return *got;
  }

  std::string first_difference(const std::vector<int>& got, const std::vector<int>& want) const {
    const std::string sizes = got.size() == want.size() ? ""
                                                        : std::to_string(got.size()) + " entries, want " +
                                                              std::to_string(want.size()) + "; ";
    for (std::size_t i = 0; i < std::max(got.size(), want.size()); ++i) {
      if (i < got.size() && i < want.size() && got[i] == want[i]) continue;
      const std::string entry = "entry [" + std::to_string(i) + "]";
      if (i >= got.size()) return sizes + entry + " is missing, want " + std::to_string(want[i]);
      const std::string value = std::to_string(got[i]);
      const std::string outside =
          got[i] < 0 || got[i] >= config_.T ? " (outside 0.." + std::to_string(config_.T - 1) + ")" : "";
      if (i >= want.size()) return sizes + "extra " + entry + " = " + value + outside;
      return sizes + entry + " = " + value + outside + ", want " + std::to_string(want[i]);
    }
    return sizes;
  }

  bool judged(const Trial& trial, int i) const {
    const Place place = trial.place(i);
    const int T = config_.T, t = place.t(), next = place.next();
    if (t < 0 || t >= T || next >= t) return false;
    // Zero terminal SNR: eps says nothing of x_0 there.
    return !(config_.prediction == Prediction::eps &&
             trial.table[static_cast<std::size_t>(t)].alpha_bar == 0);
  }

  std::string at_step(const Trial& trial, int i) const {
    const Place place = trial.place(i);
    return "step " + std::to_string(i + 1) + " of " + std::to_string(trial.timesteps.size()) +
           ", t = " + std::to_string(place.t()) + " -> " +
           (place.last() ? std::string("the data") : std::to_string(place.next()));
  }

  auto in_step(const Trial& trial, int i) const {
    return [place = at_step(trial, i)](Eigen::Index row, Eigen::Index column) {
      return place + ", sample " + std::to_string(column) + ", element " + std::to_string(row);
    };
  }

  void judge_run(const Run& run, bool new_list) {
    const auto list = judge_timesteps(run, new_list);
    if (!list || list->empty()) return;
    auto trial = std::make_shared<Trial>(Trial{run, table_, *list, {}});
    const std::string what = describe(run, true);
    Judge steps("Eq12", "Eq12 " + what, u_), last("Eq10", "Eq10 last step, " + what, u_);
    Judge x0("Eq9", "Eq9 pred_x0, " + what, u_), sigma("Eq16", "Eq16 sigma, " + what, u_);
    Judge ddpm("Eq16", "Eq16 eta=1 is DDPM's posterior, " + what, u_);
    const bool plain = !config_.thresholding && !config_.clip_sample;
    Inputs inputs(2);
    std::vector<std::pair<int, double>> sigmas;  // step, extracted
    std::vector<double> sigma_scale;
    bool any_steps = false, any_last = false;
    for (int i = 0; i < static_cast<int>(list->size()); ++i) {
      const bool is_last = trial->place(i).last();
      Judge& judge = is_last ? last : steps;
      (is_last ? any_last : any_steps) = true;
      if (!judged(*trial, i)) {
        judge.skip();
        continue;
      }
      Observation seen{i, inputs.normal(1.25), inputs.normal(), inputs.normal(), {}, {}, {}};
      const auto ask = [&](const RealBatch& noise) {
        return implementation_.step(i, seen.x_t.cast<double>(), seen.output.cast<double>(),
                                    noise.cast<double>());
      };
      const auto got = ask(seen.noise);
      if (!got) {
        judge.trouble(got.trouble(), at_step(*trial, i));
        any_last = true;
        if (&judge == &steps) last.trouble(got.trouble(), at_step(*trial, i));
        break;
      }
      const Place place = trial->place(i);
      seen.prev_sample = got->prev_sample;
      seen.pred_x0 = got->pred_x0;
      seen.bound = step_bound(recipe_, place, seen.x_t, seen.output, seen.noise, u_,
                              [this](int t) { return table_error(t); });
      const Outcome want = step(recipe_, place, seen.x_t, seen.output, seen.noise);
      judge.compare(seen.prev_sample, want.prev_sample, seen.bound.prev_sample, in_step(*trial, i));
      if (seen.pred_x0) x0.compare(*seen.pred_x0, want.pred_x0, seen.bound.pred_x0, in_step(*trial, i));
      if (run.eta == 1 && plain && !is_last) {
        ddpm.compare(seen.prev_sample, ddpm_step(place, seen, want.pred_x0), seen.bound.prev_sample,
                     in_step(*trial, i));
      }
      if (run.eta > 0 && !judge.troubled()) judge_sigma(sigma, *trial, seen, want, ask, sigmas, sigma_scale);
      trial->seen.push_back(std::move(seen));
    }
    explain_steps(steps, trial, [trial](const Observation& s) { return !trial->place(s.i).last(); });
    explain_steps(last, trial, [trial](const Observation& s) { return trial->place(s.i).last(); });
    explain_steps(ddpm, trial, [trial](const Observation& s) { return !trial->place(s.i).last(); });
    x0.explain_with([trial](const Recipe& candidate) {
      double largest = 0;
      for_some(trial->seen.size(), [&](std::size_t k) {
        const Observation& s = trial->seen[k];
        if (!s.pred_x0) return true;
        const Outcome other = step(candidate, trial->place(s.i), s.x_t, s.output, s.noise);
        largest = std::max(largest, distance(*s.pred_x0, other.pred_x0, s.bound.magnitude_x0));
        return largest < kInfinity;
      });
      return largest;
    });
    sigma.explain_with([trial, sigmas, sigma_scale](const Recipe& candidate) {
      double largest = 0;
      for_some(sigmas.size(), [&](std::size_t k) {
        const Place place = trial->place(sigmas[k].first);
        const Levels at{candidate.current(place), candidate.prev(place)};
        const Real other = candidate.noise_scale(place, at, candidate.sigma(place, at));
        largest = std::max(largest, distance(sigmas[k].second, other, sigma_scale[k]));
        return largest < kInfinity;
      });
      return largest;
    });
    if (run.eta == 0 || options_.eta) {
      const bool none =
          std::none_of(trial->seen.begin(), trial->seen.end(), [](const auto& s) { return s.pred_x0; });
      if (none && !trial->seen.empty()) x0.trouble({Trouble::Kind::not_supplied, "pred_x0"}, "step");
      if (!trial->seen.empty()) keep(std::move(x0), run);
    }
    const bool troubled = steps.troubled() || last.troubled();
    for (const auto& [judge, any] : {std::pair{&steps, any_steps}, {&last, any_last}}) {
      if (!any) continue;
      name_inferred_prev(*judge, *trial);
      compare_dialects(*judge, *trial);
      keep(std::move(*judge), run);
    }
    if (troubled) return;
    if (!sigmas.empty()) keep(std::move(sigma), run);
    if (run.eta == 1 && plain && ddpm.row().compared > 0) keep(std::move(ddpm), run);
    judge_chain(run, trial);
  }

  /// Two steps that differ in the sign of the noise alone: their difference is 2 sigma noise.
  template <class Ask>
  void judge_sigma(Judge& judge, const Trial& trial, const Observation& seen, const Outcome& want, Ask ask,
                   std::vector<std::pair<int, double>>& sigmas, std::vector<double>& scale) {
    if (judge.troubled()) return;
    const auto mirrored = ask(-seen.noise);
    if (!mirrored) {
      judge.trouble(mirrored.trouble(), at_step(trial, seen.i));
      return;
    }
    Eigen::Index row, column;
    seen.noise.cwiseAbs().maxCoeff(&row, &column);
    const double noise = static_cast<double>(seen.noise(row, column));
    const double got = (seen.prev_sample(row, column) - mirrored->prev_sample(row, column)) / (2 * noise);
    const Batch value = Batch::Constant(1, 1, got);
    const Batch bound = Batch::Constant(1, 1, seen.bound.prev_sample(row, column) / std::abs(noise));
    judge.compare(value, RealBatch::Constant(1, 1, want.sigma), bound,
                  [this, &trial, &seen](Eigen::Index, Eigen::Index) { return at_step(trial, seen.i); });
    sigmas.emplace_back(seen.i, got);
    scale.push_back(seen.bound.magnitude_prev(row, column) / std::abs(noise));
  }

  /// DDPM's posterior in its own closed form.
  static RealBatch ddpm_step(const Place& place, const Observation& seen, const RealBatch& pred_x0) {
    const Recipe paper = Recipe::of(place.run.dialect);
    const Level current = paper.current(place), prev = paper.prev(place);
    const Real kept = current.alpha_bar / prev.alpha_bar,
               beta = (prev.alpha_bar - current.alpha_bar) / prev.alpha_bar;
    return std::sqrt(prev.alpha_bar) * beta / current.one_minus * pred_x0 +
           std::sqrt(kept) * prev.one_minus / current.one_minus * seen.x_t +
           std::sqrt(prev.one_minus / current.one_minus * beta) * seen.noise;
  }

  template <class Concerns>
  void explain_steps(Judge& judge, const Trials& trial, Concerns concerns) {
    std::vector<std::size_t> which;
    for (std::size_t k = 0; k < trial->seen.size(); ++k) {
      if (concerns(trial->seen[k])) which.push_back(k);
    }
    judge.explain_with([trial, which](const Recipe& candidate) {
      double largest = 0;
      for_some(which.size(), [&](std::size_t k) {
        const Observation& s = trial->seen[which[k]];
        const Outcome other = step(candidate, trial->place(s.i), s.x_t, s.output, s.noise);
        largest = std::max(largest, distance(s.prev_sample, other.prev_sample, s.bound.magnitude_prev));
        return largest < kInfinity;
      });
      return largest;
    });
  }

  const Observation* first_wrong(const Judge& judge, const Trial& trial) const {
    for (const Observation& seen : trial.seen) {
      const Place place = trial.place(seen.i);
      if (place.last() != (const_cast<Judge&>(judge).row().equation == "Eq10")) continue;
      const Outcome want = step(recipe_, place, seen.x_t, seen.output, seen.noise);
      for (Eigen::Index k = 0; k < want.prev_sample.size(); ++k) {
        const double error = static_cast<double>(std::abs(seen.prev_sample(k) - want.prev_sample(k)));
        if (!(error <= seen.bound.prev_sample(k))) return &seen;
      }
    }
    return nullptr;
  }

  /// Which t_prev the numbers of the first wrong step belong to, if one of the table's does.
  void name_inferred_prev(Judge& judge, const Trial& trial) {
    if (!judge.row().wrong) return;
    const Observation* seen = first_wrong(judge, trial);
    if (!seen) return;
    const Place place = trial.place(seen->i);
    const auto fits = [&](const Level& level) {
      const Outcome outcome =
          step(recipe_, place, {recipe_.current(place), level}, seen->x_t, seen->output, seen->noise);
      for (Eigen::Index k = 0; k < outcome.prev_sample.size(); ++k) {
        const double error = static_cast<double>(std::abs(seen->prev_sample(k) - outcome.prev_sample(k)));
        if (!(error <= seen->bound.prev_sample(k))) return false;
      }
      return true;
    };
    const std::string want = place.last() ? "the data's" : "t_prev = " + std::to_string(place.next());
    if (fits(Level{})) {
      judge.note("its numbers are those of alpha_bar_prev = 1, want " + want);
      return;
    }
    std::vector<int> fitting;
    for (int t = 0; t < config_.T; ++t) {
      if (fits(trial.table[static_cast<std::size_t>(t)])) fitting.push_back(t);
    }
    if (fitting.size() == 1) {
      judge.note("its numbers are those of t_prev = " + std::to_string(fitting.front()) + ", want " + want);
    }
  }

  void compare_dialects(Judge& judge, const Trial& trial) {
    if (judge.troubled() || trial.seen.empty()) return;
    const bool is_last = judge.row().equation == "Eq10";
    bool conforms_to_other = true, differs = false;
    for (const Observation& seen : trial.seen) {
      const Place place = trial.place(seen.i);
      if (place.last() != is_last) continue;
      const Outcome other = step(other_, place, seen.x_t, seen.output, seen.noise);
      for (Eigen::Index k = 0; k < other.prev_sample.size(); ++k) {
        const double error = static_cast<double>(std::abs(seen.prev_sample(k) - other.prev_sample(k)));
        if (!(error <= seen.bound.prev_sample(k))) (conforms_to_other = false, differs = true);
      }
    }
    const Dialect mine = options_.dialect;
    const Dialect theirs = mine == Dialect::paper ? Dialect::diffusers : Dialect::paper;
    const bool clips = config_.clip_sample || config_.thresholding;
    const std::string why =
        is_last && !config_.set_alpha_to_one
            ? "set_alpha_to_one is false: diffusers' last alpha_bar_prev is alphas_cumprod[0] = " +
                  ddim::to_text(static_cast<double>(trial.table[0].alpha_bar)) + ", the paper's is 1"
        : clips
            ? "diffusers clips x_0 and keeps the model's eps, the paper's step takes eps from the clipped x_0"
            : "";
    if (why.empty()) return;
    if (judge.row().wrong && conforms_to_other) {
      judge.note("conforms to " + to_text(theirs) + ", differs from " + to_text(mine) + " because " + why);
    } else if (!judge.row().wrong && differs) {
      judge.note("conforms to " + to_text(mine) + ", differs from " + to_text(theirs) + " because " + why);
    }
  }

  /// Data that is one point: under its exact predictor the generative chain is q_sigma and ends at x_0.
  void judge_chain(const Run& run, const Trials& trial) {
    Judge judge("Eq7", "Eq7 the chain of point-mass data ends at x_0, " + describe(run, true), u_);
    const auto count = static_cast<int>(trial->timesteps.size());
    for (int i = 0; i < count; ++i) {
      if (!judged(*trial, i)) return;  // Tau, or the schedule, has its own row
    }
    Inputs inputs(3);
    const RealBatch x0 = inputs.in_range(0.875), x_T = inputs.normal();
    std::vector<RealBatch> noise;
    for (int i = 0; i < count; ++i) noise.push_back(inputs.normal());
    const auto model = [this, x0](const Level& level, const RealBatch& x) -> RealBatch {
      const Real root = std::sqrt(level.alpha_bar), rest = std::sqrt(level.one_minus);
      if (config_.prediction == Prediction::x0) return x0;
      const RealBatch eps = (x - root * x0) / rest;
      return config_.prediction == Prediction::eps ? eps : RealBatch(root * eps - rest * x0);
    };
    const auto replay = [trial, x_T, noise, model, count](const Recipe& candidate) {
      RealBatch x = x_T;
      for (int i = 0; i < count; ++i) {
        const Place place = trial->place(i);
        const RealBatch output = model(trial->table[static_cast<std::size_t>(place.t())], x);
        x = step(candidate, place, x, output, noise[static_cast<std::size_t>(i)]).prev_sample;
      }
      return x;
    };
    Batch x = x_T.cast<double>();
    RealBatch bound = RealBatch::Zero(x.rows(), x.cols());
    for (int i = 0; i < count; ++i) {
      const Place place = trial->place(i);
      const Level current = recipe_.current(place), prev = recipe_.prev(place);
      const RealBatch output = model(current, x.cast<Real>()).cast<double>().cast<Real>();
      const RealBatch& z = noise[static_cast<std::size_t>(i)];
      const auto got = implementation_.step(i, x, output.cast<double>(), z.cast<double>());
      if (!got) {
        judge.trouble(got.trouble(), at_step(*trial, i));
        break;
      }
      const StepBound local =
          step_bound(recipe_, place, x.cast<Real>(), output, z, u_, [this](int t) { return table_error(t); });
      // Eq7's coefficient of x_t, at most 1: earlier errors do not grow.
      const Real sigma = recipe_.sigma(place, {current, prev});
      const Real ratio = std::sqrt(std::max(prev.one_minus - sigma * sigma, Real{0}) / current.one_minus);
      bound = std::min(ratio, Real{1}) * bound + local.prev_sample.cast<Real>();
      x = got->prev_sample;
      if (!x.allFinite()) break;
    }
    if (!judge.troubled()) {
      const RealBatch want = replay(recipe_);
      judge.compare(x, want, bound.cast<double>(), [](Eigen::Index row, Eigen::Index column) {
        return "x_0, sample " + std::to_string(column) + ", element " + std::to_string(row);
      });
      const Batch scale = Batch::Ones(x.rows(), x.cols());
      judge.explain_with(
          [replay, x, scale](const Recipe& candidate) { return distance(x, replay(candidate), scale); });
      if (options_.dialect == Dialect::diffusers && !config_.set_alpha_to_one) {
        judge.note("by set_alpha_to_one = false it ends at x_0 with the noise of t = 0 still on it");
      }
    }
    keep(std::move(judge), run);
  }

  struct Candidate {
    const Fault* fault;
    Recipe recipe;
    double distance, total;
  };

  void find_causes() {
    std::vector<Recipe> wrong;
    for (const Fault& fault : faults()) {
      wrong.push_back(recipe_);
      fault.apply(wrong.back());
    }
    std::vector<Candidate> established;
    for (Judge& judge : judges_) {
      Row& row = judge.row();
      if (row.status != Status::fail || !judge.distance_to()) continue;
      const double reference = judge.distance_to()(recipe_);
      const auto explains = [&](double d) { return d <= 256 * u_ || d <= 1e-3 * reference; };
      // One mistake has many consequences: a cause that is already established and fits goes first.
      for (const Candidate& known : established) {
        const double d = judge.distance_to()(known.recipe);
        if (explains(d) && row.causes.empty()) {
          row.causes.push_back({known.fault->name, known.fault->description, d});
          row.explained = true;
        }
      }
      if (row.explained) continue;
      std::vector<Candidate> ranked;
      for (std::size_t k = 0; k < wrong.size(); ++k) {
        const double d = judge.distance_to()(wrong[k]);
        if (d < 0.5 * reference) ranked.push_back({&faults()[k], wrong[k], d, 0});
      }
      std::stable_sort(ranked.begin(), ranked.end(),
                       [](const auto& a, const auto& b) { return a.distance < b.distance; });
      if (ranked.empty()) continue;
      // Several may reproduce this row; the one that fits all other rows best goes first.
      const double close = std::max(4 * ranked.front().distance, 64 * u_);
      const auto end_of_ties = std::find_if(ranked.begin(), ranked.end(),
                                            [close](const Candidate& c) { return c.distance > close; });
      if (end_of_ties - ranked.begin() > 1) {
        for (auto tied = ranked.begin(); tied != end_of_ties; ++tied) {
          for (const Judge& other : judges_) {
            if (other.distance_to()) tied->total += std::min(other.distance_to()(tied->recipe), 1e3);
          }
        }
        std::stable_sort(ranked.begin(), end_of_ties,
                         [](const auto& a, const auto& b) { return a.total < b.total; });
      }
      for (std::size_t k = 0; k < std::min<std::size_t>(ranked.size(), 5); ++k) {
        row.causes.push_back({ranked[k].fault->name, ranked[k].fault->description, ranked[k].distance});
      }
      row.explained = explains(row.causes.front().distance);
      if (row.explained) established.push_back(ranked.front());
    }
    fold();
  }

  /// A failure follows from an earlier one of the same cause; an unexplained one from an unexplained one of
  /// the same run.
  void fold() {
    for (std::size_t k = 0; k < judges_.size(); ++k) {
      Row& row = judges_[k].row();
      if (row.status != Status::fail) continue;
      for (std::size_t j = 0; j < k; ++j) {
        const Row& earlier = judges_[j].row();
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

  Implementation& implementation_;
  const Config& config_;
  const CheckOptions& options_;
  Recipe recipe_, other_;
  Table exact_, table_;
  bool own_table_ = false;
  std::vector<double> table_bound_;
  double u_ = 0x1p-53;
  std::vector<Judge> judges_;
};

}  // namespace

std::string to_text(Status status) {
  switch (status) {
    case Status::pass:
      return "pass";
    case Status::fail:
      return "fail";
    case Status::unsupported:
      return "unsupported";
    case Status::not_supplied:
      return "not supplied";
    case Status::crash:
      return "crash";
    case Status::time_out:
      return "time-out";
    case Status::harness_error:
      return "harness error";
    case Status::inconclusive:
      break;
  }
  return "inconclusive";
}

Dialect default_dialect(const std::string& locator) {
  return locator.starts_with("py:diffusers") ? Dialect::diffusers : Dialect::paper;
}

std::vector<Run> runs_of(const Config& config, const CheckOptions& options) {
  // leading 50 hides a stride that is not read from the list, the others show it; 61 is numpy's extra entry,
  // 16 has halves to round, 30 does not divide; 1 and T are the ends.
  std::vector<std::pair<Spacing, int>> lists = {{Spacing::leading, 50},  {Spacing::leading, 30},
                                                {Spacing::trailing, 30}, {Spacing::trailing, 61},
                                                {Spacing::trailing, 16}, {Spacing::linspace, 50},
                                                {Spacing::leading, 1},   {Spacing::leading, config.T}};
  if (options.S || options.spacing) {
    lists = {{options.spacing.value_or(config.spacing), options.S.value_or(std::min(50, config.T))}};
  }
  std::vector<Run> runs;
  for (auto [spacing, S] : lists) {
    if (!options.S) {
      // An offset takes its entries from the end: T steps of stride 1 would leave the table.
      const int most = spacing == Spacing::leading ? std::max(1, config.T - config.steps_offset) : config.T;
      S = std::min(S, most);
    }
    const bool repeated = std::any_of(runs.begin(), runs.end(), [s = S, sp = spacing](const Run& run) {
      return run.S == s && run.spacing == sp;
    });
    if (repeated) continue;
    for (const double eta : options.eta ? std::vector{*options.eta} : std::vector{0.0, 0.5, 1.0}) {
      runs.push_back({config, S, spacing, eta, options.dialect});
    }
    defined_timesteps(runs.back());
  }
  return runs;
}

Report check(Implementation& implementation, const Config& config, const CheckOptions& options) {
  return Checker(implementation, config, options).run();
}

int exit_code(const Report& report) {
  const auto any = [&](auto... statuses) {
    return std::any_of(report.rows.begin(), report.rows.end(),
                       [&](const Row& row) { return ((row.status == statuses) || ...); });
  };
  if (any(Status::fail, Status::crash, Status::time_out, Status::harness_error)) return 1;
  if (any(Status::inconclusive)) return 6;
  return any(Status::pass) ? 0 : 5;
}

}  // namespace ddim::conformance
