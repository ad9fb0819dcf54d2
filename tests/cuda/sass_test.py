"""The SASS gate on kernels by hand: what it counts, and that it sees a longer path, a serialised load and a lost kernel."""
import sys

import sass

# Two loads, an add and a store, behind a guard for the last thread; the conversion of the first load waits for it.
LINES = ["LDC R1, c[0x0][0x28]", "ISETP.GE.AND P0, PT, R0, R2, PT", "@P0 BRA 0x{end:x}", "LDG.E.128 R4, desc[UR4][R2.64]",
         "LDG.E.128 R8, desc[UR4][R6.64]", "FADD R4, R4, R8", "STG.E.128 desc[UR4][R2.64], R4", "EXIT",
         "LDG.E R4, desc[UR4][R2.64]", "STG.E desc[UR4][R2.64], R4", "EXIT"]


def dump(lines, waits):
    """As cuobjdump prints them: load k sets scoreboard k, `waits` are (line, scoreboards)."""
    text, loads = ["\t\tFunction : ddim_cuda_encode_mean_float32"], 0
    for i, line in enumerate(lines):
        sets = 7
        if "LDG.E.128" in line:
            sets, loads = loads, loads + 1
        control = sets << 5 | 7 << 8 | dict(waits).get(i, 0) << 11
        line = line.format(end=16 * (lines.index("EXIT") + 1))
        text += [f"        /*{16 * i:04x}*/                   {line} ;   /* 0x{0:016x} */",
                 f"                                                     /* 0x{control << 41:016x} */"]
    return "\n".join(text)


def measured(lines, waits):
    (code,) = sass.read_sass(dump(lines, waits)).values()
    path = sass.hot_path(code, sass.PATHS["encode_mean"])
    return len(path), sass.loads_in_flight(code, path)


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got}, want {want}")


good = measured(LINES, [(5, 0b11)])
expect("instructions and loads in flight", good, (8, 2))
serial = measured(LINES, [(4, 0b01), (5, 0b10)])
expect("a load behind the other's conversion", serial, (8, 1))
longer = measured(LINES[:5] + ["FADD R4, R4, R8"] + LINES[5:], [(5, 0b11)])
expect("one instruction more", longer, (9, 2))
expect("no wide path", measured([line.replace(".128", "") for line in LINES], []), (0, 0))

table = sass.table_of({"sm_90": {"encode_mean_float32": good}}, "1.0")
for name, found, worse in [("as in the table", {"encode_mean_float32": good}, 0),
                           ("fewer instructions", {"encode_mean_float32": (7, 2)}, 0),
                           ("more instructions", {"encode_mean_float32": longer}, 1),
                           ("fewer loads in flight", {"encode_mean_float32": serial}, 1),
                           ("a kernel less", {}, 1), ("a kernel more", {"encode_mean_float32": good, "new": good}, 1)]:
    expect(name, len(sass.compare(table, {"sm_90": found}, "1.0")), worse)
print("all seen")
