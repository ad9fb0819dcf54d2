#include "tests/statistics/sampling.hpp"

#include <algorithm>
#include <numeric>

#include "tests/statistics/certificate.hpp"
#include "tests/statistics/counts.hpp"
#include "tests/statistics/diagnosis.hpp"
#include "tests/statistics/format.hpp"
#include "tests/statistics/joint.hpp"
#include "tests/statistics/numbers.hpp"

namespace ddim::statistics {
namespace {

/// Samples without a residual, which end a claim about residuals.
constexpr Eigen::Index kPatience = 1024;

class OverResiduals : public Sampling {
 public:
  OverResiduals(const Residuals& claim, const Context& context, double alpha)
      : Sampling(context, alpha),
        claim_(claim),
        evidence_(claim.cells, static_cast<int>(claim.covariates.size()), context.repeats().probability) {
    if (!context.instruments.reject_non_finite) evidence_.swallow_non_finite();
  }

  void draw(const Pace& pace, Watch& watch) override {
    Recorder record(evidence_, pace.within_blocks ? watch.next() : kInfinity,
                    [&](double seen) { return watch.at(seen, true); });
    observe(pace.block(done_), record);
  }
  double n() const override { return evidence_.n(); }
  bool settled() const override { return !evidence_.finite(); }
  Standing look() override { return by_evidence(evidence_.log_e()); }

  Grounds grounds(double beta) const override {
    const Certificate c = certify(evidence_.pooled(), evidence_.covariates(), beta / 2);
    return OfResiduals{{log_e_, bar(), c.bias(), c.variance_low, c.variance_high},
                       certify_shape(evidence_.shape(), beta / 2)};
  }
  std::string by() const override { return evidence_.loudest(); }

  std::string explain() override {
    const bool repeats = evidence_.loudest() == "ties";
    const auto draw_on = [&] {
      while (evidence_.finite() && evidence_.n() < 3e4 && !repeats) {
        Recorder record(evidence_);
        observe(256, record);
      }
    };
    const auto make_do = [](const std::exception&) {};  // with what it had given by then
    blaming(draw_on, make_do, make_do);
    return diagnose(claim_, evidence_, context_);
  }

 private:
  void observe(Eigen::Index count, Recorder& record) {
    const double before = evidence_.n();
    claim_.observe(context_, done_, count, record);
    done_ += static_cast<std::uint64_t>(count);
    idle_ = evidence_.n() > before ? 0 : idle_ + count;
    // A claim asks for what its obstacle let through; whatever went wrong with that, sampling must end.
    if (idle_ >= kPatience && evidence_.finite())
      throw NotSupplied(std::to_string(idle_) + " samples gave no residual that could be asked");
  }

  const Residuals& claim_;
  Evidence evidence_;
  Eigen::Index idle_ = 0;
};

class OverCounts : public Sampling {
 public:
  OverCounts(const Counts& claim, const Context& context, double alpha)
      : Sampling(context, alpha), claim_(claim) {
    for (const auto& p : claim.probabilities) counts_.emplace_back(p.size(), 0.0);
  }

  void draw(const Pace& pace, Watch&) override {
    const Eigen::Index count = pace.block(done_);
    claim_.observe(context_, done_, count, counts_);
    done_ += static_cast<std::uint64_t>(count);
  }
  double n() const override { return static_cast<double>(done_) * static_cast<double>(counts_.size()); }
  bool settled() const override { return false; }
  Standing look() override {
    return by_evidence(log_e_counts(counts_, claim_.probabilities, claim_.alternatives));
  }
  Grounds grounds(double beta) const override { return OfCounts{log_e_, bar(), error(beta)}; }
  std::string by() const override { return "counts"; }
  std::string explain() override { return format("a probability is off by up to %.3g", error(1e-3)); }

 private:
  /// The furthest that a probability may be off.
  double error(double beta) const {
    double worst = 0;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
      const double total = std::accumulate(counts_[k].begin(), counts_[k].end(), 0.0);
      for (std::size_t j = 0; j < counts_[k].size(); ++j) {
        const Bounds bounds = certify_proportion(
            counts_[k][j], total, beta / static_cast<double>(counts_.size() * counts_[k].size()));
        const double p = claim_.probabilities[k][j];
        worst = std::max({worst, bounds.high - p, p - bounds.low});
      }
    }
    return worst;
  }

  const Counts& claim_;
  std::vector<std::vector<double>> counts_;
};

class OverVectors : public Sampling {
 public:
  OverVectors(const Vectors& claim, const Context& context, double alpha)
      : Sampling(context, alpha), claim_(claim) {}

  void draw(const Pace& pace, Watch&) override {
    const Eigen::Index count = pace.block(done_);
    const Eigen::MatrixXd w = claim_.observe(context_, done_, count);
    done_ += static_cast<std::uint64_t>(count);
    finite_ = finite_ && w.allFinite();
    joint_.add(w);
  }
  double n() const override { return joint_.n * static_cast<double>(joint_.sum.size()); }
  bool settled() const override { return !finite_; }
  Standing look() override { return by_evidence(log_e()); }
  std::string by() const override { return "vectors"; }
  std::string explain() override {
    return finite_ ? "the covariance of the whitened path is not the identity, or its mean not zero"
                   : "the output is not finite";
  }

  Grounds grounds(double beta) const override {
    const VectorCertificate c = certify(joint_, beta);
    return OfVectors{{log_e_, bar(), c.bias, c.variance_low, c.variance_high}};
  }

 private:
  double log_e() const { return finite_ ? log_e_vectors(joint_) : kInfinity; }

  const Vectors& claim_;
  Joint joint_;
  bool finite_ = true;
};

class OverPValues : public Sampling {
 public:
  OverPValues(const ExactP& claim, const Context& context, double alpha)
      : Sampling(context, alpha), claim_(claim), rule_(alpha, kStages, kStageGrowth) {}

  void draw(const Pace& pace, Watch&) override {
    count_ = done_ == 0 ? std::ceil(pace.first_p / claim_.size) : rule_.draws(count_);
    p_ = claim_.p_value(context_, done_, static_cast<Eigen::Index>(count_));
    done_ += static_cast<std::uint64_t>(count_);
    decision_ = rule_.look(p_);
  }
  double n() const override { return static_cast<double>(done_); }
  bool settled() const override { return decision_ != Decision::more; }
  Standing look() override {
    return decision_ == Decision::more   ? Standing::open
           : decision_ == Decision::fail ? Standing::failed
                                         : Standing::passed;
  }
  bool endless() const override { return false; }
  Grounds grounds(double) const override { return OfPValue{p_}; }
  std::string by() const override { return "p-value"; }
  std::string explain() override { return format("p = %.3g at look %d", p_, rule_.stage() + 1); }

 private:
  using Decision = SequentialRule::Decision;
  static constexpr int kStages = 4;
  static constexpr double kStageGrowth = 3;

  const ExactP& claim_;
  SequentialRule rule_;
  double count_ = 0, p_ = 1;
  Decision decision_ = Decision::more;
};

class OverNothing : public Sampling {
 public:
  OverNothing(const Exact& claim, const Context& context, double alpha)
      : Sampling(context, alpha), claim_(claim) {}

  void draw(const Pace&, Watch&) override {
    agreement_ = claim_.compare(context_);
    if (agreement_.compared == 0) throw NotSupplied("there is no number that has a bound to be held against");
  }
  double n() const override { return agreement_.compared; }
  bool settled() const override { return true; }
  Standing look() override { return agreement_.ratio <= 1 ? Standing::passed : Standing::failed; }
  bool endless() const override { return false; }
  Grounds grounds(double) const override { return OfBound{agreement_.ratio}; }
  std::string by() const override { return "exact"; }
  std::string explain() override { return agreement_.where; }

 private:
  const Exact& claim_;
  Agreement agreement_;
};

using Made = std::unique_ptr<Sampling>;
Made make(const Residuals& claim, const Context& c, double alpha) {
  return std::make_unique<OverResiduals>(claim, c, alpha);
}
Made make(const Counts& claim, const Context& c, double alpha) {
  return std::make_unique<OverCounts>(claim, c, alpha);
}
Made make(const Vectors& claim, const Context& c, double alpha) {
  return std::make_unique<OverVectors>(claim, c, alpha);
}
Made make(const ExactP& claim, const Context& c, double alpha) {
  return std::make_unique<OverPValues>(claim, c, alpha);
}
Made make(const Exact& claim, const Context& c, double alpha) {
  return std::make_unique<OverNothing>(claim, c, alpha);
}

}  // namespace

Eigen::Index Pace::block(std::uint64_t done) const {
  return std::clamp<Eigen::Index>(static_cast<Eigen::Index>(share * static_cast<double>(done)), 1, largest);
}

std::unique_ptr<Sampling> Sampling::of(const Claim& claim, const Context& context, double alpha) {
  return std::visit([&](const auto& check) { return make(check, context, alpha); }, claim.check);
}

bool certified(const Grounds& grounds, const Tier& tier) {
  const auto normal = [&](const OfNormal& g) {
    return g.bias <= tier.bias && g.variance_low >= 1 - tier.variance && g.variance_high <= 1 + tier.variance;
  };
  if (const auto* g = std::get_if<OfResiduals>(&grounds)) {
    return normal(*g) && g->shape.distribution <= tier.distribution && g->shape.tail_low >= 1 / tier.tail &&
           g->shape.tail_high <= tier.tail;
  }
  if (const auto* g = std::get_if<OfVectors>(&grounds)) return normal(*g);
  if (const auto* g = std::get_if<OfCounts>(&grounds)) return g->error <= tier.proportion;
  return false;
}

void sample(Sampling& sampling, const Pace& pace, Watch& watch) {
  while (!watch.over()) {
    sampling.draw(pace, watch);
    watch.at(sampling.n(), sampling.settled());
  }
}

}  // namespace ddim::statistics
