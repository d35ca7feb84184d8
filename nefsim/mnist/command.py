"""The options of the experiment on the command line, and what it prints."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim import analysis, backends
from nefsim.datasets import LabelledImages, digits, mnist
from nefsim.mnist import timing
from nefsim.mnist.experiment import run
from nefsim.mnist.settings import ENCODERS, LEARNED, PLAIN, SOLVED, Settings

HELP = {
    "output_neurons": "neurons of the output where it spikes",
    "neurons": "neurons that see the images",
    "train": "training images",
    "test": "test images",
    "epochs": "times that training images are shown to a rule that learns",
    "seconds": "how long each image is shown",
    "skip": "start of each that is not read [s]",
    "rest": "nothing is shown after each image [s]",
    "learning_rate": "of a rule that learns",
    "reg": "of a solver and of rls, share of the maximum rate",
    "supervision": "S of hpes",
    "bcm_scale": "b of hpes",
    "intercepts": "range",
    "max_rates": "range [Hz]",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """All that can be set, as options."""
    add = parser.add_argument
    add("--plain", action="store_true", help="the network as it is first written, with PES")
    add(
        "--rule",
        choices=(*SOLVED, *LEARNED),
        help=f"how decoders are found (default {Settings.rule})",
    )
    add(
        "--encoders",
        choices=tuple(ENCODERS),
        help=f"what the neurons look for (default {Settings.encoders})",
    )
    for field in fields(Settings):
        if field.name in HELP:
            pair = isinstance(field.default, tuple)
            kind = int if isinstance(field.default, int) else float
            told = f"{HELP[field.name]} (default {_default(field.default)})"
            more: dict[str, Any] = {"nargs": 2, "metavar": ("LOW", "HIGH")} if pair else {}
            add(f"--{field.name.replace('_', '-')}", type=kind, help=told, **more)
    add(
        "--backend",
        choices=("auto", *backends.BACKENDS),
        help="what takes the steps (default auto)",
    )
    add("--seeds", type=int, nargs="+", default=[0], help="one run for each")
    add("--times", action="store_true", help="with --plain, time it beside Nengo, too")
    add("--validate", action="store_true", help="test on held-out training images")
    add("--digits", action="store_true", help="8 x 8 digits that come with nefsim, not MNIST")
    add("--data", type=Path, help="folder with MNIST (default where it is found)")


def _default(value: Any) -> str:
    """A default as it is written on the command line."""
    if value is None:
        return "one that suits it"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def chosen(options: argparse.Namespace) -> Settings:
    """Settings from parsed options, the defaults where nothing was said."""
    names = {field.name for field in fields(Settings)} - {"plain", "seed"}
    said = {k: v for k, v in vars(options).items() if k in names and v is not None}
    said |= {k: tuple(v) for k, v in said.items() if isinstance(v, list)}
    return replace(PLAIN if options.plain else Settings(), **said)


def rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One report for each seed."""
    data = _data(options)
    settings = chosen(options)
    for seed in options.seeds:
        yield run(replace(settings, seed=seed), data, options.validate)


def report(options: argparse.Namespace) -> int:
    """Run each seed; print a line for each and a confusion matrix, or one JSON object."""
    done = []
    for row in rows(options):
        done.append(row)
        if not options.json:
            print(line(row), flush=True)
    times = _times(options)
    if options.json:
        print(json.dumps(summary(done) | ({"times": times} if times else {})))
        return 0
    accuracies = [row["test_accuracy"] for row in done]
    print(f"test accuracy {spread(accuracies)}")
    print("rows are true classes, columns what the network told:")
    print(np.array(done[-1]["confusion"]))
    for told in timing.lines(times) if times else []:
        print(told)
    return 0


def _times(options: argparse.Namespace) -> dict[str, Any] | None:
    """Wall times of the plain network, if they are asked for."""
    if not options.times:
        return None
    if not options.plain:
        check.fail("mnist", "times", "come with --plain", "--times alone", "pass --plain, too")
    return timing.wall_times(chosen(options), _data(options))


def _data(options: argparse.Namespace) -> LabelledImages:
    if options.digits:
        return digits()
    try:
        return mnist(options.data)
    except ValueError as error:
        raise ValueError(
            "nefsim mnist: MNIST must be found, got none; pass --digits, which takes 8 x 8 digits "
            f"that come with nefsim, or --data with a folder ({error})"
        ) from error


def summary(done: list[dict[str, Any]]) -> dict[str, Any]:
    """The report of the only seed, or means over all, with the reports of each."""
    if len(done) == 1:
        return done[0]
    same = {key: done[0][key] for key in ("rule", "encoders", "neurons", "train", "test")}
    means = {
        key: float(np.mean([row[key] for row in done]))
        for key in ("train_accuracy", "test_accuracy", "seconds")
    }
    return {**same, **means, "runs": done}


def line(row: dict[str, Any]) -> str:
    """One report as a line."""
    words = [
        f"{row['rule']} {row['encoders']} {row['neurons']} neurons, seed {row['seed']}: "
        f"train {row['train_accuracy']:.4f}, test {row['test_accuracy']:.4f}"
    ]
    for key, told in (
        ("test_accuracy_rates", "test from tuning curves {:.4f}"),
        ("mean_rate", "{:.1f} Hz"),
        ("during_accuracy", "train while learning {:.4f}"),
        ("gini", "gini {:.3f}"),
    ):
        if key in row:
            words.append(told.format(row[key]))
    words.append(f"{row['model_seconds']:.0f} s of model time in {row['run_seconds']:.1f} s")
    return ", ".join([*words, f"{row['seconds']:.1f} s in all", f"{row['peak_mb']:.0f} MB"])


def spread(values: list[float]) -> str:
    """The mean over seeds, and where it is likely to lie."""
    told = f"{np.mean(values):.4f}"
    if len(set(values)) > 1:
        low, high = analysis.confidence_interval(values, rng=0)
        told += f" (95 % between {low:.4f} and {high:.4f}, {len(values)} seeds)"
    return told
