#include "reference/batch.hpp"

#include <atomic>
#include <cmath>
#include <string>
#include <tuple>

#include "reference/lanes.hpp"
#include "reference/pieces.hpp"
#include "reference/squares.hpp"

namespace ddim {
namespace {

using Eigen::Index;

std::string shape(Index rows, Index cols) { return std::to_string(rows) + " x " + std::to_string(cols); }

/// Ref<MatrixXd> allows an outer stride; a block of whole columns has none.
bool is_flat(const BatchRef& value) { return value.cols() <= 1 || value.outerStride() == value.rows(); }

/// The terms from element `offset` on of column j.
template <class... Terms>
Affine<sizeof...(Terms)> affine(Index j, Index offset, const Terms&... terms) {
  return {{terms.coefficient...}, {terms.value.data() + j * terms.value.outerStride() + offset...}};
}

template <class... Terms>
bool combine_whole(BatchOut& result, Threads threads, const Terms&... terms) {
  constexpr Index kLeast = 8192;  // elements that are worth a thread
  std::atomic<bool> finite{true};
  const auto part = [&](Index j, Index columns, Index offset, Index size) {
    if (!combine_lanes(affine(j, offset, terms...), {terms.value.outerStride()...}, size, columns,
                       result.data() + j * result.outerStride() + offset, result.outerStride()))
      finite.store(false, std::memory_order_relaxed);
  };
  if ((is_flat(terms.value) && ...) && is_flat(result)) {
    in_pieces(threads, result.size(), kLeast,
              [&](Index first, Index last) { part(0, 1, first, last - first); });
  } else {
    in_pieces(threads, result.cols(), 1 + kLeast / (1 + result.rows()),
              [&](Index first, Index last) { part(first, last - first, 0, result.rows()); });
  }
  return finite;
}

/// Whether two batches have an element in common. Columns ascend in memory, so one walk along both finds it.
bool share_memory(const BatchOut& x, const BatchRef& y) {
  const auto end = [](const auto& z) { return z.data() + (z.cols() - 1) * z.outerStride() + z.rows(); };
  if (x.size() == 0 || y.size() == 0 || end(x) <= y.data() || end(y) <= x.data()) return false;
  for (Index i = 0, j = 0; i < x.cols() && j < y.cols();) {
    const double* const a = x.data() + i * x.outerStride();
    const double* const b = y.data() + j * y.outerStride();
    if (a + x.rows() <= b) {
      ++i;
    } else if (b + y.rows() <= a) {
      ++j;
    } else {
      return true;
    }
  }
  return false;
}

/// The result is the input, element by element, or apart from it: what else is written would be read again.
void require_apart(const BatchOut& result, const Term& term) {
  const bool same = result.data() == term.value.data() &&
                    (result.cols() == 1 || result.outerStride() == term.value.outerStride());
  if (!same && share_memory(result, term.value))
    throw DomainError("memory of the result", std::string("overlapping ") + term.name,
                      "memory of its own, or exactly an input's");
}

/// A NaN or infinity among the inputs cannot give a finite result (0 * infinity is NaN), so one look at the
/// results, taken in registers, covers every input at no further memory traffic.
template <class... Terms>
void combine_terms(BatchOut& result, Threads threads, const Terms&... terms) {
  (require_shape(terms.name, terms.value, result.rows(), result.cols()), ...);
  (require_apart(result, terms), ...);
  if (combine_whole(result, threads, terms...)) return;
  (require_finite(terms.name, terms.value), ...);
  require_no_overflow(result);
}

}  // namespace

void require_finite(const char* name, const BatchRef& value, Index first_column) {
  require_environment();
  for (Index j = 0; j < value.cols(); ++j) {
    // A sum is finite only where every term is.
    if (std::isfinite(least_and_sum_lanes(value.data() + j * value.outerStride(), value.rows()).sum))
      continue;
    for (Index i = 0; i < value.rows(); ++i) {
      if (!std::isfinite(value(i, j))) {
        throw DomainError(
            std::string(name) + "(" + std::to_string(i) + ", " + std::to_string(first_column + j) + ")",
            value(i, j), "the finite numbers");
      }
    }
  }
}

void require_no_overflow(const BatchRef& result, Index first_column) {
  require_finite("the result (finite inputs overflow)", result, first_column);
}

void require_shape(const char* name, const BatchRef& value, Index rows, Index cols) {
  if (value.rows() != rows || value.cols() != cols) {
    throw ShapeError(std::string("shape of ") + name, shape(value.rows(), value.cols()), shape(rows, cols));
  }
}

void combine(const Term& x0, const Term& x1, BatchOut result, Threads threads) {
  combine_terms(result, threads, x0, x1);
}

void combine(const Term& x0, const Term& x1, const Term& x2, BatchOut result, Threads threads) {
  combine_terms(result, threads, x0, x1, x2);
}

Batch combine(const Term& x0, const Term& x1, Threads threads) {
  Batch result(x0.value.rows(), x0.value.cols());
  combine(x0, x1, result, threads);
  return result;
}

Batch combine(const Term& x0, const Term& x1, const Term& x2, Threads threads) {
  Batch result(x0.value.rows(), x0.value.cols());
  combine(x0, x1, x2, result, threads);
  return result;
}

void combine(const Term& x, BatchOut result, Threads threads) { combine_terms(result, threads, x); }

template <std::same_as<Term>... Terms>
PerSample squared_norms(Index first_column, const Terms&... terms) {
  const Term& first = std::get<0>(std::tie(terms...));
  const Index rows = first.value.rows(), cols = first.value.cols();
  (require_shape(terms.name, terms.value, rows, cols), ...);
  PerSample result(cols);
  squared_norms_lanes(affine(0, 0, terms...), {terms.value.outerStride()...}, rows, cols, result.data());
  for (Index j = 0; j < cols; ++j) {
    if (std::isfinite(result[j])) continue;
    (require_finite(terms.name, terms.value, first_column), ...);
    // What is left is an overflow, of a component or, which gives infinity, of the sum.
    const Batch components = (... + (terms.coefficient * terms.value.col(j)));
    require_no_overflow(components, first_column + j);
  }
  return result;
}

template PerSample squared_norms(Index, const Term&);
template PerSample squared_norms(Index, const Term&, const Term&);
template PerSample squared_norms(Index, const Term&, const Term&, const Term&);

}  // namespace ddim
