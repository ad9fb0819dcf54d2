#pragma once

#include <cmath>
#include <functional>
#include <string>

#include "cuda/kernel_list.hpp"
#include "tests/cuda/cases.hpp"

/// Planted faults. A kernel is one parameter and its code, so that a fault can be a change of the parameter:
/// the same one for every driver.
namespace ddim::cuda::test {

/// What a fault may change of a step's parameter.
struct Seam {
  Layout& layout;
  Source<float>* in;
  Target<float>* out;
  NormalStream& normals;
  DdimStep<float>& functor;
};
using Fault = std::function<void(Seam)>;

namespace faults {
inline const Fault none = [](Seam) {};
inline const Fault tail_short = [](Seam s) { --s.layout.dim; };
inline const Fault tail_long = [](Seam s) { ++s.layout.dim; };
inline const Fault vector_access = [](Seam s) { s.layout.vector = true; };
inline const Fault store_to_an_input = [](Seam s) { s.out[0].data = const_cast<float*>(s.in[1].data); };
inline const Fault wrong_offset = [](Seam s) { ++s.normals.first; };
inline const Fault wrong_subsequence = [](Seam s) { ++s.normals.subsequence; };
inline const Fault wrong_seed = [](Seam s) { s.normals.keys.of[0][1] ^= std::uint32_t{1} << 31; };
inline const Fault wrong_stride_in = [](Seam s) { --s.in[0].stride; };
inline const Fault wrong_stride_out = [](Seam s) { --s.out[0].stride; };
inline const Fault coefficient_one_ulp_off = [](Seam s) {
  s.functor.x_t = std::nextafter(s.functor.x_t, 2.0f);
};
/// An output that overlaps an input shifted: what a thread reads depends on whether its neighbour has
/// written.
inline const Fault shifted_alias = [](Seam s) {
  s.out[0].data += 4;
  s.layout.dim -= 4;
  --s.layout.whole;
};
}  // namespace faults

inline const Geometry kPlain{"plain", {1, 1030}};
inline const Geometry kStrided{"strided", {5, 13}, 3};
inline const Geometry kInPlace{"in_place", {1, 1030}, 0, {}, true};
inline const Geometry kMisaligned{"misaligned", {1, 1030}, 0, {0, 0, 0, 1}};

template <class Run>
struct Faulty {
  Run run;
  Fault fault;
  template <class Op>
  void operator()(Op op) const {
    if constexpr (std::is_same_v<Op, DdimStepDrawn<float>>)
      fault({op.layout, op.in, op.out, op.normals, op.functor});
    run(op);
  }
};

template <class Run>
void step_drawn(Harness<Run>& harness, const Geometry& geometry) {
  Tensors<Run, float> tensors(harness, geometry);
  const auto x_t = tensors.in("x_t"), output = tensors.in("output");
  ddim_step(harness.run(), transition(), sigma_eta(transition(), 0.7), geometry.shape, x_t, output,
            Normals{1, 2, 4}, tensors.out("x_prev"));
}

/// What the comparison with the host says of a step with a fault; "" is a fault that got away.
template <class Run>
std::string difference_of_fault(const Geometry& geometry, const Fault& fault, const Run& run,
                                HostMemory& memory) {
  HostMemory host_memory;
  const Host host;
  Harness<Host> expected(host, host_memory);
  step_drawn(expected, geometry);
  const Faulty<Run> faulty{run, fault};
  Harness<Faulty<Run>> got(faulty, memory);
  step_drawn(got, geometry);
  return difference(expected.collect(), got.collect());
}

}  // namespace ddim::cuda::test

#define EXPECT_CAUGHT(what, part) EXPECT_NE((what).find(part), std::string::npos) << "\"" << (what) << "\""
