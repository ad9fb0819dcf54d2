#pragma once

#include <functional>
#include <span>
#include <string>

#include "tests/statistics/gates.hpp"
#include "tests/statistics/subject.hpp"

namespace ddim::statistics {

/// What decides how fast a fault can be found.
enum class FaultKind { parametric, shape, dependence, exact };
std::string to_text(FaultKind kind);

/// The reference with one equation replaced by a known mistake: forward steps, paths, the objective, the
/// discrete family, and the noise itself. (Mistakes of the sampler's step are conformance's bank.)
struct EquationFault {
  std::string name;
  std::string equation;
  std::string description;
  FaultKind kind;
  std::function<void(Subject&)> apply;
  /// Why no claim can see it, for the mutants that are equivalent; empty for all others.
  std::string equivalent = {};
  /// log(density / normal density) of the noise at z, for shape faults: what Wald's bound needs.
  std::function<double(double z)> log_density = {};
};
std::span<const EquationFault> equation_faults();
const EquationFault* find_equation_fault(const std::string& name);

/// A mistake in the suite's own judgement.
struct SuiteFault {
  std::string name;
  std::string description;
  std::function<void(Instruments&)> apply;
};
std::span<const SuiteFault> suite_faults();

/// What a suite must get right to be believed: the reference passes, and chosen known-wrong subjects fail,
/// each in the claim named. Returns what went wrong; empty for sound instruments.
std::vector<std::string> self_check(const Instruments& instruments);

}  // namespace ddim::statistics
