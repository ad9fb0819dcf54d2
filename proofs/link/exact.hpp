#pragma once

// Exact rationals that the printed templates can be instantiated with, and the reader of
// tests/vectors/exact_step.csv.

#include <boost/multiprecision/cpp_int.hpp>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "generated/formulas.hpp"

namespace ddim::link {

using Rational = boost::multiprecision::cpp_rational;

/// A rational whose square root is taken exactly or refused.
struct Exact {
  Rational value;

  explicit Exact(int integer) : value(integer) {}
  explicit Exact(Rational rational) : value(std::move(rational)) {}

  friend Exact operator+(const Exact& x, const Exact& y) { return Exact(Rational(x.value + y.value)); }
  friend Exact operator-(const Exact& x, const Exact& y) { return Exact(Rational(x.value - y.value)); }
  friend Exact operator*(const Exact& x, const Exact& y) { return Exact(Rational(x.value * y.value)); }
  friend Exact operator/(const Exact& x, const Exact& y) {
    if (y.value == 0) throw std::domain_error("division by zero");
    return Exact(Rational(x.value / y.value));
  }
  friend Exact operator-(const Exact& x) { return Exact(Rational(-x.value)); }
  friend Exact sqrt(const Exact& x) {
    if (x.value < 0) throw std::domain_error("sqrt of a negative number");
    const Rational root(sqrt(numerator(x.value)), sqrt(denominator(x.value)));
    if (root * root != x.value) throw std::domain_error("sqrt is irrational");
    return Exact(root);
  }
  friend Exact log(const Exact&) { throw std::domain_error("log is irrational"); }
};

struct Vector {
  std::string formula;
  std::vector<Exact> inputs;
  Exact output;
  std::string text;
};

/// Throws std::runtime_error where the file cannot be read or holds no vector.
inline std::vector<Vector> read_vectors(const char* path) {
  std::ifstream file(path);
  std::vector<Vector> vectors;
  bool heading = true;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (std::exchange(heading, false)) continue;
    std::istringstream row(line);
    std::string formula, inputs, output, input;
    if (!std::getline(row, formula, ',') || !std::getline(row, inputs, ',') || !std::getline(row, output)) {
      throw std::runtime_error(std::string(path) + ": not formula,inputs,output: " + line);
    }
    Vector vector{formula, {}, Exact(Rational(output)), line};
    for (std::istringstream words(inputs); words >> input;) vector.inputs.emplace_back(Rational(input));
    vectors.push_back(std::move(vector));
  }
  if (vectors.empty()) throw std::runtime_error(std::string(path) + ": no vectors");
  return vectors;
}

template <class... Parameters>
constexpr std::size_t arity(Exact (*)(Parameters...)) {
  return sizeof...(Parameters);
}

/// Calls `function` with the vector's inputs as N arguments.
template <std::size_t N, class Function>
auto spread(const Vector& vector, Function function) {
  if (vector.inputs.size() != N) throw std::runtime_error("wrong number of inputs: " + vector.text);
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return function(vector.inputs[I]...); }
  (std::make_index_sequence<N>());
}

/// Runs `agrees` on every vector of the file, names the first that does not agree, and returns the exit
/// status: 1 also where other numbers of vectors are compared and left out than the arguments say.
/// `agrees` returns +1, -1, or 0 for a formula it does not have.
template <class Agrees>
int compare(int argc, char** argv, Agrees agrees) {
  try {
    if (argc != 4) throw std::runtime_error(std::string("usage: ") + argv[0] + " FILE COMPARED LEFT_OUT");
    int compared = 0, left_out = 0;
    for (const Vector& vector : read_vectors(argv[1])) {
      const int verdict = agrees(vector);
      if (verdict < 0) {
        std::cerr << "differs: " << vector.text << '\n';
        return 1;
      }
      ++(verdict == 0 ? left_out : compared);
    }
    std::cout << compared << " vectors agree, " << left_out << " left out\n";
    if (compared == std::stoi(argv[2]) && left_out == std::stoi(argv[3])) return 0;
    std::cerr << "expected " << argv[2] << " and " << argv[3] << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}

}  // namespace ddim::link
