#!/usr/bin/env python3
"""card_programs.py BUILD WORK [alone]: the programs that are carried to a card need nothing installed there but libc.

Packs them into WORK; every library that one of them names must lie beside it or be libc's own, and they run with an
empty environment. With `alone` they run in a root directory that holds nothing but them and libc, or it exits with 77
and says why they cannot. Without a driver they say so.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

LIBC = {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "ld-linux-x86-64.so.2"}
NO_CARD = SKIPPED = 77
RUNS = "runs on the card"
PROGRAMS = ("cuda_device_test", "bench_cuda")


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
    if result.returncode != NO_CARD or "not measured: looking for a card" not in result.stdout:
        sys.exit(f"{script}: exit {result.returncode}, want {NO_CARD}\n{result.stdout}{result.stderr}")


def change_root():
    """The command that runs another in a root directory: chroot, for a user other than root in a name space."""
    path = "/usr/sbin:/sbin:/usr/bin:/bin"
    chroot, unshare = shutil.which("chroot", path=path), shutil.which("unshare", path=path)
    if not chroot:
        return None, "chroot is not found"
    if os.geteuid() == 0:
        return [chroot], None
    if not unshare:
        return None, "not root, and unshare is not found"
    command = [unshare, "--user", "--map-root-user", chroot]
    tried = subprocess.run([*command, "/", "/bin/true"], capture_output=True, text=True)
    return (command, None) if tried.returncode == 0 else (None, f"not root, and {tried.stderr.strip()}")


def run_programs(where, directory, *command, environment={}):
    """Whether both ran on a card."""
    outcomes = []
    for name in PROGRAMS:
        arguments = ["--describe"] if name == "bench_cuda" else []
        outcomes.append(run(name, *command, f"{directory}/{name}", *arguments, environment=environment))
        print(f"{name} {where}: {outcomes[-1]}")
    return outcomes == [RUNS] * len(PROGRAMS)


def run_alone(work):
    command, why_not = change_root()
    if why_not:
        print("not run in a root directory of their own:", why_not)
        sys.exit(SKIPPED)
    root = work / "root"
    root.mkdir()
    for path in [path for path in work.iterdir() if path.is_file()]:
        shutil.copy2(path, root)
    listed = subprocess.run(["ldd", work / "bench_cuda"], check=True, capture_output=True, text=True).stdout
    for path in map(pathlib.Path, re.findall(r"(/\S+) \(0x", listed)):
        if path.name in LIBC:
            (root / path.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, root / path.relative_to("/"))
    # LD_ORIGIN_PATH stands for /proc/self/exe, which a root directory without /proc lacks.
    run_programs("with libc alone", "", *command, str(root), environment={"LD_ORIGIN_PATH": "/"})
    shutil.rmtree(root)


def run_beside_everything(work):
    if found := missing(work):
        sys.exit("\n".join(found))
    if not run_programs("in an empty environment", work):
        run_script(work)
    # The fault: a library left behind.
    carried = next((path for path in work.iterdir() if ".so" in path.name), None)
    if carried:
        carried.unlink()
        if not missing(work):
            sys.exit(f"without {carried.name} nothing is missed")
    print("libraries carried along:", carried.name if carried else "none")


def main(build, work, alone=None):
    work = pathlib.Path(work).resolve()
    shutil.rmtree(work, ignore_errors=True)
    subprocess.run(["cmake", "--install", build, "--component", "card", "--prefix", work], check=True,
                   stdout=subprocess.DEVNULL)
    (run_alone if alone else run_beside_everything)(work)


main(*sys.argv[1:])
