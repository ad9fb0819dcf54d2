#!/usr/bin/env python3
"""What a card will issue: the hot path of every kernel, counted in SASS, against the checked-in table.

sass.py [--write] BIN TABLE ROOFS PTX...    BIN: the folder of ptxas; one PTX file per architecture

The hot path is the shortest way from entry to exit that makes the kernel's accesses of 16 bytes, each once, and no
narrower one: a thread whose pack is whole. Per kernel and architecture the table holds its instructions and the most
16-byte loads that are in flight before the first is waited for. Kernels whose way depends on the data (thresholds,
draws of categories, sums of rows) have no such path and are not counted.

Every count is an upper limit: fewer instructions or more loads pass. A table of another ptxas is not compared, which is
said and is no error. cuobjdump and nvdisasm come with the full toolkit or from PyPI (nvidia-cuda-cuobjdump,
nvidia-cuda-nvdisasm); without them the answer is 77, a skip.
"""
import collections
import os
import re
import shutil
import site
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SIZES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
ROUNDS = 8  # of a reduction, each a pack of both tensors

# Tensors loaded and stored, as in the traffic's floors, packs per thread, and what is multiplied and added in float64
# for an element, on a way that could go around it.
Path = collections.namedtuple("Path", "loads stores packs fmas", defaults=[1, 0])
PATHS = {
    "q_sample_given": Path(2, 1), "q_sample_drawn": Path(1, 1),
    "forward_step_mean": Path(2, 1), "forward_step_given": Path(3, 1), "forward_step_drawn": Path(2, 1),
    "ddim_step_mean": Path(2, 1), "ddim_step_given": Path(3, 1), "ddim_step_drawn": Path(2, 1),
    "ddim_step_pred_x0_mean": Path(2, 2), "ddim_step_pred_x0_given": Path(3, 2),
    "ddim_step_pred_x0_drawn": Path(2, 2),
    "ddim_step_clip_mean": Path(2, 1), "ddim_step_clip_given": Path(3, 1), "ddim_step_clip_drawn": Path(2, 1),
    "encode_mean": Path(2, 1), "discrete_step": Path(2, 1), "squared_distance": Path(2, 0, ROUNDS, 2),
}
DATA_DEPENDENT = ("ddim_step_threshold_mean", "ddim_step_threshold_given", "ddim_step_threshold_drawn",
                  "discrete_draw", "row_sum", "trajectory_mean", "trajectory_drawn")

Instruction = collections.namedtuple("Instruction", "address guard opcode text sets waits")


def find_tools(toolkit):
    """cuobjdump and the folders it needs, or None."""
    places = [toolkit, *(os.path.join(packages, "nvidia", "cu13", "bin")
                         for packages in [*site.getsitepackages(), site.getusersitepackages()])]
    path = os.pathsep.join(places + [os.environ.get("PATH", "")])
    found = shutil.which("cuobjdump", path=path)
    return (found, path) if found and shutil.which("nvdisasm", path=path) else None


def read_sass(text):
    """Kernels of a dump: name -> instructions with the scoreboards they set and wait for."""
    kernels, current, pending = {}, None, None
    for line in text.splitlines():
        if name := re.search(r"Function : (\w+)", line):
            current, pending = kernels.setdefault(name[1], []), None
        elif match := re.match(r"\s+/\*([0-9a-f]{4,})\*/\s+(.*?);\s*/\* 0x[0-9a-f]{16} \*/", line):
            pending = int(match[1], 16), match[2].strip()
        elif (match := re.match(r"\s+/\* 0x([0-9a-f]{16}) \*/", line)) and pending:
            control = int(match[1], 16) >> 41
            sets, waits = control >> 5 & 7, control >> 11 & 63
            guard, text_of = re.match(r"(@!?U?P\w+\s+)?(.*)", pending[1]).groups()
            current.append(Instruction(pending[0], guard, text_of.split()[0], text_of, sets,
                                       [board for board in range(6) if waits >> board & 1]))
            pending = None
    return kernels


def successors(code):
    index = {instruction.address: i for i, instruction in enumerate(code)}
    after = []
    for i, (_, guard, opcode, text, _, _) in enumerate(code):
        falls = [i + 1] if i + 1 < len(code) else []
        if opcode == "EXIT":
            after.append(falls if guard else [])
        elif opcode.startswith(("BRA", "CALL.REL")):  # a call may be a jump; a true one ends at its RET
            target = re.search(r"0x[0-9a-f]+\s*$", text)
            conditional = guard or re.match(r"BRA\S*\s+!?U?P\d", text) or ".DIV" in opcode
            after.append(([index[int(target[0], 16)]] if target else []) + (falls if conditional else []))
        elif opcode.startswith(("CALL", "RET", "BRX", "JMP")):
            after.append([])
        else:
            after.append(falls)
    return after


def hot_path(code, want, size=4):
    """Indices of the shortest path with want.loads and want.stores wide accesses a pack and want.fmas an element, [] for
    none."""
    def kind(instruction):
        match = re.match(r"(LDG|STG)\.E", instruction.opcode)
        return match and (match[1] if ".128" in instruction.opcode else "narrow")

    after, loads, stores = successors(code), want.loads * want.packs, want.stores
    fmas = want.fmas * want.packs * 16 // size
    start = (0, 0, 0, 0)
    before, queue = {start: None}, collections.deque([start])
    narrow_is_fatal = want.stores > 0  # a reduction stores one double
    while queue:
        state = at, loaded, stored, added = queue.popleft()
        access = kind(code[at])
        loaded, stored = loaded + (access == "LDG"), stored + (access == "STG")
        if loaded > loads or stored > stores or (access == "narrow" and narrow_is_fatal):
            continue
        added = min(fmas, added + (code[at].opcode == "DFMA"))
        if code[at].opcode == "EXIT" and (loaded, stored, added) == (loads, stores, fmas):
            path = []
            while state:
                path.append(state[0])
                state = before[state]
            return path[::-1]
        for following in after[at]:
            reached = following, loaded, stored, added
            if reached not in before:
                before[reached] = state
                queue.append(reached)
    return []


def loads_in_flight(code, path):
    """The most 16-byte loads issued before the first of them is waited for."""
    pending, most = collections.defaultdict(int), 0
    for i in path:
        for board in code[i].waits:
            pending.pop(board, None)
        if re.match(r"LDG\.E.*\.128", code[i].opcode):
            pending[code[i].sets] += 1
            most = max(most, sum(pending.values()))
    return most


# Cycles that one instruction takes on its pipe of a sub-partition (compute capability 9.0: 16 lanes of integer, of
# heavy multiply-add and of float64, 32 of float32, 4 of conversions and roots).
PIPES = (
    ("special", 8, r"MUFU|I2F\b|I2F\.|F2I|F2F"),
    ("float64", 2, r"D(FMA|ADD|MUL|SETP|MNMX)"),
    ("float32", 1, r"FFMA|FMUL|FADD|HADD2|HFMA2|HMUL2"),
    ("multiply", 2, r"IMAD"),
    ("integer", 2, r"LOP3|SHF|ISETP|IADD|SEL|FSETP|FSEL|LEA|PRMT|VIADD|FMNMX|P2R|R2P|PLOP3|I2FP|VIMNMX|FCHK|F2FP|FSET"),
)
CARD = dict(name="H100 SXM", multiprocessors=132, clock=1.755e9, bandwidth=3.0e12)


def roof(code, path, want, size):
    """Elements per second: what issue and pipes allow, what memory allows, and what binds the first."""
    cycles = collections.Counter(issue=len(path))
    for i in path:
        for pipe, cost, pattern in PIPES:
            if re.match(pattern, code[i].opcode):
                cycles[pipe] += cost
                break
    binding, most = cycles.most_common(1)[0]
    elements = want.packs * 16 // size
    issue = CARD["multiprocessors"] * 4 * 32 * CARD["clock"] * elements / most
    memory = CARD["bandwidth"] / ((want.loads + want.stores) * size)
    return issue, memory, binding


def measure(tools, ptxas, path):
    """architecture, {kernel: (instructions, loads in flight, code, path)}."""
    cuobjdump, search = tools
    arch = re.search(r"^\.target (sm_\d+)", open(path).read(4096), re.M)[1]
    with tempfile.NamedTemporaryFile(suffix=".cubin") as cubin:
        subprocess.run([ptxas, f"-arch={arch}", path, "-o", cubin.name], check=True)
        text = subprocess.run([cuobjdump, "-sass", cubin.name], check=True, capture_output=True, text=True,
                              env={**os.environ, "PATH": search}).stdout
    found = {}
    for kernel, code in read_sass(text).items():
        base, _, dtype = kernel.removeprefix("ddim_cuda_").rpartition("_")
        want = PATHS.get(base)
        if want is None:
            if not any(name in kernel for name in DATA_DEPENDENT):
                sys.exit(f"{kernel}: no path is stated for it")
            continue
        way = hot_path(code, want, SIZES[dtype])
        if not way:
            sys.exit(f"{arch} {kernel}: no path of {want.loads * want.packs} loads and {want.stores} stores of 16 bytes")
        found[f"{base}_{dtype}"] = (len(way), loads_in_flight(code, way), code, way)
    return arch, found


def table_of(columns, release):
    kernels = sorted(set().union(*columns.values()))
    lines = ["# instructions of a thread's hot path / 16-byte loads in flight before the first wait; "
             f"ptxas {release}", "kernel," + ",".join(columns)]
    for kernel in kernels:
        cells = [columns[arch][kernel][:2] for arch in columns]
        lines.append(",".join([kernel] + [f"{count}/{loads}" for count, loads in cells]))
    return "\n".join(lines) + "\n"


def roofs_of(found, release):
    lines = ["<!-- generated by tests/cuda/sass.py --write -->",
             f"**Predictions, not measurements**, for an {CARD['name']} ({CARD['multiprocessors']} SMs, "
             f"{CARD['clock'] / 1e9} GHz, {CARD['bandwidth'] / 1e12} TB/s) from the SASS of sm_90 (ptxas {release}): "
             "instructions per element on the hot path, and the issue roof over the memory roof (above 1: bound by "
             "memory; what binds the issue roof in brackets).", "",
             "| kernel | float64 | float32 | float16 | bfloat16 |", "|---|---|---|---|---|"]
    for base, want in PATHS.items():
        cells = []
        for dtype, size in SIZES.items():
            count, _, code, way = found[f"{base}_{dtype}"]
            issue, memory, binding = roof(code, way, want, size)
            cells.append(f"{count * size / 16 / want.packs:.1f}; {issue / memory:.2f} ({binding})")
        lines.append(f"| `{base}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def compare(want_text, columns, release):
    """What is worse than the table; exits with a word where nothing can be compared."""
    want = want_text.splitlines()
    if not want[0].endswith(f"ptxas {release}"):
        print(f"table: {want[0]}\nhere:  ptxas {release}\nanother ptxas: counts not compared")
        return []
    architectures = want[1].split(",")[1:]
    rows = {line.split(",")[0]: line.split(",")[1:] for line in want[2:]}
    worse = [f"{kernel} is missing from the table" for found in columns.values() for kernel in found if kernel not in rows]
    for kernel, cells in rows.items():
        for arch, cell in zip(architectures, cells):
            most, least = map(int, cell.split("/"))
            count, loads = columns[arch][kernel][:2] if kernel in columns.get(arch, {}) else (10**9, 0)
            if count > most or loads < least:
                worse.append(f"{arch} {kernel}: {count} instructions, {loads} loads in flight; "
                             f"at most {most} and at least {least}")
    return worse


def main(arguments):
    write = arguments[:1] == ["--write"]
    toolkit, table_path, roofs_path, *paths = arguments[write:]
    tools = find_tools(toolkit)
    if tools is None:
        print("skipped: no cuobjdump and nvdisasm (full toolkit, or PyPI: nvidia-cuda-cuobjdump, nvidia-cuda-nvdisasm)")
        sys.exit(77)
    ptxas = os.path.join(toolkit, "ptxas")
    release = re.search(r"V([\d.]+)", subprocess.run([ptxas, "--version"], capture_output=True, text=True).stdout)[1]
    with ThreadPoolExecutor(2) as pool:
        columns = dict(pool.map(lambda path: measure(tools, ptxas, path), paths))
    if write:
        open(table_path, "w").write(table_of(columns, release))
        open(roofs_path, "w").write(roofs_of(columns["sm_90"], release))
        return
    if worse := compare(open(table_path).read(), columns, release):
        sys.exit("\n".join(worse))
    print(f"{len(next(iter(columns.values())))} kernels on {', '.join(columns)} within the table")


if __name__ == "__main__":
    main(sys.argv[1:])
