#pragma once

// Small kernels written by hand, and the faults that they are to have.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "tests/emulation/ptx.hpp"

namespace ddim::ptx {

using u64 = std::uint64_t;
using i64 = std::int64_t;

template <class T>
struct Buffer {  // aligned as cudaMalloc does
  explicit Buffer(std::size_t n)
      : size(n), data(static_cast<T*>(::operator new (sizeof(T) * n + 256, std::align_val_t{256}))) {
    std::fill_n(data, n, T{});
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { ::operator delete (data, std::align_val_t{256}); }
  T& operator[](std::size_t k) const { return data[k]; }
  std::size_t bytes() const { return size * sizeof(T); }
  std::size_t size;
  T* data;
};

inline const std::string kHeader = ".version 9.0\n.target sm_80\n.address_size 64\n";

inline Module module_of(const std::string& body, const std::string& parameters = ".param .u64 out",
                        const std::string& before = "") {
  return Module::parse(kHeader + before + ".visible .entry k(" + parameters + ")\n{\n" + body + "\n}\n");
}

template <class F>
void expect_fault(Fault fault, F f, const std::string& fragment = "") {
  try {
    f();
    ADD_FAILURE() << "nothing thrown instead of " << to_text(fault);
  } catch (const Error& e) {
    EXPECT_EQ(to_text(e.fault()), to_text(fault)) << e.what();
    EXPECT_NE(std::string(e.what()).find(fragment), std::string::npos) << e.what();
  }
}

// One word in, one word out per thread

inline const std::string kWords =
    ".reg .b32 %r<40>; .reg .b64 %d<20>; .reg .pred %p<20>; .reg .b16 %h<20>;\n"
    "ld.param.u64 %d0, [out]; mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x;\n"
    "mad.lo.s32 %r3, %r1, %r2, %r0; mul.wide.u32 %d1, %r3, 4; add.s64 %d0, %d0, %d1;\n";

inline std::vector<std::uint32_t> words(const std::string& body, Launch launch,
                                        const std::string& before = "", Counters* counters = nullptr) {
  const auto n = launch.grid.count() * launch.block.count();
  Buffer<std::uint32_t> out(n);
  Memory memory;
  memory.add(out.data, out.bytes(), Access::write);
  const auto c = module_of(kWords + body, ".param .u64 out", before)
                     .kernel("k")
                     .launch(launch, arguments(out.data), memory);
  if (counters) *counters = c;
  EXPECT_EQ(memory.unwritten(out.data), 0u);
  return {out.data, out.data + n};
}

}  // namespace ddim::ptx
