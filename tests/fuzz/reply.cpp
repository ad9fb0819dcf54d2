// The replies of an implementation, one a line: whatever it says is an answer of the right shape, or a trouble.
// The child process is this file's own, defined in place of the library's.

#include <sstream>

#include "tests/fuzz/oracle.hpp"
#include "tests/samplers/child.hpp"
#include "tests/samplers/protocol.hpp"

namespace ddim::fuzz {
namespace {

/// What is left of the input, and the line that was read last.
std::istringstream replies;
std::string reply;

const samplers::Run& run() {
  static const samplers::Run made(
      samplers::parse_config(R"({"num_train_timesteps": 6, "beta_start": 0.1, "beta_end": 0.3})", "file"), 2,
      samplers::trailing, 0.5);
  return made;
}

/// A batch that was taken is the list of that name, number by number.
void require_batch(const Batch& batch, const Batch& like, const char* name) {
  if (batch.rows() != like.rows() || batch.cols() != like.cols()) wrong("its shape is another", reply);
  const Json answer = Json::parse(reply, nullptr, false);
  if (!answer.is_object()) return;  // require_whole has said what it is
  const Json& list = answer["outputs"][name];
  if (list.size() != static_cast<std::size_t>(batch.size())) wrong("its list has another length", reply);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double value = batch.reshaped()[static_cast<Eigen::Index>(i)];
    if (list[i].is_number() && list[i].get<double>() != value) wrong("a number is another", reply);
  }
}

void look_at(const std::string& text) {
  replies = std::istringstream(text);
  const Batch x = Batch::Constant(2, 3, 0.5);
  try {
    const samplers::Sampler sampler = samplers::of_command({"fuzzed"}, {});
    if (!samplers::ask(sampler.prepare, run())) return;
    require_whole(reply);
    if (samplers::ask(sampler.timesteps, run())) require_whole(reply);
    if (samplers::ask(sampler.alphas_cumprod, run())) require_whole(reply);
    if (const auto step = samplers::ask(sampler.step, run(), 0, x, x, x)) {
      require_whole(reply);
      require_batch(step->prev_sample, x, "prev_sample");
      if (step->pred_x0) require_batch(*step->pred_x0, x, "pred_x0");
    }
    if (samplers::ask(sampler.own_step, run(), 1, x, x)) require_whole(reply);
    if (const auto x_t = samplers::ask(sampler.add_noise, run(), 3, x, x)) {
      require_whole(reply);
      require_batch(*x_t, x, "x_t");
    }
  } catch (const samplers::OpenError&) {
  }
}

}  // namespace
}  // namespace ddim::fuzz

namespace ddim::samplers {

Child::Child(const std::vector<std::string>&) {
  if (fuzz::replies.peek() == std::istringstream::traits_type::eof())
    throw OpenError(OpenError::Kind::would_not_start, "nothing more is said");
  child_.supervisor = 1;  // alive
}
void Child::end() { child_.supervisor = -1; }
void Child::bid_farewell(const std::string&) {}

Result<std::string> Child::ask(const std::string&, std::chrono::milliseconds) {
  if (!std::getline(fuzz::replies, fuzz::reply)) {
    end();
    return Trouble{Status::crash, "nothing more is said"};
  }
  return fuzz::as_read(fuzz::reply);
}

}  // namespace ddim::samplers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ddim::fuzz::look_at({reinterpret_cast<const char*>(data), size});
  return 0;
}
