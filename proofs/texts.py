#!/usr/bin/env python3
"""What audit.sh reads in texts, without Coq. Prints each offence with its place; exit status 1 if any.

texts.py escapes     no way out of a proof in any .v file, outside comments and strings; nothing assumed
                     outside a section; every .v file is in _CoqProject, so that nothing stands unread
texts.py tags        equations.v has a theorem for each tag of ../reference/equations.txt
texts.py pinned      each name of the theory that a text cites, and each theorem of equations.v, stands in
                     pinned.txt; prints the names of pinned.txt, for Coq to find
texts.py functions   link/functions.txt lists each public function of ../reference/*.hpp, how it is linked to
                     the theory, or why not; what is said to be linked is called there

A text cites a name by a link to a .v file with the name in code quotes, by code quotes in the column "proof"
of a table or anywhere in README.md of this folder, or as `file.v, name` in a comment of a source.
"""

import collections
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
ESCAPES = (
    r"Admitted|admit|give_up|Axioms?|Conjectures?|Parameters?|Declare\s+Module|bypass_check|"
    r"Unset\s+(?:Guard|Positivity|Universe)\s+Checking|Type\s+in\s+Type|Primitive|Fail\s+Qed"
)
SECTIONS = (
    r"(?m)(?:^|\.\s+)\s*(?:#\[[^]]*\]\s*)?"
    r"(Section|Module|End|Variables?|Hypothes[ie]s|Context)\b"
)
SOURCES = {".hpp", ".cpp", ".h", ".c", ".cu", ".cuh", ".py", ".txt"}

offences = []


def offence(path, text, place, message):
    line = text.count("\n", 0, place) + 1
    offences.append(f"{pathlib.Path(path).relative_to(ROOT)}:{line}: {message}")


def code_of(text):
    """The text with nested comments and strings blanked out."""
    out, depth, quoted, i = [], 0, False, 0
    while i < len(text):
        two = text[i : i + 2]
        if not quoted and (two == "(*" or (two == "*)" and depth)):
            depth += 1 if two == "(*" else -1
            out.append("  ")
            i += 2
            continue
        if text[i] == '"':
            quoted = not quoted
        out.append(text[i] if text[i] == "\n" or not (depth or quoted) else " ")
        i += 1
    return "".join(out)


def theory():
    """Paths of _CoqProject by stem."""
    lines = (HERE / "_CoqProject").read_text().split("\n")
    return {pathlib.Path(line).stem: HERE / line for line in lines if line.endswith(".v")}


def escapes():
    listed = set(theory().values())
    for path in sorted(HERE.rglob("*.v")):
        text = path.read_text(encoding="utf-8")
        if path not in listed:
            offence(path, text, 0, "not in _CoqProject")
        code = code_of(text)
        for found in re.finditer(rf"\b(?:{ESCAPES})\b", code):
            offence(path, text, found.start(), found[0])
        open_ones = []
        for found in re.finditer(SECTIONS, code):
            word = found[1]
            if word in ("Section", "Module"):
                open_ones.append(word)
            elif word == "End":
                open_ones.pop()
            elif "Section" not in open_ones:
                offence(path, text, found.start(1), f"{word} outside a section")


def statements(path):
    """(name, place) of each theorem in a file."""
    code = code_of(path.read_text(encoding="utf-8"))
    return [(m[1], m.start()) for m in re.finditer(r"(?m)^\s*(?:Theorem|Corollary)\s+([\w']+)", code)]


def tags():
    lines = (ROOT / "reference/equations.txt").read_text(encoding="utf-8").split("\n")
    listed = [line.split("\t")[0] for line in lines if line.strip() and not line.startswith("#")]
    stated = {name for name, _ in statements(HERE / "equations.v")}
    if not listed:
        offences.append("reference/equations.txt: no tags")
    offences.extend(f"proofs/equations.v: no theorem named {tag}" for tag in listed if tag not in stated)


def cited():
    """(stem or None, name, path, text, place) of every citation."""
    stems = "|".join(map(re.escape, theory()))
    texts = [ROOT / "README.md", HERE / "README.md"]
    for room in ("reference", "cuda", "tests", "benchmarks"):
        texts += sorted((ROOT / room).rglob("*"))
    texts += sorted((HERE / "link").rglob("*")) + sorted((HERE / "generated").rglob("*"))
    for path in texts:
        if path.suffix not in SOURCES | {".md"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".md":
            for found in re.finditer(rf"\b({stems})\.v, (\w[\w']*)(?=[.,;:)\n])", text):
                yield found[1], found[2], path, text, found.start()
            continue
        targets = dict(re.findall(r"(?m)^\[([^]]+)\]: *(\S+)", text))
        for found in re.finditer(r"\[`([\w']+)`\](?:\(([^)#]*)\)|\[([^]]+)\])", text):
            target = found[2] or targets.get(found[3], "")
            if target.endswith(".v"):
                yield pathlib.Path(target).stem, found[1], path, text, found.start()
        column, place = None, 0
        for line in text.split("\n"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
            if not line.startswith("|"):
                column = None
            elif column is None:
                heads = [cell.lower() in ("proof", "proofs", "theorem") for cell in cells]
                column = heads.index(True) if True in heads else -1
            elif column >= 0:
                for found in re.finditer(r"`([\w']+)`", cells[column] if column < len(cells) else ""):
                    yield None, found[1], path, text, place
            place += len(line) + 1
        if path == HERE / "README.md":
            for found in re.finditer(r"`([A-Za-z_][\w']*)`", text):
                yield None, found[1], path, text, found.start()


def read_pinned():
    """(stem, name) -> the pinned length of a list, or None for a name."""
    pins = {}
    text = (HERE / "pinned.txt").read_text(encoding="utf-8")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"(\w+)\.([\w']+)(?: = (\d+))?", line)
        if not found:
            offences.append(f"proofs/pinned.txt:{number}: expected file.name, or file.list = length: {line}")
        elif (found[1], found[2]) in pins:
            offences.append(f"proofs/pinned.txt:{number}: twice: {line}")
        else:
            pins[found[1], found[2]] = found[3]
    return pins


def pinned():
    pins, files = read_pinned(), theory()
    names = {name for _, name in pins}
    for stem, name, path, text, place in cited():
        if (stem, name) not in pins if stem else name not in names:
            file = stem + ".v, " if stem else ""
            offence(path, text, place, f"cites {file}{name}, which proofs/pinned.txt does not list")
    index = HERE / "equations.v"
    for name, place in statements(index):
        if ("equations", name) not in pins:
            offence(index, index.read_text(encoding="utf-8"), place, f"{name} is not in pinned.txt")
    for stem, _ in pins:
        if stem not in files:
            offences.append(f"proofs/pinned.txt: no file {stem}.v")
    for (stem, name), length in pins.items():
        print(stem, name, length or "")


def public_functions(path):
    """How often each function is declared: members as Class::name, operators and constructors as spelled."""
    text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
    text = re.sub(r'"(?:\\.|[^"\\])*"', '""', text)
    text = re.sub(r"(?m)^\s*#[^\n]*", "", text)
    counts, scopes, head, access = collections.Counter(), [], "", []
    depth = 0  # of braces that hold no declarations: bodies and initialisers
    for token in re.findall(r"\w+|::|[^\w\s]", text):
        if depth:
            depth += {"{": 1, "}": -1}.get(token, 0)
            continue
        if token == "{":
            scope = re.search(r"\b(namespace|class|struct|enum)\b(?: class)? ?([\w:]*)", head)
            if scope and "(" not in head:
                scopes.append((scope[1], scope[2]))
                access.append(scope[1] != "class")
                head = ""
            else:
                declare(head, scopes, access, counts)
                depth, head = 1, ""
        elif token == "}":
            scopes.pop()
            access.pop()
            head = ""
        elif token == ";":
            declare(head, scopes, access, counts)
            head = ""
        elif token == ":" and head.split()[-1:] and head.split()[-1] in ("public", "private", "protected"):
            access[-1] = head.split()[-1] == "public"
            head = ""
        else:
            head += token + " "
    return counts


def unconstrained(head):
    """The declaration without its requires-clause in brackets."""
    start, depth = head.find("requires ("), 0
    for i in range(start, len(head)) if start >= 0 else ():
        depth += {"(": 1, ")": -1}.get(head[i], 0)
        if head[i] == ")" and depth == 0:
            return head[:start] + head[i + 1 :]
    return head


def declare(head, scopes, access, counts):
    head = unconstrained(head)
    if not all(access) or any(kind == "enum" for kind, _ in scopes) or head.startswith("using "):
        return
    found = re.search(r"(operator (?:\[ \]|\( \)|\w+|[^\w\s]+)|\w+) \(", head)
    if found and "=" not in head[: found.start()]:
        owners = [name for kind, name in scopes if kind != "namespace"]
        counts["::".join([*owners, re.sub(r" (\W) (\W)$", r"\1\2", found[1])])] += 1


def functions():
    listing = HERE / "link" / "functions.txt"
    text, listed, header = listing.read_text(encoding="utf-8"), {}, None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = line.split("\t")
        if len(row) != 4:
            offences.append(f"proofs/link/functions.txt:{number}: expected header, function, count, where: {line}")
            continue
        listed[row[0], row[1]] = (int(row[2]), row[3], number)
    declared = {}
    for path in sorted((ROOT / "reference").glob("*.hpp")):
        if "Internal:" in path.read_text(encoding="utf-8"):
            continue
        for name, count in public_functions(path).items():
            declared[path.name, name] = count
    for key in sorted(declared.keys() - listed.keys()):
        offences.append(f"reference/{key[0]}: {key[1]} is not in proofs/link/functions.txt")
    for key, (count, where, number) in listed.items():
        place = f"proofs/link/functions.txt:{number}: {key[0]} {key[1]}"
        if declared.get(key) != count:
            offences.append(f"{place}: declared {declared.get(key, 0)} times, not {count}")
        linked = re.match(r"(\w+\.[ch]pp)(?:$|: )", where)
        if not linked:
            if not where.startswith("not linked: "):
                offences.append(f"{place}: expected `file` of link/, or `not linked: reason`")
            continue
        name = key[1].split("::")[-1]
        source = re.sub(r"//[^\n]*", "", (HERE / "link" / linked[1]).read_text(encoding="utf-8"))
        if not re.search(rf"\b{re.escape(name)}\(", source):
            offences.append(f"{place}: not called in proofs/link/{linked[1]}")
    if not offences:
        linked = sum(not where.startswith("not linked") for _, where, _ in listed.values())
        rest = len(listed) - linked
        print(f"{len(listed)} public functions of reference/: {linked} linked, {rest} listed with a reason")


if __name__ == "__main__":
    checks = {check.__name__: check for check in (escapes, tags, pinned, functions)}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(f"usage: texts.py {'|'.join(checks)}")
    checks[sys.argv[1]]()
    for line in dict.fromkeys(offences):
        print(line, file=sys.stderr)
    sys.exit(bool(offences))
