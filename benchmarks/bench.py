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
TAGS = [line.split("\t")[0] for line in (ROOT / "reference" / "equations.txt").read_text().splitlines()
        if line and not line.startswith("#")]


def measured(report):
    """What a report holds, a row a benchmark: its name, the bytes of one call, the nanoseconds of each repetition."""
    rows = {}
    for run in report["benchmarks"]:
        if run["run_type"] == "iteration":
            row = rows.setdefault(run["run_name"], {"name": run["run_name"], "bytes": 0, "ns": []})
            row["bytes"] = round(run.get("bytes_per_second", 0) * run["cpu_time"] * 1e-9)
            row["ns"].append(float(f"{run['cpu_time']:.5g}"))
    return sorted(rows.values(), key=lambda row: row["name"])


def table(context, rows):
    rates = {row["name"]: [row["bytes"] / ns for ns in row["ns"]] for row in rows if row["bytes"]}  # in GB/s
    lines = ["| equation | d x n | GB/s (median) | spread | / copy | / triad |", "|---|---|---|---|---|---|"]
    shown = [row for row in rows if "/reference/" in row["name"] and row["bytes"]]
    sizes = {row["name"]: [int(number) for number in row["name"].split("/")[-1].split("x")] for row in shown}
    shown.sort(key=lambda row: (TAGS.index(row["name"].split("/")[0]), sizes[row["name"]]))
    for row in shown:
        name, (d, n) = row["name"], sizes[row["name"]]
        values = rates[name]
        median = statistics.median(values)
        ratios = []
        for rival in ("copy", "triad"):
            base = rates.get(f"{rival}/{d}x{n}x{row['bytes'] // (8 * d * n)}")
            ratios.append(f"{median / statistics.median(base):.2f}" if base else "-")
        spread = f"{min(values):.1f} - {max(values):.1f}"
        lines.append(f"| {name.split('/')[0]} | {d}x{n} | {median:.1f} | {spread} | {ratios[0]} | {ratios[1]} |")
    lines.append("")
    lines.append(f"One thread of {context['num_cpus']} at {context['mhz_per_cpu']} MHz, "
                 f"{len(rows[0]['ns'])} interleaved repetitions, {context['date'][:10]}. "
                 "Only Lemma1 and Eq12 write into a given array; the others also pay for the array they return.")
    return "\n".join(lines) + "\n"


def compact(context, rows):
    """JSON, a row a line."""
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"context": {json.dumps(context)},\n"benchmarks": [\n{lines}\n]}}\n'


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
    context = {key: value for key, value in report["context"].items() if key not in ("host_name", "executable")}
    rows = measured(report)
    text = table(context, rows)
    print(text)
    if arguments.quick:
        return
    results = ROOT / "benchmarks" / "results"
    (results / "reference.json").write_text(compact(context, rows))
    (results / "reference.md").write_text(text)
    subprocess.run([sys.executable, ROOT / "tests" / "map" / "tables.py"], check=True)


if __name__ == "__main__":
    main()
