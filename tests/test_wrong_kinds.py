"""Arguments of another kind are refused in one sentence, in the subpackages with extras, too."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import nefsim as nef

#: The optional package of a subpackage.
NEEDS = {"convert": "torch", "nir": "nir", "train": "torch", "view": "bokeh"}

SENTENCE = re.compile(r"(?s)[^:\n]+: .+ must .+, got .+; .+\.")


def net() -> nef.Network:
    net = nef.Network(seed=1)
    net.probe(net.ensemble(5, 1))
    return net


def module() -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def tensor(*shape: int) -> Any:
    import torch

    return torch.full(shape, 0.5)


def budget() -> nef.budget.Budget:
    return nef.error_budget(net(), seconds=0.1, backend="numpy")


def surrogate() -> Any:
    return import_module("nefsim.train").arctan()


#: Arguments that are refused if they are an object; made if they are functions.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "bench.measure": {"net": net, "seconds": 0.01, "dt": 0.001, "repeats": 1},
    "describe.describe": {"net": net, "dt": 0.001},
    "plot.error_budget": {"budget": budget, "rmse": 0.1},
    "plot.network": {"net": None},
    "convert.QCFS": {"levels": 8, "limit": 8.0},
    "convert.qcfs": {"model": module, "T": 8},
    "convert.rate": {"model": module, "T": 8},
    "convert.spikeconverter": {"model": module, "T": 8, "k": 2.0},
    "nir.to_nir": {"net": net, "dt": 0.001},
    "nir.from_nir": {"graph": None},
    "train.IF": {"threshold": 1.0},
    "train.LIF": {"tau": 2.0, "threshold": 1.0},
    "train.PLIF": {"tau": 2.0, "threshold": 1.0},
    "train.NEF": {"net": net, "sigma": 0.02, "noise": 0.1},
    "train.SNU": {"in_features": 2, "out_features": 2, "decay": 0.8, "start_threshold": 0.0},
    "train.SoftLIF": {"tau_rc": 0.02, "tau_ref": 0.002, "sigma": 0.02, "amplitude": 1.0},
    "train.Dropout": {"p": 0.5},
    "train.Vote": {"n": 10},
    "train.arctan": {"alpha": 1.0},
    "train.boxcar": {"width": 1.0},
    "train.fast_sigmoid": {"alpha": 1.0},
    "train.sigmoid": {"alpha": 1.0},
    "train.triangular": {"width": 1.0},
    "train.plot_surrogate": {"surrogate": surrogate, "span": 2.0},
    "train.jittered": {"images": lambda: tensor(2, 3), "n_steps": 5, "rate": 100.0, "dt": 0.001},
    "train.poisson": {"images": lambda: tensor(2, 3), "n_steps": 5, "most": 1.0},
    "train.snap": {"module": module},
    "view.Live": {"net": net, "dt": 0.001},
    "view.server": {"net": net, "port": 0, "window": 1.0, "dt": 0.001},
}

CASES = [(name, argument) for name, valid in ARGUMENTS.items() for argument in valid]


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_an_object_in_the_place_of_an_argument_is_refused(name: str, argument: str) -> None:
    room, _, function = name.partition(".")
    if room in NEEDS:
        pytest.importorskip(NEEDS[room])
    valid = ARGUMENTS[name]
    given = {name: value() if callable(value) else value for name, value in valid.items()}
    for wrong in (object(), *([np.nan] if isinstance(valid[argument], float) else [])):
        with pytest.raises((TypeError, ValueError)) as caught:
            getattr(import_module(f"nefsim.{room}"), function)(**given | {argument: wrong})
        assert SENTENCE.fullmatch(str(caught.value)), caught.value
        assert argument in str(caught.value)
