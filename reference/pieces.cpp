#include "reference/pieces.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "reference/environment.hpp"
#include "reference/error.hpp"

namespace ddim {
namespace {

using Eigen::Index;

/// Threads that wait for work. A piece belongs to whoever claims it, and the caller claims too: it never
/// waits for a helper that has not begun, be it late or, in a forked process, not there at all.
class Pool {
 public:
  /// Never destroyed: its threads end with the process.
  static Pool& shared() {
    static Pool& pool = *new Pool;
    return pool;
  }

  /// False where another caller has the pool.
  bool run(int threads, std::uint32_t pieces, const std::function<void(Index)>& piece) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    try {
      for (; helpers_ < threads - 1; ++helpers_) std::thread(&Pool::help, this, helpers_).detach();
    } catch (const std::system_error&) {
      // No more threads to be had: those there are do the work.
    }
    piece_ = &piece;
    pieces_ = pieces;
    finished_.store(0, std::memory_order_relaxed);
    // The job's number keeps a late helper from claiming a piece of the next job by the last one's ticket.
    ++job_;
    ticket_.store(job_ << 32 | static_cast<std::uint64_t>(threads - 1) << 16 | pieces,
                  std::memory_order_release);
    ticket_.notify_all();
    work(0);
    while (finished_.load(std::memory_order_acquire) != pieces) std::this_thread::yield();
    busy_.clear(std::memory_order_release);
    return true;
  }

 private:
  static constexpr std::uint64_t kLow = 0xffff;

  [[noreturn]] void help(int self) {
    for (std::uint64_t seen = 0;;) {
      // A caller in a loop comes back within microseconds, sooner than a sleeper is woken.
      for (int spin = 0; spin < 200 && ticket_.load(std::memory_order_relaxed) == seen; ++spin)
        std::this_thread::yield();
      ticket_.wait(seen, std::memory_order_acquire);
      seen = work(self + 1);
    }
  }

  /// Claims and does pieces until none is left for the worker of this number, 0 being the caller. The ticket
  /// that it saw last.
  std::uint64_t work(int worker) {
    std::uint64_t seen = ticket_.load(std::memory_order_acquire);
    while ((seen & kLow) != 0 && worker <= static_cast<int>(seen >> 16 & kLow)) {
      if (!ticket_.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel,
                                         std::memory_order_acquire))
        continue;
      (*piece_)(static_cast<Index>(pieces_ - (seen & kLow)));
      finished_.fetch_add(1, std::memory_order_release);
      seen = ticket_.load(std::memory_order_acquire);
    }
    return seen;
  }

  std::atomic_flag busy_;
  int helpers_ = 0;
  std::uint64_t job_ = 0;
  const std::function<void(Index)>* piece_ = nullptr;
  std::uint32_t pieces_ = 0;
  std::atomic<std::uint32_t> finished_{0};
  std::atomic<std::uint64_t> ticket_{0};  // the job's number, helpers that may join, pieces not yet claimed
};

void run_pieces(Threads threads, Index pieces, const std::function<void(Index)>& piece) {
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(pieces));
  const auto caught = [&](Index k) {
    try {
      piece(k);
    } catch (...) {
      thrown[static_cast<std::size_t>(k)] = std::current_exception();
    }
  };
  const int workers = static_cast<int>(std::min<Index>(threads.count, pieces));
  if (!Pool::shared().run(workers, static_cast<std::uint32_t>(pieces), caught))
    for (Index k = 0; k < pieces; ++k) piece(k);
  for (const std::exception_ptr& error : thrown)
    if (error) std::rethrow_exception(error);
}

}  // namespace

Threads Threads::all() { return {std::max(1, static_cast<int>(std::thread::hardware_concurrency()))}; }

void in_pieces(Threads threads, Index total, Index least, const std::function<void(Index, Index)>& body) {
  if (threads.count < 1 || threads.count > 0xffff)
    throw DomainError("threads", std::to_string(threads.count), "1 <= threads <= 65535");
  require_environment();  // before any thread is begun: it would inherit what is wrong, and keep it
  // Four to a thread: one that is slow to come is made up for by the others.
  const Index pieces =
      threads.count == 1 ? 1 : std::min(total / least, Index{4} * std::min(threads.count, 0x3fff));
  if (pieces <= 1) return body(0, total);
  run_pieces(threads, pieces, [&](Index k) {
    body(total / pieces * k + std::min(k, total % pieces),
         total / pieces * (k + 1) + std::min(k + 1, total % pieces));
  });
}

void in_blocks(Threads threads, Index d, Index n, const std::function<void(Index, Index)>& body) {
  constexpr Index kBlock = 8192;  // 64 KiB a batch
  const Index columns = std::max<Index>(1, kBlock / std::max<Index>(1, d));
  in_pieces(threads, (n + columns - 1) / columns, 1, [&](Index first, Index last) {
    for (Index block = first; block < last; ++block)
      body(block * columns, std::min(n, (block + 1) * columns));
  });
}

}  // namespace ddim
