#include "tests/conformance/check.hpp"

#include <gtest/gtest.h>

#include "tests/faults/fault.hpp"

namespace ddim::conformance {
namespace {

using samplers::ask;
using samplers::Config;
using samplers::Sampler;

/// A sampler of one's own: noising and a step of one's own, everything else the reference's. `error` is what one
/// number of every step is off by.
Sampler mine(double error = 0) {
  Sampler sampler = samplers::reference();
  sampler.identity = {"mine", "1", "C++"};
  sampler.add_noise = [](const samplers::Run& run, int timestep, const Batch& x0, const Batch& noise) {
    const NoiseLevel level = run.schedule().level(timestep + 1);
    return Batch(sqrt_alpha_bar(level) * x0 + sqrt_one_minus_alpha_bar(level) * noise);
  };
  sampler.step = [error, step = sampler.step](const samplers::Run& run, int entry, const Batch& x_t,
                                              const Batch& output, const Batch& noise) {
    auto result = step(run, entry, x_t, output, noise);
    if (!result || error == 0) return result;
    Batch changed = result->prev_sample;
    changed(5, 1) *= 1 + error;
    return samplers::Result<samplers::StepOutput>(samplers::StepOutput(std::move(changed)));
  };
  return sampler;
}

CheckReport judged(const Sampler& sampler, const samplers::Dialect& dialect = samplers::paper(), int S = 10) {
  const Config config = samplers::read_config(DDIM_CONFIGS "/sd15.json");
  CheckOptions options;
  options.locator = "mine";
  options.S = S;
  options.dialect = dialect;
  return check(sampler, config, options);
}

TEST(Check, ASamplerOfOnesOwnIsJudgedInProcess) { EXPECT_EQ(exit_code(judged(mine())), kPassed); }

// Betas near 1e-7, v and thresholding: sigma is a root of what rounding leaves of 1 - alpha_bar.
TEST(Check, TinyBetasPass) {
  const Config config = samplers::parse_config(
      R"({"num_train_timesteps": 34, "beta_start": 6.6430989700550023e-06, "beta_end": 8.3872223395714218e-08,
          "beta_schedule": "linear", "steps_offset": 1, "set_alpha_to_one": false,
          "prediction_type": "v_prediction", "clip_sample": false, "thresholding": true,
          "sample_max_value": 9.3191586795416157, "dynamic_thresholding_ratio": 0.8513884906729865})",
      "tiny betas");
  CheckOptions options;
  options.S = 30;
  options.spacing = &samplers::trailing;
  options.eta = 0.9128407782746973;
  for (const samplers::Dialect& dialect : samplers::dialects()) {
    options.dialect = dialect;
    EXPECT_EQ(exit_code(check(samplers::reference(), config, options)), kPassed) << dialect.name;
  }
}

TEST(Check, OneWrongNumberIsFoundWhereItIs) {
  const CheckReport report = judged(mine(1e-12));
  EXPECT_EQ(exit_code(report), kFailures);
  int failed = 0;
  for (const Row& row : report.rows) {
    if (!row.wrong || !row.title.starts_with("Eq12")) continue;
    ++failed;
    EXPECT_NE(row.wrong->where.find("step 1 of 10, t = 901 -> 801, sample 1, element 5"), std::string::npos)
        << row.wrong->where;
    EXPECT_TRUE(row.causes.empty() || !row.explained) << row.causes[0].name;
  }
  EXPECT_EQ(failed, 3);
}

// A dialect is data: here the last step goes to a quarter of the first level's noise.
TEST(Check, ADialectOfOnesOwnIsJudgedBy) {
  const samplers::Dialect quarter{.name = "quarter",
                                  .says = "the last step goes to a quarter of the first level's noise",
                                  .locators = {},
                                  .last_level =
                                      [](const Config&, const samplers::Table& table) {
                                        const samplers::Real rest = table.at(0).one_minus / 4;
                                        return samplers::Level{1 - rest, rest};
                                      },
                                  .of_last_level = "a quarter's keeps a quarter of the noise",
                                  .of_eps = "a quarter's takes eps from the clipped x_0"};
  EXPECT_EQ(exit_code(judged(mine(), quarter)), kPassed);
  EXPECT_EQ(exit_code(judged(faults::open("builtin:fault:last-alpha-first-entry"), quarter)), kFailures);
}

TEST(Check, NoStepJudgedIsNotAPass) {
  Sampler sampler = mine();
  sampler.step = {};
  EXPECT_EQ(exit_code(judged(sampler)), kInconclusive);
}

TEST(Check, WithoutAListTheStepsAreJudgedOnTheDefinedOne) {
  Sampler sampler = mine();
  sampler.timesteps = {};
  EXPECT_EQ(exit_code(judged(sampler)), kPassed);
  sampler = mine(1e-3);
  sampler.timesteps = {};
  EXPECT_EQ(exit_code(judged(sampler)), kFailures);
}

/// The list and the table are compared with writings of their own.
TEST(Check, TheReferencesListAndTableAreNotComparedWithThemselves) {
  Sampler wrong = samplers::reference();
  wrong.timesteps = [list = wrong.timesteps](const samplers::Run& run) {
    auto times = *list(run);
    times.back() += 1;
    return times;
  };
  wrong.alphas_cumprod = [table = wrong.alphas_cumprod](const samplers::Run& run) {
    auto values = *table(run);
    values[500] *= 1 + 0x1p-40;
    return values;
  };
  const CheckReport report = judged(wrong);
  for (const char* equation : {"Tau", "Schedule"}) {
    const auto row = std::find_if(report.rows.begin(), report.rows.end(),
                                  [&](const Row& one) { return one.equation == equation; });
    ASSERT_NE(row, report.rows.end());
    EXPECT_EQ(row->status, Status::fail) << equation;
  }
}

/// The reference, answering by another dialect than it is judged by.
Sampler port_of(const samplers::Dialect& dialect) {
  Sampler sampler = samplers::reference();
  sampler.identity.name = "port";
  sampler.step = [dialect, step = sampler.step](const samplers::Run& run, int entry, const Batch& x_t,
                                                const Batch& output, const Batch& noise) {
    return step(samplers::Run(run.config(), run.asked_S(), run.spacing(), run.eta(), dialect), entry, x_t,
                output, noise);
  };
  return sampler;
}

TEST(Check, TheSummarySaysWhichDialectAFaithfulPortConformsTo) {
  const CheckReport report = judged(port_of(samplers::dialect("diffusers")));
  EXPECT_EQ(exit_code(report), kFailures);
  EXPECT_EQ(report.conforms_to, std::vector<std::string>{"diffusers"});
  EXPECT_TRUE(judged(port_of(samplers::paper())).conforms_to.empty());
  EXPECT_TRUE(judged(faults::open("builtin:fault:noise-by-variance")).conforms_to.empty());
}

TEST(Check, NumbersNarrowerThanTheDtypeThatWasSaidAreNoted) {
  Sampler sampler = mine();
  sampler.step = [step = sampler.step](const samplers::Run& run, int entry, const Batch& x_t,
                                       const Batch& output, const Batch& noise) {
    const auto result = step(run, entry, x_t, output, noise);
    return samplers::Result<samplers::StepOutput>(
        samplers::StepOutput(result->prev_sample.cast<float>().cast<double>()));
  };
  const CheckReport said = judged(sampler);
  EXPECT_EQ(exit_code(said), kFailures);
  ASSERT_EQ(said.notes.size(), 1u);
  EXPECT_NE(said.notes[0].find("is a float32, though it says float64: --dtype float32"), std::string::npos);
  sampler.identity.dtype = "";
  sampler.prepare = [identity = sampler.identity](const samplers::Run&) { return identity; };
  sampler.alphas_cumprod = {};  // in doubles, which it is not
  sampler.add_noise = {};
  const CheckReport found = judged(sampler);
  EXPECT_EQ(exit_code(found), kPassed);
  EXPECT_EQ(found.identity.dtype, "float32");
}

}  // namespace
}  // namespace ddim::conformance
