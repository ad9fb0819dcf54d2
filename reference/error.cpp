#include "reference/error.hpp"

#include <charconv>
#include <cmath>

namespace ddim {

std::string to_text(double value) {
  if (std::isnan(value)) return "nan";  // its sign is the processor's
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

DomainError::DomainError(std::string quantity, std::string value, std::string domain)
    : std::domain_error(quantity + " = " + value + " is outside " + domain),
      quantity_(std::move(quantity)),
      value_(std::move(value)),
      domain_(std::move(domain)) {}

DomainError::DomainError(std::string quantity, double value, std::string domain)
    : DomainError(std::move(quantity), to_text(value), std::move(domain)) {}

}  // namespace ddim
