"""The code of the README runs, in the order in which it is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_python_blocks_of_the_readme_run_one_after_the_other() -> None:
    pytest.importorskip("nengo")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["report"].agrees  # type: ignore[attr-defined]


def test_the_readme_names_two_set_up_commands() -> None:
    commands = re.findall(r"^pip install .*$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == ["pip install . && nefsim demo", 'pip install ".[test]" && pytest']
