"""Groups of things that need one another."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nefsim._graphs import strong_components

graphs = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n)
)


@given(graphs)
def test_groups_are_those_of_scipy(before: list[list[int]]) -> None:
    n, edges = len(before), [(i, j) for i, js in enumerate(before) for j in js]
    rows, columns = np.array(edges, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(n, n))
    labels = connected_components(graph, directed=True, connection="strong")[1]
    expected = {frozenset(np.flatnonzero(labels == label).tolist()) for label in labels}
    groups = strong_components(dict(enumerate(before)))
    assert {frozenset(group) for group in groups} == expected
    assert sorted(i for group in groups for i in group) == list(range(n))


@given(graphs)
def test_a_group_comes_after_all_before_it(before: list[list[int]]) -> None:
    groups = strong_components(dict(enumerate(before)))
    home = {i: g for g, group in enumerate(groups) for i in group}
    assert all(home[j] <= home[i] for i, js in enumerate(before) for j in js)


def test_a_long_chain_and_a_long_loop() -> None:
    n = 20_000  # far deeper than Python may recur
    chain = {i: [i - 1] if i else [] for i in range(n)}
    assert strong_components(chain) == [[i] for i in range(n)]
    assert len(strong_components(chain | {0: [n - 1]})) == 1
