"""The notebooks run from top to bottom, assert their numbers, and are stored clean."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

#: A path from the root of a file system, of either kind, where a word may start.
ABSOLUTE_PATH = re.compile(r"(?:^|[\s\"'`(=<])(?:/[A-Za-z][\w.-]*/|[A-Za-z]:\\)", re.MULTILINE)

#: Largest notebook, its figures included [bytes].
LARGEST = 400_000

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def stored(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in stored(path)["cells"] if cell["cell_type"] == "code"]


def written(notebook: dict[str, Any]) -> str:
    """All that can be read in a notebook: sources, printed text and values, not images."""
    parts = []
    for cell in notebook["cells"]:
        parts.append(cell["source"])
        for output in cell.get("outputs", []):
            parts += [output.get("text", []), output.get("data", {}).get("text/plain", [])]
    return "\n".join("".join(part) for part in parts)


def test_the_notebooks_are_numbered_in_the_order_of_reading() -> None:
    numbers = [path.name[:3] for path in NOTEBOOKS]
    assert len(numbers) >= 3
    assert numbers == [f"{i:02d}_" for i in range(1, len(numbers) + 1)]


@each_notebook
def test_a_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    if re.search("import torch|from nefsim import train", written(stored(path))):
        pytest.importorskip("torch", reason="PyTorch is the extra train")
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(notebook, timeout=300, resources=resources)
    client.execute()  # raises CellExecutionError, with the cell, where one fails
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == list(
        range(1, len(code_cells(path)) + 1)
    )


@each_notebook
def test_the_last_cell_of_a_notebook_has_assertions_under_a_heading(path: Path) -> None:
    heading, last = stored(path)["cells"][-2:]
    assert heading["cell_type"] == "markdown"
    assert "".join(heading["source"]).endswith("## What this notebook claims")
    assert last["cell_type"] == "code"
    assert re.search(r"^assert ", "".join(last["source"]), re.MULTILINE)


@each_notebook
def test_a_lesson_ends_with_exercises_and_their_answers(path: Path) -> None:
    text = "\n".join("".join(cell["source"]) for cell in stored(path)["cells"])
    assert re.findall(r"^## (?:To try|Answers|What this notebook claims)$", text, re.MULTILINE) == [
        *("## To try", "## Answers", "## What this notebook claims")
    ]
    exercises, answers = re.split("^## Answers$", text.split("## To try\n")[1], flags=re.MULTILINE)
    numbers = re.findall(r"^(\d)\. ", exercises, re.MULTILINE)
    assert len(numbers) >= 2 and numbers == [str(i + 1) for i in range(len(numbers))]
    assert len(answers.split("## What this notebook claims")[0].split()) > 30


@each_notebook
def test_a_notebook_is_stored_as_run_once_in_order_without_errors(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert "error" not in {output["output_type"] for output in outputs}
    assert "stderr" not in {output.get("name") for output in outputs}


@each_notebook
def test_a_notebook_contains_no_path_of_a_machine(path: Path) -> None:
    notebook = stored(path)
    assert ABSOLUTE_PATH.search(written(notebook)) is None
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert path.stat().st_size < LARGEST


def test_a_notebook_that_is_run_again_is_stored_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.syspath_prepend(str(NOTEBOOKS[0].parent.parent / "docs"))
    import execute

    source = "import matplotlib.pyplot as plt\nprint(6 * 7)\nplt.plot([1, 2]);"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.cells[0].metadata["collapsed"] = True
    path = tmp_path / "01_short.ipynb"
    nbformat.write(notebook, path)
    execute.execute(path)
    test_a_notebook_contains_no_path_of_a_machine(path)
    test_a_notebook_is_stored_as_run_once_in_order_without_errors(path)
    text, figure = code_cells(path)[0]["outputs"]
    assert "".join(text["text"]) == "42\n"
    # Byte 25 of a PNG is its kind of colours; 3 is a palette.
    assert base64.b64decode("".join(figure["data"]["image/png"]))[25] == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("open('/home/me/x.npz')", True),
        ('path = "C:\\data"', True),
        ("saved to /tmp/figures", True),
        ("a rate of $1/\\tau_{ref}$, value / Hz", False),
        ("https://example.org/a/b", False),
        ("figures/square.png", False),
    ],
)
def test_absolute_paths_are_recognised(text: str, found: bool) -> None:
    assert (ABSOLUTE_PATH.search(text) is not None) == found
