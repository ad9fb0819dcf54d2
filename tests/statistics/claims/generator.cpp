#include <numbers>

#include "tests/statistics/claims/designs.hpp"
#include "tests/statistics/claims/equations.hpp"
#include "tests/statistics/p_values.hpp"

namespace ddim::statistics::equations {
namespace {

constexpr const char *kNormals = "Generator.normals", *kSizes = "Generator.sizes",
                     *kMoments = "Generator.moments";

Batch normals_of(const Context& c, const Draws& draws, Eigen::Index d, Eigen::Index n, std::uint64_t first,
                 std::uint32_t block) {
  const Batch z = answer("normals", samplers::ask(c.sampler.normals, draws, d, n, first, block));
  require_shape("normals", z, d, n);
  require_finite("normals", z);
  return z;
}

/// g(|z|) ~ N(0, 1) for z ~ N(0, 1): what is hidden from correlations of z shows in correlations of its size.
double size_score(double z) {
  const double tail = std::max(std::erfc(std::abs(z) / std::numbers::sqrt2), 1e-300);
  return -normal_quantile(std::min(tail, 1 - 0x1p-53));
}

void observe(const Context& c, const char* id, bool sizes, std::uint64_t first, Eigen::Index count,
             Recorder& record) {
  const Draws draws = c.noise_for(id);
  Batch before;
  for (const std::uint32_t block : {0u, 8u}) {
    Batch z = normals_of(c, draws, kDims, count, first, block);
    if (sizes) z = z.unaryExpr(&size_score);
    for (Eigen::Index j = 0; j < count && !record.stopped(); ++j) {
      for (Eigen::Index i = 0; i < kDims; ++i) {
        const double dimension = i > 0 ? z(i - 1, j) : 0, sample = j > 0 ? z(i, j - 1) : 0,
                     earlier = block > 0 ? before(i, j) : 0;
        record.add(0, std::array<double, 4>{1, dimension, sample, earlier}, z(i, j),
                   (i > 0 && z(i, j) == dimension) || (j > 0 && z(i, j) == sample) ||
                       (block > 0 && z(i, j) == earlier));
      }
    }
    before = z;
  }
}

/// The classical tests of mean and variance, for the p-value's sake: an exact law and bare sums.
double p_moments(const Context& c, std::uint64_t first, Eigen::Index count) {
  const Draws draws = c.noise_for(kMoments);
  double sum = 0, squares = 0;
  constexpr Eigen::Index kChunk = 4096;
  for (Eigen::Index done = 0; done < count; done += kChunk) {
    const Batch z =
        normals_of(c, draws, 1, std::min(kChunk, count - done), first + static_cast<std::uint64_t>(done), 0);
    sum += z.sum();
    squares += z.squaredNorm();
  }
  const auto n = static_cast<double>(count);
  // The mean and the squares about it are independent: Sidak is exact.
  return p_least_of({c.instruments.p_normal(c.instruments.standardise(sum, n)),
                     c.instruments.p_chi_squared(squares - sum * sum / n, n - 1)});
}

Claim by_lags(const char* id, bool sizes, std::string statement, double weight, auto obstacle) {
  return {id, std::move(statement), weight,
          Residuals{1,
                    {"1", "previous dimension", "previous sample", "previous block"},
                    [id, sizes](const Context& c, std::uint64_t first, Eigen::Index count, Recorder& record) {
                      observe(c, id, sizes, first, count, record);
                    }},
          obstacle};
}

}  // namespace

std::vector<Claim> generator(const Run&) {
  const auto needs_normals = [](const Context& c) { return need(bool(c.sampler.normals), "generator"); };
  return {
      by_lags(kNormals, false, "standard normals, independent over dimensions, samples and blocks", 0.02,
              needs_normals),
      by_lags(kSizes, true, "their sizes are independent too", 0.005, needs_normals),
      {kMoments, "mean and variance by their exact laws, sequentially", 0.005, ExactP{p_moments},
       needs_normals},
  };
}

}  // namespace ddim::statistics::equations
