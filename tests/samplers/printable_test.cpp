#include "tests/samplers/printable.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace ddim::samplers {
namespace {

TEST(Printable, TextStaysAsItIs) {
  for (const char* text : {"", "plain", "sqrt(\u03b1) \u221a\u1fb1 \U0001F600", "a 'quoted' \\ \"word\""})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, WhatATerminalObeysAndWhatIsNoTextIsEscaped) {
  EXPECT_EQ(printable("\x1b[2J\n\r\t\x7f"), R"(\x1b[2J\n\r\t\x7f)");
  EXPECT_EQ(printable(std::string("\0", 1)), R"(\x00)");
  EXPECT_EQ(printable("\u0085\u202e\u2066\u200f"), R"(\xc2\x85\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8f)");
  EXPECT_EQ(printable("\xff\xc3(\xe2\x82"), R"(\xff\xc3(\xe2\x82)");
  EXPECT_EQ(printable("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"), R"(\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80)");
}

TEST(Printable, LongTextsSayHowMuchMoreThereIs) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef... 1 more");
  EXPECT_EQ(printable("\u03b1\u03b1\u03b1", 3), "\u03b1\u03b1... 2 more");
  EXPECT_EQ(printable(std::string(50'000'000, 'x')).size(), 2000 + std::string("... 49998000 more").size());
}

/// As a shell that knows $'...' reads it.
std::string through_a_shell(const std::string& word) {
  FILE* pipe = popen(("bash -c \"$(cat <<'END'\nprintf %s " + word + "\nEND\n)\"").c_str(), "r");
  std::array<char, 256> text;
  const std::size_t size = fread(text.data(), 1, text.size(), pipe);
  pclose(pipe);
  return {text.data(), size};
}

TEST(ShellWord, SurvivesAShell) {
  EXPECT_EQ(shell_word("py:diffusers:DDIMScheduler"), "py:diffusers:DDIMScheduler");
  for (const char* word : {"", "two words", "it's", "exec:python3 a.py \"x\" | tee $HOME/`log`; # *",
                           "a\\b\n'c'\t", "\x1b[2J'\\",
                           "\xff\xfe"
                           "abc",
                           "~/file", "\u03b1 = 1", "-x!"})
    EXPECT_EQ(through_a_shell(shell_word(word)), word) << shell_word(word);
}

}  // namespace
}  // namespace ddim::samplers
