"""Fields of neurons, synapses, rules and spaces: numbers become floats whatever is passed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from nefsim.learning.hpes import HPES
from nefsim.learning.supervised import PES, RLS, Association, DeltaRule
from nefsim.learning.unsupervised import BCM, Oja, Sanger, Voja
from nefsim.neurons.adaptive import AdaptiveLIF, AdaptiveLIFRate
from nefsim.neurons.base import NeuronType
from nefsim.neurons.discrete import DiscreteLIF
from nefsim.neurons.inverse import InverseLIF
from nefsim.neurons.izhikevich import Izhikevich
from nefsim.neurons.lif import LIF, LIFRate
from nefsim.neurons.rectified import RectifiedLinear, SpikingRectifiedLinear
from nefsim.neurons.sigmoid import Sigmoid, Tanh
from nefsim.neurons.soft import SoftLIFRate
from nefsim.neurons.spiking import PoissonSpiking, RegularSpiking, StochasticSpiking
from nefsim.spa.circles import CyclicSSP, JointSSP
from nefsim.spa.lattices import GridSSP, HexagonalSSP
from nefsim.spa.spaces import RandomSSP
from nefsim.synapses.bands import Bandpass, Highpass
from nefsim.synapses.base import Series, Sum, Synapse
from nefsim.synapses.elements import PerElement
from nefsim.synapses.lowpass import Alpha, DoubleExp, Lowpass
from nefsim.synapses.rational import LinearFilter
from nefsim.synapses.taps import Box, Delay, Triangle

ONE, TRUE, ARRAY, NONE = np.int64(1), np.True_, np.ndarray, type(None)

#: A type, arguments of other kinds than those that it stores, and the kinds of its fields.
CASES: list[tuple[Any, dict[str, Any], tuple[type, ...]]] = [
    (LIF, {"tau_rc": 1, "tau_ref": 0, "min_voltage": 0, "amplitude": ONE}, (float,) * 4 + (str,)),
    (LIFRate, {"tau_rc": 1, "tau_ref": 0, "amplitude": ONE}, (float,) * 3),
    (LIF, {"tau_rc": [0.1, 0.2], "tau_ref": [0, 1]}, (ARRAY, ARRAY, float, float, str)),
    (
        AdaptiveLIF,
        {"tau_rc": 1, "tau_ref": 0, "tau_n": 1, "inc_n": 1, "min_voltage": 0, "amplitude": 1},
        (float,) * 6,
    ),
    (
        AdaptiveLIFRate,
        {"tau_rc": 1, "tau_ref": 0, "tau_n": 1, "inc_n": 1, "amplitude": 1},
        (float,) * 5,
    ),
    (
        DiscreteLIF,
        {"decay": 0, "threshold": 1, "scale": 1, "step_time": 1, "amplitude": 1},
        (float, float, str, str, float, str, str, float, float),
    ),
    (
        InverseLIF,
        {"n_steps": np.int64(4), "factor": 2, "threshold": 1, "offset": 0, "amplitude": 1},
        (int, float, float, float, bool, bool, float),
    ),
    (
        Izhikevich,
        {"tau_recovery": np.float32(0.0625), "reset_voltage": -65, "reset_recovery": 8},
        (float,) * 4,
    ),
    (RectifiedLinear, {"amplitude": 1}, (float,)),
    (SpikingRectifiedLinear, {"amplitude": 1}, (float,)),
    (Sigmoid, {"tau_ref": 1}, (float,)),
    (Tanh, {"tau_ref": 1}, (float,)),
    (SoftLIFRate, {"tau_rc": 1, "tau_ref": 0, "sigma": 1, "amplitude": 1}, (float,) * 4),
    *(
        (kind, {"base_type": LIFRate(), "amplitude": 1}, (NeuronType, float))
        for kind in (RegularSpiking, StochasticSpiking, PoissonSpiking)
    ),
    (Series, {"parts": [1, 2]}, (tuple,)),
    (Sum, {"parts": [1, Lowpass(0.1)]}, (tuple,)),
    (Highpass, {"tau": 1}, (float,)),
    (Bandpass, {"frequency": 1, "q": 1}, (float, float)),
    (Lowpass, {"tau": 1}, (float,)),
    (Alpha, {"tau": 1}, (float,)),
    (DoubleExp, {"tau1": 1, "tau2": 2}, (float, float)),
    (PerElement, {"synapses": [1, 2]}, (tuple,)),
    (LinearFilter, {"num": [1], "den": [1, 2], "analog": TRUE}, (ARRAY, ARRAY, bool)),
    (Triangle, {"t": 1}, (float,)),
    (Box, {"width": 1}, (float,)),
    (Delay, {"seconds": 1}, (float,)),
    (
        BCM,
        {"learning_rate": 1, "pre_synapse": 1, "post_synapse": 1, "theta_synapse": 1,
         "theta_start": 1},
        (float, Synapse, Synapse, Synapse, float),
    ),
    (
        Oja,
        {"learning_rate": 1, "beta": 1, "pre_synapse": 1, "post_synapse": 1},
        (float, float, Synapse, Synapse),
    ),
    (
        Sanger,
        {"learning_rate": 1, "pre_synapse": 1, "post_synapse": 1},
        (float, Synapse, Synapse),
    ),
    (Voja, {"learning_rate": 1, "post_synapse": 1}, (float, Synapse)),
    (
        HPES,
        {"learning_rate": 1, "supervision": 1, "bcm_scale": 1, "beta": 1, "pre_synapse": 1,
         "post_synapse": 1, "theta_synapse": 1, "theta_start": 1},
        (float, float, float, float, Synapse, Synapse, Synapse, float),
    ),
    (PES, {"learning_rate": 1, "pre_synapse": 1}, (float, Synapse)),
    (PES, {"learning_rate": 1, "pre_synapse": None}, (float, NONE)),
    (
        DeltaRule,
        {"learning_rate": 1, "threshold": 1, "pre_synapse": 1, "post_synapse": 1},
        (float, float, Synapse, Synapse),
    ),
    (Association, {"learning_rate": 1, "forgetting": 1, "pre_synapse": 1}, (float, float, Synapse)),
    (RLS, {"learning_rate": 1, "pre_synapse": 1}, (float, Synapse)),
    (RandomSSP, {"domain_dimensions": 1, "length_scale": 1}, (int, int, float, int)),
    (GridSSP, {"scales": [1, 2], "length_scale": 1}, (int, int, int, tuple, float, int)),
    (HexagonalSSP, {"scales": [1, 2], "length_scale": 1}, (int, int, int, tuple, float, int)),
    (CyclicSSP, {"period": 9, "length_scale": 1}, (int, int, float, float, int)),
    (JointSSP, {"spaces": [RandomSSP(1), CyclicSSP(1)]}, (tuple,)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "arguments", "types"), CASES, ids=[f"{c[0].__name__}-{len(c[1])}" for c in CASES]
)
def test_fields_have_one_type_whatever_is_passed(
    kind: Any, arguments: dict[str, Any], types: tuple[type, ...]
) -> None:
    found = kind(**arguments)
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    assert len(values) == len(types)
    for (name, value), expected in zip(values.items(), types, strict=True):
        plain = expected in (int, float, bool, str)
        assert type(value) is expected if plain else isinstance(value, expected), name
        if isinstance(value, np.ndarray):
            assert not value.flags.writeable and value.dtype == np.float64
        if isinstance(value, tuple) and name in ("parts", "synapses"):
            assert all(isinstance(part, Synapse) or type(part) is float for part in value)
        if name in arguments and plain and expected is not str:
            assert value == arguments[name]
    same = kind(**arguments)
    assert same == found and hash(same) == hash(found)
