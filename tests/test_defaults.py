"""Default values of models: a change of these changes results."""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import nefsim as nef

#: Numbers of the interface; rooms that need an optional package are named with the room.
DEFAULTS: dict[str, dict[str, Any]] = {
    "BCM": {
        "learning_rate": 1e-09,
        "pre_synapse": nef.Lowpass(tau=0.005),
        "post_synapse": nef.Lowpass(tau=0.005),
        "theta_synapse": nef.Lowpass(tau=1.0),
        "theta_start": 0.0,
    },
    "HPES": {
        "learning_rate": 0.0001,
        "supervision": 0.7,
        "bcm_scale": None,
        "beta": 0.0,
        "pre_synapse": nef.Lowpass(tau=0.005),
        "post_synapse": nef.Lowpass(tau=0.005),
        "theta_synapse": nef.Lowpass(tau=20.0),
        "theta_start": 100.0,
    },
    "LIF": {"tau_rc": 0.02, "tau_ref": 0.002, "min_voltage": 0.0, "amplitude": 1.0},
    "PES": {"learning_rate": 0.0001, "pre_synapse": nef.Lowpass(tau=0.005)},
    "RLS": {"learning_rate": 0.001, "pre_synapse": nef.Lowpass(tau=0.005)},
    "AdaptiveLIF": {
        "tau_rc": 0.02,
        "tau_ref": 0.002,
        "tau_n": 1.0,
        "inc_n": 0.01,
        "min_voltage": 0.0,
        "amplitude": 1.0,
    },
    "AdaptiveLIFRate": {
        "tau_rc": 0.02,
        "tau_ref": 0.002,
        "tau_n": 1.0,
        "inc_n": 0.01,
        "amplitude": 1.0,
    },
    "Association": {
        "learning_rate": 10.0,
        "forgetting": 0.0,
        "pre_synapse": nef.Lowpass(tau=0.005),
    },
    "Dale": {"excitatory": 0.8, "reg": 0.1, "seed": 0, "weights": True},
    "DeltaRule": {
        "learning_rate": 0.0001,
        "threshold": 0.0,
        "pre_synapse": nef.Lowpass(tau=0.005),
        "post_synapse": nef.Lowpass(tau=0.005),
    },
    "DiscreteLIF": {
        "decay": 1.0,
        "threshold": 1.0,
        "scale": 1.0,
        "step_time": 0.001,
        "amplitude": 1.0,
    },
    "demo.Settings": {
        "neurons_a": 50,
        "neurons_b": 40,
        "rates_a": (25.0, 75.0),
        "rates_b": (50.0, 100.0),
        "synapse": 0.1,
        "seconds": 10.0,
        "dt": 0.001,
        "seed": 1,
    },
    "Exponential": {"shift": 0.0, "high": np.inf},
    "FilteredNoise": {"synapse": 0.005, "dist": nef.Gaussian(mean=0.0, std=1.0)},
    "InverseLIF": {"n_steps": 16, "factor": 2.0, "threshold": 1.0, "offset": 0.0, "amplitude": 1.0},
    "Izhikevich": {
        "tau_recovery": 0.02,
        "coupling": 0.2,
        "reset_voltage": -65.0,
        "reset_recovery": 8.0,
    },
    "LIFRate": {"tau_rc": 0.02, "tau_ref": 0.002, "amplitude": 1.0},
    "Lstsq": {"rcond": 0.01},
    "LstsqDrop": {"drop": 0.25, "solver1": nef.LstsqL2(reg=0.001), "solver2": nef.LstsqL2(reg=0.1)},
    "LstsqL1": {"l1": 0.0001, "l2": 1e-06},
    "LstsqL2": {"reg": 0.1},
    "LstsqL2nz": {"reg": 0.1},
    "LstsqMultNoise": {"noise": 0.1, "solver": nef.Lstsq(rcond=1e-06)},
    "LstsqNoise": {"noise": 0.1, "solver": nef.LstsqL2(reg=0.0)},
    "LstsqWeighted": {"reg": 0.1},
    "Network.node": {"size_in": 0},
    "Network.ensemble": {
        "radius": 1.0,
        "encoders": nef.ScatteredHypersphere(surface=True),
        "intercepts": nef.Uniform(low=-1.0, high=0.9),
        "max_rates": nef.Uniform(low=200.0, high=400.0),
        "eval_points": nef.ScatteredHypersphere(surface=False),
        "neuron_type": nef.LIF(),
    },
    "Network.connect": {"synapse": 0.005, "solver": nef.NoiseMatched()},
    "Network.probe": {"solver": nef.NoiseMatched()},
    "describe": {"dt": 0.001},
    "NnlsL2": {"reg": 0.1},
    "NoiseMatched": {"noise": "auto", "synapse": "path"},
    "Oja": {
        "learning_rate": 1e-06,
        "beta": 1.0,
        "pre_synapse": nef.Lowpass(tau=0.005),
        "post_synapse": nef.Lowpass(tau=0.005),
    },
    "PoissonSpiking": {"base_type": nef.LIFRate(), "amplitude": 1.0},
    "PresentInput": {"rest": 0.0},
    "PseudoInverse": {"rcond": 1e-15},
    "RectifiedLinear": {"amplitude": 1.0},
    "RegularSpiking": {"base_type": nef.LIFRate(), "amplitude": 1.0},
    "Sanger": {
        "learning_rate": 1e-06,
        "pre_synapse": nef.Lowpass(tau=0.005),
        "post_synapse": nef.Lowpass(tau=0.005),
    },
    "Sigmoid": {"tau_ref": 0.0025},
    "Simulator": {"dt": 0.001},
    "SoftLIFRate": {"tau_rc": 0.02, "tau_ref": 0.002, "sigma": 0.02, "amplitude": 1.0},
    "Softmax": {"reg": 0.01},
    "SparseGabor": {"patch": 13, "frequency": (0.2, 2.0), "sigma": 0.45},
    "SparsePatches": {"patch": 9},
    "SpikingRectifiedLinear": {"amplitude": 1.0},
    "StochasticSpiking": {"base_type": nef.LIFRate(), "amplitude": 1.0},
    "Tanh": {"tau_ref": 0.0025},
    "UniformHypersphere": {"min_magnitude": 0.0},
    "Voja": {"learning_rate": 0.01, "post_synapse": nef.Lowpass(tau=0.005)},
    "WhiteNoise": {"dist": nef.Gaussian(mean=0.0, std=1.0)},
    "WhiteSignal": {"rms": 0.5},
    "FourierSignal": {"rms": 0.5},
    "crosscheck": {"seconds": 1.0, "dt": 0.001},
    "measure_tuning_curves": {"radius": 1.0, "seconds": 0.5, "dt": 0.001},
    "suggest_learning_rate": {"dt": 0.001, "error_tau": 0.01},
    "tuning_curves": {"radius": 1.0},
    "analysis.PairwiseBCM": {"theta": 51.0},
    "analysis.classify": {"skip": 0.0, "rest": 0.0, "dt": 0.001},
    "analysis.confidence_interval": {"confidence": 0.95, "n_resamples": 9999},
    "analysis.frequency_curve": {
        "rule": nef.analysis.PairwiseBCM(theta=197.0),
        "rates": (1.0, 2.0, 10.0, 20.0, 100.0),
        "delay": -0.00135,
        "n_pairings": 5,
        "tau_pre": 0.36,
        "tau_post": 0.0022,
        "dt": 0.0005,
    },
    "analysis.learning_curve": {"window": 1.0, "dt": 0.001},
    "analysis.weight_histogram": {"bins": 50},
    "plot.learning_curve": {"window": 1.0},
    "plot.tuning_surface": {"neuron": 0},
    "plot.weight_histogram": {"bins": 50},
    "convert.QCFS": {"levels": 8, "limit": 8.0},
    "convert.qcfs": {"T": 8, "percentile": 100.0},
    "convert.rate": {"T": 256, "percentile": 100.0},
    "convert.spikeconverter": {"T": 16, "k": 2.0, "percentile": 100.0},
    "train.IF": {"threshold": 1.0},
    "train.LIF": {"tau": 2.0, "threshold": 1.0},
    "train.NEF": {"sigma": 0.02, "noise": 0.1},
    "train.PLIF": {"tau": 2.0, "threshold": 1.0},
    "train.SNU": {"decay": 0.8, "start_spread": 0.0, "start_threshold": 0.0},
    "train.Batches": {"size": 128, "seed": 0},
    "train.Dropout": {"p": 0.5},
    "train.SoftLIF": {"tau_rc": 0.02, "tau_ref": 0.002, "sigma": 0.02, "amplitude": 1.0},
    "train.Vote": {"n": 10},
    "train.arctan": {"alpha": 2.0},
    "train.boxcar": {"width": 1.0},
    "train.count_loss": {"metabolic": 0.01},
    "train.fast_sigmoid": {"alpha": 25.0},
    "train.fit": {"epochs": 1, "seed": 0},
    "train.jittered": {"n_steps": 10, "rate": 100.0, "dt": 0.001},
    "train.plot_surrogate": {"span": 2.0},
    "train.poisson": {"most": 1.0},
    "train.sigmoid": {"alpha": 4.0},
    "train.snap": {"largest_input": 1.0, "input_step": 1.0, "digits": 24},
    "train.to_network": {"dt": 0.001},
    "train.triangular": {"width": 1.0},
    "nir.to_nir": {"dt": 0.001},
    "mnist.Settings": {
        "neurons": 2000,
        "output_neurons": 250,
        "train": 1000,
        "test": 10000,
        "epochs": 1,
        "seconds": 0.05,
        "skip": 0.01,
        "rest": 0.0,
        "reg": 0.05,
        "supervision": 0.7,
        "bcm_scale": 0.001,
        "intercepts": (0.0, 0.0),
        "max_rates": (100.0, 100.0),
        "seed": 0,
    },
}


def default(name: str, argument: str) -> Any:
    room, _, rest = name.partition(".")
    if room in ("train", "convert", "nir"):
        pytest.importorskip({"nir": "nir"}.get(room, "torch"))
    thing = nef if not rest else import_module(f"nefsim.{room}") if room.islower() else nef
    for part in name.split(".")[0 if thing is nef else 1 :]:
        thing = getattr(thing, part)
    return inspect.signature(thing).parameters[argument].default  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_do_not_change(name: str) -> None:
    assert {argument: default(name, argument) for argument in DEFAULTS[name]} == DEFAULTS[name]


NENGO = """LIF LIFRate AdaptiveLIF AdaptiveLIFRate Izhikevich Sigmoid Tanh RectifiedLinear
    SpikingRectifiedLinear BCM Oja PES RLS Voja"""


@pytest.mark.parametrize("name", NENGO.split())
def test_defaults_are_those_of_nengo(name: str) -> None:
    nengo = pytest.importorskip("nengo")
    nefsim_values, expected = getattr(nef, name)(), getattr(nengo, name)()
    shared = [f.name for f in dataclasses.fields(nefsim_values) if hasattr(expected, f.name)]
    assert shared
    for field in shared:
        actual, other = getattr(nefsim_values, field), getattr(expected, field)
        if isinstance(actual, nef.Lowpass):
            assert actual.tau == other.tau, field
        elif isinstance(actual, float) and isinstance(other, (int, float)):
            assert actual == other, field
