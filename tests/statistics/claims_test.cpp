#include "tests/statistics/claims.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/statistics/engine.hpp"
#include "tests/statistics/faults.hpp"

namespace ddim::statistics {
namespace {

Verdict verdict_of(const Subject& subject, const std::string& claim, double eta = 0.5) {
  Options options;
  options.only = {claim};
  return judge(subject, Setting::standard(eta), options).verdicts.at(0);
}

/// The reference passes the claim, and the named known-wrong reference fails it.
void expect_pass_and_kill(const std::string& claim, const std::vector<std::string>& faults) {
  const Verdict sound = verdict_of(Subject::reference(), claim);
  EXPECT_EQ(sound.status, Status::pass) << claim << ": " << sound.detail;
  for (const std::string& name : faults) {
    const EquationFault* fault = find_equation_fault(name);
    ASSERT_NE(fault, nullptr) << name;
    Subject subject = Subject::reference();
    fault->apply(subject);
    const Verdict verdict = verdict_of(subject, claim);
    EXPECT_EQ(verdict.status, Status::fail) << claim << " lets " << name << " pass";
    EXPECT_FALSE(verdict.detail.empty());
  }
}

TEST(Lemma1, MarginalBySampling) {
  expect_pass_and_kill("Lemma1.marginal", {"noising-mean-one-percent", "noising-variance-five-percent"});
}
TEST(Lemma1, MarginalAfterSteps) {
  expect_pass_and_kill("Lemma1.chain", {"noise-laplace", "noise-absolute"});
}
TEST(Eq6T, IsTheLastCellOfLemma1) {
  // The terminal law alone: one step from T to the data.
  const Setting one = Setting::make(Setting::standard().betas, {{1000, 0}}, 0);
  Options options;
  options.only = {"Lemma1.marginal"};
  Subject subject = Subject::reference();
  EXPECT_EQ(judge(subject, one, options).status(), Status::pass);
  find_equation_fault("noising-variance-five-percent")->apply(subject);
  EXPECT_EQ(judge(subject, one, options).status(), Status::fail);
}
TEST(Eq7, PathsAreCrossWhitened) {
  expect_pass_and_kill("Eq6.cross", {"path-half-sigma", "path-direction-without-sigma"});
}
TEST(Eq12, StepsDownAPath) {
  expect_pass_and_kill("Eq12.path", {"noise-uniform", "noise-signs", "noise-one-per-sample", "noise-reseeded",
                                     "noise-correlated", "noise-one-per-batch"});
}
TEST(Eq12, AmplifiedSteps) {
  expect_pass_and_kill("Eq12.amplified", {"noise-two-widths", "noise-not-finite"});
}
TEST(Eq12, InjectedNoise) {
  expect_pass_and_kill("Eq12.injected", {"noise-sign-flipped", "noise-dimensions-reversed"});
}
TEST(Eq16, ScaleInEta) { expect_pass_and_kill("Eq16.scale", {"noise-cut-at-two", "noise-logistic"}); }
TEST(Eq10, WholeChainHasItsExactLaw) { expect_pass_and_kill("Eq10.law", {"noise-absolute"}); }
TEST(Eq10, WholeChainAtEtaZeroAndOne) {
  for (const double eta : {0.0, 1.0}) {
    EXPECT_EQ(verdict_of(Subject::reference(), "Eq10.law", eta).status, Status::pass) << eta;
  }
}
TEST(Eq10, LastStepHasNoNoise) {
  EXPECT_EQ(verdict_of(Subject::reference(), "Eq10.last").status, Status::pass);
  Subject subject = Subject::reference();
  const auto step = subject.step;
  subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& z) {
    return Batch(step(s, i, x, output, z) + (i == 1 ? 1e-3 : 0) * z);
  };
  EXPECT_EQ(verdict_of(subject, "Eq10.last").status, Status::fail);
}
TEST(Eq8, ForwardStepBySampling) {
  expect_pass_and_kill("Eq8.forward",
                       {"forward-variance-of-ddpm", "forward-sigma-unscaled", "forward-ratio-inverted"});
}
TEST(NonMarkov, BothWays) {
  expect_pass_and_kill("NonMarkov.markov", {"forward-gain-of-posterior"});
  expect_pass_and_kill("NonMarkov.coefficient",
                       {"forward-of-ddpm", "forward-x0-left-out", "forward-gain-one-percent"});
  expect_pass_and_kill("NonMarkov.closed_form", {"non-markov-sign", "non-markov-by-subtraction"});
}
TEST(Eq6, CrossWhitenedBothWays) {
  expect_pass_and_kill("Eq6.cross", {"path-reuses-noise", "path-independent-marginals"});
  expect_pass_and_kill("Eq6.cross_reverse",
                       {"path-forward-reuses-noise", "path-forward-by-deviation-squared"});
}
TEST(Eq6, JointLawAndBartlett) {
  expect_pass_and_kill("Eq6.joint", {"path-half-sigma", "path-reuses-noise"});
  expect_pass_and_kill("Eq6.bartlett", {"path-forward-reuses-noise"});
}
TEST(Eq6, RanksOfTheLoop) {
  expect_pass_and_kill("Eq6.rank", {"forward-gain-without-sigma", "noise-reseeded"});
}
TEST(Eq11, RatioOnPaths) {
  expect_pass_and_kill("Eq11.ratio",
                       {"objective-bits-for-nats", "ratio-prior-dropped", "ratio-transitions-by-mean"});
}
TEST(Eq11, LossIsNonCentralChiSquared) {
  expect_pass_and_kill("Eq11.loss", {"loss-by-mean", "loss-two-percent"});
}
TEST(Eq11, SumsAndTheirTerms) {
  expect_pass_and_kill(
      "Eq11.sums", {"kl-swapped", "kl-minus-d-missing", "kl-mean-for-sum", "kl-sigma-unsquared",
                    "objective-first-term-left-out", "objective-first-term-as-kl", "objective-prior-dropped",
                    "terminal-with-one"});
}
TEST(Theorem1, ConstantForThreePredictors) {
  expect_pass_and_kill("Theorem1.constant",
                       {"gamma-as-printed", "gamma-without-c", "gamma-without-one-minus-a",
                        "gamma-by-dimension", "gamma-first-left-out"});
}
TEST(Eq13, RoundTripWithFrozenEps) {
  expect_pass_and_kill("Eq13.roundtrip", {"encode-same-index", "encode-sign"});
}
TEST(Eq14, EulersStep) { expect_pass_and_kill("Eq14.euler", {"encode-unscaled", "encode-by-variance"}); }
TEST(AppendixA, TheLikelyMistakesAreDistributions) {
  const std::vector<Claim> all = claims(Setting::standard(0.5));
  const auto& counts = std::get<Counts>(find_claim(all, "AppendixA.joint").check);
  EXPECT_FALSE(counts.alternatives.empty());
  for (const auto& alternative : counts.alternatives) {
    ASSERT_EQ(alternative.size(), counts.probabilities.size());
    for (const std::vector<double>& p : alternative) {
      EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-12);
      EXPECT_GE(*std::min_element(p.begin(), p.end()), 0);
    }
  }
}

TEST(AppendixA, JointLawOfCategories) {
  expect_pass_and_kill("AppendixA.joint", {"discrete-sigma-sign", "discrete-without-k", "discrete-of-d3pm",
                                           "discrete-s-ignored", "discrete-x0-without-s"});
}
TEST(Generator, Normals) {
  expect_pass_and_kill(
      "Generator.normals",
      {"generator-block-ignored", "generator-sample-ignored", "generator-dimension-ignored",
       "generator-batches-overlap", "box-muller-without-two", "box-muller-half-turn", "noise-laplace"});
  expect_pass_and_kill("Generator.sizes", {"box-muller-shared-radius", "box-muller-eight-bits"});
  expect_pass_and_kill("Generator.moments", {"noise-biased", "noise-wide"});
}

// What no claim about laws may see.
TEST(Equivalents, PassEveryClaimOfTheirLaw) {
  for (const EquationFault& fault : equation_faults()) {
    if (fault.equivalent.empty()) continue;
    Subject subject = Subject::reference();
    fault.apply(subject);
    for (const Verdict& verdict : judge(subject, Setting::standard(0.5), {}).verdicts) {
      if (verdict.kind == "exact" || verdict.status == Status::not_applicable) continue;
      EXPECT_EQ(verdict.status, Status::pass) << fault.name << ", " << verdict.claim;
    }
  }
}

}  // namespace
}  // namespace ddim::statistics
