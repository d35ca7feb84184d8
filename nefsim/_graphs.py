"""Which things need one another, however far around."""

from __future__ import annotations

import numpy as np


def strong_components(before: dict[int, list[int]]) -> list[list[int]]:
    """Numbers 0 to n - 1 in groups that come before one another; each alone in one list."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(before)
    edges = np.array([(i, j) for i, js in before.items() for j in js], dtype=np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    count, labels = connected_components(graph, directed=True, connection="strong")
    members: list[list[int]] = [[] for _ in range(count)]
    for i, c in enumerate(labels):
        members[c].append(i)
    return members
