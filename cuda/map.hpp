#pragma once

#include "cuda/random.hpp"
#include "cuda/tensor.hpp"

namespace ddim::cuda {

/// Where a step's noise comes from: nowhere (sigma = 0), a batch, or the kernel itself.
enum class Noise { none, given, drawn };

inline constexpr int kThreads = 256;

/// The normals of the elements from `first` on. Where `first` begins a block, as a pack does unless samples
/// of an odd size precede it, that is a block per kSize elements; else one more, shifted into place.
template <class T>
DDIM_HD inline void draw(const NormalStream& normals, std::uint64_t subsequence, Index first,
                         Real<T> (&z)[kPack<T>]) {
  constexpr int size = NormalBlock<Real<T>>::kSize, blocks = kPack<T> / size;
  const auto shift = static_cast<int>(first % size);
  Real<T> drawn[kPack<T> + size] = {};
  DDIM_UNROLL for (int b = 0; b <= blocks; ++b) {
    if (b == blocks && shift == 0) break;
    const auto block = normals.block<Real<T>>(first / size + b, subsequence);
    DDIM_UNROLL for (int k = 0; k < size; ++k) drawn[b * size + k] = block.z[k];
  }
  DDIM_UNROLL for (int k = 0; k < kPack<T>; ++k) {
    z[k] = drawn[k];
    DDIM_UNROLL for (int s = 1; s < size; ++s) z[k] = shift == s ? drawn[k + s] : z[k];
  }
}
/// Those of pack p.
template <class T>
DDIM_HD inline void draw_whole(const NormalStream& normals, std::uint64_t subsequence, Index p,
                               Real<T> (&z)[kPack<T>]) {
  constexpr int size = NormalBlock<Real<T>>::kSize, blocks = kPack<T> / size;
  static_assert(kPack<T> % size == 0);
  DDIM_UNROLL for (int b = 0; b < blocks; ++b) {
    const auto block = normals.block<Real<T>>(p * blocks + b, subsequence);
    DDIM_UNROLL for (int k = 0; k < size; ++k) z[b * size + k] = block.z[k];
  }
}

/// A functor applied to every element, then sigma times noise added to its first output in one fma:
///   out = functor(in);  out[0] = fma(sigma, noise, out[0]).
/// One thread takes one pack of 16 bytes. An output may be an input's own batch: a pack is read before it is
/// written.
template <class F, Noise noise>
struct Map {
  using T = typename F::Stored;
  using R = Real<T>;
  static constexpr int kSources = F::kInputs + (noise == Noise::given ? 1 : 0);
  static constexpr int V = kPack<T>;

  F functor;
  R sigma;
  Layout layout;
  Source<T> in[kSources];      // the noise, where given, comes last
  Target<T> out[F::kOutputs];  // data = nullptr: not wanted
  NormalStream normals;

  DDIM_HD Index packs() const { return (layout.size() + V - 1) / V; }
  Index blocks() const { return (packs() + kThreads - 1) / kThreads; }

  DDIM_HD void pack(Index p) const {
    const Index first = p * V;
    Chunk raw[kSources];
    R y[F::kOutputs][V], z[V];
    if (p < layout.whole) {
      DDIM_UNROLL for (int i = 0; i < kSources; ++i) raw[i] = load_chunk(in[i].data + first);
      if constexpr (noise == Noise::drawn) draw_whole<T>(normals, normals.subsequence, p, z);
      apply(raw, z, y);
      DDIM_UNROLL for (int o = 0; o < F::kOutputs; ++o) {
        if (out[o].data != nullptr) store_chunk(out[o].data + first, narrowed<T>(y[o]));
      }
    } else if (const Index rest = layout.size() - first; rest > 0) {
      const int count = rest < V ? static_cast<int>(rest) : V;
      DDIM_UNROLL for (int i = 0; i < kSources; ++i) raw[i] = gather(in[i], layout, first, count);
      if constexpr (noise == Noise::drawn) draw<T>(normals, normals.subsequence, first, z);
      apply(raw, z, y);
      DDIM_UNROLL for (int o = 0; o < F::kOutputs; ++o) {
        if (out[o].data != nullptr) scatter(out[o], layout, first, count, narrowed<T>(y[o]));
      }
    }
  }

  DDIM_HD void apply(const Chunk (&raw)[kSources], R (&z)[V], R (&y)[F::kOutputs][V]) const {
    R x[kSources][V];
    DDIM_UNROLL for (int i = 0; i < kSources; ++i) widen<T>(raw[i], x[i]);
    DDIM_UNROLL for (int k = 0; k < V; ++k) {
      if constexpr (noise == Noise::given) z[k] = x[F::kInputs][k];
      R element[F::kInputs], result[F::kOutputs];
      DDIM_UNROLL for (int i = 0; i < F::kInputs; ++i) element[i] = x[i][k];
      functor(element, result);
      if constexpr (noise != Noise::none) result[0] = fma(sigma, z[k], result[0]);
      DDIM_UNROLL for (int o = 0; o < F::kOutputs; ++o) y[o][k] = result[o];
    }
  }

  /// The same on the CPU: a plain loop over elements that shares nothing with the above but the functor and
  /// the normals.
  void host() const {
    constexpr int size = NormalBlock<R>::kSize;
    NormalBlock<R> block{};
    for (Index e = 0; e < layout.size(); ++e) {
      R element[F::kInputs], result[F::kOutputs];
      for (int i = 0; i < F::kInputs; ++i) element[i] = load_element(in[i], layout, e);
      functor(element, result);
      if constexpr (noise == Noise::drawn) {
        if (e % size == 0) block = normals.block<R>(e / size);
        result[0] = fma(sigma, block.z[e % size], result[0]);
      } else if constexpr (noise == Noise::given) {
        result[0] = fma(sigma, load_element(in[F::kInputs], layout, e), result[0]);
      }
      for (int o = 0; o < F::kOutputs; ++o) {
        if (out[o].data != nullptr) store_element(out[o], layout, e, result[o]);
      }
    }
  }
};

}  // namespace ddim::cuda
