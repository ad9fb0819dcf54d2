#pragma once

#include "tests/conformance/implementation.hpp"
#include "tests/statistics/engine.hpp"

namespace ddim::conformance {

/// A run in the terms of the statistics: the configuration's times, laws and restrictions. Under
/// Dialect::diffusers with set_alpha_to_one = false the last step goes to alpha_bar[0], not to the data;
/// where it starts there too it is left out. Errors: DomainError where the run is not defined.
statistics::Setting setting_of(const Run& run);

/// An implementation as a subject: it answers for its step, its noising and its list of times. With
/// `own_noise` the step draws its own noise, and noise is handed in for the exact comparison only. Its
/// functions throw statistics::NotSupplied for what the implementation does not have, std::runtime_error with
/// its own message for everything else that goes wrong. `implementation` must outlive the subject.
statistics::Subject subject_of(Implementation& implementation, const Run& run, bool own_noise);

}  // namespace ddim::conformance
