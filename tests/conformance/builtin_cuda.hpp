#pragma once

#include <memory>
#include <string>

#include "tests/conformance/implementation.hpp"

namespace ddim::conformance {

/// The CUDA path as an implementation under test, in one dtype: on a card where there is one, else its plain
/// loops on the CPU, which give the same bits; its name says which, and why. Errors: DomainError for a dtype
/// that is none of unit_roundoff's.
std::unique_ptr<Implementation> open_cuda(const std::string& dtype);

}  // namespace ddim::conformance
