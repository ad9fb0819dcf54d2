#!/usr/bin/env python3
"""Runs bench_reference and writes benchmarks/results/reference.{json,md}; the table is what README shows.

Machines are shared and noisy, so repetitions are interleaved and each equation is read as the ratio of its median
to the medians of the copy and the triad that move the same bytes in the same run.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TAGS = ["Eq6", "Eq7", "Lemma1", "Eq8", "Eq9", "Eq10", "Eq11", "Theorem1", "Eq12", "Eq13", "AppendixA"]
STREAMS = {"Eq7": 3, "Lemma1": 3, "Eq8": 3, "Eq9": 3, "Eq10": 3, "Eq12": 4, "Eq13": 3}


def rates(report):
    """bytes per second of every repetition, by benchmark."""
    result = {}
    for row in report["benchmarks"]:
        if row["run_type"] == "iteration" and "bytes_per_second" in row:
            result.setdefault(row["run_name"], []).append(row["bytes_per_second"])
    return result


def table(report):
    measured = rates(report)
    lines = ["| equation | d x n | GB/s (median) | spread | / copy | / triad |", "|---|---|---|---|---|---|"]
    rows = [name.split("/") for name in measured if "/reference/" in name]
    rows.sort(key=lambda row: (TAGS.index(row[0]), [int(number) for number in row[-1].split("x")]))
    for row in rows:
        tag, size = row[0], row[-1]
        values = measured["/".join(row)]
        median = statistics.median(values)
        ratios = []
        for rival in ("copy", "triad"):
            base = measured.get(f"{rival}/{size}x{STREAMS[tag]}") if tag in STREAMS else None
            ratios.append(f"{median / statistics.median(base):.2f}" if base else "-")
        spread = f"{min(values) / 1e9:.1f} - {max(values) / 1e9:.1f}"
        lines.append(f"| {tag} | {size} | {median / 1e9:.1f} | {spread} | {ratios[0]} | {ratios[1]} |")
    context = report["context"]
    lines.append("")
    lines.append(f"One thread of {context['num_cpus']} at {context['mhz_per_cpu']} MHz, "
                 f"{len(next(iter(measured.values())))} interleaved repetitions, {context['date'][:10]}. "
                 "Only Lemma1 and Eq12 write into a given array; the others also pay for the array they return.")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="fewer, shorter repetitions; the results are not kept")
    arguments = parser.parse_args()
    program = arguments.build / "benchmarks" / "bench_reference"
    raw = arguments.build / "benchmarks" / "reference.json"
    repetitions, seconds = (3, 0.02) if arguments.quick else (9, 0.2)
    subprocess.run([program, f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={seconds}",
                    "--benchmark_enable_random_interleaving=true", f"--benchmark_out={raw}",
                    "--benchmark_out_format=json"], check=True, stdout=subprocess.DEVNULL)
    report = json.loads(raw.read_text())
    for private in ("host_name", "executable"):
        report["context"].pop(private, None)
    text = table(report)
    print(text)
    if arguments.quick:
        return
    results = ROOT / "benchmarks" / "results"
    (results / "reference.json").write_text(json.dumps(report, indent=1) + "\n")
    (results / "reference.md").write_text(text)
    subprocess.run([sys.executable, ROOT / "tests" / "map" / "tables.py"], check=True)


if __name__ == "__main__":
    main()
