"""Strongly connected components of graphs."""

from __future__ import annotations


def strong_components(before: dict[int, list[int]]) -> list[list[int]]:
    """Strongly connected components of a graph, in topological order.

    Tarjan's algorithm (1972, SIAM J. Comput. 1).  ``before`` maps each node to its
    predecessors; a component comes after all components with predecessors of its nodes.
    """
    number: dict[int, int] = {}  # order of the depth-first search
    lowest: dict[int, int] = {}  # lowest index reachable so far
    waiting: list[int] = []  # visited nodes without a component
    place: dict[int, int] = {}  # nodes on the stack
    groups: list[list[int]] = []
    for root in before:
        path = [] if root in number else [(root, iter(before[root]))]
        while path:
            i, rest = path[-1]
            if i not in number:
                number[i] = lowest[i] = len(number)
                place[i] = len(waiting)
                waiting.append(i)
            for j in rest:
                if j not in number:
                    path.append((j, iter(before[j])))
                    break
                lowest[i] = min(lowest[i], lowest[j])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[i])
                if lowest[i] == number[i]:
                    groups.append(waiting[place[i] :])
                    del waiting[place[i] :]
                    for j in groups[-1]:
                        lowest[j] = len(before)  # component complete
    return groups
