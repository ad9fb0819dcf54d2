"""What stands in for the libraries' normal numbers while a loop runs: the suite's noise, or their own."""

import itertools
import sys
import threading

import numpy

import harness


def numpy_array(values, shape, dtype):
    return numpy.array(values, dtype).reshape(shape)


class Generator:
    """One of NumPy's, whose normal numbers are those of `draws`."""

    def __init__(self, draws, real):
        self.draws, self.real = draws, real

    def __getattr__(self, name):
        return getattr(self.real, name)

    def standard_normal(self, size=(), dtype="float64", out=None):
        shape = size if isinstance(size, (tuple, list)) else (size,)
        original = lambda: self.real.standard_normal(shape).astype(dtype)
        drawn = self.draws.instead(numpy_array, shape, dtype, original)
        if out is not None:
            out[...] = drawn
        return drawn if out is None else out

    def randn(self, *shape):
        return self.standard_normal(shape)

    def normal(self, loc=0.0, scale=1.0, size=None):
        if size is None:
            size = numpy.broadcast_shapes(numpy.shape(loc), numpy.shape(scale))
        drawn = self.standard_normal(size)
        drawn *= scale  # in place: it may be written into later
        drawn += loc
        return drawn


class Draws:
    """Of the thread of a loop alone."""

    def __init__(self):
        self.thread = None
        self.values = None  # the suite's numbers; None: the libraries' own
        self.shapes, self.last, self.patched = [], None, []

    def replace(self, values):
        self.values, self.shapes = values, []

    def instead(self, make, shape, dtype, original):
        """The suite's numbers in that shape and dtype, else what `original` draws."""
        if self.values is None or threading.get_ident() != self.thread:
            return original()
        shape = tuple(int(s) for s in shape)
        self.shapes.append(shape)
        values = itertools.islice(itertools.cycle(self.values), int(numpy.prod(shape)))
        self.last = make(list(values), shape, dtype)
        return self.last

    def patch(self, module, name, replacement):
        self.patched.append((getattr(module, name), replacement))
        setattr(module, name, replacement)

    def patch_numpy(self):
        """Before the loop is imported: what it may take from numpy.random by name."""
        random = numpy.random
        shared = Generator(self, random.RandomState())
        for name in ("standard_normal", "randn", "normal"):
            self.patch(random, name, getattr(shared, name))
        for name in ("default_rng", "RandomState"):
            real = getattr(random, name)
            self.patch(random, name, lambda *seed, real=real: Generator(self, real(*seed)))

    def patch_torch(self, torch):
        originals = {name: getattr(torch, name) for name in ("randn", "randn_like", "normal")}

        def like(dtype, device):
            kind = str(dtype or torch.get_default_dtype()).replace("torch.", "")
            return lambda values, shape, _: harness.torch_array(values, shape, kind).to(device or "cpu")

        def randn(*shape, dtype=None, device=None, **more):
            size = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape or more.pop("size")
            original = lambda: originals["randn"](size, dtype=dtype, device=device, **more)
            return self.instead(like(dtype, device), size, None, original)

        def randn_like(x, dtype=None, **more):
            original = lambda: originals["randn_like"](x, dtype=dtype, **more)
            return self.instead(like(dtype or x.dtype, x.device), x.shape, None, original)

        def normal(mean=0.0, std=1.0, size=None, **more):
            size = size or torch.broadcast_tensors(torch.as_tensor(mean), torch.as_tensor(std))[0].shape
            return randn(size, **more).mul_(std).add_(mean)

        def normal_(x, mean=0, std=1, generator=None):
            return x.copy_(randn(tuple(x.shape), dtype=x.dtype, generator=generator) * std + mean)

        for name, replacement in (("randn", randn), ("randn_like", randn_like), ("normal", normal)):
            self.patch(torch, name, replacement)
        torch.Tensor.normal_ = normal_

    def patch_jax(self, jax):
        original = jax.random.normal

        def normal(key, shape=(), dtype=float):
            array = lambda values, shape, dtype: jax.numpy.asarray(numpy_array(values, shape, "float64"), dtype)
            return self.instead(array, shape, dtype, lambda: original(key, shape, dtype))

        self.patch(jax.random, "normal", normal)

    def patch_what_was_imported(self):
        """Once the loop is there: what its libraries draw, under the names that its modules know it by."""
        for name in ("torch", "jax"):
            if name in sys.modules:
                getattr(self, "patch_" + name)(sys.modules[name])
        replaced = {id(original): replacement for original, replacement in self.patched}
        for module in list(sys.modules.values()):
            if (getattr(module, "__name__", None) or "torch").split(".")[0] in ("torch", "jax", "numpy"):
                continue
            names = vars(module) if hasattr(module, "__dict__") else {}
            for name in [n for n, value in list(names.items()) if callable(value) and id(value) in replaced]:
                setattr(module, name, replaced[id(names[name])])
