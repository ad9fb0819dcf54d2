#pragma once

#include "cuda/map.hpp"

namespace ddim::cuda {

/// AppendixA. q(x_{t-1} | x_t, x_0) = x_t x_t + x0 x_0 + uniform / K, element by element. Inputs: x_t, x_0.
template <class T>
struct DiscreteStep {
  using Stored = T;
  static constexpr int kInputs = 2, kOutputs = 1;
  static constexpr bool takes(Noise noise) { return noise == Noise::none; }
  Real<T> x_t, x0, uniform;  // uniform: already divided by K
  DDIM_HD void operator()(const Real<T> (&in)[2], Real<T> (&out)[1]) const {
    out[0] = fma(x_t, in[0], fma(x0, in[1], uniform));
  }
};

/// AppendixA. A category of that law per column by inversion, in double; one thread takes one column.
/// A column with a NaN before its category is found gets -1.
template <class T>
struct DiscreteDraw {
  double x_t, x0, uniform;
  Layout layout;           // samples columns of dim = K categories
  Source<T> in[2];         // x_t, x_0
  const double* uniforms;  // in [0, 1); nullptr: 53 bits of the column's own block of `words`
  Normals words;
  std::int32_t* category;

  DDIM_HD Index packs() const { return layout.samples; }
  Index blocks() const { return (packs() + kThreads - 1) / kThreads; }

  DDIM_HD void pack(Index j) const {
    double u;
    if (uniforms != nullptr) {
      u = uniforms[j];
    } else {
      const Words drawn = words.words(static_cast<std::uint64_t>(j));
      u = static_cast<double>((std::uint64_t{drawn.w[0]} << 32 | drawn.w[1]) >> 11) * 0x1p-53;
    }
    const T* const current = in[0].data + j * in[0].stride;
    const T* const clean = in[1].data + j * in[1].stride;
    Index k = 0;
    for (;; ++k) {
      const double probability = fma(x_t, static_cast<double>(to_real(current[k])),
                                     fma(x0, static_cast<double>(to_real(clean[k])), uniform));
      u = u - probability;
      if (!(u >= 0) || k + 1 == layout.dim) break;
    }
    category[j] = u == u ? static_cast<std::int32_t>(k) : -1;
  }

  void host() const {
    for (Index j = 0; j < packs(); ++j) pack(j);
  }
};

}  // namespace ddim::cuda
