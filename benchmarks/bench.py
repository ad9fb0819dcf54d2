#!/usr/bin/env python3
"""CPU against GPU: measures the CPU's half here, reads the card's from benchmarks/results/, and writes the table that README
shows and the picture beside it. `./run bench` calls it.

Everything that is compared is measured in turns: a round asks every worker for every number of a group once, in an order
of its own, and there are at least nine rounds.
"""
import argparse
import datetime
import pathlib
import platform
import random
import re
import subprocess
import sys
import time

import report
from results import Results, row_of
from worker import Worker

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
KEPT = HERE / "results"
TAGS = ["Eq6", "Eq7", "Lemma1", "Eq8", "Eq9", "Eq10", "Eq11", "Theorem1", "Eq12", "Eq13", "AppendixA"]
YARDSTICKS = r"(copy|triad)-\d(-all)?"
STEP = r"Eq12/(reference(-all)?|eigen|numpy|torch|host-float32|lib-.*)|(copy|triad)-4(-all)?"


def machine():
    """The processor's name, its cores and its caches, in words."""
    listed = subprocess.run(["lscpu"], capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
    field = dict(re.findall(r"(?m)^\s*([^:]+):\s+(.*)$", listed))
    caches = ", ".join(f"{level} {field[level + ' cache'].split(' (')[0]}" for level in ("L2", "L3") if level + " cache" in field)
    return f"{field.get('Model name', platform.machine())}, {field.get('CPU(s)', '?')} CPUs" + (f", {caches}" if caches else "")


def context(rounds):
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {"machine": machine(), "date": datetime.date.today().isoformat(), "commit": commit.stdout.strip() or "unknown",
            "rounds": rounds}


def available_bytes():
    meminfo = pathlib.Path("/proc/meminfo").read_text()
    return 1024 * int(re.search(r"MemAvailable:\s+(\d+)", meminfo)[1])


def groups(quick):
    """(d, n, which names), each group measured in turns."""
    yield 64, 1024, rf"({'|'.join(TAGS)})/.*|Eq12-drawn/.*|{YARDSTICKS}"
    yield 1, 1, r"(Eq14|Eq16|NonMarkov|Eq12-coefficients)/.*"
    for exponent in (0, 8, 16) if quick else (0, 4, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28):
        names = STEP if exponent <= 24 else r"Eq12/(reference(-all)?|host-float32)|copy-4(-all)?"
        yield min(64, 1 << exponent), max(1, (1 << exponent) // 64), names
    for d in (8, 4096) if quick else (1, 8, 512, 4096, 65536):
        yield d, 65536 // d, r"(Eq12|Theorem1|Eq11)/(reference|host-float32)|(copy|triad)-4"
    for T in (10, 1000) if quick else (10, 100, 1000, 10000):
        yield 1, T, r"Schedule/.*"


def measure(workers, results, rounds, quick, only):
    """Adds every row to the results; a row a group and name."""
    done = set()
    known = [(worker, name) for worker in workers for name in worker.list()]
    for d, n, pattern in groups(quick):
        asked = [(worker, name) for worker, name in known
                 if re.fullmatch(pattern, name) and re.match(only, name) and (name, d, n) not in done]
        done |= {(name, d, n) for _, name in asked}
        need = 7 * 8 * d * n
        if need > 2**30 and need + 2**31 > available_bytes():
            results.add({"name": "every", "d": d, "n": n, "error": f"{available_bytes() >> 30} GiB of memory are free"})
            continue
        begin, seconds, errors = time.monotonic(), {}, {}
        for _ in range(rounds):
            random.shuffle(asked)
            for worker, name in asked:
                if name in errors:
                    continue
                one, error = worker.ask(name, d, n, 0.001 if quick else 0.004)
                if error:
                    errors[name] = error
                else:
                    seconds.setdefault(name, []).append(one)
        for _, name in sorted(asked, key=lambda pair: pair[1]):
            results.add(row_of(name, d, n, seconds[name]) if name not in errors
                        else {"name": name, "d": d, "n": n, "error": errors[name]})
        for worker in workers:
            if d * n >= 1 << 20:
                worker.close()
        print(f"{d} x {n}: {len(asked)} numbers, {time.monotonic() - begin:.1f} s", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="three rounds of fewer sizes; the results are not kept")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only names that begin so; the results are not kept")
    parser.add_argument("--lib", type=pathlib.Path, metavar="FILE.so",
                        help="a library of yours, with the functions of cuda/c_api.h, joins")
    parser.add_argument("--against", type=pathlib.Path, metavar="FILE", help="then compare with earlier results")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE",
                        help="where the rows go (default: benchmarks/results/cpu.json)")
    parser.add_argument("--no-measure", action="store_true", help="table, picture and comparison from what was kept")
    arguments = parser.parse_args()
    kept = not (arguments.quick or arguments.filter or arguments.lib or arguments.results)
    scratch = arguments.build / "benchmarks" / "cpu.json"
    path = arguments.results or (KEPT / "cpu.json" if kept or arguments.no_measure else scratch)
    if not arguments.no_measure:
        workers = [Worker(arguments.build / "benchmarks" / "bench_cpu"), Worker(sys.executable, HERE / "peers.py", "numpy"),
                   Worker(sys.executable, HERE / "peers.py", "torch")]
        if arguments.lib:
            workers.append(Worker(sys.executable, HERE / "peers.py", "lib", arguments.lib.resolve()))
        rounds = 3 if arguments.quick else 9
        results = Results(path, context(rounds))
        measure(workers, results, rounds, arguments.quick, arguments.filter)
        for worker in workers:
            worker.close()
    print(report.table(path, KEPT))
    if arguments.lib:
        print(report.of_library(path))
    if kept:
        (KEPT / "bench.md").write_text(report.table(path, KEPT))
        report.picture(path, KEPT, KEPT / "bench.svg")
        subprocess.run([sys.executable, ROOT / "tests" / "map" / "tables.py"], check=True)
    if arguments.against:
        text, worse = report.comparison(path, arguments.against)
        print(text)
        sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
