"""A sampler that fails on demand, to test how ddim-verify takes it: misbehaving.py MODE"""

import json
import os
import sys
import time

MODE = sys.argv[1]


def say(answer):
    print(json.dumps(answer), flush=True)


def step(message):
    inputs, seq = message["inputs"], message["seq"]
    if MODE == "crash":
        os.kill(os.getpid(), 11)
    if MODE == "exit":
        sys.exit(7)
    if MODE == "hang":
        time.sleep(60)
    if MODE == "garbage":
        print("Traceback: not JSON", flush=True)
        return
    if MODE == "half-line":
        sys.stdout.write('{"seq": ')
        sys.stdout.flush()
        sys.exit(0)
    if MODE == "raise":
        say({"seq": seq, "errored": "ValueError: no such timestep"})
        return
    if MODE == "refuse":
        say({"seq": seq, "skipped": "no step here"})
        return
    if MODE == "wrong-seq":
        seq -= 1
    values = [float(v) for v in inputs["x_t"]]
    if MODE == "forty-two":
        values = [42.0] * len(values)
    if MODE == "nan":
        values[0] = "NaN"
    if MODE == "infinity":
        values = ["-Infinity"] * len(values)
    if MODE == "short":
        values = values[:-1]
    if MODE == "words":
        values[0] = "0x1.8p0 and more"
    say({"seq": seq, "outputs": {"prev_sample": values}})


def main():
    if MODE == "exit-at-once":
        sys.exit(3)
    print("stderr is shown, never fatal", file=sys.stderr)
    timesteps = []
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "hello":
            dtype = "float7" if MODE == "dtype" else "float64"
            hello = {"name": "misbehaving", "version": "1", "language": "Python", "dtype": dtype, "ops": []}
            say(["hello"] if MODE == "hello-list" else hello)
        elif message["cmd"] == "configure":
            timesteps = message["timesteps"]
            say({"unsupported": "nothing at all"} if MODE == "unsupported" else {"ok": True})
        elif message["cmd"] == "run" and message["op"] == "timesteps" and MODE != "forty-two":
            say({"seq": message["seq"], "outputs": {"timesteps": timesteps}})
        elif message["cmd"] == "run" and message["op"] == "step":
            step(message)
        elif message["cmd"] == "run":
            say({"seq": message["seq"], "skipped": "no " + message["op"]})


main()
