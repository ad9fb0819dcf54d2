#pragma once

#include <gtest/gtest.h>

#include <limits>

#include "tests/cuda/accuracy.hpp"
#include "tests/cuda/cases.hpp"
#include "tests/cuda/planted.hpp"

/// What the operations compute, against the reference in double. Element by element it is within a bound made
/// of running.v's theorems, one per rounding, but for what is argued by hand where it stands. Below float64,
/// the mean square of the errors of an elementwise operation is no more than that of the same equation
/// evaluated pass by pass in the same dtype. The other drivers equal the plain loops bit by bit, so that what
/// holds for them holds there.
namespace ddim::cuda::test {

inline constexpr Index kDim = 257, kSamples = 9;
inline constexpr Shape kShape{kSamples, kDim};

template <class T>
struct Data {
  std::vector<T> values;
  Batch exact;  // the same numbers
  explicit Data(std::uint64_t seed) : values(draw_values<T>(kDim * kSamples, seed)), exact(kDim, kSamples) {
    for (Index i = 0; i < exact.size(); ++i)
      exact(i) = static_cast<double>(to_real(values[static_cast<std::size_t>(i)]));
  }
  Source<T> source() const { return {values.data()}; }
};

template <class T>
struct Output {
  std::vector<T> values =
      std::vector<T>(kDim * kSamples, round_to<T>(std::numeric_limits<Real<T>>::quiet_NaN()));
  Target<T> target() { return {values.data()}; }
  double operator()(Index i) const {
    return static_cast<double>(to_real(values[static_cast<std::size_t>(i)]));
  }
};

/// Noise as a step takes it, and the numbers that it takes.
template <class T>
struct Drawn {
  NoiseFor<T> source;
  Batch exact = Batch::Zero(kDim, kSamples);
  Drawn(Given given, const Data<T>& batch) {
    const Normals normals{5, 7, 0};
    if (given == Given::batch) source = batch.source(), exact = batch.exact;
    if (given != Given::drawn) return;
    source = normals;
    const NormalStream stream(normals);
    for (Index i = 0; i < exact.size(); ++i) exact(i) = static_cast<double>(stream.element<Real<T>>(i));
  }
};

/// Largest |got - want| / bound, and the squares of our errors and of the peer's.
struct Accuracy {
  double ratio = 0, ours = 0, theirs = 0;
};

/// `operation(arithmetic, i)` is element i with its bound, in the order of the kernel (of the reference,
/// where the arithmetic does not fuse); `peer(i)` what passes in T make of it.
template <class T, class Operation, class Peer>
Accuracy accuracy(const Output<T>& got, const Batch& want, Operation operation, Peer peer) {
  Accuracy all;
  for (Index i = 0; i < want.size(); ++i) {
    const Running kernel = stored<T>(operation(kArithmetic<T>, i)), reference = operation(kReference, i);
    // The bounds are evaluated in long double, whose own rounding is 2^-11 of double's.
    constexpr long double slack = 1 + 0x1p-8L;
    EXPECT_LE(std::abs(want(i) - reference.v), slack * reference.e) << "the reference, element " << i;
    const auto bound = static_cast<double>(slack * (kernel.e + reference.e));
    const double error = std::abs(got(i) - want(i));
    // A NaN, where nothing was written, is beyond every bound.
    all.ratio = error <= bound ? std::max(all.ratio, error / bound) : std::max(all.ratio, 1.5);
    all.ours += error * error;
    all.theirs += std::pow(peer(i).real() - want(i), 2);
  }
  return all;
}

/// err / bound <= 1 everywhere, the bound being no more than `loose` times what occurs; and in the mean
/// square no more error than the peer makes. In float64 the reference cannot say who is nearer: it is in
/// double itself.
template <class T>
void expect_accurate(const Accuracy& a, double loose = 8, double peers = 1.01) {
  EXPECT_LE(a.ratio, 1) << kDtype<T>;
  EXPECT_GE(a.ratio, 1 / loose) << kDtype<T> << ": the bound is loose";
  // Where one coefficient nearly vanishes, and where x0 is the network's output itself, only the last
  // rounding is left, the same for both: hence the hundredth.
  if (sizeof(T) < 8) {
    EXPECT_LE(a.ours, peers * a.theirs) << kDtype<T>;
  }
}

/// What runs the operation whose accuracy is asked for: as it is, or with a number planted in it.
using Runner = Planted<Host>;

/// Every number of every kernel that `ratio(runner)` runs, 5 % off: those with which it stays within 1.
template <class Ratio>
void plant_in(Ratio ratio, Sites& seen) {
  Sites here;
  EXPECT_LE(ratio(Runner{{}, {}, &here}), 1);
  for (const auto& [site, no] : here) {
    bool& caught = seen[site];
    caught = caught || ratio(Runner{{}, site}) > 1;
  }
}
template <class Ratio>
std::string unseen_faults(Ratio ratio) {
  Sites seen;
  plant_in(ratio, seen);
  return survivors(seen);
}

}  // namespace ddim::cuda::test
