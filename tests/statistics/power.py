#!/usr/bin/env python3
"""Writes results/power.md, the table of both error rates, from results/kills.json and results/calibrate.json.

--check compares instead of writing, and fails where they differ.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"
ORDER = ["Schedule", "Tau", "Eq6", "Eq7", "Lemma1", "Eq8", "NonMarkov", "Eq9", "Eq10", "Eq11", "Theorem1", "Eq12", "Eq13",
         "Eq14", "Eq16", "AppendixA", "Generator"]


def best_cell(fault):
    return next((cell for cell in fault["cells"] if cell["claim"] == fault["primary"]), None)


def geometric_mean(values):
    return f"{math.exp(sum(map(math.log, values)) / len(values)):.2f}" if values else "-"


def draws(value):
    return f"{value:.2g}" if value >= 1e5 else f"{value:.0f}"


def table(kills, calibration):
    lines = ["| about | mistakes | found in every run | draws to find one: median (least - most) | of Wald's bound | number of claims that find them |",
             "|---|---|---|---|---|---|"]
    faults = [fault for fault in kills["faults"] if not fault["equivalent"]]
    for equation in sorted({fault["equation"] for fault in faults}, key=ORDER.index):
        members = [fault for fault in faults if fault["equation"] == equation]
        cells = [best_cell(fault) for fault in members]
        found = [cell for cell in cells if cell and cell["killed"] == cell["runs"]]
        medians = sorted(cell["median"] for cell in found)
        claims = sorted({cell["claim"] for fault in members for cell in fault["cells"] if cell["killed"] > 0})
        lines.append(f"| {equation} | {len(members)} | {len(found)} | {draws(medians[(len(medians) - 1) // 2])} "
                     f"({draws(medians[0])} - {draws(medians[-1])}) "
                     f"| {geometric_mean([cell['efficiency'] for cell in found if cell.get('efficiency')])} | {len(claims)} |")
    efficiency, suite = kills["efficiency"], kills["suite_faults"]
    alarms = [line for line in calibration["lines"] if line.get("level") == kills["alpha"]]
    lines += [
        "",
        f"{len(faults)} mistakes, {kills['runs']} runs each of the claim that finds it soonest, at alpha = {kills['alpha']:g}: "
        f"{len(faults) - kills['survived']} found in every run (each rate is at least {kills['rate_at_least_95']:.5f} at 95 %); "
        f"{kills['equivalent']} more are out of sampling's reach, and are never failed by it (kills.txt says why). "
        f"Wald's bound over the draws used: {efficiency['parametric']:.3f} for wrong coefficients and deviations "
        f"({efficiency['parametric_faults']} mistakes; {efficiency['parametric_ten_or_more']:.3f} where the bound is ten draws or more, "
        f"{efficiency['parametric_ten_or_more_faults']}), {efficiency['shape']:.3f} for wrong shapes ({efficiency['shape_faults']}). "
        f"{sum(bool(fault['noticed']) for fault in suite)} of {len(suite)} mistakes in the suite's own judgement are noticed.",
        "",
        f"False alarms of correct code at {kills['alpha']:g}, by importance sampling: "
        + ", ".join(f"{line['false_alarms']:.2g} ± {line['standard_error']:.1g}" for line in alarms)
        + f" ({calibration['lines'][0]['runs']} runs of the plain e-process at level {calibration['level']:g}: "
        f"{calibration['lines'][0]['false_alarms']:.2g}). "
        f"Commits {kills['commit']} and {calibration['commit']}, seeds {kills['seed']} and {calibration['seed']}.",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = table(*(json.loads((RESULTS / name).read_text()) for name in ("kills.json", "calibrate.json")))
    path = RESULTS / "power.md"
    if not arguments.check:
        path.write_text(text)
        subprocess.run([sys.executable, HERE.parent / "map" / "tables.py"], check=True)
    elif path.read_text() != text:
        sys.exit(f"{path.name} is not what kills.json and calibrate.json say: run tests/statistics/power.py")


if __name__ == "__main__":
    main()
