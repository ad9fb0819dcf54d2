#!/usr/bin/env python3
"""Everything a card can say about the kernels, in one call; writes benchmarks/results/cuda-CARD.json and .md.

1. builds the programs for the card at hand (static CUDA run-time) in build/card;
2. runs the whole case table on it: every bit must equal the plain loops'; a skipped test is a failure here;
3. compute-sanitizer: memcheck and racecheck over the same table;
4. SASS instructions per kernel;
5. benchmarks: L2 flushed before each sample, clocks read and left alone, the copy ceiling from the same run.

A node with a driver and nothing else: `--pack DIR` on a machine with nvcc puts the programs, every library of theirs
but libc's, this script and their record in DIR; there, `python3 DIR/cuda_card.py --programs DIR` does 2 to 5 with the tools it
finds and leaves the results in DIR/results.

Exit: 0 all done, 77 no card could be used (it says why), anything else went wrong.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "card"
PROGRAMS = ("cuda_device_test", "bench_cuda")
NO_CARD = 77


def run(*command, **options):
    print("+", *command, flush=True)
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def find(tool):
    return shutil.which(tool) or shutil.which(tool, path="/usr/local/cuda/bin")


def pack(directory, arch):
    """Builds for `arch` and puts what is carried into the directory."""
    run("cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", f"-DDDIM_CUDA_ARCHITECTURE={arch}")
    run("cmake", "--build", BUILD, "-j", os.cpu_count() or 1, "--target", *PROGRAMS)
    run("cmake", "--install", BUILD, "--component", "card", "--prefix", directory)
    git = ["git", "-C", ROOT]
    commit = run(*git, "rev-parse", "HEAD", capture_output=True).stdout.strip()
    changed = run(*git, "status", "--porcelain", capture_output=True).stdout.strip()
    record = {"commit": commit + ("+changes" if changed else ""),
              "flags": f"-std=c++20 -O3 -fmad=false -arch={arch}"}
    (directory / "record.json").write_text(json.dumps(record) + "\n")
    shutil.copy2(__file__, directory)


def require_card(bench):
    if subprocess.run([bench, "--benchmark_filter=none of them"], stdout=subprocess.DEVNULL).returncode == NO_CARD:
        sys.exit(NO_CARD)


def check_bits(test, report):
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


def sass(program):
    tool = find("cuobjdump")
    if not tool:
        return "cuobjdump not found"
    counts, kernel = collections.defaultdict(int), None
    for line in run(tool, "-sass", program, capture_output=True).stdout.splitlines():
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=pathlib.Path, metavar="DIR", help="build, put what is carried into DIR, and stop")
    parser.add_argument("--programs", type=pathlib.Path, metavar="DIR", help="run what --pack put into DIR")
    parser.add_argument("--arch", help="nvcc's -arch (default: native, all-major with --pack)")
    arguments = parser.parse_args()
    if arguments.pack:
        pack(arguments.pack.resolve(), arguments.arch or "all-major")
        return
    results = ROOT / "benchmarks" / "results"
    programs = BUILD / "programs"
    if arguments.programs:
        programs = arguments.programs.resolve()
        results = programs / "results"
    else:
        pack(programs, arguments.arch or "native")
    if lacking := [name for name in PROGRAMS + ("record.json",) if not (programs / name).exists()]:
        sys.exit(f"{programs} lacks {', '.join(lacking)}: make it with --pack")
    record = json.loads((programs / "record.json").read_text())
    test, bench = (programs / name for name in PROGRAMS)
    require_card(bench)
    with tempfile.TemporaryDirectory() as scratch:
        tests = check_bits(test, pathlib.Path(scratch) / "device.json")
        sanitizer = sanitize(test)
        before, raw = clocks(), pathlib.Path(scratch) / "cuda.json"
        run(bench, "--benchmark_repetitions=9", "--benchmark_min_time=0.1", f"--benchmark_out={raw}",
            "--benchmark_out_format=json", stdout=subprocess.DEVNULL)
        report = json.loads(raw.read_text())
    for private in ("host_name", "executable"):
        report["context"].pop(private, None)
    report["context"] |= record | {"clocks_before": before, "clocks_after": clocks(), "device_tests": tests,
                                   "compute_sanitizer": sanitizer}
    report["sass_instructions"] = sass(test)
    stem = "cuda-" + re.sub(r"[^A-Za-z0-9]+", "-", report["context"]["card"]).strip("-").lower()
    results.mkdir(parents=True, exist_ok=True)
    (results / (stem + ".json")).write_text(json.dumps(report, indent=1) + "\n")
    (results / (stem + ".md")).write_text(table(report))
    print(table(report))


if __name__ == "__main__":
    main()
