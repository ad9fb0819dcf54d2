"""A sampler that fails on demand, to test how ddim-verify takes it: misbehaving.py MODE [FILE]

Correct but for its mode: eta 0, nothing clipped. FILE remembers, from one process to the next, that it has misbehaved:
where it is named, MODE happens once.
"""

import json
import os
import signal
import subprocess
import sys
import time

MODE = sys.argv[1]
ONCE = sys.argv[2] if len(sys.argv) > 2 else None


def write(text):
    sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())
    sys.stdout.buffer.flush()


def say(answer):
    write(json.dumps(answer) + "\n")


def forever(text, pause=0.0):
    while True:
        write(text)
        time.sleep(pause)


def sleeper(**how):
    """A process that holds our stdout and would sleep for a minute."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *sys.argv[1:]], **how)


def misbehaves():
    """In its mode, and once only where a file remembers."""
    if ONCE is None:
        return True
    if os.path.exists(ONCE):
        return False
    open(ONCE, "w").close()
    return True


# What each mode does when asked for a step, in place of the answer or before it. True: it has answered.


def crash(seq):
    os.kill(os.getpid(), signal.SIGSEGV)


def exits(seq):
    sys.exit(7)


def hang(seq):
    time.sleep(60)


def children(seq):
    sleeper()
    sleeper(start_new_session=True)
    sleeper(start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(60)


def garbage(seq):
    write("Traceback: not JSON\n")
    return True


def stray(seq):
    write("loading weights ... done\n")


def half_line(seq):
    write('{"seq": ')
    sys.exit(0)


def raises(seq):
    say({"seq": seq, "errored": "ValueError: no such timestep"})
    return True


def refuse(seq):
    say({"seq": seq, "skipped": "no step here"})
    return True


def no_seq(seq):
    say({"outputs": {"prev_sample": []}})
    return True


def flood(seq):
    forever(b"x" * 65536)


def flood_of_lines(seq):
    forever(b"{}\n" * 10000)


def a_byte_at_a_time(seq):
    forever(" ", 0.05)


def not_utf8(seq):
    write(b'{"seq": %d, "errored": "\xff\xfe"}\n' % seq)
    return True


def nul(seq):
    write(b'{"seq": %d, "errored": "why"}\0garbage\n' % seq)
    return True


def deep(seq):
    write('{"seq": %d, "outputs": ' % seq + "[" * 80000 + "]" * 80000 + "}\n")
    return True


def escapes(seq):
    say({"seq": seq, "errored": "\x1b[2J\x1b[H  1  pass\n  2  pass " + "x" * 100000})
    return True


def closes_stdout(seq):
    os.close(1)
    time.sleep(60)


def leaves_a_child(seq):
    sleeper()
    os._exit(0)


INSTEAD = {
    name.replace("_", "-"): function
    for name, function in list(globals().items())
    if callable(function) and function.__code__.co_varnames[:1] == ("seq",)
}


def step(message):
    inputs, seq = message["inputs"], message["seq"]
    wrong = misbehaves()
    if wrong and MODE in INSTEAD and INSTEAD[MODE](seq):
        return
    now, then = ALPHAS[inputs["timestep"]], FINAL
    if inputs["index"] + 1 < len(TIMESTEPS):
        then = ALPHAS[TIMESTEPS[inputs["index"] + 1]]
    x_t, eps = ([float(v) for v in inputs[name]] for name in ("x_t", "output"))
    values = [
        then**0.5 * (x - (1 - now) ** 0.5 * e) / now**0.5 + (1 - then) ** 0.5 * e for x, e in zip(x_t, eps)
    ]
    if wrong:
        seq -= MODE == "wrong-seq"
        values = {
            "nan": ["NaN"] + values[1:],
            "null": [None] + values[1:],
            "forty-two": [42.0] * len(values),
            "infinity": ["-Infinity"] * len(values),
            "short": values[:-1],
            "backwards": values[::-1],
            "words": ["0x1.8p0 and more"] + values[1:],
        }.get(MODE, values)
    say({"seq": seq, "outputs": {"prev_sample": values}})
    if wrong and MODE == "stray-after":
        write("50%|#####     | 25/50\n")


def answer(message):
    global ALPHAS, FINAL, TIMESTEPS
    command = message["cmd"]
    if MODE == "hang-at-" + command:
        time.sleep(60)
    if command == "hello":
        dtype = "float7" if MODE == "dtype" else "float64"
        name = "mis\x1b[2Jbehaving" if MODE == "name" else "misbehaving"
        hello = {"name": name, "version": "1", "language": "Python", "dtype": dtype, "ops": []}
        say(["hello"] if MODE == "hello-list" else hello)
    elif command == "configure":
        ALPHAS, FINAL, TIMESTEPS = (message[k] for k in ("alphas_cumprod", "final_alpha_cumprod", "timesteps"))
        say({"unsupported": "nothing at all"} if MODE == "unsupported" else {"ok": True})
    elif command == "run" and message["op"] == "timesteps" and MODE != "forty-two":
        if MODE == "hang-at-timesteps":
            time.sleep(60)
        say({"seq": message["seq"], "outputs": {"timesteps": TIMESTEPS}})
    elif command == "run" and message["op"] == "step":
        step(message)
    elif command == "run":
        say({"seq": message["seq"], "skipped": "no " + message["op"]})


def main():
    if MODE == "exit-at-once":
        sys.exit(3)
    if MODE == "ignores-stdin":
        time.sleep(60)
    print("stderr is shown, never fatal", file=sys.stderr)
    for line in sys.stdin:
        answer(json.loads(line))


main()
