// Driver C: what nvcc made of the kernels, for four architectures, executed on the CPU and equal to the plain
// loops bit by bit; and what it costs in memory traffic.

#include "tests/emulation/ptx.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "cuda/kernel_list.hpp"
#include "tests/cuda/cases.hpp"

namespace ddim::cuda::test {
namespace {

template <class Op>
inline constexpr const char* kKernelName = nullptr;
#define DDIM_CUDA_NAME_OF(NAME, ...) \
  template <>                        \
  inline constexpr const char* kKernelName<__VA_ARGS__> = #NAME;
DDIM_CUDA_KERNELS(DDIM_CUDA_NAME_OF)
#undef DDIM_CUDA_NAME_OF

#define DDIM_CUDA_STRING(NAME, ...) #NAME,
constexpr const char* kKernelNames[] = {DDIM_CUDA_KERNELS(DDIM_CUDA_STRING)};
#undef DDIM_CUDA_STRING

/// One architecture's kernels.
struct Architecture {
  std::string text;
  ptx::Module module;
  std::map<std::string, ptx::Kernel> kernels;

  const ptx::Kernel& kernel(const std::string& name) {
    const auto found = kernels.find(name);
    return found != kernels.end() ? found->second : kernels.emplace(name, module.kernel(name)).first->second;
  }
};

std::vector<Architecture>& architectures() {
  static std::vector<Architecture> all = [] {
    std::vector<Architecture> read;
    std::istringstream paths(DDIM_PTX_FILES);
    for (std::string path; std::getline(paths, path, ',');) {
      std::ifstream file(path);
      std::stringstream text;
      text << file.rdbuf();
      if (!file) throw std::runtime_error("cannot read " + path);
      read.push_back({text.str(), ptx::Module::parse(text.str()), {}});
    }
    return read;
  }();
  return all;
}

/// The buffers of a case, known to the executor with what may be done to them.
class PtxMemory : public HostMemory {
 public:
  void put(Buffer& buffer) override {
    HostMemory::put(buffer);
    const ptx::Access access = buffer.use == Use::read    ? ptx::Access::read
                               : buffer.use == Use::write ? ptx::Access::write
                                                          : ptx::Access::read_write;
    memory.add(buffer.data(), buffer.size, access);
  }
  void take(Buffer& buffer) override {
    memory.ranges().clear();
    HostMemory::take(buffer);
  }
  ptx::Memory memory;
};

struct Ptx {
  Architecture* architecture;
  PtxMemory* memory;
  ptx::Counters* counters;

  template <class Op>
  void operator()(const Op& op) const {
    if (op.blocks() == 0) return;
    const ptx::Kernel& kernel = architecture->kernel(kKernelName<Op>);
    const ptx::Launch launch{{static_cast<unsigned>(op.blocks())}, {kThreads}};
    const ptx::Counters counted = kernel.launch(launch, ptx::arguments(op), memory->memory);
    counters->bytes_loaded += counted.bytes_loaded;
    counters->bytes_stored += counted.bytes_stored;
    for (const auto& [width, count] : counted.loads) counters->loads[width] += count;
    for (const auto& [width, count] : counted.stores) counters->stores[width] += count;
  }
};

void expect_ptx_equals_host(const std::string& tag) {
  for (Architecture& architecture : architectures()) {
    SCOPED_TRACE(architecture.module.target());
    PtxMemory memory;
    ptx::Counters counters;
    const int count = compare_with_host(
        tag, Ptx{&architecture, &memory, &counters}, memory,
        [](const std::string& name, const std::string& what) { EXPECT_EQ(what, "") << name; });
    EXPECT_GT(count, 0);
  }
}

#define DDIM_PTX(TAG) \
  TEST(TAG, PtxEqualsHost) { expect_ptx_equals_host(#TAG); }
DDIM_CUDA_TAGS(DDIM_PTX)

/// cuda.md's floor: how many times a tensor is touched per element, everything in 16-byte accesses.
struct Floor {
  const char* name;
  int loads, stores;
};
constexpr Floor kFloors[] = {{"q_sample noise_given", 2, 1},
                             {"q_sample noise_drawn", 1, 1},
                             {"forward_step mean", 2, 1},
                             {"forward_step noise_given", 3, 1},
                             {"forward_step noise_drawn", 2, 1},
                             {"ddim_step eps mean", 2, 1},
                             {"ddim_step eps noise_given", 3, 1},
                             {"ddim_step eps noise_drawn", 2, 1},
                             {"ddim_step eps pred_x0 mean", 2, 2},
                             {"ddim_step eps pred_x0 noise_given", 3, 2},
                             {"ddim_step eps clip noise_given", 3, 1},
                             {"encode_step", 2, 1},
                             {"trajectory mean", 1, 1},
                             {"trajectory noise_drawn", 1, 1},
                             {"discrete_step", 2, 1}};

TEST(MemoryTraffic, IsTheFloorInAccessesOf16Bytes) {
  static const auto all = cases<Ptx>();
  for (Architecture& architecture : architectures()) {
    for (const Floor& floor : kFloors) {
      for (const auto& [dtype, size] :
           {std::pair{"float64", 8}, {"float32", 4}, {"float16", 2}, {"bfloat16", 2}}) {
        const std::string wanted = std::string(floor.name) + " " + dtype + " block";
        SCOPED_TRACE(architecture.module.target() + " " + wanted);
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == wanted; });
        ASSERT_NE(found, all.end());
        PtxMemory memory;
        ptx::Counters counters;
        const Ptx run{&architecture, &memory, &counters};
        Harness<Ptx> harness(run, memory);
        found->body(harness);
        const std::uint64_t elements = 256 * 16 / static_cast<std::uint64_t>(size);
        const auto per_tensor = elements * static_cast<std::uint64_t>(size);
        EXPECT_EQ(counters.bytes_loaded, static_cast<std::uint64_t>(floor.loads) * per_tensor);
        EXPECT_EQ(counters.bytes_stored, static_cast<std::uint64_t>(floor.stores) * per_tensor);
        EXPECT_EQ(counters.loads, (std::map<unsigned, std::uint64_t>{{16, counters.bytes_loaded / 16}}));
        EXPECT_EQ(counters.stores, (std::map<unsigned, std::uint64_t>{{16, counters.bytes_stored / 16}}));
      }
    }
  }
}

/// Parsing refuses what ptxas could contract, approximations, flushes to zero, calls and .local; what is left
/// is to see that every kernel is there.
TEST(PtxLint, EveryKernelIsThereAndExact) {
  ASSERT_EQ(architectures().size(), 4u);
  for (Architecture& architecture : architectures()) {
    EXPECT_EQ(architecture.module.kernels().size(), std::size(kKernelNames));
    for (const char* name : kKernelNames) {
      SCOPED_TRACE(architecture.module.target() + " " + name);
      EXPECT_NO_THROW(architecture.kernel(name));
    }
    for (const char* forbidden :
         {".approx", ".ftz", ".local", "\tcall", ".sat", "fma.rz", "ex2", "lg2", "rcp."})
      EXPECT_EQ(architecture.text.find(forbidden), std::string::npos) << forbidden;
  }
}

TEST(PtxLint, KernelsOnTensorsAccess16BytesAtATime) {
  for (Architecture& architecture : architectures()) {
    for (const std::string name : kKernelNames) {
      if (name == "row_sum" || name.starts_with("discrete_draw")) continue;
      SCOPED_TRACE(architecture.module.target() + " " + name);
      bool loads = false, stores = name.starts_with("squared_distance");
      for (const auto& [opcode, count] : architecture.kernel(name).opcodes()) {
        loads |= opcode.starts_with("ld.global.v4.") || opcode.starts_with("ld.global.v2.f64");
        stores |= opcode.starts_with("st.global.v4.");
      }
      EXPECT_TRUE(loads);
      EXPECT_TRUE(stores);
    }
  }
}

}  // namespace
}  // namespace ddim::cuda::test
