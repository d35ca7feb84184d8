"""Default values of models: a change of these changes results."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import defaults
import pytest

import nefsim as nef

#: Lines such as ``nefsim.bench: measure(repeats=5)``, which ``tests/defaults.py`` prints.
LISTED = (Path(__file__).parent / "defaults.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("room", defaults.rooms())
def test_defaults_do_not_change(room: str) -> None:
    if room in defaults.NEEDS:
        pytest.importorskip(defaults.NEEDS[room])
    listed = [line for line in LISTED if line.startswith(f"nefsim.{room}: ")]
    assert not {*listed} - {*defaults.of_room(room)}


def test_defaults_of_commands_do_not_change() -> None:
    listed = [line for line in LISTED if line.startswith("nefsim ")]
    assert not {*listed} - {*defaults.of_commands()}


NENGO = """LIF LIFRate AdaptiveLIF AdaptiveLIFRate Izhikevich Sigmoid Tanh RectifiedLinear
    SpikingRectifiedLinear BCM Oja PES RLS Voja"""


@pytest.mark.parametrize("name", NENGO.split())
def test_defaults_are_those_of_nengo(name: str) -> None:
    nengo = pytest.importorskip("nengo")
    nefsim_values, expected = getattr(nef, name)(), getattr(nengo, name)()
    shared = [f.name for f in dataclasses.fields(nefsim_values) if hasattr(expected, f.name)]
    assert shared
    for field in shared:
        actual, other = getattr(nefsim_values, field), getattr(expected, field)
        if isinstance(actual, nef.Lowpass):
            assert actual.tau == other.tau, field
        elif isinstance(actual, float) and isinstance(other, (int, float)):
            assert actual == other, field
