#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tests/conformance/row.hpp"
#include "tests/samplers/bounds.hpp"

namespace ddim::conformance {

using samplers::Arithmetic;
using samplers::Config;
using samplers::Level;
using samplers::Levels;
using samplers::NoisingBound;
using samplers::Place;
using samplers::Real;
using samplers::RealBatch;
using samplers::Recipe;
using samplers::Run;
using samplers::StepBound;
using samplers::Table;
using samplers::table_roundoff;

/// How far a candidate's numbers are from the ones seen, relative to the expression's scale.
using Distance = std::function<double(const Recipe&)>;
/// The largest over a batch. Where both are not finite it is 0, where one is it is infinite.
double distance(const Batch& got, const RealBatch& candidate, const Batch& magnitude);

/// A row in the making: the comparison itself, the first place where it fails, and how to replay it.
class Draft {
 public:
  /// `u`: the unit roundoff of the sampler's dtype.
  Draft(std::string equation, std::string title, double u);

  /// `where(row, column)` says where an element stands.
  void compare(const Batch& got, const RealBatch& want, const Batch& bound,
               const std::function<std::string(Eigen::Index row, Eigen::Index column)>& where);
  void trouble(const samplers::Trouble& trouble, const std::string& where);
  void fail(const std::string& message);
  void explain_with(Distance distance) { distance_ = std::move(distance); }
  void note(const std::string& text);
  /// A step that the equations do not define.
  void skip() { ++skipped_; }
  /// Settles the status.
  void close();

  bool troubled() const { return troubled_; }
  /// Of the numbers that the sampler gave, one is finite; none is.
  bool shows_finite() const { return finite_ == true; }
  bool shows_none_finite() const { return finite_ == false; }
  /// Every number could be compared.
  bool decided() const { return !troubled_ && undefined_ == 0; }
  Row& row() { return row_; }
  const Row& row() const { return row_; }
  const Distance& distance_to() const { return distance_; }

 private:
  double ulps(double got, Real want) const;

  Row row_;
  double u_;
  Distance distance_;
  bool troubled_ = false;
  std::optional<bool> finite_;
  int skipped_ = 0;
  long undefined_ = 0;
};

}  // namespace ddim::conformance
