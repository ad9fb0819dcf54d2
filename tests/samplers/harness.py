"""Speaks ddim-verify's protocol (README.md) for a Python sampler: harness.py package.module:Class

The class has diffusers' methods: set_timesteps, timesteps, step, and optionally alphas_cumprod and add_noise. A plain
function step(x_t, output, alpha_bar, alpha_bar_prev, eta, noise) -> x_prev or (x_prev, pred_x0) works too.
"""

import importlib
import inspect
import json
import os
import platform
import sys
import types

protocol = os.fdopen(os.dup(1), "w")  # what the sampler prints must not reach the suite
os.dup2(2, 1)
sys.path.insert(0, os.getcwd())


def numbers(values):
    return [float(v).hex() if v - v == 0 else str(float(v)) for v in values]


def version_of(target):
    package = importlib.import_module(target.__module__.split(".")[0])
    return str(getattr(package, "__version__", "unknown"))


class Skip(Exception):
    pass


class Unsupported(Exception):
    pass


class PlainStep:
    """A bare step function; schedule and timesteps are the suite's."""

    language = "Python " + platform.python_version()
    ops = ["timesteps", "step"]

    def __init__(self, function):
        import numpy

        self.numpy, self.function = numpy, function
        self.name, self.version, self.dtype = function.__qualname__, version_of(function), "float64"

    def configure(self, message):
        if message["timesteps"] is None:
            raise Unsupported("no timesteps are defined for this run")
        self.list, self.eta = message["timesteps"], message["eta"]
        self.alphas = message["alphas_cumprod"]
        self.final = message["final_alpha_cumprod"]

    def timesteps(self, inputs):
        return {"timesteps": self.list}

    def step(self, inputs):
        def batch(name):
            values = inputs[name]
            return None if values is None else self.numpy.array(values).reshape(inputs["shape"])

        i = inputs["index"]
        prev = self.alphas[self.list[i + 1]] if i + 1 < len(self.list) else self.final
        result = self.function(
            x_t=batch("x_t"),
            output=batch("output"),
            alpha_bar=self.alphas[self.list[i]],
            alpha_bar_prev=prev,
            eta=self.eta,
            noise=batch("noise"),
        )
        prev_sample, pred_x0 = result if isinstance(result, tuple) else (result, None)
        return {
            "prev_sample": numbers(self.numpy.ravel(prev_sample)),
            "pred_x0": None if pred_x0 is None else numbers(self.numpy.ravel(pred_x0)),
        }


class Scheduler:
    """A class with diffusers' methods."""

    language = "Python " + platform.python_version()

    def __init__(self, cls):
        import torch

        self.torch, self.cls = torch, cls
        self.name, self.version = f"{cls.__module__.split('.')[0]} {cls.__name__}", version_of(cls)
        self.language += f", torch {torch.__version__}"
        self.accepted = inspect.signature(cls.__init__).parameters
        self.step_parameters = inspect.signature(cls.step).parameters
        self.ops = ["timesteps", "alphas_cumprod", "step", "add_noise"]
        try:
            self.dtype = self.dtype_of(cls())
        except TypeError:
            self.dtype = "float32"

    def dtype_of(self, scheduler):
        table = getattr(scheduler, "alphas_cumprod", None)
        return str(table.dtype).replace("torch.", "") if hasattr(table, "dtype") else "float32"

    def configure(self, message):
        config = {k: v for k, v in message["config"].items() if not k.startswith("_")}
        defaults = {"timestep_spacing": "leading", "prediction_type": "epsilon", "rescale_betas_zero_snr": False}
        for key, default in defaults.items():
            if key not in self.accepted and config.get(key, default) != default:
                raise Unsupported(f"{self.cls.__name__} takes no {key} (wanted: {config[key]})")
        if "eta" not in self.step_parameters and message["eta"] != 1:
            raise Unsupported(f"{self.cls.__name__}.step takes no eta")
        self.scheduler = self.cls(**{k: v for k, v in config.items() if k in self.accepted})
        self.scheduler.set_timesteps(message["num_inference_steps"])
        self.eta, self.dtype = message["eta"], self.dtype_of(self.scheduler)
        return {"dtype": self.dtype}

    def timesteps(self, inputs):
        return {"timesteps": [int(t) for t in self.scheduler.timesteps]}

    def alphas_cumprod(self, inputs):
        if not hasattr(self.scheduler, "alphas_cumprod"):
            raise Skip(f"{self.cls.__name__} shows no alphas_cumprod")
        return {"alphas_cumprod": numbers(self.scheduler.alphas_cumprod.tolist())}

    def batch(self, inputs, name):
        # Images, as most samplers expect them; float64, so that only the sampler's own numbers are narrow.
        n, d = inputs["shape"]
        return self.torch.tensor(inputs[name], dtype=self.torch.float64).reshape(n, d, 1, 1)

    def step(self, inputs):
        arguments = {}
        if "eta" in self.step_parameters:
            arguments["eta"] = self.eta
        if inputs["noise"] is not None and self.eta > 0:
            if "variance_noise" not in self.step_parameters:
                raise Skip(f"{self.cls.__name__}.step takes no variance_noise")
            arguments["variance_noise"] = self.batch(inputs, "noise")
        result = self.scheduler.step(
            self.batch(inputs, "output"), inputs["timestep"], self.batch(inputs, "x_t"), **arguments
        )
        pred_x0 = getattr(result, "pred_original_sample", None)
        return {
            "prev_sample": numbers(result.prev_sample.flatten().tolist()),
            "pred_x0": None if pred_x0 is None else numbers(pred_x0.flatten().tolist()),
        }

    def add_noise(self, inputs):
        if not hasattr(self.scheduler, "add_noise"):
            raise Skip(f"{self.cls.__name__} has no add_noise")
        timesteps = self.torch.full((inputs["shape"][0],), inputs["timestep"], dtype=self.torch.long)
        x_t = self.scheduler.add_noise(self.batch(inputs, "x0"), self.batch(inputs, "noise"), timesteps)
        return {"x_t": numbers(x_t.flatten().tolist())}


def load(locator):
    module, _, name = locator.partition(":")
    if module.split(".")[0] == "diffusers":
        import torch

        if not hasattr(torch, "accelerator"):  # diffusers asks for it when imported; older torch lacks it
            torch.accelerator = types.SimpleNamespace(is_available=lambda: False)
    target = importlib.import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    return Scheduler(target) if inspect.isclass(target) else PlainStep(target)


def answer(sampler, message):
    command = message["cmd"]
    asked = {"seq": message["seq"]} if command == "run" else {}
    try:
        if command == "hello":
            return {key: getattr(sampler, key) for key in ("name", "version", "language", "dtype", "ops")}
        if command == "configure":
            return {"ok": True, **(sampler.configure(message) or {})}
        if message["op"] not in sampler.ops:
            raise Skip(f"{sampler.name} has no {message['op']}")
        return {**asked, "outputs": getattr(sampler, message["op"])(message["inputs"])}
    except Skip as reason:
        return {**asked, "skipped": str(reason)}
    except Unsupported as reason:
        return {**asked, "unsupported": str(reason)}
    except Exception as error:
        return {**asked, "errored": f"{type(error).__name__}: {error}"}


def main():
    sampler = load(sys.argv[1])
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "bye":
            break
        protocol.write(json.dumps(answer(sampler, message)) + "\n")
        protocol.flush()


main()
