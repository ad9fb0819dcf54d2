#pragma once

#include <Random123/philox.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

#include "reference/batch.hpp"

namespace ddim::samplers {

/// What a stream of draws is for. Designs (x_0, e_t, x_T) and the noise handed to a sampler never share one.
enum class Stream : std::uint32_t { design = 1, noise = 2, judge = 3 };

/// Counter-based draws, Philox4x32-10: a draw is a function of (seed, stream; sample, name, block) and of
/// nothing else, so it is the same whatever the threads, the order, the size of the batches, or the other
/// draws there are.
class Draws {
 public:
  /// `name` says what the draws are for, a claim's id for one; its hash stands in the counter.
  Draws(std::uint32_t seed, Stream stream, std::string_view name)
      : key_{{seed, static_cast<std::uint32_t>(stream)}}, name_(hash(name)) {}

  /// FNV-1a.
  static constexpr std::uint32_t hash(std::string_view name) {
    std::uint32_t value = 2166136261u;
    for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 16777619u;
    return value;
  }

  std::array<std::uint32_t, 4> words(std::uint64_t sample, std::uint32_t block) const {
    const r123::Philox4x32::ctr_type counter{
        {static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(sample >> 32), name_, block}};
    const auto random = r123::Philox4x32{}(counter, key_);
    return {random[0], random[1], random[2], random[3]};
  }

  /// Two uniforms on the grid k 2^-53, 0 <= k < 2^53. (With 32 bits |z| would stop at 6.66.)
  std::array<double, 2> uniforms(std::uint64_t sample, std::uint32_t block) const {
    const auto w = words(sample, block);
    return {unit(w[0], w[1]), unit(w[2], w[3])};
  }

  /// The first of them moved off 0 and 1, for quantiles.
  double open_uniform(std::uint64_t sample, std::uint32_t block) const {
    return std::min(uniforms(sample, block)[0] + 0x1p-54, 1 - 0x1p-53);
  }

  /// Two independent standard normals (Box-Muller); |z| reaches 8.57.
  std::array<double, 2> normals(std::uint64_t sample, std::uint32_t block) const {
    const auto u = uniforms(sample, block);
    const double radius = std::sqrt(-2 * std::log1p(-u[0])), angle = 2 * std::numbers::pi * u[1];
    return {radius * std::cos(angle), radius * std::sin(angle)};
  }

  /// d x n standard normals: column j belongs to sample first + j and holds blocks block, block + 1, ...
  Batch normal_batch(Eigen::Index d, Eigen::Index n, std::uint64_t first, std::uint32_t block) const {
    Batch result(d, n);
    for (Eigen::Index j = 0; j < n; ++j) {
      for (Eigen::Index i = 0; i < d; i += 2) {
        const auto z =
            normals(first + static_cast<std::uint64_t>(j), block + static_cast<std::uint32_t>(i / 2));
        result(i, j) = z[0];
        if (i + 1 < d) result(i + 1, j) = z[1];
      }
    }
    return result;
  }

 private:
  static double unit(std::uint32_t low, std::uint32_t high) {
    const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 32 | low) >> 11;
    return static_cast<double>(bits) * 0x1p-53;
  }

  r123::Philox4x32::key_type key_;
  std::uint32_t name_;
};

}  // namespace ddim::samplers
