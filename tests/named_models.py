"""The networks of ``models`` and ``lessons``, whose functions can be imported from this module.

A file of a model names its functions, so each lambda gets a name here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lessons
import models

import nefsim as nef

MAKERS: dict[str, Callable[[], nef.Network]] = {
    **models.MODELS,
    **{f"type {i}": lambda k=k: models.neuron_type(k) for i, k in enumerate(models.NEURON_TYPES)},
    **lessons.WITH_NENGO,
    **lessons.OWN,
}


def named(
    name: str,
    make: Callable[[], nef.Network],
    module: str = __name__,
    names: dict[str, Any] | None = None,
) -> nef.Network:
    """A network whose functions get names in a module, by default in this one."""
    net, names = make(), globals() if names is None else names
    functions: list[Any] = [node.output for node in net.all_nodes]
    functions += [connection.function for connection in net.all_connections]
    for i, function in enumerate(functions):
        if "<" in getattr(function, "__qualname__", ""):
            function.__module__ = module
            function.__name__ = function.__qualname__ = f"{name} {i}"
            names[function.__name__] = function
    return net


NETWORKS = {name: named(name, make) for name, make in MAKERS.items()}
