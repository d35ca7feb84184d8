"""The gallery: small networks, each with its picture, its code, and Nengo's where there is one.

Each script in ``docs/gallery`` is a network that can be run by itself; its first line is the
title.  Pages and pictures are made before pages are read.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SOURCES = pages.DOCS / "gallery"
PICTURES = pages.DOCS / "pictures"

#: Scripts of each part of the gallery, in order.
GROUPS = {
    "Representation": (
        *("one-neuron", "two-neurons", "many-neurons", "tuning-curves", "vectors", "combining"),
        *("neuron-types", "adaptation", "noise", "discrete-neurons"),
    ),
    "Functions": (
        *("channel", "addition", "square", "any-function", "rotation", "product", "dot-product"),
        *("matrix-product", "convolution", "gating", "threshold", "dale", "sparse-weights"),
        "budget",
    ),
    "Dynamics": (
        *("integrator", "controlled-integrator", "leaky-integrator", "simple-oscillator"),
        *("oscillator", "controlled-oscillator", "van-der-pol", "lorenz", "two-wells"),
        *("delay-network", "axonal-delay", "reservoir"),
    ),
    "Learning": ("learn-identity", "learn-square", "bcm", "voja", "stdp"),
    "Cognition": (
        *("winner", "decision", "basal-ganglia", "action-selection", "associative-memory"),
        *("gated-memory", "symbols", "rules", "grid-cells"),
    ),
    "Input and output": ("digits", "closed-loop", "batch"),
}


@dataclass(frozen=True)
class Entry:
    """A script of the gallery."""

    name: str
    title: str
    about: str
    code: str
    nengo: str | None

    @property
    def picture(self) -> Path:
        """The file of its picture."""
        return PICTURES / f"gallery-{self.name}.png"


def entry(name: str) -> Entry:
    """Read a script: the title and the text of its docstring, and the code below it."""
    text = (SOURCES / f"{name}.py").read_text(encoding="utf-8")
    title, _, about = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")
    twin = SOURCES / "nengo" / f"{name}.py"
    nengo = _code(twin.read_text(encoding="utf-8")) if twin.exists() else None
    return Entry(name, title.rstrip("."), " ".join(about.split()), _code(text), nengo)


def _code(text: str) -> str:
    """A script without its docstring."""
    first = ast.parse(text).body[1]
    return "\n".join(text.splitlines()[first.lineno - 1 :]) + "\n"


def run(name: str) -> dict[str, Any]:
    """Run a script of the gallery in a new figure, and return its names."""
    import matplotlib.pyplot as plt

    path = SOURCES / f"{name}.py"
    names: dict[str, Any] = {"__name__": "__main__"}
    plt.close("all")
    plt.figure(figsize=(6.4, 3.2), layout="constrained")
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names


def draw(name: str) -> None:
    """Run a script and write its picture, if that is missing or older."""
    import matplotlib.pyplot as plt

    file = entry(name).picture
    source = SOURCES / f"{name}.py"
    if not file.exists() or file.stat().st_mtime < source.stat().st_mtime:
        file.parent.mkdir(exist_ok=True)
        run(name)
        plt.gcf().savefig(file, dpi=80)
        plt.close("all")


def page(found: Entry) -> str:
    """The page of an entry, in MyST."""
    blocks = [("nefsim", found.code)] + ([("Nengo", found.nengo)] if found.nengo else [])
    parts = [f"# {found.title}", found.about, f"![{found.title}](../pictures/{found.picture.name})"]
    parts.append("::::{container} beside")
    for caption, code in blocks:
        parts.append(f"```{{code-block}} python\n:caption: {caption}\n\n{code}```")
    return "\n\n".join([*parts, "::::"]) + "\n"


def index() -> str:
    """The first page of the gallery, in MyST."""
    text = "# Gallery\n\nSmall networks, each of which runs in a second or two; "
    text += "a picture leads to its code, and to the same network in Nengo where there is one.\n\n"
    names = [name for group in GROUPS.values() for name in group]
    text += "```{toctree}\n:hidden:\n\n" + "".join(f"{name}\n" for name in names) + "```\n\n"
    for group, members in GROUPS.items():
        text += f"## {group}\n\n::::{{container}} thumbs\n\n"
        for name in members:
            found = entry(name)
            picture = f"![{found.title}](../pictures/{found.picture.name})"
            text += f"[{picture}<br>{found.title}]({name}.md)\n\n"
        text += "::::\n\n"
    return text


def write(app: Sphinx) -> None:
    """Draw the pictures, and write the pages that changed."""
    import matplotlib

    matplotlib.use("agg")
    texts = {"index": index()}
    for names in GROUPS.values():
        for name in names:
            draw(name)
            texts[name] = page(entry(name))
    for file in SOURCES.glob("*.md"):
        if file.stem not in texts:
            file.unlink()
    for name, text in texts.items():
        file = SOURCES / f"{name}.md"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the gallery before the pages are read."""
    app.connect("builder-inited", write, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
