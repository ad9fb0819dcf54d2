#include "tests/conformance/inspect.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace ddim::conformance {
namespace {

using samplers::Config;
using samplers::Run;
using samplers::Table;

std::string counted(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

using Lines = std::vector<std::string>;

void add_numpys_list(Lines& found, const Run& run) {
  if (&run.spacing() != &samplers::trailing) return;
  const int T = run.config().T, S = run.asked_S();
  const std::vector<int>& list = run.timesteps();
  const std::vector<int> numpy = samplers::numpy_trailing(T, S);
  if (numpy.size() != list.size()) {
    found.push_back("diffusers' np.arange(" + std::to_string(T) + ", 0, -" + std::to_string(T) + "/" +
                    std::to_string(S) + ") yields " + std::to_string(numpy.size()) + " entries, not " +
                    std::to_string(S) + ": an extra timestep " + std::to_string(numpy.back()) +
                    " at the end, which indexes the noisiest alpha_bar");
  } else if (numpy != list) {
    const auto differ = std::mismatch(numpy.begin(), numpy.end(), list.begin());
    found.push_back("diffusers' np.arange rounds differently at entry " +
                    std::to_string(differ.first - numpy.begin()) + ": " + std::to_string(*differ.first) +
                    ", exactly it is " + std::to_string(*differ.second));
  }
}

/// t - T//S, which diffusers' step takes for t_prev.
void add_stride(Lines& found, const Run& run) {
  const std::vector<int>& list = run.timesteps();
  const int stride = run.config().T / run.asked_S();
  std::size_t off = 0, first = 0;
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    if (list[i] - stride != list[i + 1] && off++ == 0) first = i;
  }
  if (off > 0) {
    found.push_back("t - T//S = t - " + std::to_string(stride) +
                    ", which diffusers' DDIMScheduler.step takes for t_prev, is not the list's at " +
                    counted(off, "step") + " of " + std::to_string(list.size()) +
                    ", first at t = " + std::to_string(list[first]) + ": " +
                    std::to_string(list[first] - stride) + " for " + std::to_string(list[first + 1]));
  }
  if (list.back() - stride >= 0) {
    found.push_back("t - T//S = " + std::to_string(list.back() - stride) +
                    " at the last step, so that rule never reaches the data's alpha_bar");
  }
}

void add_ends(Lines& found, const Run& run) {
  const Config& config = run.config();
  const Table& table = run.table();
  const std::vector<int>& list = run.timesteps();
  if (!config.set_alpha_to_one) {
    found.push_back("set_alpha_to_one is false: diffusers' last step goes to alphas_cumprod[0] = " +
                    ddim::to_text(static_cast<double>(table[0].alpha_bar)) +
                    ", not to the paper's alpha_bar_0 = 1 (the table above is the paper's)");
    if (list.back() == 0) {
      found.push_back(
          "and the last step starts at t = 0, so that in diffusers it goes from alphas_cumprod[0] to itself: "
          "it does not move the sample");
    }
  }
  if (list.front() != config.T - 1) {
    found.push_back(
        "the first timestep is " + std::to_string(list.front()) + ", not T - 1 = " +
        std::to_string(config.T - 1) + ": pure noise is handed to a level with alpha_bar = " +
        ddim::to_text(static_cast<double>(table[static_cast<std::size_t>(list.front())].alpha_bar)));
  }
}

void add_terminal(Lines& found, const Run& run) {
  const double final_alpha_bar = static_cast<double>(run.table().back().alpha_bar);
  if (final_alpha_bar == 0 && run.config().prediction == Prediction::eps) {
    found.push_back(
        "alpha_bar at T - 1 is 0 (rescale_betas_zero_snr) and the model predicts epsilon: Eq9 divides by "
        "zero there");
  } else if (final_alpha_bar > 0) {
    found.push_back("terminal SNR is " + ddim::to_text(final_alpha_bar / (1 - final_alpha_bar)) +
                    ", not 0: sampling starts from N(0, I), training ended at alpha_bar = " +
                    ddim::to_text(final_alpha_bar));
  }
}

/// What is wrong or peculiar about a run, each in one line.
Lines peculiarities(const Run& run) {
  const Config& config = run.config();
  Lines found = config.warnings;
  if (!config.absent.empty()) {
    std::string keys;
    for (const std::string& key : config.absent) keys += (keys.empty() ? "" : ", ") + key;
    found.push_back("absent, taken as " +
                    (config.class_name.empty() ? std::string("DDIMScheduler") : config.class_name) +
                    " has them: " + keys);
  }
  add_numpys_list(found, run);
  add_stride(found, run);
  if (!run.spacing().takes_offset && config.steps_offset != 0) {
    found.push_back("steps_offset = " + std::to_string(config.steps_offset) +
                    " applies to leading alone; ignored");
  }
  add_ends(found, run);
  add_terminal(found, run);
  if (config.restricts()) {
    found.push_back(std::string(config.thresholding ? "thresholding" : "clip_sample") +
                    " is on: diffusers keeps the model's eps beside the changed x_0 unless "
                    "use_clipped_model_output is passed");
  }
  if (config.clip_sample && config.thresholding)
    found.push_back("clip_sample and thresholding are both on: thresholding wins");
  if (run.eta() > 1) found.push_back("eta > 1 lies beyond DDPM");
  return found;
}

}  // namespace

void inspect(std::ostream& out, const Run& run) {
  const Config& config = run.config();
  const samplers::BetaRule& rule = *config.beta_schedule;
  out << (config.class_name.empty() ? "scheduler" : config.class_name) << ": T = " << config.T << ", "
      << rule.name;
  if (rule.takes_range)
    out << " " << ddim::to_text(config.beta_start) << " to " << ddim::to_text(config.beta_end);
  out << ", predicts " << samplers::to_text(config.prediction) << "; " << run.spacing().name
      << " S = " << run.asked_S() << ", eta = " << ddim::to_text(run.eta()) << "\n\n"
      << "   i     t  t_prev  alpha_bar             alpha_bar_prev        sigma\n";
  for (int i = run.S(); i >= 1; --i) {
    const auto& [steps, sigmas] = run.chain();
    const Transition& step = steps[static_cast<std::size_t>(i - 1)];
    const Sigma& sigma = sigmas[static_cast<std::size_t>(i - 1)];
    const auto next = run.next_timestep(i);
    char line[160];
    std::snprintf(line, sizeof line, "%4d %5d %7s  %-20.15g  %-20.15g  %.15g%s\n", run.entry(i),
                  run.timestep(i), next ? std::to_string(*next).c_str() : "data",
                  static_cast<double>(step.current.alpha_bar), static_cast<double>(step.prev.alpha_bar),
                  sigma.value(),
                  static_cast<double>(sigma.variance()) >
                          static_cast<double>(step.prev.one_minus_alpha_bar) * (1 + 0x1p-50)
                      ? "  sigma^2 > 1 - alpha_bar_prev: outside Eq7"
                      : "");
    out << line;
  }
  out << "\n";
  for (const std::string& line : peculiarities(run)) out << "warning: " << line << "\n";
}

}  // namespace ddim::conformance
