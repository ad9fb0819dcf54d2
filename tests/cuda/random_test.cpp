// The kernels' own normals: Philox against Random123 and cuRAND, the functions of Box-Muller against MPFR.

#include "cuda/random.hpp"

#include <Random123/philox.h>
#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>
#ifdef DDIM_CURAND
#include <curand.h>
#endif

namespace ddim::cuda {
namespace {

/// A real number to 200 bits.
class Exact {
 public:
  Exact(double value = 0) { mpfr_init2(value_, 200), mpfr_set_d(value_, value, MPFR_RNDN); }
  Exact(const Exact& other) { mpfr_init2(value_, 200), mpfr_set(value_, other.value_, MPFR_RNDN); }
  Exact& operator=(const Exact&) = delete;
  ~Exact() { mpfr_clear(value_); }
  mpfr_ptr get() { return value_; }
  mpfr_srcptr get() const { return value_; }

  static Exact log(double u) {
    Exact result(u);
    mpfr_log(result.get(), result.get(), MPFR_RNDN);
    return result;
  }
  static Exact radius(double u) {
    Exact result = log(u);
    mpfr_mul_si(result.get(), result.get(), -2, MPFR_RNDN);
    mpfr_sqrt(result.get(), result.get(), MPFR_RNDN);
    return result;
  }
  /// sin or cos of pi x.
  static Exact of_angle(double x, bool sine) {
    Exact angle(x), pi;
    mpfr_const_pi(pi.get(), MPFR_RNDN);
    mpfr_mul(angle.get(), angle.get(), pi.get(), MPFR_RNDN);
    sine ? mpfr_sin(angle.get(), angle.get(), MPFR_RNDN) : mpfr_cos(angle.get(), angle.get(), MPFR_RNDN);
    return angle;
  }
  static Exact product(const Exact& a, const Exact& b) {
    Exact result;
    mpfr_mul(result.get(), a.get(), b.get(), MPFR_RNDN);
    return result;
  }
  double value() const { return mpfr_get_d(value_, MPFR_RNDN); }

 private:
  mpfr_t value_;
};

/// The spacing of R's numbers at |x|.
template <class R>
double ulp(double x) {
  const auto at = static_cast<R>(std::abs(x));
  return static_cast<double>(std::nextafter(at, std::numeric_limits<R>::infinity())) -
         static_cast<double>(at);
}
template <class R>
double ulps(R got, const Exact& want) {
  Exact difference(static_cast<double>(got));
  mpfr_sub(difference.get(), difference.get(), want.get(), MPFR_RNDN);
  return std::abs(difference.value()) / ulp<R>(want.value());
}

TEST(Philox, EqualsRandom123) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    const Normals stream{random(), random(), random() / 8 * 4};
    const std::uint64_t block = i % 2 == 0 ? random() >> 4 : static_cast<std::uint64_t>(i);
    const std::uint64_t counter = stream.offset / 4 + block;
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    const r123::Philox4x32::ctr_type want =
        r123::Philox4x32()({{low(counter), high(counter), low(stream.subsequence), high(stream.subsequence)}},
                           {{low(stream.seed), high(stream.seed)}});
    const Words got = NormalStream(stream).words(block);
    for (unsigned k = 0; k < 4; ++k) ASSERT_EQ(got.w[k], want[k]) << "draw " << i;
  }
}

// The published known answers (Random123's kat_vectors): counter and key of zeros, ones, and digits of pi.
TEST(Philox, KnownAnswers) {
  const auto expect = [](Words counter, std::uint32_t k0, std::uint32_t k1, Words want) {
    const Words got = philox(counter, RoundKeys(k0, k1));
    for (int k = 0; k < 4; ++k) EXPECT_EQ(got.w[k], want.w[k]);
  };
  expect({{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  expect({{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  expect({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0,
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

#ifdef DDIM_CURAND
// cuRAND's host generator needs no card. Its quad q is subsequence q mod 65536, offset 4 (q div 65536).
TEST(Philox, EqualsCurandsHostGenerator) {
  constexpr std::uint64_t kSeed = 0x0123456789abcdefu;
  std::vector<unsigned> got(4 * (65536 + 100));
  curandGenerator_t generator;
  ASSERT_EQ(curandCreateGeneratorHost(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10), CURAND_STATUS_SUCCESS);
  ASSERT_EQ(curandSetPseudoRandomGeneratorSeed(generator, kSeed), CURAND_STATUS_SUCCESS);
  ASSERT_EQ(curandGenerate(generator, got.data(), got.size()), CURAND_STATUS_SUCCESS);
  ASSERT_EQ(curandDestroyGenerator(generator), CURAND_STATUS_SUCCESS);
  for (std::size_t q = 0; q < got.size() / 4; ++q) {
    const Words words = NormalStream({kSeed, q % 65536, 4 * (q / 65536)}).words(0);
    for (std::size_t k = 0; k < 4; ++k) ASSERT_EQ(got[4 * q + k], words.w[k]) << "quad " << q;
  }
}
#endif

/// Every float that occurs, `spacing` apart where floats are nearer: u = w 2^-32 + 2^-33 rounded, and the
/// remainders r 2^-31, |r| <= 2^29. glibc's double functions, good to an ulp of double, find the worst place;
/// MPFR says how bad it is there.
template <class Value, class Reference>
std::pair<double, float> worst(float from, float to, float spacing, Value value, Reference reference) {
  double most = 0;
  float where = from;
  for (float x = from; x <= to; x = std::max(x + spacing, std::nextafter(x, 2.0f))) {
    const double want = reference(static_cast<double>(x));
    const double error = std::abs(static_cast<double>(value(x)) - want) / std::abs(want);
    if (error > most) most = error, where = x;
  }
  return {most, where};
}

// Relative errors of each factor over the whole domain; a normal is their product, rounded once more.
constexpr double kUnit = 0x1p-24;

TEST(Normals, Float32RadiusOverEveryUniform) {
  // From 2^-33, the least u, up to 1 without u = 1, where the radius is exactly 0.
  const auto radius_of = [](float u) { return square_root(-2.0f * cuda::log(u)); };
  const auto [error, where] = worst(0x1p-33f, std::nextafter(1.0f, 0.0f), 0x1p-32f, radius_of,
                                    [](double u) { return std::sqrt(-2 * std::log(u)); });
  const Exact exact = Exact::radius(static_cast<double>(where));
  ::testing::Test::RecordProperty("worst_ulps", std::to_string(ulps(radius_of(where), exact)));
  EXPECT_LT(error, kRadiusError<float>);
  EXPECT_LT(std::abs(static_cast<double>(radius_of(where)) / exact.value() - 1), kRadiusError<float>);
  EXPECT_EQ(radius_of(1.0f), 0.0f);
  EXPECT_GT(error, kUnit);  // the search has found something: rounding alone makes this much
}

TEST(Normals, Float32SineAndCosineOverEveryAngle) {
  const double pi = 3.14159265358979323846;
  const auto [sine, at_sine] = worst(
      0x1p-31f, 0.25f, 0x1p-31f, [](float x) { return sincospi_reduced(x).sin; },
      [=](double x) { return std::sin(pi * x); });
  const auto [cosine, at_cosine] = worst(
      0x1p-31f, 0.25f, 0x1p-31f, [](float x) { return sincospi_reduced(x).cos; },
      [=](double x) { return std::cos(pi * x); });
  EXPECT_LT(sine, kSineError<float>);
  EXPECT_LT(cosine, kSineError<float>);
  EXPECT_NEAR(
      sine,
      std::abs(static_cast<double>(sincospi_reduced(at_sine).sin) / Exact::of_angle(at_sine, true).value() -
               1),
      1e-12);
  EXPECT_NEAR(cosine,
              std::abs(static_cast<double>(sincospi_reduced(at_cosine).cos) /
                           Exact::of_angle(at_cosine, false).value() -
                       1),
              1e-12);
  // The sine is odd and the cosine even bit by bit, so the negative half is covered too.
  for (float x = 0x1p-31f; x <= 0.25f; x *= 1.0001f) {
    ASSERT_EQ(sincospi_reduced(-x).sin, -sincospi_reduced(x).sin);
    ASSERT_EQ(sincospi_reduced(-x).cos, sincospi_reduced(x).cos);
  }
}

/// The uniforms and the angle behind one normal, and its exact value.
struct Drawn {
  double u;
  unsigned quadrant;
  double x;
};
Exact exact_normal(const Drawn& d, bool sine) {
  // sin((q/2 + x) pi) and cos of it, from the reduced angle so that no digits are lost.
  const bool swapped = d.quadrant % 2 == 1;
  Exact value = Exact::product(Exact::radius(d.u), Exact::of_angle(d.x, sine != swapped));
  const bool negative = sine ? d.quadrant >= 2 : (d.quadrant == 1 || d.quadrant == 2);
  if (negative) mpfr_neg(value.get(), value.get(), MPFR_RNDN);
  return value;
}
Drawn drawn(std::uint32_t w0, std::uint32_t w1) {
  const std::uint32_t quadrant = (w1 + (1u << 29)) >> 30;
  const auto rest = static_cast<std::int32_t>(w1 - (quadrant << 30));
  return {static_cast<double>(std::fmaf(static_cast<float>(w0), 0x1p-32f, 0x1p-33f)), quadrant,
          static_cast<double>(static_cast<float>(rest)) * 0x1p-31};
}
Drawn drawn(std::uint64_t w0, std::uint64_t w1) {
  const std::uint64_t quadrant = (w1 + (std::uint64_t{1} << 61)) >> 62;
  const auto rest = static_cast<std::int64_t>(w1 - (quadrant << 62));
  return {static_cast<double>((w0 >> 11) + 1) * 0x1p-53, static_cast<unsigned>(quadrant),
          static_cast<double>(rest) * 0x1p-63};
}

template <class Word, class R>
void expect_normals_within_bound(std::size_t count) {
  std::mt19937_64 random(7);
  double most = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // Uniform words, and words with a random number of leading zeros or ones: tails and u near 1.
    const auto word = [&] {
      const auto w = static_cast<Word>(random());
      const auto shift = random() % (8 * sizeof(Word));
      return i % 3 == 0 ? w : static_cast<Word>(i % 3 == 1 ? w >> shift : ~(w >> shift));
    };
    const Word w0 = word(), w1 = word();
    const R r = radius(w0);
    const SinCos<R> d = direction(w1);
    const Drawn exact = drawn(w0, w1);
    for (const bool sine : {false, true}) {
      const R z = r * (sine ? d.sin : d.cos);
      const Exact want = exact_normal(exact, sine);
      if (want.value() == 0) {
        EXPECT_EQ(z, R(0));
        continue;
      }
      most = std::max(most, ulps(z, want));
    }
  }
  ::testing::Test::RecordProperty("worst_ulps", std::to_string(most));
  std::printf("worst normal: %.3f ulps, bound %.2f\n", most, kNormalUlps<R>);
  EXPECT_LE(most, kNormalUlps<R>);
  EXPECT_GT(most, 1.5);
}
TEST(Normals, Float32WithinBound) { expect_normals_within_bound<std::uint32_t, float>(100000); }
TEST(Normals, Float64WithinBound) { expect_normals_within_bound<std::uint64_t, double>(100000); }

// An ulp of z is more than the unit roundoff times |z|, so relative errors in units bound errors in ulps.
TEST(Normals, BoundFollowsFromTheFactors) {
  EXPECT_LE((1 + kRadiusError<float>)*(1 + kSineError<float>)*(1 + kUnit) - 1, kNormalUlps<float> * kUnit);
}

TEST(Normals, Float64FactorsBySearch) {
  std::mt19937_64 random(11);
  double radius_error = 0, sine_error = 0;
  for (int i = 0; i < 50000; ++i) {
    const std::uint64_t w = i % 2 == 0 ? random() : ~(random() >> (random() % 64));
    const Drawn d = drawn(w, w);
    if (d.u != 1)
      radius_error =
          std::max(radius_error, ulps(radius(w), Exact::radius(d.u)) *
                                     ulp<double>(Exact::radius(d.u).value()) / Exact::radius(d.u).value());
    if (d.x == 0) continue;
    for (const bool sine : {false, true}) {
      const SinCos<double> got = sincospi_reduced(d.x);
      const Exact want = Exact::of_angle(d.x, sine);
      sine_error = std::max(sine_error, ulps(sine ? got.sin : got.cos, want) * ulp<double>(want.value()) /
                                            std::abs(want.value()));
    }
  }
  std::printf("float64: radius %.3f u, sine and cosine %.3f u\n", radius_error * 0x1p53, sine_error * 0x1p53);
  EXPECT_LT(radius_error, kRadiusError<double>);
  EXPECT_LT(sine_error, kSineError<double>);
}

TEST(Normals, ReachTheirTails) {
  EXPECT_NEAR(static_cast<double>(radius(std::uint32_t{0})), std::sqrt(66 * std::log(2.0)), 1e-5);
  EXPECT_NEAR(radius(std::uint64_t{0}), std::sqrt(106 * std::log(2.0)), 1e-12);
}

TEST(Normals, ElementsAreTheBlocksInOrder) {
  const NormalStream normals({5, 6, 8});
  for (std::int64_t i = 0; i < 64; ++i) {
    EXPECT_EQ(normals.element<float>(i), normals.block<float>(i / 4).z[i % 4]);
    EXPECT_EQ(normals.element<double>(i), normals.block<double>(i / 2).z[i % 2]);
    EXPECT_EQ(normals.element<float>(i + 4), NormalStream({5, 6, 12}).element<float>(i));
  }
}

TEST(Normals, HaveTheMomentsOfANormal) {
  for (const bool wide : {false, true}) {
    const NormalStream normals({2010'02502, 3, 0});
    constexpr std::int64_t n = 1 << 20;
    double sum = 0, squares = 0, cubes = 0, fourths = 0, neighbours = 0, previous = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double z = wide ? normals.element<double>(i) : static_cast<double>(normals.element<float>(i));
      sum += z, squares += z * z, cubes += z * z * z, fourths += z * z * z * z, neighbours += z * previous;
      previous = z;
    }
    // Each scaled to unit variance; 6 sigma is 2e-9.
    const double root = std::sqrt(static_cast<double>(n));
    EXPECT_LT(std::abs(sum) / root, 6);
    EXPECT_LT(std::abs(squares - n) / root / std::sqrt(2.0), 6);
    EXPECT_LT(std::abs(cubes) / root / std::sqrt(15.0), 6);
    EXPECT_LT(std::abs(fourths - 3.0 * n) / root / std::sqrt(96.0), 6);
    EXPECT_LT(std::abs(neighbours) / root, 6);
  }
}

// 16-bit conversions: every value there and back, and every neighbourhood of a rounding boundary.
template <class T>
void expect_exact_conversions(int mantissa_bits, double largest, double smallest_subnormal) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const T value{static_cast<std::uint16_t>(bits)};
    const float real = to_real(value);
    if (std::isnan(real)) {
      EXPECT_TRUE(std::isnan(to_real(round_to<T>(real))));
      continue;
    }
    ASSERT_EQ(round_to<T>(real).bits, value.bits);
    if (std::isinf(real) || real < 0) continue;
    const T above{static_cast<std::uint16_t>(bits + 1)};
    if (!std::isfinite(to_real(above))) continue;
    // Halfway goes to the even neighbour, a float beyond it to the nearer one.
    const float middle =
        static_cast<float>((static_cast<double>(real) + static_cast<double>(to_real(above))) / 2);
    const T even = bits % 2 == 0 ? value : above;
    ASSERT_EQ(round_to<T>(middle).bits, even.bits) << bits;
    if (middle > 0x1p-126f) {
      ASSERT_EQ(round_to<T>(std::nextafter(middle, 0.0f)).bits, value.bits) << bits;
      ASSERT_EQ(round_to<T>(std::nextafter(middle, INFINITY)).bits, above.bits) << bits;
    }
  }
  EXPECT_EQ(static_cast<double>(to_real(round_to<T>(static_cast<float>(largest)))), largest);
  EXPECT_TRUE(
      std::isinf(to_real(round_to<T>(static_cast<float>(largest * (1 + std::ldexp(0.5, -mantissa_bits)))))));
  EXPECT_EQ(static_cast<double>(to_real(T{1})), smallest_subnormal);
}
TEST(Conversions, Float16IsExactAndRoundsToEven) { expect_exact_conversions<Float16>(10, 65504, 0x1p-24); }
TEST(Conversions, BFloat16IsExactAndRoundsToEven) {
  expect_exact_conversions<BFloat16>(7, 0x1.fep127, 0x1p-133);
}

}  // namespace
}  // namespace ddim::cuda
