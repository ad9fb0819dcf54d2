#pragma once

// Internal: how work is shared out among threads.

#include <Eigen/Core>
#include <functional>

#include "reference/threads.hpp"

namespace ddim {

/// Calls body(first, last) for consecutive pieces of 0..total, each of at least
/// `least` where there is that much, and returns when all are done. What the
/// piece nearest the front throws is thrown on, as it would be without threads.
void in_pieces(Threads threads, Eigen::Index total, Eigen::Index least,
               const std::function<void(Eigen::Index first, Eigen::Index last)>& body);

/// The same over the columns of a d x n batch, in blocks that stay in a core's own cache over several passes.
void in_blocks(Threads threads, Eigen::Index d, Eigen::Index n,
               const std::function<void(Eigen::Index first, Eigen::Index last)>& body);

}  // namespace ddim
