"""The compiled back end stores one number for each LIF neuron between steps of large networks."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

import nefsim as nef
from nefsim.backends.compiled import cores, opcodes, plan, plans, runner, stages, turns
from nefsim.backends.compiled.table import Table

#: Fewest neurons of networks whose states are compact, and of networks whose states are not.
ALL, NONE = 1, 10**9


@pytest.fixture(params=[1, 3])
def tables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The tables of all simulators, which run on one core, or on several that share each step."""
    made: list[Any] = []

    def noted(*arguments: Any) -> Any:
        made.append(Table(*arguments))
        return made[-1]

    monkeypatch.setattr(runner, "Table", noted)
    for module in (turns, cores):
        monkeypatch.setattr(module, "cores", lambda: request.param)
        monkeypatch.setattr(module, "MIN_WORK_FOR_THREADS", 1)
    for name in ("MIN_PHASE", "MIN_STEP"):
        monkeypatch.setattr(stages, name, 1)
    return made


def loop(fails: float | None = None, **ensemble: Any) -> nef.Network:
    """Populations in a loop of synapses, with a function of a node that ``fails`` after a time."""
    net = nef.Network(seed=3)
    u = net.node(lambda t: np.sin(20.0 * t))
    a, b, c = (net.ensemble(600, d, **ensemble) for d in (1, 3, 2))
    net.connect(u, a, synapse=0.005)
    net.connect(a, b, function=lambda x: [x, x**2, -x], synapse=0.005)
    net.connect(b[:2], c, synapse=0.01)
    net.connect(c[0], a, synapse=0.02)
    if fails is not None:
        net.connect(c[1], net.node(failing(fails), size_in=1), synapse=None)
        net.connect(net.all_nodes[-1], b[2], synapse=0.01)
    for x in (a, b, c):
        net.probe(x.neurons)
        net.probe(x, synapse=0.01)
    return net


def failing(after: float) -> Any:
    """A function of a node that squares, up to a time."""

    def output(t: float, x: np.ndarray) -> np.ndarray:
        if t > after:
            raise OSError("no device")
        return x**2

    return output


def numbers(sim: nef.Simulator) -> list[np.ndarray]:
    """All records, and the state variables of all neurons."""
    found = [np.array(sim.data[probe]) for probe in sim.probes]
    for memory in sim._state.ops:
        found += [np.array(memory[name]) for name in sorted(memory)]
    return found


def ran(net: nef.Network, fewest: int, *pieces: int, **options: Any) -> list[np.ndarray]:
    """The numbers after runs of these numbers of steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "NEURONS_OF_COMPACT_STATES", fewest)
        patch.setattr(plans, "_plans", OrderedDict())
        with nef.Simulator(net, backend="numba", progress=False, **options) as sim:
            for n in pieces:
                try:
                    sim.run_steps(n)
                except OSError:
                    continue
            return numbers(sim)


def n_compact(table: Table) -> int:
    """The number of rows of populations whose state may be compact."""
    if table.compact_flags is None:
        return 0
    flags = range(table.compact_flags, table.compact_flags + len(table.program.ops))
    rows = [row for row in table._rows if row[opcodes.KIND] == opcodes.LIF]
    return sum(row[opcodes.IS_COMPACT] in flags for row in rows)


def equal(ones: list[np.ndarray], others: list[np.ndarray]) -> None:
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"batch_size": 2}], ids=str)
@pytest.mark.parametrize("kind", [{}, {"tau_ref": 0.0}, {"tau_ref": 0.0004}, {"tau_ref": 0.0023}])
def test_no_bit_depends_on_how_the_state_is_stored(
    kind: dict[str, float], options: dict[str, Any], tables: list[Any]
) -> None:
    """Nor does a state variable after runs of one step, of a tile of 64 and of more."""
    pieces = 1, 2, 3, 1, 64, 65, 150
    ones, others = (
        ran(loop(neuron_type=nef.LIF(**kind)), n, *pieces, **options) for n in (ALL, NONE)
    )
    equal(ones, others)
    assert ones[0].any() and [n_compact(table) for table in tables] == [3, 0]


def test_states_are_those_of_the_reference(tables: list[Any]) -> None:
    for n in range(1, 40):  # some neuron ends its refractory time within the last step
        compact = ran(loop(), ALL, n)
        with nef.Simulator(loop(), backend="numpy", progress=False) as sim:
            sim.run_steps(n)
            for one, other in zip(compact, numbers(sim), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)  # orders of sums
    assert all(n_compact(table) for table in tables)


def test_a_run_that_fails_ends_with_the_state_of_its_last_step(tables: list[Any]) -> None:
    failed = ran(loop(0.0705), ALL, 40, 100, 1)
    whole = ran(loop(1.0), NONE, 70)
    equal(failed, whole)
    assert failed[0].any() and n_compact(tables[0])


@pytest.mark.parametrize(
    ("ensemble", "options", "n"),
    [
        ({"initial_state": {"voltage": 0.5, "refractory_time": 0.0103}}, {}, 3),
        ({"initial_state": {"voltage": -2.0, "refractory_time": 0.0004}}, {}, 3),
        ({"neuron_type": nef.LIF(min_voltage=-0.5)}, {}, 0),
        ({"neuron_type": nef.LIF(tau_rc=1e5)}, {"dtype": "float32"}, 0),
        ({"neuron_type": nef.AdaptiveLIF()}, {}, 0),
    ],
    ids=str,
)
def test_states_that_need_two_numbers_have_two(
    ensemble: dict[str, Any], options: dict[str, Any], n: int, tables: list[Any]
) -> None:
    equal(*(ran(loop(**ensemble), fewest, 1, 20, 80, **options) for fewest in (ALL, NONE)))
    assert n_compact(tables[0]) == n


@pytest.mark.parametrize("attribute", ["voltage", "refractory_time"])
def test_probed_state_variables_are_two_numbers(attribute: str, tables: list[Any]) -> None:
    def probed() -> nef.Network:
        net = loop()
        net.probe(net.all_ensembles[1].neurons, attribute)
        return net

    equal(*(ran(probed(), fewest, 5, 100) for fewest in (ALL, NONE)))
    assert n_compact(tables[0]) == 2
