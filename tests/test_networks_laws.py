"""The equations of the ready networks: a change of these changes results."""

from __future__ import annotations

from pathlib import Path

import pytest
import ready_networks

import nefsim as nef

#: The lines of each call, below its name in brackets, which ``tests/ready_networks.py`` prints.
LISTED: dict[str, list[str]] = {}
for _line in (Path(__file__).parent / "ready_networks.txt").read_text("utf-8").splitlines():
    if _line.startswith("["):
        LISTED[_line[1:-1]] = []
    else:
        [*LISTED.values()][-1].append(_line)


@pytest.mark.parametrize("name", ready_networks.CALLS)
def test_the_equations_of_a_ready_network_do_not_change(name: str) -> None:
    assert ready_networks.of_call(name) == LISTED[name]


def test_each_ready_network_is_listed_with_defaults_and_with_others() -> None:
    functions = {name for name in nef.networks.__all__ if name[0].islower()}
    assert {name.split()[0] for name in ready_networks.CALLS} == functions
    assert {name for name in ready_networks.CALLS if name in functions} == functions
    assert LISTED.keys() == ready_networks.CALLS.keys()
