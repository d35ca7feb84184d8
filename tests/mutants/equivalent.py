"""Changes that alter no result, each with the reason; they are named apart from the survivors."""

from __future__ import annotations

from pathlib import Path

from .sites import Change

#: A line for each change, and below it, indented, the reason.
FILE = Path(__file__).with_name("equivalent.txt")


def name_of(change: Change) -> str:
    """The name of a change without its line, which moves: file, function, kind, old and new."""
    before, after = " ".join(change.before.split()), " ".join(change.after.split())
    return f"{change.path}::{change.function} {change.kind}: {before}  ->  {after}"


def read(file: Path = FILE) -> dict[str, str]:
    """The reasons by the names of the changes."""
    reasons: dict[str, str] = {}
    name = ""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("    "):
            reasons[name] = f"{reasons[name]} {line.strip()}".strip()
        elif line:
            name = line
            reasons[name] = ""
    return reasons
