"""Build functions that make the same signals and operators as those of Nengo in less time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from types import FunctionType
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.connection import build_connection
from nengo.builder.ensemble import build_ensemble
from nengo.builder.neurons import build_neurons
from nengo.builder.operator import Operator
from nengo.builder.processes import SimProcess, build_process
from nengo.builder.signal import Signal
from nengo.builder.transforms import build_no_transform
from nengo.rc import rc

from nefsim.nengo import supported
from nefsim.nengo.generators import QuickState, numpy_with

Build = Callable[..., Any]


class QuickModel(Model):  # type: ignore[misc]
    """A model that reads once in Nengo's settings whether operators are tried when added."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tries = True
        super().__init__(*args, **kwargs)
        self._tries = rc["nengo.Simulator"].getboolean("fail_fast")

    def add_op(self, op: Operator) -> None:
        """Add an operator."""
        if self._tries:
            super().add_op(op)
        else:
            self.operators.append(op)


@cache
def _quick_functions() -> dict[int, Build]:
    numpy = numpy_with(QuickState)
    drawing = (build_ensemble, build_neurons, build_connection)
    quick = {id(function): with_names(function, np=numpy) for function in drawing}
    quick[id(build_no_transform)] = with_names(build_no_transform, Dense=_dense)
    quick[id(build_process)] = build_filter
    return quick


def quick(function: Build | None) -> Build | None:
    """For some of Nengo's build functions the one that takes less time; None for all others."""
    return _quick_functions().get(id(function))


def with_names(function: Build, **names: Any) -> Build:
    """A function of the same code, for which names of its module have other values.

    A function without code in Python, or whose module lacks the names, is returned as it is.
    """
    if type(function) is not FunctionType or not names.keys() <= function.__globals__.keys():
        return function
    names = {**function.__globals__, **names}
    defaults, closure = function.__defaults__, function.__closure__
    made = FunctionType(function.__code__, names, function.__name__, defaults, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


@lru_cache(maxsize=256)
def _dense(shape: tuple[int, int], init: float) -> nengo.Dense:
    """A transform by a number, which never changes, so that equal ones are one object."""
    return nengo.Dense(shape=shape, init=init)


def build_filter(
    model: Model, process: nengo.Process, sig_in: Any = None, sig_out: Any = None, mode: str = "set"
) -> Signal:
    """Add a process; if it is a filter, its state is made without discretising it again."""
    if type(process) not in supported.FILTERS or sig_in is None or sig_out is not None:
        return build_process(model, process, sig_in, sig_out, mode)
    label = str(process)
    out = Signal(shape=sig_in.shape, name=f"{sig_in.name}.{label}")
    order = len(supported.discrete(process, model.dt).A)
    state = {"X": Signal(np.zeros((order, *out.shape), out.dtype))}
    model.sig[process]["_state_X"] = state["X"]
    model.add_op(SimProcess(process, sig_in, out, model.time, mode=mode, state=state, tag=label))
    return out
