"""Which things need one another, however far around."""

from __future__ import annotations


def strong_components(before: dict[int, list[int]]) -> list[list[int]]:
    """Things in groups that come before one another; each is alone in one or with others.

    What is reached from a thing first and does not lead back to anything before it is a group
    (Tarjan 1972, SIAM J. Comput. 1); a group comes after all that comes before it.
    """
    number: dict[int, int] = {}  # in which order they were reached
    lowest: dict[int, int] = {}  # of those that a thing leads back to, as far as is known
    waiting: list[int] = []  # reached, and not in a group
    place: dict[int, int] = {}  # in that list
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
                        lowest[j] = len(before)  # leads nowhere any more
    return groups
