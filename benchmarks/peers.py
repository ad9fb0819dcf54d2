#!/usr/bin/env python3
"""The passes that peers write, as a worker of worker.hpp's protocol: `NAME D N SECONDS` in, `{"seconds": S}` out.

    peers.py numpy | torch [--list]        float64, one expression a line of the paper, an array for each
    peers.py lib FILE.so [--list]          a library of yours behind cuda/c_api.h: its ddim_step, on NumPy arrays
"""
import json
import math
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
A, P = 0.078, 0.1  # alpha_bar of t = 500 and 480 of the linear schedule, near enough for a time
S = 0.5 * math.sqrt((1 - P) / (1 - A) * (1 - A / P))
K = math.sqrt(1 - P - S * S)
STEPS = 10


def quickest(body, budget):
    """worker.hpp's: seconds of one call, the least over runs of at least 50 microseconds."""
    def run(calls):
        begin = time.perf_counter()
        for _ in range(calls):
            body()
        return time.perf_counter() - begin
    spent, calls = run(1), 1
    one = run(calls)
    while one < 50e-6 and calls < 1 << 20:
        calls *= 2
        one = run(calls)
    least, spent, runs = one / calls, spent + one, 0
    while spent < budget or (runs < 2 and one < budget):
        one = run(calls)
        least, spent, runs = min(least, one / calls), spent + one, runs + 1
    return least


def passes(who, numbers):
    """By name: prepare(d, n) -> body. What is written here means the same to NumPy and to torch."""
    r = math.sqrt((1 - A) / (1 - P)) * math.sqrt(1 - S * S / (1 - P))
    sqrt = math.sqrt

    def pred_x0(x, eps):
        return (x - sqrt(1 - A) * eps) / sqrt(A)

    def eps_of(x, x0):
        return (x - sqrt(A) * x0) / sqrt(1 - A)

    def eq12(x, eps, z):
        return sqrt(P) * pred_x0(x, eps) + K * eps + S * z

    def eq6(x0, noise):
        x, path = sqrt(A) * x0 + sqrt(1 - A) * noise, []
        for _ in range(STEPS - 1):
            path.append(x)
            x = sqrt(P) * x0 + K * eps_of(x, x0) + S * noise
        return path + [x]

    def theorem1(x, x0):
        loss = 0
        for _ in range(STEPS):
            loss = loss + 1.5 * ((eps_of(x, x0) - sqrt(1 - A) * x) ** 2).sum(1)
        return loss

    def eq11(x, x0):
        ratio = 0
        for _ in range(STEPS):
            theta = sqrt(1 - A) * x
            mean = sqrt(P) * pred_x0(x, theta) + K * theta
            posterior = sqrt(P) * x0 + K * eps_of(x, x0)
            ratio = ratio + ((x - mean) ** 2 - (x - posterior) ** 2).sum(1) / (2 * S * S)
        return ratio

    bodies = {
        "Lemma1": lambda x, y, z: sqrt(A) * x + sqrt(1 - A) * y,
        "Eq7": lambda x, y, z: sqrt(P) * y + K * eps_of(x, y),
        "Eq8": lambda x, y, z: sqrt(A) * y + r * (x - sqrt(P) * y),
        "Eq9": lambda x, y, z: pred_x0(x, y),
        "Eq10": lambda x, y, z: sqrt(P) * pred_x0(x, y) + K * y,
        "Eq12": eq12,
        "Eq13": lambda x, y, z: sqrt(A) * ((x - sqrt(1 - P) * y) / sqrt(P)) + sqrt(1 - A) * y,
        "AppendixA": lambda x, y, z: 0.1 * x + (P - 0.1 * A) * y + (1 - P - (1 - A) * 0.1) / x.shape[1],
        "Eq6": lambda x, y, z: eq6(x, y),
        "Eq11": lambda x, y, z: eq11(x, y),
        "Theorem1": lambda x, y, z: theorem1(x, y),
    }

    def prepare(body):
        def make(d, n):
            arrays = numbers(n, d), numbers(n, d), numbers(n, d)
            return lambda: body(*arrays)
        return make
    return {f"{tag}/{who}": prepare(body) for tag, body in bodies.items()}


def numpy_passes():
    import numpy
    return passes("numpy", lambda n, d: numpy.random.default_rng(1).random((n, d)))


def torch_passes():
    import torch
    generator = torch.Generator().manual_seed(1)
    return passes("torch", lambda n, d: torch.rand((n, d), generator=generator, dtype=torch.float64))


def library_steps(path):
    """A step of a library, from the middle of ten, with noise given; the call through ctypes is part of it."""
    import numpy
    sys.path.insert(0, str(ROOT / "cuda"))
    import ddim
    sampler = ddim.Sampler(path, STEPS, eta=0.5)

    def make(dtype):
        def prepare(d, n):
            x, y, z = (numpy.random.default_rng(1).random((n, d)).astype(dtype) for _ in range(3))
            out = numpy.empty_like(x)
            return lambda: sampler.step(STEPS // 2, x, y, out, noise=z)
        return prepare
    return {f"Eq12/lib-{dtype}": make(dtype) for dtype in ("float64", "float32", "float16")}


def main():
    who = sys.argv[1]
    benchmarks = {"numpy": numpy_passes, "torch": torch_passes, "lib": lambda: library_steps(sys.argv[2])}[who]()
    if sys.argv[-1] == "--list":
        print("\n".join(benchmarks))
        return
    prepared, at = {}, None
    for line in sys.stdin:
        name, d, n, budget = line.split()
        try:
            if (d, n) != at:
                prepared, at = {}, (d, n)
            if name not in prepared:
                prepared[name] = benchmarks[name](int(d), int(n))
            answer = {"seconds": quickest(prepared[name], float(budget))}
        except Exception as error:  # whatever a library does is its answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
