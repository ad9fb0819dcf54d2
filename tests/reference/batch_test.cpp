#include "reference/batch.hpp"

#include <sstream>

#include "tests/reference/bounds.hpp"
#include "tests/reference/checks.hpp"

namespace ddim {
namespace {

std::string last_place(Eigen::Index d, Eigen::Index n) {
  std::ostringstream text;
  text << "(" << d - 1 << ", " << n - 1 << ")";
  return text.str();
}

TEST(Batch, CombineIsTheSumInTheOrderWritten) {
  for (const auto& [d, n] : {std::pair{1, 1}, {3, 7}, {2048, 3}, {2049, 2}, {5000, 5}}) {
    const Batch x = spread(1, d, n), y = spread(2, d, n), z = spread(3, d, n);
    const double a = 0.1, b = -1.7, c = 0.3;
    const Batch two = combine({a, "x", x}, {b, "y", y});
    const Batch three = combine({a, "x", x}, {b, "y", y}, {c, "z", z});
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const double sum = a * x.data()[i] + b * y.data()[i];
      ASSERT_EQ(two.data()[i], sum);
      ASSERT_EQ(three.data()[i], sum + c * z.data()[i]);
    }
  }
}

TEST(Batch, ErrorStaysBelowTheAPrioriBound) {
  const Batch x = spread(1, 64, 64), y = spread(2, 64, 64), z = spread(3, 64, 64);
  const double a = 0.1, b = -1.7, c = 0.3;
  const Batch two = combine({a, "x", x}, {b, "y", y}), three = combine({a, "x", x}, {b, "y", y}, {c, "z", z});
  using Long = long double;  // 64 bits: products exact to 2^-64, far below the bound's 2^-52
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const Long u = Long(a) * x.data()[i], v = Long(b) * y.data()[i], w = Long(c) * z.data()[i];
    const auto du = static_cast<double>(u), dv = static_cast<double>(v), dw = static_cast<double>(w);
    ASSERT_LE(std::abs(two.data()[i] - (u + v)), Long(oracle::two_term_bound(du, dv)));
    ASSERT_LE(std::abs(three.data()[i] - (u + v + w)), Long(oracle::three_term_bound(du, dv, dw)));
  }
}

TEST(Batch, EmptyBatchesGiveEmptyResults) {
  for (const auto& [d, n] : {std::pair{0, 0}, {0, 5}, {5, 0}}) {
    const Batch x = Batch::Zero(d, n);
    expect_empty(combine({1, "x", x}, {2, "y", x}), d, n);
    expect_empty(combine({1, "x", x}, {2, "y", x}, {3, "z", x}), d, n);
  }
}

TEST(Batch, BlocksOfColumnsAndOfRowsAreTheSameNumbers) {
  const Batch x = spread(1, 6, 8), y = spread(2, 6, 8);
  const Batch whole = combine({2, "x", x}, {3, "y", y});
  expect_same(combine({2, "x", x.middleCols(2, 3)}, {3, "y", y.middleCols(2, 3)}),
              Batch(whole.middleCols(2, 3)));
  // A block of rows has an outer stride; result and inputs may each have one.
  expect_same(combine({2, "x", x.middleRows(1, 4)}, {3, "y", y.middleRows(1, 4)}),
              Batch(whole.middleRows(1, 4)));
  Batch target = Batch::Zero(6, 8);
  combine({2, "x", x.middleRows(1, 4)}, {3, "y", Batch(y.middleRows(1, 4))}, target.middleRows(1, 4));
  expect_same(Batch(target.middleRows(1, 4)), Batch(whole.middleRows(1, 4)));
  EXPECT_TRUE(target.row(0).isZero() && target.row(5).isZero());
}

TEST(Batch, ResultMayBeAnInput) {
  Batch x = spread(1, 5000, 2);
  const Batch y = spread(2, 5000, 2), expected = combine({2, "x", x}, {3, "y", y});
  combine({2, "x", x}, {3, "y", y}, x);
  expect_same(x, expected);
}

TEST(Batch, ResultThatSharesMemoryWithAnInputItIsNotIsRefused) {
  Batch x = spread(1, 6, 9);
  const Batch y = spread(2, 6, 4), before = x;
  const auto into = [&](auto from, auto to) {
    combine({2, "x", from}, {3, "y", Batch(y.topRows(from.rows()))}, to);
    return 0;
  };
  const auto refused = [&](auto from, auto to) {
    expect_error([&] { return into(from, to); }, "memory of the result", "overlapping x",
                 "exactly an input's");
    expect_same(x, before);
  };
  refused(x.leftCols(4), x.middleCols(1, 4));  // a column on, a column back
  refused(x.middleCols(1, 4), x.leftCols(4));
  refused(x.block(0, 0, 3, 4), x.block(2, 0, 3, 4));  // a row of each column
  refused(x.block(2, 3, 3, 4), x.block(0, 4, 3, 4));
  refused(x.leftCols(4), Eigen::Map<Batch>(x.data() + 1, 6, 4));  // an element on
  Batch narrow = spread(3, 3, 1);
  expect_error(
      [&] {
        return combine({2, "x", y.topLeftCorner(3, 1)}, {1, "z", narrow}, x.topLeftCorner(3, 1)),
               combine({2, "x", x.topLeftCorner(3, 1)}, {1, "z", narrow}, x.block(1, 0, 3, 1)), 0;
      },
      "memory of the result", "overlapping x", "exactly an input's");
}

TEST(Batch, ResultMayLieBetweenTheColumnsOfAnInput) {
  Batch x = spread(1, 6, 9);
  const Batch y = spread(2, 3, 9), expected = combine({2, "x", x.topRows(3)}, {3, "y", y});
  combine({2, "x", x.topRows(3)}, {3, "y", y}, x.bottomRows(3));
  expect_same(x.bottomRows(3), expected);
  combine({2, "x", x.topRows(3)}, {3, "y", y}, x.topRows(3));
  expect_same(x.topRows(3), expected);
  // None of them whole columns, and an input between the columns of the result.
  combine({1, "x", x.topRows(3)}, {1, "x", x.topRows(3)}, x.bottomRows(3));
  expect_same(x.bottomRows(3), 2 * expected);
  using Spaced = Eigen::Map<Batch, 0, Eigen::OuterStride<>>;
  Spaced spaced(x.data(), 3, 2, Eigen::OuterStride<>(10));
  const Batch between = Eigen::Map<Batch>(x.data() + 4, 3, 2);
  combine({0, "y", Eigen::Map<Batch>(x.data() + 4, 3, 2)}, {1, "x", Eigen::Map<Batch>(x.data() + 4, 3, 2)},
          spaced);
  expect_same(spaced, between);
  combine({0, "x", x.leftCols(4)}, {1, "x", x.leftCols(4)}, x.middleCols(4, 4));
  expect_same(x.middleCols(4, 4), x.leftCols(4));
}

TEST(Batch, NonFiniteInputIsNamedWithItsPlace) {
  for (const double bad : {kNaN, kInfinity, -kInfinity}) {
    for (const auto& [d, n] : {std::pair{1, 1}, {3, 4}, {2048, 2}, {3000, 3}}) {
      const Batch good = spread(1, d, n), wrong = poisoned(good, bad);
      const std::string place = last_place(d, n);
      for (const double c : {0.0, 1.0}) {  // a zero coefficient does not excuse it
        expect_error(
            [&] {
              return combine({c, "x", wrong}, {1, "y", good});
            },
            "x" + place, to_text(bad), "the finite numbers");
        expect_error(
            [&] {
              return combine({1, "x", good}, {c, "y", wrong});
            },
            "y" + place, to_text(bad), "the finite numbers");
        expect_error(
            [&] {
              return combine({1, "x", good}, {1, "y", good}, {c, "z", wrong});
            },
            "z" + place, to_text(bad), "the finite numbers");
      }
    }
  }
}

TEST(Batch, OverflowIsAnErrorOfTheResult) {
  const Batch big = Batch::Constant(1, 1, 1e308);
  expect_error(
      [&] {
        return combine({1, "x", big}, {1, "y", big});
      },
      "the result (finite inputs overflow)(0, 0)", "inf", "the finite numbers");
  expect_error(
      [&] {
        return combine({10, "x", big}, {-10, "y", big});
      },
      "the result (finite inputs overflow)(0, 0)", to_text(10 * big(0, 0) - 10 * big(0, 0)),
      "the finite numbers");
}

TEST(Batch, ShapesMustAgree) {
  const Batch x = spread(1, 3, 4), narrow = spread(1, 3, 3), low = spread(1, 2, 4);
  expect_error<ShapeError>(
      [&] {
        return combine({1, "x", x}, {1, "y", narrow});
      },
      "shape of y", "3 x 3", "3 x 4");
  expect_error<ShapeError>(
      [&] {
        return combine({1, "x", x}, {1, "y", x}, {1, "z", low});
      },
      "shape of z", "2 x 4", "3 x 4");
  Batch out(3, 3);
  expect_error<ShapeError>(
      [&] {
        return combine({1, "x", x}, {1, "y", x}, out), 0;
      },
      "shape of x", "3 x 4", "3 x 3");
  expect_error<ShapeError>([&] { return require_shape("w", x, 4, 3), 0; }, "shape of w", "3 x 4", "4 x 3");
  expect_error([&] { return require_finite("w", poisoned(x, kNaN)), 0; }, "w(2, 3)", "nan", "finite");
}

}  // namespace
}  // namespace ddim
