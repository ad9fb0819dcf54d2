// Correct samplers pass, or are not asked with a reason: in every configuration that is published, at every length,
// in every dtype.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/samplers/builtin.hpp"
#include "tests/samplers/cuda.hpp"
#include "tests/statistics/judge.hpp"

namespace ddim::statistics {
namespace {

using samplers::Config;

/// The files of tests/conformance/configs, and the lines of its published.jsonl.
std::vector<Config> published() {
  std::vector<Config> all;
  for (const char* name :
       {"ddpm-cifar10", "deepfloyd-if", "karlo-prior", "sd15", "sd21-zsnr", "sd21", "sdxl"})
    all.push_back(samplers::read_config(std::string(DDIM_CONFIGS) + "/" + name + ".json"));
  std::ifstream lines(DDIM_CONFIGS "/published.jsonl");
  for (std::string line; std::getline(lines, line);) all.push_back(samplers::parse_config(line, line));
  return all;
}

/// No claim fails, none is inconclusive, some pass.
void expect_pass(const Sampler& sampler, const samplers::Run& run, const Options& options) {
  const Judgement judgement = judge(sampler, run, options);
  EXPECT_EQ(judgement.status(), Status::pass) << sampler.identity.dtype << " " << run.dialect().name << " "
                                              << run.text() << " " << run.config().json << "\n"
                                              << text(judgement);
}

std::vector<std::string> exact_claims(const samplers::Run& run) {
  std::vector<std::string> ids;
  for (const Claim& claim : claims(run)) {
    if (std::holds_alternative<Exact>(claim.check)) ids.push_back(claim.id);
  }
  return ids;
}

TEST(Stats, ReferencePassesWhatIsComparedExactlyOnEveryPublishedConfiguration) {
  const std::vector<Config> all = published();
  ASSERT_GE(all.size(), 23u);
  for (const Config& config : all) {
    for (const samplers::Dialect& dialect : samplers::dialects()) {
      for (const int S : {1, 8, 50}) {
        const samplers::Run run(config, S, *config.spacing, 0.5, dialect);
        Options options;
        if (!run.moves(1) && S == 1) continue;  // from alphas_cumprod[0] to itself: there is no step
        options.only = exact_claims(run);
        for (const double eta : {0.0, 1.0}) expect_pass(samplers::reference(), run.with_eta(eta), options);
      }
    }
  }
}

/// A configuration of each kind among the published: predictions, clipping and thresholding, zero terminal SNR,
/// table, T and last level.
std::vector<Config> kinds() {
  std::vector<Config> all;
  std::vector<std::string> seen;
  for (const Config& config : published()) {
    std::string kind = samplers::to_text(config.prediction);
    kind.append(config.beta_schedule->name).append(config.spacing->name);
    for (const bool is : {config.clip_sample, config.thresholding, config.rescale_betas_zero_snr,
                          config.set_alpha_to_one, config.clip_sample_range > 1, config.T < 1000})
      kind += is ? '1' : '0';
    if (std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
    seen.push_back(kind);
    all.push_back(config);
  }
  return all;
}

TEST(Stats, ReferencePassesOnEveryKindOfPublishedConfiguration) {
  Options options;
  options.threads = 2;
  std::size_t which = 0;
  for (const Config& config : kinds()) {
    const samplers::Dialect& dialect = samplers::dialects()[which++ % samplers::dialects().size()];
    expect_pass(samplers::reference(), samplers::Run(config, 8, *config.spacing, 0.5, dialect), options);
  }
  EXPECT_GE(which, 8u);
}

// What storage and arithmetic in few bits do is in the null, or the cell is not asked.
TEST(BuiltinCuda, PassesInEveryDtypeOnEveryKindOfPublishedConfiguration) {
  Options options;
  options.noise = Noise::own;
  std::size_t which = 0;
  for (const Config& config : kinds()) {
    const samplers::Dialect& dialect = samplers::dialects()[which++ % samplers::dialects().size()];
    for (const char* dtype : {"float32", "float16", "bfloat16"})
      expect_pass(samplers::of_cuda(dtype), samplers::Run(config, 8, *config.spacing, 0.5, dialect), options);
  }
}

TEST(Stats, IsConclusiveForAnyNumberOfSteps) {
  const Config config = samplers::read_config(DDIM_CONFIGS "/sd15.json");
  Options options;
  options.threads = 2;
  for (const int S : {1, 2, 50, 1000})
    expect_pass(samplers::reference(), samplers::Run(config, S, samplers::trailing, 0.5), options);
}

/// The reference, noting the largest batch that it was ever asked with.
Sampler noting(const std::shared_ptr<Eigen::Index>& largest) {
  Sampler sampler = samplers::reference();
  const auto note = [largest](const Batch& batch) { *largest = std::max(*largest, batch.cols()); };
  sampler.path_forward = [=, inner = sampler.path_forward](const samplers::Run& run, const Batch& x0,
                                                           const Path& noise) {
    note(x0);
    return inner(run, x0, noise);
  };
  sampler.simple_loss = [=, inner = sampler.simple_loss](const Chain& c, const EpsModel& m, const Path& x,
                                                         const Batch& x0) {
    note(x0);
    return inner(c, m, x, x0);
  };
  sampler.normals = [=, inner = sampler.normals](const Draws& draws, Eigen::Index d, Eigen::Index n,
                                                 std::uint64_t first, std::uint32_t block) {
    const auto z = inner(draws, d, n, first, block);
    note(*z);
    return z;
  };
  return sampler;
}

// The claims that have only a p-value look at all draws of a look at once, and keep sums of them alone.
TEST(Claims, MemoryDoesNotGrowWithTheDrawsOfALook) {
  const samplers::Run run = samplers::Run::standard();
  const Instruments instruments = Instruments::sound();
  const auto largest = std::make_shared<Eigen::Index>(0);
  const Sampler sampler = noting(largest);
  const Context context{sampler, run, instruments, 1};
  int asked = 0;
  for (const Claim& claim : claims(run)) {
    const auto* exact = std::get_if<ExactP>(&claim.check);
    if (!exact) continue;
    ++asked;
    *largest = 0;
    exact->p_value(context, 0, 20000);
    EXPECT_GT(*largest, 0) << claim.id;
    EXPECT_LE(*largest, 4096) << claim.id;
  }
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace ddim::statistics
