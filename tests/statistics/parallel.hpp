#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ddim::statistics {

/// body(0), ..., body(count - 1), each once, by up to `threads` workers, in no set order: what must not depend
/// on the threads goes where its number says. `make_body` is called once in each worker. The first exception
/// ends the rest and is thrown on.
template <class MakeBody>
void in_parallel_each(std::size_t count, int threads, MakeBody make_body) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr thrown;
  std::mutex guard;
  const auto work = [&] {
    try {
      auto body = make_body();
      for (std::size_t k = next++; k < count; k = next++) body(k);
    } catch (...) {
      next = count;
      const std::lock_guard lock(guard);
      if (!thrown) thrown = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t k = 1; k < std::min(count, static_cast<std::size_t>(std::max(threads, 1))); ++k)
      workers.emplace_back(work);
    work();
  }
  if (thrown) std::rethrow_exception(thrown);
}

template <class Body>
void in_parallel(std::size_t count, int threads, const Body& body) {
  in_parallel_each(count, threads, [&] { return [&](std::size_t k) { body(k); }; });
}

}  // namespace ddim::statistics
