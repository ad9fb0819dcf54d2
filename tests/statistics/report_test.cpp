#include "tests/statistics/report.hpp"

#include <gtest/gtest.h>

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
  EXPECT_NE(text(judgement).find("right to within rounding: Eq12.injected."), std::string::npos);
  for (const char* tag : {"Contract", "Generator"}) {  // no numbers are compared there
    verdict.tag = tag;
    EXPECT_NE(text(judgement).find(none), std::string::npos);
  }
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
