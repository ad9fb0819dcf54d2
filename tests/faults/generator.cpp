#include <cmath>
#include <numbers>

#include "tests/faults/bank.hpp"

namespace ddim::faults {
namespace {

using Normals = Batch (*)(const Draws&, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                          std::uint32_t block);
std::function<void(Sampler&)> normals_by(Normals normals) {
  return [=](Sampler& sampler) { sampler.normals = normals; };
}

/// The right normals with something done to the batch.
std::function<void(Sampler&)> normals_but(void (*change)(Batch&)) {
  return [=](Sampler& sampler) {
    sampler.normals = [=](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                          std::uint32_t block) {
      Batch normals = draws.normal_batch(d, n, first, block);
      change(normals);
      return normals;
    };
  };
}

/// Each pair of Box-Muller's turned to another angle.
template <class Turn>
void turn_pairs(Batch& z, Turn turn) {
  for (Eigen::Index j = 0; j < z.cols(); ++j) {
    for (Eigen::Index i = 0; i + 1 < z.rows(); i += 2) {
      const double radius = std::hypot(z(i, j), z(i + 1, j)), angle = turn(std::atan2(z(i + 1, j), z(i, j)));
      z(i, j) = radius * std::cos(angle);
      z(i + 1, j) = radius * std::sin(angle);
    }
  }
}

void repeat_every_second(Batch& z) {
  for (Eigen::Index j = 1; j < z.cols(); j += 2) z.col(j) = z.col(j - 1).eval();
}

void share_radius(Batch& z) {
  for (Eigen::Index j = 0; j < z.cols(); ++j) {
    for (Eigen::Index i = 2; i + 1 < z.rows(); i += 2) {
      const double scale = std::hypot(z(0, j), z(1, j)) / std::hypot(z(i, j), z(i + 1, j));
      z(i, j) *= scale;
      z(i + 1, j) *= scale;
    }
  }
}

Batch of_32_bits(const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                 std::uint32_t block) {
  Batch z(d, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; i += 2) {
      const auto words =
          draws.words(first + static_cast<std::uint64_t>(j), block + static_cast<std::uint32_t>(i / 2));
      const double radius = std::sqrt(-2 * std::log1p(-0x1p-32 * words[1])),
                   angle = 2 * std::numbers::pi * words[3] * 0x1p-32;
      z(i, j) = radius * std::cos(angle);
      if (i + 1 < d) z(i + 1, j) = radius * std::sin(angle);
    }
  }
  return z;
}

}  // namespace

std::vector<Fault> generator_faults() {
  return {
      {.name = "generator-block-ignored",
       .equation = "Generator",
       .condition = "more than one block of a sample",
       .seen = "a counter that leaves out the step",
       .says = "the counter leaves the block out: steps share their noise",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = normals_by([](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                                   std::uint32_t) { return draws.normal_batch(d, n, first, 0); })},
      {.name = "generator-sample-ignored",
       .equation = "Generator",
       .condition = "more than one batch",
       .seen = "one seed for every worker",
       .says = "the counter leaves the sample out",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = normals_by([](const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t,
                                   std::uint32_t block) { return draws.normal_batch(d, n, 0, block); })},
      {.name = "generator-dimension-ignored",
       .equation = "Generator",
       .condition = "more than one dimension",
       .seen = "a counter that leaves out the element",
       .says = "all dimensions share a draw",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = normals_but([](Batch& z) { z = z.row(0).replicate(z.rows(), 1).eval(); })},
      {.name = "generator-batches-overlap",
       .equation = "Generator",
       .condition = "more than one sample",
       .seen = "streams that overlap",
       .says = "every second sample repeats the one before",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = normals_but(repeat_every_second)},
      {.name = "box-muller-without-two",
       .equation = "Generator",
       .condition = "any",
       .seen = "a factor forgotten",
       .says = "sqrt(-log u) for sqrt(-2 log u)",
       .where = {.config = ""},
       .in_sampler = normals_but([](Batch& z) { z /= std::numbers::sqrt2; })},
      {.name = "box-muller-half-turn",
       .equation = "Generator",
       .condition = "any",
       .seen = "a factor forgotten",
       .says = "angle pi u for 2 pi u",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_sampler = normals_but([](Batch& z) { turn_pairs(z, [](double angle) { return angle / 2; }); })},
      {.name = "box-muller-shared-radius",
       .equation = "Generator",
       .condition = "more than two dimensions",
       .seen = "a uniform reused for the next pair",
       .says = "two pairs share their radius",
       .kind = Kind::dependence,
       .where = {.config = ""},
       .in_sampler = normals_but(share_radius)},
      {.name = "box-muller-eight-bits",
       .equation = "Generator",
       .condition = "any",
       .seen = "a table of angles",
       .says = "the angle takes sixteen values",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_sampler = normals_but([](Batch& z) {
         turn_pairs(
             z, [](double angle) { return std::floor(angle / std::numbers::pi * 8) / 8 * std::numbers::pi; });
       })},
      {.name = "uniforms-of-32-bits",
       .equation = "Generator",
       .condition = "draws beyond 6.66",
       .seen = "generators that give 32 bits to a uniform",
       .says = "uniforms of 32 bits: |z| stops at 6.66",
       .kind = Kind::shape,
       .where = {.config = ""},
       .in_sampler = normals_by(of_32_bits),
       .equivalent = "out of statistical reach: P(|z| > 6.66) = 2.7e-11; the known-answer test of the 53 "
                     "bits covers it"},
  };
}

}  // namespace ddim::faults
