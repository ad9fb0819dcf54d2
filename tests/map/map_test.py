#!/usr/bin/env python3
"""Reads README's equation map and fails when a row lies, or when a generated table is not its file.

A cell is a link `[name](path)`, or "-" where the equation has no such thing, for a reason listed under the map.
For each link: the file exists, it holds the name, and it holds the tag as a word. A name that is a GoogleTest filter
(`Tag.*`) must have such a suite in the file, and ctest must see it; a benchmark filter must select something.
"""
import pathlib
import re
import subprocess
import sys
import unittest

import tables

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
TAGS = ["Eq6", "Eq6T", "Eq7", "Lemma1", "Eq8", "NonMarkov", "Eq9", "Eq10", "Eq11", "Theorem1", "Eq12", "Eq13", "Eq14",
        "Eq16", "AppendixA"]
BRIEF = {"Eq6": "(1)", "Eq6T": "(1)", "Eq7": "(2)", "Eq8": "(3)", "Eq9": "(4)", "Eq10": "(5)", "Eq11": "(6)"}
COLUMNS = ["brief", "tag", "statement", "reference", "oracle", "Monte Carlo", "proof", "kernel", "benchmark"]
TABLES = ["tests/statistics/results/power.md", "benchmarks/results/bench.md"]
LINK = re.compile(r"\[`([^`]+)`\]\(([^)]+)\)")


def map_rows(readme):
    """The map's rows as {column: cell}, by tag; raises ValueError where the table is not the one described above."""
    lines = readme.split("## The map", 1)[1].split("\n## ", 1)[0].splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    if table[0] != COLUMNS:
        raise ValueError(f"columns are {table[0]}")
    return {row[1].strip("`"): dict(zip(COLUMNS, row)) for row in table[2:]}, "\n".join(lines)


def listed(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


class Map(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows, cls.section = map_rows((ROOT / "README.md").read_text())

    def links(self, column):
        for tag, row in self.rows.items():
            for name, path in LINK.findall(row[column]):
                yield tag, name, path

    def test_every_tag_has_one_row_in_order(self):
        self.assertEqual(list(self.rows), TAGS)

    def test_the_briefs_numbers(self):
        for tag, row in self.rows.items():
            self.assertEqual(row["brief"], BRIEF.get(tag, ""), tag)

    def test_cells_are_links_or_dashes_with_a_reason(self):
        for tag, row in self.rows.items():
            for column in COLUMNS[3:]:
                with self.subTest(tag=tag, column=column):
                    rest = LINK.sub("", row[column]).replace(",", "").strip()
                    if LINK.search(row[column]):
                        self.assertEqual(rest, "")
                    else:
                        self.assertEqual(row[column], "-")
                        reason = rf"(?m)^- (`{tag}`|every), {column}: .{{10}}"
                        self.assertTrue(re.search(reason, self.section), "no reason is given")

    def test_links_lead_to_the_name_and_the_tag(self):
        for column in COLUMNS[3:]:
            for tag, name, path in self.links(column):
                with self.subTest(tag=tag, column=column, name=name, path=path):
                    text = (ROOT / path).read_text()
                    self.assertTrue(re.search(rf"\b{tag}(\b|_)", text), "the tag is not in the file")
                    if name.endswith(".*"):
                        self.assertTrue(re.search(rf"TEST(_F)?\({name[:-2]},", text), "no such suite")
                    elif "/" not in name:
                        self.assertTrue(re.search(rf"\b{re.escape(name)}\b", text), "the name is not in the file")

    def test_ctest_knows_each_suite(self):
        known = listed(["ctest", "--test-dir", str(BUILD), "-N"])
        for column in ("oracle", "Monte Carlo", "kernel"):
            for tag, name, _ in self.links(column):
                if name.endswith(".*"):
                    self.assertTrue(re.search(rf": {name[:-2]}\.", known), f"{tag}: ctest -R '^{name[:-2]}\\.' runs nothing")

    def test_each_benchmark_exists(self):
        known = listed([str(BUILD / "benchmarks" / "bench_cpu"), "--list"])
        for tag, name, _ in self.links("benchmark"):
            self.assertTrue(name.startswith(f"{tag}/"), name)
            self.assertTrue(re.search(rf"(?m)^{name}", known), f"./run bench --filter '{name}' selects nothing")


    def test_the_samplers_shown_are_those_that_are_run(self):
        readme = (ROOT / "README.md").read_text()
        for name, fence in (("own_noise.py", "python"), ("own_sampler.cpp", "cpp")):
            source = (ROOT / "tests" / "statistics" / "samplers" / name).read_text()
            shown = readme.split(f"/{name}", 1)[1].split(f"```{fence}\n", 1)[1].split("```", 1)[0]
            self.assertEqual(shown, source, name)

    def test_generated_tables_are_their_files(self):
        readme = (ROOT / "README.md").read_text()
        self.assertEqual(tables.BLOCK.findall(readme), TABLES)
        self.assertEqual(tables.refreshed(readme), readme, "run tests/map/tables.py")


class TheTestItself(unittest.TestCase):
    """A map that lies must not pass."""

    def test_a_missing_column_is_an_error(self):
        with self.assertRaises(ValueError):
            map_rows("## The map\n| tag |\n|---|\n")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
