// Faults of memory, registers, launches and texts, each refused by its name.

#include <numeric>

#include "tests/emulation/ptx_kernels.hpp"

namespace {

using namespace ddim::ptx;

struct Traps : testing::Test {
  Traps() { std::iota(in.data, in.data + in.size, 0u); }
  Counters run(const std::string& body, Launch launch = {{}, {1}}, Access access = Access::write) {
    Memory memory;
    memory.add(out.data, out.bytes(), access);
    memory.add(in.data, in.bytes());
    return module_of(
               ".reg .b64 %d<9>; .reg .b32 %r<9>; .reg .pred %p<9>; ld.param.u64 %d0, [out]; ld.param.u64 "
               "%d1, [in];\n"
               "mov.u32 %r0, %tid.x; mul.wide.u32 %d2, %r0, 4; add.s64 %d3, %d0, %d2; add.s64 %d4, %d1, "
               "%d2;\n" +
                   body,
               ".param .u64 out, .param .u64 in")
        .kernel("k")
        .launch(launch, arguments(out.data, in.data), memory);
  }
  Buffer<std::uint32_t> out{64}, in{64};
};
using PtxTraps = Traps;

TEST_F(PtxTraps, addresses) {
  Memory odd;
  odd.add(in.data, 7);
  const auto second_word =
      module_of(".reg .b64 %d<2>; .reg .b32 %r; ld.param.u64 %d0, [out]; ld.global.u32 %r, [%d0+4];");
  expect_fault(Fault::out_of_bounds, [&] { second_word.kernel("k").launch({}, arguments(in.data), odd); });
  expect_fault(
      Fault::out_of_bounds, [&] { run("ld.global.u32 %r1, [%d1+256];"); }, "load of 4 bytes");
  expect_fault(Fault::out_of_bounds, [&] { run("ld.global.u32 %r1, [%d1+-4];"); });
  expect_fault(
      Fault::out_of_bounds,
      [&] {
        run("st.global.u32 [%d3], %r0;", {{}, {65}});
      },
      "thread (64, 0, 0) of block (0, 0, 0)");
  expect_fault(Fault::out_of_bounds, [&] { run("mov.b64 %d5, 0; ld.global.u32 %r1, [%d5];"); });
  expect_fault(Fault::out_of_bounds, [&] { run(".shared .align 4 .b8 s[8]; st.shared.u32 [s+8], %r0;"); });
  expect_fault(Fault::out_of_bounds, [&] { run("ld.param.u64 %d5, [in+8];"); });
  expect_fault(
      Fault::misaligned, [&] { run("ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%d1+4];"); }, "load of 16 bytes");
  expect_fault(Fault::misaligned, [&] { run("ld.global.u64 %d5, [%d1+4];"); });
  expect_fault(Fault::misaligned, [&] { run("st.global.v2.u32 [%d1+4], {%r0, %r0};"); });
  expect_fault(Fault::misaligned, [&] { run(".shared .align 4 .b8 s[8]; st.shared.u32 [s+2], %r0;"); });
  expect_fault(
      Fault::read_only, [&] { run("st.global.u32 [%d1], %r0;"); }, "store of 4 bytes");
}

TEST_F(PtxTraps, values_never_written) {
  expect_fault(
      Fault::uninitialised, [&] { run("add.s32 %r1, %r2, %r0;"); }, "PTX line");
  expect_fault(
      Fault::uninitialised,
      [&] {
        run("setp.eq.u32 %p0, %r0, 3; @%p0 mov.u32 %r1, 5; st.global.u32 [%d3], %r1;", {{}, {8}});
      },
      "thread (0, 0, 0)");
  expect_fault(Fault::uninitialised, [&] { run("@%p0 ret;"); });
  // nvcc selects between a value and nothing; only what is selected counts.
  EXPECT_NO_THROW(run("setp.eq.u32 %p0, %r0, 0; selp.b32 %r1, %r0, %r2, %p0;"));
  expect_fault(Fault::uninitialised, [&] {
    run("setp.eq.u32 %p0, %r0, 0; selp.b32 %r1, %r0, %r2, %p0;", {{}, {2}});
  });
  expect_fault(Fault::uninitialised, [&] { run("selp.b32 %r1, %r0, %r0, %p0;"); });
  expect_fault(Fault::uninitialised, [&] { run("ld.global.u32 %r1, [%d3];"); });
  expect_fault(Fault::uninitialised, [&] { run(".shared .align 4 .b8 s[8]; ld.shared.u32 %r1, [s];"); });
  EXPECT_NO_THROW(run("ld.global.u32 %r1, [%d3];", {{}, {1}}, Access::read_write));
}

TEST_F(PtxTraps, threads_that_meet_in_global_memory) {
  expect_fault(
      Fault::race,
      [&] {
        run("st.global.u32 [%d0], %r0;", {{}, {2}});
      },
      "another thread of this launch");
  expect_fault(Fault::race, [&] {
    run("st.global.u32 [%d3], %r0; xor.b32 %r1, %r0, 1; mul.wide.u32 %d5, %r1, 4; add.s64 %d5, %d0, %d5; "
        "ld.global.u32 %r2, [%d5];",
        {{}, {2}});
  });
  expect_fault(Fault::stale, [&] { run("ld.global.nc.u32 %r1, [%d3];", {{}, {1}}, Access::read_write); });
}

TEST_F(PtxTraps, launches) {
  const auto m = module_of("ret;", ".param .u64 out");
  Memory memory;
  const auto k = m.kernel("k");
  expect_fault(
      Fault::argument, [&] { k.launch({}, {}, memory); }, "0 arguments for 1 parameters");
  expect_fault(
      Fault::argument, [&] { k.launch({}, arguments(1), memory); }, "4 bytes, the parameter 8");
  expect_fault(Fault::argument, [&] { k.launch({{1}, {1025}}, arguments(u64{0}), memory); });
  expect_fault(Fault::argument, [&] { k.launch({{0}, {1}}, arguments(u64{0}), memory); });
  expect_fault(
      Fault::argument,
      [&] {
        k.launch({{1}, {1}, 16}, arguments(u64{0}), memory);
      },
      "dynamic shared");
  expect_fault(Fault::argument, [&] { m.kernel("other"); });
  expect_fault(
      Fault::argument,
      [&] {
        memory.add(in.data, 8);
        memory.add(in.data + 1, 8);
      },
      "overlapping");
  expect_fault(
      Fault::argument,
      [&] {
        Memory other;
        other.add_at(16, in.data, 8, Access::read);
      },
      "modulo 256");
  expect_fault(Fault::limit, [&] { run("$again: bra $again;", {{1}, {1}, 0, 1000}); });
  expect_fault(Fault::trap, [&] { run("trap;"); });
  expect_fault(
      Fault::argument, [&] { run("div.u32 %r1, %r0, 0;"); }, "division by zero");
}

const char* const kUnknown[] = {"atom.global.add.u32 %r0, [%d0], 1;",
                                "red.global.add.u32 [%d0], 1;",
                                "cp.async.ca.shared.global [%r0], [%d0], 16;",
                                "add.cc.u32 %r0, %r1, %r2;",
                                "add.rn.sat.f32 %r0, %r1, %r2;",
                                "mul.rn.f64 %r0, %r1, %r2;",
                                "add.s32 %d0, %d1, %d2;",
                                "add.s32 %r0, %r1;",
                                "add.f32.rn.x %r0, %r1, %r2;",
                                "setp.lo.s32 %p0, %r0, %r1;",
                                "setp.equ.u32 %p0, %r0, %r1;",
                                "fma.f32 %r0, %r1, %r2, %r3;",
                                "cvt.f32.f64 %r0, %d0;",
                                "cvt.rn.f64.f32 %d0, %r0;",
                                "cvt.rni.s64.s32 %d0, %r0;",
                                "cvt.rn.s32.f32 %r0, %r1;",
                                "cvt.rni.f32.s32 %r0, %r1;",
                                "cvt.rn.bf16.f16 %h0, %h1;",
                                "bar.sync 0, 64;",
                                "bar.arrive 0, 64;",
                                "shfl.down.b32 %r0, %r1, %r2, %r3;",
                                "mov.u32 %r0, %clock;",
                                "mov.u32 %tid.x, %r0;",
                                "ld.volatile.global.u32 %r0, [%d0];",
                                "ld.shared.nc.u32 %r0, [%r1];",
                                "st.param.u32 [out], %r0;",
                                "mov.b64 {%r0, %h0}, %d0;",
                                "add.rn.f32 %r0, %r1, 0d3FF0000000000000;",
                                "prmt.b32.f4e %r0, %r1, %r2, %r3;",
                                "membar.gl;",
                                "add.rn.f32 %r0, %r1, %undeclared;",
                                "selp.b32 %r0, %r1, %r2, %r3;",
                                "bra %r0;",
                                "add.rm.f16 %h0, %h1, %h2;",
                                "min.rn.f32 %r0, %r1, %r2;"};

const char* const kApproximate[] = {
    "ex2.approx.f32 %r0, %r1;",     "lg2.approx.ftz.f32 %r0, %r1;", "sin.approx.f32 %r0, %r1;",
    "rcp.approx.ftz.f64 %d0, %d1;", "div.full.f32 %r0, %r1, %r2;",  "add.rn.ftz.f32 %r0, %r1, %r2;",
    "cvt.ftz.f32.f32 %r0, %r1;",    "tanh.approx.f16 %h0, %h1;",    "sqrt.approx.f32 %r0, %r1;"};

TEST_F(PtxTraps, instructions_refused) {
  const auto refused = [&](Fault fault, const std::string& body, const std::string& fragment = "") {
    expect_fault(
        fault,
        [&] {
          module_of(".reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<9>; .reg .b16 %h<9>;\n" + body)
              .kernel("k");
        },
        fragment);
  };
  refused(Fault::unknown_instruction, "mov.u32 %r0, 1;\n\ndp4a.u32.u32 %r0, %r0, %r0, %r0;",
          "at PTX line 9: no semantics for dp4a.u32.u32");
  for (const std::string text : kUnknown) refused(Fault::unknown_instruction, text);
  for (const std::string text : kApproximate) refused(Fault::approximate, text);
  for (const std::string text : {"mul.f32 %r0, %r1, %r2;", "add.f64 %d0, %d1, %d2;", "sub.f16 %h0, %h1, %h2;",
                                 "mul.bf16x2 %r0, %r1, %r2;"}) {
    refused(Fault::contractable, text);
    EXPECT_NO_THROW(module_of(".reg .b32 %r<9>; .reg .b64 %d<9>; .reg .b16 %h<9>;" + text)
                        .kernel("k", {.contractable = true}));
  }
  refused(Fault::unsupported, ".local .align 4 .b8 depot[16];");
  refused(Fault::unsupported, "{ .param .b32 p; }");
  refused(Fault::unsupported, "call.uni f, ();");
  refused(Fault::unsupported, "cvta.shared.u64 %d0, %d1;");
  refused(Fault::syntax, "bra $nowhere;", "no label");
  refused(Fault::syntax, "$a: $a: ret;", "twice");
  refused(Fault::syntax, "add.rn.f32 %r0, %r1, 0f3F8;", "no literal");
  refused(Fault::syntax, "add.s32 %r0, %r1, %r2");
  expect_fault(
      Fault::syntax, [] { Module::parse(".version 9.0\n.banana\n"); }, "line 2");
  expect_fault(Fault::syntax, [] { Module::parse(kHeader + ".visible .entry k() {"); });
  expect_fault(
      Fault::argument,
      [] { Module::parse(kHeader + ".entry ka() { ret; } .entry kb() { ret; }").kernel("k"); }, "several");
}

}  // namespace
