"""The table that README shows, the picture beside it, and the comparison of two files of results."""
import math
import pathlib

from results import load

# Batches that one element (and, along a path, one step) reads and writes: the operands of its formula, each once.
BATCHES = {"Eq6": 4, "Eq7": 3, "Lemma1": 3, "Eq8": 3, "Eq9": 3, "Eq10": 3, "Eq11": 4, "Theorem1": 3, "Eq12": 4, "Eq13": 3,
           "AppendixA": 3}
# What a kernel moves: along no path, with pred_x0 beside Eq9's x_prev, and no noise where it draws its own.
KERNEL_BATCHES = {"Lemma1": 3, "Lemma1-drawn": 2, "Eq7": 3, "Eq8": 3, "Eq9": 4, "Eq10": 3, "Eq10-trajectory": 2, "Eq11": 2,
                  "Theorem1": 2, "Eq12": 4, "Eq12-drawn": 3, "Eq12-threshold": 3, "Eq13": 3, "AppendixA": 3}
SIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
HOST = list(SIZE)
TABLE_AT = 64, 1024
CARD_AT = 4096, 16384

# A prediction until a card has said so: an H100's memory, its launch, and a host's 16 lanes of PCIe 5.
CARD = {"name": "an H100", "bytes_per_second": 3.0e12, "launch": 3e-6, "transfer_bytes_per_second": 50e9}


def medians(rows):
    return {(row["name"], row["d"], row["n"]): row["ns"][1] for row in rows if "ns" in row}


def cards(directory):
    """(context, rows) of every card that was measured."""
    return [load(path) for path in sorted(pathlib.Path(directory).glob("card-*.json"))]


def predicted_ns(tag, dtype):
    """The least time per element that memory allows."""
    return 1e9 * KERNEL_BATCHES.get(tag, BATCHES[tag]) * SIZE[dtype] / CARD["bytes_per_second"]


def number(value):
    return "-" if value is None else f"{value:.3g}"


def card_cell(tag, dtype, measured):
    for _, rows in measured:
        if (ns := medians(rows).get((f"{tag}/card-{dtype}", *CARD_AT))) is not None:
            return number(ns)
    return f"not measured ({predicted_ns(tag, dtype):.2g})"


def share(rate, copies, batches):
    return f"{rate / copies[batches]:.2f}" if batches in copies else "-"


def table(path, directory):
    context, rows = load(path)
    ns, measured = medians(rows), cards(directory)
    d, n = TABLE_AT
    head = ["equation", "Eigen", "NumPy", "torch", "reference", "all threads", "GB/s", "/ copy", "/ triad",
            *(f"host {dtype}" for dtype in HOST), "card float32", "card bfloat16"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    rate = {}
    for kind in ("copy", "triad"):
        rate[kind] = {k: 8 * k / ns[f"{kind}-{k}", d, n] for k in (2, 3, 4) if (f"{kind}-{k}", d, n) in ns}
    for tag, batches in BATCHES.items():
        def of(who):
            return ns.get((f"{tag}/{who}", d, n))
        reference = of("reference")
        cells = [tag, *(number(of(who)) for who in ("eigen", "numpy", "torch", "reference", "reference-all"))]
        if reference:
            bandwidth = 8 * batches / reference
            cells += [f"{bandwidth:.1f}", share(bandwidth, rate["copy"], batches), share(bandwidth, rate["triad"], batches)]
        else:
            cells += ["-"] * 3
        cells += [number(of(f"host-{dtype}")) for dtype in HOST]
        cells += [card_cell(tag, dtype, measured) for dtype in ("float32", "bfloat16")]
        lines.append("| " + " | ".join(cells) + " |")
    if not ns:
        lines += ["", "Nothing has been measured with this commit yet: `./run bench`."]
        return "\n".join(lines + [card_line(measured)]) + "\n"
    lines += ["", f"Nanoseconds per element (Eq6, Eq11 and Theorem1: and step of ten), {d} x {n}, float64 where nothing else is said: "
              "medians of " f"{context['rounds']} interleaved rounds; spreads and every other size are in "
              f"[{pathlib.Path(path).name}](benchmarks/results/{pathlib.Path(path).name}).",
              "GB/s and shares: the reference on one thread, beside the copy and the triad of as many bytes in the same run.",
              "Host: the kernels' loops on one thread, \"-\" where there is no such kernel; theirs of Eq11 and Theorem1 are of given arrays.",
              card_line(measured), *filter(None, [crossings(rows, measured)]),
              f"{context['machine']}; {context['date']}, commit {context['commit']}."]
    for card in measured:
        lines += ["", *card_table(*card)]
    return "\n".join(lines) + "\n"


def card_line(measured):
    prediction = f"a prediction, what the memory of {CARD['name']} at {CARD['bytes_per_second'] / 1e12:.1f} TB/s allows"
    if measured:
        return (f"Card: {'; '.join(context['machine'] for context, _ in measured)}, {CARD_AT[0]} x {CARD_AT[1]}; in brackets, "
                f"where it was not asked, {prediction}.")
    return f"Card: not measured; in brackets {prediction}."


def card_table(context, rows):
    """Every kernel on one card beside the copy of its bytes; what others take there; what else the card was asked."""
    ns = {name: median for (name, d, n), median in medians(rows).items() if (d, n) == CARD_AT}
    lines = ["| kernel | batches moved | " + " | ".join(SIZE) + " |", "|" + "---|" * (2 + len(SIZE))]
    for kernel, batches in KERNEL_BATCHES.items():
        def cell(dtype):
            ours, copy = ns.get(f"{kernel}/card-{dtype}"), ns.get(f"copy-{batches}/card-{dtype}")
            return "not measured" if ours is None or copy is None else f"{ours:.3g} ({copy / ours:.2f})"
        lines.append(f"| {kernel} | {batches} | " + " | ".join(map(cell, SIZE)) + " |")
    lines += ["", f"{context['machine']}: nanoseconds per element, {CARD_AT[0]} x {CARD_AT[1]}, L2 flushed, and in brackets the "
              "share of the copy of the same bytes in the same run: above 1 where more is read than written; a copy does both "
              "alike (a trajectory is 50 steps drawn in registers).",
              *filter(None, [rivals(ns)]), asked_of(rows), f"{context['date']}, commit {context['commit']}, `{context['flags']}`."]
    return lines


def rivals(ns):
    """How long others take for the same step on the same card, in our kernels' times."""
    def ratios(kernel, who):
        found = {dtype: ns[f"{kernel}/card-{who}-{dtype}"] / ns[f"{kernel}/card-{dtype}"] for dtype in SIZE
                 if f"{kernel}/card-{who}-{dtype}" in ns and f"{kernel}/card-{dtype}" in ns}
        return ", ".join(f"{ratio:.2f} ({dtype})" for dtype, ratio in found.items())
    said = [f"{label} {text}" for label, kernel, who in (
        ("PyTorch eager, noise given:", "Eq12", "torch"), ("drawn:", "Eq12-drawn", "torch"), ("torch.compile, given:", "Eq12", "compiled"),
        ("drawn:", "Eq12-drawn", "compiled"), ("CuPy fused, given:", "Eq12", "cupy")) if (text := ratios(kernel, who))]
    return "Others' Eq12 on this card, in times of ours: " + "; ".join(said) + "." if said else ""


def asked_of(rows):
    """The checks of one card, by kind, with what failed."""
    kinds = {}
    for row in rows:
        kind, _, what = row["name"].partition("/")
        if kind in ("bits", "memcheck", "racecheck", "extremes"):
            kinds.setdefault(kind, []).append((what, "error" in row))
    said = [f"{kind} of {', '.join(what for what, _ in all_of)}: " +
            (f"FAILED {', '.join(what for what, failed in all_of if failed)}" if any(failed for _, failed in all_of) else "all pass")
            for kind, all_of in kinds.items()]
    return "Checked there: " + ("; ".join(said) or "nothing") + "."


def of_library(path):
    """A line per number of a library that joined, beside the kernels' own loop on the host."""
    ns = medians(load(path)[1])
    return "\n".join(
        f"your library, {tag} in {who.removeprefix('lib-')}, {d} x {n}: {median:.3g} ns per element" +
        (f", {median / ours:.2f} of the kernels' loop" if (ours := ns.get((f"{tag}/{who.replace('lib-', 'host-')}", d, n))) else "")
        for (name, d, n), median in ns.items() for tag, _, who in [name.partition("/")] if who.startswith("lib-"))


# Growth and crossing points

def curve(rows, name):
    """(elements, ns per element) along the growth in n at d = 64."""
    points = {row["d"] * row["n"]: row["ns"][1] for row in rows
              if row["name"] == name and "ns" in row and row["d"] == min(64, row["d"] * row["n"])}
    return sorted(points.items())


def predicted_card(elements, transfer):
    """Eq12 with noise given, float32, ns per element: launch, memory, and the way there and back."""
    moved = BATCHES["Eq12"] * SIZE["float32"] * elements
    seconds = CARD["launch"] + moved / CARD["bytes_per_second"] + (moved / CARD["transfer_bytes_per_second"] if transfer else 0)
    return 1e9 * seconds / elements


def power_of_two(elements):
    return f"2^{round(math.log2(elements))}"


def card_curves(measured):
    """(label, {elements: ns}) of Eq12 in float32 with launch, and with launch and transfer: the first card's, or predictions."""
    for label, name in (("launch", "Eq12/card-float32"), ("launch and transfer", "Eq12-sent/card-float32")):
        points = next((found for _, rows in measured if len(found := dict(curve(rows, name))) >= 3), None)
        if points:
            yield f"{measured[0][0]['machine']}, float32, {label}", points
        else:
            yield (f"prediction: {CARD['name']}, float32, {label}",
                   {2**k: predicted_card(2**k, "transfer" in label) for k in range(29)})


def crossings(rows, measured=()):
    """Where one way begins to beat another for good, and where the CPU's caches end; for Eq12."""
    one, all_threads = curve(rows, "Eq12/reference"), dict(curve(rows, "Eq12/reference-all"))
    if len(one) < 3:
        return ""
    least = min(ns for _, ns in one)
    text = [f"the CPU's caches end after {power_of_two(max(e for e, ns in one if ns < 1.5 * least))} elements"]

    def first_for_good(faster, slower):
        wins = None
        for elements, ns in slower:
            if faster(elements) is None:
                continue
            wins = (wins or elements) if faster(elements) < ns else None
        return "nowhere" if wins is None else f"from {power_of_two(wins)}"
    text.append(f"all threads win {first_for_good(all_threads.get, one)}")
    best = [(e, min(ns, all_threads.get(e, ns))) for e, ns in one]
    (launched, with_launch), (sent, with_transfer) = card_curves(measured)
    text.append(f"a card, launch included, {first_for_good(with_launch.get, best)}")
    text.append(f"a card that is sent every batch and sends it back, {first_for_good(with_transfer.get, best)}")
    predicted = [label for label in (launched, sent) if label.startswith("prediction")]
    return f"Eq12 by size: {'; '.join(text)}" + (f" ({'; '.join(predicted)})." if predicted else ".")


def picture(path, directory, target):
    """Three panels, as SVG: growth with n, growth with d, share of the copy by equation."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "ddim", "font.size": 8, "axes.grid": True,
                                "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot
    context, rows = load(path)
    figure, (growth, dims, shares) = pyplot.subplots(1, 3, figsize=(13, 4.2), width_ratios=(2.2, 1, 1))
    draw_growth(growth, rows, cards(directory))
    draw_dimensions(dims, rows)
    draw_shares(shares, rows)
    figure.suptitle(f"Eq12 and the others on {context['machine']}; {context['date']}", fontsize=9)
    figure.tight_layout()
    figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    text = target.read_text()
    target.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")


def draw_growth(axes, rows, measured):
    names = {"NumPy": "Eq12/numpy", "torch": "Eq12/torch", "Eigen passes": "Eq12/eigen", "reference, one thread": "Eq12/reference",
             "reference, all threads": "Eq12/reference-all", "kernels' host loop, float32": "Eq12/host-float32"}
    for label, name in names.items():
        points = curve(rows, name)
        if points:
            axes.loglog(*zip(*points), marker=".", label=label)
    for (label, points), style in zip(card_curves(measured), ("--", ":")):
        axes.loglog(*zip(*sorted(points.items())), style, color="black", label=label)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="elements", ylabel="ns per element", title="Eq12, noise given: growth with n")
    axes.legend(fontsize=7)


def draw_dimensions(axes, rows):
    for label, name in (("Eq12", "Eq12/reference"), ("Theorem1, a step", "Theorem1/reference"),
                        ("Eq11, a step", "Eq11/reference")):
        points = sorted((row["d"], row["ns"][1]) for row in rows
                        if row["name"] == name and row["d"] * row["n"] == 65536 and "ns" in row)
        if points:
            axes.loglog(*zip(*points), marker=".", label=label)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="d, of 65536 elements", ylabel="ns per element", title="reference: growth with d")
    axes.legend(fontsize=7)


def draw_shares(axes, rows):
    ns, (d, n) = medians(rows), TABLE_AT
    bars = []
    for tag, batches in BATCHES.items():
        copy, ours = ns.get((f"copy-{batches}", d, n)), ns.get((f"{tag}/reference", d, n))
        if copy and ours:
            bars.append((tag, copy / ours))
    if bars:
        axes.barh(*zip(*reversed(bars)))
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set(xlabel="share of the copy of the same bytes", title=f"reference, one thread, {d} x {n}")


# Two files of results

def verdict(new, old):
    """Of two rows: what can be said where repetitions scatter from ns[0] to ns[2]."""
    if new[2] < old[0]:
        return "faster"
    if new[0] > old[2]:
        return "slower"
    close = abs(math.log(new[1] / old[1])) < 0.05 and all(row[2] < 1.1 * row[0] for row in (new, old))
    return "same" if close else "ambiguous"


def comparison(path, against):
    """(text, whether anything is slower)."""
    (new_context, new_rows), (old_context, old_rows) = load(path), load(against)
    if new_context["machine"] != old_context["machine"]:
        return f"ambiguous: {new_context['machine']} against {old_context['machine']}", False
    old = {(row["name"], row["d"], row["n"]): row["ns"] for row in old_rows if "ns" in row}
    lines, counts = [], {}
    for row in new_rows:
        key = row["name"], row["d"], row["n"]
        if "ns" not in row or key not in old:
            continue
        said = verdict(row["ns"], old[key])
        counts[said] = counts.get(said, 0) + 1
        if said != "same":
            lines.append(f"{said:10} {row['name']:32} {row['d']} x {row['n']}: {old[key][1]:.4g} -> {row['ns'][1]:.4g} ns")
    summary = ", ".join(f"{count} {said}" for said, count in sorted(counts.items())) or "nothing in common"
    return "\n".join(sorted(lines) + [summary]), counts.get("slower", 0) > 0
