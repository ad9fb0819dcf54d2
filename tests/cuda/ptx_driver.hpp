#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cuda/kernel_list.hpp"
#include "tests/cuda/cases.hpp"
#include "tests/emulation/ptx.hpp"

/// Driver C: the kernels as nvcc's PTX, executed.
namespace ddim::cuda::test {

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
    return found != kernels.end() ? found->second
                                  : kernels.emplace(name, module.kernel("ddim_cuda_" + name)).first->second;
  }
};

inline std::vector<Architecture>& architectures() {
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
  /// By kernel.
  std::map<std::string, ptx::Counters>* counters;

  template <class Op>
  void operator()(const Op& op) const {
    if (op.blocks() == 0) return;
    const ptx::Kernel& kernel = architecture->kernel(kKernelName<Op>);
    const ptx::Launch launch{{static_cast<unsigned>(op.blocks())}, {kThreads}};
    const ptx::Counters counted = kernel.launch(launch, ptx::arguments(op), memory->memory);
    ptx::Counters& sum = (*counters)[kKernelName<Op>];
    sum.bytes_loaded += counted.bytes_loaded;
    sum.bytes_stored += counted.bytes_stored;
    for (const auto& [width, count] : counted.loads) sum.loads[width] += count;
    for (const auto& [width, count] : counted.stores) sum.stores[width] += count;
  }
};

/// The table for this driver, built once, in ptx_test.cpp.
const std::vector<Case<Ptx>>& ptx_cases();

}  // namespace ddim::cuda::test
