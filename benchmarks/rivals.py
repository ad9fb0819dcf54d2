#!/usr/bin/env python3
"""What others offer for the same step on the same card, as a worker of worker.hpp's protocol: PyTorch, eager as diffusers'
arithmetic and compiled, and a fused CuPy kernel; noise given, or drawn (randn) where it is used.

    rivals.py torch | cupy [--list] [--on cpu]      `--on cpu` is for rehearsals: its times say nothing of a card
"""
import json
import statistics
import sys
import time

from peers import A, K, P, S

DTYPES = ("float32", "bfloat16", "float16")
FLUSH = 1 << 26  # floats, beyond any L2


def step(x, eps, z):
    """Eq12 as diffusers writes it."""
    pred_x0 = (x - (1 - A) ** 0.5 * eps) / A ** 0.5
    direction = K * eps
    prev = P ** 0.5 * pred_x0 + direction
    return prev + S * z


def torch_bodies(device):
    import torch
    other = torch.ones(FLUSH if device == "cuda" else 1, device=device)

    def drawn(x, eps):
        return step(x, eps, torch.randn_like(x))

    def timed(body):
        if device != "cuda":
            begin = time.perf_counter()
            body()
            return time.perf_counter() - begin
        other.sum()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        body()
        end.record()
        end.synchronize()
        return 1e-3 * begin.elapsed_time(end)

    def make(function, compiled, dtype, inputs):
        def prepare(d, n):
            run = torch.compile(function, dynamic=False) if compiled else function
            arrays = [torch.randn((n, d), device=device).to(getattr(torch, dtype)) for _ in range(inputs)]
            return lambda: run(*arrays)
        return prepare
    bodies = {}
    for dtype in DTYPES:
        for who, compiled in (("torch", False), ("compiled", True)):
            bodies[f"Eq12/card-{who}-{dtype}"] = make(step, compiled, dtype, 3)
            bodies[f"Eq12-drawn/card-{who}-{dtype}"] = make(drawn, compiled, dtype, 2)
    return bodies, timed


def cupy_bodies(_):
    import cupy
    other = cupy.ones(FLUSH, dtype=cupy.float32)
    c_x, c_eps = (P / A) ** 0.5, K - (P * (1 - A) / A) ** 0.5
    fused = cupy.ElementwiseKernel("T x, T e, T z", "T y", f"y = (T)({c_x}f * (float)x + {c_eps}f * (float)e + {S}f * (float)z)",
                                   "ddim_step")

    def timed(body):
        other.sum()
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record()
        body()
        end.record()
        end.synchronize()
        return 1e-3 * cupy.cuda.get_elapsed_time(begin, end)

    def make(dtype):
        def prepare(d, n):
            x, eps, z = (cupy.random.standard_normal((n, d)).astype(dtype) for _ in range(3))
            return lambda: fused(x, eps, z)
        return prepare
    return {f"Eq12/card-cupy-{dtype}": make(dtype) for dtype in ("float32", "float16")}, timed


def median(body, timed, budget):
    for _ in range(3):  # compiles, and fills the allocator
        timed(body)
    samples, spent = [], 0.0
    while len(samples) < 5 or (spent < budget and len(samples) < 1000):
        samples.append(timed(body))
        spent += samples[-1]
    return statistics.median(samples)


def main():
    who, device = sys.argv[1], "cpu" if "cpu" in sys.argv else "cuda"
    bodies, timed = {"torch": torch_bodies, "cupy": cupy_bodies}[who](device)
    if "--list" in sys.argv:
        print("\n".join(bodies))
        return
    prepared, at = {}, None
    for line in sys.stdin:
        name, d, n, budget = line.split()
        try:
            if (d, n) != at:
                prepared, at = {}, (d, n)
            if name not in prepared:
                prepared[name] = bodies[name](int(d), int(n))
            answer = {"seconds": median(prepared[name], timed, float(budget))}
        except Exception as error:  # a rival that cannot is an answer too
            answer = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
