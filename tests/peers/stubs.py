"""What a peer imports and its sampler does not use."""

import contextlib
import importlib.machinery
import importlib.metadata
import sys
import types


class Anything(type):
    """A class, decorator, function or value, whichever is wanted."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank

    def __getitem__(cls, item):
        return Blank

    def __call__(cls, *arguments, **named):
        if cls is not Blank:  # made from it
            return super().__call__(*arguments, **named)
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else Blank


class Blank(metaclass=Anything):
    pass


class Module(types.ModuleType):
    __path__, __all__, __version__ = [], [], "0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank


class Finder:
    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if any(name == known or name.startswith(known + ".") for known in self.names):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        pass


def stub(*names):
    """Packages and modules that are not to be had: anything is in them."""
    sys.meta_path.insert(0, Finder(names))


def bare(*packages):
    """Packages whose own __init__ is not run: their modules are imported one by one."""
    for name in packages:
        parent, _, last = name.rpartition(".")
        paths = sys.modules[parent].__path__ if parent else None
        spec = importlib.machinery.PathFinder.find_spec(name, paths)
        module = sys.modules[name] = types.ModuleType(name)
        module.__path__ = list(spec.submodule_search_locations)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            module.__version__ = importlib.metadata.version(name)
        if parent:
            setattr(sys.modules[parent], last, module)
