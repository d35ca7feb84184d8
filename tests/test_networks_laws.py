"""The equations of the ready networks: a change of these changes results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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


def test_a_part_has_one_population_or_several() -> None:
    one, two = (
        nef.networks.system(nef.Network(), 20, -np.eye(2), np.eye(2), array=array)
        for array in (False, True)
    )
    assert (one.ensemble,) == one.ensembles and len(two.ensembles) == 2
    with pytest.raises(ValueError, match=r"System\.ensemble: system must have one population, got"):
        two.ensemble  # noqa: B018


def test_parts_that_fail_leave_no_network_and_names_count_up() -> None:
    net = nef.Network()
    with pytest.raises(ValueError):
        nef.networks.product(net, 20, 2, input_magnitude=-1.0)
    assert not net.networks
    labels = [nef.networks.product(net, 10, 1).network.label for _ in range(3)]
    named = nef.networks.product(net, 10, 1, label="own", seed=7).network
    assert [*labels, named.label] == ["product", "product 2", "product 3", "own"]
    assert [inner.seed for inner in net.networks] == [None, None, None, 7]
    with pytest.raises(TypeError, match=r"write nefsim\.networks\.ensemble_array\(net, 3"):
        nef.networks.EnsembleArray(3, 1)
