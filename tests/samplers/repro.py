"""Writes a script that shows a failing step without this suite: repro.py QUESTIONS SCRIPT TITLE WHERE WANT BOUND

QUESTIONS holds what a harness was asked and how it asked (DDIM_QUESTIONS), TITLE and WHERE are the row's, WANT and BOUND
the number expected there and the error allowed.
"""

import json
import re
import sys


def number(value):
    return float.fromhex(value) if isinstance(value, str) and "0x" in value else float(value)


def asked(path, title, index):
    """The configuration of the row's run, and the first question at its step."""
    spacing, S, eta = re.search(r"(\w+) S=(\d+) eta=(\S+)$", title).groups()
    configured, found = None, None
    for line in open(path):
        message = json.loads(line)
        if "configure" in message:
            question = message["configure"]
            matches = (question["config"]["timestep_spacing"], question["num_inference_steps"], question["eta"])
            configured = question if matches == (spacing, int(S), float(eta)) else None
        elif configured and message["step"]["index"] == index and "outputs" in message["answer"]:
            found = found or (configured, message)
    return found


def of_a_class(how, configured, index, eta):
    lines = [f"sampler = {how['made']}", f"sampler.set_timesteps({configured['num_inference_steps']})"]
    if how["counts"]:
        lines += [f"for t in sampler.timesteps[:{index}]:", "    sampler.step(output, t, x_t)"]
    arguments = f", eta={eta!r}" if how["eta"] else ""
    if eta and how["noise"]:
        arguments += f", {how['noise']}=noise"
    elif eta and how["arrays"] == "torch":
        lines.append("torch.randn = torch.randn_like = lambda *_, **__: noise")
    lines.append(f"got = sampler.step(output, sampler.timesteps[{index}], x_t{arguments})")
    lines.append("got = got[0] if isinstance(got, tuple) else getattr(got, 'prev_sample', got)")
    return lines


def of_a_step(how, configured, index, eta):
    table, listed = configured["alphas_cumprod"], configured["timesteps"]
    a_prev = table[listed[index + 1]] if index + 1 < len(listed) else configured["final_alpha_cumprod"]
    return [f"got = {how['made']}(x_t=x_t, output=output, alpha_bar={table[listed[index]]!r}, alpha_bar_prev={a_prev!r},",
            f"    eta={eta!r}, noise=noise)", "got = got[0] if isinstance(got, tuple) else got"]


def of_a_loop(how, configured, index, eta):
    """What it is called with, but for arrays of a thousand levels, is written out."""
    copied = "x.copy_(x_t.reshape(x.shape))" if how["arrays"] == "torch" else "x[...] = x_t.reshape(x.shape)"
    kept = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "steps_offset", "clip_sample",
            "timestep_spacing")
    config = {k: v for k, v in configured["config"].items() if k in kept}
    S = configured["num_inference_steps"]
    scale = lambda entry: how["roots"][entry] if entry < len(how["roots"]) else 1.0
    draws = "torch.randn = torch.randn_like = lambda *_, **__: noise" if how["arrays"] == "torch" else (
        "np.random.standard_normal = lambda *_, **__: noise")
    return [f"config, seen, power = {config!r}, [], {2 if config['beta_schedule'] == 'scaled_linear' else 1}",
            "ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]",
            "betas = np.linspace(*ends, config['num_train_timesteps']) ** power", "def model(x, t, *_, **__):",
            "    seen.append(x)", f"    if len(seen) == {index + 1}:", f"        {copied}",
            f"    return output.reshape(x.shape) if len(seen) == {index + 1} else x * 0", draws,
            f"known = dict(model=model, x=x_t * 1, shape=tuple(x_t.shape), S={S}, eta={eta!r},",
            "    config=config, T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas), "
            f"timesteps={configured['timesteps'] if how['list'] else None})",
            f"seen.append({how['made']}(**{{name: known[name] for name in {how['names']!r}}}))",
            f"got = (lambda v: v[0] if isinstance(v, tuple) else v)(seen[{index + 1}]) * {float(scale(index + 1))!r}"]


def script(configured, message, title, where, want, bound):
    inputs, how, outputs = message["step"], message["how"], message["answer"]["outputs"]
    sample, element = map(int, re.search(r"sample (\d+), element (\d+)$", where).groups())
    n, d = inputs["shape"]
    column = lambda values: [number(v) for v in values[sample * d : (sample + 1) * d]]
    x_t, output = (column(outputs.get(name) or inputs[name]) for name in ("x_t", "output"))
    if "roots" in how:
        x_t = [v / how["roots"][inputs["index"]] for v in x_t]
        output = column(how["output"])
    array = "torch.tensor({}, dtype=torch.{})" if how["arrays"] == "torch" else "np.array({}, dtype={!r})"
    given = {"x_t": x_t, "output": output, "noise": column(inputs["noise"] or [0.0] * n * d)}
    arrays = [f"{name} = {array.format(values, how['dtype'])}.reshape({how['shape']})" for name, values in given.items()]
    parts = {"class": of_a_class, "step": of_a_step, "loop": of_a_loop}[how["kind"]]
    lines = [f"# {how['who']}: {title}, {where.rpartition(', sample')[0]} (DDIM, arXiv 2010.02502)",
             "import numpy as np", *how["imports"], *arrays,
             *parts(how, configured, inputs["index"], configured["eta"]),
             f"got, want, allowed = float(got.reshape(-1)[{element}]), {want!r}, {bound:.3g}  # want {want.hex()}",
             "print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')",
             "raise SystemExit(0 if abs(got - want) <= allowed else 1)"]
    return "\n".join(lines) + "\n"


def main(path, target, title, where, want, bound):
    index = int(re.search(r"step (\d+) of", where)[1]) - 1
    found = asked(path, title, index)
    if found is None or not found[1]["how"]:
        sys.exit(f"no script: {title} was asked in a way that one cannot repeat")
    with open(target, "w") as file:
        file.write(script(*found, title, where, float.fromhex(want), float(bound)))


main(*sys.argv[1:])
