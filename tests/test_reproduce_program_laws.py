"""Laws of the study of noise and distortion: each error by its formula."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.reproduce import digits, gradients, pointers, program, rules, windows
from nefsim.reproduce.figure import Effort

SIZES = [16, 32, 64, 128, 256]


def slope(values: Any) -> float:
    """Of the line of least squares through logarithms."""
    x, y = np.log(SIZES), np.log(values)
    x = x - x.mean()
    return float((x * (y - y.mean())).sum() / (x**2).sum())


def test_noise_and_distortion_are_errors_of_decoded_values(monkeypatch: pytest.MonkeyPatch) -> None:
    expected: dict[str, list[list[float]]] = {"noise": [], "distortion": []}

    class Simulator(nef.Simulator):
        """Computes both errors of each population before it is closed."""

        def __exit__(self, *error: Any) -> None:
            assert self.time[-1] == pytest.approx(2.0)
            # A ramp from -1 to 1; t = 0.001 is the first step.
            x = 0.001 * np.arange(1, 2001) - 1
            fine = np.array([-1 + 0.002 * i for i in range(1001)])
            net = self.network
            for ensemble, probe in zip(net.ensembles, net.probes, strict=True):
                built = self.data[ensemble]

                def curves(points: np.ndarray, built: Any = built) -> np.ndarray:
                    return nef.LIFRate().rates(
                        built.gain * np.outer(points, built.encoders) + built.bias
                    )

                rates = curves(fine)
                fitted = rates @ nef.solve_decoders(rates, fine, reg=0.001)[:, 0]
                distortion = math.sqrt(sum((fitted - fine) ** 2) / 1001)
                decoders = nef.solve_decoders(rates, fine, reg=0.1)[:, 0]
                rough = (self.data[probe] - curves(x)) @ decoders
                # A lowpass of 20 ms, and the first tenth of a second left out.
                a, y, squares = math.exp(-0.001 / 0.02), 0.0, []
                for value in rough:
                    y = a * y + (1 - a) * value
                    squares.append(y**2)
                noise = math.sqrt(sum(squares[100:]) / 1900)
                for name, found in (("noise", noise), ("distortion", distortion)):
                    expected[name].append([ensemble.n_neurons, found])
            super().__exit__(*error)

    monkeypatch.setattr(program.nef, "Simulator", Simulator)
    outcome = program.noise(Effort(seeds=2))
    for curve, name, power in zip(
        outcome.curves, ("noise", "distortion"), (-0.5, -1.0), strict=True
    ):
        means = [np.mean([e for n, e in expected[name] if n == size]) for size in SIZES]
        assert curve.label == name and len(expected[name]) == 2 * len(SIZES)
        assert curve.x == SIZES and curve.y == pytest.approx(means, rel=1e-6)
        law = [means[0] * (size / 16) ** power for size in SIZES]
        assert curve.published_y == pytest.approx(law, rel=1e-6)
    noise, distortion = outcome.lines
    for line, name in ((noise, "noise"), (distortion, "distortion")):
        each = np.array([[e for n, e in expected[name] if n == size] for size in SIZES])
        assert line.values == pytest.approx([slope(column) for column in each.T], rel=1e-6)
    assert (noise.published, noise.within) == (-0.5, 0.05)
    assert (distortion.published, distortion.within) == (-1.0, 0.25)


class Counted(Exception):
    """Ends a study when it has asked for its seeds."""


@pytest.mark.parametrize(
    ("study", "quick", "full"),
    [
        (digits.plain, 6, 20),
        (gradients.silence, 5, 20),
        (gradients.soft_lif, 1, 3),
        (pointers.capacity, 500, 10_000),
        (program.square, 2, 20),
        (program.noise, 6, 40),
        (rules.transmission, 20, 50),
        (rules.binding, 20, 50),
        (rules.sparsity, 10, 50),
        (rules.pes_law, 3, 20),
        (windows.one_second, 3, 10),
        (windows.fast, 2, 10),
        (windows.processors, 5, 25),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_study_has_so_many_seeds_in_either_form(study: Any, quick: int, full: int) -> None:
    class Asked(Effort):
        """Notes the numbers of seeds of both forms."""

        def count(self, quick: int, full: int) -> range:
            raise Counted(quick, full)

    with pytest.raises(Counted) as caught:
        study(Asked())
    assert caught.value.args == (quick, full)
    assert (Effort().count(quick, full), Effort(False).count(quick, full)) == (
        range(quick),
        range(full),
    )
