"""Run notebooks and store them clean: no metadata of a machine, figures of 256 colours.

python docs/execute.py notebooks/26_paths.ipynb
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def small(png: str) -> str:
    """A figure, base64 of a PNG, with 256 colours on white."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    to = io.BytesIO()
    flat.quantize(256, dither=Image.Dither.NONE).save(to, "PNG", optimize=True)
    return base64.b64encode(to.getvalue()).decode() + "\n"


def execute(path: Path) -> None:
    """Run the cells of a notebook in an empty folder, and replace the file."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=300, resources=resources).execute()
    stored: dict[str, Any] = json.loads(nbformat.writes(notebook))
    stored["metadata"] = METADATA
    for cell in stored["cells"]:
        cell["metadata"] = {}
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = small("".join(data["image/png"]))
    path.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Run each notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", type=Path, nargs="+")
    os.environ.pop("MPLBACKEND", None)  # figures then are outputs of their cells
    for path in parser.parse_args().notebooks:
        execute(path)


if __name__ == "__main__":
    main()
