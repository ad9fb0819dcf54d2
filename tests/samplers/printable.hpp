#pragma once

#include <string>
#include <string_view>

namespace ddim::samplers {

/// What others wrote, as it may stand in a report and on a terminal: UTF-8 without control characters (what is
/// either is escaped: \n, \x1b), at most `most` bytes of it, and how many more there are.
std::string printable(std::string_view text, std::size_t most = 2000);

/// A word of a command, as a shell takes it.
std::string shell_word(std::string_view word);

}  // namespace ddim::samplers
