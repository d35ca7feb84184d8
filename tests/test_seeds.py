"""A network that is built again for each seed, and the plans that its programs share."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.backends import available
from nefsim.lowering import build, threads
from nefsim.program import initial_state
from nefsim.seeds import simulators

BACKENDS = [name for name in ("numpy", "numba") if name in available()]


def square(net: nef.Network) -> None:
    a, b = net.ensemble(50, 1), net.ensemble(40, 1)
    net.connect(net.node(np.sin), a, synapse=None)
    net.connect(a, b, function=np.square, synapse=0.1)
    net.probe(b, synapse=0.1)
    net.probe(a.neurons)


def oscillator(net: nef.Network) -> None:
    a = net.ensemble(60, 2, neuron_type=nef.AdaptiveLIF())
    net.connect(a, a, transform=[[1.0, 0.5], [-0.5, 1.0]], synapse=0.1)
    net.connect(net.node([1.0]), a[0], synapse=nef.Alpha(0.01))
    net.probe(a, synapse=0.02)
    net.probe(a.neurons, "voltage")


def lesson(net: nef.Network) -> None:
    a, error = net.ensemble(30, 1, noise=nef.WhiteNoise()), net.node(size_in=1)
    learned = net.connect(a, error, function=np.zeros_like, learning_rule=nef.PES())
    u = net.node(nef.WhiteSignal(1.0, 5.0))
    net.connect(u, a)
    net.connect(u, error, transform=-1)
    net.connect(error, learned.learning_rule)
    net.probe(error)


def relay(net: nef.Network, transform: float) -> None:
    """Nodes through which values pass unchanged where the transform is 1."""
    a, middle, end = net.ensemble(20, 1), net.node(size_in=1), net.node(size_in=1)
    net.connect(a, middle, synapse=0.01)
    net.connect(middle, end, transform=transform, synapse=None)
    net.connect(end, net.ensemble(20, 1), synapse=None)
    net.probe(end)


def rates(net: nef.Network) -> None:
    a = net.ensemble(30, 2, neuron_type=nef.LIFRate())
    net.connect(net.node([0.3, -0.2]), a)
    net.probe(a, synapse=0.02)


NETWORKS = {
    "rates": rates,
    "square": square,
    "oscillator": oscillator,
    "lesson": lesson,
    "copies": partial(relay, transform=1.0),
    "doubled": partial(relay, transform=2.0),
}


def made(describe: Any) -> nef.Network:
    net = nef.Network(seed=7)
    describe(net)
    return net


def records(sim: nef.Simulator) -> list[Any]:
    sim.run(0.15)
    return [sim.data[probe] for probe in sim.probes]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("describe", NETWORKS.values(), ids=NETWORKS)
def test_each_seed_has_the_records_of_a_new_simulator(describe: Any, backend: str) -> None:
    net, options = made(describe), {"backend": backend, "progress": False}
    seeds = [3, 1, 2**40]
    together = [records(sim) for sim in simulators(net, seeds, **options)]
    apart = [records(nef.Simulator(net, build_seed=seed, **options)) for seed in seeds]
    for one, other in zip(together, apart, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    # Arrays of the first seed remain, and seeds differ.
    assert not any(np.array_equal(a, b) for a, b in zip(together[0], together[1], strict=True))


def test_seeds_of_a_batch_have_the_records_of_a_new_batch() -> None:
    net = made(square)
    (*_, sim) = simulators(net, [1, 2], batch_size=3, progress=False)
    alone = nef.Simulator(net, build_seed=2, batch_size=3, progress=False)
    for a, b in zip(records(sim), records(alone), strict=True):
        assert a.shape[0] == 3
        assert np.array_equal(a, b)


def test_a_seed_is_checked_as_that_of_a_simulator() -> None:
    sims = simulators(made(square), [1, -1], progress=False)
    next(sims)
    with pytest.raises(ValueError, match="Simulator: build_seed must be"):
        next(sims)


def test_small_networks_are_built_again_with_one_thread_of_blas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pools = pytest.importorskip("threadpoolctl")

    def blas() -> int:
        found = pools.threadpool_info()
        return max(p["num_threads"] for p in found if p["user_api"] == "blas")

    def function(x: Any) -> Any:
        seen.append(blas())
        return x**2

    seen: list[int] = []
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    net.connect(a, net.ensemble(20, 1), function=function)
    with pools.threadpool_limits(2, "blas"):
        for _ in simulators(net, [1, 2], progress=False):
            assert blas() == 2  # the caller's number between two builds
        assert set(seen[-2:]) == {1}
        monkeypatch.setattr("nefsim.seeds.MOST_NEURONS", 10)
        next(simulators(net, [1], progress=False))
    assert seen[-1] == 2


def test_libraries_of_blas_are_searched_for_once() -> None:
    pytest.importorskip("threadpoolctl")
    with threads.one_thread_of_blas():
        before = threads._libraries.cache_info().misses
    with threads.one_thread_of_blas():
        assert threads._libraries.cache_info().misses == before


def facts(plan: Any) -> dict[str, Any]:
    """All decisions of a plan, as values that can be compared."""

    def read(of: Any) -> Any:
        return of.signal, of.delay, None if of.columns is None else str(of.columns)

    found = {field.name: getattr(plan, field.name) for field in fields(plan)}
    found["program"] = id(plan.program)
    found["parts"] = id(plan.parts.program), *(vars(plan.parts)[n] for n in ("whole", "origin"))
    found["blocks"] = [(b.level, b.ops, b.sources, b.phases) for b in plan.blocks]
    found["copies"] = {signal: read(of) for signal, of in plan.copies.items()}
    found["decoded"] = {i: [*map(id, terms)] for i, terms in plan.decoded.items()}
    return found


@pytest.mark.parametrize("describe", NETWORKS.values(), ids=NETWORKS)
def test_a_plan_that_is_used_again_is_the_one_that_would_be_made(describe: Any) -> None:
    pytest.importorskip("numba")
    from nefsim.backends.compiled import make_plan, plans
    from nefsim.backends.compiled.analysis import analytic_lif_outputs

    net = made(describe)
    for other in NETWORKS.values():  # plans of other forms are there, too
        nef.Simulator(made(other), progress=False)
    for seed in (1, 2):
        program = build(net, 0.001, seed).program
        analytic = analytic_lif_outputs(program, initial_state(program))
        remembered = plans.plan_of(program, 1, analytic)
        assert facts(remembered) == facts(make_plan(program, 1, analytic))


def test_programs_that_differ_in_a_number_that_decides_have_other_forms() -> None:
    pytest.importorskip("numba")
    from nefsim.backends.compiled.plans import form_of

    forms = [form_of(build(made(NETWORKS[n]), 0.001, 1).program) for n in ("copies", "doubled")]
    assert None not in forms
    assert forms[0] != forms[1]
    again = form_of(build(made(NETWORKS["copies"]), 0.001, 2).program)
    assert again == forms[0]
    assert form_of(build(made(lesson), 0.001, 1).program) is None


def test_remembered_plans_keep_no_arrays_and_are_few() -> None:
    pytest.importorskip("numba")
    from nefsim.backends.compiled import plans

    for n in range(plans.MOST_PLANS + 3):
        net = nef.Network(seed=1)
        net.probe(net.ensemble(10 + n, 1))
        nef.Simulator(net, backend="numba", progress=False)
    assert 0 < len(plans._plans) <= plans.MOST_PLANS
    assert all(plan.program is plans.NONE for plan in plans._plans.values())
    assert not any(plan.decoded for plan in plans._plans.values())
