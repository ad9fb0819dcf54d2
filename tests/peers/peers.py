#!/usr/bin/env python3
"""Installs real samplers by locked versions (peers.toml), judges them, and writes what was found to results/.

    peers.py --verify PROGRAM [--cache DIR] [--only NAME]... [--keep] [--add NAME=FILE[:DIR]]...

Every verdict is held against an independent computation (independent.py). --add judges a binding of yours: FILE as
peers/bindings has them, its function `sample` or its class `Scheduler`, DIR the checkout that it imports from.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
DEFAULTS = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear",
            "clip_sample": True, "set_alpha_to_one": True, "steps_offset": 0, "prediction_type": "epsilon"}
EQUATIONS = ["Schedule", "Lemma1", "Tau", "Eq9", "Eq12", "Eq10", "Eq16", "Eq7"]
WORST_FIRST = ["fail", "crash", "time-out", "harness error", "inconclusive", "pass", "unsupported", "not supplied"]
PYTHON = os.environ.get("DDIM_PYTHON") or str(HERE.parent.parent / ".venv/bin/python")


def install(peer, cache):
    """Where its packages are; a sentence where they cannot be had."""
    target = cache / "-".join(p.replace("==", "-") for p in sorted(peer["packages"]))[:120]
    if (target / "whole").exists():
        return target, ""
    shutil.rmtree(target, ignore_errors=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", target]
    done = subprocess.run([*pip, *peer["packages"]], capture_output=True, text=True)
    if done.returncode != 0:
        return None, "not installed: " + (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    (target / "whole").touch()
    return target, ""


def environment(peer, target):
    paths = [str(HERE / "site"), *(str(p) for p in [target] if p), *peer.get("paths", []), str(HERE)]
    stubs = json.dumps({key: peer[key] for key in ("bare", "stub") if key in peer})
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "DDIM_PYTHON": PYTHON, "TQDM_DISABLE": "1",
            "PEER_STUBS": stubs}


def check(peer, run, verify, target, folder, script):
    """Rows, explanations and the implementation of one report; the script of its first failing step."""
    spacing, S = run.split()
    config = os.path.relpath(folder / "config.json", HERE)
    command = [verify, "check", peer["locator"], "--config", config, "-S", S, "--spacing", spacing,
               "--dialect", peer["dialect"], "--timeout", "120", "--json", "--repro", script]
    script.unlink(missing_ok=True)
    done = subprocess.run(command, cwd=HERE, env=environment(peer, target), capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if not lines or lines[-1]["kind"] != "summary":
        return None, (done.stderr.strip().splitlines() or [f"no report, exit code {done.returncode}"])[-1]
    return lines, ""


def independent(peer, target, folder):
    done = subprocess.run([PYTHON, HERE / "independent.py", folder / "peer.json"], cwd=HERE, capture_output=True,
                          env=environment(peer, target), text=True)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return [{"list": "all", "eta": None, "holds": {}, "why": why}]
    return json.loads(done.stdout)


def script_of_the_list(name, peer, run, raised):
    """Shows that a list of times is not its spacing's, or what is raised at eta > 0, without the suite."""
    spacing, S = run.split()
    kind, module, function = peer["locator"].split(":")
    config = {**peer["config"], "timestep_spacing": spacing}
    want = independent_list(spacing, int(S), config)
    lines = [f"# {name}: the list of times, {spacing} S = {S} (DDIM, arXiv 2010.02502)", "import inspect", "import numpy as np"]
    if module.endswith(".py"):
        lines += [f"import sys; sys.path.append({os.path.dirname(module)!r})"]
        module = os.path.basename(module)[: -len(".py")]
    if module == "diffusers":
        lines += ["import torch",
                  "torch.accelerator = getattr(torch, 'accelerator', type('', (), {'is_available': bool}))"]
    lines += [f"from {module} import {function} as peer", f"config, S = {config!r}, {S}",
              "takes = inspect.signature(peer).parameters"]
    if kind == "py":
        lines += ["known = {k: v for k, v in config.items() if k in takes}",
                  "sampler = peer(**known)", "sampler.set_timesteps(S)", "got = [int(t) for t in sampler.timesteps]"]
    else:
        ones = "jax.numpy.ones((1, 8, 1, 1))" if peer["ecosystem"] == "JAX" else "torch.ones(1, 8, 1, 1)"
        lines += ["import " + ones.partition(".")[0]]
        lines += ["jax.config.update('jax_disable_jit', True)"] if peer["ecosystem"] == "JAX" else []
        lines += ["power = 2 if config['beta_schedule'] == 'scaled_linear' else 1",
                  "ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]",
                  "betas, got = np.linspace(*ends, config['num_train_timesteps']) ** power, []",
                  "def model(x, t, *_, **__):", "    got.append(int(np.ravel(t)[0]))", "    return x * 0",
                  f"known = dict(model=model, x={ones}, shape=(1, 8, 1, 1), S=S, eta={0.5 if raised else 0.0}, config=config,",
                  "    T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas))",
                  "try:", "    peer(**{k: v for k, v in known.items() if k in takes})", "except Exception as error:",
                  "    raise SystemExit(f'got {error!r}')"]
    lines += [f"want = {want}", "shown = lambda t: f'{len(t)}: {t[:6]} ... {t[-2:]}'",
              "print(f'got {shown(got)}, want {shown(want)}')",
              "raise SystemExit(0 if got == want else 1)"]
    return "\n".join(lines) + "\n"


def independent_list(spacing, S, config):
    done = subprocess.run([PYTHON, HERE / "independent.py", "list", spacing, str(S), str(config["num_train_timesteps"]),
                           str(config["steps_offset"])], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def repeated(name, peer, run, target, script, what, expected=""):
    """What the script of a finding says, run without the suite; of a whole run it is kept in results/scripts."""
    if not script.exists():
        return []
    done = subprocess.run([PYTHON, script], cwd=HERE, env=environment(peer, target), capture_output=True, text=True)
    stem = f"{name.replace(' ', '-')}-{script.stem}"
    kept = HERE / "results/scripts" / (stem + ("-list.py" if what == "Tau" else ".py"))
    if peer["keep"]:
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(script, kept)
    said = (done.stdout + "\n" + done.stderr).splitlines()
    last = next((line for line in said[::-1] if line.startswith("got ")), said[-1])
    return [{"list": run, "of": what, "script": kept.name, "lines": len(script.read_text().splitlines()), "says": last,
             "shows it": done.returncode == 1 and last.startswith("got ") and expected in last}]


def worst(statuses):
    return min(statuses, key=WORST_FIRST.index) if statuses else "not asked"


def verdicts_of(rows):
    return {equation: worst([r["status"] for r in rows if r["equation"] == equation]) for equation in EQUATIONS}


def finding_of(line, row, run):
    causes = line.get("causes", [])
    cause = causes[0]["description"] if causes and line.get("explained") else "none of the known ones"
    return {"list": run, "equation": row["equation"], "row": row["title"], "cause": cause,
            "first wrong": row.get("first_wrong", {}), "message": row.get("message", ""), "again": row["reproduce"]}


def disagreements(rows, answers):
    """Where the suite and NumPy say otherwise of the same list, eta and equation."""
    found, compared = [], 0
    for answer in answers:
        for equation, holds in answer["holds"].items():
            spacing, S = answer["list"].split()
            tail = f"{spacing} S={S}" + ("" if equation == "Tau" else f" eta={answer['eta']:g}")
            of_it = [r for r in rows if r["equation"] == equation and r["title"].endswith(tail)]
            judged = [r for r in of_it if r["status"] in ("pass", "fail")]
            compared += len(judged)
            found += [f"{r['title']}: {r['status']}, NumPy {'holds' if holds else 'fails'}" for r in judged
                      if (r["status"] == "pass") != holds]
    return found, compared


def judge(name, peer, verify, cache):
    began, target, why = time.time(), None, peer.get("why", "")
    peer["locator"] = peer["locator"].replace("{tools}", os.path.relpath(os.path.dirname(verify), HERE))
    if peer["packages"] and not why:
        target, why = install(peer, cache)
    entry = {"name": name, "ecosystem": peer["ecosystem"], "packages": peer["packages"], "way in": peer["locator"],
             "dialect": peer["dialect"], "runs": peer["runs"], "note": peer.get("note", "")}
    if why:
        return {**entry, "not judged": why}
    folder = cache / "runs" / name.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    peer = {**peer, "config": {**DEFAULTS, **peer["config"]}}
    peer.setdefault("tolerance", 2e-5)
    (folder / "config.json").write_text(json.dumps(peer["config"]))
    (folder / "peer.json").write_text(json.dumps(peer))
    rows, findings, shown = [], [], []
    for run in peer["runs"]:
        script = folder / (run.replace(" ", "-") + ".py")
        lines, why = check(peer, run, verify, target, folder, script)
        if lines is None:
            return {**entry, "not judged": why}
        of_run = {line["id"]: line for line in lines if line["kind"] == "row"}
        rows += of_run.values()
        explained = {line["row"]: line for line in lines if line["kind"] == "explanation"}
        findings += [finding_of(explained.get(row["id"], {}), row, run) for row in of_run.values()
                     if row["status"] == "fail" and "follows" not in explained.get(row["id"], {})]
        who = lines[0]
        shown += repeated(name, peer, run, target, script, "steps")
        if any(row["equation"] == "Tau" and row["status"] == "fail" for row in of_run.values()):
            raised = [m for m in (row.get("message", "") for row in of_run.values()) if ": raised " in m]
            script.write_text(script_of_the_list(name, peer, run, raised))
            expected = raised[0].partition(": raised ")[2].partition(": ")[2] if raised else ""
            shown += repeated(name, peer, run, target, script, "Tau", expected)
    answers = independent(peer, target, folder)
    differing, compared = disagreements(rows, answers)
    return {**entry, "implementation": who["name"], "version": who["version"], "language": who["language"],
            "dtype": who["dtype"], "verdicts": verdicts_of(rows), "findings": findings, "independent": answers,
            "compared": compared, "disagreements": differing, "scripts": shown, "seconds": round(time.time() - began, 1),
            "conclusions": sorted({c for line in lines if line["kind"] == "summary" for c in line["conclusions"]}),
            "messages": sorted({r["message"] for r in rows if r.get("message") and r["status"] != "pass"})}


def version_of(entry):
    return entry["packages"][0].partition("==")[2] if entry["packages"] else entry.get("version", "")


def row_of(entry):
    kind = entry["way in"].partition(":")[0]
    cells = [entry["name"], version_of(entry), entry["ecosystem"], kind, entry["dialect"]]
    if "not judged" in entry:
        return cells + ["not judged"] + [""] * (len(EQUATIONS) - 1) + [""]
    short = {"pass": "pass", "fail": "**fail**", "not supplied": "-", "not asked": "-"}
    agrees = "disagrees" if entry["disagreements"] else f"{entry['compared']} of {entry['compared']}"
    return cells + [short.get(v, v) for v in entry["verdicts"].values()] + [agrees]


def findings_text(entry):
    if "not judged" in entry:
        return [f"- **{entry['name']}**: not judged: {entry['not judged']}"]
    told = {}
    for f in entry["findings"]:
        told.setdefault((f["equation"], f["cause"]), []).append(f)
    lines = []
    for (equation, cause), of_it in told.items():
        first = of_it[0]
        where = first["first wrong"].get("where") or first["message"]
        numbers = first["first wrong"]
        seen = f"; first at {where}" if where else ""
        seen += f": got {numbers['got']:.9g}, want {numbers['want']:.9g}" if numbers.get("want") is not None else ""
        lists = ", ".join(dict.fromkeys(f["list"] for f in of_it))
        shown = [f"[script](scripts/{s['script']})" + ("" if s["shows it"] else " (does not show it)")
                 for s in entry["scripts"] if s["list"] == first["list"] and (s["of"] == "Tau") == (equation == "Tau")]
        lines.append(f"- **{entry['name']}** {version_of(entry)}, {equation} ({lists}): {cause}{seen}"
                     + "".join("; " + s for s in shown))
    unsaid = [m for m in entry["messages"] if not entry["findings"] and "unsupported" in entry["verdicts"].values()]
    notes = [f"- **{entry['name']}**: {entry['note']}"] if entry.get("note") else []
    return lines + notes + [f"- **{entry['name']}**: {m}" for m in unsaid]


def markdown(entries):
    head = ["implementation", "version", "ecosystem", "way in", "dialect", *EQUATIONS, "NumPy agrees"]
    lines = ["<!-- Written by tests/peers/peers.py: do not edit -->", "# Real samplers, judged", "",
             "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(c) for c in row_of(entry)) + " |" for entry in entries]
    lines += ["", "`-`: it does not show this. The last column: rows whose verdict the independent computation in NumPy",
              "(tests/peers/independent.py) shares, of those that both judged.", "", "## Findings", ""]
    for entry in entries:
        lines += findings_text(entry)
    return "\n".join(lines) + "\n"


def added(text):
    """NAME=FILE[:DIR]: a binding, and where it imports from."""
    name, _, rest = text.partition("=")
    file, _, folder = rest.partition(":")
    path = pathlib.Path(file).resolve()
    source = path.read_text()
    way = f"py:{path}:Scheduler" if "class Scheduler" in source else f"loop:{path}:sample"
    return name, {"packages": [], "ecosystem": "yours", "locator": way, "config": {"clip_sample": False},
                  "dialect": "paper", "runs": ["leading 50", "trailing 30"],
                  "paths": [str(pathlib.Path(folder).resolve())] if folder else []}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verify", required=True, help="the program ddim-verify")
    parser.add_argument("--cache", default=str(HERE.parent.parent / ".cache/peers"))
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--keep", action="store_true", help="put what --only judged in the results, beside the others")
    parser.add_argument("--add", action="append", default=[], metavar="NAME=FILE[:DIR]")
    arguments = parser.parse_args()
    known = tomllib.loads((HERE / "peers.toml").read_text())
    yours = dict(added(text) for text in arguments.add)
    chosen = yours if arguments.add and not arguments.only else {**known, **yours}
    for name in arguments.only:
        if name not in chosen:
            sys.exit(f"{name} is none of {', '.join(chosen)}")
    entries, whole, known_results = [], not arguments.only and not arguments.add, HERE / "results/peers.json"
    before = {e["name"]: e for e in json.loads(known_results.read_text())} if arguments.keep else {}
    if whole:
        shutil.rmtree(HERE / "results/scripts", ignore_errors=True)
    for s in (s for name in arguments.only for s in before.get(name, {}).get("scripts", [])):
        (HERE / "results/scripts" / s["script"]).unlink(missing_ok=True)
    for name, peer in chosen.items():
        if arguments.only and name not in arguments.only:
            continue
        entry = judge(name, {**peer, "keep": whole or arguments.keep}, os.path.abspath(arguments.verify), pathlib.Path(arguments.cache))
        entries.append(entry)
        print(" | ".join(str(c) for c in row_of(entry)), f"({entry.get('seconds', 0)} s)", flush=True)
        for line in findings_text(entry) + entry.get("disagreements", []):
            print("   ", line, flush=True)
    if whole or arguments.keep:
        known_results.parent.mkdir(exist_ok=True)
        new = {e["name"]: e for e in entries}
        kept = entries if whole else [new.pop(name, e) for name, e in before.items()] + list(new.values())
        known_results.write_text(json.dumps(kept, indent=1) + "\n")
        (HERE / "results/README.md").write_text(markdown(kept))
    judged = [e for e in entries if "not judged" not in e]
    failed = [e["name"] for e in judged if e["disagreements"] or not e["compared"]
              or not all(s["shows it"] for s in e["scripts"])]
    print(f"{len(entries)} implementations, {len(entries) - len(judged)} not judged; NumPy or a script says otherwise, or "
          f"nothing: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
