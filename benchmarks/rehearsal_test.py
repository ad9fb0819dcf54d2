#!/usr/bin/env python3
"""rehearsal_test.py BUILD: the card script on a card that is none, each kind of failure once. Each loses its own part only,
and what is in the results folder is a whole document after each.

`--full` runs the script as it is on a card, all steps, and prints how long that takes.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(HERE))
import cuda_card  # noqa: E402


def packed(directory):
    """What --pack would have left, with the card that is none behind the programs for one."""
    directory.mkdir()
    for name in ("bench_cuda", "card_extremes", "cuda_device_test"):
        os.symlink(BUILD / f"fake_{name}", directory / name)
    os.symlink(BUILD / "bench_cpu", directory / "bench_cpu")
    for script in cuda_card.SCRIPTS:
        os.symlink(HERE / script, directory / script)
    (directory / "record.json").write_text(json.dumps({"commit": "none", "flags": "none"}))
    return directory


def document(out):
    """The one document, whole."""
    found = list(out.glob("*.json"))
    assert len(found) == 1, found
    return json.loads(found[0].read_text())


class Rehearsal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        cls.programs = packed(pathlib.Path(cls.work.name) / "programs")

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def setUp(self):
        self.out = pathlib.Path(tempfile.mkdtemp(dir=self.work.name))

    def script(self, steps, budget=1200, programs=None, **environment):
        """The command and its environment; only the named steps are taken."""
        code = ("import sys, cuda_card; cuda_card.STEPS = [getattr(cuda_card, name) for name in sys.argv.pop(1).split(',')]; "
                "sys.exit(cuda_card.main())")
        command = [sys.executable, "-c", code, steps, "--rehearsal", "--programs", str(programs or self.programs),
                   "--results", str(self.out), "--budget", str(budget)]
        return command, {**os.environ, "PYTHONPATH": str(HERE), **environment}

    def rows(self, steps, **options):
        command, environment = self.script(steps, **options)
        self.code = subprocess.run(command, env=environment, capture_output=True, text=True).returncode
        return {row["name"]: row for row in document(self.out)["rows"]}

    def test_nothing_wrong(self):
        rows = self.rows("first")
        self.assertEqual(self.code, 0)
        self.assertGreater(len(rows), 15)
        for row in rows.values():
            self.assertEqual(row["repetitions"], 3)
            self.assertTrue(0 < row["ns"][0] <= row["ns"][1] <= row["ns"][2], row)

    def test_a_fault_in_one_kernel(self):
        rows = self.rows("first", FAKE_FAULT="encode_mean_float32")
        lost = [name for name, row in rows.items() if "error" in row]
        self.assertEqual(lost, ["Eq13/card-float32"])
        self.assertIn("cudaErrorIllegalAddress", rows["Eq13/card-float32"]["error"])
        self.assertEqual(self.code, 1)

    def test_a_kernel_that_hangs(self):
        rows = self.rows("first", FAKE_HANG="ddim_step_given_bfloat16")
        self.assertEqual([name for name, row in rows.items() if "error" in row], ["Eq12/card-bfloat16"])
        self.assertIn("no answer", rows["Eq12/card-bfloat16"]["error"])

    def test_tools_and_rivals_that_are_missing(self):
        rows = self.rows("tools,rivals", PATH="/nowhere")
        self.assertIn("error", rows["memcheck/all"])
        self.assertIn("error", rows["ncu/Eq12/card-float32"])
        self.assertIn("ns", rows["Eq12/reference"])  # measured after what was missing

    def test_a_program_that_is_missing(self):
        programs = packed(self.out.with_name(self.out.name + "-programs"))
        (programs / "card_extremes").unlink()
        rows = self.rows("extremes,first", programs=programs)
        self.assertIn("ended with 127", rows["extremes/stream"]["error"])
        self.assertIn("ns", rows["Eq12/card-float32"])

    def test_what_the_card_refuses(self):
        rows = self.rows("extremes")
        self.assertEqual([name for name, row in rows.items() if "error" in row], ["extremes/graph"])
        self.assertEqual(rows["extremes/large"]["says"], "equal")

    def test_the_budget_ends_before_the_steps_do(self):
        rows = self.rows("extremes,first", budget=0.5)
        self.assertTrue(any("no time was left" in row.get("error", "") for row in rows.values()), rows)

    def test_killed_at_any_moment(self):
        for wait in (0.2, 0.5, 0.9, 1.4):
            command, environment = self.script("first")
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if list(self.out.glob("*.json")):
                document(self.out)

    def test_a_full_disk(self):
        """A file may not grow to its whole size: that write fails, is said, and the document before it stands."""
        self.rows("first")
        whole = max(path.stat().st_size for path in self.out.glob("*.json"))
        for path in self.out.glob("*.json"):
            path.unlink()
        command, environment = self.script("first")
        limited = ["sh", "-c", f'ulimit -f {whole * 3 // 4 // 512}; exec "$@"', "sh", *command]
        result = subprocess.run(limited, env=environment, capture_output=True, text=True)
        self.assertIn("not written", result.stderr)
        self.assertEqual(result.returncode, 1)
        self.assertGreater(len(document(self.out)["rows"]), 2)  # what fitted is kept
        self.assertIn("Theorem1/card-float32", result.stdout)  # it went on

    def test_no_card_is_no_failure(self):
        programs = packed(self.out.with_name(self.out.name + "-programs"))
        (programs / "bench_cuda").unlink()
        (programs / "bench_cuda").write_text("#!/bin/sh\necho not measured: no card >&2\nexit 77\n")
        (programs / "bench_cuda").chmod(0o755)
        command, environment = self.script("first", programs=programs)
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        self.assertEqual((result.returncode, list(self.out.iterdir())), (77, []))
        self.assertIn("not measured: no card", result.stdout)


if __name__ == "__main__":
    if "--full" in sys.argv:
        with tempfile.TemporaryDirectory() as work:
            programs, begin = packed(pathlib.Path(work) / "programs"), time.monotonic()
            subprocess.run([sys.executable, programs / "cuda_card.py", "--rehearsal", "--programs", programs, "--results",
                            pathlib.Path(work) / "results"])
            rows = document(pathlib.Path(work) / "results")["rows"]
            errors = [row["name"] for row in rows if "error" in row]
            print(f"{len(rows)} rows, {len(errors)} of them errors ({', '.join(errors)}), {time.monotonic() - begin:.0f} s")
    else:
        unittest.main(argv=[sys.argv[0]])
