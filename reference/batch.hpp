#pragma once

#include <Eigen/Core>

#include "reference/environment.hpp"
#include "reference/error.hpp"
#include "reference/threads.hpp"

namespace ddim {

/// d x n samples: a column is a sample, a row a dimension.
using Batch = Eigen::MatrixXd;
/// One number per sample.
using PerSample = Eigen::VectorXd;
/// How functions take a batch: any contiguous column-major matrix or block of whole columns, without a copy.
using BatchRef = Eigen::Ref<const Batch>;
using BatchOut = Eigen::Ref<Batch>;

/// A coefficient times a named batch; the name appears in errors.
struct Term {
  double coefficient;
  const char* name;
  BatchRef value;
};

/// result = c0 x0 + c1 x1, or (c0 x0 + c1 x1) + c2 x2: every step of this library is one of these. The result
/// may be exactly one of the batches. Errors: ShapeError where sizes differ; DomainError naming the input
/// that holds a NaN or infinity, the result where finite inputs overflow, or the input that shares memory with
/// a result that it is not exactly; require_environment's. Error of each component:
/// affine2_bound, affine3_bound in proofs/generated/bounds.hpp; against the exact coefficients, of which the
/// library's are within 1 ulp, affine2_bound_inexact and affine3_bound_inexact with kappa = 2^-52.
void combine(const Term& x0, const Term& x1, BatchOut result, Threads threads = {});
void combine(const Term& x0, const Term& x1, const Term& x2, BatchOut result, Threads threads = {});
Batch combine(const Term& x0, const Term& x1, Threads threads = {});
Batch combine(const Term& x0, const Term& x1, const Term& x2, Threads threads = {});

/// DomainError naming the first NaN or infinity with its place;
/// `value` starts at column `first_column` of the batch.
void require_finite(const char* name, const BatchRef& value, Eigen::Index first_column = 0);
/// ShapeError unless `value` is rows x cols.
void require_shape(const char* name, const BatchRef& value, Eigen::Index rows, Eigen::Index cols);

}  // namespace ddim
