#include "reference/lanes.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace ddim {
namespace {

using Eigen::Index;
constexpr Index kLanes = 8;

// Everything here is inlined into the functions below that are compiled for every x86-64 and again for AVX2.
#define DDIM_INLINE [[gnu::always_inline]] inline

/// Eight doubles, in vectors of `width`.
template <int width>
struct Lanes {
  using Vector [[gnu::vector_size(width * sizeof(double))]] = double;
  static constexpr int kVectors = kLanes / width;
  Vector v[kVectors] = {};

  DDIM_INLINE void load(const double* from) {
    for (int k = 0; k < kVectors; ++k) std::memcpy(&v[k], from + k * width, sizeof v[k]);
  }
  DDIM_INLINE void store(double* to) const {
    for (int k = 0; k < kVectors; ++k) std::memcpy(to + k * width, &v[k], sizeof v[k]);
  }
  /// ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)), the first halvings in vectors.
  DDIM_INLINE double tree() const {
    Vector s[kVectors];
    for (int k = 0; k < kVectors; ++k) s[k] = v[k];
    for (int half = kVectors / 2; half > 0; half /= 2) {
      for (int k = 0; k < half; ++k) s[k] += s[k + half];
    }
    if constexpr (width == 2) {
      return s[0][0] + s[0][1];
    } else {
      static_assert(width == 4);
      return (s[0][0] + s[0][2]) + (s[0][1] + s[0][3]);
    }
  }
};

/// An affine form whose coefficients stay in registers.
template <int width, std::size_t terms>
struct Form {
  using Vector = typename Lanes<width>::Vector;
  Vector c[terms];
  const double* x[terms];

  DDIM_INLINE explicit Form(const Affine<terms>& form) {
    for (std::size_t k = 0; k < terms; ++k) {
      for (int j = 0; j < width; ++j) c[k][j] = form.c[k];
      x[k] = form.x[k];
    }
  }
  DDIM_INLINE void at(Index i, Lanes<width>& value) const {
    value.load(x[0] + i);
    for (auto& v : value.v) v *= c[0];
    for (std::size_t k = 1; k < terms; ++k) {
      Lanes<width> next;
      next.load(x[k] + i);
      for (int j = 0; j < Lanes<width>::kVectors; ++j) value.v[j] += c[k] * next.v[j];
    }
  }
  DDIM_INLINE void next(const std::array<Index, terms>& stride) {
    for (std::size_t k = 0; k < terms; ++k) x[k] += stride[k];
  }
  DDIM_INLINE double at(Index i) const {
    double value = c[0][0] * x[0][i];
    for (std::size_t k = 1; k < terms; ++k) value += c[k][0] * x[k][i];
    return value;
  }
};

template <int width, std::size_t terms>
DDIM_INLINE bool combine(const Affine<terms>& affine, const std::array<Index, terms>& stride, Index size,
                         Index columns, double* result, Index result_stride) {
  Form<width, terms> form(affine);
  Lanes<width> check, value;
  double rest = 0;
  for (Index j = 0; j < columns; ++j, form.next(stride), result += result_stride) {
    Index i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      form.at(i, value);
      value.store(result + i);
      for (int k = 0; k < Lanes<width>::kVectors; ++k) check.v[k] += value.v[k];
    }
    for (; i < size; ++i) rest += result[i] = form.at(i);
  }
  return std::isfinite(check.tree() + rest);
}

template <int width, std::size_t terms>
DDIM_INLINE double squared_norm(const Form<width, terms>& form, Index size) {
  Lanes<width> sum, value;
  Index i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    form.at(i, value);
    for (int k = 0; k < Lanes<width>::kVectors; ++k) sum.v[k] += value.v[k] * value.v[k];
  }
  if (i == size) return sum.tree();
  double lanes[kLanes];
  sum.store(lanes);
  for (Index k = 0; i < size; ++i, ++k) {
    const double one = form.at(i);
    lanes[k] += one * one;
  }
  sum.load(lanes);
  return sum.tree();
}

template <int width, std::size_t terms>
DDIM_INLINE void squared_norms(const Affine<terms>& affine, const std::array<Index, terms>& stride,
                               Index size, Index columns, double* result) {
  Form<width, terms> form(affine);
  for (Index j = 0; j < columns; ++j, form.next(stride)) result[j] = squared_norm(form, size);
}

template <int width>
DDIM_INLINE LeastAndSum least_and_sum(const double* x, Index size) {
  using Vector = typename Lanes<width>::Vector;
  Lanes<width> low, sum, value;
  for (auto& v : low.v) v += std::numeric_limits<double>::infinity();
  Index i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    value.load(x + i);
    for (int k = 0; k < Lanes<width>::kVectors; ++k) {
      low.v[k] = value.v[k] < low.v[k] ? value.v[k] : low.v[k];
      sum.v[k] += value.v[k];
    }
  }
  Vector lowest = low.v[0];
  for (const Vector& v : low.v) lowest = v < lowest ? v : lowest;
  double least = lowest[0];
  for (int k = 1; k < width; ++k) least = lowest[k] < least ? lowest[k] : least;
  if (i < size) {
    double lanes[kLanes];
    sum.store(lanes);
    for (Index k = 0; i < size; ++i, ++k) {
      least = x[i] < least ? x[i] : least;
      lanes[k] += x[i];
    }
    sum.load(lanes);
  }
  return {least, sum.tree()};
}

#if defined(__x86_64__)
// Without fma: AVX2 changes how many values an instruction takes, and no bit of any.
#define DDIM_AVX2 [[gnu::target("avx2")]]
const bool kAvx2 = __builtin_cpu_supports("avx2");
#else
#define DDIM_AVX2
constexpr bool kAvx2 = false;
#endif

template <std::size_t terms>
DDIM_AVX2 bool combine_avx2(const Affine<terms>& form, const std::array<Index, terms>& stride, Index size,
                            Index columns, double* result, Index result_stride) {
  return combine<4>(form, stride, size, columns, result, result_stride);
}
template <std::size_t terms>
DDIM_AVX2 void squared_norms_avx2(const Affine<terms>& form, const std::array<Index, terms>& stride,
                                  Index size, Index columns, double* result) {
  squared_norms<4>(form, stride, size, columns, result);
}
DDIM_AVX2 LeastAndSum least_and_sum_avx2(const double* x, Index size) { return least_and_sum<4>(x, size); }

}  // namespace

template <std::size_t terms>
bool combine_lanes(const Affine<terms>& form, const std::array<Index, terms>& stride, Index size,
                   Index columns, double* result, Index result_stride) {
  return kAvx2 ? combine_avx2(form, stride, size, columns, result, result_stride)
               : combine<2>(form, stride, size, columns, result, result_stride);
}

template <std::size_t terms>
void squared_norms_lanes(const Affine<terms>& form, const std::array<Index, terms>& stride, Index size,
                         Index columns, double* result) {
  kAvx2 ? squared_norms_avx2(form, stride, size, columns, result)
        : squared_norms<2>(form, stride, size, columns, result);
}

LeastAndSum least_and_sum_lanes(const double* x, Index size) {
  return kAvx2 ? least_and_sum_avx2(x, size) : least_and_sum<2>(x, size);
}

#define DDIM_LANES(terms)                                                                                   \
  template bool combine_lanes(const Affine<terms>&, const std::array<Index, terms>&, Index, Index, double*, \
                              Index);                                                                       \
  template void squared_norms_lanes(const Affine<terms>&, const std::array<Index, terms>&, Index, Index,    \
                                    double*);
DDIM_LANES(1)
DDIM_LANES(2)
DDIM_LANES(3)

}  // namespace ddim
