"""Speaks ddim-verify's protocol for a whole loop around a network: loop.py package.module:function

The suite plays the network. The loop runs in a thread that stands still at each call of its model: there x_t and t are
read, and the output is what the suite chooses; the x of the next call, or what the loop returns, is x_{t-1}. Where
x can be written in place, any x_t is asked of any step; elsewhere a step is judged from the loop's own x_t, which the
answer then says. What a function states is in tests/conformance/README.md, Whole loops.
"""

import contextlib
import importlib.metadata
import os
import queue
import sys
import threading

import numpy

import harness
from asked import imported
from loop_draws import Draws
from harness import Skip, Unsupported, flat, numbers, numpy_array, require_size, torch_array
from loop_program import program_of

PREDICTED = {"epsilon": "eps", "sample": "x0", "v_prediction": "v"}  # a configuration's names for it
REPLAYED = 128  # steps: a loop that cannot be written into is run again from its start for every question


class Stop(BaseException):
    """Ends a loop that is not needed any more."""


class Running:
    """A loop that stands at a call of its model, or has ended."""

    def __init__(self, body, draws):
        self.events, self.answers = queue.SimpleQueue(), queue.SimpleQueue()
        self.position = -1
        threading.Thread(target=self.run, args=(body, draws), daemon=True).start()
        self.wait()

    def run(self, body, draws):
        draws.thread = threading.get_ident()
        try:
            event = ("ended", body(self.network), None)
        except Stop:
            return
        except BaseException as error:
            event = ("raised", error, None)
        self.events.put(event)

    def network(self, x=None, t=None, *_, **named):
        """The model, as the loop calls it."""
        x = next((named[name] for name in ("sample", "x_t", "xt") if name in named), x)
        t = next((named[name] for name in ("timestep", "timesteps", "sigma", "time", "step") if name in named), t)
        self.events.put(("called", x, t))
        answer = self.answers.get()
        if answer is None:
            raise Stop
        return answer(x)

    def wait(self):
        self.kind, self.x, self.t = self.events.get()
        self.position += 1
        if self.kind == "raised":
            raise self.x

    def answer(self, answer):
        """`answer(x)` is carried out by the loop's own thread."""
        self.answers.put(answer)
        self.wait()

    def stop(self):
        self.answers.put(None)


def jax_array(values, shape, dtype):
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64" or jax.config.jax_enable_x64)
    return jax.numpy.asarray(numpy_array(values, shape, dtype))


def write_in_place(x, values):
    """Whether x took them."""
    with contextlib.suppress(Exception):
        if hasattr(x, "detach"):
            x.copy_(torch_array(values, tuple(x.shape), str(x.dtype).replace("torch.", "")).to(x.device))
        else:
            x[...] = numpy.array(values).reshape(x.shape)
        return True
    return False


class Loop:
    """A function that runs a whole chain and calls its model at every step of it."""

    ops = ["timesteps", "step"]
    SHAPES = harness.Scheduler.SHAPES
    KINDS = {"torch": torch_array, "jax": jax_array, "numpy": numpy_array}
    SUPPLIED = ["model", "x", "shape", "S", "eta", "config", "T", "betas", "alphas_cumprod", "timesteps",
                "final_alpha_cumprod"]
    STATED = {
        "predicts": ("eps", "x0", "denoised", "v"),
        "scale": ("VP", "VE"),
        "time": ("index", "sigma", "alpha_bar", "continuous"),
        "arrays": ("torch", "jax", "numpy"),
        "dtype": ("float32", "float64"),
    }

    def __init__(self, function, draws, locator=""):
        self.function, self.draws, self.locator = function, draws, locator
        self.named, _ = harness.parameters_of(function)
        self.predicts = self.stated("predicts", "eps")
        self.scale, self.time = self.stated("scale", "VP"), self.stated("time", "index")
        self.arrays = self.stated("arrays", next((k for k in ("jax", "torch") if k in sys.modules), "numpy"))
        self.said_dtype = self.stated("dtype", "float64" if self.arrays == "numpy" else "float32")
        self.shapes = [function.shape] if hasattr(function, "shape") else list(self.SHAPES)
        self.only_eta = None if "eta" in self.named else getattr(function, "eta", 0)
        package = getattr(function, "package", None)
        self.name = f"{package or function.__module__} {function.__qualname__}"
        self.version = importlib.metadata.version(package) if package else harness.version_of(function)
        self.running, self.path, self.kept, self.asked = None, [], [], {}

    def stated(self, what, default):
        value = getattr(self.function, what, default)
        if value not in self.STATED[what]:
            raise Unsupported(f"{what} = {value!r} is none of {', '.join(self.STATED[what])}")
        return value

    def hello(self):
        eta = {} if self.only_eta is None else {"eta": self.only_eta}
        return {"dtype": self.said_dtype, "sample_dtype": None, **eta}

    # A configuration, and what is learned of the loop under it.

    def configure(self, message):
        self.config = {k: v for k, v in message["config"].items() if not k.startswith("_")}
        self.dtype = message.get("sample_dtype", self.said_dtype)
        self.alphas = [float(a) for a in message["alphas_cumprod"]]
        self.may_say_x_t = message.get("own_x_t", False)
        if self.only_eta is not None and message["eta"] != self.only_eta:
            raise Unsupported(f"{self.name} takes no eta: it is eta = {self.only_eta} alone")
        betas = [1 - a / before for a, before in zip(self.alphas, [1.0] + self.alphas)]
        self.supplied = {
            "S": message["num_inference_steps"],
            "eta": message["eta"],
            "config": self.config,
            "T": len(self.alphas),
            "alphas_cumprod": numpy.array(self.alphas),
            "final_alpha_cumprod": float(message["final_alpha_cumprod"]),
            "betas": numpy.array(betas),
            "timesteps": message["timesteps"],
        }
        self.learn()
        return {"dtype": self.said_dtype}

    def learn(self):
        """Its shape and list of times, whether x can be written into, and when it draws noise."""
        self.list, self.writable, self.noise_is = None, True, None
        self.path, self.kept, self.asked = [], [], {}

        def whole(shape):
            self.shapes_now, self.list = shape, []
            self.start([2, 3], [0.0] * 6)
            while self.running.kind == "called":
                self.list.append(self.time_of(self.running.t))
                self.answer([0.0] * 6, [0.0] * 6)
            require_size("its result", flat(self.result()), range(6))

        harness.first_that_works(self.shapes, whole)
        if not self.list:
            raise Unsupported(f"{self.name} never calls its model")
        self.writable = self.takes_what_is_written()
        if self.supplied["eta"] > 0:
            self.noise_is = self.when_noise_is_drawn()

    def start(self, shape, x_T):
        if self.running is not None and self.running.kind == "called":
            self.running.stop()
        if self.path:
            self.kept = [(self.path, self.x_T), *self.kept][:3]
        self.n_d, self.size = shape, len(x_T)
        level = self.alphas[self.list[0]] if self.list and self.scale == "VE" else 1.0
        start = self.array([v / level**0.5 for v in x_T])
        self.draws.replace(flat(start))
        self.path, self.x_T = [], x_T
        given = {**self.supplied, "x": start, "shape": tuple(start.shape)}

        def body(network):
            with contextlib.ExitStack() as stack:
                if self.arrays == "torch":
                    stack.enter_context(sys.modules["torch"].no_grad())
                if self.arrays == "jax":  # a model that is asked inside what is compiled has nothing to show
                    stack.enter_context(sys.modules["jax"].disable_jit())
                known = {name: given[name] for name in self.named if name in given}
                return self.function(**{**known, **({"model": network} if "model" in self.named else {})})

        self.running = Running(body, self.draws)

    def array(self, values):
        return self.KINDS[self.arrays](values, self.shapes_now(*self.n_d), self.dtype)

    def result(self):
        result = self.running.x
        return result[0] if isinstance(result, (tuple, list)) else result

    def time_of(self, t):
        values = set(flat(t)) if hasattr(t, "shape") else {float(t)}
        if len(values) != 1:
            raise Unsupported(f"its model is called with a time per sample: {sorted(values)}")
        value = values.pop()
        if self.time in ("index", "continuous"):
            index = value if self.time == "index" else value * len(self.alphas) - 1
            return round(index) if abs(index - round(index)) < 1e-3 else index
        wanted = value if self.time == "alpha_bar" else 1 / (1 + value * value)
        odds = [a / (1 - a) if a < 1 else float("inf") for a in self.alphas]
        ratios = [abs(o * (1 - wanted) / wanted - 1) if wanted > 0 else o for o in odds]
        nearest = min(range(len(ratios)), key=ratios.__getitem__)
        if ratios[nearest] > 1e-3:
            raise Unsupported(f"its noise level {value} is no entry of the file's table, by which steps are judged")
        return nearest

    def takes_what_is_written(self):
        if self.arrays == "jax":
            return False
        index, zeros = min(1, len(self.list) - 1), [0.0] * 6
        ask = lambda x: str(self.take(index, [2, 3], x, zeros, zeros)["prev_sample"])
        low, again, high = ask(zeros), ask(zeros), ask([0.5 - 0.125 * k for k in range(6)])
        return low == again and low != high and self.wrote

    def when_noise_is_drawn(self):
        """After the call of the step, before it, never, or in a way that is not known here."""
        if len(self.list) < 2:
            return "after"
        x, one, other = [0.25] * 6, [0.5, 1, -1, 0.75, 1.5, -0.5], [-1, 0.5, 0.25, 1, 0.5, 2.0]
        found, drawn = "after", []
        for found in ("after", "before") if self.writable else ("after",):
            self.noise_is = found
            answers = []
            for noise in (one, one, other):
                answers.append(str(self.take(0, [2, 3], x, [0.125] * 6, noise)["prev_sample"]))  # NaN is NaN
                drawn.append(list(self.draws.shapes))
            if answers[0] != answers[1]:
                return "drawn other than by torch's, NumPy's or jax.random's normal"
            if answers[0] != answers[2]:
                sizes = [[int(numpy.prod(s)) for s in shapes] for shapes in drawn[-3:]]
                if found == "after" and any(s != [6] for s in sizes):
                    return f"drawn more than once in a step, or of another shape: {drawn[0]}"
                return found
        return "drawn before its model is called" if any(drawn) else "after"

    # A step.

    def level(self, entry):
        """alpha_bar where the chain stands at an entry; the data's past the list."""
        t = self.list[entry] if entry < len(self.list) else None
        if t is None or not isinstance(t, int) or not 0 <= t < len(self.alphas):
            return numpy.longdouble(1)
        return numpy.longdouble(self.alphas[t])

    def root(self, entry):
        """From the loop's scale to the variance-preserving one."""
        return numpy.sqrt(self.level(entry)) if self.scale == "VE" else numpy.longdouble(1)

    def x_here(self):
        values = flat(self.running.x if self.running.kind == "called" else self.result())
        if len(values) != self.size:
            raise Unsupported(f"its model is called with {len(values)} numbers for a batch of {self.size}")
        return (numpy.array(values, numpy.longdouble) * self.root(self.running.position)).astype(float).tolist()

    def answer(self, output, noise):
        """Goes on to the next call; `output` in the loop's own terms."""
        self.path.append((self.x_here(), output, noise))
        self.draws.replace(noise)
        like = self.running.x

        def made(x):
            shape, dtype = tuple(like.shape), str(like.dtype).replace("torch.", "")
            array = self.KINDS[self.arrays](output, shape, dtype)
            return array.to(like.device) if self.arrays == "torch" else array

        self.running.answer(made)

    def stands_at(self, index, shape):
        return self.running is not None and self.n_d == shape and self.running.position == index

    def go_to(self, index, shape, wanted):
        """Stands at a call of the model: with the wanted x where the loop has been there, or can be written into."""
        if self.stands_at(index, shape) and (self.writable or self.x_here() == wanted):
            return
        zeros = [0.0] * len(wanted)
        for path, x_T in [] if self.writable else [(self.path, self.x_T), *self.kept]:
            if len(path) > index > 0 and path[index][0] == wanted:
                if len(self.list) > REPLAYED:
                    raise Skip(f"the same step twice of a loop of {len(self.list)}, which goes its own way")
                self.start(shape, x_T)
                self.kept.insert(0, (path, x_T))
                for _, output, noise in path[:index]:
                    self.answer(output, noise)
                return
        onward = self.n_d == shape and self.running is not None and self.running.position <= index
        if not (onward and self.running.kind == "called"):
            self.start(shape, wanted if index == 0 else zeros)
        while self.running.position < index:
            self.answer(zeros, zeros)

    def write(self, wanted):
        """Into x, in the loop's own thread; what then stands there."""
        x, position = self.running.x, self.running.position
        values = self.asked.get((position, tuple(wanted)))
        if values is None:
            values = [float(v) for v in numpy.array(wanted, numpy.longdouble) / self.root(position)]
        took = queue.SimpleQueue()

        def written(_):
            took.put(write_in_place(x, values))
            return self.running.network(x, self.running.t)

        self.running.answer(written)
        self.running.position = position
        return took.get()

    def converted(self, values, x, entry, come_from, go_to):
        """Between predictions of x_0, eps or v at an x_t."""
        names = {"denoised": "x0"}
        come_from, go_to = names.get(come_from, come_from), names.get(go_to, go_to)
        if come_from == go_to:
            return values
        a = self.level(entry)
        r, s = numpy.sqrt(a), numpy.sqrt(1 - a)
        x, given = (numpy.array(v, numpy.longdouble) for v in (x, values))
        x0, eps = {
            "eps": lambda: ((x - s * given) / r, given),
            "x0": lambda: (given, (x - r * given) / s),
            "v": lambda: (r * x - s * given, s * x + r * given),
        }[come_from]()
        return {"eps": eps, "x0": x0, "v": r * eps - s * x0}[go_to].astype(float).tolist()

    def take(self, index, shape, x_t, output, noise):
        self.go_to(index, shape, x_t)
        self.wrote = True
        if self.writable and self.x_here() != x_t:
            self.wrote = self.write(x_t)
        x, raw = self.x_here(), flat(self.running.x)
        predicted = PREDICTED[self.config.get("prediction_type", "epsilon")]
        own = self.asked.get((index, *x, *output))
        if own is None:
            own = flat(self.array(self.converted(output, x, index, predicted, self.predicts)))
        if self.noise_is == "before" and noise is not None and self.draws.last is not None:
            write_in_place(self.draws.last, noise)
        self.given_last = own
        self.answer(own, noise)
        result = {"prev_sample": self.x_here()}
        given = output if own == output else self.converted(own, x, index, self.predicts, predicted)
        if (index, *x, *output) in self.asked:
            given = output
        # What is asked once more comes as what was said of it, which may round to something else.
        self.asked[index, tuple(x)], self.asked[(index, *x, *given)] = raw, own
        if x != x_t:
            result["x_t"] = x
        if given != output:
            result["output"] = given
        return result

    # Its answers.

    def how(self, inputs):
        """For a script of its own; nothing where x is not written into, or the noise is there before the call."""
        special = {"schedule", "trained_betas", "final_alpha_cumprod"}.intersection(self.named)
        if not self.writable or self.noise_is == "before" or special or self.config["beta_schedule"].startswith("sq"):
            return None
        return {"kind": "loop", **imported(self.locator), "arrays": self.arrays, "dtype": self.dtype,
                "shape": list(self.shapes_now(1, inputs["shape"][1])),
                "names": [name for name in self.named if name in self.SUPPLIED],
                "list": "timesteps" in self.named, "roots": [float(self.root(i)) for i in range(len(self.list))],
                "output": self.given_last, "who": f"{self.name} {self.version}"}

    def timesteps(self, inputs):
        return {"timesteps": self.list}

    def step(self, inputs):
        x_t, output = ([float(v) for v in inputs[name]] for name in ("x_t", "output"))
        noise = None if inputs["noise"] is None else [float(v) for v in inputs["noise"]]
        if noise is not None and self.supplied["eta"] > 0 and self.noise_is not in ("after", "before"):
            raise Skip(f"its noise is {self.noise_is}; `ddim-verify stats` judges it with the noise it draws")
        result = self.take(inputs["index"], inputs["shape"], x_t, output, noise)
        if "x_t" in result and not self.may_say_x_t and not numpy.allclose(result["x_t"], x_t, 1e-6, 1e-6):
            raise Skip("its x cannot be written into: a step is judged from its own x_t, which `check` does")
        return {name: numbers(values) for name, values in result.items()}


def load(locator):
    draws = Draws()
    draws.patch_numpy()
    if locator.startswith("exec:"):
        return Loop(program_of(locator[len("exec:"):]), draws)
    target = harness.target_of(locator)
    if not callable(target):
        raise Unsupported(f"{locator} is a {type(target).__name__}, no loop")
    draws.patch_what_was_imported()
    loop = Loop(target, draws, locator)
    unknown = [p for p in harness.required_of(target) if p not in Loop.SUPPLIED]
    if unknown or "model" not in loop.named:
        raise Unsupported(
            f"{loop.name}({', '.join(loop.named)}): a loop is called by the names {', '.join(Loop.SUPPLIED)}, "
            "the first of which it must take (tests/conformance/README.md, Whole loops)"
        )
    return loop

if __name__ == "__main__":
    harness.main(load)
    os._exit(0)  # a loop that stands at its model is not waited for
