"""Where a source can be changed by one small step, and the source that holds many such changes at once.

A change replaces an extent by `(ddim_mutant(N) ? (changed) : (as it was))`, or puts `if (!ddim_mutant(N))` before a
statement, so that extents nest and one build holds them all.
"""
import dataclasses
import pathlib
import re

from clang import cindex
from clang.cindex import CursorKind as Kind, TypeKind

OPERATORS = {
    "<": ["<=", ">"], "<=": ["<", ">"], ">": [">=", "<"], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "&&": ["||"], "||": ["&&"],
    "+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="],
}
TRUTHS = {"<", "<=", ">", ">=", "==", "!=", "&&", "||"}
NUMBERS = {TypeKind.INT, TypeKind.UINT, TypeKind.LONG, TypeKind.ULONG, TypeKind.LONGLONG, TypeKind.ULONGLONG,
           TypeKind.DOUBLE, TypeKind.FLOAT, TypeKind.LONGDOUBLE, TypeKind.DEPENDENT, TypeKind.UNEXPOSED}
# What is read when the program is compiled, and never changed.
CONSTANTS = {Kind.CASE_STMT, Kind.STATIC_ASSERT, Kind.ENUM_CONSTANT_DECL, Kind.ENUM_DECL, Kind.TYPEDEF_DECL,
             Kind.TYPE_ALIAS_DECL, Kind.TEMPLATE_NON_TYPE_PARAMETER, Kind.TEMPLATE_TYPE_PARAMETER, Kind.USING_DECLARATION}
DELETED = {Kind.CALL_EXPR, Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR, Kind.UNARY_OPERATOR,
           Kind.CXX_THROW_EXPR, Kind.UNEXPOSED_EXPR}


@dataclasses.dataclass(frozen=True, order=True)
class Site:
    """Bytes start..end - 1 of a file become `after`; None: the statement is gone."""
    file: str
    start: int
    end: int
    before: str
    after: str | None
    line: int
    last_line: int

    def change(self):
        shown = self.before if len(self.before) <= 60 else self.before[:57] + "..."
        if self.after is None:
            return f"`{shown}` deleted"
        return f"`{shown}` -> `{self.after if len(self.after) <= 60 else self.after[:57] + '...'}`"


class Finder:
    """The sites of one translation unit that lie in the files of `wanted`, paths relative to `root`."""

    def __init__(self, root, wanted):
        self.root, self.wanted, self.found = root, wanted, set()
        self.texts = {name: (root / name).read_bytes() for name in wanted}

    def read(self, path, arguments):
        unit = cindex.Index.create().parse(str(path), args=arguments)
        fatal = [str(d) for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Fatal]
        if fatal:
            raise RuntimeError(f"{path}: {fatal[0]}")
        for cursor in unit.cursor.get_children():
            if self.file_of(cursor):
                self.walk(cursor, None)

    def file_of(self, cursor):
        file = cursor.location.file
        if file is None:
            return None
        path = pathlib.Path(file.name)
        name = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
        return name if name in self.wanted else None

    def text(self, name, start, end):
        return self.texts[name][start:end].decode()

    def walk(self, cursor, parent):
        if cursor.kind in CONSTANTS:
            # A case's statement is code, its label is not.
            for child in list(cursor.get_children())[1:] if cursor.kind == Kind.CASE_STMT else []:
                self.walk(child, cursor)
            return
        name = self.file_of(cursor)
        if name is None:
            return
        declared = self.text(name, cursor.extent.start.offset, cursor.extent.end.offset).split("=")[0]
        if cursor.kind == Kind.VAR_DECL and "constexpr" in declared:
            return
        self.look_at(cursor, parent, name)
        for child in cursor.get_children():
            self.walk(child, cursor)

    def look_at(self, cursor, parent, name):
        kind = cursor.kind
        if kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR):
            self.operator(cursor, list(cursor.get_children()), name)
        elif kind == Kind.CALL_EXPR and cursor.spelling.startswith("operator"):
            children = list(cursor.get_children())
            self.operator(cursor, [children[0], children[-1]] if len(children) == 3 else [], name)
        elif kind == Kind.UNARY_OPERATOR:
            self.unary(cursor, name)
        elif kind == Kind.IF_STMT:
            self.condition(cursor, name)
        elif kind in (Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL, Kind.CXX_BOOL_LITERAL_EXPR):
            self.literal(cursor, parent, name)
        if parent is not None and parent.kind == Kind.COMPOUND_STMT and kind in DELETED:
            self.statement(cursor, name)

    def add(self, name, extent, after, whole_statement=False):
        start, end = extent.start.offset, extent.end.offset
        before = self.text(name, start, end)
        if "//" in before or "/*" in before or "#" in before or not before:
            return
        line = self.texts[name].count(b"\n", 0, start) + 1
        self.found.add(Site(name, start, end + (1 if whole_statement else 0), " ".join(before.split()), after, line,
                            line + before.count("\n")))

    def operator(self, cursor, operands, name):
        if len(operands) != 2:
            return
        left, right = operands
        between = self.text(name, left.extent.end.offset, right.extent.start.offset)
        operator = between.strip()
        if operator not in OPERATORS or left.extent.start.offset != cursor.extent.start.offset:
            return
        kind = cursor.type.get_canonical()
        if operator not in TRUTHS and kind.kind not in NUMBERS and "multiprecision" not in kind.spelling:
            return
        before = self.text(name, left.extent.start.offset, left.extent.end.offset)
        behind = self.text(name, right.extent.start.offset, right.extent.end.offset)
        for other in OPERATORS[operator]:
            self.add(name, cursor.extent, " ".join(f"{before} {other} {behind}".split()))

    def unary(self, cursor, name):
        text = self.text(name, cursor.extent.start.offset, cursor.extent.end.offset)
        if text[:1] in "-!" and not text.startswith("--"):
            self.add(name, cursor.extent, " ".join(text[1:].split()))

    def condition(self, cursor, name):
        first = next(cursor.get_children())
        head = self.text(name, cursor.extent.start.offset, first.extent.start.offset)
        if re.fullmatch(r"if\s*\(\s*", head):
            for truth in ("true", "false"):
                self.add(name, first.extent, truth)

    def literal(self, cursor, parent, name):
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        text = self.text(name, start, end)
        compares = parent is not None and parent.kind == Kind.BINARY_OPERATOR
        if not compares and (self.text(name, 0, start).rstrip()[-1:] == "<" or self.text(name, end, end + 1) == ">"):
            return  # an argument of a template
        if text in ("true", "false"):
            self.add(name, cursor.extent, "false" if text == "true" else "true")
        elif cursor.kind == Kind.INTEGER_LITERAL and re.fullmatch(r"\d+", text):
            self.add(name, cursor.extent, "0" if text == "1" else str(int(text) + 1))
        elif cursor.kind == Kind.FLOATING_LITERAL:
            self.add(name, cursor.extent, "1.0" if float_of(text) == 0 else f"1.1 * {text}")

    def statement(self, cursor, name):
        end = cursor.extent.end.offset
        if self.text(name, end, end + 1) == ";":
            self.add(name, cursor.extent, None, whole_statement=True)


def float_of(text):
    text = text.rstrip("fFlL") if not text.lower().startswith("0x") else text.rstrip("lL")
    return float.fromhex(text) if text.lower().startswith("0x") else float(text.replace("'", ""))


def rewritten(text, sites):
    """The bytes of a file with the changes {number: Site} in it, line by line where they were."""
    if not sites:
        return text
    inserted = []  # place, order among those at one place, text
    for number, site in sites.items():
        length = site.end - site.start
        if site.after is None:
            inserted.append((site.start, 1, -length, f"if (!ddim_mutant({number})) "))
        else:
            # Openings: the longer first; endings: the shorter first; at one place endings before openings.
            inserted.append((site.start, 1, -length, f"(ddim_mutant({number}) ? ({site.after}) : ("))
            inserted.append((site.end, 0, length, "))"))
    result, at = b'#include "tests/mutants/mutant.hpp"\n#line 1\n', 0
    for place, _, _, piece in sorted(inserted, key=lambda item: item[:3]):
        result += text[at:place] + piece.encode()
        at = place
    return result + text[at:]
