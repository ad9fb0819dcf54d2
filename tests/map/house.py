#!/usr/bin/env python3
"""The rules of the house that a machine can read: sizes, the direction of includes, format.

    house.py Sizes [ROOM...]      no function over 60 lines, no hand-written file over 600
    house.py Includes [ROOM...]   a room includes only the rooms below it
    house.py Paths [ROOM...]      what a README links to, and what a comment names from its room on, is there
    house.py Format [ROOM...]     clang-format 14 leaves every C++ file as it is; exit 77 where it is not installed

Each also plants a violation and sees it found.
"""
import ast
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FUNCTION_LINES, FILE_LINES = 60, 600
CPP = {".cpp", ".hpp", ".cu", ".cuh"}
SIZED = ["reference", "cuda", "tests", "benchmarks"]  # proofs have sizes of their own

# Tables of data, which may be as long as the data: path, or path:function, and why.
TABLES = {
    **{f"tests/faults/{file}": "entries of the bank, a mistake each"
       for file in ("generator.cpp:generator_faults", "laws.cpp:faults_of_noising", "laws.cpp:faults_of_the_forward_step",
                    "noise.cpp:faults_of_shape", "objective.cpp:faults_of_the_kl_form", "objective.cpp:faults_of_the_sums",
                    "schedule.cpp:schedule_faults", "sigma.cpp:sigma_faults", "step.cpp:faults_of_coefficients",
                    "tau.cpp:tau_faults")},
}

# Room: the rooms it may include beside itself. The longest name that fits a path is its room.
ARROWS = {
    "reference": [],
    "cuda": ["reference"],
    "proofs/generated": [],
    "proofs": ["reference", "proofs/generated"],
    "tests/reference": ["reference", "proofs/generated"],
    "tests/emulation": [],
    "tests/cuda": ["reference", "cuda", "proofs/generated", "tests/emulation"],
    "tests/consumer": ["reference"],
    "tests/consumer/cuda": ["cuda"],
    "tests/examples": ["reference", "tests/samplers", "tests/statistics"],
    "tests/samplers": ["reference", "cuda", "proofs", "proofs/generated"],
    "tests/fuzz": ["reference", "tests/samplers"],
    "tests/mutants": [],
    "tests/faults": ["reference", "tests/samplers"],
    "tests/statistics": ["reference", "tests/samplers", "tests/faults"],
    "tests/conformance": ["reference", "proofs", "proofs/generated", "tests/samplers", "tests/faults"],
    # The program is above both of the rooms that judge.
    "tests/conformance/program": ["reference", "tests/samplers", "tests/faults", "tests/statistics", "tests/conformance"],
    "tests/power": ["reference", "tests/samplers", "tests/faults", "tests/statistics", "tests/conformance"],
    "benchmarks": ["reference", "cuda", "proofs/generated", "tests/samplers", "tests/faults", "tests/statistics",
                   "tests/conformance", "tests/power"],
}
# The order in which reference/ reads: a file includes its own stem and earlier ones.
READING = [["error"], ["environment"], ["threads"], ["pieces", "lanes"], ["batch"], ["squares"], ["schedule"], ["quad"],
           ["laws"], ["posterior", "paths"], ["predictor"], ["steps"], ["objective"], ["discrete"], ["ddim"]]


def files(root, rooms, suffixes):
    for room in rooms:
        if not (root / room).is_dir():
            raise ValueError(f"{room}: no such room")
        for path in sorted((root / room).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(root).as_posix(), path.read_text()


def generated(text):
    return re.search(r"[Pp]rinted by|[Gg]enerated by|do not edit", text[:text.find("\n")]) is not None


# C++, as far as the extent of functions asks for it.

INERT = re.compile(r"""
    //(?:\\\n|[^\n])* | /\*.*?\*/ | R"(?P<d>[^()\\\s]*)\(.*?\)(?P=d)"
  | (?P<number>(?<!\w)\.?\d(?:[\w.]|'(?=\w))*) | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+'""", re.X | re.S)
DIRECTIVE = re.compile(r"(?m)^[ \t]*#[ \t]*(\w*)(?:\\\n|[^\n])*")
SCOPE = re.compile(r"(?:inline |export |typedef )*(?:namespace|class|struct|union|enum|extern)\b")
ASSIGNMENT = re.compile(r"(?<![=<>!+\-*/%&|^])=(?!=)")


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """`text` with comments, literals and what they hold blanked, line for line."""
    return INERT.sub(lambda m: m[0] if m["number"] else blank(m[0]), text)


def opening(text, end):
    """The place of the bracket that text[end - 1] closes, -1 where there is none."""
    pairs, depth = {")": "(", "]": "["}, 0
    for at in range(end - 1, -1, -1):
        depth += (text[at] in ")]") - (text[at] in "([")
        if depth == 0:
            return at if pairs.get(text[end - 1]) == text[at] else -1
    return -1


def lambda_start(head):
    """Where in `head`, which ends before a `{`, the lambda of that body begins; -1 where it is none."""
    text = re.sub(r"(?:\s*(?:mutable|constexpr|noexcept|->[^()\[\]]*))*\s*$", "", head)
    if text.endswith(")"):
        text = text[:max(opening(text, len(text)), 0)].rstrip()
    if not text.endswith("]"):
        return -1
    at = opening(text, len(text))
    return at if at >= 0 and not re.search(r"[\w)\]]\s*$", text[:at]) else -1


def outside_brackets(head):
    """`head` without template parameters in front, and without what stands in (...) and [...]."""
    while match := re.match(r"\s*template\s*<", head):
        at, depth = match.end(), 1
        while depth and at < len(head):
            depth += (head[at] == "<") - (head[at] == ">" and head[at - 1] != "-")
            at += 1
        head = head[at:]
    kept, depth = "", 0
    for sign in head:
        depth -= sign in ")]"
        kept += sign if depth == 0 else ""
        depth += sign in "(["
    return " ".join(kept.split())


def kind_of(head):
    """What a `{` after `head` opens, outside of functions: "scope", "function" or "data"."""
    head = re.sub(r"\b(?:alignas|__attribute__) ?\(\)|\[\]", "", outside_brackets(head))
    if "operator" not in head and ASSIGNMENT.search(head):
        return "data"
    if "(" not in head:
        return "scope" if SCOPE.match(head.strip()) else "data"
    if re.search(r"\) ?(?:noexcept ?)?:(?!:)", head):  # Type() : member{
        return "data" if re.search(r"[\w>]$", head) else "function"
    # What follows the last (): of a function, qualifiers; of std::function<int()> f{, the variable.
    tail = re.sub(r"\b(?:const|noexcept|override|final|volatile|try)\b|->.*|requires.*", "", head[head.rfind(")") + 1:])
    return "data" if re.search(r"\w\s*$", tail) else "function"


def name_of(head):
    test = re.search(r"\b(TEST\w*)\s*\(\s*(\w+)\s*,\s*(\w+)", head)
    if test:
        return f"{test[2]}.{test[3]}"
    name = re.search(r"([\w:~]+|operator\s*\S+?)\s*\(", re.sub(r"\btemplate\s*<[^()]*?>(?=\s*\w)", "", head))
    return name[1] if name else head.strip()[:40]


class Extents:
    """Reads code that `code_only` gave; `functions` are (name, first line, last line)."""

    def __init__(self, code):
        self.code, self.functions = code, []
        self.stack = [("scope", 0, "", 0)]  # kind, start of a function, its name, depth of parentheses outside
        self.start = self.parens = 0
        branches = []
        for piece in re.finditer(r"[{}();:]|^[ \t]*#[ \t]*(?P<word>\w*)(?:\\\n|[^\n])*", code, re.M):
            if piece["word"] is None:
                self.sign(piece[0], piece.start())
                continue
            # The branches of an #if are read one after the other, each from what stood before the #if.
            if piece["word"].startswith("if"):
                branches.append((list(self.stack), self.parens))
            elif piece["word"] in ("else", "elif"):
                self.stack, self.parens = list(branches[-1][0]), branches[-1][1]
            elif piece["word"] == "endif":
                branches.pop()
            # Nothing, or a macro's call without a semicolon, stands before it.
            before = code[self.start:piece.start()]
            if self.kind() == "scope" and self.parens == 0 and re.fullmatch(r"\s*(?:\w+\([^()]*\))?\s*", before):
                self.start = piece.end()
        if len(self.stack) != 1:
            raise ValueError("braces that do not match")

    def kind(self):
        return self.stack[-1][0]

    def sign(self, sign, at):
        if sign == "{":
            self.open(at)
        elif sign == "}":
            self.close(at)
        elif sign in "()":
            self.parens += 1 if sign == "(" else -1
        elif self.kind() == "scope" and self.parens == 0:
            label = sign == ":" and re.search(r"\b(?:public|private|protected)\s*$", self.code[self.start:at])
            if sign == ";" or label:
                self.start = at + 1

    def open(self, at):
        kind, begin, name = "block", 0, ""
        if self.kind() in ("scope", "data"):
            head = DIRECTIVE.sub(lambda m: blank(m[0]), self.code[self.start:at])
            begin = self.start + len(head) - len(head.lstrip())
            within = lambda_start(head)
            if within >= 0:
                kind, begin, name = "function", self.start + within, "a lambda"
            else:
                kind = "data" if self.kind() == "data" or self.parens else kind_of(head)
                name = name_of(head) if kind == "function" else ""
        self.stack.append((kind, begin, name, self.parens))
        self.parens = 0
        if kind == "scope":
            self.start = at + 1

    def close(self, at):
        kind, begin, name, self.parens = self.stack.pop()
        if not self.stack:
            raise ValueError("braces that do not match")
        if kind == "function":
            self.functions.append((name, self.code.count("\n", 0, begin) + 1, self.code.count("\n", 0, at) + 1))
        if kind in ("scope", "function") and self.kind() == "scope" and self.parens == 0 and name != "a lambda":
            self.start = at + 1


def functions(path, text):
    """(name, first line, last line) of every function and of every lambda that stands outside of one."""
    if not path.endswith(".py"):
        return Extents(code_only(text)).functions
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, defined)]
    return [(node.name, node.lineno, node.end_lineno) for node in nodes]


def oversized(root, rooms):
    """One line for each file and function that is too long; those in TABLES as {key: line}."""
    found, excused = [], {}
    for path, text in files(root, rooms, CPP | {".py"}):
        if generated(text):
            continue
        long = [(path, f"{path}: {len(text.splitlines())} lines")] if len(text.splitlines()) > FILE_LINES else []
        for name, first, last in functions(path, text):
            if last - first + 1 > FUNCTION_LINES:
                long.append((f"{path}:{name}", f"{path}:{first}: {name} has {last - first + 1} lines"))
        for key, line in long:
            excused.update({key: line}) if key in TABLES else found.append(line)
    return found, excused


class Sizes(unittest.TestCase):
    rooms = SIZED

    def test_no_function_and_no_file_is_too_long(self):
        found, excused = oversized(ROOT, self.rooms)
        self.assertEqual(found, [], "\n" + "\n".join(found))
        if self.rooms == SIZED:
            self.assertEqual(sorted(excused), sorted(TABLES), "a table that is short, or gone, needs no excuse")
            self.assertTrue(all(TABLES.values()), "an excuse needs its reason")

    def measured(self, text):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in text.items():
                (pathlib.Path(folder) / "room").mkdir(exist_ok=True)
                (pathlib.Path(folder) / "room" / name).write_text(content)
            return oversized(pathlib.Path(folder), ["room"])[0]

    def test_a_planted_function_of_61_lines_is_found(self):
        # Braces that are none: in a string, a character, a comment, a raw string, the other branch.
        misleading = """auto s = "}";
            char c = '}';  // }
            /* } */ auto r = R"x(}")x";
            #if 1
            if (s) {
            #else
            if (c) {
            #endif
            }
            """
        for before, head, after, name in (
                ("", "int f() {", "", "f"),
                ("", "TEST(Eq7, holds) {", "", "Eq7.holds"),
                ("", "template <class T>\nT g(T x) {", "", "g"),
                ("", "void h(std::function<int(int)> x, int y = (1)) {", "", "h"),
                ("int e() { return 1'000; }\nM(x)\n#undef x\n", "bool operator==(A x, A y) {", "", "operator=="),
                ("std::vector<std::function<int(int)>> v{{}, {}};\n", "auto A::f() const -> int {", "", "A::f"),
                ("struct A {\n", "A() : a_{1}, b_(2) {", "};", "A"),
                ("auto t = std::vector{", "[](int x) {", "};", "a lambda")):
            for most in (FUNCTION_LINES, FUNCTION_LINES + 1):
                body = misleading + ";\n" * (most - (head + misleading).count("\n") - 2)
                found = self.measured({"a.cpp": f"{before}{head}\n{body}}}{after}\n"})
                with self.subTest(name=name, most=most):
                    self.assertEqual([line.split(": ")[1] for line in found],
                                     [f"{name} has {most} lines"] if most > FUNCTION_LINES else [])

    def test_a_planted_python_function_and_a_planted_file_are_found(self):
        body = "    pass\n" * FUNCTION_LINES
        self.assertEqual(self.measured({"a.py": f"class A:\n  def f(self):\n{body}"}), ["room/a.py:2: f has 61 lines"])
        long = "int x;\n" * 601
        self.assertEqual(self.measured({"a.hpp": long, "b.hpp": long[7:]}), ["room/a.hpp: 601 lines"])
        self.assertEqual(self.measured({"a.hpp": "// Printed by b.sh; do not edit.\n" + long}), [])

    def test_braces_that_do_not_match_are_an_error(self):
        with self.assertRaises(ValueError):
            functions("a.cpp", "int f() {\n")


# Includes

INCLUDE = re.compile(r'(?m)^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]')


def room_of(path):
    fitting = [room for room in ARROWS if path.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def resolved(root, path, name):
    """What `#include "name"` in `path` names, relative to `root`; None where it is no file of ours."""
    for base in (root, (root / path).parent, root / "proofs"):
        if (base / name).is_file():
            return (base / name).resolve().relative_to(root.resolve()).as_posix()
    return None


def reading_place(path):
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    places = [place for place, stems in enumerate(READING) if stem in stems]
    return places[0] if folder == "reference" and places else None


def wrong_arrow(path, target):
    """Why `path` may not include `target`; "" where it may."""
    room, of_target = room_of(path), room_of(target)
    if of_target is None:
        return "which is in no room of the table"
    if re.search(r"_test\.\w+$", target):
        return "which is a test"
    if room != of_target:
        return "" if of_target in ARROWS[room] else f"and {room} does not stand above {of_target}"
    if room == "reference":
        here, there = reading_place(path), reading_place(target)
        if here is None or there is None:
            return "of which one has no place in the order of reading"
        # A source may use what is read right behind its header: that is what was split from it.
        if there > here + path.endswith(".cpp") or (there == here and path.endswith(".hpp")):
            return "which is read later"
    return ""


def circle(graph):
    """A circle of headers, as a list; [] where there is none."""
    done = set()

    def walk(node, trail):
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return []
        done.add(node)
        return next(filter(None, (walk(target, trail + [node]) for target in graph.get(node, ()))), [])

    return next(filter(None, (walk(node, []) for node in graph)), [])


def wrong_includes(root, rooms):
    found, graph = [], {}
    for path, text in files(root, rooms, CPP):
        if room_of(path) is None:
            found.append(f"{path}: its room is not in the table")
            continue
        for mark, name in INCLUDE.findall(text):
            target = resolved(root, path, name)
            if target is None:
                found.extend([f"{path} includes {name}, which is no file"] if mark == '"' else [])
                continue
            graph.setdefault(path, []).append(target)
            if reason := wrong_arrow(path, target):
                found.append(f"{path} includes {target}, {reason}")
    if trail := circle(graph):
        found.append("in a circle: " + " -> ".join(trail))
    return found


class Includes(unittest.TestCase):
    rooms = SIZED + ["proofs"]

    def test_every_include_runs_in_one_direction(self):
        found = wrong_includes(ROOT, self.rooms)
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_the_table_has_no_circle(self):
        self.assertEqual(circle(ARROWS), [])
        self.assertEqual(sorted({room for row in ARROWS.values() for room in row} - set(ARROWS)), [])

    def test_a_planted_include_against_the_direction_is_found(self):
        right = {
            "reference/error.hpp": "",
            "reference/schedule.hpp": "reference/error.hpp",
            "reference/steps.hpp": "reference/schedule.hpp",
            "cuda/steps.hpp": "reference/steps.hpp",
            "tests/emulation/fibers.hpp": "",
            "tests/cuda/a.hpp": "tests/emulation/fibers.hpp",
            "tests/samplers/a.hpp": "reference/steps.hpp",
            "tests/samplers/b.hpp": "tests/samplers/a.hpp",
            "tests/faults/bank.hpp": "tests/samplers/b.hpp",
            "tests/statistics/a.hpp": "tests/faults/bank.hpp",
            "tests/conformance/a.hpp": "tests/faults/bank.hpp",
            "tests/conformance/a_test.cpp": "tests/conformance/a.hpp",
            "tests/power/a.hpp": "tests/conformance/a.hpp",
        }
        self.assertEqual(self.found(right), [])
        for path, target in (("reference/error.hpp", "reference/error.hpp"),
                             ("reference/schedule.hpp", "reference/steps.hpp"),
                             ("reference/steps.hpp", "cuda/steps.hpp"),
                             ("tests/emulation/fibers.hpp", "tests/cuda/a.hpp"),
                             ("tests/cuda/a.hpp", "tests/cuda/gone.hpp"),
                             ("tests/samplers/b.hpp", "tests/faults/bank.hpp"),
                             ("tests/faults/bank.hpp", "tests/statistics/a.hpp"),
                             ("tests/statistics/a.hpp", "tests/conformance/a.hpp"),
                             ("tests/conformance/a.hpp", "tests/statistics/a.hpp"),
                             ("tests/conformance/a.hpp", "tests/conformance/a_test.cpp"),
                             ("tests/conformance/a.hpp", "tests/power/a.hpp"),
                             ("tests/other/a.hpp", "reference/error.hpp")):
            with self.subTest(path=path, target=target):
                found = self.found({**right, path: target})
                self.assertTrue(any(line.startswith(path) for line in found), found)
        self.assertEqual(self.found({**right, "tests/samplers/a.hpp": "tests/samplers/b.hpp"}),
                         ["in a circle: tests/samplers/b.hpp -> tests/samplers/a.hpp -> tests/samplers/b.hpp"])

    def found(self, tree):
        with tempfile.TemporaryDirectory() as folder:
            for path, target in tree.items():
                file = pathlib.Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f'#include "{target}"\n' if target else "")
            return wrong_includes(pathlib.Path(folder), ["reference", "cuda", "tests"])


# Paths

LINK = re.compile(r"(?m)\]\(([^)#\s:]+)(?:#[^)\s]*)?\)|^\[\w+\]: ([^\s:]+)$")
NAMED = re.compile(r"(?<![\w./-])(?:reference|cuda|proofs|tests|benchmarks)/[\w./-]*\.(?:[ch]pp|cuh?|py|v|md|txt|sh|csv)\b")


def lost_paths(root, rooms):
    """One line for each path that a README or a source of the rooms names and that leads nowhere."""
    found = []
    pages = [("README.md", (root / "README.md").read_text())] if (root / "README.md").is_file() else []
    for path, text in [*pages, *files(root, rooms, CPP | {".py", ".md", ".v", ".txt"})]:
        if path == "tests/map/house.py" or "/results/" in path:  # plants some; quotes what was
            continue
        named = [(root, match[0]) for match in NAMED.finditer(text)]
        if path.endswith(".md"):
            named += [((root / path).parent, match[1] or match[2]) for match in LINK.finditer(text)]
        found += [f"{path} names {name}" for base, name in named if not (base / name).exists() and "CARD" not in name]
    return found


class Paths(unittest.TestCase):
    rooms = SIZED + ["proofs"]

    def test_every_path_leads_somewhere(self):
        found = lost_paths(ROOT, self.rooms)
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_planted_paths_to_nowhere_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tests").mkdir()
            for name, text, lost in (("README.md", "[a](tests) [b](https://a.b/c) [c](tests/gone)", "tests/gone"),
                                     ("README.md", "[a]: tests/gone.hpp", "tests/gone.hpp"),
                                     ("tests/README.md", "[up](../README.md#here) [a](../gone.md)", "../gone.md"),
                                     ("tests/a.cpp", "// See tests/a.cpp, and tests/b.hpp.", "tests/b.hpp")):
                (root / name).write_text(text)
                with self.subTest(text=text):
                    self.assertEqual(sorted(set(lost_paths(root, ["tests"]))), [f"{name} names {lost}"])
                (root / name).write_text("")


# Format

CLANG_FORMAT = 14


def clang_format():
    """The pinned clang-format, None where it is not installed: versions disagree about the same style."""
    for name in (f"clang-format-{CLANG_FORMAT}", "clang-format"):
        if program := shutil.which(name):
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"\bversion {CLANG_FORMAT}\.", version):
                return program
    return None


class Format(unittest.TestCase):
    rooms = SIZED + ["proofs"]

    @staticmethod
    def complaints(paths):
        command = [clang_format(), f"--style=file:{ROOT / '.clang-format'}", "--dry-run", "-Werror", *paths]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
        return done.returncode, sorted(set(re.findall(r"(?m)^([^\s:]+):\d+:\d+: error", done.stderr)))

    def test_every_file_is_as_clang_format_leaves_it(self):
        code, found = self.complaints([path for path, text in files(ROOT, self.rooms, CPP) if not generated(text)])
        self.assertEqual((code, found), (0, []), "\nclang-format-14 -i " + " ".join(found))

    def test_a_planted_space_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "a.cpp"
            for text, code in (("int x = 1;\n", 0), ("int  x = 1;\n", 1), (f"int x = f({'a, ' * 40}a);\n", 1)):
                file.write_text(text)
                self.assertEqual(self.complaints([str(file)])[0], code)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("Sizes", "Includes", "Paths", "Format"):
        sys.exit(__doc__)
    if sys.argv[1] == "Format" and clang_format() is None:
        print(f"skipped: clang-format {CLANG_FORMAT} is not installed (Debian: clang-format-{CLANG_FORMAT})")
        sys.exit(77)
    if sys.argv[2:]:
        globals()[sys.argv[1]].rooms = sys.argv[2:]
    unittest.main(argv=sys.argv[:2])
