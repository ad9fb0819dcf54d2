// Predicates, branches, barriers and warp collectives, of which the scheduler has set the mask to the lanes
// that take part.

#include <array>

#include "tests/emulation/ptx_lanes.hpp"
#include "tests/emulation/ptx_opcodes.hpp"

namespace ddim::ptx {
namespace {

template <auto F>
void predicate(Warp& w, const Instruction& i) {
  assign(w, i, 0, F(*w.at<Mask>(i, 1), *w.at<Mask>(i, i.operands - i.guarded > 2 ? 2 : 1)));
}

enum class Lane : std::uint8_t { up, down, bfly, idx };
void shuffle(Warp& w, const Instruction& i) {
  const auto *a = w.at<std::uint32_t>(i, 2), *b = w.at<std::uint32_t>(i, 3), *c = w.at<std::uint32_t>(i, 4);
  std::array<std::uint32_t, kLanes> out{};
  Mask inside = 0;
  each(w, [&](unsigned l) {
    const unsigned delta = b[l] & 31, segment = c[l] >> 8 & 31, low = l & segment,
                   high = low | (c[l] & 31 & ~segment);
    unsigned from = l;
    bool in = true;
    switch (Lane{i.mode}) {
      case Lane::up:
        from = l - delta, in = static_cast<int>(from) >= static_cast<int>(high);
        break;
      case Lane::down:
        from = l + delta, in = from <= high;
        break;
      case Lane::bfly:
        from = l ^ delta, in = from <= high;
        break;
      case Lane::idx:
        from = low | (delta & ~segment), in = from <= high;
        break;
    }
    if (!in) from = l;
    if (!(w.mask >> from & 1)) {
      throw Fail{Fault::divergence, l,
                 "shuffle reads lane " + std::to_string(from) + ", which does not take part"};
    }
    out[l] = a[from];
    inside |= Mask{in} << l;
  });
  each(w, w.at<std::uint32_t>(i, 0), [&](unsigned l) { return out[l]; });
  assign(w, i, 1, inside);
}
enum class Vote : std::uint8_t { all, any, uni, ballot };
void vote(Warp& w, const Instruction& i) {
  const bool ballot = Vote{i.mode} == Vote::ballot;
  const Mask p = *w.at<Mask>(i, 1) & w.mask;
  if (ballot) return each(w, w.at<std::uint32_t>(i, 0), [=](unsigned) { return p; });
  const bool yes = Vote{i.mode} == Vote::all   ? p == w.mask
                   : Vote{i.mode} == Vote::any ? p != 0
                                               : p == 0 || p == w.mask;
  assign(w, i, 0, yes ? ~Mask{0} : 0);
}
void warp_barrier(Warp& w, const Instruction&) {
  if (w.mask == w.live) ++w.sync;
}
void active(Warp& w, const Instruction& i) {
  each(w, w.at<std::uint32_t>(i, 0), [&](unsigned) { return w.mask; });
}
void nothing(Warp&, const Instruction&) {}
void bring_vote(Warp& w, const Instruction& i) {
  w.votes = (w.votes & ~w.mask) | (*w.at<Mask>(i, i.destinations) & w.mask);
}

void enter_predicates(Opcodes& o) {
  o.add("mov.pred", predicate<[](Mask a, Mask) { return a; }>, {kOut, kIn});
  o.add("not.pred", predicate<[](Mask a, Mask) { return ~a; }>, {kOut, kIn});
  o.add("and.pred", predicate<[](Mask a, Mask b) { return a & b; }>, {kOut, kIn, kIn});
  o.add("or.pred", predicate<[](Mask a, Mask b) { return a | b; }>, {kOut, kIn, kIn});
  o.add("xor.pred", predicate<[](Mask a, Mask b) { return a ^ b; }>, {kOut, kIn, kIn});
}

void enter_flow(Opcodes& o) {
  for (const std::string end : {"", ".uni"}) {
    o.add("bra" + end, nothing, {{Piece::label}}).flow = Flow::branch;
    o.add("ret" + end, nothing, {}).flow = Flow::exit;
  }
  o.add("exit", nothing, {}).flow = Flow::exit;
  o.add("trap", nothing, {}).flow = Flow::trap;
  for (const std::string bar : {"bar", "bar.cta", "barrier", "barrier.cta"}) {
    for (const std::string aligned : {"", ".aligned"}) {
      if (!bar.starts_with("barrier") && !aligned.empty()) continue;
      o.add(bar + ".sync" + aligned, nothing, {kNumber}).flow = Flow::block_barrier;
      o.add(bar + ".red.and" + aligned + ".pred", bring_vote, {kOut, kNumber, kIn}, 0).flow =
          Flow::block_barrier;
      o.add(bar + ".red.or" + aligned + ".pred", bring_vote, {kOut, kNumber, kIn}, 1).flow =
          Flow::block_barrier;
      o.add(bar + ".red.popc" + aligned + ".u32", bring_vote, {out(4), kNumber, kIn}, 2).flow =
          Flow::block_barrier;
    }
  }
  const auto collective = [&](const std::string& opcode, Handler run, const std::vector<Shape>& shape,
                              auto mode) {
    o.add(opcode, run, shape, static_cast<std::size_t>(mode)).flow = Flow::warp_collective;
  };
  collective("bar.warp.sync", warp_barrier, {in(4)}, 0);
  collective("vote.sync.all.pred", vote, {kOut, kIn, in(4)}, Vote::all);
  collective("vote.sync.any.pred", vote, {kOut, kIn, in(4)}, Vote::any);
  collective("vote.sync.uni.pred", vote, {kOut, kIn, in(4)}, Vote::uni);
  collective("vote.sync.ballot.b32", vote, {out(4), kIn, in(4)}, Vote::ballot);
  const std::vector<Shape> lanes{{Piece::optional_predicate, 4}, in(4), in(4), in(4), in(4)};
  collective("shfl.sync.up.b32", shuffle, lanes, Lane::up);
  collective("shfl.sync.down.b32", shuffle, lanes, Lane::down);
  collective("shfl.sync.bfly.b32", shuffle, lanes, Lane::bfly);
  collective("shfl.sync.idx.b32", shuffle, lanes, Lane::idx);
  o.add("activemask.b32", active, {out(4)});
}

}  // namespace

void control(Opcodes& o) {
  enter_predicates(o);
  enter_flow(o);
}

}  // namespace ddim::ptx
