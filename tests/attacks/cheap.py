"""Work around the readers that is done once and not for each file, so that more files are tried.

The file under attack is read and checked as always; what is remembered does not depend on it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

from nefsim import simulator
from nefsim.backends import available, module


def make() -> None:
    """Remember builds and parsed headers, and prepare back ends only for files that are run."""
    # Headers of arrays; NumPy changes none of the dicts.
    ast.literal_eval = lru_cache(1024)(ast.literal_eval)
    remember_builds()
    for name in {"numpy", "numba"} & {*available()}:
        backend: Any = module(name)
        backend.prepare = lazily(backend.prepare)
    if find_spec("nengo"):
        remember_models()


def remember_builds(most: int = 8) -> None:
    """Build the network of a state once: it has the same arrays for a seed and time step."""
    build, known = simulator.build, dict[Any, Any]()

    def remembering(net: Any, dt: float, seed: int, **options: Any) -> Any:
        if any(options.values()):
            return build(net, dt, seed, **options)
        key = net, dt, seed
        if key not in known:
            if len(known) >= most:  # seeds of changed files
                return build(net, dt, seed, **options)
            known[key] = build(net, dt, seed, **options)
        return known[key]

    simulator.build = remembering


def remember_models() -> None:
    """Build a Nengo model once, after the checks of its seed and for its time step."""
    from nefsim.nengo import simulator as of_nengo

    kind: Any = of_nengo.Simulator
    start, lower, known = kind.__init__, cache(of_nengo.lower), dict[Any, Any]()

    def remembering(
        self: Any,
        network: Any,
        dt: float = 0.001,
        seed: Any = None,
        model: Any = None,
        *rest: Any,
        **options: Any,
    ) -> None:
        key = network, dt
        if model is None and key in known:
            seed = network.seed + 1 if seed is None else seed  # as that of a network
            network, model = None, known[key]
        start(self, network, dt, seed, model, *rest, **options)
        if not known:  # the good file; not the time steps of changed ones
            known[key] = self.model

    kind.__init__, of_nengo.lower = remembering, lower


def lazily(prepare: Callable[..., Any]) -> Callable[..., Any]:
    """A back end that prepares at its first step, as most files are refused before that."""

    def later(built: Any, state: Any) -> Callable[..., Any]:
        ready = cache(lambda: prepare(built, state))
        return lambda *args, **options: ready()(*args, **options)

    return later
