#!/usr/bin/env python3
"""Writes results/power.md, the tables of both error rates, from results/kills.json and results/calibrate.json.

--check compares instead of writing, and fails where they differ. --mutation-report FILE writes the kill matrix in
Stryker's mutation-testing schema instead, a "file" per equation, a line per mistake.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"
EQUATIONS = HERE.parent.parent / "reference" / "equations.txt"
ORDER = (["Schedule", "Tau"]
         + [line.split("\t")[0] for line in EQUATIONS.read_text().splitlines() if line and not line.startswith("#")]
         + ["Generator"])


def best_cell(fault):
    return next((cell for cell in fault["cells"] if cell["claim"] == fault["primary"]), None)


def found_always(fault):
    cell = best_cell(fault)
    return cell is not None and cell["killed"] == cell["runs"]


def geometric_mean(values):
    return f"{math.exp(sum(map(math.log, values)) / len(values)):.2f}" if values else "-"


def draws(value):
    return f"{value:.2g}" if value >= 1e5 else f"{value:.0f}"


def median_and_range(values):
    values = sorted(values)
    return f"{draws(values[(len(values) - 1) // 2])} ({draws(values[0])} - {draws(values[-1])})" if values else "-"


def rows(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def by_equation(faults):
    yield rows("about", "mistakes", "found in every run", "by comparison, no draws",
               "draws to find the others: median (least - most)", "Wald's bound / mean draws", "claims that find them")
    yield rows(*["---"] * 7)
    for equation in sorted({fault["equation"] for fault in faults}, key=ORDER.index):
        members = [fault for fault in faults if fault["equation"] == equation]
        found = [best_cell(fault) for fault in filter(found_always, members)]
        sampled = [cell for cell in found if cell["by"] != "exact"]
        claims = {cell["claim"] for fault in members for cell in fault["cells"]}
        yield rows(equation, len(members), len(found), len(found) - len(sampled),
                   median_and_range([cell["median"] for cell in sampled]),
                   geometric_mean([cell["efficiency"] for cell in sampled if cell.get("efficiency")]), len(claims))


def together(kills, faults, unseen):
    efficiency, suite = kills["efficiency"], kills["suite_faults"]
    yield rows("all together", "mistakes", "found in every run", "Wald's bound / mean draws")
    yield rows(*["---"] * 4)
    yield rows("the bank", len(faults), sum(map(found_always, faults)), "")
    yield rows("of it, wrong coefficients and deviations", efficiency["parametric_faults"], "",
               f"{efficiency['parametric']:.3f}")
    yield rows("of these, where the bound is ten draws or more", efficiency["parametric_ten_or_more_faults"], "",
               f"{efficiency['parametric_ten_or_more']:.3f}")
    yield rows("of it, wrong shapes", efficiency["shape_faults"], "", f"{efficiency['shape']:.3f}")
    yield rows("of random kind, place and size, for which no claim was chosen", len(unseen),
               sum(map(found_always, unseen)), f"{efficiency['unseen']:.3f}")
    yield rows("in the suite's own judgement", len(suite), sum(bool(fault["noticed"]) for fault in suite), "")
    yield rows("out of sampling's reach (kills.txt says why)", kills["equivalent"], "never failed by draws", "")


def false_alarms(kills, calibration):
    in_force = [line for line in calibration["lines"] if line.get("level") == kills["alpha"]]
    if not in_force:
        sys.exit(f"calibrate.json has no line at level {kills['alpha']:g}: run ./run calibrate")
    counted = next(line for line in calibration["lines"] if line["what"] == "the claims above together")
    yield rows("false alarms of correct code", "at level", "how often")
    yield rows(*["---"] * 3)
    for line in in_force:
        yield rows(f"{line['what']}, by importance sampling", f"{line['level']:g}",
                   f"{line['false_alarms']:.2g} ± {line['standard_error']:.1g}")
    yield rows("the sampled claims, counted", f"{calibration['level']:g}",
               f"{counted['false_alarms']:.2g} of {counted['runs']} runs")


def tables(kills, calibration):
    unseen = [fault for fault in kills["faults"] if fault["kind"] == "unseen"]
    faults = [fault for fault in kills["faults"] if not fault["equivalent"] and fault not in unseen]
    return "\n".join([
        *by_equation(faults), "",
        *together(kills, faults, unseen), "",
        *false_alarms(kills, calibration), "",
        f"{kills['runs']} runs each of the claim that finds a mistake soonest, at alpha = {kills['alpha']:g}: each rate "
        f"of 1 is at least {kills['rate_at_least_95']:.5f} at 95 %.",
        f"Commits {kills['commit']} and {calibration['commit']}, seeds {kills['seed']} and {calibration['seed']}.",
    ]) + "\n"


def mutant(fault, line):
    text = f"{fault['fault']}: {fault['says']}"
    status = "Ignored" if fault["equivalent"] else "Killed" if found_always(fault) else "Survived"
    return text, {
        "id": fault["fault"], "mutatorName": fault["kind"], "description": fault["says"], "status": status,
        "statusReason": fault["equivalent"], "killedBy": [cell["claim"] for cell in fault["cells"]],
        "location": {"start": {"line": line, "column": 1}, "end": {"line": line, "column": len(text) + 1}}}


def mutation_report(kills):
    files = {}
    for equation in ORDER:
        members = [fault for fault in kills["faults"] if fault["equation"] == equation]
        if not members:
            continue
        texts, mutants = zip(*(mutant(fault, line) for line, fault in enumerate(members, 1)))
        files[equation] = {"language": "text", "source": "\n".join(texts) + "\n", "mutants": mutants}
    return {"schemaVersion": "1", "thresholds": {"high": 100, "low": 99}, "files": files}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--mutation-report", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    kills, calibration = (json.loads((RESULTS / name).read_text()) for name in ("kills.json", "calibrate.json"))
    if arguments.mutation_report:
        arguments.mutation_report.write_text(json.dumps(mutation_report(kills)) + "\n")
        return
    text, path = tables(kills, calibration), RESULTS / "power.md"
    if not arguments.check:
        path.write_text(text)
        subprocess.run([sys.executable, HERE.parent / "map" / "tables.py"], check=True)
    elif path.read_text() != text:
        sys.exit(f"{path.name} is not what kills.json and calibrate.json say: run tests/power/power.py")


if __name__ == "__main__":
    main()
