"""A loop in another language: a program that asks for its model on stdin and stdout (README, Whole loops)."""

import contextlib
import json
import os
import signal
import subprocess

import numpy

from harness import numbers


def number(value):
    if isinstance(value, str):
        return float.fromhex(value) if "0x" in value else float(value)
    return float("nan") if value is None else float(value)


def program_of(command):
    def loop(model, x, S, eta, config, timesteps, alphas_cumprod, final_alpha_cumprod):
        process = subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, start_new_session=True)
        with contextlib.suppress(BrokenPipeError), process:
            def say(**message):
                process.stdin.write(json.dumps(message) + "\n")
                process.stdin.flush()

            try:
                say(cmd="sample", x=numbers(x.ravel().tolist()), shape=[len(x), x[0].size], num_inference_steps=S,
                    eta=eta, config=config, timesteps=timesteps, alphas_cumprod=list(alphas_cumprod),
                    final_alpha_cumprod=final_alpha_cumprod)
                for line in process.stdout:
                    said = json.loads(line)
                    if "result" in said:
                        return numpy.array([number(v) for v in said["result"]])
                    asked = said["ask_model"]
                    output = model(numpy.array([number(v) for v in asked["x"]]), number(asked["t"]))
                    noise = numpy.random.standard_normal(x.size)
                    say(output=numbers(output.ravel().tolist()), noise=numbers(noise.tolist()))
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        raise RuntimeError(f"it ended with status {process.returncode} before it gave its result")

    loop.__module__, loop.__qualname__ = "exec", command
    loop.arrays = "numpy"
    return loop
