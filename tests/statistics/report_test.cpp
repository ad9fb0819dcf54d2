#include "tests/statistics/report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/samplers/builtin.hpp"
#include "tests/statistics/judge.hpp"

namespace ddim::statistics {
namespace {

TEST(Report, ReadsBack) {
  Options options;
  options.only = {"Eq12.path", "Eq10.last", "Eq6.joint", "Eq6.rank", "Eq11.loss"};
  const Judgement judgement = judge(samplers::reference(), samplers::Run::standard(), options);
  const std::string lines = text(judgement), object = json(judgement);
  for (const std::string& claim : options.only) {
    char line[64];
    std::snprintf(line, sizeof line, "%-13s %-22s", "pass", claim.c_str());
    EXPECT_NE(lines.find(line), std::string::npos) << lines;
    EXPECT_NE(object.find("\"claim\":\"" + claim + "\""), std::string::npos);
  }
  for (const std::string kind : {"residuals", "exact", "vectors", "counts", "p-value"})
    EXPECT_NE(object.find("\"grounds\":\"" + kind + "\""), std::string::npos) << kind;
  EXPECT_NE(lines.find("pass: 5 passed, 0 failed"), std::string::npos) << lines;
}

TEST(Report, TheWorstVerdictIsTheJudgements) {
  Judgement judgement{{"mine", "1", "C++"}, "quick", {}, 0.5, 1, Noise::own, {}};
  EXPECT_EQ(judgement.status(), Status::not_asked);
  for (const Status status : {Status::not_asked, Status::pass, Status::inconclusive, Status::fail}) {
    Verdict& verdict = judgement.verdicts.emplace_back();
    verdict.status = status;
    verdict.detail = "because";
    verdict.replay = "again";
    EXPECT_EQ(judgement.status(), status);
  }
  EXPECT_NE(text(judgement).find("because\n              replay: again"), std::string::npos);
}

// What passes is not the step where nothing of it was asked.
TEST(Report, WithoutTheStepAPassIsInconclusive) {
  Judgement judgement{{"mine", "1", "C++"}, "quick", {}, 0.5, 1, Noise::own, {}};
  Verdict marginal;
  marginal.tag = "Lemma1";
  marginal.status = Status::pass;
  judgement.verdicts = {marginal};
  EXPECT_EQ(judgement.status(), Status::pass);  // of that claim alone, as it was asked for
  Verdict& step = judgement.verdicts.emplace_back();
  for (const char* tag : {"Eq12", "Eq10"}) {
    step.tag = tag;
    step.status = Status::not_asked;
    EXPECT_EQ(judgement.status(), Status::inconclusive);
    EXPECT_NE(text(judgement).find("The step itself was not judged"), std::string::npos);
    step.status = Status::pass;
    EXPECT_EQ(judgement.status(), Status::pass);
    EXPECT_EQ(text(judgement).find("The step itself was not judged"), std::string::npos);
  }
}

TEST(Report, GrowsInTheClaimsOrderWhateverTheThreads) {
  Options options;
  options.only = {"Eq12", "Eq10"};
  options.threads = 4;
  std::string grown;
  options.progress = [&](const Judgement& so_far) {
    if (so_far.verdicts.size() == 1) grown += in_text.head(so_far);
    grown += in_text.newest(so_far);
  };
  const Judgement judgement = judge(samplers::reference(), samplers::Run::standard(), options);
  EXPECT_GT(judgement.verdicts.size(), 2u);
  EXPECT_EQ(grown + in_text.end(judgement), text(judgement));
}

TEST(Report, WithoutACommandAReplayIsOptions) {
  Options options;
  options.only = {"Eq10.last"};
  const Verdict verdict = judge(samplers::reference(), samplers::Run::standard(), options).verdicts.at(0);
  EXPECT_EQ(verdict.replay,
            "the same run with options.only = {\"Eq10.last\"}; options.tier = Tier::named(\"quick\"); "
            "options.seed = 20201006; options.rates.alpha = 1e-09;");
  options.replay_prefix = "ddim-verify stats 'exec:a b'";
  EXPECT_TRUE(judge(samplers::reference(), samplers::Run::standard(), options)
                  .verdicts.at(0)
                  .replay.starts_with("ddim-verify stats 'exec:a b' --claim Eq10.last --tier quick"));
}

TEST(Report, ErrorsOutOfReachOfSamplingAreCoveredOnlyByWhatWasCompared) {
  Judgement judgement{{"mine", "1", "C++"}, "quick", {}, 0.5, 1, Noise::own, {}};
  Verdict& verdict = judgement.verdicts.emplace_back();
  verdict.claim = "Eq12.injected";
  verdict.tag = "Eq12";
  verdict.grounds = OfBound{0.2};
  const std::string none = "No claim was compared exactly in this run";
  for (const Status status : {Status::not_asked, Status::fail, Status::inconclusive}) {
    verdict.status = status;
    EXPECT_NE(text(judgement).find(none), std::string::npos);
  }
  verdict.status = Status::pass;
  EXPECT_EQ(text(judgement).find(none), std::string::npos);
  EXPECT_NE(text(judgement).find("right to within rounding of float64: Eq12.injected."), std::string::npos);
  EXPECT_NE(json(judgement).find("\"compared_exactly\":[\"Eq12.injected\"]"), std::string::npos);
  verdict.claim = "Eq10.last";  // without noise
  EXPECT_NE(text(judgement).find("Eq10.last; sigma is in none of these."), std::string::npos);
  judgement.eta = 0;
  EXPECT_NE(text(judgement).find("Eq10.last."), std::string::npos);
  for (const char* tag : {"Contract", "Generator"}) {  // no numbers are compared there
    verdict.tag = tag;
    EXPECT_NE(text(judgement).find(none), std::string::npos);
  }
}

/// Eq12 as people write it in float32, its sigma and its 1 / sqrt(alpha_bar) off by factors.
Sampler in_float32(float of_sigma, float of_reciprocal) {
  using Floats = Eigen::ArrayXXf;
  Sampler sampler = samplers::reference();
  sampler.identity.dtype = sampler.identity.sample_dtype = "float32";
  sampler.prepare = [identity = sampler.identity](const samplers::Run&) { return identity; };
  const auto step = [=](const samplers::Run& run, int entry, const Batch& x_t, const Batch& output,
                        const Batch& noise) {
    const int i = run.step_of(entry);
    const auto a = static_cast<float>(run.level(i).alpha_bar),
               p = static_cast<float>(run.prev_level(i).alpha_bar), eta = static_cast<float>(run.eta());
    const Floats x = x_t.cast<float>(), e = output.cast<float>(), z = noise.cast<float>();
    const float sigma = eta * std::sqrt((1 - p) / (1 - a) * (1 - a / p));
    const Floats x0 = (x - std::sqrt(1 - a) * e) * (of_reciprocal / std::sqrt(a));
    const Floats prev = std::sqrt(p) * x0 + std::sqrt(1 - p - sigma * sigma) * e + of_sigma * sigma * z;
    return samplers::StepOutput(prev.cast<double>().matrix());
  };
  sampler.step = step;
  sampler.own_step = [=, draws = std::make_shared<std::uint64_t>(0)](const samplers::Run& run, int entry,
                                                                     const Batch& x, const Batch& output) {
    const samplers::Draws noise(9, samplers::Stream::noise, "own");
    const std::uint64_t first = *draws;
    *draws += static_cast<std::uint64_t>(x.cols());
    return step(run, entry, x, output, noise.normal_batch(x.rows(), x.cols(), first, 0));
  };
  return sampler;
}

// An error that sampling passes is not covered by words: it fails where numbers are compared, or they say that none
// were.
TEST(Report, SmallErrorsInFloat32FailOrAreSaidNotToBeSeen) {
  const auto judged = [](const Sampler& sampler, Noise noise) {
    Options options;
    options.noise = noise;
    options.only = {"Eq12", "Eq10.last"};
    return judge(sampler, samplers::Run::standard(), options);
  };
  const auto of = [](const Judgement& judgement, const std::string& claim) {
    return std::find_if(judgement.verdicts.begin(), judgement.verdicts.end(),
                        [&](const Verdict& verdict) { return verdict.claim == claim; })
        ->status;
  };
  for (const Noise noise : {Noise::injected, Noise::own})
    EXPECT_EQ(judged(in_float32(1, 1), noise).status(), Status::pass);
  const Sampler sigma = in_float32(1.0001F, 1), reciprocal = in_float32(1, 1 + 0x1p-14F);
  EXPECT_EQ(of(judged(sigma, Noise::injected), "Eq12.injected"), Status::fail);
  EXPECT_EQ(of(judged(reciprocal, Noise::injected), "Eq12.injected"), Status::fail);
  EXPECT_EQ(of(judged(reciprocal, Noise::own), "Eq10.last"), Status::fail);
  Sampler draws = sigma;
  draws.step = {};
  const Judgement own = judged(draws, Noise::own);
  EXPECT_EQ(own.status(), Status::pass);
  EXPECT_NE(text(own).find("rounding of float32: Eq10.last; sigma is in none of these."), std::string::npos)
      << text(own);
}

TEST(Report, APassSaysWhatItCertifies) {
  Options options;
  options.only = {"Eq12.path"};
  const Judgement judgement = judge(samplers::reference(), samplers::Run::standard(), options);
  for (const std::string words :
       {"|bias| <= 0.0", "variance in [0.9", "|F - Phi| <= 0.0", "beyond 3 sigma x [0."})
    EXPECT_NE(text(judgement).find(words), std::string::npos) << text(judgement);
  EXPECT_NE(json(judgement).find("\"distribution\":0.0"), std::string::npos);
  EXPECT_NE(json(judgement).find("\"beyond_3_sigma\""), std::string::npos);
}

}  // namespace
}  // namespace ddim::statistics
