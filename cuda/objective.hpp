#pragma once

#include <vector>

#include "cuda/tensor.hpp"

namespace ddim::cuda {

/// Sums in double over a tree that depends on the sizes alone: a thread adds every 256th pack of its chunk, a
/// warp halves 32 sums five times, a block adds its 8 warps in order, and the chunks are added the same way.
/// So the bits are the same on every card and on the CPU.
inline constexpr int kSumThreads = 256;
inline constexpr int kSumRounds = 8;
inline constexpr Index kTotalWidth = 1024;  // per-sample results that one block adds

/// The block's tree over its threads' sums, as a plain loop.
template <class V>
V add_block(std::vector<V>& sums) {
  V total{};
  for (int warp = 0; warp < kSumThreads; warp += 32) {
    for (int half = 16; half > 0; half /= 2) {
      for (int lane = 0; lane < half; ++lane)
        sums[static_cast<std::size_t>(warp + lane)] += sums[static_cast<std::size_t>(warp + lane + half)];
    }
    total = warp == 0 ? sums[0] : total + sums[static_cast<std::size_t>(warp)];
  }
  return total;
}

/// result = scale weight[row] sum + offset, the last touch to a sum.
struct Finish {
  double scale;
  double offset;
  const double* weight;  // per row, or nullptr for 1
  DDIM_HD double operator()(double sum, Index row) const {
    return fma(weight == nullptr ? scale : scale * weight[row], sum, offset);
  }
};

/// Lemma1, Eq7, Eq8 (log density), Eq11 (kl), Theorem1 (weighted noise error): per sample, over chunks of it,
/// sum_k (a_k - c b_k)^2. Block (j, chunk) writes out[j chunks + chunk]; with one chunk per sample the sum is
/// finished at once.
template <class T>
struct SquaredDistance {
  static constexpr Index kChunk = Index{kSumThreads} * kPack<T> * kSumRounds;
  double c;
  Layout layout;
  Source<T> in[2];
  Finish finish;
  double* out;

  DDIM_HD Index chunks() const { return layout.dim <= kChunk ? 1 : (layout.dim + kChunk - 1) / kChunk; }
  Index blocks() const { return layout.samples * chunks(); }

  /// What thread t of a block adds up. kAhead rounds are loaded before the first of them is added; in a round that
  /// the sample reaches, what lies beyond it is zero and adds nothing.
  DDIM_HD double sum_of_thread(Index block, int t) const {
    constexpr int V = kPack<T>, kAhead = 4;
    const Index j = block / chunks(), first = (block - j * chunks()) * kChunk, start = first + Index{t} * V;
    const Layout row = layout.one_sample();
    const Source<T> a = in[0].sample(j), b = in[1].sample(j);
    double sum = 0;
    for (int round = 0; round < kSumRounds && reaches(first, round); round += kAhead) {
      Chunk of_a[kAhead], of_b[kAhead];
      DDIM_UNROLL for (int r = 0; r < kAhead; ++r) {
        const Index k = start + Index{round + r} * kSumThreads * V, rest = layout.dim - k;
        of_a[r] = of_b[r] = Chunk{};
        if (rest <= 0) continue;
        of_a[r] = gather(a, row, k, rest < V ? static_cast<int>(rest) : V);
        of_b[r] = gather(b, row, k, rest < V ? static_cast<int>(rest) : V);
      }
      DDIM_UNROLL for (int r = 0; r < kAhead; ++r) {
        if (reaches(first, round + r)) sum = add(sum, of_a[r], of_b[r]);
      }
    }
    return sum;
  }
  /// Whether a round of the chunk that begins at element `first` has any of the sample's: all threads agree.
  DDIM_HD bool reaches(Index first, int round) const {
    return first + Index{round} * kSumThreads * kPack<T> < layout.dim;
  }
  DDIM_HD double add(double sum, const Chunk& of_a, const Chunk& of_b) const {
    Real<T> a[kPack<T>], b[kPack<T>];
    widen<T>(of_a, a);
    widen<T>(of_b, b);
    DDIM_UNROLL for (int i = 0; i < kPack<T>; ++i) {
      const double difference = fma(-c, static_cast<double>(b[i]), static_cast<double>(a[i]));
      sum = fma(difference, difference, sum);
    }
    return sum;
  }
  DDIM_HD void write(Index block, double sum) const { out[block] = chunks() == 1 ? finish(sum, block) : sum; }

  void host() const {
    for (Index block = 0; block < blocks(); ++block) {
      std::vector<double> sums(kSumThreads, 0.0);
      const Index j = block / chunks(), start = (block - j * chunks()) * kChunk;
      for (Index k = start; k < layout.dim && k < start + kChunk; ++k) {
        const double a = static_cast<double>(load_element(in[0], layout, j * layout.dim + k));
        const double difference =
            fma(-c, static_cast<double>(load_element(in[1], layout, j * layout.dim + k)), a);
        double& sum = sums[static_cast<std::size_t>((k - start) / kPack<T> % kSumThreads)];
        sum = fma(difference, difference, sum);
      }
      write(block, add_block(sums));
    }
  }
};

/// Sums of consecutive rows of doubles: row r adds in[r width .. (r + 1) width) up to n.
struct RowSum {
  const double* in;
  Index n;
  Index width;
  Finish finish;
  double* out;

  Index blocks() const { return n == 0 ? 1 : (n + width - 1) / width; }
  DDIM_HD double sum_of_thread(Index row, int t) const {
    const Index end = (row + 1) * width < n ? (row + 1) * width : n;
    double sum = 0;
    for (Index i = row * width + t; i < end; i += kSumThreads) sum += in[i];
    return sum;
  }
  DDIM_HD void write(Index row, double sum) const { out[row] = finish(sum, row); }

  void host() const {
    for (Index row = 0; row < blocks(); ++row) {
      std::vector<double> sums(kSumThreads, 0.0);
      for (Index i = row * width; i < (row + 1) * width && i < n; ++i)
        sums[static_cast<std::size_t>((i - row * width) % kSumThreads)] += in[i];
      write(row, add_block(sums));
    }
  }
};

}  // namespace ddim::cuda
