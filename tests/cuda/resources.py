#!/usr/bin/env python3
"""What ptxas says a kernel takes, against the checked-in table.

resources.py [--write] PTXAS TABLE PTX...    one PTX file per architecture

Spills and stack are errors whatever the version. Registers and shared memory are compared with the table where it
was written by the same ptxas; another version may allocate otherwise, which is said and is no error.
"""
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def resources(ptxas, path):
    arch = re.search(r"^\.target (sm_\d+)", open(path).read(4096), re.M).group(1)
    run = subprocess.run([ptxas, "-v", f"-arch={arch}", path, "-o", "/dev/null"], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    pattern = (r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
               r"(\d+) bytes spill loads.*?Used (\d+) registers(?:[^\n]*?(\d+) bytes smem)?")
    found = {}
    for name, stack, stores, loads, registers, shared in re.findall(pattern, run.stderr, re.S):
        if int(stack) or int(stores) or int(loads):
            sys.exit(f"{arch} {name}: {stack} bytes of stack, {stores} + {loads} bytes of spills, want none")
        found[name.removeprefix("ddim_cuda_")] = f"{registers}+{shared or 0}"
    return arch, found


def main(arguments):
    write = arguments[:1] == ["--write"]
    ptxas, table_path, *paths = arguments[write:]
    release = re.search(r"V([\d.]+)", subprocess.run([ptxas, "--version"], capture_output=True, text=True).stdout)
    with ThreadPoolExecutor(2) as pool:
        columns = dict(pool.map(lambda path: resources(ptxas, path), paths))
    kernels = sorted(set().union(*columns.values()))
    lines = [f"# registers per thread + bytes of shared memory; no kernel spills or has a stack; ptxas {release.group(1)}",
             "kernel," + ",".join(columns)]
    lines += [",".join([kernel] + [columns[arch].get(kernel, "absent") for arch in columns]) for kernel in kernels]
    if write:
        open(table_path, "w").write("\n".join(lines) + "\n")
        return
    want = open(table_path).read().splitlines()
    if want[0] != lines[0]:
        print(f"table: {want[0]}\nhere:  {lines[0]}\nanother ptxas: registers not compared; no stack, no spills")
        return
    different = [f"want {w}\ngot  {g}" for w, g in zip(want, lines) if w != g]
    if different or len(want) != len(lines):
        sys.exit("\n".join(different or ["a kernel is missing from the table or from the PTX"]))
    print(f"{len(kernels)} kernels on {', '.join(columns)} as in the table")


main(sys.argv[1:])
