#include "tests/statistics/diagnosis.hpp"

#include <gtest/gtest.h>

#include "tests/statistics/judge.hpp"

namespace ddim::statistics {
namespace {

std::string detail(const Sampler& sampler, const std::string& claim, const samplers::Run& run, Noise noise) {
  Options options;
  options.only = {claim};
  options.noise = noise;
  const Judgement judgement = judge(sampler, run, options);
  EXPECT_EQ(judgement.status(), Status::fail) << text(judgement);
  return judgement.verdicts.at(0).detail;
}

/// The fault is named in the words of the bank, or one that is the same on this run.
void expect_named(const std::string& name, const std::string& claim, const samplers::Run& run, Noise noise) {
  const faults::Fault* fault = faults::find(name);
  ASSERT_NE(fault, nullptr) << name;
  const std::string words = detail(faults::sampler_of(*fault), claim, run, noise);
  EXPECT_NE(words.find("[" + name + "]"), std::string::npos) << name << ": " << words;
}

TEST(Diagnosis, NamesTheMistakeOfTheBank) {
  for (const char* claim : {"Eq12.path", "Eq12.amplified"}) {
    for (const char* name : {"noise-by-variance", "direction-without-sigma", "sigma-no-ratio",
                             "noise-eta-twice", "noise-left-out", "eta-ignored"})
      expect_named(name, claim, samplers::Run::standard(), Noise::own);
  }
  expect_named("noise-by-variance", "Eq12.path", samplers::Run::standard(0.8, 4), Noise::injected);
}

TEST(Diagnosis, SaysWhatTheBankSays) {
  const std::string words = detail(faults::sampler_of(*faults::find("noise-by-variance")), "Eq12.path",
                                   samplers::Run::standard(), Noise::injected);
  EXPECT_NE(words.find("[noise-by-variance]: " + faults::find("noise-by-variance")->says), std::string::npos)
      << words;
}

TEST(Diagnosis, AbsentNoiseIsCalledSo) {
  const auto of = [](const char* name) {
    return detail(faults::sampler_of(*faults::find(name)), "Eq12.path", samplers::Run::standard(),
                  Noise::own);
  };
  EXPECT_NE(of("noise-left-out").find("zero: the noise is absent"), std::string::npos);
  EXPECT_NE(of("eta-ignored").find("absent, and the direction"), std::string::npos);
}

// What is not in the bank gets its numbers, and no name.
TEST(Diagnosis, NamesNothingThatDoesNotFit) {
  Sampler wide = samplers::reference();
  wide.step = [step = wide.step](const samplers::Run& run, int entry, const Batch& x, const Batch& output,
                                 const Batch& z) { return step(run, entry, x, output, 1.3 * z); };
  const std::string words = detail(wide, "Eq12.path", samplers::Run::standard(), Noise::injected);
  EXPECT_NE(words.find("variance ratio 1.6"), std::string::npos) << words;
  EXPECT_EQ(words.find('['), std::string::npos) << words;
}

TEST(Diagnosis, OtherShapesAndRepeatsAreCalledSo) {
  const auto of = [](const char* name, const char* claim) {
    return detail(faults::sampler_of(*faults::find(name)), claim, samplers::Run::standard(), Noise::injected);
  };
  EXPECT_NE(of("noise-uniform", "Eq12.path").find("not normal"), std::string::npos);
  EXPECT_NE(of("noise-reseeded", "Eq12.path").find("repeat"), std::string::npos);
}

// The evidence of a fault of two entries, one of which it is.
TEST(Diagnosis, ChoosesByEveryCell) {
  const samplers::Run run = samplers::Run::standard();
  const auto times = [](double factor, int step) {
    faults::Fault fault{.name = "times-" + to_text(factor),
                        .equation = "Eq12",
                        .condition = "",
                        .seen = "",
                        .says = "the noise is " + to_text(factor) + " times itself"};
    fault.in_recipe = [=](samplers::Recipe& recipe) {
      recipe.noise_scale = [=](const samplers::Place& place, const samplers::Levels&, Real sigma) {
        return sigma * (step == 0 || place.run.step_of(place.entry) == step ? Real(factor) : Real(1));
      };
    };
    return fault;
  };
  const std::vector<faults::Fault> bank{times(1.2, 0), times(1.5, 3)};
  const std::vector<Claim> all = claims(run);
  const auto& residuals = std::get<Residuals>(find_claim(all, "Eq12.path").check);
  const Instruments instruments = Instruments::sound();
  for (const faults::Fault& fault : bank) {
    const Sampler sampler = faults::sampler_of(fault);
    const Context context{sampler, run, instruments, 3};
    Evidence evidence(residuals.cells, static_cast<int>(residuals.covariates.size()));
    Recorder record(evidence);
    residuals.observe(context, 0, 1500, record);
    EXPECT_EQ(cause(residuals, evidence, context, bank), " [" + fault.name + "]: " + fault.says);
  }
}

}  // namespace
}  // namespace ddim::statistics
