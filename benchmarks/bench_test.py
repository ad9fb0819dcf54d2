#!/usr/bin/env python3
"""bench_test.py PROGRAM: the workers answer, results are whole documents, and the reports say what the rows say."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = sys.argv.pop(1)
sys.path.insert(0, str(HERE))
import bench  # noqa: E402
import report  # noqa: E402
from results import Results, load, row_of  # noqa: E402
from worker import Worker, run_within  # noqa: E402


class Protocol(unittest.TestCase):
    def test_every_name_answers(self):
        worker = Worker(PROGRAM)
        names = worker.list()
        for tag in bench.TAGS:
            for who in ("reference", "reference-all", "eigen"):
                self.assertIn(f"{tag}/{who}", names)
        for name in names:
            d, n = (1, 100) if name.startswith("Schedule") else (8, 16)
            seconds, error = worker.ask(name, d, n, 0)
            self.assertIsNone(error, name)
            self.assertGreater(seconds, 0, name)
        self.assertEqual(worker.ask("Eq99/reference", 8, 8, 0), (None, "no such benchmark"))
        worker.close()

    def test_numpys_passes_answer(self):
        worker = Worker(sys.executable, HERE / "peers.py", "numpy")
        names = worker.list()
        if not names:
            self.skipTest("no NumPy here")
        self.assertEqual({name.split("/")[0] for name in names}, set(bench.TAGS))
        for name in names:
            self.assertGreater(worker.ask(name, 8, 16, 0)[0], 0, name)
        worker.close()

    def test_an_end_and_a_silence_are_errors(self):
        self.assertIn("ended with 3", Worker("sh", "-c", "read line; exit 3").ask("x", 1, 1, 0)[1])
        self.assertIn("no answer", Worker("sh", "-c", "sleep 60").ask("x", 1, 1, 0, limit=0.1)[1])
        self.assertEqual(run_within(["sleep", "60"], 0.1)[0], 124)
        self.assertEqual(run_within(["/nowhere"], 1)[0], 127)


class Rows(unittest.TestCase):
    def results(self, *rows, machine="a machine"):
        with tempfile.NamedTemporaryFile(suffix=".json", delete=False) as file:
            path = pathlib.Path(file.name)
        self.addCleanup(path.unlink)
        results = Results(path, {"machine": machine, "date": "2026-01-01", "commit": "abc", "rounds": 9})
        for row in rows:
            results.add(row)
        return path

    def test_a_row_a_line_and_whole_after_each(self):
        path = self.results(row_of("Eq12/reference", 2, 5, [3e-8, 1e-8, 2e-8]), {"name": "x", "error": 'a "quoted" one'})
        context, rows = load(path)
        self.assertEqual((context["commit"], rows[0]["ns"], rows[0]["repetitions"]), ("abc", [1, 2, 3], 3))
        self.assertEqual(len(path.read_text().splitlines()), 2 + len(rows))

    def test_a_step_of_a_path_counts_as_one(self):
        self.assertEqual(row_of("Theorem1/reference", 1, 1, [1e-8])["ns"][1], 1)
        self.assertEqual(row_of("Theorem1/host-float32", 1, 1, [1e-8])["ns"][1], 10)

    def test_verdicts(self):
        self.assertEqual(report.verdict([1, 1.1, 1.2], [1.3, 1.4, 1.5]), "faster")
        self.assertEqual(report.verdict([1.3, 1.4, 1.5], [1, 1.1, 1.2]), "slower")
        self.assertEqual(report.verdict([1, 1.01, 1.02], [1, 1.02, 1.03]), "same")
        self.assertEqual(report.verdict([1, 1.5, 2], [1, 1.1, 1.6]), "ambiguous")

    def test_comparison(self):
        def row(least, median, most):
            return {"name": "Eq12/reference", "d": 64, "n": 1024, "ns": [least, median, most], "repetitions": 9}
        old, slower = self.results(row(1, 1.1, 1.2)), self.results(row(1.3, 1.4, 1.5))
        self.assertTrue(report.comparison(slower, old)[1])
        self.assertFalse(report.comparison(old, slower)[1])
        self.assertIn("1 ambiguous", report.comparison(self.results(row(1, 1.3, 2)), old)[0])
        self.assertIn("ambiguous", report.comparison(self.results(row(1, 1.1, 1.2), machine="another"), old)[0])

    def test_what_was_not_measured_says_so_beside_a_prediction(self):
        rows = [{"name": f"{tag}/reference", "d": 64, "n": 1024, "ns": [1, 1, 1], "repetitions": 9} for tag in bench.TAGS]
        path = self.results(*rows)
        with tempfile.TemporaryDirectory() as empty:
            text = report.table(path, empty)
            self.assertEqual(text.count("not measured ("), 2 * len(bench.TAGS))
            self.assertIn("a prediction", text)
            # With a card's file its numbers stand there, and nothing is predicted for them.
            times = {"Eq12/card-float32": 0.006, "copy-4/card-float32": 0.0054, "Eq12/card-torch-float32": 0.03}
            card = {"context": {"machine": "Some Card", "date": "today", "commit": "abc", "flags": "-O3"},
                    "rows": [{"name": name, "d": 4096, "n": 16384, "ns": [t, t, t], "repetitions": 9}
                             for name, t in times.items()] + [{"name": "bits/Eq8"}, {"name": "bits/Eq12", "error": "a bit"}]}
            (pathlib.Path(empty) / "card-some.json").write_text(json.dumps(card))
            text = report.table(path, empty)
            of_equations, of_kernels = (line for line in text.splitlines() if line.startswith("| Eq12 |"))
            self.assertIn("| 0.006 |", of_equations)
            self.assertEqual(of_equations.count("not measured ("), 1)
            self.assertEqual(of_kernels, "| Eq12 | 4 | not measured | 0.006 (0.90) | not measured | not measured |")
            self.assertIn("PyTorch eager, noise given: 5.00 (float32).", text)
            self.assertIn("bits of Eq8, Eq12: FAILED Eq12.", text)

    def test_a_library_of_ones_own_is_said_beside_the_kernels_loops(self):
        rows = [{"name": f"Eq12/{who}-float32", "d": 64, "n": 1024, "ns": [t, t, t]} for who, t in (("host", 2), ("lib", 3))]
        self.assertEqual(report.of_library(self.results(*rows)),
                         "your library, Eq12 in float32, 64 x 1024: 3 ns per element, 1.50 of the kernels' loop")

    def test_where_one_begins_to_win_for_good(self):
        def rows(who, times):
            return [{"name": f"Eq12/{who}", "d": min(64, 1 << e), "n": max(1, (1 << e) // 64), "ns": [t, t, t]}
                    for e, t in times.items()]
        text = report.crossings(rows("reference", {10: 1, 14: 1, 18: 1, 22: 4}) +
                                rows("reference-all", {10: 3, 14: 0.9, 18: 1.1, 22: 2}))
        self.assertIn("caches end after 2^18", text)
        self.assertIn("all threads win from 2^22", text)

    def test_the_kept_results_are_whole_and_shown(self):
        path = HERE / "results" / "cpu.json"
        _, rows = load(path)
        measured = {row["name"] for row in rows if "ns" in row}
        for tag in bench.TAGS:
            self.assertIn(f"{tag}/reference", measured)
        self.assertTrue(all(row["repetitions"] >= 9 for row in rows if "ns" in row))
        self.assertEqual((HERE / "results" / "bench.md").read_text(), report.table(path, HERE / "results"))
        self.assertTrue(re.search(r"<svg ", (HERE / "results" / "bench.svg").read_text()))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
