"""No circle between the files of the package, over all imports, lazy and type-only ones too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nefsim
from nefsim._graphs import strong_components

ROOT = Path(nefsim.__file__).parent
FILES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path
    for path in sorted(ROOT.rglob("*.py"))
}


@cache
def imported(module: str) -> tuple[tuple[str, str], ...]:
    """Each ``from x import y`` of a file as (x, y), relative ones made absolute."""
    return tuple(_imported(module, module.rpartition(".")[0]))


def _imported(module: str, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                outer = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*outer, base]).rstrip(".")
            yield from ((base, alias.name) for alias in node.names)


def home(base: str, name: str) -> str | None:
    """The file that defines a name; of a package, the one that its ``__init__`` takes it from."""
    for module in (f"{base}.{name}", base):
        if module in FILES:
            return module
    face = f"{base}.__init__"
    if face in FILES:
        for inner, given in imported(face):
            if given == name and inner != base:
                return home(inner, name)
    return None


def test_files_do_not_import_one_another_in_a_circle() -> None:
    places = {module: i for i, module in enumerate(FILES) if not module.endswith("__init__")}
    needs = {
        i: sorted({places[found] for pair in imported(module) if (found := home(*pair)) in places})
        for module, i in places.items()
    }
    names = list(FILES)
    circles = [[names[i] for i in group] for group in strong_components(needs) if len(group) > 1]
    assert circles == []
