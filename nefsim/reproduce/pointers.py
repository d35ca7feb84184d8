"""How many pairs of vectors a sum holds, beside the theory of random vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nefsim.reproduce.figure import Effort
from nefsim.reproduce.lines import Curve, Outcome, compare
from nefsim.spa import cleanup_probability

Array = np.ndarray[Any, np.dtype[np.float64]]

N_ITEMS = 1000

#: Shares found in 10,000 sums of random vectors, with nothing bound, by dimensions and terms,
#: where the theory is off by more than chance: it takes similarities as normal.
WITHOUT_BINDING = {(64, 4): 0.860, (64, 8): 0.376}


def capacity(effort: Effort) -> Outcome:
    """Share of fillers that are found, by dimensions and the number of pairs in the sum."""
    n_trials = len(effort.count(500, 10_000))
    rng = np.random.default_rng(0)
    lines, curves = [], []
    for d in (64, 256, 512):
        pairs, ours, theory = (2, 4, 8, 16, 32), [], []
        fillers = rng.standard_normal((N_ITEMS, d))
        fillers /= np.linalg.norm(fillers, axis=1, keepdims=True)
        for k in pairs:
            right = [_is_found(fillers, k, rng) for _ in range(n_trials)]
            expected = _expected(d, k)
            ours.append(float(np.mean(right)))
            theory.append(expected)
            within = 3 * np.sqrt(max(expected * (1 - expected), 1 / n_trials) / n_trials)
            quantity = f"{d} dimensions, {k} pairs: share found"
            reason = "3 SD of a share of the trials, as there are 15 shares"
            note = ""
            if (d, k) in WITHOUT_BINDING:
                simple = WITHOUT_BINDING[d, k]
                note = f"the theory is coarse here: vectors without any binding give {simple}"
            lines.append(compare(quantity, round(expected, 4), ours[-1], within, reason, note=note))
        curves.append(Curve(f"{d} dimensions", pairs, ours, pairs, theory))
    axes = {"xlabel": "pairs in the sum", "ylabel": "share found", "xscale": "log"}
    return Outcome(lines, curves, axes)


def _expected(d: int, k: int) -> float:
    """Mean probability that a cleanup finds the right filler, over its random similarity.

    Unbound from the sum, the filler has unit length and the rest length sqrt(k - 1) in a random
    direction, whose dot product with the filler is normal with a variance of (k - 1) / D.
    """
    z, weights = np.polynomial.hermite_e.hermegauss(61)
    along = np.sqrt((k - 1) / d) * z
    similarity = np.clip((1 + along) / np.sqrt(np.maximum(k + 2 * along, 1e-9)), -1, 1)
    chances = [cleanup_probability(s, d, N_ITEMS - 1) for s in similarity]
    return float(weights @ chances / weights.sum())


def _is_found(fillers: Array, k: int, rng: np.random.Generator) -> bool:
    """Whether the filler of the first of k roles is the most similar of all fillers."""
    d = fillers.shape[1]
    chosen = rng.choice(len(fillers), k, replace=False)
    # Unitary roles, whose spectrum has only phases, are undone exactly.
    roles = np.fft.rfft(rng.standard_normal((k, d)), axis=1)
    roles /= np.abs(roles)
    total = (np.fft.rfft(fillers[chosen], axis=1) * roles).sum(axis=0)
    unbound = np.fft.irfft(total * roles[0].conj(), n=d)
    return int(np.argmax(fillers @ unbound)) == chosen[0]
