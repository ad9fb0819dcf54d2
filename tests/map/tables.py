#!/usr/bin/env python3
"""Puts each generated table into README: between `<!-- FILE.md -->` and `<!-- end -->` stands FILE.md."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"<!-- (\S+\.md) -->\n.*?<!-- end -->", re.DOTALL)


def refreshed(readme):
    return BLOCK.sub(lambda block: f"<!-- {block[1]} -->\n{(ROOT / block[1]).read_text()}<!-- end -->", readme)


if __name__ == "__main__":
    README = ROOT / "README.md"
    README.write_text(refreshed(README.read_text()))
