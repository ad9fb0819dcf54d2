#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/faults/fault.hpp"

namespace ddim::faults {
namespace {

using samplers::ask;
using samplers::Result;
using samplers::Run;
using samplers::Sampler;

/// Schedule and Tau, the tags of reference/equations.txt in their order, and Generator.
std::vector<std::string> tags() {
  std::vector<std::string> tags{"Schedule", "Tau"};
  std::ifstream file(DDIM_SOURCE_DIR "/reference/equations.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') tags.push_back(line.substr(0, line.find('\t')));
  }
  tags.push_back("Generator");
  return tags;
}

/// What one capability answered, flat.
struct Answer {
  std::string trouble;
  std::vector<double> numbers;

  void add(double value) { numbers.push_back(value); }
  void add(const Batch& batch) { numbers.insert(numbers.end(), batch.data(), batch.data() + batch.size()); }
  void add(const std::vector<double>& values) { numbers.insert(numbers.end(), values.begin(), values.end()); }
  void add(const std::vector<int>& values) { numbers.insert(numbers.end(), values.begin(), values.end()); }
  void add(const Path& path) {
    for (const Batch& batch : path) add(batch);
  }
  void add(const KlForm& form) {
    add(Batch(form.prior));
    for (const PerSample& step : form.step) add(Batch(step));
    add(Batch(form.reconstruction));
  }
  void add(const samplers::StepOutput& output) {
    add(output.prev_sample);
    if (output.pred_x0) add(*output.pred_x0);
  }
  template <class T>
  void add(const Result<T>& result) {
    if (result) {
      if constexpr (std::is_same_v<T, PerSample>) {
        add(Batch(*result));
      } else {
        add(*result);
      }
    } else {
      trouble += result.trouble().message + "\n";
    }
  }
};

bool agree(double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b)) return std::isnan(a) == std::isnan(b) && !(a < b) && !(b < a);
  return std::abs(a - b) <= 1e-11 * std::max({1.0, std::abs(a), std::abs(b)});
}
bool agree(const Answer& a, const Answer& b) {
  return a.trouble == b.trouble &&
         std::equal(a.numbers.begin(), a.numbers.end(), b.numbers.begin(), b.numbers.end(),
                    [](double x, double y) { return agree(x, y); });
}

/// d x n, different in every element and in every batch; the last column is wide.
Batch design(Eigen::Index d, Eigen::Index n, int which) {
  Batch batch(d, n);
  for (Eigen::Index k = 0; k < batch.size(); ++k)
    batch(k) = 2 * std::sin(1 + which + 3.7 * static_cast<double>(k));
  batch.col(n - 1) *= 3;
  return batch;
}

using Answers = std::map<std::string, Answer>;
constexpr Eigen::Index kD = 4, kN = 6;

/// What `check` asks.
Answers of_sampling(const Sampler& sampler, const Run& run) {
  Answers answers;
  answers["timesteps"].add(ask(sampler.timesteps, run));
  answers["alphas_cumprod"].add(ask(sampler.alphas_cumprod, run));
  for (const int t : {0, 1, run.config().T / 2, run.config().T - 1})
    answers["add_noise"].add(ask(sampler.add_noise, run, t, design(kD, kN, 1), design(kD, kN, 2)));
  for (int i = run.S(); i >= 1; --i) {
    answers["step"].add(ask(sampler.step, run, run.entry(i), design(kD, kN, 10 * i),
                            design(kD, kN, 10 * i + 1), design(kD, kN, 10 * i + 2)));
  }
  return answers;
}

Answers of_laws(const Sampler& sampler, const Run& run) {
  Answers answers;
  Path noise;
  for (int i = run.S(); i >= 1; --i) {
    noise.push_back(design(kD, kN, 10 * i + 4));
    if (i == 1 || !run.moves(i)) continue;
    const int entry = run.entry(i);
    answers["forward_step"].add(ask(sampler.forward_step, run, entry, design(kD, kN, 10 * i),
                                    design(kD, kN, 10 * i + 1), design(kD, kN, 10 * i + 2)));
    answers["non_markov"].add(ask(sampler.non_markov, run, entry));
    answers["encode"].add(
        ask(sampler.encode, run, entry, design(kD, kN, 10 * i), design(kD, kN, 10 * i + 1)));
  }
  answers["path"].add(ask(sampler.path, run, design(kD, kN, 3), noise));
  answers["path_forward"].add(ask(sampler.path_forward, run, design(kD, kN, 3), noise));
  return answers;
}

Answers of_the_rest(const Sampler& sampler) {
  Answers answers;
  Chain chain = Run::standard(0.5, 3).chain();
  chain.sigma.front() = Sigma(0.1);
  const Transition& step = chain.steps[1];
  const EpsModel model = gaussian_eps(Eigen::VectorXd::Constant(kD, 0.3), 0.8);
  const Path path{design(kD, kN, 4), design(kD, kN, 5), design(kD, kN, 6)};
  const auto objective = [&](const char* name, const Sampler::Objective& part) {
    answers[name].add(ask(part, chain, model, path, design(kD, kN, 7)));
  };
  objective("log_ratio", sampler.log_ratio);
  objective("log_q_terminal", sampler.log_q_terminal);
  objective("log_q_posteriors", sampler.log_q_posteriors);
  objective("log_p_transitions", sampler.log_p_transitions);
  objective("log_p_prior", sampler.log_p_prior);
  objective("simple_loss", sampler.simple_loss);
  answers["kl_form"].add(ask(sampler.kl_form, chain, model, path, design(kD, kN, 7)));
  answers["gamma"].add(ask(sampler.gamma, chain));
  const double s = 0.4 * step.prev.one_minus_alpha_bar / step.current.one_minus_alpha_bar;
  answers["discrete_posterior"].add(ask(sampler.discrete_posterior, step, s, Batch(Batch::Identity(3, 3)),
                                        Batch(Batch::Identity(3, 3).rowwise().reverse())));
  answers["normals"].add(
      ask(sampler.normals, samplers::Draws(1, samplers::Stream::judge, "differential"), kD, kN, 3u, 1u));
  return answers;
}

/// The capabilities in which two sets of answers differ.
std::set<std::string> differences(const Answers& a, const Answers& b) {
  std::set<std::string> found;
  for (const auto& [capability, answer] : a) {
    if (!agree(answer, b.at(capability))) found.insert(capability);
  }
  return found;
}

TEST(Faults, EveryFieldIsFilledAndEveryNameComesOnce) {
  std::set<std::string> names;
  for (const Fault& fault : faults()) {
    SCOPED_TRACE(fault.name);
    EXPECT_TRUE(names.insert(fault.name).second);
    EXPECT_FALSE(fault.name.empty() || fault.condition.empty() || fault.seen.empty() || fault.says.empty());
    EXPECT_TRUE(fault.in_recipe || fault.in_sampler);
    EXPECT_TRUE(!fault.log_density || fault.kind == Kind::shape);
  }
  EXPECT_GE(names.size(), 160u);
}

TEST(Faults, ComeInTheOrderOfTheEquations) {
  const std::vector<std::string> order = tags();
  std::size_t at = 0;
  for (const Fault& fault : faults()) {
    const auto place =
        static_cast<std::size_t>(std::find(order.begin(), order.end(), fault.equation) - order.begin());
    ASSERT_LT(place, order.size()) << fault.name << " breaks " << fault.equation << ", which is no tag";
    EXPECT_GE(place, at) << fault.name;
    at = std::max(at, place);
  }
}

TEST(Faults, OpenByNameAndSayWhoTheyAre) {
  for (const Fault& fault : faults()) {
    const Sampler sampler = open("builtin:fault:" + fault.name);
    EXPECT_EQ(sampler.identity.name, "fault:" + fault.name);
    EXPECT_EQ(sampler.identity.says, fault.says);
    const auto prepared = ask(sampler.prepare, samplers::Run::standard());
    ASSERT_TRUE(prepared) << fault.name;
    EXPECT_EQ(prepared->name, sampler.identity.name);
    EXPECT_EQ(named_by("builtin:fault:" + fault.name), &fault);
  }
  EXPECT_EQ(named_by("builtin:reference"), nullptr);
  EXPECT_EQ(named_by("builtin:fault:nobody"), nullptr);
  EXPECT_EQ(find("nobody"), nullptr);
  EXPECT_THROW(open("builtin:fault:nobody"), samplers::OpenError);
}

TEST(Faults, DifferFromTheReferenceWhereTheyShow) {
  const Sampler right = samplers::reference();
  const Answers right_rest = of_the_rest(right);
  for (const Fault& fault : faults()) {
    SCOPED_TRACE(fault.name);
    const samplers::Run run = run_of(fault.where);
    const Sampler wrong = sampler_of(fault);
    const auto in_sampling = differences(of_sampling(right, run), of_sampling(wrong, run));
    auto elsewhere = differences(of_laws(right, run), of_laws(wrong, run));
    elsewhere.merge(differences(right_rest, of_the_rest(wrong)));
    // What check can see is what it asks for, and it says so of the others in one line.
    EXPECT_EQ(in_sampling.empty(), !fault.in_recipe);
    EXPECT_EQ(elsewhere.empty(), !fault.in_sampler);
    EXPECT_EQ(unseen_by_check(fault).empty(), !in_sampling.empty());
    EXPECT_EQ(unseen_by_check(fault).find('\n'), std::string::npos);
    // A wrong generator is another law, and not none.
    const Answer normals = of_the_rest(wrong).at("normals");
    EXPECT_TRUE(std::all_of(normals.numbers.begin(), normals.numbers.end(),
                            [](double z) { return std::isfinite(z); }));
  }
}

TEST(Faults, ARecipeWithoutOneIsTheReference) {
  const Sampler right = samplers::reference();
  const Sampler recipe = samplers::of_recipe([](samplers::Recipe&) {}, right.identity);
  std::set<std::string> tried;
  for (const Fault& fault : faults()) {
    const samplers::Run run = run_of(fault.where);
    if (!tried.insert(fault.where.config + run.dialect().name + run.text()).second) continue;
    SCOPED_TRACE(fault.where.config + " " + run.dialect().name + " " + run.text());
    EXPECT_EQ(differences(of_sampling(right, run), of_sampling(recipe, run)), std::set<std::string>{});
    EXPECT_EQ(differences(of_laws(right, run), of_laws(recipe, run)), std::set<std::string>{});
    for (const auto& [capability, answer] : of_sampling(right, run))
      EXPECT_EQ(answer.trouble, "") << capability;
  }
  EXPECT_GT(tried.size(), 10u);
}

TEST(Faults, OfShapeHaveDensities) {
  for (const Fault& fault : faults()) {
    if (!fault.log_density) continue;
    // The midpoint rule: mass 1 and, but for the law cut at two, variance 1.
    double mass = 0, second = 0;
    constexpr double kStep = 1e-3;
    for (double z = -30 + kStep / 2; z < 30; z += kStep) {
      const double density = std::exp(fault.log_density(z) - 0.5 * z * z) / std::sqrt(2 * M_PI) * kStep;
      mass += density;
      second += density * z * z;
    }
    EXPECT_NEAR(mass, 1, 1e-3) << fault.name;
    EXPECT_NEAR(second, fault.name == "noise-cut-at-two" ? 0.7737 : 1, 2e-3) << fault.name;
  }
}

}  // namespace
}  // namespace ddim::faults
