#include "tests/statistics/claims.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "tests/faults/fault.hpp"
#include "tests/statistics/claims/comparison.hpp"
#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/judge.hpp"
#include "tests/statistics/sampling.hpp"

namespace ddim::statistics {
namespace {

using samplers::reference;

Verdict verdict_of(const Sampler& sampler, const std::string& claim, double eta = 0.5) {
  Options options;
  options.only = {claim};
  return judge(sampler, samplers::Run::standard(eta), options).verdicts.at(0);
}

/// The reference passes the claim, and the named known-wrong reference fails it.
void expect_pass_and_kill(const std::string& claim, const std::vector<std::string>& names) {
  const Verdict sound = verdict_of(reference(), claim);
  EXPECT_EQ(sound.status, Status::pass) << claim << ": " << sound.detail;
  for (const std::string& name : names) {
    const faults::Fault* fault = faults::find(name);
    ASSERT_NE(fault, nullptr) << name;
    const Verdict verdict = verdict_of(faults::sampler_of(*fault), claim);
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
  const samplers::Run one = samplers::Run::standard(0, 1);
  ASSERT_EQ(one.time(1), 1000);
  Options options;
  options.only = {"Lemma1.marginal"};
  EXPECT_EQ(judge(reference(), one, options).status(), Status::pass);
  const Sampler wrong = faults::sampler_of(*faults::find("noising-variance-five-percent"));
  EXPECT_EQ(judge(wrong, one, options).status(), Status::fail);
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
  for (const double eta : {0.0, 1.0})
    EXPECT_EQ(verdict_of(reference(), "Eq10.law", eta).status, Status::pass) << eta;
}
TEST(Eq10, LastStepHasNoNoise) {
  EXPECT_EQ(verdict_of(reference(), "Eq10.last").status, Status::pass);
  Sampler noisy = reference();
  noisy.step = [step = noisy.step](const samplers::Run& run, int entry, const Batch& x, const Batch& output,
                                   const Batch& z) -> samplers::Result<samplers::StepOutput> {
    const auto right = step(run, entry, x, output, z);
    return samplers::StepOutput(right->prev_sample + (entry == run.entry(1) ? 1e-3 : 0) * z);
  };
  EXPECT_EQ(verdict_of(noisy, "Eq10.last").status, Status::fail);
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
  const std::vector<Claim> all = claims(samplers::Run::standard());
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
  int equivalents = 0;
  for (const faults::Fault& fault : faults::faults()) {
    if (fault.equivalent.empty()) continue;
    ++equivalents;
    for (const Verdict& verdict : judge(faults::sampler_of(fault), samplers::Run::standard(), {}).verdicts) {
      if (std::holds_alternative<OfBound>(verdict.grounds) || verdict.status == Status::not_asked) continue;
      EXPECT_EQ(verdict.status, Status::pass) << fault.name << ", " << verdict.claim;
    }
  }
  EXPECT_GT(equivalents, 0);
}

TEST(Claims, WeightsAddUpToOne) {
  double sum = 0;
  for (const Claim& claim : claims(samplers::Run::standard())) {
    EXPECT_EQ(claim.weight == 0, std::holds_alternative<Exact>(claim.check)) << claim.id;
    sum += claim.weight;
  }
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(Claims, SharesOfThoseThatCanBeAskedAddUp) {
  const Sampler sampler = reference();
  const Instruments instruments = Instruments::sound();
  for (const double eta : {0.0, 0.5}) {
    const samplers::Run run = samplers::Run::standard(eta);
    const Context context{sampler, run, instruments, 1};
    const std::vector<Claim> all = claims(run);
    const std::vector<double> share = shares(all, context);
    double sum = 0;
    for (std::size_t k = 0; k < all.size(); ++k) sum += all[k].obstacle(context).empty() ? share[k] : 0;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

// A claim's draws are keyed by its id: those of the others stay as they are, to the last bit,
// when one is put in their midst.
TEST(Claims, OneMoreChangesNoOthersDraws) {
  const samplers::Run run = samplers::Run::standard();
  const Sampler sampler = reference();
  const Instruments instruments = Instruments::sound();
  const Context context{sampler, run, instruments, 20201006};
  const auto evidence = [&](const std::vector<Claim>& all) {
    std::vector<std::pair<std::string, double>> log_e;
    for (const Claim& claim : all) {
      if (claim.weight == 0 || std::holds_alternative<ExactP>(claim.check)) continue;
      const auto sampling = Sampling::of(claim, context, 1e-9);
      Watch watch(300, [&](double) {
        sampling->look();
        return 0.0;
      });
      sample(*sampling, {.share = 0.5, .largest = 512, .first_p = 0, .within_blocks = false}, watch);
      Verdict verdict;
      verdict.grounds = sampling->grounds(1e-3);
      log_e.emplace_back(claim.id, verdict.log_e());
    }
    return log_e;
  };
  std::vector<Claim> all = claims(run);
  const auto before = evidence(all);
  Claim more = find_claim(all, "Generator.normals");
  more.id = "Generator.once_more";
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), more);
  auto after = evidence(all);
  std::erase_if(after, [&](const auto& one) { return one.first == more.id; });
  ASSERT_GE(before.size(), 15u);
  EXPECT_EQ(before, after);
}

// For every dtype the chance of a repeat is one, and bounds that of coming near one of two given residuals.
TEST(Claims, ChanceOfARepeatIsAChance) {
  for (const std::string dtype : {"float64", "float32", "float16", "bfloat16"}) {
    const Repeats repeats = Repeats::of(samplers::unit_roundoff(dtype));
    EXPECT_LT(repeats.probability, 1) << dtype;
    EXPECT_GE(repeats.probability, 2 * std::erf(repeats.width / std::sqrt(2.0))) << dtype;
    EXPECT_GT(repeats.probability, 2 * std::erf(repeats.width / 2)) << dtype;
  }
  EXPECT_EQ(Repeats::of(0x1p-53).width, 1e-9);
}

// diffusers' last step may go from alphas_cumprod[0] to itself: nothing is asked of it.
TEST(Claims, AStepThatStaysIsNotAsked) {
  samplers::Config config = samplers::parse_config(
      R"({"set_alpha_to_one": false, "clip_sample": false, "timestep_spacing": "leading"})", "here");
  const samplers::Run run(config, 5, samplers::leading, 0.5, samplers::dialect("diffusers"));
  ASSERT_FALSE(run.moves(1));
  EXPECT_EQ(moving_steps(run), (std::vector<int>{2, 3, 4, 5}));
  EXPECT_EQ(upper_steps(run), (std::vector<int>{3, 4, 5}));
  EXPECT_EQ(judge(reference(), run, {}).status(), Status::pass) << text(judge(reference(), run, {}));
  const samplers::Run nowhere(config, 1, samplers::leading, 0.5, samplers::dialect("diffusers"));
  EXPECT_THROW(claims(nowhere), DomainError);
}

/// What a claim about residuals has seen of the first `count` samples, and how many residuals each cell gave.
struct Seen {
  Evidence evidence;
  std::vector<int> cells;
};
Seen seen_by(const std::string& id, const Context& context, Eigen::Index count) {
  const std::vector<Claim> all = claims(context.run);
  const auto& residuals = std::get<Residuals>(find_claim(all, id).check);
  Seen seen{Evidence(residuals.cells, static_cast<int>(residuals.covariates.size())),
            std::vector<int>(static_cast<std::size_t>(residuals.cells))};
  Recorder record(seen.evidence);
  record.trace = [&](int cell) { ++seen.cells[static_cast<std::size_t>(cell)]; };
  residuals.observe(context, 0, count, record);
  return seen;
}

// No step is left out, and none is asked twice.
TEST(Claims, EveryStepIsAskedAsOften) {
  const samplers::Run run = samplers::Run::standard();
  const Sampler sampler = reference();
  const Instruments instruments = Instruments::sound();
  const Context context{sampler, run, instruments, 1};
  struct Case {
    const char* claim;
    std::size_t cells;
    int each;
  };
  constexpr int count = 10;
  for (const Case& c : {Case{"Lemma1.marginal", 6, 4 * count}, Case{"Lemma1.chain", 5, 4 * count / 5},
                        Case{"Eq12.path", 5, 4 * count}, Case{"Eq12.amplified", 5, 4 * count},
                        Case{"Eq16.scale", 3, 5 * 4 * count}, Case{"Eq8.forward", 5, 4 * count},
                        Case{"NonMarkov.markov", 5, 4 * count}, Case{"Eq6.cross", 6, count},
                        Case{"Eq6.cross_reverse", 6, count}}) {
    EXPECT_EQ(seen_by(c.claim, context, count).cells, std::vector<int>(c.cells, c.each)) << c.claim;
  }
}

// With the noise handed in to a step that is right the residuals are that noise, so their sums are known: the
// neighbour is the element before, and the first has none.
TEST(Claims, NeighboursAreNeighbours) {
  const samplers::Run run = samplers::Run::standard();
  const Sampler sampler = reference();
  const Instruments instruments = Instruments::sound();
  const Context context{sampler, run, instruments, 1};
  constexpr Eigen::Index count = 3;
  struct Case {
    const char* claim;
    std::uint32_t stride;  // of the blocks of successive steps
    std::size_t covariate;
    int first_step;
  };
  for (const Case& c :
       {Case{"Eq12.amplified", 4, 3, 2}, Case{"Eq12.path", 2, 4, 2}, Case{"Lemma1.marginal", 4, 2, 1}}) {
    const Seen seen = seen_by(c.claim, context, count);
    for (std::size_t cell = 0; cell < seen.cells.size(); ++cell) {
      const auto block = c.stride * static_cast<std::uint32_t>(c.first_step + static_cast<int>(cell));
      const Batch z = context.noise_for(c.claim).normal_batch(kDims, count, 0, block);
      double products = 0, squares = 0;
      for (Eigen::Index k = 1; k < z.size(); ++k) {
        products += z(k) * z(k - 1);
        squares += z(k - 1) * z(k - 1);
      }
      const Regression& sums = seen.evidence.cell(static_cast<int>(cell));
      EXPECT_NEAR(sums.xr[c.covariate], products, 1e-9) << c.claim;
      EXPECT_NEAR(sums.xx[c.covariate * Regression::kMax + c.covariate], squares, 1e-9) << c.claim;
      EXPECT_NEAR(sums.rr, z.squaredNorm(), 1e-9) << c.claim;
    }
  }
}

// Long lists are walked in stretches: every step in one of them, every sample in one, and none twice.
TEST(Claims, StretchesCoverEveryStepAndSample) {
  for (const int S : {1, 16, 17, 50, 1000}) {
    std::vector<int> steps(static_cast<std::size_t>(S));
    std::iota(steps.begin(), steps.end(), 1);
    std::vector<std::uint64_t> reached(static_cast<std::size_t>((S + 15) / 16), 0);
    std::uint64_t done = 0;
    for (const Eigen::Index count : {1, 1, 3, 40, 512}) {
      Eigen::Index samples = 0;
      for (const Stretch& stretch : dealt(pieces_of(steps), done, count)) {
        EXPECT_EQ(stretch.first, reached.at(stretch.place));
        EXPECT_LE(stretch.steps.size(), kStretch);
        reached[stretch.place] += static_cast<std::uint64_t>(stretch.count);
        samples += stretch.count;
      }
      EXPECT_EQ(samples, count);
      done += static_cast<std::uint64_t>(count);
    }
    std::vector<int> walked;
    for (const Stretch& stretch : dealt(pieces_of(steps), 0, 2000))
      walked.insert(walked.end(), stretch.steps.begin(), stretch.steps.end());
    EXPECT_EQ(walked, steps);
    EXPECT_LE(*std::max_element(reached.begin(), reached.end()),
              *std::min_element(reached.begin(), reached.end()) + 1);
  }
}

// Pieces along which rounding adds up to no more than is allowed; steps that are too coarse by themselves are in
// none, the others in one.
TEST(Claims, PiecesLeaveOutWhatRoundingMoves) {
  std::vector<int> steps(60);
  std::iota(steps.begin(), steps.end(), 1);
  const auto moved = [](int i) { return i % 7 == 0 ? 2.0 : i > 30 ? 0.01 : 0.3; };
  std::vector<int> walked, right;
  for (const std::vector<int>& piece : pieces_within(steps, 1, moved)) {
    double total = 0;
    for (const int i : piece) total += moved(i);
    EXPECT_LE(total, 1);
    EXPECT_LE(piece.size(), kStretch);
    EXPECT_EQ(piece.back() - piece.front() + 1, static_cast<int>(piece.size()));
    walked.insert(walked.end(), piece.begin(), piece.end());
  }
  for (const int i : steps) {
    if (moved(i) <= 1) right.push_back(i);
  }
  EXPECT_EQ(walked, right);
  EXPECT_TRUE(pieces_within(steps, 1, [](int) { return std::nan(""); }).empty());
  EXPECT_EQ(pieces_within(steps, 1, [](int) { return 0.0; }).size(), 4u);
}

TEST(Claims, WhatHasNoBoundIsNotCompared) {
  Comparison comparison;
  for (const double bound : {std::nan(""), HUGE_VAL}) comparison.add(1, 2, bound, "no bound");
  EXPECT_EQ(comparison.result().compared, 0);
  comparison.add(1, 1.5, 1, "bounded");
  EXPECT_EQ(comparison.result().ratio, 0.5);
  comparison.add(std::nan(""), 1.5, 1, "not finite");
  EXPECT_EQ(comparison.result().ratio, HUGE_VAL);
}

}  // namespace
}  // namespace ddim::statistics
