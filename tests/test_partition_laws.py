"""Laws of partitions: their table, times and bytes, and the processes that a user chooses."""

from __future__ import annotations

import numpy as np
import pytest

import nefsim as nef
from nefsim.partition import MOST, Load, Partition, chosen_processes


def by_hand(n: int, steps: int | None) -> Partition:
    net = nef.Network(seed=1)
    things = [net.ensemble(5, 1, label=label) for label in "abcde"]
    sent = np.zeros((n, n), np.int64)
    sent[1, 0] = 24
    loads = tuple(Load(5, 2, 2e-6, int(sent[k].sum()), int(sent[:, k].sum())) for k in range(n))
    places = {thing: int(i == 4) for i, thing in enumerate(things)}
    return Partition(n, places, loads, sent, steps)


def test_a_partition_is_shown_as_a_table_of_32_processes() -> None:
    for n, lines in ((2, 6), (32, 36), (33, 37), (34, 37)):
        shown = str(by_hand(n, 1)).splitlines()
        assert len(shown) == lines and shown[0].startswith(f"{n} processes, 24 bytes a step, ")
        assert (shown[-1] == f"and {n - 32} more") == (n > 32)
        assert shown[4].endswith("0             24  a, b, c, ...") and shown[5].endswith("  e")
    for steps, words in ((None, "no two processes wait"), (1, "every step"), (2, "every 2 steps")):
        assert words in str(by_hand(2, steps)).splitlines()[0]
    assert repr(by_hand(3, 1)) == "<partition of 15 neurons over 3 processes; print() shows it>"


def test_the_step_of_a_partition_takes_latency_and_bytes() -> None:
    found = by_hand(2, 2)
    base = found.step_seconds(0.0, 1e24)
    # One message of 24 bytes in two steps.
    assert found.step_seconds(0.5, 1e24) - base == pytest.approx(0.25)
    assert found.step_seconds(0.0, 8.0) - base == pytest.approx(3.0)
    for wrong in ({"latency": -1.0}, {"bandwidth": 0.0}):
        with pytest.raises(ValueError, match=r"^Partition\.step_seconds: (latency|bandwidth) must"):
            found.step_seconds(**wrong)


def test_what_a_process_sends_another_receives() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(30, 3, label="a"), net.ensemble(20, 1, label="b")
    net.connect(a, b, function=lambda x: x[0])
    net.connect(a, b, function=lambda x: x[1] ** 2, synapse=0.2)
    found = nef.partition(net, 2, {a: 0, b: 1})
    assert found.processes == {a: 0, b: 1}
    assert [load.neurons for load in found.loads] == [30, 20]
    assert [load.sent for load in found.loads] == [found.bytes[0, 1], 0]
    assert [load.received for load in found.loads] == [0, found.bytes[0, 1]] and found.bytes[0, 1]
    assert sum(load.operations for load in found.loads) > 4


def test_a_delay_of_four_steps_leaves_four_steps_between_exchanges() -> None:
    net = nef.Network(seed=1)
    a, b = net.ensemble(5, 1), net.ensemble(5, 1)
    for pre, post in ((a, b), (b, a)):
        net.connect(pre, post, delay=0.004)
    steps = {dt: nef.partition(net, 2, {a: 0, b: 1}, dt).steps for dt in (0.001, 0.002, 0.004)}
    assert steps == {0.001: 4, 0.002: 2, 0.004: 1}
    assert nef.partition(net, 2, {a: 0, b: 1}).steps == 4


def test_processes_are_of_this_network_and_below_their_number() -> None:
    net = nef.Network(seed=1)
    inner = net.subnetwork("inner")
    a, u = inner.ensemble(5, 1), inner.node(0.5)
    b = net.ensemble(5, 1)
    found = chosen_processes("x", net, {inner: 3, b: MOST - 1})
    assert found == {a: 3, u: 3, b: MOST - 1}
    assert chosen_processes("x", net, Partition(1, found, (), np.zeros((1, 1)), 1)) == found  # type: ignore[arg-type]
    for processes, n, words in (
        ({a: MOST}, MOST, "processes must be at most 99999"),
        ({a: 2}, 2, "processes must be at most 1, got 2; pass a number below 2"),
        ({a: -1}, 2, "processes must be at least 0"),
        ({b.neurons: 0}, 2, "processes must have ensembles, nodes and subnetworks"),
        ({nef.Network().ensemble(3, 1): 0}, 2, "processes must have ensembles, nodes"),
        ([a], 2, "processes must be a partition or a mapping"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^x: {words}"):
            chosen_processes("x", net, processes, n)
    for n, words in ((0, "n must be at least 1"), (100_001, "n must be at most 100000")):
        with pytest.raises(ValueError, match=f"^partition: {words}"):
            nef.partition(net, n)
    with pytest.raises(ValueError, match="net must not be part of another network"):
        nef.partition(inner, 1)
    assert nef.partition(net, 1).n == 1
