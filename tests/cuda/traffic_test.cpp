// What the executed PTX moves between memory and a kernel: the floor, for every kernel in every dtype.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "tests/cuda/cases.hpp"
#include "tests/cuda/ptx_driver.hpp"

namespace ddim::cuda::test {
namespace {

/// Accesses by width in bytes: how many.
using Widths = std::map<unsigned, std::uint64_t>;

/// What one kernel may move in one call of the case table. Every input must be read and every output written,
/// once, s bytes per element: `loads` and `stores` count the tensors, all in accesses of 16 bytes; for a
/// quantile x_t and output are read once more. Beside the tensors go doubles of which there is one per sample
/// or block.
struct Floor {
  const char* kernel;
  const char* call;
  const char* geometry;  // one in which every pack of 16 bytes is whole and aligned
  std::uint64_t packs;   // in one tensor of that geometry
  std::uint64_t loads, stores;
  bool quantile = false;
  std::uint64_t doubles_loaded = 0, doubles_stored = 0;
};

constexpr std::uint64_t kBlock = 256;   // "block": one sample of 256 packs
constexpr std::uint64_t kStrided = 15;  // "strided_whole_packs": 5 samples of 3 packs
constexpr std::uint64_t kChunk = 2048;  // of a reduction: 8 rounds of 256 packs, added by one block
const Floor kFloors[] = {
    // Lemma1: x_0, noise given; x_t
    {"q_sample_given", "q_sample noise_given", "block", kBlock, 2, 1},
    {"q_sample_drawn", "q_sample noise_drawn", "block", kBlock, 1, 1},
    // Eq8: x_{t-1}, x_0, noise given; x_t
    {"forward_step_mean", "forward_step mean", "block", kBlock, 2, 1},
    {"forward_step_given", "forward_step noise_given", "block", kBlock, 3, 1},
    {"forward_step_drawn", "forward_step noise_drawn", "block", kBlock, 2, 1},
    // Eq12: x_t, output, noise given; x_prev, pred_x0 where wanted
    {"ddim_step_mean", "ddim_step eps mean", "block", kBlock, 2, 1},
    {"ddim_step_mean", "ddim_step x0 mean", "block", kBlock, 2, 1},
    {"ddim_step_mean", "ddim_step v mean", "block", kBlock, 2, 1},
    {"ddim_step_given", "ddim_step eps noise_given", "block", kBlock, 3, 1},
    {"ddim_step_drawn", "ddim_step eps noise_drawn", "block", kBlock, 2, 1},
    {"ddim_step_pred_x0_mean", "ddim_step eps pred_x0 mean", "block", kBlock, 2, 2},
    {"ddim_step_pred_x0_given", "ddim_step eps pred_x0 noise_given", "block", kBlock, 3, 2},
    {"ddim_step_pred_x0_drawn", "ddim_step v pred_x0 noise_drawn", "block", kBlock, 2, 2},
    {"ddim_step_clip_mean", "ddim_step eps clip mean", "block", kBlock, 2, 1},
    {"ddim_step_clip_given", "ddim_step eps clip noise_given", "block", kBlock, 3, 1},
    {"ddim_step_clip_drawn", "ddim_step v clip from_parts noise_drawn", "block", kBlock, 2, 1},
    {"ddim_step_clip_given", "ddim_step x0 clip pred_x0 noise_given", "block", kBlock, 3, 2},
    {"ddim_step_threshold_mean", "ddim_step eps threshold mean", "strided_whole_packs", kStrided, 2, 1, true},
    {"ddim_step_threshold_given", "ddim_step eps threshold noise_given", "strided_whole_packs", kStrided, 3,
     1, true},
    {"ddim_step_threshold_drawn", "ddim_step eps threshold noise_drawn", "strided_whole_packs", kStrided, 2,
     1, true},
    {"ddim_step_threshold_given", "ddim_step v threshold pred_x0 from_parts noise_given",
     "strided_whole_packs", kStrided, 3, 2, true},
    // Eq13: x_prev, eps; x_t
    {"encode_mean", "encode_step", "block", kBlock, 2, 1},
    // Eq10, all steps at once: x_T; x_0
    {"trajectory_mean", "trajectory mean", "block", kBlock, 1, 1},
    {"trajectory_drawn", "trajectory noise_drawn", "block", kBlock, 1, 1},
    // Lemma1, Eq11, Theorem1: two tensors, and per sample a result and, for Theorem1, a weight. "one_chunk":
    // 2 samples, each finished by its block, and their total.
    {"squared_distance", "log_density", "one_chunk", 2 * kChunk, 2, 0, false, 0, 2},
    {"squared_distance", "kl_divergence", "one_chunk", 2 * kChunk, 2, 0, false, 0, 2},
    {"squared_distance", "weighted_noise_error", "one_chunk", 2 * kChunk, 2, 0, false, 2, 2},
    {"row_sum", "log_density", "one_chunk", 0, 0, 0, false, 2, 1},
    {"row_sum", "kl_divergence", "one_chunk", 0, 0, 0, false, 2, 1},
    {"row_sum", "weighted_noise_error", "one_chunk", 0, 0, 0, false, 2, 1},
    // "two_chunks": 2 samples of 2 chunks, one double per chunk, added per sample and then in total.
    {"squared_distance", "log_density", "two_chunks", 4 * kChunk, 2, 0, false, 0, 4},
    {"squared_distance", "kl_divergence", "two_chunks", 4 * kChunk, 2, 0, false, 0, 4},
    {"squared_distance", "weighted_noise_error", "two_chunks", 4 * kChunk, 2, 0, false, 0, 4},
    {"row_sum", "log_density", "two_chunks", 0, 0, 0, false, 4 + 2, 2 + 1},
    {"row_sum", "kl_divergence", "two_chunks", 0, 0, 0, false, 4 + 2, 2 + 1},
    {"row_sum", "weighted_noise_error", "two_chunks", 0, 0, 0, false, 4 + 2 + 2, 2 + 1},
    // AppendixA: x_t, x_0; x_prev
    {"discrete_step", "discrete_step", "block", kBlock, 2, 1}};
// AppendixA's draw reads a column only as far as its category: DiscreteDrawReadsNoFurtherThanItsCategory.
constexpr const char* kFloorOfItsOwn = "discrete_draw";

const std::pair<std::string, unsigned> kDtypes[] = {
    {"float64", 8}, {"float32", 4}, {"float16", 2}, {"bfloat16", 2}};

Widths accesses(std::initializer_list<std::pair<unsigned, std::uint64_t>> counts) {
  Widths widths;
  for (const auto& [width, count] : counts) {
    if (count > 0) widths[width] = count;
  }
  return widths;
}

/// The counters of each kernel in one case of the table, and the case's buffers.
struct Traffic {
  std::map<std::string, ptx::Counters> counters;
  std::unique_ptr<Buffer> output;  // the last one
};
Traffic traffic(Architecture& architecture, const std::string& name) {
  const auto found =
      std::find_if(ptx_cases().begin(), ptx_cases().end(), [&](const auto& c) { return c.name == name; });
  if (found == ptx_cases().end()) throw std::runtime_error("no case " + name);
  Traffic traffic;
  PtxMemory memory;
  const Ptx run{&architecture, &memory, &traffic.counters};
  Harness<Ptx> harness(run, memory);
  found->body(harness);
  traffic.output = std::make_unique<Buffer>(*harness.collect().back());
  return traffic;
}

/// What differs from the floor, "" for nothing.
std::string off_the_floor(Architecture& architecture, const Floor& floor, const std::string& dtype) {
  const std::string name = std::string(floor.call) + " " + dtype + " " + floor.geometry;
  const Traffic measured = traffic(architecture, name);
  const std::string kernel =
      floor.kernel == std::string("row_sum") ? "row_sum" : floor.kernel + ("_" + dtype);
  const auto counters = measured.counters.find(kernel);
  if (counters == measured.counters.end()) return name + ": " + kernel + " did not run";
  const std::uint64_t loads = floor.loads + (floor.quantile ? 2 : 0);
  const auto differs = [&](const char* what, const Widths& got, const Widths& want) -> std::string {
    if (got == want) return "";
    const auto text = [](const Widths& widths) {
      std::string result;
      for (const auto& [width, count] : widths)
        result += " " + std::to_string(count) + " of " + std::to_string(width);
      return result;
    };
    return name + ": " + kernel + " " + what + text(got) + ", its floor is" + text(want);
  };
  const Widths want_loads = accesses({{16, loads * floor.packs}, {8, floor.doubles_loaded}});
  const Widths want_stores = accesses({{16, floor.stores * floor.packs}, {8, floor.doubles_stored}});
  return differs("loads", counters->second.loads, want_loads) +
         differs("stores", counters->second.stores, want_stores);
}

TEST(MemoryTraffic, IsTheFloorInAccessesOf16Bytes) {
  for (Architecture& architecture : architectures()) {
    SCOPED_TRACE(architecture.module.target());
    for (const Floor& floor : kFloors) {
      for (const auto& [dtype, size] : kDtypes) EXPECT_EQ(off_the_floor(architecture, floor, dtype), "");
    }
  }
}

/// A thread walks one column in packs of 16 bytes and stops behind its category; then 4 bytes, and before
/// them 8 where the uniforms are given.
TEST(MemoryTraffic, DiscreteDrawReadsNoFurtherThanItsCategory) {
  for (Architecture& architecture : architectures()) {
    for (const auto& [dtype, size] : kDtypes) {
      for (const bool given : {true, false}) {
        const std::string name =
            std::string("discrete_draw ") + (given ? "given " : "drawn ") + dtype + " whole_packs";
        SCOPED_TRACE(architecture.module.target() + " " + name);
        const Traffic measured = traffic(architecture, name);
        const Buffer& output = *measured.output;
        ASSERT_EQ(output.name, "category");
        std::vector<std::int32_t> category(output.size / 4);
        std::memcpy(category.data(), output.after.data() + output.begin, output.size);
        std::uint64_t packs = 0;
        for (const std::int32_t k : category) packs += 2 * (1 + static_cast<std::uint64_t>(k) * size / 16);
        const ptx::Counters& counters = measured.counters.at(kFloorOfItsOwn + ("_" + dtype));
        const std::uint64_t columns = category.size();
        EXPECT_EQ(counters.loads, accesses({{16, packs}, {8, given ? columns : 0}}));
        EXPECT_EQ(counters.stores, accesses({{4, columns}}));
      }
    }
  }
}

/// Kernels that no floor is stated for.
std::set<std::string> without_floor(const std::vector<std::string>& kernels) {
  std::set<std::string> stated{"row_sum"};
  for (const auto& [dtype, size] : kDtypes) {
    stated.insert(kFloorOfItsOwn + ("_" + dtype));
    for (const Floor& floor : kFloors) stated.insert(floor.kernel + ("_" + dtype));
  }
  std::set<std::string> missing;
  for (const std::string& symbol : kernels) {
    const std::string kernel = symbol.substr(std::min(symbol.size(), std::strlen("ddim_cuda_")));
    if (!stated.contains(kernel)) missing.insert(kernel);
  }
  return missing;
}
TEST(MemoryTraffic, EveryKernelHasAFloor) {
  for (Architecture& architecture : architectures())
    EXPECT_EQ(without_floor(architecture.module.kernels()), std::set<std::string>{});
  EXPECT_EQ(without_floor({"ddim_cuda_q_sample_given_float16", "ddim_cuda_q_sample_fused_float16"}),
            std::set<std::string>{"q_sample_fused_float16"});
}

const Floor& floor_of(const std::string& kernel) {
  return *std::find_if(std::begin(kFloors), std::end(kFloors),
                       [&](const Floor& floor) { return floor.kernel == kernel; });
}
/// A load of 16 bytes: "ld.global.v2.f64 {a, b}, [base+offset];" or of four words.
struct WideLoad {
  std::string indent, type, base;
  std::vector<std::string> registers;
  int offset = 0;

  static std::optional<WideLoad> parse(const std::string& line) {
    static const std::regex form(
        R"((.*)ld\.global\.v[24]\.(f64|u32)\s*\{([^}]*)\},\s*\[([^+\]]*)(?:\+(\d+))?\];.*)");
    std::smatch found;
    if (!std::regex_match(line, found, form)) return {};
    WideLoad load{found[1], found[2], found[4], {}, found[5].matched ? std::stoi(found[5]) : 0};
    static const std::regex comma(R"(\s*,\s*)");
    const std::string list = found[3];
    load.registers = {std::sregex_token_iterator(list.begin(), list.end(), comma, -1), {}};
    if (load.registers.size() * (load.type == "f64" ? 8 : 4) != 16) return {};
    return load;
  }
  /// The same in two halves.
  std::string halves() const {
    const auto half = [&](std::size_t first, int by) {
      const std::string at = ", [" + base + "+" + std::to_string(offset + by) + "];";
      return type == "f64"
                 ? indent + "ld.global.f64 " + registers[first] + at
                 : indent + "ld.global.v2.u32 {" + registers[first] + ", " + registers[first + 1] + "}" + at;
    };
    return half(0, 0) + "\n" + half(registers.size() / 2, 8);
  }
};
/// The kernels with every load of 16 bytes changed.
Architecture with_loads(const std::function<std::string(const std::string&, const WideLoad&)>& change) {
  std::istringstream lines(architectures().front().text);
  std::string changed;
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto load = WideLoad::parse(line);
    changed += (load ? change(line, *load) : line) + "\n";
    count += load ? 1 : 0;
  }
  EXPECT_GT(count, 0);
  return {changed, ptx::Module::parse(changed), {}};
}
TEST(KernelFaults, LoadTwiceIsOffTheFloor) {
  Architecture wrong =
      with_loads([](const std::string& line, const WideLoad&) { return line + "\n" + line; });
  EXPECT_EQ(
      off_the_floor(wrong, floor_of("q_sample_given"), "float64"),
      "q_sample noise_given float64 block: q_sample_given_float64 loads 1024 of 16, its floor is 512 of 16");
  EXPECT_NE(off_the_floor(wrong, floor_of("squared_distance"), "float64"), "");
}
TEST(KernelFaults, AccessOf8BytesIsOffTheFloor) {
  Architecture wrong = with_loads([](const std::string&, const WideLoad& load) { return load.halves(); });
  EXPECT_EQ(
      off_the_floor(wrong, floor_of("q_sample_given"), "float64"),
      "q_sample noise_given float64 block: q_sample_given_float64 loads 1024 of 8, its floor is 512 of 16");
  EXPECT_NE(off_the_floor(wrong, floor_of("squared_distance"), "float64"), "");
}

}  // namespace
}  // namespace ddim::cuda::test
