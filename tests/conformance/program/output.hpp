#pragma once

#include <stdexcept>
#include <string>

namespace ddim::conformance {

/// What was to be written to stdout was not.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Puts something in the place of what is closed of stdin, stdout and stderr, so that no file opened later is
/// taken for one of them; a stdout that was closed cannot be written to. A reader that goes away is an OutputError
/// from here on, no signal.
void prepare_standard_files();

/// Writes all of it to stdout at once. Errors: OutputError.
void put(const std::string& text);

/// A report on stdout in the making. One at a time. Where it ends before `finish`, by INT, TERM, HUP or an
/// exception, its last line says so; a report without its summary or that line was cut off by force.
class GrowingReport {
 public:
  explicit GrowingReport(bool json);
  ~GrowingReport();
  GrowingReport(const GrowingReport&) = delete;
  GrowingReport& operator=(const GrowingReport&) = delete;

  void put(const std::string& text);
  void finish(const std::string& summary);

 private:
  bool json_, begun_ = false, whole_ = false;
};

}  // namespace ddim::conformance
