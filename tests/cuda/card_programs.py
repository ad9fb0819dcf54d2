#!/usr/bin/env python3
"""card_programs.py BUILD WORK: the programs that are carried to a card need nothing installed there but libc.

Packs them into WORK; every library that one of them names must lie beside it or be libc's own; they run with an empty
environment and, for root, in a root directory that holds nothing but them and libc. Without a driver they say so.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

LIBC = {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "ld-linux-x86-64.so.2"}
NO_CARD = 77
RUNS = "runs on the card"


def dynamic(path):
    return subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True).stdout


def missing(directory):
    """What the ELF files of a directory need and neither it nor libc has."""
    files = [path for path in directory.iterdir() if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    names = {path.name for path in files}
    found = []
    for path in files:
        section = dynamic(path)
        needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", section))
        found += [f"{path.name} needs {name}" for name in sorted(needed - names - LIBC)]
        if needed & names and ".so" not in path.name and "[$ORIGIN]" not in section:
            found.append(f"{path.name} does not look beside itself")
    return found


def run(name, *command, environment={}):
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, cwd="/")
    said = result.stdout + result.stderr
    no_card = "CUDA error 35" in said or "CUDA error 100" in said
    want = (NO_CARD if name == "bench_cuda" else 0) if no_card else 0
    if result.returncode != want:
        sys.exit(f"{' '.join(command)}: exit {result.returncode}, want {want}\n{said}")
    if no_card and ("not measured: looking for a card" if name == "bench_cuda" else "not run on a card:") not in said:
        sys.exit(f"{' '.join(command)}: does not say that there is no card\n{said}")
    return "no card, and says so" if no_card else RUNS


def run_script(programs):
    """benchmarks/cuda_card.py on what is carried, where that ends at once: without a card."""
    (programs / "record.json").write_text("{}")
    script = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "cuda_card.py"
    result = subprocess.run([sys.executable, script, "--programs", programs], capture_output=True, text=True)
    if result.returncode != NO_CARD or "not measured: looking for a card" not in result.stderr:
        sys.exit(f"{script}: exit {result.returncode}, want {NO_CARD}\n{result.stdout}{result.stderr}")


def main(build, work):
    work = pathlib.Path(work).resolve()
    shutil.rmtree(work, ignore_errors=True)
    subprocess.run(["cmake", "--install", build, "--component", "card", "--prefix", work], check=True,
                   stdout=subprocess.DEVNULL)
    programs = ["cuda_device_test", "bench_cuda"]
    if found := missing(work):
        sys.exit("\n".join(found))
    for name in programs:
        arguments = ["--benchmark_filter=copy"] if name == "bench_cuda" else []
        outcome = run(name, str(work / name), *arguments)
        print(f"{name} in an empty environment: {outcome}")
    if outcome != RUNS:
        run_script(work)

    chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if os.geteuid() == 0 and chroot:
        root = work / "root"
        root.mkdir()
        for path in [path for path in work.iterdir() if path.is_file()]:
            shutil.copy2(path, root)
        listed = subprocess.run(["ldd", work / "bench_cuda"], check=True, capture_output=True, text=True).stdout
        for path in map(pathlib.Path, re.findall(r"(/\S+) \(0x", listed)):
            if path.name in LIBC:
                (root / path.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, root / path.relative_to("/"))
        for name in programs:
            arguments = ["--benchmark_filter=copy"] if name == "bench_cuda" else []
            # LD_ORIGIN_PATH stands for /proc/self/exe, which a root directory without /proc lacks.
            print(f"{name} with libc alone:",
                  run(name, chroot, str(root), "/" + name, *arguments, environment={"LD_ORIGIN_PATH": "/"}))
        shutil.rmtree(root)
    else:
        print("not root: not run in a root directory of its own")

    # The fault: a library left behind.
    carried = next((path for path in work.iterdir() if ".so" in path.name), None)
    if carried:
        carried.unlink()
        if not missing(work):
            sys.exit(f"without {carried.name} nothing is missed")
    print("libraries carried along:", carried.name if carried else "none")


main(*sys.argv[1:])
