#pragma once

// Internal: every log density, divergence and loss is a sum over dimensions of squares of an affine form.

#include <cmath>
#include <concepts>

#include "reference/batch.hpp"

namespace ddim {

/// |c0 x0 + c1 x1 + ...|^2 per sample, one to three terms, without forming the batch. Each component is
/// rounded as combine rounds it; the sum adds a relative error of at most (d / 8 + 5) u, in an order that
/// depends on d alone. Errors: combine's; the terms start at column `first_column` of their batches.
template <std::same_as<Term>... Terms>
PerSample squared_norms(Eigen::Index first_column, const Terms&... terms);

/// The same over sigma^2: the squared norms of what the form is once whitened. sigma's power of two goes into
/// the coefficients, exactly, so that the squares of small deviations keep their digits. Domain: sigma > 0.
template <std::same_as<Term>... Terms>
PerSample whitened_norms(Eigen::Index first_column, double sigma, const Terms&... terms) {
  const double power = std::exp2(-std::ilogb(sigma)), rest = sigma * power;
  return squared_norms(first_column, Term{power * terms.coefficient, terms.name, terms.value}...) /
         (rest * rest);
}

/// DomainError naming the place where finite inputs overflowed.
void require_no_overflow(const BatchRef& result, Eigen::Index first_column = 0);
/// The sums themselves, none of which overflowed: a density that is infinite makes every ratio with it a NaN.
inline PerSample finite(PerSample sums) {
  require_no_overflow(sums);
  return sums;
}

/// result = c x. Error: u relative. Errors: combine's.
void combine(const Term& x, BatchOut result, Threads threads = {});

/// The terms at columns first..last - 1.
inline Term columns(const Term& term, Eigen::Index first, Eigen::Index last) {
  return {term.coefficient, term.name, term.value.middleCols(first, last - first)};
}

}  // namespace ddim
