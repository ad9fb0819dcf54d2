#include "tests/statistics/engine.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/statistics/faults.hpp"

namespace ddim::statistics {
namespace {

TEST(Engine, ReferencePassesTheQuickTierAtEveryEta) {
  for (const double eta : {0.0, 0.5, 1.0}) {
    const Report report = judge(Subject::reference(), Setting::standard(eta), {});
    EXPECT_EQ(report.status(), Status::pass) << text(report);
  }
}

TEST(Engine, SameBitsWithOneAndTwoThreadsAndAgain) {
  Options options;
  const Setting setting = Setting::standard();
  const auto bits = [](double value) {
    std::uint64_t word;
    std::memcpy(&word, &value, sizeof word);
    return word;
  };
  const Report one = judge(Subject::reference(), setting, options);
  for (const int threads : {1, 2}) {
    options.threads = threads;
    const Report other = judge(Subject::reference(), setting, options);
    for (std::size_t k = 0; k < one.verdicts.size(); ++k) {
      EXPECT_EQ(bits(one.verdicts[k].log_e), bits(other.verdicts[k].log_e)) << one.verdicts[k].claim;
      EXPECT_EQ(one.verdicts[k].n, other.verdicts[k].n);
    }
  }
  options.seed += 1;
  EXPECT_NE(bits(judge(Subject::reference(), setting, options).verdicts.at(2).log_e),
            bits(one.verdicts.at(2).log_e));
}

TEST(Engine, SharesOfTheClaimsThatApplyAddUp) {
  for (const double eta : {0.0, 0.5}) {
    const Setting setting = Setting::standard(eta);
    const std::vector<Claim> all = claims(setting);
    const Subject subject = Subject::reference();
    const std::vector<double> share = shares(all, subject, setting);
    double sum = 0;
    for (std::size_t k = 0; k < all.size(); ++k)
      sum += all[k].obstacle(subject, setting).empty() ? share[k] : 0;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

Verdict verdict_of(const Subject& subject, const std::string& claim) {
  Options options;
  options.only = {claim};
  return judge(subject, Setting::standard(), options).verdicts.at(0);
}

Subject with_step(std::function<Batch(const Batch& x_t, const Batch& right, const Batch& noise)> change) {
  Subject subject = Subject::reference();
  const auto step = subject.step;
  subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& z) {
    return change(x, step(s, i, x, output, z), z);
  };
  return subject;
}

// Each gross mistake fails with a message of its own.
TEST(Engine, GrossMistakesFailWithTheirOwnMessage) {
  const auto detail = [](const Subject& subject) {
    const Verdict verdict = verdict_of(subject, "Contract.step");
    EXPECT_EQ(verdict.status, Status::fail);
    return verdict.detail;
  };
  EXPECT_NE(detail(with_step([](const Batch& x, const Batch&, const Batch&) {
              return Batch(Batch::Constant(x.rows(), x.cols(), std::nan("")));
            })).find("not finite"),
            std::string::npos);
  EXPECT_NE(detail(with_step([](const Batch& x, const Batch&, const Batch&) {
              return Batch(Batch::Zero(x.rows(), x.cols()));
            })).find("constant"),
            std::string::npos);
  EXPECT_NE(detail(with_step([](const Batch&, const Batch& right, const Batch&) {
              return Batch(right.transpose());
            })).find("wrong shape"),
            std::string::npos);
  EXPECT_NE(detail(with_step([](const Batch& x, const Batch&, const Batch&) {
              return x;
            })).find("returns its input"),
            std::string::npos);
  Subject reseeds = Subject::reference();
  reseeds.own_noise = true;
  EXPECT_NE(detail(reseeds).find("reseeds"), std::string::npos);
  const Verdict thrown = verdict_of(with_step([](const Batch&, const Batch&, const Batch&) -> Batch {
                                      throw DomainError("device", "gone", "devices that answer");
                                    }),
                                    "Eq12.path");
  EXPECT_EQ(thrown.status, Status::fail);
  EXPECT_NE(thrown.detail.find("device"), std::string::npos);
}

TEST(Engine, DecodesTheMistake) {
  const auto with_scale = [](std::function<double(const paper::Step&)> scale) {
    Subject subject = Subject::reference();
    const auto step = subject.step;
    subject.step = [=](const Setting& s, int i, const Batch& x, const Batch& output, const Batch& z) {
      return step(s, i, x, output, scale(s.law(i)) * z);
    };
    return subject;
  };
  EXPECT_NE(verdict_of(with_scale([](const paper::Step& l) { return l.sigma(); }), "Eq12.path")
                .detail.find("the standard deviation looks like sigma^2"),
            std::string::npos);
  EXPECT_NE(verdict_of(with_scale([](const paper::Step&) { return 2.0; }), "Eq12.path")
                .detail.find("variance ratio"),
            std::string::npos);
  Subject direction = Subject::reference();
  direction.step = [](const Setting& s, int i, const Batch& x, const Batch& eps, const Batch& z) {
    const paper::Step& l = s.law(i);
    const Batch x0 = (x - paper::root(l.current.b) * eps) / paper::root(l.current.a);
    return Batch(l.posterior_x0() * x0 + paper::root(l.prev.b) * eps + l.sigma() * z);
  };
  EXPECT_NE(verdict_of(direction, "Eq12.path").detail.find("without sigma"), std::string::npos)
      << verdict_of(direction, "Eq12.path").detail;
}

TEST(Engine, TooLittleIsInconclusiveAndNothingAskedIsNotAPass) {
  Options options;
  options.tier = {"tiny", 100, 200, 0.001, 0.001, 0.001, 100};
  options.only = {"Eq12.path"};
  EXPECT_EQ(judge(Subject::reference(), Setting::standard(), options).status(), Status::inconclusive);
  EXPECT_EQ(judge(Subject::reference(), Setting::standard(0), options).status(), Status::not_applicable);
  options.only = {"Eq99.nothing"};
  EXPECT_THROW(judge(Subject::reference(), Setting::standard(), options), DomainError);
  EXPECT_THROW(Tier::named("tiny"), DomainError);
}

TEST(Engine, ATierWhoseDrawsShowTheGridOfADtypeRefusesIt) {
  Subject coarse = Subject::reference();
  coarse.unit_roundoff = 0x1p-11;
  Options options;
  options.only = {"Eq10.last"};
  EXPECT_EQ(judge(coarse, Setting::standard(), options).status(), Status::pass);
  options.tier = Tier::named("full");
  EXPECT_THROW(judge(coarse, Setting::standard(), options), DomainError);
  coarse.unit_roundoff = 0x1p-24;
  EXPECT_EQ(judge(coarse, Setting::standard(), options).status(), Status::pass);
}

TEST(Engine, ReportsReadBack) {
  Options options;
  options.only = {"Eq12.path", "Eq10.last"};
  const Report report = judge(Subject::reference(), Setting::standard(), options);
  EXPECT_NE(text(report).find("PASS          Eq12.path"), std::string::npos);
  EXPECT_NE(json(report).find("\"claim\": \"Eq12.path\""), std::string::npos);
}

TEST(SuiteFaults, SoundInstrumentsPassTheSelfCheckAndEveryFaultFailsIt) {
  EXPECT_EQ(self_check(Instruments::sound()), std::vector<std::string>{});
  for (const SuiteFault& fault : suite_faults()) {
    Instruments instruments = Instruments::sound();
    fault.apply(instruments);
    EXPECT_FALSE(self_check(instruments).empty()) << fault.name;
  }
}

}  // namespace
}  // namespace ddim::statistics
