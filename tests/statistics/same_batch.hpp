#pragma once

#include <gtest/gtest.h>

#include "reference/batch.hpp"

namespace ddim::statistics {

/// Equal in shape and in every element. (Without assertions Eigen's == reads two shapes as if they were one.)
inline testing::AssertionResult same_batch(const BatchRef& one, const BatchRef& other) {
  if (one.rows() != other.rows() || one.cols() != other.cols()) {
    return testing::AssertionFailure()
           << one.rows() << " x " << one.cols() << " and " << other.rows() << " x " << other.cols();
  }
  if (one != other) return testing::AssertionFailure() << one << "\nand\n" << other;
  return testing::AssertionSuccess();
}

}  // namespace ddim::statistics
