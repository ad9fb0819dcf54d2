"""Packages that a peer imports and its sampler does not use."""

import importlib.machinery
import sys
import types


class Anything(types.ModuleType):
    __path__, __all__, __version__ = [], [], "0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda self, *_, **__: None})


class Finder:
    def __init__(self, packages):
        self.packages = packages

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.packages:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Anything(spec.name)

    def exec_module(self, module):
        pass


def stub(*packages):
    sys.meta_path.append(Finder(packages))
