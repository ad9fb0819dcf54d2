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


def table(kills, calibration):
    lines = ["| about | mistakes | found in every run | by comparison, no draws | draws to find the others: median (least - most) "
             "| Wald's bound / mean draws | number of claims that find them |",
             "|---|---|---|---|---|---|---|"]
    unseen = [fault for fault in kills["faults"] if fault["kind"] == "unseen"]
    faults = [fault for fault in kills["faults"] if not fault["equivalent"] and fault not in unseen]
    for equation in sorted({fault["equation"] for fault in faults}, key=ORDER.index):
        members = [fault for fault in faults if fault["equation"] == equation]
        found = [best_cell(fault) for fault in filter(found_always, members)]
        sampled = [cell for cell in found if cell["by"] != "exact"]
        claims = {cell["claim"] for fault in members for cell in fault["cells"] if cell["killed"] > 0}
        lines.append(f"| {equation} | {len(members)} | {len(found)} | {len(found) - len(sampled)} "
                     f"| {median_and_range([cell['median'] for cell in sampled])} "
                     f"| {geometric_mean([cell['efficiency'] for cell in sampled if cell.get('efficiency')])} | {len(claims)} |")
    efficiency, suite = kills["efficiency"], kills["suite_faults"]
    by_name = {line["what"]: line for line in calibration["lines"]}
    in_force = [line for line in calibration["lines"] if line.get("level") == kills["alpha"]]
    counted = by_name["the claims above together"]
    if not in_force:
        sys.exit(f"calibrate.json has no line at level {kills['alpha']:g}: run ./run calibrate")
    lines += [
        "",
        f"{len(faults)} mistakes, {kills['runs']} runs each of the claim that finds it soonest, at alpha = {kills['alpha']:g}: "
        f"{sum(map(found_always, faults))} found in every run (each rate is at least {kills['rate_at_least_95']:.5f} at 95 %); "
        f"{kills['equivalent']} more are out of sampling's reach, and are never failed by it (kills.txt says why). "
        f"Wald's bound over the draws used: {efficiency['parametric']:.3f} for wrong coefficients and deviations "
        f"({efficiency['parametric_faults']} mistakes; {efficiency['parametric_ten_or_more']:.3f} where the bound is ten draws or more, "
        f"{efficiency['parametric_ten_or_more_faults']}), {efficiency['shape']:.3f} for wrong shapes ({efficiency['shape_faults']}), "
        f"{efficiency['unseen']:.3f} for {len(unseen)} mistakes of random kind, place and size, for which, unlike the bank, no claim was chosen "
        f"({sum(map(found_always, unseen))} found in every run). "
        f"{sum(bool(fault['noticed']) for fault in suite)} of {len(suite)} mistakes in the suite's own judgement are noticed.",
        "",
        f"False alarms of correct code: by importance sampling, an e-process of residuals over every look up to n = 2000 reaches the bar of "
        f"{kills['alpha']:g} with chance "
        + " or ".join(f"{line['false_alarms']:.2g} ± {line['standard_error']:.1g}" for line in in_force)
        + f" (one cell; five); counted at level {calibration['level']:g}, the sampled claims alarm in {counted['false_alarms']:.2g} of "
        f"{counted['runs']} runs. Commits {kills['commit']} and {calibration['commit']}, seeds {kills['seed']} and {calibration['seed']}.",
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
