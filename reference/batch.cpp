#include "reference/batch.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace ddim {
namespace {

std::string shape(Eigen::Index rows, Eigen::Index cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

using Flat = Eigen::Map<const Eigen::ArrayXd>;

/// Runs `block(first, count)` over all elements in cache-sized pieces and checks each piece while it is still
/// in cache: a NaN or infinity among the inputs cannot give a finite result (0 * infinity is NaN), so one
/// look at the result covers every input at no further memory traffic.
template <class Block>
bool all_finite_by_blocks(BatchOut& result, Block block) {
  constexpr Eigen::Index kBlock = 2048;
  bool finite = true;
  for (Eigen::Index first = 0; first < result.size(); first += kBlock) {
    const Eigen::Index count = std::min(kBlock, result.size() - first);
    Eigen::Map<Eigen::ArrayXd> piece(result.data() + first, count);
    block(piece, first, count);
    finite = finite && (piece - piece == 0).all();
  }
  return finite;
}

/// Ref<MatrixXd> allows an outer stride; a block of whole columns has none.
bool is_flat(const BatchRef& value) { return value.cols() <= 1 || value.outerStride() == value.rows(); }

template <class... Terms>
void combine_terms(BatchOut& result, const Terms&... terms) {
  (require_shape(terms.name, terms.value, result.rows(), result.cols()), ...);
  if (!(is_flat(terms.value) && ...) || !is_flat(result)) {
    for (Eigen::Index j = 0; j < result.cols(); ++j) {
      BatchOut column = result.col(j);
      combine_terms(column, Term{terms.coefficient, terms.name, terms.value.col(j)}...);
    }
    return;
  }
  const bool finite = all_finite_by_blocks(result, [&](auto& piece, Eigen::Index first, Eigen::Index count) {
    piece = (... + (terms.coefficient * Flat(terms.value.data() + first, count)));
  });
  if (finite) return;
  (require_finite(terms.name, terms.value), ...);
  require_finite("the result (finite inputs overflow)", result);
}

}  // namespace

void require_finite(const char* name, const BatchRef& value) {
  for (Eigen::Index j = 0; j < value.cols(); ++j) {
    for (Eigen::Index i = 0; i < value.rows(); ++i) {
      if (!std::isfinite(value(i, j))) {
        throw DomainError(std::string(name) + "(" + std::to_string(i) + ", " + std::to_string(j) + ")",
                          value(i, j), "the finite numbers");
      }
    }
  }
}

void require_shape(const char* name, const BatchRef& value, Eigen::Index rows, Eigen::Index cols) {
  if (value.rows() != rows || value.cols() != cols) {
    throw ShapeError(std::string("shape of ") + name, shape(value.rows(), value.cols()), shape(rows, cols));
  }
}

void combine(const Term& x0, const Term& x1, BatchOut result) { combine_terms(result, x0, x1); }

void combine(const Term& x0, const Term& x1, const Term& x2, BatchOut result) {
  combine_terms(result, x0, x1, x2);
}

Batch combine(const Term& x0, const Term& x1) {
  Batch result(x0.value.rows(), x0.value.cols());
  combine(x0, x1, result);
  return result;
}

Batch combine(const Term& x0, const Term& x1, const Term& x2) {
  Batch result(x0.value.rows(), x0.value.cols());
  combine(x0, x1, x2, result);
  return result;
}

}  // namespace ddim
