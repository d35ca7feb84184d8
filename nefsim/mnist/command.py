"""The command of the experiment: its options and its printed report."""

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
    "output_neurons": "neurons of a spiking output",
    "neurons": "neurons that receive the images",
    "train": "training images",
    "test": "test images",
    "epochs": "passes over the training images of a learning rule",
    "seconds": "duration of each image",
    "skip": "start of each presentation that is left out [s]",
    "rest": "pause after each image [s]",
    "learning_rate": "rate of a learning rule",
    "reg": "regularisation of a solver and of rls, share of the maximum rate",
    "supervision": "S of hpes",
    "bcm_scale": "b of hpes",
    "intercepts": "range of intercepts",
    "max_rates": "range of maximum rates [Hz]",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting of the experiment.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser to add the options to.

    See Also
    --------
    chosen : Settings from the options.
    """
    add = parser.add_argument
    add("--plain", action="store_true", help="a plain NEF network, with PES")
    add(
        "--rule",
        choices=(*SOLVED, *LEARNED),
        help=f"solver or learning rule (default {Settings.rule})",
    )
    add(
        "--encoders",
        choices=tuple(ENCODERS),
        help=f"distribution of the encoders (default {Settings.encoders})",
    )
    for field in fields(Settings):
        if field.name in HELP:
            pair = isinstance(field.default, tuple)
            kind = int if isinstance(field.default, int) else float
            text = f"{HELP[field.name]} (default {_default(field.default)})"
            more: dict[str, Any] = {"nargs": 2, "metavar": ("LOW", "HIGH")} if pair else {}
            add(f"--{field.name.replace('_', '-')}", type=kind, help=text, **more)
    add(
        "--backend",
        choices=("auto", *backends.BACKENDS),
        help="back end (default auto)",
    )
    add("--seeds", type=int, nargs="+", default=[0], help="one run for each")
    add("--times", action="store_true", help="with --plain, also time it in Nengo")
    add("--validate", action="store_true", help="test on held-out training images")
    add("--digits", action="store_true", help="8 x 8 digits that come with nefsim, not MNIST")
    add("--data", type=Path, help="folder with MNIST (default where it is found)")


def _default(value: Any) -> str:
    """A default value as text for the help of an option."""
    if value is None:
        return "a suitable one"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def chosen(options: argparse.Namespace) -> Settings:
    """Make settings from parsed options; other settings have their defaults.

    Parameters
    ----------
    options : argparse.Namespace
        Options of :func:`add_options`.

    Returns
    -------
    Settings

    See Also
    --------
    add_options : The options.

    Examples
    --------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_options(parser)
    >>> chosen(parser.parse_args(["--neurons", "300"])).neurons
    300
    """
    names = {field.name for field in fields(Settings)} - {"plain", "seed"}
    values = {k: v for k, v in vars(options).items() if k in names and v is not None}
    values |= {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
    return replace(PLAIN if options.plain else Settings(), **values)


def rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run the experiment for each seed; return the reports."""
    data = _data(options)
    settings = chosen(options)
    for seed in options.seeds:
        yield run(replace(settings, seed=seed), data, options.validate)


def report(options: argparse.Namespace) -> int:
    """Run the experiment for each seed, and print a table or one JSON object.

    Parameters
    ----------
    options : argparse.Namespace
        Options of :func:`add_options`.

    Returns
    -------
    int
        Exit status, 0.

    Raises
    ------
    ValueError
        If the images are missing, or ``--times`` is passed without ``--plain``.

    See Also
    --------
    add_options : The options.
    run : One run without output.
    """
    reports = []
    for row in rows(options):
        reports.append(row)
        if not options.json:
            print(line(row), flush=True)
    times = _times(options)
    if options.json:
        print(json.dumps(summary(reports) | ({"times": times} if times else {})))
        return 0
    accuracies = [row["test_accuracy"] for row in reports]
    print(f"test accuracy {spread(accuracies)}")
    print("rows are true classes, columns predicted classes:")
    print(np.array(reports[-1]["confusion"]))
    for text in timing.lines(times) if times else []:
        print(text)
    return 0


def _times(options: argparse.Namespace) -> dict[str, Any] | None:
    """Wall times of the plain network, if ``--times`` is passed."""
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


def summary(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The report of one seed; for several seeds their means, and the report of each."""
    if len(reports) == 1:
        return reports[0]
    same = {key: reports[0][key] for key in ("rule", "encoders", "neurons", "train", "test")}
    means = {
        key: float(np.mean([row[key] for row in reports]))
        for key in ("train_accuracy", "test_accuracy", "seconds")
    }
    return {**same, **means, "runs": reports}


def line(row: dict[str, Any]) -> str:
    """Format one report as a line."""
    words = [
        f"{row['rule']} {row['encoders']} {row['neurons']} neurons, seed {row['seed']}: "
        f"train {row['train_accuracy']:.4f}, test {row['test_accuracy']:.4f}"
    ]
    for key, text in (
        ("test_accuracy_rates", "test from tuning curves {:.4f}"),
        ("mean_rate", "{:.1f} Hz"),
        ("during_accuracy", "train while learning {:.4f}"),
        ("gini", "gini {:.3f}"),
    ):
        if key in row:
            words.append(text.format(row[key]))
    words.append(f"{row['model_seconds']:.0f} s of model time in {row['run_seconds']:.1f} s")
    return ", ".join([*words, f"{row['seconds']:.1f} s in all", f"{row['peak_mb']:.0f} MB"])


def spread(values: list[float]) -> str:
    """The mean over seeds with its confidence interval, as text."""
    text = f"{np.mean(values):.4f}"
    if len(set(values)) > 1:
        low, high = analysis.confidence_interval(values, rng=0)
        text += f" (95 % between {low:.4f} and {high:.4f}, {len(values)} seeds)"
    return text
