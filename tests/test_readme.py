"""The code of the README runs, in the order in which it is read."""

from __future__ import annotations

import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest

from nefsim import cli
from nefsim._extras import EXTRAS

README = Path(__file__).parent.parent / "README.md"


def test_python_blocks_of_the_readme_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nengo")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 7
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["report"].agrees  # type: ignore[attr-defined]
    assert [path.name for path in tmp_path.iterdir()] == ["square.png"]


def test_the_readme_names_two_set_up_commands() -> None:
    commands = re.findall(r"^pip install .*$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == ["pip install . && nefsim demo", 'pip install ".[test]" && pytest']


def test_the_moving_picture_of_the_readme_is_small_and_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image")
    (shown,) = re.findall(r"^!\[.{20,}\]\((.+)\)$", README.read_text("utf-8"), re.MULTILINE)
    file = README.parent / shown
    assert file.stat().st_size < 1_000_000
    # The command that draws it, with two pictures in place of 64.
    monkeypatch.syspath_prepend(str(README.parent / "docs"))
    moving = import_module("moving")
    moving.write(tmp_path / "again.gif", n=2)
    with image.open(file) as stored, image.open(tmp_path / "again.gif") as again:
        assert stored.size == again.size and stored.n_frames == 64 and again.n_frames == 2
        assert file == moving.TARGET


def test_the_readme_shows_every_command() -> None:
    blocks = re.findall(r"```\n(nefsim .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    lines = [line.split("#")[0].split() for line in blocks[0].splitlines()]
    assert [words[1] for words in lines] == [*cli.COMMANDS]
    for words in lines:
        cli._parser(words).parse_args(words[1:])  # ends the program where a word is no option


def test_the_readme_lists_every_extra_with_its_packages() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| .+ \|$", README.read_text("utf-8"), re.MULTILINE)
    config = ConfigParser()
    config.read(README.with_name("setup.cfg"), encoding="utf-8")
    listed = dict(rows)
    assert listed.keys() == config["options.extras_require"].keys()
    for name, extra in EXTRAS.items():
        assert listed[name] == ", ".join(extra.packages)
