#!/usr/bin/env python3
"""Mutation testing: makes one small change of a room's source after another, and says which its own tests do not notice.

    mutants.py [ROOM...] [--count N] [--seed S] [--jobs N]

One build a room holds every change; a variable of the environment says at run time which is alive. A first run of each test
by itself says which changes it reaches, so that a change meets only tests that can notice it. Without options the results are
kept in tests/mutants/results; a change that cannot be noticed stands, with the reason, in tests/mutants/equivalent.txt.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import sites

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS, EQUIVALENT = HERE / "results", HERE / "equivalent.txt"
WORK = ROOT / "build" / "mutants"


@dataclasses.dataclass(frozen=True)
class Room:
    """Where it is; the translation units that include its headers besides its own; its test programs; how many changes."""
    folder: str
    units: tuple
    programs: tuple  # of the build, with arguments where it is no GoogleTest program
    count: int


ROOMS = {
    "reference": Room("reference", (), tuple(f"tests/reference/reference_{name}_test" for name in
                      ("schedule", "laws", "steps", "objective", "threads")) + ("tests/reference/ulps --quick",), 150),
    "cuda": Room("cuda", ("tests/cuda/cases_host.cpp",),
                 ("tests/cuda/cuda_operations_test", "tests/cuda/cuda_emulated_test", "tests/cuda/cuda_random_test"), 150),
    "statistics": Room("tests/statistics", (), ("tests/statistics/statistics_test",), 300),
    "conformance": Room("tests/conformance", (), ("tests/conformance/conformance_test",), 300),
}


def sources(room):
    """The files that may be changed: what the room ships, without its tests."""
    files = subprocess.run(["git", "ls-files", room.folder], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    return [name for name in files.split()
            if re.search(r"\.[ch]pp$", name) and not name.endswith(("_test.cpp", "_test.hpp"))]


class Build:
    """A copy of the tree whose sources hold the changes."""

    def __init__(self, name):
        self.room, self.source, self.build = ROOMS[name], WORK / name / "source", WORK / name / "build"
        self.texts = {}  # of the sources, as they were when the copy was made

    def copy(self):
        shutil.rmtree(self.source, ignore_errors=True)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
        for name in listed.split("\0"):
            if name and (ROOT / name).is_file():
                (self.source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.source / name)
        if (ROOT / ".venv").exists():
            (self.source / ".venv").symlink_to(ROOT / ".venv")

        self.texts = {name: (self.source / name).read_bytes() for name in sources(self.room)}

    def configure(self):
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        # Changes warn, and some narrow; only what cannot be compiled is no change.
        command = ["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", *launcher,
                   "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DCMAKE_CXX_FLAGS=-w -Wno-narrowing", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def find(self):
        """Every site, in the order of files and places."""
        wanted = sources(self.room)
        finder = sites.Finder(self.source, set(wanted))
        resource = subprocess.run(["clang-14", "-print-resource-dir"], text=True, capture_output=True, check=True).stdout.strip()
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            name = os.path.relpath(entry["file"], self.source)
            if name not in wanted and name not in self.room.units:
                continue
            words = shlex.split(entry["command"])
            arguments = [word for word in words if re.match(r"-([ID]|std=)", word)]
            arguments += [f"-isystem{word}" for flag, word in zip(words, words[1:]) if flag == "-isystem"]
            finder.read(self.source / name, [*arguments, f"-resource-dir={resource}"])
        return sorted(finder.found, key=lambda site: (site.file, site.start, site.end, site.after or ""))

    def write(self, changes):
        by_file = collections.defaultdict(dict)
        for number, site in changes.items():
            by_file[site.file][number] = site
        for name in sources(self.room):
            text = sites.rewritten(self.texts[name], by_file[name])
            if (self.source / name).read_bytes() != text:
                (self.source / name).write_bytes(text)

    def make(self, jobs):
        """The places, (file, line), that did not compile."""
        targets = [pathlib.Path(program.split()[0]).name for program in self.room.programs]
        command = ["ninja", "-C", str(self.build), "-k", "0", f"-j{jobs}", *targets]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        (WORK / f"{self.room.folder.replace('/', '-')}.log").write_text(done.stdout + done.stderr)
        if done.returncode == 0:
            return set()
        named = re.findall(rf"{re.escape(str(self.source))}/(\S+?):(\d+):\d+: (?:error|note)|"
                           rf"{re.escape(str(self.source))}/(\S+?):(\d+):\d+:\s+required from", done.stdout)
        return {(a or c, int(b or d)) for a, b, c, d in named}

    def made_of(self, chosen, jobs):
        """Builds with as many of the changes as compile; those."""
        changes = dict(enumerate(chosen))
        while True:
            self.write(changes)
            wrong = self.make(jobs)
            lost = {number for number, site in changes.items()
                    if any((site.file, line) in wrong for line in range(site.line, site.last_line + 1))}
            if not wrong:
                return changes
            if not lost:
                sys.exit(f"the build fails, and not at a change: {WORK / self.room.folder.replace('/', '-')}.log")
            changes = {number: site for number, site in changes.items() if number not in lost}


@dataclasses.dataclass
class Test:
    program: str
    name: str  # of a GoogleTest case; "" for a whole program
    seconds: float = 0
    reaches: frozenset = frozenset()


def command_of(build, program, names):
    words = [str(build / program.split()[0]), *program.split()[1:]]
    return words if names == [""] else [*words, f"--gtest_filter={':'.join(names)}", "--gtest_fail_fast", "--gtest_brief=1"]


def run(command, seconds, variables):
    """What was printed, and the exit status, None where time ran out."""
    process = subprocess.Popen(command, env={**os.environ, **variables}, cwd=ROOT, text=True, errors="replace",
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        return process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return process.communicate()[0], None


def tests_of(build, program):
    if " " in program:
        return [Test(program, "")]
    listed = subprocess.run([build / program, "--gtest_list_tests"], text=True, capture_output=True, check=True).stdout
    tests, suite = [], ""
    for line in listed.splitlines():
        if line.startswith("  "):
            tests.append(Test(program, suite + line.split("#")[0].strip()))
        elif re.fullmatch(r"\S+\.(\s+#.*)?", line):
            suite = line.split("#")[0].strip()
    return tests


def survey(build, test):
    """The test as it is, with how long it takes and which changes it reaches; None where it does not pass."""
    with tempfile.TemporaryDirectory() as folder:
        noted = pathlib.Path(folder) / "reached"
        begun = time.monotonic()
        _, status = run(command_of(build, test.program, [test.name]), 600, {"DDIM_MUTANTS_REACHED": str(noted)})
        if status != 0:
            return None
        reached = frozenset(int(line) for line in noted.read_text().split()) if noted.exists() else frozenset()
        return Test(test.program, test.name, time.monotonic() - begun, reached)


def fate(build, number, tests):
    """"never reached", "survived", or what killed it."""
    reaching = sorted((test for test in tests if number in test.reaches), key=lambda test: test.seconds)
    if not reaching:
        return "never reached"
    by_program = collections.defaultdict(list)
    for test in reaching:
        by_program[test.program].append(test)
    for program, group in sorted(by_program.items(), key=lambda item: sum(test.seconds for test in item[1])):
        seconds = 10 + 10 * sum(test.seconds for test in group)
        said, status = run(command_of(build, program, [test.name for test in group]), seconds, {"DDIM_MUTANT": str(number)})
        if status is None:
            return "killed: time-out"
        if status != 0:
            failed = re.search(r"\[  FAILED  \] (\S+)", said)
            return f"killed: {failed[1] if failed else f'{program} ended with {status}'}"
    return "survived"


def equivalents():
    """{(file, its line, change): reason}; an entry whose line is gone is an error."""
    entries = {}
    for text in EQUIVALENT.read_text().splitlines():
        if text and not text.startswith("#"):
            file, line, change, reason = text.split("\t")
            if line not in [other.strip() for other in (ROOT / file).read_text().splitlines()]:
                sys.exit(f"{EQUIVALENT.name}: {file} holds no line `{line}`")
            entries[file, line, change] = reason
    return entries


def try_room(name, count, seed, jobs):
    """Everything, as what is kept in results."""
    build = Build(name)
    build.copy()
    build.configure()
    found = build.find()
    # Some will not compile: as many more are in the build, and stay asleep.
    chosen = random.Random(seed).sample(found, min(len(found), count + count // 4))
    compiled = build.made_of(chosen, jobs)
    changes = dict(list(compiled.items())[:count])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        listed = [test for program in build.room.programs for test in tests_of(build.build, program)]
        surveyed = list(pool.map(lambda test: survey(build.build, test), listed))
        failing = [test.name or test.program for test, result in zip(listed, surveyed) if result is None]
        tests = [test for test in surveyed if test is not None]
        fates = dict(zip(changes, pool.map(lambda number: fate(build.build, number, tests), changes)))
    known, lines = equivalents(), {file: text.decode().splitlines() for file, text in build.texts.items()}
    survivors = []
    for number, site in sorted(changes.items(), key=lambda item: (item[1].file, item[1].line)):
        if not fates[number].startswith("killed"):
            line = lines[site.file][site.line - 1].strip()
            survivors.append({"file": site.file, "line": site.line, "source": line, "change": site.change(), "fate": fates[number],
                              "equivalent": known.get((site.file, line, site.change()))})
    return {"room": name, "seed": seed, "sites": len(found), "tried": len(changes), "did not compile": len(chosen) - len(compiled),
            "killed": sum(fate.startswith("killed") for fate in fates.values()),
            "by time-out": sum(fate == "killed: time-out" for fate in fates.values()),
            "tests that fail unchanged": failing, "survivors": survivors}


def score(result):
    equal = sum(survivor["equivalent"] is not None for survivor in result["survivors"])
    return 100 * result["killed"] / max(1, result["tried"] - equal)


def table(results):
    """What a reader is shown of all rooms."""
    text = "| room | tried | killed | equivalent | survived | never reached | score |\n|---|---|---|---|---|---|---|\n"
    for result in results:
        equal = [survivor for survivor in result["survivors"] if survivor["equivalent"] is not None]
        open_ = [survivor for survivor in result["survivors"] if survivor["equivalent"] is None]
        unreached = sum(survivor["fate"] == "never reached" for survivor in open_)
        text += (f"| {result['room']} | {result['tried']} of {result['sites']} sites | {result['killed']} | {len(equal)} | "
                 f"{len(open_) - unreached} | {unreached} | {score(result):.0f} % |\n")
    return text


def survivors_of(result):
    lines = [f"{s['file']}:{s['line']}: {s['change']}: {s['fate']}" + (f" (equivalent: {s['equivalent']})" if s["equivalent"] else "")
             for s in result["survivors"]]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("room", nargs="*", help=f"{', '.join(ROOMS)} (default: all)")
    parser.add_argument("--count", type=int, help="changes tried in each room")
    parser.add_argument("--seed", type=int, help="of the choice among all sites (default 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    if unknown := set(asked.room) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    kept = asked.count is None and asked.seed is None
    results = []
    for name in asked.room or ROOMS:
        result = try_room(name, asked.count or ROOMS[name].count, asked.seed or 1, asked.jobs)
        results.append(result)
        print(survivors_of(result))
        for test in result["tests that fail unchanged"]:
            print(f"left out, as it fails unchanged: {test}")
        if kept:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(table(results), end="")
    if kept:
        files = sorted(RESULTS.glob("*.json"), key=lambda path: list(ROOMS).index(path.stem))
        (RESULTS / "mutants.md").write_text(table(json.loads(path.read_text()) for path in files))


if __name__ == "__main__":
    main()
