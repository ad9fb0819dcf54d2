// A scheduler_config.json: an error of its own, or a configuration whose tables are what the file says.

#include "tests/samplers/config.hpp"

#include <cmath>

#include "tests/fuzz/oracle.hpp"

namespace ddim::fuzz {
namespace {

/// As long double has it and as reference/ has it, alpha_bar descends within (0, 1), and they agree.
void require_tables(const samplers::Config& config, const std::string& text) {
  const samplers::Table table = samplers::exact_table(config);
  const Schedule schedule = samplers::schedule_of(config);
  if (schedule.T() != config.T || table.size() != static_cast<std::size_t>(config.T))
    wrong("its tables are not of its T", text);
  double before = 1;
  for (int t = 1; t <= config.T; ++t) {
    const auto exact = static_cast<double>(table[static_cast<std::size_t>(t - 1)].alpha_bar);
    const double alpha_bar = schedule.alpha_bar(t);
    if (!(alpha_bar >= 0 && alpha_bar <= before)) wrong("alpha_bar does not descend", text);
    if (!(std::abs(alpha_bar - exact) <= 1e-12)) wrong("its two tables differ", text);
    before = alpha_bar;
  }
}

void look_at(const std::string& text) {
  samplers::Config config;
  try {
    config = samplers::parse_config(as_read(text), "file");
  } catch (const samplers::ConfigError&) {
    return;
  }
  require_whole(text);
  if (config.T < 1 || config.steps_offset < 0) wrong("a number is outside its domain", text);
  if (!(config.clip_sample_range > 0)) wrong("clip_sample_range is not positive", text);
  if (config.T <= 2000) require_tables(config, text);
}

}  // namespace
}  // namespace ddim::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ddim::fuzz::look_at({reinterpret_cast<const char*>(data), size});
  return 0;
}
