#pragma once

// Internal: the two inner loops of the library, over contiguous memory. Each
// value is the same IEEE arithmetic in the same order whatever the width of
// the machine's vectors: the order of a sum depends on its length alone.

#include <Eigen/Core>
#include <array>

namespace ddim {

/// c[0] x[0] + c[1] x[1] + ..., added from the left.
template <std::size_t terms>
struct Affine {
  std::array<double, terms> c;
  std::array<const double*, terms> x;
};

/// result[i] = the affine form at i, i < size, in each of `columns`: column j of input k is stride[k] j further
/// on, that of the result result_stride j. The result may be one of the inputs. False where a result is not
/// finite, and so wherever an input is not (0 * infinity is NaN); rarely also where only their sum overflows.
template <std::size_t terms>
bool combine_lanes(const Affine<terms>& form, const std::array<Eigen::Index, terms>& stride,
                   Eigen::Index size, Eigen::Index columns, double* result, Eigen::Index result_stride);

/// result[j] = sum_i (the affine form at i)^2, i < size, column j of input k being stride[k] j further on:
/// eight running sums, then their tree. Error of a sum itself: (size / 8 + 4) u relative.
template <std::size_t terms>
void squared_norms_lanes(const Affine<terms>& form, const std::array<Eigen::Index, terms>& stride,
                         Eigen::Index size, Eigen::Index columns, double* result);

/// Least value and sum of x[i], i < size, in the same order; NaN in gives NaN in the sum.
struct LeastAndSum {
  double least, sum;
};
LeastAndSum least_and_sum_lanes(const double* x, Eigen::Index size);

}  // namespace ddim
