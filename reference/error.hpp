#pragma once

#include <stdexcept>
#include <string>

namespace ddim {

/// Base of everything this library throws for bad input: what was wrong, its value, and the domain it should
/// have been in. `what()` reads
///   sigma = 0.9 is outside 0 <= sigma^2 <= 1 - alpha_bar_prev = 0.19 (Eq7)
class DomainError : public std::domain_error {
 public:
  DomainError(std::string quantity, std::string value, std::string domain);
  DomainError(std::string quantity, double value, std::string domain);

  const std::string& quantity() const { return quantity_; }
  const std::string& value() const { return value_; }
  const std::string& domain() const { return domain_; }

 private:
  std::string quantity_, value_, domain_;
};

/// Batches, paths or tables whose sizes do not fit each other.
class ShapeError : public DomainError {
 public:
  using DomainError::DomainError;
};

/// Shortest decimal that reads back as the same double; used in every message.
std::string to_text(double value);

}  // namespace ddim
