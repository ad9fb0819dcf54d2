#pragma once

#include <functional>
#include <span>
#include <string>

#include "tests/samplers/builtin.hpp"
#include "tests/samplers/open.hpp"

namespace ddim::faults {

/// What decides how fast a fault can be found.
enum class Kind { parametric, shape, dependence, exact };
std::string to_text(Kind kind);

/// A run on which a fault shows.
struct Where {
  std::string config = "sd15";    ///< a file of tests/conformance/configs; "": the paper's own
  std::string dialect = "paper";  ///< whose definition it breaks
  int S = 6;
  const samplers::Spacing* spacing = nullptr;  ///< nullptr: the file's
  double eta = 0.5;
};

/// One way in which real code has been wrong: the reference with one thing replaced. The one bank: it serves as
/// `builtin:fault:NAME`, as the ranked causes of a failure, as the words of a diagnosis, and as the rows of the
/// kill matrix. Adding one is one entry in the file of its equation.
struct Fault {
  std::string name;
  std::string equation;   ///< the tag it breaks, or Schedule, Tau, Generator
  std::string condition;  ///< when it shows
  std::string seen;       ///< where it has been seen
  std::string says;       ///< how a report names it
  Kind kind = Kind::parametric;
  Where where = {};

  /// The mistake: in the decisions of a sampler's step, or (also) in any other equation of a sampler.
  std::function<void(samplers::Recipe&)> in_recipe = {};
  std::function<void(samplers::Sampler&)> in_sampler = {};

  std::string equivalent = {};  ///< why no draws can tell it from the reference; empty: they can
  /// log(density / normal density) of the noise at z, for shape faults: what Wald's bound needs.
  std::function<double(double z)> log_density = {};
};

/// Every fault, by equation in the paper's order.
std::span<const Fault> faults();
/// nullptr: no fault of that name.
const Fault* find(const std::string& name);

/// The run on which it shows, and the reference with that mistake.
samplers::Run run_of(const Where& where);
samplers::Sampler sampler_of(const Fault& fault);
/// Why `check` cannot see it, in one line; empty: it can.
std::string unseen_by_check(const Fault& fault);

/// As samplers::open, and `builtin:fault:NAME`. Errors: OpenError.
samplers::Sampler open(const std::string& locator, const samplers::OpenOptions& options = {});
/// The fault that a locator names; nullptr: none.
const Fault* named_by(const std::string& locator);

}  // namespace ddim::faults
