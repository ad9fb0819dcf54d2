#!/usr/bin/env python3
"""Fuzzes the targets of a build made for it: first a planted fault, which each has to find, then the parsers as they are.

    fuzz.py BUILD [--minutes N] [TARGET...]

Prints how many executions each target was given; exit 1 where one found something, and its input is left in BUILD.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ALSO = {"config": [HERE.parent / "conformance" / "configs"], "reply": []}
SEEDS = {"config": "empty.json", "reply": "good"}  # what the search for the planted fault begins with
PLANTED_SECONDS, HANG_SECONDS = 60, 10


def started(build, target, seconds, corpus, planted=False):
    """libFuzzer on a target, its first corpus folder being the one that grows."""
    command = [build / "tests" / "fuzz" / f"fuzz_{target}", f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}",
               "-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={corpus[0]}/../{target}-", *corpus]
    environment = {**os.environ, **({"DDIM_FUZZ_PLANTED": "1"} if planted else {})}
    return subprocess.Popen([str(word) for word in command], env=environment, text=True, errors="replace",
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def executions(said):
    return int((re.findall(r"number_of_executed_units:\s*(\d+)", said) or ["0"])[-1])


def finds_the_planted_fault(build, target):
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder) / "corpus"
        corpus.mkdir()
        (corpus / "seed").write_bytes((HERE / "corpus" / target / SEEDS[target]).read_bytes())
        run = started(build, target, PLANTED_SECONDS, [corpus], planted=True)
        said = run.communicate()[1]
        found = run.returncode != 0 and "fuzz: accepted" in said
        print(f"{target}: the planted fault is {'found' if found else 'NOT FOUND'} in {executions(said)} executions")
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--minutes", type=float, default=2, help="of each target, side by side (default 2)")
    parser.add_argument("target", nargs="*", help=f"{', '.join(SEEDS)} (default: all)")
    asked = parser.parse_args()
    if unknown := set(asked.target) - set(SEEDS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    asked.target = asked.target or list(SEEDS)
    clean = all([finds_the_planted_fault(asked.build, target) for target in asked.target])
    runs = {}
    for target in asked.target:
        grown = asked.build / "corpus" / target
        grown.mkdir(parents=True, exist_ok=True)
        runs[target] = started(asked.build, target, int(60 * asked.minutes), [grown, HERE / "corpus" / target, *ALSO[target]])
    for target, run in runs.items():
        said = run.communicate()[1]
        print(f"{target}: {executions(said)} executions, {'clean' if run.returncode == 0 else 'FOUND SOMETHING'}")
        if run.returncode != 0:
            print("\n".join(said.splitlines()[-40:]))
            clean = False
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
