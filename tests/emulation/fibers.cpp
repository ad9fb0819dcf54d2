#include "tests/emulation/fibers.hpp"

#include <sys/mman.h>
#ifndef __x86_64__
#include <ucontext.h>
#endif

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace ddim::emulation {
namespace {

constexpr std::size_t kStack = 256 * 1024;
constexpr unsigned kWarp = 32;

enum class State { ready, at_barrier, at_shuffle, done };

#ifdef __x86_64__
/// swapcontext asks the kernel for the signal mask twice, which is most of its time; this keeps the registers
/// that a call must keep, and nothing else.
extern "C" void ddim_switch_stack(void** save, void* load);
asm(R"(
.text
.type ddim_switch_stack, @function
ddim_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
.size ddim_switch_stack, . - ddim_switch_stack
)");
struct Context {
  void* top = nullptr;
  void start(void* memory, std::size_t size, void (*function)()) {
    // As after a call: no return address, where to go, then the six registers that are popped first.
    auto** stack = reinterpret_cast<void**>(static_cast<std::byte*>(memory) + size) - 1;
    *--stack = reinterpret_cast<void*>(function);
    for (int i = 0; i < 6; ++i) *--stack = nullptr;
    top = stack;
  }
  static void swap(Context& from, Context& to) { ddim_switch_stack(&from.top, to.top); }
};
#else
struct Context {
  ucontext_t context{};
  void start(void* memory, std::size_t size, void (*function)()) {
    getcontext(&context);
    context.uc_stack = {memory, 0, size};
    context.uc_link = nullptr;
    makecontext(&context, function, 0);
  }
  static void swap(Context& from, Context& to) { swapcontext(&from.context, &to.context); }
};
#endif

/// A context and what AddressSanitizer must be told when it is switched to.
struct Stack {
  Context context;
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* fake = nullptr;
};

struct Fiber : Stack {
  State state = State::done;
  int line = 0;
  std::uint64_t given = 0, received = 0;
  int delta = 0;
  unsigned mask = 0;
};

void switch_to(Stack& from, Stack& to) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&from.fake, to.bottom, to.size);
#endif
  Context::swap(from.context, to.context);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(from.fake, nullptr, nullptr);
#endif
}

class Machine {
 public:
  explicit Machine(unsigned threads) : fibers_(threads) {
    for (Fiber& fiber : fibers_) {
      void* memory =
          mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED) throw std::runtime_error("no memory for the stack of a fiber");
      fiber.bottom = memory;
      fiber.size = kStack;
      fiber.context.start(memory, kStack, &Machine::loop);
    }
  }
  Machine(const Machine&) = delete;

  void run_block(const std::function<void()>& kernel, Order order, std::mt19937_64& random) {
    kernel_ = &kernel;
    running_ = this;
    for (Fiber& fiber : fibers_) fiber.state = State::ready;
    std::vector<unsigned> sequence(fibers_.size());
    std::iota(sequence.begin(), sequence.end(), 0u);
    if (order == Order::descending) std::reverse(sequence.begin(), sequence.end());
    do {
      if (order == Order::random) std::shuffle(sequence.begin(), sequence.end(), random);
      for (const unsigned t : sequence) {
        if (fibers_[t].state != State::ready) continue;
        current_ = t;
        ::threadIdx = {t, 0, 0};
        switch_to(main_, fibers_[t]);
      }
    } while (release());
  }

  static Machine& running() { return *running_; }
  Fiber& current() { return fibers_[current_]; }
  void yield() { switch_to(current(), main_); }

 private:
  /// A fiber lives as long as its machine and runs one thread of each block.
  static void loop() {
#ifdef __SANITIZE_ADDRESS__
    // The first arrival here has come from the machine's own stack: learn where that is.
    __sanitizer_finish_switch_fiber(nullptr, &running_->main_.bottom, &running_->main_.size);
#endif
    for (;;) {
      (*running_->kernel_)();
      running_->current().state = State::done;
      running_->yield();
    }
  }

  /// Lets waiting threads go on where all that should have arrived have. False: the block is finished.
  bool release() {
    const auto count = [&](State state) {
      return static_cast<std::size_t>(
          std::count_if(fibers_.begin(), fibers_.end(), [=](const Fiber& f) { return f.state == state; }));
    };
    if (count(State::done) == fibers_.size()) return false;
    bool released = false;
    for (unsigned first = 0; first < fibers_.size(); first += kWarp) released |= release_warp(first);
    if (released) return true;
    if (count(State::at_barrier) != fibers_.size())
      throw DivergenceError(std::to_string(count(State::at_barrier)) + " of " +
                            std::to_string(fibers_.size()) + " threads reached the barrier at line " +
                            std::to_string(waiting_line()) + ", " + std::to_string(count(State::done)) +
                            " had returned");
    for (Fiber& fiber : fibers_) {
      if (fiber.line != fibers_[0].line)
        throw DivergenceError("threads wait at the barriers of lines " + std::to_string(fibers_[0].line) +
                              " and " + std::to_string(fiber.line));
      fiber.state = State::ready;
    }
    return true;
  }

  int waiting_line() const {
    for (const Fiber& fiber : fibers_)
      if (fiber.state != State::done) return fiber.line;
    return 0;
  }

  bool release_warp(unsigned first) {
    const unsigned last = std::min<unsigned>(first + kWarp, static_cast<unsigned>(fibers_.size()));
    bool any = false, all = true;
    for (unsigned t = first; t < last; ++t) {
      any |= fibers_[t].state == State::at_shuffle;
      all &= fibers_[t].state == State::at_shuffle && fibers_[t].line == fibers_[first].line;
    }
    if (!any) return false;
    if (!all || fibers_[first].mask != 0xffffffffu)
      throw DivergenceError("not all lanes of the warp of thread " + std::to_string(first) +
                            " reached the shuffle at line " + std::to_string(fibers_[first].line));
    for (unsigned t = first; t < last; ++t) {
      const unsigned from = t + static_cast<unsigned>(fibers_[t].delta);
      fibers_[t].received = fibers_[from < last ? from : t].given;
    }
    for (unsigned t = first; t < last; ++t) fibers_[t].state = State::ready;
    return true;
  }

  static Machine* running_;
  std::vector<Fiber> fibers_;
  Stack main_;
  const std::function<void()>* kernel_ = nullptr;
  unsigned current_ = 0;
};

Machine* Machine::running_ = nullptr;

}  // namespace

void launch(std::int64_t grid, unsigned block, const std::function<void()>& kernel, Order order,
            std::uint64_t seed, std::int64_t first_block, std::int64_t last_block) {
  // Fibers are costly to make and keep no state: one machine per block size. One that stopped in the middle
  // of a block is left as it is, its threads cannot be unwound.
  static std::vector<std::pair<unsigned, std::unique_ptr<Machine>>> machines;
  auto found =
      std::find_if(machines.begin(), machines.end(), [=](const auto& m) { return m.first == block; });
  if (found == machines.end())
    found = machines.insert(machines.end(), {block, std::make_unique<Machine>(block)});
  Machine& machine = *found->second;
  std::mt19937_64 random(seed);
  ::gridDim = {static_cast<unsigned>(grid), 1, 1};
  ::blockDim = {block, 1, 1};
  try {
    for (std::int64_t b = first_block; b < last_block; ++b) {
      ::blockIdx = {static_cast<unsigned>(b), 0, 0};
      machine.run_block(kernel, order, random);
    }
  } catch (...) {
    static std::vector<std::unique_ptr<Machine>> stopped;
    stopped.push_back(std::move(found->second));
    machines.erase(found);
    throw;
  }
}

namespace {
bool barriers_hold = true;
}
WithoutBarriers::WithoutBarriers() { barriers_hold = false; }
WithoutBarriers::~WithoutBarriers() { barriers_hold = true; }

void barrier(int line) {
  if (!barriers_hold) return;
  Fiber& fiber = Machine::running().current();
  fiber.state = State::at_barrier;
  fiber.line = line;
  Machine::running().yield();
}

std::uint64_t shuffle_down(unsigned mask, std::uint64_t value, int delta, int line) {
  Fiber& fiber = Machine::running().current();
  fiber.state = State::at_shuffle;
  fiber.line = line;
  fiber.given = value;
  fiber.delta = delta;
  fiber.mask = mask;
  Machine::running().yield();
  return fiber.received;
}

}  // namespace ddim::emulation
