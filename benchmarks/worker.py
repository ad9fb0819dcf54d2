"""Programs of worker.hpp's protocol, asked for one number at a time, each answer within a time limit."""
import json
import os
import select
import signal
import subprocess
import sys


class Worker:
    """A program that can be asked for the seconds that one call of NAME takes. It is started when it is asked, and again
    after it has ended, failed or been too slow to answer."""

    def __init__(self, *command, environment=None):
        self.command = [str(part) for part in command]
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def list(self, limit=60):
        """The names it knows; empty where it can't be run, with the reason on stderr."""
        try:
            listed = subprocess.run(self.command + ["--list"], capture_output=True, text=True, timeout=limit,
                                    env=self.environment, check=True)
            return listed.stdout.split()
        except (OSError, subprocess.SubprocessError) as error:
            why = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            print(f"not measured: {' '.join(self.command)}: {why[-1] if why else error}", file=sys.stderr)
            return []

    def ask(self, name, d, n, budget, limit=600):
        """(seconds of one call, None) or (None, what went wrong)."""
        try:
            if self.process is None:
                self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                                env=self.environment, start_new_session=True)
            self.process.stdin.write(f"{name} {d} {n} {budget}\n".encode())
            if not select.select([self.process.stdout], [], [], limit)[0]:
                self.kill()
                return None, f"no answer within {limit:.0f} s"
            answer = json.loads(self.process.stdout.readline())
            return answer.get("seconds"), answer.get("error")
        except (OSError, ValueError):
            return None, f"the program ended with {self.kill()}"

    def kill(self):
        """Ends the program and all that it started; its exit code. One that cannot be ended is left behind."""
        process, self.process = self.process, None
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            pipe.close()
        try:
            process.wait(timeout=2)  # without input it ends of itself
        except subprocess.TimeoutExpired:
            try:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=5)
            except (OSError, subprocess.TimeoutExpired):
                pass
        return process.returncode

    close = kill


def run_within(command, limit, **options):
    """(exit code, output); 124 where it did not end within the limit, 127 where it could not be run."""
    try:
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace", start_new_session=True, **options)
    except OSError as error:
        return 127, str(error)
    code, output = 124, ""
    try:
        output, _ = process.communicate(timeout=limit)
        code = process.returncode
    except subprocess.TimeoutExpired:
        try:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate(timeout=5)
        except (OSError, subprocess.TimeoutExpired):
            pass  # it cannot be ended, and is left behind
    return code, output
