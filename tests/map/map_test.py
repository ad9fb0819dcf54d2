#!/usr/bin/env python3
"""Reads README's equation map and fails when a row lies, or when a generated table is not its file.

A cell is links `[name][file]`, or "-" where the equation has no such thing, for a reason listed under the map; the files
are defined once under it.
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
EQUATIONS = ROOT / "reference" / "equations.txt"
COLUMNS = ["brief", "tag", "law", "reference", "oracle", "Monte Carlo", "proof", "kernel", "benchmark"]
TABLES = ["tests/power/results/power.md", "benchmarks/results/bench.md"]
LINK = re.compile(r"\[`([^`]+)`\]\[([^\]]+)\]")
FILE = re.compile(r"(?m)^\[(\w+)\]: (\S+)$")
WIDEST_ROW = 280


def map_rows(readme):
    """The map's rows as {column: cell}, by tag; raises ValueError where the table is not the one described above."""
    lines = readme.split("## The map", 1)[1].split("\n## ", 1)[0].splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    if table[0] != COLUMNS:
        raise ValueError(f"columns are {table[0]}")
    return {row[1].strip("`"): dict(zip(COLUMNS, row)) for row in table[2:]}, "\n".join(lines)


def equations(text):
    """The list of equations as {tag: (number, "" where it has none, law)}, in its order."""
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    result = {tag: (number.strip("-"), law) for tag, number, law in rows}
    if len(result) != len(rows) or not all(law for _, law in result.values()):
        raise ValueError("a tag stands twice, or without a law")
    return result


def listed(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


class Map(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows, cls.section = map_rows((ROOT / "README.md").read_text())
        cls.files = dict(FILE.findall(cls.section))
        cls.equations = equations(EQUATIONS.read_text())

    def links(self, column):
        for tag, row in self.rows.items():
            for name, file in LINK.findall(row[column]):
                yield tag, name, self.files[file]

    def test_rows_fit_a_screen(self):
        for line in self.section.splitlines():
            self.assertLessEqual(len(line), WIDEST_ROW, line[:60])

    def test_every_equation_has_one_row_in_order(self):
        self.assertEqual(list(self.rows), list(self.equations))

    def test_numbers_and_statements_are_those_of_the_list(self):
        for tag, row in self.rows.items():
            with self.subTest(tag=tag):
                self.assertEqual((row["brief"], row["law"]), self.equations[tag])

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
                    runs = re.search(rf": {name[:-2]}\.", known)
                    self.assertTrue(runs, f"{tag}: ctest -R '^{name[:-2]}\\.' runs nothing")

    def test_each_benchmark_exists(self):
        known = listed([str(BUILD / "benchmarks" / "bench_cpu"), "--list"])
        for tag, name, _ in self.links("benchmark"):
            self.assertTrue(name.startswith(f"{tag}/"), name)
            self.assertTrue(re.search(rf"(?m)^{name}", known), f"./run bench --filter '{name}' selects nothing")

    def test_the_samplers_shown_are_those_that_are_run(self):
        readme = (ROOT / "README.md").read_text()
        for name, fence in (("own_noise.py", "python"), ("own_sampler.cpp", "cpp")):
            source = (ROOT / "tests" / "examples" / name).read_text()
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

    def test_a_list_with_a_tag_twice_or_a_cell_missing_is_an_error(self):
        self.assertEqual(equations("# tags\nA\t-\tx = x\nB\t(1)\ty\n"), {"A": ("", "x = x"), "B": ("(1)", "y")})
        for text in ("A\t-\tx\nA\t-\ty\n", "A\t(1)\n", "A\t(1)\t\n"):
            with self.assertRaises(ValueError):
                equations(text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
