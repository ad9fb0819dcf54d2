#include <algorithm>
#include <charconv>

#include "tests/emulation/ptx_machine.hpp"

namespace ddim::ptx {

// Memory

void Memory::add(const void* data, std::size_t bytes) { add(const_cast<void*>(data), bytes, Access::read); }
void Memory::add(void* data, std::size_t bytes, Access access) {
  add_at(reinterpret_cast<std::uintptr_t>(data), data, bytes, access);
}

void Memory::add_at(std::uint64_t address, void* data, std::size_t bytes, Access access) {
  if ((reinterpret_cast<std::uintptr_t>(data) - address) % 256 != 0)
    throw Error(Fault::argument, 0, "address and data differ modulo 256");
  for (const auto& r : ranges_) {
    if (address < r.address + r.bytes && r.address < address + bytes)
      throw Error(Fault::argument, 0, "overlapping memory");
  }
  ranges_.push_back({address, bytes, static_cast<std::byte*>(data), access, {}});
  if (access != Access::read) ranges_.back().writer.resize(bytes);
  if (access == Access::write && bytes) std::memset(data, 0xff, bytes);
}

std::size_t Memory::unwritten(const void* address) const {
  for (const auto& r : ranges_) {
    if (r.address == reinterpret_cast<std::uintptr_t>(address))
      return static_cast<std::size_t>(std::count(r.writer.begin(), r.writer.end(), 0u));
  }
  throw Error(Fault::argument, 0, "no memory was added there");
}

namespace {
std::string describe(bool store, unsigned bytes, std::uint64_t address) {
  char hex[17];
  const auto end = std::to_chars(hex, hex + sizeof hex, address, 16).ptr;
  return (store ? "store of " : "load of ") + std::to_string(bytes) + " bytes at 0x" + std::string(hex, end);
}
}  // namespace

std::byte* Block::global(Warp& w, unsigned lane, std::uint64_t address, unsigned bytes, bool store,
                         bool coherent) {
  if (address % bytes != 0) throw Fail{Fault::misaligned, lane, describe(store, bytes, address)};
  const auto holds = [&](const Memory::Range& r) {
    return address >= r.address && address - r.address < r.bytes;
  };
  auto range = std::find_if(memory->ranges().begin(), memory->ranges().end(), holds);
  Memory::Range* r = range != memory->ranges().end() ? &*range : holds(module) ? &module : nullptr;
  if (!r || r->bytes - (address - r->address) < bytes)
    throw Fail{Fault::out_of_bounds, lane, describe(store, bytes, address)};
  const std::size_t at = address - r->address;
  if (r->access == Access::read) {
    if (store) throw Fail{Fault::read_only, lane, describe(store, bytes, address)};
  } else {
    if (!coherent)
      throw Fail{Fault::stale, lane,
                 "ld.global.nc from memory the kernel may write: " + describe(store, bytes, address)};
    std::uint32_t* writer = &r->writer[at];
    const auto self = static_cast<std::uint32_t>(first_thread + w.first_thread + lane + 2);
    bool other = false, never = false;
    for (unsigned k = 0; k < bytes; ++k) {
      other |= writer[k] > 1 && writer[k] != self;
      never |= writer[k] == 0;
    }
    if (other)
      throw Fail{Fault::race, lane,
                 describe(store, bytes, address) + " that another thread of this launch wrote"};
    if (!store && never && r->access == Access::write)
      throw Fail{Fault::uninitialised, lane, describe(store, bytes, address)};
    if (store) std::fill_n(writer, bytes, self);
  }
  ++(store ? stores : loads)[bytes];
  return r->data + at;
}

std::byte* Block::shared_at(Warp& w, unsigned lane, std::uint64_t address, unsigned bytes, bool store) {
  const std::uint64_t at = address - kSharedBase;
  const auto what = [&] { return describe(store, bytes, at) + " of shared memory"; };
  if (at > shared.data.size() || shared.data.size() - at < bytes)
    throw Fail{Fault::out_of_bounds, lane, what()};
  if (at % bytes != 0) throw Fail{Fault::misaligned, lane, what()};
  const std::uint32_t self = w.first_thread + lane + 1;
  // Ordered by a barrier of the block since, or, within a warp, by one of the warp.
  const auto ordered = [&](std::uint32_t thread, std::uint32_t then, std::uint32_t sync) {
    return thread == 0 || thread == self || then != epoch ||
           ((thread - 1) / kLanes == (self - 1) / kLanes && sync != w.sync);
  };
  for (unsigned k = 0; k < bytes; ++k) {
    auto& s = shared.stamps[at + k];
    if (!store && s.writer == 0) throw Fail{Fault::uninitialised, lane, what()};
    if (!ordered(s.writer, s.write_epoch, s.write_sync)) {
      throw Fail{Fault::race, lane,
                 what() + " that thread " + std::to_string(s.writer - 1) + " wrote, with no barrier since"};
    }
    if (store) {
      if (s.many_readers ? s.read_epoch == epoch : !ordered(s.reader, s.read_epoch, s.read_sync)) {
        throw Fail{Fault::race, lane, what() + " that another thread reads, with no barrier since"};
      }
      s.writer = self, s.write_epoch = epoch, s.write_sync = w.sync;
    } else {
      const bool fresh = s.reader == 0 || s.read_epoch != epoch;
      s.many_readers = !fresh && (s.many_readers || s.reader != self);
      s.reader = self, s.read_epoch = epoch, s.read_sync = w.sync;
    }
  }
  return shared.data.data() + at;
}

std::uint64_t Counters::executed() const {
  std::uint64_t sum = 0;
  for (const auto& [opcode, n] : instructions) sum += n;
  return sum;
}

// Scheduling. The lanes of a warp with the lowest program counter go first; that lets branches meet again.

namespace {

class Machine {
 public:
  Machine(const Program& program, const Launch& launch, Memory& memory, std::vector<std::byte> parameters)
      : program_(program), launch_(launch), counts_(program.code.size()) {
    block_.program = &program;
    block_.memory = &memory;
    block_.parameters = std::move(parameters);
    block_.grid = launch.grid, block_.dim = launch.block;
    module_memory_ = program.module_memory;
    block_.module = {kModuleBase, module_memory_.size(), module_memory_.data(), Access::read, {}};
    block_.shared.data.resize(program.shared_bytes + launch.shared_bytes);
    block_.shared.stamps.resize(block_.shared.data.size());
    warps_.resize((launch.block.count() + kLanes - 1) / kLanes);
    for (std::size_t k = 0; k < warps_.size(); ++k) {
      warps_[k].block = &block_;
      warps_[k].first_thread = static_cast<unsigned>(k * kLanes);
    }
  }

  void run_block(Dim index, std::uint64_t number) {
    block_.index = index;
    block_.first_thread = number * launch_.block.count();
    block_.epoch = 0;
    std::fill(block_.shared.data.begin(), block_.shared.data.end(), std::byte{0xff});
    std::fill(block_.shared.stamps.begin(), block_.shared.stamps.end(), Shared::Stamp{});
    for (auto& w : warps_) {
      start(w);
      run(w);
      if (!w.live) release(w);
    }
    while (std::any_of(warps_.begin(), warps_.end(), [](const Warp& w) { return w.live != 0; })) {
      pass_barrier();
      for (auto& w : warps_) {
        if (w.live) run(w);
      }
    }
    for (auto& w : warps_) release(w);
  }

  Counters counters() const {
    Counters out;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
      if (counts_[k] && program_.code[k].line)
        out.instructions[program_.opcodes[program_.code[k].opcode]] += counts_[k];
    }
    for (unsigned width = 0; width < block_.loads.size(); ++width) {
      if (block_.loads[width]) out.loads[width] = block_.loads[width];
      if (block_.stores[width]) out.stores[width] = block_.stores[width];
      out.bytes_loaded += width * block_.loads[width];
      out.bytes_stored += width * block_.stores[width];
    }
    return out;
  }

 private:
  struct File {
    std::vector<std::byte> storage;
    std::vector<Mask> written;
  };

  void start(Warp& w) {
    if (files_.empty()) {
      File f;
      f.storage.resize(std::size_t{kColumn} * program_.register_count + 64);
      w.storage = std::move(f.storage);
      w.columns = aligned(w);
      for (std::size_t k = 0; k < program_.constants.size(); ++k) {
        const auto& [index, value] = program_.constants[k];
        const unsigned bytes = program_.constant_bytes[k];
        for (unsigned l = 0; l < kLanes; ++l)
          std::memcpy(w.column<std::byte>(index) + l * bytes, value.data(), bytes);
      }
    } else {
      w.storage = std::move(files_.back().storage);
      w.written_storage = std::move(files_.back().written);
      files_.pop_back();
      w.columns = aligned(w);
    }
    w.written_storage.assign(program_.register_count, 0);
    w.written = w.written_storage.data();
    for (const auto& constant : program_.constants) w.written[constant.first] = ~Mask{0};
    const auto threads = launch_.block.count() - w.first_thread;
    w.live = threads >= kLanes ? ~Mask{0} : (Mask{1} << threads) - 1;
    w.at_barrier = w.at_collective = w.votes = 0;
    w.sync = 0;
    w.executed = 0;
    w.pc.fill(0);
    const Dim &d = launch_.block, &g = launch_.grid, &b = block_.index;
    for (const auto& [index, which] : program_.specials) {
      w.written[index] = ~Mask{0};
      for (unsigned l = 0; l < kLanes; ++l) {
        const unsigned t = w.first_thread + l, bit = 1u << l;
        const std::array<unsigned, 18> values{
            t % d.x, t / d.x % d.y, t / d.x / d.y,  d.x,       d.y, d.z, b.x, b.y, b.z, g.x, g.y, g.z, l, bit,
            bit - 1, 2 * bit - 1,   ~(2 * bit - 1), ~(bit - 1)};
        w.column<std::uint32_t>(index)[l] = values[static_cast<std::size_t>(which)];
      }
    }
  }
  static std::byte* aligned(Warp& w) {
    const auto at = reinterpret_cast<std::uintptr_t>(w.storage.data());
    return w.storage.data() + (64 - at % 64) % 64;
  }
  void release(Warp& w) {
    if (!w.storage.empty()) files_.push_back({std::move(w.storage), std::move(w.written_storage)});
    w.storage.clear();
  }

  std::string thread_name(const Warp& w, unsigned lane) const {
    const unsigned t = w.first_thread + lane;
    const Dim &d = launch_.block, &b = block_.index;
    const auto triple = [](unsigned x, unsigned y, unsigned z) {
      return "(" + std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(z) + ")";
    };
    return "thread " + triple(t % d.x, t / d.x % d.y, t / d.x / d.y) + " of block " + triple(b.x, b.y, b.z);
  }
  [[noreturn]] void fail(const Warp& w, const Fail& f, std::uint32_t pc) const {
    const auto& i = program_.code[pc];
    throw Error(
        f.fault, i.line,
        f.what + ", " + program_.opcodes[i.opcode] + " in " + program_.name + ", " + thread_name(w, f.lane));
  }

  // Until every lane has left or waits at the barrier of the block.
  void run(Warp& w) {
    try {
      while (const Mask ready = w.live & ~w.at_barrier & ~w.at_collective) {
        std::uint32_t pc = ~std::uint32_t{0}, limit = pc;
        Mask mask = 0;
        for (Mask m = ready; m; m &= m - 1) {
          const auto l = static_cast<unsigned>(std::countr_zero(m));
          if (w.pc[l] < pc) {
            limit = pc;
            pc = w.pc[l];
            mask = Mask{1} << l;
          } else if (w.pc[l] == pc) {
            mask |= Mask{1} << l;
          } else {
            limit = std::min(limit, w.pc[l]);
          }
        }
        advance(w, pc, mask, limit);
      }
      if (w.at_collective) {
        const auto lane = static_cast<unsigned>(std::countr_zero(w.at_collective));
        w.current = w.pc[lane];
        throw Fail{Fault::divergence, lane, "waits for lanes of its mask that went elsewhere"};
      }
    } catch (const Fail& f) {
      fail(w, f, w.current);
    }
  }

  static void settle(Warp& w, Mask mask, std::uint32_t pc) {
    for (; mask; mask &= mask - 1) w.pc[static_cast<unsigned>(std::countr_zero(mask))] = pc;
  }

  void advance(Warp& w, std::uint32_t pc, Mask mask, std::uint32_t limit) {
    for (const Instruction* code = program_.code.data(); pc < limit;) {
      const Instruction& i = code[pc];
      w.current = pc;
      const Mask m = i.guarded ? admitted(w, i, mask) : mask;
      if (++w.executed > launch_.most_instructions)
        throw Fail{Fault::limit, 0, std::to_string(launch_.most_instructions) + " instructions"};
      if (!m) {
        ++pc;
        continue;
      }
      check_sources(w, i, m);
      if (i.flow == Flow::next) [[likely]] {
        counts_[pc++] += static_cast<unsigned>(std::popcount(m));
        execute(w, i, m);
        continue;
      }
      if (i.flow == Flow::warp_collective) {
        const Mask through = meet(w, i, m, pc);
        if (through == mask) {
          ++pc;
          continue;
        }
        settle(w, (mask & ~m) | through, pc + 1);
        return;
      }
      counts_[pc] += static_cast<unsigned>(std::popcount(m));
      switch (i.flow) {
        case Flow::branch:
          if (m == mask) {
            pc = i.target;
            break;
          }
          settle(w, m, i.target);
          settle(w, mask & ~m, pc + 1);
          return;
        case Flow::exit:
          w.live &= ~m;
          mask &= ~m;
          if (!mask) return;
          ++pc;
          break;
        case Flow::trap:
          throw Fail{Fault::trap, static_cast<unsigned>(std::countr_zero(m)), "the kernel traps"};
        default:  // barrier of the block
          w.mask = m;
          i.run(w, i);
          w.at_barrier |= m;
          settle(w, m, pc);
          settle(w, mask & ~m, pc + 1);
          return;
      }
    }
    settle(w, mask, pc);
  }

  static void execute(Warp& w, const Instruction& i, Mask m) {
    w.mask = m;
    i.run(w, i);
    for (unsigned k = 0; k < i.destinations; ++k) w.written[i.registers[k]] |= m;
  }

  // Those of the lanes `mask` whose guard holds.
  Mask admitted(const Warp& w, const Instruction& i, Mask mask) const {
    check_written(w, i.guard(), mask);
    const Mask p = *w.column<Mask>(i.guard());
    return mask & (i.negated ? ~p : p);
  }

  void check_sources(const Warp& w, const Instruction& i, Mask m) const {
    for (unsigned k = i.destinations + 2u * i.selects; k < i.operands; ++k) {
      check_written(w, i.registers[k], m);
    }
    if (i.selects) {
      const Mask first = *w.column<Mask>(i.registers[3]);
      check_written(w, i.registers[1], m & first);
      check_written(w, i.registers[2], m & ~first);
    }
  }

  void check_written(const Warp& w, std::uint32_t index, Mask m) const {
    if (const Mask missing = m & ~w.written[index]) [[unlikely]] {
      throw Fail{Fault::uninitialised, static_cast<unsigned>(std::countr_zero(missing)),
                 "reads a register that was never written"};
    }
  }

  // Lanes `m` have come to a collective. Executes it for each complete group; returns the lanes that are
  // through.
  Mask meet(Warp& w, const Instruction& i, Mask m, std::uint32_t pc) {
    Mask here = m, through = 0;
    for (Mask waiting = w.at_collective; waiting; waiting &= waiting - 1) {
      const auto l = static_cast<unsigned>(std::countr_zero(waiting));
      if (w.pc[l] == pc) here |= Mask{1} << l;
    }
    const auto* members = w.at<std::uint32_t>(i, i.operands - 1u - i.guarded);
    for (Mask rest = here; rest;) {
      const auto first = static_cast<unsigned>(std::countr_zero(rest));
      const Mask group = members[first] & w.live;
      Mask present = 0;
      for (Mask r = rest; r; r &= r - 1) {
        const auto l = static_cast<unsigned>(std::countr_zero(r));
        if (members[l] != members[first]) continue;
        if (!(members[l] >> l & 1)) throw Fail{Fault::divergence, l, "is not in its own mask"};
        present |= Mask{1} << l;
      }
      rest &= ~present;
      if (present == group) {
        counts_[pc] += static_cast<unsigned>(std::popcount(group));
        execute(w, i, group);
        w.at_collective &= ~group;
        through |= group;
      } else {
        w.at_collective |= present;
        settle(w, present, pc);
      }
    }
    return through;
  }

  void pass_barrier() {
    const Warp* at = nullptr;
    std::uint32_t pc = 0;
    for (const auto& w : warps_) {
      for (Mask m = w.at_barrier; m; m &= m - 1) {
        const auto l = static_cast<unsigned>(std::countr_zero(m));
        if (!at) at = &w, pc = w.pc[l];
        if (w.pc[l] != pc) {
          fail(w,
               {Fault::divergence, l,
                "waits at another barrier than line " + std::to_string(program_.code[pc].line)},
               w.pc[l]);
        }
      }
    }
    Mask all = ~Mask{0}, any = 0;
    std::uint32_t sum = 0;
    for (const auto& w : warps_) {
      const auto threads = launch_.block.count() - w.first_thread;
      const Mask full = threads >= kLanes ? ~Mask{0} : (Mask{1} << threads) - 1;
      if (w.at_barrier != full) {
        fail(w,
             {Fault::divergence, static_cast<unsigned>(std::countr_zero(full & ~w.at_barrier)),
              "never comes to the barrier others wait at"},
             pc);
      }
      all &= w.votes | ~full;
      any |= w.votes & full;
      sum += static_cast<std::uint32_t>(std::popcount(w.votes & full));
    }
    ++block_.epoch;
    const auto& i = program_.code[pc];
    for (auto& w : warps_) {
      if (i.destinations) {
        const Mask verdict = i.mode == 1 ? (any ? ~Mask{0} : 0) : (all == ~Mask{0} ? ~Mask{0} : 0);
        if (i.mode == 2)
          std::fill_n(w.at<std::uint32_t>(i, 0), kLanes, sum);
        else
          *w.at<Mask>(i, 0) = verdict;
        w.written[i.registers[0]] |= w.at_barrier;
      }
      settle(w, w.at_barrier, pc + 1);
      w.at_barrier = 0;
      w.votes = 0;
    }
  }

  const Program& program_;
  const Launch& launch_;
  Block block_;
  std::vector<std::byte> module_memory_;
  std::vector<Warp> warps_;
  std::vector<File> files_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace

Counters Kernel::launch(const Launch& launch, const Arguments& arguments, Memory& memory) const {
  const Program& p = *program_;
  const auto refuse = [&](const std::string& what) { throw Error(Fault::argument, 0, p.name + ": " + what); };
  if (arguments.size() != p.parameter_bytes.size()) {
    refuse(std::to_string(arguments.size()) + " arguments for " + std::to_string(p.parameter_bytes.size()) +
           " parameters");
  }
  std::vector<std::byte> parameters(
      p.parameter_bytes.empty() ? 0 : p.parameter_offsets.back() + p.parameter_bytes.back());
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    if (arguments[k].size() != p.parameter_bytes[k]) {
      refuse("argument " + std::to_string(k) + " has " + std::to_string(arguments[k].size()) +
             " bytes, the parameter " + std::to_string(p.parameter_bytes[k]));
    }
    std::copy(arguments[k].begin(), arguments[k].end(),
              parameters.begin() + static_cast<std::ptrdiff_t>(p.parameter_offsets[k]));
  }
  const Dim &g = launch.grid, &b = launch.block;
  if (g.count() == 0 || b.count() == 0 || b.count() > p.most_threads || b.z > 64 || g.x > 0x7fffffff ||
      g.y > 65535 || g.z > 65535) {
    refuse("a grid of " + std::to_string(g.count()) + " blocks of " + std::to_string(b.count()) +
           " threads, at most " + std::to_string(p.most_threads) + ", is no launch");
  }
  if (g.count() * b.count() > 0xfffffff0u) refuse("more than 2^32 - 16 threads");
  if (launch.shared_bytes && !p.dynamic_shared)
    refuse("dynamic shared memory that the kernel does not declare");
  if (p.shared_bytes + launch.shared_bytes > 48 * 1024) refuse("more than 48 KiB of shared memory");
  for (auto& r : memory.ranges()) {
    for (auto& writer : r.writer) writer = std::min(writer, 1u);
  }
  Machine machine(p, launch, memory, std::move(parameters));
  std::uint64_t number = 0;
  for (unsigned z = 0; z < g.z; ++z) {
    for (unsigned y = 0; y < g.y; ++y) {
      for (unsigned x = 0; x < g.x; ++x) machine.run_block({x, y, z}, number++);
    }
  }
  return machine.counters();
}

}  // namespace ddim::ptx
