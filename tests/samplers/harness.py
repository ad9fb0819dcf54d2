"""Speaks ddim-verify's protocol (tests/conformance/README.md) for a Python sampler: harness.py package.module:name

`name` is a class with diffusers' methods (set_timesteps, timesteps, step, and where it has them alphas_cumprod and
add_noise), an instance of one, a function that makes one, or a plain step function
step(x_t, output, alpha_bar, alpha_bar_prev, eta, noise) -> x_prev or (x_prev, pred_x0).
"""

import contextlib
import importlib
import importlib.util
import inspect
import itertools
import json
import os
import platform
import re
import struct
import sys
import types

from asked import imported, write_down

protocol = os.fdopen(os.dup(1), "w")  # what the sampler prints must not reach the suite
os.dup2(2, 1)
sys.path.insert(0, os.getcwd())

WAYS_IN = "hand in a class or a plain step function around it (tests/conformance/README.md, Ways in)"


class Skip(Exception):
    pass


class Unsupported(Exception):
    pass


def torch_array(values, shape, dtype):
    import torch

    return torch.tensor(values, dtype=getattr(torch, dtype)).reshape(shape)


def numpy_array(values, shape, dtype):
    import numpy

    if dtype == "bfloat16":
        raise Unsupported("NumPy has no bfloat16: the sampler would have to take torch's tensors")
    return numpy.array(values, dtype=dtype).reshape(shape)


def array_kinds():
    """The kind that the sampler's module has imported goes first."""
    kinds = [numpy_array, torch_array]
    return kinds[::-1] if "torch" in sys.modules else kinds


def flat(values):
    if hasattr(values, "detach"):
        return values.detach().flatten().tolist()
    import numpy

    return numpy.asarray(values).astype("float64").ravel().tolist()


def numbers(values):
    return [float(v).hex() if v - v == 0 else str(float(v)) for v in values]


def version_of(target):
    package = sys.modules.get((getattr(target, "__module__", None) or "").split(".")[0])
    return str(getattr(package, "__version__", "unknown"))


def language():
    parts = ["Python " + platform.python_version()]
    if "torch" in sys.modules:
        parts.append("torch " + sys.modules["torch"].__version__)
    return ", ".join(parts)


def parameters_of(function):
    """Names of its parameters, and whether it takes any keyword."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [], True
    named = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return named, any(p.kind is p.VAR_KEYWORD for p in parameters)


def required_of(function):
    """Names of the parameters without which it cannot be called."""
    parameters = inspect.signature(function).parameters.values()
    bare = (p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    return [p.name for p in bare]


def refused_keyword(error):
    found = re.search(r"unexpected keyword argument ['`](\w+)['`]", str(error))
    return found and found[1]


def parts_of(result):
    """x_prev, and pred_x0 where it is there, of what a step gives: an object, a tuple, a dict, or x_prev alone."""
    if isinstance(result, dict):
        result = types.SimpleNamespace(**result)
    if hasattr(result, "prev_sample"):
        named = (getattr(result, name, None) for name in ("pred_original_sample", "pred_x0"))
        return result.prev_sample, next((x0 for x0 in named if x0 is not None), None)
    if isinstance(result, (tuple, list)):
        return result[0], result[1] if len(result) > 1 else None
    return result, None


def require_size(name, values, like):
    if len(values) != len(like):
        raise ValueError(f"{name} has {len(values)} elements, not {len(like)}")


def outputs_of(result):
    prev_sample, pred_x0 = parts_of(result)
    return {
        "prev_sample": numbers(flat(prev_sample)),
        "pred_x0": None if pred_x0 is None else numbers(flat(pred_x0)),
    }


class PlainStep:
    """A bare step function; schedule and timesteps are the suite's. Its dtype is found from what it returns."""

    ops = ["timesteps", "step"]

    def __init__(self, function, locator):
        self.function, self.locator = function, locator
        self.name, self.version = getattr(function, "__qualname__", str(function)), version_of(function)
        self.kinds = array_kinds()

    def hello(self):
        return {}

    def configure(self, message):
        self.list, self.eta = message["timesteps"], message["eta"]
        self.alphas = message["alphas_cumprod"]
        self.final = message["final_alpha_cumprod"]
        self.dtype = message.get("sample_dtype", "float64")

    def timesteps(self, inputs):
        return {"timesteps": self.list}

    def call(self, kind, inputs):
        def batch(name):
            return None if inputs[name] is None else kind(inputs[name], inputs["shape"], self.dtype)

        i = inputs["index"]
        return self.function(
            x_t=batch("x_t"),
            output=batch("output"),
            alpha_bar=self.alphas[self.list[i]],
            alpha_bar_prev=self.alphas[self.list[i + 1]] if i + 1 < len(self.list) else self.final,
            eta=self.eta,
            noise=batch("noise"),
        )

    def step(self, inputs):
        return first_that_works(self.kinds, lambda kind: outputs_of(self.call(kind, inputs)))

    def how(self, inputs):
        d = inputs["shape"][1]
        arrays = "torch" if self.kinds[0] is torch_array else "numpy"
        return {"kind": "step", **imported(self.locator), "arrays": arrays, "shape": [1, d], "dtype": self.dtype,
                "who": self.name}


def first_that_works(choices, attempt):
    """Puts it in front for the next time. Where none works, what the first one raised is raised."""
    first = None
    for choice in list(choices):
        try:
            result = attempt(choice)
        except Exception as error:
            first = first or error
            continue
        choices.remove(choice)
        choices.insert(0, choice)
        return result
    raise first


@contextlib.contextmanager
def drawn_by_torch(noise):
    """torch.randn and randn_like give the noise while a step runs; yields the list of what was drawn."""
    torch, drawn = sys.modules["torch"], []
    kept = torch.randn, torch.randn_like

    def draw(shape, dtype):
        if tuple(shape) != tuple(noise.shape):
            raise Skip(f"it draws noise of shape {tuple(shape)} for samples of {tuple(noise.shape)}")
        drawn.append(noise)
        return noise.to(dtype or noise.dtype)

    def randn(*shape, dtype=None, **_):
        return draw(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape, dtype)

    torch.randn, torch.randn_like = randn, lambda like, dtype=None, **_: draw(like.shape, dtype)
    try:
        yield drawn
    finally:
        torch.randn, torch.randn_like = kept


class Maker:
    """Makes schedulers of a class or by a function, and keeps the last while the same is asked of it: an object
    that seeds itself when it is made must not be made anew between two questions."""

    # Without these a class would sample something else than the file says.
    ESSENTIAL = {"timestep_spacing": "leading", "prediction_type": "epsilon", "rescale_betas_zero_snr": False}

    KEYS = {"num_train_timesteps", "beta_schedule", "beta_start", "beta_end", "prediction_type", "clip_sample"}

    def __init__(self, target):
        self.target = target
        self.named, self.anything = parameters_of(target)
        self.made, self.arguments, self.call = None, None, "()"

    def __call__(self, config, eta, S, anew):
        arguments = dict(config)
        if "schedule" in self.named and "beta_schedule" in config:  # MONAI's name for it
            arguments["schedule"] = config["beta_schedule"] + "_beta"
        for name, value in (("eta", eta), ("num_inference_steps", S)):
            if name in self.named:
                arguments[name] = value
        if self.made is not None and not anew and "eta" in self.named and hasattr(self.made, "eta"):
            self.made.eta = self.arguments["eta"] = eta
        if self.made is None or anew or arguments != self.arguments:
            self.made, self.arguments = self.make(dict(arguments)), arguments
        return self.made

    def make(self, arguments):
        takes_keys = self.anything or any(name in arguments for name in self.named)
        given = {k: v for k, v in arguments.items() if self.anything or k in self.named or not takes_keys}
        if takes_keys:
            made = self.made_of(lambda: self.target(**given), given, arguments)
            self.call = f"(**{given!r})"
        elif hasattr(self.target, "from_config"):
            made = self.made_of(lambda: self.target.from_config(given), given, arguments)
            self.call = f".from_config({given!r})"
        elif len(self.named) == 1:
            made = self.made_of(lambda: self.target(given), given, arguments)
            self.call = f"({given!r})"
        else:
            given.clear()
            made = self.made_of(self.target, given, arguments)
        return made

    def made_of(self, attempt, given, arguments):
        """Takes a key that is refused out of `given`, and tries again."""
        while True:
            for key, default in self.ESSENTIAL.items():
                if key not in given and arguments.get(key, default) != default:
                    raise Unsupported(f"{self.target.__qualname__} takes no {key} (wanted: {arguments[key]})")
            try:
                return attempt()
            except TypeError as error:
                refused = refused_keyword(error)
                if refused in given:
                    del given[refused]
                elif "required" in str(error):
                    raise Unsupported(f"{error}, which no configuration holds: {WAYS_IN}") from error
                else:
                    raise


class Scheduler:
    """A class with diffusers' methods, an instance of one, or a function that makes one."""

    ops = ["timesteps", "alphas_cumprod", "step", "add_noise"]
    # Images as most samplers take them, then sequences (batch, horizon, action), then vectors.
    SHAPES = [lambda n, d: (n, d, 1, 1), lambda n, d: (n, d, 1), lambda n, d: (n, d)]

    def __init__(self, target, locator, instance=False):
        self.locator = locator
        cls = type(target) if instance else target
        self.name = f"{cls.__module__.split('.')[0]} {cls.__qualname__}"
        self.version = version_of(cls)
        self.maker = None if instance else Maker(target)
        self.scheduler = target if instance else None
        self.dtype, self.only_eta, self.settled = "float64", None, None
        self.kinds = list(itertools.product(array_kinds(), self.SHAPES))

    def hello(self):
        """With what is known of one made without arguments: its dtype, its one eta; and which keys it takes."""
        answer = {"dtype": "float32", "sample_dtype": None}  # its samples may be narrower than its table
        if self.maker is None:
            answer["configured"] = True
        elif not self.maker.anything and Maker.KEYS.intersection(self.maker.named):
            answer["keys"] = self.maker.named
        try:
            self.start(self.scheduler or self.maker.target(), 10, 1)
        except Exception:
            return answer  # it needs arguments: configure will say
        if self.only_eta is not None:
            answer["eta"] = self.only_eta
        return {**answer, "dtype": self.dtype_of_table()}

    def configure(self, message):
        config = {k: v for k, v in message["config"].items() if not k.startswith("_")}
        self.dtype = message.get("sample_dtype", "float64")
        S, eta = message["num_inference_steps"], message["eta"]
        if self.maker and inspect.isclass(self.maker.target) and not hasattr(self.maker.target, "__getattr__"):
            self.require_methods(self.maker.target)
        if self.takes_key("variance_type") and str(config.get("variance_type")).startswith("learned"):
            raise Unsupported(f"variance_type {config['variance_type']}: the network gives sigma, and is not asked")
        scheduler = self.maker(config, eta, S, message.get("anew", False)) if self.maker else self.scheduler
        self.start(scheduler, S, eta)
        if self.only_eta is not None and eta != self.only_eta:
            raise Unsupported(f"{self.name} takes no eta: it is eta = {self.only_eta} alone")
        return {"dtype": self.dtype_of_table()}

    def takes_key(self, key):
        return self.maker is not None and (self.maker.anything or key in self.maker.named)

    def dtype_of_table(self):
        table = getattr(self.scheduler, "alphas_cumprod", None)
        name = str(getattr(table, "dtype", "")).replace("torch.", "")
        if name in ("float64", "float32", "float16", "bfloat16"):
            return name
        if isinstance(table, (list, tuple)) and any(struct.unpack("f", struct.pack("f", a))[0] != a for a in table):
            return "float64"
        return "float32"

    def require_methods(self, scheduler):
        for method in ("set_timesteps", "step"):
            if not callable(getattr(scheduler, method, None)):
                raise Unsupported(f"{self.name} has no {method}: {WAYS_IN}")

    # How it is to be asked, found by asking.

    def start(self, scheduler, S, eta):
        self.require_methods(scheduler)
        self.scheduler, self.S, self.eta = scheduler, S, eta
        self.restart()
        if self.settled is not scheduler:
            self.settled = scheduler
            self.settle()
        self.counts = self.counts_its_steps()
        self.restart()

    def restart(self):
        self.scheduler.set_timesteps(self.S)
        self.position = 0

    def settle(self):
        named, anything = parameters_of(self.scheduler.step)
        self.noise_name = next((n for n in ("variance_noise", "noise") if n in named), None)
        self.passes_eta = "eta" in named
        with contextlib.suppress(Exception):  # what it raises will be the answer to a question
            first_that_works(self.kinds, lambda kind: self.probe(0, kind))
            if anything:
                self.passes_eta = self.passes_eta or self.is_taken({"eta": 0.5})
                if self.noise_name is None:
                    names = (n for n in ("variance_noise", "noise") if self.is_taken({n: self.sample(1)}))
                    self.noise_name = next(names, None)
            by_constructor = self.maker is not None and "eta" in self.maker.named
            if not self.passes_eta and not by_constructor:
                self.only_eta = 0 if self.probe(0) == self.probe(0) else 1

    def sample(self, value, kind=None):
        array, shape = kind or self.kinds[0]
        return array([value * (k + 1) / 8 for k in range(6)], shape(2, 3), self.dtype)

    def probe(self, index, kind=None, **arguments):
        """What a step from an entry of the list gives without the ones before it."""
        self.restart()
        if self.passes_eta:
            arguments.setdefault("eta", 0.0)
        return self.ask(index, self.sample(0.5, kind), self.sample(1, kind), arguments)

    def ask(self, index, x_t, output, arguments):
        result = outputs_of(self.scheduler.step(output, self.scheduler.timesteps[index], x_t, **arguments))
        require_size("x_prev", result["prev_sample"], flat(x_t))
        return result

    def is_taken(self, arguments):
        try:
            self.probe(0, **arguments)
        except TypeError as error:
            return refused_keyword(error) not in arguments
        return True

    def counts_its_steps(self):
        """Whether a step needs the ones before it: an object that counts goes by its count, not by the timestep."""
        if len(self.scheduler.timesteps) < 2 or self.only_eta == 1:
            return False
        try:
            alone = self.probe(1)
        except Exception:
            alone = None
        try:
            self.probe(0)
            arguments = {"eta": 0.0} if self.passes_eta else {}
            in_order = self.ask(1, self.sample(0.5), self.sample(1), arguments)
        except Exception:
            return False
        return alone != in_order

    # Its answers.

    def timesteps(self, inputs):
        times = [float(t) for t in self.scheduler.timesteps]
        return {"timesteps": [int(t) if t == int(t) else t for t in times]}

    def alphas_cumprod(self, inputs):
        if not hasattr(self.scheduler, "alphas_cumprod"):
            raise Skip(f"{self.name} shows no alphas_cumprod")
        return {"alphas_cumprod": numbers(flat(self.scheduler.alphas_cumprod))}

    def batch(self, inputs, name, kind=None):
        array, shape = kind or self.kinds[0]
        return array(inputs[name], shape(*inputs["shape"]), self.dtype)

    def go_to(self, index):
        """Its chain starts anew unless the entry is the next, as a sampling loop has them."""
        if index == self.position:
            return
        self.restart()
        if self.counts:
            zeros = {"shape": [1, 1], "x_t": [0.0]}
            for before in range(index):
                x = self.batch(zeros, "x_t")
                self.scheduler.step(x, self.scheduler.timesteps[before], x)

    def step(self, inputs):
        index, noise = inputs["index"], inputs["noise"]
        arguments = {"eta": self.eta} if self.passes_eta else {}

        def ask(**more):
            self.go_to(index)
            self.position = index + 1
            return self.ask(index, self.batch(inputs, "x_t"), self.batch(inputs, "output"), {**arguments, **more})

        if noise is None or self.eta == 0:
            return ask()
        if self.noise_name:
            return ask(**{self.noise_name: self.batch(inputs, "noise")})
        return self.with_noise_drawn(ask, self.batch(inputs, "noise"))

    def how(self, inputs):
        array, shape = self.kinds[0]
        known = imported(self.locator)
        call = self.maker.call if self.maker else ""
        arrays = "torch" if array is torch_array else "numpy"
        return {"kind": "class", **known, "arrays": arrays, "made": known["made"] + call, "dtype": self.dtype,
                "shape": list(shape(1, inputs["shape"][1])), "counts": self.counts, "eta": self.passes_eta,
                "noise": self.noise_name, "who": f"{self.name} {self.version}"}

    def with_noise_drawn(self, ask, noise):
        if "torch" not in sys.modules or not hasattr(noise, "detach"):
            raise Skip(f"{self.name}.step takes no noise; `ddim-verify stats` judges it with the noise it draws")
        with drawn_by_torch(noise) as drawn:
            result = ask()
        if len(drawn) == 1 or (not drawn and ask() == ask()):
            return result
        how = "more than once in a step" if drawn else "other than by torch.randn"
        raise Skip(f"{self.name} draws its noise {how}; `ddim-verify stats` judges it with the noise it draws")

    def add_noise(self, inputs):
        if not hasattr(self.scheduler, "add_noise"):
            raise Skip(f"{self.name} has no add_noise")

        def noised(kind):
            timesteps = kind[0]([inputs["timestep"]] * inputs["shape"][0], (-1,), "int64")
            x0, noise = (self.batch(inputs, name, kind) for name in ("x0", "noise"))
            x_t = flat(self.scheduler.add_noise(x0, noise, timesteps))
            require_size("x_t", x_t, inputs["x0"])
            return {"x_t": numbers(x_t)}

        return first_that_works(list(self.kinds), noised)


def made_by(function):
    """It makes a scheduler where it is called without arguments."""
    try:
        return callable(getattr(function(), "step", None))
    except Exception:
        return False


def module_at(path):
    """A file's; what it imports may be beside it, and bear its name."""
    folder, file = os.path.split(path)
    sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(file[: -len(".py")], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path] = module
    spec.loader.exec_module(module)
    return module


def target_of(locator):
    """What package.module:name or path/to/file.py:name names."""
    module, _, name = locator.rpartition(":")
    if module.split(".")[0] == "diffusers":
        import torch

        if not hasattr(torch, "accelerator"):  # diffusers asks for it when imported; older torch lacks it
            torch.accelerator = types.SimpleNamespace(is_available=lambda: False)
    target = module_at(os.path.abspath(module)) if module.endswith(".py") else importlib.import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    return target


def load(locator):
    target = target_of(locator)
    if inspect.isclass(target):
        return Scheduler(target, locator)
    if hasattr(target, "step"):
        return Scheduler(target, locator, instance=True)
    if not callable(target):
        raise Unsupported(f"{locator} is a {type(target).__name__}: {WAYS_IN}")
    named, anything = parameters_of(target)
    if "x_t" in named:
        return PlainStep(target, locator)
    if made_by(target):
        return Scheduler(target, locator)
    if anything:
        return PlainStep(target, locator)
    raise Unsupported(
        f"{name}({', '.join(named)}) makes no sampler and is no plain step, which is asked by the names "
        f"x_t, output, alpha_bar, alpha_bar_prev, eta, noise: {WAYS_IN}"
    )


def hello(locator, state, load):
    sampler = state["sampler"] = load(locator)
    described = {"name": sampler.name, "version": sampler.version, "ops": sampler.ops, **sampler.hello()}
    return {**described, "language": language()}


def answer(state, message, load):
    command = message["cmd"]
    asked = {"seq": message["seq"]} if command == "run" else {}
    try:
        if command == "hello":
            return hello(sys.argv[1], state, load)
        sampler = state["sampler"]
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


def main(load):
    state, questions = {}, os.environ.get("DDIM_QUESTIONS")
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "bye":
            break
        said = answer(state, message, load)
        if questions:
            write_down(questions, state, message, said)
        protocol.write(json.dumps(said) + "\n")
        protocol.flush()


if __name__ == "__main__":
    main(load)
