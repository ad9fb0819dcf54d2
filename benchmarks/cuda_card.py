#!/usr/bin/env python3
"""Everything a card can say about the kernels, most of its worth first, each step losing only itself.

Where nvcc and a card are:         python3 benchmarks/cuda_card.py
Where nvcc is, for another node:   python3 benchmarks/cuda_card.py --pack DIR --arch sm_90
and there:                         python3 DIR/cuda_card.py --results OUT [--budget SECONDS]

DIR holds the programs for that architecture, linked with the static CUDA run-time, every library of theirs but libc's, and
these scripts: nothing is built or fetched there. OUT (default: $OUT, else DIR/results, or benchmarks/results/ from a checkout)
gets one JSON document that is whole after every number, and the clocks as they were meanwhile. Carried back into
benchmarks/results/, it is what README shows.

  1  the hot kernels in float32 and bfloat16, beside copies that move the same bytes
  2  every bit of the case table against the plain loops, a process a tag
  3  PyTorch, eager and compiled, CuPy, and the CPU of the same machine
  4  the other kernels and dtypes; growth with n
  5  compute-sanitizer; Nsight Compute on six kernels
  6  what is too large or too odd for the case table

Exit: 0 all done, 77 no card could be used (it says why), 1 a step failed (the document says which).
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from results import Results, row_of
from worker import Worker, run_within

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAMS = ("cuda_device_test", "bench_cuda", "bench_cpu", "card_extremes")
SCRIPTS = ("cuda_card.py", "results.py", "worker.py", "peers.py", "rivals.py")
NO_CARD = 77
HOT = r"(Eq12|Eq12-drawn|Lemma1|Lemma1-drawn|Eq13|Eq7|Eq11|Theorem1|copy-\d)/card-(float32|bfloat16)"
PROFILED = ("Eq12/card-float32", "Eq12/card-bfloat16", "Eq12-drawn/card-float32", "Eq12-drawn/card-bfloat16",
            "Lemma1-drawn/card-float32", "Theorem1/card-float32")
EXTREMES = ("stream", "graph", "float16", "bfloat16", "large")


def find(tool):
    return shutil.which(tool) or shutil.which(tool, path="/usr/local/cuda/bin")


def pack(directory, arch):
    """Builds for `arch` and puts what is carried into the directory."""
    def run(*command, **options):
        print("+", *command, flush=True)
        return subprocess.run([str(part) for part in command], check=True, text=True, **options)
    build = ROOT / "build" / "card"
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", f"-DDDIM_CUDA_ARCHITECTURE={arch}")
    run("cmake", "--build", build, "-j", os.cpu_count() or 1, "--target", *PROGRAMS)
    run("cmake", "--install", build, "--component", "card", "--prefix", directory)
    commit = run("git", "-C", ROOT, "describe", "--always", "--dirty", capture_output=True).stdout.strip()
    record = {"commit": commit, "flags": f"-std=c++20 -O3 -fmad=false -arch={arch}"}
    (directory / "record.json").write_text(json.dumps(record) + "\n")
    for script in SCRIPTS:
        shutil.copy2(HERE / script, directory)


class Card:
    """One run: what it has, how long it may take, and where the rows go."""

    def __init__(self, programs, out, budget, rehearsal):
        self.programs, self.rehearsal = programs, rehearsal
        self.deadline = time.monotonic() + budget
        code, said = run_within([programs / "bench_cuda", "--describe"], min(60, budget))
        if code == NO_CARD:
            print(said.strip())
            sys.exit(NO_CARD)
        described = json.loads(said) if code == 0 else {"machine": "unknown", "error": said[-400:]}
        record = json.loads((programs / "record.json").read_text())
        name = re.sub(r"[^A-Za-z0-9]+", "-", described["machine"]).strip("-").lower()
        self.results = Results(out / f"card-{name}.json", described | record | {
            "date": time.strftime("%Y-%m-%d"), "cpus": os.cpu_count(), "rounds": self.rounds})
        self.failed = code != 0
        self.save()

    @property
    def rounds(self):
        return 3 if self.rehearsal else 9

    def left(self):
        return self.deadline - time.monotonic()

    def save(self):
        """What could not be written is written with the next row."""
        try:
            self.results.write()
        except OSError as error:
            print(f"not written: {error}", file=sys.stderr, flush=True)
            self.failed = True

    def add(self, row):
        self.failed = self.failed or "error" in row
        print(json.dumps(row), flush=True)
        self.results.rows.append(row)
        self.save()

    def measure(self, worker, pattern, d, n, limit):
        """Rounds over the names that match, written after each number; what ends, hangs or errs loses its own."""
        # A number may take a fifth of the step, so that one that hangs leaves time for the others; a rehearsal, on a
        # machine that does other things too, is not about time.
        patience, limit = (15, 600) if self.rehearsal else (limit / 5, limit)
        end = time.monotonic() + min(limit, self.left())
        names = [name for name in worker.list(max(1, min(60, self.left()))) if re.fullmatch(pattern, name)]
        if not names:
            return self.add({"name": pattern, "d": d, "n": n, "error": "none of these could be run"})
        before, seconds, errors = list(self.results.rows), {name: [] for name in names}, {}

        def row(name):
            error = errors.get(name) or (None if seconds[name] else "no time was left")
            return {"name": name, "d": d, "n": n, "error": error} if error else row_of(name, d, n, seconds[name])
        for _ in range(self.rounds):
            for name in names:
                left = end - time.monotonic()
                if name in errors or left <= 0:
                    continue
                one, error = worker.ask(name, d, n, 0.002 if self.rehearsal else 0.02, min(left, patience))
                if error:
                    errors[name] = error
                    worker.close()  # after a fault the card answers nothing more to that process
                else:
                    seconds[name].append(one)
                self.results.rows = before + [row(known) for known in names if seconds[known] or known in errors]
                self.save()
        worker.close()
        self.results.rows = before + [row(name) for name in names]
        self.save()
        for name in names:
            print(json.dumps(row(name)), flush=True)
        self.failed = self.failed or any("error" in row(name) for name in names)

    def check(self, name, command, limit, says=None):
        """A program that passes with 0 and says why not otherwise; `says` are its words worth keeping."""
        limit = min(600 if self.rehearsal else limit, self.left())
        if limit <= 0:
            return self.add({"name": name, "error": "no time was left"})
        begin = time.monotonic()
        code, output = run_within(command, limit)
        row = {"name": name, "seconds": round(time.monotonic() - begin, 2)}
        why = {0: None, 124: "did not end in time"}.get(code, f"ended with {code}")
        if why is None and "[  SKIPPED ]" in output:
            why = "was not run on the card"
        if why:
            row["error"] = f"{why}: {output.strip()[-600:]}"
        elif says:
            row["says"] = says(output)
        self.add(row)


def tags(card):
    code, output = run_within([card.programs / "cuda_device_test", "--gtest_list_tests"], min(60, card.left()))
    return re.findall(r"(?m)^(\w+)\.\n\s+DeviceEqualsHost", output) if code == 0 else []


def first(card):
    card.measure(Worker(card.programs / "bench_cuda"), HOT, *card_size(card), 90)


def card_size(card):
    return (64, 256) if card.rehearsal else (4096, 16384)


def bits(card):
    found = tags(card)
    if not found:
        card.add({"name": "bits", "error": "cuda_device_test could not be run"})
    for tag in found:
        card.check(f"bits/{tag}", [card.programs / "cuda_device_test", f"--gtest_filter={tag}.DeviceEqualsHost"], 60,
                   lambda output: output.strip().splitlines()[-1])


def rivals(card):
    d, n = card_size(card)
    on = ["--on", "cpu"] if card.rehearsal else []
    script = [sys.executable, card.programs / "rivals.py"]
    card.measure(Worker(*script, "torch", *on), r"Eq12(-drawn)?/.*-(float32|bfloat16)", d, n, 120)
    card.measure(Worker(*script, "cupy", *on), r".*", d, n, 45)
    cpu = Worker(card.programs / "bench_cpu")
    rows = r"(Eq12|Lemma1|Theorem1)/(reference(-all)?|eigen|host-float32|host-bfloat16)|(copy|triad)-\d(-all)?"
    card.measure(cpu, rows, 64, 256 if card.rehearsal else 1024, 40)
    if not card.rehearsal:
        card.measure(cpu, r"Eq12/(reference(-all)?|host-float32)|copy-4(-all)?", d, n, 60)


def others(card):
    card.measure(Worker(card.programs / "bench_cuda"), rf"(?!{HOT}).*", *card_size(card), 120)
    for exponent in (10,) if card.rehearsal else (8, 12, 16, 18, 20, 22, 24, 28):
        card.measure(Worker(card.programs / "bench_cuda"), r"(Eq12|Eq12-sent|copy-4)/card-(float32|bfloat16)", 64,
                     (1 << exponent) // 64, 20)


def tools(card):
    for check in ("memcheck", "racecheck"):
        tool = find("compute-sanitizer")
        for tag in tags(card) if tool else ["all"]:
            card.check(f"{check}/{tag}", [tool or "compute-sanitizer", "--tool", check, "--error-exitcode", "9",
                                          card.programs / "cuda_device_test", f"--gtest_filter={tag}.DeviceEqualsHost"], 60)
    d, n = card_size(card)
    for name in PROFILED:
        request = f"echo {name} {d} {n} 0 | {card.programs / 'bench_cuda'}"
        card.check(f"ncu/{name}",
                   [find("ncu") or "ncu", "--csv", "--clock-control", "none", "--set", "basic", "--launch-skip", "5",
                    "--launch-count", "2", "--target-processes", "all", "sh", "-c", request], 45, lambda output: output[-6000:])


def extremes(card):
    for what in EXTREMES:
        command = [card.programs / "card_extremes", what] + (["small"] if card.rehearsal else [])
        card.check(f"extremes/{what}", command, 90, lambda output: output.strip()[-200:])


STEPS = [first, bits, rivals, others, tools, extremes]


def sample_clocks(out):
    """nvidia-smi twice a second beside everything; clocks are only read."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return None
    query = "timestamp,clocks.sm,clocks.mem,temperature.gpu,power.draw,clocks_event_reasons.active"
    return subprocess.Popen([tool, f"--query-gpu={query}", "--format=csv", "-lms", "500"],
                            stdout=open(out / "clocks.csv", "w"), stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=pathlib.Path, metavar="DIR", help="build, put what is carried into DIR, and stop")
    parser.add_argument("--arch", default="sm_90", help="nvcc's -arch for --pack (default: %(default)s)")
    parser.add_argument("--programs", type=pathlib.Path, metavar="DIR", help="what --pack filled (default: this script's folder)")
    parser.add_argument("--results", type=pathlib.Path, metavar="OUT")
    parser.add_argument("--budget", type=float, default=540, metavar="SECONDS", help="in all (default: %(default)s)")
    parser.add_argument("--rehearsal", action="store_true", help="small sizes, three rounds, PyTorch on the CPU")
    arguments = parser.parse_args()
    if arguments.pack:
        return pack(arguments.pack.resolve(), arguments.arch)
    programs = (arguments.programs or HERE).resolve()
    kept = programs / "results"
    if programs == ROOT / "benchmarks":
        programs = ROOT / "build" / "card" / "programs"
        pack(programs, "native")
    out = arguments.results or pathlib.Path(os.environ.get("OUT") or kept)
    if lacking := [name for name in PROGRAMS + ("record.json",) if not (programs / name).exists()]:
        print(f"{programs} lacks {', '.join(lacking)} (--pack makes them)", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    card = Card(programs, out, arguments.budget, arguments.rehearsal)
    clocks = sample_clocks(out)
    try:
        for step in STEPS:
            begin = time.monotonic()
            try:
                step(card)
            except Exception as error:  # a step that fails costs itself
                card.add({"name": step.__name__, "error": f"{type(error).__name__}: {error}"})
            print(f"# {step.__name__}: {time.monotonic() - begin:.0f} s, {card.left():.0f} s left", file=sys.stderr, flush=True)
    finally:
        if clocks:
            clocks.kill()
    return 1 if card.failed else 0


if __name__ == "__main__":
    sys.exit(main())
