"""Laws of the content of a function, of keys of tasks, and of files of sweeps."""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nefsim.sweeps import identity, script, slurm, store
from nefsim.sweeps import workers as kinds
from nefsim.sweeps.grid import Task
from nefsim.sweeps.identity import identity as of
from nefsim.sweeps.identity import key


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises((TypeError, ValueError)) as raised:
        call(*arguments)
    return str(raised.value)


@pytest.fixture
def folder(tmp_path: Path) -> store.Store:
    return store.Store(tmp_path)


# The content of a function


def test_equal_contents_have_one_key_and_others_another() -> None:
    def fn(x: int) -> int:
        return x

    def default(x: int = 1) -> int:
        return x

    def by_name(*, x: int = 1) -> int:
        return x

    same = [lambda: [1, (2,), {3, 4}], lambda: [1, (2,), {4, 3}]]
    things: list[Any] = [
        1, 1.0, True, "1", b"1", None, ..., range(3), 1j, [1], (1,), {1}, {2}, {"a": 1}, {"a": 2},
        {"b": 1}, [1, 1], [[1], 1], np.float32(1), np.ones(2), np.ones(2, int), np.ones((1, 2)),
        np.array([None]), np.array([1], object), fn, default, by_name, len, abs, operator.add,
        functools.partial(fn, 1), functools.partial(fn, 2), functools.partial(fn, x=1),
        functools.partial(default, 1), [].append, types, functools, Task, Pair, Plain, Plain(1),
        Plain(1).many, Pair(1, 2), Pair(2, 1), Pair(1, 2).many, lambda x: x, lambda x: x + 1,
        lambda x: abs(x), lambda x: [-y for y in x], lambda x: [y + 1 for y in x],
    ]  # fmt: skip
    keys = [of(functools.partial(fn, thing)) for thing in things]
    assert len({*keys}) == len(things)
    assert keys == [of(functools.partial(fn, thing)) for thing in things]
    one, two = (of(functools.partial(fn, make())) for make in same)
    assert one == two and len(one) == 32
    twice = [1, 2]
    assert of([twice, twice]) != of([twice, [1, 2]])
    assert of(fn, ["a", "b"]) != of(fn, ["ab"]) != of(fn)


class Plain:
    """An object that counts with its class only."""

    def __init__(self, x: int) -> None:
        self.x = x

    def many(self, x: int) -> int:
        return x


@dataclasses.dataclass(frozen=True)
class Pair:
    """An object that counts with its fields."""

    x: int
    y: int

    def many(self, x: int) -> int:
        return x


def test_objects_count_with_their_class_and_those_of_dataclasses_with_their_fields() -> None:
    assert of(Plain(1).many) == of(Plain(2).many)
    assert of(Pair(1, 2)) == of(Pair(1, 2)) != of(Pair(1, 3))
    assert identity._fields(Pair(3, 4)) == [3, 4]
    assert identity._fields(Pair) == identity._fields(Plain(1)) == []


def test_a_function_is_of_the_file_in_which_it_is_written() -> None:
    here = Path(__file__).resolve()
    for function in (refused, Pair(1, 2).many, functools.partial(functools.partial(refused, 1), 2)):
        assert identity._file(function) == here
    assert identity._file(functools.partial(kinds.Serial)) is None  # of the package
    assert identity._file(3) is None

    @dataclasses.dataclass
    class Holder:
        function: Any

    Holder.__module__ = "nefsim.sweeps.trials"
    assert identity._file(Holder(refused)) == here


def near(function_file: Path | None, name: str, file: Any) -> bool:
    module = types.ModuleType(name)
    if file is not None:
        module.__file__ = str(file)
    return identity._Walk(function_file)._is_near(module)


def test_modules_of_the_folder_of_a_function_are_near_unless_they_are_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "study" / "a.py"
    assert near(home, "a", home)
    assert near(home, "b", home.parent / "b.py") and near(home, "c", home.parent / "sub" / "c.py")
    assert near(None, "__main__", None)
    assert not near(None, "b", home.parent / "b.py") and not near(home, "b", None)
    assert not near(home, "b", tmp_path / "b.py") and not near(home, "b", home.parent / "b.so")
    assert not near(home, "nefsim.x", home.parent / "b.py")
    assert near(home, "nefsim2", home.parent / "b.py")
    assert not near(home, "b", home.parent / "site-packages" / "b.py")
    packages = tmp_path / "dist-packages"
    assert near(packages / "a.py", "a", packages / "a.py")
    assert not near(packages / "a.py", "b", packages / "b.py")
    library = tmp_path / "lib" / "python"
    monkeypatch.setattr(identity, "LIBRARY", library)
    for folder in (library, library.parent):
        assert not near(folder / "a.py", "b", folder / "b.py")
    assert near(library / "mine" / "a.py", "b", library / "mine" / "b.py")


def test_sources_are_compared_without_docstrings_comments_and_layout() -> None:
    one = '''"""A."""\ndef f(x):\n    """B."""\n    return 1  # c\nclass C:\n    """D."""\n'''
    two = "def f( x ):\n\n    return 1\nclass C:\n    pass\n"
    assert identity._normal(one) == identity._normal(two)
    for other in (two.replace("1", "2"), two + "f", two.replace("pass", "x = 'D.'")):
        assert identity._normal(other) != identity._normal(two)
    call = "async def f():\n    {}\n    return g"
    assert identity._normal(call.format("'doc'")) == "async def f():\n    return g"
    assert identity._normal(call.format("doc()")) != identity._normal(call.format("'doc'"))
    assert identity._source(len) is None and "def refused(" in str(identity._source(refused))


def test_the_key_of_a_task_has_its_parameters_and_its_seed() -> None:
    keys = [key(*a) for a in (("c", {"a": 1, "b": 2}, 0), ("d", {"a": 1, "b": 2}, 0))]
    keys += [key("c", {"a": 1, "b": 2}, s) for s in (None, 1)]
    keys += [key("c", {"a": 2, "b": 1}, 0), key("c", {}, 0)]
    assert len({*keys}) == 6 and {len(k) for k in keys} == {32}
    assert key("c", {"b": 2, "a": 1}, 0) == keys[0]


# Files of sweeps


def test_the_file_of_a_sweep_is_run_once_for_each_text(tmp_path: Path) -> None:
    file = tmp_path / "study.py"
    file.write_text("import os\ngrid = {'x': [1]}\n\ndef task(x):\n    return [x, __file__]\n")
    one = script.read("w", file)
    assert (one.grid, one.seeds, type(one.task)) == ({"x": [1]}, None, script.ScriptTask)
    assert one.task(x=3) == [3, str(file.resolve())] and one.task.load() is one.task.load()
    assert one.task.path == str(file.resolve()) and one.task.source == file.read_text()
    file.write_text(
        "grid, seeds = {}, 4\n\nclass Many:\n    batch = 6\n\n    def __call__(self, seed):\n"
        "        return seed\n\n    def many(self, seeds):\n        return seeds\n\ntask = Many()\n"
    )
    two = script.read("w", file)
    assert isinstance(two.task, script.BatchTask) and two.seeds == 4 and two.task.batch == 6
    assert two.task.many(seeds=[1, 2]) == [1, 2] and two.task(seed=5) == 5
    file.write_text(file.read_text().replace("    batch = 6\n", ""))
    three = script.read("w", file)
    assert isinstance(three.task, script.BatchTask) and three.task.batch == 1
    file.write_text("raise KeyError(1)")
    for _ in range(2):  # a file that fails is run again
        with pytest.raises(ValueError, match="KeyError: 1"):
            script.read("w", file)


def test_a_script_for_slurm_has_a_task_for_each_shard(tmp_path: Path) -> None:
    text = slurm.array_script(tmp_path / "a b+c_.1.py", ["python", "-m", "a b"], 12)
    lines = text.splitlines()
    assert lines[:3] == [
        "#!/bin/sh",
        "#SBATCH --job-name=sweep-a-b-c_.1",
        "#SBATCH --array=1-12",
    ]
    assert lines[-1] == ("python -m 'a b' --workers 1 --shard \"$SLURM_ARRAY_TASK_ID/12\"")
