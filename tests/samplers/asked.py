"""What a script of its own needs to know of how a sampler was asked (repro.py)."""

import json
import os
import sys


def imported(locator):
    """Lines that import what a locator names, and the name."""
    module, _, name = locator.rpartition(":")
    lines = ["import torch"] if "torch" in sys.modules else []
    if module.endswith(".py"):
        folder, file = os.path.split(module)
        lines.append(f"import sys; sys.path.append({folder or '.'!r})")
        module = file[: -len(".py")]
    if module.split(".")[0] == "diffusers":
        lines.append("torch.accelerator = getattr(torch, 'accelerator', type('', (), {'is_available': bool}))")
    return {"imports": [*lines, f"from {module} import {name.partition('.')[0]}"], "made": name}


def write_down(path, state, message, said):
    """A configuration, or a step with its answer, as a line of a file."""
    if message["cmd"] == "configure":
        line = {"configure": message}
    elif message["cmd"] == "run" and message["op"] == "step":
        line = {"step": message["inputs"], "answer": said, "how": state["sampler"].how(message["inputs"])}
    else:
        return
    with open(path, "a") as file:
        file.write(json.dumps(line) + "\n")
