"""The content of a function as a hash: its source, and that of the objects that it uses."""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import inspect
import json
import os
import textwrap
from collections.abc import Iterable
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

#: Folder of Python's modules, and folders of packages from elsewhere.
LIBRARY, PACKAGES = Path(os.__file__).resolve().parent, {"site-packages", "dist-packages"}

#: Values that are hashed by their ``repr``.
PLAIN = (bool, int, float, complex, str, bytes, range, type(None), type(Ellipsis))


def identity(function: Any, extra: Iterable[str] = ()) -> str:
    """A hash of a function that changes if its source or the objects that it uses change.

    The source is compared without comments, layout and docstrings.  The hash includes functions,
    classes and constants that the function names, if they are defined in its file or in files
    of the same folder; of modules from elsewhere, only names count.  A list or dict counts with
    its present content, and an object of another class with its class only.

    Parameters
    ----------
    function : callable
        A function, a bound method, a partial function or an object of a dataclass.
    extra : iterable of str
        Further texts to hash, such as versions of packages.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> def square(x):
    ...     return x * x
    >>> def cube(x):
    ...     return x * square(x)
    >>> identity(square) == identity(square), identity(square) == identity(cube)
    (True, False)
    """
    walk = _Walk(_file(function))
    walk.visit(function)
    for text in extra:
        walk.add("extra", text)
    return walk.digest()


def key(content: str, parameters: dict[str, Any], seed: int | None) -> str:
    """The key of one task: a hash of the function's, with parameters and seed."""
    text = json.dumps([content, parameters, seed], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class _Walk:
    """Visits a function and the objects that it uses, each once, and hashes their contents."""

    def __init__(self, file: Path | None) -> None:
        self._file, self._hash = file, hashlib.blake2b(digest_size=16)
        self._seen: dict[int, Any] = {}  # objects stay alive, so that no address is used twice

    def digest(self) -> str:
        return self._hash.hexdigest()

    def add(self, *parts: Any) -> None:
        for part in parts:
            data = part if isinstance(part, bytes) else str(part).encode()
            self._hash.update(len(data).to_bytes(8, "little") + data)

    def visit(self, value: Any) -> None:
        """Hash one object."""
        if isinstance(value, PLAIN):
            self.add(type(value).__name__, repr(value))
            return
        if id(value) in self._seen:
            self.add("again", list(self._seen).index(id(value)))
            return
        self._seen[id(value)] = value
        match value:
            case np.generic() | np.ndarray():
                self._array(np.asarray(value))
            case list() | tuple():
                self._each(type(value).__name__, value)
            case set() | frozenset():
                self._each("set", sorted(value, key=repr))
            case dict():
                self._each("dict", [part for pair in value.items() for part in pair])
            case functools.partial():
                self._each("partial", [value.func, value.args, value.keywords])
            case MethodType():
                self._each("method", [value.__func__, value.__self__])
            case ModuleType():
                self._module(value)
            case FunctionType():
                self._function(value)
            case type():
                self._class(value)
            case BuiltinFunctionType():
                self.add("built-in", value.__module__, value.__qualname__)
            case _:
                self._object(value)

    def _each(self, kind: str, values: Iterable[Any]) -> None:
        found = [*values]
        self.add(kind, len(found))
        for value in found:
            self.visit(value)

    def _array(self, value: np.ndarray[Any, Any]) -> None:
        self.add("array", value.dtype, value.shape)
        if value.dtype.kind == "O":
            self._each("objects", value.ravel().tolist())
        else:
            self.add(np.ascontiguousarray(value).tobytes())

    def _module(self, module: ModuleType) -> None:
        """A module: its name, and its source if it is in the folder of the function."""
        self.add("module", module.__name__)
        if not self._is_near(module) or not getattr(module, "__file__", None):
            return
        self.add(_normal(Path(str(module.__file__)).read_text(encoding="utf-8")))
        for name in sorted(vars(module)):
            value = vars(module)[name]
            home = value if isinstance(value, ModuleType) else inspect.getmodule(value)
            if home is not None and home is not module and self._is_near(home):
                self.visit(home)

    def _is_near(self, module: Any) -> bool:
        """Whether a module is that of the function, or one of its folder and no package."""
        if module.__name__ == "__main__":
            return True
        name = getattr(module, "__file__", None)
        if self._file is None or not name or not str(name).endswith(".py"):
            return False
        file, folder = Path(name).resolve(), self._file.parent
        if file == self._file:
            return True
        if not file.is_relative_to(folder) or folder in (LIBRARY, *LIBRARY.parents):
            return False
        if module.__name__.partition(".")[0] == "nefsim":
            return False
        return not {*file.relative_to(folder).parts} & PACKAGES and folder.name not in PACKAGES

    def _function(self, function: FunctionType) -> None:
        self.add("function", function.__qualname__)
        home = inspect.getmodule(function)
        if home is not None and not self._is_near(home):
            self.add(home.__name__)
            return
        source = None if function.__name__ == "<lambda>" else _source(function)
        if source is None:
            self._code(function.__code__)
        else:
            self.add(source)
        self.visit(function.__defaults__)
        self.visit(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                self.visit(cell.cell_contents)
            except ValueError:  # a cell that is still empty
                self.add("empty")
        for name in sorted(_names(function.__code__)):
            if name in function.__globals__:
                self.add("name", name)
                self.visit(function.__globals__[name])

    def _code(self, code: CodeType) -> None:
        """Instructions of a function without a source, such as a lambda."""
        self.add("code", code.co_code, code.co_names, code.co_varnames)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant)
            else:
                self.visit(constant)

    def _class(self, kind: type) -> None:
        self.add("class", kind.__qualname__)
        home = inspect.getmodule(kind)
        if home is None or self._is_near(home):
            self.add(_source(kind) or "")
            for name in sorted(vars(kind)):
                value = vars(kind)[name]
                if isinstance(value, (FunctionType, classmethod, staticmethod)):
                    self.visit(getattr(value, "__func__", value))

    def _object(self, value: Any) -> None:
        """An object: its class, the fields of a dataclass, and a function that it wraps."""
        self.visit(type(value))
        for name in ("__wrapped__", "py_func"):  # of functools.cache and of numba
            self.visit(vars(value).get(name) if hasattr(value, "__dict__") else None)
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                self.add(field.name)
                self.visit(getattr(value, field.name))


def _names(code: CodeType) -> set[str]:
    """Global names that a function and the functions inside it may use."""
    names = {*code.co_names}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


def _file(function: Any) -> Path | None:
    """The file of a function, or of the function in a partial or a dataclass."""
    while isinstance(function, functools.partial):
        function = function.func
    for value in (function, *_fields(function)):
        home = inspect.getmodule(value) if callable(value) else None
        name = getattr(home, "__file__", None)
        if name and home is not None and home.__name__.partition(".")[0] != "nefsim":
            return Path(name).resolve()
    return None


def _fields(value: Any) -> list[Any]:
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return []
    return [getattr(value, field.name) for field in dataclasses.fields(value)]


def _source(value: Any) -> str | None:
    """The source of a function or class, or None if there is none."""
    try:
        return _normal(textwrap.dedent(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError):
        return None


def _normal(source: str) -> str:
    """A source without comments, layout and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
