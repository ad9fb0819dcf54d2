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
  NormalStream words;
  std::int32_t* category;

  DDIM_HD Index packs() const { return layout.samples; }
  Index blocks() const { return (packs() + kThreads - 1) / kThreads; }

  DDIM_HD double uniform_of(Index j) const {
    if (uniforms != nullptr) return uniforms[j];
    const Words drawn = words.words(static_cast<std::uint64_t>(j));
    return static_cast<double>((std::uint64_t{drawn.w[0]} << 32 | drawn.w[1]) >> 11) * 0x1p-53;
  }
  /// What is left of u after one category.
  DDIM_HD double after(double u, Real<T> current, Real<T> clean) const {
    return u - fma(x_t, static_cast<double>(current), fma(x0, static_cast<double>(clean), uniform));
  }
  DDIM_HD void write(Index j, double u, Index k) const {
    category[j] = u == u ? static_cast<std::int32_t>(k) : -1;
  }

  DDIM_HD void pack(Index j) const {
    constexpr int V = kPack<T>;
    if (j >= packs()) return;
    const Layout column = layout.one_sample();
    double u = uniform_of(j);
    Index found = 0;
    for (Index k = 0; k < layout.dim && u >= 0; k += V) {
      const int count = layout.dim - k < V ? static_cast<int>(layout.dim - k) : V;
      const Chunk of_x_t = gather(in[0].sample(j), column, k, count);
      const Chunk of_x0 = gather(in[1].sample(j), column, k, count);
      Real<T> current[V], clean[V];
      widen<T>(of_x_t, current);
      widen<T>(of_x0, clean);
      for (int i = 0; i < V; ++i) {
        if (i == count || !(u >= 0)) break;
        found = k + i;
        u = after(u, current[i], clean[i]);
      }
    }
    write(j, u, found);
  }

  void host() const {
    for (Index j = 0; j < packs(); ++j) {
      double u = uniform_of(j);
      Index k = -1;
      do {
        ++k;
        const Index e = j * layout.dim + k;
        u = after(u, load_element(in[0], layout, e), load_element(in[1], layout, e));
      } while (u >= 0 && k + 1 < layout.dim);
      write(j, u, k);
    }
  }
};

}  // namespace ddim::cuda
