#pragma once

namespace ddim {

/// On how many threads a batch function runs: the last argument of each. The
/// work is shared out in fixed pieces and no sum is split, so a result has the
/// same bits, and an error the same text, for any number. Domain: count >= 1.
struct Threads {
  int count = 1;
  /// One per processor.
  static Threads all();
};

}  // namespace ddim
