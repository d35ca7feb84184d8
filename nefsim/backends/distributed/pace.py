"""How many steps the processes can take between two exchanges."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from nefsim.backends.distributed.cut import Cut


def edges(cut: Cut) -> dict[tuple[int, int], int]:
    """The smallest lag of the values from each process to each other, by sender and receiver."""
    found: dict[tuple[int, int], int] = {}
    for receiver, share in cut.shares.items():
        for port in share.ports:
            if receiver >= 0 and port.sender >= 0:
                key = port.sender, receiver
                found[key] = min(port.lag, found.get(key, port.lag))
    return found


def longest_block(cut: Cut) -> int | None:
    """The most steps of a block, in which each process runs once; None if there is no limit.

    A value with a lag of at least as many steps comes from an earlier block.  Processes that send
    one another other values must not form a circle, as each would wait for the others.
    """
    lags = edges(cut)
    for steps in sorted({*lags.values()}):
        if order({pair for pair, lag in lags.items() if lag <= steps}) is None:
            return steps
    return None


def order(pairs: set[tuple[int, int]], n: int = 0) -> list[int] | None:
    """Processes, each after those that send it values; None if they form a circle."""
    sorter: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(n), ()))
    for sender, receiver in sorted(pairs):
        sorter.add(receiver, sender)
    try:
        return list(sorter.static_order())
    except CycleError:
        return None
