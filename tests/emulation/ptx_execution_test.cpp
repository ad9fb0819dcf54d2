// Whole kernels: memory, branches, barriers, and the CUDA guide's own words for shuffles and votes.

#include <bit>
#include <map>

#include "tests/emulation/ptx_kernels.hpp"

namespace {

using namespace ddim::ptx;

TEST(Ptx, moves_pack_and_unpack) {
  for (const std::string yes : {"1", "-1"}) {
    EXPECT_EQ(words("mov.pred %p0, " + yes +
                        "; mov.pred %p1, 0; xor.pred %p0, %p0, %p1; selp.u32 %r4, 5, 6, %p0;"
                        "st.global.u32 [%d0], %r4;",
                    {{}, {1}})[0],
              5u);
  }
  EXPECT_EQ(words("mov.b32 %r4, 0x12345678; mov.b32 {%h0, %h1}, %r4; mov.b32 %r5, {%h1, %h0}; st.global.u32 "
                  "[%d0], %r5;",
                  {{}, {1}})[0],
            0x56781234u);
  EXPECT_EQ(words("mov.b64 %d2, 0x1122334455667788; mov.b64 {%h0, %h1, %h2, %h3}, %d2; mov.b64 %d3, {%h3, "
                  "%h2, %h1, %h0};"
                  "mov.b64 {_, %r4}, %d3; st.global.u32 [%d0], %r4;",
                  {{}, {1}})[0],
            0x77885566u);
  EXPECT_EQ(
      words(
          "mov.b64 %d2, {%r2, 7}; mov.b64 {%r4, %r5}, %d2; add.s32 %r4, %r4, %r5; st.global.u32 [%d0], %r4;",
          {{}, {3}})[0],
      10u);
  EXPECT_EQ(words("mov.f32 %r4, 0fC0200000; { .reg .b32 %r4; mov.b32 %r4, 5; } st.global.f32 [%d0], %r4;",
                  {{}, {1}})[0],
            std::bit_cast<std::uint32_t>(-2.5f));
}

TEST(Ptx, memory_widths_signs_and_spaces) {
  const std::string before =
      ".const .align 8 .b8 table[16] = {1, 2, 3, 4, 5, 6, 7, 255, 9, 10};\n.global .align 4 .b32 word[3] = "
      "{7, -8, 9};\n";
  const auto one = [&](const std::string& body) {
    return words(body + " st.global.u32 [%d0], %r9;", {{}, {1}}, before)[0];
  };
  EXPECT_EQ(one("ld.const.u8 %r9, [table+7];"), 255u);
  EXPECT_EQ(one("ld.const.s8 %r9, [table+7];"), 0xffffffffu);
  EXPECT_EQ(one("ld.const.u16 %r9, [table+6];"), 0xff07u);
  EXPECT_EQ(one("mov.u64 %d4, table; ld.const.s16 %r9, [%d4+6];"), 0xffffff07u);
  EXPECT_EQ(one("ld.const.v2.u32 {%r8, %r9}, [table+8];"), 0u);
  EXPECT_EQ(one("mov.u64 %d4, word; cvta.global.u64 %d4, %d4; ld.global.u32 %r9, [%d4+4];"),
            static_cast<std::uint32_t>(-8));
  EXPECT_EQ(one("mov.u64 %d4, word; ld.global.nc.s8 %d5, [%d4+4]; cvt.u32.u64 %r9, %d5;"), 0xfffffff8u);
  EXPECT_EQ(one(".shared .align 16 .b8 s[16]; mov.u32 %r5, s; mov.b64 %d5, 0x8877665544332211; "
                "st.shared.v2.b64 [%r5], {%d5, %d5}; st.shared.u8 [%r5+1], %d5;"
                "ld.shared.u32 %r9, [%r5];"),
            0x44331111u);
  EXPECT_EQ(one("mov.u32 %r9, word;"), one("mov.u64 %d4, word; cvt.u32.u64 %r9, %d4;"));

  struct Block {
    float a;
    std::uint16_t b, c;
    double d;
  };
  const auto module = module_of(
      ".reg .b64 %d<9>; .reg .b32 %r<9>; .reg .b64 %f; ld.param.u64 %d0, [out]; ld.param.u16 %r0, [b+6]; "
      "ld.param.f64 %f, [b+8];"
      "ld.param.v2.u16 {%r1, %r2}, [b+4]; cvt.rzi.s32.f64 %r3, %f; st.global.v4.u32 [%d0], {%r0, %r1, %r2, "
      "%r3};",
      ".param .u64 .ptr .global .align 4 out, .param .align 8 .b8 b[16]");
  EXPECT_EQ(module.kernel("k").parameters(), (std::vector<std::size_t>{8, 16}));
  Buffer<std::uint32_t> out(4);
  Memory memory;
  memory.add(out.data, 16, Access::write);
  module.kernel("k").launch({}, arguments(out.data, Block{1, 2, 3, 4.5}), memory);
  EXPECT_EQ(std::vector(out.data, out.data + 4), (std::vector<std::uint32_t>{3, 2, 3, 4}));
}

TEST(Ptx, threads_blocks_and_branches) {
  // Collatz steps: every lane leaves its loop at another time, and all meet again at the store.
  const auto got = words(
      "mov.u32 %r4, 0; add.s32 %r5, %r3, 1;\n"
      "$loop: setp.eq.u32 %p0, %r5, 1; @%p0 bra $done; and.b32 %r6, %r5, 1; setp.eq.b32 %p1, %r6, 0; @%p1 "
      "bra $even;\n"
      "mad.lo.u32 %r5, %r5, 3, 1; bra.uni $next;\n$even: shr.u32 %r5, %r5, 1;\n$next: add.s32 %r4, %r4, 1; "
      "bra $loop;\n"
      "$done: st.global.u32 [%d0], %r4; @!%p0 trap; ret;",
      {{3}, {45}});
  for (std::uint32_t k = 0; k < got.size(); ++k) {
    std::uint32_t steps = 0;
    for (u64 n = k + 1; n != 1; n = n % 2 ? 3 * n + 1 : n / 2) ++steps;
    EXPECT_EQ(got[k], steps) << k;
  }
  Launch launch{{2, 3, 2}, {4, 2, 3}};
  const auto ids = words(
      "mov.u32 %r4, %ctaid.y; mov.u32 %r5, %ctaid.z; mov.u32 %r6, %tid.y; mov.u32 %r7, %tid.z; mov.u32 %r8, "
      "%nctaid.x; mov.u32 %r9, %nctaid.y;\n"
      "mov.u32 %r11, %ntid.y; mov.u32 %r12, %ntid.z;\n"
      "mad.lo.s32 %r5, %r5, %r9, %r4; mad.lo.s32 %r5, %r5, %r8, %r1; mad.lo.s32 %r7, %r7, %r11, %r6; "
      "mad.lo.s32 %r7, %r7, %r2, %r0;\n"
      "mul.lo.s32 %r11, %r11, %r12; mul.lo.s32 %r11, %r11, %r2; mad.lo.s32 %r5, %r5, %r11, %r7;\n"
      "ld.param.u64 %d0, [out]; mul.wide.u32 %d1, %r5, 4; add.s64 %d0, %d0, %d1; st.global.u32 [%d0], %r5;",
      launch);
  for (std::uint32_t k = 0; k < ids.size(); ++k) EXPECT_EQ(ids[k], k);
  const auto lanes = words(
      "mov.u32 %r4, %laneid; mov.u32 %r5, %lanemask_lt; mov.u32 %r6, %lanemask_ge; popc.b32 %r7, %r5; "
      "sub.s32 %r7, %r7, %r4;\n"
      "xor.b32 %r6, %r6, %r5; not.b32 %r6, %r6; or.b32 %r7, %r7, %r6; mov.u32 %r8, %lanemask_le; mov.u32 "
      "%r9, %lanemask_gt;\n"
      "xor.b32 %r8, %r8, %r9; not.b32 %r8, %r8; or.b32 %r7, %r7, %r8; mov.u32 %r8, %lanemask_eq; bfind.u32 "
      "%r8, %r8; sub.s32 %r8, %r8, %r4;\n"
      "or.b32 %r7, %r7, %r8; st.global.u32 [%d0], %r7;",
      {{1}, {64}});
  for (const auto x : lanes) EXPECT_EQ(x, 0u);
}

/// The CUDA guide: lane k of a segment of `width` lanes reads lane k +- delta, k ^ mask or index of its own
/// segment, itself if there is none.
TEST(Ptx, shuffles) {
  for (const unsigned width : {32u, 16u, 8u, 4u, 2u, 1u}) {
    for (const unsigned delta : {0u, 1u, 2u, 5u, 16u, 31u}) {
      const unsigned segments = (32 - width) << 8;
      const auto run = [&](const std::string& mode, unsigned c) {
        return words("add.s32 %r4, %r0, 1000; mov.b32 %r5, " + std::to_string(delta) + "; mov.b32 %r6, " +
                         std::to_string(c) +
                         ";\n"
                         "shfl.sync." +
                         mode +
                         ".b32 %r7|%p0, %r4, %r5, %r6, -1; selp.u32 %r8, 65536, 0, %p0; add.s32 %r7, %r7, "
                         "%r8; st.global.u32 [%d0], %r7;",
                     {{1}, {64}});
      };
      const auto up = run("up", segments), down = run("down", segments | 31),
                 bfly = run("bfly", segments | 31), idx = run("idx", segments | 31);
      for (unsigned t = 0; t < 64; ++t) {
        const unsigned k = t % width, base = t - k;
        const auto expected = [&](bool inside, unsigned from) {
          return 1000 + (inside ? 65536 + base + from : t);
        };
        EXPECT_EQ(up[t], expected(k >= delta, k - delta)) << "up " << width << " " << delta << " " << t;
        EXPECT_EQ(down[t], expected(k + delta < width, k + delta))
            << "down " << width << " " << delta << " " << t;
        // A lane may reach into earlier segments, not into later ones.
        const unsigned other = t % 32 ^ delta, here = t % 32 / width;
        EXPECT_EQ(bfly[t], expected(other / width <= here, other - base % 32))
            << "bfly " << width << " " << delta << " " << t;
        EXPECT_EQ(idx[t], expected(true, delta % width)) << "idx " << width << " " << delta << " " << t;
      }
    }
  }
  // Halves of a warp, each with a mask of its own, that come from different branches.
  const auto halves = words(
      "setp.lt.u32 %p0, %r0, 16; selp.b32 %r4, 0xffff, 0xffff0000, %p0; mov.u32 %r6, 0; @%p0 bra $join; "
      "mov.u32 %r6, 100;\n"
      "$join: add.s32 %r6, %r6, %r0; shfl.sync.bfly.b32 %r7, %r6, 15, 31, %r4; st.global.u32 [%d0], %r7;",
      {{1}, {32}});
  for (unsigned t = 0; t < 32; ++t) EXPECT_EQ(halves[t], (t ^ 15) + (t < 16 ? 0 : 100));
}

TEST(Ptx, votes) {
  const auto vote = [](const std::string& body, const std::string& condition) {
    return words(
        "setp." + condition + " %p0, %r0, 7; mov.b32 %r5, -1; " + body + " st.global.u32 [%d0], %r4;",
        {{1}, {32}})[9];
  };
  const std::string answer = " selp.u32 %r4, 1, 0, %p1;";
  EXPECT_EQ(vote("vote.sync.ballot.b32 %r4, %p0, %r5;", "lt.u32"), 0x7fu);
  EXPECT_EQ(vote("vote.sync.any.pred %p1, %p0, %r5;" + answer, "eq.u32"), 1u);
  EXPECT_EQ(vote("vote.sync.any.pred %p1, %p0, -1;" + answer, "gt.s32"), 1u);
  EXPECT_EQ(vote("vote.sync.all.pred %p1, %p0, -1;" + answer, "lt.u32"), 0u);
  EXPECT_EQ(vote("vote.sync.all.pred %p1, %p0, -1;" + answer, "ne.u32"), 0u);
  EXPECT_EQ(vote("setp.ge.u32 %p0, %r0, 0; vote.sync.all.pred %p1, %p0, -1;" + answer, "lt.u32"), 1u);
  EXPECT_EQ(vote("vote.sync.uni.pred %p1, %p0, -1;" + answer, "lt.u32"), 0u);
  EXPECT_EQ(vote("setp.ge.u32 %p0, %r0, 99; vote.sync.uni.pred %p1, %p0, -1;" + answer, "lt.u32"), 1u);
  EXPECT_EQ(
      vote(
          "mov.u32 %r4, 0; @%p0 activemask.b32 %r4; bar.warp.sync -1; shfl.sync.idx.b32 %r4, %r4, 3, 31, -1;",
          "lt.u32"),
      0x7fu);
}

const std::string kShared =
    ".shared .align 4 .b8 s[1024]; mov.u32 %r10, s; shl.b32 %r11, %r0, 2; add.s32 %r12, %r10, %r11;\n";

TEST(Ptx, barriers) {
  const auto body = [](const std::string& barrier,
                       const std::string& again = "") {  // each thread reads its mirror image
    return kShared + "st.shared.u32 [%r12], %r0; " + barrier +
           " sub.s32 %r13, %r2, %r0; sub.s32 %r13, %r13, 1; shl.b32 %r13, %r13, 2;\n"
           "add.s32 %r13, %r13, %r10; ld.shared.u32 %r14, [%r13]; " +
           again + " st.global.u32 [%d0], %r14;";
  };
  for (const std::string barrier :
       {"bar.sync 0;", "barrier.sync 0;", "barrier.sync.aligned 0;", "barrier.cta.sync.aligned 1;"}) {
    const auto got = words(body(barrier), {{2}, {100}});
    for (unsigned k = 0; k < 200; ++k) EXPECT_EQ(got[k], 99 - k % 100);
  }
  expect_fault(
      Fault::race,
      [&] {
        words(body(""), {{1}, {32}});
      },
      "with no barrier since");
  expect_fault(Fault::uninitialised, [&] {
    words(body(""), {{1}, {64}});
  });  // by warps, the mirror image is not there yet
  EXPECT_EQ(words(body("bar.warp.sync -1;"), {{1}, {32}})[0], 31u);
  expect_fault(Fault::uninitialised, [&] { words(body("bar.warp.sync -1;"), {{1}, {64}}); });
  // Written again before the others have read.
  expect_fault(
      Fault::race,
      [&] {
        words(body("bar.sync 0;", "st.shared.u32 [%r12], %r14;"), {{1}, {32}});
      },
      "another thread reads");
  EXPECT_EQ(words(body("bar.sync 0;", "bar.sync 0; st.shared.u32 [%r12], %r14;"), {{1}, {64}})[0], 63u);
  expect_fault(Fault::race, [&] {
    words(kShared + "st.shared.u32 [s], %r0; st.global.u32 [%d0], %r0;", {{1}, {2}});
  });

  const auto reduce = [](const std::string& what, const std::string& after, const std::string& condition) {
    return words("setp." + condition + " %p0, %r0, 70; bar.red." + what + ", 0, %p0; " + after +
                     " st.global.u32 [%d0], %r4;",
                 {{1}, {72}})[1];
  };
  EXPECT_EQ(reduce("popc.u32 %r4", "", "lt.u32"), 70u);
  EXPECT_EQ(reduce("or.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "gt.u32"), 1u);
  EXPECT_EQ(reduce("or.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "gt.u32"), 1u);
  EXPECT_EQ(reduce("and.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "le.u32"), 0u);
  EXPECT_EQ(reduce("and.pred %p1", "selp.u32 %r4, 1, 0, %p1;", "ge.s32 %p5, %r0, 0; setp.ge.s32"), 0u);
}

TEST(Ptx, divergence_is_refused) {
  const std::string end = " st.global.u32 [%d0], %r0;";
  // One thread leaves early; one warp does; one half waits at another barrier; a lane of the mask went
  // elsewhere.
  expect_fault(
      Fault::divergence,
      [&] {
        words("setp.eq.u32 %p0, %r0, 5; @%p0 ret; bar.sync 0;" + end, {{1}, {64}});
      },
      "never comes to the barrier");
  expect_fault(Fault::divergence, [&] {
    words("setp.gt.u32 %p0, %r0, 31; @%p0 bra $end; bar.sync 0;\n$end:" + end, {{1}, {64}});
  });
  expect_fault(
      Fault::divergence,
      [&] {
        words(
            "setp.gt.u32 %p0, %r0, 7; @%p0 bra $else; bar.sync 0; bra $end;\n$else: bar.sync 0;\n$end:" + end,
            {{1}, {32}});
      },
      "another barrier");
  expect_fault(
      Fault::divergence,
      [&] {
        words(
            "setp.gt.u32 %p0, %r0, 7; @%p0 bra $end; shfl.sync.idx.b32 %r4, %r0, 0, 31, -1;\n$end: bar.sync "
            "0;" +
                end,
            {{1}, {32}});
      },
      "went elsewhere");
  expect_fault(
      Fault::divergence,
      [&] {
        words("shfl.sync.idx.b32 %r4, %r0, 0, 31, 0xfffffffe;" + end, {{1}, {32}});
      },
      "not in its own mask");
  expect_fault(
      Fault::divergence,
      [&] {
        words("shfl.sync.idx.b32 %r4, %r0, 20, 31, -1;" + end, {{1}, {8}});
      },
      "does not take part");
}

TEST(Ptx, counters) {
  Counters c;
  words(
      "setp.lt.u32 %p0, %r0, 3; @%p0 add.s32 %r4, %r0, 1; ld.global.u8 %r5, [flags]; ld.global.v2.u32 {%r6, "
      "%r7}, [flags+8]; st.global.u32 [%d0], %r0;\n"
      "@!%p0 bra $end; st.global.u16 [%d0], %r0;\n$end: ret;",
      {{2}, {40}}, ".global .align 8 .b8 flags[16] = {1};\n", &c);
  EXPECT_EQ(c.loads, (std::map<unsigned, u64>{{1, 80}, {8, 80}}));
  EXPECT_EQ(c.stores, (std::map<unsigned, u64>{{2, 6}, {4, 80}}));
  EXPECT_EQ(c.bytes_loaded, 80u * 9);
  EXPECT_EQ(c.bytes_stored, 80u * 4 + 6 * 2);
  EXPECT_EQ(c.instructions.at("add.s32"), 6u);
  EXPECT_EQ(c.instructions.at("bra"), 74u);
  EXPECT_EQ(c.instructions.at("ret"), 80u);
  u64 sum = 0;
  for (const auto& [opcode, n] : c.instructions) sum += n;
  EXPECT_EQ(c.executed(), sum);
}

TEST(Ptx, windows_into_arrays_too_long_to_allocate) {
  Buffer<float> window(64);
  const u64 index = (u64{1} << 31) + 64, base = u64{1} << 50;
  Memory memory;
  memory.add_at(base + 4 * index, window.data, window.bytes(), Access::write);
  const auto m = module_of(
      ".reg .b64 %d<4>; .reg .b32 %r<4>; ld.param.u64 %d0, [out]; ld.param.u64 %d1, [n]; mov.u32 %r0, "
      "%tid.x; cvt.u64.u32 %d2, %r0;\n"
      "add.s64 %d1, %d1, %d2; shl.b64 %d1, %d1, 2; add.s64 %d1, %d1, %d0; mov.f32 %r1, 0f40000000; "
      "st.global.f32 [%d1], %r1;",
      ".param .u64 out, .param .u64 n");
  m.kernel("k").launch({{1}, {64}}, arguments(base, index), memory);
  EXPECT_EQ(window[63], 2.0f);
  expect_fault(Fault::out_of_bounds, [&] {
    m.kernel("k").launch({{1}, {64}}, arguments(base, i64{static_cast<std::int32_t>(index)}), memory);
  });  // had it overflowed
}

}  // namespace
