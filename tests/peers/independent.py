"""A peer's steps beside the paper's formulas in NumPy: independent.py PEER.json

Nothing of the suite's definitions or bounds is used; what asks the peer (tests/samplers/harness.py, loop.py) is the same.
Prints one JSON object: by list and eta, the equations that hold, and the largest error of each relative to its terms.
"""

import json
import os
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "samplers"))
import harness

S_DRAWN = 24  # numbers of a batch: 3 samples of 8


def table(config):
    T, low, high = (config[k] for k in ("num_train_timesteps", "beta_start", "beta_end"))
    power = 2 if config["beta_schedule"] == "scaled_linear" else 1
    return numpy.cumprod(1 - numpy.linspace(low ** (1 / power), high ** (1 / power), T) ** power)


def timesteps(spacing, S, T, offset):
    ascending = numpy.arange(S)
    if spacing == "leading":
        return (ascending * (T // S) + offset)[::-1].tolist()
    if spacing == "trailing":
        return [round(T * (i + 1) / S) - 1 for i in ascending[::-1]]
    return numpy.rint(numpy.linspace(0, T - 1, S))[::-1].astype(int).tolist()


def step(x, eps, z, a, a_prev, eta, clip, keeps_eps):
    """Eq12 with Eq16's sigma, and the sizes of its terms."""
    x0 = (x - numpy.sqrt(1 - a) * eps) / numpy.sqrt(a)
    if clip:
        x0 = numpy.clip(x0, -1, 1)
        eps = eps if keeps_eps else (x - numpy.sqrt(a) * x0) / numpy.sqrt(1 - a)
    sigma = eta * numpy.sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev))
    direction = numpy.sqrt(max(1 - a_prev - sigma**2, 0))
    unclipped = abs(x) / numpy.sqrt(a) + abs(eps) / numpy.sqrt(a)
    return numpy.sqrt(a_prev) * x0 + direction * eps + sigma * z, 1 + unclipped + abs(eps) + abs(z)


def errors(sampler, peer, a, S, listed, eta):
    """The largest relative error of the steps but the last, and of the last; None where it was not asked."""
    config, diffusers = peer["config"], peer["dialect"] == "diffusers"
    last = a[0] if diffusers and not config["set_alpha_to_one"] and peer["takes_last"] else 1.0
    worst = {"Eq12": None, "Eq10": None}
    random = numpy.random.RandomState(S)
    for i, t in enumerate(listed):
        x, eps, z = random.standard_normal((3, S_DRAWN)).astype("float32").astype(float)
        inputs = {"index": i, "timestep": t, "shape": [3, 8], "x_t": list(x), "output": list(eps), "noise": list(z)}
        if not 0 <= t < len(a) or (i + 1 < len(listed) and listed[i + 1] >= t):
            continue
        outputs = sampler.step(inputs)
        read = lambda name: numpy.array([float.fromhex(v) if "0x" in v else float(v) for v in outputs[name]])
        x, eps = (read(n) if outputs.get(n) else v for n, v in (("x_t", x), ("output", eps)))
        after = listed[i + 1] if i + 1 < len(listed) else -1
        want, scale = step(x, eps, z, a[t], a[after] if after >= 0 else last, eta, config["clip_sample"], diffusers)
        error = float(numpy.max(abs(read("prev_sample") - want) / scale))
        equation = "Eq12" if after >= 0 else "Eq10"
        worst[equation] = error if worst[equation] is None or not error <= worst[equation] else worst[equation]
    return worst


def judged(sampler, peer, a, spacing, S, eta):
    config = {**peer["config"], "timestep_spacing": spacing}
    T, rule = len(a), timesteps(spacing, S, len(a), config["steps_offset"] if spacing == "leading" else 0)
    sampler.configure({"config": config, "num_inference_steps": S, "eta": eta, "timesteps": rule, "own_x_t": True,
                       "alphas_cumprod": a.tolist(), "final_alpha_cumprod": 1.0})
    listed = sampler.timesteps({})["timesteps"]
    found = errors(sampler, peer, a, S, listed, eta)
    holds = {"Tau": listed == rule}
    holds.update({equation: error <= peer["tolerance"] for equation, error in found.items() if error is not None})
    return {"list": f"{spacing} {S}", "eta": eta, "holds": {k: bool(v) for k, v in holds.items()}, "error": found}


def main():
    if sys.argv[1] == "list":
        spacing, S, T, offset = sys.argv[2], *map(int, sys.argv[3:])
        harness.protocol.write(json.dumps(timesteps(spacing, S, T, offset if spacing == "leading" else 0)) + "\n")
        harness.protocol.flush()
        return
    peer = json.loads(pathlib.Path(sys.argv[1]).read_text())
    kind, _, locator = peer["locator"].partition(":")
    load = harness.load
    if kind == "loop":
        import loop

        load = loop.load
    sampler = load(locator)
    hello = sampler.hello()
    peer["takes_last"] = "set_alpha_to_one" in hello.get("keys", ["set_alpha_to_one"])
    etas = [hello["eta"]] if "eta" in hello else [0.0, 0.5, 1.0]
    answers, a = [], table(peer["config"])
    for run in peer["runs"]:
        spacing, S = run.split()
        for eta in etas:
            try:
                answers.append(judged(sampler, peer, a, spacing, int(S), eta))
            except (harness.Skip, harness.Unsupported) as reason:
                answers.append({"list": run, "eta": eta, "holds": {}, "why": str(reason)})
            except Exception as error:
                answers.append({"list": run, "eta": eta, "holds": {"Eq12": False}, "why": repr(error)})
    harness.protocol.write(json.dumps(answers) + "\n")
    harness.protocol.flush()
    os._exit(0)  # a loop that stands at its model is not waited for


main()
