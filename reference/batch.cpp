#include "reference/batch.hpp"

#include <cmath>
#include <string>

namespace ddim {
namespace {

std::string shape(Eigen::Index rows, Eigen::Index cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

/// Runs over all elements, `lanes` at a time, and tells whether every result is finite. A NaN or infinity
/// among the inputs cannot give a finite result (0 * infinity is NaN), so this one look, taken in registers,
/// covers every input at no further memory traffic. Reading a lane before writing it lets the result be one
/// of the inputs.
template <class... Terms>
bool combine_flat(double* result, Eigen::Index size, Terms... terms) {
  constexpr Eigen::Index kLanes = 16;
  using Lanes = Eigen::Array<double, kLanes, 1>;
  Lanes check = Lanes::Zero();
  Eigen::Index i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const Lanes value = (... + (terms.coefficient * Eigen::Map<const Lanes>(terms.data + i)));
    Eigen::Map<Lanes>(result + i) = value;
    check += 0 * value;
  }
  double rest = 0;
  for (; i < size; ++i) {
    result[i] = (... + (terms.coefficient * terms.data[i]));
    rest += 0 * result[i];
  }
  return check.sum() + rest == 0;
}

/// A term as plain values: held by reference they would have to be read again after every store.
struct FlatTerm {
  double coefficient;
  const double* data;
};

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
  if (combine_flat(result.data(), result.size(), FlatTerm{terms.coefficient, terms.value.data()}...)) return;
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
