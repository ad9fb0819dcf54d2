#!/usr/bin/env python3
"""The mutation testing itself, on one small source: what is found, what it becomes, and what its tests make of it."""
import pathlib
import subprocess
import tempfile
import unittest

import mutants
import sites

SOURCE = """\
int limit(int x, bool strict) {
  constexpr int most = 10;
  if (strict && x >= most) return most;
  if (x > 1000) {
    x = 7;
  }
  return x + 1;
}
"""
MAIN = """\
#include <cstdlib>
#include <cstring>
int limit(int x, bool strict);
int main(int count, char** arguments) {
  if (count > 1 && std::strcmp(arguments[1], "strict") == 0) return limit(12, true) == 10 ? 0 : 1;
  return limit(1, false) == 2 && limit(9, true) == 10 ? 0 : 1;
}
"""


class Tool(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        (root / "limit.cpp").write_text(SOURCE)
        (root / "main.cpp").write_text(MAIN)
        finder = sites.Finder(root, {"limit.cpp"})
        finder.read(root / "limit.cpp", ["-std=c++20"])
        cls.sites = dict(enumerate(sorted(finder.found)))
        cls.changes = {f"{site.line}: {site.change()}": number for number, site in cls.sites.items()}
        (root / "changed.cpp").write_bytes(sites.rewritten(SOURCE.encode(), cls.sites))
        subprocess.run(["g++", "-std=c++20", "-w", "-I", mutants.ROOT, "changed.cpp", "main.cpp", "-o", "test"],
                       cwd=root, check=True)
        programs = ["test strict", "test loose"]
        cls.tests = [mutants.survey(root, test) for program in programs for test in mutants.tests_of(root, program)]
        cls.root = root

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def fate(self, change):
        return mutants.fate(self.root, self.changes[change], self.tests)

    def test_every_kind_of_change_is_found_and_constants_are_not(self):
        for change in ("3: `strict && x >= most` -> `strict || x >= most`", "3: `x >= most` -> `x > most`",
                       "3: `strict && x >= most` -> `true`", "4: `1000` -> `1001`", "5: `x = 7` deleted",
                       "7: `x + 1` -> `x - 1`", "7: `1` -> `0`"):
            self.assertIn(change, self.changes)
        self.assertFalse([change for change in self.changes if change.startswith("2:")])

    def test_unchanged_the_tests_pass(self):
        self.assertTrue(all(self.tests))

    def test_what_a_test_minds_is_killed(self):
        for change in ("7: `x + 1` -> `x - 1`", "3: `strict && x >= most` -> `false`", "3: `strict && x >= most` -> `true`",
                       "4: `x > 1000` -> `true`"):
            self.assertIn("killed", self.fate(change), change)

    def test_what_none_minds_has_survived(self):
        self.assertEqual(self.fate("3: `x >= most` -> `x > most`"), "survived")
        self.assertEqual(self.fate("4: `1000` -> `1001`"), "survived")

    def test_what_none_comes_to_was_never_reached(self):
        self.assertEqual(self.fate("5: `x = 7` deleted"), "never reached")

    def test_a_loop_without_end_is_killed_by_time(self):
        said, status = mutants.run(["sh", "-c", "while true; do :; done"], 0.2, {})
        self.assertEqual((said, status), ("", None))

    def test_the_score_leaves_equivalents_out(self):
        survivors = [{"equivalent": None}, {"equivalent": "why"}]
        self.assertEqual(mutants.score({"killed": 8, "tried": 10, "survivors": survivors}), 100 * 8 / 9)


if __name__ == "__main__":
    unittest.main()
