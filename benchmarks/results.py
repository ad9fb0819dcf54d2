"""Results of measurements: a JSON document with a row a line, whole on the disk after every row.

    {"context": {"machine": ..., "commit": ..., ...},
     "rows": [
      {"name": "Eq12/reference", "d": 64, "n": 1024, "dtype": "float64", "ns": [9.1, 9.3, 9.9], "repetitions": 9},
      ...]}

`ns` is what one call costs per element (per element and step along a path): least, median and greatest of the repetitions.
A row that could not be had carries "error" instead.
"""
import json
import os
import pathlib
import statistics

PATH = {"Eq6", "Eq11", "Theorem1"}  # measured along ten steps
STEPS = 10


def steps_of(name):
    tag, _, who = name.partition("/")
    return STEPS if tag in PATH and not who.startswith(("host", "card")) else 1


def row_of(name, d, n, seconds, **more):
    """A row of the repetitions' seconds per call."""
    ns = sorted(1e9 * s / (d * n * steps_of(name)) for s in seconds)
    three = [float(f"{value:.4g}") for value in (ns[0], statistics.median(ns), ns[-1])]
    return {"name": name, "d": d, "n": n, **more, "ns": three, "repetitions": len(ns)}


class Results:
    """The document at `path`. What is there before a row is added is there, whole, if adding it fails or is cut off."""

    def __init__(self, path, context):
        self.path, self.context, self.rows = pathlib.Path(path), context, []

    def text(self):
        rows = ",\n".join("  " + json.dumps(row) for row in self.rows)
        return f'{{"context": {json.dumps(self.context)},\n "rows": [\n{rows}]}}\n'

    def write(self):
        """Beside the file, then over it in one move."""
        beside = self.path.with_name("." + self.path.name)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(beside, "w") as file:
                file.write(self.text())
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise

    def add(self, row):
        self.rows.append(row)
        self.write()


def load(path):
    document = json.loads(pathlib.Path(path).read_text())
    return document["context"], document["rows"]
