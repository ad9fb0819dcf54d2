#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <system_error>

#include "tests/statistics/claim.hpp"
#include "tests/statistics/report.hpp"
#include "tests/statistics/tier.hpp"

namespace ddim::statistics {

/// How a claim is drawn for.
struct Pace {
  double share;          ///< the next block of samples, of those done
  Eigen::Index largest;  ///< samples in a block
  double first_p;        ///< samples of a p-value's first look
  bool within_blocks;    ///< looks come at each n, and not at the ends of blocks only

  Eigen::Index block(std::uint64_t done) const;
};

/// When the next look is due: `look` is given n, and returns the n of the next; 0 ends the sampling.
class Watch {
 public:
  Watch(double first, std::function<double(double n)> look) : next_(first), look_(std::move(look)) {}
  /// Returns when the next is due.
  double at(double n, bool urgent = false) {
    if (next_ > 0 && (n >= next_ || urgent)) next_ = look_(n);
    return next_;
  }
  double next() const { return next_; }
  bool over() const { return next_ <= 0; }

 private:
  double next_;
  std::function<double(double)> look_;
};

/// A claim being sampled: what its draws have come to. One type for each kind of claim, all of them driven by
/// the one loop `sample`.
class Sampling {
 public:
  enum class Standing { open, failed, passed };

  static std::unique_ptr<Sampling> of(const Claim& claim, const Context& context, double alpha);
  virtual ~Sampling() = default;
  Sampling(const Sampling&) = delete;
  Sampling& operator=(const Sampling&) = delete;

  /// Draws the next block.
  virtual void draw(const Pace& pace, Watch& watch) = 0;
  virtual double n() const = 0;
  /// No more draws could change how it stands.
  virtual bool settled() const = 0;
  /// A look. failed: alpha is reached. passed: by a rule of its own, and not by a certificate.
  virtual Standing look() = 0;
  /// Samples beyond `most` are for those that have no end of their own.
  virtual bool endless() const { return true; }
  /// Numbers for a verdict: the evidence at the last look, and the certificate at error beta of all draws.
  virtual Grounds grounds(double beta) const = 0;
  /// What carries the evidence.
  virtual std::string by() const = 0;
  /// Once it has failed: what is wrong, in words. May draw more, to name the cause.
  virtual std::string explain() = 0;

 protected:
  Sampling(const Context& context, double alpha) : context_(context), alpha_(alpha) {}

  Standing by_evidence(double log_e) {
    log_e_ = log_e;
    return context_.instruments.exceeds(log_e, bar()) ? Standing::failed : Standing::open;
  }
  double bar() const { return -std::log(alpha_); }

  Context context_;
  double alpha_, log_e_ = 0;
  std::uint64_t done_ = 0;
};

/// Whether a certificate is within what a tier asks for.
bool certified(const Grounds& grounds, const Tier& tier);

/// The loop: draws until the watch is over.
void sample(Sampling& sampling, const Pace& pace, Watch& watch);

/// Runs `body`; what it throws goes to `blame` as something said of the sampler, and to `unasked` where it has
/// no answer or nothing can be decided. Out of memory or threads is neither: that is thrown on.
template <class Body, class Unasked, class Blame>
void blaming(const Body& body, const Unasked& unasked, const Blame& blame) {
  try {
    body();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::system_error&) {
    throw;
  } catch (const NotSupplied& reason) {
    unasked(reason);
  } catch (const Undecided& reason) {
    unasked(reason);
  } catch (const std::exception& error) {
    blame(error);
  }
}

}  // namespace ddim::statistics
