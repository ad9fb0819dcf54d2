#include "tests/statistics/judge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <memory>
#include <new>
#include <random>
#include <system_error>

#include "tests/faults/fault.hpp"
#include "tests/samplers/builtin.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics {
namespace {

using samplers::reference;
using samplers::StepOutput;

TEST(Judge, ReferencePassesTheQuickTierAtEveryEta) {
  for (const double eta : {0.0, 0.5, 1.0}) {
    const Judgement judgement = judge(reference(), samplers::Run::standard(eta), {});
    EXPECT_EQ(judgement.status(), Status::pass) << text(judgement);
  }
}

TEST(Judge, SameBitsWithOneAndTwoThreadsAndAgain) {
  Options options;
  const samplers::Run run = samplers::Run::standard();
  const auto bits = [](const Verdict& verdict) { return std::bit_cast<std::uint64_t>(verdict.log_e()); };
  const Judgement one = judge(reference(), run, options);
  for (const int threads : {1, 2}) {
    options.threads = threads;
    const Judgement other = judge(reference(), run, options);
    for (std::size_t k = 0; k < one.verdicts.size(); ++k) {
      EXPECT_EQ(bits(one.verdicts[k]), bits(other.verdicts[k])) << one.verdicts[k].claim;
      EXPECT_EQ(one.verdicts[k].n, other.verdicts[k].n);
    }
  }
  options.seed += 1;
  EXPECT_NE(bits(judge(reference(), run, options).verdicts.at(2)), bits(one.verdicts.at(2)));
}

Verdict verdict_of(const Sampler& sampler, const std::string& claim) {
  Options options;
  options.only = {claim};
  return judge(sampler, samplers::Run::standard(), options).verdicts.at(0);
}

Sampler with_step(std::function<Batch(const Batch& x_t, const Batch& right)> change) {
  Sampler sampler = reference();
  sampler.step = [=, step = sampler.step](const samplers::Run& run, int entry, const Batch& x,
                                          const Batch& output, const Batch& z) {
    return StepOutput(change(x, step(run, entry, x, output, z)->prev_sample));
  };
  return sampler;
}

/// The reference, each number of the noise changed.
Sampler with_noise(std::function<double(double z)> change) {
  Sampler sampler = reference();
  sampler.step = [=, step = sampler.step](const samplers::Run& run, int entry, const Batch& x,
                                          const Batch& output, const Batch& z) {
    return step(run, entry, x, output, z.unaryExpr(change));
  };
  return sampler;
}

// Each gross mistake fails with a message of its own.
TEST(Judge, GrossMistakesFailWithTheirOwnMessage) {
  const auto expect = [](const std::string& words, const Sampler& sampler) {
    const Verdict verdict = verdict_of(sampler, "Contract.step");
    EXPECT_EQ(verdict.status, Status::fail);
    EXPECT_NE(verdict.detail.find(words), std::string::npos) << verdict.detail;
  };
  expect("not finite", with_step([](const Batch& x, const Batch&) {
           return Batch(Batch::Constant(x.rows(), x.cols(), std::nan("")));
         }));
  expect("constant",
         with_step([](const Batch& x, const Batch&) { return Batch(Batch::Zero(x.rows(), x.cols())); }));
  expect("wrong shape", with_step([](const Batch&, const Batch& right) { return Batch(right.transpose()); }));
  expect("returns its input", with_step([](const Batch& x, const Batch&) { return x; }));
  Sampler reseeds = reference();
  reseeds.own_step = [step = reseeds.step](const samplers::Run& run, int entry, const Batch& x,
                                           const Batch& output) {
    return step(run, entry, x, output, Batch::Ones(x.rows(), x.cols()));
  };
  reseeds.step = {};
  expect("reseeds", reseeds);
}

TEST(Judge, WhatASamplerThrowsIsItsFailureAndWhatItLacksIsNotAsked) {
  const auto throws = [](auto error) {
    return with_step([error](const Batch&, const Batch&) -> Batch { throw error; });
  };
  const Verdict thrown =
      verdict_of(throws(DomainError("device", "gone", "devices that answer")), "Eq12.path");
  EXPECT_EQ(thrown.status, Status::fail);
  EXPECT_NE(thrown.detail.find("device"), std::string::npos);
  // Nobody's failure.
  EXPECT_THROW(verdict_of(throws(std::bad_alloc()), "Eq12.path"), std::bad_alloc);
  EXPECT_THROW(verdict_of(throws(std::system_error(std::make_error_code(std::errc::too_many_files_open))),
                          "Contract.step"),
               std::system_error);
  Sampler refuses = reference();
  refuses.step = [](const samplers::Run&, int, const Batch&, const Batch&,
                    const Batch&) -> samplers::Result<StepOutput> {
    return samplers::Trouble{Status::unsupported, "no such run"};
  };
  const Verdict refused = verdict_of(refuses, "Eq12.path");
  EXPECT_EQ(refused.status, Status::not_asked);
  EXPECT_NE(refused.detail.find("no such run"), std::string::npos);
  Sampler without = reference();
  without.step = {};
  without.own_step = {};
  EXPECT_EQ(verdict_of(without, "Eq12.path").detail, "not supplied: step");
}

TEST(Judge, TooLittleIsInconclusiveAndNothingAskedIsNotAPass) {
  Options options;
  options.tier = {.name = "tiny",
                  .least = 100,
                  .most = 200,
                  .bias = 0.001,
                  .variance = 0.001,
                  .proportion = 0.001,
                  .distribution = 0.001,
                  .tail = 1.001,
                  .first_look = 100};
  options.only = {"Eq12.path"};
  EXPECT_EQ(judge(reference(), samplers::Run::standard(), options).status(), Status::inconclusive);
  EXPECT_EQ(judge(reference(), samplers::Run::standard(0), options).status(), Status::not_asked);
}

TEST(Judge, RefusesWhatIsNotDefined) {
  Options options;
  options.only = {"Eq99.nothing"};
  EXPECT_THROW(judge(reference(), samplers::Run::standard(), options), DomainError);
  EXPECT_THROW(Tier::named("tiny"), DomainError);
  options.only = {"Contract.times"};
  EXPECT_EQ(judge(reference(), samplers::Run::standard(), options).status(), Status::pass);
  for (const double rate : {0.0, -1.0, 1.0, 2.0, std::nan(""), HUGE_VAL}) {
    for (double ErrorRates::*which : {&ErrorRates::alpha, &ErrorRates::beta}) {
      options.rates = {};
      options.rates.*which = rate;
      EXPECT_THROW(judge(reference(), samplers::Run::standard(), options), DomainError) << rate;
    }
  }
}

TEST(Judge, ATierWhoseDrawsShowTheGridOfADtypeRefusesIt) {
  const auto of = [](const std::string& dtype) {
    Sampler coarse = reference();
    coarse.identity.dtype = dtype;
    coarse.prepare = [identity = coarse.identity](const samplers::Run&) { return identity; };
    return coarse;
  };
  Options options;
  options.only = {"Eq10.last"};
  EXPECT_EQ(judge(of("float16"), samplers::Run::standard(), options).status(), Status::pass);
  options.tier = Tier::named("full");
  EXPECT_THROW(judge(of("float16"), samplers::Run::standard(), options), DomainError);
  EXPECT_EQ(judge(of("float32"), samplers::Run::standard(), options).status(), Status::pass);
}

// Every kind of claim says in words and numbers why it failed.
TEST(Judge, AFailSaysWhatIsWrong) {
  struct Case {
    std::string fault, claim;
    std::vector<std::string> words;
  };
  for (const Case& c : {Case{"noise-uniform", "Eq12.path", {"the noise is not normal", "beyond 5 sigma: 0)"}},
                        Case{"noise-reseeded", "Eq12.path", {"residuals repeat an earlier one"}},
                        Case{"noise-left-out", "Eq12.path", {"the noise is absent"}},
                        Case{"noise-not-finite", "Eq12.path", {"the output is not finite"}},
                        Case{"noise-by-variance", "Eq12.path", {"variance ratio", "[noise-by-variance]"}},
                        Case{"noising-mean-one-percent", "Lemma1.marginal", {"x_0's coefficient is off by"}},
                        Case{"discrete-s-ignored", "AppendixA.joint", {"a probability is off by up to 0."}},
                        Case{"path-half-sigma", "Eq6.joint", {"covariance of the whitened path"}},
                        Case{"loss-two-percent", "Eq11.loss", {"p = ", " at look "}},
                        Case{"gamma-as-printed",
                             "Theorem1.constant",
                             {"predictor 1, path ", ": got ", ", want ", ", bound "}}}) {
    const faults::Fault* fault = faults::find(c.fault);
    ASSERT_NE(fault, nullptr) << c.fault;
    const Verdict verdict = verdict_of(faults::sampler_of(*fault), c.claim);
    EXPECT_EQ(verdict.status, Status::fail) << c.fault;
    for (const std::string& words : c.words)
      EXPECT_NE(verdict.detail.find(words), std::string::npos) << c.fault << ": " << verdict.detail;
    EXPECT_NE(verdict.replay.find(c.claim), std::string::npos) << verdict.replay;
  }
}

TEST(Judge, AVectorThatIsNotFiniteFails) {
  Sampler sampler = reference();
  sampler.path = [inner = sampler.path](const samplers::Run& run, const Batch& x0,
                                        const Path& noise) -> samplers::Result<Path> {
    Path path = *inner(run, x0, noise);
    if (x0.cols() > 2) path.back()(0, 2) = std::nan("");
    return path;
  };
  const Verdict verdict = verdict_of(sampler, "Eq6.joint");
  EXPECT_EQ(verdict.status, Status::fail);
  EXPECT_EQ(verdict.detail, "the output is not finite");
}

// The quick tier stops before it could find noise cut at 3.5 deviations: what it certifies says so.
TEST(Judge, APassSaysToWhichSizeTheShapeIsRight) {
  const Verdict sound = verdict_of(reference(), "Eq12.path");
  ASSERT_EQ(sound.status, Status::pass);
  const auto& shape = std::get<OfResiduals>(sound.grounds).shape;
  EXPECT_LE(shape.distribution, 0.025);
  EXPECT_TRUE(0.4 <= shape.tail_low && shape.tail_low < 1 && 1 < shape.tail_high && shape.tail_high <= 2.5);
  EXPECT_EQ(verdict_of(with_noise([](double z) { return std::clamp(z, -2.9, 2.9); }), "Eq12.path").status,
            Status::fail);
}

// The three that the quick tier may stop before finding: failed, or within what the pass certifies.
TEST(Judge, WhatTheQuickTierPassesIsWithinWhatItCertifies) {
  struct Law {
    const char* name;
    std::function<double(double z)> noise;
    double beyond_3;  ///< P(|r| > 3) over the normal's
  };
  const boost::math::students_t student(60);
  const double spread = std::sqrt(60.0 / 58), normal = 2 * normal_cdf(-3);
  const auto generator = std::make_shared<std::mt19937_64>(1);
  const auto sum_of_uniforms = [=](double) {
    double sum = -6;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>((*generator)() >> 11) * 0x1p-53;
    return sum;
  };
  const auto heavy = [=](double z) {
    return std::copysign(quantile(complement(student, normal_cdf(-std::abs(z)))), z) / spread;
  };
  for (const Law& law :
       {Law{"the sum of 12 uniforms", sum_of_uniforms, 2 * (531441.0 - 12 * 4096 + 66) / 479001600 / normal},
        Law{"cut at 3.5", [](double z) { return std::clamp(z, -3.5, 3.5); }, 1},
        Law{"Student's with 60 degrees", heavy, 2 * cdf(complement(student, 3 * spread)) / normal}}) {
    const Verdict verdict = verdict_of(with_noise(law.noise), "Eq12.path");
    if (verdict.status == Status::fail) continue;
    ASSERT_EQ(verdict.status, Status::pass) << law.name;
    const auto& shape = std::get<OfResiduals>(verdict.grounds).shape;
    EXPECT_TRUE(shape.tail_low <= law.beyond_3 && law.beyond_3 <= shape.tail_high) << law.name;
  }
}

}  // namespace
}  // namespace ddim::statistics
