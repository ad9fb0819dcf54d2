#!/usr/bin/env python3
"""Everything a card can say about the kernels, in one call; writes benchmarks/results/cuda-CARD.json and .md.

1. builds the library for the card at hand (static CUDA run-time) in build/card;
2. runs the whole case table on it: every bit must equal the plain loops'; a skipped test is a failure here;
3. compute-sanitizer: memcheck and racecheck over the same table;
4. SASS instructions per kernel;
5. benchmarks: L2 flushed before each sample, clocks read and left alone, the copy ceiling from the same run.
"""
import argparse
import collections
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "card"
FLAGS = "-std=c++20 -O3 -fmad=false -arch=native"


def run(*command, **options):
    print("+", *command, flush=True)
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def find(tool):
    return shutil.which(tool) or shutil.which(tool, path="/usr/local/cuda/bin")


def build():
    run("cmake", "-S", ROOT, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release", "-DDDIM_CUDA_ARCHITECTURE=native")
    run("cmake", "--build", BUILD, "-j", "--target", "cuda_device_test", "bench_cuda")


def check_bits(test):
    report = BUILD / "device.json"
    run(test, f"--gtest_output=json:{report}")
    suites = json.loads(report.read_text())["testsuites"]
    skipped = [f"{s['name']}.{t['name']}" for s in suites for t in s["testsuite"]
               if t.get("result") == "SKIPPED" and s["name"] != "NoDriver"]
    if skipped:
        sys.exit("not run on the card: " + ", ".join(skipped))
    return sum(s["tests"] for s in suites)


def sanitize(test):
    tool = find("compute-sanitizer")
    if not tool:
        return "not found"
    for check in ("memcheck", "racecheck"):
        run(tool, "--tool", check, "--error-exitcode", "9", test, "--gtest_filter=*.DeviceEqualsHost")
    return "memcheck and racecheck clean"


def sass(library):
    tool = find("cuobjdump")
    if not tool:
        return "cuobjdump not found"
    counts, kernel = collections.defaultdict(int), None
    for line in run(tool, "-sass", library, capture_output=True).stdout.splitlines():
        if match := re.search(r"Function : (\w+)", line):
            kernel = match.group(1)
        elif kernel and re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+[A-Z@]", line):
            counts[kernel] += 1
    return dict(sorted(counts.items()))


def clocks():
    query = "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,temperature.gpu,power.draw"
    tool = shutil.which("nvidia-smi")
    return run(tool, f"--query-gpu={query}", "--format=csv", capture_output=True).stdout.strip() if tool else "not read"


def table(report):
    rates, sizes = collections.defaultdict(list), {}
    for row in report["benchmarks"]:
        if row["run_type"] == "iteration" and "bytes_per_second" in row:
            name = row["run_name"].removesuffix("/manual_time")
            rates[name].append(row["bytes_per_second"])
            sizes[name] = row.get("bytes_per_element")
    lines = ["| kernel | bytes per element | GB/s (median) | spread | of the copy |", "|---|---|---|---|---|"]
    for name, values in sorted(rates.items()):
        copy = rates.get("copy/card/" + name.rsplit("/", 1)[1])
        median = statistics.median(values)
        share = f"{median / statistics.median(copy):.2f}" if copy and "/card/" in name else "-"
        lines.append(f"| {name} | {sizes[name] or '-'} | {median / 1e9:.0f} | "
                     f"{min(values) / 1e9:.0f} - {max(values) / 1e9:.0f} | {share} |")
    return "\n".join(lines) + "\n"


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    build()
    test, bench = BUILD / "tests/cuda/cuda_device_test", BUILD / "benchmarks/bench_cuda"
    tests = check_bits(test)
    sanitizer = sanitize(test)
    before, raw = clocks(), BUILD / "cuda.json"
    run(bench, "--benchmark_repetitions=9", "--benchmark_min_time=0.1", f"--benchmark_out={raw}",
        "--benchmark_out_format=json", stdout=subprocess.DEVNULL)
    report = json.loads(raw.read_text())
    for private in ("host_name", "executable"):
        report["context"].pop(private, None)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    report["context"] |= {"commit": commit, "flags": FLAGS, "clocks_before": before, "clocks_after": clocks(),
                          "device_tests": tests, "compute_sanitizer": sanitizer}
    report["sass_instructions"] = sass(BUILD / "cuda/libddim_cuda.a")
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    stem = "cuda-" + re.sub(r"[^A-Za-z0-9]+", "-", report["context"]["card"]).strip("-").lower()
    (results / (stem + ".json")).write_text(json.dumps(report, indent=1) + "\n")
    (results / (stem + ".md")).write_text(table(report))
    print(table(report))


if __name__ == "__main__":
    main()
