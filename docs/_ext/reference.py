"""Pages of the reference: one for each public name, and one for each group of names.

Names come from ``__all__`` of the package and of its public subpackages, so that the reference
cannot leave one out.  An object with several names has a page under the first of them.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pages
from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock

FOLDER = pages.DOCS / "reference"

#: Names of the package by the module that defines them: key, title, start of the module's name.
GROUPS = (
    ("network", "Networks and their parts", ("network", "models", "describe", "citations")),
    (
        "simulator",
        "Simulator and results",
        ("simulator", "result", "backends", "crosscheck", "partition", "deadlines"),
    ),
    ("neurons", "Neurons", ("neurons",)),
    ("synapses", "Synapses", ("synapses",)),
    ("solvers", "Solvers", ("solvers",)),
    ("learning", "Learning rules", ("learning", "lowering")),
    ("processes", "Processes", ("processes",)),
    ("sampling", "Distributions and points", ("sampling",)),
    ("encoding", "Functions of arrays", ("encoding",)),
    ("budget", "Error budgets and sizes", ("budget", "watching")),
)

#: Public subpackages: key, title.
ROOMS = (
    ("networks", "Ready networks"),
    ("dynamics", "Dynamics"),
    ("spa", "Semantic pointers"),
    ("analysis", "Analysis"),
    ("plot", "Plots"),
    ("sweeps", "Sweeps"),
    ("io", "Ports"),
    ("gym", "Environments"),
    ("nengo", "Nengo"),
    ("train", "Training"),
    ("convert", "Conversion"),
    ("nir", "NIR"),
    ("sklearn", "Estimators"),
    ("view", "View"),
    ("datasets", "Data sets"),
    ("mnist", "Digits"),
    ("reproduce", "Published figures"),
    ("records", "Records"),
    ("describe", "Descriptions"),
    ("bench", "Benchmarks"),
    ("testing", "Laws for types of your own"),
    ("typing", "Types of arguments"),
)


@dataclass
class Group:
    """Objects of one page of the reference, by their full names."""

    key: str
    title: str
    about: str = ""
    objects: dict[str, Any] = field(default_factory=dict)


def summary(obj: Any) -> str:
    """First sentence of the description of an object; of a plain value, the value."""
    if inspect.isclass(obj) or inspect.isroutine(obj):
        lines = inspect.cleandoc(obj.__doc__ or "").split("\n\n")[0]
        return " ".join(lines.split())
    return f"``{obj!r}``" if len(repr(obj)) < 60 else type(obj).__name__


def names_of(module: Any) -> list[str]:
    """Public names of a module: its ``__all__``, or the names that it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, obj in vars(module).items()
        if name[0] != "_" and getattr(obj, "__module__", "") == module.__name__
    ]


def home(name: str, obj: Any) -> str:
    """The group of a name of the package."""
    place = getattr(obj, "__module__", "").removeprefix("nefsim.").split(".")[0]
    if place == "_extras":  # BackendUnavailable, which is raised by every room
        place = "backends"
    return next((key for key, _, places in GROUPS if place in places), place)


def groups(missing: list[str]) -> list[Group]:
    """All groups with their objects; optional packages that are missing are replaced."""
    nef = import_module("nefsim")
    found = {key: Group(key, title) for key, title, _ in GROUPS}
    found |= {f"nefsim.{key}": Group(f"nefsim.{key}", title) for key, title in ROOMS}
    seen: list[Any] = []
    for name in sorted(set(nef.__all__), key=str.lower):
        obj = getattr(nef, name)
        place = home(name, obj)
        group = found.get(place) or found[f"nefsim.{place}"]
        group.objects[f"nefsim.{name}"] = obj
        seen.append(obj)
    for key, _ in ROOMS:
        with mock(missing):
            room = import_module(f"nefsim.{key}")
        group = found[f"nefsim.{key}"]
        group.about = inspect.cleandoc(room.__doc__ or "")
        for name in sorted(names_of(room), key=str.lower):
            obj = getattr(room, name)
            if inspect.ismodule(obj) or any(obj is other for other in seen):
                continue
            group.objects[f"nefsim.{key}.{name}"] = obj
    return list(found.values())


def heading(text: str, line: str = "=") -> str:
    """A title of reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"


def signature(cls: type) -> str:
    """Arguments of a class with their defaults, without types; empty if there are none."""
    try:
        found = inspect.signature(cls)
    except (TypeError, ValueError):
        return ""
    plain = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    text = str(inspect.Signature(plain)) if plain else ""
    return " ".join(text.split())


def object_page(name: str, obj: Any) -> str:
    """The page of one object."""
    module, _, short = name.rpartition(".")
    if inspect.isclass(obj):
        directive = f".. autoclass:: {short}{signature(obj)}\n   :members:\n   :show-inheritance:\n"
    elif inspect.isroutine(obj):
        directive = f".. autofunction:: {short}\n"
    else:
        directive = f".. autodata:: {short}\n   :no-value:\n"
    return f"{heading(name.removeprefix('nefsim.'))}.. currentmodule:: {module}\n\n{directive}"


def table(objects: dict[str, Any]) -> Iterator[str]:
    """Rows of names and summaries."""
    yield ".. list-table::\n   :widths: 1 3\n   :class: names\n\n"
    for name, obj in objects.items():
        yield f"   * - :doc:`{name.rpartition('.')[2]} <{name}>`\n     - {summary(obj)}\n"
    yield "\n"


def group_page(group: Group) -> str:
    """The page of a group: its description, its names, and the pages below it."""
    text = heading(group.title)
    if group.about:
        text += f"``import {group.key}``\n\n{group.about}\n\n"
    text += "".join(table(group.objects))
    text += ".. toctree::\n   :hidden:\n\n"
    return text + "".join(f"   {name}\n" for name in group.objects)


def command_page() -> str:
    """The page of the command: the help of each subcommand."""
    os.environ["COLUMNS"] = "80"
    cli = import_module("nefsim.cli")
    text = heading("The command")
    for name in ("", *cli.COMMANDS):
        words = [name] if name else []
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            cli._parser([*words, "--help"]).parse_args([*words, "--help"])
        text += heading(f"nefsim {name}".strip(), "-") + ".. code-block:: none\n\n"
        text += "".join(f"   {line}\n" for line in out.getvalue().splitlines()) + "\n"
    return text


def index_page(found: list[Group]) -> str:
    """The first page of the reference: all groups with all names."""
    text = heading("Reference")
    text += "Each public name has a page; names without a subpackage are names of ``nefsim``.\n\n"
    text += ".. toctree::\n   :hidden:\n\n" + "".join(f"   {g.key}\n" for g in found)
    text += "   command\n\n:doc:`The command <command>`\n   Options of ``nefsim`` in a shell\n\n"
    for group in found:
        links = ", ".join(f":doc:`{name.rpartition('.')[2]} <{name}>`" for name in group.objects)
        text += f":doc:`{group.title} <{group.key}>`\n   {links or summary(group)}\n\n"
    return text


def write(app: Sphinx) -> None:
    """Write the pages that changed, and delete those of names that are gone."""
    FOLDER.mkdir(exist_ok=True)
    found = groups(app.config.autodoc_mock_imports)
    texts = {"index": index_page(found), "command": command_page()}
    for group in found:
        texts[group.key] = group_page(group)
        texts |= {name: object_page(name, obj) for name, obj in group.objects.items()}
    for file in FOLDER.glob("*.rst"):
        if file.stem not in texts:
            file.unlink()
    for name, text in texts.items():
        file = FOLDER / f"{name}.rst"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def resolve(app: Sphinx, env: Any, node: Any, inner: Any) -> Any:
    """A reference to a name of the package from a page of a subpackage."""
    if node.get("refdomain") != "py":
        return None
    domain, target = env.get_domain("py"), node["reftarget"]
    for prefix in ("nefsim.", *(f"nefsim.{key}." for key, _ in ROOMS)):
        if prefix + target in domain.objects:
            place = (node["refdoc"], app.builder)
            return domain.resolve_xref(env, *place, "obj", prefix + target, node, inner)
    return None


def skip(app: Sphinx, what: str, name: str, *more: Any) -> bool | None:
    """Leave out the methods that scikit-learn adds to each estimator."""
    del app, what, more
    return True if name.startswith("set_") and name.endswith("_request") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the reference before the pages are read."""
    app.connect("autodoc-skip-member", skip)
    app.connect("builder-inited", write, priority=400)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
