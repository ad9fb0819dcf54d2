// Driver C: what nvcc made of the kernels, for four architectures, executed on the CPU and equal to the plain
// loops bit by bit; what its text may not contain; and planted faults.

#include <gtest/gtest.h>

#include "tests/cuda/cases.hpp"
#include "tests/cuda/faults.hpp"
#include "tests/cuda/ptx_driver.hpp"

namespace ddim::cuda::test {

const std::vector<Case<Ptx>>& ptx_cases() {
  static const auto all = cases<Ptx>();
  return all;
}

namespace {

void expect_ptx_equals_host(const std::string& tag) {
  for (Architecture& architecture : architectures()) {
    SCOPED_TRACE(architecture.module.target());
    PtxMemory memory;
    std::map<std::string, ptx::Counters> counters;
    const int count = compare_with_host(
        tag, Ptx{&architecture, &memory, &counters}, memory,
        [](const std::string& name, const std::string& what) { EXPECT_EQ(what, "") << name; });
    EXPECT_GT(count, 0);
  }
}

#define DDIM_PTX(TAG) \
  TEST(TAG, PtxEqualsHost) { expect_ptx_equals_host(#TAG); }
DDIM_CUDA_TAGS(DDIM_PTX)

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
      if (name == "row_sum") continue;  // doubles, one per thread
      SCOPED_TRACE(architecture.module.target() + " " + name);
      // Reductions and draws store one number per block or column.
      bool loads = false, stores = name.starts_with("squared_distance") || name.starts_with("discrete_draw");
      for (const auto& [opcode, count] : architecture.kernel(name).opcodes()) {
        loads |= opcode.starts_with("ld.global.v4.") || opcode.starts_with("ld.global.v2.f64");
        stores |= opcode.starts_with("st.global.v4.");
      }
      EXPECT_TRUE(loads);
      EXPECT_TRUE(stores);
    }
  }
}

// Planted faults: those of faults.hpp, and those of the text.

/// What a step with a fault is caught for.
std::string caught(const Geometry& geometry, const Fault& fault, Architecture& architecture) {
  PtxMemory memory;
  std::map<std::string, ptx::Counters> counters;
  try {
    return difference_of_fault(geometry, fault, Ptx{&architecture, &memory, &counters}, memory);
  } catch (const ptx::Error& error) {
    return std::string(to_text(error.fault())) + ": " + error.what();
  }
}
std::string caught(const Geometry& geometry, const Fault& fault) {
  return caught(geometry, fault, architectures().front());
}

TEST(KernelFaults, NoFaultIsNotCaught) {
  for (const Geometry& geometry : {kPlain, kStrided, kInPlace}) EXPECT_EQ(caught(geometry, faults::none), "");
}
TEST(KernelFaults, TailOffByOneShort) {
  EXPECT_CAUGHT(caught(kPlain, faults::tail_short), "x_prev: byte 4116 of 4120 is ff");
}
TEST(KernelFaults, TailOffByOneLong) { EXPECT_CAUGHT(caught(kPlain, faults::tail_long), "out of bounds"); }
TEST(KernelFaults, MisalignedVector) {
  EXPECT_CAUGHT(caught(kMisaligned, faults::vector_access), "misaligned");
}
TEST(KernelFaults, StoreToAnInput) { EXPECT_CAUGHT(caught(kPlain, faults::store_to_an_input), "read"); }
TEST(KernelFaults, WrongCounter) {
  for (const Fault& fault : {faults::wrong_offset, faults::wrong_subsequence, faults::wrong_seed})
    EXPECT_CAUGHT(caught(kPlain, fault), "x_prev: byte 0");
}
TEST(KernelFaults, WrongStride) {
  for (const Fault& fault : {faults::wrong_stride_in, faults::wrong_stride_out})
    EXPECT_CAUGHT(caught(kStrided, fault), "x_prev: byte");
}
TEST(KernelFaults, CoefficientOffByOneUlp) {
  EXPECT_CAUGHT(caught(kPlain, faults::coefficient_one_ulp_off), "x_prev: byte");
}
TEST(KernelFaults, InPlaceAliasing) { EXPECT_CAUGHT(caught(kInPlace, faults::shifted_alias), "race"); }

/// A copy of an architecture with every `from` in its kernels' text replaced.
Architecture with_text(const std::string& from, const std::string& to) {
  std::string text = architectures().front().text;
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size(), ++count)
    text.replace(at, from.size(), to);
  EXPECT_GT(count, 0u) << from;
  return {text, ptx::Module::parse(text), {}};
}

TEST(KernelFaults, WrongCounterInTheText) {
  Architecture wrong = with_text(std::to_string(0xD2511F53u), std::to_string(0xD2511F55u));
  EXPECT_CAUGHT(caught(kPlain, faults::none, wrong), "x_prev: byte 0");
}

TEST(KernelFaults, MissingBarrier) {
  Architecture wrong = with_text("bar.sync \t0;", "");
  std::vector<double> x(1000, 1.0);
  double per_sample = 0, workspace[16] = {};
  PtxMemory memory;
  std::map<std::string, ptx::Counters> counters;
  memory.memory.add(x.data(), x.size() * sizeof(double));
  memory.memory.add(&per_sample, sizeof per_sample, ptx::Access::write);
  memory.memory.add(workspace, sizeof workspace, ptx::Access::write);
  const auto sum = [&](Architecture& architecture) {
    weighted_noise_error(Ptx{&architecture, &memory, &counters}, {1, 1000}, Source<double>{x.data()},
                         Source<double>{x.data()}, 1.0, nullptr, {&per_sample, nullptr, workspace});
  };
  EXPECT_NO_THROW(sum(architectures().front()));
  try {
    sum(wrong);
    ADD_FAILURE() << "not caught";
  } catch (const ptx::Error& error) {
    EXPECT_TRUE(error.fault() == ptx::Fault::race || error.fault() == ptx::Fault::uninitialised)
        << error.what();
  }
}

/// How many kernels of a file that nvcc made with other flags are refused for `fault`.
int refused(const char* path, ptx::Fault fault) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const ptx::Module module = ptx::Module::parse(text.str());
  int count = 0;
  for (const char* name : kKernelNames) {
    try {
      module.kernel(std::string("ddim_cuda_") + name);
    } catch (const ptx::Error& error) {
      count += error.fault() == fault ? 1 : 0;
    }
  }
  return count;
}
TEST(KernelFaults, ContractionOn) { EXPECT_GT(refused(DDIM_PTX_CONTRACTED, ptx::Fault::contractable), 40); }
TEST(KernelFaults, FastMath) { EXPECT_GT(refused(DDIM_PTX_FAST_MATH, ptx::Fault::approximate), 20); }

}  // namespace
}  // namespace ddim::cuda::test
