#include "tests/samplers/run.hpp"

#include <gtest/gtest.h>

namespace ddim::samplers {
namespace {

TEST(Run, StepsEntriesAndTimesAreTheSameThing) {
  const samplers::Run run = samplers::Run::standard(0.5, 4);
  EXPECT_EQ(run.timesteps(), (std::vector{999, 749, 499, 249}));
  for (int i = 1; i <= run.S(); ++i) {
    EXPECT_EQ(run.step_of(run.entry(i)), i);
    EXPECT_EQ(run.time(i), 250 * i);
    EXPECT_EQ(run.chain().steps[static_cast<std::size_t>(i - 1)].current.t, run.time(i));
    EXPECT_EQ(run.next_timestep(i), i > 1 ? std::optional(run.timestep(i - 1)) : std::nullopt);
  }
}

TEST(Run, LawsAreThoseOfTheReferencesChain) {
  for (const double eta : {0.0, 0.3, 1.0}) {
    const samplers::Run run = samplers::Run::standard().with_eta(eta);
    for (int i = 1; i <= run.S(); ++i) {
      const Law law = run.law(i);
      const auto k = static_cast<std::size_t>(i - 1);
      EXPECT_NEAR(law.sigma(), run.chain().sigma[k].value(), 1e-15);
      const PosteriorCoefficients c = posterior_coefficients(run.chain().steps[k], run.chain().sigma[k]);
      EXPECT_NEAR(law.direction() / root(law.current.one_minus), c.x_t, 1e-14);
    }
  }
}

TEST(Run, TheDialectDecidesTheLastLevel) {
  Config config;
  config.set_alpha_to_one = false;
  const samplers::Run of_paper(config, 5, leading, 0),
      of_diffusers(config, 5, leading, 0, dialect("diffusers"));
  EXPECT_EQ(of_paper.prev_level(1).one_minus, 0);
  EXPECT_TRUE(of_paper.moves(1));
  EXPECT_EQ(of_diffusers.prev_level(1).alpha_bar, of_diffusers.table()[0].alpha_bar);
  EXPECT_FALSE(of_diffusers.moves(1));  // from t = 0 to itself
  EXPECT_EQ(of_diffusers.chain().sigma[0].value(), 0);
  EXPECT_THROW(dialect("esperanto"), DomainError);
  EXPECT_EQ(default_dialect("py:diffusers:DDIMScheduler").name, "diffusers");
  EXPECT_EQ(default_dialect("exec:./mine").name, "paper");
}

TEST(Run, AListOfItsOwnMayBeWrong) {
  const samplers::Run run = samplers::Run::standard().with_timesteps({500, -1, 600});
  EXPECT_EQ(run.S(), 3);
  EXPECT_EQ(run.timestep(3), 500);
  EXPECT_EQ(run.next_timestep(3), std::nullopt);  // below 0: the dialect's last level
  EXPECT_EQ(run.next_timestep(2), 600);
  EXPECT_THROW(run.chain(), DomainError);
  EXPECT_THROW(samplers::Run::standard(0.5, 1001), DomainError);
}

TEST(Run, AsksTheSameWhereNothingASamplerIsToldDiffers) {
  const samplers::Run run = samplers::Run::standard(0.5, 6);
  EXPECT_TRUE(run.asks_the_same_as(samplers::Run::standard(0.5, 6)));
  EXPECT_FALSE(run.asks_the_same_as(run.with_eta(0.25)));
  EXPECT_FALSE(run.asks_the_same_as(samplers::Run::standard(0.5, 7)));
  EXPECT_FALSE(run.asks_the_same_as(samplers::Run(run.config(), 6, trailing, 0.5, dialect("diffusers"))));
}

}  // namespace
}  // namespace ddim::samplers
